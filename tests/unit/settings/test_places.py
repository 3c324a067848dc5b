"""Where things are."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import platformdirs
import pytest

import rung
from rung.settings import places

ENVIRONMENTS = [
    {},
    {"XDG_CONFIG_HOME": "/x/config", "XDG_STATE_HOME": "/x/state/", "XDG_CACHE_HOME": "/x/cache"},
    {"XDG_CONFIG_HOME": "relative", "XDG_STATE_HOME": "", "XDG_CACHE_HOME": " "},
    {"HOME": "/home/someone/"},
    {"HOME": "/"},
    {"HOME": ""},
    {"HOME": "relative"},
]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_folders_are_the_ones_platformdirs_names(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith(("XDG_", "RUNG_")):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = [places.config_folder(), places.state_folder(), places.cache_folder()]
    assert found == [
        Path(platformdirs.user_config_dir("rung", appauthor=False)),
        Path(platformdirs.user_state_dir("rung", appauthor=False)),
        Path(platformdirs.user_cache_dir("rung", appauthor=False)),
    ]


def test_the_folder_of_sockets_is_the_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    assert places.runtime_folder() == Path(os.environ["XDG_RUNTIME_DIR"]) / "rung"


def test_without_a_session_the_folder_of_sockets_is_found_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert places.runtime_folder().is_absolute()


def test_a_folder_of_sockets_that_is_somebody_elses_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError

    monkeypatch.setattr(platformdirs, "user_runtime_dir", refuse)
    assert places.runtime_folder() == places.state_folder() / "run"


@pytest.mark.parametrize("kind", ["config", "state", "cache", "runtime"])
def test_a_variable_of_ours_wins(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(f"RUNG_{kind.upper()}_DIR", str(tmp_path / "own"))
    assert getattr(places, f"{kind}_folder")() == tmp_path / "own"
    assert not (tmp_path / "own").exists()


def test_what_ships_lies_beside_the_server_in_a_checkout() -> None:
    assert places.shipped() == Path(__file__).parents[3] / "config"


def test_what_ships_lies_in_the_package_of_a_wheel(tmp_path: Path) -> None:
    package = tmp_path / "rung"
    (package / "config").mkdir(parents=True)
    (package / "settings").mkdir()
    source = Path(rung.__file__).parent
    for name in ("__init__.py", "settings/__init__.py", "settings/places.py"):
        (package / name).write_text((source / name).read_text(encoding="utf-8"), encoding="utf-8")
    code = "from rung.settings import places; print(places.shipped())"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert run.stdout.strip() == str(package / "config")
