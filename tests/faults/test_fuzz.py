"""Whatever bytes come: readers end, with what they read or with an error of their own, and keep no more than came."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.conftest import REPOSITORY
from tests.lsp.wire import call, note, pack
from tests.unit.providers.claude import WHOLE, ending
from tests.unit.providers.scripted import RECORDINGS, recorded

from rung.actions import catalogue
from rung.actions.prompt import renderer
from rung.actions.results import commit_message, findings
from rung.errors import AttemptError, RungError, SettingsError
from rung.lsp.frames import FrameError, read_frame
from rung.providers import anthropic_stream, failures, ollama, openai_stream
from rung.providers.events import Content, Finished, Retracted, Thought
from rung.providers.thinking import ThinkTags
from rung.settings.check import check
from rung.types.action import Action
from rung.types.model import Model

from .mutate import chunked, mutated, stream
from .victims import findings_of

if TYPE_CHECKING:
    import httpx2

    from rung.providers.events import StreamEvent

SEEDS = pytest.mark.parametrize("seed", range(3))
MODEL = Model("ollama", "m", "http://127.0.0.1:1", local=True)
STREAM_FAILURES = {
    *("broken", "busy", "load-failed", "bad-request", "too-long", "filtered", "bad-answer"),
    *("missing-model", "auth", "rate-limited", "slow"),
}
LARGEST = 2**53
"""What a count may be: every database and every other language can hold it."""


def recordings(path: str) -> list[bytes]:
    """The bodies of all recorded streams of that path."""
    import json

    found = []
    for file in sorted(RECORDINGS.glob("*.json")):
        for index, exchange in enumerate(json.loads(file.read_text(encoding="utf-8"))["exchanges"]):
            if exchange["request"]["path"] == path and exchange.get("response", {}).get("chunks"):
                found.append(b"".join(recorded(file.stem, index).chunks))
    assert found
    return found


class Response:
    """As much of a response as Ollama's reader looks at."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    def aiter_bytes(self) -> AsyncGenerator[bytes]:
        return stream(self._chunks)


def by_ollama(chunks: list[bytes]) -> AsyncIterator[StreamEvent]:
    return ollama._read(MODEL, cast("httpx2.Response", Response(chunks)))


def by_openai(chunks: list[bytes]) -> AsyncIterator[StreamEvent]:
    return openai_stream.read(MODEL, stream(chunks))


def by_anthropic(chunks: list[bytes]) -> AsyncIterator[StreamEvent]:
    return anthropic_stream.read(MODEL, stream(chunks))


READERS: dict[str, tuple[Callable[[list[bytes]], AsyncIterator[StreamEvent]], Callable[[], Sequence[bytes]]]] = {
    "ollama": (by_ollama, lambda: recordings("/api/chat")),
    "openai": (by_openai, lambda: recordings("/v1/chat/completions")),
    "anthropic": (by_anthropic, lambda: [WHOLE]),
}


@SEEDS
@pytest.mark.parametrize("protocol", READERS)
async def test_a_stream_of_any_bytes_ends_in_an_end_or_an_attempt_error(protocol: str, seed: int) -> None:
    r = random.Random(f"{protocol} {seed}")
    read, bodies = READERS[protocol]
    whole = bodies()
    ended = failed = 0
    for _ in range(200):
        data = mutated(r, r.choice(whole))
        events: list[StreamEvent] = []
        try:
            async for event in read(chunked(r, data)):
                events.append(event)  # noqa: PERF401 - those before an error count too
            ended += 1
            assert isinstance(events[-1], Finished)
        except AttemptError as error:
            failed += 1
            assert error.failure in STREAM_FAILURES  # noqa: PT017 - which of the two came is told by the bytes
        sound(events, len(data))
    assert ended
    assert failed


def sound(events: Sequence[StreamEvent], came: int) -> None:
    """What came before the end can be shown, counted and stored."""
    said = "".join(event.text for event in events if isinstance(event, Content))
    assert len(said.encode("utf-8")) <= came * 3
    assert all(isinstance(event, Content | Thought | Retracted) for event in events[:-1])
    for event in events:
        if isinstance(event, Content):
            assert event.text
        if isinstance(event, Finished):
            for count in (event.usage.tokens_in, event.usage.tokens_out):
                assert count is None or 0 <= count <= LARGEST


@pytest.mark.parametrize("before", ["", "<think>hm</think>"])
def test_white_space_without_end_is_passed_on_for_who_counts_it(before: str) -> None:
    tags = ThinkTags()
    events = [event for piece in [before, *["\n  "] * 1000] for event in tags.feed(piece)]
    said = "".join(event.text for event in events if isinstance(event, Content))
    assert len(said) > 2900
    assert not said.strip()


def test_white_space_before_a_thought_is_no_answer() -> None:
    tags = ThinkTags()
    events = [event for piece in ("\n", "  <thi", "nk>hm</think>", "\n\n", "yes") for event in tags.feed(piece)]
    assert [event.text for event in events if isinstance(event, Content)] == ["yes"]


@pytest.mark.parametrize("protocol", ["ollama", "openai", "anthropic"])
async def test_half_a_character_waits_for_its_other_half(protocol: str) -> None:
    def piece(text: str) -> bytes:
        if protocol == "ollama":
            return b'{"message":{"content":"%s"}}\n' % text.encode()
        if protocol == "openai":
            return b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % text.encode()
        return b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"%s"}}\n\n' % text.encode()

    end = {
        "ollama": b'{"done":true}\n',
        "openai": b"data: [DONE]\n\n",
        "anthropic": ending(),
    }
    read, _ = READERS[protocol]
    pieces = [piece("a \\ud83d"), piece("\\ude00 b \\ud800"), piece(" c \\udc00"), piece(" d\\ud83d"), end[protocol]]
    said = [event.text async for event in read(pieces) if isinstance(event, Content)]
    lost = "\N{REPLACEMENT CHARACTER}"
    assert "".join(said) == f"a \N{GRINNING FACE} b {lost} c {lost} d{lost}"


@pytest.mark.parametrize(
    "value",
    [
        "9" * 400,
        "1e999",
        "-1",
        "nan",
        "Wed, 21 Oct 2015 07:28:00 +99999999999999999999",
        "Mon, 99 Foo 99999",
        "\u0663",
        "",
    ],
)
@pytest.mark.parametrize("name", ["retry-after", "retry-after-ms"])
def test_any_retry_after_is_some_seconds_or_none(name: str, value: str) -> None:
    found = failures.retry_after({name: value})
    assert found is None or 0 <= found <= 86400 * 365


@SEEDS
async def test_a_session_s_reader_gives_bodies_or_says_that_the_frame_is_wrong(seed: int) -> None:
    r = random.Random(f"frames {seed}")
    good = pack(call(1, "initialize", {"a": "ü"}), note("initialized", {}), call(2, "shutdown"))
    bodies = wrong = 0
    for _ in range(500):
        reader = asyncio.StreamReader()
        reader.feed_data(mutated(r, good))
        reader.feed_eof()
        try:
            while (body := await read_frame(reader)) is not None:
                bodies += 1
                assert len(body) <= 2**22
        except FrameError:
            wrong += 1
    assert bodies
    assert wrong


def decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")


@SEEDS
@pytest.mark.parametrize("layer", ["user", "untrusted"])
def test_a_settings_file_of_any_text_is_read_or_refused_at_a_line(layer: Any, seed: int) -> None:
    r = random.Random(f"settings {layer} {seed}")
    good = (REPOSITORY / "config" / "rung.toml").read_bytes()
    path = Path("/somewhere/rung.toml")
    read = wrong = 0
    for _ in range(70):
        text = decoded(mutated(r, good))
        try:
            check(text, path, layer, {})
            read += 1
        except SettingsError as error:
            wrong += 1
            assert 1 <= error.line <= text.count("\n") + 2  # noqa: PT017 - many texts stay right
            assert error.path == path  # noqa: PT017 - as above
    assert read
    assert wrong


@SEEDS
def test_an_action_file_of_any_bytes_is_read_or_refused_at_a_line(seed: int, tmp_path: Path) -> None:
    r = random.Random(f"actions {seed}")
    good = [path.read_bytes() for path in sorted((REPOSITORY / "config" / "actions").glob("*.md"))]
    good.append(
        b"---\ntitle: 2001-12-14\nkind: x\non: [file]\nresult: text\naccept: { min_chars: 1 }\n---\nBody {{ a }}\n"
    )
    path = tmp_path / "some-action.md"
    read = wrong = 0
    for _ in range(120):
        path.write_bytes(mutated(r, r.choice(good)))
        try:
            catalogue.read(path)
            read += 1
        except SettingsError as error:
            wrong += 1
            assert error.line >= 1  # noqa: PT017 - many files stay right
    assert read
    assert wrong


@pytest.mark.parametrize(
    "front",
    [
        "title: 2001-99-99",
        "title: " + "[" * 5000,
        "? [a]\n: b",
        "title: &a [*a]",
        "title: 1" + "0" * 5000,
        "max_output: .inf",
        "title: !!python/object/apply:os.system [true]",
    ],
    ids=["no date", "deep", "a list as key", "a list in itself", "a long number", "infinite", "a program"],
)
def test_front_matter_that_yaml_stumbles_over_is_refused_as_any_other(front: str, tmp_path: Path) -> None:
    path = tmp_path / "some-action.md"
    path.write_text(f"---\n{front}\n---\nBody\n", encoding="utf-8")
    with pytest.raises(SettingsError):
        catalogue.read(path)


@pytest.mark.parametrize("body", ["{{ " + "(" * 5000 + " }}", "{% if a %}" * 3000, "{{ 1" + "0" * 5000 + " }}"])
def test_a_template_too_deep_to_read_is_refused_as_any_other(body: str, tmp_path: Path) -> None:
    path = tmp_path / "some-action.md"
    path.write_text(f"---\ntitle: t\nkind: k\nresult: text\n---\n{body}\n", encoding="utf-8")
    with pytest.raises(SettingsError):
        catalogue.read(path)


def test_a_template_that_calls_itself_fails_in_words() -> None:
    prompt = "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"
    action = Action(id="a", title="t", kind="k", on=(), result="text", prompt=prompt)
    with pytest.raises(RungError, match="RecursionError"):
        renderer(action, {})(())


MESSAGES = [
    b"Sure! Here is a commit message:\n\n```\nfeat(api): add a thing\n\n- one\n- two\n\nSigned-off-by: A <a@b>\n```",
    b'{"subject": "fix: a bug", "body": "It was 3 lines."}',
    b"<think>hm</think>fix: a bug\n\nBecause of 12 reasons.\n",
]


@SEEDS
def test_a_commit_message_of_any_text_is_read_or_found_at_fault(seed: int) -> None:
    r = random.Random(f"message {seed}")
    read = wrong = 0
    for _ in range(300):
        raw = decoded(mutated(r, r.choice(MESSAGES)))[:40_000]
        if commit_message.fault(raw) is None:
            read += 1
            assert commit_message.read(raw, "#").strip()
        else:
            wrong += 1
    assert read
    assert wrong


@SEEDS
def test_a_review_of_any_text_is_read_or_found_at_fault(seed: int) -> None:
    r = random.Random(f"review {seed}")
    whole = findings_of("m").encode()
    source = "def area(width, height):\n    return width * height\n"
    read = wrong = 0
    for _ in range(300):
        raw = decoded(mutated(r, r.choice((whole, b"```json\n" + whole + b"\n```\n"))))[:100_000]
        if findings.fault(raw) is None:
            read += 1
            for finding in findings.read(raw, source, "a.py"):
                assert finding.severity in {"error", "warning", "info", "hint"}
        else:
            wrong += 1
    assert read
    assert wrong
