"""What money does to whole requests: who is asked, what is counted, and what the person is told."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.engine.conftest import CLOUD, LARGE, PRICES, SMALL, Desk

from rung.engine import Engine
from rung.errors import NoAnswerError
from rung.ledger import budget as budgets
from rung.ledger.ledger import Ledger
from rung.ledger.purse import Hold, Purse, most_output
from rung.ledger.reservations import Reservation
from rung.providers import anthropic, openai
from rung.settings.values import Budget, Rule, Settings, Tier, When
from rung.sim import Simulator
from rung.types.call import Call
from rung.types.model import Model, Price
from rung.types.plan import Skipped

if TYPE_CHECKING:
    from rung.types.receipt import Receipt

CLAUDE = "claude-haiku-4-5"
OUTPUT = 100
"""Tokens that are asked for here: the answer is short, and the worst case known."""
WORST_OUT = (OUTPUT + openai.HEADROOM) * PRICES[CLOUD][1] / 1e6
"""Dollars the answer may cost at most, thinking counted."""


def counted(home: Path) -> list[tuple[int, bool, bool]]:
    """All reservations in the file: billionths, whether settled, whether estimated."""
    connection = sqlite3.connect(home / "state" / "ledger.sqlite3")
    found = connection.execute("SELECT amount, until IS NULL, estimated FROM reservation ORDER BY rowid").fetchall()
    connection.close()
    return [(amount, bool(settled), bool(estimated)) for amount, settled, estimated in found]


def only(receipt: Receipt) -> Any:
    (call,) = receipt.calls
    (attempt,) = call.attempts
    return attempt


def cloud(desk: Desk, **fields: Any) -> Settings:
    """The cloud alone, under a budget that allows a hundred calls."""
    fields.setdefault("budget", Budget(per_day=1.0))
    return desk.settings("cloud", **fields)


async def test_what_is_counted_in_the_end_is_what_the_server_counted(desk: Desk, home: Path) -> None:
    outcome = await desk.ask(desk.request(max_output=OUTPUT), cloud(desk))
    ((amount, settled, estimated),) = counted(home)
    assert amount == pytest.approx(desk.sim.bill(PRICES) * 1e9) != 0
    assert amount == pytest.approx(outcome.receipt.cost_usd * 1e9)  # type: ignore[operator]  # it is known
    assert settled
    assert not estimated


@pytest.mark.parametrize("bound", ["per_request", "per_day", "per_month"])
async def test_the_thinking_of_a_reasoning_model_is_in_its_worst_case(desk: Desk, bound: str) -> None:
    request = desk.request(max_output=OUTPUT)
    with pytest.raises(NoAnswerError, match=r"it may cost \$0\.008"):
        await desk.ask(request, cloud(desk, budget=Budget(**{bound: WORST_OUT})))
    assert desk.sim.log == []
    await desk.ask(request, cloud(desk, budget=Budget(**{bound: WORST_OUT + 0.0005})))


@pytest.mark.parametrize(
    ("model", "most"),
    [
        (Model("openai", "gpt-5-mini"), 100 + openai.HEADROOM),
        (Model("openai", "o3"), 100 + openai.HEADROOM),
        (Model("openai", "gpt-4.1"), 100),
        (Model("openai-compatible", "gpt-5-mini"), 100),
        (Model("anthropic", "claude-haiku-4-5"), 100 + anthropic.HEADROOM),
        (Model("ollama", "big"), 100),
    ],
)
def test_the_most_a_server_may_charge_as_output(model: Model, most: int) -> None:
    assert most_output(model, 100) == most


@pytest.mark.parametrize("bound", ["per_day", "per_month"])
async def test_when_the_budget_is_used_up_the_plan_goes_on_without_the_cloud_and_says_so(
    desk: Desk, bound: str
) -> None:
    settings = desk.settings(default_tier="cloud", budget=Budget(**{bound: WORST_OUT / 10}))
    outcome = await desk.ask(desk.request(max_output=OUTPUT), settings)
    assert outcome.receipt.local
    assert outcome.receipt.tier == "large"
    assert outcome.receipt.cost_usd == 0
    assert outcome.receipt.why == "cloud is the default tier"
    (skipped,) = outcome.receipt.not_asked
    assert skipped.sentence().startswith(f"cloud ({CLOUD}) was not asked: it may cost $0.0082")


async def test_what_needs_no_model_is_written_when_the_budget_is_used_up(desk: Desk) -> None:
    settings = desk.settings("cloud", budget=Budget(per_day=0.0))
    outcome = await desk.ask(desk.request("commit-message"), settings)
    assert outcome.receipt.builtin
    assert outcome.text
    assert outcome.receipt.not_asked == (Skipped("cloud", CLOUD, "today's $0.00 are used up"),)
    assert desk.sim.log == []


async def test_a_local_model_is_never_held_up_by_a_budget(desk: Desk, home: Path) -> None:
    settings = desk.settings("small", budget=Budget(per_request=0.0, per_day=0.0, per_month=0.0))
    assert (await desk.ask(desk.request(), settings)).receipt.model == SMALL
    await desk.rows()
    assert counted(home) == []


async def test_a_rule_s_budget_bounds_the_request(desk: Desk) -> None:
    rule = Rule("cheap", budget=0.001)
    with pytest.raises(NoAnswerError, match=r"of this request's \$0.00"):
        await desk.ask(desk.request(max_output=OUTPUT), cloud(desk, rules=(rule,)))


async def test_all_calls_of_a_request_count_against_its_budget(desk: Desk) -> None:
    text = "\n".join(f"def f{number}():\n    return {number}\n" for number in range(3000))
    dear = desk.models()["cloud"].replace(price=Price(0.0, 1000.0))
    bound = (OUTPUT + openai.HEADROOM) * 1000.0 / 1e6 + 0.001
    settings = Settings((Tier("cloud", (dear,), 60.0),), budget=Budget(per_request=bound))
    request = desk.request("review-file", document=desk.document(text), max_output=OUTPUT)
    outcome = await desk.ask(request, settings)
    assert [len(call.attempts) for call in outcome.receipt.calls] == [1, 0, 0]
    assert (outcome.receipt.cost_usd or 0.0) <= bound
    assert (outcome.receipt.tier, outcome.receipt.degraded) == ("cloud", False)
    assert outcome.findings is not None
    assert outcome.unreviewed is not None
    assert "it may cost" in outcome.unreviewed[0].why
    assert outcome.unreviewed[-1].lines.endswith(f" to {len(text.splitlines())}")


UNKNOWN = LARGE


def unknown(desk: Desk) -> Model:
    """A model behind a gateway whose price nobody knows."""
    return desk.models()["cloud"].replace(model=UNKNOWN, provider="openai-compatible", url=f"{desk.sim.url}/v1")


@pytest.mark.parametrize("bound", ["per_request", "per_day", "per_month"])
async def test_an_unknown_price_is_not_admitted_under_a_budget_unless_the_settings_have_it(
    desk: Desk, bound: str
) -> None:
    model = desk.models()["cloud"].replace(
        model=UNKNOWN, provider="openai-compatible", url=f"{desk.sim.url}/gateway/v1"
    )
    settings = Settings((Tier("cloud", (model,), 60.0),), budget=Budget(**{bound: 1.0}))
    with pytest.raises(NoAnswerError, match=f"the price of {UNKNOWN} is not known: set `price` in rung.toml"):
        await desk.ask(desk.request(), settings)
    assert desk.sim.log == []


async def test_an_unknown_price_is_admitted_where_no_budget_asks(desk: Desk, home: Path) -> None:
    model = unknown(desk)
    outcome = await desk.ask(desk.request(), Settings((Tier("cloud", (model,), 60.0),)))
    assert outcome.receipt.cost_usd is None
    priced = Settings((Tier("cloud", (model.replace(price=Price(1.0, 1.0)),), 60.0),), budget=Budget(per_day=1.0))
    assert (await desk.ask(desk.request(), priced)).receipt.cost_usd


async def test_a_refused_call_costs_nothing_and_gives_back_what_it_held(desk: Desk, home: Path) -> None:
    desk.sim.fail("status", model=CLOUD, status=401)
    with pytest.raises(NoAnswerError) as failed:
        await desk.ask(desk.request(), cloud(desk))
    assert failed.value.receipt is not None
    assert failed.value.receipt.cost_usd == 0
    assert [amount for amount, settled, _ in counted(home) if settled] == [0]


async def test_the_next_attempt_may_use_what_the_failed_one_gave_back(desk: Desk, home: Path) -> None:
    models = desk.models()
    first = models["cloud"].replace(model="gpt-5")
    tiers = (Tier("cloud", (first, models["cloud"]), 60.0),)
    desk.sim.fail("status", model="gpt-5", status=404)
    worst = (OUTPUT + openai.HEADROOM) * 10.0 / 1e6
    settings = Settings(tiers, budget=Budget(per_day=worst + 0.001))
    assert (await desk.ask(desk.request(max_output=OUTPUT), settings)).receipt.model == CLOUD
    assert counted(home)[0][0] == 0


class Cancelled:
    """A request to the cloud that is cancelled when ``when`` says so, and its row."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def attempt(self, when: Callable[[], object], settings: Settings) -> Any:
        running = asyncio.create_task(self.desk.ask(self.desk.request(max_output=OUTPUT), settings))
        await self.desk.sim.wait_for(when, 30.0)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        (row,) = await self.desk.rows()
        (call,) = row.calls
        (attempt,) = call.attempts
        assert attempt.outcome == "cancelled"
        return attempt


@pytest.mark.parametrize("model", [CLOUD, CLAUDE])
@pytest.mark.parametrize("moment", ["before a word", "in the middle"])
async def test_a_cancelled_call_is_billed_by_estimate(desk: Desk, home: Path, model: str, moment: str) -> None:
    found = desk.models()["cloud"]
    if model == CLAUDE:
        found = found.replace(provider="anthropic", model=CLAUDE, url=f"{desk.sim.url}/anthropic")
    settings = Settings((Tier("cloud", (found,), 60.0),), budget=Budget(per_day=1.0))
    if moment == "before a word":
        desk.sim.fail("no-headers", model=model)
    else:
        desk.sim.fail("stall", model=model)

    def there() -> bool:
        return any(moment == "before a word" or seen.chunks_sent > 2 for seen in desk.sim.log)

    attempt = await Cancelled(desk).attempt(there, settings)
    assert attempt.estimated
    assert attempt.tokens_in > 5
    if model == CLAUDE:
        assert (attempt.tokens_out > 0) == (moment == "in the middle")
    else:
        # What it thought nobody saw.
        assert 0 < attempt.tokens_out <= OUTPUT + openai.HEADROOM
    ((amount, settled, estimated),) = counted(home)
    assert settled
    assert estimated
    assert amount == pytest.approx(attempt.cost_usd * 1e9, abs=1) != 0


class Slow(budgets.Budget):
    """A budget whose file takes its time."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self.asked, self.goes_on = threading.Event(), threading.Event()

    def reserve(self, *args: Any, **given: Any) -> Reservation | str:
        self.asked.set()
        assert self.goes_on.wait(30)
        return super().reserve(*args, **given)


async def test_who_is_cancelled_while_money_is_reserved_holds_none_afterwards(desk: Desk) -> None:
    budget = Slow(desk.engine.ledger)
    priced = Model("openai", "m", price=Price(0.0, 1000.0))
    purse = Purse(budget, "r", Budget(per_day=1.0), 1.0)
    call = Call((), lambda _: (), 1000, lambda _: None)
    running = asyncio.create_task(purse.hold(priced, (), call, 60.0))
    assert await asyncio.to_thread(budget.asked.wait, 30)
    running.cancel()
    budget.goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert isinstance(await purse.hold(priced, (), call, 60.0), Hold)
    assert isinstance(await purse.hold(priced, (), call, 60.0), str)


@pytest.fixture
def locked(home: Path, desk: Desk) -> Iterator[sqlite3.Connection]:
    """Somebody else writes into the ledger, and does not end."""
    (home / "state").mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(home / "state" / "ledger.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


async def test_a_locked_ledger_keeps_who_has_a_budget_from_the_cloud_and_says_so(
    desk: Desk, locked: sqlite3.Connection
) -> None:
    settings = desk.settings(default_tier="cloud", budget=Budget(per_day=1.0))
    outcome = await desk.ask(desk.request(max_output=OUTPUT), settings)
    assert outcome.receipt.local
    held = "another process holds the ledger, so that nobody knows what is left of the budget"
    assert outcome.receipt.not_asked == (Skipped("cloud", CLOUD, held),)
    assert desk.engine.ledger.problem is not None


@pytest.mark.parametrize("budget", [Budget(), Budget(per_request=0.25)])
async def test_a_locked_ledger_keeps_nobody_else_from_the_cloud(
    desk: Desk, home: Path, locked: sqlite3.Connection, budget: Budget
) -> None:
    outcome = await desk.ask(desk.request(max_output=OUTPUT), cloud(desk, budget=budget))
    assert outcome.receipt.model == CLOUD
    locked.execute("COMMIT")
    await desk.engine.close()
    ((amount, settled, _),) = counted(home)
    assert settled
    assert amount == pytest.approx(outcome.receipt.cost_usd * 1e9)  # type: ignore[operator]  # it is known


async def test_a_rule_on_what_is_left_of_the_budget_sees_what_is_held(
    desk: Desk, make_engine: Callable[..., Engine], sim: Simulator, repository: Path
) -> None:
    rule = Rule("save", when=When(budget_left_under=0.995), tier="small", local=True)
    settings = desk.settings(default_tier="cloud", budget=Budget(per_day=1.0), rules=(rule,))
    sim.fail("no-headers", model=CLOUD, times=1)
    first = asyncio.create_task(desk.ask(desk.request(max_output=OUTPUT), settings))
    await sim.wait_for(lambda: sim.log)
    other = Desk(make_engine(), sim, repository)
    try:
        receipt = (await other.ask(other.request(max_output=OUTPUT), settings)).receipt
        assert (receipt.tier, receipt.rule) == ("small", "save")
    finally:
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await other.engine.close()


@pytest.mark.parametrize("bound", ["per_day", "per_month"])
async def test_a_rule_on_what_is_left_of_the_budget_knows_day_and_month(desk: Desk, bound: str) -> None:
    rule = Rule("save", when=When(budget_left_under=0.5), tier="small", local=True)
    settings = desk.settings(default_tier="cloud", budget=Budget(**{bound: 0.4}), rules=(rule,))
    assert (await desk.ask(desk.request(max_output=OUTPUT), settings)).receipt.rule == "save"
    settings = settings.replace(budget=Budget(**{bound: 0.6}))
    assert (await desk.ask(desk.request(max_output=OUTPUT), settings)).receipt.model == CLOUD


async def test_two_engines_of_one_person_share_the_budget(
    desk: Desk, make_engine: Callable[..., Engine], sim: Simulator, repository: Path
) -> None:
    sim.fail("no-headers", model=CLOUD, times=1)
    settings = cloud(desk, budget=Budget(per_day=WORST_OUT * 1.5))
    first = asyncio.create_task(desk.ask(desk.request(max_output=OUTPUT), settings))
    await sim.wait_for(lambda: sim.log)
    other = Desk(make_engine(), sim, repository)
    try:
        with pytest.raises(NoAnswerError, match=r"today's \$0.01 are used up but for \$0.004"):
            await other.ask(other.request(max_output=OUTPUT), settings)
    finally:
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await other.engine.close()


def worded(reason: str) -> str:
    """A reason without the amounts of the call itself, which a forecast can only estimate."""
    return re.sub(r"(may cost|up but for|only) \$[0-9.]+", r"\1 so much", reason)


@pytest.mark.parametrize(
    ("budget", "spent", "words"),
    [
        (Budget(per_request=0.001), 0.0, "it may cost so much, and of this request's $0.001 only so much are left"),
        (Budget(per_day=0.001), 0.0, "it may cost so much, more than all of today's $0.0010"),
        (Budget(per_month=0.001), 0.0, "it may cost so much, more than all of this month's $0.0010"),
        (Budget(per_month=0.0), 0.0, "this month's $0.00 are used up"),
        (Budget(per_day=0.5), 0.6, "today's $0.50 are used up"),
        (Budget(per_day=0.5), 0.499, "today's $0.50 are used up but for so much, and it may cost so much"),
        (Budget(per_request=0.0), 0.0, "it may cost so much, and of this request's $0.00 only so much are left"),
    ],
)  # fmt: skip
async def test_a_forecast_has_the_words_that_a_request_has_then(
    desk: Desk, home: Path, budget: Budget, spent: float, words: str
) -> None:
    book = budgets.Budget(Ledger(home / "state" / "ledger.sqlite3"))
    held = book.reserve("earlier", 1, spent, per_day=None, per_month=None, lease=60.0)
    assert isinstance(held, Reservation)
    settings = desk.settings(default_tier="cloud", budget=budget)
    shown = await desk.engine.preview(desk.request(max_output=OUTPUT), settings, {})
    assert desk.sim.log == []
    (sending,) = shown.sendings
    assert sending.to.tier == "large"
    (expected,) = (one for one in sending.plan.skipped if one.tier == "cloud")
    outcome = await desk.ask(desk.request(max_output=OUTPUT), settings)
    (said,) = outcome.receipt.not_asked
    assert worded(expected.reason) == worded(said.reason) == words


async def test_a_forecast_knows_a_ledger_that_cannot_be_read_by_what_a_request_would_say(
    desk: Desk, home: Path
) -> None:
    (home / "state" / "ledger.sqlite3").mkdir(parents=True)
    settings = desk.settings(default_tier="cloud", budget=Budget(per_day=1.0))
    shown = await desk.engine.preview(desk.request(max_output=OUTPUT), settings, {})
    (expected,) = (one.reason for one in shown.sendings[0].plan.skipped if one.tier == "cloud")
    (said,) = (await desk.ask(desk.request(max_output=OUTPUT), settings)).receipt.not_asked
    assert expected.startswith("the ledger cannot be read (")
    assert said.reason.startswith("the ledger cannot be opened (")
    assert expected.partition(")")[2] == said.reason.partition(")")[2]
    assert expected.endswith("), so that nobody knows what is left of the budget")
