"""Which workspaces the person trusts: remembered for a folder's real path and for all that its ``.rung/`` says.

Invariant: what is trusted is exactly what was read. :func:`look` reads every file once, and both the digest and the
settings come from those bytes; a changed, added or removed file ends the trust.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from rung.errors import UsageError
from rung.settings import files, places
from rung.types.value import Value

FOLDER = ".rung"
_PASSING = re.compile(r".*~|#.*#|\..*\.sw[a-p]|4913", re.DOTALL)
"""Names of what an editor keeps beside a file that is open in it; nothing reads files of these names."""
_MOST_FILES = 1000
_MOST_BYTES = 16 * 1024 * 1024


class _RefusedError(Exception):
    """``.rung/`` holds something that can't be digested; the argument is the end of a sentence."""


class Snapshot(Value):
    """A workspace's ``.rung/`` as it was at one moment."""

    root: str
    """The real path of the workspace."""
    contents: Mapping[str, bytes]
    """Relative path with ``/`` to bytes."""
    digest: str | None = None
    """None: can't be trusted."""
    refusal: str | None = None
    """Why not, as the end of a sentence."""

    def is_trusted(self) -> bool:
        """Whether the person trusted exactly this."""
        return self.digest is not None and _remembered().get(self.root) == self.digest


def look(root: Path) -> Snapshot | None:
    """Read a workspace's ``.rung/``; None where it has none."""
    real = os.path.realpath(root)
    folder = Path(real, FOLDER)
    contents: dict[str, bytes] = {}
    if not os.path.lexists(folder):
        return None
    try:
        # Filled one by one, so that what was read before a refusal is kept.
        contents.update(_walk(folder))
        digest = hashlib.sha256()
        for name, data in sorted(contents.items()):
            for piece in (name.encode("utf-8", "surrogateescape"), data):
                digest.update(len(piece).to_bytes(8, "big") + piece)
        return Snapshot(root=real, contents=contents, digest=digest.hexdigest())
    except _RefusedError as refused:
        return Snapshot(root=real, contents=contents, refusal=str(refused))
    except OSError as error:
        return Snapshot(root=real, contents=contents, refusal=f"can't be read ({error.strerror})")


def may_hide(root: Path, name: str) -> bool:
    """Whether a file of this name may be in a ``.rung`` that was refused: a folder of its own shows what it holds."""
    folder = Path(os.path.realpath(root), FOLDER)
    try:
        return folder.is_symlink() or name in os.listdir(folder)  # noqa: PTH208 - names alone
    except OSError:
        return True


def trusted(root: Path) -> bool:
    """Whether the person trusts this workspace with all that its ``.rung/`` says now."""
    snapshot = look(root)
    return snapshot is not None and snapshot.is_trusted()


def trust(root: Path) -> None:
    """Remember that the person trusts this workspace as it is now.

    Raises:
        UsageError: it has no ``.rung/``, or one that can't be trusted.
    """
    snapshot = look(root)
    if snapshot is None:
        raise UsageError(f"There is no {FOLDER} folder in {root}.", "Only a workspace with one needs trust.")
    if snapshot.digest is None:
        hint = "Look at what is in it, mend that, then run `rung trust` again."
        raise UsageError(f"{root / FOLDER} can't be trusted: it {snapshot.refusal}.", hint)
    _remember({**_remembered(), snapshot.root: snapshot.digest})


def untrust(root: Path) -> bool:
    """Forget a workspace; False where it was not trusted."""
    known = _remembered()
    if known.pop(os.path.realpath(root), None) is None:
        return False
    _remember(known)
    return True


def memory_name() -> str:
    """The file that remembers."""
    return os.path.join(places.state_name(), "trust.json")  # noqa: PTH118 - text, as places answers it


def _walk(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Relative name and bytes of all files, the settings first so that they are known even of a refused folder."""
    if folder.is_symlink() or not folder.is_dir():
        raise _RefusedError("is not a folder of its own")
    found = 0
    left = _MOST_BYTES
    real = os.path.realpath(folder)
    for parent, folders, names in os.walk(folder, onerror=_raise):
        folders.sort()
        for name in sorted([*names, *folders], key=lambda name: (name != "rung.toml", name)):
            path = Path(parent, name)
            if _is_editors(path):
                continue
            relative = path.relative_to(folder).as_posix()
            if relative == "rung.toml" and path.is_dir():
                # Nobody knows what the file was to say, as with a pipe in its place.
                raise _RefusedError("has a folder in the place of rung.toml")
            if path.is_symlink():
                target = os.path.realpath(path)
                if not target.startswith(real + os.sep) or not Path(target).exists():
                    raise _RefusedError("has a link that leads out of it")
                yield f"{relative} ->", os.fsencode(path.readlink())
                if path.is_dir():
                    continue
            elif name in folders:
                continue
            found += 1
            data = _bytes(path, left)
            left -= len(data)
            if found > _MOST_FILES or left < 0:
                raise _RefusedError("is too large")
            yield relative, data


def _is_editors(path: Path) -> bool:
    """Whether an editor made it for as long as a file is open: who looks at a file does not end the trust in it."""
    if path.is_symlink():
        # Emacs locks a file with a link to nobody's name. With a folder in it, it could come to lead somewhere.
        return path.name.startswith(".#") and os.sep not in str(path.readlink()) and not path.exists()
    return _PASSING.fullmatch(path.name) is not None and not path.is_dir()


def _raise(error: OSError) -> None:
    raise error


def _bytes(path: Path, most: int) -> bytes:
    # Never waits for a pipe that a repository can't hold, but an archive can.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _RefusedError("holds something that is not a file")
        return file.read(most + 1)


def _remembered() -> dict[str, str]:
    try:
        known = json.loads(files.read_private(memory_name()) or "{}")
    except ValueError:
        return {}
    pairs = known.get("trusted") if isinstance(known, dict) else None
    return (
        {root: digest for root, digest in pairs.items() if isinstance(digest, str)} if isinstance(pairs, dict) else {}
    )


def _remember(known: Mapping[str, str]) -> None:
    text = json.dumps({"about": "Workspaces you trust: rung trust, rung trust --forget.", "trusted": known}, indent=1)
    files.write_private(memory_name(), text + "\n")
