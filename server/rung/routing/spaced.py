"""Phrases of words: which there are, by their first word, and where a text says them."""

from __future__ import annotations

from bisect import bisect_right
from itertools import compress, count

from rung.routing.walk import END, Ends, follow, leads_on
from rung.routing.windows import breaks
from rung.settings.phrases import GAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rung.routing.walk import Node

MOST_WORDS = 6
_FEW = 5
"""Words up to which each is looked up by itself."""
_SHORT = 250
"""Words of a text up to which it costs less to follow a phrase than to find out whether all of its words are there."""


class Spaced:
    """The phrases of words of a table.

    Entries are written out when a text has one of their first words: a command line that asks once then writes out a
    dozen of a thousand.

    Attributes:
        lists: a bit for each list that has any.
        longest: words of the longest phrase that is written out, its gaps as long as they may be.
    """

    def __init__(self, write_out: Callable[[int, str], None]) -> None:
        self.lists = 0
        self.longest = 1
        self._write_out = write_out
        self._root: Node = {}
        self._by_first: dict[bytes, int] = {}
        """By first word, a bit for each list that has a phrase with it."""
        self._waiting: dict[bytes, list[tuple[int, str]]] = {}
        """By first word, the entries that are not written out yet."""

    def wait(self, first: bytes, number: int, entry: str) -> None:
        """Take a list's entry, to be written out when a text has the word."""
        self.lists |= 1 << number
        self._by_first[first] = self._by_first.get(first, 0) | 1 << number
        self._waiting.setdefault(first, []).append((number, entry))

    def place(self, pieces: Sequence[Sequence[bytes]]) -> Ends:
        """The end of a phrase, given by what is before, between and after its gaps."""
        node = self._root
        for number, piece in enumerate(pieces):
            if number:
                node = node.setdefault(GAP, {})
            for unit in piece:
                node = node.setdefault(unit, {})
        self.longest = max(self.longest, sum(map(len, pieces)) + MOST_WORDS * len(pieces[1:]))
        return node.setdefault(END, Ends()) if pieces else Ends()

    def possible(self, words: list[bytes], missing: int) -> dict[bytes, Node]:
        """By first word, what could be said with these words alone and is of a missing list."""
        firsts = [first for first in self._by_first.keys() & words if self._by_first[first] & missing]
        if not firsts:
            return {}
        for first in firsts:
            for number, entry in self._waiting.pop(first, ()):
                self._write_out(number, entry)
        nodes = {first: self._root[first] for first in firsts if first in self._root}
        if len(nodes) < _FEW:
            nodes = {first: node for first, node in nodes.items() if _goes_on(node, words)}
        if len(words) < _SHORT or all(node.keys() == {END} for node in nodes.values()):
            return nodes
        present = set(words)
        kept = {first: _possible(node, present, missing) for first, node in nodes.items()}
        return {first: below for first, below in kept.items() if below}


def _goes_on(node: Node, words: list[bytes]) -> bool:
    """Whether a text has one of the words that come next, where that is told quickly."""
    return len(node) > _FEW or END in node or GAP in node or any(unit in words for unit in node)


def _possible(node: Node, present: set[bytes], missing: int) -> Node:
    """What is below the node of phrases of missing lists whose words are all present."""
    kept = {}
    for unit in node.keys() & present:
        below = _possible(node[unit], present, missing)
        if below:
            kept[unit] = below
    if GAP in node and (below := _possible(node[GAP], present, missing)):
        kept[GAP] = below
    if END in node and node[END].lists & missing:
        kept[END] = node[END]
    return kept


class WordSearch:
    """One text's words on their way through the phrases, window by window.

    Attributes:
        missing: a bit for each list that is still looked for.
        looked: words that were looked at.
    """

    def __init__(self, phrases: Spaced) -> None:
        self.missing = phrases.lists
        self.looked = 0
        self._phrases = phrases
        self._words: list[bytes] = []
        """From the first that was not looked at."""
        self._texts: list[tuple[int, str]] = []
        """The number of each window's first word, and the window."""
        self._breaks: list[int] | None = None

    @property
    def seen(self) -> int:
        """Words of the windows so far."""
        return self.looked + len(self._words)

    def feed(self, window: str, words: list[bytes], is_last: bool) -> list[tuple[int, Ends]]:  # noqa: FBT001
        """The phrases of missing lists that begin in what can be looked at now, by number of their first word.

        A list's phrases are only those at its first place.
        """
        while len(self._texts) > 1 and self._texts[1][0] <= self.looked:
            del self._texts[0]
        self._texts.append((self.seen, window))
        self._breaks = None
        self._words += words
        possible = self._phrases.possible(self._words, self.missing) if self.missing else {}
        limit = len(self._words) if is_last else max(0, len(self._words) - self._phrases.longest + 1)
        found = self._walk(possible, limit) if possible else []
        del self._words[:limit]
        self.looked += limit
        return found

    def _walk(self, possible: dict[bytes, Node], limit: int) -> list[tuple[int, Ends]]:
        words, found = self._words, []
        for start in self._starts(possible, limit):
            node = possible[words[start]]
            if not leads_on(node, words, start + 1, MOST_WORDS):
                continue
            all_ends = follow(node, words, start, MOST_WORDS, missing=self.missing, is_whole=self._is_whole)
            for ends in all_ends:
                self.missing &= ~ends.lists
            found += [(self.looked + start, ends) for ends in all_ends]
            if not self.missing:
                break
        return found

    def _starts(self, possible: dict[bytes, Node], limit: int) -> list[int]:
        """Where phrases may begin; of a word that is a phrase by itself, and begins no other, the first place alone."""
        words = self._words
        wanted = set(possible)
        if len(wanted) < _FEW and all(below.keys() == {END} for below in possible.values()):
            return sorted(place for place in map(words.index, wanted) if place < limit)
        starts = []
        for start in compress(count(), map(wanted.__contains__, words)):
            if start >= limit:
                break
            starts.append(start)
            if possible[words[start]].keys() == {END}:
                wanted.remove(words[start])
        return starts

    def _is_whole(self, start: int, end: int) -> bool:
        """Whether no sentence ends within a phrase; that is seldom asked, and so found out in the text itself."""
        if end - start == 1:
            return True
        if self._breaks is None:
            self._breaks = [first + number for first, text in self._texts for number in breaks(text)]
        start, end = start + self.looked, end + self.looked
        return bisect_right(self._breaks, start) == bisect_right(self._breaks, end - 1)
