"""The HTTP client of one attempt, and the lines of its answer.

Every attempt has a client, and so a connection, of its own: closing the client is what closes the socket, and no idle
connection of an earlier attempt can be handed a request it will reset. What goes to a server of the person's own, on
this machine or another, never goes through a proxy of the environment: that is one more machine.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING

import httpx2

from rung.errors import AttemptError
from rung.providers import certificates, proxies, rehearsal
from rung.providers.dial import Dial
from rung.providers.loopback import SOCKET, Loopback, is_loopback, over_http

if TYPE_CHECKING:
    from rung.types.model import Model

LONGEST_LINE = 8 * 2**20
"""Bytes; a server that sends a longer line is not speaking the protocol."""
LONGEST_ANSWER = 64 * 2**20
"""Bytes; a thousand times what the longest answer takes."""
LONGEST_ERROR = 2**16
"""Bytes of an error's body that are read, for its meaning; the rest of it is left unread."""


class _Bounded(httpx2.AsyncByteStream):
    """A body of which no more is taken in than can mean anything."""

    def __init__(self, inner: httpx2.AsyncByteStream, *, is_error: bool) -> None:
        self._inner = inner
        self._is_error = is_error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The chunks.

        Raises:
            AttemptError: ``broken``, an answer longer than :data:`LONGEST_ANSWER`.
        """
        taken = 0
        async for chunk in self._inner:
            yield chunk
            taken += len(chunk)
            if self._is_error and taken >= LONGEST_ERROR:
                return
            if taken > LONGEST_ANSWER:
                raise AttemptError("broken", "The server sent an answer that does not end.")

    async def aclose(self) -> None:
        """Close the connection's stream."""
        await self._inner.aclose()


async def _bound(response: httpx2.Response) -> None:
    """Bound the body of every response, also of those a package reads whole by itself."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream, is_error=response.status_code >= 300)


def client_for(model: Model, url: str) -> httpx2.AsyncClient:
    """A client for one attempt; only connecting is limited here, the ladder limits the rest.

    Args:
        model: who is asked.
        url: where, as its protocol has it.

    Raises:
        AttemptError: ``unreachable``, the proxy or the certificates that the environment names cannot be used.
    """
    here = is_loopback(url)
    is_own = here or model.local or model.near
    proxy = None if is_own else proxies.proxy_for(url)
    inner = httpx2.AsyncHTTPTransport(
        verify=certificates.context() if url.lower().startswith("https") else False,
        proxy=proxy.way if proxy else None,
        uds=url.removeprefix(SOCKET) if url.startswith(SOCKET) else None,
    )
    dial = Dial(inner, proxy.named if proxy else None)
    return httpx2.AsyncClient(
        base_url=over_http(url),
        timeout=httpx2.Timeout(None, connect=model.connect),
        # What the environment says was looked at above.
        trust_env=False,
        transport=Loopback(dial) if here else dial,
        follow_redirects=False,
        event_hooks={"response": [_bound]},
    )


async def ready(model: Model, url: str) -> None:
    """See to it that a request leaves at once: what has to be imported and read for it is, in a thread.

    Raises:
        AttemptError: ``unreachable``, as :func:`client_for`.
    """

    def prepare() -> None:
        client_for(model, url)
        rehearsal.of_http()

    await asyncio.to_thread(prepare)


async def lines(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    r"""Split a body at ``\n`` alone, for JSON strings may hold U+2028 and its like; the last line may lack its end.

    Closing it closes ``chunks``.

    Raises:
        AttemptError: ``broken``, a line longer than :data:`LONGEST_LINE`.
    """
    # In pieces until its end has come: joined at every chunk, a long line would be copied a thousand times.
    begun: list[bytes] = []
    size = 0
    async with contextlib.aclosing(chunks):
        async for chunk in chunks:
            first, *others = chunk.split(b"\n")
            begun.append(first)
            size += len(first)
            if size > LONGEST_LINE:
                raise AttemptError("broken", "The server sent a line that does not end.")
            if others:
                yield b"".join(begun).rstrip(b"\r")
                for line in others[:-1]:
                    yield line.rstrip(b"\r")
                begun, size = [others[-1]], len(others[-1])
        if size:
            yield b"".join(begun).rstrip(b"\r")
