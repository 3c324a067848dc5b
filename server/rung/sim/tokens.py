"""How the simulator counts tokens: a rule simple enough to do in one's head.

A text has one token for every four bytes of its UTF-8 form, rounded up, and at least one. A message costs four more
for its template, and a prompt two more for the beginning of the answer. What a model *says* is counted by pieces: every
piece streamed is one token, plus one for the end marker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

BYTES_PER_TOKEN = 4
PER_MESSAGE = 4
PER_PROMPT = 2


@dataclass(frozen=True)
class Message:
    """One message of a prompt, whatever protocol it came by."""

    role: str
    text: str


def count(text: str) -> int:
    """Tokens of a text."""
    return max(1, -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN))


def count_prompt(messages: Sequence[Message]) -> int:
    """Tokens of a whole prompt, its template included."""
    return sum(count(message.text) + PER_MESSAGE for message in messages) + PER_PROMPT


def fit(messages: Sequence[Message], window: int) -> tuple[list[Message], int]:
    """What is left of a prompt in a window of ``window`` tokens, and the count Ollama would report for it.

    Whole messages go first, oldest first, but neither a system message nor the last one. What is still too long
    is cut in its middle, and counts as half of the window plus two, as recorded.
    """
    kept = list(messages)
    while count_prompt(kept) > window:
        oldest = next((index for index, message in enumerate(kept[:-1]) if message.role != "system"), None)
        if oldest is None:
            break
        del kept[oldest]
    counted = count_prompt(kept)
    if counted <= window:
        return kept, counted
    half = window // 2 + 2
    last = kept[-1]
    side = half * BYTES_PER_TOKEN // 2
    kept[-1] = replace(last, text=last.text[:side] + last.text[-side:])
    return kept, half
