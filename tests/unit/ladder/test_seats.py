"""The seats before a local model: shared by processes, in turns, freed by the kernel, and no trouble of their own."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.locked import locked

from rung.ladder import seats
from rung.ladder.seats import MOST, PLACES, Hold, Seats

SPOT = ("loopback:11434/behind/a-key-in-a-path", "someone/model:3b")
HOLDER = """
import os, subprocess, sys
from pathlib import Path
from rung.ladder.seats import Seats

found = Seats(Path(sys.argv[1]), (sys.argv[2], sys.argv[3]))
hold = found.take(2 if "two" in sys.argv else 1)
assert hold is not None and hold.is_real
if "child" in sys.argv:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
if "fork" in sys.argv:
    if os.fork() == 0:
        sys.stdin.read()
        os._exit(0)
    hold.free()
print(child.pid if "child" in sys.argv else "has it", flush=True)
input()
"""


def of_another_process(folder: Path) -> Seats:
    """Locks of one process keep out its own other descriptors as they do those of others."""
    return Seats(folder, SPOT)


def seat(found: Hold | None) -> Hold:
    assert found is not None
    assert found.is_real
    return found


@contextmanager
def holder(folder: Path, *how: str) -> Iterator[subprocess.Popen[str]]:
    """A process that sits on the one seat, or on the higher of two, until its standard input ends."""
    command = [sys.executable, "-c", HOLDER, str(folder), *SPOT, *how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("count", [1, 3])
def test_there_are_as_many_as_the_model_serves_at_once(tmp_path: Path, count: int) -> None:
    mine, theirs = Seats(tmp_path, SPOT), of_another_process(tmp_path)
    held = [seat((mine, theirs)[number % 2].take(count)) for number in range(count)]
    assert theirs.take(count) is None
    held[0].free()
    seat(theirs.take(count))


def test_another_model_and_another_machine_have_seats_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat(Seats(tmp_path, SPOT).take(1))
    seat(Seats(tmp_path, (SPOT[0], "another")).take(1))
    seat(Seats(tmp_path, ("another", SPOT[1])).take(1))
    assert of_another_process(tmp_path).take(1) is None
    monkeypatch.setattr(socket, "gethostname", lambda: "another machine with the same home")
    seat(of_another_process(tmp_path).take(1))


def test_whoever_knows_of_more_seats_takes_first_those_that_others_do_not_know(tmp_path: Path) -> None:
    seat(Seats(tmp_path, SPOT).take(3))
    seat(of_another_process(tmp_path).take(1))


def test_who_gets_up_does_not_sit_down_again_before_a_person_who_is_next(tmp_path: Path) -> None:
    mine, theirs = Seats(tmp_path, SPOT), of_another_process(tmp_path)
    held = seat(mine.take(1))
    assert theirs.take(1) is None
    held.free()
    assert mine.take(1) is None
    assert mine.take(1, background=True) is None
    held = seat(theirs.take(1))
    assert theirs.take(1) is None
    theirs.leave()
    held.free()
    seat(mine.take(1))


def test_nobody_in_line_is_overtaken(tmp_path: Path) -> None:
    held = seat(Seats(tmp_path, SPOT).take(1))
    line = [of_another_process(tmp_path) for _ in range(PLACES)]
    for one in line:
        assert one.take(1) is None
    late = of_another_process(tmp_path)
    for first in line:
        assert late.take(1) is None
        held.free()
        # Whoever looks at the seat first, it is not for them.
        for one in reversed(line[line.index(first) + 1 :]):
            assert one.take(1) is None
        assert late.take(1) is None
        held = seat(first.take(1))
    held.free()
    seat(late.take(1))


def test_who_leaves_the_line_keeps_nobody_behind(tmp_path: Path) -> None:
    held = seat(Seats(tmp_path, SPOT).take(1))
    line = [of_another_process(tmp_path) for _ in range(PLACES)]
    for one in line:
        assert one.take(1) is None
    line[1].leave()
    line[0].leave()
    held.free()
    seat(line[2].take(1))


def test_work_that_nobody_waits_for_is_never_next(tmp_path: Path) -> None:
    mine, theirs, third = (of_another_process(tmp_path) for _ in range(3))
    held = seat(mine.take(1, background=True))
    assert theirs.take(1, background=True) is None
    held.free()
    held = seat(mine.take(1))
    assert third.take(1) is None
    assert theirs.take(1, background=True) is None
    held.free()
    assert theirs.take(1, background=True) is None
    third.leave()
    seat(theirs.take(1, background=True))


def test_getting_up_twice_does_not_make_anybody_else_get_up(tmp_path: Path) -> None:
    first = seat(Seats(tmp_path, SPOT).take(1))
    first.free()
    second = seat(of_another_process(tmp_path).take(1))
    first.free()
    assert Seats(tmp_path, SPOT).take(1) is None
    second.free()


def test_names_and_contents_tell_nothing(tmp_path: Path) -> None:
    mine = Seats(tmp_path / "a" / "b", SPOT)
    seat(mine.take(2))
    assert Seats(tmp_path / "a" / "b", SPOT).take(1)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.suffix for path in files) == [".0", ".1", ".line1", ".line2", ".line3"]
    assert all(len(path.stem) == 24 and int(path.stem, 16) for path in files)
    assert {path.read_text().strip() for path in files} <= {"", str(os.getpid())}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("way", ["a file", "read-only", "unreadable locks"])
def test_where_nothing_can_be_locked_every_seat_is_free(tmp_path: Path, way: str) -> None:
    folder = tmp_path / "slots"
    if way == "a file":
        folder.write_text("")
    else:
        folder.mkdir()
    if way == "unreadable locks":
        seat(Seats(folder, SPOT).take(1)).free()
        for path in folder.iterdir():
            path.unlink()
            path.mkdir()
    mine, theirs = Seats(folder, SPOT), of_another_process(folder)
    with locked(folder if way == "read-only" else tmp_path):
        for found in (mine.take(1), theirs.take(1)):
            assert found is not None
            assert not found.is_real
            found.free()
    theirs.leave()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_a_file_system_without_locks_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    # Not to be had in a test: a network file system whose server does not lock.
    def refuses(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    before = len(list(Path("/dev/fd").iterdir()))
    monkeypatch.setattr(seats, "grip", refuses)
    for _ in range(3):
        found = Seats(tmp_path, SPOT).take(1)
        assert found is not None
        assert not found.is_real
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_who_serves_very_many_at_once_needs_no_files(tmp_path: Path) -> None:
    for count in (MOST + 1, 1_000_000):
        assert Seats(tmp_path, SPOT).take(count) is not None
    assert list(tmp_path.iterdir()) == []


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    mine, theirs = Seats(tmp_path, SPOT), of_another_process(tmp_path)
    held = [seat(mine.take(2)), seat(mine.take(2))]
    for _ in range(20):
        assert theirs.take(2) is None
        assert theirs.take(2, background=True) is None
    theirs.leave()
    for one in held:
        one.free()
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_the_kernel_frees_the_seat_of_whoever_is_killed_also_where_a_child_lives_on(tmp_path: Path) -> None:
    with holder(tmp_path, "child") as process:
        child, mine = int(line_of(process)), Seats(tmp_path, SPOT)
        try:
            assert mine.take(1) is None
            process.kill()
            process.wait()
            seat(mine.take(1))
        finally:
            # It was alive until now, else there would be nobody to kill.
            os.kill(child, signal.SIGKILL)


def test_a_seat_is_free_at_once_although_a_fork_has_its_file_open(tmp_path: Path) -> None:
    with holder(tmp_path, "fork") as process:
        assert line_of(process) == "has it"
        seat(Seats(tmp_path, SPOT).take(1))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whether a process was stopped")
def test_who_was_stopped_keeps_nobody_waiting_until_it_goes_on(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        assert line_of(process) == "has it"
        mine = Seats(tmp_path, SPOT)
        assert mine.take(1) is None
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        found = mine.take(1)
        assert found is not None
        assert not found.is_real
        process.send_signal(signal.SIGCONT)
        os.waitid(os.P_PID, process.pid, os.WCONTINUED)
        assert mine.take(1) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whether a process was stopped")
def test_a_seat_that_is_free_is_taken_rather_than_that_of_one_who_was_stopped(tmp_path: Path) -> None:
    with holder(tmp_path, "two") as process:
        assert line_of(process) == "has it"
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        seat(Seats(tmp_path, SPOT).take(2))
