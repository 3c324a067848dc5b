"""However a request ends, its connection is closed, its slot is free, and no task of it is left."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

import pytest
from tests.engine.conftest import SMALL, Desk

from rung.errors import CancelledByPersonError
from rung.types.event import TextEvent

if TYPE_CHECKING:
    from rung.types.event import Event


@pytest.fixture
async def talking(desk: Desk) -> AsyncGenerator[Event]:
    """A request whose model stopped in the middle, and whose first text was heard."""
    await desk.ask(desk.request(), desk.settings("small"))
    desk.sim.log.clear()
    desk.sim.fail("stall", model=SMALL, after=20)
    return desk.engine.run(desk.request(spot="here"), desk.settings("small"), {})


async def first_text(generator: AsyncGenerator[Event]) -> None:
    async for event in generator:
        if isinstance(event, TextEvent):
            return


async def rest(generator: AsyncGenerator[Event]) -> None:
    """Read to the end, past what was said already."""
    async for _ in generator:
        pass


async def freed(desk: Desk) -> None:
    """The server saw the client leave, and nothing runs here any more."""
    (exchange,) = [e for e in desk.sim.log if e.path == "/api/chat"]
    await desk.sim.wait_for(lambda: exchange.closed_by)
    assert exchange.closed_by == "client"
    assert desk.engine.running == ()
    for _ in range(5):
        await asyncio.sleep(0)
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not any(name.startswith("rung request") for name in names)
    ours = [repr(task.get_coro()) for task in asyncio.all_tasks() if "rung/sim" not in repr(task.get_coro())]
    assert len([coro for coro in ours if "Connection.run" not in coro and "athrow" not in coro]) <= 1, ours
    desk.sim.heal()
    await desk.ask(desk.request(), desk.settings("small"))


async def test_closing_the_generator_frees_everything(desk: Desk, talking: AsyncGenerator[Event]) -> None:
    await first_text(talking)
    await talking.aclose()
    await freed(desk)


async def test_cancelling_the_reader_frees_everything(desk: Desk, talking: AsyncGenerator[Event]) -> None:
    heard = asyncio.Event()

    async def read() -> None:
        async with contextlib.aclosing(talking):
            async for event in talking:
                if isinstance(event, TextEvent):
                    heard.set()

    task = asyncio.create_task(read())
    await heard.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await freed(desk)


@pytest.mark.parametrize("by_id", [True, False])
async def test_engine_cancel_frees_everything(desk: Desk, talking: AsyncGenerator[Event], *, by_id: bool) -> None:
    await first_text(talking)
    (running,) = desk.engine.running
    assert desk.engine.cancel("another") == 0
    assert desk.engine.cancel(running.id if by_id else None) == 1
    with pytest.raises(CancelledByPersonError):
        await rest(talking)
    await freed(desk)
    assert [row.outcome for row in await desk.rows()][1] == "cancelled"


async def test_a_newer_request_from_the_same_spot_ends_the_older(desk: Desk, talking: AsyncGenerator[Event]) -> None:
    await first_text(talking)
    newer = await desk.ask(desk.request(spot="here"), desk.settings("small"))
    with pytest.raises(CancelledByPersonError):
        await rest(talking)
    assert newer.text
    assert desk.engine.running == ()


async def test_a_request_from_another_spot_does_not(desk: Desk, talking: AsyncGenerator[Event]) -> None:
    await first_text(talking)
    task = asyncio.create_task(desk.ask(desk.request(spot="there"), desk.settings("large")))
    await task
    assert len(desk.engine.running) == 1
    await talking.aclose()


async def test_closing_the_engine_ends_what_runs_and_writes_its_row(desk: Desk, talking: AsyncGenerator[Event]) -> None:
    await first_text(talking)
    await desk.engine.close()
    with pytest.raises(CancelledByPersonError):
        await rest(talking)
    assert [row.outcome for row in desk.engine.ledger.rows()] == ["text", "cancelled"]


async def test_cancelling_twice_still_writes_the_row(desk: Desk, talking: AsyncGenerator[Event]) -> None:
    await first_text(talking)
    desk.engine.cancel()
    desk.engine.cancel()
    await talking.aclose()
    assert [row.outcome for row in await desk.rows()] == ["text", "cancelled"]
    await freed(desk)


async def test_cancelling_while_queued_frees_the_place(desk: Desk, talking: AsyncGenerator[Event]) -> None:
    await first_text(talking)
    waiting = desk.engine.run(desk.request(), desk.settings("small"), {})
    async for event in waiting:
        if getattr(event, "waiting", "") == "queued":
            break
    await waiting.aclose()
    await talking.aclose()
    await freed(desk)


async def test_listeners_hear_of_each_change_until_they_leave(desk: Desk) -> None:
    heard: list[int] = []
    leave = desk.engine.subscribe(lambda: heard.append(len(desk.engine.running)))
    await desk.ask(desk.request(), desk.settings("small"))
    assert heard[0] == 1
    assert heard[-1] == 0
    leave()
    count = len(heard)
    await desk.ask(desk.request(), desk.settings("small"))
    assert len(heard) == count
