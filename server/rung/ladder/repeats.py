"""Whether an answer ends in a loop: the same words over and over, to its last character.

Tables, lists of numbers and data have equal lines, too. So the loop must be long, and nothing may come after it.
"""

from __future__ import annotations

LOOK = 4000
"""Characters of the answer's end that are looked at."""
SHORTEST = 700
"""Characters of a loop."""
ROUNDS = 8
"""A loop goes round at least so often ..."""
SHORT_ROUNDS = 60
"""... and so often where a round is shorter than ``SHORT`` characters."""
SHORT = 16


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
            return True
    return False
