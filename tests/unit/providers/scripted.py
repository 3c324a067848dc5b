"""A server on a bare socket that says exactly the bytes it is told to, and notices when the client leaves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rung.errors import AttemptError
from rung.providers.events import Content, Finished, Question, Thought
from rung.types.call import Message
from rung.types.model import Model

if TYPE_CHECKING:
    from rung.providers.events import Chat, StreamEvent

RECORDINGS = Path(__file__).parents[2] / "recordings"


@dataclass
class Script:
    """What to answer every request with."""

    chunks: Sequence[bytes] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    chunked: bool = True
    """Whether the body goes out in HTTP chunks; else it ends with the connection."""
    cut: bool = False
    """Whether the connection closes without the end of the transfer coding."""
    hang: str = ""
    """Where to wait for ever: "headers" before them, "body" after the last chunk."""
    silent: bool = False
    """Whether it closes the connection without a byte."""


@dataclass
class Talk:
    """One request as the server saw it."""

    head: str
    body: Any
    sent: int = 0
    """Chunks that went out."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client's side of the connection is closed."""


class Server:
    """Answers by its scripts, the last of them for ever."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.talks: list[Talk] = []
        self.arrived = asyncio.Event()
        self.next_chunk: asyncio.Event | None = None
        """Where given, a chunk after the first waits for it, each time."""
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                (int(h.split(":")[1]) for h in head.split("\r\n") if h.lower().startswith("content-length")), 0
            )
            body = await reader.readexactly(length)
            talk = Talk(head, json.loads(body) if body else None)
            self.talks.append(talk)
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            self.arrived.set()
            watch = asyncio.ensure_future(self._watch(reader, talk))
            try:
                if not script.silent:
                    await self._say(script, talk, writer)
                if not (script.cut or script.silent):
                    await talk.left.wait()
            finally:
                watch.cancel()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @staticmethod
    async def _watch(reader: asyncio.StreamReader, talk: Talk) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                pass
        talk.left.set()

    async def _say(self, script: Script, talk: Talk, writer: asyncio.StreamWriter) -> None:
        if script.hang == "headers":
            await talk.left.wait()
            return
        coding = {"transfer-encoding": "chunked"} if script.chunked else {}
        fields = {"content-type": "application/x-ndjson", "connection": "close", **coding, **script.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"HTTP/1.1 {script.status} X\r\n{lines}\r\n".encode())
        for index, chunk in enumerate(script.chunks):
            if self.next_chunk is not None and index:
                waits = [asyncio.ensure_future(self.next_chunk.wait()), asyncio.ensure_future(talk.left.wait())]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()
                if talk.left.is_set():
                    return
            writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if script.chunked else chunk)
            await writer.drain()
            talk.sent += 1
        if script.hang == "body":
            await talk.left.wait()
        elif script.chunked and not script.cut:
            writer.write(b"0\r\n\r\n")
        if not script.chunked:
            writer.write_eof()


@contextlib.asynccontextmanager
async def serving(
    *scripts: Script, host: str = "127.0.0.1", port: int = 0, certificate: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """A server that answers by these scripts, one request each, the last for ever; ``host`` may be a socket's path."""
    server = Server(*scripts)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(server.handle(reader, writer))
        tasks.add(task)

    if host.startswith("/"):
        listening = await asyncio.start_unix_server(accept, host, limit=2**20)
    else:
        listening = await asyncio.start_server(accept, host, port, limit=2**20, ssl=certificate)
        server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert result is None or isinstance(result, asyncio.CancelledError), result


def recorded(name: str, index: int = 0) -> Script:
    """A recorded answer, chunk by chunk."""
    exchange = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["exchanges"][index]
    response = exchange["response"]
    headers = {n: v for n, v in response["headers"].items() if not n.startswith("(") and n != "transfer-encoding"}
    chunked = "content-length" not in headers
    return Script(
        chunks=[text.encode() for _, text in response["chunks"]],
        status=response["status"],
        headers={name: value for name, value in headers.items() if name != "content-length"},
        chunked=chunked,
        cut=response["ended"] != "complete",
    )


def question(model: Model, text: str = "hi", limit: int = 100) -> Question:
    return Question(model, (Message("user", text),), limit)


async def heard(chat: Chat, asked: Question) -> list[StreamEvent]:
    """All events of an answer."""
    stream = chat.chat(asked)
    async with contextlib.aclosing(stream):
        return [event async for event in stream]


async def failure(chat: Chat, asked: Question) -> AttemptError:
    """The error an answer ends with."""
    try:
        await heard(chat, asked)
    except AttemptError as error:
        return error
    raise AssertionError("it did not fail")


def text_of(events: Sequence[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Content))


def thoughts(events: Sequence[StreamEvent]) -> int:
    return sum(isinstance(event, Thought) for event in events)


def end_of(events: Sequence[StreamEvent]) -> Finished:
    """The end marker, which is the last event and the only one of its kind."""
    found = [event for event in events if isinstance(event, Finished)]
    assert len(found) == 1
    assert events[-1] is found[0]
    return found[0]
