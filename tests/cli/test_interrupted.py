"""Whoever asked leaves: by Ctrl-C, by being killed, or by not being alone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import SETTINGS, Ran, Rung, configure, git, prompt_of, questions, ran

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


@pytest.fixture
async def chatty() -> AsyncIterator[Simulator]:
    """A model that has a finding about the first file at once, and would talk about the second for a minute."""

    def says(messages: Sequence[Any]) -> str:
        asked = "\n".join(message.text for message in messages)
        if "first = 1" in asked:
            return json.dumps({"findings": [{"severity": "info", "title": "One", "quote": "first = 1"}]})
        return WORDS * 40

    async with Simulator([SimModel(MODEL, says=says, token_delay=0.02)]) as simulator:
        configure(simulator.url)
        yield simulator


async def interrupted(chatty: Simulator, rung: Rung, *words: str) -> Ran:
    """A review of three files, of which the second is being talked about when Ctrl-C comes."""
    for name, text in (("a.py", "first = 1\n"), ("b.py", "second = 2\n"), ("c.py", "third = 3\n")):
        (rung.folder / name).write_text(text, encoding="utf-8")
    process = await rung.start("review", "a.py", "b.py", "c.py", "--tier", "small", *words)
    await chatty.wait_for(lambda: len(questions(chatty)) == 2 and chatty.log[-1].completion_tokens > 3, limit=20)
    process.send_signal(signal.SIGINT)
    done = ran(process, *await process.communicate())
    assert done.code == 130
    assert len(questions(chatty)) == 2
    return done


async def test_ctrl_c_loses_nothing_that_was_found(chatty: Simulator, rung: Rung) -> None:
    done = await interrupted(chatty, rung)
    assert done.out.startswith("a.py:1:1: info: One\n")
    assert done.err == "rung: Cancelled; not reviewed: b.py, c.py.\n"


async def test_ctrl_c_loses_nothing_that_was_found_in_json(chatty: Simulator, rung: Rung) -> None:
    found = (await interrupted(chatty, rung, "--json")).json
    assert [finding["title"] for finding in found["findings"]] == ["One"]
    assert [(lack["path"], lack["why"]) for lack in found["unreviewed"]] == [
        ("b.py", "Cancelled."),
        ("c.py", "Cancelled."),
    ]
    assert [call["attempts"][0]["outcome"] for call in found["receipt"]["calls"]] == ["ok", "cancelled"]


async def test_ctrl_c_loses_nothing_that_was_found_in_sarif(chatty: Simulator, rung: Rung) -> None:
    (run,) = (await interrupted(chatty, rung, "--format=sarif")).json["runs"]
    assert len(run["results"]) == 1
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    assert len(invocation["toolExecutionNotifications"]) == 2


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("words", [("ask", "--tier", "small", "hello"), ("commit",)], ids=" ".join)
async def test_a_signal_that_ends_it_closes_the_connection_and_is_remembered(
    words: tuple[str, ...], number: int, slow: Simulator, rung: Rung, repo: Path
) -> None:
    (repo / "new.py").write_text("new = 1\n", encoding="utf-8")
    git(repo, "add", ".")
    process = await rung.start(*words)
    await slow.wait_for(lambda: slow.log and slow.log[-1].completion_tokens > 3, limit=20)
    process.send_signal(number)
    done = ran(process, *await process.communicate())
    assert (done.code, done.out, done.err) == (128 + number, "", "rung: Cancelled.\n")
    await slow.wait_for(lambda: slow.log[-1].closed_by)
    assert slow.log[-1].closed_by == "client"
    assert ended() == [("request", "cancelled"), ("attempt", "cancelled")]


async def test_a_signal_during_the_hook_stops_the_commit_as_ctrl_c_does(
    slow: Simulator, rung: Rung, repo: Path
) -> None:
    (repo / "new.py").write_text("new = 1\n", encoding="utf-8")
    git(repo, "add", ".")
    process = await rung.start("commit", "--hook", ".git/COMMIT_EDITMSG")
    await slow.wait_for(lambda: slow.log and slow.log[-1].completion_tokens > 3, limit=20)
    process.send_signal(signal.SIGTERM)
    assert ran(process, *await process.communicate()).code == 143


async def said(process: asyncio.subprocess.Process) -> str:
    """The next line on standard error."""
    assert process.stderr is not None
    async with asyncio.timeout(60):
        return (await process.stderr.readline()).decode()


@pytest.mark.parametrize("begun", ["", "the first half "])
async def test_whoever_waits_for_a_silent_pipe_says_so_and_takes_what_comes_late(
    begun: str, slow: Simulator, rung: Rung
) -> None:
    process = await rung.start("ask", "--tier", "small", "hello", piped=True)
    assert process.stdin is not None
    process.stdin.write(begun.encode())
    line = await said(process)
    assert line == (
        "rung: waiting for the end of standard input; if nothing is to come, add `< /dev/null` (Ctrl-C: cancel) ...\n"
    )
    async with asyncio.timeout(60):
        done = ran(process, *await process.communicate(b"and the rest\n"))
    assert (done.code, done.out, done.err) == (0, WORDS + "\n", "")
    assert prompt_of(slow) == f"hello\n{begun}and the rest"


async def test_a_prompt_that_is_piped_in_slowly_is_waited_for_in_other_words(slow: Simulator, rung: Rung) -> None:
    process = await rung.start("ask", piped=True)
    assert await said(process) == "rung: reading standard input until it ends (Ctrl-C: cancel) ...\n"
    async with asyncio.timeout(60):
        assert ran(process, *await process.communicate(b"hello\n")).code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
async def test_waiting_for_a_silent_pipe_can_be_cancelled(number: int, code: int, slow: Simulator, rung: Rung) -> None:
    process = await rung.start("ask", "hello", piped=True)
    await said(process)
    process.send_signal(number)
    assert process.stderr is not None
    async with asyncio.timeout(60):
        rest = (await process.stderr.read()).decode()
        assert await process.wait() == code
    assert rest == ("rung: Cancelled.\n" if number == signal.SIGINT else "")
    assert questions(slow) == []
