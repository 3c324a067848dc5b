"""The question one model gets: filtered for where it runs, fitted to its window, rendered.

What is sent and what ``--show-prompt`` shows are both made here, so that they are the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from rung.errors import AttemptError, NoAnswerError
from rung.ladder.fit import Fitted, fit
from rung.ladder.thinkers import headroom
from rung.ladder.tokens import MESSAGE_OVERHEAD, TokenCounter
from rung.privacy.redact import Redactor
from rung.providers import anthropic, ollama, openai
from rung.providers.events import Question
from rung.routing.tokens import for_answer
from rung.types.call import Call
from rung.types.plan import Candidate, Plan, Skipped
from rung.types.preview import Sending
from rung.types.receipt import Redaction
from rung.types.value import Value

if TYPE_CHECKING:
    from typing import Any

    from rung.types.model import Model


class Prompt(Value):
    """A question, and what was done to get it."""

    question: Question
    fitted: Fitted
    redacted: tuple[Redaction, ...] = ()
    restore: Callable[[str], str] = str
    """Puts what was taken out back into an answer that quotes it."""


async def prompt_for(call: Call, candidate: Candidate, counter: TokenCounter) -> Prompt:
    """The call as it may go to this model: to one elsewhere, without the secrets in it.

    Raises:
        AttemptError: ``too-long``, it does not fit its window.
    """
    model = candidate.model
    redactor = None if model.local else Redactor()
    if redactor:
        call = call.replace(parts=await asyncio.to_thread(redactor.parts, call.parts))
    window = candidate.window or model.context
    room = headroom(model, counter.memory.of(model), window)
    fitted = fit(call, window, lambda text: counter.count(model, text), MESSAGE_OVERHEAD)
    if room:
        roomy = _with_room(call, room, fitted, window, lambda text: counter.count(model, text))
        fitted, room = (roomy, room) if roomy else (fitted, 0)
    if redactor:
        # Once more as it is sent: the template adds paths, a branch and words of its own.
        fitted = fitted.replace(messages=await asyncio.to_thread(redactor.messages, fitted.messages))
    most = for_answer(call.max_output, window)
    question = Question(model, fitted.messages, most, call.schema, room)
    return Prompt(question, fitted, redactor.found, redactor.restore) if redactor else Prompt(question, fitted)


def _with_room(call: Call, room: int, fitted: Fitted, window: int | None, count: Callable[[str], int]) -> Fitted | None:
    """The prompt with room for thoughts beside it; None where there is none.

    Better a short thought than no answer, or one about a piece of a prompt that is whole without it.
    """
    try:
        found = fit(call, window, count, MESSAGE_OVERHEAD, room)
    except AttemptError:
        return None
    return found if fitted.left_out or not found.left_out else None


async def preview(call: Call, plan: Plan, counter: TokenCounter) -> Sending:
    """What the first model of a plan would be sent that the prompt fits.

    Raises:
        NoAnswerError: nobody would be asked; says why, of each.
    """
    skipped, too_long = list(plan.skipped), False
    for candidate in plan.attempts:
        try:
            made = await prompt_for(call, candidate, counter)
        except AttemptError as error:
            skipped.append(Skipped(candidate.tier, candidate.model.model, error.text))
            too_long = too_long or error.failure == "too-long"
            continue
        url, body = _request(made.question)
        fitted = made.fitted
        return Sending(candidate, url, fitted.messages, fitted.tokens, body, plan, fitted.left_out, made.redacted)
    reasons = [f"{skip.tier} ({skip.model}) would not be asked: {skip.reason}" for skip in skipped]
    raise NoAnswerError("There is no model to ask.", *reasons, too_long=too_long)


def _request(question: Question) -> tuple[str, dict[str, Any]]:
    """Where a question goes, and the body it is sent with."""
    model: Model = question.model
    if model.provider == "ollama":
        return model.url, ollama.request_body(question)
    if model.provider == "anthropic":
        return anthropic.address(model), anthropic.request_body(question)
    return openai.address(model), openai.request_body(question)
