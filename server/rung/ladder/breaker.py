"""The breaker of one server, or of one model: after failures it is left alone for a while, longer each time."""

from __future__ import annotations

import random
from collections.abc import Callable

FAILURES = 3
"""In a row, after which a server or model is left alone; one is enough where nobody listens on this machine."""
BASE, CAP = 5.0, 300.0
"""Seconds of the first pause, and of the longest."""


class Breaker:
    """Closed: asked as usual; open: left alone until a time; half-open: one request may try.

    Args:
        threshold: failures in a row that open it.
        jitter: gives a factor around 1, so that many clients do not come back at once.
    """

    def __init__(self, threshold: int, jitter: Callable[[], float]) -> None:
        self.reason = "it failed a moment ago"
        """What was said of the last failure."""
        self._threshold = threshold
        self._jitter = jitter
        self._failures = 0
        self._openings = 0
        self._until = 0.0
        self._opened = False
        """Nobody has spoken since it opened."""
        self._trying = False

    @classmethod
    def usual(cls) -> Breaker:
        """One for a server or a model."""
        return cls(FAILURES, lambda: random.uniform(0.8, 1.2))

    @property
    def opened(self) -> bool:
        """Whether it was opened, and nobody was heard since."""
        return self._opened

    @property
    def tried(self) -> bool:
        """Whether a request is finding out if it is back."""
        return self._trying

    def closed(self, now: float) -> bool:
        """Whether it may be asked at this time (seconds of the loop's clock)."""
        return now >= self._until and not self._trying

    def begin(self, now: float) -> bool:
        """A request starts; gives whether it is the one that may try in the half-open state."""
        if self._trying or not self._opened or now < self._until:
            return False
        self._trying = True
        return True

    def spoke(self) -> None:
        """Whoever tries it hears it answer: others may ask again, but the next failure opens it for longer."""
        self._failures = max(self._failures, self._threshold - 1)
        self._until = 0.0
        self._opened = self._trying = False

    def succeeded(self) -> None:
        """It answered: close, and forget."""
        self._failures = self._openings = 0
        self._until = 0.0
        self._opened = self._trying = False

    def failed(self, now: float, reason: str = "", *, certain: bool = False, trial: bool = True) -> None:
        """It failed; opens at the threshold, and at once when it was only being tried, or is certainly not there.

        Args:
            now: seconds of the loop's clock.
            reason: what is to be said of it.
            certain: nobody is there.
            trial: whoever failed is the one that may try, if anybody is.
        """
        self._failures += 1
        self.reason = reason or self.reason
        tried, self._trying = self._trying and trial, self._trying and not trial
        if not (tried or certain or self._failures >= self._threshold):
            return
        # Failures of requests that began before it opened are one outage, not one more each.
        if tried or now >= self._until:
            self._openings += 1
        pause = min(CAP, BASE * 2.0 ** (self._openings - 1)) * self._jitter()
        self._until = max(self._until, now + pause)
        self._opened = True

    def left(self, *, trial: bool = True) -> None:
        """The request ended without a verdict, such as a cancel."""
        self._trying = self._trying and not trial
