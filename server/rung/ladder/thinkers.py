"""Models that think although they are told not to, and the room their thoughts need beside the answer.

Only Ollama's are known here: its server counts thoughts against the limit of the answer, and some models can't be
silenced (gpt-oss by its make, ollama#11751; others are found out when they do it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.providers.ollama import is_tireless

if TYPE_CHECKING:
    from rung.ladder.memory import Figures
    from rung.types.model import Model

HEADROOM = 4096
"""Tokens for thoughts: gpt-oss told to think little needs some hundreds for a short task, deepseek-r1 up to 3,000."""
SHARE = 4
"""The part of a window that thoughts may take: the rest is for the prompt and the answer."""
OFTEN = 0.25
"""Share of its answers before which a model must have thought, lately: one more that did not is no proof."""


def headroom(model: Model, known: Figures, window: int | None) -> int:
    """Tokens this model gets for thoughts on top of those for its answer."""
    if model.provider != "ollama" or not (is_tireless(model.model) or (known.thinks or 0.0) > OFTEN):
        return 0
    return HEADROOM if window is None else min(HEADROOM, window // SHARE)
