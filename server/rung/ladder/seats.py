"""The seats before a local model: who of one person's processes may ask it now, as many at once as it serves.

Every editor, command and hook may be a process of its own, and a server that answers one at a time lets the second wait
while that one's time limits run. A seat is a file that is locked by whoever sits on it, so that the kernel frees it
however its process ends. So are the places of the line before them. Everybody comes in at its end and moves up place by
place, so that nobody is overtaken, not even by who has just got up from a seat; a person who finds no seat stays where
the line ends. Work that nobody waits for takes a seat only where nobody is in line, and never stays.

Nothing here waits, and nothing here fails: where files cannot be locked, every seat is free. Where more processes wait
than there are places, who comes in next is left to chance. The files are empty but for the number of a process, and are
never removed, for who had just opened one would lock what nobody finds any more.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from pathlib import Path

from rung.ladder.warm_process import grip
from rung.settings.addresses import digest

MOST = 32
"""A server that answers more at once lets nobody wait for long, and looking at all its seats would take a while."""
PLACES = 3
"""In the line: each costs a look at a file, and few people have more editors and commands ask at the same time."""
HELD = (errno.EACCES, errno.EAGAIN)
"""What the system says of a lock that another one has."""


class Hold:
    """A lock that is held until :meth:`free`; without a descriptor: leave to go on without one."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor

    @property
    def is_real(self) -> bool:
        """Whether others are kept out."""
        return self._descriptor is not None

    def free(self) -> None:
        """Let others have it; a second time does nothing."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        with contextlib.suppress(OSError):
            # A child on its way to its own program still has the file open, and Windows may close it late.
            _let_go(descriptor)
        os.close(descriptor)


class Seats:
    """The seats before one model, as one process sees them.

    Args:
        folder: where the locks are, shared by all Rung processes of this person; None: there are no others.
        spot: the server and the name of the model.
    """

    def __init__(self, folder: Path | None, spot: tuple[str, str]) -> None:
        self._folder = folder
        self._spot = spot
        self._place: Hold | None = None
        """Held while this process is in line."""
        self._ahead = PLACES
        """Places before its own; all of them: it is not in line."""

    def take(self, count: int, *, background: bool = False) -> Hold | None:
        """One of so many seats; None where others have them all, or are before us in the line.

        A person who gets none is in line until a seat is free, or until :meth:`leave`.
        """
        if self._folder is None or count > MOST:
            return Hold()
        # By machine, also for a server of the house: whoever sits there is known by the number of a process.
        files = str(self._folder / digest(*self._spot, socket.gethostname()))
        found = self._sit(files, count) if self._is_first(files) else None
        if found or background:
            self.leave()
        return found

    def leave(self) -> None:
        """Nobody of this process waits any more."""
        if self._place:
            self._place.free()
        self._place, self._ahead = None, PLACES

    def _is_first(self, files: str) -> bool:
        """Move up as far as there is nobody; gives whether nobody is before us."""
        while self._ahead and (place := _lock(f"{files}.line{self._ahead}")):
            if self._place:
                self._place.free()
            self._place, self._ahead = place, self._ahead - 1
        return not self._ahead

    @staticmethod
    def _sit(files: str, count: int) -> Hold | None:
        found = None
        # The highest first: whoever thinks it serves fewer knows only the lower ones.
        for number in reversed(range(count)):
            one = _lock(f"{files}.{number}")
            found = one or found
            if one and one.is_real:
                break
        return found


def _lock(path: str) -> Hold | None:
    """Hold this lock; None where another has it; nothing at all where that one was stopped, or it cannot be locked."""
    try:
        descriptor = _open(path)
    except OSError:
        return Hold()
    try:
        grip(descriptor)
    except OSError as error:
        is_held = error.errno in HELD and not _is_stopped(descriptor)
        os.close(descriptor)
        return None if is_held else Hold()
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.pwrite(descriptor, b"%-10d" % os.getpid(), 0)
    return Hold(descriptor)


def _open(path: str) -> int:
    # No child inherits it: a lock must not outlive the process that holds it.
    flags = os.O_RDWR | os.O_CREAT
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(path, flags, 0o600)


def _let_go(descriptor: int) -> None:
    if os.name == "nt":
        import msvcrt  # noqa: PLC0415 - exists on Windows alone

        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl  # noqa: PLC0415 - does not exist on Windows

        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _is_stopped(descriptor: int) -> bool:
    """Whether the process that wrote itself down here was stopped, as by Ctrl-Z: a server has long answered it.

    Known on Linux alone; some editors stop their servers together with themselves.
    """
    if sys.platform != "linux":
        return False
    try:
        number = int(os.pread(descriptor, 10, 0))
        about = Path(f"/proc/{number}/stat").read_bytes()
    except (OSError, ValueError):
        return False
    # The name before it may have anything in it, also brackets.
    return about.rpartition(b") ")[2][:1] in {b"T", b"t"}
