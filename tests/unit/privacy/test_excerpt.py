"""A part that was cut from a text loses the secrets that only the rest of the text tells."""

from __future__ import annotations

import pytest
from tests.unit.privacy.cases import drawn

from rung.actions.context.document import gather_file, gather_selection
from rung.actions.review import pieces
from rung.privacy.excerpt import Cut, Excerpt, Whole
from rung.privacy.redact import PLACEHOLDER, Redactor
from rung.types.part import Part
from rung.types.receipt import Redaction
from rung.types.request import Document, Position, Range

LINES = [drawn(f"«<64:B>»{number}")[1] for number in range(9)]
PEM = "".join(f"{line}\n" for line in ("-----BEGIN PRIVATE KEY-----", *LINES, "-----END PRIVATE KEY-----"))
ID, KEY = drawn("«AKIA<16:U>»")[1], drawn("«a7Q<37:B>»")[1]
MANIFEST = "kind: Secret\nstringData:\n  a: mint\n  b: fern\ndata:\n  c: d2ludGVy\n  d: c3VtbWVy\n"
PASSWORD = "vK7#mp" + "Q2wz"


def chosen(text: str, start: tuple[int, int], end: tuple[int, int]) -> tuple[Part, ...]:
    where = Range(Position(*start), Position(*end))
    return gather_selection(Document("file:///a", "a", "", text, selection=where)).parts


def sent(parts: tuple[Part, ...]) -> str:
    redactor = Redactor()
    clean = redactor.parts(parts)
    assert tuple(redactor.restore(part.text) for part in clean) == tuple(part.text for part in parts)
    return "".join(part.text for part in clean)


@pytest.mark.parametrize(("first", "last"), [(1, 2), (2, 5), (4, 8), (9, 11), (0, 11)])
def test_selected_lines_of_a_private_key_go(first: int, last: int) -> None:
    parts = chosen(f"{PEM}\nprint(1)\n", (first, 0), (last, 0))
    assert not [line for line in LINES if line in sent(parts)]
    redactor = Redactor()
    redactor.parts(parts)
    assert redactor.found == (Redaction("private-key", 1),)


def test_half_a_line_of_a_private_key_goes() -> None:
    (selection, *_) = Redactor().parts(chosen(PEM, (3, 10), (3, 40)))
    assert PLACEHOLDER.fullmatch(selection.text)


@pytest.mark.parametrize("line", [2, 3, 5, 6])
def test_a_selected_value_of_a_kubernetes_secret_goes(line: int) -> None:
    clean = sent(chosen(MANIFEST, (line, 0), (line + 1, 0)))
    assert not [value for value in ("mint", "fern", "d2ludGVy", "c3VtbWVy") if value in clean]
    assert "stringData:" in clean


@pytest.mark.parametrize("text", [f"{ID}\n{KEY}\n", f"{ID},{KEY}\n", f"{KEY}\n\n{ID}\n"])
def test_a_selected_key_goes_though_its_id_is_not_selected(text: str) -> None:
    line = text[: text.index(KEY)].count("\n")
    start = text.split("\n")[line].index(KEY)
    clean = sent(chosen(text, (line, start), (line, start + 40)))
    assert KEY not in clean


@pytest.mark.parametrize(("start", "end"), [(14, 26), (15, 25), (17, 22), (0, 27)])
def test_a_selected_value_goes_though_its_name_is_not_selected(start: int, end: int) -> None:
    text = f'cfg = {{\n  "password": "{PASSWORD}",\n}}\n'
    (selection, *_) = Redactor().parts(chosen(text, (1, start), (1, end)))
    assert PASSWORD[2:7] not in selection.text
    assert PLACEHOLDER.search(selection.text)


def test_what_is_told_far_from_the_selection_is_known_in_it() -> None:
    text = f'password = "{PASSWORD}"\n' + "x = 1\n" * 100 + f"login({PASSWORD})\n" + "y = 2\n" * 100
    clean = sent((*chosen(text, (101, 0), (102, 0)), Part("instruction", f"is {PASSWORD} right?")))
    assert PASSWORD not in clean
    assert "is [redacted-password-1] right?" in clean


def test_what_stands_around_the_selection_loses_what_the_selection_tells() -> None:
    text = f"-----BEGIN PRIVATE KEY-----\n{LINES[0]}\n{LINES[1]}\n-----END PRIVATE KEY-----\n"
    assert LINES[1] not in sent(chosen(text, (0, 0), (1, 0)))


def test_a_selection_without_secrets_is_the_same() -> None:
    parts = chosen("import os\n\n\nprint(os)\n", (3, 0), (4, 0))
    assert [part.kind for part in parts] == ["selection", "surroundings"]
    assert all(clean is part for clean, part in zip(Redactor().parts(parts), parts, strict=True))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_cut_stands_where_it_says(end: str) -> None:
    text = end.join(["import a", *(f"line {number}" for number in range(100)), ""])
    for first, last in ((0, 1), (1, 3), (50, 51), (90, 101), (99, 105)):
        for part in chosen(text, (first, 0), (last, 0)):
            assert isinstance(part, Excerpt)
            pieces = [part.whole.text[cut.start : cut.end] for cut in part.cuts]
            assert [part.text[cut.at :][: cut.end - cut.start] for cut in part.cuts] == pieces


def test_a_piece_of_a_long_file_loses_what_another_piece_tells() -> None:
    text = (
        "x = [\n" + "  1,\n" * 4_690 + "".join(f"{line}\n" for line in ("-----BEGIN PRIVATE KEY-----", *LINES)) + "]\n"
    )
    (file,) = gather_file(Document("file:///a", "a", "", text * 2)).parts
    cut = [file.replace(text=piece) for piece in pieces(file.text)]
    assert [piece for piece in cut if LINES[-1] in piece.text and "BEGIN" not in piece.text] or len(cut) > 2
    assert not [line for piece in cut for line in LINES if line in sent((piece,))]


def test_a_text_that_was_changed_since_is_looked_for_in_the_whole() -> None:
    whole = Whole(PEM)
    assert Excerpt("file", LINES[3], whole=whole, cuts=(Cut(0, 5, 0),)).found
    assert Excerpt("file", LINES[3], whole=whole).found
    assert Excerpt("file", "else", whole=whole).found == ()
    assert Excerpt("file", "", whole=whole).found == ()


def test_a_text_that_stands_everywhere_takes_no_time() -> None:
    assert len(Excerpt("file", "a", whole=Whole("a" * 100_000)).found) == 0


def test_no_repr_of_a_whole_shows_it() -> None:
    assert PASSWORD not in repr(Whole(f'password = "{PASSWORD}"'))
