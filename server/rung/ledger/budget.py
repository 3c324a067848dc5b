"""The budget: what a call may cost at most is reserved before it and settled after, by all processes in one file.

It bounds days and months; what one request may cost is its :class:`rung.ledger.purse.Purse`'s business.

Invariants: under a bound nothing is admitted but in the transaction that sums up what all processes have spent and
hold, so that together they never exceed it; where the file is locked or broken nothing is admitted under a bound, and
:attr:`rung.ledger.ledger.Ledger.problem` says so. Money is never forgotten: what could not be written is as soon as
the file can be, a process that died has spent what it held, and what this process knows of the month is put back into
a file that was begun anew. Nothing here takes much longer than :data:`PATIENCE`.
"""

from __future__ import annotations

import contextlib
import logging
import random
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator

from rung.ledger import refusal, reservations
from rung.ledger.ledger import GLANCE, Ledger
from rung.ledger.reservations import Reservation, Used, billionths, bound_in_billionths
from rung.ledger.schema import NewerLedgerError, inode, is_busy, is_damaged, open_for_reading, open_for_writing

log = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds a locked file is waited for: others hold it for milliseconds, and a person waits for the answer."""

RESTORED = "The ledger was deleted or replaced: what this process knows of this month's spending is in it again."


class Budget:
    """See the module's words. Its methods block for a moment: call them in a thread.

    Args:
        ledger: whose file it is, and whose ``problem`` says what is wrong with it.
        clock: seconds since 1970, UTC. Where it is set back, nothing that was spent is forgotten.
        patience: see :data:`PATIENCE`.
    """

    def __init__(self, ledger: Ledger, *, clock: Callable[[], float] = time.time, patience: float = PATIENCE) -> None:
        self._ledger = ledger
        self._clock = clock
        self._patience = patience
        self._guard = threading.Lock()
        self._unwritten: dict[str, Reservation] = {}
        """What is not in the file yet; it is written before anything else is."""
        self._known: dict[str, Reservation] = {}
        """This month's rows as the file had them last, for a file that is begun anew."""
        self._place = 0
        """How far the file was read."""
        self._complaint: str | None = None

    def reserve(
        self,
        request: str,
        attempt: int,
        worst: float,
        *,
        per_day: float | None,
        per_month: float | None,
        lease: float,
    ) -> Reservation | str:
        """Hold what a call may cost at most.

        Args:
            request: its id.
            attempt: which of its calls to a model.
            worst: US dollars.
            per_day: US dollars a day may cost; None: no bound.
            per_month: the same for a month.
            lease: seconds after which it counts as spent, should this process die before it settles.

        Returns:
            What to settle later, or why it may not be spent: half a sentence for the person.
        """
        now = self._clock()
        made = Reservation(uuid.uuid4().hex, request, attempt, now, now + lease, billionths(worst))
        seen = inode(self._ledger.path)
        try:
            with self._transaction(now) as connection:
                refused = refusal.of_all(reservations.used(connection, now), made.amount, per_day, per_month)
                if refused is None:
                    reservations.put(connection, made)
        except (OSError, sqlite3.Error) as error:
            why = self._complain(error, seen)
            if made.amount and (per_day, per_month) != (None, None):
                return refusal.unknown(why)
            with self._guard:
                self._unwritten[made.id] = made
            return made
        if refused is None:
            self._remember(made)
        return refused or made

    def settle(self, reservation: Reservation, cost: float | None, *, estimated: bool = False) -> None:
        """Put what a call did cost in the place of what it might.

        Args:
            reservation: from :meth:`reserve`; it is right again where its lease had run out.
            cost: US dollars; None: unknown, so that the worst case stays counted as spent.
            estimated: nobody counted: the cost is an estimate.
        """
        amount = reservation.amount if cost is None else billionths(cost)
        settled = reservation.replace(until=None, amount=amount, estimated=estimated or cost is None)
        with self._guard:
            self._unwritten[settled.id] = settled
        self._write()

    def left(self, per_day: float | None, per_month: float | None) -> float | None:
        """US dollars that are neither spent nor held, of the bound that leaves less; None where there is no bound.

        Nothing is written, and no lock is waited for. Where the file cannot be read nothing is left, as far as anybody
        knows: :meth:`reserve` would admit nothing either.
        """
        if (per_day, per_month) == (None, None):
            return None
        now = self._clock()
        with self._guard:
            own = dict(self._unwritten)
        try:
            found = self._used(now, own)
        except (OSError, sqlite3.Error) as error:
            log.debug("the budget cannot be read: %s", type(error).__name__)
            return 0.0
        pairs = ((per_day, found.day), (per_month, found.month))
        left = min(bound_in_billionths(bound) - used for bound, used in pairs if bound is not None)
        return max(0, left) / 1e9

    def judge(self, per_day: float | None, per_month: float | None) -> Callable[[float], str | None]:
        """What :meth:`reserve` would say now of a call that may cost so many US dollars; None: it may be made.

        The file is read once, and no lock is waited for.
        """
        if (per_day, per_month) == (None, None):
            return lambda _: None
        now = self._clock()
        with self._guard:
            own = dict(self._unwritten)
        try:
            found = self._used(now, own)
        except (OSError, sqlite3.Error) as error:
            why = refusal.unknown(_trouble(error, "read"))
            return lambda worst: why if worst else None
        return lambda worst: refusal.of_all(found, billionths(worst), per_day, per_month)

    def close(self) -> None:
        """Write what could not be written so far, if that can be done now."""
        if self._unwritten:
            self._write()

    def _write(self) -> None:
        """Bring what is not written yet into the file; where that fails it stays for the next time."""
        seen = inode(self._ledger.path)
        try:
            with self._transaction(self._clock()):
                pass
        except (OSError, sqlite3.Error) as error:
            self._complain(error, seen)

    def _used(self, now: float, own: dict[str, Reservation]) -> Used:
        """What is spent and held by the file and by what this process has not written.

        Raises:
            OSError: the file cannot be opened.
            sqlite3.Error: it is locked or broken.
        """
        start = reservations.since(now)
        connection = open_for_reading(self._ledger.path, GLANCE)
        with self._guard:
            known = dict(self._known)
        if connection is None:
            # It was deleted, if there ever was one: what was in it counts all the same.
            own, found = {**known, **own}, Used(0, 0)
        else:
            with contextlib.closing(connection):
                if known and not reservations.has(connection, next(reversed(known))):
                    own = {**known, **own}
                found = reservations.used(connection, now, own)
        extra = [sum(row.amount for row in own.values() if row.at >= begin) for begin in (start.day, start.month)]
        return Used(found.day + extra[0], found.month + extra[1])

    @contextlib.contextmanager
    def _transaction(self, now: float) -> Iterator[sqlite3.Connection]:
        """The file, nobody else writing; with what was not written so far.

        Raises:
            OSError: the file cannot be made.
            sqlite3.Error: it is locked or broken.
        """
        deadline = time.monotonic() + self._patience
        with contextlib.closing(open_for_writing(self._ledger.path, self._patience / 2)) as connection:
            # Money outlives a power cut.
            connection.execute("PRAGMA synchronous = FULL")
            _begin(connection, deadline)
            restored = self._compare(connection, now)
            with self._guard:
                waiting = list(self._unwritten.values())
            for row in waiting:
                reservations.put(connection, row)
            reservations.tidy(connection, now)
            yield connection
            connection.execute("COMMIT")
        with self._guard:
            for row in waiting:
                if self._unwritten.get(row.id) is row:
                    del self._unwritten[row.id]
        self._remember(*waiting)
        if restored:
            log.warning("%s", RESTORED)
        if self._complaint and self._ledger.problem == self._complaint:
            self._ledger.problem = None
        self._complaint = None

    def _compare(self, connection: sqlite3.Connection, now: float) -> bool:
        """Take in what others wrote, and put back what the file lacks because it was begun anew; gives whether it was.

        What was last known is in the file unless the file is another one.
        """
        start = reservations.since(now).month
        with self._guard:
            self._known = {key: row for key, row in self._known.items() if row.at >= start}
            newest = next(reversed(self._known), None)
            anew = newest is not None and not reservations.has(connection, newest)
            if anew:
                reservations.put_back(connection, self._known.values())
            if anew or newest is None:
                self._place = 0
            for place, row in reservations.changed(connection, self._place, start):
                self._known[row.id] = row
                self._place = place
        return anew

    def _remember(self, *rows: Reservation) -> None:
        """These rows are in the file now."""
        with self._guard:
            self._known |= {row.id: row for row in rows}

    def _complain(self, error: OSError | sqlite3.Error, seen: int | None) -> str:
        """Say what is wrong, and put a damaged file out of the way; gives half a sentence for the person."""
        why, old = _trouble(error), self._clock() - reservations.KEPT
        with self._guard:
            # There may be no end to them.
            self._unwritten = {key: row for key, row in self._unwritten.items() if row.at >= old}
        self._complaint = f"The budget cannot be kept: {why}. Under a budget no cloud is asked."
        self._ledger.complain(self._complaint)
        if isinstance(error, sqlite3.Error) and is_damaged(error):
            self._ledger.mend(seen, self._patience)
            with contextlib.suppress(OSError, sqlite3.Error), self._transaction(self._clock()):
                pass
        return why


def _trouble(error: OSError | sqlite3.Error, what: str = "written") -> str:
    """What is wrong with the file, in half a sentence that quotes no path."""
    if isinstance(error, OSError):
        return f"the ledger cannot be opened ({error.strerror or type(error).__name__})"
    if isinstance(error, NewerLedgerError):
        return "the ledger was written by a newer Rung"
    if is_damaged(error):
        return "the ledger is damaged"
    if is_busy(error):
        return "another process holds the ledger"
    return f"the ledger cannot be {what} ({getattr(error, 'sqlite_errorname', type(error).__name__)})"


def _begin(connection: sqlite3.Connection, deadline: float) -> None:
    """Take the write lock.

    SQLite's own waiting sleeps longer and longer, and starves whoever is late while others come and go.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= deadline:
                raise
            time.sleep(random.uniform(0.0005, 0.002))
        else:
            return
