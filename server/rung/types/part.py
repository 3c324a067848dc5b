"""A part: one piece of a prompt, with what must be known to filter and to shorten it."""

from __future__ import annotations

from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Shorten = Literal["never", "tail", "drop"]
    """never: without it the request makes no sense; tail: whole lines from its end may go; drop: all or nothing."""


class Part(Value):
    """One piece of a prompt."""

    kind: str
    """instruction, system, selection, file, diff, stat, typed-message, house-rules, attached ..."""
    text: str
    path: str | None = None
    """The file it came from, relative to the workspace or repository with ``/``; pins by path look at it."""
    priority: int = 5
    """1 goes last when the window is small, 9 first."""
    shorten: Shorten = "tail"


class Omission(Value):
    """What was left out of a prompt, and why; it is named in the receipt."""

    path: str
    """The path, or the kind of part where there is no path."""
    why: str
