"""The files whose text is in a prompt, by whatever way it got in: diffs, patches and listings in any part name them.

Pins by path hold for all of them, and of those that are left unread nothing goes along.
"""

from __future__ import annotations

import os
from pathlib import Path

from rung.actions.context.gathered import Gathered
from rung.actions.context.ignored import Unread, unwanted
from rung.errors import ContextError
from rung.git.diff import headed_in, located, paths_in
from rung.git.diff_paths import named_from, starts
from rung.privacy.ignore import FILE
from rung.types.part import Omission, Part
from rung.types.request import Request

KNOWN = ("stat", "diff")
"""Kinds of parts that git made of files whose names are known."""


def checked(request: Request, found: Gathered) -> Gathered:
    """What was gathered, with the name of every file that is in it, and without the text of those left unread.

    Raises:
        ContextError: it is about such a file, or nothing else is in it.
    """
    shown = request.document if found.change is None else None
    sources = Sources(request, found.repository)
    parts = []
    for part in found.parts:
        if shown is not None and part.kind != "attached" and part.path == shown.path:
            parts.append(part)  # a piece of the document: what is a diff is seen in all of it alone
        elif found.change is not None and part.kind in KNOWN:
            parts.append(part)
        else:
            parts.append(sources.filtered(part))
    if shown is not None and any(part.path == shown.path for part in found.parts):
        sources.take(shown.text)
    omissions = (Omission(path, FILE) for path in sources.left_out)
    return found.replace(
        parts=tuple(parts),
        paths=tuple(dict.fromkeys([*found.paths, *sources.paths])),
        left_out=(*found.left_out, *omissions),
    )


class Sources:
    """The files whose text is in a request's parts, and those that are left unread.

    Args:
        request: from where; its ``repository`` is where a diff in it may have been made.
        base: the folder that the names start from; None: the workspace.
    """

    def __init__(self, request: Request, base: str | None = None) -> None:
        root = Path(base) if base else request.root
        self._root = None if root is None else str(root)
        places = (self._root, str(request.root or ""), str(request.repository or ""))
        self._folders = tuple(dict.fromkeys(folder for place in places for folder in starts(place, None)))
        self._unread = Unread(request.root or root)
        self.paths: dict[str, None] = {}
        self.left_out: dict[str, None] = {}

    def filtered(self, part: Part) -> Part:
        """The part without the diffs of files that are left unread; the names of the others are remembered.

        Raises:
            ContextError: it is such a file, or nothing else is in it, or its text can't be told from the rest.
        """
        if part.path:
            if self._unread(os.path.join(self._root or "", part.path)):  # noqa: PTH118 - an absolute name stays as it is
                raise unwanted(part.path)
            self.paths[part.path] = None
        part = self._without(part)
        self.take(part.text)
        return part

    def take(self, text: str) -> None:
        """Remember the names of all files that are in a text.

        Raises:
            ContextError: there is text of one that is left unread.
        """
        if "\n" not in text and "\r" not in text:  # one line holds nothing of a file
            return
        diffs = (path for file, _, _ in located(text) for path in (file.path, file.old_path) if path)
        if path := self._unread_of((*diffs, *headed_in(text))):
            raise ContextError(f"There is text of {path} in it, which is not read: {FILE} says so.", "Take it out.")
        # A diff piped in, or saved in a file, names the files it was made of: pins by path hold for them too.
        self._name(paths_in(text))

    def takes(self, paths: tuple[str, ...]) -> bool:
        """Remember the names of files, wherever they start from; False where one of them is left unread."""
        if self._unread_of(paths):
            return False
        self._name(paths)
        return True

    def _name(self, paths: tuple[str, ...]) -> None:
        for path in paths:
            self.paths |= dict.fromkeys((path, *named_from(path, self._root, self._folders)))

    def _unread_of(self, paths: tuple[str, ...]) -> str | None:
        return next((path for path in dict.fromkeys(paths) if self._is_unread(path)), None)

    def _is_unread(self, path: str) -> bool:
        """Whether a diff's path is left unread, from wherever it starts."""
        full = (os.path.join(folder, path) for folder in self._folders or ("",))  # noqa: PTH118
        return any(self._unread(name) for name in full)

    def _without(self, part: Part) -> Part:
        gone = [
            (file, start, end)
            for file, start, end in located(part.text)
            if any(self._is_unread(path) for path in (file.path, file.old_path) if path)
        ]
        if not gone:
            return part
        lines = part.text.split("\n")
        # The last one may end with the text, and so with the empty piece behind the last line feed, which stays.
        last = len(lines) - (not lines[-1])
        for file, start, end in reversed(gone):
            lines[start : min(end, last)] = []
            self.left_out[file.path] = None
        text = "\n".join(lines)
        if not text.strip():
            raise unwanted(gone[0][0].path)
        return part.replace(text=text)
