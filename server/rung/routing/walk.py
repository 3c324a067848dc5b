"""Where a text says phrases of which it is known to have all pieces: of each list the first place.

Mostly there are few such phrases, and each is looked for by itself, no further than the first place of its lists that
is known by then. Where there are many (a thousand rules that begin alike), all their pieces are found in one pass.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Protocol, TypeAlias, TypeVar

    from ahocorasick_rs import AhoCorasick

    T = TypeVar("T")
    Phrases: TypeAlias = "tuple[tuple[str, ...], Ends]"
    """The pieces of phrases, in their order, and what these are."""

    class Rules(Protocol):
        """What holds a phrase together.

        Attributes:
            overlap: signs that one piece and the next may share.
        """

        overlap: int

        def reach(self, end: int) -> int:
            """The last place where a piece may begin after one that ends there."""

        def is_joined(self, end: int, start: int) -> bool:
            """Whether two pieces with such a gap, not too long, belong together."""

        def is_whole(self, start: int, end: int) -> bool:
            """Whether a phrase may stand from one place to another."""

        def following(self, pieces: tuple[str, ...], first: int) -> int:
            """The next place, from one on, where such pieces belong together; -1: none. It takes long to prepare."""


_TRIES = 4
"""Places where a phrase's first piece stands without the others, from which on it pays to prepare for more of them."""
_MANY = 50
"""Pieces, or phrases, from which on it pays to look for all at once."""


class Ends:
    """The phrases that have the same pieces.

    Attributes:
        lists: a bit for each list that has any.
        phrases: those lists by number, and how it stands in them.
    """

    __slots__ = ("lists", "phrases")

    def __init__(self) -> None:
        self.lists = 0
        self.phrases: list[tuple[int, str]] = []

    def add(self, number: int, phrase: str) -> None:
        """Take a list's phrase."""
        if (number, phrase) not in self.phrases:
            self.lists |= 1 << number
            self.phrases.append((number, phrase))


class Walk:
    """The search of one text for phrases.

    Args:
        text: the text.
        first: the first place where one may begin.
        limit: where these places end.
        missing: a bit for each list that is looked for.
        rules: what holds a phrase together.
    """

    def __init__(self, text: str, first: int, limit: int, missing: int, rules: Rules) -> None:
        self._text = text
        self._first, self._limit = first, limit
        self._missing = missing
        self._rules = rules
        self._firsts: dict[int, int] = {}
        """By a list's bit the first place of those of its phrases that were found so far."""
        self._found: list[tuple[int, int, int, tuple[str, ...], Ends]] = []
        """Where phrases begin and end, those with more gaps first; maybe some that begin after their list's first."""

    def find(self, phrases: list[Phrases]) -> list[tuple[int, Ends]]:
        """The phrases by where they begin, shorter before longer ones: of each list those at its first place.

        The phrases of several lists come together, so that some of these may be no longer missing, or begin earlier.

        Args:
            phrases: some that the text has all pieces of.
        """
        pieces = {piece for pieces, _ in phrases for piece in pieces}
        if len(pieces) > _MANY or len(phrases) > _MANY:
            self._find_all(phrases, _Places(self._text, pieces))
        else:
            for phrase in sorted(phrases, key=_pieces):  # those that are quickly found come first
                self._find_one(*phrase)
        firsts = self._firsts
        self._found.sort(key=itemgetter(0, 1, 2, 3))
        return [
            (start, ends)
            for start, *_, ends in self._found
            if any(firsts.get(bit) == start for bit in _bits(ends.lists))
        ]

    def _find_one(self, pieces: tuple[str, ...], ends: Ends) -> None:
        """Look for one phrase."""
        find, head, size = self._text.find, pieces[0], len(pieces[0])
        last = self._until(ends.lists) + size - 1
        start, tries = find(head, self._first, last), 0
        while start >= 0:
            whole = [end for end in self._onward(pieces, start + size) if self._rules.is_whole(start, end)]
            if whole:
                for end in whole:
                    self._note(start, end, pieces, ends)
                return
            tries += 1
            start = find(head, start + 1, last) if tries < _TRIES else self._leap(pieces, start + 1, last)

    def _onward(self, pieces: tuple[str, ...], end: int) -> list[int]:
        """Where a phrase may end, in order, the first piece of which ends there."""
        ends = [end]
        for piece in pieces[1:]:
            ends = sorted({at + len(piece) for end in ends for at in self._near(piece, end)})
        return ends

    def _near(self, piece: str, end: int) -> Iterator[int]:
        """Where a piece stands that belongs to one that ends there."""
        find, last = self._text.find, self._rules.reach(end) + len(piece)
        at = find(piece, end - self._rules.overlap, last)
        while at >= 0:
            if self._rules.is_joined(end, at):
                yield at
            at = find(piece, at + 1, last)

    def _leap(self, pieces: tuple[str, ...], first: int, last: int) -> int:
        """Where the phrase's first piece stands next, with the others; -1: nowhere before the last place."""
        start = self._rules.following(pieces, first)
        return start if start + len(pieces[0]) <= last else -1

    def _find_all(self, phrases: list[Phrases], places: _Places) -> None:
        """Look for phrases that have so many pieces together that these are found in one pass."""
        for head, branch in _Branch(phrases, 0).after.items():
            missing = branch.lists & self._missing
            for start in places.of(head, self._first, self._until(branch.lists)):
                for end, pieces, ends in self._branch_ends(branch, places, start, start + len(head), missing):
                    self._note(start, end, pieces, ends)
                    missing &= ~ends.lists
                if not missing:
                    break

    def _branch_ends(
        self, branch: _Branch, places: _Places, start: int, end: int, missing: int
    ) -> list[tuple[int, tuple[str, ...], Ends]]:
        """Where phrases of missing lists end that go on from a piece, or end there themselves."""
        found = []
        if branch.whole and branch.whole[1].lists & missing and self._rules.is_whole(start, end):
            found.append((end, *branch.whole))
        if branch.longer:
            after = branch.after
            for at, on, piece in places.between(end - self._rules.overlap, self._rules.reach(end)):
                below = after.get(piece)
                if below and below.lists & missing and self._rules.is_joined(end, at):
                    found += self._branch_ends(below, places, start, on, missing)
        return found

    def _until(self, lists: int) -> int:
        """The place from which on none of these can begin first."""
        until, firsts = 0, self._firsts
        for bit in _bits(lists & self._missing):
            if bit not in firsts:
                return self._limit
            until = max(until, firsts[bit] + 1)
        return until

    def _note(self, start: int, end: int, pieces: tuple[str, ...], ends: Ends) -> None:
        """Take what was found."""
        self._found.append((start, end, -len(pieces), pieces, ends))
        for bit in _bits(ends.lists & self._missing):
            if start < self._firsts.get(bit, self._limit):
                self._firsts[bit] = start


def _pieces(phrase: Phrases) -> int:
    """How many pieces phrases have."""
    return len(phrase[0])


def _bits(lists: int) -> list[int]:
    """The bits of lists, each by itself."""
    bits = []
    while lists:
        bit = lists & -lists
        bits.append(bit)
        lists ^= bit
    return bits


class _Branch:
    """Phrases that have the same pieces up to some depth.

    Attributes:
        lists: a bit for each list that has any.
        whole: those that have no more pieces; None: all have.
        longer: those that have.
    """

    __slots__ = ("_after", "_depth", "lists", "longer", "whole")

    def __init__(self, phrases: list[Phrases], depth: int) -> None:
        self.lists = 0
        self.whole: Phrases | None = None
        self.longer: list[Phrases] = []
        self._depth = depth
        self._after: dict[str, _Branch] | None = None
        for phrase in phrases:
            pieces, ends = phrase
            self.lists |= ends.lists
            if len(pieces) == depth:
                self.whole = phrase
            else:
                self.longer.append(phrase)

    @property
    def after(self) -> dict[str, _Branch]:
        """What may come next, by its piece; made when it is asked for."""
        if self._after is None:
            by_piece: dict[str, list[Phrases]] = {}
            for phrase in self.longer:
                by_piece.setdefault(phrase[0][self._depth], []).append(phrase)
            self._after = {piece: _Branch(phrases, self._depth + 1) for piece, phrases in by_piece.items()}
        return self._after


class _Places:
    """Where a text has any of many pieces.

    Args:
        text: the text.
        pieces: the pieces.
    """

    def __init__(self, text: str, pieces: Iterable[str]) -> None:
        names = list(pieces)
        found = matches(automaton(names).find_matches_as_indexes, text)
        self._all = sorted((at, end, names[number]) for number, at, end in found)
        self._starts = [at for at, _, _ in self._all]
        self._of: dict[str, list[int]] = {}
        for at, _, piece in self._all:
            self._of.setdefault(piece, []).append(at)

    def of(self, piece: str, first: int, until: int) -> list[int]:
        """Where it has one, from a place up to another."""
        starts = self._of.get(piece, [])
        return starts[bisect_left(starts, first) : bisect_left(starts, until)]

    def between(self, first: int, last: int) -> list[tuple[int, int, str]]:
        """Those that begin from a place to another, in order: where each begins and ends, and which it is."""
        starts = self._starts
        begin = bisect_left(starts, first)
        return self._all[begin : bisect_right(starts, last, begin)]


def automaton(pieces: Iterable[str]) -> AhoCorasick:
    """What finds all of the pieces at once (Aho-Corasick)."""
    from ahocorasick_rs import AhoCorasick  # noqa: PLC0415 - where nothing is looked for it is not needed

    return AhoCorasick(pieces, store_patterns=True)


def matches(search: Callable[..., list[T]], text: str) -> list[T]:
    """What an automaton's search finds, wherever it is."""
    try:
        return search(text, overlapping=True)
    except UnicodeEncodeError:  # halves of surrogates, which are no text
        whole = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
        return search(whole, overlapping=True)
