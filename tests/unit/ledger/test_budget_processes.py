"""The budget across real processes: at once, with the file locked, and killed in the middle."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rung.ledger.budget import Budget
from rung.ledger.ledger import Ledger
from rung.ledger.reservations import Reservation, billionths
from rung.ledger.schema import open_for_writing

LIMIT = 60.0
"""Seconds nothing here comes near."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite3"


def make(path: Path) -> None:
    """A ledger with nothing in it."""
    open_for_writing(path, LIMIT).close()


def rows(path: Path, columns: str) -> set[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute(f"SELECT {columns} FROM reservation").fetchall()
    connection.close()
    return set(found)


RACER = """
    import sys
    from pathlib import Path
    from rung.ledger.budget import Budget, Reservation
    from rung.ledger.ledger import Ledger

    _, path, name, settles, patience = sys.argv
    ledger = Ledger(Path(path))
    budget = Budget(ledger, patience=float(patience))
    sys.stdin.readline()
    print("asks", flush=True)
    admitted, number, got = 0, 0, None
    while not isinstance(got, str):
        got = budget.reserve(name, number, 0.03, per_day=1.0, per_month=None, lease=600.0)
        number += 1
        if isinstance(got, Reservation):
            admitted += 1
            if settles == "settles" and number % 4:
                budget.settle(got, 0.0025 if number % 2 else None)
    print(admitted, got)
"""


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a program; none outlives the test."""
    with contextlib.ExitStack() as stack:

        def begin(program: str, *args: object) -> subprocess.Popen[str]:
            process = stack.enter_context(_process(program, *args))
            stack.callback(process.kill)
            return process

        yield begin


def _process(program: str, *args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, args)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def tell(process: subprocess.Popen[str], text: str = "go") -> None:
    assert process.stdin is not None
    process.stdin.write(f"{text}\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """How many calls each was admitted, and why not one more."""
    said = [hear(process).split(" ", 1) for process in processes]
    assert [process.wait(LIMIT) for process in processes] == [0] * len(processes)
    return [(int(count), why) for count, why in said]


def total(path: Path) -> int:
    ((amount,),) = rows(path, "coalesce(sum(amount), 0)")
    return int(amount)


HOLDER = """
    import sqlite3, sys

    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    sys.stdin.readline()
    connection.execute("COMMIT")
"""


@pytest.mark.parametrize("at_first", ["free", "locked"])
def test_eight_processes_that_ask_at_once_are_admitted_as_often_as_the_budget_allows_and_not_once_more(
    start: Start, path: Path, at_first: str
) -> None:
    make(path)
    holder = start(HOLDER, path)
    assert hear(holder) == "held"
    if at_first == "free":
        tell(holder)
        assert holder.wait(LIMIT) == 0
    # The claim is about the transaction, so nobody gives up waiting for it.
    racers = [start(RACER, path, f"r{number}", "holds", 60.0) for number in range(8)]
    for racer in racers:
        tell(racer)
    assert [hear(racer) for racer in racers] == ["asks"] * 8
    if at_first == "locked":
        tell(holder)
    ended = end(racers)
    holder.communicate(timeout=LIMIT)
    assert sum(count for count, _ in ended) == 33
    assert total(path) == 33 * billionths(0.03)
    assert {why for _, why in ended} == {"today's $1.00 are used up but for $0.0100, and it may cost $0.0300"}


def test_eight_processes_that_find_the_ledger_locked_are_admitted_nothing(start: Start, path: Path) -> None:
    make(path)
    holder = start(HOLDER, path)
    assert hear(holder) == "held"
    racers = [start(RACER, path, f"r{number}", "holds", 0.05) for number in range(8)]
    for racer in racers:
        tell(racer)
    assert [hear(racer) for racer in racers] == ["asks"] * 8
    assert end(racers) == [(0, "another process holds the ledger, so that nobody knows what is left of the budget")] * 8
    tell(holder)
    holder.communicate(timeout=LIMIT)
    assert total(path) == 0


def test_what_eight_processes_settle_is_there_for_the_others(start: Start, path: Path) -> None:
    racers = [start(RACER, path, f"r{number}", "settles", 60.0) for number in range(8)]
    for racer in racers:
        tell(racer)
    assert [hear(racer) for racer in racers] == ["asks"] * 8
    assert sum(count for count, _ in end(racers)) > 33
    assert billionths(0.97) < total(path) <= billionths(1.0)


DOOMED = """
    import sys
    from pathlib import Path
    from rung.ledger.budget import Budget
    from rung.ledger.ledger import Ledger

    budget = Budget(Ledger(Path(sys.argv[1])), patience=60.0)
    number = 0
    while True:
        got = budget.reserve(sys.argv[2], number, 0.01, per_day=1.0, per_month=None, lease=600.0)
        if not isinstance(got, str) and number % 3:
            budget.settle(got, 0.001)
        number += 1
        print("on", flush=True)
"""


def test_processes_killed_in_the_middle_leave_their_worst_case_as_an_estimate_and_the_file_whole(
    start: Start, path: Path
) -> None:
    doomed = [start(DOOMED, path, f"r{number}") for number in range(6)]
    for number, process in enumerate(doomed):
        for _ in range(5 + 3 * number):
            assert hear(process) == "on"
    for process in doomed:
        process.kill()
        process.communicate(timeout=LIMIT)
    before = total(path)
    later = Budget(Ledger(path), clock=lambda: time.time() + 3600.0)
    assert isinstance(later.reserve("later", 1, 0.0, per_day=None, per_month=None, lease=60.0), Reservation)
    assert total(path) == before <= billionths(1.0)
    states = rows(path, "amount, until IS NULL, estimated")
    assert states == {(billionths(0.01), 1, 1), (billionths(0.001), 1, 0), (0, 0, 0)}
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
