"""Files that are replaced as editors, git and links do it: the last content is in force, and nothing else before it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from rung.errors import SettingsError
from rung.settings import places, trust
from rung.settings.load import Loaded, load
from rung.settings.store import SettingsStore

from .test_store import Listener, default, watching

if TYPE_CHECKING:
    from tests.unit.settings.conftest import Person

OLD, NEW = default("large"), default("cloud")
Step = Callable[[Path], None]


def put(path: Path, text: str = NEW) -> None:
    """Write a file, and its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def move_over(path: Path) -> None:
    """A new file, moved over the old one: what most editors and tools do."""
    beside = path.with_name(f"{path.name}.tmp")
    put(beside)
    beside.replace(path)


def vim_copies(path: Path) -> None:
    """Vim's ``backupcopy=yes``: the old text goes into a copy, the file is emptied and written."""
    (path.parent / "4913").touch()
    (path.parent / "4913").unlink()
    shutil.copy2(path, f"{path}~")
    put(path)
    Path(f"{path}~").unlink()


def emacs_saves(path: Path) -> None:
    """A lock that is a link to nowhere, a backup under another name, an auto-save file that goes away."""
    lock, auto = path.with_name(f".#{path.name}"), path.with_name(f"#{path.name}#")
    lock.symlink_to("somebody@some-machine.4711:1700000000")
    put(auto)
    path.rename(f"{path}~")
    put(path)
    auto.unlink()
    lock.unlink()


def in_many_pieces(path: Path) -> None:
    """Emptied, and written a few bytes at a time."""
    with path.open("w", encoding="utf-8") as file:
        for letter in NEW:
            file.write(letter)
            file.flush()


@pytest.mark.parametrize("save", [put, move_over, vim_copies, emacs_saves, in_many_pieces])
async def test_what_an_editor_saves_is_in_force(person: Person, save: Step) -> None:
    person.says(OLD)
    store = SettingsStore(load)
    assert store.current(None).default_tier == "large"
    listener = Listener(store)
    async with watching(store):
        await begun(listener)
        save(person.own)
        await listener.default_tier("cloud")
    assert in_force(listener) == ["cloud"]


async def begun(listener: Listener, root: Path | None = None) -> None:
    """Wait until the store is watching: until it has heard of a change that changes nothing of what is looked at."""
    own = places.config_folder() / "rung.toml"
    put(own, (own.read_text(encoding="utf-8") if own.exists() else "") + "[budget]\nper_month = 5\n")
    await listener.until(lambda: listener.store.current(root).budget.per_month == 5)
    listener.heard.clear()


def in_force(listener: Listener) -> list[str | None]:
    return [settings.default_tier for _, settings, _, _ in listener.heard if settings is not None]


class Gap(NamedTuple):
    """A way to replace a file with a moment in between in which something else is there than before and after."""

    begin: Step
    end: Step
    looks: int = 2
    """How often the moment is looked at before it is over."""


def take_away(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def keep_as_backup(path: Path) -> None:
    path.rename(f"{path}~")


def remove_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("away"))


def move_folder_back(path: Path) -> None:
    put(path.parent.with_name("away") / path.name)
    path.parent.with_name("away").rename(path.parent)


def break_it(path: Path) -> None:
    put(path, "default_tier = ")


def fill_with_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def empty_the_folder(path: Path) -> None:
    path.rmdir()
    put(path)


GAPS = {
    "removed, made anew": Gap(take_away, put),
    "emptied, written": Gap(empty, put),
    "kept as a backup, made anew": Gap(keep_as_backup, put),
    "broken, whole": Gap(break_it, put, 1),
    "folder removed, made anew": Gap(remove_folder, put),
    "folder moved, moved back": Gap(move_folder, move_folder_back),
    "a folder, a file": Gap(fill_with_a_folder, empty_the_folder, 1),
}


class Watched:
    """Reads as usual, and ends a gap by itself when it was seen often enough: nothing hangs on anybody's speed."""

    def __init__(self, gap: Gap, path: Path) -> None:
        self.gap = gap
        self.path = path
        self.seen = 0

    def load(self, root: Path | None) -> Loaded:
        try:
            loaded = load(root)
        except SettingsError:
            self._look()
            raise
        if loaded.settings.default_tier == "small":
            self._look()
        return loaded

    def _look(self) -> None:
        self.seen += 1
        if self.seen == self.gap.looks:
            self.gap.end(self.path)


async def passes(gap: Gap, path: Path, root: Path | None = None) -> None:
    """Go through a gap, seen by a store that watches, and hold it to having shown nothing of it."""
    eyes = Watched(gap, path)
    store = SettingsStore(eyes.load)
    assert store.current(root).default_tier == "large"
    listener = Listener(store)
    async with watching(store):
        await begun(listener, root)
        gap.begin(path)
        await listener.default_tier("cloud", root)
    assert eyes.seen >= gap.looks
    assert in_force(listener) == ["cloud"]


@pytest.mark.parametrize("name", GAPS)
async def test_nothing_of_the_moment_between_two_files_is_in_force(person: Person, name: str) -> None:
    person.says(OLD)
    await passes(GAPS[name], person.own)


@pytest.mark.parametrize("name", ["removed, made anew", "emptied, written", "folder removed, made anew"])
async def test_nor_where_the_system_tells_nobody_of_changes(
    person: Person, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    person.says(OLD)
    await passes(GAPS[name], person.own)


def remove_target(path: Path) -> None:
    path.readlink().unlink()


def make_target(path: Path) -> None:
    put(path.readlink())


def unlink(path: Path) -> None:
    path.unlink()


def link_elsewhere(path: Path) -> None:
    path.symlink_to(path.parent.parent / "other.toml")
    put(path.parent.parent / "other.toml")


@pytest.mark.parametrize("gap", [Gap(remove_target, make_target), Gap(unlink, link_elsewhere)], ids=["target", "link"])
async def test_nor_where_the_file_is_a_link(person: Person, tmp_path: Path, gap: Gap) -> None:
    put(tmp_path / "dotfiles" / "rung.toml", OLD)
    person.own.parent.mkdir(parents=True)
    person.own.symlink_to(tmp_path / "dotfiles" / "rung.toml")
    await passes(gap, person.own)


async def test_nor_where_git_takes_a_file_away_and_brings_another(person: Person) -> None:
    """A workspace whose ``.rung/`` is not on every branch."""

    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=person.workspace, check=True, capture_output=True)

    git("init", "-q", "-b", "none")
    git("commit", "-q", "--allow-empty", "-m", "none")
    for name, text in (("old", OLD), ("new", NEW)):
        git("checkout", "-q", "-b", name, "none")
        person.workspace_says(text)
        git("add", "-f", ".")
        git("commit", "-q", "-m", name)
    trust.trust(person.workspace)
    memory = Path(trust.memory_name())
    remembered = await asyncio.to_thread(memory.read_text, "utf-8")
    git("checkout", "-q", "old")
    trust.trust(person.workspace)

    def away(_: Path) -> None:
        git("checkout", "-q", "none")

    def back(_: Path) -> None:
        put(memory, remembered)
        git("checkout", "-q", "new")

    await passes(Gap(away, back), person.theirs, person.workspace)


async def test_a_link_in_the_middle_of_others_is_watched(person: Person, tmp_path: Path) -> None:
    """The file is a link to one through a folder that is a link, which is what is replaced."""
    for name, text in (("first", OLD), ("second", NEW)):
        put(tmp_path / name / "rung.toml", text)
    (tmp_path / "current").symlink_to("first")
    person.own.parent.mkdir(parents=True)
    person.own.symlink_to(tmp_path / "current" / "rung.toml")
    store = SettingsStore(load)
    assert store.current(None).default_tier == "large"
    listener = Listener(store)
    async with watching(store):
        await begun(listener)
        (tmp_path / "next").symlink_to("second")
        (tmp_path / "next").replace(tmp_path / "current")
        await listener.default_tier("cloud")
        put(tmp_path / "second" / "rung.toml", OLD)
        await listener.default_tier("large")
    assert in_force(listener) == ["cloud", "large"]


async def test_a_folder_that_is_a_link_is_followed_to_the_next_one(person: Person, tmp_path: Path) -> None:
    for name, text in (("first", OLD), ("second", NEW)):
        put(tmp_path / name / "rung.toml", text)
    person.own.parent.parent.mkdir(parents=True, exist_ok=True)
    person.own.parent.symlink_to(tmp_path / "first")
    store = SettingsStore(load)
    assert store.current(None).default_tier == "large"
    listener = Listener(store)
    async with watching(store):
        await begun(listener)
        person.own.parent.with_name("next").symlink_to(tmp_path / "second")
        person.own.parent.with_name("next").replace(person.own.parent)
        await listener.default_tier("cloud")
    assert in_force(listener) == ["cloud"]


async def test_a_reload_in_the_moment_between_waits_until_it_is_over(person: Person) -> None:
    person.says(OLD)
    eyes = Watched(Gap(take_away, put), person.own)
    store = SettingsStore(eyes.load)
    store.current(None)
    listener = Listener(store)
    async with watching(store):
        await listener.default_tier("large")
        await asyncio.sleep(0)  # the watch has begun
        person.own.unlink()
        store.reload()
        assert store.current(None).default_tier == "large"
        await listener.default_tier("cloud")
    assert in_force(listener) == ["cloud"]


async def test_half_a_file_that_would_do_is_not_taken_while_somebody_writes_it(person: Person) -> None:
    """Nothing changes while it is read: only waiting a little tells that it goes on."""
    person.says(OLD)
    loop = asyncio.get_running_loop()
    steps = iter(("half",))
    watch_began = False

    def load_and_write(root: Path | None) -> Loaded:
        loaded = load(root)
        if watch_began and next(steps, None):
            put(person.own, "actions = []\n")
            # Timers end in the order of their times: the next look has begun, and has not read yet.
            loop.call_soon_threadsafe(loop.call_later, 0.095, put, person.own, "actions = []\n" + NEW)
        return loaded

    store = SettingsStore(load_and_write)
    assert store.current(None).default_tier == "large"
    listener = Listener(store)
    async with watching(store):
        await begun(listener)
        watch_began = True
        put(person.own, OLD)
        await listener.default_tier("cloud")
    assert "small" not in in_force(listener)


async def test_a_file_that_goes_and_comes_back_again_and_again_has_never_gone(person: Person) -> None:
    """However many looks before found somebody writing: the moment without a file does not count."""
    person.says(OLD)
    turns = 0

    def load_and_disturb(root: Path | None) -> Loaded:
        nonlocal turns
        loaded = load(root)
        if watch_began:
            turns += 1
            if turns < 12:
                put(person.own, OLD + "#" * turns)
            elif turns == 12:
                person.own.unlink()
            elif turns == 14:
                put(person.own)
        return loaded

    watch_began = False
    store = SettingsStore(load_and_disturb)
    assert store.current(None).default_tier == "large"
    listener = Listener(store)
    async with watching(store):
        await begun(listener)
        watch_began = True
        put(person.own, OLD)
        await listener.default_tier("cloud")
    assert in_force(listener) in (["cloud"], ["large", "cloud"])


async def test_who_writes_one_file_all_the_time_holds_up_nobody_else(person: Person) -> None:
    """One workspace's file never comes to rest; the others' settings are taken over all the same."""
    noisy, quiet = person.workspace, person.workspace.with_name("quiet")
    quiet.mkdir()
    put(quiet / ".rung" / "rung.toml", "")
    person.workspace_says("# 0\n")
    turns, loop, is_noisy = 0, asyncio.get_running_loop(), asyncio.Event()

    def load_noisily(root: Path | None) -> Loaded:
        nonlocal turns
        loaded = load(root)
        if root == noisy:
            turns += 1
            put(noisy / ".rung" / "rung.toml", f"# {'x' * turns}\n")
            if turns > 1:
                loop.call_soon_threadsafe(is_noisy.set)
        return loaded

    store = SettingsStore(load_noisily)
    store.current(noisy)
    store.current(quiet)
    listener = Listener(store)
    async with watching(store):
        await is_noisy.wait()
        put(quiet / ".rung" / "rung.toml", "[[rule]]\nname = 'q'\nlocal = true\n")
        await listener.until(lambda: store.current(quiet).rules[0].name == "q (workspace)")


@pytest.mark.parametrize("name", ["rung.toml", "actions/a.md"])
def test_who_opens_a_trusted_file_in_an_editor_does_not_end_the_trust(person: Person, name: str) -> None:
    person.workspace_says(NEW)
    path = person.theirs.parent / name
    put(path, NEW)
    trust.trust(person.workspace)
    path.with_name(f".#{path.name}").symlink_to("somebody@some-machine.4711:1700000000")
    for beside in (f".{path.name}.swp", f"{path.name}~", f"#{path.name}#", "4913"):
        put(path.with_name(beside), "[[rule]]\n")
    assert trust.trusted(person.workspace)
    assert load(person.workspace).settings.default_tier == "cloud"


@pytest.mark.parametrize("target", ["../../evil.md", "evil.md", "/etc/hostname"])
def test_what_only_looks_like_an_editor_s_lock_ends_it(person: Person, target: str) -> None:
    person.workspace_says(NEW)
    actions = person.theirs.parent / "actions"
    put(actions / "evil.md", "")
    trust.trust(person.workspace)
    (actions / ".#a.md").symlink_to(target)
    assert not trust.trusted(person.workspace)
    (actions / ".#a.md").unlink()
    put(actions / ".#a.md", "")
    assert not trust.trusted(person.workspace)


async def test_a_file_of_words_that_is_emptied_for_a_moment_loses_no_word(person: Person) -> None:
    words = person.own.with_name("words") / "xx.toml"
    put(words, 'mine = ["first"]\n')
    person.says('[[rule]]\nname = "r"\nwhen = { words = "@mine" }\nlocal = true\n')
    seen = 0

    def load_and_write(root: Path | None) -> Loaded:
        nonlocal seen
        with contextlib.suppress(OSError):
            if not words.read_bytes():
                seen += 1
                if seen == 2:
                    put(words, 'mine = ["second"]\n')
        return load(root)

    store = SettingsStore(load_and_write)
    store.current(None)
    listener = Listener(store)
    async with watching(store):
        put(words, "")
        await listener.until(lambda: store.current(None).rules[0].when.words == ("second",))
    assert [error for _, _, error, _ in listener.heard if error] == []
    assert seen >= 2
