"""Git run for the person at the terminal: it may open their editor, and what it does is their act, not a model's.

A repository that is not trusted starts nothing here either: whatever its own ``config`` names as a program (hooks,
monitors, filters, signers ...) is set to what the person's own configuration says, or to nothing, and its hooks are
left alone, which the person is told. The repository's other settings hold, as in every ``git commit``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rung.errors import GitError
from rung.git.process import FIXED, executable
from rung.settings.trust import trusted
from rung.types.pattern import lazy
from rung.types.value import Value

_PROGRAMS = lazy(
    r"core\.(?:fsmonitor|hookspath|editor|pager|sshcommand|askpass|gitproxy|alternaterefscommand)"
    r"|(?:filter\..*\.(?:clean|smudge|process|required))|diff\.external|diff\..*\.(?:command|textconv)"
    r"|gpg\.(?:.*\.)?program|gpg\.ssh\.defaultkeycommand|credential\.(?:.*\.)?helper|merge\..*\.driver"
    r"|hook\..*\.command|trailer\..*\.(?:command|cmd)|interactive\.difffilter|sequence\.editor|pager\..*"
    r"|uploadpack\.packobjectshook|gc\.recentobjectshook|remote\..*\.(?:uploadpack|receivepack|vcs)|commit\.verbose"
)
"""The settings that name a program, and those that have one run."""
_NOTHING = {
    "core.fsmonitor": "false",
    "core.hookspath": os.devnull,
    "core.pager": "cat",
    "core.editor": "vi",
    "gpg.program": "gpg",
    "gpg.openpgp.program": "gpg",
    "gpg.x509.program": "gpgsm",
    "gpg.ssh.program": "ssh-keygen",
    "commit.verbose": "false",
}
"""What stands for no program of the repository's; elsewhere it is the empty text."""
_ALWAYS = {
    "core.fsmonitor": "false",
    "core.hookspath": os.devnull,
    "maintenance.auto": "false",
    "gc.auto": "0",
    "status.submodulesummary": "false",
}
_KEEPS_AWAY = ("GIT_ALLOW_PROTOCOL", "GIT_NO_LAZY_FETCH")
"""No commit fetches anything."""


class Ended(Value):
    """How git ended."""

    code: int
    """Its exit code; negative: the signal that ended it."""
    discarded: bool
    """The person left nothing of the message, and so wanted none of it."""


def commit(message: str, folder: Path) -> Ended:
    """``git commit --edit`` with this message in the editor; nothing is committed unless the person saves it.

    Args:
        message: what the editor shows above git's comments.
        folder: where to run it.

    Raises:
        GitError: git is not installed, or its settings can't be read.
    """
    git = executable(os.environ)
    env = dict(os.environ)
    if not trusted(_workspace(folder)):
        env, left_out = _untrusting(git, folder)
        if left_out:
            sys.stderr.write(
                f"rung: not run, for this repository is not trusted: {', '.join(left_out)}. "
                'To run them, commit with git itself, or trust its .rung folder ("rung trust").\n'
            )
    with tempfile.TemporaryDirectory(prefix="rung-") as scratch:
        file = Path(scratch, "message")
        file.write_text(message.rstrip("\n") + "\n", encoding="utf-8")
        command = [git, "commit", "--edit", "--file", str(file)]
        before = _kept(git, folder)
        code = subprocess.run(command, cwd=folder, env=env, check=False).returncode  # noqa: S603
        after = _kept(git, folder)
    is_new = after is not None and (before is None or after.st_mtime_ns != before.st_mtime_ns)
    return Ended(code, is_new and after is not None and after.st_size == 0)


def _kept(git: str, folder: Path) -> os.stat_result | None:
    """The file in which git keeps the last message, as it is now; None: there is none."""
    name = _asked(git, folder, "rev-parse", "--git-path", "COMMIT_EDITMSG").removesuffix("\n")
    try:
        return (folder / name).stat()
    except OSError:
        return None


def _workspace(folder: Path) -> Path:
    """The nearest folder with ``.rung`` or ``.git``, as everywhere on the command line."""
    real = folder.resolve()
    held = (
        found for found in (real, *real.parents) if os.path.lexists(found / ".rung") or os.path.lexists(found / ".git")
    )
    return next(held, real)


def _untrusting(git: str, folder: Path) -> tuple[dict[str, str], list[str]]:
    """The environment in which the repository starts nothing, and what it would have started."""
    own, theirs = _settings(git, folder)
    programs = {name: own.get(name, _NOTHING.get(name, "")) for name in theirs if _PROGRAMS.fullmatch(name)}
    programs |= {name: "false" for name in programs if name.endswith(".required") and name not in own}
    settings = {name: own.get(name, value) for name, value in _ALWAYS.items()} | programs
    if own.get("core.fsmonitor", "true") == "true":
        settings["core.fsmonitor"] = "false"
    if (_workspace(folder) / ".gitmodules").exists():
        # What git would show of their state it asks them for, with settings of their own.
        settings["commit.status"] = "false"
    env = dict(os.environ) | {name: FIXED[name] for name in _KEEPS_AWAY}
    count = int(env.get("GIT_CONFIG_COUNT") or 0)
    for number, (name, value) in enumerate(settings.items(), count):
        env |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    env["GIT_CONFIG_COUNT"] = str(count + len(settings))
    told = [name for name in programs if theirs[name] and not name.endswith((".required", ".verbose", ".editor"))]
    return env, [*told, *([] if "core.hookspath" in own else _hooks(git, folder))]


def _settings(git: str, folder: Path) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The settings of the person and the machine, and those of the repository, by name; reading them runs nothing."""
    own: dict[str, str] = {}
    theirs: dict[str, str] = {}
    pieces = iter(_asked(git, folder, "config", "--list", "--show-scope", "-z").split("\0"))
    for scope, entry in zip(pieces, pieces, strict=False):
        name, _, value = entry.partition("\n")
        section, dot, key = name.rpartition(".")
        (theirs if scope in {"local", "worktree"} else own)[f"{section}{dot}{key.lower()}"] = value
    return own, theirs


def _hooks(git: str, folder: Path) -> list[str]:
    """The names of the hooks of a commit that the repository has."""
    found = Path(_asked(git, folder, "rev-parse", "--git-path", "hooks").strip())
    names = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")
    return [name for name in names if os.access(folder / found / name, os.X_OK)]


def _asked(git: str, folder: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603
        [git, "-c", "core.fsmonitor=false", *words], cwd=folder, capture_output=True, check=False
    )
    if done.returncode:
        raise GitError("Git can't read the settings of this repository.", "Try `git config --list` in it.")
    return done.stdout.decode("utf-8", "surrogateescape")
