"""Globs as people write them for paths: ``*`` stays inside a folder, ``**`` crosses them, ``?`` is one character."""

from __future__ import annotations

import re
from functools import lru_cache


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
            inside = glob[i + 1 : end].replace("\\", "\\\\")
            out, i = out + "[" + ("^" + inside[1:] if inside[0] == "!" else inside) + "]", end + 1
        else:
            out, i = out + re.escape(glob[i]), i + 1
    return re.compile(out + r"\Z", re.DOTALL | re.IGNORECASE)


def matches(glob: str, path: str) -> bool:
    """Whether a path, with ``/`` between folders, is one the glob means; case is ignored, for pins must not be dodged.

    A glob without ``/`` is looked for at any depth, and one that ends in ``/`` means everything below.
    """
    path = path.replace("\\", "/")
    if glob.endswith("/"):
        glob += "**"
    if "/" not in glob:
        glob = "**/" + glob
    if _compiled(glob).match(path):
        return True
    # An absolute path is met by a relative glob too: a pin must hold for a file opened from outside its workspace.
    return path.startswith("/") and not glob.startswith(("/", "**")) and bool(_compiled("**/" + glob).match(path))
