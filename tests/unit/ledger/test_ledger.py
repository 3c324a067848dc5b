"""The ledger's file, its writer, and what happens when either is in trouble."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rung.ledger import schema
from rung.ledger.ledger import Ledger
from rung.ledger.rows import reason_code
from rung.types.attempt import Attempt, CallRecord
from rung.types.part import Omission
from rung.types.receipt import Receipt, Redaction

if TYPE_CHECKING:
    from rung.ledger.rows import Row, Source
    from rung.types.attempt import Outcome

LIMIT = 30.0
"""Seconds nothing here comes near."""


def an_attempt(outcome: Outcome = "ok", cost: float | None = 0.25, **fields: Any) -> Attempt:
    attempt = Attempt(tier="cloud", model="gpt-5-mini", provider="openai", outcome=outcome, cost_usd=cost)
    return attempt.replace(**fields)


def a_receipt(name: str = "r1", *calls: CallRecord, **fields: Any) -> Receipt:
    receipt = Receipt(
        id=name,
        action="ask",
        tier="cloud",
        model="gpt-5-mini",
        provider="openai",
        local=False,
        by="rule",
        rule="questions go up",
        why="the rule says so",
        calls=calls or (CallRecord((an_attempt(),)),),
    )
    return receipt.replace(**fields)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite3"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    made = Ledger(path, patience=LIMIT)
    yield made
    made.close(LIMIT)


async def test_what_is_recorded_is_read_back(ledger: Ledger) -> None:
    first = an_attempt("unreachable", None, tier="small", model="qwen", provider="ollama", queued_ms=3, total_ms=5)
    second = an_attempt(first_content_ms=120, total_ms=900, tokens_in=80, tokens_out=20, estimated=True)
    calls = (CallRecord((first, second)), CallRecord((an_attempt("cancelled"),)), CallRecord())
    totals = {"degraded": True, "tokens_in": 80, "tokens_out": 20, "cost_usd": None, "total_ms": 905}
    ledger.record(a_receipt("r1", *calls, **totals), "text", source="api", at=1000.5)
    assert await ledger.flush(LIMIT), ledger.problem
    (row,) = ledger.rows()
    assert row.calls == calls
    assert (row.id, row.at, row.outcome, row.source) == ("r1", 1000.5, "text", "api")
    assert {name: getattr(row, name) for name in totals} == totals
    assert (row.by, row.rule, row.local, row.builtin, row.simulated) == ("rule", "questions go up", False, False, False)


@pytest.mark.parametrize("outcome", ["edit", "commit-message", "no-answer", "cancelled", "no-context"])
@pytest.mark.parametrize("source", ["lsp", "cli", "api"])
async def test_every_end_of_a_request_has_its_row(ledger: Ledger, outcome: str, source: Source) -> None:
    ledger.record(a_receipt(), outcome, source=source)
    assert await ledger.flush(LIMIT), ledger.problem
    assert [(row.outcome, row.source) for row in ledger.rows()] == [(outcome, source)]


async def test_each_attempt_has_exactly_one_row_even_if_recorded_twice(ledger: Ledger, path: Path) -> None:
    receipt = a_receipt("r1", CallRecord((an_attempt("slow"), an_attempt("cancelled"))))
    ledger.record(receipt, "cancelled")
    ledger.record(receipt, "cancelled")
    assert await ledger.flush(LIMIT), ledger.problem
    with sqlite3.connect(path) as connection:
        counted = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES]
    connection.close()
    assert counted == [1, 1, 2]


TABLES = ("request", "call", "attempt")


async def test_rows_come_oldest_first_within_the_time_asked_for(ledger: Ledger) -> None:
    for at in (30.0, 10.0, 20.0, 40.0):
        ledger.record(a_receipt(f"r{at}"), "text", at=at)
    assert await ledger.flush(LIMIT), ledger.problem
    assert [row.at for row in ledger.rows(since=20.0, until=40.0)] == [20.0, 30.0]


async def test_no_text_of_anybody_is_in_the_file(ledger: Ledger, path: Path) -> None:
    canary = "CANARY-7f3a"
    receipt = a_receipt(
        "r1",
        CallRecord((an_attempt("broken", reason=f"the server answered 500: {canary}"),)),
        why=f"because of {canary}",
        escalated_from=f"small: {canary}",
        left_out=(Omission(f"src/{canary}.py", canary),),
        redacted=(Redaction(canary, 1),),
    )
    ledger.record(receipt, "no-answer")
    assert await ledger.flush(LIMIT), ledger.problem
    ledger.close(LIMIT)
    files = list(path.parent.iterdir())
    assert path in files
    assert [file.name for file in files if canary.encode() in file.read_bytes()] == []
    assert ledger.rows()[0].calls[0].attempts[0].reason == "http-500"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (None, None),
        ("127.0.0.1:11434 answered 503 (busy)", "http-503"),
        ("refused with HTTP 401", "http-401"),
        ("status 429 from the gateway", "http-429"),
        ("no first word within 500 ms of 127.0.0.1:503", None),
        ("answered 9999", None),
    ],
)
def test_a_reason_is_kept_as_a_code(reason: str | None, code: str | None) -> None:
    assert reason_code(reason) == code


async def test_folder_and_files_are_the_owners_alone(ledger: Ledger, path: Path) -> None:
    previous = os.umask(0)
    try:
        ledger.record(a_receipt(), "text")
        assert await ledger.flush(LIMIT), ledger.problem
    finally:
        os.umask(previous)
    # Held open by a second reader, so that SQLite leaves its companions in place.
    with sqlite3.connect(path) as connection:
        connection.execute("SELECT count(*) FROM request").fetchone()
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    connection.close()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert modes == {"ledger.sqlite3": 0o600, "ledger.sqlite3-wal": 0o600, "ledger.sqlite3-shm": 0o600}


WRITER = """
import asyncio, sys
from pathlib import Path
from rung.ledger.ledger import Ledger
from rung.types.attempt import Attempt, CallRecord
from rung.types.receipt import Receipt

ledger = Ledger(Path(sys.argv[1]), patience=60)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    attempt = Attempt("cloud", "m", "openai", "ok", cost_usd=0.01)
    name = f"{sys.argv[2]}-{number}"
    receipt = Receipt(name, "ask", "cloud", "m", "openai", False, "default", None, "w", calls=(CallRecord((attempt,)),))
    ledger.record(receipt, "text")
    if number % 5 == 0:
        assert asyncio.run(ledger.flush(60)), ledger.problem
assert asyncio.run(ledger.flush(60)), ledger.problem
"""


def start_writers(path: Path, count: int, each: int) -> list[subprocess.Popen[str]]:
    return [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), f"p{number}", str(each)], stdin=subprocess.PIPE, text=True
        )
        for number in range(count)
    ]


def let_run(writers: list[subprocess.Popen[str]]) -> list[int]:
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=100)
    return [writer.returncode for writer in writers]


def test_eight_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    assert let_run(start_writers(path, 8, 40)) == [0] * 8
    ledger = Ledger(path)
    assert sorted(row.id for row in ledger.rows()) == sorted(f"p{p}-{n}" for p in range(8) for n in range(40))
    assert ledger.spent(0) == pytest.approx(3.2)


def test_eight_processes_that_find_a_damaged_file_lose_nothing_of_theirs(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 1000)
    assert let_run(start_writers(path, 8, 5)) == [0] * 8
    assert len(Ledger(path).rows()) == 40
    assert [file.name for file in path.parent.glob("*.corrupt-*")] == ["ledger.sqlite3.corrupt-1"]


async def test_the_money_of_other_processes_counts(ledger: Ledger, path: Path) -> None:
    ledger.record(a_receipt("mine"), "text")
    other = Ledger(path)
    other.record(a_receipt("theirs", CallRecord((an_attempt(cost=0.5), an_attempt(cost=None)))), "text")
    assert await other.flush(LIMIT), other.problem
    other.close(LIMIT)
    assert ledger.spent_today() == pytest.approx(0.75)
    assert await ledger.flush(LIMIT), ledger.problem
    assert ledger.spent_today() == pytest.approx(0.75)


async def test_money_counts_from_the_moment_asked_for(ledger: Ledger) -> None:
    now = time.time()
    ledger.record(a_receipt("long ago"), "text", at=now - 3 * 86400)
    ledger.record(a_receipt("now"), "text", at=now)
    assert await ledger.flush(LIMIT), ledger.problem
    assert ledger.spent(now - 60) == pytest.approx(0.25)
    assert ledger.spent(0) == pytest.approx(0.5)
    assert ledger.spent_today() == pytest.approx(0.25)


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
connection.execute("CREATE TABLE IF NOT EXISTS held (x)")
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def lock(ledger: Ledger, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the file for itself until its stdin ends; the ledger does not wait for it long."""
    ledger._patience = 0.2
    path.parent.mkdir()
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.communicate(timeout=LIMIT)


async def test_a_locked_file_delays_nobody_and_is_said_once(
    ledger: Ledger, lock: subprocess.Popen[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With the writer held back for good, everything the loop does is done without it.
    gate = hold_back(ledger, monkeypatch)
    for number in range(3):
        ledger.record(a_receipt(f"r{number}"), "text")
    assert ledger.spent_today() == pytest.approx(0.75)
    gate.set()
    assert not await ledger.flush(LIMIT)
    ledger.record(a_receipt("r3"), "text")
    assert not await ledger.flush(LIMIT)
    assert ledger.problem == "The ledger cannot be written (SQLITE_BUSY): records are being dropped."
    assert [record.getMessage() for record in caplog.records] == [ledger.problem]
    assert ledger.spent_today() == pytest.approx(1.0)


def hold_back(ledger: Ledger, patch: pytest.MonkeyPatch) -> threading.Event:
    """Keep the writer from its file until the event is set."""
    gate = threading.Event()
    real: Callable[[list[Row], float], None] = ledger._write_batch

    def write(rows: list[Row], patience: float) -> None:
        assert gate.wait(LIMIT)
        real(rows, patience)

    patch.setattr(ledger, "_write_batch", write)
    return gate


async def test_writing_goes_on_when_the_lock_is_gone(
    ledger: Ledger, lock: subprocess.Popen[str], caplog: pytest.LogCaptureFixture
) -> None:
    ledger.record(a_receipt("lost"), "text")
    assert not await ledger.flush(LIMIT)
    lock.communicate(timeout=LIMIT)
    ledger.record(a_receipt("kept"), "text")
    assert await ledger.flush(LIMIT), ledger.problem
    assert ledger.problem is None
    assert [row.id for row in ledger.rows()] == ["kept"]
    assert ledger.spent_today() == pytest.approx(0.5)


def overwrite(path: Path, damage: bytes, offset: int = 0) -> None:
    """Write over a file from an offset on."""
    path.touch()
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(damage)


async def test_a_damaged_file_is_kept_and_a_new_one_begun(
    ledger: Ledger, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    for number in (1, 2):
        overwrite(path, b"damage %d" % number * 1000)
        ledger.record(a_receipt(f"r{number}"), "text")
        assert await ledger.flush(LIMIT), ledger.problem
        assert [row.id for row in ledger.rows()] == [f"r{number}"]
        assert path.with_name(f"ledger.sqlite3.corrupt-{number}").read_bytes().startswith(b"damage %d" % number)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


async def test_damage_inside_the_file_is_found_too(ledger: Ledger, path: Path) -> None:
    for number in range(200):
        ledger.record(a_receipt(f"r{number}"), "text")
    assert await ledger.flush(LIMIT), ledger.problem
    overwrite(path, b"\xff" * 20_000, offset=100)
    ledger.record(a_receipt("after"), "text")
    assert await ledger.flush(LIMIT), ledger.problem
    assert [row.id for row in ledger.rows()] == ["after"]


async def test_a_folder_that_cannot_be_made_costs_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    ledger = Ledger(tmp_path / "file" / "ledger.sqlite3", patience=0.1)
    for number in range(2):
        ledger.record(a_receipt(f"r{number}"), "text")
        assert not await ledger.flush(LIMIT)
    assert ledger.problem == "The ledger cannot be opened (File exists): records are being dropped."
    assert len(caplog.records) == 1
    assert ledger.spent_today() == pytest.approx(0.5)
    ledger.close(LIMIT)


def test_a_full_disk_costs_no_answer(path: Path) -> None:
    program = """
    import asyncio, resource, sys
    from pathlib import Path
    from rung.ledger.ledger import Ledger
    from rung.types.receipt import Receipt

    ledger = Ledger(Path(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
    ledger.record(Receipt("r1", "ask", None, None, None, True, "default", None, "w"), "text")
    print(asyncio.run(ledger.flush(60)), ledger.problem)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout.startswith("False The ledger cannot be written (SQLITE_")


async def test_a_newer_file_is_left_as_it_is(ledger: Ledger, path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    connection.close()
    ledger.record(a_receipt(), "text")
    assert not await ledger.flush(LIMIT)
    assert ledger.problem == "The ledger was written by a newer Rung: records are being dropped."
    assert list(path.parent.glob("*.corrupt-*")) == []
    with pytest.raises(schema.NewerLedgerError):
        ledger.rows()


async def test_an_older_file_is_brought_up_to_date(ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.record(a_receipt("old"), "text")
    assert await ledger.flush(LIMIT), ledger.problem
    added = ("ALTER TABLE request ADD COLUMN later TEXT", "CREATE TABLE more (x)")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, added))
    ledger.record(a_receipt("new"), "text")
    assert await ledger.flush(LIMIT), ledger.problem
    assert [row.id for row in ledger.rows()] == ["old", "new"]
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
    connection.close()


def problem_of(ledger: Ledger) -> str | None:
    """What the ledger complains of by now: another thread changes it, which a type checker cannot see."""
    return ledger.problem


async def test_a_queue_that_is_full_drops_and_says_so(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("rung.ledger.ledger.WAITING", 2)
    gate = hold_back(ledger, monkeypatch)
    for number in range(4):
        ledger.record(a_receipt(f"r{number}"), "text")
    assert problem_of(ledger) == "The ledger cannot keep up: records are being dropped."
    gate.set()
    assert await ledger.flush(LIMIT), ledger.problem
    assert problem_of(ledger) is None
    assert [row.id for row in ledger.rows()] == ["r0", "r1"]
    assert ledger.spent_today() == pytest.approx(1.0)


async def test_flushing_waits_no_longer_than_its_limit(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = hold_back(ledger, monkeypatch)
    ledger.record(a_receipt(), "text")
    assert not await ledger.flush(0.01)
    gate.set()
    assert await ledger.flush(LIMIT), ledger.problem


async def test_closing_writes_what_waits_and_later_records_are_written_too(ledger: Ledger) -> None:
    ledger.record(a_receipt("before"), "text")
    ledger.close(LIMIT)
    assert [row.id for row in ledger.rows()] == ["before"]
    ledger.record(a_receipt("after"), "text")
    assert await ledger.flush(LIMIT), ledger.problem
    assert [row.id for row in ledger.rows()] == ["before", "after"]


def test_reading_a_ledger_that_is_not_there_makes_none(ledger: Ledger, path: Path) -> None:
    assert ledger.rows() == []
    assert ledger.spent_today() == 0
    assert not path.parent.exists()


def test_importing_the_ledger_brings_no_sqlite() -> None:
    program = "import sys, rung.ledger.ledger; print('sqlite3' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "False\n"
