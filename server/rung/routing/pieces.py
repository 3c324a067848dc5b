"""Phrases held by their pieces: what is before, between and after their gaps.

Which pieces a text has is found in one pass over it (Aho-Corasick). Nearly always there is no phrase that it has all
pieces of, and that is all; where there are some, it is looked again where theirs are, and what comes after them.
"""

from __future__ import annotations

from collections import Counter

from rung.routing.walk import Ends, Walk, automaton, matches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ahocorasick_rs import AhoCorasick

    from rung.routing.walk import Phrases, Rules


_FEW = 2
"""Lists for which it pays to look without the others."""
_KEPT = 8
"""Searches for so few lists that are kept."""


class Pieces:
    """The phrases of lists.

    Attributes:
        lists: a bit for each list that has any.
    """

    def __init__(self) -> None:
        self.lists = 0
        self._phrases: dict[tuple[str, ...], Ends] = {}
        self._by_rarest: dict[str, list[tuple[int, frozenset[str], Phrases]]] = {}
        """The phrases by that piece of them which fewest others have, with their lists and their other pieces."""
        self._searches: dict[int, AhoCorasick] = {}
        """For the pieces of some lists, those of all among them."""

    def add(self, pieces: Iterable[str], number: int, phrase: str) -> None:
        """Take a list's phrase: one piece at least."""
        self.lists |= 1 << number
        pieces = tuple(pieces)
        ends = self._phrases.get(pieces) or self._phrases.setdefault(pieces, Ends())
        ends.add(number, phrase)
        self._searches.clear()

    def walk(self, text: str, first: int, limit: int, missing: int, rules: Rules) -> list[tuple[int, Ends]]:
        """The phrases of missing lists that begin from the first place to the limit, shorter before longer ones.

        Of a list, those at the first place where it has any.

        Args:
            text: the text.
            first: the first place that counts.
            limit: where the places end.
            missing: a bit for each list that is looked for.
            rules: what holds a phrase together.
        """
        if not self.lists & missing:
            return []
        phrases = self._said(text, missing)
        return Walk(text, first, limit, missing, rules).find(phrases) if phrases else []

    def _said(self, text: str, missing: int) -> list[Phrases]:
        """The phrases of missing lists of which the text has all pieces, somewhere."""
        present = set(matches(self._search(missing).find_matches_as_strings, text))
        return [
            phrases
            for piece in self._by_rarest.keys() & present
            for lists, others, phrases in self._by_rarest[piece]
            if lists & missing and others <= present
        ]

    def _search(self, missing: int) -> AhoCorasick:
        """The search for all pieces of missing lists, and maybe of others."""
        if not self._searches:
            self._prepare()
        wanted = missing & self.lists
        if wanted.bit_count() > _FEW:
            return self._searches[self.lists]
        if wanted not in self._searches:
            for other in list(self._searches)[1:-_KEPT]:
                del self._searches[other]
            phrases = (pieces for pieces, ends in self._phrases.items() if ends.lists & wanted)
            self._searches[wanted] = automaton({piece for pieces in phrases for piece in pieces})
        return self._searches[wanted]

    def _prepare(self) -> None:
        """Make ready what is asked of all phrases."""
        uses = Counter(piece for pieces in self._phrases for piece in pieces)
        self._by_rarest.clear()
        for pieces, ends in self._phrases.items():
            rarest = min(pieces, key=uses.__getitem__)
            others = frozenset(pieces) - {rarest}
            self._by_rarest.setdefault(rarest, []).append((ends.lists, others, (pieces, ends)))
        self._searches[self.lists] = automaton(uses)
