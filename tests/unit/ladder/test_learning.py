"""What was measured of a model survives the process, is used, and is forgotten with the build it was measured of."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from tests.unit.ladder.scene import OPENED, Scene, call, model, says
from tests.virtual import run_virtual

from rung.ladder import memory as remembering
from rung.ladder.health import Health
from rung.ladder.means import LOCAL_PREFILL, Means
from rung.ladder.memory import BOUNDS, EVERY, MOST, Figures, Memory
from rung.ladder.slots import Slots
from rung.ladder.speak import Said
from rung.ladder.tokens import TokenCounter
from rung.ladder.warm_process import lock
from rung.ladder.warmup import UNKNOWN, Warmups
from rung.providers.events import Content, Finished, Usage
from rung.types.model import Model
from rung.types.part import Part

SMALL = model("small")
SEEN: dict[str, Any] = {"ratio": 1.5, "prefill": 300.0, "decode": 20.0, "load": 7.0, "first_content": 2.0, "total": 9.0}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "measured.json"


def write(path: Path, content: bytes) -> None:
    """The file as somebody left it."""
    path.parent.mkdir()
    path.write_bytes(content)
    path.chmod(0o600)


async def kept(path: Path) -> Memory:
    """A memory that learned, in a process that ended."""
    made = Memory(path)
    made.learn(SMALL, **SEEN)
    await made.close()
    return made


def means(memory: Memory) -> Means:
    health = Health(lambda _: None, str)
    return Means({}, health, Slots(), Warmups(Path("/nonexistent")), TokenCounter(None, memory))


async def test_what_was_learned_is_known_after_a_restart(path: Path) -> None:
    await kept(path)
    assert Memory(path).of(SMALL) == Figures(**SEEN)
    assert Memory(path).of(model("large")) == Figures()


def test_the_file_is_the_person_s_alone_and_has_names_and_numbers_only(path: Path) -> None:
    asyncio.run(kept(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {entry.name: entry.stat().st_size > 0 for entry in path.parent.iterdir()} == {
        path.name: True,
        f"{path.name}.lock": False,
    }
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["models"].keys() == {"small.invalid:80/v1 small"}
    assert {type(value) for value in found["models"]["small.invalid:80/v1 small"].values()} == {float}


async def test_each_figure_is_used_from_the_first_question_on(path: Path) -> None:
    await kept(path)
    found, fresh = means(Memory(path)), means(Memory())
    text = "word " * 100
    assert found.counter.count(SMALL, text) == round(1.5 * fresh.counter.count(SMALL, text))
    assert (found.prefill_seconds(SMALL, 600), fresh.prefill_seconds(SMALL, 600)) == (2, 600 / LOCAL_PREFILL)
    assert (found.load_seconds(SMALL), fresh.load_seconds(SMALL)) == (7, UNKNOWN)
    async with found.slots.take(SMALL), fresh.slots.take(SMALL):
        assert found.queue_seconds(SMALL, background=False) == pytest.approx(9, abs=0.5)
        assert fresh.queue_seconds(SMALL, background=False) is None


def test_a_figure_is_a_moving_average() -> None:
    found = Memory()
    for value in (10.0, 20.0):
        found.learn(SMALL, total=value)
    assert found.of(SMALL).total == pytest.approx(13)
    found.learn(SMALL, total=3.0)
    assert found.of(SMALL).total == pytest.approx(10)


@pytest.mark.parametrize("name", list(BOUNDS))
@pytest.mark.parametrize("value", [1e12, -5.0, float("inf"), float("-inf"), float("nan")])
def test_a_measurement_that_cannot_be_is_not_taken_in(name: str, value: float) -> None:
    found = Memory()
    found.learn(SMALL, **{name: value})
    found.put(SMALL, **{name: value})
    assert found.of(SMALL) == Figures()
    found.learn(SMALL, **SEEN)
    found.learn(SMALL, **{name: value})
    found.put(SMALL, **{name: value})
    assert found.of(SMALL) == Figures(**SEEN)


@pytest.mark.parametrize("name", ["prefill", "decode", "ratio"])
def test_nothing_is_read_or_written_at_no_speed_at_all(name: str) -> None:
    found = Memory()
    found.learn(SMALL, **{name: 0.0})
    assert found.of(SMALL) == Figures()


async def test_another_build_of_a_model_begins_anew(path: Path) -> None:
    found = Memory(path)
    found.learn(SMALL, total=9.0)
    found.seen(SMALL, "a")
    assert found.of(SMALL) == Figures(total=9.0, digest="a")
    found.seen(SMALL, "")
    found.seen(SMALL, "a")
    assert found.of(SMALL).total == 9
    await found.close()
    again = Memory(path)
    again.seen(SMALL, "b")
    assert again.of(SMALL) == Figures(digest="b")


BROKEN = [
    b"",
    b"{",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b"[]",
    b'{"format": 9, "models": {"small.invalid:80/v1 small": {"total": 1}}}',
    b'{"format": 1, "models": []}',
    b'{"format": 1, "models": {"small.invalid:80/v1 small": 3}}',
    b'{"format": 1, "models": {"small.invalid:80/v1 small": {"total": "9", "load": true, "prefill": NaN}}}',
    b'{"format": 1, "models": {"small.invalid:80/v1 small": {"total": null, "load": Infinity, "digest": 4}}}',
]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
async def test_a_broken_file_is_ignored_and_written_anew(path: Path, content: bytes) -> None:
    write(path, content)
    found = Memory(path)
    assert found.of(SMALL) == Figures()
    found.learn(SMALL, total=9.0)
    await found.close()
    assert Memory(path).of(SMALL).total == 9


def test_a_file_s_figures_that_cannot_be_are_left_out(path: Path) -> None:
    write(path, b'{"format": 1, "models": {"small.invalid:80/v1 small": {"total": 1e9, "ratio": -1, "load": 5}}}')
    assert Memory(path).of(SMALL) == Figures(load=5)


def test_a_place_that_cannot_be_written_costs_nothing_but_what_was_learned(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("This is no folder.")
    found = asyncio.run(kept(tmp_path / "state" / "measured.json"))
    assert found.of(SMALL).total == 9


async def test_two_processes_keep_what_the_other_learned(path: Path) -> None:
    one, other = Memory(path), Memory(path)
    one.of(SMALL)
    other.of(SMALL)
    one.learn(SMALL, total=1.0)
    await one.close()
    other.learn(model("large"), total=2.0)
    await other.close()
    found = Memory(path)
    assert (found.of(SMALL).total, found.of(model("large")).total) == (1, 2)


async def test_two_processes_that_measure_the_same_model_meet_in_the_middle(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept(path)
    # At the end alone, so that the order is known.
    monkeypatch.setattr(Memory, "_write_soon", lambda _: None)
    one, other = Memory(path), Memory(path)
    one.put(SMALL, total=10.0, decode=30.0)
    other.put(SMALL, total=20.0, load=4.0)
    await one.close()
    await other.close()
    both = Figures(**{**SEEN, "total": 15.0, "decode": 30.0, "load": 4.0})
    assert (Memory(path).of(SMALL), other.of(SMALL)) == (both, both)
    other.put(SMALL, total=16.0)
    await other.close()
    assert Memory(path).of(SMALL) == both.replace(total=16.0)


@pytest.mark.parametrize("last", ["older", "newer"])
async def test_of_two_processes_the_one_that_saw_another_build_is_believed(
    path: Path, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # At the end alone, so that the order is known.
    monkeypatch.setattr(Memory, "_write_soon", lambda _: None)
    first = Memory(path)
    first.learn(SMALL, **SEEN)
    first.seen(SMALL, "a")
    await first.close()
    older, newer = Memory(path), Memory(path)
    older.learn(SMALL, total=1.0)
    newer.seen(SMALL, "b")
    newer.learn(SMALL, total=2.0)
    for found in (newer, older) if last == "older" else (older, newer):
        await found.close()
    assert Memory(path).of(SMALL) == Figures(total=2.0, digest="b")


LEARNER = """
    import asyncio, sys
    from pathlib import Path
    from rung.ladder import memory
    from rung.ladder.memory import Memory
    from rung.types.model import Model

    memory.EVERY, memory.PATIENCE = 0.0, 60.0

    async def main():
        found = Memory(Path(sys.argv[1]))
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(30):
            found.learn(Model("ollama", f"{sys.argv[2]}-{number}", "http://x"), total=float(sys.argv[2]) + 1)
            found.learn(Model("ollama", "shared", "http://x"), total=float(sys.argv[2]) + 1)
            await asyncio.sleep(0)
        await found.close()

    asyncio.run(main())
"""


def test_processes_that_write_at_the_same_time_lose_nothing_of_each_other(path: Path) -> None:
    path.parent.mkdir()
    with contextlib.ExitStack() as stack:
        learners = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", textwrap.dedent(LEARNER), str(path), str(number)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                )
            )
            for number in range(6)
        ]  # fmt: skip
        for learner in learners:
            assert learner.stdout is not None
            assert learner.stdout.readline() == "ready\n"
        for learner in learners:
            learner.communicate("go\n", timeout=100)
    assert [learner.returncode for learner in learners] == [0] * 6
    found = Memory(path)
    expected = {(who, number): who + 1.0 for who in range(6) for number in range(30)}
    assert {(w, n): found.of(Model("ollama", f"{w}-{n}", "http://x")).total for w, n in expected} == expected
    shared = found.of(Model("ollama", "shared", "http://x")).total
    assert shared is not None
    assert 1 < shared < 6


async def test_what_another_process_s_writing_kept_out_is_written_the_next_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "PATIENCE", 0.0)
    path.parent.mkdir()
    descriptor = lock(path.with_name(f"{path.name}.lock"))
    assert descriptor is not None
    found = await kept(path)
    assert Memory(path).of(SMALL) == Figures()
    os.close(descriptor)
    await found.close()
    assert Memory(path).of(SMALL) == Figures(**SEEN)


def test_an_answer_to_a_trimmed_prompt_teaches_nothing() -> None:
    long = call(parts=(Part("instruction", "word " * 2000),))
    cut, whole = (Finished("stop", Usage(count, 40), "served", None, 0.5) for count in (500, 2500))
    scene = Scene({"small": says(end=cut), "large": says(end=whole)})
    run_virtual(scene.climb([("small", SMALL), ("large", model("large"))], asked=long))
    assert scene.outcomes == ["trimmed", "ok"]
    assert scene.ladder.means.memory.of(SMALL) == Figures()
    assert scene.ladder.means.memory.of(model("large")).prefill == 5000


async def test_the_models_measured_longest_ago_are_forgotten_first(path: Path) -> None:
    found = Memory(path)
    for i in range(MOST + 5):
        found.learn(model(f"m{i}"), total=1.0)
    await found.close()
    again = Memory(path)
    known = [i for i in range(MOST + 5) if again.of(model(f"m{i}")).total]
    assert known == list(range(5, MOST + 5))


def test_it_is_written_every_few_seconds_at_most_and_at_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[float] = []
    really = remembering._write

    async def go() -> None:
        loop = asyncio.get_running_loop()

        def counted(*given: object) -> object:
            times.append(loop.time())
            return really(*given)  # type: ignore[arg-type]  # handed on as it came

        monkeypatch.setattr(remembering, "_write", counted)
        found = Memory(path)
        for _ in range(99):
            found.learn(SMALL, total=1.0)
            await asyncio.sleep(0.25)
        found.learn(SMALL, total=2.0)
        await found.close()
        await found.close()

    run_virtual(go())
    assert times == [0, EVERY, 2 * EVERY, 3 * EVERY, 4 * EVERY, 24.75]
    assert Memory(path).of(SMALL).total == pytest.approx(1.3)


def test_nothing_is_read_before_it_is_asked_for(path: Path) -> None:
    found = Memory(path)
    write(path, b'{"format": 1, "models": {"small.invalid:80/v1 small": {"total": 4}}}')
    assert found.of(SMALL).total == 4


def said(load: float | None, *, tokens_in: int | None = 1000) -> Said:
    made = Said(10.0)
    made.first_content = 14.0
    made.end = Finished("stop", Usage(tokens_in, 60), "small", load, 2.0)
    return made


def test_an_answer_teaches_how_fast_the_model_reads_writes_and_answers() -> None:
    found = means(Memory())
    found.learn(SMALL, 1000, said(0.01), 20.0)
    figures = found.memory.of(SMALL)
    assert (figures.first_content, figures.total, figures.decode, figures.prefill) == (4, 10, 10, 500)
    assert figures.load is None


def test_an_answer_that_had_to_load_teaches_the_load_and_not_how_fast_the_model_is() -> None:
    found = means(Memory())
    found.learn(SMALL, 1000, said(30.0), 20.0)
    figures = found.memory.of(SMALL)
    assert (figures.first_content, figures.total, figures.load) == (None, None, 30)


def test_a_server_that_counts_nothing_teaches_how_long_it_takes_all_the_same() -> None:
    scene = Scene({"small": [OPENED, 3.0, Content("It adds them up."), Finished("stop")]})
    run_virtual(scene.climb([("small", SMALL)]))
    assert scene.ladder.means.memory.of(SMALL) == Figures(first_content=3.0, total=3.0)


def test_a_failed_answer_teaches_nothing_of_how_long_a_good_one_takes() -> None:
    scene = Scene({"small": [OPENED, 3.0, *says()[1:-1]], "large": says()})
    run_virtual(scene.climb())
    assert scene.ladder.means.memory.of(SMALL) == Figures()
