"""Phrases of scripts that write without spaces: where a text says them, character by character."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import groupby
from operator import itemgetter

from rung.routing.units import is_glued, units
from rung.routing.walk import Ends

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from ahocorasick_rs import AhoCorasick

    Place: TypeAlias = tuple[int, int]
    """Twice the number of a word, one less for what stands before it; and the character, where that is no word."""

MOST_CHARACTERS = 12
_FIRST = 256
"""Characters that are searched at first: most lists are found soon, and then most phrases needn't be looked for."""
_FEW = 6
"""Lists up to which their searches are kept one by one."""
_SENTENCE = frozenset("\u3002\uff01\uff1f\uff1b!?;\n")
"""What ends one, as far as a gap is concerned."""


class _Node:
    """A piece of phrases, and what may come after it.

    Attributes:
        lists: a bit for each list of the phrases that have it here.
        ends: the phrases that end with it.
        after: what may follow it after a gap, by the number of the piece.
    """

    __slots__ = ("after", "ends", "lists")

    def __init__(self) -> None:
        self.lists = 0
        self.ends = Ends()
        self.after: dict[int, _Node] = {}

    def may_end(self, present: set[int], missing: int) -> bool:
        """Whether a text that has these pieces may have the whole of a phrase of a missing list."""
        if not self.lists & missing:
            return False
        if self.ends.lists & missing:
            return True
        return any(self.after[number].may_end(present, missing) for number in self.after.keys() & present)

    def followers(self, present: set[int]) -> Iterator[int]:
        """The pieces, of those present, that come after it in any phrase."""
        for number in self.after.keys() & present:
            yield number
            yield from self.after[number].followers(present)


class Glued:
    """The phrases without spaces of a table, held by what is before, between and after their gaps.

    Attributes:
        lists: a bit for each list that has any.
        longest: signs of the longest phrase, its gaps as long as they may be.
        heads: by the number of a piece, the phrases that begin with it.
    """

    def __init__(self, write_out: Callable[[int, str], None]) -> None:
        self.lists = 0
        self.longest = 0
        self.heads: dict[int, _Node] = {}
        self._numbers: dict[str, int] = {}
        self._latin = set[int]()
        """The pieces that begin or end with a letter of words."""
        self._parts: list[int] = []
        """Of each piece, a bit for each list of the phrases that have it anywhere."""
        self._searches: dict[int, tuple[AhoCorasick, list[int] | None]] = {}
        self._write_out = write_out
        self._waiting: list[tuple[int, str]] = []

    def wait(self, number: int, entry: str) -> None:
        """Take a list's entry, to be written out when a text has such a script."""
        self.lists |= 1 << number
        self._waiting.append((number, entry))

    def add(self, pieces: Sequence[str], number: int, phrase: str) -> None:
        """Take a list's phrase, given by what is before, between and after its gaps."""
        self.lists |= 1 << number
        self.longest = max(self.longest, sum(map(len, pieces)) + len(pieces[1:]) * MOST_CHARACTERS)
        nodes, ends = self.heads, Ends()
        for piece in pieces:
            at = self._numbers.setdefault(piece, len(self._numbers))
            if at == len(self._parts):
                self._parts.append(0)
                if _has_latin_edge(piece):
                    self._latin.add(at)
            self._parts[at] |= 1 << number
            node = nodes.setdefault(at, _Node())
            node.lists |= 1 << number
            nodes, ends = node.after, node.ends
        ends.add(number, phrase)
        self._searches.clear()

    def write_out(self) -> None:
        """Write out what waits for it."""
        waiting, self._waiting = self._waiting, []
        for number, entry in waiting:
            self._write_out(number, entry)

    def pieces(self, folded: str, missing: int) -> list[tuple[int, int, int]]:
        """The places of the pieces of missing lists: the number of each, where it begins and where it ends.

        Args:
            folded: the text.
            missing: a bit for each list that is looked for; some of others may be found too.
        """
        search, numbers = self._search(missing)
        try:
            found = search.find_matches_as_indexes(folded, overlapping=True)
        except UnicodeEncodeError:  # halves of surrogates, which are no text
            folded = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in folded)
            found = search.find_matches_as_indexes(folded, overlapping=True)
        return found if numbers is None else [(numbers[place], start, end) for place, start, end in found]

    def _search(self, missing: int) -> tuple[AhoCorasick, list[int] | None]:
        """What finds them, and the numbers of those it finds where it is not all; where few lists make few choices."""
        lists = missing & self.lists if self.lists.bit_count() <= _FEW else self.lists
        if lists not in self._searches:
            from ahocorasick_rs import AhoCorasick  # noqa: PLC0415 - most texts are of other scripts

            numbers = [number for number, of in enumerate(self._parts) if of & lists]
            pieces = list(self._numbers)
            is_all = len(numbers) == len(pieces)
            search = AhoCorasick(pieces if is_all else [pieces[number] for number in numbers])
            self._searches[lists] = search, None if is_all else numbers
        return self._searches[lists]

    def possible(self, present: set[int], missing: int) -> dict[int, _Node]:
        """By the number of their first piece, the phrases of missing lists of which a text may have all pieces.

        Args:
            present: the pieces it has.
            missing: a bit for each list that is looked for.
        """
        heads = {number: self.heads[number] for number in self.heads.keys() & present}
        return {number: node for number, node in heads.items() if node.may_end(present, missing)}

    def whole(self, text: str, pieces: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """Those that cut no Latin word at either end: a phrase such as ``jsonに変換`` begins with a whole one."""
        if self._latin.isdisjoint(number for number, _, _ in pieces):
            return pieces
        return [one for one in pieces if one[0] not in self._latin or not any(_is_inside(text, at) for at in one[1:])]


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
        size = len(text) if is_last else max(first, len(text) - self._phrases.longest)
        found: list[tuple[int, Ends]] = []
        if not text.isascii():
            cut = first + _FIRST if not self.looked and size > first + _FIRST else size
            found = self._walk(text[: cut + self._phrases.longest], first, cut)
            if cut < size and self.missing:
                found += self._walk(text, cut, size)
        places = _among_words(text, [start for start, _ in found], words, self.looked - first) if found else {}
        self.looked += size - first
        self._before, self._text = text[max(size - 1, 0) : size], text[size:]
        return [(places[start], ends) for start, ends in found]

    def _walk(self, text: str, first: int, limit: int) -> list[tuple[int, Ends]]:
        """The phrases that begin from the first place to the limit, shorter before longer ones."""
        pieces = self._phrases.pieces(text, self.missing)
        present = set(map(itemgetter(0), pieces))
        heads = self._phrases.possible(present, self.missing)
        if not heads:
            return []
        wanted = heads.keys() | {number for node in heads.values() for number in node.followers(present)}
        pieces = self._phrases.whole(text, [piece for piece in pieces if piece[0] in wanted])
        pieces.sort(key=itemgetter(1))
        search = _Ends(text, pieces)
        found: list[tuple[int, Ends]] = []
        for start, here in groupby(pieces, itemgetter(1)):
            if start >= limit or not self.missing:
                break
            if start < first:
                continue
            ends: list[tuple[int, Ends]] = []
            for number, _, at in here:
                head = heads.get(number)
                if head is not None and head.lists & self.missing:
                    ends += search.of(head, at, self.missing)
            if ends:
                ends.sort(key=itemgetter(0))
                found += [(start, one) for _, one in ends]
                for _, one in ends:
                    self.missing &= ~one.lists
        return found


class _Ends:
    """The search for the ends of phrases in a text.

    Args:
        text: the text.
        pieces: the pieces that are in it, in order of where they begin.
    """

    def __init__(self, text: str, pieces: list[tuple[int, int, int]]) -> None:
        self._text = text
        self._pieces = pieces
        self._starts = [start for _, start, _ in pieces]

    def of(self, node: _Node, at: int, missing: int) -> list[tuple[int, Ends]]:
        """The phrases of missing lists that go on from a piece that ends there, with the places of their own ends."""
        found = [(at, node.ends)] if node.ends.lists & missing else []
        if node.after:
            low = bisect_left(self._starts, at)
            high = bisect_right(self._starts, at + MOST_CHARACTERS, low)
            for number, start, end in self._pieces[low:high]:
                below = node.after.get(number)
                if below is not None and below.lists & missing and _SENTENCE.isdisjoint(self._text[at:start]):
                    found += self.of(below, end, missing)
        return found


def _has_latin_edge(piece: str) -> bool:
    return any(edge.isalnum() and not is_glued(edge) for edge in (piece[0], piece[-1]))


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
