"""What one process was told by a server, or asked, holds for the others; a file that says nonsense says nothing."""

from __future__ import annotations

import asyncio
import json
import random
import stat
import sys
import time
from pathlib import Path

import pytest
from tests.unit.ladder.scene import model
from tests.virtual import run_virtual

from rung.errors import AttemptError
from rung.ladder.health import Health
from rung.ladder.notices import AHEAD, Notices
from rung.ladder.pauses import LONGEST_REST
from rung.ladder.rates import Rates, Turn
from rung.settings.addresses import spot
from rung.types.model import Model

CLOUD = model("cloud", url="https://gateway.example/v1", key="KEY", per_minute=2)
SPOT = spot(CLOUD)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "limits.json"


def wall() -> float:
    """A clock on the wall that goes with the loop's."""
    return 1.8e9 + asyncio.get_running_loop().time()


async def told(path: Path, seconds: float) -> None:
    """Another process hears from the server that the model is to be left alone."""
    other = Notices(path, wall)
    other.leave_alone(SPOT, seconds)
    await other.close()


def health(path: Path | None) -> Health:
    return Health(lambda _: "key", str, notices=Notices(path, wall))


def test_a_rest_holds_for_other_processes_until_it_is_over(path: Path) -> None:
    async def go() -> None:
        await told(path, 60.0)
        found = health(path)
        assert found.known(CLOUD).state == "blocked"
        assert found.known(CLOUD).reason == "it asked to be left alone for 60 s"
        assert found.rest(CLOUD) == pytest.approx(60.0)
        assert found.known(CLOUD.replace(model="other")).state == "unknown"
        await asyncio.sleep(59.0)
        assert found.known(CLOUD).state == "blocked"
        await asyncio.sleep(1.1)
        assert (found.known(CLOUD).state, found.rest(CLOUD)) == ("unknown", 0.0)

    run_virtual(go())


def test_a_short_rest_is_waited_out_and_keeps_nobody_from_asking(path: Path) -> None:
    async def go() -> None:
        await told(path, 2.0)
        found = health(path)
        assert found.known(CLOUD).state == "unknown"
        assert found.rest(CLOUD) == pytest.approx(2.0)

    run_virtual(go())


def test_what_a_process_hears_while_it_runs_holds_too_and_of_two_rests_the_longer(path: Path) -> None:
    async def go() -> None:
        found = health(path)
        assert found.known(CLOUD).state == "unknown"
        await told(path, 600.0)
        await told(path, 60.0)
        assert found.rest(CLOUD) == pytest.approx(600.0)

    run_virtual(go())


def test_only_what_a_server_named_is_told(path: Path) -> None:
    async def go() -> None:
        notices = Notices(path, wall)
        one, other = Health(lambda _: "key", str, notices=notices), health(path)
        for failure, rest in (("rate-limited", None), ("busy", None), ("broken", None), ("rate-limited", 60.0)):
            assert other.known(CLOUD).state == "unknown"
            one.began(CLOUD)
            one.failed(CLOUD, AttemptError(failure, "Sentence.", retry_after=rest))  # type: ignore[arg-type]
            await notices.close()
        assert other.known(CLOUD).state == "blocked"
        assert one.known(CLOUD).reason == "Sentence."

    run_virtual(go())


def test_the_file_names_nobody_and_is_private(path: Path) -> None:
    run_virtual(told(path, 60.0))
    text = path.read_text(encoding="utf-8")
    assert not any(word in text for word in ("gateway", "cloud", "http", "KEY"))
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("seconds", [LONGEST_REST + 1, 1e9])
def test_a_server_that_asks_for_more_than_an_hour_gets_one(path: Path, seconds: float) -> None:
    async def go() -> None:
        await told(path, seconds)
        assert Notices(path, wall).rest(SPOT) == pytest.approx(LONGEST_REST)

    run_virtual(go())


@pytest.mark.parametrize("leap", [-86400.0, -2 * AHEAD, 86400.0])
def test_a_clock_that_was_set_ends_what_was_told_before(path: Path, leap: float) -> None:
    async def go() -> None:
        await told(path, 600.0)
        found = Notices(path, lambda: wall() + leap)
        assert found.rest(SPOT) == 0.0

    run_virtual(go())


def claims(path: Path, change: object) -> None:
    """Put something else in the place of the one claim in the file."""
    whole = json.loads(path.read_text(encoding="utf-8"))
    (digest,) = whole["models"]
    whole["models"][digest] = change
    path.write_text(json.dumps(whole), encoding="utf-8")


NOW = 1.8e9
NONSENSE: list[object] = [
    *(None, 7, "text", [], {}, {"rest": None, "asked": None}, {"rest": {}, "asked": []}),
    *({"rest": claim, "asked": {"a": claim}} for claim in ([], ["x"], ["x", NOW], ["x", "y", "z"], ["x", NOW, None])),
    {"rest": ["x", NOW, NOW + 1e9], "asked": {"a": ["x", NOW, NOW + 1e9]}},
    {"rest": ["x", NOW + 7200, NOW + 7260], "asked": {"a": ["x", NOW + 7200, NOW + 7260]}},
    {"rest": ["x", 10**400, 10**400], "asked": {"a": ["x", float("inf"), float("nan")]}},
    {"rest": [["x"], True, [NOW]], "asked": {"a": {"b": "c"}}},
]


@pytest.mark.parametrize("entry", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_in_the_file_says_nothing_and_is_written_over(path: Path, entry: object) -> None:
    async def go() -> None:
        await told(path, 60.0)
        claims(path, entry)
        found = Notices(path, wall)
        assert (found.rest(SPOT), found.asked(SPOT)) == (0.0, [])
        await told(path, 60.0)
        assert found.rest(SPOT) == pytest.approx(60.0)

    run_virtual(go())


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 2, "models": {}}', '{"format": 1, "models": []}', "\ud800", "[" * 100_000]
)
def test_a_broken_file_is_as_none(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    path.chmod(0o600)

    async def go() -> None:
        assert Notices(path, wall).rest(SPOT) == 0.0
        await told(path, 60.0)
        assert Notices(path, wall).rest(SPOT) == pytest.approx(60.0)

    run_virtual(go())


@pytest.mark.parametrize("way", ["a file in the place of the folder", "a folder in the place of the file", "nowhere"])
def test_where_nothing_can_be_written_each_process_knows_what_it_found_out_itself(path: Path, way: str) -> None:
    if way == "a file in the place of the folder":
        path.parent.write_text("", encoding="utf-8")
    elif way == "a folder in the place of the file":
        path.mkdir(parents=True)

    async def go() -> None:
        notices = Notices(None if way == "nowhere" else path, wall)
        found, rates = Health(lambda _: "key", str, notices=notices), Rates(notices)
        found.began(CLOUD)
        found.failed(CLOUD, AttemptError("rate-limited", "Sentence.", retry_after=60.0))
        assert found.known(CLOUD).state == "blocked"
        for _ in range(2):
            (await rates.take_among(CLOUD, 0.0)).used()
        assert (await rates.take_among(CLOUD, 0.0)).pause == 60
        await notices.close()
        assert health(path).known(CLOUD).state == "unknown"

    run_virtual(go())


def test_what_somebody_else_wrote_there_is_not_read(path: Path) -> None:
    run_virtual(told(path, 60.0))
    path.chmod(0o666)

    async def go() -> float:
        return Notices(path, wall).rest(SPOT)

    expected = 60.0 if sys.platform == "win32" else 0.0
    assert run_virtual(go())[0] == pytest.approx(expected)


def process(path: Path) -> Rates:
    """The rates as one more process sees them."""
    return Rates(Notices(path, wall))


async def ask(rates: Rates, asked: Model = CLOUD, patience: float = 0.0) -> float:
    turn = await rates.take_among(asked, patience)
    if not turn.pause:
        turn.used()
    return turn.pause


def test_the_questions_of_all_processes_count_together(path: Path) -> None:
    async def go() -> None:
        assert [await ask(process(path)) for _ in range(3)] == [0, 0, pytest.approx(60)]
        assert await ask(process(path), CLOUD.replace(model="other")) == 0
        await asyncio.sleep(61.0)
        assert [await ask(process(path)) for _ in range(3)] == [0, 0, pytest.approx(60)]

    run_virtual(go())


def test_whoever_waits_has_a_turn_that_others_respect_and_get_when_it_is_given_back(path: Path) -> None:
    async def go() -> None:
        one = CLOUD.replace(per_minute=1)
        rates = Rates(notices := Notices(path, wall))
        assert await ask(process(path), one) == 0
        turn = await rates.take_among(one, 100.0)
        assert turn.pause == pytest.approx(60)
        assert await ask(process(path), one) == pytest.approx(120)
        turn.give_back()
        await notices.close()
        assert await ask(process(path), one) == pytest.approx(60)

    run_virtual(go())


def test_a_turn_that_is_used_late_keeps_other_processes_waiting(path: Path) -> None:
    async def go() -> float:
        one = CLOUD.replace(per_minute=1)
        late = await process(path).take_among(one, 0.0)
        behind = await process(path).take_among(one, 100.0)
        waiting = asyncio.ensure_future(behind.wait())
        await asyncio.sleep(30.0)
        late.used()
        await waiting
        return asyncio.get_running_loop().time()

    assert run_virtual(go())[0] == pytest.approx(90, abs=0.1)


def test_a_cancelled_one_leaves_no_turn_behind(path: Path) -> None:
    async def go() -> None:
        one = CLOUD.replace(per_minute=1)
        rates = process(path)
        for _ in range(5):
            task = asyncio.ensure_future(rates.take_among(one, 100.0))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
        async with Notices(path).alone() as alone:
            assert alone, "no lock is left behind either"
        assert await ask(rates, one) == 0

    run_virtual(go())


@pytest.mark.parametrize("seed", range(8))
def test_no_minute_has_more_than_its_number_however_many_processes_there_are(path: Path, seed: int) -> None:
    dice = random.Random(seed)
    size = dice.choice([1, 2, 5])
    times: list[float] = []

    async def one(rates: Rates, start: float) -> None:
        await asyncio.sleep(start)
        patience = dice.choice([0.0, 50.0, 500.0])
        turn: Turn = await rates.take_among(CLOUD.replace(per_minute=size), patience)
        if turn.pause > patience:
            return
        await turn.wait()
        if dice.random() < 0.2:
            turn.give_back()
        else:
            turn.used()
            times.append(asyncio.get_running_loop().time())

    async def go() -> None:
        processes = [process(path) for _ in range(4)]
        await asyncio.gather(*(one(dice.choice(processes), dice.uniform(0, 300)) for _ in range(30)))
        for rates in processes:
            await rates._notices.close()

    run_virtual(go())
    times.sort()
    assert len(times) >= size
    # A millisecond for what is lost when times of the wall are subtracted from each other.
    assert all(late - early >= 60 - 0.001 for early, late in zip(times, times[size:], strict=False))


def test_the_clock_is_the_one_on_the_wall(path: Path) -> None:
    async def go() -> None:
        other = Notices(path)
        other.leave_alone(SPOT, 60.0)
        await other.close()
        assert 0.0 < Notices(path).rest(SPOT) <= 60.0

    asyncio.run(go())
    (entry,) = json.loads(path.read_text(encoding="utf-8"))["models"].values()
    assert abs(entry["rest"][1] - time.time()) < 60.0
    assert sorted(file.name for file in path.parent.iterdir()) == ["limits.json", "limits.json.lock"]
