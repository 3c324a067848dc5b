"""One request as the rules look at it: its features, and its words, which are looked up once for all of them."""

from __future__ import annotations

from rung.routing.patterns import Patience
from rung.routing.tokens import MOST_PER_SIGN, estimate
from rung.types.pattern import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from rung.routing.lists import Lists
    from rung.routing.words import Said
    from rung.types.features import Features

    Verdict: TypeAlias = tuple[bool | None, str]
    """Whether something holds (None: could not be found out), and the sentence that says so."""

HEAD, TAIL = 6_000, 2_000
"""Tokens at both ends of a long text in which words are looked for: what is asked stands there. Pins by words look
through all of it."""
_PATIENCE = 256
"""Characters in which a place between two words is looked for; scripts without spaces may have none."""
_BETWEEN_WORDS = lazy(r"[\s,;:(){}<>=&|/]")


def _ends(typed: str) -> str:
    """The text, or both its ends where it is long, cut between two words if there are any."""
    if len(typed) * MOST_PER_SIGN <= HEAD + TAIL or (tokens := estimate(typed)) <= HEAD + TAIL:
        return typed
    head, tail = len(typed) * HEAD // tokens, len(typed) - len(typed) * TAIL // tokens
    lasts = [sign.start() for sign in _BETWEEN_WORDS.finditer(typed, max(0, head - _PATIENCE), head)]
    first = _BETWEEN_WORDS.search(typed, tail, tail + _PATIENCE)
    return f"{typed[: lasts[-1] if lasts else head]}\n\n{typed[first.start() if first else tail :]}"


class Look:
    """One request, while the rules look at it."""

    def __init__(self, features: Features, home: str, table: Lists, *, careful: bool = True) -> None:
        self.features = features
        self.home = home
        self.patience = Patience()
        self.wide = False
        """For a pin: whatever is in the context counts, not what it is about alone."""
        self.turned = False
        """Inside a ``not``."""
        self._table = table
        self._careful = careful
        """Whether words are looked for in all of what was typed, however long it is."""
        self._said: dict[int, Said] | None = None

    def said(self, number: int) -> Said | None:
        """The first word of that list in what was typed, and where it stands."""
        if self._said is None:
            typed = self.features.typed if self._careful else _ends(self.features.typed)
            self._said = self._table.look(typed) if typed else {}
        return self._said.get(number)
