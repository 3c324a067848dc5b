"""Files named on the command line as documents: ``FILE`` or ``FILE:A-B``."""

from __future__ import annotations

import os
import re
from pathlib import Path

from rung.cli.inputs import inside, read
from rung.errors import UsageError
from rung.routing.features import language_of
from rung.types.request import Document, Position, Range


def document(argument: str, root: str) -> Document:
    """The document an argument names.

    Raises:
        UsageError: there is no such file, nothing is in it, or the lines are no range of it.
    """
    path, first, last = _split(argument)
    text = read(path)
    if not text.strip():
        raise UsageError(f"{path} is empty.", "Name a file with text in it.")
    selection = None
    if first is not None and last is not None:
        lines = text.count("\n") + (not text.endswith("\n"))
        if not 1 <= first <= last or first > max(lines, 1):
            raise UsageError(f"{path} has no lines {first} to {last}: it has {lines}.", "Count from 1, as in FILE:3-9.")
        selection = Range(Position(first - 1, 0), Position(last, 0))
    return Document(Path(path).absolute().as_uri(), inside(path, root), language_of(path), text, selection=selection)


def _split(argument: str) -> tuple[str, int | None, int | None]:
    match = re.fullmatch(r"(.+?):([0-9]{1,9})(?:-([0-9]{1,9}))?", argument, re.DOTALL)
    if not match or os.path.lexists(argument):
        return argument, None, None
    return match[1], int(match[2]), int(match[3] or match[2])
