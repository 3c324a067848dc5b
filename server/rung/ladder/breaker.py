"""The breaker of one server: after failures it is left alone for a while, longer each time."""

from __future__ import annotations

from collections.abc import Callable

BASE, CAP = 5.0, 300.0
"""Seconds of the first pause, and of the longest."""


class Breaker:
    """Closed: asked as usual; open: left alone until a time; half-open: one request may try.

    Args:
        threshold: failures in a row that open it.
        jitter: gives a factor around 1, so that many clients do not come back at once.
    """

    def __init__(self, threshold: int, jitter: Callable[[], float]) -> None:
        self._threshold = threshold
        self._jitter = jitter
        self._failures = 0
        self._openings = 0
        self._until = 0.0
        self._trying = False

    def closed(self, now: float) -> bool:
        """Whether it may be asked at this time (seconds of the loop's clock)."""
        return now >= self._until and not self._trying

    def begin(self, now: float) -> None:
        """A request starts; in the half-open state it is the one that may try."""
        self._trying = self._openings > 0 and now >= self._until

    def succeeded(self) -> None:
        """It answered: close, and forget."""
        self._failures = self._openings = 0
        self._until = 0.0
        self._trying = False

    def failed(self, now: float, *, certain: bool = False) -> None:
        """It failed; opens at the threshold, and at once when it was only being tried, or is certainly not there."""
        self._failures += 1
        if certain or self._trying or self._failures >= self._threshold:
            pause = min(CAP, BASE * 2**self._openings) * self._jitter()
            self._until = max(self._until, now + pause)
            self._openings += 1
        self._trying = False

    def left(self) -> None:
        """The request ended without a verdict, such as a cancel."""
        self._trying = False
