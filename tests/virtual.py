"""An event loop whose clock jumps: deadlines of minutes are tested in milliseconds, and never waited for.

Whenever nothing is ready, the clock moves to the next timer at once. Sockets and pipes between tasks of the same loop
work as ever (the loop looks at them, for a moment of real time, before it jumps), and while a thread of the loop's
executor is at work the clock stands still. What runs in another process is outside: its answers would always come too
late. Code under test must take its time from the loop (``loop.time()``) or from a clock that is passed in.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import selectors
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")

GRACE = 0.002
"""Real seconds the loop looks at its sockets before the clock jumps."""

ROUNDING = 1e-6
"""Seconds that may be lost when times are subtracted and added again."""

PATIENCE = 10.0
"""Real seconds until a loop with no timer at all, and nothing that happens, is called stuck."""

PATIENCE_WITH_THREADS = 100.0
"""The same while a thread is at work: on a busy machine it takes long to import a package, or to write to a disk."""


class StuckError(AssertionError):
    """Every task waits for something that nobody will do: no timer is left."""


class _Selector(selectors.BaseSelector):
    """The real selector, except that waiting moves the loop's clock instead of taking time."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._real = selectors.DefaultSelector()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or timeout == 0:
            return ready
        if self._loop.threads_busy or timeout is None:
            ready = self._real.select(PATIENCE_WITH_THREADS if self._loop.threads_busy else PATIENCE)
            if not ready:
                raise StuckError(_who_waits(self._loop))
            return ready
        ready = self._real.select(GRACE)
        if not ready:
            self._loop.jump(timeout)
        return ready

    def register(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Any:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


def _who_waits(loop: VirtualLoop) -> str:
    """What there is to go by where nothing happens any more: the tasks, and where the threads are."""
    frames = sys._current_frames()
    threads = [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
    stacks = ["".join(traceback.format_stack(frames[one.ident], limit=8)) for one in threads if one.ident in frames]
    said = [f"no task is ready, and no timer is left; {loop.threads_busy} jobs in threads have not ended"]
    tasks = ["".join(_stack(task.get_coro())) for task in asyncio.all_tasks(loop)]
    return "\n".join([*said, *tasks, *stacks])


def _stack(inner: Any) -> Iterator[str]:
    """Where a coroutine stands, and what it waits for."""
    while inner is not None:
        frame = getattr(inner, "cr_frame", None) or getattr(inner, "ag_frame", None)
        yield "".join(traceback.format_stack(frame, limit=1)) if frame else f"  {inner!r}\n"
        inner = getattr(inner, "cr_await", None) or getattr(inner, "ag_await", None)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that starts at time 0 and never waits for a timer."""

    _scheduled: list[asyncio.TimerHandle]

    def __init__(self) -> None:
        self._now = 0.0
        self.threads_busy = 0
        """Jobs its executor has not finished; the clock stands still meanwhile."""
        super().__init__(_Selector(self))
        self._threads = ThreadPoolExecutor(thread_name_prefix="asyncio")
        self.set_default_executor(self._threads)

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        """Move the clock; what is lost to rounding does not leave it just short of the next timer."""
        then = self._now + seconds
        due = self._scheduled[0].when() if self._scheduled else then
        self._now = due if abs(due - then) < ROUNDING else then

    @property
    def _clock_resolution(self) -> float:
        """No timer runs early, as asyncio allows where clocks are coarse: a loop around a sleep would never move on."""
        return math.ulp(self._now)

    @_clock_resolution.setter
    def _clock_resolution(self, _: float) -> None:
        """What asyncio read of the real clock is of no use here."""

    def run_in_executor(  # type: ignore[override]  # typeshed spells it with TypeVarTuple
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        job = (executor or self._threads).submit(func, *args)
        future = asyncio.wrap_future(job, loop=self)
        self.threads_busy += 1
        # The job's end, not the future's: whoever waits may be cancelled while the thread works on. Added after the
        # future's own, so that the clock goes on only when the result is there.
        job.add_done_callback(self._ended)
        return future

    def _ended(self, _: object) -> None:
        with contextlib.suppress(RuntimeError):  # a loop that was stuck is closed by now
            self.call_soon_threadsafe(self._thread_done)

    def _thread_done(self) -> None:
        self.threads_busy -= 1


def run_virtual(main: Coroutine[Any, Any, T]) -> tuple[T, float]:
    """Run a coroutine to its end on a virtual clock.

    Returns:
        Its result, and the seconds that passed on the virtual clock.

    Raises:
        StuckError: every task waits, and no timer is left.
    """

    async def timed() -> tuple[T, float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        result = await main
        return result, loop.time() - began

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(timed())
