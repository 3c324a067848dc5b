"""Servers that fail: a simulator that is told to, or a bare socket where a simulator could not do it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import httpx2
from tests.certificates import served

from rung.sim import SimModel, Simulator
from rung.types.model import Model, Price

from .kinds import Fault

PATHS = {"ollama": "", "openai-compatible": "/v1", "openai": "/openai/v1", "anthropic": "/anthropic"}
SERVED_BY = {"ollama": "ollama", "openai-compatible": "ollama", "openai": "openai", "anthropic": "anthropic"}
WINDOW = 4096
LINE = "    return width * height"
PIECES = 30
"""Pieces of an answer that a fault in mid-stream lets through: more text than the ladder holds back."""

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def speech(name: str) -> Callable[[Sequence[Any]], str]:
    """What the model of that name says: its own text, whole only with both its ends."""

    def says(messages: Sequence[Any]) -> str:
        asked = "\n".join(message.text for message in messages)
        return findings_of(name) if "Review this" in asked else text_of(name)

    return says


def text_of(name: str) -> str:
    """The one right text of that model."""
    return f"[{name} begins]\n" + f"The function of {name} multiplies the width by the height. " * 12 + f"[{name} ends]"


def findings_of(name: str) -> str:
    """The one right review of that model."""
    found = {"severity": "warning", "category": "bug", "title": f"Seen by {name}", "reason": "It may overflow."}
    finding = {**found, "quote": LINE.strip(), "suggestion": "Check it."}
    return json.dumps({"findings": [finding], "summary": f"{name} read all of it."})


def sim_model(name: str, provider: str, **more: Any) -> SimModel:
    """A simulated model that says its own text."""
    fields: dict[str, Any] = {"says": speech(name), "provider": SERVED_BY[provider], "context": WINDOW, "parallel": 0}
    return SimModel(name, **{**fields, **more})


def model(provider: str, name: str, url: str, **limits: Any) -> Model:
    """A model of the settings: Ollama and what speaks by its other form are local, the others are not."""
    local = provider in {"ollama", "openai-compatible"}
    return Model(
        provider,  # type: ignore[arg-type]  # one of the four
        name,
        url + PATHS[provider],
        key=None if local else "A_KEY",
        context=WINDOW if provider == "ollama" else None,
        price=Price(1.0, 2.0) if provider == "openai" else None,
        local=local,
    ).replace(**limits)


async def preload(sim: Simulator, name: str, window: int = WINDOW) -> None:
    """Have a model of Ollama's in memory, as after an earlier question."""
    async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
        body = {"model": name, "messages": [], "options": {"num_ctx": window}, "keep_alive": -1}
        assert (await client.post(f"{sim.url}/api/chat", json=body)).status_code == 200


class Victim:
    """The model that fails, and how many connections its server took."""

    def __init__(self, found: Model, sim: Simulator | None, taken: Callable[[], int], ended: Callable[[], int]) -> None:
        self.model = found
        self.sim = sim
        self._taken = taken
        self._open = ended

    @property
    def connections(self) -> int:
        """Connections that were taken so far."""
        return self._taken()

    @property
    def open(self) -> int:
        """Connections the other side has not closed."""
        return self._open()


@contextlib.asynccontextmanager
async def victim(fault: Fault, provider: str, elsewhere: str, **limits: Any) -> AsyncIterator[Victim]:
    """The victim of a fault, listening.

    Args:
        fault: what goes wrong.
        provider: the protocol.
        elsewhere: the address of another server, for a redirect.
        **limits: fields of its model.
    """
    if fault.kind is not None:
        async with simulated(fault, provider, **limits) as found:
            yield found
        return
    async with contextlib.AsyncExitStack() as stack:
        if fault.name in RAW_SOCKETS:
            port = stack.enter_context(RAW_SOCKETS[fault.name]())
            yield Victim(model(provider, "victim:1b", f"http://127.0.0.1:{port}", **limits), None, _none, _none)
            return
        scheme = "http"
        if fault.name == "https to a plain server":
            sim = await stack.enter_async_context(Simulator([sim_model("victim:1b", provider)]))
            yield Victim(
                model(provider, "victim:1b", sim.url.replace("http", "https"), **limits),
                None,
                lambda: sim.connections,
                lambda: len(sim._open),
            )
            return
        certificate = None
        if fault.name == "self-signed certificate":
            scheme, certificate = "https", served()
        server = Raw(SCRIPTS.get(fault.name, hang)(elsewhere), late=40.0 if fault.name == "slow accept" else 0.0)
        port = await stack.enter_async_context(server.listening(certificate))
        url = f"{scheme}://127.0.0.1:{port}"
        yield Victim(model(provider, "victim:1b", url, **limits), None, lambda: server.taken, lambda: len(server.tasks))


def _none() -> int:
    return 0


@contextlib.asynccontextmanager
async def simulated(fault: Fault, provider: str, **limits: Any) -> AsyncIterator[Victim]:
    """A simulator told to fail."""
    async with Simulator([sim_model("victim:1b", provider, token_delay=fault.delay)]) as sim:
        if SERVED_BY[provider] == "ollama":
            await preload(sim, "victim:1b")
        args = dict(fault.args)
        if "message" in args and provider == "ollama" and fault.args.get("status") == 400:
            args["body"] = {"error": args.pop("message")}
        sim.fail(str(fault.kind), model="victim:1b", times=fault.times, **args)
        before = sim.connections
        yield Victim(
            model(provider, "victim:1b", sim.url, **limits),
            sim,
            lambda: sim.connections - before,
            lambda: len(sim._open),
        )


class Raw:
    """A server on bare streams: lists its one model as Ollama does, and plays a script to every question."""

    def __init__(self, script: Script, *, late: float = 0.0) -> None:
        self.script = script
        self.late = late
        """Seconds until it takes its first connection, only to drop it."""
        self.taken = 0
        self.tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def listening(self, certificate: ssl.SSLContext | None) -> AsyncIterator[int]:
        """The port."""
        sock = socket.create_server(("127.0.0.1", 0))
        sock.setblocking(False)  # noqa: FBT003 - its one argument
        opening = asyncio.create_task(self._open(sock, certificate))
        if not self.late:
            await opening
        try:
            yield sock.getsockname()[1]
        finally:
            opening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                (await opening).close()
            for task in tuple(self.tasks):
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            sock.close()

    async def _open(self, sock: socket.socket, certificate: ssl.SSLContext | None) -> asyncio.Server:
        await asyncio.sleep(self.late)
        return await asyncio.start_server(self._accept, sock=sock, ssl=certificate)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.taken += 1
        task = asyncio.ensure_future(self._serve(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            try:
                if self.late:
                    return
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET /api/"):
                    writer.write(answer(json.dumps({"models": [{"name": "victim:1b"}]}).encode()))
                    return
                await self.script(reader, writer)
            finally:
                writer.close()


def answer(body: bytes, headers: str = "", status: str = "200 OK") -> bytes:
    """A whole HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def hang(_elsewhere: str) -> Script:
    """Says nothing."""

    async def play(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass

    return play


def says(data: bytes) -> Callable[[str], Script]:
    """Says those bytes and ends."""

    def made(elsewhere: str) -> Script:
        async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(data.replace(b"ELSEWHERE", elsewhere.encode()))
            await writer.drain()

        return play

    return made


def drip(_elsewhere: str) -> Script:
    """Headers, one byte every five seconds, without end."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = asyncio.ensure_future(_until_gone(reader))
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
            while not gone.done():
                writer.write(b"a")
                await asyncio.wait({gone}, timeout=5.0)
        finally:
            gone.cancel()

    return play


async def _until_gone(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(65536):
            pass


def flood(status: str) -> Callable[[str], Script]:
    """A body without a line's end, and without an end, as fast as it is taken."""

    def made(_elsewhere: str) -> Script:
        async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(f"HTTP/1.1 {status}\r\nconnection: close\r\n\r\ndata: ".encode())
            while True:
                writer.write(b"x" * 2**18)
                await writer.drain()

        return play

    return made


CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
SCRIPTS: dict[str, Callable[[str], Script]] = {
    "dripping headers": drip,
    "no http": says(b"220 mail.example ESMTP ready\r\n"),
    "malformed chunk": says(CHUNKED + b"5\r\nab"[:4] + b"ZZ\r\nnonsense\r\n"),
    "short of its length": says(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n\n"),
    "bad gzip": says(answer(b"this is no gzip at all", "content-encoding: gzip\r\n")),
    "endless line": flood("200 OK"),
    "endless error page": flood("500 Oh"),
    "redirect": says(answer(b"", "location: ELSEWHERE/api/chat\r\n", "307 Temporary Redirect")),
}


@contextlib.contextmanager
def nobody() -> Any:
    """A port nobody listens at, held so that nobody else gets it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@contextlib.contextmanager
def full() -> Any:
    """A port whose backlog is full: who connects now hears nothing."""
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(socket.socket())
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - its one argument
            waiting.connect_ex(sock.getsockname())
        yield sock.getsockname()[1]


RAW_SOCKETS: dict[str, Callable[[], Any]] = {"refused": nobody, "no answer to connect": full}
