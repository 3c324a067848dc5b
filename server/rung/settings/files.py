"""Small files: read with a limit and without waiting; the person's own are written whole or not at all, and private."""

from __future__ import annotations

import errno
import io
import os
import stat as kinds
import sys

from rung.errors import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import TypeAlias

    Stamp: TypeAlias = list[str | int | None]


def stamp(name: str) -> Stamp:
    """What tells one state of a file from another: name, times, size and inode.

    Without a file the name and None; and where one can't be reached, which is not the same, the reason as a third.
    """
    try:
        now = os.stat(name)
    except (FileNotFoundError, NotADirectoryError):
        lost = lost_link(name)
        return [name, None] if lost is None else [name, None, lost]
    except (OSError, ValueError) as error:
        return [name, None, getattr(error, "errno", None) or 0]
    return [name, now.st_mtime_ns, now.st_size, now.st_ino, now.st_ctime_ns]


def lost_link(name: str) -> str | None:
    """The link on the way to a file that is not there because of it: its own name, or a folder's above it."""
    while name != (above := os.path.dirname(name)):
        if os.path.islink(name):
            return None if os.path.exists(name) else name
        name = above
    return None


def read_settings(path: Path, most: int) -> bytes | None:
    """The bytes of a settings file, one more than ``most`` where it has more; None where there is none.

    Raises:
        SettingsError: what has that name can't be read: a folder, a pipe, a link to nowhere, somebody else's.
    """
    try:
        with _opened(str(path)) as file:
            kind = os.fstat(file.fileno()).st_mode
            if kinds.S_ISREG(kind):
                return file.read(most + 1)
        wrong = "a folder" if kinds.S_ISDIR(kind) else "a pipe, a socket or a device"
    except (FileNotFoundError, NotADirectoryError):
        link = lost_link(str(path))
        if link is None:
            return None
        what = "This is a link" if link == str(path) else f"The folder {link} is a link"
        raise SettingsError(f"{what} to what is not there.", path, hint="Mend it, or remove it.") from None
    except IsADirectoryError:
        wrong = "a folder"
    except OSError as error:
        raise _unreadable(path, error) from None
    raise SettingsError(f"This can't be read: it is {wrong}.", path, hint="Put a file in its place, or remove it.")


def read_regular(name: str, most: int) -> bytes:
    """The first bytes of an ordinary file, whatever somebody else may have put there; never waits.

    Raises:
        OSError: it is not there, can't be read, or is a folder, a pipe, a device ...
    """
    with _opened(name) as file:
        if not kinds.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a file", name)
        return file.read(most)


def names_in(folder: Path) -> list[str]:
    """The names of what a folder of settings holds, sorted; none where there is no such folder.

    Raises:
        SettingsError: it can't be read.
    """
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _unreadable(folder, error) from None


def text_of(data: bytes, path: Path, most: int) -> str:
    """The text of a settings file.

    Raises:
        SettingsError: it has more than ``most`` bytes, or is no text in UTF-8.
    """
    if len(data) > most:
        text = f"This file is too large for what it is: it has more than {most // 1024} KB."
        raise SettingsError(text, path, hint="Is it the right one? Remove what does not belong there.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SettingsError("This file is UTF-16, not UTF-8.", path, hint="Save it again as UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError("This file is not UTF-8.", path, line, "Save it again as UTF-8.") from None
    if "\0" in text:
        what = "This file holds nothing but zero bytes" if not text.strip("\0") else "There is a zero byte in this line"
        hint = "A crash may have cut it off, or it is UTF-16: save it again as UTF-8."
        raise SettingsError(f"{what}, which no text has.", path, text.count("\n", 0, text.index("\0")) + 1, hint)
    return text


def _unreadable(path: Path, error: OSError) -> SettingsError:
    text = f"This can't be read ({error.strerror or type(error).__name__})."
    if error.errno == errno.ELOOP:
        return SettingsError("This is a link that leads in a circle.", path, hint="Mend it, or remove it.")
    if isinstance(error, PermissionError):
        return SettingsError(text, path, hint="Allow yourself to read it, and to enter the folders it is in.")
    return SettingsError(text, path, hint="Until it can be, what it said last stays in force.")


def _opened(name: str) -> io.BufferedReader:
    """The file, opened without waiting for whoever should write into a pipe."""
    handle = os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        return os.fdopen(handle, "rb")
    except OSError:
        os.close(handle)
        raise


def write_private(name: str, text: str) -> None:
    """Write a file of mode 0600 under a passing name and move it into place; its folder is made (0700) if need be.

    Raises:
        OSError: the folder or the file can't be written; nothing is left behind.
    """
    folder = os.path.dirname(name)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    passing = f"{name}.{os.getpid()}.{os.urandom(4).hex()}"
    handle = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(passing, name)
    except OSError:
        os.unlink(passing)
        raise


def read_private(name: str) -> str | None:
    """The text of a file that nobody but this person can have written; None where there is none such.

    Raises:
        ValueError: it is not UTF-8.
    """
    try:
        with io.TextIOWrapper(_opened(name), encoding="utf-8") as file:
            now = os.fstat(file.fileno())
            if not kinds.S_ISREG(now.st_mode):
                return None
            if sys.platform != "win32" and (now.st_uid != os.geteuid() or now.st_mode & 0o022):
                return None
            return file.read()
    except OSError:
        return None
