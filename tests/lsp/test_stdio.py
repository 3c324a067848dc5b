"""The process around a session on standard input and output: whatever its editor does, it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import pytest
from tests.lsp.wire import call, note, pack, spawned, within

from rung.lsp.parent import gone
from rung.lsp.wire_types import DID_CHANGE_STATUS, RUN

pytestmark = pytest.mark.process

SCRIPT = """
import asyncio, signal, sys
from rung.lsp.server import Server
from rung.lsp.stdio import run, serve_stdio
from rung.lsp.wire_types import RUN, RunParams

if hasattr(signal, "SIGHUP"):  # whatever the tests were started with
    signal.signal(signal.SIGHUP, signal.SIG_IGN if "nohup" in sys.argv else signal.SIG_DFL)

def build(engine):
    server = Server()

    @server.feature(RUN)
    async def handle(params: RunParams):
        print("printed by a library")
        if params.action == "wait":
            try:
                server.protocol.notify("rung/didChangeStatus", {"running": 1})
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if "again" in sys.argv:
                    signal.raise_signal(signal.SIGHUP)
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)
                print("cancelled", file=sys.stderr)
                raise
        if params.action == "thread":
            asyncio.get_running_loop().run_in_executor(None, __import__("time").sleep, 3600)
        if params.action == "stdin":
            return sys.stdin.read()
        return {"text": "x" * int(params.candidates or 1)}

    return server

run(serve_stdio(None, build=build))
"""


async def test_a_process_leaves_with_0_and_prints_nothing_but_messages() -> None:
    async with spawned(SCRIPT) as server:
        await server.client.initialize()
        assert await server.client.result(RUN, {"action": "x"}) == {"text": "x"}
        await server.client.leave()
        assert await server.finish() == (0, "printed by a library\n")


async def test_a_big_answer_comes_whole() -> None:
    async with spawned(SCRIPT) as server:
        await server.client.initialize()
        result = await server.client.result(RUN, {"action": "x", "candidates": 3_000_000})
        assert len(result["text"]) == 3_000_000


async def test_standard_input_belongs_to_the_session_alone() -> None:
    async with spawned(SCRIPT) as server:
        await server.client.initialize()
        assert await server.client.result(RUN, {"action": "stdin"}) == ""


async def test_the_end_of_standard_input_ends_the_process() -> None:
    async with spawned(SCRIPT) as server:
        await server.client.initialize()
        await server.client.start(RUN, {"action": "wait"})
        await server.client.expect_method(DID_CHANGE_STATUS)
        await server.client.close()
        assert await server.finish() == (1, "printed by a library\ncancelled\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals to send")
@pytest.mark.parametrize(("name", "code"), [("SIGHUP", 129), ("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.parametrize("action", ["wait", "thread"])
async def test_a_signal_ends_the_process_with_its_work(name: str, code: int, action: str) -> None:
    async with spawned(SCRIPT) as server:
        await server.client.initialize()
        if action == "wait":
            await server.client.start(RUN, {"action": action})
            await server.client.expect_method(DID_CHANGE_STATUS)
        else:
            await server.client.result(RUN, {"action": action})
        server.process.send_signal(getattr(signal, name))
        status, errors = await server.finish()
        assert status == code
        assert "Traceback" not in errors
        assert ("cancelled" in errors) == (action == "wait")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals to send")
async def test_a_second_hangup_does_not_cut_the_work_s_end_short() -> None:
    async with spawned(SCRIPT, "again") as server:
        await server.client.initialize()
        await server.client.start(RUN, {"action": "wait"})
        await server.client.expect_method(DID_CHANGE_STATUS)
        server.process.send_signal(signal.SIGHUP)
        assert await server.finish() == (129, "printed by a library\ncancelled\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals to send")
async def test_a_hangup_that_is_ignored_stays_so() -> None:
    async with spawned(SCRIPT, "nohup") as server:
        await server.client.initialize()
        server.process.send_signal(signal.SIGHUP)
        assert await server.client.result(RUN, {"action": "x"}) == {"text": "x"}
        await server.client.leave()
        assert (await server.finish())[0] == 0


async def test_the_process_ends_with_the_editor_though_the_pipe_stays_open() -> None:
    editor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    async with spawned(SCRIPT) as server:
        await server.client.initialize(processId=editor.pid)
        assert await server.client.result(RUN, {"action": "x"})
        await editor.communicate(b"\n")
        status, errors = await server.finish()
        assert status == 1
        assert "the editor's process has ended" in errors


async def test_an_editor_that_cannot_be_seen_is_not_taken_for_dead() -> None:
    dead = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await dead.wait()
    async with spawned(SCRIPT) as server:
        await server.client.initialize(processId=dead.pid)
        assert await server.client.result(RUN, {"action": "x"})
        await server.client.leave()
        assert (await server.finish())[0] == 0


@pytest.mark.parametrize("how", ["by the system", "by looking"])
async def test_the_end_of_a_process_is_noticed(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "by looking":

        def refused(pid: int) -> int:
            raise PermissionError

        monkeypatch.setattr(os, "pidfd_open", refused, raising=False)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    watch = asyncio.create_task(gone(process.pid, poll=0.01))
    await asyncio.wait([watch], timeout=0.05)
    assert not watch.done()
    await process.communicate(b"\n")
    await within(watch)


@pytest.mark.skipif(sys.platform == "win32", reason="files stand in for pipes on POSIX only")
async def test_standard_input_may_be_a_file(home: Any) -> None:
    messages = pack(
        call(1, "initialize", {"processId": None, "capabilities": {}}),
        note("initialized", {}),
        call(2, RUN, {"action": "x"}),
        call(3, "shutdown"),
        note("exit"),
    )
    (home / "in").write_bytes(messages)
    with (home / "in").open("rb") as given, (home / "out").open("wb") as taken:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SCRIPT, stdin=given, stdout=taken, stderr=asyncio.subprocess.PIPE
        )
        await within(process.communicate())
    assert process.returncode == 0
    assert (home / "out").read_bytes().count(b"Content-Length") == 3


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of POSIX's kind")
async def test_standard_input_may_be_a_terminal() -> None:
    import pty
    import tty

    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT, stdin=theirs, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    os.close(theirs)
    os.write(
        ours, pack(call(1, "initialize", {"processId": None, "capabilities": {}}), call(2, "shutdown"), note("exit"))
    )
    output, _ = await within(process.communicate())
    os.close(ours)
    assert process.returncode == 0
    assert output.count(b"Content-Length") == 2


async def test_a_client_that_no_longer_reads_does_not_keep_the_process() -> None:
    async with spawned(SCRIPT) as server:
        await server.client.initialize()
        output = server.client.reader._transport  # type: ignore[attr-defined]  # the pipe's own, to stop taking from it
        output.pause_reading()
        await server.client.start(RUN, {"action": "x", "candidates": 5_000_000})
        await server.client.notify("exit")
        assert server.process.stderr is not None
        try:
            await within(server.process.stderr.read())  # to its end: the process's own
        finally:
            output.resume_reading()
        await within(server.client.reader.read())
        assert await within(server.process.wait()) == 1
