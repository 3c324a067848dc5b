"""Whether anybody listens at an address: a connection is opened and closed again, and nothing is said.

Servers of a protocol that has no list of what they hold (llama.cpp, LM Studio) are looked at like this, and only once
they were away.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from rung.providers import loopback
from rung.types.model import Model

PORTS = {"http": 80, "https": 443}


async def listens(model: Model) -> bool:
    """Whether its server takes a connection within the time the model allows for that."""
    if model.url.startswith(loopback.SOCKET):
        return await _opens(model, "", 0)
    address = urlsplit(model.url)
    host, port = address.hostname or "", address.port or PORTS.get(address.scheme, 0)
    for name in loopback.ADDRESSES if loopback.is_name(host) else (host,):
        if await _opens(model, name, port):
            return True
    return False


async def _opens(model: Model, host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(model.connect):
            if host:
                _, writer = await asyncio.open_connection(host, port)
            else:
                _, writer = await asyncio.open_unix_connection(model.url.removeprefix(loopback.SOCKET))
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
