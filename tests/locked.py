"""Files and folders that a test may not look into, also where it runs as root."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

NOBODY = 65534


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """A file or folder this process may not look into; root, who may, is somebody else meanwhile."""
    mode = path.stat().st_mode
    path.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(NOBODY)
        yield
    finally:
        if user == 0:
            os.seteuid(user)
        path.chmod(mode)
