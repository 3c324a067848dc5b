"""What the plugin shows in a real Neovim: answers in a window of their own, one line for work and for news."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.editors.test_neovim_commit import PLUGIN, write_settings
from tests.editors.test_neovim_receipt import CODE, driven, ran
from tests.lsp.desk import sim_says

from rung.sim import SimModel, Simulator

pytestmark = pytest.mark.editor

SHIPPED = {path.stem for path in (PLUGIN.parent.parent / "config" / "actions").glob("*.md")}


@pytest.fixture
async def simulator(home: Path) -> AsyncIterator[Simulator]:
    async with Simulator((SimModel("sim-small:3b", says=sim_says),)) as running:
        write_settings(running.url)
        yield running


async def shown(way: str, tmp_path: Path, home: Path, nvim: Path) -> dict[str, Any]:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "half.py").write_text(CODE)
    await ran("git", "init", "-q", "-b", "main", folder=folder)
    return await driven(way, folder, home, nvim, "show.lua")


@pytest.mark.usefixtures("simulator")
async def test_answers_share_a_window_below_that_closes_alone(tmp_path: Path, home: Path, nvim: Path) -> None:
    found = await shown("window", tmp_path, home, nvim)
    assert [re.sub(r"^\d+-", "", name) for name in found["explained"]] == ["half.py", "explain-selection.md"]
    assert found["served"] == ["work"]
    assert [re.sub(r"^\d+-", "", name) for name in found["receipt"]] == ["half.py", "receipt.txt"]
    assert found["closed"] == found["quit"] == ["half.py"]


@pytest.mark.usefixtures("simulator")
async def test_a_file_types_plugin_that_fails_takes_nothing_from_the_answers_window(
    tmp_path: Path, home: Path, nvim: Path
) -> None:
    found = await shown("failing", tmp_path, home, nvim)
    assert [re.sub(r"^\d+-", "", name) for name in found["explained"]] == ["half.py", "explain-selection.md"]
    assert found["closed"] == ["half.py"]


@pytest.mark.usefixtures("simulator")
async def test_news_and_work_fit_into_one_line_of_the_screen(tmp_path: Path, home: Path, nvim: Path) -> None:
    found = await shown("messages", tmp_path, home, nvim)
    (said,) = found["said"]
    assert said.startswith("Rung: 1 finding. small (sim-small:3b), ")
    assert said.endswith("…")
    assert found["lines"][0].startswith("Rung: Review file")
    assert any(line.startswith("Rung: Review file: small (sim-small:3b)") for line in found["lines"])
    assert found["lines"][-1] == "Rung: nothing runs."
    assert not any("3b), " in line for line in found["lines"]), "the end hid how many findings there are"
    assert found["room"] < 60
    assert max(map(len, [said, *found["lines"]])) == found["room"]


async def test_a_cancel_is_confirmed(simulator: Simulator, tmp_path: Path, home: Path, nvim: Path) -> None:
    simulator.fail("no-headers", times=None)
    found = await shown("cancel", tmp_path, home, nvim)
    assert found["said"] == []
    assert "Rung: cancelled." in found["lines"]


@pytest.mark.usefixtures("simulator")
async def test_only_what_exists_is_completed_and_documented(tmp_path: Path, home: Path, nvim: Path) -> None:
    found = await shown("words", tmp_path, home, nvim)
    assert set(found["actions"].values()) <= SHIPPED
    assert found["status"] == ["No model. small: Gone.", "small (auto) down", "large busy"]
    assert set(found["words"]) == {*found["actions"], "cancel", "receipt", "status"}
    readme = (PLUGIN / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r":Rung ([a-z]+)", readme)) == set(found["words"])
    assert "uv tool install rung" not in "".join(
        path.read_text(encoding="utf-8") for path in PLUGIN.rglob("*") if path.suffix in {".md", ".lua"}
    )
