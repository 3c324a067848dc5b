"""The budget's arithmetic, its bounds across processes, and what holds when its file is in trouble."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rung.ledger import schema
from rung.ledger.budget import RESTORED, Budget
from rung.ledger.ledger import Ledger
from rung.ledger.reservations import HORIZON, Reservation, billionths, put
from rung.types.attempt import Attempt, CallRecord
from rung.types.receipt import Receipt

DAY = 86_400.0
NOON = time.mktime((2026, 3, 17, 12, 0, 0, 0, 0, -1))
LIMIT = 30.0
"""Seconds nothing here comes near."""


class Clock:
    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite3"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    made = Ledger(path, patience=0.2)
    yield made
    made.close(LIMIT)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(ledger: Ledger, clock: Clock) -> Budget:
    return Budget(ledger, clock=clock, patience=LIMIT)


def reserve(budget: Budget, worst: float, day: float | None = 1.0, month: float | None = None, **how: Any) -> Any:
    given = {"request": "r", "attempt": 1, "per_day": day, "per_month": month, "lease": 60.0, **how}
    return budget.reserve(worst=worst, **given)


def held(budget: Budget, worst: float, day: float | None = 1.0, month: float | None = None, **how: Any) -> Reservation:
    got = reserve(budget, worst, day, month, **how)
    assert isinstance(got, Reservation), got
    return got


def left(budget: Budget) -> float:
    """How much of a dollar a day can still be reserved, to a tenth of a cent; it is given back. The budget agrees."""
    said = budget.left(1.0, None)
    low, high = 0, 1001
    while high - low > 1:
        middle = (low + high) // 2
        got = reserve(budget, middle / 1000)
        if isinstance(got, Reservation):
            budget.settle(got, 0.0)
            low = middle
        else:
            high = middle
    assert said is not None
    assert said == pytest.approx(low / 1000, abs=0.001)
    return low / 1000


def test_what_is_held_cannot_be_held_again(budget: Budget) -> None:
    assert reserve(budget, 1.5) == "it may cost $1.5000, more than all of today's $1.0000"
    held(budget, 0.6)
    assert reserve(budget, 0.5) == "today's $1.00 are used up but for $0.4000, and it may cost $0.5000"
    held(budget, 0.4)
    assert reserve(budget, 0.001) == "today's $1.00 are used up"


def test_settling_gives_back_what_it_did_not_cost(budget: Budget) -> None:
    reservation = held(budget, 0.9)
    budget.settle(reservation, 0.25)
    assert left(budget) == 0.75


def test_an_unknown_cost_stays_counted_at_its_worst_and_is_marked(budget: Budget, path: Path) -> None:
    budget.settle(held(budget, 0.9), None)
    budget.settle(held(budget, 0.05), 0.01, estimated=True)
    budget.settle(held(budget, 0.05), 0.02)
    assert left(budget) == 0.07
    assert rows(path, "amount, estimated") == {(900_000_000, 1), (10_000_000, 1), (20_000_000, 0), (0, 0)}


def test_a_call_that_cost_more_than_its_worst_case_is_counted_in_full(budget: Budget) -> None:
    budget.settle(held(budget, 0.1), 0.4)
    assert left(budget) == 0.6


def test_settling_twice_counts_once(budget: Budget) -> None:
    reservation = held(budget, 0.5)
    budget.settle(reservation, 0.2)
    budget.settle(reservation, 0.3)
    assert left(budget) == 0.7


@pytest.mark.parametrize("spent", [0.0, 5.0])
def test_what_costs_nothing_is_always_admitted(budget: Budget, spent: float) -> None:
    held(budget, spent, None)
    held(budget, 0.0, 0.0, 0.0)
    assert reserve(budget, 1e-9, 0.0) == "today's $0.00 are used up"


def test_without_bounds_everything_is_admitted_and_still_counted(budget: Budget) -> None:
    held(budget, 1000.0, None, None)
    assert reserve(budget, 0.01) == "today's $1.00 are used up"


def test_tenths_of_a_dollar_fill_a_dollar_exactly(budget: Budget) -> None:
    for _ in range(10):
        held(budget, 0.1)
    assert isinstance(reserve(budget, 0.000_000_001), str)


def test_a_day_ends_at_midnight_and_a_month_with_its_last_day(budget: Budget, clock: Clock) -> None:
    clock.now = time.mktime((2026, 3, 31, 23, 59, 59, 0, 0, -1))
    held(budget, 1.0, 1.0, 2.0, lease=10 * DAY)
    assert isinstance(reserve(budget, 0.1, 1.0), str)
    clock.now += 1
    budget.settle(held(budget, 1.0, 1.0, 2.0), 1.0)
    assert isinstance(reserve(budget, 0.1, 1.0), str)
    clock.now += DAY
    held(budget, 1.0, 1.0, 2.0)
    assert reserve(budget, 0.1, 9.0, 2.0) == "this month's $2.00 are used up"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Auckland", "UTC"])
def test_midnight_is_the_machine_s_own_also_when_the_clocks_change(
    zone: str, budget: Budget, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for month, day in ((3, 8), (3, 29), (4, 5), (9, 27), (10, 25), (11, 1)):
            clock.now = time.mktime((2026, month, day, 23, 59, 59, 0, 0, -1))
            held(budget, 1.0, lease=DAY)
            assert isinstance(reserve(budget, 0.1), str)
            clock.now += 1
            assert time.localtime(clock.now).tm_hour == 0
            assert left(budget) == 1.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_dead_process_has_spent_what_it_held_and_that_is_marked_as_an_estimate(
    budget: Budget, ledger: Ledger, clock: Clock, path: Path
) -> None:
    held(Budget(ledger, clock=clock), 0.6, lease=60.0)
    clock.now += 59
    assert left(budget) == 0.4
    assert (600_000_000, NOON + 60, 0) in rows(path, "amount, until, estimated")
    clock.now += 1
    assert left(budget) == 0.4
    assert (600_000_000, None, 1) in rows(path, "amount, until, estimated")


def test_who_settles_after_the_lease_is_counted_at_what_it_did_cost(budget: Budget, clock: Clock, path: Path) -> None:
    reservation = held(budget, 1.0, lease=60.0)
    clock.now += 3600
    assert left(budget) == 0.0
    budget.settle(reservation, 0.4)
    assert left(budget) == 0.6
    assert (400_000_000, None, 0) in rows(path, "amount, until, estimated")


def test_a_call_over_midnight_belongs_to_the_day_and_the_month_it_began_in(
    budget: Budget, clock: Clock, path: Path
) -> None:
    clock.now = time.mktime((2026, 3, 31, 23, 59, 59, 0, 0, -1))
    reservation = held(budget, 0.9, 1.0, 1.0)
    clock.now += 2
    assert (budget.left(1.0, 1.0), budget.left(None, 1.0)) == (1.0, 1.0)
    budget.settle(reservation, 0.5)
    assert (budget.left(1.0, 1.0), budget.left(None, 1.0)) == (1.0, 1.0)
    assert rows(path, "amount, until, estimated") == {(500_000_000, None, 0)}


def test_a_machine_that_moves_to_another_zone_keeps_what_it_spent(
    budget: Budget, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        for zone in ("UTC", "Asia/Tokyo", "America/Los_Angeles", "UTC"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            if zone == "UTC":
                clock.now = time.mktime((2026, 3, 17, 12, 0, 0, 0, 0, -1))
            held(budget, 0.2, 1.0, lease=3 * DAY)
        assert budget.left(1.0, None) == pytest.approx(0.2)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("back", [1.0, 3600.0, DAY, HORIZON - DAY])
def test_a_clock_set_back_forgets_nothing_now_nor_when_it_is_right_again(
    budget: Budget, clock: Clock, back: float
) -> None:
    budget.settle(held(budget, 0.5), 0.5)
    held(budget, 0.2)
    clock.now -= back
    assert left(budget) == 0.3
    held(budget, 0.3)
    clock.now += back
    assert left(budget) <= 0.3


def test_money_dated_years_ahead_by_a_wrong_clock_counts_today_and_not_for_years(budget: Budget, clock: Clock) -> None:
    clock.now += 4 * 365 * DAY
    budget.settle(held(budget, 0.5), 0.5)
    held(budget, 0.2, lease=60.0)
    clock.now = NOON
    assert left(budget) == 0.3
    clock.now += 3 * DAY
    assert left(budget) == 1.0


def a_receipt(name: str, cost: float) -> Receipt:
    attempt = Attempt(tier="cloud", model="m", provider="openai", outcome="ok", cost_usd=cost)
    calls = (CallRecord((attempt,)),)
    return Receipt(name, "ask", "cloud", "m", "openai", local=False, by="default", rule=None, why="", calls=calls)


async def test_requests_recorded_before_there_were_reservations_count_and_none_counts_twice(
    budget: Budget, ledger: Ledger
) -> None:
    budget.settle(held(budget, 0.5, request="with"), 0.2)
    ledger.record(a_receipt("with", 0.2), "text", at=NOON)
    ledger.record(a_receipt("without", 0.3), "text", at=NOON)
    ledger.record(a_receipt("yesterday", 0.4), "text", at=NOON - DAY)
    assert await ledger.flush(LIMIT), ledger.problem
    assert left(budget) == 0.5


@pytest.fixture
def locked(path: Path, budget: Budget) -> Iterator[sqlite3.Connection]:
    """Somebody else writes into the file, in which 0.3 are spent, and does not end."""
    budget.settle(held(budget, 0.3), 0.3)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    budget._patience = 0.01
    yield connection
    connection.close()


BUSY = "another process holds the ledger, so that nobody knows what is left of the budget"


@pytest.mark.parametrize(("day", "month"), [(1.0, None), (None, 1.0), (1.0, 1.0)])
def test_a_locked_file_admits_nothing_under_a_budget_and_it_says_so(
    locked: sqlite3.Connection, ledger: Ledger, budget: Budget, day: float | None, month: float | None
) -> None:
    assert reserve(budget, 0.001, day, month) == BUSY
    assert ledger.problem == (
        "The budget cannot be kept: another process holds the ledger. Under a budget no cloud is asked."
    )
    held(budget, 0.0, day, month)
    locked.execute("COMMIT")
    held(budget, 0.5, day, month)
    assert ledger.problem is None


def test_what_was_spent_while_the_file_was_locked_is_shared_once_it_is_free(
    locked: sqlite3.Connection, ledger: Ledger, budget: Budget, clock: Clock
) -> None:
    budget.settle(held(budget, 0.5, None), 0.4)
    held(budget, 0.2, None)
    assert budget.left(1.0, None) == pytest.approx(0.1)
    locked.execute("COMMIT")
    assert Budget(ledger, clock=clock).left(1.0, None) == pytest.approx(0.7)
    budget.close()
    assert ledger.problem is None
    assert left(Budget(ledger, clock=clock)) == 0.1


TROUBLES = {
    "newer": "the ledger was written by a newer Rung",
    "no file": "the ledger cannot be opened (Is a directory)",
    "no folder": "the ledger cannot be opened (File exists)",
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_file_that_cannot_be_used_admits_nothing_under_a_budget(
    trouble: str, path: Path, ledger: Ledger, clock: Clock
) -> None:
    if trouble == "no folder":
        path.parent.write_text("in the way", encoding="utf-8")
    else:
        path.parent.mkdir()
    if trouble == "newer":
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
        connection.close()
    elif trouble == "no file":
        path.mkdir()
    budget = Budget(ledger, clock=clock)
    assert reserve(budget, 0.7) == f"{TROUBLES[trouble]}, so that nobody knows what is left of the budget"
    assert ledger.problem is not None
    assert TROUBLES[trouble] in ledger.problem
    budget.settle(held(budget, 0.7, None), 0.6)


def test_nothing_is_left_of_a_budget_that_cannot_be_read(path: Path, ledger: Ledger) -> None:
    path.mkdir(parents=True)
    assert Budget(ledger).left(1.0, None) == 0


def test_what_is_left_is_of_the_bound_that_leaves_less_and_knows_what_is_held(budget: Budget, path: Path) -> None:
    assert budget.left(None, None) is None
    assert budget.left(1.0, 5.0) == 1.0
    assert not path.parent.exists()
    held(budget, 0.3)
    assert [budget.left(1.0, 5.0), budget.left(1.0, 0.5), budget.left(None, 5.0), budget.left(0.2, None)] == [
        pytest.approx(0.7), pytest.approx(0.2), pytest.approx(4.7), 0
    ]  # fmt: skip


def damage(path: Path, what: str) -> None:
    """Break a ledger that is in use."""
    if what == "deleted":
        for name in ("", "-wal", "-shm"):
            path.with_name(path.name + name).unlink(missing_ok=True)
    elif what == "the database alone deleted":
        path.unlink()
    elif what == "folder deleted":
        shutil.rmtree(path.parent)
    elif what == "emptied":
        path.write_bytes(b"")
    elif what == "overwritten":
        path.write_bytes(b"this is no database" * 1000)


@pytest.mark.parametrize("what", ["deleted", "the database alone deleted", "folder deleted", "emptied", "overwritten"])
def test_a_ledger_lost_while_running_loses_no_money(
    what: str, path: Path, ledger: Ledger, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = Budget(ledger, clock=clock), Budget(Ledger(path), clock=clock)
    one.settle(held(one, 0.3, request="a"), 0.2)
    other.settle(held(other, 0.3, request="b"), 0.1)
    open_one, gone = held(one, 0.25, request="c"), held(other, 0.05, request="d")
    held(one, 0.0)
    damage(path, what)
    if what == "overwritten":
        assert reserve(one, 0.01) == "the ledger is damaged, so that nobody knows what is left of the budget"
        assert ledger.problem is None
    del other
    assert left(one) == 0.4
    one.settle(open_one, 0.15)
    assert left(Budget(Ledger(path), clock=clock)) == 0.5
    assert gone.id in {key for (key,) in rows(path, "id")}
    assert RESTORED in caplog.messages


def test_each_process_puts_back_what_the_others_did_not_know(path: Path, ledger: Ledger, clock: Clock) -> None:
    one, other = Budget(ledger, clock=clock), Budget(Ledger(path), clock=clock)
    held(one, 0.1)
    held(other, 0.2)
    damage(path, "deleted")
    held(one, 0.3)
    held(other, 0.05)
    assert left(Budget(Ledger(path), clock=clock)) == 0.35


def test_what_can_be_read_of_a_damaged_ledger_still_counts(path: Path, clock: Clock) -> None:
    connection = schema.open_for_writing(path, LIMIT)
    with schema.transaction(connection):
        for number in range(400):
            put(connection, Reservation(f"{number:04}", f"r{number}", 1, NOON, None, billionths(0.001)))
    connection.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'reservation_at'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    fresh = Budget(Ledger(path), clock=clock)
    assert isinstance(reserve(fresh, 0.01), str)
    assert left(fresh) == 0.6
    assert path.with_name("ledger.sqlite3.corrupt-1").exists()


def run_as_anybody(program: str, path: Path) -> str:
    """What a program prints that is run by somebody whom file modes bind, as they do not bind root."""
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(path)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


READ_ONLY = """
    import os, sys, random
    from pathlib import Path
    from rung.ledger import rows
    from rung.ledger.budget import Budget
    from rung.ledger.ledger import Ledger

    path = Path(sys.argv[1])
    path.parent.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(path.parent, 65534, 65534)
        os.seteuid(65534)
    ledger = Ledger(path)
    budget = Budget(ledger)
    how = {"per_day": 1.0, "per_month": None, "lease": 60.0}
    first = budget.reserve("a", 1, 0.3, **how)
    path.chmod(0o400)
    print(budget.reserve("b", 1, 0.3, **how))
    print(ledger.problem)
    budget.settle(first, 0.1)
    path.chmod(0o600)
    print(budget.left(1.0, None), budget.reserve("c", 1, 0.95, **how), ledger.problem)
"""


def test_a_file_made_read_only_while_running_admits_nothing_and_loses_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="rung-") as folder:
        said = run_as_anybody(READ_ONLY, Path(folder) / "ledger.sqlite3").splitlines()
    assert said == [
        "the ledger cannot be opened (Permission denied), so that nobody knows what is left of the budget",
        "The budget cannot be kept: the ledger cannot be opened (Permission denied). Under a budget no cloud is asked.",
        "0.9 today's $1.00 are used up but for $0.9000, and it may cost $0.9500 None",
    ]


FULL_DISK = """
    import resource, sys
    from pathlib import Path
    from rung.ledger.budget import Budget
    from rung.ledger.ledger import Ledger

    ledger = Ledger(Path(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
    print(Budget(ledger).reserve("a", 1, 0.3, per_day=1.0, per_month=None, lease=60.0))
"""


def test_a_full_disk_admits_nothing_under_a_budget(path: Path) -> None:
    assert run_as_anybody(FULL_DISK, path).startswith("the ledger cannot be written (SQLITE_")


def rows(path: Path, columns: str) -> set[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute(f"SELECT {columns} FROM reservation").fetchall()
    connection.close()
    return set(found)


def test_old_reservations_leave_the_file(budget: Budget, clock: Clock, path: Path) -> None:
    budget.settle(held(budget, 0.5, request="old"), 0.5)
    clock.now += 80 * DAY
    held(budget, 0.5, request="new")
    assert rows(path, "request") == {("new",)}


def test_a_ledger_of_the_first_version_is_brought_up_to_date(path: Path, budget: Budget) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in schema.MIGRATIONS[0]:
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    held(budget, 0.5)
    assert left(budget) == 0.5


class Model:
    """What the money should be, by another way: a list that is summed up anew each time."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[float, int]] = {}

    def used(self, start: float) -> int:
        return sum(amount for at, amount in self.entries.values() if at >= start)


@pytest.mark.parametrize("seed", range(25))
def test_spent_and_held_never_exceed_the_bound_where_something_is_admitted(
    seed: int, ledger: Ledger, clock: Clock
) -> None:
    dice, model = random.Random(seed), Model()
    processes = [Budget(ledger, clock=clock, patience=LIMIT) for _ in range(3)]
    holding: list[list[Reservation]] = [[], [], []]
    day, month = dice.choice([0.5, 1.0, 3.0]), dice.choice([2.0, None])
    refused = 0
    for step in range(60):
        who = dice.randrange(3)
        what = dice.choices(["reserve", "settle", "crash", "wait"], [6, 4, 1, 2])[0]
        if what == "reserve":
            worst, lease = round(dice.uniform(0, 0.4), dice.choice([1, 3, 9])), dice.choice([10.0, 100.0])
            got = reserve(processes[who], worst, day, month, lease=lease, request=f"r{step}")
            local = time.localtime(clock.now)
            midnight = time.mktime((*local[:3], 0, 0, 0, 0, 0, -1))
            first = time.mktime((*local[:2], 1, 0, 0, 0, 0, 0, -1))
            bounds = [(midnight, day), (first, month)]
            after = [
                (model.used(start) + billionths(worst), billionths(bound))
                for start, bound in bounds
                if bound is not None
            ]
            fits = all(total <= bound for total, bound in after)
            assert isinstance(got, Reservation) == (fits or worst == 0)
            if isinstance(got, Reservation):
                holding[who].append(got)
                model.entries[got.id] = (clock.now, billionths(worst))
            refused += isinstance(got, str)
        elif what == "settle" and holding[who]:
            got = holding[who].pop(dice.randrange(len(holding[who])))
            cost = dice.choice([None, 0.0, round(dice.uniform(0, got.amount / 1e9), 9)])
            processes[who].settle(got, cost)
            model.entries[got.id] = (got.at, got.amount if cost is None else billionths(cost))
        elif what == "crash":
            processes[who], holding[who] = Budget(ledger, clock=clock, patience=LIMIT), []
        elif what == "wait":
            clock.now += dice.choice([1.0, 30.0, 7 * 3600.0])
    assert ledger.problem is None
    assert refused or model.entries
