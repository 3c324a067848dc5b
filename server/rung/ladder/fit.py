"""Fitting parts to a window: by priority, never half a line, and nothing left out without a word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rung.errors import AttemptError
from rung.routing.tokens import UPPER, counted, for_answer, upper
from rung.types.call import Call, Message
from rung.types.part import Omission, Part
from rung.types.value import Value

SHORTEST = 6
"""Lines; a part that would be cut to fewer is left out whole."""


class Fitted(Value):
    """A prompt that fits."""

    messages: tuple[Message, ...]
    tokens: int
    """The estimate of this prompt, for this model."""
    whole: int
    """The same of the prompt before anything was left out."""
    left_out: tuple[Omission, ...] = ()


def fit(call: Call, window: int | None, count: Callable[[str], int], overhead: int, aside: int = 0) -> Fitted:
    """The prompt of a call, shortened until it fits.

    Args:
        call: parts and how to render them.
        window: tokens of prompt and answer together; None: no bound is known.
        count: tokens of a text for the model in question.
        overhead: tokens a message costs besides its text.
        aside: tokens to keep free beside those of the answer.

    Raises:
        AttemptError: ``too-long``, even without everything that may be left out, or only with nothing at all in it.
    """
    parts, left_out, whole = list(call.parts), dict[int, Omission](), 0
    while True:
        kept = [part for part in parts if part.text]
        messages = call.render(kept)
        total = sum(count(m.content) + overhead for m in messages)
        whole = whole or total
        room = None if window is None else window - for_answer(call.max_output, window) - aside
        # A question of which nothing is left is none.
        if room is None or (upper(total) <= room and (kept or not left_out)):
            return Fitted(messages, total, whole, tuple(left_out[i] for i in sorted(left_out)))
        index = _least(parts)
        if index is None:
            # Of one that is nothing without what may be left out, that counts as well.
            size = counted(upper(total if kept else whole))
            text = f"The prompt has about {size} and the window room for {max(0, room)}."
            raise AttemptError("too-long", text, "Select or send less, or use a model with a larger window.")
        # By the estimate itself, as a part is counted.
        excess = total - int(room / UPPER)
        parts[index], left_out[index] = _shorten(call.parts[index], parts[index], excess, count)


def _least(parts: Sequence[Part]) -> int | None:
    """The part that goes first: the highest priority number, the last of equals."""
    able = [i for i, part in enumerate(parts) if part.text and part.shorten != "never"]
    return max(able, key=lambda i: (parts[i].priority, i)) if able else None


def _shorten(whole: Part, part: Part, excess: int, count: Callable[[str], int]) -> tuple[Part, Omission]:
    """The part with about ``excess`` tokens fewer, at least one line fewer, and what to say of it."""
    name = part.path or part.kind
    lines = _lines(whole.text)
    # A part that was cut before ends with a note, which is not one of its lines.
    left = len(lines) if part.text == whole.text else len(_lines(part.text)) - 1
    tokens = max(1, count(part.text))
    keep = min(left - 1, int(left * (1 - (excess + 16) / tokens))) if excess < tokens else 0
    if part.shorten == "drop" or keep < SHORTEST:
        return part.replace(text=""), Omission(name, "all of it, for the window is too small")
    gone = f"the last {len(lines) - keep} of {len(lines)} lines"
    return part.replace(text="".join(lines[:keep]) + f"[{gone} are left out]\n"), Omission(name, gone)


def _lines(text: str) -> list[str]:
    r"""The lines with their ends, split at ``\n`` alone: other separators stand in the middle of lines of code."""
    *ended, rest = text.split("\n")
    return [line + "\n" for line in ended] + ([rest] if rest else [])
