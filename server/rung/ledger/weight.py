"""How many tokens a prompt may be charged for, whatever vocabulary its server has.

The estimate decisions are made on is too rough for money: hex dumps, base64 and punctuation have three times as many
tokens (measured against o200k: hex 2.96, random printable characters 2.95, base64 2.73). No vocabulary has more tokens
than the text has bytes, though, and OpenAI's own counts exactly, once it is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from rung.routing.tokens import DENSE, estimate
from rung.types.call import Message
from rung.types.value import Value

if TYPE_CHECKING:
    from rung.types.model import Model

Count: TypeAlias = Callable[[Iterable[str]], int | None]
"""Tokens of texts in OpenAI's vocabulary; None where they cannot be counted. It may take half a second: in a thread."""

FRAME = 16
"""Tokens a message costs at most besides its text: its role and what sets it off."""
FOREIGN = 2.0
"""Tokens another vocabulary may need for each of OpenAI's."""


class Weight(Value):
    """A prompt on the scales."""

    texts: tuple[str, ...]
    frames: int
    """Tokens of what is around the texts."""

    @property
    def likely(self) -> int:
        """Tokens nearly every prompt stays below: the estimate, twice."""
        return round((self.about - self.frames) * DENSE) + self.frames

    @property
    def about(self) -> int:
        """Tokens as they are estimated."""
        return sum(map(estimate, self.texts)) + self.frames

    @property
    def most(self) -> int:
        """Tokens no vocabulary exceeds."""
        return max(self.likely, sum(len(text.encode("utf-8", "surrogatepass")) for text in self.texts) + self.frames)

    def counted(self, model: Model, count: Count) -> int:
        """Tokens it has at most, by a count of its texts; takes a moment."""
        found = count(self.texts)
        if found is None:
            return self.most
        own = 1.0 if model.provider == "openai" else FOREIGN
        return max(self.likely, min(self.most, round(found * own) + self.frames))


def weigh(messages: Sequence[Message], schema: dict[str, Any] | None) -> Weight:
    """The weight of a question."""
    texts = [message.content for message in messages]
    return Weight((*texts, *([json.dumps(schema)] if schema else [])), FRAME * len(messages))


def uncounted(_: Iterable[str]) -> None:
    """The count of somebody who has no vocabulary."""
