"""What the person gives a command: arguments, piped text, files, and the workspace it is run in."""

from __future__ import annotations

import os
import stat
import sys

from rung.errors import UsageError
from rung.types.part import Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rung.settings.values import Settings

LARGEST = 3_500_000
"""Bytes of everything that is given along; more is no prompt."""
PASSED_ON = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
"""Names of what is open already, such as bash's ``<(git diff)``."""
PATIENCE = 1.0
"""Seconds after which it is said that we wait for standard input."""


def workspace(start: str | None = None) -> str:
    """The folder settings and relative paths belong to: the nearest with ``.rung`` or ``.git``, else where we are.

    Raises:
        UsageError: the folder we are in was deleted.
    """
    try:
        here = os.path.realpath(start or os.getcwd())
    except FileNotFoundError:
        raise UsageError("The folder we are in is gone.", "Change to one that exists.") from None
    folder = here
    while True:
        # A link to nowhere counts: its settings can't be read, which is not the same as that there are none.
        if any(os.path.lexists(os.path.join(folder, name)) for name in (".rung", ".git")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return here
        folder = parent


def inside(path: str, root: str) -> str:
    """A path as rules see it: relative to the workspace with ``/`` where it lies inside, absolute otherwise."""
    return _from(root, os.path.realpath(path))


def names(path: str, root: str) -> tuple[str, ...]:
    """Every name of a file as rules see it: where its links lead first, then as it is called without following them.

    A path may have a link anywhere in it, so each beginning of it is followed in turn.
    """
    folder = os.path.abspath(path)
    found, rest = [_from(root, os.path.realpath(folder))], ""
    while os.path.dirname(folder) != folder:
        folder, name = os.path.split(folder)
        rest = os.path.join(name, rest) if rest else name
        found.append(_from(root, os.path.join(os.path.realpath(folder), rest)))
    return tuple(dict.fromkeys(found))


def _from(root: str, absolute: str) -> str:
    relative = os.path.relpath(absolute, root)
    outside = relative == os.pardir or relative.startswith(os.pardir + os.sep)
    return clean((absolute if outside else relative).replace(os.sep, "/"))


def clean(text: str) -> str:
    """An argument as text that can be sent: bytes in it that are no UTF-8 become question marks."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def instruction(words: list[str]) -> str | None:
    """What the person typed as one text; None where there is nothing, or a lone ``-`` for standard input."""
    return None if words in ([], ["-"]) else clean(" ".join(words))


def check_model(name: str | None, settings: Settings) -> None:
    """Refuse a model that no tier has.

    Raises:
        UsageError: it lists those there are.
    """
    known = dict.fromkeys(model.model for tier in settings.tiers for model in tier.models)
    if name and name not in known and "auto" not in known:
        raise UsageError(f"No tier has a model {name!r}.", f"The models are: {', '.join(known)}.")


def piped(*, beside: bool = False) -> str | None:
    """The text on standard input, where something is piped in; None at a terminal.

    Args:
        beside: there is a prompt already, so that nothing may be meant to come.

    Raises:
        UsageError: it is too much.
    """
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return None
    if not (stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)):
        return None
    what = "reading standard input until it ends"
    if beside:
        # Whoever started us may have forgotten to close our input.
        what = f"waiting for the end of standard input; if nothing is to come, add `< {os.devnull}`"
    return decoded(_read_patiently(f"rung: {what} (Ctrl-C: cancel) ..."), "Standard input")


def _read_patiently(note: str) -> bytes:
    """All of standard input, one byte more than is taken where it has more; ``note`` says it if that takes long."""
    if os.name == "nt":
        return sys.stdin.buffer.read(LARGEST + 1)  # there, nobody can look whether a pipe has something
    import select  # noqa: PLC0415
    import time  # noqa: PLC0415

    pipe, until = sys.stdin.fileno(), time.monotonic() + PATIENCE
    pieces, size, is_told = list[bytes](), 0, False
    while size <= LARGEST:
        if not is_told and not select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
            print(note, file=sys.stderr, flush=True)
            is_told = True
        piece = os.read(pipe, LARGEST + 1 - size)
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def read(path: str) -> str:
    """The text of a file.

    Raises:
        UsageError: it is not there, no file, not text, or too much.
    """
    try:
        _see_that_it_ends(path)
        with open(path, "rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        why = "is a folder" if isinstance(error, IsADirectoryError) else "cannot be read"
        why = why if os.path.lexists(path) else "does not exist"
        raise UsageError(f"{path or repr(path)} {why}.", "Name a file.") from None
    return decoded(raw, path)


def _see_that_it_ends(path: str) -> None:
    """Refuse what nobody may ever write into, or stop writing into; what a shell passes on with ``<(...)`` is read.

    Raises:
        UsageError: it is a pipe with a name, a socket or a device.
        OSError: it can't be looked at.
    """
    mode = os.stat(path).st_mode
    passed_on = os.path.abspath(path).startswith(PASSED_ON)
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or passed_on or os.path.abspath(path) == os.devnull):
        raise UsageError(f"{path} is a pipe, a socket or a device.", "Name a file, or pipe its text in.")


def decoded(raw: bytes, name: str) -> str:
    """Bytes as text: UTF-8, or what can be read of it; binary is refused.

    Raises:
        UsageError: it is binary, or too much.
    """
    if len(raw) > LARGEST:
        raise UsageError(f"{name} is longer than {LARGEST / 1e6:g} MB.", "Give a piece of it.")
    if b"\0" in raw[:8192]:
        raise UsageError(f"{name} is binary.", "Rung reads text.")
    return raw.decode("utf-8-sig", "replace")


def given(words: list[str], files: list[str], root: str) -> tuple[str | None, tuple[Part, ...]]:
    """What the person typed, and piped text and named files as parts.

    Text piped in without a prompt is what the person typed, with its prefix; beside a prompt it goes along with it.
    A file reached by a link has one more part, without text, for each name: no prompt shows such a part, but what is
    said of its path, by pins and by ``.rungignore``, holds.

    Raises:
        UsageError: see :func:`read`.
    """
    typed = instruction(words)
    parts = []
    for path in files:
        if path != "-":
            real, *others = names(path, root)
            parts += [Part("attached", "", other, priority=4) for other in others]
            parts.append(Part("attached", read(path), real, priority=4))
    text = piped(beside=bool(parts) or (typed is not None and bool(typed.strip())))
    if text and text.strip():
        if typed is None or not typed.strip():
            typed = text
        else:
            parts.append(Part("attached", text, priority=3))
    if sum(map(len, (typed or "", *(part.text for part in parts)))) > LARGEST:
        raise UsageError(f"The files together are longer than {LARGEST / 1e6:g} MB.", "Give fewer of them.")
    return typed, tuple(parts)
