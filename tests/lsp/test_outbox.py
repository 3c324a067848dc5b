"""What goes out to a client that reads slowly, or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lsprotocol import types
from tests.lsp.wire import LIMIT, paired, within

from rung.lsp.outbox import Outbox
from rung.lsp.serve import serve
from rung.lsp.server import Server
from rung.lsp.wire_types import DID_CHANGE_STATUS, RUN, RunParams


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
    monkeypatch.setattr(Outbox.__init__, "__kwdefaults__", {"congested_at": 1000, "limit": 100_000})

    def flooding(engine: None) -> Server:
        server = Server(limit=0.1)

        @server.feature(RUN)
        async def run(params: RunParams) -> str:
            server.protocol.notify(DID_CHANGE_STATUS, {"message": "x" * 1_000_000})
            server.protocol.notify(DID_CHANGE_STATUS, {"message": "x" * 1_000_000})
            return "done"

        return server

    async with paired(lambda reader, writer: serve(reader, writer, None, build=flooding)) as (client, session):
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
