"""Git run for the person at the terminal: it may open their editor, and what it does is their act, not a model's."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from rung.errors import GitError


def commit(message: str, folder: Path) -> int:
    """``git commit --edit`` with this message in the editor; nothing is committed unless the person saves it.

    Args:
        message: what the editor shows above git's comments.
        folder: where to run it.

    Returns:
        Git's exit code.

    Raises:
        GitError: git is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="rung-") as scratch:
        file = Path(scratch, "message")
        file.write_text(message.rstrip("\n") + "\n", encoding="utf-8")
        try:
            done = subprocess.run(["git", "commit", "--edit", "--file", str(file)], cwd=folder, check=False)  # noqa: S603, S607
        except FileNotFoundError:
            raise GitError("Git is not installed.", "Install it and try again.") from None
        return done.returncode
