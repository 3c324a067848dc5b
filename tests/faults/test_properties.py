"""Any ladder, any rules, any behaviour of any model: a request ends in time, with one whole answer or one error."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.virtual import run_virtual

from rung.engine import Engine
from rung.errors import AttemptError, CancelledByPersonError, NoAnswerError, RungError
from rung.privacy.destination import forbidden
from rung.providers.events import Content, Finished, Opened, Question, Thought, Usage
from rung.routing.decide import decide
from rung.routing.plan import Known, plan
from rung.settings.addresses import spot
from rung.settings.values import Budget, Rule, Settings, Tier, When
from rung.types.event import OutcomeEvent, ResetEvent, TextEvent
from rung.types.features import Features
from rung.types.model import Model, Price
from rung.types.part import Part
from rung.types.plan import Plan
from rung.types.request import Request

from .cells import OUTCOMES, is_subsequence

if TYPE_CHECKING:
    from rung.providers.events import Chat, StreamEvent
    from rung.types.decision import Decision
    from rung.types.event import Event
    from rung.types.receipt import Receipt

Step = Any
"""An event, an error to raise, or seconds to wait."""

STEADY = settings(database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
TIERS = ("small", "large", "cloud", "top")
NAMES = ("a", "b", "c", "d", "e", "f")
WORDS = sorted(OUTCOMES - {"ok", "cancelled"})
ACTIONS: Mapping[str, Any] = {}
FILES = ("src/a.py", ".env", "secrets/k.pem", "docs/x.md")

seconds = st.sampled_from((0.0, 0.1, 1.0, 14.0, 29.0, 61.0, 400.0))
texts = st.sampled_from(
    ("Half. ", "A sentence of some length, so that something of it is shown at once.\n", " ", "\n" * 90, "no")
)
counts = st.sampled_from((None, 0, 1, 7, 900, 2**53))
ends = st.builds(Finished, st.sampled_from(("stop", "stop", "length")), st.builds(Usage, counts, counts))
failures = st.builds(
    lambda word, pause, again: AttemptError(word, f"It is {word}.", None, pause, again=again),
    st.sampled_from(WORDS),
    st.sampled_from((None, 0.0, 5.0, 86400.0)),
    st.booleans(),
)
steps = st.one_of(st.builds(Content, texts), st.just(Opened()), st.just(Thought()), seconds, seconds, ends, failures)
scripts = st.one_of(
    st.lists(steps, max_size=8),
    st.builds(lambda text, end: [Opened(), Content("I say: "), Content(text), end], texts, ends),
)


@st.composite
def models(draw: st.DrawFn) -> Model:
    name = draw(st.sampled_from(NAMES))
    return Model(
        draw(st.sampled_from(("openai-compatible", "openai", "anthropic"))),
        name,
        f"http://{name}.invalid/v1",
        context=draw(st.sampled_from((None, None, 40, 4096))),
        parallel=draw(st.sampled_from((1, 2))),
        queue=draw(st.sampled_from((0, 1, 8))),
        price=draw(st.sampled_from((Price(0.0, 0.0), Price(1.0, 2.0), Price(900.0, 900.0)))),
        local=name in "abc",
    )


conditions = st.builds(
    When,
    action=st.sampled_from(((), ("ask",), ("review-file",))),
    path=st.sampled_from(((), ("**/.env*",), ("src/**", "**/*.pem"))),
    words=st.sampled_from(((), ("prove",))),
    tokens_over=st.sampled_from((None, None, 5, 5000)),
)


@st.composite
def ladders(draw: st.DrawFn) -> Settings:
    names = TIERS[: draw(st.integers(1, 4))]
    tiers = tuple(
        Tier(name, tuple(draw(st.lists(models(), min_size=1, max_size=3))), draw(st.sampled_from((0.5, 30.0, 120.0))))
        for name in names
    )
    known = st.sampled_from((None, *names))
    rules = tuple(
        Rule(
            f"rule {number}",
            draw(conditions),
            tier=draw(known),
            local=draw(st.booleans()),
            ceiling=draw(known),
            budget=draw(st.sampled_from((None, None, 0.0, 0.001, 5.0))),
            enabled=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 3)))
    )
    budget = Budget(draw(st.sampled_from((None, 0.0, 0.5))), draw(st.sampled_from((None, 0.0, 2.0))))
    return Settings(tiers, rules, budget, draw(known), draw(st.sampled_from((0, 1, 1, 2, 9))))


class Played(NamedTuple):
    """What was asked, and how it is ended from outside."""

    typed: str
    paths: tuple[str, ...]
    tier: str | None
    model: str | None
    local: bool
    cancel_after: float | None
    together: int


asks = st.builds(
    Played,
    st.sampled_from(
        ("Explain it.", "Please prove it.", "[local] Explain it.", "[tier2] It.", "[cloud] It.", "[top] It.")
    ),
    st.lists(st.sampled_from(FILES), max_size=2).map(tuple),
    st.sampled_from((None, None, None, *TIERS, "tier9", "builtin")),
    st.sampled_from((None, None, None, *NAMES)),
    st.booleans(),
    st.sampled_from((None, None, None, 0.0, 0.05, 15.0, 40.0)),
    st.sampled_from((1, 1, 3)),
)


class Fake:
    """Plays each model's script, for every one who asks, and counts connections."""

    def __init__(self, played: Mapping[str, list[Step]]) -> None:
        self.played = played
        self.asked: list[str] = []
        self.open: dict[str, int] = {}
        self.most: dict[str, int] = {}

    async def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        name = question.model.model
        self.asked.append(name)
        self.open[name] = self.open.get(name, 0) + 1
        self.most[name] = max(self.most.get(name, 0), self.open[name])
        try:
            for step in self.played[name]:
                if isinstance(step, AttemptError):
                    raise AttemptError(step.failure, step.text, step.hint, step.retry_after, again=step.again)
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.open[name] -= 1


class Ended(NamedTuple):
    """How one request ended."""

    asked: Played
    events: list[Event]
    error: RungError | None
    seconds: float


async def run_one(engine: Engine, ladder: Settings, asked: Played, number: int) -> Ended:
    loop = asyncio.get_running_loop()
    began = loop.time()
    attached = tuple(Part("attached", f"the text of {path}\n", path) for path in asked.paths)
    request = Request(
        f"r{number}",
        "ask",
        f"spot {number}",
        instruction=asked.typed,
        attached=attached,
        tier=asked.tier,
        model=asked.model,
        local=asked.local,
        max_output=50,
    )
    if asked.cancel_after is not None:
        loop.call_later(asked.cancel_after, engine.cancel, request.id)
    events: list[Event] = []
    error = None
    try:
        async with aclosing(engine.run(request, ladder, ACTIONS)) as stream:
            async for event in stream:
                events.append(event)  # noqa: PERF401 - those before an error count too
    except RungError as found:
        error = found
    return Ended(asked, events, error, loop.time() - began)


async def run_all(ladder: Settings, played: Mapping[str, list[Step]], asked: Played, state: Path) -> list[Ended]:
    """Run what was asked, hold all of it to the invariants that need the engine, and leave nothing behind."""
    fake = Fake(played)
    providers: dict[str, Chat] = dict.fromkeys(("openai-compatible", "openai", "anthropic"), fake)
    engine = Engine(state=state, env={}, find_key=lambda _: "key", providers=providers)
    try:
        ended = await asyncio.gather(*(run_one(engine, ladder, asked, n) for n in range(asked.together)))
        assert await engine.ledger.flush(20.0), engine.ledger.problem
        rows = {row.id: row for row in engine.ledger.rows()}
    finally:
        await engine.close()
    assert not any(fake.open.values())
    widest = {model.model: model.parallel for tier in ladder.tiers for model in tier.models}
    assert all(fake.most[name] <= max(2, widest[name]) for name in fake.most)
    attempts = 0
    for number, one in enumerate(ended):
        found = receipt_of(one)
        row = rows.get(f"r{number}")
        if found is not None:
            assert row is not None
            told = [a.replace(reason=None) for call in found.calls for a in call.attempts]
            assert [a.replace(reason=None) for call in row.calls for a in call.attempts] == told
        attempts += sum(len(call.attempts) for call in row.calls) if row else 0
    assert len(fake.asked) <= attempts
    pinned = asked.local or asked.typed.startswith("[local]")
    if pinned:
        assert set(fake.asked) <= {"a", "b", "c"}
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return list(ended)


def receipt_of(one: Ended) -> Receipt | None:
    last = one.events[-1] if one.events else None
    if isinstance(last, OutcomeEvent):
        return last.result.receipt
    return one.error.receipt if isinstance(one.error, NoAnswerError) else None


def shown(events: list[Event]) -> str:
    text = ""
    for event in events:
        if isinstance(event, ResetEvent):
            text = ""
        elif isinstance(event, TextEvent):
            text += event.text
    return text


@settings(STEADY, max_examples=100)
@given(ladders(), st.fixed_dictionaries(dict.fromkeys(NAMES, scripts)), asks)
def test_a_request_always_ends_with_one_whole_answer_or_one_error(
    ladder: Settings, played: dict[str, list[Step]], asked: Played
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ended, _ = run_virtual(run_all(ladder, played, asked, Path(folder)))
    longest = max(tier.deadline for tier in ladder.tiers)
    for one in ended:
        assert one.seconds <= longest + 1.0
        found = receipt_of(one)
        if found is None:
            assert one.error is not None
            continue
        attempts = [attempt for call in found.calls for attempt in call.attempts]
        assert {attempt.outcome for attempt in attempts} <= OUTCOMES
        assert len(attempts) <= sum(len(tier.models) for tier in ladder.tiers) + 1
        last = one.events[-1] if one.events else None
        if isinstance(last, OutcomeEvent):
            said = [whole_of(played[name]) for name in {attempt.model for attempt in attempts}]
            assert shown(one.events) in said
            assert (last.result.text or "") == shown(one.events).strip()
            assert sum(attempt.outcome == "ok" for attempt in attempts) == (not found.degraded)
        else:
            assert isinstance(one.error, NoAnswerError | CancelledByPersonError)
            assert not any(attempt.outcome == "ok" for attempt in attempts)
            for attempt in attempts:
                assert str(attempt.reason) in one.error.text
        known = [attempt.cost_usd for attempt in attempts if attempt.cost_usd is not None]
        assert found.cost_usd == (sum(known) if len(known) == len(attempts) else None)


def whole_of(played: list[Step]) -> str:
    """All that a model says, if it is let to."""
    return "".join(step.text for step in played if isinstance(step, Content))


states = st.sampled_from(("unknown", "ready", "cold", "busy", "down", "missing", "no-key", "blocked"))


@settings(STEADY, max_examples=200)
@given(ladders(), asks, st.fixed_dictionaries(dict.fromkeys(NAMES, states)), st.sampled_from((0, 100, 10_000)))
def test_a_plan_keeps_every_pin_and_is_the_same_every_time(
    ladder: Settings, asked: Played, known: dict[str, Any], size: int
) -> None:
    features = Features(
        "ask",
        typed=asked.typed,
        tokens=size,
        paths=asked.paths,
        option=asked.tier if asked.tier != "tier9" and ladder.tier(asked.tier or "") else None,
        local=asked.local,
        model=asked.model,
    )

    def know(model: Model) -> Known:
        return Known(known[model.model], "because")

    first, second = (decide(features, ladder) for _ in range(2))
    assert first == second
    found = plan(first, ladder, know, size)
    assert plan(second, ladder, know, size) == found
    keeps(first, found, ladder)
    order = [tier.name for tier in ladder.tiers]
    assert {one.tier for one in found.attempts} | {one.tier for one in found.skipped} <= set(order)
    tried = [(one.tier, one.model.model) for one in found.attempts]
    assert len({spot(one.model) for one in found.attempts}) == len(tried)
    start = order.index(first.tier)
    ceiling = order.index(first.ceiling) if first.ceiling else len(order) - 1
    start = min(start, ceiling)
    assert is_subsequence([tier for tier, _ in dict.fromkeys(tried)], _repeated(order[start:] + order[:start][::-1]))


def _repeated(order: list[str]) -> list[str]:
    return [name for name in order for _ in range(3)]


def keeps(decision: Decision, found: Plan, ladder: Settings) -> None:
    """No bound is broken by any attempt of the plan."""
    order = [tier.name for tier in ladder.tiers]
    for one in found.attempts:
        assert forbidden(decision, one.model) is None
        assert one.model.local or not decision.local
        if decision.ceiling:
            assert order.index(one.tier) <= order.index(decision.ceiling)
        if decision.only_tier:
            assert one.tier == decision.tier
        if decision.only_model:
            assert one.model.model == decision.only_model
