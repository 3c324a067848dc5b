"""The gate: whether an answer may be shown as a good one.

Complete, untrimmed, the right format, no refusal, long enough for the action, looked at in this order. Reasons quote
nothing of the answer.
"""

from __future__ import annotations

from rung.errors import AttemptError
from rung.ladder.refusals import refuses
from rung.providers.events import Finished
from rung.types.call import Call

TRIMMED_BELOW = 0.55
"""Of the estimate: a server that counted less read only a piece of the prompt (recorded: about half the window)."""
SURE_FROM = 400
"""Tokens; estimates of shorter prompts are too rough to judge by."""


def trimmed(estimate: int, reported: int | None, window: int | None) -> bool:
    """Whether the server read only a piece of the prompt.

    Args:
        estimate: tokens of the prompt as estimated for this model.
        reported: tokens the server says it read; None where it did not say.
        window: the window, where it is known: a prompt far smaller than it cannot have been cut.
    """
    if not reported or estimate < SURE_FROM:
        return False
    return reported < TRIMMED_BELOW * estimate and (window is None or estimate * 3 > window)


def judge(call: Call, text: str, end: Finished, estimate: int, window: int | None) -> AttemptError | None:
    """Why the answer is not good enough; None where it is."""
    if end.stop == "length":
        return AttemptError("bad-answer", "The answer was cut off at its token limit." if text else "It only thought.")
    if not text.strip():
        return AttemptError("bad-answer", "The answer was empty.")
    if trimmed(estimate, end.usage.tokens_in, window):
        return AttemptError("trimmed", "The server read only a piece of the prompt.", "Is `context` what it allocates?")
    fault = call.check(text)
    if fault:
        return AttemptError("bad-answer", f"The answer has the wrong form: {fault}.")
    if refuses(text):
        return AttemptError("bad-answer", "The model refused.")
    if len(text.strip()) < call.min_chars:
        return AttemptError("bad-answer", f"The answer is shorter than the {call.min_chars} characters expected.")
    return None
