"""Phrases of words: which there are, by their first word, and where a text says them."""

from __future__ import annotations

from bisect import bisect_right
from itertools import compress, islice

from rung.routing.walk import END, Ends, follow, leads_on
from rung.routing.windows import breaks
from rung.settings.phrases import GAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rung.routing.walk import Node

MOST_WORDS = 6
FOREIGN = "\u0e00"
"""From here on signs may be of a script without spaces, or of another width than usual."""
_FEW = 3
"""Words up to which each is looked up by itself."""
_SHORT, _SEVERAL = 150, 20
"""Words of a short text, and how many of them may begin phrases."""


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

    def take(self, number: int, entries: Sequence[str]) -> list[str]:
        """Take those of a list's entries whose first word is plain, as fast as they can be split; gives the others."""
        others = []
        masks, waiting, bit = self._by_first, self._waiting, 1 << number
        for entry in entries:
            head = entry.partition(" ")[0]
            if head.isascii() and head.isalnum() and (entry.isascii() or max(entry) < FOREIGN):
                first = head.lower().encode()
                masks[first] = masks.get(first, 0) | bit
                if first in waiting:
                    waiting[first].append((number, entry))
                else:
                    waiting[first] = [(number, entry)]
            else:
                others.append(entry)
        if len(others) < len(entries):
            self.lists |= bit
        return others

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

    def possible(self, words: list[bytes], missing: int, present: set[bytes] | None) -> dict[bytes, Node] | None:
        """By first word, what could be said with these words alone and is of a missing list.

        Args:
            words: the words of a text.
            missing: a bit for each list that is looked for.
            present: the same words, where it is likely that phrases begin with some; else they are sorted out if so.

        Returns:
            None: no phrase begins with any of them.
        """
        either = words if present is None else present
        firsts = [first for first in self._by_first.keys() & either if self._by_first[first] & missing]
        if not firsts:
            return None
        present = present or set(words)
        for first in firsts:
            for number, entry in self._waiting.pop(first, ()):
                self._write_out(number, entry)
        nodes = {first: self._root[first] for first in firsts if first in self._root}
        if len(words) < _SHORT and sum(map(nodes.__contains__, words)) < _SEVERAL:
            return nodes  # to follow a few phrases costs less than to find out whether all of their words are there
        kept = {first: _possible(node, present, missing) for first, node in nodes.items()}
        return {first: below for first, below in kept.items() if below}


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


def _places(words: list[bytes], word: bytes, node: Node) -> Iterator[int]:
    """Where the word stands, in order; only where it leads on, if that is told by the next word alone."""
    is_plain = END not in node and GAP not in node
    at, end = -1, len(words)
    try:
        while True:
            at = words.index(word, at + 1)
            if not is_plain or (at + 1 < end and words[at + 1] in node):
                yield at
    except ValueError:
        return


class _Window:
    """A piece of the text.

    Attributes:
        first: the number of its first word.
    """

    def __init__(self, first: int, text: str) -> None:
        self.first = first
        self._text = text
        self._breaks: list[int] | None = None

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
    """

    def __init__(self, phrases: Spaced) -> None:
        self.missing = phrases.lists
        self.looked = 0
        self._phrases = phrases
        self._words: list[bytes] = []
        """From the first that was not looked at."""
        self._texts: list[_Window] = []
        """The windows that words yet to be looked at are of."""
        self._breaks: list[int] | None = None
        self._is_likely = True
        """Whether phrases began with words of the last window, and so will with some of the next."""

    @property
    def seen(self) -> int:
        """Words of the windows so far."""
        return self.looked + len(self._words)

    def feed(self, window: str, words: list[bytes], is_last: bool) -> list[tuple[int, Ends]]:  # noqa: FBT001
        """The phrases of missing lists that begin in what can be looked at now, by number of their first word.

        A list's phrases are only those at its first place.
        """
        while len(self._texts) > 1 and self._texts[1].first <= self.looked:
            del self._texts[0]
        self._texts.append(_Window(self.seen, window))
        self._breaks = None
        self._words += words
        present = set(self._words) if self._is_likely else None
        possible = self._phrases.possible(self._words, self.missing, present) if self.missing else None
        self._is_likely = possible is not None
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
        single = [first for first, below in possible.items() if below.keys() == {END}]
        if len(single) > _FEW:
            single = []
        many = possible.keys() - single
        if len(many) > _FEW:
            starts = list(compress(range(limit), map(many.__contains__, words)))
        else:
            starts = [place for first in many for place in _places(words, first, possible[first]) if place < limit]
        starts += [
            place for first in single for place in islice(_places(words, first, possible[first]), 1) if place < limit
        ]
        return sorted(starts)

    def _is_whole(self, start: int, end: int) -> bool:
        """Whether no sentence ends within a phrase; that is seldom asked, and so found out in the text itself."""
        if end - start == 1:
            return True
        if self._breaks is None:
            self._breaks = [place for window in self._texts for place in window.breaks]
        start, end = start + self.looked, end + self.looked
        return bisect_right(self._breaks, start) == bisect_right(self._breaks, end - 1)
