"""A workspace that nobody trusts, with a mistake in its file: nothing leaves this machine, and its other pins hold."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rung.errors import SettingsError
from rung.settings import strangers, trust
from rung.settings.load import load
from rung.settings.store import SettingsStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.settings.conftest import Person

    from rung.settings.values import Settings

PIN = '[[rule]]\nname = "plans"\nlocal = true\n[rule.when]\npath = "plans/**"\n'
LOWER = "[budget]\nper_day = 0.5\n"


def added(settings: Settings) -> list[str]:
    return [rule.name for rule in settings.rules if rule.layer == "untrusted"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("default_tier = \n", 1),
        ("\ndefualt_tier = 'large'\n", 2),
        ('[[rule]]\nname = "r"\nlocl = true\n', 3),
        ("rule = [{ name = 'r', local = true }]\nx = 1\n", 2),
        ("\x00", 1),
        ("#" * 200_000, 1),
        ("a." * 50_000 + "a = 1\n" + PIN, 1),
        ("a = " + "[" * 5000, 1),
    ],
)
def test_its_broken_file_is_left_out_with_a_warning_at_its_line(person: Person, text: str, line: int) -> None:
    person.workspace_says(text)
    loaded = load(person.workspace)
    closed, *others = loaded.settings.rules
    assert closed.local
    assert loaded.settings.replace(sources=(), rules=tuple(others)) == load(None).settings.replace(sources=())
    (warning,) = loaded.warnings
    assert warning.startswith(f"{person.theirs}:{line}: ")
    assert "not trusted" in warning
    assert "requests here stay on this machine" in warning
    assert [(error.path, error.line) for error in loaded.errors] == [(person.theirs, line)]


@pytest.mark.parametrize(
    "mistake",
    [
        "default_tier = \n{}",
        "colour = 1\n{}",
        '{}[[tier]]\nname = "a"\n[[tier.model]]\nprovider = "olama"\n',
        '{}[[rule]]\nname = "worse"\nlocal = true\nwhen = {{ pattern = "(" }}\n',
        '[[rule]]\nname = "worse"\nwhen = {{ path = [\n{}',
        '[[rule]]\nname = "worse"\nlocal = \n{}',
        '{}[[rule]]\nname = "worse"\nwhen = """\n',
        "".join(f'[[rule]]\nname = "{n}"\nlocal = 1\n' for n in range(5)) + "{}",
    ],
)
def test_the_pins_beside_the_mistake_hold(person: Person, mistake: str) -> None:
    person.workspace_says(mistake.format(PIN + LOWER))
    loaded = load(person.workspace)
    assert added(loaded.settings) == [f"{strangers.CLOSED.name} (workspace)", "plans (workspace)"]
    assert loaded.settings.rules[1].when.path == ("plans/**",)
    assert loaded.settings.budget.per_day == 0.5
    (warning,) = loaded.warnings
    assert "stay on this machine" in warning


def test_it_says_so_every_time(person: Person) -> None:
    person.workspace_says("x\n")
    assert load(person.workspace).warnings == load(person.workspace).warnings != ()


def test_a_mistake_in_the_person_s_own_words_is_an_error_all_the_same(person: Person) -> None:
    words = person.own.with_name("words") / "xx.toml"
    words.parent.mkdir(parents=True)
    words.write_text("mine = 1\n", encoding="utf-8")
    person.workspace_says('[[rule]]\nname = "r"\nlocal = true\nwhen = { words = "@mine" }\n')
    with pytest.raises(SettingsError) as caught:
        load(person.workspace)
    assert caught.value.path == words


def test_last_good_settings_come_before_what_is_left_of_a_broken_file(person: Person) -> None:
    person.workspace_says(PIN)
    good = load(person.workspace).settings
    person.workspace_says("x\n")
    loaded = load(person.workspace, last_good=good)
    assert loaded.settings is good
    assert [error.line for error in loaded.errors] == [1]


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_pin_that_was_read_once_outlives_a_mistake(person: Person, *, is_trusted: bool) -> None:
    person.workspace_says(PIN)
    if is_trusted:
        trust.trust(person.workspace)
    store = SettingsStore(load)
    good = store.current(person.workspace)
    assert "plans" in good.rules[0].name
    person.workspace_says(PIN.replace("true", "ture"))
    heard: list[tuple[Settings | None, SettingsError | None]] = []
    store.subscribe(lambda _, settings, error, __: heard.append((settings, error)))
    store.reload()
    assert store.current(person.workspace) is good
    assert [(settings, error.line if error else 0) for settings, error in heard] == [(None, 3)]
    person.workspace_says("")
    store.reload()
    assert not store.loaded(person.workspace).errors


def test_a_file_broken_from_the_first_holds_up_no_change_of_the_person_s_own(person: Person) -> None:
    person.workspace_says("x\n")
    store = SettingsStore(load)
    assert store.current(person.workspace).default_tier == "small"
    heard: list[tuple[Path | None, Settings | None, SettingsError | None, tuple[str, ...]]] = []
    store.subscribe(lambda *said: heard.append(said))
    store.reload()
    assert heard == []
    person.says("default_tier = 'large'\n")
    store.reload()
    assert store.current(person.workspace).default_tier == "large"
    ((_, settings, error, warnings),) = heard
    assert settings is store.current(person.workspace)
    assert error is not None
    assert (error.path, len(warnings)) == (person.theirs, 1)


def link_folder(person: Person) -> None:
    elsewhere = person.workspace.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "rung.toml").write_text(PIN, encoding="utf-8")
    person.theirs.parent.symlink_to(elsewhere)


def link_nowhere(person: Person) -> None:
    person.theirs.parent.symlink_to("not mounted")


def pipe_folder(person: Person) -> None:
    os.mkfifo(person.theirs.parent)


def link_file(person: Person) -> None:
    person.theirs.parent.mkdir()
    outside = person.workspace.with_name("outside.toml")
    outside.write_text(PIN, encoding="utf-8")
    person.theirs.symlink_to(outside)


def link_file_nowhere(person: Person) -> None:
    person.theirs.parent.mkdir()
    person.theirs.symlink_to("gone.toml")


def pipe(person: Person) -> None:
    person.theirs.parent.mkdir()
    os.mkfifo(person.theirs)


def a_folder(person: Person) -> None:
    (person.theirs / "rung.toml").mkdir(parents=True)


def link_to_a_folder(person: Person) -> None:
    (person.theirs.parent / "actions").mkdir(parents=True)
    person.theirs.symlink_to("actions")


def device(person: Person) -> None:
    person.theirs.parent.mkdir()
    person.theirs.symlink_to("/dev/zero")


def huge(person: Person) -> None:
    person.theirs.parent.mkdir()
    with person.theirs.open("wb") as file:
        file.truncate(17 * 1024 * 1024)


UNREADABLE = [
    link_folder,
    link_nowhere,
    pipe_folder,
    link_file,
    link_file_nowhere,
    pipe,
    a_folder,
    link_to_a_folder,
    device,
    huge,
]


@pytest.mark.parametrize("made", UNREADABLE)
def test_one_that_cannot_be_read_at_all_keeps_everything_here(person: Person, made: Callable[[Person], None]) -> None:
    made(person)
    loaded = load(person.workspace)
    assert added(loaded.settings) == ["unreadable pins (workspace)"]
    assert loaded.settings.rules[0].local
    (warning,) = loaded.warnings
    assert warning.startswith(f"{person.theirs.parent} can't be trusted: it ")
    assert "requests here stay on this machine" in warning
    # The cache, too, may not forget it.
    assert added(load(person.workspace).settings) == ["unreadable pins (workspace)"]


@pytest.mark.parametrize("text", [None, PIN])
def test_one_that_is_refused_for_something_else_in_it_keeps_its_pins(person: Person, text: str | None) -> None:
    person.theirs.parent.mkdir()
    os.mkfifo(person.theirs.parent / "zz")
    if text is not None:
        person.workspace_says(text)
    loaded = load(person.workspace)
    assert added(loaded.settings) == ([] if text is None else ["plans (workspace)"])
    assert "can't be trusted" in loaded.warnings[0]
