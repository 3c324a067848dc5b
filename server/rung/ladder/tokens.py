"""Tokens of a text for one model: the estimate, corrected by what the model's server counted before.

OpenAI's newer models are counted exactly, once their vocabulary is loaded.
"""

from __future__ import annotations

from rung.ladder.memory import BOUNDS, WEIGHT, Memory
from rung.ladder.vocabulary import Vocabulary
from rung.routing import tokens
from rung.types.model import Model

PLAUSIBLE = BOUNDS["ratio"]
"""Counts outside these multiples of the estimate come from a trimmed prompt or a broken server: nothing to learn."""
MESSAGE_OVERHEAD = 8
"""Tokens a chat template adds to a message, about."""
COUNTED = ("gpt-4o", "gpt-4.1", "gpt-5", "o1", "o3", "o4")
"""Names that begin so belong to models of the vocabulary o200k_base."""


class TokenCounter:
    """Estimates that learn; owned by the engine's loop.

    Args:
        vocabulary: OpenAI's; None: everything is estimated.
        memory: keeps what was learned; None: it is forgotten at the end.
    """

    def __init__(self, vocabulary: Vocabulary | None = None, memory: Memory | None = None) -> None:
        self.memory = memory or Memory()
        self._vocabulary = vocabulary

    def count(self, model: Model | None, text: str) -> int:
        """Tokens of the text, for this model where one is given."""
        vocabulary = self._of(model)
        exact = vocabulary.count(text) if vocabulary else None
        if exact is not None:
            return exact
        return round(tokens.estimate(text) * (self._ratio(model) if model else 1.0))

    def _ratio(self, model: Model) -> float:
        return self.memory.of(model).ratio or 1.0

    def _of(self, model: Model | None) -> Vocabulary | None:
        """The vocabulary of this model, if it is known."""
        known = model is not None and model.provider == "openai" and model.model.startswith(COUNTED)
        return self._vocabulary if known else None

    def learn(self, model: Model, text_tokens: int, reported: int) -> None:
        """Take in a count of the server.

        Args:
            model: who counted.
            text_tokens: what :meth:`count` said of the same prompt.
            reported: what the server counted.
        """
        vocabulary = self._of(model)
        if vocabulary and vocabulary.loaded:
            return
        old = self._ratio(model)
        plain = text_tokens / old
        if reported <= 0 or plain < 50 or not PLAUSIBLE[0] < reported / plain < PLAUSIBLE[1]:
            return
        self.memory.put(model, ratio=old + WEIGHT * (reported / plain - old))
