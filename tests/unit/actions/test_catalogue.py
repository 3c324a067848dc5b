"""An action file is read whole or refused with its line; a template can do no harm."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest
from tests.locked import locked

from rung.actions import catalogue
from rung.actions.prompt import renderer
from rung.errors import RungError, SettingsError
from rung.settings import places
from rung.types.action import Action
from rung.types.part import Part

GOOD = "---\ntitle: T\nkind: refactor.rung.t\non: [selection]\nresult: text\n---\nSay {{ selection }}\n"


def written(folder: Path, text: str, name: str = "mine.md") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_what_ships_is_a_catalogue_in_the_order_of_titles() -> None:
    found = catalogue.load([places.shipped() / "actions"])
    assert {"commit-message", "explain-selection", "review-file"} <= set(found)
    assert [action.title for action in found.values()] == sorted(action.title for action in found.values())
    assert found["explain-selection"].on == ("selection",)


def test_a_later_folder_replaces_an_action_and_adds_its_own(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    written(tmp_path / "a", GOOD)
    written(tmp_path / "b", GOOD.replace("title: T", "title: Better"))
    written(tmp_path / "b", GOOD, "other.md")
    written(tmp_path / "b", "no action", "README.md")
    found = catalogue.load([tmp_path / "a", tmp_path / "b", tmp_path / "nowhere"])
    assert {key: action.title for key, action in found.items()} == {"mine": "Better", "other": "T"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("Say it", 1, "front matter"),
        ("---\ntitle: T\n", 1, "front matter"),
        ("---\n- a\n---\n", 2, "key: value"),
        ("---\ntitle: T\nkind: [\n---\n", 4, "not valid YAML"),
        (GOOD.replace("title: T\n", ""), 1, "`title`"),
        (GOOD.replace("result: text", "result: song"), 5, "`result`"),
        (GOOD.replace("[selection]", "selection"), 4, "`on`"),
        (GOOD.replace("[selection]", "[moon]"), 4, "`on`"),
        (GOOD.replace("result: text", "result: text\ncolour: red"), 6, "no key `colour`"),
        (GOOD.replace("result: text", "result: text\nmax_output: many"), 6, "`max_output`"),
        (GOOD.replace("result: text", "result: text\nmax_output: true"), 6, "`max_output`"),
        (GOOD.replace("result: text", "result: text\naccept: { min: 3 }"), 6, "`accept`"),
        (GOOD.replace("result: text", "result: text\ntier: 3"), 6, "`tier`"),
        (GOOD + "{% if %}\n", 8, "no valid template"),
        (GOOD + "{{ x | nofilter }}\n", 8, "no valid template"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        catalogue.read(written(tmp_path, text))
    assert words in caught.value.text
    assert caught.value.line == line


@pytest.mark.parametrize("name", ["Big.md", "1a.md", "a b.md", "ä.md"])
def test_a_name_that_is_no_id_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="file name is its id"):
        catalogue.read(written(tmp_path, GOOD, name))


def put(path: Path, kind: str) -> None:
    """Something that is no readable file."""
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path.name)
        case "link to nowhere":
            path.symlink_to("nowhere/at/all")
        case "device":
            path.symlink_to("/dev/zero")
        case "socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
        case _:
            path.write_bytes(GOOD.replace("Say", "S\xe9").encode("latin-1"))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("pipe", "This is not a file, so it is no action. Mend it or take it away."),
        ("device", "This is not a file, so it is no action. Mend it or take it away."),
        ("folder", "This is not a file, so it is no action. Mend it or take it away."),
        ("socket", "The action file cannot be read (OSError). Mend it or take it away."),
        ("loop", "The action file is a link that leads to nothing that can be read. Mend it or take it away."),
        (
            "link to nowhere",
            "The action file is a link that leads to nothing that can be read. Mend it or take it away.",
        ),
        ("latin", "The action file is not UTF-8. Save it as UTF-8."),
    ],
)
def test_what_cannot_be_read_is_named_with_what_to_do_and_never_waited_for(
    tmp_path: Path, kind: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A socket's name may not be long.
    monkeypatch.chdir(tmp_path)
    put(Path("mine.md"), kind)
    with pytest.raises(SettingsError) as caught:
        catalogue.load([tmp_path])
    assert caught.value.sentence() == f"{tmp_path / 'mine.md'}:1: {words}"


def test_a_file_one_may_not_read_is_named_with_what_to_do() -> None:
    # Not in tmp_path, into which nobody but its owner may look.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        path = written(folder, GOOD)
        with locked(path), pytest.raises(SettingsError, match="PermissionError") as caught:
            catalogue.load([folder])
    assert caught.value.path == path
    assert caught.value.hint == "Give yourself the right to read it, or take it away."


def test_a_folder_that_leads_round_in_circles_is_named(tmp_path: Path) -> None:
    put(tmp_path / "actions", "loop")
    with pytest.raises(SettingsError, match="The folder of actions is a link that leads to nothing") as caught:
        catalogue.load([tmp_path / "actions"])
    assert caught.value.path == tmp_path / "actions"


@pytest.mark.parametrize("kind", ["link to nowhere", "latin", "pipe"])
def test_what_an_editor_keeps_beside_an_action_is_none(tmp_path: Path, kind: str) -> None:
    mine = written(tmp_path, GOOD)
    before = catalogue.stamp([tmp_path])
    put(tmp_path / ".#mine.md", kind)
    assert list(catalogue.load([tmp_path])) == ["mine"]
    assert catalogue.stamp([tmp_path]) == before
    mine.write_text(GOOD + "More\n", encoding="utf-8")
    assert catalogue.stamp([tmp_path]) != before


def test_a_link_to_nowhere_hides_no_change_of_the_others(tmp_path: Path) -> None:
    put(tmp_path / "broken.md", "link to nowhere")
    mine = written(tmp_path, GOOD)
    before = catalogue.stamp([tmp_path])
    mine.write_text(GOOD + "More\n", encoding="utf-8")
    changed = catalogue.stamp([tmp_path])
    assert changed != before
    (tmp_path / "broken.md").unlink()
    assert catalogue.stamp([tmp_path]) != changed


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.md"
    path.write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert catalogue.read(path).prompt == "Say {{ selection }}\n"


def rendered(prompt: str, *parts: Part, **facts: str) -> str:
    action = Action("a", "A", "k", (), "text", prompt)
    return renderer(action, facts)(parts)[-1].content


def test_parts_of_a_kind_come_together_under_its_name() -> None:
    parts = [Part("house-rules", "one\n"), Part("diff", "a"), Part("house-rules", "two")]
    assert rendered("{{ house_rules }}|{{ diff }}|{{ selection }}|{{ path }}", *parts, path="p") == "one\ntwo|a||p"


def test_a_part_that_looks_like_a_template_is_text() -> None:
    assert rendered("{{ diff }}", Part("diff", "{{ 7 * 7 }} {% raw %} <b>")) == "{{ 7 * 7 }} {% raw %} <b>"


@pytest.mark.parametrize(
    "prompt",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ diff.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{% include '/etc/passwd' %}",
        "{% for i in range(999999999) %}x{% endfor %}",
        "{{ 1 / 0 }}",
        "{{ diff.nothing.at.all }}",
        "{{ diff | nofilter }}",
        "{{ [].append(1) }}",
    ],
)
def test_a_template_that_reaches_out_or_fails_is_an_error_that_quotes_nothing(prompt: str) -> None:
    with pytest.raises(RungError) as caught:
        rendered(prompt, Part("diff", "SECRET"))
    assert "SECRET" not in caught.value.sentence()
    assert caught.value.__cause__ is None
