"""Phrases of scripts that write without spaces: where a text says them, character by character."""

from __future__ import annotations

import re
from functools import lru_cache

from rung.routing.pieces import Pieces
from rung.routing.units import GLUED, is_glued, units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from rung.routing.walk import Ends

    Place: TypeAlias = tuple[int, int]
    """Twice the number of a word, one less for what stands before it; and the character, where that is no word."""

MOST_CHARACTERS = 12
_LOW, _HIGH = "\u3000", "\u9fff"
"""Signs that are not of Latin words, and nearly all that phrases are written with."""
_SENTENCE_END = "\u3002\uff01\uff1f\uff1b!?;\n"
"""What ends one, as far as a gap is concerned."""


@lru_cache(maxsize=1)
def _sentence_end() -> re.Pattern[str]:
    return re.compile(f"[{_SENTENCE_END}]")


class Glued:
    """The phrases without spaces of a table.

    Attributes:
        lists: a bit for each list that has any.
        longest: signs of the longest phrase that is written out, its gaps as long as they may be.
        pieces: those that are written out.
    """

    def __init__(self, write_out: Callable[[int, str], None]) -> None:
        self.lists = 0
        self.longest = 0
        self.pieces = Pieces()
        self._write_out = write_out
        self._waiting: list[tuple[int, str]] = []

    def wait(self, number: int, entry: str) -> None:
        """Take a list's entry, to be written out when a text has such a script."""
        self.lists |= 1 << number
        self._waiting.append((number, entry))

    def add(self, pieces: list[str], number: int, phrase: str) -> None:
        """Take a list's phrase, given by what is before, between and after its gaps."""
        self.longest = max(self.longest, sum(map(len, pieces)) + len(pieces[1:]) * MOST_CHARACTERS)
        self.pieces.add(pieces, number, phrase)

    def write_out(self) -> None:
        """Write out what waits for it."""
        waiting, self._waiting = self._waiting, []
        for number, entry in waiting:
            self._write_out(number, entry)


class _Rules:
    """What holds a phrase of such a text together."""

    overlap = 0

    def __init__(self, text: str) -> None:
        self._text = text

    def reach(self, end: int) -> int:
        """Where a gap ends at the latest."""
        return end + MOST_CHARACTERS

    def is_joined(self, end: int, start: int) -> bool:
        """Whether no sentence ends in it, and it cuts no Latin word."""
        if _is_inside(self._text, end) or _is_inside(self._text, start):
            return False
        return _sentence_end().search(self._text, end, start) is None

    def is_whole(self, start: int, end: int) -> bool:
        """Whether no Latin word is cut: a phrase such as ``jsonに変換`` begins with one."""
        text = self._text
        if _LOW <= text[start] <= _HIGH and _LOW <= text[end - 1] <= _HIGH:
            return True  # no letters of words; quickly seen, and nearly always so
        return not (_is_inside(text, start) or _is_inside(text, end))

    def following(self, pieces: tuple[str, ...], first: int) -> int:
        """The next place where all of this holds."""
        found = _expression(pieces).search(self._text, first)
        return found.start() if found else -1


@lru_cache(maxsize=1024)
def _expression(pieces: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"[^{_SENTENCE_END}]{{0,{MOST_CHARACTERS}}}?".join(map(_bordered, pieces)))


def _bordered(piece: str) -> str:
    """What finds a piece, but for inside a Latin word."""
    letter = f"[^\\W_{''.join(f'{low}-{high}' for low, high in GLUED)}]"  # the like of Latin ones
    first, last = (sign.isalnum() and not is_glued(sign) for sign in (piece[0], piece[-1]))
    return f"{f'(?<!{letter})' if first else ''}{re.escape(piece)}{f'(?!{letter})' if last else ''}"


class SignSearch:
    """One text's characters on their way through the phrases, window by window.

    Attributes:
        missing: a bit for each list that is still looked for.
        looked: characters that were looked at, from the first window that was taken on.
    """

    def __init__(self, phrases: Glued) -> None:
        self.missing = phrases.lists
        self.looked = 0
        self._phrases = phrases
        self._before = ""
        """The character before those."""
        self._text = ""
        """From the first that was not looked at."""

    @property
    def seen(self) -> int:
        """Characters of the windows that were taken so far."""
        return self.looked + len(self._text)

    def begin(self, before: str) -> None:
        """Take the window before the first one with a sign of such a script: phrases may begin in it."""
        self._text = before

    def feed(self, folded: str, words: int, is_last: bool) -> list[tuple[Place, Ends]]:  # noqa: FBT001
        """The phrases of missing lists that begin in what can be looked at now.

        Args:
            folded: the window.
            words: how many words there are up to its end.
            is_last: whether it is the last one.
        """
        text, first = self._before + self._text + folded, len(self._before)
        size = len(text) if is_last else max(first, len(text) - self._phrases.longest)
        found = [] if text.isascii() else self._phrases.pieces.walk(text, first, size, self.missing, _Rules(text))
        for _, ends in found:
            self.missing &= ~ends.lists
        places = _among_words(text, [start for start, _ in found], words, self.looked - first) if found else {}
        self.looked += size - first
        self._before, self._text = text[max(size - 1, 0) : size], text[size:]
        return [(places[start], ends) for start, ends in found]


def _is_inside(text: str, at: int) -> bool:
    """Whether a place is inside a Latin word."""
    if not 0 < at < len(text) or _LOW <= text[at] <= _HIGH or _LOW <= text[at - 1] <= _HIGH:
        return False  # the latter is quicker to see
    around = text[at - 1 : at + 1]
    return around.isalnum() and not is_glued(around)


def _among_words(text: str, starts: list[int], words: int, offset: int) -> dict[int, Place]:
    """Where the places of a text stand among its words.

    Args:
        text: it ends where a word does, if at all.
        starts: the places.
        words: how many there are up to its end.
        offset: characters before the text.
    """
    places = {}
    at, after = len(text), 0  # a place between two words, and how many are after it
    for start in sorted(set(starts), reverse=True):
        before = words - after - len(units(text[start:at]))
        if _LOW <= text[start] <= _HIGH or not units(text[start]):  # the first is quicker to see
            after = words - before
            at = start
            places[start] = 2 * before - 1, offset + start
        elif start and units(f"{text[start - 1]}x") != [b"x"]:  # inside a word, as in "foo.json"
            places[start] = 2 * before + 1, offset + start
        else:
            after = words - before
            at = start
            places[start] = 2 * before, 0
    return places
