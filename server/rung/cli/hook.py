"""``rung commit --hook FILE``: git's prepare-commit-msg. It waits for no file, and never stops a commit."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rung.cli.perform import perform, remark
from rung.cli.show_prompt import show
from rung.errors import CancelledByPersonError, ContextError, RungError
from rung.git import message_buffer, repository
from rung.types.request import Document

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from rung.types.request import Request

WRITTEN_BY_OTHERS = ("message", "merge", "squash", "commit", "template")
"""Sources of prepare-commit-msg where a message is there already."""
LARGEST = 16_000_000
"""Bytes of the file, which holds the whole diff under ``git commit -v``."""


def hook(make: Callable[[], tuple[Request, str]], args: argparse.Namespace) -> int:
    """Put a message into the file git prepares; a hook that fails would stop the commit, so this one never does.

    Args:
        make: the request as the command line has it, and its workspace.
        args: the command's, ``hook`` with git's own arguments.

    Raises:
        CancelledByPersonError: by Ctrl-C, with which git ends too.
    """
    name, source = args.hook[0], args.hook[1] if len(args.hook) > 1 else ""
    if source in WRITTEN_BY_OTHERS:
        return 0
    try:
        return _write(make, name, args)
    except CancelledByPersonError:
        raise
    except RungError as error:
        print(f"rung: no message was written: {error.sentence()}", file=sys.stderr)
    return 0


def _write(make: Callable[[], tuple[Request, str]], name: str, args: argparse.Namespace) -> int:
    """Ask for a message and write it.

    Raises:
        RungError: there is none, or no file to write it to.
    """
    raw = _read(name)
    path = Path(name).absolute()
    document = Document(path.as_uri(), path.name, "git-commit", raw.decode("utf-8", "replace"))
    request, root = make()
    request = request.replace(commit_file=path, document=document)
    if args.show_prompt:
        return show([request], root, args)
    outcome = perform(request, root, stream=False)
    remark(request, outcome)
    # What is there already is kept to the byte, whatever encoding it is in.
    text = raw.decode("utf-8", "surrogateescape")
    found = asyncio.run(repository.of_commit_file(path, os.environ))
    comment = message_buffer.comment_prefix(text, found.comment)
    merged = message_buffer.insertion(text, outcome.text or "", comment).applied(text)
    try:
        _replace(path.resolve(), merged.encode("utf-8", "surrogateescape"))
    except OSError as error:
        print(outcome.text or "", file=sys.stderr)
        raise ContextError(f"{name} cannot be written: {error.strerror}. It is above.") from None
    return 0


def _replace(path: Path, content: bytes) -> None:
    """Put this in the file's place, all of it or nothing.

    Raises:
        OSError: it cannot be written.
    """
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        shutil.copymode(path, fresh)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _read(name: str) -> bytes:
    """What stands in the file, if a message can be put into it.

    Raises:
        ContextError: nobody could say when it ends, it is not there, too much, or not text.
    """
    try:
        mode = os.stat(name).st_mode  # noqa: PTH116 - follows links, as git does
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
            raise ContextError(f"{name} is {what}.", "Name the file that git names.")
        with open(name, "r+b") as file:  # noqa: PTH123 - it has to be written to, so find out before the model is asked
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise ContextError(f"{name} cannot be read and written: {error.strerror}.") from None
    if len(raw) > LARGEST:
        raise ContextError(f"{name} is longer than {LARGEST / 1e6:g} MB.")
    if b"\0" in raw:
        raise ContextError(f"{name} is no text that git could commit.")
    return raw
