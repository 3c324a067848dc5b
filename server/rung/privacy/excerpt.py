"""A part that was cut from a longer text: what tells a secret may stand where it was cut away.

A line of a private key says nothing without its BEGIN, nor a value without its name. So the text a part was cut from is
searched whole, and what is found there holds for the part: by its place, so that half of a value goes as well as all of
it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from rung.privacy import secrets
from rung.privacy.found import Found
from rung.types.part import Part
from rung.types.value import Value

_MOST_PLACES = 100
"""A text that stands more often in the one it was cut from tells no place; then its secrets are known by themselves."""


class Whole:
    """A text of which parts are cut. It is searched once, whoever asks; its repr shows nothing of it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._found: tuple[Found, ...] | None = None

    @property
    def found(self) -> tuple[Found, ...]:
        """Its secrets, in its order."""
        if self._found is None:
            self._found = secrets.find(self.text)
        return self._found

    def __repr__(self) -> str:
        return f"Whole({len(self.text)} characters)"


class Cut(Value):
    """A piece of an excerpt, as it stands in the whole."""

    start: int
    """In the whole."""
    end: int
    at: int
    """Where it begins in the excerpt."""


class Excerpt(Part):
    """A part of a prompt that was cut from a longer text."""

    whole: Whole = Whole("")
    cuts: tuple[Cut, ...] = ()
    """Where each of its pieces comes from; where its text is another by now, it is looked for in the whole."""

    @property
    def found(self) -> tuple[Found, ...]:
        """The secrets of the whole that stand in the excerpt, or as much of them as does; offsets in its text."""
        return tuple(
            item.replace(start=start - cut.start + cut.at, end=end - cut.start + cut.at)
            for cut in self._cuts()
            for item in self.whole.found
            if (start := max(item.start, cut.start)) < (end := min(item.end, cut.end))
        )

    def _cuts(self) -> Iterator[Cut]:
        whole, text = self.whole.text, self.text
        if self.cuts and all(whole[cut.start : cut.end] == text[cut.at :][: cut.end - cut.start] for cut in self.cuts):
            yield from self.cuts
            return
        place = whole.find(text) if text else -1
        for _ in range(_MOST_PLACES):
            if place < 0:
                return
            yield Cut(place, place + len(text), 0)
            place = whole.find(text, place + 1)
