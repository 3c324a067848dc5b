"""Work-done progress: it begins and ends once, however its work ends, and holds nothing up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.lsp.wire import paired

from rung.lsp.progress import progress
from rung.lsp.serve import serve
from rung.lsp.server import Server
from rung.lsp.wire_types import RUN, RunParams

PROGRESS = {"window": {"workDoneProgress": True}}


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
