"""A real ``git commit`` whose editor is a real Neovim with Rung as its language server."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rung.sim import SimModel, Simulator

pytestmark = pytest.mark.editor

HERE = Path(__file__).parent
PLUGIN = HERE.parent.parent / "editors" / "neovim"
LIMIT = 90.0
"""Seconds; far more than any of this takes."""

SETTINGS = """
[[tier]]
name = "small"
[[tier.model]]
provider = "ollama"
model = "sim-small:3b"
url = "{url}"
"""


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else "nothing"


class Repository:
    """A real repository, and the Neovim git opens in it."""

    def __init__(self, folder: Path, home: Path, nvim: Path) -> None:
        self.folder = folder
        self._home = home
        self._nvim = nvim
        self._numbers = itertools.count(1)
        folder.mkdir(parents=True, exist_ok=True)

    async def git(self, *words: str, env: dict[str, str] | None = None) -> str:
        process = await asyncio.create_subprocess_exec(
            "git",
            *words,
            cwd=self.folder,
            env={**os.environ, **(env or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), LIMIT)
        assert process.returncode == 0, err.decode()
        return out.decode()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _init(self) -> Path:
        """The person's configuration: our plugin, our server, and the script that plays the person."""
        init = self._home / "init.lua"
        cmd = json.dumps([sys.executable, "-m", "rung", "lsp"])
        drive = json.dumps(f"luafile {HERE / 'drive.lua'}")
        init.write_text(
            f"vim.opt.runtimepath:prepend({json.dumps(str(PLUGIN))})\n"
            "vim.o.swapfile = false\n"
            f"vim.lsp.config('rung', {{ cmd = vim.json.decode({json.dumps(cmd)}) }})\n"
            "vim.cmd('filetype plugin on')\n"
            f"vim.api.nvim_create_autocmd('VimEnter', {{ command = {drive} }})\n"
        )
        return init

    async def commit(self, *words: str, typed: list[str] | None = None) -> dict[str, Any]:
        """``git commit WORDS``, the message asked for in Neovim; what the editor saw."""
        seen = self._home / f"{self.folder.name}-{next(self._numbers)}.json"
        editor = f"{self._nvim} --headless -i NONE -u {self._init()}"
        env = {
            "GIT_EDITOR": editor,
            "RUNG_SEEN": str(seen),
            "RUNG_DRIVE": json.dumps({"typed": typed} if typed else {}),
        }
        try:
            await self.git("commit", *words, env=env)
        except AssertionError as error:
            raise AssertionError(f"{error}\nthe editor saw: {_read(seen)}") from None
        found: dict[str, Any] = json.loads(_read(seen))
        return found

    async def message(self) -> str:
        return (await self.git("log", "-1", "--format=%B")).strip()


def write_settings(url: str) -> None:
    config = Path(os.environ["RUNG_CONFIG_DIR"])
    config.mkdir(parents=True, exist_ok=True)
    (config / "rung.toml").write_text(SETTINGS.format(url=url))


@pytest.fixture
async def simulator(home: Path) -> AsyncIterator[Simulator]:
    async with Simulator((SimModel("sim-small:3b"),)) as running:
        write_settings(running.url)
        yield running


@pytest.fixture
async def repository(tmp_path: Path, home: Path, nvim: Path, simulator: Simulator) -> Repository:
    made = Repository(tmp_path / "work", home, nvim)
    await made.git("init", "-q", "-b", "main")
    made.write("parser.py", "def parse(row):\n    return row\n")
    made.write("other.py", "x = 1\n")
    await made.git("add", ".")
    await made.git("commit", "-qm", "Begin")
    return made


def comments(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("#")]


def check(seen: dict[str, Any]) -> None:
    """The message stands above git's comments, which are untouched, and one undo takes it back."""
    assert seen["filetype"] == "gitcommit"
    assert comments(seen["after"]) == comments(seen["before"])
    assert seen["changes"] == 1
    assert seen["undone"] == seen["before"]
    kinds = [value["kind"] for value in seen["progress"]]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert any("small (sim-small:3b)" in value.get("message", "") for value in seen["progress"])


async def test_a_staged_change_is_committed_with_the_message_asked_for(
    repository: Repository, simulator: Simulator
) -> None:
    repository.write("parser.py", "def parse(row):\n    if row is None:\n        return []\n    return row\n")
    await repository.git("add", "parser.py")
    seen = await repository.commit()
    check(seen)
    assert "Write commit message" in seen["titles"]
    assert "parser.py" in seen["after"][0]
    assert (await repository.message()).startswith(seen["after"][0])
    (asked,) = [exchange for exchange in simulator.log if exchange.path == "/api/chat" and exchange.body["messages"]]
    assert "return []" in json.dumps(asked.body)


async def test_commit_all_describes_what_it_commits_though_nothing_was_staged(
    repository: Repository, simulator: Simulator
) -> None:
    repository.write("parser.py", "def parse(row):\n    return [row]\n")
    check(await repository.commit("-a"))
    assert "parser.py" in await repository.message()
    assert "return [row]" in json.dumps([exchange.body for exchange in simulator.log])


async def test_commit_of_one_file_describes_that_file_and_not_what_else_is_staged(
    repository: Repository, simulator: Simulator
) -> None:
    repository.write("parser.py", "def parse(row):\n    return {row}\n")
    repository.write("other.py", "x = 'not in this commit'\n")
    await repository.git("add", "other.py")
    check(await repository.commit("parser.py"))
    asked = json.dumps([exchange.body for exchange in simulator.log])
    assert "return {row}" in asked
    assert "not in this commit" not in asked
    assert "parser.py" in await repository.message()


async def test_a_verbose_buffer_keeps_its_diff_and_scissors(repository: Repository) -> None:
    repository.write("parser.py", "def parse(row):\n    return (row,)\n")
    seen = await repository.commit("-a", "-v")
    check(seen)
    assert "+    return (row,)" in seen["after"]
    assert ">8" not in await repository.message()


async def test_an_empty_buffer_gets_the_message(repository: Repository) -> None:
    await repository.git("config", "commit.status", "false")
    await repository.git("config", "commit.cleanup", "whitespace")
    repository.write("parser.py", "def parse(row):\n    return not row\n")
    seen = await repository.commit("-a")
    assert "".join(seen["before"]).strip() == ""
    check(seen)
    assert "parser.py" in await repository.message()


async def test_an_amended_commit_is_described_whole_and_its_old_message_stays(
    repository: Repository, simulator: Simulator
) -> None:
    repository.write("parser.py", "def parse(row):\n    return row.strip()\n")
    await repository.git("commit", "-qam", "Strip what stands around a row, as everybody expects")
    seen = await repository.commit("--amend")
    check(seen)
    assert seen["after"][0] == "Strip what stands around a row, as everybody expects"
    assert "row.strip()" in json.dumps([exchange.body for exchange in simulator.log])
    assert (await repository.message()).startswith("Strip what stands around a row")


async def test_what_the_person_typed_stays_above_the_message(repository: Repository) -> None:
    repository.write("parser.py", "def parse(row):\n    return row * 2\n")
    seen = await repository.commit("-a", typed=["wip: twice, see the ticket", ""])
    check(seen)
    assert seen["after"][0] == "wip: twice, see the ticket"
    assert (await repository.message()).startswith("wip: twice, see the ticket")


async def test_in_a_worktree(repository: Repository, tmp_path: Path, home: Path, nvim: Path) -> None:
    await repository.git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "side")
    tree = Repository(tmp_path / "tree", home, nvim)
    tree.write("parser.py", "def parse(row):\n    return row + 1\n")
    check(await tree.commit("-a"))
    assert "parser.py" in await tree.message()


async def test_in_a_submodule(repository: Repository, tmp_path: Path, home: Path, nvim: Path) -> None:
    outer = Repository(tmp_path / "outer", home, nvim)
    await outer.git("init", "-q", "-b", "main")
    await outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repository.folder), "inner")
    await outer.git("commit", "-qm", "Add the submodule")
    inner = Repository(tmp_path / "outer" / "inner", home, nvim)
    inner.write("parser.py", "def parse(row):\n    return row - 1\n")
    await inner.git("add", "parser.py")
    check(await inner.commit())
    assert "parser.py" in await inner.message()
