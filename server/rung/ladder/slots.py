"""The queue before each model: as many at once as it serves, the others in order, and not too many of them.

Ollama answers one request at a time per model, in no promised order, and bounds nothing (recorded: two-at-once), so the
order and the bound are kept here. A person who waits comes before work that nobody waits for. What is asked of a local
model by other processes of the same person takes turns with it: a slot there is a seat, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

from rung.errors import AttemptError
from rung.ladder.seats import Hold, Seats
from rung.settings import addresses
from rung.types.model import Model

OVERDUE = 3.0
"""Times the usual length of an answer after which nobody knows any more how long it will take."""
FIRST_GLANCE, LAST_GLANCE, GROWTH = 0.005, 0.1, 1.5
"""Seconds until the first look whether other processes have left a seat, between two looks in the end, and how soon."""


class _Slot:
    """One that is taken: since when, on the loop's clock, and what keeps other processes out."""

    def __init__(self, since: float, hold: Hold) -> None:
        self.since = since
        self.hold = hold


class _Waiting(NamedTuple):
    """Who waits, and until when for other processes, on the loop's clock."""

    turn: asyncio.Future[_Slot]
    heeds: float


class _Line:
    """Whoever is served by one model, and whoever waits."""

    def __init__(self, seats: Seats) -> None:
        self.limit = 1
        """How many it serves at once, as the latest settings say."""
        self.is_local = False
        """Whether other processes are heeded, as the latest settings say."""
        self.taken: list[_Slot] = []
        self.people: deque[_Waiting] = deque()
        self.background: deque[_Waiting] = deque()
        self._seats = seats
        self._glance: asyncio.TimerHandle | None = None
        """The next look whether other processes have left a seat."""
        self._pause = FIRST_GLANCE

    @property
    def since(self) -> list[float]:
        """When each slot that is taken was given, on the loop's clock."""
        return [slot.since for slot in self.taken]

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self.people) + len(self.background)

    @property
    def waits_for_others(self) -> bool:
        """Whether a slot that is free here is taken by another process."""
        return self._glance is not None

    def give(self, *, background: bool, heeds: float = math.inf) -> _Slot | None:
        """Give a slot; None where there is none, and where other processes have them it is looked for again.

        Args:
            background: nobody waits for this request.
            heeds: when it is given all the same, on the loop's clock.
        """
        if len(self.taken) >= self.limit:
            return None
        loop = asyncio.get_running_loop()
        hold = self._seats.take(self.limit, background=background) if self.is_local else Hold()
        if hold is None and loop.time() < heeds:
            if self._glance is None:
                self._glance = loop.call_later(self._pause, self._look)
                self._pause = min(self._pause * GROWTH, LAST_GLANCE)
            return None
        self.taken.append(_Slot(loop.time(), hold or Hold()))
        return self.taken[-1]

    def give_back(self, slot: _Slot) -> None:
        """Take a slot back, and give it to the first who still waits."""
        self.taken.remove(slot)
        slot.hold.free()
        self.fill()

    def fill(self) -> None:
        """Give what slots there are to those who wait."""
        for waiting in (self.people, self.background):
            while waiting and len(self.taken) < self.limit:
                turn, heeds = waiting[0]
                if turn.done():
                    waiting.popleft()
                elif slot := self.give(background=waiting is self.background, heeds=heeds):
                    waiting.popleft()
                    turn.set_result(slot)
                else:
                    return
        self._stop_looking()

    def _look(self) -> None:
        self._glance = None
        self.fill()

    def _stop_looking(self) -> None:
        if self._glance is not None:
            self._glance.cancel()
            self._glance = None
        self._pause = FIRST_GLANCE
        self._seats.leave()


class Slots:
    """The queues of all models, by address and name.

    Args:
        folder: where it is kept which local models this person's other processes ask; None: there are none.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lines: dict[tuple[str, str], _Line] = {}

    def busy(self, model: Model) -> bool:
        """Whether somebody waits or would have to, as far as this process knows."""
        line = self._lines.get(addresses.spot(model))
        return line is not None and (len(line.taken) >= model.parallel or line.waits_for_others)

    def forecast(self, model: Model, service: float | None, *, background: bool = False) -> float | None:
        """Seconds a request that comes now would wait; None where nobody knows.

        Args:
            model: whose queue.
            service: seconds an answer of this model takes, as measured; None: nothing was measured.
            background: nobody waits for this request.
        """
        if not self.busy(model):
            return 0.0
        line, now = self._lines[addresses.spot(model)], asyncio.get_running_loop().time()
        if service is None or line.waits_for_others:
            return None
        if any(now - since > OVERDUE * service + 1.0 for since in line.since):
            return None
        # When each slot will be free: one that takes a little longer than usual is about to be.
        free = [max(0.0, since + service - now) for since in line.since]
        heapq.heapify(free)
        for _ in range(line.waiting if background else len(line.people)):
            heapq.heapreplace(free, free[0] + service)
        return free[0]

    @contextlib.asynccontextmanager
    async def take(
        self,
        model: Model,
        *,
        background: bool = False,
        patience: Callable[[], float | None] = lambda: None,
        heeds: float = math.inf,
    ) -> AsyncIterator[None]:
        """Wait for a slot, and give it back at the end.

        Args:
            model: whose queue.
            background: nobody waits for this request.
            patience: asked for the seconds it may take, only where it must be waited; what it raises ends the wait.
            heeds: when other processes are not waited for any more, on the loop's clock.

        Raises:
            AttemptError: ``busy``, as many wait as may, or a person came who needed the place of background work.
            TimeoutError: it took longer than ``patience``.
        """
        spot = addresses.spot(model)
        line = self._lines.get(spot) or self._lines.setdefault(spot, _Line(Seats(self._folder, spot)))
        line.limit, line.is_local = model.parallel, model.local
        line.fill()
        slot = None if line.waiting else line.give(background=background)
        if slot is None:
            try:
                async with asyncio.timeout(patience()):
                    self._make_room(line, model, background=background)
                    slot = await self._wait(line, line.background if background else line.people, heeds)
            finally:
                # Whoever has left must not keep other processes waiting.
                line.fill()
        try:
            yield
        finally:
            line.give_back(slot)

    @staticmethod
    def _make_room(line: _Line, model: Model, *, background: bool) -> None:
        """See that one more may wait: the youngest background work makes room for a person."""
        if line.waiting < model.queue:
            return
        while line.background and not background:
            last = line.background.pop().turn
            if not last.done():
                last.set_exception(AttemptError("busy", f"Somebody needs {model.model} more urgently."))
                return
        raise AttemptError("busy", f"{line.waiting} requests wait for {model.model} already.")

    @staticmethod
    async def _wait(line: _Line, waiting: deque[_Waiting], heeds: float) -> _Slot:
        turn: asyncio.Future[_Slot] = asyncio.get_running_loop().create_future()
        place = _Waiting(turn, heeds)
        waiting.append(place)
        # A person gets in line now, not only with the next look at other processes.
        line.fill()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                line.give_back(turn.result())
            elif place in waiting:
                # Not there when a slot came free in the same tick: then it was passed over already.
                waiting.remove(place)
            raise
