"""``.rungignore``: files whose text is never read for a prompt, written as in ``.gitignore``.

One may stand in the workspace's root and in every folder below it; the nearer one wins, a line with ``!`` takes a file
back in, and nothing below an ignored folder is taken back. Pure: whoever asks hands in the function that reads.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from rung.privacy import gitignore

FILE = ".rungignore"
"""The file's name, and the ``why`` of what is left out because of it."""


class Ignored:
    """What a workspace's ``.rungignore`` files say; reads each of them at most once, so make a new one per request.

    Args:
        load: gives the text of a ``.rungignore`` by its path relative to the root with ``/``, or None where there is
            none. It should raise where there is one that can't be read: then nobody knows what may be read.
        fold: names that differ in case alone, or in how an accent is written, name the same file.
    """

    def __init__(self, load: Callable[[str], str | None], *, fold: bool = False) -> None:
        self._load = load
        self._fold = fold
        self._read: dict[str, tuple[gitignore.Line, ...]] = {}
        self._folders: dict[str, bool] = {"": False}

    def matches(self, path: str) -> bool:
        """Whether a file must not be read.

        Args:
            path: relative to the root with ``/``. One that leads out of it, or is absolute, is no business of this
                root and does not match; a link is to be asked for by both its names.

        Raises:
            OSError: whatever ``load`` raises.
        """
        path = _folded(path) if self._fold else path
        # A backslash parts folders on one system and is a letter on others: what either reading keeps out stays out.
        return any(self._match(reading) for reading in dict.fromkeys((path, path.replace("\\", "/"))))

    def _match(self, path: str) -> bool:
        pieces: list[str] = []
        for piece in path.split("/"):
            if piece == "..":
                if not pieces:
                    return False
                pieces.pop()
            elif piece not in {"", "."}:
                pieces.append(piece)
        if path.startswith("/") or not pieces:
            return False
        return self._is_folder_ignored("/".join(pieces[:-1])) or self._says("/".join(pieces), is_folder=False)

    def _is_folder_ignored(self, folder: str) -> bool:
        """Whether a folder or one above it is ignored."""
        known = self._folders.get(folder)
        if known is None:
            above = folder.rpartition("/")[0]
            known = self._is_folder_ignored(above) or self._says(folder, is_folder=True)
            self._folders[folder] = known
        return known

    def _says(self, path: str, *, is_folder: bool) -> bool:
        """What the nearest file with an opinion says of exactly this path."""
        folder = path.rpartition("/")[0]
        while True:
            inside = path[len(folder) + 1 :] if folder else path
            for line in reversed(self._lines(folder)):
                if line.matches(inside, is_folder=is_folder):
                    return not line.negated
            if not folder:
                return False
            folder = folder.rpartition("/")[0]

    def _lines(self, folder: str) -> tuple[gitignore.Line, ...]:
        if folder not in self._read:
            text = (self._load(f"{folder}/{FILE}" if folder else FILE) or "").removeprefix("\ufeff")
            self._read[folder] = gitignore.read(_folded(text) if self._fold else text)
        return self._read[folder]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()
