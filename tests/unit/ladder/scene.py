"""A ladder to climb in tests: providers that play a script on the loop's clock, and no server at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rung.errors import AttemptError
from rung.ladder.ascent import Ascent, Tried
from rung.ladder.climb import Ladder
from rung.ladder.health import Health
from rung.ladder.means import Means
from rung.ladder.slots import Slots
from rung.ladder.tokens import TokenCounter
from rung.ladder.warmup import Warmups
from rung.providers.events import Content, Finished, Opened, Question, Thought, Usage
from rung.types.call import Answer, Call, Message
from rung.types.event import ResetEvent, TextEvent, TierEvent
from rung.types.model import Model
from rung.types.part import Part
from rung.types.plan import Candidate, Plan

if TYPE_CHECKING:
    from rung.providers.events import StreamEvent
    from rung.sim import Simulator
    from rung.types.event import Event

    Step = StreamEvent | AttemptError | float
    """An event, an error to raise, or seconds to wait."""

TIERS = ("small", "large", "cloud")
SMALL = "sim-small:3b"
"""The model that :func:`small` is."""
GOOD = "It adds the numbers up, one after the other, and gives back their sum."
OPENED = Opened()
DONE = Finished("stop", Usage(12, 3), "served")


def says(text: str = GOOD, end: Finished = DONE) -> list[Step]:
    """A script that opens, says a text in pieces, and ends."""
    return [OPENED, *(Content(text[i : i + 7]) for i in range(0, len(text), 7)), end]


def fails(outcome: str, hint: str | None = None) -> list[Step]:
    return [AttemptError(outcome, f"It is {outcome}.", hint)]  # type: ignore[arg-type]  # a word of Failure


class Fake:
    """A provider: plays the script of the model that is asked, and keeps count."""

    def __init__(self, scripts: dict[str, list[Step]]) -> None:
        self.scripts = scripts
        self.asked: list[str] = []
        self.open = 0
        self.most = 0
        self.times: list[float] = []

    async def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        self.asked.append(question.model.model)
        self.times.append(asyncio.get_running_loop().time())
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            for step in self.scripts[question.model.model]:
                if isinstance(step, AttemptError):
                    raise step
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    yield step
            await asyncio.sleep(0)
        finally:
            self.open -= 1


def model(name: str, **limits: object) -> Model:
    local = name != "cloud"
    base = Model("openai-compatible", name, f"http://{name}.invalid/v1", local=local, first_content=30.0, idle=15.0)
    return base.replace(**limits)


def small(sim: Simulator, **limits: object) -> Model:
    """A model of a simulated Ollama server."""
    found = Model("ollama", SMALL, sim.url, context=4096, connect=5.0, local=True, first_content=60.0)
    return found.replace(**limits)


def call(**fields: object) -> Call:
    made = Call((Part("instruction", "Explain."),), _render, 100, lambda _raw: None)
    return made.replace(**fields)


def _render(parts: Sequence[Part]) -> tuple[Message, ...]:
    return (Message("user", "\n".join(part.text for part in parts)),)


class Scene:
    """One ladder, with what was emitted and tried."""

    def __init__(self, scripts: dict[str, list[Step]], folder: Path = Path("/nonexistent")) -> None:
        self.fake = Fake(scripts)
        self.health = Health(lambda _: "key", lambda name: f"set {name}")
        means = Means(
            {"openai-compatible": self.fake, "openai": self.fake},
            self.health,
            Slots(),
            Warmups(folder),
            TokenCounter(),
        )
        self.ladder = Ladder(means)
        self.events: list[Event] = []
        self.tried: list[Tried] = []

    async def climb(
        self,
        models: Sequence[tuple[str, Model]] | None = None,
        *,
        deadline: float = 1000.0,
        asked: Call | None = None,
        admit: Callable[[Candidate], str | None] = lambda _: None,
        hopeless: Callable[[Model], bool] = lambda _: False,
        quality_climbs: int = 1,
        whole: bool = False,
        alone: bool = False,
    ) -> Answer:
        chosen = models or [(tier, model(tier)) for tier in TIERS]

        async def last_word(candidate: Candidate, _question: Question) -> str | None:
            return admit(candidate)

        plan = Plan(tuple(Candidate(tier, found, window=found.context) for tier, found in chosen))
        now = asyncio.get_running_loop().time()
        ascent = Ascent(asked or call(), plan, TIERS, now + deadline, last_word, hopeless=hopeless)
        ascent = ascent.replace(quality_climbs=quality_climbs, whole=whole, alone=alone)
        return await self.ladder.climb(ascent, self.events.append, self.tried)

    async def cancelled(self, after: float) -> None:
        """Climb, and be cancelled so many seconds later."""
        task = asyncio.ensure_future(self.climb())
        await asyncio.sleep(after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    @property
    def outcomes(self) -> list[str]:
        return [tried.attempt.outcome for tried in self.tried]

    @property
    def shown(self) -> str:
        """What stands on the screen: everything since the last reset."""
        text = ""
        for event in self.events:
            if isinstance(event, ResetEvent):
                text = ""
            elif isinstance(event, TextEvent):
                text += event.text
        return text

    @property
    def resets(self) -> int:
        return sum(isinstance(event, ResetEvent) for event in self.events)

    def waits(self) -> list[tuple[str, str]]:
        return [(event.tier, event.waiting) for event in self.events if isinstance(event, TierEvent)]


THOUGHT = Thought()
