"""The ledger: records what became of each request, behind the answer.

A thread of its own writes; :meth:`Ledger.record` only puts a row into a bounded queue. A locked, read-only, full or
damaged file therefore delays nothing: what cannot be written within its limit is dropped, said once in the log and
named in :attr:`Ledger.problem` until writing works again. Money spent by this process is known to it all the same.

Each batch opens the file anew: a ledger that another process moved aside, or that the person deleted, is never
written to behind their back.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from rung.types.receipt import Receipt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rung.ledger.reservations import Reservation
    from rung.ledger.rows import Row, Source

log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds the writer waits for other processes before it drops a batch."""

GLANCE = 0.2
"""Seconds a reader waits: a budget is asked for on the way to an answer."""

WAITING = 1000
"""Rows that may wait to be written; one more is dropped."""

UNWRITTEN = 10_000
"""Costs remembered for requests that are not in the file."""


class Ledger:
    """One file, many processes; see the module's words.

    Attributes:
        path: the file; its folder is made when the first row is written.
        problem: why rows are being dropped, one sentence for the status; None while all is well.
    """

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        """Nothing is opened or started yet."""
        self.path = path
        self.problem: str | None = None
        self._patience = patience
        self._queue: queue.SimpleQueue[Row | threading.Event | None] = queue.SimpleQueue()
        self._waiting = 0
        self._unwritten: dict[str, tuple[float, float]] = {}
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the writer; calling it again changes nothing."""
        with self._guard:
            if self._thread is None:
                # A daemon: a process that ends never waits for a locked file. close() is the way to wait.
                self._thread = threading.Thread(target=self._write_all, name="rung-ledger", daemon=True)
                self._thread.start()

    def record(self, receipt: Receipt, outcome: str, *, source: Source = "lsp", at: float | None = None) -> None:
        """Hand a finished request to the writer and return at once.

        Args:
            receipt: of an answer, a failure or a cancelled request: whatever attempts were made are in it.
            outcome: what the answer became, or the code of the error that ended the request.
            source: which way the request came in.
            at: seconds since 1970, UTC; None: now.
        """
        from rung.ledger.rows import row_of  # noqa: PLC0415  # brings sqlite3, which `rung --help` does without

        row = row_of(receipt, outcome, source, time.time() if at is None else at)
        with self._guard:
            self._remember(row)
            full = self._waiting >= WAITING
            if not full:
                self._waiting += 1
        if full:
            self.complain("The ledger cannot keep up: records are being dropped.")
            return
        self._queue.put(row)
        self.start()

    async def flush(self, limit: float) -> bool:
        """Wait until everything recorded so far is written or dropped.

        Args:
            limit: seconds.

        Returns:
            Whether the writer got that far, with nothing lost at the end.
        """
        if self._thread is None:
            return True
        reached = threading.Event()
        self._queue.put(reached)
        return await asyncio.to_thread(reached.wait, limit) and self.problem is None

    def close(self, limit: float = 2.0) -> None:
        """Let the writer finish, for at most so many seconds; what is recorded later starts it again."""
        with self._guard:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join(limit)

    def spent(self, since: float) -> float:
        """US dollars that all processes spent since then, as far as costs are known; what is only held is not spent.

        Reads the file (milliseconds; at most 0.2 s where it is locked), and adds what this process has not
        written yet or could not write. Where the file cannot be read, that is all it knows.

        Args:
            since: seconds since 1970, UTC.
        """
        with self._guard:
            own = dict(self._unwritten)
        return self._spent_in_file(since, own) + sum(cost for at, cost in own.values() if at >= since)

    def spent_today(self) -> float:
        """US dollars spent since midnight, by this machine's clock and zone."""
        now = time.localtime()
        midnight = time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))
        return self.spent(midnight)

    def rows(self, since: float = 0.0, until: float = float("inf"), *, patience: float = PATIENCE) -> list[Row]:
        """The requests answered from ``since`` up to, not including, ``until``, oldest first, for reports.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        from rung.ledger.rows import select  # noqa: PLC0415
        from rung.ledger.schema import open_for_reading  # noqa: PLC0415

        connection = open_for_reading(self.path, patience)
        if connection is None:
            return []
        try:
            return list(select(connection, since, until))
        finally:
            connection.close()

    def _spent_in_file(self, since: float, own: dict[str, tuple[float, float]]) -> float:
        import sqlite3  # noqa: PLC0415

        from rung.ledger import reservations  # noqa: PLC0415
        from rung.ledger.schema import open_for_reading  # noqa: PLC0415

        try:
            connection = open_for_reading(self.path, GLANCE)
            if connection is None:
                return 0.0
            try:
                return reservations.spent(connection, since, own)
            finally:
                connection.close()
        except (OSError, sqlite3.Error) as error:
            log.debug("the ledger cannot be read: %s", type(error).__name__)
            return 0.0

    def _remember(self, row: Row) -> None:
        cost = sum(attempt.cost_usd or 0.0 for call in row.calls for attempt in call.attempts)
        if cost > 0:
            self._unwritten[row.id] = (row.at, cost)
            while len(self._unwritten) > UNWRITTEN:
                del self._unwritten[next(iter(self._unwritten))]

    def _write_all(self) -> None:
        """The writer's whole life: take what waits, write it in one transaction, repeat."""
        while True:
            rows: list[Row] = []
            reached: list[threading.Event] = []
            end = False
            item = self._queue.get()
            while True:
                if item is None:
                    end = True
                elif isinstance(item, threading.Event):
                    reached.append(item)
                else:
                    rows.append(item)
                if end or self._queue.empty():
                    break
                item = self._queue.get()
            if rows:
                self._write(rows)
            for event in reached:
                event.set()
            if end:
                return

    def _write(self, rows: list[Row]) -> None:
        import sqlite3  # noqa: PLC0415

        from rung.ledger.schema import NewerLedgerError, inode, is_damaged  # noqa: PLC0415

        seen = inode(self.path)
        try:
            self._write_batch(rows, self._patience)
        except NewerLedgerError:
            self.complain("The ledger was written by a newer Rung: records are being dropped.")
        except sqlite3.Error as error:
            if is_damaged(error):
                self._begin_anew(rows, seen, self._patience)
            else:
                name = getattr(error, "sqlite_errorname", type(error).__name__)
                self.complain(f"The ledger cannot be written ({name}): records are being dropped.")
        except OSError as error:
            name = error.strerror or type(error).__name__
            self.complain(f"The ledger cannot be opened ({name}): records are being dropped.")
        with self._guard:
            self._waiting -= len(rows)

    def mend(self, seen: int | None, patience: float) -> None:
        """Put a damaged file aside, and begin a new one with what can still be read of the money in it.

        Args:
            seen: the inode of the file that was found to be damaged.
            patience: seconds to wait for other processes.
        """
        self._begin_anew([], seen, patience)

    def _write_batch(self, rows: list[Row], patience: float, money: Sequence[Reservation] = ()) -> None:
        from rung.ledger.reservations import put_back  # noqa: PLC0415
        from rung.ledger.rows import insert  # noqa: PLC0415
        from rung.ledger.schema import open_for_writing, transaction  # noqa: PLC0415

        connection = open_for_writing(self.path, patience)
        try:
            with transaction(connection):
                put_back(connection, money)
                for row in rows:
                    insert(connection, row)
        finally:
            connection.close()
        with self._guard:
            for row in rows:
                self._unwritten.pop(row.id, None)
            self.problem = None

    def _begin_anew(self, rows: list[Row], seen: int | None, patience: float) -> None:
        import sqlite3  # noqa: PLC0415

        from rung.ledger.reservations import salvage  # noqa: PLC0415
        from rung.ledger.schema import is_damaged, move_aside  # noqa: PLC0415

        damaged = "The ledger is damaged and cannot be replaced: records are being dropped."
        try:
            aside = move_aside(self.path, seen)
        except OSError:
            self.complain(damaged)
            return
        money: list[Reservation] = []
        if aside is not None:
            money = salvage(aside)
            log.warning("The ledger was damaged; it is kept as %s, and a new one was begun.", aside.name)
        deadline = time.monotonic() + patience
        while True:
            try:
                self._write_batch(rows, patience, money)
            except (OSError, sqlite3.Error) as error:
                # Another process may be in the middle of moving the same damaged file.
                moving = isinstance(error, FileNotFoundError) or (
                    isinstance(error, sqlite3.Error) and is_damaged(error)
                )
                if not moving or time.monotonic() >= deadline:
                    self.complain(damaged)
                    return
                time.sleep(0.02)
            else:
                return

    def complain(self, problem: str) -> None:
        """Say a problem once, until writing works again or something else is wrong."""
        with self._guard:
            known, self.problem = self.problem, problem
        if known != problem:
            log.warning("%s", problem)
