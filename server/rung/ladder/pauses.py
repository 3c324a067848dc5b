"""Who is to be left alone, and until when: what servers asked for, and whom they do not let in.

A pause belongs to one model at one address. A key that was refused is refused for every model of its address, or for
one of them alone, until there is another one or the settings change. Times are seconds of the loop's clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rung.types.value import Value

if TYPE_CHECKING:
    from rung.errors import AttemptError

POLITE = ("rate-limited", "busy")
"""Failures with which a server may say when to come again: it is there, and well."""
RATE_PAUSE = 30.0
"""Seconds a model is left alone after a 429 that names no time."""
BUSY_PAUSE = 3.0
"""Seconds others are preferred to a model that said it is busy and named no time."""
BUSY_RESTS = (2.0, 4.0, 8.0)
"""Seconds before it is asked again all the same where nobody else is left: longer each time in a row it says so."""
LONGEST_REST = 3600.0
"""Seconds a server may ask to be left alone; of more only so much is believed."""

Spot = tuple[str, str]
"""An address, and the name of a model there."""
Lock = tuple[str, ...]
"""An address, the name of a key there, and that of a model where it is about one alone."""


class _Pause(Value):
    until: float
    why: str
    asked_for: bool
    """The server asked for it, or limits how often it is asked: no settings change that."""


class _Refusal(Value):
    fingerprint: int
    """Of the key that was refused."""
    why: str
    unpaid: bool
    """The key may be good again though nobody touched it."""


class Pauses:
    """All of them, by address and name."""

    def __init__(self) -> None:
        self._pauses: dict[Spot, _Pause] = {}
        self._rests: dict[Spot, float] = {}
        self._refusals: dict[Lock, _Refusal] = {}
        self._busy: dict[Spot, int] = {}
        """How often in a row a model was busy, and named no time."""

    def pause(self, spot: Spot, until: float, why: str, *, asked_for: bool) -> None:
        """Others are asked instead of this model until then; a longer pause that is under way stays."""
        before = self._pauses.get(spot)
        if before is None or before.until <= until:
            self._pauses[spot] = _Pause(until, why, asked_for)

    def rest(self, spot: Spot, until: float) -> float:
        """The server asked not to ask this model before then; gives when it may be asked, for an earlier rest stays."""
        self._rests[spot] = max(self._rests.get(spot, 0.0), until)
        return self._rests[spot]

    def leave_alone(self, spot: Spot, patience: float, error: AttemptError, now: float) -> None:
        """A server is busy, or limits how often it is asked: a short rest is waited out, for a longer one go others.

        Args:
            spot: whom this is about.
            patience: seconds that are short.
            error: what it said.
            now: seconds of the loop's clock.
        """
        if error.retry_after is not None:
            until = self.rest(spot, now + min(error.retry_after, LONGEST_REST))
            if error.retry_after > patience:
                self.pause(spot, until, error.text, asked_for=True)
        elif error.failure == "rate-limited":
            self.pause(spot, now + RATE_PAUSE, error.text, asked_for=True)
        else:
            times = self._busy[spot] = self._busy.get(spot, 0) + 1
            self.pause(spot, now + BUSY_PAUSE, error.text, asked_for=True)
            self.rest(spot, now + BUSY_RESTS[min(times, len(BUSY_RESTS)) - 1])

    def answered(self, spot: Spot) -> None:
        """It is not busy any more."""
        self._busy.pop(spot, None)

    def resting(self, spot: Spot, now: float) -> float:
        """Seconds for which the server asked to be left alone."""
        return max(0.0, self._rests.get(spot, 0.0) - now)

    def refuse(self, lock: Lock, key: str | None, why: str, *, unpaid: bool) -> None:
        """The server does not take this key (None: lets nobody in without one); ``unpaid``: for want of money."""
        self._refusals[lock] = _Refusal(hash(key), why, unpaid)

    def paused(self, spot: Spot, now: float) -> str | None:
        """Why this model is left alone now; None where it may be asked."""
        found = self._pauses.get(spot)
        return found.why if found and found.until > now else None

    def refused(self, locks: Iterable[Lock], key: str | None) -> str | None:
        """Why this key is of no use at any of these; None where it may be, as any other than the refused one."""
        found = (self._refusals.get(lock) for lock in locks)
        return next((refusal.why for refusal in found if refusal and refusal.fingerprint == hash(key)), None)

    def barred(self, locks: Iterable[Lock], key: str | None) -> bool:
        """Whether asking with this key is of no use before it or the settings change."""
        found = (self._refusals.get(lock) for lock in locks)
        return any(refusal and refusal.fingerprint == hash(key) and not refusal.unpaid for refusal in found)

    def let_in(self, locks: Iterable[Lock]) -> None:
        """The server took the key after all."""
        for lock in locks:
            self._refusals.pop(lock, None)

    def settings_changed(self) -> None:
        """What may have been the settings' fault is forgotten; what a server asked for is not."""
        self._refusals.clear()
        self._pauses = {spot: pause for spot, pause in self._pauses.items() if pause.asked_for}
