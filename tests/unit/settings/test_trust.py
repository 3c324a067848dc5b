"""Which workspaces the person trusts."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rung.errors import UsageError
from rung.settings import cold, trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.settings.conftest import Person


def test_nobody_is_trusted_unasked(person: Person) -> None:
    assert not trust.trusted(person.workspace)
    person.workspace_says("")
    assert not trust.trusted(person.workspace)


def test_trust_is_remembered_and_forgotten(person: Person, tmp_path: Path) -> None:
    person.workspace_says("")
    trust.trust(person.workspace)
    assert trust.trusted(person.workspace)
    link = tmp_path / "link"
    link.symlink_to(person.workspace)
    assert trust.trusted(link)
    assert trust.untrust(link)
    assert not trust.trusted(person.workspace)
    assert not trust.untrust(person.workspace)


def test_the_memory_is_for_the_person_alone(person: Person) -> None:
    person.workspace_says("")
    trust.trust(person.workspace)
    memory = Path(trust.memory_name())
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600
    assert stat.S_IMODE(memory.parent.stat().st_mode) == 0o700
    assert [path.name for path in memory.parent.iterdir()] == ["trust.json"]


def test_a_memory_others_can_write_is_not_believed(person: Person) -> None:
    person.workspace_says("")
    trust.trust(person.workspace)
    Path(trust.memory_name()).chmod(0o666)
    assert not trust.trusted(person.workspace)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"trusted": 3}', "\x00", "null"])
def test_a_broken_memory_trusts_nobody_and_can_be_used_again(person: Person, text: str) -> None:
    person.workspace_says("")
    trust.trust(person.workspace)
    Path(trust.memory_name()).write_text(text, encoding="utf-8")
    assert not trust.trusted(person.workspace)
    trust.trust(person.workspace)
    assert trust.trusted(person.workspace)


def edit(folder: Path) -> None:
    (folder / "rung.toml").write_text("actions = []\n", encoding="utf-8")


def add(folder: Path) -> None:
    (folder / "actions" / "new.md").write_text("", encoding="utf-8")


def remove(folder: Path) -> None:
    (folder / "actions" / "a.md").unlink()


def rename(folder: Path) -> None:
    (folder / "actions" / "a.md").rename(folder / "actions" / "b.md")


def move_bytes(folder: Path) -> None:
    # The same bytes in the same order, cut elsewhere.
    (folder / "rung.toml").write_text("", encoding="utf-8")
    (folder / "actions" / "a.md").write_text("# comment\nprompt", encoding="utf-8")


@pytest.mark.parametrize("change", [edit, add, remove, rename, move_bytes])
def test_any_change_ends_the_trust(person: Person, change: Callable[[Path], None]) -> None:
    folder = person.workspace_says("# comment\n").parent
    (folder / "actions").mkdir()
    (folder / "actions" / "a.md").write_text("prompt", encoding="utf-8")
    trust.trust(person.workspace)
    change(folder)
    assert not trust.trusted(person.workspace)


def test_a_moved_workspace_is_another_one(person: Person, tmp_path: Path) -> None:
    person.workspace_says("")
    trust.trust(person.workspace)
    moved = person.workspace.rename(tmp_path / "moved")
    assert not trust.trusted(moved)


def test_there_is_nothing_to_trust_without_a_folder(person: Person) -> None:
    with pytest.raises(UsageError, match=r"no \.rung folder"):
        trust.trust(person.workspace)


def outside_file(folder: Path) -> None:
    (folder / "x.md").symlink_to(folder.parent / "x.md")
    (folder.parent / "x.md").write_text("", encoding="utf-8")


def outside_folder(folder: Path) -> None:
    (folder / "actions").symlink_to(folder.parent)


def outside_by_name(folder: Path) -> None:
    beside = folder.parent / ".rung-beside"
    beside.mkdir()
    (folder / "actions").symlink_to(beside)


def dangling(folder: Path) -> None:
    (folder / "x.md").symlink_to(folder / "nowhere")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def whole_folder(folder: Path) -> None:
    real = folder.rename(folder.parent.parent / "elsewhere")
    folder.symlink_to(real)


def huge(folder: Path) -> None:
    with (folder / "big").open("wb") as file:
        file.truncate(17 * 1024 * 1024)


def many(folder: Path) -> None:
    for number in range(1001):
        (folder / f"{number}.md").touch()


@pytest.mark.parametrize(
    ("trick", "word"),
    [
        (outside_file, "leads out"),
        (outside_folder, "leads out"),
        (outside_by_name, "leads out"),
        (dangling, "leads out"),
        (pipe, "not a file"),
        (whole_folder, "not a folder of its own"),
        (huge, "too large"),
        (many, "too large"),
    ],
)
def test_what_reaches_out_of_the_folder_is_refused(person: Person, trick: Callable[[Path], None], word: str) -> None:
    trick(person.workspace_says("").parent)
    with pytest.raises(UsageError, match=word):
        trust.trust(person.workspace)
    assert not trust.trusted(person.workspace)


def test_the_pins_of_a_refused_folder_still_count(person: Person) -> None:
    folder = person.workspace_says('[[rule]]\nname = "r"\nlocal = true\n').parent
    outside_file(folder)
    settings, warnings, _ = cold.read(person.workspace, None)
    assert settings.rules[0].name == "r (workspace)"
    assert "leads out" in warnings[0]


def test_a_settings_file_that_leads_out_is_not_read(person: Person, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("-----BEGIN PRIVATE KEY-----", encoding="utf-8")
    person.theirs.parent.mkdir()
    person.theirs.symlink_to(secret)
    settings, warnings, _ = cold.read(person.workspace, None)
    assert [rule.name for rule in settings.rules if rule.layer == "untrusted"] == ["unreadable pins (workspace)"]
    assert "leads out" in warnings[0]
    assert "BEGIN" not in " ".join(warnings)


def test_a_link_inside_the_folder_can_be_trusted(person: Person) -> None:
    folder = person.workspace_says("").parent
    (folder / "b.md").symlink_to("rung.toml")
    trust.trust(person.workspace)
    assert trust.trusted(person.workspace)
