"""``rung commit``: on stdout, in git's editor, and in a real prepare-commit-msg hook."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import sys
from pathlib import Path

import pytest
from tests.cli.command import SETTINGS, Ran, Rung, configure, environment, git, prompt_of, ran

from rung.sim.models import SimModel
from rung.sim.server import Simulator

pytestmark = pytest.mark.process

SMALL, LARGE = "sim-small:3b", "sim-large:14b"
SUBJECT = "feat(area): change abs in area.py"
"""What the simulated model makes of the staged change."""


@pytest.fixture
def staged(repo: Path) -> Path:
    """A repository with one change in its index, and one that is not."""
    (repo / "area.py").write_text("def area(width, height):\n    return abs(width * height)\n", encoding="utf-8")
    git(repo, "add", ".")
    (repo / "area.py").write_text("def area(width, height):\n    return 'not staged'\n", encoding="utf-8")
    return repo


async def test_the_message_is_for_what_is_staged_and_nothing_is_committed(
    sim: Simulator, rung: Rung, staged: Path
) -> None:
    done = await rung("commit")
    assert done.code == 0
    assert done.err == ""
    assert done.out.splitlines()[0] == SUBJECT
    assert "abs(width * height)" in prompt_of(sim)
    assert "not staged" not in prompt_of(sim)
    assert git(staged, "log", "--format=%s") == "Begin\n"


async def test_a_wish_reaches_the_model(sim: Simulator, rung: Rung, staged: Path) -> None:
    assert (await rung("commit", "in", "German", "--tier", "large")).code == 0
    assert "in German" in prompt_of(sim)


async def test_it_works_from_a_folder_below(sim: Simulator, rung: Rung, staged: Path) -> None:
    (staged / "below").mkdir()
    assert (await rung("commit", folder=staged / "below")).out.startswith("feat(area)")


async def test_json_holds_the_message_and_its_receipt(sim: Simulator, rung: Rung, staged: Path) -> None:
    found = (await rung("commit", "--json")).json
    assert found["outcome"] == "commit-message"
    assert found["text"].startswith("feat(area)")
    assert found["receipt"]["rule"] == "commit messages stay small"


NOT_A_MODELS = "rung: no model could answer, so this is written without one; `rung doctor` says why.\n"


async def test_without_any_model_it_is_written_without_one_and_says_so(rung: Rung, staged: Path) -> None:
    configure("http://127.0.0.1:1")
    done = await rung("commit")
    assert (done.code, done.err) == (0, NOT_A_MODELS)
    assert "area" in done.out.splitlines()[0]
    assert "without a model" in (await rung("commit", "-v")).err
    assert (await rung("commit", "--tier", "builtin")).err == ""
    machine = await rung("commit", "--json")
    assert (machine.err, machine.json["receipt"]["builtin"]) == ("", True)


async def test_it_can_be_asked_for_without_a_model(sim: Simulator, rung: Rung, staged: Path) -> None:
    done = await rung("commit", "--tier", "builtin", "--json")
    assert done.json["receipt"]["builtin"] is True
    assert sim.connections == 0


# --edit

SAVE = 'sed -i "1s/.*/What the person wrote/"'


async def edit(rung: Rung, editor: str, *words: str, **changes: str | None) -> Ran:
    return await rung("commit", "--edit", *words, env=environment(GIT_EDITOR=editor, **changes))


async def test_edit_commits_what_the_person_saved(sim: Simulator, rung: Rung, staged: Path) -> None:
    done = await edit(rung, SAVE)
    assert done.code == 0
    assert git(staged, "log", "-1", "--format=%s") == "What the person wrote\n"
    assert "where `abs` is now handled" in git(staged, "log", "-1", "--format=%b")


async def test_edit_commits_the_message_saved_as_it_is(sim: Simulator, rung: Rung, staged: Path) -> None:
    assert (await edit(rung, "touch")).code == 0
    assert git(staged, "log", "-1", "--format=%s") == f"{SUBJECT}\n"


@pytest.mark.parametrize("editor", ["true", "grep -q feat", "false"], ids=["quits", "reads", "fails"])
async def test_whoever_leaves_without_saving_commits_nothing(
    editor: str, sim: Simulator, rung: Rung, staged: Path
) -> None:
    done = await edit(rung, editor)
    assert done.code == 1
    assert git(staged, "log", "--format=%s") == "Begin\n"
    assert git(staged, "diff", "--cached", "--name-only") == "area.py\n"


def settings_of_git(tmp_path: Path, editor: str | None) -> str:
    """A person's ``.gitconfig``."""
    file = tmp_path / "gitconfig"
    file.touch()
    if editor is not None:
        git(tmp_path, "config", "--file", str(file), "core.editor", editor)
    return str(file)


async def test_the_editor_of_the_persons_git_settings_is_opened(
    sim: Simulator, rung: Rung, staged: Path, tmp_path: Path
) -> None:
    mine = settings_of_git(tmp_path, SAVE)
    env = environment(GIT_EDITOR=None, EDITOR="false", VISUAL="false", GIT_CONFIG_GLOBAL=mine)
    done = await rung("commit", "--edit", env=env)
    assert (done.code, done.err) == (0, "")
    assert git(staged, "log", "-1", "--format=%s") == "What the person wrote\n"


@pytest.mark.parametrize("scope", ["--local", "--worktree", "included"])
@pytest.mark.parametrize("mine", [SAVE, None], ids=["in the person's settings", "in EDITOR"])
async def test_a_repository_nobody_trusts_names_no_editor(
    mine: str | None, scope: str, *, sim: Simulator, rung: Rung, staged: Path, tmp_path: Path
) -> None:
    hostile = "touch trapped; true"
    if scope == "included":
        git(staged, "config", "--file", ".git/more", "core.editor", hostile)
        git(staged, "config", "include.path", "more")
    else:
        git(staged, "config", "extensions.worktreeConfig", "true")
        git(staged, "config", scope, "core.editor", hostile)
    env = environment(GIT_EDITOR=None, VISUAL=None, EDITOR=SAVE, GIT_CONFIG_GLOBAL=settings_of_git(tmp_path, mine))
    done = await rung("commit", "--edit", env=env)
    assert done.code == 0
    assert "rung: the editor in this repository's own settings is left alone" in done.err
    assert git(staged, "log", "-1", "--format=%s") == "What the person wrote\n"
    assert not (staged / "trapped").exists()


async def test_a_trusted_repository_names_the_editor(sim: Simulator, rung: Rung, staged: Path) -> None:
    (staged / ".rung").mkdir()
    (staged / ".rung/rung.toml").touch()
    assert (await rung("trust")).code == 0
    git(staged, "config", "core.editor", SAVE)
    done = await rung("commit", "--edit", env=environment(GIT_EDITOR=None, EDITOR="false", VISUAL="false"))
    assert (done.code, done.err) == (0, "")
    assert git(staged, "log", "-1", "--format=%s") == "What the person wrote\n"


NO_EDITOR = {"GIT_EDITOR": None, "EDITOR": None, "VISUAL": None}
HOW = "Name one, as in `git config --global core.editor nano`; `rung commit` alone prints the message.\n"


@pytest.mark.parametrize(
    "changes",
    [{**NO_EDITOR, "TERM": "dumb"}, {**NO_EDITOR, "TERM": None}, {**NO_EDITOR, "TERM": "dumb", "VISUAL": "code"}],
    ids=["dumb", "none", "only a screen's"],
)
@pytest.mark.parametrize("trust", [False, True])
async def test_a_terminal_without_an_editor_is_told_before_a_model_is_asked(
    *, trust: bool, changes: dict[str, str | None], sim: Simulator, rung: Rung, staged: Path
) -> None:
    if trust:
        (staged / ".rung").mkdir()
        (staged / ".rung/rung.toml").touch()
        assert (await rung("trust")).code == 0
    else:
        git(staged, "config", "core.editor", "theirs")
    done = await rung("commit", "--edit", env=environment(**changes))
    assert done.code == 1
    assert done.err.endswith(f"rung: Git knows no editor to open. {HOW}")
    assert sim.connections == 0


@pytest.mark.parametrize("way", ["GIT_EDITOR", "core.editor", "EDITOR"])
@pytest.mark.parametrize(
    "editor", ["no-such-editor --wait", "{tmp_path}/plain", " "], ids=["missing", "no program", "blank"]
)
async def test_an_editor_that_is_not_there_is_told_before_a_model_is_asked(
    editor: str, way: str, *, sim: Simulator, rung: Rung, staged: Path, tmp_path: Path
) -> None:
    editor = editor.replace("{tmp_path}", str(tmp_path))
    (tmp_path / "plain").touch()
    changes = NO_EDITOR | ({way: editor} if way != "core.editor" else {})
    mine = settings_of_git(tmp_path, editor if way == "core.editor" else None)
    done = await rung("commit", "--edit", env=environment(**changes, GIT_CONFIG_GLOBAL=mine))
    assert done.code == 1
    program = next(iter(editor.split()), None)
    wrong = f"Git's editor `{program}` cannot be started." if program else "Git knows no editor to open."
    assert done.err == f"rung: {wrong} {HOW}"
    assert sim.connections == 0


LOST = "rung: nothing is committed; this would have been the message:\n"


@pytest.mark.parametrize("editor", ['"/no/such/editor" --wait', "false"], ids=["missing", "fails"])
async def test_the_message_is_not_lost_where_the_editor_fails(
    editor: str, sim: Simulator, rung: Rung, staged: Path
) -> None:
    done = await edit(rung, editor)
    assert done.code == 1
    assert done.out.splitlines()[0] == SUBJECT
    assert done.err.endswith(LOST)
    assert (f"could not be started. {HOW}" in done.err) == (editor != "false")
    assert git(staged, "log", "--format=%s") == "Begin\n"


async def test_the_message_is_not_lost_where_git_refuses(sim: Simulator, rung: Rung, staged: Path) -> None:
    assert (await edit(rung, "true")).out == "", "whoever saves nothing wants none of it"
    done = await edit(rung, "touch", GIT_COMMITTER_DATE="no date")
    assert done.code == 1
    assert done.out.splitlines()[0] == SUBJECT
    assert done.err.endswith(LOST)


def _wait(pid: int) -> None:
    """Until a process of ours is gone; asyncio would wait for its pipes too, which the editor holds."""
    with contextlib.suppress(ChildProcessError):  # asyncio was faster
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
async def test_whoever_is_killed_while_editing_leaves_no_message_behind(
    number: signal.Signals, sim: Simulator, rung: Rung, staged: Path, tmp_path: Path
) -> None:
    opened, closed, scratch = tmp_path / "opened", tmp_path / "closed", tmp_path / "scratch"
    scratch.mkdir()
    for pipe in (opened, closed):
        os.mkfifo(pipe)
    waits = f'waits() {{ echo > "{opened}"; cat "{closed}"; touch "$1"; }}; waits'
    process = await rung.start("commit", "--edit", env=environment(GIT_EDITOR=waits, TMPDIR=str(scratch)))
    await asyncio.to_thread(opened.read_text)
    before = [path.read_text(encoding="utf-8") for path in scratch.rglob("message")]
    process.send_signal(number)
    await asyncio.to_thread(_wait, process.pid)
    left = list(scratch.iterdir())
    # The editor outlives whoever opened it; what is saved in it now is nobody's commit.
    await asyncio.to_thread(closed.write_text, "")
    done = ran(process, *await process.communicate())
    assert done.code == 128 + number
    assert ([text.startswith(SUBJECT) for text in before], left) == ([True], [])
    assert git(staged, "log", "--format=%s") == "Begin\n"


async def test_nothing_is_imported_from_the_repository(sim: Simulator, rung: Rung, staged: Path) -> None:
    trap = "open('trapped', 'w').close()\n"
    for name in ("asyncio.py", "shlex.py", "subprocess.py"):
        (staged / name).write_text(trap, encoding="utf-8")
    script = staged.parent / "rung"
    script.write_text(f"#!{sys.executable} -P\nfrom rung.cli import main\nraise SystemExit(main())\n", encoding="utf-8")
    script.chmod(0o755)
    env = environment(GIT_EDITOR="touch", PATH=f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    done = await rung.shell("command rung commit --edit", env=env)
    assert done.code == 0, done.err
    assert git(staged, "log", "-1", "--format=%s").startswith("feat(area)")
    assert not (staged / "trapped").exists()


# --hook


@pytest.fixture
def hooked(staged: Path) -> Path:
    """The repository with Rung in its prepare-commit-msg hook."""
    hook = staged / ".git/hooks/prepare-commit-msg"
    hook.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rung commit --hook "$@"\n', encoding="utf-8")
    hook.chmod(0o755)
    return staged


async def commit(rung: Rung, *words: str, folder: Path | None = None) -> Ran:
    """``git commit`` with an editor that keeps what the person would see, and saves it as it is."""
    keep = 'keep() { cp "$1" "$SEEN"; }; keep'
    env = environment(GIT_EDITOR=keep, SEEN=str(rung.folder.parent / "seen"))
    line = " ".join(["git", "commit", "-q", *map(shlex.quote, words)])
    return await Rung(folder or rung.folder).shell(line, env=env)


def seen(rung: Rung) -> str:
    """What the editor showed."""
    return (rung.folder.parent / "seen").read_text(encoding="utf-8")


async def test_the_hook_puts_the_message_above_the_comments(sim: Simulator, rung: Rung, hooked: Path) -> None:
    assert (await commit(rung)).code == 0
    lines = seen(rung).splitlines()
    assert lines[0] == SUBJECT
    first = next(number for number, line in enumerate(lines) if line.startswith("#"))
    assert lines[first - 1] == ""
    assert "`abs` is now handled" in "\n".join(lines[:first])
    assert all(line.startswith("#") for line in lines[first:])
    assert git(hooked, "log", "-1", "--format=%s") == f"{SUBJECT}\n"


@pytest.mark.parametrize("words", [("-a",), ("area.py",), ("-v",), ("--signoff",)], ids=" ".join)
async def test_the_hook_sees_what_this_commit_holds(
    words: tuple[str, ...], sim: Simulator, rung: Rung, hooked: Path
) -> None:
    (hooked / "other.py").write_text("other = 1\n", encoding="utf-8")
    git(hooked, "add", "other.py")
    assert (await commit(rung, *words)).code == 0
    whole = "'not staged'" in prompt_of(sim)
    assert whole == (words[0] in {"-a", "area.py"})
    assert ("other.py" in prompt_of(sim)) == (words[0] != "area.py")
    assert seen(rung).splitlines()[0].startswith("feat(")
    if words[0] == "--signoff":
        assert git(hooked, "log", "-1", "--format=%(trailers:key=Signed-off-by)").startswith("Signed-off-by: Rung Test")


@pytest.mark.parametrize(
    "words", [("-m", "Mine"), ("--amend",), ("--amend", "--no-edit"), ("-C", "HEAD")], ids=" ".join
)
async def test_the_hook_leaves_a_message_that_is_there_alone(
    words: tuple[str, ...], sim: Simulator, rung: Rung, hooked: Path
) -> None:
    assert (await commit(rung, *words)).code == 0
    assert git(hooked, "log", "-1", "--format=%B").strip() in {"Mine", "Begin"}
    assert sim.connections == 0


async def test_the_hook_leaves_a_merge_alone(sim: Simulator, rung: Rung, hooked: Path) -> None:
    git(hooked, "stash", "-q")
    git(hooked, "checkout", "-qb", "side")
    git(hooked, "commit", "-q", "--allow-empty", "-m", "On the side")
    git(hooked, "checkout", "-q", "main")
    done = await rung.shell("git merge -q --no-ff --edit side", env=environment(GIT_EDITOR="true"))
    assert done.code == 0
    assert git(hooked, "log", "-1", "--format=%s") == "Merge branch 'side'\n"
    assert sim.connections == 0


async def test_the_hook_works_in_a_linked_work_tree(sim: Simulator, rung: Rung, hooked: Path) -> None:
    linked = hooked.parent / "linked"
    git(hooked, "worktree", "add", "-q", str(linked), "-b", "linked")
    (linked / "volume.py").write_text("def volume(): ...\n", encoding="utf-8")
    git(linked, "add", ".")
    assert (await commit(rung, folder=linked)).code == 0
    assert "volume.py" in prompt_of(sim)
    assert "area.py" not in prompt_of(sim)
    assert "volume" in git(linked, "log", "-1", "--format=%s")


async def test_the_hook_honours_another_comment_character(sim: Simulator, rung: Rung, hooked: Path) -> None:
    git(hooked, "config", "core.commentChar", ";")
    assert (await commit(rung)).code == 0
    assert seen(rung).splitlines()[0] == SUBJECT


async def test_the_hook_keeps_every_byte_that_was_there(sim: Simulator, rung: Rung, hooked: Path) -> None:
    file = hooked / ".git/COMMIT_EDITMSG"
    file.write_bytes(b"caf\xe9 au lait\n\n# a comment\n")
    assert (await rung("commit", "--hook", str(file))).code == 0
    assert file.read_bytes().startswith(b"caf\xe9 au lait\n")
    assert file.read_bytes().endswith(b"# a comment\n")
    assert b"feat(area)" in file.read_bytes()


@pytest.mark.parametrize("trouble", ["no model", "broken settings", "no state folder", "no home"])
async def test_the_hook_never_stops_a_commit(trouble: str, rung: Rung, hooked: Path) -> None:
    env = environment(GIT_EDITOR='sed -i "1i Typed by the person"')
    path = configure("http://127.0.0.1:1")
    if trouble == "broken settings":
        path.write_text("[[tier]\n", encoding="utf-8")
    elif trouble == "no state folder":
        env["RUNG_STATE_DIR"] = "/dev/null/state"
    elif trouble == "no home":
        del env["HOME"]
    done = await rung.shell("git commit -q", env=env)
    assert done.code == 0, done.err
    assert git(hooked, "log", "-1", "--format=%s").startswith("Typed by the person")


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("pipe", "is a pipe, a socket or a device. Name the file that git names."),
        ("folder", "is a folder. Name the file that git names."),
        ("device", "is a pipe, a socket or a device. Name the file that git names."),
        ("missing", "cannot be read and written: No such file or directory."),
        ("link to nowhere", "cannot be read and written: No such file or directory."),
        ("below a file", "cannot be read and written: Not a directory."),
        ("huge", "is longer than 16 MB."),
        ("binary", "is no text that git could commit."),
    ],
)
async def test_the_hook_waits_for_no_file_and_asks_nobody_about_what_it_cannot_write(
    kind: str, wrong: str, *, sim: Simulator, rung: Rung, staged: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    elif kind == "device":
        file.symlink_to("/dev/zero")
    elif kind == "link to nowhere":
        file.symlink_to("nowhere")
    elif kind == "below a file":
        file.touch()
        file /= "below"
    elif kind == "huge":
        file.touch()
        os.truncate(file, 10**12)
    elif kind == "binary":
        file.write_bytes("feat: größer\n".encode("utf-16"))
    done = await rung("commit", "--hook", str(file))
    assert (done.code, done.out, done.err) == (0, "", f"rung: no message was written: {file} {wrong}\n")
    assert sim.connections == 0


async def test_the_hook_finds_out_that_it_may_not_write_before_anybody_is_asked(
    sim: Simulator, rung: Rung, staged: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    shutil.copy(shutil.which("sleep") or "", file)
    # Nobody, not even root, may write to a program that runs.
    program = await asyncio.create_subprocess_exec(str(file), "60")
    try:
        done = await rung("commit", "--hook", str(file))
    finally:
        program.kill()
        await program.wait()
    assert (done.code, done.out) == (0, "")
    assert done.err == f"rung: no message was written: {file} cannot be read and written: Text file busy.\n"
    assert sim.connections == 0


async def test_the_hook_shows_a_message_that_it_could_not_write(sim: Simulator, rung: Rung, staged: Path) -> None:
    file = staged / ".git/COMMIT_EDITMSG"
    comments = "# a comment\n" * 80
    file.write_text(comments, encoding="utf-8")
    # A limit on the size of files, of a KB: as good as a full disk.
    done = await rung.shell(f"ulimit -f 1; trap '' XFSZ; rung commit --hook {file}")
    assert (done.code, done.out) == (0, "")
    assert SUBJECT in done.err.splitlines()
    assert done.err.endswith(f"rung: no message was written: {file} cannot be written: File too large. It is above.\n")
    assert file.read_text(encoding="utf-8") == comments
    assert [path.name for path in file.parent.glob("COMMIT_EDITMSG*")] == [file.name]


async def test_the_hook_outside_of_any_folder_stops_no_commit(sim: Simulator, rung: Rung, staged: Path) -> None:
    done = await rung.shell("mkdir gone; cd gone; rmdir ../gone; rung commit --hook file")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("rung: no message was written: file cannot be read and written: ")


async def test_the_hook_says_why_there_is_no_message(rung: Rung, hooked: Path) -> None:
    configure("http://127.0.0.1:1").write_text("[[tier]\n", encoding="utf-8")
    done = await rung("commit", "--hook", str(hooked / ".git/COMMIT_EDITMSG"))
    assert done.code == 0
    assert done.err.startswith("rung: no message was written: ")
    assert "rung.toml:1:" in done.err


@pytest.mark.parametrize(
    ("said", "message", "why"),
    [
        ("Option 1: feat: add a\nOption 2: fix: add b", "feat: add a", "it offers several messages"),
        ("feat: " + "very long subject " * 12, "feat: " + "very long subject " * 12, "more than 100 characters"),
    ],
    ids=["several", "long"],
)
async def test_a_message_of_a_poor_form_goes_up_and_is_shown_marked_for_want_of_better(
    said: str, message: str, why: str, rung: Rung, repo: Path
) -> None:
    (repo / "new.py").write_text("new = 1\n", encoding="utf-8")
    git(repo, "add", ".")
    good = SimModel(LARGE, parameters=14e9, says="feat: add what is new")
    async with Simulator([SimModel(SMALL, says=said), good]) as sim:
        configure(sim.url)
        done = await rung("commit")
        assert (done.code, done.out, done.err) == (0, "feat: add what is new\n", "")
        alone = await rung("commit", "--tier", "small")
        assert (alone.code, alone.out) == (0, message.strip() + "\n")
        assert alone.err.startswith("rung: this answer is the best there was, but not good enough: ")
        assert why in alone.err
        configure(sim.url, SETTINGS.partition('[[tier]]\nname = "large"')[0])
        only = await rung("commit")
        assert (only.code, only.out, only.err) == (0, alone.out, alone.err)
