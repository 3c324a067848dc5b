"""Where in a text phrases without spaces may begin, told by two signs of each.

A phrase can only be where its anchor is: the first two signs side by side that are of a script without spaces. In most
texts hardly any two are, so one search by a regular expression leaves a place in a hundred to be looked at.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rung.routing.units import GLUED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


_MANY = 100
"""Places from which on it pays to look for equal ones."""


class Anchors:
    """The anchors of phrases.

    Args:
        reach: how many signs a gap may be long.
    """

    def __init__(self, reach: int) -> None:
        self._reach = reach
        self._near: dict[str, set[int]] = {}
        """By anchor, how far before it a phrase may begin."""
        self._far: dict[str, set[tuple[str, int, int]]] = {}
        """By anchor, what a phrase may begin with before a gap, and the least and most signs from there."""
        self._longest = 0
        """Signs of the longest phrase, its gaps as long as they may be."""
        self._search: list[tuple[int, re.Pattern[str]]] | None = None

    def add(self, pieces: Sequence[str]) -> None:
        """Take a phrase.

        Args:
            pieces: what is before, between and after its gaps; one at least has a sign of such a script.
        """
        number, at, anchor = _anchor(pieces)
        if number:
            least = sum(map(len, pieces[:number])) + at
            self._far.setdefault(anchor, set()).add((pieces[0], least, least + number * self._reach))
        else:
            self._near.setdefault(anchor, set()).add(at)
        self._longest = max(self._longest, sum(map(len, pieces)) + len(pieces[1:]) * self._reach)
        self._search = None

    def starts(self, folded: str) -> list[int]:
        """Where phrases may begin, in order.

        Returns:
            The first place of every phrase the text has, and some more.
        """
        if self._search is None:
            self._search = list(self._expressions())
        starts: set[int] = set()
        for length, expression in self._search:
            known = self._near.keys() | self._far.keys()
            found = [match.start() for match in expression.finditer(folded)]
            found = [at for at in found if folded[at : at + length] in known]
            for at in found if len(found) < _MANY else self._different(folded, found):
                anchor = folded[at : at + length]
                starts.update(at - back for back in self._near.get(anchor, ()) if back <= at)
                for head, least, most in self._far.get(anchor, ()):
                    starts.update(_places(folded, head, max(at - most, 0), at - least))
        return sorted(starts)

    def _different(self, folded: str, found: list[int]) -> Iterable[int]:
        """The places without those that have an earlier one's surroundings, as far as any phrase looks."""
        around = self._longest + 1
        padded = "\n" * around + folded + "\n" * around  # no phrase begins or ends with a line's end
        return {padded[at : at + 2 * around]: at for at in reversed(found)}.values()

    def _expressions(self) -> Iterator[tuple[int, re.Pattern[str]]]:
        """What finds anchors of one sign, and of two; of these more than there are, so that it stays short."""
        anchors = self._near.keys() | self._far.keys()
        singles = [anchor for anchor in anchors if len(anchor) == 1]
        pairs = anchors.difference(singles)
        if singles:
            yield 1, re.compile(f"[{_any(singles)}]")
        if pairs:
            # a sign that is repeated a thousand times is passed over quickly, where no phrase has it twice
            once = r"(?!\1)" if all(pair[0] != pair[1] for pair in pairs) else ""
            firsts, seconds = _any(pair[0] for pair in pairs), _any(pair[1] for pair in pairs)
            yield 2, re.compile(f"([{firsts}]){once}(?=[{seconds}])")


def _any(signs: Iterable[str]) -> str:
    """The signs, as a class of an expression has them."""
    return "".join(re.escape(sign) for sign in sorted(set(signs)))


@lru_cache(maxsize=1)
def _anchors() -> tuple[re.Pattern[str], ...]:
    """What can be an anchor: two signs or, where there are none, one."""
    glued = "".join(f"{low}-{high}" for low, high in GLUED)
    return re.compile(f"[{glued}]{{2}}"), re.compile(f"[{glued}]")


def _anchor(pieces: Sequence[str]) -> tuple[int, int, str]:
    """The number of the piece that has the anchor, where in it that is, and the anchor."""
    for expression in _anchors():
        for number, piece in enumerate(pieces):
            match = expression.search(piece)
            if match:
                return number, match.start(), match[0]
    raise ValueError("no sign of a script without spaces")


def _places(text: str, head: str, low: int, high: int) -> Iterator[int]:
    """Where the head begins, from low to high."""
    at = text.find(head, low, high + len(head))
    while at >= 0:
        yield at
        at = text.find(head, at + 1, high + len(head))
