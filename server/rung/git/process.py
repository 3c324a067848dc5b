"""Runs git: read only, bounded in time and output, and deaf to what a repository's settings would start.

A repository is somebody else's text, its ``config`` and ``.gitattributes`` too. Everything git offers to start a
program from there is off: file system monitors, hooks, pagers, external diffs and text conversions (:data:`DIFF` for
the latter two), and fetching missing objects of a partial clone. Clean filters run when git reads a work tree file, so
Rung asks for nothing that reads one. What this module does not do: know what the output means.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rung.errors import ContextError, GitError
from rung.types.value import Value

TIME_LIMIT = 10.0
"""Seconds one git process may take."""
OUTPUT_LIMIT = 8 * 1024 * 1024
"""Bytes of output that are read; the rest is left, and said to be."""

_KEPT = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"})
"""Where the person's own configuration is: the only GIT_ variables that cannot point at another repository."""
FIXED = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # A partial clone fetches what it misses; no protocol is allowed, and newer gits do not even try.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
}
"""What git's environment always holds."""
_GUARDS = (
    "--no-pager",
    "--no-optional-locks",
    "--literal-pathspecs",
    "-c", "core.quotepath=off",
    "-c", "core.fsmonitor=false",
    "-c", f"core.hooksPath={os.devnull}",
    "-c", "core.pager=cat",
    "-c", "log.showSignature=false",
    "-c", "submodule.recurse=false",
)  # fmt: skip

DIFF = (
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-relative",
    # `log` and `diff` would run git inside the submodule, with that one's settings.
    "--submodule=short",
    "--ignore-submodules=none",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--unified=3",
    "--inter-hunk-context=0",
)
"""Options every diff gets, so that it looks the same whatever the settings are."""


class Output(Value):
    """What a git process said."""

    stdout: bytes
    code: int
    """The exit code; -1 where it was ended because there was too much output."""
    cut: bool = False
    """There was more output than the limit; ``stdout`` then ends with a whole line."""


def environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment git gets: ``env`` (None: this process's) without what names a repository, and in English."""
    given = os.environ if env is None else env
    return {name: value for name, value in given.items() if not name.startswith("GIT_") or name in _KEPT} | FIXED


async def run(
    arguments: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    index: Path | None = None,
    time_limit: float = TIME_LIMIT,
    output_limit: int = OUTPUT_LIMIT,
    fine: Sequence[int] = (0,),
) -> Output:
    """Run ``git ARGUMENTS`` in ``cwd`` and wait for it; a cancelled caller leaves no process behind.

    Args:
        arguments: without the word ``git``.
        cwd: where git runs; must exist.
        env: the environment to start from; None: this process's. What names a repository is taken out.
        index: the index to read instead of the repository's own.
        time_limit: seconds.
        output_limit: bytes.
        fine: the exit codes that are no error.

    Raises:
        ContextError: the folder is in no repository, or in one that belongs to somebody else.
        GitError: git is missing, took too long or failed.
    """
    variables = environment(env)
    if index is not None:
        variables["GIT_INDEX_FILE"] = str(index)
    process = await asyncio.create_subprocess_exec(
        executable(variables),
        *_GUARDS,
        *arguments,
        cwd=_folder(cwd),
        env=variables,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=sys.platform != "win32",
    )
    try:
        async with asyncio.timeout(time_limit):
            (stdout, cut), (stderr, _) = await asyncio.gather(
                _read(process, process.stdout, output_limit), _read(process, process.stderr, 64 * 1024)
            )
            code = await process.wait()
    except TimeoutError:
        raise GitError(f"Git took longer than {time_limit:g} seconds.", "Try again, or stage fewer files.") from None
    finally:
        await _end(process)
    if cut:
        return Output(stdout[: stdout.rfind(b"\n") + 1], -1, cut=True)
    if code not in fine:
        raise _failure(stderr.decode("utf-8", "replace"), cwd)
    return Output(stdout, code)


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise ContextError(f"There is no folder {path}.")
    return path


def executable(env: Mapping[str, str]) -> str:
    """Git's full path, never one found through a relative entry of PATH: the folder we are in may be hostile.

    Raises:
        GitError: there is none.
    """
    entries = [entry for entry in env.get("PATH", os.defpath).split(os.pathsep) if Path(entry).is_absolute()]
    found = shutil.which("git", path=os.pathsep.join(entries))
    if found is None or str(Path(found).parent) not in {str(Path(entry)) for entry in entries}:
        raise GitError("Git is not installed, or not on the PATH.", "Install git and start again.")
    return found


async def _read(
    process: asyncio.subprocess.Process, stream: asyncio.StreamReader | None, limit: int
) -> tuple[bytes, bool]:
    """Everything up to the limit, and whether there was more; then the process is ended."""
    assert stream is not None
    pieces: list[bytes] = []
    size = 0
    while piece := await stream.read(1 << 18):
        if size < limit:
            pieces.append(piece[: limit - size])
        size += len(piece)
        if size > limit:
            _kill(process)
    return b"".join(pieces), size > limit


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what still runs and read its pipes empty, so that nothing of it is left."""
    if process.returncode is not None:
        return
    _kill(process)
    for stream in (process.stdout, process.stderr):
        while stream is not None and await stream.read(1 << 18):
            pass
    await process.wait()


def _failure(stderr: str, cwd: Path) -> GitError | ContextError:
    if "dubious ownership" in stderr:
        return ContextError(
            "This repository belongs to another user, so git does not read it.",
            f'If you trust it, run: git config --global --add safe.directory "{cwd}"',
        )
    if "not a git repository" in stderr:
        return ContextError("This folder is not in a git repository.", 'Run "git init", or open a folder that is.')
    if "must be run in a work tree" in stderr:
        return ContextError("There is no work tree here.", "Open the folder where the files are checked out.")
    lines = [line for line in stderr.splitlines() if line.strip()]
    first = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[0] if lines else "no reason")
    return GitError(f"Git failed: {first.removeprefix('fatal: ').removeprefix('error: ')[:200]}")
