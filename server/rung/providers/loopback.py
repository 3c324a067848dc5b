"""This machine by its names: ``localhost`` means the loopback addresses, ``unix:///path`` a socket in the file system.

Left to the system (a name server, a hosts file) ``localhost`` is often ``::1`` first, where Ollama does not listen, and
what resolves somewhere else would take with it what was promised to stay here.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import httpx2

from rung.providers.dial import UnreachedError

ADDRESSES = ("127.0.0.1", "::1")
"""In the order they are tried: most servers listen at the first one alone."""


SOCKET = "unix://"
"""How the address of a socket in the file system begins; its path follows."""


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
            UnreachedError: nobody does; what the first address said.
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
            except UnreachedError as error:
                if error.late:
                    raise
                refused = refused or error
        assert refused is not None
        raise refused

    async def aclose(self) -> None:
        """Close the transport that does the work."""
        await self._inner.aclose()
