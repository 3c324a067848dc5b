"""The event loop of a command, which no thread can hold back, and which ends in order however it is told to end.

A look-up at a name server that does not answer may sit in its thread for half a minute. Whoever waits for it has a
limit and goes on without it; and so must the command, whose end would else be the end of that thread.

SIGTERM and SIGHUP cancel what runs, as Ctrl-C does: the connection is closed, and the ledger has its row.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import signal
import threading
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from typing import Any

P = ParamSpec("P")
T = TypeVar("T")


class _Threads(concurrent.futures.ThreadPoolExecutor):
    """Runs each job in a thread of its own, for which neither the loop nor the process waits at its end."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> concurrent.futures.Future[T]:
        """Begin a job."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it is whoever waits for the job who gets it
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=work, name="rung-job", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as in the base
        """Leave them behind."""


_caught: list[int] = []
"""The signals that ended what ran; there is one process, and it ends with them."""


def signalled() -> int | None:
    """The signal that ended what ran, if any but Ctrl-C's did."""
    return _caught[0] if _caught else None


def run(main: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run``, except that it leaves threads behind that still work, and that more signals cancel it.

    Raises:
        KeyboardInterrupt: a signal ended it.
    """
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            return runner.run(_until_told_to_end(main))
    except asyncio.CancelledError:
        if not _caught:
            raise
        raise KeyboardInterrupt from None


async def _until_told_to_end(main: Coroutine[Any, Any, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def stop(number: int, _: object) -> None:
        # A second SIGTERM ends the process at once; of a closed terminal, kernel and shell send one SIGHUP each.
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN)
        _caught.append(number)
        loop.call_soon_threadsafe(task.cancel)

    with _handled(stop):
        return await main


@contextlib.contextmanager
def _handled(stop: Callable[[int, object], None]) -> Iterator[None]:
    """Have these signals stop what runs; those that are ignored to begin with, as SIGHUP is under nohup, stay so."""
    # Windows has no SIGHUP; only the main thread may say what signals do.
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in numbers if is_main}
    ours = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in ours:
            if number not in _caught:
                signal.signal(number, before[number])


def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_Threads())
    return loop
