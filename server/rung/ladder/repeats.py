"""Whether an answer ends in a loop: the same words over and over, to its last character.

Tables, lists of numbers and data have equal lines, too. So the loop must be long, nothing may come after it, and rows
of numbers are none: an answer that was cut at its limit never gets here, and a table that ends by itself is one.
"""

from __future__ import annotations

import re

from rung.types.pattern import lazy

LOOK = 4000
"""Characters of the answer's end that are looked at."""
SHORTEST = 700
"""Characters of a loop."""
ROUNDS = 8
"""A loop goes round at least so often ..."""
SHORT_ROUNDS = 60
"""... and so often where a round is shorter than ``SHORT`` characters."""
SHORT = 16

_COUNTED = lazy(
    r"\b(?:repeat\w*|wiederhol\w*|répét\w+|repet\w+|ripet\w+)\b"
    r"|\b\d+\s*x\b|\b\d+[\s-]+(?:[\w-]+\s+){0,3}?(?:times|rows?|lines?|columns?|copies|zeros|zeroes|ones|records|entries|items"
    r"|characters|letters|words|elements|values|bytes|mal|zeilen|fois|lignes|veces|filas|líneas|vezes|linhas|volte|righe|keer|раз)\b"
    r"|\d+\s*(?:次|行|遍|回|個|个|번|줄)",
    re.IGNORECASE,
)

_CELLS = lazy(r"[,;|\t]")


def counted(asked: str) -> bool:
    """Whether a person asked for many of the same: so often, so many lines, repeated."""
    return bool(_COUNTED.search(asked))


def repeats(text: str) -> bool:
    """Whether the answer ends in a loop."""
    tail = text.rstrip()[-LOOK:][::-1]
    if len(tail) < SHORTEST:
        return False
    # How much of each beginning (of the reversed end) is also its ending: what is left over is one round.
    same = [0] * len(tail)
    held = 0
    for i in range(1, len(tail)):
        while held and tail[i] != tail[held]:
            held = same[held - 1]
        held += tail[i] == tail[held]
        same[i] = held
        size = i + 1
        round_ = size - held
        if size >= SHORTEST and size >= round_ * (SHORT_ROUNDS if round_ < SHORT else ROUNDS):
            return not _is_data(tail[:round_][::-1])
    return False


def _is_data(round_: str) -> bool:
    """Whether a round is of whole rows of a table, with nothing but numbers and signs in them."""
    if "\n" not in round_ or any(sign.isalpha() for sign in round_):
        return False
    return any(sign.isdigit() for sign in round_) or all(
        len(_CELLS.findall(row)) > 1 for row in filter(str.strip, round_.splitlines())
    )
