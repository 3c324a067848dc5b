"""Parts of ``rung ask``: what was piped in and the files given along, with every path that is in them."""

from __future__ import annotations

from rung.actions.context.gathered import Gathered
from rung.errors import ContextError
from rung.git.diff import paths_in
from rung.types.part import Part
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
    for part in request.attached:
        if part.path:
            paths[part.path] = None
        # A diff piped in, or saved in a file, names the files it was made of: pins by path hold for them too.
        paths.update(dict.fromkeys(paths_in(part.text)))
        parts.append(_fenced(part))
    if request.system:
        parts.append(Part("system", request.system, priority=1, shorten="never"))
    return Gathered(tuple(parts), {"language": "", "path": ""}, paths=tuple(paths))


def _fenced(part: Part) -> Part:
    """A named file says which one it is; piped text stands as it came."""
    if part.path is None:
        return part
    fence = "```"
    while fence in part.text:
        fence += "`"
    return part.replace(text=f"{part.path}:\n{fence}\n{part.text.rstrip()}\n{fence}\n")
