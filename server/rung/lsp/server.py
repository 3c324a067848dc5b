"""One session's server object: what a session registers its handlers on."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
import typing

from lsprotocol import types
from pygls.lsp.server import LanguageServer

import rung
from rung.lsp.failures import where
from rung.lsp.protocol import Phase, Protocol
from rung.lsp.quiet import quiet_pygls
from rung.lsp.supervisor import Supervisor
from rung.lsp.text import Documents
from rung.lsp.wire_types import REQUESTS, converter

if typing.TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    _F = typing.TypeVar("_F", bound=Callable[..., Any])

_log = logging.getLogger(__name__)


class Server(LanguageServer):
    """A language server of one client.

    Attributes:
        supervisor: starts and ends the session's tasks.
        client: the editor's name for itself; empty where it has not said.
        started: set once ``initialize`` is answered.
        closing: set to end the session.
        limit: seconds that cancelled work has to end.
    """

    protocol: Protocol

    def __init__(self, *, name: str = "rung", version: str = rung.__version__, limit: float = 2.0) -> None:
        quiet_pygls()
        self.supervisor = Supervisor()
        self.client = ""
        self.started = asyncio.Event()
        self.closing = asyncio.Event()
        self.limit = limit
        self.sync_kind = types.TextDocumentSyncKind.Incremental
        self._ids = itertools.count(1)
        self._closers: list[Callable[[], None]] = []
        super().__init__(name, version, self.sync_kind, protocol_cls=Protocol, converter_factory=converter)

    @property
    def documents(self) -> Documents:
        """The open documents and the folders.

        Raises:
            RuntimeError: before ``initialize``.
        """
        workspace = self.workspace
        assert isinstance(workspace, Documents)
        return workspace

    @property
    def exit_code(self) -> int:
        """What the specification wants of the process: 0 if ``shutdown`` came, else 1."""
        return 0 if self.protocol.phase is Phase.OVER else 1

    def feature(self, feature_name: str, options: Any | None = None) -> Callable[[_F], _F]:
        """Register a handler; see :meth:`command` for what a request's must be.

        Raises:
            TypeError: a request's handler is no ``async def``, or the options are not the feature's.
        """
        is_request = feature_name in REQUESTS or types.METHOD_TO_TYPES.get(feature_name, (None, None))[1] is not None
        register = super().feature(feature_name, options)
        return _coroutines_only(register) if is_request else register

    def command(self, command_name: str) -> Callable[[_F], _F]:
        """Register a command's handler, which must be ``async def``: any other blocks the loop, and its own cancel.

        Raises:
            TypeError: it is something else.
        """
        return _coroutines_only(super().command(command_name))

    def at_close(self, callback: Callable[[], None]) -> None:
        """Call this when the session is over and nothing of it runs any more; the last given is called first."""
        self._closers.append(callback)

    async def close(self) -> None:
        """Cancel everything, wait for it as long as :attr:`limit` says, and call the closers."""
        self.closing.set()
        self.protocol.drop_requests()
        await self.supervisor.close(self.limit)
        while self._closers:
            self._closers.pop()()

    def next_id(self) -> int:
        """A number that this session has not used."""
        return next(self._ids)

    def report_server_error(self, error: Exception, source: Any) -> None:  # noqa: ARG002 - pygls's signature
        """Log the kind of an error that pygls met; the person is not told, for there is nothing to do about it."""
        _log.error("pygls failed: %s", where(error))


def _coroutines_only(register: Callable[[_F], _F]) -> Callable[[_F], _F]:
    def check(handler: _F) -> _F:
        if not inspect.iscoroutinefunction(handler):
            raise TypeError("a request's handler must be async def")
        return register(handler)

    return check
