"""Keys by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rung.settings import keys, places

if TYPE_CHECKING:
    from tests.unit.settings.conftest import Person

NAME = "SOME_API_KEY"


def own_env(text: str) -> None:
    places.config_folder().mkdir(parents=True)
    (places.config_folder() / ".env").write_text(text, encoding="utf-8")


def test_a_key_that_is_nowhere_is_none() -> None:
    assert keys.find(NAME) is None


def test_the_environment_wins_over_the_persons_file(monkeypatch: pytest.MonkeyPatch) -> None:
    own_env(f"{NAME}=from-file\n")
    assert keys.find(NAME) == "from-file"
    monkeypatch.setenv(NAME, "from-environment")
    assert keys.find(NAME) == "from-environment"


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_is_not_a_key(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own_env(f"{NAME}=from-file\n")
    monkeypatch.setenv(NAME, value)
    assert keys.find(NAME) == "from-file"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"{NAME}=abc", "abc"),
        (f"\ufeffexport {NAME}='a b'\n", "a b"),
        (f'{NAME}="abc"  # mine\r\n', "abc"),
        (f"OTHER=x\n{NAME}=${{OTHER}}$HOME\n", "${OTHER}$HOME"),
        (f"{NAME}=\n", None),
        (f"{NAME}\n", None),
        (f"#{NAME}=abc\n", None),
    ],
)
def test_the_file_is_read_as_it_stands(text: str, key: str | None) -> None:
    own_env(text)
    assert keys.find(NAME) == key


def test_a_file_that_is_no_text_holds_no_key() -> None:
    own_env("")
    (places.config_folder() / ".env").write_bytes(b"\xff\xfe" + NAME.encode() + b"=x")
    assert keys.find(NAME) is None


def test_a_repositorys_file_is_never_read(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (person.workspace, person.workspace / ".rung"):
        folder.mkdir(exist_ok=True)
        (folder / ".env").write_text(f"{NAME}=theirs\n", encoding="utf-8")
    monkeypatch.chdir(person.workspace)
    assert keys.find(NAME) is None


def test_the_hint_says_where_a_key_goes() -> None:
    hint = keys.missing_hint(NAME)
    assert NAME in hint
    assert str(places.config_folder() / ".env") in hint
