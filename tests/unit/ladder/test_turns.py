"""Processes of one person take turns at a local model; what the queue of one process promises holds as before.

Two queues over one folder stand for two processes: the locks of one keep out the other, whoever has them.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from tests.unit.ladder.scene import OPENED, Scene, model, says
from tests.virtual import run_virtual

from rung.errors import AttemptError
from rung.ladder.seats import Seats
from rung.ladder.slots import LAST_GLANCE, Slots
from rung.settings import addresses
from rung.types.event import TierEvent
from rung.types.model import Model

SOON = LAST_GLANCE + 0.001


async def hold(slots: Slots, asked: Model, log: list[str], name: str, seconds: float = 1.0) -> None:
    async with slots.take(asked, background=name.startswith("b")):
        log.append(name)
        await asyncio.sleep(seconds)


def nobody_is_there(folder: Path, asked: Model) -> bool:
    """Whether every seat is free, and nobody is in line."""
    looking = Seats(folder, addresses.spot(asked))
    held = [looking.take(asked.parallel) for _ in range(asked.parallel)]
    for one in held:
        if one:
            one.free()
    looking.leave()
    return all(held)


@pytest.mark.parametrize("parallel", [1, 2])
def test_together_they_ask_no_more_at_once_than_the_model_serves(tmp_path: Path, parallel: int) -> None:
    asked, open_now, most = model("m", parallel=parallel), 0, 0

    async def one(slots: Slots) -> None:
        nonlocal open_now, most
        async with slots.take(asked):
            open_now += 1
            most = max(most, open_now)
            await asyncio.sleep(1)
            open_now -= 1

    async def go() -> None:
        await asyncio.gather(*(one(slots) for slots in (Slots(tmp_path), Slots(tmp_path)) for _ in range(4)))

    _, passed = run_virtual(go())
    assert most == parallel
    assert 8 / parallel <= passed < 8 / parallel + 8 * SOON
    assert nobody_is_there(tmp_path, asked)


def test_one_with_much_to_ask_lets_another_in_after_the_answer_that_is_under_way(tmp_path: Path) -> None:
    mine, theirs, log, asked = Slots(tmp_path), Slots(tmp_path), list[str](), model("m", queue=20)

    async def go() -> None:
        many = [asyncio.ensure_future(hold(mine, asked, log, f"p{number}")) for number in range(10)]
        await asyncio.sleep(2.5)
        await hold(theirs, asked, log, "p of theirs")
        await asyncio.gather(*many)

    run_virtual(go())
    assert log.index("p of theirs") == 3


def test_a_person_s_request_goes_before_work_of_another_process_that_nobody_waits_for(tmp_path: Path) -> None:
    first, second, third = (Slots(tmp_path) for _ in range(3))
    log, asked = list[str](), model("m")

    async def go() -> None:
        tasks = [asyncio.ensure_future(hold(first, asked, log, name)) for name in ("p0", "b1", "b2")]
        tasks.append(asyncio.ensure_future(hold(second, asked, log, "b3")))
        await asyncio.sleep(0.5)
        tasks.append(asyncio.ensure_future(hold(third, asked, log, "p1")))
        await asyncio.gather(*tasks)

    run_virtual(go())
    assert log[:2] == ["p0", "p1"]
    assert sorted(log[2:]) == ["b1", "b2", "b3"]


def test_a_person_does_not_wait_behind_background_work_that_waits_for_another_process(tmp_path: Path) -> None:
    mine, theirs, log, asked = Slots(tmp_path), Slots(tmp_path), list[str](), model("m")

    async def go() -> None:
        tasks = [asyncio.ensure_future(hold(theirs, asked, log, "p0"))]
        await asyncio.sleep(0)
        tasks.append(asyncio.ensure_future(hold(mine, asked, log, "b1")))
        await asyncio.sleep(0.5)
        tasks.append(asyncio.ensure_future(hold(mine, asked, log, "p1")))
        await asyncio.gather(*tasks)

    run_virtual(go())
    assert log == ["p0", "p1", "b1"]


def test_a_person_who_joins_background_work_in_its_wait_is_next_at_once(tmp_path: Path) -> None:
    mine, theirs, third, log, asked = Slots(tmp_path), Slots(tmp_path), Slots(tmp_path), list[str](), model("m")

    async def go() -> None:
        async with mine.take(asked):
            tasks = [asyncio.ensure_future(hold(theirs, asked, log, "b1"))]
            await asyncio.sleep(10)
            tasks.append(asyncio.ensure_future(hold(theirs, asked, log, "p1")))
            await asyncio.sleep(0)
        tasks.append(asyncio.ensure_future(hold(third, asked, log, "p2")))
        await asyncio.gather(*tasks)

    run_virtual(go())
    assert log == ["p1", "p2", "b1"]


@pytest.mark.parametrize("end", ["cancelled", "out of patience"])
def test_who_gives_up_keeps_nobody_waiting(tmp_path: Path, end: str) -> None:
    mine, theirs, third, asked = Slots(tmp_path), Slots(tmp_path), Slots(tmp_path), model("m")

    async def wait() -> None:
        async with theirs.take(asked, patience=lambda: 0.5 if end == "out of patience" else None):
            raise AssertionError("it was taken")

    async def go() -> None:
        async with mine.take(asked):
            waiting = asyncio.ensure_future(wait())
            await asyncio.sleep(0.4)
            if end == "cancelled":
                waiting.cancel()
            (found,) = await asyncio.gather(waiting, return_exceptions=True)
            assert isinstance(found, asyncio.CancelledError if end == "cancelled" else TimeoutError)
            assert not theirs.busy(asked)
        began = asyncio.get_running_loop().time()
        async with third.take(asked):
            assert asyncio.get_running_loop().time() == began
        assert nobody_is_there(tmp_path, asked)

    run_virtual(go())


def test_who_will_not_wait_at_all_leaves_no_trace(tmp_path: Path) -> None:
    mine, theirs, asked = Slots(tmp_path), Slots(tmp_path), model("m")

    def refuses() -> float:
        raise AttemptError("busy", "It takes too long.")

    async def go() -> None:
        async with mine.take(asked):
            with pytest.raises(AttemptError, match="too long"):
                async with theirs.take(asked, patience=refuses):
                    pass
        assert nobody_is_there(tmp_path, asked)

    run_virtual(go())


def test_patience_is_asked_for_only_where_somebody_has_to_wait(tmp_path: Path) -> None:
    mine, asked = Slots(tmp_path), model("m")

    def never() -> float:
        raise AssertionError("it was asked")

    async def go() -> None:
        for _ in range(3):
            async with mine.take(asked, patience=never):
                pass

    run_virtual(go())


def test_those_who_wait_for_another_process_are_bounded_too(tmp_path: Path) -> None:
    mine, theirs, log, asked = Slots(tmp_path), Slots(tmp_path), list[str](), model("m", queue=2)

    async def go() -> None:
        async with mine.take(asked):
            tasks = [asyncio.ensure_future(hold(theirs, asked, log, name)) for name in ("p1", "p2")]
            await asyncio.sleep(0)
            with pytest.raises(AttemptError, match="2 requests wait for m already"):
                await hold(theirs, asked, log, "p3")
        await asyncio.gather(*tasks)

    run_virtual(go())
    assert log == ["p1", "p2"]


def test_nobody_knows_how_long_another_process_takes(tmp_path: Path) -> None:
    mine, theirs, asked = Slots(tmp_path), Slots(tmp_path), model("m")

    async def go() -> None:
        async with mine.take(asked):
            assert theirs.forecast(asked, 10.0) == 0
            waiting = asyncio.ensure_future(hold(theirs, asked, [], "p", 1.0))
            await asyncio.sleep(0)
            assert theirs.forecast(asked, 10.0) is None
        await asyncio.sleep(SOON)
        assert theirs.forecast(asked, 10.0) == pytest.approx(10, abs=SOON)
        await waiting

    run_virtual(go())


def test_waiting_is_a_look_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, theirs, asked, looks = Slots(tmp_path), Slots(tmp_path), model("m"), 0
    take = Seats.take

    def counted(self: Seats, count: int, *, background: bool = False) -> object:
        nonlocal looks
        looks += 1
        return take(self, count, background=background)

    async def go() -> None:
        async with mine.take(asked):
            waiting = asyncio.ensure_future(hold(theirs, asked, [], "p", 0.0))
            await asyncio.sleep(60)
        await waiting

    monkeypatch.setattr(Seats, "take", counted)
    _, passed = run_virtual(go())
    assert passed < 60 + SOON
    assert 590 < looks < 620


def test_a_cloud_s_model_is_asked_by_everybody_at_once(tmp_path: Path) -> None:
    mine, theirs, asked = Slots(tmp_path), Slots(tmp_path), model("cloud")

    async def go() -> None:
        async with mine.take(asked), theirs.take(asked):
            pass

    _, passed = run_virtual(go())
    assert passed == 0
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_locked_each_has_a_queue_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "slots").write_text("")
    mine, theirs, asked, log = Slots(tmp_path / "slots"), Slots(tmp_path / "slots"), model("m"), list[str]()

    async def go() -> None:
        await asyncio.gather(*(hold(slots, asked, log, "p") for slots in (mine, theirs, mine)))

    _, passed = run_virtual(go())
    assert passed == 2


@pytest.mark.parametrize("seed", range(15))
def test_no_seat_is_lost_or_made_up_by_any_order_of_cancels(seed: int, tmp_path: Path) -> None:
    dice, asked = random.Random(seed), model("m", parallel=2, queue=100)
    processes = [Slots(tmp_path) for _ in range(3)]
    inside, most = 0, 0

    async def one(slots: Slots, seconds: float) -> None:
        nonlocal inside, most
        async with slots.take(asked, background=dice.random() < 0.3):
            inside += 1
            most = max(most, inside)
            try:
                await asyncio.sleep(seconds)
            finally:
                inside -= 1

    async def go() -> None:
        asking = [(dice.choice(processes), dice.choice([0.0, 1.0, 2.0])) for _ in range(30)]
        tasks = [asyncio.ensure_future(one(*each)) for each in asking]
        for task in dice.sample(tasks, 12):
            await asyncio.sleep(dice.choice([0.0, 0.0, 0.07, 0.5]))
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not any(slots.busy(asked) for slots in processes)

    run_virtual(go())
    assert (inside, most) == (0, 2)
    assert nobody_is_there(tmp_path, asked)


def pair(folder: Path, seconds: float) -> tuple[Scene, Scene]:
    """Two processes; the first one's answers of the small model take so long."""
    scenes = (Scene({"small": [OPENED, seconds, *says()[1:]]}), Scene({"small": says(), "large": says()}))
    for scene in scenes:
        scene.ladder.means.slots = Slots(folder)
    return scenes


def models(**limits: object) -> list[tuple[str, Model]]:
    return [("small", model("small", first_content=90.0, **limits)), ("large", model("large"))]


@pytest.mark.parametrize(
    ("limits", "seconds", "tier"),
    [
        ({}, 40.0, "small"),
        ({"when_busy": "climb"}, 40.0, "large"),
        ({"when_busy": "climb"}, 15.0, "small"),
        ({"when_busy": "climb", "busy_patience": 60.0}, 40.0, "small"),
    ],
)
def test_a_model_that_another_process_asks_is_waited_for_or_left_by_the_settings(
    tmp_path: Path, limits: dict[str, object], seconds: float, tier: str
) -> None:
    mine, theirs = pair(tmp_path, seconds)

    async def go() -> None:
        first = asyncio.ensure_future(mine.climb(models()))
        await asyncio.sleep(1)
        assert (await theirs.climb(models(**limits))).tier == tier
        assert theirs.health.known(model("small")).state == "unknown"
        await first

    run_virtual(go())
    waits = [(event.tier, event.waiting, event.reason) for event in theirs.events if isinstance(event, TierEvent)]
    assert waits[1] == ("small", "queued", "it serves somebody else first")
    if tier == "small":
        assert theirs.fake.times == [pytest.approx(seconds, abs=SOON)]
        assert theirs.outcomes == ["ok"]
        queued, first_content = theirs.tried[0].attempt.queued_ms, theirs.tried[0].attempt.first_content_ms
        assert queued == pytest.approx((seconds - 1) * 1000, abs=SOON * 1000)
        assert first_content == 0
    else:
        assert theirs.outcomes == ["busy", "ok"]


@pytest.mark.parametrize(
    ("limits", "longest"), [({}, 30.0), ({"when_busy": "climb", "busy_patience": 50.0}, 50.0)], ids=["wait", "climb"]
)
def test_whoever_has_others_to_ask_waits_no_longer_than_in_the_queue_of_its_own(
    tmp_path: Path, limits: dict[str, object], longest: float
) -> None:
    mine, theirs = pair(tmp_path, 500.0)

    async def go() -> None:
        first = asyncio.ensure_future(mine.climb(models()[:1]))
        await asyncio.sleep(1)
        assert (await theirs.climb(models(**limits), deadline=80.0)).tier == "large"
        assert theirs.fake.times == [pytest.approx(1 + longest)]
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    run_virtual(go())


def test_who_has_nobody_else_asks_after_half_of_its_time_although_another_process_is_served(tmp_path: Path) -> None:
    mine, theirs = pair(tmp_path, 500.0)

    async def go() -> None:
        first = asyncio.ensure_future(mine.climb(models()[:1]))
        await asyncio.sleep(1)
        two = [asyncio.ensure_future(theirs.climb(models()[:1], deadline=80.0)) for _ in range(2)]
        assert {answer.tier for answer in await asyncio.gather(*two)} == {"small"}
        assert theirs.fake.times == [pytest.approx(1 + 40, abs=SOON)] * 2
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    run_virtual(go())
    assert nobody_is_there(tmp_path, model("small"))
