"""Files that ``.rungignore`` keeps out of every prompt: the reading of those files, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rung.errors import ContextError
from rung.privacy.ignore import FILE, Ignored


def ignored(root: Path | None) -> Ignored:
    """What the ``.rungignore`` files below a folder say; nothing where there is no folder."""

    def load(name: str) -> str | None:
        if root is None:
            return None
        try:
            return (root / name).read_text(encoding="utf-8-sig", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            text = f"{root / name} cannot be read, so nobody knows what may be read."
            raise ContextError(text, "Mend it or take it away.") from error

    return Ignored(load)


def refuse(root: Path | None, paths: Iterable[str | None]) -> None:
    """See that none of the files a person names is to be left unread.

    Raises:
        ContextError: one is.
    """
    found = ignored(root)
    for path in paths:
        if path is not None and found.matches(path):
            raise ContextError(f"{path} is not read: {FILE} says so.", f"Take it out of {FILE} if you want it read.")
