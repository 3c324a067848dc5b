"""What the person gives a command: arguments, piped text, files, and the workspace it is run in."""

from __future__ import annotations

import os
import stat
import sys

from rung.errors import UsageError
from rung.types.part import Part

LARGEST = 20_000_000
"""Bytes of one input; more is no prompt."""


def workspace(start: str | None = None) -> str:
    """The folder settings and relative paths belong to: the nearest with ``.rung`` or ``.git``, else where we are."""
    here = os.path.realpath(start or os.getcwd())  # noqa: PTH109 - pathlib is slow to import
    folder = here
    while True:
        if any(os.path.exists(os.path.join(folder, name)) for name in (".rung", ".git")):  # noqa: PTH110, PTH118
            return folder
        parent = os.path.dirname(folder)  # noqa: PTH120
        if parent == folder:
            return here
        folder = parent


def inside(path: str, root: str) -> str:
    """A path as rules see it: relative to the workspace with ``/`` where it lies inside, absolute otherwise."""
    absolute = os.path.realpath(path)
    relative = os.path.relpath(absolute, root)
    return (absolute if relative.startswith("..") else relative).replace(os.sep, "/")


def piped() -> str | None:
    """The text on standard input, where something is piped in; None at a terminal.

    Raises:
        UsageError: it is too much.
    """
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return None
    if not (stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)):
        return None
    return decoded(sys.stdin.buffer.read(LARGEST + 1), "Standard input")


def read(path: str) -> str:
    """The text of a file.

    Raises:
        UsageError: it is not there, not text, or too much.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            raw = file.read(LARGEST + 1)
    except OSError as error:
        why = "is a folder" if isinstance(error, IsADirectoryError) else "cannot be read"
        raise UsageError(f"{path} {why if os.path.exists(path) else 'does not exist'}.", "Name a file.") from None  # noqa: PTH110
    return decoded(raw, path)


def decoded(raw: bytes, name: str) -> str:
    """Bytes as text: UTF-8, or what can be read of it; binary is refused.

    Raises:
        UsageError: it is binary, or too much.
    """
    if len(raw) > LARGEST:
        raise UsageError(f"{name} is longer than {LARGEST // 1_000_000} MB.", "Give a piece of it.")
    if b"\0" in raw[:8192]:
        raise UsageError(f"{name} is binary.", "Rung reads text.")
    return raw.decode("utf-8-sig", "replace")


def attached(files: list[str], root: str) -> tuple[Part, ...]:
    """Piped text and named files as parts.

    Raises:
        UsageError: see :func:`read`.
    """
    parts = [Part("attached", read(path), inside(path, root), priority=4) for path in files]
    text = None if "-" in files else piped()
    if text and text.strip():
        parts.append(Part("attached", text, priority=3))
    return tuple(parts)
