"""Globs as people write them for paths: ``*`` stays inside a folder, ``**`` crosses them, ``?`` is one character.

``[a-z]`` is one of these, ``{a,b}`` either of them. Settings see to it that braces stand for no more than a thousand.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or (path[1:3] == ":/" and path[0].isascii() and path[0].isalpha())


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
    glob = glob if glob.isascii() else _composed(glob)
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


@lru_cache(maxsize=4096)
def expanded(glob: str) -> tuple[str, ...]:
    """The glob with one choice of each of its braces, in every combination.

    Braces without a comma are themselves, and so is a lone sign in brackets, as ``[{]``.
    """
    depth, start, commas = 0, 0, list[int]()
    for at, char in enumerate(glob):
        if glob[at - 1 : at + 2] == f"[{char}]":
            continue
        if char == "{":
            depth += 1
            if depth == 1:
                start, commas = at, []
        elif char == "," and depth == 1:
            commas.append(at)
        elif char == "}" and depth:
            depth -= 1
            if not depth and commas:
                bounds = [start, *commas, at]
                choices = [glob[low + 1 : high] for low, high in pairwise(bounds)]
                rests = expanded(glob[at + 1 :])
                return tuple(
                    f"{glob[:start]}{one}{rest}" for choice in choices for one in expanded(choice) for rest in rests
                )
    return (glob,)


def from_home(globs: tuple[str, ...], home: str) -> tuple[str, ...]:
    """The globs with the home folder in the place of ``~``."""
    return tuple(home + glob[1:] if glob == "~" or glob.startswith("~/") else glob for glob in globs)


def matches(glob: str, path: str) -> bool:
    """Whether a path, with ``/`` between folders, is one the glob means; case is ignored, for pins must not be dodged.

    A glob without ``/`` is looked for at any depth. One that ends in ``/`` means everything below; one that names a
    file or folder, with no choice but a ``**/`` before it, means everything below too, as it does in ``.gitignore``.
    """
    path = _even(path)
    return any(_matches(one, path) for one in expanded(glob))


def reaches(glob: str, path: str) -> bool:
    """:func:`matches`, as a pin asks: what holds for all in a folder holds for itself, which may be a submodule.

    Relative globs meet absolute paths at any depth, so with those the folders above a workspace count.
    """
    if matches(glob, path):
        return True
    path = _even(path)
    return any(_meets(folder, path) for one in expanded(glob) if (folder := _folder(one.replace("\\", "/"))))


def _folder(glob: str) -> str:
    """The folder of which a glob means everything; empty where it means something else, or the whole disk."""
    folder = glob.removesuffix("**")
    return folder[:-1] if folder.endswith("/") and folder.strip("*/") else ""


def is_bound(glob: str) -> bool:
    """Whether a glob begins at the folder paths are told from: ``src/**``, and neither ``src`` nor ``**/src/**``."""
    return not glob.startswith(("/", "**", "~")) and "/" in glob.replace("\\", "/").rstrip("/")


def matches_folder(glob: str, folder: str) -> bool:
    """Whether a folder is one the glob means: as with paths, but a name is that of the folder alone."""
    folder = _even(folder)
    globs = [one.replace("\\", "/") for one in expanded(glob)]
    # One that ends in a slash means the folder as well as all below it.
    return any(_is_at(one, folder) or (one.endswith("/") and _is_at(one.rstrip("/"), folder)) for one in globs)


def matches_branch(glob: str, branch: str) -> bool:
    """Whether a branch is one the glob means, all of its name: ``main`` is not ``hotfix/main``."""
    return any(bool(_compiled(_below(one)).match(branch)) for one in expanded(glob))


def _even(path: str) -> str:
    """A path as globs are held against it: accents in one piece, whichever way the disk keeps them."""
    path = path.replace("\\", "/").removeprefix("./")
    return path if path.isascii() else _composed(path)


def _composed(text: str) -> str:
    import unicodedata  # noqa: PLC0415 - few have names that need it

    return unicodedata.normalize("NFC", text)


def _below(glob: str) -> str:
    return glob + "**" if glob.endswith("/") else glob


def _matches(glob: str, path: str) -> bool:
    glob = glob.replace("\\", "/")
    if not glob or any(sign in glob.removeprefix("**/") for sign in "*?[") or glob.endswith("/"):
        return _is_at(glob, path)
    return _is_at(glob, path) or _is_at(f"{glob}/**" if "/" in glob else f"**/{glob}/**", path)


def _is_at(glob: str, path: str) -> bool:
    glob = _below(glob)
    return _meets(glob if "/" in glob else "**/" + glob, path)


def _meets(glob: str, path: str) -> bool:
    if _compiled(glob).match(path):
        return True
    # An absolute path is met by a relative glob too: a pin must hold for a file opened from outside its workspace.
    relative = not glob.startswith(("/", "**"))
    return relative and _is_absolute(path) and bool(_compiled("**/" + glob).match(path))
