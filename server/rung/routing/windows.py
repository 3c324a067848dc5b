"""A long text in pieces that can be read one by one: what the first ones say need not be looked for in the rest.

A piece ends between two words of one line, or between two signs of a script without spaces, so that reading the pieces
gives the words of the whole: no accent, no word and no end of a sentence is cut in two.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rung.routing.units import Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST, GROWTH, MOST = 300, 32, 16384
"""Characters of the first piece, times of those the next has, and of the longest, about: most is found in the first."""
_PATIENCE = 256
"""Characters in which a place to cut is looked for."""
_MARK = "_+#_+#_"
"""Stands for the end of a sentence; a word nobody types."""


@lru_cache(maxsize=1)
def _cut() -> re.Pattern[str]:
    """A sign before which a text may be cut."""
    han, thai = "\u4e00-\u9fff", "\u0e01-\u0e2e"
    sign = r",;:(){}<>=&|/"
    # one of few signs comes first: the search leaps from one to the next
    return re.compile(
        rf"[ \r\n{sign}{han}{thai}]"
        rf"(?:(?<=\w[ \n])(?=\w)|(?<=\w\r)(?=\n\w)|(?<=\w[{sign}])|(?<=[{han}][{han}])|(?<=[\u0e00-\u0e7f][{thai}]))"
    )


def windows(text: str) -> Iterator[tuple[str, bool]]:
    """The pieces in order, each with whether it is the last one."""
    at, size = 0, FIRST
    while len(text) - at > size + _PATIENCE:
        cut, end, step = None, at, size
        while cut is None and len(text) - end > step + _PATIENCE:
            end, step = end + step, 2 * step  # twice as far, so that a text without a place to cut costs few looks
            cut = _cut().search(text, end, end + _PATIENCE)
        if cut is None:
            break
        yield text[at : cut.start()], False
        at, size = cut.start(), min(GROWTH * size, MOST)
    yield text[at:] if at else text, True


@lru_cache(maxsize=1)
def _sentence_end() -> re.Pattern[str]:
    """The end of a sentence or a paragraph; no dot of an abbreviation (``e.g.``) or of a list's number."""
    capital = "[A-Z\u00c0-\u00de\u0386-\u03ab\u0400-\u042f]"
    short = ("z", "vs", "cf", "ca", "Dr", "Mr", "Ms", "Nr", "No", "bzw", "resp", "Mrs", "Prof")
    no_end = r"(?<!\.\w\.)(?<!\.\s\w\.)(?<!\n\d\.)(?<!\n\d\d\.)" + "".join(rf"(?<!\b{word}\.)" for word in short)
    dot = rf"(?<=\.)[\"')\]\u2019\u201c\u201d\xbb]*(?=\s+[\"'(\[\u2018\u201c\u201e\xab\xbf\xa1]*{capital}){no_end}"
    sign = "(?<=[!?])[\"')\\]\u2019\u201d\xbb]*(?=\\s)|(?<=[\u3002\uff01\uff1f])"
    # what all of them begin with comes first: the search leaps from one to the next
    return re.compile(rf"[.!?\n\u3002\uff01\uff1f](?:{dot}|{sign}|(?<=\n)(?=[^\S\n]*\n))")


def breaks(text: Text) -> list[int]:
    """The words of a piece before which a sentence or a paragraph ended, by their number, in order."""
    marked, count = _sentence_end().subn(f" {_MARK} ", text.typed)
    if not count:
        return []
    words = Text(marked, _yes).words()
    mark = _MARK.encode()
    marks = [number for number, word in enumerate(words) if word == mark]
    return [number - before for before, number in enumerate(marks)]


def is_broken(text: Text, first: int, last: int) -> bool:
    """Whether a sentence or a paragraph ended between two words of a piece, given by where they begin."""
    # the sign that begins the last word tells whether a dot before it ends a sentence
    ending = _sentence_end().search(text.typed, first, last + 1)
    return ending is not None and ending.start() < last


def _yes() -> bool:
    return True
