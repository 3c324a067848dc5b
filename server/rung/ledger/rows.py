"""What the ledger keeps of a request, and how it is written to the tables and read back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from rung.types.attempt import Attempt, CallRecord
from rung.types.pattern import lazy
from rung.types.receipt import Receipt
from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Source = Literal["lsp", "cli", "api"]
    """Which way the request came in."""


class Row(Value):
    """One request as the ledger keeps it."""

    id: str
    at: float
    """When it was answered: seconds since 1970, UTC."""
    action: str
    tier: str | None
    model: str | None
    provider: str | None
    local: bool
    by: str
    rule: str | None
    builtin: bool
    simulated: bool
    degraded: bool
    outcome: str
    """What the answer became (edit, text ...), or the code of the error that ended it."""
    total_ms: int
    tokens_in: int
    tokens_out: int
    cost_usd: float | None
    """None: unknown, not 0."""
    source: Source
    calls: tuple[CallRecord, ...] = ()
    """Their attempts' ``reason`` is a short code, never a sentence."""


_REQUEST = Row._fields[:-1]
_FLAGS = ("local", "builtin", "simulated", "degraded")
_ATTEMPT = Attempt._fields
_STATUS = lazy(r"\b(?:HTTP|status|answered) ([1-5]\d\d)\b")


def reason_code(reason: str | None) -> str | None:
    """The HTTP status a reason names, as ``http-503``; None where it names none. All other words stay out."""
    found = _STATUS.search(reason or "")
    return f"http-{found[1]}" if found else None


def row_of(receipt: Receipt, outcome: str, source: Source, at: float) -> Row:
    """What is kept of a receipt: everything but sentences and paths."""
    calls = tuple(
        CallRecord(tuple(attempt.replace(reason=reason_code(attempt.reason)) for attempt in call.attempts))
        for call in receipt.calls
    )
    same = {name: getattr(receipt, name) for name in _REQUEST if name in receipt._fields}
    return Row(**same, outcome=outcome, source=source, at=at, calls=calls)


def insert(connection: sqlite3.Connection, row: Row) -> None:
    """Write one request with its calls and attempts; inside a transaction of the caller's.

    A request that is there already is left as it is: a record is written once.
    """
    marks = ", ".join("?" * len(_REQUEST))
    names = ", ".join(f'"{name}"' for name in _REQUEST)
    wrote = connection.execute(
        f"INSERT OR IGNORE INTO request ({names}) VALUES ({marks})",  # noqa: S608  # our own column names
        [getattr(row, name) for name in _REQUEST],
    )
    if wrote.rowcount == 0:
        return
    names = ", ".join(("call", "position", *_ATTEMPT))
    marks = ", ".join("?" * (2 + len(_ATTEMPT)))
    for position, call in enumerate(row.calls):
        made = connection.execute("INSERT INTO call (request, position) VALUES (?, ?)", (row.id, position))
        connection.executemany(
            f"INSERT INTO attempt ({names}) VALUES ({marks})",  # noqa: S608  # our own column names
            [
                (made.lastrowid, place, *(getattr(attempt, name) for name in _ATTEMPT))
                for place, attempt in enumerate(call.attempts)
            ],
        )


def select(connection: sqlite3.Connection, since: float, until: float) -> Iterator[Row]:
    """The requests answered from ``since`` up to, not including, ``until``, oldest first."""
    columns = ", ".join(f'"{name}"' for name in _REQUEST)
    found = connection.execute(
        f"SELECT {columns} FROM request WHERE at >= ? AND at < ? ORDER BY at, rowid",  # noqa: S608
        (since, until),
    )
    for values in found:
        fields = dict(zip(_REQUEST, values, strict=True))
        for flag in _FLAGS:
            fields[flag] = bool(fields[flag])
        yield Row(**fields, calls=_calls(connection, fields["id"]))


def _calls(connection: sqlite3.Connection, request: str) -> tuple[CallRecord, ...]:
    columns = ", ".join(f"attempt.{name}" for name in _ATTEMPT)
    found = connection.execute(
        f"SELECT call.position, {columns} FROM call LEFT JOIN attempt ON attempt.call = call.id "  # noqa: S608
        "WHERE call.request = ? ORDER BY call.position, attempt.position",
        (request,),
    )
    calls: dict[int, list[Attempt]] = {}
    for position, *values in found:
        attempts = calls.setdefault(position, [])
        if values[0] is not None:
            fields = dict(zip(_ATTEMPT, values, strict=True))
            attempts.append(Attempt(**{**fields, "estimated": bool(fields["estimated"])}))
    return tuple(CallRecord(tuple(attempts)) for attempts in calls.values())
