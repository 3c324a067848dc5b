"""Git is run so that a hostile repository runs nothing, and nothing is left behind."""

from __future__ import annotations

import asyncio
import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rung.errors import ContextError, GitError
from rung.git.commit_context import for_commit_file, for_folder
from rung.git.process import environment, run

if TYPE_CHECKING:
    from .conftest import Repo


async def test_a_hostile_repository_runs_nothing(repo: Repo, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    program = tmp_path / "evil"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> "{canary}"\ncat 2>/dev/null\n')
    program.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "pre-commit", "reference-transaction", "fsmonitor-watchman"):
        (hooks / name).symlink_to(program)
    repo.stage("a.txt", "staged\n")
    repo.stage(".gitattributes", "* diff=evil filter=evil merge=evil\n")
    for name, value in {
        "core.fsmonitor": str(program), "core.hooksPath": str(hooks), "core.pager": str(program),
        "pager.diff-index": str(program), "pager.log": str(program), "core.sshCommand": str(program),
        "core.editor": str(program), "core.askPass": str(program), "core.alternateRefsCommand": str(program),
        "diff.external": str(program), "diff.evil.textconv": str(program), "diff.evil.command": str(program),
        "diff.submodule": "diff", "filter.evil.clean": str(program), "filter.evil.smudge": str(program),
        "filter.evil.process": str(program), "filter.evil.required": "true", "gpg.program": str(program),
        "log.showSignature": "true", "alias.diff-index": f"!{program}", "alias.log": f"!{program}",
        "credential.helper": f"!{program}", "uploadpack.packObjectsHook": str(program),
        "remote.evil.url": f"ext::{program}", "remote.evil.promisor": "true", "extensions.partialClone": "evil",
        "core.gitProxy": str(program), "color.ui": "always", "diff.noprefix": "true", "diff.relative": "true",
    }.items():  # fmt: skip
        repo.git("config", name, value, check=False)
    canary.unlink(missing_ok=True)
    (repo.folder / "b.txt").write_text("racy\n")
    change = await for_folder(repo.folder, repo.env)
    assert change.paths == (".gitattributes", "a.txt")
    assert "\x1b" not in change.diff
    assert "diff --git a/a.txt b/a.txt\n" in change.diff
    await for_commit_file(repo.commit_file, repo.env, "")
    assert not canary.exists(), canary.read_text()
    (repo.folder / ".git/index").unlink()
    repo.git("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "read-tree", "HEAD")
    canary.unlink(missing_ok=True)
    with pytest.raises(ContextError):
        await for_folder(repo.folder, repo.env)
    assert not canary.exists(), canary.read_text()


async def test_an_object_that_is_missing_is_not_fetched(repo: Repo, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    repo.stage("a.txt", "staged\n")
    name = repo.git("rev-parse", "HEAD:a.txt").strip()
    (repo.folder / ".git/objects" / name[:2] / name[2:]).unlink()
    repo.git("config", "core.repositoryFormatVersion", "1")
    repo.git("config", "extensions.partialClone", "evil")
    repo.git("config", "remote.evil.promisor", "true")
    repo.git("config", "remote.evil.url", f"ext::sh -c touch% {canary}")
    repo.git("config", "protocol.ext.allow", "always")
    with pytest.raises(GitError):
        await for_folder(repo.folder, repo.env)
    assert not canary.exists()


def test_variables_that_name_a_repository_are_not_handed_on() -> None:
    given = {
        "GIT_DIR": "x",
        "GIT_INDEX_FILE": "x",
        "GIT_CONFIG_PARAMETERS": "x",
        "GIT_CONFIG_GLOBAL": "mine",
        "HOME": "h",
    }
    got = environment(given)
    assert {name for name in got if name in given} == {"GIT_CONFIG_GLOBAL", "HOME"}
    assert (got["LC_ALL"], got["GIT_OPTIONAL_LOCKS"], got["GIT_TERMINAL_PROMPT"]) == ("C", "0", "0")


def _fake_git(folder: Path, body: str) -> dict[str, str]:
    folder.mkdir()
    git = folder / "git"
    git.write_text(f"#!/bin/sh\n{body}\n")
    git.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A child nobody waits for stays as a zombie until init reaps it: it runs no more.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"


async def test_what_takes_too_long_is_ended_with_all_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "started")
    env = _fake_git(tmp_path / "bin", f'sleep 600 & echo $! > "{tmp_path}/started"; wait')
    task = asyncio.create_task(run(["status"], cwd=tmp_path, env=env, time_limit=100.0))
    child = int(await asyncio.to_thread((tmp_path / "started").read_text))
    # Once the child is there every look at the clock is a limit later: whether the limit was set by then (the child may
    # be quicker than what waits for it), or is set only now.
    loop = asyncio.get_running_loop()
    later = itertools.count(loop.time() + 100.0, 100.0)
    monkeypatch.setattr(loop, "time", lambda: next(later))
    with pytest.raises(GitError, match="longer than 100 seconds"):
        await task
    assert _gone(child)


async def test_cancelling_ends_the_process(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "started")
    env = _fake_git(tmp_path / "bin", f'echo $$ > "{tmp_path}/started"; exec sleep 600')
    task = asyncio.create_task(run(["status"], cwd=tmp_path, env=env))
    pid = int(await asyncio.to_thread((tmp_path / "started").read_text))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _gone(pid)


async def test_endless_output_is_cut_at_a_line_and_ends_the_process(tmp_path: Path) -> None:
    env = _fake_git(tmp_path / "bin", "exec yes 0123456789")
    said = await run(["status"], cwd=tmp_path, env=env, output_limit=1000)
    assert said.cut
    assert said.stdout == b"0123456789\n" * (1000 // 11)


async def test_a_git_that_lies_in_the_current_folder_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_git(tmp_path / "here", f'touch "{tmp_path}/canary"')
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(GitError, match="not installed"):
        await run(["version"], cwd=tmp_path, env={"PATH": f".{os.pathsep}"})
    assert not (tmp_path / "canary").exists()


async def test_a_missing_git_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not installed") as caught:
        await run(["version"], cwd=tmp_path, env={"PATH": str(tmp_path)})
    assert caught.value.hint


async def test_a_repository_of_somebody_else_is_a_sentence(tmp_path: Path) -> None:
    env = _fake_git(tmp_path / "bin", 'echo "fatal: detected dubious ownership in repository at x" >&2; exit 128')
    with pytest.raises(ContextError, match="another user") as caught:
        await for_folder(tmp_path, env)
    assert "safe.directory" in str(caught.value.hint)


async def test_a_failure_shows_the_first_line_only(tmp_path: Path) -> None:
    env = _fake_git(tmp_path / "bin", 'echo "fatal: bad thing" >&2; echo "secret" >&2; exit 129')
    with pytest.raises(GitError) as caught:
        await run(["status"], cwd=tmp_path, env=env)
    assert caught.value.text == "Git failed: bad thing"
