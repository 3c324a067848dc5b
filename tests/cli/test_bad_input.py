"""Whatever is wrong with what a command is given: one sentence that says what to do, and exit code 1 or 2.

That there is no traceback and no key in any output, :func:`tests.cli.command.ran` asserts for every command.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from tests.cli.command import SETTINGS, Ran, Rung, configure, environment, git

from rung.sim.server import Simulator

pytestmark = pytest.mark.process


def sentence(done: Ran) -> str:
    """The one line that was said, nothing on stdout."""
    assert done.out == ""
    (line,) = done.err.splitlines()
    assert line.startswith("rung: ")
    assert line.endswith((".", "?", "`", ")", '"')), line
    return line


def reason(done: Ran) -> str:
    """The one model's line, and what to do, below the one that says that nobody answered; nothing on stdout."""
    assert done.out == ""
    first, *lines = done.err.splitlines()
    assert first in {"rung: No model could answer.", "rung: There is no model to ask."}
    assert 1 <= len(lines) <= 2
    assert all(line.startswith("      ") for line in lines), lines
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fly",), "there is no command 'fly'"),
        (("komit",), "there is no command 'komit'. Did you mean `rung commit`?"),
        (
            ("ask", "--teir", "small", "hi"),
            "Unrecognized arguments: --teir. Did you mean --tier? `rung ask --help` lists",
        ),
        (("ask", "--xyzzy", "hi"), "Unrecognized arguments: --xyzzy. `rung ask --help` lists"),
        (("ask", "--fly"), "Unrecognized arguments: --fly"),
        (("ask", "--tier", "nope", "hi"), "There is no tier 'nope'. The tiers are: small, large, cloud, builtin"),
        (
            ("ask", "-m", "nope", "hi"),
            "No tier has a model 'nope'. The models are: sim-small:3b, sim-large:14b, gpt-5-mini",
        ),
        (("ask", "--tier", "builtin", "hi"), "ask needs a model"),
        (("ask", "--tier", "builtin", "hi", "--show-prompt"), "ask needs a model"),
        (("route", "--tier", "builtin", "hi"), "ask needs a model"),
        (("ask", "--tier"), "expected one argument"),
        (("ask", "--max-output", "-5", "hi"), "'-5' is no number from 1"),
        (("ask", "--max-output", "many", "hi"), "'many' is no number from 1"),
        (("ask", "--file", "missing.py", "hi"), "missing.py does not exist"),
        (("ask", "--file", ".", "hi"), ". is a folder"),
        (("ask", "--file", "", "hi"), "'' does not exist"),
        (("route", "--fly"), "--fly"),
        (("route", "--tier", "nope", "hi"), "There is no tier 'nope'"),
        (("route", "-m", "nope", "hi"), "No tier has a model 'nope'"),
        (("route", "-a", "nope", "hi"), "There is no action 'nope'. The actions are: "),
        (("route", "-f"), "-f"),
        (("explain",), "FILE[:A-B]"),
        (("explain", "missing.py"), "missing.py does not exist"),
        (("explain", "text.py:9-12"), "text.py has no lines 9 to 12: it has 2"),
        (("explain", "text.py:0-1"), "text.py has no lines 0 to 1"),
        (("explain", "text.py:2-1"), "text.py has no lines 2 to 1"),
        (("explain", "empty.py"), "empty.py is empty"),
        (("explain", "binary.bin"), "binary.bin is binary"),
        (("explain", "x" * 5000), "does not exist"),
        (("review", "--fail-on", "nope", "text.py"), "invalid choice: 'nope'"),
        (("review", "--format", "xml", "text.py"), "invalid choice: 'xml'"),
        (("review", "binary.bin"), "binary.bin is binary"),
        (("doctor", "extra"), "Unrecognized arguments: extra"),
        (("trust",), "has no .rung folder"),
        (("trust", "missing"), "There is no folder missing"),
        (("sim", "--port", "99999"), "There is no port 99999"),
        (("sim", "--fail", "nope"), "No fault is called 'nope'"),
        (("lsp", "--tcp", "nope"), "--tcp takes a port"),
        (("lsp", "--fly"), "Unrecognized arguments: --fly"),
    ],
    ids=lambda given: " ".join(given)[:40] if isinstance(given, tuple) else "",
)
async def test_a_wrong_argument_is_a_usage_error(
    words: tuple[str, ...], said: str, sim: Simulator, rung: Rung, folder: Path
) -> None:
    (folder / "text.py").write_text("first = 1\nsecond = 2\n", encoding="utf-8")
    (folder / "empty.py").write_text("\n  \n", encoding="utf-8")
    (folder / "binary.bin").write_bytes(b"\0\1\2")
    done = await rung(*words)
    assert done.code == 2
    assert said in sentence(done)
    assert sim.connections == 0


@pytest.mark.parametrize("words", [("ask", "--fly"), ("ask", "--tier", "nope", "hi"), ("explain", "missing.py")])
async def test_json_says_it_in_an_object_too(words: tuple[str, ...], sim: Simulator, rung: Rung) -> None:
    done = await rung(*words, "--json")
    assert done.code == 2
    assert done.out.count("\n") == 1
    assert set(done.json) == {"error"}
    assert set(done.json["error"]) == {"code", "message", "hint"}
    assert done.json["error"]["code"] == "usage"


@pytest.mark.parametrize("feed", [None, "", "  \n\n"])
async def test_an_empty_prompt_says_how_to_write_one(feed: str | None, sim: Simulator, rung: Rung) -> None:
    for words in ((), ("",), ("  ",)):
        done = await rung("ask", *words, feed=feed)
        assert done.code == 2
        assert "There is no prompt." in sentence(done)
    assert sim.connections == 0


@pytest.mark.parametrize(
    ("feed", "said"),
    [(b"a" * 4_000_000, "Standard input is longer than 3.5 MB"), (b"\x7fELF\0\0", "Standard input is binary")],
    ids=["huge", "binary"],
)
async def test_input_that_is_no_text_for_a_model_is_refused(
    feed: bytes, said: str, sim: Simulator, rung: Rung, folder: Path
) -> None:
    (folder / "input").write_bytes(feed)
    done = await rung.shell("rung ask hello < input")
    assert done.code == 2
    assert said in sentence(done)
    assert sim.connections == 0


async def test_files_that_are_too_much_together_are_refused(sim: Simulator, rung: Rung, folder: Path) -> None:
    (folder / "half").write_text("a" * 2_000_000, encoding="utf-8")
    done = await rung("ask", "hello", "-f", "half", "-f", "half")
    assert done.code == 2
    assert "together" in sentence(done)


async def test_the_largest_input_that_is_taken_is_answered(sim: Simulator, rung: Rung, folder: Path) -> None:
    (folder / "input").write_text("all work and no play\n" * 160_000, encoding="utf-8")
    done = await rung.shell("rung ask --json --local hello < input")
    assert done.code == 0, done.err
    assert done.json["receipt"]["left_out"]


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
async def test_a_closed_stream_is_no_trouble(closing: str, sim: Simulator, rung: Rung) -> None:
    done = await rung.shell(f"rung ask hello {closing}")
    assert done.code == 0
    if ">&-" not in closing.removeprefix("2"):
        assert done.out.startswith("Simulated answer")


@pytest.mark.parametrize("command", ["--help", "--version", "route hello", "ask hello", "doctor"])
async def test_a_full_disk_is_said_and_a_gone_reader_is_not(command: str, sim: Simulator, rung: Rung) -> None:
    full = await rung.shell(f"rung {command} > /dev/full")
    assert full.code == 1
    assert sentence(full) == "rung: The output cannot be written: No space left on device."
    gone = await rung.shell(f"rung {command} | true; exit ${{PIPESTATUS[0]}}")
    assert (gone.code, gone.said) == (0, "")


async def test_letters_that_the_terminal_lacks_stop_no_answer(sim: Simulator, rung: Rung, folder: Path) -> None:
    (folder / "žluť.py").write_text("def yellow(horse):\n    return horse\n", encoding="utf-8")
    env = environment(PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    done = await rung("review", "žluť.py", env=env)
    assert done.code == 0
    assert done.out.startswith("?lu?.py:")


async def test_arguments_that_are_not_utf_8_are_taken_as_well_as_they_can_be(
    sim: Simulator, rung: Rung, folder: Path
) -> None:
    write(folder, b"n\xff.py", b"x = 1\n")
    assert (await rung("ask", b"caf\xe9 au lait", "-s", b"\xff")).code == 0
    assert (await rung("ask", "hello", "--file", b"n\xff.py")).code == 0
    assert (await rung("explain", b"n\xff.py")).code == 0
    assert (await rung("review", b"n\xff.py", "--format", "sarif")).json["runs"]
    assert (await rung("route", b"n\xff.py", "--json")).json["tier"] == "small"
    assert (await rung("explain", b"m\xff.py")).code == 2


async def test_a_deleted_folder_is_named(sim: Simulator, rung: Rung) -> None:
    for command in ("ask hello", "route hello", "commit", "doctor"):
        done = await rung.shell(f"mkdir -p gone && cd gone && rmdir ../gone && rung {command}")
        assert done.code == 2
        assert "The folder we are in is gone" in sentence(done)


# Settings


@pytest.mark.parametrize("words", [("ask", "hello"), ("route", "hello"), ("explain", "a.py"), ("review", "a.py")])
async def test_a_typo_in_the_settings_names_file_and_line(words: tuple[str, ...], rung: Rung, folder: Path) -> None:
    (folder / "a.py").write_text("x = 1\n", encoding="utf-8")
    path = configure("http://127.0.0.1:1", SETTINGS.replace("model =", "modle =", 1))
    done = await rung(*words)
    assert done.code == 2
    assert f"{path}:6: " in sentence(done)
    assert "Did you mean `model`?" in done.err
    found = (await rung(*words, "--json")).json["error"]
    assert found["code"] == "settings"
    assert f"{path}:6: " in found["message"]
    assert found["hint"] == "Did you mean `model`?"


async def test_settings_that_are_no_toml_name_file_and_line(rung: Rung) -> None:
    path = configure("http://127.0.0.1:1", '[budget]\nper_day = "\n')
    assert f"{path}:2: " in sentence(await rung("ask", "hello"))


async def test_a_missing_key_says_where_it_would_be_looked_for(sim: Simulator, rung: Rung, home: Path) -> None:
    done = await rung("ask", "--tier", "cloud", "hello", env=environment(OPENAI_API_KEY=None))
    assert done.code == 1
    assert f"Set OPENAI_API_KEY in your environment, or write OPENAI_API_KEY=... into {home}" in reason(done)


async def test_a_port_nobody_listens_on_says_how_to_start_ollama(rung: Rung) -> None:
    configure("http://127.0.0.1:1")
    done = await rung("ask", "--tier", "small", "hello")
    assert done.code == 1
    assert "Nobody listens at http://127.0.0.1:1" in reason(done)
    assert "`ollama serve`" in done.err


async def test_a_model_that_is_not_there_says_how_to_pull_it(sim: Simulator, rung: Rung) -> None:
    configure(sim.url, SETTINGS.replace("sim-small:3b", "qwen2.5-coder:7b"))
    done = await rung("ask", "--tier", "small", "hello")
    assert done.code == 1
    assert "`ollama pull qwen2.5-coder:7b`" in reason(done)


# Folders that cannot be written


@pytest.mark.parametrize(
    ("variable", "loaded"),
    [
        ("RUNG_STATE_DIR", True),
        ("RUNG_STATE_DIR", False),
        ("RUNG_CACHE_DIR", True),
        ("RUNG_CACHE_DIR", False),
    ],
)
async def test_a_folder_that_cannot_be_written_costs_no_answer(
    variable: str, *, loaded: bool, sim: Simulator, rung: Rung
) -> None:
    if loaded:
        await rung("ask", "hello")
    env = environment(**{variable: "/dev/null/nowhere"})
    done = await rung("ask", "hello", env=env)
    assert done.code == 0
    assert done.out.startswith("Simulated answer")
    assert (await rung("route", "hello", env=env)).code == 0


async def test_without_a_home_it_answers(sim: Simulator, rung: Rung) -> None:
    done = await rung("ask", "hello", env=environment(HOME=None))
    assert done.code == 0
    assert done.out.startswith("Simulated answer")


# Git


async def test_outside_of_a_repository_commit_says_so(sim: Simulator, rung: Rung) -> None:
    for words in (("commit",), ("commit", "--edit"), ("review",)):
        done = await rung(*words, env=environment(GIT_EDITOR="false"))
        assert done.code == 1
        assert "not in a git repository" in sentence(done)


@pytest.mark.parametrize("words", [("commit",), ("commit", "--edit")], ids=" ".join)
async def test_with_nothing_staged_it_says_what_to_add(
    words: tuple[str, ...], sim: Simulator, rung: Rung, repo: Path
) -> None:
    env = environment(GIT_EDITOR="false")
    assert "Nothing is staged, and no file is changed." in sentence(await rung(*words, env=env))
    (repo / "area.py").write_text("changed = 1\n", encoding="utf-8")
    done = await rung(*words, env=env)
    assert done.code == 1
    assert '1 file is changed but not staged: run "git add"' in sentence(done)
    assert sim.connections == 0


def write(folder: Path, name: bytes, text: bytes) -> None:
    with open(os.path.join(os.fsencode(folder), name), "wb") as file:  # noqa: PTH118, PTH123 - a Path's name is text
        file.write(text)


async def test_what_git_can_stage_gets_a_message(sim: Simulator, rung: Rung, folder: Path) -> None:
    async def message() -> str:
        assert (await rung("commit")).out.strip()
        done = await rung("commit", "--tier", "builtin")
        assert done.code == 0, done.err
        return done.out

    git(folder, "init", "-q", "-b", "main")
    (folder / "first.py").write_text("first = 1\n" * 20, encoding="utf-8")
    git(folder, "add", ".")
    assert "first" in await message()  # before the first commit
    git(folder, "commit", "-qm", "Begin")
    (folder / "picture.png").write_bytes(b"\x89PNG\0" * 50)
    git(folder, "add", ".")
    assert "picture" in await message()  # nothing but a binary file
    git(folder, "commit", "-qm", "Picture")
    git(folder, "mv", "first.py", "renamed.py")
    assert "renamed" in await message()  # nothing but a rename
    git(folder, "commit", "-qm", "Rename")
    write(folder, b"latin\xe9.py", b"caf\xe9 = 1\n")
    git(folder, "add", ".")
    await message()  # neither the name nor the text is UTF-8
    git(folder, "commit", "-qm", "Latin")
    git(folder, "checkout", "-qb", "side", "HEAD~1")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Side")
    git(folder, "merge", "-q", "--no-ff", "--no-commit", "main")
    await message()  # a merge


# Anything


WORDS = (
    "ask", "commit", "explain", "review", "route", "doctor", "trust", "--json", "--tier", "small", "-m",
    "--local", "-v", "--file", "--system", "--max-output", "--edit", "--hook", "--format", "sarif", "--fail-on",
    "info", "--", "-", "--help", "-h", "", " ", "a.py", "a.py:1-1", "a.py:99", ":1", "a.py:", "[cloud]",
    "[local] hi", "hi", "--=", "-f", "-a", "--forget", "..", "/", "\n", "\x1b[2J", "é", "😀", "%s", "{0}",
    "{{ x }}", "--tier=", "-mx", "9" * 400, "--jso", "@a.py", "--no-such", "-1", "~", "*",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(16))
async def test_no_jumble_of_arguments_ends_in_a_traceback(seed: int, rung: Rung, repo: Path) -> None:
    configure("http://127.0.0.1:1")
    (repo / "a.py").write_text("x = 1\n", encoding="utf-8")
    chance = random.Random(seed)
    words = [chance.choice(WORDS[:7]), *chance.choices(WORDS, k=chance.randint(1, 6))]
    done = await rung(*words, env=environment(GIT_EDITOR="false"), feed=chance.choice([None, "", "text\n"]))
    assert done.code in {0, 1, 2}, (words, done)
    assert done.code == 0 or done.err.startswith("rung: "), (words, done)
    assert "\x1b" not in done.err, (words, done)
    if done.code and "--json" in words and "--" not in words:
        assert set(done.json) <= {"error", "receipt", "ok", "checks"}, (words, done)


@pytest.mark.parametrize(
    "words", [("ask", "-f", "{}", "hi"), ("explain", "{}"), ("review", "{}"), ("route", "-f", "{}")]
)
async def test_a_pipe_or_device_with_a_name_is_refused_at_once(
    words: tuple[str, ...], rung: Rung, sim: Simulator
) -> None:
    os.mkfifo(rung.folder / "pipe")
    for name in ("pipe", "/dev/zero"):
        done = await rung(*(word.format(name) for word in words))
        assert done.code == 2
        assert sentence(done) == f"rung: {name} is a pipe, a socket or a device. Name a file, or pipe its text in."
    assert sim.log == []


async def test_what_a_shell_passes_on_is_read(rung: Rung, sim: Simulator) -> None:
    done = await rung.shell("rung explain <(printf 'x = 1\\ny = 2\\n') --show-prompt")
    assert done.code == 0, done.err
    assert "y = 2" in done.out
