"""Whoever asked leaves: by Ctrl-C, by being killed, or by not being alone."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.command import SETTINGS, Rung, configure, git, questions, ran

from rung.sim.models import SimModel
from rung.sim.server import Simulator

pytestmark = pytest.mark.process

MODEL = "sim-small:3b"
WORDS = " ".join(f"word{number}" for number in range(60))


@pytest.fixture
async def slow() -> AsyncIterator[Simulator]:
    """A model that takes a second to load and then takes its time to speak."""
    async with Simulator([SimModel(MODEL, load_seconds=1.0, says=WORDS, token_delay=0.03)]) as simulator:
        configure(simulator.url)
        yield simulator


def ended() -> list[tuple[str, str]]:
    """How the ledger says requests and attempts ended."""
    with closing(sqlite3.connect(Path(os.environ["RUNG_STATE_DIR"], "ledger.sqlite3"))) as ledger:
        requests = [("request", word) for (word,) in ledger.execute("SELECT outcome FROM request")]
        return requests + [("attempt", word) for (word,) in ledger.execute("SELECT outcome FROM attempt")]


@pytest.mark.parametrize("words", [("ask", "--tier", "small", "hello"), ("commit",)], ids=" ".join)
async def test_ctrl_c_closes_the_connection_and_is_remembered(
    words: tuple[str, ...], slow: Simulator, rung: Rung, repo: Path
) -> None:
    (repo / "new.py").write_text("new = 1\n", encoding="utf-8")
    git(repo, "add", ".")
    process = await rung.start(*words)
    await slow.wait_for(lambda: slow.log and slow.log[-1].completion_tokens > 3, limit=20)
    process.send_signal(signal.SIGINT)
    done = ran(process, *await process.communicate())
    assert (done.code, done.out, done.err) == (130, "", "rung: Cancelled.\n")
    await slow.wait_for(lambda: slow.log[-1].closed_by)
    assert slow.log[-1].closed_by == "client"
    assert ended() == [("request", "cancelled"), ("attempt", "cancelled")]


async def test_ctrl_c_with_json_is_an_object_with_the_attempts_so_far(slow: Simulator, rung: Rung) -> None:
    slow.fail("status", status=503)
    process = await rung.start("ask", "--json", "--tier", "small", "hello")
    await slow.wait_for(lambda: slow.log and slow.log[-1].completion_tokens > 3, limit=20)
    process.send_signal(signal.SIGINT)
    done = ran(process, *await process.communicate())
    assert (done.code, done.err) == (130, "rung: Cancelled.\n")
    assert set(done.json) == {"error", "receipt"}
    assert done.json["error"] == {"code": "cancelled", "message": "Cancelled."}
    (call,) = done.json["receipt"]["calls"]
    assert [attempt["outcome"] for attempt in call["attempts"]] == ["busy", "cancelled"]
    assert call["attempts"][-1]["tokens_out"] > 0
    assert (done.json["receipt"]["tier"], done.json["receipt"]["model"]) == (None, None)
    assert slow.log[-1].closed_by == "client"


async def test_ctrl_c_ends_the_simulator_quietly(rung: Rung) -> None:
    process = await rung.start("sim", "--port", "0")
    assert process.stdout is not None
    assert await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    done = ran(process, *await process.communicate())
    assert done.code == 0
    assert "Cancelled" not in done.err


async def test_a_load_survives_whoever_asked_for_it(slow: Simulator, rung: Rung) -> None:
    process = await rung.start("ask", "hello")
    await slow.wait_for(lambda: slow.loading == MODEL, limit=20)
    process.kill()
    await process.communicate()
    await slow.wait_for(lambda: slow.loaded == (MODEL,), limit=20)
    assert [(model, how) for model, how, _ in slow.loads] == [(MODEL, "completed")]
    assert questions(slow) == []
    done = await rung("ask", "--json", "--tier", "small", "hello")
    assert done.code == 0
    assert done.json["text"] == WORDS
    assert len(slow.loads) == 1


async def test_two_at_once_share_one_load(rung: Rung) -> None:
    async with Simulator([SimModel(MODEL, load_seconds=1.5, says=WORDS)]) as sim:
        # One slot in the server: the second asker waits for its turn, not for a load of its own.
        configure(sim.url, SETTINGS)
        both = await asyncio.gather(rung("ask", "one"), rung("ask", "two"))
        assert [(done.code, done.out) for done in both] == [(0, WORDS + "\n")] * 2
        assert [(model, how) for model, how, _ in sim.loads] == [(MODEL, "completed")]
