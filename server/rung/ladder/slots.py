"""The queue before each model: as many at once as it serves, the others in order, and not too many of them.

Ollama answers one request at a time per model, in no promised order, and bounds nothing (recorded: two-at-once), so the
order and the bound are kept here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from rung.errors import AttemptError
from rung.types.model import Model


class _Line:
    """Whoever is served by one model, and whoever waits."""

    def __init__(self) -> None:
        self.serving = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class Slots:
    """The queues of all models, by address and name."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], _Line] = {}

    def busy(self, model: Model) -> bool:
        """Whether a request would have to wait."""
        line = self._lines.get((model.url, model.model))
        return line is not None and line.serving >= model.parallel

    @contextlib.asynccontextmanager
    async def take(self, model: Model) -> AsyncIterator[None]:
        """Wait for a slot, and give it back at the end.

        Raises:
            AttemptError: ``busy``, as many wait as may.
        """
        line = self._lines.setdefault((model.url, model.model), _Line())
        if line.serving < model.parallel and not line.waiting:
            line.serving += 1
        elif len(line.waiting) >= model.queue:
            raise AttemptError("busy", f"{len(line.waiting)} requests wait for {model.model} already.")
        else:
            await self._wait(line)
        try:
            yield
        finally:
            self._pass_on(line)

    async def _wait(self, line: _Line) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on(line)
            elif turn in line.waiting:
                # Not there when a slot came free in the same tick: then it was passed over already.
                line.waiting.remove(turn)
            raise

    @staticmethod
    def _pass_on(line: _Line) -> None:
        """Give the slot to the first who still waits, else free it."""
        while line.waiting:
            turn = line.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        line.serving -= 1
