"""A first request that goes nowhere: what the libraries import and put together at their first one is there afterwards.

It takes a tenth of a second on a machine at rest, and much more on one that is busy: time that a server's first real
request would be counted with.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache

import httpx2

NOBODY = "http://nobody.invalid"
"""Who is asked: a name that is no server's (RFC 2606)."""
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@lru_cache(maxsize=1)
def of_http() -> None:
    """Rehearse the HTTP library, once in a process; to be called in a thread."""
    import httpcore2  # noqa: PLC0415 - the heaviest part of what this is for

    async def ask() -> None:
        nobody = httpcore2.AsyncMockBackend([ANSWER])
        async with httpcore2.AsyncConnectionPool(network_backend=nobody) as pool:
            await pool.request("GET", NOBODY)

    asyncio.run(ask())


def client(answer: bytes) -> httpx2.AsyncClient:
    """A client that answers itself, with this stream of events."""
    response = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=answer)
    return httpx2.AsyncClient(base_url=NOBODY, transport=httpx2.MockTransport(lambda _: response), trust_env=False)
