"""Whatever stands where a settings file should be: it is read, or named with what to do, and nobody waits."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.locked import locked

from rung.errors import SettingsError
from rung.settings import strangers, trust
from rung.settings.load import Loaded, load
from rung.settings.store import SettingsStore

if TYPE_CHECKING:
    from tests.unit.settings.conftest import Person

    from rung.settings.values import Settings

GOOD = 'default_tier = "large"\n'


def folder(path: Path) -> None:
    path.mkdir()


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def circle(path: Path) -> None:
    path.with_name("other").symlink_to(path)
    path.symlink_to(path.with_name("other"))


def nowhere(path: Path) -> None:
    path.symlink_to(path.with_name("gone.toml"))


def lost_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.symlink_to(path.parent.with_name("not mounted"))


def zeros(path: Path) -> None:
    path.write_bytes(bytes(4096))


def zero(path: Path) -> None:
    path.write_bytes(GOOD.encode() + b"\0\n")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)


def utf_16(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-16")


def utf_16_without_a_mark(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-16-le")


def latin(path: Path) -> None:
    path.write_bytes(GOOD.encode() + b"# f\xfcr\n")


class Odd(NamedTuple):
    """What stands there, the line that is named, and words of the sentence."""

    make: Callable[[Path], None]
    line: int
    words: tuple[str, ...]


ODD = (
    Odd(folder, 1, ("it is a folder", "Put a file in its place")),
    Odd(fifo, 1, ("it is a pipe", "Put a file in its place")),
    Odd(device, 1, ("a device", "Put a file in its place")),
    Odd(listener, 1, ("can't be read",)),
    Odd(circle, 1, ("a link that leads in a circle", "Mend it, or remove it")),
    Odd(nowhere, 1, ("a link to what is not there", "Mend it, or remove it")),
    Odd(lost_folder, 1, ("The folder ", "is a link to what is not there", "Mend it, or remove it")),
    Odd(zeros, 1, ("nothing but zero bytes", "A crash may have cut it off")),
    Odd(zero, 2, ("a zero byte in this line", "save it again as UTF-8")),
    Odd(huge, 1, ("too large", "more than 1024 KB")),
    Odd(utf_16, 1, ("UTF-16", "Save it again as UTF-8")),
    Odd(utf_16_without_a_mark, 1, ("a zero byte in this line", "UTF-16", "save it again as UTF-8")),
    Odd(latin, 2, ("not UTF-8", "Save it again as UTF-8")),
)
IN_ODD = pytest.mark.parametrize("odd", ODD, ids=[odd.make.__name__ for odd in ODD])


def sentence(call: Callable[[], object]) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        call()
    return caught.value


@IN_ODD
def test_it_is_named_with_what_to_do_and_never_counts_as_no_file(person: Person, odd: Odd) -> None:
    load(None)  # with no file at all, which the cache may remember
    person.own.parent.mkdir(parents=True)
    odd.make(person.own)
    for _ in range(2):
        error = sentence(lambda: load(None))
        assert (error.path, error.line) == (person.own, odd.line)
        assert [word for word in odd.words if word not in error.sentence()] == [], error.sentence()


@IN_ODD
def test_what_was_in_force_stays_so_and_a_right_file_is_taken_again(person: Person, odd: Odd) -> None:
    person.says(GOOD)
    store = SettingsStore(load)
    good = store.current(None)
    person.own.unlink()
    odd.make(person.own)
    store.reload()
    assert store.current(None) is good
    (error,) = store.loaded(None).errors
    assert odd.words[0] in error.sentence()
    clear(person.own)
    person.says('default_tier = "cloud"\n')
    store.reload()
    assert store.current(None).default_tier == "cloud"
    assert store.loaded(None).errors == ()


def clear(path: Path) -> None:
    """Take away whatever is there."""
    for name in (path.parent, path):
        if name.is_symlink():
            name.unlink()
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)


@IN_ODD
def test_a_file_of_words_is_no_other(person: Person, odd: Odd) -> None:
    path = person.says(GOOD).with_name("words") / "xx.toml"
    if odd.make in {lost_folder, huge, nowhere, circle}:
        path.parent.mkdir()
        path.write_bytes(b"#" * (1024 * 1024 + 1))
        assert "too large" in sentence(lambda: load(None)).text
        return
    path.parent.mkdir()
    odd.make(path)
    error = sentence(lambda: load(None))
    assert (error.path, error.line) == (path, odd.line)
    assert odd.words[0] in error.sentence()


@pytest.mark.parametrize("odd", [o for o in ODD if o.make is not lost_folder], ids=lambda odd: str(odd.make.__name__))
def test_a_workspace_with_it_loosens_nothing_and_is_never_trusted_with_it(person: Person, odd: Odd) -> None:
    """It is left out with a warning, or an error; either way nobody waits and nothing of it counts."""
    person.theirs.parent.mkdir()
    odd.make(person.theirs)
    store = SettingsStore(load)
    found = error = None
    try:
        found = store.loaded(person.workspace)
    except SettingsError as raised:
        error = raised
    if found is not None:
        assert found.warnings or odd.make is folder
        # What may have been forbidden there is forbidden; nothing else of it counts.
        rules = tuple(rule for rule in found.settings.rules if not rule.name.startswith(strangers.CLOSED.name))
        assert own(found.settings).replace(rules=rules) == own(load(None).settings)
    else:
        assert error is not None
        assert (error.path, error.line) == (person.theirs, odd.line)
        assert error.hint
    assert not trust.trusted(person.workspace)


def own(found: Settings) -> Settings:
    """What they say, whoever said it."""
    return found.replace(sources=())


@pytest.mark.parametrize("place", ["file", "folder"])
def test_a_file_one_may_not_read_is_an_error_and_not_the_defaults(person: Person, place: str) -> None:
    store = SettingsStore(load)
    load(None)
    path = person.says(GOOD)
    good = store.current(None)
    with locked(path if place == "file" else path.parent):
        error = sentence(lambda: load(None))
        store.reload()
        assert store.current(None) is good
    assert "Permission denied" in error.text
    assert "Allow yourself to read it" in error.sentence()
    assert error.path in {path, path.with_name("words")}
    store.reload()
    assert store.loaded(None).errors == ()


@pytest.mark.parametrize("text", ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), "\ufeff# a\r\n\r\n" + GOOD])
def test_marks_and_line_ends_of_other_systems_are_read(person: Person, text: str) -> None:
    person.says("").write_bytes(text.encode())
    assert load(None).settings.default_tier == "large"


def test_the_line_of_a_mistake_is_right_with_line_ends_of_other_systems(person: Person) -> None:
    person.says("").write_bytes("\ufeff# a\r\n\r\nparallel = 1\r\n".encode())
    assert sentence(lambda: load(None)).line == 3


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b", "x" * 5000])
def test_a_workspace_of_an_impossible_name_leaves_nothing_half_made(person: Person, name: str) -> None:
    store = SettingsStore(load)
    root = person.workspace / name
    for _ in range(2):
        # Whether such a name can be looked up is for the system to say.
        with contextlib.suppress(SettingsError):
            assert store.current(root) == store.current(None)
    assert store.current(None).default_tier == "small"


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), ValueError(), RecursionError(), LookupError()])
def test_whatever_a_reading_raises_the_next_one_is_as_if_it_had_not_been(person: Person, error: Exception) -> None:
    person.says(GOOD)
    failing = [error]

    def load_at_last(root: Path | None) -> Loaded:
        if failing:
            raise failing[0]
        return load(root)

    store = SettingsStore(load_at_last)
    expected = LookupError if isinstance(error, LookupError) else SettingsError
    for _ in range(2):
        with pytest.raises(expected):
            store.current(None)
    failing.clear()
    store.reload()
    assert store.current(None).default_tier == "large"
    good = store.current(None)
    failing.append(error)
    with contextlib.suppress(LookupError):
        store.reload()
    assert store.current(None) is good
