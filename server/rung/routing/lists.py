"""Lists of words before anybody looks for them.

A command line asks once: to make thousands of entries ready would take longer than all the rest, so it is looked first
whether any of them can begin in what was typed.
"""

from __future__ import annotations

from functools import lru_cache

from rung.routing.entries import beginning
from rung.routing.units import units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rung.routing.words import Said, Table

SHORT = 1000
"""Characters of a text up to which that is quicker."""


class Lists:
    """Lists of words, made ready to be searched for (:mod:`rung.routing.words`) when a text may say any of them.

    Args:
        lists: all of them.
        instead: by list others; where any of these is said, nobody asks for the list.

    Attributes:
        numbers: which number a list has in the answers of :meth:`look`.
    """

    def __init__(
        self,
        lists: Iterable[tuple[str, ...]],
        instead: Mapping[tuple[str, ...], frozenset[tuple[str, ...]]] | None = None,
    ) -> None:
        self.numbers: dict[tuple[str, ...], int] = {}
        self._instead = dict(instead or {})
        for words in lists:
            self.numbers.setdefault(words, len(self.numbers))
        self._table: Table | None = None
        self._was_asked = False

    def look(self, typed: str) -> dict[int, Said]:
        """What of the lists the text says, as :meth:`rung.routing.words.Table.look` has it."""
        only, is_first = None, not self._was_asked
        self._was_asked = True
        if is_first and self._table is None and len(typed) <= SHORT and typed.isascii():
            said = dict.fromkeys(units(typed.lower()))
            only = {words: beginning(words, said) for words in self.numbers}
            if not any(only.values()):
                return {}
        if only is not None:
            from rung.routing.words import Table  # noqa: PLC0415 - takes as long as all else where nothing is said

            return Table(self.numbers, only, self._instead).look(typed)
        self._table = self._table or _table(tuple(self.numbers), tuple(self._instead.items()))
        return self._table.look(typed)


@lru_cache(maxsize=4)
def _table(
    lists: tuple[tuple[str, ...], ...], instead: tuple[tuple[tuple[str, ...], frozenset[tuple[str, ...]]], ...]
) -> Table:
    """The lists, ready to be searched for; kept, for settings are read again and seldom have other words."""
    from rung.routing.words import Table  # noqa: PLC0415 - see above

    return Table(lists, instead=dict(instead))
