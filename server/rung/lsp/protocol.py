"""The protocol: which message reaches which handler, and what goes back.

pygls keeps the handlers, the types and the capabilities; how messages travel is replaced here, because pygls 2.1
(held to that minor version, for this leans on its private parts) cannot cancel a command, dies of a shutdown in the
middle of work, leaves malformed requests unanswered and tells users and logs what exceptions say. One of the two
places that catch any exception: the boundary of a request.
"""

from __future__ import annotations

import asyncio
import enum
import inspect
import json
import logging
import typing
from functools import partial

from cattrs import Converter
from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder
from pygls.exceptions import JsonRpcInvalidParams
from pygls.progress import Progress
from pygls.protocol import lsp_method
from pygls.uris import from_fs_path

from rung.lsp.arguments import bind
from rung.lsp.failures import MALFORMED, expected, failure, internal, malformed, where
from rung.lsp.sending import Sending
from rung.lsp.text import Documents

if typing.TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rung.lsp.server import Server

    MsgId = int | str

_log = logging.getLogger(__name__)


class Phase(enum.Enum):
    """Where a session stands in its life; each admits other messages."""

    NEW = 1
    READY = 2
    OVER = 3
    """``shutdown`` has come; only ``exit`` may follow."""


class Protocol(Sending):
    """One client's protocol. Bytes come in by :meth:`receive`, and leave by the outbox set as writer."""

    _server: Server

    def __init__(self, server: Server, converter: Converter) -> None:
        super().__init__(server, converter)
        self.progress = _Progress(self)
        self.phase = Phase.NEW
        self._incoming: dict[MsgId, asyncio.Task[Any]] = {}

    def receive(self, body: bytes) -> None:
        """Take one message. Never raises for what is in it; handlers start in the order of their messages."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            self._reject(None, failure(types.ErrorCodes.ParseError, "The message is no JSON."))
            return
        if not isinstance(message, dict) or not isinstance(message.get("method", ""), str):
            self._reject(None, failure(types.ErrorCodes.InvalidRequest, "The message is no request."))
        elif "method" not in message:
            self._take_answer(message)
        elif "id" not in message:
            self._take_notification(message["method"], message)
        elif type(message["id"]) not in {int, str}:
            self._reject(None, failure(types.ErrorCodes.InvalidRequest, "The request's id is no number or string."))
        else:
            self._take_request(message["id"], message["method"], message)

    def _take_request(self, msg_id: MsgId, method: str, message: dict[str, Any]) -> None:
        refusal = self._refusal(msg_id, method)
        if refusal is not None:
            self._reject(msg_id, refusal)
            return
        try:
            params = self._params(method, message)
        except MALFORMED as error:
            self._reject(msg_id, malformed(method, error))
            return
        self._ctx_msg_id.set(msg_id)  # a new task copies the context
        task = self._server.supervisor.spawn(f"request {method}", self._outcome(method, params))
        self._incoming[msg_id] = task
        task.add_done_callback(partial(self._answer, msg_id))

    def _refusal(self, msg_id: MsgId, method: str) -> types.ResponseError | None:
        if self.phase is Phase.OVER:
            return failure(types.ErrorCodes.InvalidRequest, "The server is shutting down.")
        if self.phase is Phase.NEW and method != types.INITIALIZE:
            return failure(types.ErrorCodes.ServerNotInitialized, "The first request must be initialize.")
        if msg_id in self._incoming or (self.phase is Phase.READY and method == types.INITIALIZE):
            return failure(types.ErrorCodes.InvalidRequest, "That was already asked.")
        if self._handler(method) is None:
            return failure(types.ErrorCodes.MethodNotFound, f"Unknown method {method}.")
        return None

    def _take_notification(self, method: str, message: dict[str, Any]) -> None:
        if method != types.EXIT and self.phase is not Phase.READY:
            return
        handler = self._handler(method)
        if handler is None and method != types.CANCEL_REQUEST:
            return
        try:
            params = self._params(method, message)
        except MALFORMED as error:
            _log.warning("ignored %s: its parameters do not fit (%s)", method, type(error).__name__)
            return
        if method == types.CANCEL_REQUEST:
            task = self._incoming.get(params.id)
            if task is not None:
                task.cancel()
        elif handler is not None:
            self._ctx_msg_id.set(None)
            self._server.supervisor.spawn(f"notification {method}", self._run(handler, params))

    def _handler(self, method: str) -> Callable[..., Any] | None:
        handler = self.fm.builtin_features.get(method) or self.fm.features.get(method)
        return typing.cast("Callable[..., Any] | None", handler)

    def _params(self, method: str, message: dict[str, Any]) -> Any:
        kind = self.get_message_type(method)
        if kind is None:
            return message.get("params")
        return getattr(self._converter.structure(message, kind), "params", None)

    async def _outcome(self, method: str, params: Any) -> tuple[Any, types.ResponseError | None]:
        """A request's result or error. The boundary: nothing but a cancellation gets past."""
        handler = self._handler(method)
        assert handler is not None
        try:
            return await self._run(handler, params), None
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the boundary of a request
            known = expected(error)
            if known is None:
                _log.error("%s failed: %s", method, where(error))
            return None, known or internal()

    async def _run(self, handler: Callable[..., Any], params: Any) -> Any:
        """Run a handler of any kind; pygls's own are generators that yield to the session's."""
        result = handler(params)
        if not inspect.isgenerator(result):
            return await result if inspect.isawaitable(result) else result
        steps: typing.Generator[Any, Any, Any] = result
        value: Any = None
        while True:
            try:
                inner, args, kwargs = steps.send(value)
            except StopIteration as stop:
                return stop.value
            value = inner(*args, **(kwargs or {}))
            if inspect.isawaitable(value):
                value = await value

    def _answer(self, msg_id: MsgId, task: asyncio.Task[Any]) -> None:
        self._incoming.pop(msg_id, None)
        if task.cancelled():
            error: types.ResponseError | None = failure(types.LSPErrorCodes.RequestCancelled, "Cancelled.")
            result = None
        else:
            result, error = task.result()
        if error is not None:
            self._reject(msg_id, error)
            return
        try:
            self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "result": result})
        except (TypeError, ValueError) as wrong:
            _log.error("the answer is no JSON: %s", where(wrong))
            self._reject(msg_id, internal())

    def _reject(self, msg_id: MsgId | None, error: types.ResponseError) -> None:
        self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "error": error})

    @lsp_method(types.INITIALIZE)
    async def lsp_initialize(self, params: types.InitializeParams) -> types.InitializeResult:  # type: ignore[override]  # pygls has a generator
        """Set the workspace up, let the session look at the client, and say what the server can do."""
        server = self._server
        server.process_id = params.process_id
        self.client_capabilities = params.capabilities
        encoding = ServerCapabilitiesBuilder.choose_position_encoding(params.capabilities)
        root = params.root_uri or (from_fs_path(params.root_path) if params.root_path else None)
        self._workspace = Documents(root, server.sync_kind, params.workspace_folders, encoding)
        await self._user(types.INITIALIZE, params)
        builder: Any = ServerCapabilitiesBuilder(
            params.capabilities,
            {*self.fm.features, *self.fm.builtin_features},
            self.fm.feature_options,
            list(self.fm.commands),
            server.sync_kind,
            None,
            encoding,
        )
        self.server_capabilities = builder.build()
        self.phase = Phase.READY
        server.started.set()
        return types.InitializeResult(capabilities=self.server_capabilities, server_info=self.server_info)

    @lsp_method(types.SHUTDOWN)
    async def lsp_shutdown(self, *_: object) -> None:  # type: ignore[override]  # pygls has a generator
        """Admit nothing more and end everything that runs before answering."""
        self.phase = Phase.OVER
        await self._user(types.SHUTDOWN, None)
        await self._server.supervisor.stop(self._server.limit)

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: object) -> None:  # type: ignore[override]  # pygls has a generator, and ends the process
        """End the session; ``serve`` does what is left to do."""
        self._server.closing.set()

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(self, params: types.ExecuteCommandParams) -> Any:  # type: ignore[override]  # pygls has a generator
        """Run a command in the request's own task, so that cancelling the request cancels it."""
        handler = self.fm.commands.get(params.command)
        if handler is None:
            raise JsonRpcInvalidParams(f"Unknown command {params.command}.")
        try:
            arguments = bind(handler, params.arguments or (), self._converter)
        except MALFORMED as error:
            raise JsonRpcInvalidParams(malformed(params.command, error).message) from None
        result = handler(*arguments)
        return await result if inspect.isawaitable(result) else result

    async def _user(self, method: str, params: Any) -> None:
        handler = self.fm.features.get(method)
        if handler is not None:
            await self._run(handler, params)


class _Progress(Progress):
    """pygls's progress, which forgets a token when its work ends."""

    def end(self, token: types.ProgressToken, value: types.WorkDoneProgressEnd) -> None:
        super().end(token, value)
        self.tokens.pop(token, None)
