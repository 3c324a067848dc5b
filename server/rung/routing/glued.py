"""Phrases of scripts that write without spaces: where a text says them, character by character."""

from __future__ import annotations

from rung.routing.anchors import Anchors
from rung.routing.units import is_glued, units
from rung.routing.walk import END, LISTS, Ends, follow, leads_on
from rung.settings.phrases import GAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from rung.routing.walk import Node

    Place: TypeAlias = tuple[int, int]
    """Twice the number of a word, one less for what stands before it; and the character, where that is no word."""

MOST_CHARACTERS = 12
_STEP = 256
"""Characters that are searched at first; then twice as many."""


class Glued:
    """The phrases without spaces of a table.

    Attributes:
        lists: a bit for each list that has any.
        anchors: where they may be.
        root: all of them.
    """

    def __init__(self, write_out: Callable[[int, str], None]) -> None:
        self.lists = 0
        self.anchors = Anchors(MOST_CHARACTERS)
        self.root: Node = {}
        self._write_out = write_out
        self._waiting: list[tuple[int, str]] = []

    def wait(self, number: int, entry: str) -> None:
        """Take a list's entry, to be written out when a text has such a script."""
        self.lists |= 1 << number
        self._waiting.append((number, entry))

    def add(self, pieces: Sequence[str], number: int, phrase: str) -> None:
        """Take a list's phrase, given by what is before, between and after its gaps."""
        self.lists |= 1 << number
        self.anchors.add(pieces, 1 << number)
        node = self.root
        for place, piece in enumerate(pieces):
            for unit in (GAP, *piece) if place else piece:
                node = node.setdefault(unit, {LISTS: 0})
                node[LISTS] |= 1 << number
        node.setdefault(END, Ends()).add(number, phrase)

    def write_out(self) -> None:
        """Write out what waits for it."""
        waiting, self._waiting = self._waiting, []
        for number, entry in waiting:
            self._write_out(number, entry)


class SignSearch:
    """One text's characters on their way through the phrases, window by window.

    Attributes:
        missing: a bit for each list that is still looked for.
        looked: characters that were looked at.
    """

    def __init__(self, phrases: Glued) -> None:
        self.missing = phrases.lists
        self.looked = 0
        self._phrases = phrases
        self._step = _STEP
        self._before = ""
        """The character before those."""
        self._text = ""
        """From the first that was not looked at."""

    @property
    def seen(self) -> int:
        """Characters of the windows so far."""
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
        size = len(text) if is_last else max(first, len(text) - self._phrases.anchors.longest)
        found: list[tuple[int, Ends]] = [] if text.isascii() else self._walk(text, first, size)
        places = _among_words(text, [start for start, _ in found], words, self.looked - first) if found else {}
        self.looked += size - first
        self._before, self._text = text[max(size - 1, 0) : size], text[size:]
        return [(places[start], ends) for start, ends in found]

    def _walk(self, text: str, first: int, limit: int) -> list[tuple[int, Ends]]:
        """The phrases that begin from the first place to the limit, searched bit by bit: most are found soon."""
        found: list[tuple[int, Ends]] = []
        while first < limit and self.missing:
            end = min(first + self._step, limit)
            for start in self._phrases.anchors.starts(text, first, end, self.missing):
                found += self._at(text, start)
            first, self._step = end, 2 * self._step
        return found

    def _at(self, text: str, start: int) -> list[tuple[int, Ends]]:
        """The phrases that begin there."""
        node = self._phrases.root.get(text[start])
        if node is None or not node[LISTS] & self.missing or not leads_on(node, text, start + 1, MOST_CHARACTERS):
            return []

        def is_whole(start: int, end: int) -> bool:
            """Whether no Latin word is cut: a phrase such as ``jsonに変換`` begins with one."""
            return not (_is_inside(text, start) or _is_inside(text, end))

        all_ends = follow(node, text, start, MOST_CHARACTERS, missing=self.missing, is_whole=is_whole)
        for ends in all_ends:
            self.missing &= ~ends.lists
        return [(start, ends) for ends in all_ends]


def _is_inside(text: str, at: int) -> bool:
    around = text[max(at - 1, 0) : at + 1]
    return at > 0 and len(around) == 2 and around.isalnum() and not is_glued(around)


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
        if not units(text[start]):
            after = words - before
            at = start
            places[start] = 2 * before - 1, offset + start
        elif start and units(f"{text[start - 1]}x") != [b"x"]:  # inside a word, as in "foo.json"
            places[start] = 2 * before + 1, offset + start
        else:
            places[start] = 2 * before, 0
    return places
