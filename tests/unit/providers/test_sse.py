"""Server-sent events by the standard, however the network cuts them."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from rung.errors import AttemptError
from rung.providers import transport
from rung.providers.sse import Event, Parser


def parsed(*chunks: bytes) -> list[Event]:
    parser = Parser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.end()


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    ends = [0, *sorted(places), len(body)]
    return [body[ends[i] : ends[i + 1]] for i in range(len(ends) - 1)]


CASES = [
    pytest.param(b"data: a\n\n", [("", b"a")], id="one line"),
    pytest.param(b"data:a\n\ndata:  b\n\n", [("", b"a"), ("", b" b")], id="one space is no part of it"),
    pytest.param(b'data: {\ndata: "a": 1\ndata: }\n\n', [("", b'{\n"a": 1\n}')], id="several lines"),
    pytest.param(b"data: a\r\rdata: b\r\r", [("", b"a"), ("", b"b")], id="CR alone"),
    pytest.param(b"data: a\r\ndata: b\r\n\r\n", [("", b"a\nb")], id="CR LF"),
    pytest.param(b"data: a\n\rdata: b\r\n\n", [("", b"a"), ("", b"b")], id="all line ends"),
    pytest.param(b"\xef\xbb\xbfdata: a\n\n", [("", b"a")], id="a byte order mark"),
    pytest.param(b": hi\n\n:\ndata: a\n:data: b\n\n", [("", b"a")], id="comments"),
    pytest.param(b"event: x\nid: 7\nretry: 10\ndata: a\n\ndata: b\n\n", [("x", b"a"), ("", b"b")], id="fields"),
    pytest.param(b"data: a\nevent: late\n\n", [("late", b"a")], id="the name comes last"),
    pytest.param(b"event: x\n\ndata: a\n\n", [("", b"a")], id="a name without data"),
    pytest.param(b"data\n\ndata:\n\nevent: x\ndata: \n\ndata: a\ndata\n\n", [("", b"a\n")], id="no data"),
    pytest.param(b"data: a\n\ndata: b", [("", b"a"), ("", b"b")], id="no last line end"),
    pytest.param(b"data: a\n\ndata: b\n", [("", b"a"), ("", b"b")], id="no last empty line"),
    pytest.param(b"error: {}\n\n", [("error", b"{}")], id="llama.cpp's field"),
    pytest.param(
        b'data: {"a":1}\ndata: {"b":1}\ndata: [DONE]\n', [("", b'{"a":1}'), ("", b'{"b":1}'), ("", b"[DONE]")],
        id="no empty lines at all",
    ),
    pytest.param("data: a\u2028b\x0b\x1c\x85\n\n".encode(), [("", "a\u2028b\x0b\x1c\x85".encode())], id="no line ends"),
    pytest.param(b"", [], id="nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), CASES)
def test_a_body_is_read_by_the_standard_cut_at_any_byte(body: bytes, expected: list[tuple[str, bytes]]) -> None:
    assert parsed(body) == expected
    assert parsed(*(body[i : i + 1] for i in range(len(body)))) == expected
    for at in range(len(body)):
        assert parsed(body[:at], b"", body[at:]) == expected


@pytest.mark.parametrize("seed", range(20))
def test_any_bytes_in_any_pieces_are_the_same_events(seed: int) -> None:
    r = random.Random(seed)
    words = (
        b"\r",
        b"\n",
        b"\r\n",
        b"data:",
        b"data: ",
        b"event: x",
        b":",
        b" ",
        b'{"a":1}',
        b"[DONE]",
        b"\xef\xbb\xbf",
    )
    for _ in range(100):
        body = b"".join(r.choice((*words, r.randbytes(2))) for _ in range(r.randrange(1, 40)))
        places = [r.randrange(len(body)) for _ in range(r.randrange(12))]
        assert parsed(*cut(body, places)) == parsed(body)


def test_an_event_is_given_out_as_soon_as_it_has_ended() -> None:
    parser = Parser()
    assert parser.feed(b"data: a\r\n\r") == [Event("", b"a")]
    assert parser.feed(b"\ndata: b\n") == []
    assert parser.feed(b"\n") == [Event("", b"b")]
    assert parser.feed(b"data: [DONE]\n") == [Event("", b"[DONE]")]


def test_a_body_that_is_no_stream_is_kept_whole() -> None:
    parser = Parser()
    assert [*parser.feed(b'\n{"a":\n  {"id": 1}'), *parser.feed(b"\n}"), *parser.end()] == []
    assert parser.loose == b'{"a":\n  {"id": 1}\n}'
    assert parser.whole == {"a": {"id": 1}}


@pytest.mark.parametrize(
    ("body", "whole"),
    [(b'[{"error": 1}, 2]', {"error": 1}), (b'["x"]', {}), (b"[" * 9999, {}), (b"", {}), (b"{\xff}", {})],
)
def test_a_body_that_is_no_object_is_none(body: bytes, whole: object) -> None:
    parser = Parser()
    parser.feed(body)
    parser.end()
    assert parser.whole == whole


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 1000, b"data: " + b"x" * 1000 + b"\n"], ids=["line", "lines"])
def test_an_event_that_does_not_end_is_broken_off(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LONGEST_LINE", 100_000)
    with pytest.raises(AttemptError, match="does not end"):
        parsed(*[piece] * 1000)


def test_a_body_that_is_no_stream_is_kept_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LONGEST_LINE", 100_000)
    parser = Parser()
    for _ in range(1000):
        assert parser.feed(b"{" + b"x" * 1000 + b"\n") == []
    assert len(parser.loose) <= 100_000
