"""Reservations: the rows that say what attempts hold and have spent of a budget, and how they are summed up.

Money is counted in whole billionths of a dollar, so that sums are exact. Everything here works inside a transaction of
the caller's, and takes its moment from the caller too.
"""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from rung.types.value import Value

HORIZON = 2 * 86_400.0
"""Seconds a time may lie in the future, as it does after the clock was set back; what lies further was dated by a clock
that was wrong."""

KEPT = 70 * 86_400.0
"""Seconds after which what was spent is nobody's business here; longer than any month."""

MOST = 10**15
"""The largest amount that is kept, a million dollars: thousands of them can still be added up by the database."""

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
    """When it counts as spent, because whoever made it must have died; None: it is settled."""
    amount: int
    """Billionths of a dollar: the worst case, once settled the cost."""
    estimated: bool = False
    """The amount of a settled one is an estimate, or still the worst case."""


class Since(Value):
    """When this day and this month began: seconds since 1970, UTC."""

    day: float
    month: float


class Used(Value):
    """What is spent and held of this day and this month, in billionths."""

    day: int
    month: int


def billionths(dollars: float) -> int:
    """Dollars as the whole billionths that are at least as much; what floats add by themselves is no billionth."""
    scaled = round(dollars * _BILLION, 3)
    return max(0, math.ceil(scaled)) if scaled < MOST else MOST


def bound_in_billionths(dollars: float) -> int:
    """Dollars as the whole billionths that are at most as much."""
    scaled = round(dollars * _BILLION, 3)
    return math.floor(scaled) if scaled < 2**62 else 2**62


def since(now: float) -> Since:
    """Midnight and the month's first, by this machine's zone."""
    local = time.localtime(now)
    return Since(
        day=time.mktime((local.tm_year, local.tm_mon, local.tm_mday, 0, 0, 0, 0, 0, -1)),
        month=time.mktime((local.tm_year, local.tm_mon, 1, 0, 0, 0, 0, 0, -1)),
    )


_NAMES = Reservation._fields
_COLUMNS = ", ".join(_NAMES)
_MARKS = ", ".join("?" * len(_NAMES))


def put(connection: sqlite3.Connection, row: Reservation) -> None:
    """Write a row in the place of what its id had before."""
    _write(connection, "REPLACE", row)


def put_back(connection: sqlite3.Connection, rows: Collection[Reservation]) -> None:
    """Write rows that a file begun anew lacks; what it has is newer, and stays."""
    for row in rows:
        _write(connection, "IGNORE", row)


def _write(connection: sqlite3.Connection, where_taken: str, row: Reservation) -> None:
    connection.execute(
        f"INSERT OR {where_taken} INTO reservation ({_COLUMNS}) VALUES ({_MARKS})",  # noqa: S608  # our own names
        [getattr(row, name) for name in _NAMES],
    )


def has(connection: sqlite3.Connection, key: str) -> bool:
    """Whether the file has a row."""
    return connection.execute("SELECT 1 FROM reservation WHERE id = ?", (key,)).fetchone() is not None


def changed(connection: sqlite3.Connection, place: int, start: float) -> Iterator[tuple[int, Reservation]]:
    """The rows from a place in the file on, each with its own place; whatever is written anew goes to the end.

    Args:
        connection: the file.
        place: 0: the beginning.
        start: rows of a time before this are left out.
    """
    found = connection.execute(
        f"SELECT rowid, {_COLUMNS} FROM reservation WHERE rowid >= ? AND at >= ? ORDER BY rowid",  # noqa: S608
        (place, start),
    )
    for rowid, *values in found:
        fields = dict(zip(_NAMES, values, strict=True))
        yield rowid, Reservation(**{**fields, "estimated": bool(fields["estimated"])})


def salvage(path: Path) -> list[Reservation]:
    """What can still be read in a damaged file, from its beginning and from its end."""
    found: dict[str, Reservation] = {}
    for order in ("ASC", "DESC"):
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path)) as connection:
            for values in connection.execute(
                f"SELECT {_COLUMNS} FROM reservation ORDER BY rowid {order}"  # noqa: S608  # our own names
            ):
                row = _row(values)
                if row is not None:
                    found[row.id] = row
    return list(found.values())


def _row(values: tuple[object, ...]) -> Reservation | None:
    """A row of a damaged file; None where it holds what no row can."""
    key, request, attempt, at, until, amount, estimated = values
    if not (isinstance(key, str) and isinstance(request, str) and isinstance(attempt, int) and isinstance(at, float)):
        return None
    if not (isinstance(amount, int) and 0 <= amount <= MOST and isinstance(until, float | None)):
        return None
    return Reservation(key, request, attempt, at, until, amount, estimated=bool(estimated))


def tidy(connection: sqlite3.Connection, now: float) -> None:
    """Settle what the dead held at its worst case, and leave out what is old.

    An attempt whose process died may have been billed, and nobody knows for how much. What a wrong clock put far into
    the future is dated to now, lest it count for years.
    """
    far = now + HORIZON
    connection.execute("UPDATE reservation SET at = ? WHERE at > ?", (now, far))
    connection.execute("UPDATE reservation SET until = ? WHERE until > ?", (far, far))
    connection.execute("UPDATE reservation SET until = NULL, estimated = 1 WHERE until <= ?", (now,))
    connection.execute("DELETE FROM reservation WHERE at < ?", (now - KEPT,))


def used(connection: sqlite3.Connection, now: float, but: Collection[str] = ()) -> Used:
    """What is spent and held by all processes.

    Args:
        connection: the file, up to date or of the first version.
        now: seconds since 1970, UTC.
        but: ids of reservations that are left out.
    """
    start = since(now)
    return Used(*(_used_since(connection, begin, now + HORIZON, but) for begin in (start.day, start.month)))


def _used_since(connection: sqlite3.Connection, begin: float, end: float, but: Collection[str]) -> int:
    if not _has_reservations(connection):
        return billionths(unreserved(connection, begin, end))
    held = connection.execute(
        "SELECT coalesce(sum(amount), 0) FROM reservation WHERE at >= ? AND id NOT IN (SELECT value FROM json_each(?))",
        (begin, json.dumps(list(but))),
    ).fetchone()[0]
    return int(held) + billionths(unreserved(connection, begin, end))


def spent(connection: sqlite3.Connection, begin: float, but: Collection[str] = ()) -> float:
    """US dollars that were spent since then, and not only held.

    Args:
        connection: the file, up to date or of the first version.
        begin: seconds since 1970, UTC.
        but: ids of requests that are left out.
    """
    other = unreserved(connection, begin, math.inf, but)
    if not _has_reservations(connection):
        return other
    settled = connection.execute(
        "SELECT coalesce(sum(amount), 0) FROM reservation "
        "WHERE at >= ? AND until IS NULL AND request NOT IN (SELECT value FROM json_each(?))",
        (begin, json.dumps(list(but))),
    ).fetchone()[0]
    return int(settled) / _BILLION + other


def unreserved(connection: sqlite3.Connection, begin: float, end: float, but: Collection[str] = ()) -> float:
    """US dollars that recorded requests cost beyond what was reserved for them: all of it where nothing was."""
    held = "0"
    if _has_reservations(connection):
        held = "(SELECT coalesce(sum(amount), 0) / 1e9 FROM reservation WHERE reservation.request = request.id)"
    found = connection.execute(
        f"SELECT total(max(0, cost - held)) FROM (SELECT total(attempt.cost_usd) AS cost, {held} AS held "  # noqa: S608
        "FROM request JOIN call ON call.request = request.id JOIN attempt ON attempt.call = call.id "
        "WHERE request.at >= ? AND request.at < ? AND attempt.cost_usd > 0 "
        "AND request.id NOT IN (SELECT value FROM json_each(?)) GROUP BY request.id)",
        (begin, end, json.dumps(list(but))),
    )
    return float(found.fetchone()[0])


def _has_reservations(connection: sqlite3.Connection) -> bool:
    """Whether this is a file of the second version or later: whoever only reads brings none up to date."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'reservation'").fetchone() is not None
