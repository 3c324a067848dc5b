"""Whole requests through the engine, to simulated models: what the person gets, and what the ledger keeps."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from tests.engine.conftest import CLOUD, CODE, LARGE, PRICES, SMALL, Desk, git

from rung.errors import ContextError, NoAnswerError, UsageError
from rung.ladder.ascent import Tried
from rung.ledger.purse import FASTEST
from rung.running import bill, request
from rung.settings.values import Budget, Rule, When
from rung.sim import SimModel, Simulator
from rung.types.event import OutcomeEvent
from rung.types.part import Part
from rung.types.request import Position, Range


async def warm(desk: Desk) -> None:
    """Both local models in memory, and nothing in the simulator's log."""
    for tier in ("small", "large"):
        await desk.ask(desk.request(), desk.settings(tier))
    desk.sim.log.clear()


async def test_a_question_is_answered_by_the_first_tier_with_a_receipt(desk: Desk) -> None:
    outcome = await desk.ask(desk.request())
    receipt = outcome.receipt
    assert outcome.outcome == "text"
    assert outcome.text == desk.shown.strip() != ""
    assert (receipt.tier, receipt.model, receipt.provider, receipt.local) == ("small", SMALL, "ollama", True)
    assert (receipt.by, receipt.simulated, receipt.degraded, receipt.builtin) == ("default", True, False, False)
    assert receipt.cost_usd == 0
    assert receipt.escalated_from is None
    exchange = desk.sim.log[-1]
    assert (receipt.tokens_in, receipt.tokens_out) == (exchange.prompt_tokens, exchange.completion_tokens)


async def test_an_explanation_sees_the_selection_its_surroundings_and_the_imports(desk: Desk) -> None:
    outcome = await desk.ask(desk.request("explain-selection"))
    prompt = desk.sim.log[-1].body["messages"][-1]["content"]
    assert outcome.outcome == "text"
    assert "def add(a, b):" in prompt
    assert "python code" in prompt


async def test_a_review_anchors_each_finding_by_what_it_quotes(desk: Desk) -> None:
    outcome = await desk.ask(desk.request("review-file"))
    assert outcome.outcome == "findings"
    assert outcome.findings
    lines = CODE.split("\n")
    for finding in outcome.findings:
        assert finding.range is not None
        assert finding.path == "a.py"
        start, end = finding.range.start, finding.range.end
        assert lines[start.line][start.character : end.character] == finding.quote.strip()
    assert desk.shown == ""


async def test_a_commit_message_names_what_is_staged(desk: Desk) -> None:
    outcome = await desk.ask(desk.request("commit-message"))
    assert outcome.outcome == "commit-message"
    assert outcome.text is not None
    assert "cart" in outcome.text
    assert outcome.receipt.tier == "small"


async def test_a_climb_is_told_in_the_events_and_in_the_receipt(desk: Desk) -> None:
    desk.sim.fail("status", model=SMALL, status=504)
    desk.sim.fail("refusal", model=LARGE)
    outcome = await desk.ask(desk.request())
    assert desk.asked == ["small", "large", "cloud"]
    receipt = outcome.receipt
    assert (receipt.tier, receipt.model, receipt.escalated_from, receipt.local) == ("cloud", CLOUD, "small", False)
    assert [attempt.outcome for attempt in receipt.calls[0].attempts] == ["broken", "bad-answer", "ok"]
    assert desk.shown.strip() == outcome.text


async def test_a_degraded_answer_names_the_model_it_is_of(desk: Desk) -> None:
    desk.sim.fail("short", times=None)
    outcome = await desk.ask(desk.request("explain-selection"))
    assert outcome.text == "ok"
    assert (outcome.receipt.degraded, outcome.receipt.tier, outcome.receipt.model) == (True, "large", LARGE)
    assert desk.shown == "ok"


@pytest.mark.parametrize(("climbs", "tier", "model"), [(0, "small", SMALL), (2, "cloud", CLOUD)])
async def test_how_often_a_request_goes_on_for_quality_is_the_person_s_to_say(
    desk: Desk, climbs: int, tier: str, model: str
) -> None:
    desk.sim.fail("short", times=None)
    outcome = await desk.ask(desk.request("explain-selection"), desk.settings(quality_climbs=climbs))
    assert (outcome.text, desk.shown) == ("ok", "ok")
    assert (outcome.receipt.degraded, outcome.receipt.tier, outcome.receipt.model) == (True, tier, model)


async def test_nobody_answers_and_the_error_carries_each_reason_and_the_receipt(desk: Desk) -> None:
    desk.sim.down()
    with pytest.raises(NoAnswerError) as caught:
        await desk.ask(desk.request())
    assert "Nobody listens" in caught.value.text
    receipt = caught.value.receipt
    assert receipt is not None
    assert (receipt.tier, receipt.model) == (None, None)
    assert [attempt.outcome for attempt in receipt.calls[0].attempts] == ["refused"] * 3


async def test_an_unknown_action_lists_those_there_are(desk: Desk) -> None:
    with pytest.raises(UsageError) as caught:
        await desk.ask(desk.request("nonsense"))
    assert caught.value.hint is not None
    assert "commit-message" in caught.value.hint


async def test_nothing_selected_is_said_before_any_model_is_asked(desk: Desk) -> None:
    nothing = desk.document().replace(selection=Range(Position(0, 0), Position(0, 0)))
    with pytest.raises(ContextError):
        await desk.ask(desk.request("explain-selection", document=nothing))
    assert desk.sim.log == []


async def test_what_the_ledger_says_it_cost_is_what_the_servers_counted(desk: Desk) -> None:
    await warm(desk)
    desk.sim.fail("status", model=SMALL, times=2)
    desk.sim.fail("status", model=LARGE)
    await desk.ask(desk.request())
    desk.sim.fail("short", model=CLOUD)
    with contextlib.suppress(NoAnswerError):
        await desk.ask(desk.request("explain-selection", tier="cloud"))
    desk.sim.fail("length", model=CLOUD)
    with contextlib.suppress(NoAnswerError):
        await desk.ask(desk.request(tier="cloud"))
    desk.sim.fail("status", model=CLOUD, status=429)
    with contextlib.suppress(NoAnswerError):
        await desk.ask(desk.request(tier="cloud"))
    rows = await desk.rows()
    attempts = [attempt for row in rows for call in row.calls for attempt in call.attempts]
    assert not any(attempt.estimated for attempt in attempts if attempt.outcome not in {"broken", "rate-limited"})
    assert sum(row.cost_usd for row in rows) == pytest.approx(desk.sim.bill(PRICES)) != 0


async def test_what_was_not_counted_is_an_estimate_and_says_so(desk: Desk) -> None:
    desk.sim.fail("reset", model=CLOUD, after=3)
    with pytest.raises(NoAnswerError):
        await desk.ask(desk.request(tier="cloud"))
    (row,) = await desk.rows()
    (attempt,) = row.calls[0].attempts
    assert (attempt.outcome, attempt.estimated) == ("broken", True)
    assert attempt.tokens_out > 0
    # This model thinks unseen: perhaps all that can be written in the time it took, which is more on a slow machine.
    unseen = (attempt.total_ms + 1) / 1000 * FASTEST * PRICES[CLOUD][1] / 1e6
    assert 0 < attempt.cost_usd < 2 * desk.sim.bill(PRICES) + unseen


async def test_every_ended_request_has_one_row_with_how_it_ended(desk: Desk) -> None:
    await desk.ask(desk.request())
    desk.sim.fail("stall", after=20)
    generator = desk.engine.run(desk.request(), desk.settings("small"), {})
    async for event in generator:
        if getattr(event, "text", ""):
            break
    await generator.aclose()
    desk.sim.down()
    with pytest.raises(NoAnswerError):
        await desk.ask(desk.request())
    assert [row.outcome for row in await desk.rows()] == ["text", "cancelled", "no-answer"]


@pytest.mark.parametrize("fault", ["down", "missing"])
async def test_a_commit_message_is_written_without_a_model_when_nobody_could(desk: Desk, fault: str) -> None:
    settings = desk.settings()
    if fault == "down":
        desk.sim.down()
    else:
        settings = desk.settings("small", limits={"model": "nobody:1b"})
    outcome = await desk.ask(desk.request("commit-message"), settings)
    assert outcome.receipt.builtin
    assert outcome.receipt.tier == "builtin"
    assert outcome.receipt.model is None
    assert outcome.receipt.cost_usd == 0
    assert outcome.text


async def test_a_commit_message_is_not_written_without_a_model_when_one_was_only_slow(desk: Desk) -> None:
    await warm(desk)
    desk.sim.fail("no-content", times=None)
    settings = desk.settings("small", "large", limits={"first_content": 0.05})
    settings = settings.replace(tiers=tuple(tier.replace(deadline=0.6) for tier in settings.tiers))
    with pytest.raises(NoAnswerError):
        await desk.ask(desk.request("commit-message"), settings)


async def test_a_commit_message_is_not_written_without_a_model_when_one_was_only_busy(desk: Desk) -> None:
    await warm(desk)
    desk.sim.fail("status", status=503, times=None)
    with pytest.raises(NoAnswerError, match="busy"):
        await desk.ask(desk.request("commit-message"), desk.settings("small"))


async def test_builtin_answers_when_it_is_asked_for_and_only_what_it_can(desk: Desk) -> None:
    outcome = await desk.ask(desk.request("commit-message", tier="builtin"))
    assert outcome.receipt.builtin
    with pytest.raises(UsageError, match="needs a model"):
        await desk.ask(desk.request(tier="builtin"))
    assert desk.sim.log == []


async def test_a_tier_that_is_asked_for_is_the_only_one(desk: Desk) -> None:
    desk.sim.fail("status", model=LARGE, times=2)
    with pytest.raises(NoAnswerError):
        await desk.ask(desk.request(tier="large"))
    assert {exchange.model for exchange in desk.sim.log if exchange.model} == {LARGE}


async def test_a_long_review_asks_for_each_piece_and_finds_each_quote_where_it_stands(desk: Desk) -> None:
    block = (
        "def work_{0}(path):\n    handle = open(path)\n    value_{0} = eval(handle.read())\n    return value_{0}\n\n\n"
    )
    text = "".join(block.format(i) for i in range(400))
    outcome = await desk.ask(desk.request("review-file", document=desk.document(text)))
    calls = outcome.receipt.calls
    assert (
        len(calls)
        == len([exchange for exchange in desk.sim.log if exchange.path == "/api/chat" and exchange.prompt_tokens])
        > 1
    )
    assert outcome.findings
    assert all(finding.range is not None for finding in outcome.findings)
    assert outcome.receipt.tier == "small"
    assert max(f.range.start.line for f in outcome.findings if f.range) > 1000


async def test_a_finding_nobody_can_find_in_the_file_is_left_out(home: Path, desk: Desk) -> None:
    made_up = (
        '{"findings": [{"severity": "error", "category": "bug", "title": "t", "reason": "r", "quote": "nowhere()",'
        ' "suggestion": ""}, {"severity": "odd", "category": "", "title": "", "reason": "It leaks. Much.", "quote":'
        ' "  handle  =  open(\'x\')", "suggestion": ""}], "summary": ""}'
    )
    async with Simulator([SimModel(SMALL, says=made_up)]) as other:
        desk.sim = other
        outcome = await desk.ask(desk.request("review-file"))
    assert outcome.findings is not None
    (finding,) = outcome.findings
    assert (finding.title, finding.severity, finding.range) == (
        "It leaks",
        "info",
        Range(Position(4, 4), Position(4, 22)),
    )


async def test_a_pin_by_path_holds_for_a_path_inside_a_piped_diff_and_whatever_fails(desk: Desk) -> None:
    rules = (Rule("secrets", When(path=("**/*.pem",)), local=True),)
    diff = "diff --git a/keys/x.pem b/keys/x.pem\n--- a/keys/x.pem\n+++ b/keys/x.pem\n@@ -1 +1 @@\n-a\n+b\n"
    request = desk.request(instruction="Explain.", attached=(Part("attached", diff),))
    for kind in ("status", "reset", "refusal", "no-end"):
        desk.sim.fail(kind, model=SMALL)
        desk.sim.fail(kind, model=LARGE)
    with pytest.raises(NoAnswerError, match='pinned to this machine by rule "secrets"'):
        await desk.ask(request, desk.settings(rules=rules))
    assert not any(exchange.path.startswith("/openai") for exchange in desk.sim.log)


async def test_a_prefix_is_obeyed_and_taken_out(desk: Desk) -> None:
    outcome = await desk.ask(desk.request(instruction="[cloud] What is a queue?"))
    assert (outcome.receipt.tier, outcome.receipt.by) == ("cloud", "prefix")
    assert desk.sim.log[-1].body["messages"][-1]["content"] == "What is a queue?"


async def test_a_budget_that_would_be_broken_keeps_the_request_from_the_cloud(desk: Desk) -> None:
    settings = desk.settings("cloud", budget=Budget(per_request=0.000001))
    with pytest.raises(NoAnswerError, match="may cost"):
        await desk.ask(desk.request(), settings)
    assert desk.sim.log == []
    await desk.ask(desk.request(), desk.settings("cloud", budget=Budget(per_day=0.05)))
    with pytest.raises(NoAnswerError, match=r"today's \$0.001 are used up"):
        await desk.ask(desk.request(), desk.settings("cloud", budget=Budget(per_day=0.001)))


async def test_settings_of_the_beginning_hold_to_the_end(desk: Desk) -> None:
    desk.sim.fail("stall", model=SMALL, after=1)
    settings = desk.settings(limits={"idle": 0.3})
    generator = desk.engine.run(desk.request(), settings, {})
    seen = [await anext(generator)]
    settings = desk.settings("small", limits={"model": "nobody:1b"})
    async for event in generator:
        seen.append(event)  # noqa: PERF401 - the first was taken before
    assert seen[-1].result.receipt.tier == "large"  # type: ignore[union-attr]


async def test_a_lock_file_and_a_binary_are_named_as_left_out(desk: Desk) -> None:
    (desk.folder / "uv.lock").write_text("x = 1\n" * 50)
    (desk.folder / "logo.png").write_bytes(bytes(range(256)))
    git(desk.folder, "add", ".")
    outcome = await desk.ask(desk.request("commit-message"))
    assert {(gone.path, gone.why) for gone in outcome.receipt.left_out} == {
        ("uv.lock", "a lock file"),
        ("logo.png", "a binary file"),
    }


async def test_many_requests_at_once_each_get_their_own_answer(desk: Desk) -> None:
    words = ["apple", "pear", "plum", "fig", "date"]
    actions = desk.engine.actions(None, trusted=False)

    async def one(word: str) -> str:
        request = desk.request(instruction=f"Explain {word}_name briefly.")
        events = [event async for event in desk.engine.run(request, desk.settings("small"), actions)]
        last = events[-1]
        assert isinstance(last, OutcomeEvent)
        return last.result.text or ""

    answers = await asyncio.gather(*(one(word) for word in words))
    assert all(f"{word}_name" in answer for word, answer in zip(words, answers, strict=True))


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("review-file", "garbage-text"),
        ("review-file", "truncated-json"),
        ("review-file", "refusal"),
        ("explain-selection", "short"),
        ("explain-selection", "length"),
        ("commit-message", "refusal"),
    ],
)
async def test_a_tier_that_is_asked_for_shows_even_what_is_not_good_enough_and_marks_it(
    desk: Desk, action: str, kind: str
) -> None:
    desk.sim.fail(kind, times=None)
    outcome = await desk.ask(desk.request(action, tier="large"))
    assert outcome.receipt.degraded
    assert outcome.text
    (attempt,) = (attempt for call in outcome.receipt.calls for attempt in call.attempts)
    assert (attempt.tier, attempt.outcome) == ("large", "bad-answer")
    assert attempt.reason


async def test_a_request_that_is_cancelled_while_its_failure_is_priced_has_its_row(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sim.fail("status", times=None)
    pricing, go_on = asyncio.Event(), asyncio.Event()
    real = bill.price

    async def slow(tried: Tried) -> Tried:
        pricing.set()
        await go_on.wait()
        return await real(tried)

    monkeypatch.setattr(request, "price", slow)
    task = asyncio.ensure_future(desk.ask(desk.request(tier="cloud")))
    await pricing.wait()
    desk.engine.cancel()
    go_on.set()
    await asyncio.gather(task, return_exceptions=True)
    assert len(await desk.rows()) == 1
