"""JSON-RPC as an editor speaks it to ``rung lsp``: frames over a child's pipes, and nothing of a language server."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


class GoneError(Exception):
    """The server has ended, or closed its output."""


class RefusedError(Exception):
    """The server answered a request with an error.

    Attributes:
        code: the protocol's number.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Wire:
    """One connection to a server.

    Args:
        reader: from the server.
        writer: to the server.
        answer: gets method and parameters of the server's requests; what it returns is the result.
        hear: gets method and parameters of the server's notifications.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answer: Callable[[str, Any], Any],
        hear: Callable[[str, Any], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._answer = answer
        self._hear = hear
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.gone = False
        """Nothing will come any more."""

    def notify(self, method: str, params: Any) -> None:
        """Send a notification.

        Raises:
            GoneError: there is nobody to send it to.
        """
        self._send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> tuple[int, asyncio.Future[Any]]:
        """Send a request; its id, and what will be its result.

        The future raises RefusedError where the server answers with an error, GoneError where it never will.

        Raises:
            GoneError: there is nobody to send it to.
        """
        number = next(self._ids)
        self._send({"id": number, "method": method, "params": params})
        self._waiting[number] = asyncio.get_running_loop().create_future()
        return number, self._waiting[number]

    async def listen(self) -> None:
        """Take in messages until the server closes its output."""
        try:
            while True:
                self._take(await self._read())
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self.gone = True
            for future in self._waiting.values():
                if not future.done():
                    _fail(future, GoneError("the server has ended"))

    async def _read(self) -> Json:
        length = 0
        while (line := await self._reader.readuntil(b"\r\n")) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: Json = json.loads(await self._reader.readexactly(length))
        return message

    def _take(self, message: Json) -> None:
        method = message.get("method")
        if method is None:
            future = self._waiting.pop(message["id"], None)
            if future is None or future.done():
                return
            if error := message.get("error"):
                _fail(future, RefusedError(error["code"], error["message"]))
            else:
                future.set_result(message.get("result"))
        elif "id" in message:
            self._send({"id": message["id"], "result": self._answer(method, message.get("params"))})
        else:
            self._hear(method, message.get("params"))

    def _send(self, message: Json) -> None:
        if self.gone or self._writer.is_closing():
            raise GoneError("the server has ended")
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    future.set_exception(error)
    future.exception()  # whoever waits for it gets it, and nobody has to wait
