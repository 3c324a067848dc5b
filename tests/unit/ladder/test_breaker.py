"""A server that fails is left alone for a while, longer each time; what is not its fault is not held against it."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.ladder.scene import GOOD, OPENED, Scene, fails, model, says
from tests.virtual import run_virtual

from rung.errors import AttemptError, NoAnswerError
from rung.ladder.breaker import BASE, CAP, Breaker
from rung.ladder.health import LOAD_PAUSE, Health
from rung.ladder.pauses import RATE_PAUSE
from rung.types.model import Model


def breaker(threshold: int = 3) -> Breaker:
    return Breaker(threshold, lambda: 1.0)


def test_it_opens_at_the_threshold_and_at_once_for_what_is_certain() -> None:
    slow, gone = breaker(), breaker()
    for now in (0.0, 1.0):
        slow.failed(now)
        assert slow.closed(now)
    slow.failed(2.0)
    gone.failed(2.0, certain=True)
    assert not slow.closed(2.1)
    assert not gone.closed(2.1)


def test_each_pause_is_twice_the_one_before_up_to_a_cap() -> None:
    found, now, pauses = breaker(1), 0.0, []
    for _ in range(9):
        found.begin(now)
        found.failed(now)
        pause = next(p for p in (BASE * 2**n for n in range(20)) if found.closed(now + min(p, CAP)))
        assert not found.closed(now + min(pause, CAP) - 0.01)
        pauses.append(min(pause, CAP))
        now += pauses[-1]
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_half_open_one_may_try_and_its_success_closes() -> None:
    found = breaker(1)
    found.failed(0.0)
    assert found.closed(BASE)
    found.begin(BASE)
    assert not found.closed(BASE)
    found.succeeded()
    assert found.closed(BASE)
    found.failed(BASE)
    assert found.closed(2 * BASE)


def test_half_open_a_failure_opens_it_for_longer_and_a_cancel_lets_the_next_one_try() -> None:
    found = breaker(3)
    for _ in range(3):
        found.failed(0.0)
    found.begin(BASE)
    found.left()
    assert found.closed(BASE)
    found.begin(BASE)
    found.failed(BASE)
    assert not found.closed(BASE + 2 * BASE - 0.1)
    assert found.closed(BASE + 2 * BASE)


def test_half_open_whoever_hears_it_speak_lets_the_others_in_but_the_next_failure_opens_it_for_longer() -> None:
    found = breaker(3)
    for _ in range(3):
        found.failed(0.0)
    assert found.begin(BASE)
    found.spoke()
    assert found.closed(BASE)
    assert not found.begin(BASE)
    found.failed(BASE)
    assert not found.closed(BASE + 2 * BASE - 0.1)
    assert found.closed(BASE + 2 * BASE)


def test_the_reason_is_that_of_the_last_failure() -> None:
    found = breaker(1)
    found.failed(0.0, "It is gone.")
    found.failed(1.0, "It is still gone.")
    found.failed(2.0)
    assert found.reason == "It is still gone."


def test_an_early_failure_never_shortens_a_pause() -> None:
    found = breaker(1)
    for _ in range(3):
        found.failed(0.0)
    found.succeeded()
    found.failed(0.0)
    assert not found.closed(BASE - 0.1)


def health() -> Health:
    return Health(lambda name: None if name == "UNSET" else "key", lambda name: f"Set {name}.")


def told(found: Health, asked: Model, outcome: str, retry_after: float | None = None) -> str:
    found.began(asked)
    found.failed(asked, AttemptError(outcome, "Sentence.", retry_after=retry_after))  # type: ignore[arg-type]
    return found.known(asked).state


@pytest.mark.parametrize(
    ("outcome", "states"),
    [
        ("refused", ["down"]),
        ("unreachable", ["down"]),
        ("slow", ["unknown", "unknown", "down"]),
        ("broken", ["unknown", "unknown", "down"]),
        ("stalled", ["unknown", "unknown", "down"]),
        ("busy", ["blocked"] * 5),
        ("rate-limited", ["blocked"]),
        ("auth", ["blocked"]),
        ("load-failed", ["blocked"]),
        ("missing-model", ["missing"]),
        ("bad-answer", ["unknown"] * 5),
        ("too-long", ["unknown"] * 5),
        ("filtered", ["unknown"] * 5),
        ("bad-request", ["unknown"] * 5),
    ],
)
async def test_what_a_failure_says_of_a_local_server(outcome: str, states: list[str]) -> None:
    found, asked = health(), model("small")
    assert [told(found, asked, outcome) for _ in states] == states


async def test_one_refusal_of_the_cloud_may_be_the_network_s_fault() -> None:
    found, asked = health(), model("cloud")
    assert [told(found, asked, "refused") for _ in range(3)] == ["unknown", "unknown", "down"]


async def test_a_key_that_is_nowhere_is_said_with_the_way_to_set_it() -> None:
    known = health().known(model("cloud", key="UNSET"))
    assert (known.state, known.reason) == ("no-key", "Set UNSET.")


def test_who_asks_to_be_left_alone_is_for_so_long() -> None:
    async def go() -> None:
        found = health()
        for outcome, asked, seconds in (("rate-limited", 42.0, 42.0), ("rate-limited", None, RATE_PAUSE)):
            start = asyncio.get_running_loop().time()
            assert told(found, model("cloud"), outcome, asked) == "blocked"
            await asyncio.sleep(seconds - 1)
            assert found.known(model("cloud")).state == "blocked"
            await asyncio.sleep(1.1)
            assert found.known(model("cloud")).state == "unknown"
            assert asyncio.get_running_loop().time() - start >= seconds
        told(found, model("small"), "load-failed")
        await asyncio.sleep(LOAD_PAUSE + 0.1)
        assert found.known(model("small")).state == "unknown"

    run_virtual(go())


async def test_new_settings_end_what_was_refused() -> None:
    found = health()
    told(found, model("cloud"), "auth")
    found.settings_changed()
    assert found.known(model("cloud")).state == "unknown"


def test_a_server_is_down_after_its_refusal_and_back_after_its_pause() -> None:
    scene = Scene({"small": fails("refused"), "large": says()})
    models = [("small", model("small")), ("large", model("large"))]

    async def go() -> None:
        await scene.climb(models)
        assert scene.health.known(model("small")).state == "down"
        assert scene.health.known(model("large")).state == "unknown"
        await asyncio.sleep(BASE * 1.2 + 0.1)
        assert scene.health.known(model("small")).state == "unknown"
        scene.fake.scripts["small"] = says()
        assert (await scene.climb(models)).text == GOOD
        assert scene.health.known(model("small")).state == "unknown"

    run_virtual(go())


def test_waiting_in_our_own_queue_is_not_the_server_s_fault() -> None:
    scene = Scene({"small": [OPENED, 50.0, *says()[1:]]})
    alone = [("small", model("small", queue=1))]

    async def go() -> None:
        first = asyncio.ensure_future(scene.climb(alone))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(scene.climb(alone, deadline=5.0))
        await asyncio.sleep(1)
        with pytest.raises(NoAnswerError, match="1 requests wait for small already"):
            await scene.climb(alone)
        with pytest.raises(NoAnswerError, match="time this request may take"):
            await second
        assert scene.health.known(alone[0][1]).state == "unknown"
        assert (await first).text == GOOD

    run_virtual(go())
    assert scene.outcomes == ["busy", "slow", "ok"]
