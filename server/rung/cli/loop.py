"""The event loop of a command, which no thread can hold back.

A look-up at a name server that does not answer may sit in its thread for half a minute. Whoever waits for it has a
limit and goes on without it; and so must the command, whose end would else be the end of that thread.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
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


def run(main: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run``, except that it leaves threads behind that still work."""
    with asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(main)


def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_Threads())
    return loop
