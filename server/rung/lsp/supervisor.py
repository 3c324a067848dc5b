"""The one owner of everything a session runs in the background.

Every task of a session is started here, so that the end of the session is the end of all of them. Whatever exception
ends a task is seen here, if nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from rung.lsp.failures import where

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Supervisor:
    """Starts tasks, keeps them alive, cancels them, and reports the ones that break."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    @property
    def running(self) -> tuple[str, ...]:
        """The names of what runs, sorted; a name stands there once for each task that bears it."""
        return tuple(sorted(task.get_name() for task in self._tasks))

    def spawn(self, name: str, coro: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Start a task.

        Its exception, should it end with one, is logged by type and place; whoever awaits the task gets it as well.

        Args:
            name: what :meth:`cancel` and the log call it.
            coro: what it does.

        Raises:
            RuntimeError: the session is over; the coroutine is closed.
        """
        if self._closed:
            coro.close()
            raise RuntimeError("the session is over")
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def cancel(self, name: str) -> bool:
        """Cancel every task of that name.

        Returns:
            Whether there was one.
        """
        named = [task for task in self._tasks if task.get_name() == name]
        for task in named:
            task.cancel()
        return bool(named)

    async def stop(self, limit: float) -> tuple[str, ...]:
        """Cancel everything but the caller, and what that starts while ending, and wait for it.

        Args:
            limit: seconds.

        Returns:
            The names of tasks that would not end in time.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + limit
        cancelled: set[asyncio.Task[Any]] = set()
        while rest := self._tasks - {asyncio.current_task()}:
            for task in rest - cancelled:
                task.cancel()
            cancelled |= rest
            left = until - loop.time()
            if left <= 0:
                break
            await asyncio.wait(rest, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        return tuple(sorted(task.get_name() for task in rest))

    async def close(self, limit: float = 2.0) -> tuple[str, ...]:
        """Like :meth:`stop`, and start nothing more from then on."""
        stuck = await self.stop(limit)
        self._closed = True
        for name in stuck:
            _log.warning("%s did not end within %g s of being cancelled", name, limit)
        return stuck

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("%s failed: %s", task.get_name(), where(error))
