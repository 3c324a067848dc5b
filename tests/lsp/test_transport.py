"""Streams and sessions on them: whatever a client does, a session ends and leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from lsprotocol import types
from tests.lsp.wire import Client, call, note, paired, within

from rung.errors import CancelledByPersonError, ContextError, UsageError
from rung.lsp.frames import FrameError, read_frame
from rung.lsp.serve import listen_tcp, serve
from rung.lsp.server import Server
from rung.lsp.wire_types import RUN, STATUS, RunParams


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


def test_a_handler_of_a_request_must_be_a_coroutine_function() -> None:
    server = Server()
    with pytest.raises(TypeError):
        server.feature(types.TEXT_DOCUMENT_HOVER)(lambda params: None)
    with pytest.raises(TypeError):
        server.feature(RUN)(lambda params: None)
    with pytest.raises(TypeError):
        server.command("rung.run")(lambda params: None)
    server.feature(types.TEXT_DOCUMENT_DID_SAVE)(lambda params: None)
