"""What the server sends: answers, notifications, its own requests and what the client answers to them.

The other half of the protocol; what comes in from the client is in ``protocol``.
"""

from __future__ import annotations

import enum
import json
import typing

import attrs
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInternalError
from pygls.protocol import LanguageServerProtocol

from rung.lsp.failures import MALFORMED
from rung.lsp.frames import frame
from rung.lsp.wire_types import MESSAGE_TYPES
from rung.types.value import Value, as_dict

if typing.TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from typing import Any

    from cattrs import Converter

    from rung.lsp.server import Server

    MsgId = int | str


class Sending(LanguageServerProtocol):
    """The half of :class:`rung.lsp.protocol.Protocol` that talks; bytes leave by the outbox set as writer."""

    _server: Server

    def __init__(self, server: Server, converter: Converter) -> None:
        super().__init__(server, converter)
        self._torn: set[MsgId] = set()

    def _send_data(self, data: Any) -> None:
        """Send one message.

        Raises:
            TypeError: it holds something that is no JSON.
        """
        if self.writer is not None:
            self.writer.write(frame(json.dumps(data, default=self._serialize_message).encode()))

    def _serialize_message(self, data: Any) -> Any:
        if attrs.has(type(data)):
            return self._converter.unstructure(data)
        if isinstance(data, enum.Enum):
            return data.value
        if isinstance(data, Value):
            return as_dict(data)
        raise TypeError(f"{type(data).__name__} is no JSON")

    def notify(self, method: str, params: Any | None = None) -> None:
        """Send a notification. Progress is dropped while the client does not read (see :meth:`_dropped`)."""
        if method == types.PROGRESS and self._dropped(params):
            return
        message = {"jsonrpc": self.VERSION, "method": method}
        self._send_data(message if params is None else {**message, "params": params})

    def _dropped(self, params: Any) -> bool:
        """Whether a client that has fallen behind does without this piece of progress.

        Of a streamed text, once one piece is lost, all others are until it starts anew, so that what is shown is
        always the text's beginning. What opens and closes a progress is never dropped.
        """
        congested = getattr(self.writer, "congested", False)
        token, value = (params["token"], params["value"]) if isinstance(params, dict) else (params.token, params.value)
        kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
        if kind == "text":
            if congested:
                self._torn.add(token)
            return token in self._torn
        if kind in {"reset", "end"}:
            self._torn.discard(token)
        return congested and kind == "report"

    def send_request(
        self,
        method: str,
        params: Any | None = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: MsgId | None = None,
    ) -> Future[Any]:
        """Ask the client. The future can be cancelled; a late answer is then ignored."""
        own_id = msg_id if msg_id is not None else f"rung-{self._server.next_id()}"
        future = super().send_request(method, params, callback, own_id)
        future.add_done_callback(lambda _: self._forget(own_id))
        return future

    def _forget(self, msg_id: MsgId) -> None:
        self._request_futures.pop(msg_id, None)
        self._result_types.pop(msg_id, None)

    def drop_requests(self) -> None:
        """Give up on everything asked of a client that is gone."""
        for future in list(self._request_futures.values()):
            future.cancel()

    # pygls caches these two by instance, which would keep every ended session in memory.

    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]  # there a cached function
        """The class a message of that method is read into; None: plain JSON."""
        return MESSAGE_TYPES.get(method) or types.METHOD_TO_TYPES.get(method, (None,))[0]

    def get_result_type(self, method: str) -> type[Any] | None:  # type: ignore[override]  # there a cached function
        """The class an answer to that method is read into; None: plain JSON."""
        return types.METHOD_TO_TYPES.get(method, (None, None))[1]

    def _take_answer(self, message: dict[str, Any]) -> None:
        msg_id = message.get("id")
        if not isinstance(msg_id, int | str):
            return
        future = self._request_futures.get(msg_id)
        if future is None or future.done():
            return
        kind = self._result_types.get(msg_id)
        try:
            if message.get("error") is not None:
                error = self._converter.structure(message["error"], types.ResponseError)
                future.set_exception(JsonRpcException.from_error(error))
            elif kind is None:
                future.set_result(message.get("result"))
            else:
                future.set_result(self._converter.structure(message, kind).result)
        except MALFORMED:
            future.set_exception(JsonRpcInternalError("The client's answer does not fit its request."))
