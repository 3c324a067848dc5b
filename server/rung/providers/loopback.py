"""This machine by its names: ``localhost`` means the loopback addresses, ``unix:///path`` a socket in the file system.

Left to the system (a name server, a hosts file) ``localhost`` is often ``::1`` first, where Ollama does not listen, and
what resolves somewhere else would take with it what was promised to stay here.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from urllib.parse import urlsplit

import httpx2

ADDRESSES = ("127.0.0.1", "::1")
"""In the order they are tried: most servers listen at the first one alone."""


SOCKET = "unix://"
"""How the address of a socket in the file system begins; its path follows."""


LATE = 0.05
"""Seconds by which a timer may be late before the event loop, and not the server, is taken to be slow."""
TRIES = 3
"""How often that is believed of one connection."""


def over_http(url: str, path: str = "") -> str:
    """The address as HTTP knows it: a socket's says nothing of the paths behind it, so ``path`` does."""
    return f"http://localhost{path}" if url.startswith(SOCKET) else url


def is_name(host: str) -> bool:
    """Whether the host is ``localhost`` or a name below it (RFC 6761, section 6.3)."""
    return host == "localhost" or host.endswith(".localhost")


def is_loopback(url: str) -> bool:
    """Whether the address names this machine by itself, without asking a name server."""
    if url.startswith(SOCKET):
        return True
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if is_name(host):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def transport_to(url: str, verify: ssl.SSLContext | bool) -> httpx2.AsyncBaseTransport:  # noqa: FBT001 - httpx2's name
    """The transport for an address on this machine."""
    inner = httpx2.AsyncHTTPTransport(verify=verify, uds=url.removeprefix(SOCKET) if url.startswith(SOCKET) else None)
    return Loopback(Unhurried(inner))


class Unhurried(httpx2.AsyncBaseTransport):
    """Tries again to connect where it was this process that had no time, and not the server.

    A limit of 300 ms is right for a server on the same machine, and short for an event loop that imports a package: by
    the time it looks up, the limit is over though the connection was there at once.

    Args:
        inner: the transport that does the work.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer.

        Raises:
            httpx2.ConnectTimeout: the server did not take the connection in time.
        """
        loop, limit = asyncio.get_running_loop(), request.extensions.get("timeout", {}).get("connect")
        for _ in range(TRIES):
            began = loop.time()
            try:
                return await self._inner.handle_async_request(request)
            except httpx2.ConnectTimeout:
                if limit is None or loop.time() - began < limit + LATE:
                    raise
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the transport that does the work."""
        await self._inner.aclose()


class Loopback(httpx2.AsyncBaseTransport):
    """Sends what is for ``localhost`` to the first loopback address that takes the connection.

    Args:
        inner: the transport that does the work.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer of whoever listens.

        Raises:
            httpx2.ConnectError: nobody does; what the first address said.
        """
        if not is_name(request.url.host):
            return await self._inner.handle_async_request(request)
        named, refused = request.url.host, None
        for address in ADDRESSES:
            # The Host header was made with the request, and stays what the person wrote.
            request.url = request.url.copy_with(host=address)
            request.extensions = {**request.extensions, "sni_hostname": named}
            try:
                return await self._inner.handle_async_request(request)
            except httpx2.ConnectError as error:
                refused = refused or error
        assert refused is not None
        raise refused

    async def aclose(self) -> None:
        """Close the transport that does the work."""
        await self._inner.aclose()
