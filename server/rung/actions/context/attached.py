"""Parts of ``rung ask``: what was piped in and the files given along, with every path that is in them."""

from __future__ import annotations

from rung.actions.context.gathered import Gathered
from rung.actions.context.ignored import Unread, unwanted
from rung.errors import ContextError
from rung.git.diff import located, paths_in
from rung.privacy.ignore import FILE
from rung.types.part import Omission, Part
from rung.types.request import Request


def gather(request: Request, typed: str) -> Gathered:
    """The prompt's parts.

    Args:
        request: with the attached parts.
        typed: what the person typed, without its prefix.

    Raises:
        ContextError: there is neither prompt nor text.
    """
    if not typed.strip() and not any(part.text.strip() for part in request.attached):
        raise ContextError("There is no prompt.", 'Write one: `rung ask "..."`, or pipe text into it.')
    parts = [Part("instruction", typed, priority=1, shorten="never")] if typed.strip() else []
    paths: dict[str, None] = {}
    unread = Unread(request.root)
    left_out: dict[str, None] = {}
    for given in request.attached:
        if given.path:
            if unread(given.path):
                raise unwanted(given.path)
            paths[given.path] = None
        part = _without(given, unread, left_out)
        # A diff piped in, or saved in a file, names the files it was made of: pins by path hold for them too.
        paths.update(dict.fromkeys(paths_in(part.text)))
        parts.append(part)
    if request.system:
        parts.append(Part("system", request.system, priority=1, shorten="never"))
    omissions = tuple(Omission(path, FILE) for path in left_out)
    return Gathered(tuple(parts), {"language": "", "path": ""}, paths=tuple(paths), left_out=omissions)


def _without(part: Part, unread: Unread, left_out: dict[str, None]) -> Part:
    """The part without the diffs of files that are left unread; their names are added to ``left_out``.

    Raises:
        ContextError: nothing else is in it.
    """
    gone = [
        (file, start, end)
        for file, start, end in located(part.text)
        if any(unread(path) for path in (file.path, file.old_path) if path)
    ]
    if not gone:
        return part
    lines = part.text.split("\n")
    for file, start, end in reversed(gone):
        # The last one ends with the text, and so with the empty piece behind the last line feed.
        lines[start : min(end, len(lines) - 1)] = []
        left_out[file.path] = None
    text = "\n".join(lines)
    if not text.strip():
        raise unwanted(gone[0][0].path)
    return part.replace(text=text)
