"""Whoever stops listening closes the connection, and no stream is ever left open."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import struct
import warnings
from collections.abc import Callable, Iterator

import pytest
from tests.unit.providers.scripted import Script, Server, failure, question, serving
from tests.unit.providers.test_streams import compatible, delta, ollama, sse

from rung.errors import AttemptError
from rung.providers.events import Content
from rung.providers.ollama import Ollama
from rung.providers.openai import OpenAI
from rung.types.model import Model

LINES = [b'{"message":{"content":"x"},"done":false}\n'] * 50
EVENTS = [sse(delta("x"))] * 50
PROTOCOLS = [pytest.param(ollama, LINES, id="ollama"), pytest.param(compatible, EVENTS, id="openai")]
Make = Callable[[str], Model]


def chat_of(make: Make) -> Ollama | OpenAI:
    return Ollama() if make is ollama else OpenAI(lambda _: None)


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """A socket or a generator that was left to the collector is a warning, and so an error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(warning.message) for warning in caught if warning.category is ResourceWarning] == []


async def alone() -> None:
    """No task is left but this one and the server's, once the HTTP library's own generators are collected."""
    for _ in range(5):
        await asyncio.sleep(0)
    left = [repr(task.get_coro()) for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert [coro for coro in left if "Server." not in coro and "Event.wait" not in coro] == []


def with_gate(server: Server) -> asyncio.Event:
    server.next_chunk = asyncio.Event()
    return server.next_chunk


@pytest.mark.parametrize(("make", "chunks"), PROTOCOLS)
async def test_closing_the_generator_closes_the_connection_before_the_next_chunk(
    make: Make, chunks: list[bytes]
) -> None:
    async with serving(Script(chunks)) as server:
        with_gate(server)
        stream = chat_of(make).chat(question(make(server.url)))
        async for event in stream:
            if isinstance(event, Content):
                break
        await stream.aclose()
        await alone()
        await server.talks[0].left.wait()
        assert server.talks[0].sent == 1


@pytest.mark.parametrize("hang", ["headers", "body"])
@pytest.mark.parametrize(("make", "chunks"), PROTOCOLS)
async def test_cancelling_the_task_closes_the_connection(make: Make, chunks: list[bytes], hang: str) -> None:
    heard = asyncio.Event()

    async def listen() -> None:
        async with contextlib.aclosing(chat_of(make).chat(question(make(server.url)))) as stream:
            async for event in stream:
                if isinstance(event, Content):
                    heard.set()

    async with serving(Script(chunks[:1], hang=hang)) as server:
        task = asyncio.create_task(listen())
        await (server.arrived if hang == "headers" else heard).wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await alone()
        await server.talks[0].left.wait()


@pytest.mark.parametrize(
    "script",
    [
        Script([b"{}"], status=500),
        Script([b"{}"], status=400),
        Script([b"nonsense\n", b"data: nonsense\n"], hang="body"),
        Script([b'{"error":"x"}\n', b'data: {"error":"x"}\n\n'], hang="body"),
        Script([b"<html>"], headers={"content-type": "text/html"}, hang="body"),
    ],
    ids=["500", "400", "nonsense", "error in the stream", "web page"],
)
@pytest.mark.parametrize("make", [ollama, compatible])
async def test_the_connection_is_closed_after_an_error(make: Make, script: Script) -> None:
    async with serving(script) as server:
        # The web page has no line end: Ollama's reader would wait for one, so it is given one.
        chunks = [chunk + b"\n" for chunk in script.chunks]
        server.scripts = [Script(chunks, script.status, script.headers, hang=script.hang)]
        await failure(chat_of(make), question(make(server.url)))
        await alone()
        await server.talks[0].left.wait()
        assert len(server.talks) == 1


@pytest.mark.parametrize("make", [ollama, compatible])
async def test_nobody_listening_is_refused(make: Make) -> None:
    async with serving(Script()) as server:
        url = server.url
    error = await failure(chat_of(make), question(make(url)))
    assert error.failure == "refused"
    assert url in error.text


async def test_an_address_nobody_takes_connections_at_is_unreachable_within_its_limit() -> None:
    # A listener whose queue is full takes no more connections.
    listener = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0, backlog=0, start_serving=False)
    raw = listener.sockets[0]
    port = raw.getsockname()[1]
    listener._sockets[0].listen(0)  # type: ignore[attr-defined]
    fillers = []
    loop = asyncio.get_running_loop()
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)  # noqa: FBT003 - its only form
        fillers.append(filler)
        with contextlib.suppress(BlockingIOError):
            filler.connect(("127.0.0.1", port))
    try:
        before = loop.time()
        error = await failure(Ollama(), question(ollama(f"http://127.0.0.1:{port}").replace(connect=0.05)))
        assert loop.time() - before >= 0.05
        assert error.failure == "unreachable"
    finally:
        for filler in fillers:
            filler.close()
        listener.close()


async def test_an_error_names_the_server_and_quotes_nothing_it_said() -> None:
    secret = b'{"error":"prompt was: CANARY-PROMPT"}\n'
    async with serving(Script([secret], status=500), Script([secret])) as server:
        for _ in range(2):
            with pytest.raises(AttemptError) as caught:
                async for _event in Ollama().chat(question(ollama(server.url), "CANARY-PROMPT")):
                    pass
            assert "CANARY" not in caught.value.sentence()
            assert server.url in caught.value.text


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n"


@pytest.mark.parametrize(
    ("answer", "ending"),
    [
        (b"", "was closed without an answer"),
        (None, "was reset"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n{", "was closed in the middle of the answer"),
        (HEAD + b"content-length: 99\r\n\r\n{", "was closed in the middle of the answer"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n", "brought what is no proper HTTP"),
        (HEAD + b"content-encoding: gzip\r\n\r\nno gzip at all", "brought what is no proper HTTP"),
        (b"220 mail.example ESMTP\r\n\r\n", "brought what is no proper HTTP"),
    ],
)
@pytest.mark.parametrize("make", [ollama, compatible])
async def test_how_a_connection_ended_is_said_in_plain_words(make: Make, answer: bytes | None, ending: str) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            plain = writer.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            await reader.read(65536)
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    async with server:
        model = make(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        error = await failure(chat_of(make), question(model))
    assert error.failure == "broken"
    assert error.text == f"The connection to {model.url} {ending}."
