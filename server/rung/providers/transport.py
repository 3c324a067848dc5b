"""The HTTP client of one attempt, and the lines of its answer.

Every attempt has a client, and so a connection, of its own: closing the client is what closes the socket, and no idle
connection of an earlier attempt can be handed a request it will reset. Loopback never goes through a proxy of the
environment.
"""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
from collections.abc import AsyncGenerator
from functools import lru_cache
from urllib.parse import urlsplit

import httpx2

from rung.errors import AttemptError

LONGEST_LINE = 8 * 2**20
"""Bytes; a server that sends a longer line is not speaking the protocol."""


def is_loopback(url: str) -> bool:
    """Whether the address names this machine by itself, without asking a name server."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """The system's trust, read once: it takes tens of milliseconds."""
    return httpx2.create_ssl_context()


def client_for(url: str, connect: float) -> httpx2.AsyncClient:
    """A client for one attempt; only connecting is limited here, the ladder limits the rest.

    Args:
        url: the server.
        connect: seconds the TCP and TLS handshakes may take.
    """
    if url.startswith("unix://"):
        return httpx2.AsyncClient(
            base_url="http://localhost",
            timeout=httpx2.Timeout(None, connect=connect),
            transport=httpx2.AsyncHTTPTransport(uds=url.removeprefix("unix://")),
        )
    return httpx2.AsyncClient(
        base_url=url,
        timeout=httpx2.Timeout(None, connect=connect),
        trust_env=not is_loopback(url),
        verify=_certificates() if url.startswith("https") else False,
        follow_redirects=False,
    )


async def lines(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    r"""Split a body at ``\n`` alone, for JSON strings may hold U+2028 and its like; the last line may lack its end.

    Closing it closes ``chunks``.

    Raises:
        AttemptError: ``broken``, a line longer than :data:`LONGEST_LINE`.
    """
    rest = b""
    async with contextlib.aclosing(chunks):
        async for chunk in chunks:
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line.rstrip(b"\r")
            if len(rest) > LONGEST_LINE:
                raise AttemptError("broken", "The server sent a line that does not end.")
        if rest:
            yield rest.rstrip(b"\r")
