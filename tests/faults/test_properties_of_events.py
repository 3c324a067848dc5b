"""Whatever happens in whatever order: servers fail and come back, time passes, settings change, people cancel.

Held to section 14 of the facts on every run: no more attempts than were planned and one, nothing over the deadline, no
bytes of two models in one answer, no pinned request off the machine, one row and one closed connection for every
attempt; and to what must be left when all is over: free slots, settled money, servers that are asked again.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing, closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.virtual import run_virtual

from rung.engine import Engine
from rung.errors import AttemptError, CancelledByPersonError, NoAnswerError, RungError
from rung.ladder.breaker import CAP
from rung.ledger.schema import open_for_writing
from rung.providers.events import Content, Finished, Opened, Question, Usage
from rung.settings.values import Budget, Rule, Settings, Tier, When
from rung.types.event import OutcomeEvent, ResetEvent, TextEvent
from rung.types.model import Model, Price
from rung.types.request import Request

from .test_properties import STEADY, WORDS, receipt_of

if TYPE_CHECKING:
    from rung.providers.events import Chat, StreamEvent
    from rung.types.event import Event

NAMES = ("here", "there", "near", "far")
LOCAL = {"here", "there"}
DEADLINE = 60.0
PER_DAY = 0.05
PARALLEL = {"here": 1, "there": 2, "near": 1, "far": 3}
QUEUE = 2
LONG = CAP * 1.2 + 3600.0
"""Seconds after which nobody rests any more: no breaker, no limit of anybody's."""


def model(name: str) -> Model:
    return Model(
        "openai-compatible",
        name,
        f"http://{name}.invalid/v1",
        price=Price(1.0, 100.0),
        local=name in LOCAL,
        parallel=PARALLEL[name],
        queue=QUEUE,
    )


def ladder(*tiers: str) -> Settings:
    found = tuple(Tier(f"tier of {names}", tuple(map(model, names.split())), DEADLINE) for names in tiers)
    rules = (Rule("secrets", When(words=("secret",)), local=True),)
    return Settings(found, rules, Budget(per_day=PER_DAY))


LADDERS = (
    ladder("here", "there", "far"),
    ladder("here there", "near far"),
    ladder("far", "here"),
    ladder("near"),
)
WAYS = (*WORDS, "stalls", "slowly", "half", "cut")
"""How a server fails: at once, or in the middle."""


class Break(NamedTuple):
    name: str
    way: str


class Mend(NamedTuple):
    name: str


class Pass(NamedTuple):
    seconds: float


class Reload(NamedTuple):
    ladder: int


class Ask(NamedTuple):
    secret: bool
    spot: int


class Cancel(NamedTuple):
    which: int


Happening = Break | Mend | Pass | Reload | Ask | Cancel
names = st.sampled_from(NAMES)
asks = st.builds(Ask, st.booleans(), st.integers(0, 9))
happenings = st.lists(
    st.one_of(
        asks,
        asks,
        st.builds(Break, names, st.sampled_from(WAYS)),
        st.builds(Mend, names),
        st.builds(Pass, st.sampled_from((0.0, 0.3, 1.0, 5.5, 20.0, 61.0, 700.0))),
        st.builds(Reload, st.integers(0, len(LADDERS) - 1)),
        st.builds(Cancel, st.integers(0, 9)),
    ),
    min_size=3,
    max_size=25,
)


def whole(name: str) -> str:
    """What a model says when it is well."""
    return f"I am {name}, and this is all of it."


class Servers:
    """All of them, each well or failing in its way."""

    def __init__(self) -> None:
        self.ways: dict[str, str] = {}
        self.open: dict[str, int] = dict.fromkeys(NAMES, 0)
        self.asked = 0
        self.off_machine: list[str] = []
        """What was asked off the machine."""

    async def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        name = question.model.model
        self.asked += 1
        self.open[name] += 1
        assert self.open[name] <= PARALLEL[name]
        if name not in LOCAL:
            self.off_machine.append("".join(message.content for message in question.messages))
        try:
            async for event in self._say(name, self.ways.get(name)):
                yield event
        finally:
            self.open[name] -= 1

    async def _say(self, name: str, way: str | None) -> AsyncGenerator[StreamEvent]:
        if way in WORDS:
            raise AttemptError(way, f"It is {way}.")  # type: ignore[arg-type]  # it is one of the words
        yield Opened()
        await asyncio.sleep(400.0 if way == "slowly" else 0.5)
        text = whole(name)
        yield Content(text[:9])
        if way == "half":
            raise AttemptError("broken", "It ended in the middle.")
        await asyncio.sleep(400.0 if way == "stalls" else 0.5)
        yield Content(text[9:])
        yield Finished("length" if way == "cut" else "stop", Usage(20, 12))


class Asked(NamedTuple):
    """One request, from its beginning to its end."""

    id: str
    settings: Settings
    secret: bool
    events: list[Event]
    error: RungError | None
    seconds: float


class Story:
    """Lets things happen, and looks at everything in between."""

    def __init__(self, state: Path) -> None:
        self.servers = Servers()
        providers: dict[str, Chat] = {"openai-compatible": self.servers}
        self.engine = Engine(state=state, env={}, find_key=lambda _: "key", providers=providers)
        self.state = state
        self.settings = LADDERS[0]
        self.tasks: list[asyncio.Task[Asked]] = []

    async def happen(self, event: Happening) -> None:
        match event:
            case Break(name, way):
                self.servers.ways[name] = way
            case Mend(name):
                self.servers.ways.pop(name, None)
            case Pass(seconds):
                await asyncio.sleep(seconds)
            case Reload(number):
                self.settings = LADDERS[number]
                self.engine.health.settings_changed()
            case Ask(secret, spot):
                self.tasks.append(asyncio.create_task(self._ask(secret=secret, spot=f"spot {spot}")))
                await asyncio.sleep(0)
            case Cancel(which):
                running = self.engine.running
                if running:
                    self.engine.cancel(running[which % len(running)].id)
        self.look()

    async def _ask(self, *, secret: bool, spot: str) -> Asked:
        loop = asyncio.get_running_loop()
        began, number, found = loop.time(), f"r{len(self.tasks)}", self.settings
        typed = "What is the secret?" if secret else "What is it?"
        request = Request(number, "ask", spot, instruction=typed, max_output=50)
        events: list[Event] = []
        error = None
        try:
            async with aclosing(self.engine.run(request, found, {})) as stream:
                async for event in stream:
                    events.append(event)  # noqa: PERF401 - those before an error count too
        except RungError as raised:
            error = raised
        return Asked(number, found, secret, events, error, loop.time() - began)

    def look(self) -> None:
        """What must hold at any moment."""
        for (_, name), line in self.engine._shared.ladder.means.slots._lines.items():
            assert self.servers.open[name] <= len(line.since) <= PARALLEL[name]
            assert line.waiting <= QUEUE
        assert not any("secret" in text for text in self.servers.off_machine)

    async def end(self) -> list[Asked]:
        """Everybody ends, and everything is given back."""
        ended = await asyncio.gather(*self.tasks)
        assert not any(self.servers.open.values())
        for line in self.engine._shared.ladder.means.slots._lines.values():
            assert (line.since, line.waiting) == ([], 0)
        assert self.engine.running == ()
        return list(ended)

    def money(self) -> None:
        """Nothing is held any more, and what was spent is within the bound."""
        with closing(open_for_writing(self.state / "ledger.sqlite3", 1.0)) as database:
            held, spent = database.execute("SELECT count(until), coalesce(sum(amount), 0) FROM reservation").fetchone()
        assert held == 0
        assert spent / 1e9 <= PER_DAY + 1e-9


def holds(one: Asked) -> int:
    """What must hold of one request; gives its attempts."""
    assert one.seconds <= DEADLINE + 1.0
    planned = [model.model for tier in one.settings.tiers for model in tier.models]
    found = receipt_of(one)  # type: ignore[arg-type]  # it looks at events and error alone
    attempts = [attempt for call in found.calls for attempt in call.attempts] if found else []
    assert len(attempts) <= len(planned) + 1
    assert {attempt.model for attempt in attempts} <= set(planned)
    if one.secret:
        assert {attempt.model for attempt in attempts} <= LOCAL
    shown = ""
    for event in one.events:
        if isinstance(event, ResetEvent):
            shown = ""
        elif isinstance(event, TextEvent):
            shown += event.text
    last = one.events[-1] if one.events else None
    if isinstance(last, OutcomeEvent):
        answer = last.result
        assert answer.receipt.model is not None
        assert answer.text == whole(answer.receipt.model) or answer.receipt.degraded
        assert shown.strip() == answer.text
        assert one.error is None
    else:
        assert isinstance(one.error, NoAnswerError | CancelledByPersonError)
        assert all(attempt.reason and attempt.outcome != "ok" for attempt in attempts)
    return len(attempts)


async def played(events: list[Happening], state: Path) -> None:
    story = Story(state)
    try:
        for event in events:
            await story.happen(event)
        ended = await story.end()
        assert await story.engine.ledger.flush(20.0), story.engine.ledger.problem
        rows = {row.id: row for row in story.engine.ledger.rows()}
        for one in ended:
            told = holds(one)
            written = sum(len(call.attempts) for call in rows[one.id].calls) if one.id in rows else 0
            assert written == told or isinstance(one.error, CancelledByPersonError)
        assert story.servers.asked <= sum(len(call.attempts) for row in rows.values() for call in row.calls)
        story.money()
        await comes_back(story)
    finally:
        await story.engine.close()


async def comes_back(story: Story) -> None:
    """Once all are well and nobody rests, each of them answers: no breaker and no slot is stuck."""
    for name in NAMES:
        story.servers.ways.pop(name, None)
    await asyncio.sleep(LONG)
    for name in sorted(LOCAL):
        alone = Settings((Tier(name, (model(name),), DEADLINE),))
        story.settings = alone
        found = await story._ask(secret=True, spot=name)
        last = found.events[-1] if found.events else found.error
        assert isinstance(last, OutcomeEvent), last
        assert last.result.text == whole(name)


@settings(STEADY, max_examples=50, suppress_health_check=list(HealthCheck))
@given(happenings)
def test_nothing_is_stranded_leaked_or_spent_twice_whatever_happens(events: list[Happening]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run_virtual(played(events, Path(folder)))
