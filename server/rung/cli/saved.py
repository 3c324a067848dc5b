"""Git's editor for ``rung commit --edit``: whoever leaves it without saving commits nothing.

Git itself would commit the message a file holds already, saved or not. A model wrote this one, so it counts only once
the person saved it; otherwise the file is emptied, which makes git stop. Run as
``python -m rung.cli.saved EDITOR FILE``.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rung.cli.inputs import workspace
from rung.errors import GitError
from rung.git.process import run
from rung.settings.trust import trusted
from rung.types.pattern import lazy

LONG_AGO = 1_000_000_000
"""The time a file gets before it is edited, in seconds: no editor that saves it can hit it by chance."""
_NOT_STARTED = (126, 127)
"""Exit codes of a shell that found no such program, or one it may not run."""
_HINT = "Name one, as in `git config --global core.editor nano`; `rung commit` alone prints the message."
_PLAIN = lazy(r"[\w./+-]+")
"""The first word of an editor's command where it can be nothing but a program's name."""
_THEIRS = ("local", "worktree")
"""The scopes of git's settings that belong to the repository, and so to whoever made it."""


def editor(folder: Path, env: Mapping[str, str]) -> str:
    """What ``GIT_EDITOR`` must be: this module, around the editor git would have opened.

    A repository that is not trusted names no program: its own ``core.editor`` is left alone, which stderr says.

    Raises:
        GitError: git is missing, or knows no editor that could be opened.
    """
    # Our git is run without GIT_ variables, and this one comes before all settings.
    theirs = env.get("GIT_EDITOR") or asyncio.run(_ask_git(folder, env))
    if not theirs.strip():
        raise GitError("Git knows no editor to open.", _HINT)
    program = theirs.split()[0]
    if _PLAIN.fullmatch(program) and not _is_there(program):
        raise GitError(f"Git's editor `{printed(program)}` cannot be started.", _HINT)
    # -P: the folder we are in is somebody else's, and Python would import from it.
    return shlex.join([sys.executable, "-P", "-m", "rung.cli.saved", theirs])


def printed(text: str) -> str:
    """What a terminal shows, and does not obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _is_there(program: str) -> bool:
    """Whether a shell, as git uses one, would find it; taken for granted of a path that depends on where git is."""
    if "/" in program:
        return not program.startswith("/") or os.access(program, os.X_OK)
    asked = ["sh", "-c", 'command -v -- "$1"', "sh", program]
    done = subprocess.run(asked, check=False, stdin=subprocess.DEVNULL, capture_output=True)  # noqa: S603
    return done.returncode == 0


def _is_dumb(env: Mapping[str, str]) -> bool:
    """Whether the terminal can show no editor but one that is named for it."""
    return env.get("TERM", "dumb") == "dumb" and "EDITOR" not in env


async def _ask_git(folder: Path, env: Mapping[str, str]) -> str:
    """The editor git would open, but for one that a stranger's repository names; "" where there is none."""
    # It exits with 1 where nobody set one.
    set_by = await _said(("config", "--show-scope", "-z", "--get-all", "core.editor"), folder, env, (0, 1))
    listed = set_by.split("\0")
    pairs = list(zip(listed[::2], listed[1::2], strict=False))
    is_trusted = trusted(Path(workspace(str(folder))))
    if not any(is_trusted or scope not in _THEIRS for scope, _ in pairs) and _is_dumb(env):
        return ""  # Git would refuse.
    if is_trusted:
        return await _said(("var", "GIT_EDITOR"), folder, env)
    own = [value for scope, value in pairs if scope not in _THEIRS]
    theirs = [value for scope, value in pairs if scope in _THEIRS]
    if theirs and theirs[-1] not in own[-1:]:
        print(
            "rung: the editor in this repository's own settings is left alone, for it is not trusted; yours is opened. "
            'To have that one, set it with "git config --global core.editor", or trust its .rung ("rung trust").',
            file=sys.stderr,
        )
    # Where the person set none, git knows the rest of the order (VISUAL, EDITOR, its own), and needs no repository.
    return own[-1] if own else await _said((f"--git-dir={os.devnull}", "var", "GIT_EDITOR"), folder, env)


async def _said(words: Sequence[str], folder: Path, env: Mapping[str, str], fine: Sequence[int] = (0,)) -> str:
    return (await run(words, cwd=folder, env=env, fine=fine)).stdout.decode("utf-8", "surrogateescape").strip()


def edit(command: str, file: Path) -> int:
    """Open the editor on the file, and empty the file where it was not saved; gives the editor's exit code."""
    # Ctrl-C is the editor's while it is open; a handler, unlike SIG_IGN, is not handed on to it.
    signal.signal(signal.SIGINT, lambda *_: None)
    os.utime(file, (LONG_AGO, LONG_AGO))
    # The way git runs it: the editor is a shell's command, the file its argument.
    code = subprocess.run(["sh", "-c", f'{command} "$@"', command, str(file)], check=False).returncode  # noqa: S603, S607
    if code in _NOT_STARTED:
        print(f"rung: the editor `{printed(command)}` could not be started. {_HINT}", file=sys.stderr)
    if code == 0 and file.exists() and file.stat().st_mtime == LONG_AGO:
        file.write_bytes(b"")
        print("rung: the message was not saved, so nothing is committed.", file=sys.stderr)
    return code


if __name__ == "__main__":
    raise SystemExit(edit(sys.argv[1], Path(sys.argv[2])))
