"""The wheel: built, installed where nothing else is, and run from an empty folder with an empty home."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import PERSON_HOME, REPOSITORY

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(600)]

SHIPPED = ("rung.toml", "rung.schema.json", ".env.example")
"""What ``config/`` ships beside the actions and the tokenizer's ranks."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh environment with nothing but the wheel in it."""
    uv = shutil.which("uv")
    assert uv is not None, "the wheel is built with uv"
    folder = tmp_path_factory.mktemp("wheel")
    # Tests have an empty home; packages that were fetched before are in the person's.
    cache = os.environ.get("UV_CACHE_DIR") or str(PERSON_HOME / ".cache" / "uv")
    environment = {**os.environ, "UV_CACHE_DIR": cache}
    environment.pop("VIRTUAL_ENV", None)

    def run(*command: str | Path) -> None:
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr

    run(uv, "build", "--wheel", "--out-dir", folder / "dist", REPOSITORY)
    (wheel,) = (folder / "dist").glob("rung-*.whl")
    run(uv, "venv", "--no-project", "--python", "3.11", folder / "venv")
    python = folder / "venv" / "bin" / "python"
    run(uv, "pip", "install", "--python", python, wheel)
    return python.parent


def rung(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder; PATH holds it and the system's own programs."""
    path = os.pathsep.join([str(installed), "/usr/local/bin", "/usr/bin", "/bin"])
    environment = {**os.environ, "PATH": path}
    environment.pop("PYTHONPATH", None)
    environment.pop("VIRTUAL_ENV", None)
    return subprocess.run(
        [installed / "rung", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


def answered(ran: subprocess.CompletedProcess[str]) -> Any:
    """The one JSON object a command printed."""
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_help_names_the_commands(installed: Path, tmp_path: Path) -> None:
    ran = rung(installed, tmp_path, "--help")
    assert ran.returncode == 0, ran.stderr
    assert {"lsp", "ask", "commit", "route", "demo"} <= set(ran.stdout.replace(",", " ").split())


def test_route_decides_with_the_shipped_settings(installed: Path, tmp_path: Path) -> None:
    said = answered(rung(installed, tmp_path, "route", "hello", "--json"))
    assert said["by"] in {"default", "rule"}
    assert said["tier"] in {entry["tier"] for entry in said["plan"] + said["skipped"]}


def test_the_demo_runs_and_says_that_it_is_simulated(installed: Path, tmp_path: Path) -> None:
    ran = rung(installed, tmp_path, "demo", "--json")
    played = json.loads(ran.stdout)
    assert [check for scene in played["scenes"] for check in scene["checks"] if not check["ok"]] == []
    assert (ran.returncode, played["ok"], played["simulated"]) == (0, True, True)


def test_nothing_is_left_in_the_folder_it_was_run_in(installed: Path, tmp_path: Path) -> None:
    rung(installed, tmp_path, "route", "hello", "--json")
    assert list(tmp_path.iterdir()) == []


def test_what_config_ships_is_in_the_wheel(installed: Path) -> None:
    (config,) = installed.parent.glob("lib/python3*/site-packages/rung/config")
    shipped = {str(file.relative_to(config)) for file in config.rglob("*") if file.is_file()}
    source = REPOSITORY / "config"
    assert shipped == {str(file.relative_to(source)) for file in source.rglob("*") if file.is_file()}
    assert set(SHIPPED) <= shipped
    assert "actions/commit-message.md" in shipped
    assert any("o200k" in name for name in shipped)


def test_the_wheel_carries_its_types_and_licence(installed: Path) -> None:
    (site,) = installed.parent.glob("lib/python3*/site-packages")
    assert (site / "rung" / "py.typed").is_file()
    assert list(site.glob("rung-*.dist-info/licenses/LICENSE"))
    assert not (site / "tests").exists()
