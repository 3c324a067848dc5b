"""Globs as people write them for paths: ``*`` stays inside a folder, ``**`` crosses them, ``?`` is one character."""

from __future__ import annotations

import re
from functools import lru_cache

_ABSOLUTE = re.compile(r"/|[A-Za-z]:/")


def _class(inside: str) -> str:
    """A bracket's choice of characters; one that makes no sense, such as ``[z-a]``, stands for itself."""
    negated = "^" if inside[0] in "!^" else ""
    chosen = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside[1:] if negated else inside)
    try:
        re.compile(f"[{negated}{chosen}]")
    except re.error:
        return re.escape(f"[{inside}]")
    return f"(?!/)[{negated}{chosen}]"


@lru_cache(maxsize=4096)
def _compiled(glob: str) -> re.Pattern[str]:
    out, i = "", 0
    while i < len(glob):
        if glob.startswith("**/", i):
            out, i = out + "(?:.*/)?", i + 3
        elif glob.startswith("**", i):
            out, i = out + ".*", i + 2
        elif glob[i] == "*":
            out, i = out + "[^/]*", i + 1
        elif glob[i] == "?":
            out, i = out + "[^/]", i + 1
        elif glob[i] == "[" and "]" in glob[i + 2 :]:
            end = glob.index("]", i + 2)
            out, i = out + _class(glob[i + 1 : end]), end + 1
        else:
            out, i = out + re.escape(glob[i]), i + 1
    return re.compile(out + r"\Z", re.DOTALL | re.IGNORECASE)


def matches(glob: str, path: str) -> bool:
    """Whether a path, with ``/`` between folders, is one the glob means; case is ignored, for pins must not be dodged.

    A glob without ``/`` is looked for at any depth, and one that ends in ``/`` means everything below.
    """
    path, glob = path.replace("\\", "/").removeprefix("./"), glob.replace("\\", "/")
    if glob.endswith("/"):
        glob += "**"
    if "/" not in glob:
        glob = "**/" + glob
    if _compiled(glob).match(path):
        return True
    # An absolute path is met by a relative glob too: a pin must hold for a file opened from outside its workspace.
    relative = not glob.startswith(("/", "**"))
    return relative and bool(_ABSOLUTE.match(path)) and bool(_compiled("**/" + glob).match(path))
