"""Each defect of pygls 2.1.1 that Rung's protocol cures, shown on both: ours passes the check, plain pygls fails it.

A check that plain pygls passes has lost its reason (or never had the power to fail), and so has the cure it stands for.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import pytest
from lsprotocol import types
from pygls.io_ import run_async
from pygls.lsp.server import LanguageServer
from tests.lsp.wire import Client, Gone, Process, call, note, paired, spawned, within

from rung.lsp.serve import listen_tcp, serve
from rung.lsp.server import Server

Register: TypeAlias = Callable[[LanguageServer], object]
Make: TypeAlias = Callable[[Register], AbstractAsyncContextManager[tuple[Client, asyncio.Task[Any]]]]
Check: TypeAlias = Callable[[Make], Awaitable[None]]

EXECUTE = "workspace/executeCommand"
CANARY = "canary-of-a-diff"


@contextlib.asynccontextmanager
async def ours(register: Register) -> AsyncIterator[tuple[Client, asyncio.Task[Any]]]:
    """A session of ours with these handlers, and its client."""

    def build(_: None) -> Server:
        server = Server()
        register(server)
        return server

    async with paired(lambda reader, writer: serve(reader, writer, None, build=build)) as pair:
        yield pair


@contextlib.asynccontextmanager
async def plain(register: Register) -> AsyncIterator[tuple[Client, asyncio.Task[Any]]]:
    """The same with pygls's own server, run as its ``start_tcp`` runs it."""
    server = LanguageServer("plain", "1")
    register(server)

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.protocol.set_writer(writer)
        await run_async(threading.Event(), reader, server.protocol, error_handler=server.report_server_error)

    async with paired(run) as pair:
        yield pair


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[str]]:
    """Everything that is logged from DEBUG on, with pygls's loggers as they are before anybody quiets them."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(logging.Formatter("%(name)s %(message)s").format(record))

    pygls, root, keep = logging.getLogger("pygls"), logging.getLogger(), Keep()
    before = pygls.level, pygls.propagate, pygls.handlers[:], root.level
    pygls.setLevel(logging.NOTSET)
    pygls.propagate, pygls.handlers[:] = True, []
    root.setLevel(logging.DEBUG)
    root.addHandler(keep)
    yield lines
    root.removeHandler(keep)
    root.setLevel(before[3])
    pygls.setLevel(before[0])
    pygls.propagate, pygls.handlers[:] = before[1], before[2]


class Waiter:
    """The command ``wait``, which waits until it is cancelled or let go."""

    def __init__(self) -> None:
        self.begun = asyncio.Semaphore(0)
        self.release = asyncio.Event()
        self.cancelled = 0

    def __call__(self, server: LanguageServer) -> None:
        @server.command("wait")
        async def wait() -> str:
            self.begun.release()
            try:
                await self.release.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
            return "waited"


async def check_a_cancelled_command_stops(make: Make) -> None:
    waiter = Waiter()
    async with make(waiter) as (client, _):
        await client.initialize()
        command = await client.start(EXECUTE, {"command": "wait", "arguments": []})
        await within(waiter.begun.acquire())
        await client.notify("$/cancelRequest", {"id": command})
        assert (await client.response(command))["error"]["code"] == -32800
        stopped = waiter.cancelled
        waiter.release.set()
        assert stopped == 1


async def check_shutdown_is_answered_while_commands_run(make: Make) -> None:
    waiter = Waiter()
    async with make(waiter) as (client, _):
        await client.initialize()
        for _n in range(3):
            await client.start(EXECUTE, {"command": "wait", "arguments": []})
            await within(waiter.begun.acquire())
        response = await client.request("shutdown")
        waiter.release.set()
        assert response.get("error") is None
        assert waiter.cancelled == 3


async def check_an_edit_after_a_form_feed_hits_its_line(make: Make) -> None:
    def register(server: LanguageServer) -> None:
        @server.command("text")
        async def text() -> str:
            return server.workspace.get_text_document("file:///a").source

    span = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 3}}
    change = {"textDocument": {"uri": "file:///a", "version": 2}, "contentChanges": [{"range": span, "text": "new"}]}
    async with make(register) as (client, _):
        await client.initialize()
        await client.open("file:///a", "a\x0cb\x85c\u2028d\nold\n")
        await client.notify("textDocument/didChange", change)
        assert await client.result(EXECUTE, {"command": "text"}) == "a\x0cb\x85c\u2028d\nnew\n"


async def check_invalid_parameters_are_answered(make: Make) -> None:
    def register(server: LanguageServer) -> None:
        @server.feature(types.TEXT_DOCUMENT_HOVER)
        async def hover(params: types.HoverParams) -> None:
            raise AssertionError

    async with make(register) as (client, _):
        await client.initialize()
        await client.send(call(71, "textDocument/hover", {"position": 5}), call(72, "shutdown"))
        await client.response(72)
        assert [message["error"]["code"] for message in client.received if message.get("id") == 71] == [-32602]


async def check_progress_tokens_are_forgotten(make: Make) -> None:
    left: list[Any] = []

    def register(server: LanguageServer) -> None:
        @server.command("work")
        async def work() -> None:
            shown = server.work_done_progress
            shown.begin("token", types.WorkDoneProgressBegin(title="Working"))
            shown.end("token", types.WorkDoneProgressEnd())
            left.extend(shown.tokens)

    async with make(register) as (client, _):
        await client.initialize()
        await client.result(EXECUTE, {"command": "work"})
    assert left == []


async def check_a_batched_cancel_stops_any_handler_that_can_be_registered(make: Make) -> None:
    finished: list[str] = []

    def blocking(params: types.HoverParams) -> None:
        finished.append(params.text_document.uri)

    async def waiting(params: types.HoverParams) -> None:
        await asyncio.Event().wait()
        finished.append(params.text_document.uri)

    def register(server: LanguageServer) -> None:
        try:
            server.feature(types.TEXT_DOCUMENT_HOVER)(blocking)
        except TypeError:
            server.feature(types.TEXT_DOCUMENT_HOVER)(waiting)

    params = {"textDocument": {"uri": "file:///a"}, "position": {"line": 0, "character": 0}}
    async with make(register) as (client, _):
        await client.initialize()
        await client.send(call(71, "textDocument/hover", params), note("$/cancelRequest", {"id": 71}))
        response = await client.response(71)
        assert response.get("error", {}).get("code") == -32800
        assert finished == []


def _failing(server: LanguageServer) -> None:
    @server.command("fail")
    async def fail(text: str) -> None:
        raise ValueError(text)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def did_save(params: types.DidSaveTextDocumentParams) -> None:
        raise ValueError(params.text)


async def check_an_errors_text_stays_inside(make: Make) -> None:
    async with make(_failing) as (client, _):
        await client.initialize()
        response = await client.request(EXECUTE, {"command": "fail", "arguments": [CANARY]})
        assert response["error"]["code"] == -32603
        assert CANARY not in str(response)
        assert "traceback" not in str(response).lower()


async def check_a_failed_notification_shows_no_message(make: Make) -> None:
    async with make(_failing) as (client, _):
        await client.initialize()
        await client.notify("textDocument/didSave", {"textDocument": {"uri": "file:///a"}, "text": CANARY})
        await client.request("shutdown")
        assert not [message for message in client.received if message.get("method") == "window/showMessage"]


async def check_an_async_notification_leaves_nothing_behind(make: Make) -> None:
    servers: list[LanguageServer] = []

    def register(server: LanguageServer) -> None:
        servers.append(server)

        @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
        async def did_save(params: types.DidSaveTextDocumentParams) -> None:
            return None

        @server.command("wait")
        async def wait() -> None:
            await asyncio.sleep(0)

    async with make(register) as (client, _):
        await client.initialize()
        await client.notify("textDocument/didSave", {"textDocument": {"uri": "file:///a"}})
        await client.result(EXECUTE, {"command": "wait", "arguments": []})
        assert servers[0].protocol._request_futures == {}


async def check_an_ended_session_is_not_kept_in_memory(make: Make) -> None:
    protocols: list[weakref.ref[Any]] = []
    async with make(lambda server: protocols.append(weakref.ref(server.protocol))) as (client, session):
        await client.initialize()
        await client.request("shutdown")
        await client.close()
        await within(asyncio.wait([session]))
    del session
    gc.collect()
    assert protocols[0]() is None


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_ours_passes(check: Check) -> None:
    await check(ours)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_plain_pygls_fails(check: Check) -> None:
    with pytest.raises((AssertionError, KeyError)):
        await check(plain)


# What is logged.


async def _talk(make: Make, params: Any) -> None:
    async with make(_failing) as (client, _):
        await client.initialize(rootUri=f"file:///{CANARY}")
        await client.open("file:///a", CANARY)
        await client.send(call(71, EXECUTE, params), note("$/cancelRequest", {"id": CANARY}), note(CANARY, {}))
        await client.notify("textDocument/didSave", {"textDocument": {"uri": "file:///a"}, "text": CANARY})
        await client.notify("textDocument/didSave", {"textDocument": CANARY})
        await client.request("shutdown")


@pytest.mark.parametrize(
    "params",
    [{"command": "fail", "arguments": [CANARY]}, {"command": 5, "arguments": CANARY}, {"command": CANARY}],
    ids=["a handler fails", "parameters do not fit", "no such command"],
)
class TestLogs:
    async def test_ours_hold_nothing_that_was_said(self, params: Any, logged: list[str]) -> None:
        await _talk(ours, params)
        assert CANARY not in "\n".join(logged)
        assert [line for line in logged if line.startswith("rung.lsp")]

    async def test_those_of_plain_pygls_hold_it(self, params: Any, logged: list[str]) -> None:
        await _talk(plain, params)
        assert CANARY in "\n".join(logged)


def test_what_pygls_itself_logs_is_reduced_to_its_template(logged: list[str]) -> None:
    Server()
    Server()
    logger = logging.getLogger("pygls.protocol.json_rpc")
    logger.info("Sending data: %s", CANARY)
    logger.warning("Cancel notification for unknown message id %r", CANARY)
    logger.error("Failed to handle request %s", CANARY, exc_info=ValueError(CANARY))
    assert logged == [
        "rung.lsp.quiet pygls.protocol.json_rpc: Cancel notification for unknown message id %r",
        "rung.lsp.quiet pygls.protocol.json_rpc: Failed to handle request %s (ValueError)",
    ]


# What needs a process of its own.

COMMAND = """
import asyncio, os, signal, sys, threading

def reading():
    # Whether pygls's one worker is inside the read it was given (ours reads in a thread of another kind).
    frames = sys._current_frames()
    workers = [frames[t.ident] for t in threading.enumerate() if t.name.startswith("ThreadPoolExecutor")]
    return all(frame.f_code.co_name == "run" for frame in workers)

def register(server):
    @server.command("interrupt")
    async def interrupt():
        await asyncio.sleep(0)
        while not reading():
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    @server.command("wait")
    async def wait():
        server.protocol.notify("test/begun", {})
        await asyncio.Event().wait()
    return server
"""
OURS = (
    COMMAND
    + """
from rung.lsp.server import Server
from rung.lsp.stdio import run, serve_stdio
run(serve_stdio(None, build=lambda _: register(Server())))
"""
)
PLAIN = (
    COMMAND
    + """
from pygls.lsp.server import LanguageServer
register(LanguageServer("plain", "1")).start_io()
"""
)


async def _running(server: Process) -> None:
    await server.client.initialize()
    await server.client.start(EXECUTE, {"command": "wait", "arguments": []})
    await server.client.expect_method("test/begun")


async def check_exit_with_work_in_flight_is_quiet(script: str) -> None:
    async with spawned(script) as server:
        await _running(server)
        await server.client.notify("exit")
        code, errors = await server.finish()
        assert code == 1
        assert errors == ""


async def check_shutdown_and_exit_with_work_in_flight_end_with_0(script: str) -> None:
    async with spawned(script) as server:
        await _running(server)
        await server.client.leave()
        code, errors = await server.finish()
        assert (code, errors) == (0, "")


PROCESS_CHECKS = [check_exit_with_work_in_flight_is_quiet, check_shutdown_and_exit_with_work_in_flight_end_with_0]


@pytest.mark.parametrize("check", PROCESS_CHECKS, ids=lambda check: check.__name__)
async def test_a_process_of_ours_passes(check: Callable[[str], Awaitable[None]]) -> None:
    await check(OURS)


@pytest.mark.parametrize("check", PROCESS_CHECKS, ids=lambda check: check.__name__)
async def test_a_process_of_plain_pygls_fails(check: Callable[[str], Awaitable[None]]) -> None:
    with pytest.raises(AssertionError):
        await check(PLAIN)


async def check_sigint_ends_the_process(script: str, limit: float) -> None:
    async with spawned(script) as server:
        await server.client.initialize()
        await server.client.start(EXECUTE, {"command": "interrupt", "arguments": []})
        assert await asyncio.wait_for(server.process.wait(), limit) == 130


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal to send")
async def test_sigint_ends_a_process_of_ours() -> None:
    await check_sigint_ends_the_process(OURS, 20)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal to send")
async def test_sigint_hangs_plain_pygls() -> None:
    # However slow the machine, more time would not help: it waits for a thread that waits for input.
    with pytest.raises(TimeoutError):
        await check_sigint_ends_the_process(PLAIN, 1)


# Many clients.

Connect: TypeAlias = Callable[[], Awaitable[Client]]
Settle: TypeAlias = Callable[[], Awaitable[object]]


async def check_many_clients_one_after_another_and_at_once(connect: Connect, settle: Settle) -> None:
    first = await connect()
    await first.initialize()
    await first.close()
    await settle()
    second, third = await connect(), await connect()
    await second.initialize()
    await third.initialize()
    await second.send_raw(b'Content-Length: 100\r\n\r\n{"jsonrpc"')
    await second.close()
    assert (await third.request("shutdown"))["result"] is None
    await third.close()


async def test_one_process_of_ours_serves_many_clients() -> None:
    engine = object()
    engines: list[object] = []

    def build(shared: object) -> Server:
        engines.append(shared)
        return Server()

    async with await listen_tcp("127.0.0.1", 0, engine, build=build) as listener:

        async def connect() -> Client:
            return Client(*await asyncio.open_connection("127.0.0.1", listener.port))

        async def settle() -> None:
            await within(asyncio.wait(listener._sessions))

        await check_many_clients_one_after_another_and_at_once(connect, settle)
    assert engines == [engine] * 3


PLAIN_TCP = """
import asyncio, sys
from pygls.lsp.server import LanguageServer

start_server = asyncio.start_server

async def start(*args):
    server = await start_server(*args)
    print(server.sockets[0].getsockname()[1], flush=True)
    return server

asyncio.start_server = start
LanguageServer("plain", "1").start_tcp("127.0.0.1", 0)
"""


async def test_plain_pygls_serves_one_and_stops() -> None:
    async with spawned(PLAIN_TCP) as server:
        port = int(await within(server.client.reader.readline()))

        async def connect() -> Client:
            return Client(*await asyncio.open_connection("127.0.0.1", port))

        with pytest.raises((ConnectionError, Gone)):
            await check_many_clients_one_after_another_and_at_once(connect, server.finish)
