"""The budget: what a call may cost at most is reserved before it and settled after, by all processes in one file.

It bounds days and months; what one request may cost is its :class:`rung.ledger.purse.Purse`'s business. Money is
counted in whole billionths of a dollar, so that sums are exact.

Invariants: a reservation is admitted in the transaction that sums up what all processes have spent and hold, so that
together they never exceed a bound; nothing here takes longer than :data:`PATIENCE`. Where the file is locked or broken,
what this process knows is all that counts, :attr:`rung.ledger.ledger.Ledger.problem` says so, and what could not be
written is, as soon as the file can be.
"""

from __future__ import annotations

import contextlib
import math
import random
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator

from rung.ledger.ledger import Ledger
from rung.ledger.schema import is_busy, open_for_writing
from rung.types.value import Value

PATIENCE = 0.2
"""Seconds a locked file is waited for: a budget is asked for on the way to an answer."""

HORIZON = 2 * 86_400.0
"""Seconds a time may lie in the future, as it does after the clock was set back; what lies further was dated by a clock
that was wrong."""

KEPT = 70 * 86_400.0
"""Seconds after which what was spent is nobody's business here; longer than any month."""

_BILLION = 1_000_000_000


class Reservation(Value):
    """Money that one attempt holds, and later what it cost."""

    id: str
    request: str
    attempt: int
    """The number of the call within its request."""
    at: float
    """Seconds since 1970, UTC."""
    until: float | None
    """When it is dropped, because whoever made it must have died; None: it is settled."""
    amount: int
    """Billionths of a dollar: the worst case, once settled the cost."""
    estimated: bool = False
    """The amount of a settled one is an estimate, or still the worst case."""


class _Since(Value):
    """When this day and this month began: seconds since 1970, UTC."""

    day: float
    month: float


class _Used(Value):
    """What is spent and held since then, in billionths."""

    since: _Since
    day: int
    month: int


def billionths(dollars: float) -> int:
    """Dollars as the whole billionths that are at least as much; what floats add by themselves is no billionth."""
    return math.ceil(round(dollars * _BILLION, 3))


def since(now: float) -> _Since:
    """Midnight and the month's first, by this machine's zone."""
    local = time.localtime(now)
    return _Since(
        day=time.mktime((local.tm_year, local.tm_mon, local.tm_mday, 0, 0, 0, 0, 0, -1)),
        month=time.mktime((local.tm_year, local.tm_mon, 1, 0, 0, 0, 0, 0, -1)),
    )


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
        self._seen: _Used | None = None
        """What the file said last."""
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
            lease: seconds after which it is given back, should this process die before it settles.

        Returns:
            What to settle later, or why it may not be spent: half a sentence for the person.
        """
        now = self._clock()
        made = Reservation(uuid.uuid4().hex, request, attempt, now, now + lease, billionths(worst))
        try:
            with self._transaction(now) as connection:
                used = _sum_up(connection, now)
                refused = _refusal(used, made.amount, per_day, per_month)
                if refused is None:
                    _put(connection, made)
                    used = used.replace(day=used.day + made.amount, month=used.month + made.amount)
        except (OSError, sqlite3.Error) as error:
            self._complain(error)
            return self._reserve_in_memory(made, per_day, per_month)
        self._seen = used
        return refused or made

    def settle(self, reservation: Reservation, cost: float | None, *, estimated: bool = False) -> None:
        """Put what a call did cost in the place of what it might.

        Args:
            reservation: from :meth:`reserve`; it counts again where its lease had run out.
            cost: US dollars; None: unknown, so that the worst case stays counted as spent.
            estimated: nobody counted: the cost is an estimate.
        """
        amount = reservation.amount if cost is None else billionths(cost)
        settled = reservation.replace(until=None, amount=amount, estimated=estimated or cost is None)
        with self._guard:
            self._unwritten[settled.id] = settled
        now = self._clock()
        try:
            with self._transaction(now) as connection:
                used = _sum_up(connection, now)
        except (OSError, sqlite3.Error) as error:
            self._complain(error)
            return
        self._seen = used

    @contextlib.contextmanager
    def _transaction(self, now: float) -> Iterator[sqlite3.Connection]:
        """The file, nobody else writing; with what was not written so far, and without what is over.

        Raises:
            OSError: the file cannot be made.
            sqlite3.Error: it is locked or broken.
        """
        deadline = time.monotonic() + self._patience
        with contextlib.closing(open_for_writing(self._ledger.path, self._patience / 2)) as connection:
            _begin(connection, deadline)
            with self._guard:
                waiting = list(self._unwritten.values())
            for row in waiting:
                _put(connection, row)
            _tidy(connection, now)
            yield connection
            connection.execute("COMMIT")
        with self._guard:
            for row in waiting:
                if self._unwritten.get(row.id) is row:
                    del self._unwritten[row.id]
        if self._complaint and self._ledger.problem == self._complaint:
            self._ledger.problem = None
        self._complaint = None

    def _reserve_in_memory(
        self, made: Reservation, per_day: float | None, per_month: float | None
    ) -> Reservation | str:
        """The same with what the file said last, and what this process spent since."""
        start = since(made.at)
        with self._guard:
            # Last month's are of use to nobody but a file that comes back, and there may be no end to them.
            self._unwritten = {key: row for key, row in self._unwritten.items() if row.at >= start.month}
            rows = self._unwritten.values()
            day = sum(row.amount for row in rows if row.at >= start.day)
            month = sum(row.amount for row in rows)
            if self._seen and self._seen.since.day == start.day:
                day += self._seen.day
            if self._seen and self._seen.since.month == start.month:
                month += self._seen.month
            refused = _refusal(_Used(start, day, month), made.amount, per_day, per_month)
            if refused is None:
                self._unwritten[made.id] = made
        return refused or made

    def _complain(self, error: OSError | sqlite3.Error) -> None:
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        self._complaint = f"The budget cannot be shared ({name}): only what this process spends is counted."
        self._ledger.problem = self._complaint


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


def _put(connection: sqlite3.Connection, row: Reservation) -> None:
    names = Reservation._fields
    connection.execute(
        f"INSERT OR REPLACE INTO reservation ({', '.join(names)}) "  # noqa: S608  # our own column names
        f"VALUES ({', '.join('?' * len(names))})",
        [getattr(row, name) for name in names],
    )


def _tidy(connection: sqlite3.Connection, now: float) -> None:
    """Drop what is over, and date what a wrong clock put far into the future to now, lest it count for years."""
    far = now + HORIZON
    connection.execute("UPDATE reservation SET at = ? WHERE at > ?", (now, far))
    connection.execute("UPDATE reservation SET until = ? WHERE until > ?", (far, far))
    connection.execute("DELETE FROM reservation WHERE until <= ? OR at < ?", (now, now - KEPT))


def _sum_up(connection: sqlite3.Connection, now: float) -> _Used:
    start = since(now)
    return _Used(start, *(_spent(connection, begin, now + HORIZON) for begin in (start.day, start.month)))


def _spent(connection: sqlite3.Connection, begin: float, end: float) -> int:
    """All reservations, and the costs of requests that were recorded without any."""
    held = connection.execute("SELECT coalesce(sum(amount), 0) FROM reservation WHERE at >= ?", (begin,)).fetchone()[0]
    other = connection.execute(
        "SELECT total(attempt.cost_usd) FROM request JOIN call ON call.request = request.id "
        "JOIN attempt ON attempt.call = call.id WHERE request.at >= ? AND request.at < ? "
        "AND NOT EXISTS (SELECT 1 FROM reservation WHERE reservation.request = request.id)",
        (begin, end),
    ).fetchone()[0]
    return int(held) + billionths(float(other))


def _refusal(used: _Used, amount: int, per_day: float | None, per_month: float | None) -> str | None:
    """Why so much may not be spent; None where it may."""
    for name, spent, bound in (("today's", used.day, per_day), ("this month's", used.month, per_month)):
        # What costs nothing is in no budget's way.
        if bound is None or not amount or spent + amount <= math.floor(round(bound * _BILLION, 3)):
            continue
        cost, left = amount / _BILLION, bound - spent / _BILLION
        if left <= 0:
            return f"{name} ${bound:.2f} are used up"
        if not spent:
            return f"it may cost ${cost:.4f}, more than all of {name} ${bound:.4f}"
        return f"{name} ${bound:.2f} are used up but for ${left:.4f}, and it may cost ${cost:.4f}"
    return None
