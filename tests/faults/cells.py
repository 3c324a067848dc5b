"""One cell of the matrix: a ladder with a victim in it, requests, and everything that must hold whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rung.actions import catalogue
from rung.engine import Engine
from rung.errors import NoAnswerError
from rung.ledger.rows import Row
from rung.routing.decide import decide
from rung.routing.features import features
from rung.routing.plan import Known, plan
from rung.running.beginning import new_id
from rung.settings import places
from rung.settings.values import Rule, Settings, Tier, When
from rung.sim import Simulator
from rung.sim.words import REFUSAL
from rung.types.action import Action
from rung.types.event import OutcomeEvent, ResetEvent, TextEvent
from rung.types.model import Model
from rung.types.part import Part
from rung.types.receipt import Receipt
from rung.types.request import Document, Request

from .kinds import FAULTS, Fault
from .victims import LINE, SCRIPTS, Victim, findings_of, model, preload, sim_model, text_of, victim

if TYPE_CHECKING:
    from rung.types.decision import Decision
    from rung.types.event import Event
    from rung.types.outcome import Outcome

OUTCOMES = frozenset(
    {
        "ok",
        "refused",
        "unreachable",
        "slow",
        "stalled",
        "broken",
        "busy",
        "rate-limited",
        "auth",
        "missing-model",
        "too-long",
        "bad-request",
        "filtered",
        "bad-answer",
        "trimmed",
        "cancelled",
        "load-failed",
    }
)
"""DESIGN's words for how an attempt ends."""

TAKEN = frozenset(SCRIPTS)
"""Faults of bare sockets that take every connection and count it."""
POSITIONS = ("first", "middle", "last", "only")
PINS = (None, "caller", "rule", "prefix")
LOADS = (1, 3)
DEADLINE = 120.0
SLACK = 1.0
"""Seconds of the jumping clock by which closing a connection may outlast the deadline."""
SOURCE = "def area(width, height):\n" + f"{LINE}\n\n\n" * 170
PATH = "src/shapes.py"


class Cell(NamedTuple):
    """One combination."""

    fault: Fault
    provider: str
    position: str
    action: str
    load: int
    pin: str | None

    def __str__(self) -> str:
        return f"{self.fault.name} / {self.provider} / {self.position} / {self.action} / x{self.load} / {self.pin}"


def everything() -> list[Cell]:
    """The whole product, without what makes no sense."""
    return [
        Cell(fault, provider, position, action, load, pin)
        for fault in FAULTS
        for provider in fault.providers
        for position, action, load, pin in itertools.product(POSITIONS, fault.actions, LOADS, PINS)
    ]


def product(cells: Sequence[Cell]) -> list[Cell]:
    """Every fault with every provider at every place in either kind of answer; pins and load take turns."""
    groups: dict[tuple[object, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.fault.name, *cell[1:4]), []).append(cell)
    return [group[number % len(group)] for number, group in enumerate(groups.values())]


def pairwise(cells: Sequence[Cell]) -> list[Cell]:
    """Some of them, so that every two values that can meet do so at least once."""

    def pairs(cell: Cell) -> frozenset[tuple[int, object, int, object]]:
        values = [cell.fault.name, *cell[1:]]
        return frozenset((i, a, j, b) for (i, a), (j, b) in itertools.combinations(enumerate(values), 2))

    missing = {pair for cell in cells for pair in pairs(cell)}
    shuffled = random.Random(7).sample(cells, len(cells))
    chosen: list[Cell] = []
    for wanted in (4, 3, 2, 1):
        for cell in shuffled:
            covered = pairs(cell) & missing
            if len(covered) >= wanted:
                chosen.append(cell)
                missing -= covered
    return chosen


class Bench:
    """The servers and the ladder of one cell."""

    def __init__(self, cell: Cell, helper: Simulator, cloud: Simulator, found: Victim, state: Path) -> None:
        self.cell = cell
        self.helper = helper
        self.cloud = cloud
        self.victim = found
        self.engine = Engine(state=state, env={}, find_key=lambda _: "sk-test-key")
        self.settings = Settings(tiers=self._tiers(), rules=self._rules())

    def _tiers(self) -> tuple[Tier, ...]:
        small = model("ollama", "small:1b", self.helper.url)
        large = model("ollama", "large:1b", self.helper.url)
        cloud = model("openai", "cloud-1", self.cloud.url)
        found = self.victim.model
        ladders: dict[str, tuple[tuple[str, Model], ...]] = {
            "first": (("small", found), ("large", large), ("cloud", cloud)),
            "middle": (("small", small), ("large", found), ("cloud", cloud)),
            "last": (("small", small), ("large", large), ("cloud", found)),
            "only": (("small", found),),
        }
        return tuple(Tier(name, (one,), DEADLINE) for name, one in ladders[self.cell.position])

    def _rules(self) -> tuple[Rule, ...]:
        return (Rule("secrets", When(path=("src/**",)), local=True),) if self.cell.pin == "rule" else ()

    def request(self) -> Request:
        """A new question of the cell's kind, from a spot of its own."""
        name = new_id()
        typed = "[local] What does it do?" if self.cell.pin == "prefix" else "What does it do?"
        asked = Request(name, self.cell.action, f"spot {name}", instruction=typed, local=self.cell.pin == "caller")
        if self.cell.action == "ask":
            return asked.replace(
                attached=(Part("attached", SOURCE + SOURCE[: len(SOURCE) // 3], PATH),), max_output=1000
            )
        return asked.replace(document=Document(f"file:///work/{PATH}", PATH, "python", SOURCE))

    def decided(self, request: Request) -> Decision:
        """The decision, made anew."""
        asked = features(
            request,
            typed="What does it do?",
            prefix="local" if self.cell.pin == "prefix" else None,
            parts=(),
            paths=(PATH,),
            action_tier=None if request.action == "ask" else shipped()[request.action].tier,
        )
        return decide(asked, self.settings)

    def planned(self, request: Request) -> list[tuple[str, str]]:
        """Whom the decision allows when nothing is known of anybody; the same decision gives the same plan."""
        first, second = (plan(self.decided(request), self.settings, lambda _: Known()) for _ in range(2))
        assert first == second
        return [(candidate.tier, candidate.model.model) for candidate in first.attempts]


class Ended(NamedTuple):
    """How one request ended."""

    request: Request
    events: list[Event]
    error: NoAnswerError | None
    seconds: float

    @property
    def result(self) -> Outcome | None:
        return self.events[-1].result if self.events and isinstance(self.events[-1], OutcomeEvent) else None

    @property
    def receipt(self) -> Receipt:
        found = self.result.receipt if self.result else self.error.receipt if self.error else None
        assert found is not None, "it ended with neither an answer nor a receipt"
        return found

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


@lru_cache(maxsize=1)
def shipped() -> dict[str, Action]:
    """The actions that ship, read once."""
    return catalogue.load([places.shipped() / "actions"])


@contextlib.asynccontextmanager
async def bench(cell: Cell, state: Path) -> AsyncIterator[Bench]:
    """Everything of a cell, listening; closed and quiet afterwards."""
    others = [sim_model("small:1b", "ollama"), sim_model("large:1b", "ollama")]
    async with (
        Simulator(others) as helper,
        Simulator([sim_model("cloud-1", "openai")]) as cloud,
        victim(cell.fault, cell.provider, cloud.url, parallel=2) as found,
    ):
        for name in ("small:1b", "large:1b"):
            await preload(helper, name)
        if cell.position in {"middle", "last"}:
            helper.fail("status", model="small:1b", times=None)
        if cell.position == "last" or cell.pin:
            # So that a pinned request has every reason to leave.
            helper.fail("status", model="large:1b", times=None)
        made = Bench(cell, helper, cloud, found, state)
        try:
            yield made
        finally:
            await made.engine.close()


async def ask(made: Bench) -> Ended:
    """One request to its end."""
    loop = asyncio.get_running_loop()
    request, began = made.request(), loop.time()
    events: list[Event] = []
    error = None
    try:
        async with aclosing(made.engine.run(request, made.settings, shipped())) as stream:
            async for event in stream:
                events.append(event)  # noqa: PERF401 - those before an error count too
    except NoAnswerError as found:
        error = found
    return Ended(request, events, error, loop.time() - began)


async def play(cell: Cell, state: Path) -> None:
    """Run a cell and hold it to everything that must hold.

    Raises:
        AssertionError: something does not.
    """
    async with bench(cell, state) as made:
        ended = await asyncio.gather(*(ask(made) for _ in range(cell.load)))
        await quiet(made)
        assert await made.engine.ledger.flush(60.0), made.engine.ledger.problem
        rows = {row.id: row for row in made.engine.ledger.rows()}
        assert len(rows) == cell.load
        for one in ended:
            holds(made, one, rows[one.request.id])
        connected(made, ended)


async def quiet(made: Bench) -> None:
    """No exchange and no connection is left open anywhere."""
    for sim in (made.helper, made.cloud, *([made.victim.sim] if made.victim.sim else [])):
        await sim.wait_for(lambda sim=sim: not sim._open)  # type: ignore[misc]  # the loop's own
        assert all(exchange.closed_by for exchange in sim.log)
    async with asyncio.timeout(5.0):
        while made.victim.open:  # noqa: ASYNC110 - a bare server tells nobody
            await asyncio.sleep(0.01)


def holds(made: Bench, ended: Ended, row: Row, *, leapt: bool = False) -> None:
    """The invariants of one request; ``leapt``: one leap of the clock left no time for others."""
    cell, receipt = made.cell, ended.receipt
    attempts = [attempt for call in receipt.calls for attempt in call.attempts]
    planned = made.planned(ended.request)
    assert ended.seconds <= DEADLINE + SLACK
    assert len(attempts) <= len(planned) + 1
    tried = [(attempt.tier, attempt.model) for attempt in attempts]
    # One second try of the same model is allowed, or a return at the end to one that was left, within the bound above.
    order = [one for one, before in zip(tried, [None, *tried], strict=False) if one != before]
    if order and order.count(order[-1]) > 1:
        left = attempts[tried.index(order[-1])]
        assert left.outcome in {"slow", "busy", "rate-limited"}, f"came back to what had failed: {left.outcome}"
    # Out of their order, at the end, come only one whose server rested when it was its turn, and one who was left.
    assert set(order) <= set(planned)
    assert any(is_subsequence(order[: len(order) - late], planned) for late in range(3)), f"{tried}, not {planned}"
    assert {attempt.outcome for attempt in attempts} <= OUTCOMES
    recorded = [attempt.replace(reason=None) for call in row.calls for attempt in call.attempts]
    assert recorded == [attempt.replace(reason=None) for attempt in attempts]
    replayed(made, ended, row)
    costs(made, receipt)
    for attempt in attempts:
        if attempt.model == "victim:1b":
            allowed = cell.fault.outcomes
            if cell.load > 1:
                # Others were first: a fault that strikes once is used up, and whoever queued lost time.
                allowed |= {"slow", "busy"} | ({"ok"} if cell.fault.times else set())
            assert attempt.outcome in allowed, f"{attempt.outcome}: {attempt.reason}"
    good = [attempt for attempt in attempts if attempt.outcome == "ok"]
    if ended.error is not None:
        assert not good
        assert_clear(ended.error, receipt)
    else:
        assert ended.result is not None
        assert len(good) == (0 if receipt.degraded else 1)
        assert receipt.degraded or attempts[-1] == good[0]
        whole(cell, ended)
    if not leapt:
        assert_not_stranded(made, ended, [name for _, name in planned])


KEPT = ("id", "action", "tier", "model", "provider", "local", "by", "rule", "builtin", "degraded", "total_ms")


def replayed(made: Bench, ended: Ended, row: Row) -> None:
    """The ledger says what the receipt says, and deciding again, from the request alone, comes to what it says."""
    assert {name: getattr(row, name) for name in KEPT} == {name: getattr(ended.receipt, name) for name in KEPT}
    decision = made.decided(ended.request)
    assert (row.by, row.rule) == (decision.by, decision.rule)
    attempts = [attempt for call in row.calls for attempt in call.attempts]
    able = [tier for tier, _ in made.planned(ended.request)]
    # It begins where the decision starts, but for who rested, was away, or has not said where its models run.
    if attempts and made.cell.load == 1 and made.cell.fault.name not in {"none", "slow accept"}:
        assert attempts[0].tier == (decision.tier if decision.tier in able else able[0])


def assert_clear(error: NoAnswerError, receipt: Receipt) -> None:
    """One sentence for each attempt, and none for nobody."""
    attempts = [attempt for call in receipt.calls for attempt in call.attempts]
    for attempt in attempts:
        assert attempt.reason
        assert f"{attempt.tier} ({attempt.model}): {attempt.reason}" in error.text
    assert attempts or "was not asked: " in error.text


def whole(cell: Cell, ended: Ended) -> None:
    """The answer is the whole of what exactly one model said."""
    result, receipt = ended.result, ended.receipt
    assert result is not None
    name = receipt.model
    assert name is not None
    if cell.action == "ask":
        expected = REFUSAL if receipt.degraded else text_of(name)
        assert result.text == expected
        assert ended.shown == expected
    else:
        assert not any(isinstance(event, TextEvent) for event in ended.events)
        assert result.findings is not None
        assert [finding.title for finding in result.findings] == [f"Seen by {name}"]
        assert findings_of(name)


def assert_not_stranded(made: Bench, ended: Ended, planned: Sequence[str]) -> None:
    """Where a healthy model could be asked, it was, and its answer is the answer."""
    cell, fault = made.cell, made.cell.fault
    healthy = {"first": "large:1b", "middle": "cloud-1"}.get(cell.position)
    if cell.pin or healthy not in planned or fault.outcomes == {"filtered"}:
        return
    assert ended.error is None, f"stranded: {ended.error}"
    if "ok" not in fault.outcomes and cell.load == 1:
        assert ended.receipt.model == healthy


def costs(made: Bench, receipt: Receipt) -> None:
    """Local: nothing; a price: that; no price known: unknown, which is not nothing."""
    attempts = [attempt for call in receipt.calls for attempt in call.attempts]
    for attempt in attempts:
        used = attempt.tokens_in or attempt.tokens_out
        if attempt.provider in {"ollama", "openai-compatible"} or not used:
            # A server that never said where its models run may be a door to one that costs.
            never_said = made.cell.fault.name == "slow accept" and attempt.model == "victim:1b" and used
            assert attempt.cost_usd in ({0, None} if never_said else {0})
        elif attempt.provider == "anthropic":
            assert attempt.cost_usd is None
        else:
            assert attempt.cost_usd is not None
            assert abs(attempt.cost_usd - (attempt.tokens_in + 2 * attempt.tokens_out) / 1e6) < 1e-12
    known = [attempt.cost_usd for attempt in attempts if attempt.cost_usd is not None]
    assert receipt.cost_usd == (sum(known) if len(known) == len(attempts) else None)


def connected(made: Bench, ended: Iterable[Ended]) -> None:
    """Pins held to the last socket, and every attempt had one connection."""
    if made.cell.pin:
        assert made.cloud.connections == 0
        if not made.victim.model.local:
            assert made.victim.connections == 0
    if made.cell.fault.name == "redirect" and made.cell.position in {"last", "only"}:
        assert made.cloud.connections == 0
    attempts = [a.model for one in ended for call in one.receipt.calls for a in call.attempts]
    if made.victim.sim is None and made.cell.fault.name in TAKEN:
        # Ollama is asked what it has, besides; whoever was connected to once may be asked twice over one connection.
        heard = [a for one in ended for call in one.receipt.calls for a in call.attempts if a.model == "victim:1b"]
        assert bool(heard) <= bool(made.victim.connections)
        if made.cell.provider != "ollama":
            assert made.victim.connections <= len(heard)
    for sim in (made.helper, made.cloud, made.victim.sim):
        if sim is None:
            continue
        asked = [e.model for e in sim.log if e.model and isinstance(e.body, dict) and e.body.get("messages")]
        for name in set(asked):
            repairs = made.cell.load if made.cell.fault.name.startswith("400 parameter") else 0
            assert asked.count(name) <= attempts.count(name) + repairs
    assert set(attempts) <= {"victim:1b", "small:1b", "large:1b", "cloud-1"}


def is_subsequence(some: Iterable[object], of: Iterable[object]) -> bool:
    """Whether they come in that order among the others."""
    rest = iter(of)
    return all(item in rest for item in some)


async def play_all(cells: Iterable[Cell], folder: Path, at_once: int = 24) -> list[str]:
    """Run cells side by side; what went wrong, one text for each cell."""
    import anthropic  # noqa: F401 - what takes long to import is imported once, before
    import openai  # noqa: F401

    gate = asyncio.Semaphore(at_once)
    wrong: list[str] = []

    async def run(number: int, cell: Cell) -> None:
        async with gate:
            try:
                await play(cell, folder / str(number))
            except Exception as error:  # noqa: BLE001 - collected, and every one of them fails the test
                wrong.append(f"{cell}: {type(error).__name__} {error}"[:600])

    await asyncio.gather(*(run(number, cell) for number, cell in enumerate(cells)))
    for _ in range(5):
        await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    wrong += [f"left over: {task!r}" for task in left]
    return wrong
