"""The gate: whether an answer may be shown as a good one.

Complete, untrimmed, the right format, no refusal, no endless repetition, long enough for the action, in a form that
leaves nothing to be wished: looked at in this order. What stands around an answer (thoughts, fences, characters nobody
sees) does not count. Reasons quote nothing of the answer.
"""

from __future__ import annotations

import re

from rung.errors import AttemptError
from rung.ladder.ascent import NothingSaidError, OnlyThoughtError
from rung.ladder.refusals import refuses, wanted
from rung.ladder.repeats import counted, repeats
from rung.providers.events import Finished, Question
from rung.providers.invisible import visible
from rung.routing import tokens
from rung.types.call import Call
from rung.types.pattern import lazy

TRIMMED_BELOW = 0.55
"""Of the estimate: a server that counted less read only a piece of the prompt (recorded: about half the window)."""
DENSEST = 1.4
"""Times the tokens that are usual for a text: what was learned of a model may come from a text of another kind, such as
base64, and is believed only so far, or a prompt read whole would look cut, and nothing else be learned any more."""
SURE_FROM = 400
"""Tokens; estimates of shorter prompts are too rough to judge by."""
SHORTEST_CUT = 256
"""Tokens; a cut leaves half a window, and none has fewer than 512. A lower count is none of a prompt."""
WIDE = 0.75
"""Of the estimate: what a vocabulary made for it may need for a text without Latin letters."""

SURELY_LONGER = 1.25
"""Times the limit; estimates are too rough to say of less that it is longer."""

_RUN = lazy(r"([\W_])\1{3,}")
_FENCE = lazy(r"^[ \t]*(?:`{3,}|~{3,})[\w+-]*[ \t]*$", re.MULTILINE)
_CJK = lazy("[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff]")
CJK_WEIGHT = 3
"""Letters of an alphabet that say as much as one character of these scripts."""


def undercounted(estimate: int, reported: int | None, question: Question | None = None) -> bool:
    """Whether the server counted far less than the prompt can have: nothing is to be learned from such a count.

    Args:
        estimate: tokens of the prompt as estimated for this model.
        reported: tokens the server says it read; None where it did not say.
        question: what was sent, for a second look at a prompt that may have fewer tokens than most.
    """
    if not reported or estimate < SURE_FROM or reported >= TRIMMED_BELOW * estimate:
        return False
    return question is None or reported < TRIMMED_BELOW * _fewest(estimate, question)


def trimmed(estimate: int, reported: int | None, window: int | None, question: Question | None = None) -> bool:
    """Whether the server read only a piece of the prompt.

    The count alone tells, whatever window the server is said to have: what it allocates may be another one. What was
    cached counts as well (recorded: of two equal prompts, the second one was read in a moment and counted the same).
    Ollama's own form can be told not to cut, and is told so: where the window was large enough by all that is known, a
    count of less than any cut leaves is a server's that counts in a way of its own.

    Args:
        estimate: tokens of the prompt as estimated for this model.
        reported: tokens the server says it read; None where it did not say.
        window: the window, where it is known.
        question: what was sent, and to whom.
    """
    if not undercounted(estimate, reported, question):
        return False
    if question is None or question.model.provider != "ollama" or window is None or estimate > window:
        return True
    return (reported or 0) >= SHORTEST_CUT


def _fewest(estimate: int, question: Question) -> float:
    """The tokens the prompt has at least: runs of one sign are few of them, and so may be words in other scripts."""
    text = "\n".join(message.content for message in question.messages)
    estimate = min(estimate, round(DENSEST * tokens.estimate(text)))
    dense = _RUN.sub(r"\1\1\1", text)
    plain = len(dense.encode("ascii", "ignore")) / tokens.CHARACTERS_PER_TOKEN
    wide = max(0.0, tokens.estimate(dense) - plain)
    return estimate * (plain + WIDE * wide) / max(1, tokens.estimate(text))


def judge(
    call: Call, text: str, end: Finished, estimate: int, window: int | None, *, question: Question | None = None
) -> AttemptError | None:
    """Why the answer is not good enough; None where it is.

    Args:
        call: what was asked for.
        text: what came back.
        end: how it ended.
        estimate: tokens of the prompt as estimated for this model.
        window: the model's, where it is known.
        question: what was sent, and to whom.
    """
    bare = _bare(text)
    if end.stop == "length" and not bare:
        return OnlyThoughtError("bad-answer", "It only thought.")
    if end.stop == "length" or _is_too_long(text, question):
        return AttemptError("bad-answer", "The answer was cut off at its token limit.")
    # Signs alone may be an answer, such as an operator, and none where words were asked for.
    if not bare or (call.min_chars > 0 and not re.search(r"[^\W_]", bare) and bare.isascii()):
        return NothingSaidError("bad-answer", "The answer was empty.")
    if trimmed(estimate, end.usage.tokens_in, window, question):
        return AttemptError("trimmed", "The server read only a piece of the prompt.", "Is `context` what it allocates?")
    fault = call.check(text)
    if fault:
        return AttemptError("bad-answer", f"The answer has the wrong form: {fault}.")
    asked = "\n".join(part.text for part in call.parts if part.kind == "instruction")
    # What has the form of a schema is none, and what a person asks for in their own words may be one.
    if call.schema is None and refuses(text) and (call.min_chars > 0 or not wanted(asked)):
        return AttemptError("bad-answer", "The model refused.")
    if repeats(text) and not counted(asked):
        return AttemptError("bad-answer", "The model repeats itself without end.")
    if _length(bare) < call.min_chars:
        return AttemptError("bad-answer", f"The answer is shorter than the {call.min_chars} characters expected.")
    doubt = call.doubt(text) if call.doubt else None
    return AttemptError("bad-answer", f"The answer has not the form it should have: {doubt}.") if doubt else None


def _is_too_long(text: str, question: Question | None) -> bool:
    """Whether an answer used the tokens that were meant for thoughts: without them it would have been cut off."""
    if question is None or not question.headroom:
        return False
    return tokens.estimate(text) > SURELY_LONGER * question.max_output


def _bare(text: str) -> str:
    """What a person would read: no thoughts, no fences, one space for all white space."""
    return " ".join(_FENCE.sub("", visible(text)).split())


def _length(bare: str) -> int:
    """Characters as an alphabet would need them, rules and other runs of one sign counted short."""
    dense = _RUN.sub(r"\1\1\1", bare)
    return len(dense) + (CJK_WEIGHT - 1) * len(_CJK.findall(dense))
