"""Where in a text phrases without spaces may begin, told by two signs of each.

A phrase can only be where its anchor is: two signs side by side that are of a script without spaces, and of which most
texts have few. So one search by a regular expression leaves a place in a hundred to be looked at.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rung.routing.units import GLUED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


_SOME = 24
"""Places from which on it pays to look whether the text has what the phrases there need."""
_MANY = 200
"""Places from which on it pays to look for equal ones."""
_LONG = 400
"""Signs from which on it pays to look for no more anchors than needed."""
_FEW = 6
_COMMON = frozenset(
    "的一是不了在有人我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着下自之年过過发發后後作里用道行所然家种種"
    "什么麼把将將给給请請"
)
"""Signs every text has, besides kana."""


class _Anchor:
    """What begins at an anchor, or before it."""

    __slots__ = ("far", "lists", "near", "phrases")

    def __init__(self) -> None:
        self.lists = 0
        """A bit for each list that has a phrase with it."""
        self.near: set[int] = set()
        """How far before it a phrase may begin."""
        self.far: set[tuple[str, int, int]] = set()
        """What a phrase may begin with before a gap, and the least and most signs from there."""
        self.phrases: list[tuple[int, frozenset[str], tuple[str, ...]]] = []
        """Of each phrase a bit for each list that has it, its signs, and what is between its gaps."""

    def may_be_in(self, text: str, signs: set[str], missing: int) -> bool:
        """Whether the text, which has these signs, has all that any of its phrases of missing lists needs."""
        return any(
            lists & missing and own <= signs and all(map(text.__contains__, pieces))
            for lists, own, pieces in self.phrases
        )


class Anchors:
    """The anchors of phrases.

    Args:
        reach: how many signs a gap may be long.

    Attributes:
        longest: signs of the longest phrase, its gaps as long as they may be.
    """

    def __init__(self, reach: int) -> None:
        self.longest = 0
        self._reach = reach
        self._anchors: dict[str, _Anchor] = {}
        self._lists = 0
        self._searches: dict[int, list[tuple[int, re.Pattern[str]]]] = {}
        """What finds them, by the lists they are of."""

    def add(self, pieces: Sequence[str], lists: int) -> None:
        """Take a phrase.

        Args:
            pieces: what is before, between and after its gaps; one at least has a sign of such a script.
            lists: a bit for each list that has it.
        """
        number, at, sign = _anchor(pieces)
        anchor = self._anchors.setdefault(sign, _Anchor())
        anchor.lists |= lists
        anchor.phrases.append((lists, frozenset("".join(pieces)), tuple(pieces)))
        if number:
            least = sum(map(len, pieces[:number])) + at
            anchor.far.add((pieces[0], least, least + number * self._reach))
        else:
            anchor.near.add(at)
        self.longest = max(self.longest, sum(map(len, pieces)) + len(pieces[1:]) * self._reach)
        self._lists |= lists
        self._searches.clear()

    def starts(self, folded: str, low: int, high: int, missing: int) -> list[int]:
        """Where phrases may begin, in order.

        Args:
            folded: the text.
            low: the first place that counts.
            high: where the places end.
            missing: a bit for each list that is looked for.

        Returns:
            The first place of every phrase that begins there, and some more.
        """
        starts: set[int] = set()
        known = self._anchors.get
        for length, expression in self._search(missing, long=high - low > _LONG):
            places = [match.start() for match in expression.finditer(folded, low, high + self.longest)]
            found = [(at, anchor) for at in places if (anchor := known(folded[at : at + length])) is not None]
            found = [one for one in found if one[1].lists & missing]
            if len(found) >= _SOME:
                found = _likely(folded, found, missing)
            if len(found) >= _MANY:
                found = self._different(folded, found)
            for at, anchor in found:
                for back in anchor.near:
                    starts.add(at - back)
                for head, least, most in anchor.far:
                    end = at - least + len(head)
                    start = folded.find(head, max(at - most, low), end) if end > low else -1
                    while start >= 0:
                        starts.add(start)
                        start = folded.find(head, start + 1, end)
        return sorted(start for start in starts if low <= start < high)

    def _different(self, folded: str, found: list[tuple[int, _Anchor]]) -> list[tuple[int, _Anchor]]:
        """The places without those that have an earlier one's surroundings, as far as any phrase looks."""
        around = self.longest + 1
        padded = "\n" * around + folded + "\n" * around  # no phrase begins or ends with a line's end
        last = {padded[at : at + 2 * around]: (at, anchor) for at, anchor in reversed(found)}
        return [*last.values()]

    def _search(self, missing: int, *, long: bool) -> list[tuple[int, re.Pattern[str]]]:
        """What finds the anchors; for a long text only those of missing lists, where few lists make few choices."""
        lists = missing & self._lists if long and self._lists.bit_count() <= _FEW else self._lists
        if lists not in self._searches:
            self._searches[lists] = list(self._expressions(lists))
        return self._searches[lists]

    def _expressions(self, lists: int) -> Iterator[tuple[int, re.Pattern[str]]]:
        """What finds anchors of one sign, and of two; of these more than there are, so that it stays short."""
        anchors = {sign for sign, anchor in self._anchors.items() if anchor.lists & lists}
        singles = {sign for sign in anchors if len(sign) == 1}
        pairs = anchors - singles
        if singles:
            yield 1, re.compile(f"[{_any(singles)}]")
        if pairs:
            # a sign that is repeated a thousand times is passed over quickly, where no phrase has it twice
            once = r"(?!\1)" if all(pair[0] != pair[1] for pair in pairs) else ""
            firsts, seconds = _any(pair[0] for pair in pairs), _any(pair[1] for pair in pairs)
            yield 2, re.compile(f"([{firsts}]){once}(?=[{seconds}])")


def _likely(folded: str, found: list[tuple[int, _Anchor]], missing: int) -> list[tuple[int, _Anchor]]:
    """The places of anchors of which the text has all that some phrase needs."""
    signs = set(folded)
    wanted = {anchor for anchor in {one for _, one in found} if anchor.may_be_in(folded, signs, missing)}
    return [one for one in found if one[1] in wanted]


def _any(signs: Iterable[str]) -> str:
    """The signs, as a class of an expression has them."""
    return "".join(re.escape(sign) for sign in sorted(set(signs)))


@lru_cache(maxsize=1)
def _sign() -> re.Pattern[str]:
    """Of what anchors are made."""
    return re.compile("[" + "".join(f"{low}-{high}" for low, high in GLUED) + "]")


def _anchor(pieces: Sequence[str]) -> tuple[int, int, str]:
    """The number of the piece that has the anchor, where in it that is, and the anchor: two signs or, if need be, one.

    Raises:
        ValueError: there is no sign of a script without spaces.
    """
    places: list[tuple[int, int, int, str]] = []
    for number, piece in enumerate(pieces):
        signs = [match.start() for match in _sign().finditer(piece)]
        for at in signs:
            pair = piece[at : at + 1 + (at + 1 in signs)]
            places.append((_commonness(pair), number, at, pair))
    _, number, at, pair = min(places)
    return number, at, pair


def _commonness(pair: str) -> int:
    """How likely a text has the anchor: the fewer Han signs of its own it has, the more."""
    own = sum("\u3400" <= sign <= "\u9fff" and sign not in _COMMON for sign in pair)
    return (8 if len(pair) == 1 else 2) - own
