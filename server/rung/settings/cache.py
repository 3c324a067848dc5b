"""The last result of reading the settings, kept on the disk so that a command line need not read them anew.

Invariants: an entry is used only while every file it came from is what it was, down to times and inode, and only if
nobody else can have written it. Anything wrong with an entry means that there is none. Imports ``json`` and ``os``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from zlib import crc32

import rung
from rung.settings import files, places, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rung.settings.values import Settings

_FORMAT = 5
_MOST_ENTRIES = 200
_TOO_YOUNG = 100_000_000
"""Nanoseconds: a file changed so lately could change again within the same tick of its clock."""


def key(root: str | None) -> list[Any] | None:
    """What an entry depends on; None where there is too much to look at."""
    folder = os.path.join(root, ".rung") if root else None  # noqa: PTH118
    entries = _entries(folder) if folder and os.path.lexists(folder) else []
    if entries is None:
        return None
    folders = (places.shipped_name(), places.config_name())
    stamps = [files.stamp(f"{folder}{os.sep}rung.toml") for folder in folders]
    for folder in folders:
        lists = f"{folder}{os.sep}words"
        found = _entries(lists) if os.path.lexists(lists) else [files.stamp(lists)]
        if found is None:
            return None
        stamps += found
    if entries:
        entries.append(files.stamp(os.path.join(places.state_name(), "trust.json")))  # noqa: PTH118
    return [_FORMAT, rung.__version__, sys.version, root if entries else None, [*stamps, *entries]]


def get(wanted: list[Any]) -> tuple[Settings, tuple[str, ...]] | None:
    """The entry of a key, with its warnings; None where there is none that can be used."""
    try:
        head, _, body = (files.read_private(_name(wanted)) or "").partition("\n")
        if not body or head != f"{crc32(body.encode()):08x}":
            return None
        entry = json.loads(body)
        if entry["key"] != wanted:
            return None
        return plain.from_plain(entry["settings"]), tuple(entry["warnings"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def put(wanted: list[Any], settings: Settings, warnings: tuple[str, ...]) -> None:
    """Keep an entry, unless one of its files is so young that its next change might go unseen."""
    youngest = max((max(stamp[1], stamp[4]) for stamp in wanted[4] if stamp[1] is not None), default=0)
    if time.time_ns() - youngest < _TOO_YOUNG:
        return
    body = json.dumps({"key": wanted, "settings": plain.to_plain(settings), "warnings": warnings})
    try:
        files.write_private(_name(wanted), f"{crc32(body.encode()):08x}\n{body}")
    except OSError:
        return  # A full or read-only disk costs time, never an answer.


def _name(wanted: list[Any]) -> str:
    whose = f"{wanted[3]}\0{wanted[4][1][0]}".encode("utf-8", "surrogateescape")
    return os.path.join(places.cache_name(), f"settings-{crc32(whose):08x}.json")  # noqa: PTH118


def _entries(folder: str) -> list[files.Stamp] | None:
    """Stamps of a folder and of all in it; None where there is too much of it."""
    stamps = [files.stamp(folder)]
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in sorted(found, key=lambda entry: entry.name):
                    stamps.append(_own_stamp(entry))
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    if len(stamps) > _MOST_ENTRIES:
                        return None
        except OSError:
            return None
    return stamps


def _own_stamp(entry: os.DirEntry[str]) -> files.Stamp:
    now = entry.stat(follow_symlinks=False)
    return [entry.path, now.st_mtime_ns, now.st_size, now.st_ino, now.st_ctime_ns]
