"""The virtual clock that deadline tests stand on."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from tests import virtual
from tests.virtual import StuckError, run_virtual


def test_an_hour_of_sleep_takes_no_time() -> None:
    began = time.monotonic()
    result, passed = run_virtual(asyncio.sleep(3600, "slept"))
    assert result == "slept"
    assert passed == pytest.approx(3600)
    # A wide bound: an hour against seconds, not a measurement.
    assert time.monotonic() - began < 60


def test_timers_fire_in_their_order() -> None:
    async def main() -> list[str]:
        fired: list[str] = []

        async def after(seconds: float, name: str) -> None:
            await asyncio.sleep(seconds)
            fired.append(name)

        await asyncio.gather(after(30, "late"), after(10, "early"), after(20, "middle"))
        return fired

    fired, passed = run_virtual(main())
    assert fired == ["early", "middle", "late"]
    assert passed == pytest.approx(30)


def test_a_deadline_is_exactly_as_long_as_it_says() -> None:
    async def main() -> bool:
        try:
            async with asyncio.timeout(120):
                await asyncio.Event().wait()
        except TimeoutError:
            return True
        return False

    ended, passed = run_virtual(main())
    assert ended
    assert passed == pytest.approx(120)


def test_sockets_of_the_same_loop_are_served_before_the_clock_jumps() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            writer.write(line)
        writer.close()

    async def main() -> list[bytes]:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server, asyncio.timeout(0.001):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            answers = []
            for number in range(50):
                writer.write(b"%d\n" % number)
                answers.append(await reader.readline())
            writer.close()
            await writer.wait_closed()
        return answers

    answers, passed = run_virtual(main())
    assert answers == [b"%d\n" % number for number in range(50)]
    assert passed == 0


def test_the_clock_stands_still_while_a_thread_works() -> None:
    async def main() -> str:
        gate = threading.Event()
        timer = asyncio.get_running_loop().call_later(60, lambda: None)
        job = asyncio.create_task(asyncio.to_thread(gate.wait, 5))
        asyncio.get_running_loop().run_in_executor(None, gate.set)
        finished = await job
        timer.cancel()
        return "before the timer" if finished else "never"

    assert run_virtual(main()) == ("before the timer", 0)


def work_on(ends: list[str]) -> None:
    """A job of some real time, that nothing can cut short."""
    threading.Event().wait(0.2)
    ends.append("thread")


def test_the_clock_stands_still_also_while_a_thread_works_for_somebody_who_has_left() -> None:
    async def main() -> list[str]:
        ends: list[str] = []
        job = asyncio.create_task(asyncio.to_thread(work_on, ends))
        await asyncio.sleep(0)
        job.cancel()
        await asyncio.sleep(60)
        return [*ends, "timer"]

    assert run_virtual(main()) == (["thread", "timer"], 60)


def test_a_loop_whose_last_thread_takes_its_time_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual, "PATIENCE", 0.01)
    ends: list[str] = []

    async def main() -> None:
        job = asyncio.create_task(asyncio.to_thread(work_on, ends))
        await asyncio.sleep(0)
        job.cancel()

    run_virtual(main())
    assert ends == ["thread"]


def test_a_task_that_waits_for_nobody_is_an_error_and_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual, "PATIENCE", 0.01)

    async def waits_for_nobody() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StuckError, match=r"test_virtual.* in waits_for_nobody"):
        run_virtual(waits_for_nobody())


def test_a_loop_that_sleeps_until_a_time_gets_there() -> None:
    """A timer a rounding error before must not leave it going round for ever at an instant just short of its own."""

    async def until(then: float, late: int = 0) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(then - loop.time())
        for _ in range(late):
            await asyncio.sleep(0)
        while (left := then - loop.time()) > 0:  # noqa: ASYNC110 - this loop is what the test is about
            await asyncio.sleep(left)

    async def main() -> None:
        await asyncio.gather(until(7.0 - 1e-14), until(7.0), until(7.0, late=1), until(1e7 + 1e-9))

    _, passed = run_virtual(main())
    assert passed >= 1e7
