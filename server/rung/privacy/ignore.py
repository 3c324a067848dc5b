"""``.rungignore``: files whose text is never read for a prompt, written as in ``.gitignore``.

One may stand in the workspace's root and in every folder below it; the nearer one wins, a line with ``!`` takes a file
back in, and nothing below an ignored folder is taken back. Pure: whoever asks hands in the function that reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

FILE = ".rungignore"
"""The file's name, and the ``why`` of what is left out because of it."""


class Ignored:
    """What a workspace's ``.rungignore`` files say; reads each of them at most once, so make a new one per request.

    Args:
        load: gives the text of a ``.rungignore`` by its path relative to the root with ``/``, or None where there is
            none. It should raise where there is one that can't be read: then nobody knows what may be read.
    """

    def __init__(self, load: Callable[[str], str | None]) -> None:
        self._load = load
        self._specs: dict[str, GitIgnoreSpec | None] = {}
        self._folders: dict[str, bool] = {"": False}

    def matches(self, path: str) -> bool:
        """Whether a file must not be read.

        Args:
            path: relative to the root with ``/``. One that leads out of it, or is absolute, is no business of this
                root and does not match; a link is to be asked for by both its names.

        Raises:
            OSError: whatever ``load`` raises.
        """
        pieces: list[str] = []
        for piece in path.replace("\\", "/").split("/"):
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
            spec = self._spec(folder)
            verdict = spec.check_file(f"{inside}/" if is_folder else inside).include if spec else None
            if verdict is not None or not folder:
                return bool(verdict)
            folder = folder.rpartition("/")[0]

    def _spec(self, folder: str) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            text = self._load(f"{folder}/{FILE}" if folder else FILE)
            self._specs[folder] = _read(text) if text else None
        return self._specs[folder]


def _read(text: str) -> GitIgnoreSpec:
    """The patterns of a file; a line that is none counts as none, as in git."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - needed only where there is such a file

    lines: list[str] = []
    for line in text.removeprefix("\ufeff").splitlines():
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        lines.append(line)
    return GitIgnoreSpec.from_lines(lines)
