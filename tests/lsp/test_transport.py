"""Streams, sessions on them, and the process around one: whatever a client does, it ends and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest
from lsprotocol import types
from tests.lsp.wire import LIMIT, Client, call, note, pack, paired, spawned, within

from rung.errors import CancelledByPersonError, ContextError, UsageError
from rung.lsp import outbox as outbox_module
from rung.lsp.frames import FrameError, read_frame
from rung.lsp.outbox import Outbox
from rung.lsp.parent import gone
from rung.lsp.progress import progress
from rung.lsp.serve import listen_tcp, serve
from rung.lsp.server import Server
from rung.lsp.supervisor import Supervisor
from rung.lsp.wire_types import DID_CHANGE_STATUS, RUN, STATUS, RunParams

PROGRESS = {"window": {"workDoneProgress": True}}


class Engine:
    """Stands for what the sessions share."""

    def __init__(self) -> None:
        self.cancelled = 0
        self.seen: list[Any] = []
        self.begun = asyncio.Event()


def build(engine: Engine) -> Server:
    server = Server()

    @server.feature(RUN)
    async def run(params: RunParams) -> dict[str, Any]:
        engine.seen.append(params)
        if params.action == "wait":
            try:
                engine.begun.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                engine.cancelled += 1
                raise
        if params.action == "document":
            assert params.uri is not None
            return {"text": server.documents.get_text_document(params.uri).source}
        if params.action == "not-json":
            return {"engine": engine}
        failures: dict[str, Exception] = {
            "no-context": ContextError("Nothing is staged.", "Stage something."),
            "usage": UsageError("There is no such tier."),
            "stopped": CancelledByPersonError("Replaced by a newer request."),
            "bug": ValueError("canary-text"),
        }
        if params.action in failures:
            raise failures[params.action]
        return {"id": "1", "outcome": "text", "receipt": {"tokens_in": 3, "cost_usd": None, "left_out": []}}

    @server.feature(STATUS)
    async def status(params: Any) -> dict[str, Any]:
        return {"kind": "ready", "asked": params}

    @server.command("rung.run")
    async def command(params: RunParams) -> str:
        engine.seen.append(params)
        return params.action

    @server.command("rung.cancel")
    async def cancel(which: dict[str, Any] | None = None) -> Any:
        return which

    return server


def serving(engine: Engine) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    return lambda reader, writer: serve(reader, writer, engine, build=build)


async def test_one_session_from_handshake_to_exit_ends_with_0() -> None:
    async with paired(serving(Engine())) as (client, session):
        result = await client.initialize()
        assert result["serverInfo"]["name"] == "rung"
        assert result["capabilities"]["executeCommandProvider"]["commands"] == ["rung.run", "rung.cancel"]
        await client.leave()
        assert await within(session) == 0
        await client.ended()


async def test_an_exit_without_shutdown_ends_with_1() -> None:
    async with paired(serving(Engine())) as (client, session):
        await client.initialize()
        await client.notify("exit")
        assert await within(session) == 1


async def test_a_client_that_breaks_off_has_its_work_cancelled() -> None:
    engine = Engine()
    async with paired(serving(engine)) as (client, session):
        await client.initialize()
        await client.start(RUN, {"action": "wait"})
        await within(engine.begun.wait())
        await client.close()
        assert await within(session) == 1
    assert engine.cancelled == 1


async def test_a_cancelled_session_cancels_its_work_first() -> None:
    engine = Engine()
    async with paired(serving(engine)) as (client, session):
        await client.initialize()
        await client.start(RUN, {"action": "wait"})
        await within(engine.begun.wait())
        session.cancel()
        await within(asyncio.wait([session]))
        assert session.cancelled()
    assert engine.cancelled == 1


async def test_results_go_out_exactly_as_given() -> None:
    async with paired(serving(Engine())) as (client, _):
        await client.initialize()
        assert await client.result(RUN, {"action": "explain"}) == {
            "id": "1",
            "outcome": "text",
            "receipt": {"tokens_in": 3, "cost_usd": None, "left_out": []},
        }


async def test_status_may_be_asked_with_or_without_parameters() -> None:
    async with paired(serving(Engine())) as (client, _):
        await client.initialize()
        assert await client.result(STATUS) == {"kind": "ready", "asked": None}
        assert await client.result(STATUS, {}) == {"kind": "ready", "asked": {}}


async def test_run_reads_every_field_of_its_parameters() -> None:
    engine = Engine()
    span = {"start": {"line": 0, "character": 1}, "end": {"line": 2, "character": 3}}
    sent = {
        "action": "fix-diagnostic",
        "uri": "file:///a.py",
        "range": span,
        "version": 7,
        "diagnostics": [{"range": span, "message": "unused"}],
        "finding": "f1",
        "tier": "large",
        "instruction": "shorter",
        "candidates": 3,
        "partialResultToken": "p",
        "workDoneToken": 9,
    }
    async with paired(serving(engine)) as (client, _):
        await client.initialize()
        await client.result(RUN, sent)
        await client.result("workspace/executeCommand", {"command": "rung.run", "arguments": [sent]})
    asked, commanded = engine.seen
    assert asked == commanded
    assert asked.range == types.Range(types.Position(0, 1), types.Position(2, 3))
    assert asked.diagnostics[0].message == "unused"
    assert (asked.version, asked.finding, asked.candidates) == (7, "f1", 3)
    assert (asked.partial_result_token, asked.work_done_token) == ("p", 9)


@pytest.mark.parametrize(
    "params",
    [None, {}, [], {"action": 5}, {"action": "x", "version": "7"}, {"action": "x", "range": {}},
     {"action": "x", "uri": 1}, {"action": "x", "partialResultToken": {}}],
)  # fmt: skip
async def test_parameters_that_do_not_fit_are_refused_under_their_id(params: Any) -> None:
    async with paired(serving(Engine())) as (client, _):
        await client.initialize()
        response = await client.request(RUN, params)
        assert response["error"]["code"] == -32602
        assert RUN in response["error"]["message"]
        assert (await client.request(RUN, {"action": "explain"}))["result"]


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [([], None), (None, None), ([{"id": "4"}], {"id": "4"}), ([1, 2], -32602)],
)
async def test_a_commands_arguments_may_be_left_out_where_it_has_defaults(arguments: Any, answer: Any) -> None:
    params = {"command": "rung.cancel"} if arguments is None else {"command": "rung.cancel", "arguments": arguments}
    async with paired(serving(Engine())) as (client, _):
        await client.initialize()
        response = await client.request("workspace/executeCommand", params)
        assert (response["error"]["code"] if "error" in response else response["result"]) == answer


@pytest.mark.parametrize("arguments", [None, [], [{}], [{"action": 1}], [{"action": "a"}, 2]])
async def test_a_command_without_what_it_needs_is_refused(arguments: Any) -> None:
    async with paired(serving(Engine())) as (client, _):
        await client.initialize()
        response = await client.request("workspace/executeCommand", {"command": "rung.run", "arguments": arguments})
        assert response["error"]["code"] == -32602


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (
            "no-context",
            {
                "code": -32803,
                "message": "Nothing is staged. Stage something.",
                "data": {"code": "no-context", "hint": "Stage something."},
            },
        ),
        (
            "usage",
            {"code": -32803, "message": "There is no such tier.", "data": {"code": "usage", "hint": None}},
        ),
        (
            "stopped",
            {"code": -32800, "message": "Replaced by a newer request.", "data": {"code": "cancelled", "hint": None}},
        ),
    ],
)
async def test_an_error_of_ours_reaches_the_client_as_its_sentence(action: str, error: dict[str, Any]) -> None:
    async with paired(serving(Engine())) as (client, _):
        await client.initialize()
        assert (await client.request(RUN, {"action": action}))["error"] == error


@pytest.mark.parametrize("action", ["bug", "not-json"])
async def test_any_other_error_is_internal_and_says_nothing_of_its_text(
    action: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with paired(serving(Engine())) as (client, _):
        await client.initialize()
        error = (await client.request(RUN, {"action": action}))["error"]
        assert error["code"] == -32603
        assert set(error) == {"code", "message"}
        await client.leave()
        await client.ended()
        assert "canary-text" not in str(client.received)
        assert not [message for message in client.received if message.get("method") == "window/showMessage"]
    faults = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(faults) == 1
    assert "Error at " in faults[0].getMessage()
    assert "canary-text" not in caplog.text


async def test_messages_are_refused_by_the_phase_of_the_session() -> None:
    async with paired(serving(Engine())) as (client, session):
        assert (await client.request(RUN, {"action": "explain"}))["error"]["code"] == -32002
        assert (await client.request("no/such"))["error"]["code"] == -32002
        await client.initialize()
        assert (await client.request("no/such"))["error"]["code"] == -32601
        assert (await client.request("initialize", {"processId": None, "capabilities": {}}))["error"]["code"] == -32600
        assert (await client.request("shutdown"))["result"] is None
        assert (await client.request(RUN, {"action": "explain"}))["error"]["code"] == -32600
        await client.notify("exit")
        assert await within(session) == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{", -32700), (b"\xff\xfe", -32700), (b"", -32700), (b"[" * 100_000, -32700), (b"[]", -32600), (b"1", -32600),
     (b'{"id": 1, "method": 5}', -32600), (b'{"id": [], "method": "shutdown"}', -32600)],
)  # fmt: skip
async def test_a_body_that_is_no_message_is_refused_and_the_session_goes_on(body: bytes, code: int) -> None:
    async with paired(serving(Engine())) as (client, _):
        await client.initialize()
        await client.send_raw(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        assert (await client.response(None))["error"]["code"] == code
        assert await client.result(RUN, {"action": "explain"})


@pytest.mark.parametrize(
    "message",
    [note("textDocument/didChange", {"textDocument": {"uri": "file:///never-opened", "version": 2},
                                     "contentChanges": [{"text": "x"}]}),
     note("textDocument/didOpen", {"textDocument": 5}), note("no/such", {}), note("$/cancelRequest", {"id": 99}),
     note("$/cancelRequest"), note("window/workDoneProgress/cancel", {"token": "nobody's"}),
     {"jsonrpc": "2.0", "id": "never-asked", "result": None}, {"jsonrpc": "2.0", "id": None, "error": {}}],
)  # fmt: skip
async def test_a_message_that_fits_nothing_disturbs_nothing(message: dict[str, Any]) -> None:
    async with paired(serving(Engine())) as (client, _):
        await client.initialize()
        await client.send(message)
        assert await client.result(RUN, {"action": "explain"})
        assert len(client.received) == 2


async def test_a_request_sees_the_document_as_it_was_when_it_was_sent() -> None:
    change = {"textDocument": {"uri": "file:///a", "version": 2}, "contentChanges": [{"text": "after"}]}
    async with paired(serving(Engine())) as (client, _):
        await client.initialize()
        await client.open("file:///a", "before")
        ask = {"action": "document", "uri": "file:///a"}
        await client.send(call(51, RUN, ask), note("textDocument/didChange", change), call(52, RUN, ask))
        assert (await client.response(51))["result"] == {"text": "before"}
        assert (await client.response(52))["result"] == {"text": "after"}


async def test_a_second_request_under_a_running_ones_id_is_refused() -> None:
    async with paired(serving(Engine())) as (client, _):
        await client.initialize()
        await client.send(call("a", RUN, {"action": "wait"}), call("a", RUN, {"action": "explain"}))
        assert (await client.response("a"))["error"]["code"] == -32600
        await client.notify("$/cancelRequest", {"id": "a"})
        assert (await client.response("a"))["error"]["code"] == -32800


async def _read(data: bytes) -> bytes | None:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await read_frame(reader)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"Content-Length: 2\r\n\r\n{}", b"{}"),
        (b"content-length:2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n{}", b"{}"),
        (b"Content-Length: 2\n\n{}", b"{}"),
        (b"Content-Length: 0\r\n\r\n", b""),
        (b"", None),
        (b"Content-Le", None),
        (b"Content-Length: 5\r\n\r\n{}", None),
    ],
)
async def test_a_frame_is_read_whole_or_not_at_all(data: bytes, body: bytes | None) -> None:
    assert await _read(data) == body


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n{}",
        b"Content-Length: two\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n{}",
        b"Content-Length: 9999999999\r\n\r\n",
        b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"x" * 200_000 + b"\r\n\r\n",
        b"X: y\r\n" * 5000,
    ],
)
async def test_a_broken_header_is_an_error_and_ends_the_session(data: bytes) -> None:
    with pytest.raises(FrameError):
        await _read(data)
    async with paired(serving(Engine())) as (client, session):
        await client.send_raw(data)
        assert await within(session) == 1


class _Stuck:
    """A client that takes what it is told to take."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.room = asyncio.Event()

    def write(self, data: bytes) -> None:
        self.taken.append(data)

    async def drain(self) -> None:
        await self.room.wait()

    def close(self) -> None:
        self.room.set()

    async def wait_closed(self) -> None:
        return


async def test_messages_leave_in_order_and_in_batches() -> None:
    client = _Stuck()
    outbox = Outbox(client)
    run = asyncio.create_task(outbox.run())
    messages = [b"%d," % number for number in range(100)]
    for message in messages:
        outbox.write(message)
    client.room.set()
    await outbox.flush(LIMIT)
    outbox.write(b"last")
    await outbox.flush(LIMIT)
    assert b"".join(client.taken) == b"".join(messages) + b"last"
    assert len(client.taken) < 5
    outbox.close()
    await within(run)


async def test_a_client_that_stops_reading_loses_progress_first_and_the_session_in_the_end() -> None:
    client = _Stuck()
    outbox = Outbox(client, congested_at=10, limit=20)
    states = []
    for size in (9, 1, 11):
        outbox.write(b"x" * size)
        states.append((outbox.congested, outbox.overflow.is_set()))
    assert states[:2] == [(False, False), (True, False)]
    assert states[2][1]


async def test_a_session_ends_when_its_client_stops_reading_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module.Outbox.__init__, "__kwdefaults__", {"congested_at": 1000, "limit": 100_000})

    def flooding(engine: Engine) -> Server:
        server = Server(limit=0.1)

        @server.feature(RUN)
        async def run(params: RunParams) -> str:
            server.protocol.notify(DID_CHANGE_STATUS, {"message": "x" * 1_000_000})
            server.protocol.notify(DID_CHANGE_STATUS, {"message": "x" * 1_000_000})
            return "done"

        return server

    async with paired(lambda reader, writer: serve(reader, writer, Engine(), build=flooding)) as (client, session):
        await client.initialize()
        await client.start(RUN, {"action": "x"})
        assert await within(session) == 1


async def test_streamed_text_is_torn_off_cleanly_while_the_client_does_not_read() -> None:
    server = Server()
    client = _Stuck()
    outbox = Outbox(client, congested_at=300)
    server.protocol.set_writer(outbox)

    def stream(**value: Any) -> None:
        server.protocol.notify(types.PROGRESS, types.ProgressParams(token="t", value=value))

    stream(kind="text", text="kept" + "x" * 300)
    stream(kind="text", text="lost")
    stream(kind="report", message="lost")
    stream(kind="tier", tier="large")
    run = asyncio.create_task(outbox.run())
    client.room.set()
    await outbox.flush(LIMIT)
    stream(kind="text", text="still lost")
    stream(kind="reset", reason="again")
    stream(kind="text", text="new")
    await outbox.flush(LIMIT)
    sent = b"".join(client.taken).decode()
    assert "lost" not in sent
    assert [word for word in ("kept", "large", "again", "new") if word in sent] == ["kept", "large", "again", "new"]
    outbox.close()
    await within(run)


async def test_many_clients_over_tcp_share_one_engine() -> None:
    engine = Engine()
    async with await listen_tcp("127.0.0.1", 0, engine, build=build) as listener:
        clients = [Client(*await asyncio.open_connection("127.0.0.1", listener.port)) for _ in range(3)]
        await asyncio.gather(*(client.initialize() for client in clients))
        await asyncio.gather(*(client.result(RUN, {"action": "explain"}) for client in clients))
        await clients[0].leave()
        await clients[0].ended()
        assert await clients[1].result(RUN, {"action": "explain"})
        waiting = await clients[2].start(RUN, {"action": "wait"})
        await within(engine.begun.wait())
        await listener.close()
        assert (await clients[2].response(waiting))["error"]["code"] == -32800
        for client in clients:
            await client.ended()
            await client.close()
    assert len(engine.seen) == 5


async def test_a_supervised_task_that_breaks_is_logged_by_type_and_place(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise ValueError("canary-text")

    supervisor = Supervisor()
    await within(asyncio.wait([supervisor.spawn("index", broken())]))
    assert [record.getMessage().rpartition(":")[0] for record in caplog.records] == [
        "index failed: ValueError at test_transport.py"
    ]


async def test_tasks_are_cancelled_by_name() -> None:
    supervisor = Supervisor()
    one, other = (supervisor.spawn(name, asyncio.Event().wait()) for name in ("one", "other"))
    assert supervisor.running == ("one", "other")
    assert supervisor.cancel("one")
    await within(asyncio.wait([one]))
    assert not supervisor.cancel("one")
    assert not other.done()
    assert await supervisor.close() == ()
    assert other.cancelled()


async def test_closing_waits_for_tasks_also_for_those_they_start_but_not_for_ever() -> None:
    supervisor = Supervisor()
    ended: list[str] = []
    release = asyncio.Event()

    children: list[asyncio.Task[Any]] = []

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("tidy")

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                children.append(supervisor.spawn("child", asyncio.Event().wait()))

    left = [supervisor.spawn(name, coro) for name, coro in (("tidy", tidy()), ("stubborn", stubborn()))][1]
    await asyncio.sleep(0)
    assert await supervisor.close(0.05) == ("stubborn",)
    assert ended == ["tidy"]
    assert [child.cancelled() for child in children] == [True]
    with pytest.raises(RuntimeError):
        supervisor.spawn("late", asyncio.Event().wait())
    release.set()
    await within(left)


async def test_what_a_session_leaves_behind_is_taken_away_at_its_end() -> None:
    order: list[str] = []

    def make(engine: None) -> Server:
        server = Server()
        server.at_close(lambda: order.append("folder"))
        server.at_close(lambda: order.append("file"))
        return server

    async with paired(lambda reader, writer: serve(reader, writer, None, build=make)) as (client, session):
        await client.initialize()
        await client.close()
        await within(session)
    assert order == ["file", "folder"]


# Progress.


def _showing(body: Callable[[Server], Any]) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    def make(engine: None) -> Server:
        server = Server()

        @server.feature(RUN)
        async def run(params: RunParams) -> Any:
            return await body(server)

        return server

    return lambda reader, writer: serve(reader, writer, None, build=make)


async def test_progress_begins_reports_and_ends_once_and_its_token_is_forgotten() -> None:
    shown = asyncio.Event()
    tokens: list[Any] = []

    async def body(server: Server) -> int:
        async with progress(server, "Explaining", message="asking small") as work:
            await shown.wait()
            work.report("asking large")
        work.report("too late")
        work.end()
        tokens.extend(server.work_done_progress.tokens)
        return 1

    async with paired(_showing(body)) as (client, _):
        await client.initialize(PROGRESS)
        run = await client.start(RUN, {"action": "x"})
        create = await client.expect_method("window/workDoneProgress/create")
        await client.answer(create)
        begin = await client.expect_method("$/progress")
        assert begin["params"] == {
            "token": create["params"]["token"],
            "value": {"kind": "begin", "title": "Explaining", "cancellable": True, "message": "asking small"},
        }
        shown.set()
        await client.response(run)
        values = [m["params"]["value"] for m in client.received if m.get("method") == "$/progress"]
        assert values[1:] == [{"kind": "report", "message": "asking large"}, {"kind": "end"}]
    assert tokens == []


async def test_progress_ends_when_its_work_fails_or_is_cancelled() -> None:
    async def body(server: Server) -> None:
        async with progress(server, "Explaining", token="mine"):
            await asyncio.Event().wait()

    async with paired(_showing(body)) as (client, _):
        await client.initialize()
        run = await client.start(RUN, {"action": "x"})
        await client.expect_method("$/progress")
        await client.notify("$/cancelRequest", {"id": run})
        assert (await client.response(run))["error"]["code"] == -32800
        kinds = [m["params"]["value"]["kind"] for m in client.received if m.get("method") == "$/progress"]
        assert kinds == ["begin", "end"]


async def test_the_cancel_button_calls_back() -> None:
    async def body(server: Server) -> str:
        pressed = asyncio.Event()
        async with progress(server, "Explaining", token=5) as work:
            work.on_cancel(pressed.set)
            await pressed.wait()
        return "stopped"

    async with paired(_showing(body)) as (client, _):
        await client.initialize()
        run = await client.start(RUN, {"action": "x"})
        await client.expect_method("$/progress")
        await client.notify("window/workDoneProgress/cancel", {"token": 5})
        assert (await client.response(run))["result"] == "stopped"


@pytest.mark.parametrize("refusal", [None, {"code": -32603, "message": "no"}])
async def test_work_goes_on_when_the_client_never_makes_its_progress(refusal: dict[str, Any] | None) -> None:
    answered = asyncio.Event()
    left: list[int] = []

    async def body(server: Server) -> str:
        async with progress(server, "Explaining") as work:
            work.report("unseen")
            await answered.wait()
        left.append(len(server.protocol._request_futures))
        return "done"

    async with paired(_showing(body)) as (client, _):
        await client.initialize(PROGRESS)
        run = await client.start(RUN, {"action": "x"})
        create = await client.expect_method("window/workDoneProgress/create")
        if refusal:
            await client.send({"jsonrpc": "2.0", "id": create["id"], "error": refusal})
        answered.set()
        assert (await client.response(run))["result"] == "done"
        await client.answer(create)
        await client.leave()
        await client.ended()
        assert not [m for m in client.received if m.get("method") == "$/progress"]


async def test_a_client_without_progress_is_sent_none() -> None:
    async def body(server: Server) -> str:
        async with progress(server, "Explaining") as work:
            work.report("unseen")
        return "done"

    async with paired(_showing(body)) as (client, _):
        await client.initialize()
        assert await client.result(RUN, {"action": "x"}) == "done"
        assert not [m for m in client.received if "method" in m]


# The process.

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


def test_a_handler_of_a_request_must_be_a_coroutine_function() -> None:
    server = Server()
    with pytest.raises(TypeError):
        server.feature(types.TEXT_DOCUMENT_HOVER)(lambda params: None)
    with pytest.raises(TypeError):
        server.feature(RUN)(lambda params: None)
    with pytest.raises(TypeError):
        server.command("rung.run")(lambda params: None)
    server.feature(types.TEXT_DOCUMENT_DID_SAVE)(lambda params: None)
