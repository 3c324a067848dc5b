"""Running an action: the questions it asks, and its answers read into what the person gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.actions.context.gathered import Gathered
from rung.actions.prompt import renderer
from rung.actions.results import commit_message, edit, findings, text
from rung.actions.review import Review
from rung.errors import NoAnswerError
from rung.types.action import Action
from rung.types.call import Answer, Call
from rung.types.outcome import Finding, Unreviewed
from rung.types.part import Part
from rung.types.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from rung.types.call import Ask

EDITED = ("selection", "symbol", "file")
"""Kinds of parts whose text an edit takes the place of."""


class Produced(Value):
    """What an action made of its answers."""

    text: str | None = None
    """The answer; beside findings, or in their place, what nobody could read as findings, and of which lines it is."""
    findings: tuple[Finding, ...] | None = None
    degraded: bool = False
    unreviewed: tuple[Unreviewed, ...] | None = None
    """Of a review, the lines about which nobody had an answer; None where there are none."""


def call_for(action: Action, gathered: Gathered, parts: tuple[Part, ...], max_output: int | None) -> Call:
    """One question of this action."""
    return Call(
        parts=parts,
        render=renderer(action, gathered.facts),
        max_output=max_output or action.max_output,
        check=_check(action, gathered),
        doubt=commit_message.doubt if action.result == "commit-message" else None,
        schema=findings.SCHEMA if action.result == "findings" else None,
        min_chars=action.accept.min_chars,
        stream=action.result in {"text", "commit-message"},
    )


def _check(action: Action, gathered: Gathered) -> Callable[[str], str | None]:
    """What says why an answer has not this action's form."""
    if action.result == "edit":
        language = gathered.facts.get("language", "")
        original = next((part.text for part in gathered.parts if part.kind in EDITED), "")
        return lambda raw: edit.fault(raw, language, original)
    if action.result == "text" and not action.context:
        return _any
    return {"commit-message": commit_message.fault, "findings": findings.fault}.get(action.result, text.fault)


def _any(_raw: str) -> None:
    """What a person asks with their own words alone may be answered in any form, also by asking back."""


def _is_unreadable(answer: Answer, check: Callable[[str], str | None]) -> bool:
    """Whether it is shown as it came: the model was asked for by name, and what it said has not the action's form."""
    return answer.degraded and check(answer.text) is not None


async def run(action: Action, gathered: Gathered, ask: Ask, max_output: int | None) -> Produced:
    """Ask as often as the action needs, and read what comes back.

    Raises:
        NoAnswerError: from ``ask``: nobody could answer; of several questions, not one of them.
    """
    if action.result == "findings":
        return await _review(action, gathered, ask, max_output)
    answer = await ask(call_for(action, gathered, gathered.parts, max_output))
    if _is_unreadable(answer, _check(action, gathered)):
        return Produced(text=answer.text.strip(), degraded=True)
    if action.result == "commit-message":
        return Produced(text=commit_message.read(answer.text, gathered.comment_char), degraded=answer.degraded)
    if action.result == "edit":
        return Produced(
            text=edit.read(answer.restore(answer.text), gathered.facts.get("language", "")), degraded=answer.degraded
        )
    return Produced(text=text.read(answer.text), degraded=answer.degraded)


async def _review(action: Action, gathered: Gathered, ask: Ask, max_output: int | None) -> Produced:
    """One question for each piece of the file.

    Raises:
        NoAnswerError: there was no answer to any of them.
    """
    whole = next(part for part in gathered.parts if part.kind == "file")
    others = tuple(part for part in gathered.parts if part.kind != "file")
    review = Review(whole)
    for piece in review.pieces():
        parts = (whole.replace(text=piece.text), *others)
        try:
            call = call_for(action, gathered, parts, max_output).replace(part=piece.place)
            review.take(piece, await ask(call))
        except NoAnswerError as error:
            review.miss(piece, error)
    return Produced(review.text, review.findings, review.degraded, review.unreviewed)
