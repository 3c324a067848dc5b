"""Small files of the person's own: read with a limit, written whole or not at all, for their eyes alone."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Stamp: TypeAlias = list[str | int | None]


def stamp(name: str) -> Stamp:
    """What tells one state of a file from another: name, times, size and inode; the name alone where there is none."""
    try:
        now = os.stat(name)  # noqa: PTH116 - on the path of `rung route`, where pathlib is too slow
    except (OSError, ValueError):
        return [name, None]
    return [name, now.st_mtime_ns, now.st_size, now.st_ino, now.st_ctime_ns]


def write_private(name: str, text: str) -> None:
    """Write a file of mode 0600 under a passing name and move it into place; its folder is made (0700) if need be.

    Raises:
        OSError: the folder or the file can't be written; nothing is left behind.
    """
    folder = os.path.dirname(name)  # noqa: PTH120
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
    passing = f"{name}.{os.getpid()}.{os.urandom(4).hex()}"
    handle = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(passing, name)  # noqa: PTH105
    except OSError:
        os.unlink(passing)  # noqa: PTH108
        raise


def read_private(name: str) -> str | None:
    """The text of a file that nobody but this person can have written; None where there is none such.

    Raises:
        ValueError: it is not UTF-8.
    """
    try:
        with open(name, encoding="utf-8") as file:  # noqa: PTH123
            if sys.platform != "win32":
                now = os.fstat(file.fileno())
                if now.st_uid != os.geteuid() or now.st_mode & 0o022:
                    return None
            return file.read()
    except OSError:
        return None
