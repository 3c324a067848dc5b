"""Notice that the editor's process has died although its pipe stays open, held by some other process of its."""

from __future__ import annotations

import asyncio
import os
import sys

_POLL = 5.0
"""Seconds between two looks where the system cannot tell by itself."""


async def gone(pid: int | None, poll: float = _POLL) -> None:
    """Return when the process has ended.

    Never returns for no process, or one that cannot be seen from here to begin with (an editor outside the container).
    """
    if pid is None or pid <= 0 or not alive(pid):
        await asyncio.Event().wait()
        return
    if sys.platform == "linux":
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        except OSError:
            handle = None  # an old kernel, or a sandbox that forbids it
        if handle is not None:
            await _readable(handle)
            return
    while alive(pid):  # noqa: ASYNC110 - nothing sets an event when another process ends
        await asyncio.sleep(poll)


async def _readable(handle: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


def alive(pid: int) -> bool:
    """Whether there is a process of that id."""
    if sys.platform == "win32":
        return _alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _alive_on_windows(pid: int) -> bool:
    # os.kill would send it a signal there, whatever the number.
    import ctypes  # noqa: PLC0415 - on this system alone

    synchronize, timeout = 0x00100000, 0x102
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - not known to type checkers elsewhere
    handle = kernel.OpenProcess(synchronize, False, pid)  # noqa: FBT003 - a C function
    if not handle:
        return False
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == timeout)
    finally:
        kernel.CloseHandle(handle)
