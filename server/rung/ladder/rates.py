"""How many questions a minute a model may be asked: never more than ``per_minute`` in any 60 seconds.

Each question takes a turn before it is asked, and says when it is asked: that moment counts, on the loop's clock, which
no change of the machine's time moves. Turns belong to this process; another one has its own.
"""

from __future__ import annotations

import asyncio
import contextlib

from rung.settings import addresses
from rung.types.model import Model

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
        self.at = now if window is None else window.opens(self, now)
        self.pause = self.at - now
        self.asked = False

    async def wait(self) -> None:
        """Wait until it may be asked: sooner than foreseen where others give turns back, later where they linger."""
        while self._window is not None:
            now = _now()
            left = self._window.opens(self, now) - now
            if left <= 0:
                return
            self._moved.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._moved.wait()

    def move(self, at: float) -> None:
        """It may be asked at another time than foreseen."""
        self.at = at
        self._moved.set()

    def used(self) -> None:
        """It is asked now."""
        self.at, self.asked = _now(), True

    def give_back(self) -> None:
        """It will not be asked; where it was, that still counts."""
        if self._window is not None and not self.asked:
            self._window.leave(self)


class _Window:
    """The turns of one model, in the order in which they were taken."""

    def __init__(self) -> None:
        self.size = 0
        self.turns: list[Turn] = []

    def opens(self, turn: Turn, now: float) -> float:
        """When a turn may be asked, given those that were and those before it that still will be."""
        place = self.turns.index(turn) if turn in self.turns else len(self.turns)
        # One that should have been asked by now will be at any moment.
        times = [other.at if other.asked else max(other.at, now) for other in self.turns[:place]]
        times += [other.at for other in self.turns[place + 1 :] if other.asked]
        if len(times) < self.size:
            return now
        return max(now, sorted(times)[-self.size] + WINDOW)

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
    """The turns at all models, by address and name."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], _Window] = {}

    def take(self, model: Model, patience: float) -> Turn:
        """Take a turn; whoever waits has one of its own, so that two that wait do not wait for the same one.

        Where its ``pause`` is more than ``patience`` seconds, nothing is taken.
        """
        now = _now()
        window = self._windows.setdefault(addresses.spot(model), _Window())
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
