"""Parts of ``rung ask``: what was piped in and the files given along, with every path that is in them."""

from __future__ import annotations

import os

from rung.actions.context.gathered import Gathered
from rung.actions.context.ignored import Unread, unwanted
from rung.errors import ContextError
from rung.git.diff import located, paths_in
from rung.git.diff_paths import named_from, starts
from rung.privacy.ignore import FILE
from rung.types.part import Omission, Part
from rung.types.request import Request

LONG = 4_000
"""Characters nobody types: a longer prompt was piped in, and may be shortened like every piped text."""


def gather(request: Request, typed: str) -> Gathered:
    """The prompt's parts.

    Args:
        request: with the attached parts; its ``repository`` is where a diff among them may have been made.
        typed: what the person typed, or piped in without typing anything, without its prefix.

    Raises:
        ContextError: there is neither prompt nor text.
    """
    if not typed.strip() and not any(part.text.strip() for part in request.attached):
        raise ContextError("There is no prompt.", 'Write one: `rung ask "..."`, or pipe text into it.')
    files = _Files(request)
    parts = []
    if typed.strip():
        prompt = Part("instruction", typed, priority=1, shorten="tail" if len(typed) > LONG else "never")
        # One line holds nothing of a file.
        parts.append(files.filtered(prompt) if "\n" in typed else prompt)
    parts += [files.filtered(given) for given in request.attached]
    if request.system:
        parts.append(Part("system", request.system, priority=1, shorten="never"))
    omissions = tuple(Omission(path, FILE) for path in files.left_out)
    return Gathered(tuple(parts), {"language": "", "path": ""}, paths=tuple(files.paths), left_out=omissions)


class _Files:
    """The files whose text is in a request's parts, and those that are left unread."""

    def __init__(self, request: Request) -> None:
        self._root = None if request.root is None else str(request.root)
        self._folders = starts(self._root, None if request.repository is None else str(request.repository))
        self._unread = Unread(request.root)
        self.paths: dict[str, None] = {}
        self.left_out: dict[str, None] = {}

    def filtered(self, part: Part) -> Part:
        """The part without the diffs of files that are left unread; the names of the others are remembered.

        Raises:
            ContextError: it is such a file, or nothing else is in it.
        """
        if part.path:
            if self._unread(os.path.join(self._root or "", part.path)):  # noqa: PTH118 - an absolute name stays as it is
                raise unwanted(part.path)
            self.paths[part.path] = None
        part = self._without(part)
        # A diff piped in, or saved in a file, names the files it was made of: pins by path hold for them too.
        for path in paths_in(part.text):
            self.paths |= dict.fromkeys((path, *named_from(path, self._root, self._folders)))
        return part

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
        for file, start, end in reversed(gone):
            # The last one ends with the text, and so with the empty piece behind the last line feed.
            lines[start : min(end, len(lines) - 1)] = []
            self.left_out[file.path] = None
        text = "\n".join(lines)
        if not text.strip():
            raise unwanted(gone[0][0].path)
        return part.replace(text=text)
