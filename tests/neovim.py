"""Where the Neovim is that editor tests drive."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

FLOOR = (0, 11)
"""The oldest version that has ``vim.lsp.config``."""

INSTALLER = Path(__file__).parent / "editors" / "tools" / "install-neovim"
"""Puts one where :func:`find_neovim` finds it; run it by hand or let ``.ci/run`` do it."""


def neovim_version(program: Path) -> tuple[int, int] | None:
    """Major and minor version of a Neovim; None where the program is none or does not start."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"NVIM v(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else None


def find_neovim(home: Path) -> Path | None:
    """The first Neovim from 0.11 on: on PATH, else where the installer puts it under the person's home folder."""
    on_path = shutil.which("nvim", path=os.environ.get("PATH"))
    for candidate in (on_path, home / ".cache" / "rung-editors" / "bin" / "nvim"):
        if candidate is not None and (neovim_version(Path(candidate)) or (0, 0)) >= FLOOR:
            return Path(candidate)
    return None
