"""Phrases of words: where a text says them."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache

from rung.routing.pieces import Pieces
from rung.routing.windows import breaks, is_broken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rung.routing.units import Text
    from rung.routing.walk import Ends

MOST_WORDS = 6
_FEW = 3
"""Phrases for which it is told one by one whether a sentence ends within: then it pays to find all ends."""


@lru_cache(maxsize=1)
def _gap() -> re.Pattern[str]:
    return re.compile(rf"(?:[^ ]* ){{{MOST_WORDS}}}")


class Spaced:
    """The phrases of words of a table.

    Attributes:
        longest: words of the longest phrase, its gaps as long as they may be.
        pieces: they themselves, each word with a space before and after it.
    """

    def __init__(self) -> None:
        self.longest = 1
        self.pieces = Pieces()

    def add(self, pieces: list[str], number: int, phrase: str) -> None:
        """Take a list's phrase, given by the words before, between and after its gaps, with spaces around each."""
        words = "".join(pieces).count(" ") - len(pieces)
        self.longest = max(self.longest, words + MOST_WORDS * (len(pieces) - 1))
        self.pieces.add(pieces, number, phrase)


class _Window:
    """A piece of the text.

    Attributes:
        first: the number of its first word.
    """

    def __init__(self, first: int, text: Text) -> None:
        self.first = first
        self._text = text
        self._breaks: list[int] | None = None
        self._asked = 0

    def is_broken(self, first: int, last: int, once: str) -> bool | None:
        """Whether a sentence ended in it between two words; None where it is better to find all ends of sentences.

        Args:
            first: the number of the first one.
            last: the number of the last one.
            once: the words from one to the other, with spaces around each, if these stand there but once.
        """
        self._asked += 1
        if self._asked > _FEW:
            return None
        places = (once and self._text.find(once)) or self._text.places(first - self.first, last - self.first)
        return places and is_broken(self._text, *places)

    @property
    def breaks(self) -> list[int]:
        """The numbers of words before which a sentence ended in it, found out where that is asked."""
        if self._breaks is None:
            self._breaks = [self.first + number for number in breaks(self._text)]
        return self._breaks


class WordSearch:
    """One text's words on their way through the phrases, window by window.

    Attributes:
        missing: a bit for each list that is still looked for.
        looked: words that were looked at.
        overlap: the space two pieces share.
    """

    overlap = 1

    def __init__(self, phrases: Spaced) -> None:
        self.missing = phrases.pieces.lists
        self.looked = 0
        self._phrases = phrases
        self._words: list[bytes] = []
        """From the first that was not looked at."""
        self._text = ""
        """The same, with a space before and after each."""
        self._windows: list[_Window] = []
        """The windows that words yet to be looked at are of."""
        self._breaks: list[int] | None = None
        self._marked: str | None = None
        """The text, once its sentences are told apart in it."""
        self._counted = (0, 0)
        """A place in the text, and how many words begin before it."""

    @property
    def seen(self) -> int:
        """Words of the windows so far."""
        return self.looked + len(self._words)

    def feed(self, window: Text, is_last: bool) -> list[tuple[int, Ends]]:  # noqa: FBT001
        """The phrases of missing lists that begin in what can be looked at now, by number of their first word.

        A list's phrases are only those at its first place.
        """
        while len(self._windows) > 1 and self._windows[1].first <= self.looked:
            del self._windows[0]
        self._windows.append(_Window(self.seen, window))
        self._breaks, self._marked, self._counted = None, None, (0, 0)
        self._words += window.words()
        self._text = f" {_joined(self._words)} "
        limit = len(self._words) if is_last else max(0, len(self._words) - self._phrases.longest + 1)
        rest = self._words[limit:]
        end = len(self._text) - len(_joined(rest)) - 2 if rest else len(self._text)
        found = [
            (self._number(start), ends)
            for start, ends in self._phrases.pieces.walk(self._text, 0, end, self.missing, self)
        ]
        for _, ends in found:
            self.missing &= ~ends.lists
        self._words = rest
        self.looked += limit
        return found

    def _number(self, place: int) -> int:
        """The number of the word that begins after the place; it is quickly told for one place after the other."""
        at, number = self._counted if place >= self._counted[0] else (0, 0)
        number += self._text.count(" ", at, place)
        self._counted = place, number
        return self.looked + number

    def reach(self, end: int) -> int:
        """The space after as many words as there may be between two pieces."""
        gap = _gap().match(self._text, end)
        return gap.end() - 1 if gap else len(self._text)

    def is_joined(self, end: int, start: int) -> bool:  # noqa: ARG002 - what pieces are asked
        """Whether a gap holds; whether a sentence ends in it is asked of the whole phrase."""
        return True

    def following(self, pieces: tuple[str, ...], first: int) -> int:
        """The next place of pieces with few enough words between; in one sentence, if it is known where these end."""
        if self._marked is None and self._breaks:
            self._marked = self._with_breaks(self._breaks)
        found = _expression(pieces, "[ \n]" if self._marked else " ").search(self._marked or self._text, first)
        return found.start() if found else -1

    def _with_breaks(self, breaks: list[int]) -> str:
        """The text with another sign than a space where a sentence ends."""
        first, last = self.looked, self.seen
        ends = sorted({end - first for end in breaks if first < end < last})
        sentences = (self._words[start:end] for start, end in zip([0, *ends], [*ends, len(self._words)], strict=True))
        return " " + "\n".join(map(_joined, sentences)) + " "

    def is_whole(self, start: int, end: int) -> bool:
        """Whether no sentence ends within a phrase; that is seldom asked, and so found out in the text itself."""
        if self._text.find(" ", start + 1) == end - 1:
            return True
        if self._breaks == []:
            return True
        first = self._number(start)
        last = first + self._text.count(" ", start, end - 1) - 1
        newest = self._windows[-1]
        if self._breaks is None and first >= newest.first:
            said = self._text[start:end]
            stands_once = self._text.find(said) == start and self._text.find(said, start + 1) < 0
            is_broken = newest.is_broken(first, last, said if stands_once else "")
            if is_broken is not None:
                return not is_broken
        if self._breaks is None:
            self._breaks = [place for window in self._windows for place in window.breaks]
        return bisect_right(self._breaks, first) == bisect_right(self._breaks, last)


@lru_cache(maxsize=1024)
def _expression(pieces: tuple[str, ...], border: str) -> re.Pattern[str]:
    """What finds pieces, each with a space around it that it shares with the next; the border is around all."""
    words = f"(?:[^ \n]+ ){{0,{MOST_WORDS}}}?".join(re.escape(piece[1:-1]) + " " for piece in pieces)
    return re.compile(f"{border}{words[:-1]}{border}")


def _joined(words: list[bytes]) -> str:
    return b" ".join(words).decode()
