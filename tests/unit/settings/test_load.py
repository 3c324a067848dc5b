"""Loading, with the cache."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rung.errors import SettingsError
from rung.settings import cache, cold, places, plain, trust
from rung.settings.load import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.settings.conftest import Person

REPORT = """
import sys
from rung.settings.load import load
loaded = load(sys.argv[1] if len(sys.argv) > 1 else None)
slow = {"tomllib", "msgspec", "platformdirs", "pathlib", "typing", "dataclasses", "inspect", "hashlib", "dotenv"}
print(loaded.settings.default_tier, *sorted(slow & set(sys.modules)))
"""


def in_a_new_process(root: Path | None = None) -> list[str]:
    """The default tier, and which slow modules were imported."""
    command = [sys.executable, "-c", REPORT, *([str(root)] if root else [])]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def entries() -> list[Path]:
    folder = places.cache_folder()
    return sorted(folder.iterdir()) if folder.is_dir() else []


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is ahead, so that files written by the test count as settled."""
    ahead = time.time_ns() + 10**12
    monkeypatch.setattr(time, "time_ns", lambda: ahead)


def test_a_hit_imports_nothing_slow(person: Person) -> None:
    person.says("default_tier = 'large'\n")
    load(None)
    assert in_a_new_process() == ["large"]


def test_a_hit_in_a_workspace_imports_nothing_slow_either(person: Person) -> None:
    person.workspace_says("default_tier = 'cloud'\n")
    trust.trust(person.workspace)
    load(person.workspace)
    assert in_a_new_process(person.workspace) == ["cloud"]


def test_a_miss_reads_the_files(person: Person) -> None:
    person.says("default_tier = 'large'\n")
    tier, *slow = in_a_new_process()
    assert tier == "large"
    assert {"tomllib", "msgspec"} <= set(slow)


def test_a_hit_is_the_same_as_a_miss(person: Person) -> None:
    person.says(
        "actions = ['x']\n[[tier]]\nname = 'a'\n[[tier.model]]\nprovider = 'openai'\nmodel = 'm'\n"
        "price = { input = 1, output = 2 }\n[[rule]]\nname = 'r'\nwhen = { path = ['a', 'b'], tokens_over = 3 }\n"
        "tier = 'a'\nlocal = true\nbudget = 0.5\n[[rule]]\nname = 'idle'\n"
    )
    first = load(person.workspace)
    assert entries() != []
    again = load(person.workspace)
    assert again == first
    assert again.settings == plain.from_plain(plain.to_plain(first.settings))
    assert again.warnings == ("Rule `idle` does nothing: give it a tier, or local, ceiling or budget.",)
    assert hash(again.settings) == hash(first.settings)


def appear(person: Person) -> None:
    person.workspace_says("[[rule]]\nname = 'w'\nlocal = true\n")


def vanish(person: Person) -> None:
    person.own.unlink()


def rewrite(person: Person) -> None:
    person.own.write_text("default_tier = 'cloud'\n", encoding="utf-8")


def touch_back(person: Person) -> None:
    """The same size and the same time of change."""
    before = person.own.stat()
    person.own.write_text("default_tier = 'cloud'\n", encoding="utf-8")
    os.utime(person.own, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(person: Person) -> None:
    beside = person.own.with_suffix(".new")
    beside.write_text("default_tier = 'cloud'\n", encoding="utf-8")
    beside.replace(person.own)


@pytest.mark.parametrize("change", [appear, vanish, rewrite, touch_back, replace])
def test_a_changed_file_is_never_answered_from_the_cache(person: Person, change: Callable[[Person], None]) -> None:
    person.says("default_tier = 'large'\n")
    assert load(person.workspace).settings.default_tier == "large"
    change(person)
    assert load(person.workspace) == load(person.workspace)
    assert load(person.workspace).settings == cold.read(person.workspace, None)[0]
    assert load(person.workspace).settings != plain_large(person)


def plain_large(person: Person) -> object:
    """What was in force before."""
    default = cold.read(None, None)[0]
    return default.replace(default_tier="large", sources=(*default.sources[:1], str(person.own)))


def test_trust_given_or_lost_is_seen_at_once(person: Person) -> None:
    person.workspace_says("default_tier = 'cloud'\n")
    assert load(person.workspace).settings.default_tier == "small"
    trust.trust(person.workspace)
    assert load(person.workspace).settings.default_tier == "cloud"
    assert load(person.workspace).settings.default_tier == "cloud"
    (person.workspace / ".rung" / "note").touch()
    assert load(person.workspace).settings.default_tier == "small"
    trust.trust(person.workspace)
    assert load(person.workspace).settings.default_tier == "cloud"
    trust.untrust(person.workspace)
    assert load(person.workspace).settings.default_tier == "small"


def test_workspaces_do_not_see_each_others_settings(person: Person, tmp_path: Path) -> None:
    person.workspace_says("[[rule]]\nname = 'w'\nlocal = true\n")
    other = tmp_path / "other"
    other.mkdir()
    for _ in range(2):
        assert load(person.workspace).settings.rules[0].name == "w (workspace)"
        assert load(other).settings.rules[0].name == "commit messages stay small"
        assert load(None).settings.rules[0].name == "commit messages stay small"


def test_workspaces_without_settings_share_one_entry(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        load(tmp_path / name)
    assert len(entries()) == 1


@pytest.mark.parametrize("text", ["", "x", "00000000\n{}", "{}\n{}", "d202ef8d\n", "\x00\n\x00"])
def test_a_broken_entry_is_ignored_and_mended(person: Person, text: str) -> None:
    person.says("default_tier = 'large'\n")
    load(None)
    (entry,) = entries()
    whole = entry.read_text(encoding="utf-8")
    entry.write_text(text, encoding="utf-8")
    assert load(None).settings.default_tier == "large"
    assert entry.read_text(encoding="utf-8") == whole


def test_half_an_entry_is_ignored(person: Person) -> None:
    load(None)
    (entry,) = entries()
    whole = entry.read_bytes()
    entry.write_bytes(whole[: len(whole) // 2])
    assert load(None).settings.default_tier == "small"
    assert entry.read_bytes() == whole


def test_an_entry_others_could_have_written_is_ignored(person: Person) -> None:
    load(None)
    (entry,) = entries()
    entry.chmod(0o666)
    assert cache.get(cache.key(None) or []) is None
    load(None)
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600


def test_entries_are_for_the_person_alone(person: Person) -> None:
    load(None)
    (entry,) = entries()
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert stat.S_IMODE(entry.parent.stat().st_mode) == 0o700


def test_a_file_that_is_still_being_written_is_not_kept(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = person.says("").stat().st_ctime_ns
    monkeypatch.setattr(time, "time_ns", lambda: changed + 1_000_000)
    load(None)
    assert entries() == []


def test_a_cache_that_cannot_be_written_costs_no_answer(person: Person) -> None:
    places.cache_folder().parent.mkdir(parents=True, exist_ok=True)
    places.cache_folder().write_text("a file", encoding="utf-8")
    assert load(None).settings.default_tier == "small"


def test_what_an_editor_says_is_not_kept(person: Person) -> None:
    assert load(None, {"default_tier": "cloud"}).settings.default_tier == "cloud"
    assert entries() == []
    assert load(None).settings.default_tier == "small"


def test_a_broken_file_raises_without_last_good_settings(person: Person) -> None:
    person.says("x = 1\n")
    with pytest.raises(SettingsError):
        load(None)
    assert entries() == []


def test_a_broken_file_leaves_the_last_good_settings(person: Person) -> None:
    good = load(None).settings
    person.says("\nx = 1\n")
    loaded = load(None, last_good=good)
    assert loaded.settings is good
    assert [error.line for error in loaded.errors] == [2]
