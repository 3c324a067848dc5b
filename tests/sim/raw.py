"""An HTTP client on bare sockets, which sees every chunk, every header and every way a connection ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Got:
    """What came back from one request."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    """The chunks of the transfer coding; a body with a length is one."""

    ended: str = "complete"
    """"complete", "cut" (closed too early), "reset" (TCP), or "left" (this client closed)."""

    headers_at: float | None = None
    """The loop's time when the headers had come."""

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    def json(self) -> Any:
        return json.loads(self.body)


async def ask(
    url: str,
    path: str,
    body: Any = None,
    *,
    method: str = "",
    headers: Mapping[str, str] | None = None,
    leave_after_chunks: int | None = None,
    leave_after: float | None = None,
) -> Got:
    """Send one request on a connection of its own and read the answer to its end.

    ``leave_after_chunks`` and ``leave_after`` close the connection from this side, after so many chunks or seconds.
    """
    address = urlsplit(url)
    assert address.hostname is not None
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    raw = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    method = method or ("GET" if body is None else "POST")
    sent = {"host": address.netloc, "content-length": str(len(raw))}
    sent |= {name.lower(): value for name, value in (headers or {}).items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + raw)
    got = Got()
    try:
        async with asyncio.timeout(leave_after):
            await _read(reader, got, method, leave_after_chunks)
    except TimeoutError:
        got.ended = "left"
    except asyncio.IncompleteReadError:
        got.ended = "cut"
    except ConnectionResetError:
        got.ended = "reset"
    finally:
        writer.close()
    return got


async def _read(reader: asyncio.StreamReader, got: Got, method: str, most: int | None) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
    got.headers_at = asyncio.get_running_loop().time()
    got.status = int(head[0].split()[1])
    got.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-1])}
    if method == "HEAD":
        return
    if "content-length" in got.headers:
        length = int(got.headers["content-length"])
        if length:
            got.chunks.append(await reader.readexactly(length))
        return
    while size := int(await reader.readuntil(b"\r\n"), 16):
        got.chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
        if most is not None and len(got.chunks) == most:
            got.ended = "left"
            return
    await reader.readexactly(2)
