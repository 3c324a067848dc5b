"""``rung demo``: every scene as it should be, every scene noticed when its world is broken, and nothing left behind."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rung.cli import main
from rung.cli.demo import editor, world
from rung.cli.demo.editor import Buffer
from rung.cli.demo.play import SCENES, play
from rung.cli.demo.told import Told
from rung.cli.demo.transcript import Transcript
from rung.cli.demo.world import World
from rung.sim import Simulator

LIMIT = 100
"""Seconds until a run counts as stuck."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder for temporary files, while this test runs."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)  # where it keeps what it found before
    return folder


def demo(*arguments: str, broken: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own."""
    environment = {**os.environ, **({"RUNG_DEMO_BREAK": broken} if broken else {}), **more}
    return subprocess.run(
        [sys.executable, "-m", "rung", "demo", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=LIMIT,
        check=False,
    )


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


def failed(told: Any) -> list[str]:
    return [scene["id"] for scene in told["scenes"] if not scene["ok"]]


@pytest.mark.process
def test_the_whole_story_is_as_expected_and_leaves_nothing_behind(folder: Path, home: Path) -> None:
    before = sorted(home.rglob("*"))
    ran = demo("--json")
    told = json.loads(ran.stdout)
    assert not [check for scene in told["scenes"] for check in scene["checks"] if not check["ok"]]
    assert (ran.returncode, ran.stderr) == (0, "")
    assert told["ok"] is True
    assert told["simulated"] is True
    assert 0 < told["seconds"] < 60
    assert [scene["id"] for scene in told["scenes"]] == list(SCENES)
    assert all(scene["ok"] and scene["title"] and scene["checks"] for scene in told["scenes"])
    assert {scene["id"] for scene in told["scenes"] if "receipt" in scene} == set(SCENES) - {"cancel"}
    assert is_empty(folder)
    assert sorted(home.rglob("*")) == before


@pytest.mark.process
@pytest.mark.parametrize("name", SCENES)
def test_a_scene_whose_world_is_broken_fails_alone(name: str, folder: Path) -> None:
    after = "pin" if name != "pin" else "builtin"
    ran = demo("--json", "--only", f"{name},{after}", broken=name)
    told = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert told["ok"] is False
    assert {scene["id"] for scene in told["scenes"]} == {name, after}
    assert failed(told) == [name]
    assert is_empty(folder)


@pytest.mark.process
def test_a_failing_scene_says_what_was_expected_and_seen(folder: Path) -> None:
    ran = demo("--only", "builtin", broken="builtin")
    assert ran.returncode == 1
    assert "FAILED   expected: it says that no model answered" in ran.stdout
    assert "seen: small" in ran.stdout
    assert "Not as expected: builtin." in ran.stdout


@pytest.mark.process
def test_the_transcript_says_first_and_last_that_all_of_it_is_simulated(folder: Path) -> None:
    ran = demo("--only", "commit")
    lines = ran.stdout.splitlines()
    assert ran.returncode == 0
    assert "simulated models" in lines[0]
    assert "simulated" in lines[-1]
    assert "receipt  small (sim-small:3b, on this machine), simulated" in ran.stdout
    assert "\x1b" not in ran.stdout


@pytest.mark.process
def test_nothing_of_the_person_is_used(folder: Path, home: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "rung.toml").write_text("this is no TOML", encoding="utf-8")
    (home / ".gitconfig").write_text("[commit]\n\tgpgsign = true\n[core]\n\tcommentChar = ;\n", encoding="utf-8")
    nobody = "http://127.0.0.1:9"
    ran = demo(
        "--json",
        "--only",
        "commit,escalate",
        RUNG_CONFIG_DIR=str(own),
        RUNG_STATE_DIR=str(own),
        OPENAI_API_KEY="sk-of-the-person",
        OPENAI_BASE_URL=nobody,
        HTTP_PROXY=nobody,
        ALL_PROXY=nobody,
        GIT_DIR=str(own),
        GIT_INDEX_FILE=str(own / "index"),
    )
    assert failed(json.loads(ran.stdout)) == []
    assert ran.returncode == 0
    assert [path.name for path in own.iterdir()] == ["rung.toml"]


@pytest.mark.process
def test_without_git_there_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    ran = demo(PATH=str(empty))
    assert ran.returncode == 1
    assert ran.stderr.startswith("rung: Git is not installed")
    assert "Traceback" not in ran.stderr
    assert is_empty(folder)


@pytest.mark.process
def test_a_scene_that_does_not_exist_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--only", "commit,opera"]) == 2
    assert "There is no scene 'opera'" in capsys.readouterr().err


@pytest.mark.process
def test_the_help_names_every_scene(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--help"]) == 0
    assert set(SCENES) <= set(capsys.readouterr().out.split())


def spoil(ledger: Path) -> None:
    ledger.write_bytes(b"this is no database" * 100)


@pytest.mark.process
async def test_a_ledger_that_is_none_has_no_rows(folder: Path) -> None:
    async with World() as world:
        spoil(Path(world.environment()["RUNG_STATE_DIR"], "ledger.sqlite3"))
        assert await world.rows(lambda rows: not rows) == []


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal elsewhere")
@pytest.mark.parametrize("name", ["cold", "cancel"])
def test_ctrl_c_ends_server_and_folder_with_the_demo(name: str, folder: Path) -> None:
    command = [sys.executable, "-m", "rung", "demo", "--only", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        while "asked" not in running.stdout.readline():
            assert running.poll() is None
        children = children_of(running.pid)
        assert len(children) == 1
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=LIMIT)
    assert (running.returncode, errors.lower()) == (130, "rung: cancelled.\n")
    assert not [child for child in children if is_alive(child)]
    assert is_empty(folder)


def children_of(pid: int) -> list[int]:
    """The language servers a process has started."""
    ps = shutil.which("ps")
    assert ps is not None
    listed = subprocess.run([ps, "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [int(own) for own, parent, args in rows if int(parent) == pid and args.endswith("rung lsp")]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.process
@pytest.mark.parametrize(
    ("program", "seen"),
    [
        ("import time; time.sleep(600)", "no answer to initialize"),
        ("pass", "the server has ended"),
        ("raise SystemExit(3)", "the server has ended"),
    ],
    ids=["hangs", "ends", "fails"],
)
async def test_a_server_that_does_not_answer_fails_the_scenes_and_ends(
    program: str, seen: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editor, "LIMIT", 0.3)
    async with World(server=[sys.executable, "-c", program]) as world:
        played = await play(["commit", "explain"], world, None)
    assert [scene.ok for scene in played] == [False, False]
    assert seen in str(played[0].checks[-1].detail)
    assert is_empty(folder)


@pytest.mark.process
async def test_a_server_that_falls_silent_fails_its_scene_and_is_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(world: World, told: Told) -> None:
        async with world.stage() as stage:
            with monkeypatch.context() as hurry:
                hurry.setattr(editor, "LIMIT", 0.1)
                await stage.editor.wait(lambda: False, "a word")

    monkeypatch.setitem(SCENES, "silent", ("Silence", silent))
    async with World() as world:
        played = await play(["silent", "pin"], world, None)
    assert [(scene.name, scene.ok) for scene in played] == [("silent", False), ("pin", True)]
    assert "a word did not come" in str(played[0].checks[-1].detail)


@pytest.mark.process
async def test_a_scene_learns_nothing_from_the_address_of_a_server_that_was_down(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system may give a scene the port of an earlier one, whose server the editor's server holds for down."""
    ports: list[int | None] = []

    class Same(Simulator):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            # The third one, local in the second scene, is offered the first one's port.
            self.number = len(ports)
            ports.append(None)
            super().__init__(*arguments, **more, port=(ports[0] or 0) if self.number == 2 else 0)

        async def start(self) -> None:
            await super().start()
            ports[self.number] = urlsplit(self.url).port

    monkeypatch.setattr(world, "Simulator", Same)
    async with World() as made:
        played = await play(["escalate", "cold"], made, None)
    assert [check for scene in played for check in scene.checks if not check.ok] == []
    assert (len(ports), ports[2]) == (5, ports[0])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.process
@pytest.mark.parametrize(
    ("out", "variables", "coloured"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
    ids=["terminal", "no-color", "dumb", "pipe"],
)
def test_colours_are_for_terminals_whose_person_wants_them(
    out: io.StringIO, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    told = Told("one", "One", Transcript(out))
    told.check("it holds", ok=True)
    assert ("\x1b[" in out.getvalue()) is coloured


@pytest.mark.process
def test_pieces_are_shown_as_they_come_and_broken_between_words() -> None:
    out = io.StringIO()
    transcript = Transcript(out)
    words = [f"word{number} " for number in range(40)]
    for count, word in enumerate(words, 1):
        transcript.piece(word)
        assert out.getvalue().split()[1:] == "".join(words[:count]).split()
    transcript.say("asked", "more")
    lines = out.getvalue().splitlines()
    assert len(lines) > 2
    assert max(map(len, lines)) <= 110
    assert lines[-1].split() == ["asked", "more"]


@pytest.mark.process
@pytest.mark.parametrize("piece", ["b", "x \N{ADMISSION TICKETS}", "\N{ADMISSION TICKETS}\nnext", "next"])
def test_a_buffer_counts_utf_16_units_and_finds_its_pieces_again(piece: str, tmp_path: Path) -> None:
    buffer = Buffer(tmp_path / "file", "text", "a b\n\N{ADMISSION TICKETS} x \N{ADMISSION TICKETS}\nnext\n")
    assert buffer.at(buffer.span(piece)) == piece


@pytest.mark.process
def test_a_buffer_places_an_edit_behind_a_wide_character(tmp_path: Path) -> None:
    buffer = Buffer(tmp_path / "file", "text", "\N{ADMISSION TICKETS}!\n")
    behind = {"line": 0, "character": 2}
    buffer.replace({"start": behind, "end": behind}, "?")
    assert buffer.text == "\N{ADMISSION TICKETS}?!\n"
