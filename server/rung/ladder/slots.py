"""The queue before each model: as many at once as it serves, the others in order, and not too many of them.

Ollama answers one request at a time per model, in no promised order, and bounds nothing (recorded: two-at-once), so the
order and the bound are kept here. A person who waits comes before work that nobody waits for.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections import deque
from collections.abc import AsyncIterator

from rung.errors import AttemptError
from rung.settings import addresses
from rung.types.model import Model

OVERDUE = 3.0
"""Times the usual length of an answer after which nobody knows any more how long it will take."""


class _Line:
    """Whoever is served by one model, and whoever waits."""

    def __init__(self) -> None:
        self.limit = 1
        """How many it serves at once, as the latest settings say."""
        self.since: list[float] = []
        """When each slot that is taken was given, on the loop's clock."""
        self.people: deque[asyncio.Future[float]] = deque()
        self.background: deque[asyncio.Future[float]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self.people) + len(self.background)

    def give(self) -> float:
        """Give a slot; its time is what gives it back."""
        self.since.append(asyncio.get_running_loop().time())
        return self.since[-1]

    def pass_on(self, since: float) -> None:
        """Take a slot back, and give it to the first who still waits."""
        self.since.remove(since)
        self.fill()

    def fill(self) -> None:
        """Give what slots there are to those who wait."""
        for waiting in (self.people, self.background):
            while waiting and len(self.since) < self.limit:
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_result(self.give())


class Slots:
    """The queues of all models, by address and name."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], _Line] = {}

    def busy(self, model: Model) -> bool:
        """Whether a request would have to wait."""
        line = self._lines.get(addresses.spot(model))
        return line is not None and len(line.since) >= model.parallel

    def forecast(self, model: Model, service: float | None, *, background: bool = False) -> float | None:
        """Seconds a request that comes now would wait; None where nobody knows.

        Args:
            model: whose queue.
            service: seconds an answer of this model takes, as measured; None: nothing was measured.
            background: nobody waits for this request.
        """
        if not self.busy(model):
            return 0.0
        if service is None:
            return None
        line, now = self._lines[addresses.spot(model)], asyncio.get_running_loop().time()
        if any(now - since > OVERDUE * service + 1.0 for since in line.since):
            return None
        # When each slot will be free: one that takes a little longer than usual is about to be.
        free = [max(0.0, since + service - now) for since in line.since]
        heapq.heapify(free)
        for _ in range(line.waiting if background else len(line.people)):
            heapq.heapreplace(free, free[0] + service)
        return free[0]

    @contextlib.asynccontextmanager
    async def take(self, model: Model, *, background: bool = False) -> AsyncIterator[None]:
        """Wait for a slot, and give it back at the end.

        Raises:
            AttemptError: ``busy``, as many wait as may, or a person came who needed the place of background work.
        """
        line = self._lines.setdefault(addresses.spot(model), _Line())
        line.limit = model.parallel
        line.fill()
        if len(line.since) < model.parallel and not line.waiting:
            since = line.give()
        else:
            self._make_room(line, model, background=background)
            since = await self._wait(line, line.background if background else line.people)
        try:
            yield
        finally:
            line.pass_on(since)

    @staticmethod
    def _make_room(line: _Line, model: Model, *, background: bool) -> None:
        """See that one more may wait: the youngest background work makes room for a person."""
        if line.waiting < model.queue:
            return
        while line.background and not background:
            last = line.background.pop()
            if not last.done():
                last.set_exception(AttemptError("busy", f"Somebody needs {model.model} more urgently."))
                return
        raise AttemptError("busy", f"{line.waiting} requests wait for {model.model} already.")

    @staticmethod
    async def _wait(line: _Line, waiting: deque[asyncio.Future[float]]) -> float:
        turn: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                line.pass_on(turn.result())
            elif turn in waiting:
                # Not there when a slot came free in the same tick: then it was passed over already.
                waiting.remove(turn)
            raise
