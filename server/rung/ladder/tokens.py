"""Tokens of a text for one model: the estimate, corrected by what the model's server counted before."""

from __future__ import annotations

from rung.routing import tokens
from rung.types.model import Model

WEIGHT = 0.3
"""Of the newest count in the moving average."""
PLAUSIBLE = (0.35, 3.0)
"""Counts outside these multiples of the estimate come from a trimmed prompt or a broken server: nothing to learn."""
MESSAGE_OVERHEAD = 8
"""Tokens a chat template adds to a message, about."""


class TokenCounter:
    """Estimates that learn; owned by the engine's loop."""

    def __init__(self) -> None:
        self._ratios: dict[str, float] = {}

    def count(self, model: Model | None, text: str) -> int:
        """Tokens of the text, for this model where one is given."""
        ratio = self._ratios.get(_key(model), 1.0) if model else 1.0
        return round(tokens.estimate(text) * ratio)

    def learn(self, model: Model, text_tokens: int, reported: int) -> None:
        """Take in a count of the server.

        Args:
            model: who counted.
            text_tokens: what :meth:`count` said of the same prompt.
            reported: what the server counted.
        """
        old = self._ratios.get(_key(model), 1.0)
        plain = text_tokens / old
        if reported <= 0 or plain < 50 or not PLAUSIBLE[0] < reported / plain < PLAUSIBLE[1]:
            return
        self._ratios[_key(model)] = old + WEIGHT * (reported / plain - old)


def _key(model: Model | None) -> str:
    return f"{model.url} {model.model}" if model else ""
