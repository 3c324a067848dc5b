"""The one owner of a session's tasks: it sees how each ends, and ends them all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.lsp.wire import within

from rung.lsp.supervisor import Supervisor


async def test_a_supervised_task_that_breaks_is_logged_by_type_and_place(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise ValueError("canary-text")

    supervisor = Supervisor()
    await within(asyncio.wait([supervisor.spawn("index", broken())]))
    assert [record.getMessage().rpartition(":")[0] for record in caplog.records] == [
        "index failed: ValueError at test_supervisor.py"
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
