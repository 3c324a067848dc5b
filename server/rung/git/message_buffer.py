"""The text git opens for a commit message: what the person typed in it, and where a message goes. Pure.

Invariant: an insertion only adds. Not one character of the person's is replaced, and none of git's.
"""

from __future__ import annotations

import re

from rung.types.pattern import lazy
from rung.types.value import Value

_SCISSORS = lazy(r"^(\S+) -{24} >8 -{24}\s*$", re.MULTILINE)
_AUTO = "#;@!$%^&|:"
"""What git chooses from when ``core.commentChar`` is ``auto``."""
_TRAILER = lazy(
    r"(?:[A-Z][\w-]*-(?:by|to|on|for|id|Id|with|from|reference)|Fixes|Closes|Resolves|Refs?|Cc|Bug|Issue|Link|Ticket|See-also|Jira"
    r"|BREAKING[ -]CHANGE): \S"
)


class Insertion(Value):
    """What to add where; both numbers count from 0, characters are code points."""

    line: int
    character: int
    text: str

    def applied(self, text: str) -> str:
        """``text`` with it."""
        lines = text.split("\n")
        at = sum(len(line) + 1 for line in lines[: self.line]) + self.character
        return text[:at] + self.text + text[at:]


def comment_prefix(text: str, setting: str) -> str:
    """What comment lines begin with: the setting, or for ``auto`` what git chose, read off the text."""
    if setting != "auto":
        return setting or "#"
    scissors = _SCISSORS.search(text)
    if scissors:
        return scissors[1]
    last = next((line for line in reversed(text.splitlines()) if line.strip()), "")
    return last[0] if last and last[0] in _AUTO and last[1:2] in ("", " ", "\t") else "#"


def typed(text: str, comment: str = "#") -> str:
    """What the person typed, without comments and without what stands below the scissors; "" if nothing."""
    lines = [line.rstrip() for line in _above_scissors(text, comment) if not line.startswith(comment)]
    return "\n".join(lines).strip("\n")


def comments(text: str, comment: str = "#") -> tuple[str, ...]:
    """The comment lines above the scissors, without what makes them comments."""
    return tuple(
        line.removeprefix(comment).strip() for line in _above_scissors(text, comment) if line.startswith(comment)
    )


def guarded(message: str, comment: str = "#") -> str:
    """``message`` with a space before each line that git would take for a comment and drop."""
    return "\n".join(" " + line if line.startswith(comment) else line for line in message.split("\n"))


def insertion(text: str, message: str, comment: str = "#") -> Insertion:
    """Where ``message`` goes in the buffer: above the comments, before lone trailers, after what is typed.

    Args:
        text: the whole buffer, its lines ended as on Unix or as on Windows.
        message: without comments; its line breaks become the buffer's.
        comment: what comment lines begin with.
    """
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    region = len(_above_scissors(text, comment))
    own = [number for number, line in enumerate(lines[:region]) if line.strip() and not line.startswith(comment)]
    words = [number for number in own if not _TRAILER.match(lines[number])]
    message = guarded(message.strip("\n"), comment)
    if words:
        at = _end_of_words(words, own, lines)
        following = lines[at + 1] if at + 1 < len(lines) else None
        tail = "" if following is not None and not following.strip() else "\n"
        found = Insertion(at, len(lines[at]), "\n\n" + message + tail)
    else:
        blank = next((number for number, line in enumerate(lines) if line.strip()), None)
        missing = (0 if len(lines) > 1 else 1) if blank is None else max(0, 2 - blank)
        found = Insertion(0, 0, message + "\n" * missing)
    return found.replace(text=found.text.replace("\n", "\r\n")) if "\r\n" in text else found


def _end_of_words(words: list[int], own: list[int], lines: list[str]) -> int:
    """The last typed line, but for a closing paragraph of trailers."""
    last = words[-1]
    if last == own[-1] or not lines[last + 1].strip():
        return last
    return own[-1]  # trailers without a blank line before them are part of the text


def _above_scissors(text: str, comment: str) -> list[str]:
    """The lines git reads a message from."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    mark = f"{comment} ------------------------ >8 ------------------------"
    for number, line in enumerate(lines):
        if line.rstrip() == mark:
            return lines[:number]
    return lines
