"""The guards that every other test relies on."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from tests.conftest import REPOSITORY, isolate, noon, stays_here


def test_a_test_lives_in_an_empty_home_of_its_own(home: Path) -> None:
    assert Path.home() == home
    assert [path.name for path in home.iterdir()] == ["run"]
    assert Path(os.environ["RUNG_CONFIG_DIR"]).is_relative_to(home)


@pytest.mark.parametrize("hour", range(24))
def test_it_is_noon_whatever_the_hour(hour: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second before midnight, what a test spends and what it looks at would be of two days."""
    now = 1_800_000_000 // 86400 * 86400 + hour * 3600 + 3599.5
    assert 11 <= time.localtime().tm_hour <= 14, "also for this test"
    try:
        monkeypatch.setenv("TZ", noon(now))
        time.tzset()
        assert time.localtime(now)[3:6] == (12, 59, 59)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_no_key_proxy_or_setting_of_the_person_comes_in(tmp_path: Path) -> None:
    names = (
        "ANTHROPIC_API_KEY",
        "MY_GATEWAY_API_KEY",
        "HTTPS_PROXY",
        "no_proxy",
        "RUNG_TIER",
        "GIT_DIR",
        "OPENAI_BASE_URL",
    )
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setenv(name, "the person's own")
        isolate(patch, tmp_path)
        assert "the person's own" not in os.environ.values()


def test_git_has_nobodys_configuration() -> None:
    said = subprocess.run(
        ["git", "config", "--list", "--show-scope"], capture_output=True, text=True, cwd="/", check=False
    )
    assert said.stdout == ""


@pytest.mark.parametrize(
    ("address", "here"),
    [
        (("127.0.0.1", 80), True),
        (("127.8.8.8", 80), True),
        (("::1", 80, 0, 0), True),
        (("::ffff:127.0.0.1", 80, 0, 0), True),
        (("localhost", 80), True),
        ("/run/some.sock", True),
        (("192.0.2.1", 80), False),
        (("::ffff:192.0.2.1", 80, 0, 0), False),
        (("fe80::1%eth0", 80, 0, 0), False),
        (("models.example", 443), False),
    ],
)
def test_only_loopback_and_paths_are_on_this_machine(address: object, here: bool) -> None:  # noqa: FBT001
    assert stays_here(address) is here


def test_a_connection_off_the_machine_is_refused_and_remembered(off_machine: list[str]) -> None:
    with socket.socket() as plain, pytest.raises(OSError, match="may only reach this machine"):
        plain.connect(("192.0.2.1", 9))
    assert off_machine == ["('192.0.2.1', 9)"]
    off_machine.clear()


async def test_asyncio_is_guarded_too_addresses_and_names(off_machine: list[str]) -> None:
    for host in ("192.0.2.1", "models.example"):
        with pytest.raises(OSError, match="may only"):
            await asyncio.open_connection(host, 9)
    assert off_machine == ["('192.0.2.1', 9)", "models.example"]
    off_machine.clear()


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            accepted.sendall(b"here")
            assert client.recv(4) == b"here"


def inner(folder: Path, body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A run of pytest of its own, with our conftest as a plugin."""
    (folder / "test_inner.py").write_text(textwrap.dedent(body), encoding="utf-8")
    # In CI this very test runs under what it is about to try out.
    outer = {name: value for name, value in os.environ.items() if name not in {"RUNG_NO_SKIPS", "RUNG_REQUIRE_EDITORS"}}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-q", "test_inner.py"],
        cwd=folder,
        env={**outer, "PYTHONPATH": str(REPOSITORY), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_test_that_swallows_the_refusal_fails_all_the_same(tmp_path: Path) -> None:
    ran = inner(
        tmp_path,
        """
        import contextlib, socket

        def test_swallows():
            with contextlib.suppress(OSError), socket.socket() as plain:
                plain.connect(("192.0.2.1", 9))
        """,
    )
    assert ran.returncode == 1, ran.stdout
    assert "reached off this machine: ('192.0.2.1', 9)" in ran.stdout


SKIPS = {
    "in a test": "import pytest\ndef test_one(): pytest.skip('no reason')\n",
    "by a mark": "import pytest\n@pytest.mark.skipif(True, reason='no reason')\ndef test_one(): pass\n",
    "a whole module": "import pytest\npytest.skip('no reason', allow_module_level=True)\n",
}


@pytest.mark.parametrize("body", SKIPS.values(), ids=SKIPS)
def test_a_skip_is_a_failure_where_ci_says_so(tmp_path: Path, body: str) -> None:
    strict = inner(tmp_path, body, RUNG_NO_SKIPS="1")
    assert strict.returncode not in {0, 5}, strict.stdout
    assert "no reason" in strict.stdout
    lenient = inner(tmp_path, body)
    assert lenient.returncode in {0, 5}, lenient.stdout


def test_a_missing_editor_is_said_in_one_line_and_refused_in_ci(tmp_path: Path) -> None:
    body = "import pytest\n@pytest.mark.editor\ndef test_one(): pass\ndef test_two(): pass\n"
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = editor: drives an editor\n", encoding="utf-8")
    without = {"PATH": str(Path(sys.executable).parent)}
    ran = inner(tmp_path, body, **without)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed, 1 deselected" in ran.stdout
    assert ran.stdout.count("1 editor tests left out: no Neovim from 0.11 on") == 1
    refused = inner(tmp_path, body, RUNG_REQUIRE_EDITORS="1", **without)
    assert refused.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no Neovim" in refused.stderr
