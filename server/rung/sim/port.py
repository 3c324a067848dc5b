"""The simulator's port: the same one from its first moment to its last, also while nobody listens there."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

HOST = "127.0.0.1"

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None] | None]


class Port:
    """A port of this machine.

    Args:
        number: 0 lets the system choose when it is first listened at.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._kept: socket.socket | None = None

    async def listen(self, accept: Accept) -> asyncio.Server:
        """Let in whoever connects.

        Raises:
            OSError: the port is taken.
        """
        kept, self._kept = self._kept, None
        if kept is not None:
            return await asyncio.start_server(accept, sock=kept)
        server = await asyncio.start_server(accept, HOST, self.number)
        self.number = server.sockets[0].getsockname()[1]
        return server

    def keep(self) -> None:
        """Have it while nobody listens, so that whoever connects is refused: else the next server might be given it."""
        if os.name != "posix":
            return
        kept = socket.socket()
        # Connections that are about to end may still have it.
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            kept.bind((HOST, self.number))
        except OSError:
            kept.close()
        else:
            self._kept = kept

    def leave(self) -> None:
        """Let others have it."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
