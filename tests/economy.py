"""What keeps a run of thousands of tests short and changes none of them."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 2**30
"""Bytes that must be free there: many times what a run has there at once."""


def keep_bytecode() -> None:
    """Compile each module once; else each of hundreds of processes compiles what it imports, and each run all tests."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def use_memory() -> None:
    """Have temporary files in memory, for this process and those it starts, unless ``TMPDIR`` says where they are.

    Thousands of folders are made and taken away, and ledgers wait for the disk at every commit. Where programs may not
    be run from memory, or there is little of it, they are where they always are.
    """
    if "TMPDIR" in os.environ or not (hasattr(os, "statvfs") and os.access(MEMORY, os.W_OK | os.X_OK)):
        return
    found = os.statvfs(MEMORY)
    if found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # forgets where it was
