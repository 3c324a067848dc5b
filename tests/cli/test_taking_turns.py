"""Several commands at once, each a process of its own: they take turns at a local model."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.cli.command import Rung, configure, questions, ran
from tests.cli.test_terminal import Terminal, terminal
from tests.faults.victims import preload

from rung.sim.models import SimModel
from rung.sim.server import Simulator

pytestmark = pytest.mark.process

MODEL = "sim-small:3b"
WORDS = "A queue serves whoever came first, and then the next."


@pytest.fixture
async def served() -> AsyncIterator[Simulator]:
    """A model that answers one at a time, as Ollama does, and is in memory."""
    async with Simulator([SimModel(MODEL, says=WORDS)]) as simulator:
        configure(simulator.url)
        await preload(simulator, MODEL, 8192)
        yield simulator


def one_at_a_time(sim: Simulator) -> asyncio.Semaphore:
    """What the server itself answers one after the other by: whoever has it keeps all answers waiting."""
    return sim._state.pool.loaded[MODEL].slots


async def asked(sim: Simulator, count: int) -> None:
    await sim.wait_for(lambda: len(questions(sim)) == count, limit=20)


def waits(shown: str) -> bool:
    return "queued: it serves somebody else first" in shown


async def test_the_second_waits_and_is_answered_by_the_local_model(served: Simulator, rung: Rung, folder: Path) -> None:
    turn = one_at_a_time(served)
    await turn.acquire()
    first = await rung.start("ask", "--json", "one")
    await asked(served, 1)
    async with terminal(folder, "ask", "two") as second:
        await second.wait_for(waits)
        assert len(questions(served)) == 1
        turn.release()
        assert ran(first, *await first.communicate()).json["text"] == WORDS
        assert await second.end() == 0
    assert second.screen[0] == WORDS
    assert [model for model, _ in questions(served)] == [MODEL, MODEL]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGSTOP], ids=lambda how: how.name)
async def test_one_that_is_killed_interrupted_or_stopped_keeps_nobody_waiting(
    how: signal.Signals, served: Simulator, rung: Rung, folder: Path
) -> None:
    served.fail("stall", after=2)
    first = await rung.start("ask", "one")
    await asked(served, 1)
    async with terminal(folder, "ask", "two") as second:
        await second.wait_for(waits)
        first.send_signal(how)
        if how is signal.SIGSTOP:
            # The server has written its answer, and nobody reads it.
            one_at_a_time(served).release()
        await asked(served, 2)
        assert await second.end() == 0
    assert second.screen[0] == WORDS
    if how is signal.SIGSTOP:
        first.kill()
    await first.communicate()


async def test_who_waits_can_leave_and_the_next_gets_its_turn(served: Simulator, rung: Rung, folder: Path) -> None:
    served.fail("stall", after=2)
    first = await rung.start("ask", "one")
    await asked(served, 1)

    async def leave(screen: Terminal) -> None:
        await screen.wait_for(waits)
        screen.type(b"\x03")
        assert await screen.end() == 130

    async with terminal(folder, "ask", "two") as second:
        await leave(second)
    async with terminal(folder, "ask", "three") as third:
        await third.wait_for(waits)
        assert len(questions(served)) == 1
        first.kill()
        assert await third.end() == 0
    await first.communicate()
    assert third.screen[0] == WORDS
    assert len(questions(served)) == 2


@pytest.fixture
def slots(home: Path) -> Path:
    """Where the locks are."""
    return Path(os.environ["RUNG_STATE_DIR"], "slots")


def locks(slots: Path) -> list[Path]:
    return list(slots.glob("*"))


@pytest.fixture
def no_folder(slots: Path) -> None:
    """Nothing can be locked there."""
    slots.parent.mkdir(parents=True)
    slots.write_text("")


@pytest.mark.usefixtures("no_folder")
async def test_a_folder_that_takes_no_locks_leaves_the_turns_to_the_server(served: Simulator, rung: Rung) -> None:
    async with one_at_a_time(served):
        both = [await rung.start("ask", "--json", word) for word in ("one", "two")]
        await asked(served, 2)
    for done in await asyncio.gather(*(process.communicate() for process in both)):
        assert ran(both[0], *done).json["receipt"]["tier"] == "small"


async def test_nothing_is_locked_by_whoever_asks_no_model(served: Simulator, rung: Rung, slots: Path) -> None:
    for words in (["route", "one"], ["ask", "--show-prompt", "one"], ["doctor"]):
        await rung(*words)
        assert not locks(slots)
    assert (await rung("ask", "one")).code == 0
    assert locks(slots)
