"""The figures on a receipt are those the budget counts, and no server's way of counting makes them untrue."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.engine.conftest import CLOUD, PRICES, SMALL, Desk
from tests.engine.test_budget import CLAUDE, OUTPUT, counted
from tests.faults.victims import preload
from tests.unit.providers.scripted import Script, serving
from tests.unit.providers.test_streams import delta, sse
from tests.virtual import run_virtual

from rung.engine import Engine
from rung.errors import NoAnswerError
from rung.ladder.ascent import Tried
from rung.ledger.budget import Budget as BudgetOfAll
from rung.ledger.ledger import Ledger
from rung.ledger.purse import Hold, Purse, as_billed
from rung.ledger.weight import weigh
from rung.providers import anthropic, openai
from rung.providers.events import Question
from rung.running.bill import Bill
from rung.settings.values import Budget, Settings, Tier
from rung.sim import KINDS, SimModel, Simulator
from rung.types.attempt import Attempt
from rung.types.call import Call, Message
from rung.types.decision import Decision
from rung.types.model import Model, Price
from rung.types.plan import Candidate

if TYPE_CHECKING:
    from rung.types.receipt import Receipt

TEXT = "A queue hands things out in the order in which they came in."
PRICE = Price(1.0, 10.0)
GATEWAY = Model("openai-compatible", "somebodys", "", "TEST_KEY", connect=5.0, price=PRICE)


@pytest.fixture(scope="module", autouse=True)
def _packages() -> None:
    """The clients' packages take seconds to import, which are no part of what is limited here."""
    importlib.import_module("openai")
    importlib.import_module("anthropic")


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    """A server that writes no faster than any there is: what was not counted is estimated by the time it took."""
    async with Simulator([SimModel(SMALL)], token_delay=0.002) as found:
        yield found


def under_a_budget(model: Model, *, deadline: float = 60.0, **budget: float) -> Settings:
    return Settings((Tier("cloud", (model,), deadline),), budget=Budget(**(budget or {"per_day": 1.0})))


async def receipt_of(desk: Desk, settings: Settings, **fields: Any) -> Receipt:
    """Of the answer, or of the failure."""
    fields.setdefault("max_output", OUTPUT)
    with contextlib.suppress(NoAnswerError):
        return (await desk.ask(desk.request(**fields), settings)).receipt
    (row,) = await desk.rows()
    return row  # type: ignore[no-any-return]  # it has a receipt's fields


def dollars(attempt: Any) -> float:
    assert isinstance(attempt.cost_usd, float)
    return attempt.cost_usd


def agree(receipt: Receipt, home: Path) -> tuple[Any, ...]:
    """The attempts, whose costs are just what the budget counted for them."""
    attempts = tuple(attempt for call in receipt.calls for attempt in call.attempts)
    in_file = counted(home)
    assert all(settled for _, settled, _ in in_file)
    assert [amount for amount, _, _ in in_file] == [pytest.approx(dollars(a) * 1e9, abs=1.01) for a in attempts]
    assert [estimated for _, _, estimated in in_file] == [a.estimated for a in attempts]
    return attempts


def usage(**numbers: object) -> dict[str, object]:
    return {"choices": [], "usage": numbers}


ESTIMATED = None
"""Stands for a count that the server did not give."""


@pytest.mark.parametrize(
    ("last", "tokens_in", "tokens_out"),
    [
        ([usage(prompt_tokens=30, completion_tokens=15, total_tokens=45)], 30, 15),
        ([], ESTIMATED, ESTIMATED),
        ([{"choices": [], "usage": None}], ESTIMATED, ESTIMATED),
        ([usage(prompt_tokens=0, completion_tokens=0, total_tokens=0)], ESTIMATED, ESTIMATED),
        ([usage(prompt_tokens=30)], 30, ESTIMATED),
        ([usage(prompt_tokens=30, completion_tokens=0, total_tokens=30)], 30, ESTIMATED),
        ([usage(prompt_tokens=-3, completion_tokens="15")], ESTIMATED, ESTIMATED),
        # Thinking that only the total counts.
        ([usage(prompt_tokens=30, completion_tokens=15, total_tokens=545)], 30, 515),
        # Thinking that is a part of the output, and a prompt that was in the server's cache: both are counted once.
        (
            [
                usage(
                    prompt_tokens=30, completion_tokens=515, total_tokens=545,
                    completion_tokens_details={"reasoning_tokens": 500}, prompt_tokens_details={"cached_tokens": 20},
                )
            ],
            30, 515,
        ),
        # Sums up to here, with every piece: the last one counts.
        ([usage(prompt_tokens=30, completion_tokens=1), usage(prompt_tokens=30, completion_tokens=15)], 30, 15),
    ],
)  # fmt: skip
async def test_what_a_server_does_not_count_is_estimated_and_marked_and_what_it_counts_is_believed(
    desk: Desk, home: Path, last: list[object], tokens_in: int | None, tokens_out: int | None
) -> None:
    body = sse(delta(TEXT), delta("", "stop"), *last) + b"data: [DONE]\n\n"
    async with serving(Script([body])) as server:
        receipt = await receipt_of(desk, under_a_budget(GATEWAY.replace(url=f"{server.url}/v1")))
    (attempt,) = agree(receipt, home)
    assert attempt.outcome == "ok"
    assert attempt.estimated == (None in {tokens_in, tokens_out})
    assert attempt.tokens_in == tokens_in if tokens_in else 10 < attempt.tokens_in < 100
    assert attempt.tokens_out == tokens_out if tokens_out else 10 < attempt.tokens_out < 20
    assert attempt.cost_usd == (attempt.tokens_in * PRICE.input + attempt.tokens_out * PRICE.output) / 1e6


def claude(numbers: dict[str, int], then: dict[str, int]) -> bytes:
    """Anthropic's stream, with these counts at its two places."""
    return sse(
        {"type": "message_start", "message": {"model": CLAUDE, "usage": numbers}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": TEXT}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": then},
        {"type": "message_stop"},
    )


@pytest.mark.parametrize(
    ("first", "then", "tokens_in", "tokens_out"),
    [
        ({"input_tokens": 30, "output_tokens": 1}, {"output_tokens": 15}, 30, 15),
        ({"input_tokens": 30, "output_tokens": 1}, {"input_tokens": 30, "output_tokens": 15}, 30, 15),
        ({"input_tokens": 4, "cache_read_input_tokens": 26, "output_tokens": 1}, {"output_tokens": 15}, 30, 15),
        ({"input_tokens": 4, "cache_creation_input_tokens": 26, "output_tokens": 1}, {"output_tokens": 15}, 30, 15),
        ({"input_tokens": 30, "output_tokens": 1}, {}, 30, ESTIMATED),
        ({"input_tokens": 30, "output_tokens": 1}, {"output_tokens": 0}, 30, ESTIMATED),
        ({"input_tokens": 0, "output_tokens": 0}, {"output_tokens": 15}, ESTIMATED, 15),
    ],
)
async def test_the_usage_in_two_places_of_anthropic_counts_once(
    desk: Desk,
    home: Path,
    *,
    first: dict[str, int],
    then: dict[str, int],
    tokens_in: int | None,
    tokens_out: int | None,
) -> None:
    async with serving(Script([claude(first, then)])) as server:
        model = GATEWAY.replace(provider="anthropic", url=server.url, model=CLAUDE, price=None)
        receipt = await receipt_of(desk, under_a_budget(model))
    (attempt,) = agree(receipt, home)
    assert attempt.estimated == (None in {tokens_in, tokens_out})
    assert attempt.tokens_in == tokens_in if tokens_in else 10 < attempt.tokens_in < 100
    assert attempt.tokens_out == tokens_out if tokens_out else 10 < attempt.tokens_out < 20
    assert attempt.cost_usd == pytest.approx((attempt.tokens_in * 1.0 + attempt.tokens_out * 5.0) / 1e6)


@pytest.mark.parametrize(
    ("script", "billed"),
    [
        (Script([b"{}"], status=401), False),
        (Script([b"{}"], status=429), False),
        (Script([b"{}"], status=500), False),
        (Script([b"{}"], status=503), False),
        (Script([b"{}"], status=400), False),
        (Script([b'{"error": "content_filter"}'], status=400), True),
        (Script([b"{}"], status=408), True),
        (Script(hang="headers"), True),
        (Script([sse(delta(TEXT))], cut=True), True),
    ],
)
async def test_a_failed_call_costs_its_prompt_where_the_server_may_have_read_it(
    desk: Desk,
    home: Path,
    script: Script,
    billed: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    async with serving(script) as server:
        settings = under_a_budget(GATEWAY.replace(url=f"{server.url}/v1"), deadline=1.0 if script.hang else 60.0)
        receipt = await receipt_of(desk, settings)
    for attempt in agree(receipt, home):
        assert attempt.outcome != "ok"
        assert (attempt.cost_usd > 0) == (attempt.tokens_in > 0) == attempt.estimated == billed


@pytest.mark.parametrize("name", ["gpt-5-mini", "openai/o3", "somebodys"])
async def test_a_gateway_s_thinking_that_nobody_saw_is_billed_too(desk: Desk, home: Path, name: str) -> None:
    async with serving(Script([sse(delta("A"))], cut=True)) as server:
        model = GATEWAY.replace(url=f"{server.url}/v1", model=name)
        (attempt,) = agree(await receipt_of(desk, under_a_budget(model)), home)
    assert attempt.estimated
    assert (1 < attempt.tokens_out <= OUTPUT) == (name != "somebodys")


async def test_what_a_model_was_seen_to_think_before_it_broke_off_is_billed_too(desk: Desk, home: Path) -> None:
    thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "Hm."}, "finish_reason": None}]}
    async with serving(Script([sse(thought, delta("A"))], cut=True)) as server:
        (attempt,) = agree(await receipt_of(desk, under_a_budget(GATEWAY.replace(url=f"{server.url}/v1"))), home)
    assert attempt.estimated
    assert 1 < attempt.tokens_out <= OUTPUT


THINKER = GATEWAY.replace(model="gpt-5-mini")


@pytest.mark.parametrize(
    ("model", "fields", "thought", "tokens_out"),
    [
        (GATEWAY, {"tokens_out": 7, "total_ms": 500, "estimated": True}, False, 7),
        (GATEWAY, {"tokens_out": 7, "total_ms": 500, "estimated": True}, True, 1507),
        (THINKER, {"tokens_out": 7, "total_ms": 500, "estimated": True}, False, 1507),
        (THINKER, {"tokens_out": 7, "total_ms": 500, "queued_ms": 400, "estimated": True}, False, 307),
        (THINKER, {"tokens_out": 7, "total_ms": 60_000, "estimated": True}, False, 4000),
        (THINKER, {"tokens_out": 5000, "total_ms": 60_000, "estimated": True}, False, 5000),
        (THINKER, {"tokens_out": 7, "total_ms": 500}, True, 7),
    ],
)
def test_what_was_thought_unseen_is_what_can_be_written_in_the_time_up_to_what_was_asked_for(
    model: Model, fields: dict[str, Any], *, thought: bool, tokens_out: int
) -> None:
    attempt = Attempt("cloud", "m", "openai", "cancelled", tokens_in=9, **fields)
    assert (
        as_billed(attempt, Hold(model, weigh((), None), 4000, 1.0, None), 9, thought=thought).tokens_out == tokens_out
    )


async def test_a_gateway_on_loopback_that_has_a_price_is_under_the_budget_as_the_cloud_is(
    desk: Desk, home: Path
) -> None:
    body = sse(delta(TEXT), delta("", "stop"), usage(prompt_tokens=30, completion_tokens=15)) + b"data: [DONE]\n\n"
    async with serving(Script([body])) as server:
        model = GATEWAY.replace(url=f"{server.url}/v1", local=True)
        receipt = await receipt_of(desk, under_a_budget(model))
        assert receipt.cost_usd == (30 * PRICE.input + 15 * PRICE.output) / 1e6
        agree(receipt, home)
        with pytest.raises(NoAnswerError, match="today's"):
            await desk.ask(desk.request(max_output=OUTPUT), under_a_budget(model, per_day=0.0))


async def test_an_absurd_count_neither_breaks_the_budget_nor_the_answer(desk: Desk, home: Path) -> None:
    numbers = usage(prompt_tokens=2**53, completion_tokens=2**53)
    body = sse(delta(TEXT), delta("", "stop"), numbers) + b"data: [DONE]\n\n"
    async with serving(Script([body])) as server:
        settings = under_a_budget(GATEWAY.replace(url=f"{server.url}/v1"))
        await desk.ask(desk.request(max_output=OUTPUT), settings)
        with pytest.raises(NoAnswerError, match=r"today's \$1.00 are used up"):
            await desk.ask(desk.request(max_output=OUTPUT), settings)


FAULTS = sorted(KINDS.keys() - {"load-failure", "crash"})
SLACK = 1.3
"""An estimate may be wrong by so much."""


@pytest.mark.parametrize("provider", ["openai", "openai-compatible", "anthropic"])
@pytest.mark.parametrize("kind", FAULTS)
def test_whatever_goes_wrong_the_bill_is_no_higher_than_what_is_counted(
    make_engine: Callable[..., Engine], repository: Path, home: Path, kind: str, provider: Any
) -> None:
    async def play() -> tuple[list[Any], float]:
        async with Simulator([SimModel(SMALL)], token_delay=0.002) as sim:
            desk = Desk(make_engine(), sim, repository)
            await preload(sim, SMALL, 8192)
            try:
                receipt = await receipt_of(desk, settings_of(desk, kind, provider))
            finally:
                await desk.engine.close()
            attempts = [a for call in receipt.calls for a in call.attempts if a.model != SMALL]
            return attempts, sim.bill({**PRICES, CLAUDE: (1.0, 5.0)}) * 1e9

    # On a clock that jumps: on a busy machine a real server writes on while a connection is being closed.
    (paid, bill), _ = run_virtual(play())
    in_file = counted(home)
    assert len(in_file) == len(paid) > 0
    assert [amount for amount, _, _ in in_file] == [pytest.approx(dollars(a) * 1e9, abs=1.01) for a in paid]
    assert [estimated for _, _, estimated in in_file] == [a.estimated for a in paid]
    total = sum(amount for amount, _, _ in in_file)
    assert total * SLACK + 1 >= bill
    assert total <= 0.05 * 1e9
    most = OUTPUT + max(openai.HEADROOM, anthropic.HEADROOM)
    assert all(a.tokens_out <= most for a in paid)


def settings_of(desk: Desk, kind: str, provider: Any) -> Settings:
    """A cloud model that fails in this way, under a budget, and a local one behind it."""
    name = CLAUDE if provider == "anthropic" else CLOUD
    path = "/anthropic" if provider == "anthropic" else "/openai/v1"
    cloud = Model(provider, name, f"{desk.sim.url}{path}", "TEST_KEY", connect=5.0, parallel=4)
    limits = {"first_content": 0.3, "idle": 0.3, "thinking": 0.3}
    tiers = (Tier("cloud", (cloud.replace(**limits),), 60.0), Tier("small", (desk.models()["small"],), 60.0))
    desk.sim.fail(kind, model=name, times=None)
    return Settings(tiers, budget=Budget(per_request=0.05, per_day=0.05), default_tier="cloud")


@pytest.mark.parametrize(
    ("outcome", "reason", "billed"),
    [
        ("broken", "The connection was reset.", 9),
        ("slow", "It said nothing in time.", 9),
        ("cancelled", "It was cancelled.", 9),
        ("filtered", "The provider filtered the answer.", 9),
        ("broken", "The server answered 500.", 0),
        ("rate-limited", "The server answered 429.", 0),
        ("refused", "Nobody listens there.", 0),
        ("auth", "The server answered 401.", 0),
    ],
)
def test_what_ended_without_a_word_is_billed_where_the_server_may_have_read_it(
    outcome: Any, reason: str, billed: int
) -> None:
    attempt = Attempt("cloud", "m", "openai", outcome, reason=reason)
    hold = Hold(Model("openai", "m", price=PRICE), weigh((), None), 0, 1.0, None)
    found = as_billed(attempt, hold, 9, thought=False)
    assert (found.tokens_in, found.estimated) == (billed, billed > 0)


async def test_an_attempt_is_settled_once(home: Path) -> None:
    purse = Purse(BudgetOfAll(Ledger(home / "ledger.sqlite3")), "r", Budget(per_day=1.0), 1.0)
    model = Model("openai", "m", price=PRICE)
    call = Call((), lambda _: (), 1000, lambda _: None)
    bill = Bill(purse, Decision("cloud", "default", None, "it is asked"), call, asyncio.get_running_loop().time())
    question = Question(model, (Message("user", "hello"),), 1000)
    assert await bill.admit(Candidate("cloud", model), question) is None
    bill.tried.append(Tried(Attempt("cloud", "m", "openai", "ok", tokens_in=100, tokens_out=100), model))
    await bill.settle()
    spent = purse._gone
    assert spent == pytest.approx((100 * 1.0 + 100 * 10.0) / 1e6)
    await bill.settle()
    assert purse._gone == spent
