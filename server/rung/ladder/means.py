"""What all attempts share: servers, queues, loads, and what was learned of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rung.ladder.health import Health
from rung.ladder.memory import SHORT, Memory
from rung.ladder.notices import Notices
from rung.ladder.rates import Rates
from rung.ladder.slots import Slots
from rung.ladder.speak import Said
from rung.ladder.tokens import TokenCounter
from rung.ladder.warmup import Warmups
from rung.types.model import Model

if TYPE_CHECKING:
    from rung.providers.events import Chat

LOCAL_PREFILL = 150.0
"""Tokens a second a local model reads, while nobody measured it: a 7B model on a laptop's processor."""
BELIEVED = 500.0
"""Tokens a second; a higher rate is not believed where a limit depends on it, for all that was measured may have been
cached. It costs a fast machine that hangs half a minute of patience with the longest of prompts."""
SLOWEST = 20.0
"""Tokens a second; where even this would have been fast enough, it was not the prompt that took so long."""
LOADED = 1.0
"""Seconds: an answer for which the server loaded longer says nothing of how fast the model is."""


class Means:
    """One per engine.

    Args:
        providers: by provider name.
        health: what is known of the servers.
        slots: the queues before the models.
        warmups: loads models that are not in memory.
        counter: tokens of a text; it learns into the same memory.
        notices: what this person's other processes tell of limits; None: there are none.
    """

    def __init__(
        self,
        providers: Mapping[str, Chat],
        health: Health,
        slots: Slots,
        warmups: Warmups,
        counter: TokenCounter,
        *,
        notices: Notices | None = None,
    ) -> None:
        self.providers = providers
        self.health = health
        self.slots = slots
        self.warmups = warmups
        self.counter = counter
        self.rates = Rates(notices)

    @property
    def memory(self) -> Memory:
        """What was measured of the models."""
        return self.counter.memory

    def prefill_seconds(self, model: Model, tokens: int) -> float:
        """How long this model will read a prompt of so many tokens, as measured or as assumed."""
        rate = self._prefill(model)
        return tokens / rate if rate else 0.0

    def _prefill(self, model: Model) -> float:
        """Tokens of a prompt this model is taken to read in a second; 0: so many that it does not matter."""
        return min(self.memory.of(model).prefill or (LOCAL_PREFILL if model.local else 0.0), BELIEVED)

    def waited(self, model: Model, tokens: int, seconds: float) -> None:
        """It said nothing to a prompt of so many tokens in this time, so it reads less quickly than was thought.

        The rate becomes half of what would just not have been too slow: whoever asks next must not be too early again.
        """
        most = tokens / max(seconds, 1.0)
        if model.local and tokens > SHORT and most > SLOWEST and most / 2 < self._prefill(model):
            self.memory.put(model, prefill=max(SLOWEST, most / 2))

    def saw_thinking(self, model: Model, said: Said) -> None:
        """Take in whether an Ollama's model thought, which it is told not to do.

        One that used up its tokens without a word thought, too, whether or not its server showed it.
        """
        end = said.end
        thought = said.thought or (end is not None and end.stop == "length" and not said.text.strip())
        is_known = self.memory.of(model).thinks is not None
        if model.provider == "ollama" and (thought or (is_known and end is not None)):
            self.memory.learn(model, thinks=float(thought))

    def load_seconds(self, model: Model) -> float:
        """How long loading this model will take, as measured or as assumed."""
        measured = self.memory.of(model).load
        return self.warmups.forecast(model) if measured is None else measured

    def queue_seconds(self, model: Model, *, background: bool) -> float | None:
        """How long a request would wait for this model; None: nobody knows."""
        return self.slots.forecast(model, self.memory.of(model).total, background=background)

    def learn(self, model: Model, tokens: int, said: Said, now: float) -> None:
        """Take in what the server counted, and what was measured of its answer, which ended now."""
        end = said.end
        if end is None:
            return
        counted, written, seen = end.usage.tokens_in, end.usage.tokens_out, dict[str, float]()
        if counted is not None:
            self.counter.learn(model, tokens, counted)
        if end.prefill and counted is not None and counted > SHORT:
            seen["prefill"] = counted / end.prefill
        if said.first_content is not None:
            if end.load is not None and end.load > LOADED:
                seen["load"] = end.load
            else:
                seen["first_content"] = said.first_content - said.started
                seen["total"] = now - said.started
            # Where it thought, tokens were written before the first content, and nobody knows how many.
            if not said.thought and written is not None and written > 20 and now - said.first_content > 0.05:
                seen["decode"] = written / (now - said.first_content)
        self.memory.learn(model, **seen)
