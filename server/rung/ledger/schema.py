"""The ledger's file: opened, created, brought up to date, and put out of the way when it is damaged.

Invariants: the file is readable by its owner alone; its tables hold words, names, counts and times, and no text a
person, a document or a server wrote; ``user_version`` says how many of :data:`MIGRATIONS` were applied.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE request (
            id TEXT PRIMARY KEY,
            at REAL NOT NULL,
            action TEXT NOT NULL,
            tier TEXT,
            model TEXT,
            provider TEXT,
            local INTEGER NOT NULL,
            "by" TEXT NOT NULL,
            rule TEXT,
            builtin INTEGER NOT NULL,
            simulated INTEGER NOT NULL,
            degraded INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            total_ms INTEGER NOT NULL,
            tokens_in INTEGER NOT NULL,
            tokens_out INTEGER NOT NULL,
            cost_usd REAL,
            source TEXT NOT NULL
        )""",
        "CREATE INDEX request_at ON request (at)",
        """CREATE TABLE call (
            id INTEGER PRIMARY KEY,
            request TEXT NOT NULL REFERENCES request (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            UNIQUE (request, position)
        )""",
        """CREATE TABLE attempt (
            id INTEGER PRIMARY KEY,
            call INTEGER NOT NULL REFERENCES call (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            tier TEXT NOT NULL,
            model TEXT NOT NULL,
            provider TEXT NOT NULL,
            outcome TEXT NOT NULL,
            reason TEXT,
            queued_ms INTEGER NOT NULL,
            first_content_ms INTEGER,
            total_ms INTEGER NOT NULL,
            tokens_in INTEGER NOT NULL,
            tokens_out INTEGER NOT NULL,
            estimated INTEGER NOT NULL,
            cost_usd REAL,
            UNIQUE (call, position)
        )""",
    ),
    (
        # What attempts hold and have spent of the budget, in billionths of a dollar; "until" is NULL once settled.
        """CREATE TABLE reservation (
            id TEXT PRIMARY KEY,
            request TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            at REAL NOT NULL,
            until REAL,
            amount INTEGER NOT NULL,
            estimated INTEGER NOT NULL
        )""",
        "CREATE INDEX reservation_at ON reservation (at)",
        "CREATE INDEX reservation_request ON reservation (request)",
    ),
)
"""One entry per schema version, each the statements that lead to it from the one before; entries never change."""

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class NewerLedgerError(sqlite3.DatabaseError):
    """The file was written by a newer Rung, whose tables this one does not know."""


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code of an error; 0 where there is none (the sqlite3 module's own complaints)."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is no database, or no longer a whole one."""
    return primary_code(error) in _DAMAGED


def is_busy(error: sqlite3.Error) -> bool:
    """Whether an error says that somebody else is writing."""
    return primary_code(error) in _BUSY


def open_for_writing(path: Path, patience: float) -> sqlite3.Connection:
    """Open the ledger, creating folder, file and tables where they are missing.

    Args:
        path: the file.
        patience: seconds to wait for other processes.

    Raises:
        OSError: the folder or the file cannot be made.
        sqlite3.Error: the file is locked, read-only, damaged or on a full disk.
        NewerLedgerError: a newer Rung wrote it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its -wal and -shm files the mode of the database, so it is right before SQLite sees it.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    deadline = time.monotonic() + patience
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None)
    try:
        _use_wal(connection, deadline)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path, patience: float) -> sqlite3.Connection | None:
    """Open the ledger to read; None where there is none yet.

    Raises:
        sqlite3.Error: the file is locked or damaged.
        NewerLedgerError: a newer Rung wrote it.
    """
    if not path.exists():
        return None
    # mode=rw: nothing is created here. Not ro: in WAL mode a reader may have to make the -shm file.
    address = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None)
    try:
        connection.execute("PRAGMA query_only = ON")
        version = _version(connection)
    except BaseException:
        connection.close()
        raise
    if version == 0:
        connection.close()
        return None
    return connection


def _use_wal(connection: sqlite3.Connection, deadline: float) -> None:
    """Readers then never wait for a writer. SQLite does not wait for its turn here by itself, so this does."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if primary_code(error) not in _BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _version(connection: sqlite3.Connection) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise NewerLedgerError("the ledger was written by a newer Rung")
    return version


def _migrate(connection: sqlite3.Connection) -> None:
    if _version(connection) == len(MIGRATIONS):
        return
    with transaction(connection):
        # Read again: another process may have done it while this one waited.
        for statements in MIGRATIONS[_version(connection) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


class transaction:  # noqa: N801  # used like a function, as contextlib's are
    """All or nothing: takes the write lock at once, so that it never has to be upgraded (which fails when shared)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def inode(path: Path) -> int | None:
    """Which file stands at a path right now; None where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def move_aside(path: Path, seen: int | None) -> Path | None:
    """Rename a damaged ledger to ``NAME.corrupt-N`` with what belongs to it, so that a new one can begin.

    Of several processes that find the damage at once, one does it; a file that one of them began is left alone.

    Args:
        path: the ledger.
        seen: the inode of the damaged file.

    Returns:
        The new name; None where there was nothing to move, or another process does it.

    Raises:
        OSError: the folder cannot be written, or its file system has no hard links.
    """
    if seen is None or inode(path) != seen:
        return None
    aside = _claim(path, seen)
    if aside is None:
        return None
    # Its journal goes along: left behind, SQLite would play it into the new file.
    for suffix in ("-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.replace(aside.with_name(aside.name + suffix))
    path.unlink()
    return aside


def _claim(path: Path, seen: int) -> Path | None:
    """Give the damaged file its second name, which only one process can; None for all others."""
    number = 1
    while True:
        aside = path.with_name(f"{path.name}.corrupt-{number}")
        try:
            aside.hardlink_to(path)
        except FileExistsError:
            if inode(aside) == seen:
                return None
            number += 1
            continue
        except FileNotFoundError:
            return None
        if inode(aside) == seen:
            return aside
        aside.unlink()
        return None
