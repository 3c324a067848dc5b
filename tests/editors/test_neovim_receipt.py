"""The receipt of an answer in a real Neovim, by its command and by its code action, says what ``rung route`` says."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.editors.test_neovim_commit import HERE, LIMIT, PLUGIN, write_settings

from rung.sim import SimModel, Simulator

pytestmark = pytest.mark.editor

CODE = "def half(number):\n    return number / 2\n"
ANSWER = "It halves a number, and says so at more length than fits into one line of an editor's window. " * 3


async def ran(*words: str, folder: Path, **env: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=folder,
        env={**os.environ, **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), LIMIT)
    assert process.returncode == 0, out.decode()
    return out.decode()


async def driven(way: str, folder: Path, home: Path, nvim: Path, script: str = "receipt.lua") -> dict[str, Any]:
    """What Neovim saw with half.py open, driven by a script that way."""
    seen = home / "seen.json"
    init = home / "init.lua"
    cmd = json.dumps([sys.executable, "-m", "rung", "lsp"])
    drive = json.dumps(f"luafile {HERE / script}")
    init.write_text(
        f"vim.opt.runtimepath:prepend({json.dumps(str(PLUGIN))})\n"
        # A Neovim unpacked without its parsers opens no Markdown with its file type's plugin.
        "vim.cmd('filetype plugin off')\n"
        f"vim.lsp.config('rung', {{ cmd = vim.json.decode({json.dumps(cmd)}) }})\n"
        f"vim.api.nvim_create_autocmd('VimEnter', {{ command = {drive} }})\n"
    )
    words = (str(nvim), "--headless", "-i", "NONE", "-u", str(init), "half.py")
    await ran(*words, folder=folder, RUNG_SEEN=str(seen), RUNG_DRIVE=json.dumps({"way": way}))
    found: dict[str, Any] = json.loads(seen.read_text())
    return found


@pytest.mark.parametrize("way", ["command", "code action"])
async def test_the_receipt_opens_beside_the_answer(way: str, tmp_path: Path, home: Path, nvim: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "half.py").write_text(CODE)
    await ran("git", "init", "-q", "-b", "main", folder=folder)
    async with Simulator((SimModel("sim-small:3b", says=lambda _: ANSWER),)) as simulator:
        write_settings(simulator.url)
        found = await driven(way, folder, home, nvim)
        words = ("route", "-a", "explain-selection", "--language", "python", "-f", "half.py")
        route = (await ran(sys.executable, "-m", "rung", *words, folder=folder)).splitlines()
    assert found["said"] == []
    assert max(map(len, found["explanation"][:-2])) <= 96
    assert found["receipt"][0].startswith("Explain selection: small (sim-small:3b), simulated, ")
    rules = route[route.index("rules, in the order they were tried:") :]
    assert len(rules) > 5
    assert [line for line in found["receipt"] if line in rules] == rules
    assert any(line.startswith("  1. small: sim-small:3b (ollama, local") for line in found["receipt"])
    assert found["words"] == ["receipt", "review"]
