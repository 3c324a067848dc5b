"""The settings of a running server: real files, really watched."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from tests.virtual import run_virtual

from rung.errors import SettingsError
from rung.settings import places, trust
from rung.settings.load import Loaded, load
from rung.settings.store import SettingsStore
from rung.settings.values import Settings

if TYPE_CHECKING:
    from tests.unit.settings.conftest import Person

Heard = tuple[Path | None, Settings | None, SettingsError | None, tuple[str, ...]]

LIMIT = 30
"""Seconds after which something that is waited for counts as lost."""


class Listener:
    """A subscriber that can be waited for."""

    def __init__(self, store: SettingsStore) -> None:
        self.store = store
        self.heard: list[Heard] = []
        self._news = asyncio.Event()
        self.unsubscribe = store.subscribe(self._hear)

    def _hear(self, *said: object) -> None:
        self.heard.append(said)  # type: ignore[arg-type]  # a subscriber's four arguments
        self._news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for news until something holds."""
        async with asyncio.timeout(LIMIT):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def default_tier(self, name: str | None, root: Path | None = None) -> None:
        """Wait until that default tier is in force and no error stands."""
        await self.until(lambda: not self.store.loaded(root).errors and self.store.current(root).default_tier == name)


@contextlib.asynccontextmanager
async def watching(store: SettingsStore) -> AsyncIterator[None]:
    """A store that watches, until the end of the block."""
    task = asyncio.create_task(store.watch())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest_asyncio.fixture
async def watched() -> AsyncIterator[Listener]:
    """A listener on a store that watches."""
    store = SettingsStore(load)
    store.current(None)
    listener = Listener(store)
    async with watching(store):
        yield listener


def test_half_a_file_that_is_right_toml_is_never_in_force(home: Path) -> None:
    """Whoever writes in pieces leaves a moment in which the pins of the second piece are not there yet."""
    path = places.config_folder() / "rung.toml"
    path.parent.mkdir(parents=True)
    half, rest = "default_tier = 'large'\n", "[[rule]]\nname = 'mine'\nlocal = true\n"

    async def play() -> list[tuple[str | None, bool]]:
        store = SettingsStore(load)
        store.current(None)
        heard: list[tuple[str | None, bool]] = []

        def hear(_: Path | None, found: Settings | None, *_rest: object) -> None:
            assert found is not None
            heard.append((found.default_tier, any(rule.name == "mine" for rule in found.rules)))

        store.subscribe(hear)
        path.write_text(half, encoding="utf-8")
        taken = asyncio.create_task(store._settle(None))
        # Later than a reading takes, for the clock stands still while a thread is at work.
        await asyncio.sleep(0.02)
        path.write_text(half + rest, encoding="utf-8")
        assert await taken
        return heard

    heard, _ = run_virtual(play())
    assert heard == [("large", True)]


def default(tier: str) -> str:
    return f"default_tier = '{tier}'\n"


async def test_a_file_in_a_folder_that_was_not_there_is_heard_of(watched: Listener, person: Person) -> None:
    assert not places.config_folder().exists()
    person.says(default("large"))
    await watched.default_tier("large")
    root, settings, error, warnings = watched.heard[-1]
    assert (root, error, warnings) == (None, None, ())
    assert settings is watched.store.current(None)


async def test_every_way_to_write_a_file_is_heard_of(watched: Listener, person: Person) -> None:
    person.says(default("large"))
    await watched.default_tier("large")
    person.own.write_text(default("cloud"), encoding="utf-8")
    await watched.default_tier("cloud")
    beside = person.own.with_suffix(".new")
    beside.write_text(default("large"), encoding="utf-8")
    beside.replace(person.own)
    await watched.default_tier("large")
    with person.own.open("r+", encoding="utf-8") as file:
        file.truncate()
        file.flush()
        file.write(default("cloud"))
    await watched.default_tier("cloud")
    person.own.unlink()
    await watched.default_tier("small")
    person.says(default("large"))
    await watched.default_tier("large")


async def test_a_folder_that_is_removed_and_made_again_is_still_watched(watched: Listener, person: Person) -> None:
    person.says(default("large"))
    await watched.default_tier("large")
    person.own.unlink()
    person.own.parent.rmdir()
    await watched.default_tier("small")
    person.says(default("cloud"))
    await watched.default_tier("cloud")
    person.own.parent.rename(person.own.parent.with_name("away"))
    await watched.default_tier("small")
    person.own.parent.with_name("away").rename(person.own.parent)
    await watched.default_tier("cloud")


async def test_a_broken_file_keeps_the_last_good_settings_and_says_so(watched: Listener, person: Person) -> None:
    person.says(default("large"))
    await watched.default_tier("large")
    good = watched.store.current(None)
    person.says("\n\nparallel = 1\n")
    await watched.until(lambda: bool(watched.store.loaded(None).errors))
    assert watched.store.current(None) is good
    _, settings, error, _ = watched.heard[-1]
    assert settings is None
    assert error is not None
    assert (error.path, error.line) == (person.own, 3)
    person.says(default("cloud"))
    await watched.default_tier("cloud")


async def test_a_mended_file_with_the_old_settings_is_heard_of_too(watched: Listener, person: Person) -> None:
    person.says(default("large"))
    await watched.default_tier("large")
    person.says("x")
    await watched.until(lambda: bool(watched.store.loaded(None).errors))
    person.says(default("large"))
    await watched.default_tier("large")
    assert [settings is None for _, settings, _, _ in watched.heard] == [False, True, False]


async def test_a_burst_of_writes_ends_with_the_last_valid_one(watched: Listener, person: Person) -> None:
    for number in range(200):
        person.says(default(("large", "cloud")[number % 2]) + f"# {number}\n" + "x" * (number % 3 == 0))
    person.says(default("large") + "[budget]\nper_day = 7\n")
    await watched.until(lambda: watched.store.current(None).budget.per_day == 7)
    assert watched.store.current(None).default_tier == "large"
    assert not watched.store.loaded(None).errors


async def test_a_file_that_is_a_link_is_watched_where_it_leads(person: Person, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "rung.toml"
    real.parent.mkdir()
    real.write_text(default("large"), encoding="utf-8")
    person.own.parent.mkdir(parents=True)
    person.own.symlink_to(real)
    store = SettingsStore(load)
    assert store.current(None).default_tier == "large"
    listener = Listener(store)
    async with watching(store):
        real.write_text(default("cloud"), encoding="utf-8")
        await listener.default_tier("cloud")


async def test_a_workspace_is_watched_from_when_it_is_known(watched: Listener, person: Person) -> None:
    person.says(default("large"))
    await watched.default_tier("large")
    root = person.workspace
    assert watched.store.current(root).default_tier == "large"
    person.workspace_says("[[rule]]\nname = 'w'\nlocal = true\n")
    await watched.until(lambda: watched.store.current(root).rules[0].name == "w (workspace)")
    assert watched.store.current(None).rules[0].name == "commit messages stay small"
    assert watched.heard[-1][0] == root


async def test_trust_given_elsewhere_takes_effect(watched: Listener, person: Person) -> None:
    person.workspace_says(default("cloud"))
    root = person.workspace
    assert watched.store.current(root).default_tier == "small"
    assert "not trusted" in watched.store.loaded(root).warnings[0]
    trust.trust(root)
    await watched.default_tier("cloud", root)
    (root / ".rung" / "actions").mkdir()
    (root / ".rung" / "actions" / "new.md").write_text("", encoding="utf-8")
    await watched.default_tier("small", root)


async def test_what_changed_before_the_watch_began_is_found(person: Person) -> None:
    store = SettingsStore(load)
    store.current(None)
    listener = Listener(store)
    person.says(default("cloud"))
    assert store.current(None).default_tier == "small"
    async with watching(store):
        await listener.default_tier("cloud")


async def test_a_request_keeps_the_settings_it_began_with(watched: Listener, person: Person) -> None:
    begun = watched.store.current(None)
    person.says(default("cloud"))
    await watched.default_tier("cloud")
    assert begun.default_tier == "small"


async def test_nobody_hears_of_what_changed_nothing(watched: Listener, person: Person) -> None:
    person.says(default("large"))
    await watched.default_tier("large")
    person.says("# the same\n" + default("large"))
    person.says(default("large") + "# once more\n")
    watched.store.reload()
    person.says(default("cloud"))
    await watched.default_tier("cloud")
    assert [settings.default_tier for _, settings, _, _ in watched.heard if settings] == ["large", "cloud"]


async def test_who_does_not_listen_any_more_hears_nothing(person: Person) -> None:
    store = SettingsStore(load)
    store.current(None)
    listener = Listener(store)
    listener.unsubscribe()
    listener.unsubscribe()
    person.says(default("large"))
    store.reload()
    assert store.current(None).default_tier == "large"
    assert listener.heard == []


def test_settings_are_read_once_and_again_by_hand(person: Person) -> None:
    store = SettingsStore(load)
    first = store.current(None)
    person.says(default("large"))
    assert store.current(None) is first
    store.reload()
    assert store.current(None).default_tier == "large"


def test_files_broken_from_the_first_leave_nothing_in_force(person: Person) -> None:
    person.says("x")
    store = SettingsStore(load)
    for _ in range(2):
        with pytest.raises(SettingsError):
            store.current(None)
    person.says("")
    store.reload()
    assert store.current(None).default_tier == "small"


def test_a_forgotten_workspace_is_read_anew(person: Person) -> None:
    store = SettingsStore(load)
    store.current(person.workspace)
    person.says(default("large"))
    store.forget(person.workspace)
    store.forget(person.workspace)
    assert store.current(person.workspace).default_tier == "large"


def test_a_slow_reading_never_undoes_a_later_one(person: Person) -> None:
    store = SettingsStore(load)
    store.current(None)
    old = next(store._numbers)
    result = store._read(None)
    person.says(default("large"))
    store.reload()
    store._take(None, old, result, [])
    assert store.current(None).default_tier == "large"


def test_a_cancelled_watch_leaves_no_thread_behind(person: Person) -> None:
    before = set(threading.enumerate())

    async def session() -> None:
        store = SettingsStore(load)
        store.current(None)
        listener = Listener(store)
        async with watching(store):
            person.says(default("large"))
            await listener.default_tier("large")

    asyncio.run(session())
    for thread in set(threading.enumerate()) - before:
        thread.join(LIMIT)
        assert not thread.is_alive()


async def test_a_file_that_is_empty_for_a_moment_never_counts_as_empty(person: Person) -> None:
    person.says(default("large"))
    loop = asyncio.get_running_loop()
    looked_again = asyncio.Event()
    found_empty = 0

    def load_and_tell(root: Path | None) -> Loaded:
        nonlocal found_empty
        loaded = load(root)
        if loaded.settings.default_tier == "small":
            found_empty += 1
            if found_empty == 2:
                loop.call_soon_threadsafe(looked_again.set)
        return loaded

    store = SettingsStore(load_and_tell)
    assert store.current(None).default_tier == "large"
    listener = Listener(store)
    async with watching(store):
        with person.own.open("w", encoding="utf-8") as file:
            async with asyncio.timeout(LIMIT):
                await looked_again.wait()
            file.write(default("cloud"))
        await listener.default_tier("cloud")
    assert [settings.default_tier for _, settings, _, _ in listener.heard if settings] == ["cloud"]


@pytest.mark.parametrize("way", ["in place", "replaced", "in the workspace", "trust"])
async def test_who_asks_for_fresh_settings_has_what_was_just_written(person: Person, way: str) -> None:
    person.says(default("small"))
    if way == "trust":
        person.workspace_says(default("large"))
    store = SettingsStore(load)
    heard = Listener(store).heard
    assert store.current(person.workspace).default_tier == "small"
    if way == "in place":
        person.says(default("large"))
    elif way == "replaced":
        person.own.with_name("new").write_text(default("large"))
        person.own.with_name("new").replace(person.own)
    elif way == "trust":
        trust.trust(person.workspace)
    else:
        person.workspace_says("[[rule]]\nname = 'pin'\nlocal = true\n")
    found = await store.fresh(person.workspace)
    assert found is store.current(person.workspace)
    own = [rule.name for rule in found.rules if rule.layer == "untrusted"]
    assert own == ["pin (workspace)"] if way == "in the workspace" else found.default_tier == "large"
    assert [settings for _, settings, _, _ in heard] == [found]
    assert await store.fresh(person.workspace) is found


async def test_fresh_settings_of_a_broken_file_are_the_last_good_ones(person: Person) -> None:
    person.says(default("large"))
    store = SettingsStore(load)
    good = store.current(None)
    person.says("default_tier = ")
    assert await store.fresh(None) is good
    assert store.loaded(None).errors
    person.says("")
    assert (await store.fresh(None)).default_tier == "small"


def test_who_goes_on_writing_is_waited_for_no_longer_than_five_seconds(person: Person) -> None:
    person.says(default("large"))
    number = 0

    def read_and_write(root: Path | None) -> Loaded:
        nonlocal number
        loaded, number = load(root), number + 1
        person.says(f"# {number}\n")
        return loaded

    store = SettingsStore(read_and_write)
    good = store.current(None)
    found, seconds = run_virtual(store.fresh(None))
    assert found is good
    assert 0 < seconds <= 5
