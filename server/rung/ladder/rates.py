"""How many questions a minute a model may be asked: never more than ``per_minute`` in any 60 seconds.

Each question takes a turn before it is asked, and says when it is asked: that moment counts, on the loop's clock, which
no change of the machine's time moves. Turns belong to this process; what others ask, they tell.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import uuid

from rung.ladder.notices import Notices
from rung.ladder.pauses import Spot
from rung.settings import addresses
from rung.types.model import Model

BLINK = 0.01
"""Seconds that two clocks do not tell apart."""
DRIFT = 0.25
"""Seconds by which a question may be asked at another time than other processes were told."""
WINDOW = 60.0
"""Seconds in which no more than ``per_minute`` questions are asked, wherever they begin."""


class Turn:
    """One question's place in the order; it ends by :meth:`used` or :meth:`give_back`.

    Attributes:
        pause: seconds it has to wait, as foreseen when it was taken.
        at: when it may be asked, and once it was, when that was: the loop's time.
        asked: whether it was.
    """

    def __init__(self, window: _Window | None, now: float) -> None:
        self._window = window
        self._moved = asyncio.Event()
        self.name = uuid.uuid4().hex[:12]
        self.noted: float | None = None
        """When other processes were told that it will be asked."""
        self.at = now if window is None else window.opens(self, now)
        self.pause = self.at - now
        self.asked = False

    async def wait(self) -> None:
        """Wait until it may be asked: sooner than foreseen where others give turns back, later where they linger."""
        while self._window is not None:
            if self._left <= 0:
                # Other processes may have taken longer than they had said.
                self._window.hear()
            left = self._left
            if left <= 0:
                return
            self._moved.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._moved.wait()

    @property
    def _left(self) -> float:
        """Seconds until it may be asked, as far as is known."""
        now = _now()
        return 0.0 if self._window is None else self._window.opens(self, now) - now

    def move(self, at: float) -> None:
        """It may be asked at another time than foreseen."""
        self.at = at
        self._moved.set()

    def used(self) -> None:
        """It is asked now."""
        self.at, self.asked = _now(), True
        if self._window is not None and self.noted is not None and abs(self.at - self.noted) > DRIFT:
            self._window.notices.note_soon(self._window.spot, self.name)

    def give_back(self) -> None:
        """It will not be asked; where it was, that still counts."""
        if self._window is not None and not self.asked:
            self._window.leave(self)
            if self.noted is not None:
                self._window.notices.forget_soon(self._window.spot, self.name)
                self.noted = None


class _Window:
    """The turns of one model, in the order in which they were taken."""

    def __init__(self, spot: Spot, notices: Notices) -> None:
        self.spot = spot
        self.notices = notices
        self.size = 0
        self.turns: list[Turn] = []
        self._others: list[float] = []
        """When other processes asked, or said that they will."""

    def opens(self, turn: Turn, now: float) -> float:
        """When a turn may be asked, given those that were and those before it that still will be."""
        place, last = len(self.turns), math.inf
        if turn in self.turns:
            # Others who said that they ask later than this one took their turns after it.
            place, last = self.turns.index(turn), max(turn.at, now) + BLINK
        # One that should have been asked by now will be at any moment.
        times = [other.at if other.asked else max(other.at, now) for other in self.turns[:place]]
        times += [other.at for other in self.turns[place + 1 :] if other.asked]
        times += [at for at in self._others if at <= last]
        if len(times) < self.size:
            return now
        return max(now, sorted(times)[-self.size] + WINDOW)

    def hear(self) -> None:
        """See when other processes ask."""
        now = _now()
        self._others = [now + seconds for seconds in self.notices.asked(self.spot)]

    def leave(self, turn: Turn) -> None:
        """Let those behind it move up."""
        if turn not in self.turns:
            return
        self.turns.remove(turn)
        now = _now()
        for other in self.turns:
            if not other.asked:
                other.move(self.opens(other, now))

    def forget(self, now: float) -> None:
        """Drop what no window has in it any more."""
        self.turns = [turn for turn in self.turns if not turn.asked or turn.at > now - WINDOW]


class Rates:
    """The turns at all models, by address and name.

    Args:
        notices: what other processes of this person ask; None: there are none.
    """

    def __init__(self, notices: Notices | None = None) -> None:
        self._notices = notices or Notices()
        self._windows: dict[Spot, _Window] = {}

    async def take_among(self, model: Model, patience: float) -> Turn:
        """Take a turn among those of all processes, and tell them."""
        if not model.per_minute:
            return self.take(model, patience)
        spot = addresses.spot(model)
        async with self._notices.alone() as alone:
            self._window(spot).hear()
            turn = self.take(model, patience)
            try:
                if alone and turn.pause <= patience:
                    turn.noted = turn.at
                    await self._notices.note(spot, turn.name, turn.at - _now())
            except asyncio.CancelledError:
                turn.give_back()
                raise
        return turn

    def _window(self, spot: Spot) -> _Window:
        return self._windows.setdefault(spot, _Window(spot, self._notices))

    def take(self, model: Model, patience: float) -> Turn:
        """Take a turn; whoever waits has one of its own, so that two that wait do not wait for the same one.

        Where its ``pause`` is more than ``patience`` seconds, nothing is taken.
        """
        now = _now()
        window = self._window(addresses.spot(model))
        window.size = model.per_minute
        window.forget(now)
        if not model.per_minute:
            return Turn(None, now)
        turn = Turn(window, now)
        if turn.pause <= patience:
            window.turns.append(turn)
        return turn


def _now() -> float:
    return asyncio.get_running_loop().time()
