"""Progress of work in the editor, with a button that cancels it."""

from __future__ import annotations

import contextlib
import logging
import typing

from lsprotocol import types
from pygls.exceptions import JsonRpcException

if typing.TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable

    from rung.lsp.server import Server

_log = logging.getLogger(__name__)


class Progress:
    """One work's progress. Mute where the client shows none; sends nothing after the end."""

    def __init__(self, server: Server, token: types.ProgressToken, begin: types.WorkDoneProgressBegin) -> None:
        self.token = token
        self._progress = server.work_done_progress
        self._begin = begin
        self._state: typing.Literal["waiting", "open", "ended"] = "waiting"
        self._callbacks: list[Callable[[], object]] = []
        self._conclusion: str | None = None

    def conclude(self, message: str) -> None:
        """Say what came of it: shown as the end's own message, which editors leave standing for a while."""
        self._conclusion = message

    def report(self, message: str, percentage: int | None = None) -> None:
        """Say what happens now. A percentage is shown only if the progress began with one."""
        if self._state == "open":
            self._progress.report(self.token, types.WorkDoneProgressReport(message=message, percentage=percentage))
        elif self._state == "waiting":
            self._begin.message, self._begin.percentage = message, percentage or self._begin.percentage

    def on_cancel(self, callback: Callable[[], object]) -> None:
        """Call this, at once and in the loop, when the person presses cancel; not after the end."""
        self._callbacks.append(callback)

    def open(self) -> None:
        """Show it, with what was last reported."""
        if self._state != "waiting":
            return
        self._state = "open"
        self._progress.begin(self.token, self._begin)
        self._progress.tokens[self.token].add_done_callback(lambda _: self._cancelled())

    def end(self) -> None:
        """Take it away; the first call does."""
        was, self._state = self._state, "ended"
        if was == "open":
            self._progress.end(self.token, types.WorkDoneProgressEnd(message=self._conclusion))

    def _cancelled(self) -> None:
        if self._state == "open":
            for callback in self._callbacks:
                callback()


@contextlib.asynccontextmanager
async def progress(
    server: Server,
    title: str,
    *,
    cancellable: bool = True,
    message: str | None = None,
    percentage: int | None = None,
    token: types.ProgressToken | None = None,
) -> AsyncIterator[Progress]:
    """Show the body's work in the editor; never delays it.

    The editor is asked for a place to show it while the work already runs; if it refuses or never answers, nothing
    is shown. However the body ends, a progress that was begun ends exactly once.

    Args:
        server: the session's.
        title: what is done, in a few words.
        cancellable: whether to offer a cancel button.
        message: what happens first.
        percentage: 0 for a bar; None for a spinner.
        token: the client's own ``workDoneToken``; None: the server makes one, if the client can show it.
    """
    begin = types.WorkDoneProgressBegin(title=title, cancellable=cancellable, message=message, percentage=percentage)
    shown = Progress(server, token if token is not None else f"rung-{server.next_id()}", begin)
    asking: asyncio.Task[None] | None = None
    if token is not None:
        shown.open()
    elif _can_show(server):
        asking = server.supervisor.spawn(f"progress {shown.token}", _ask(server, shown))
    try:
        yield shown
    finally:
        shown.end()
        if asking is not None:
            asking.cancel()


def _can_show(server: Server) -> bool:
    window = server.client_capabilities.window
    return bool(window and window.work_done_progress)


async def _ask(server: Server, shown: Progress) -> None:
    try:
        await server.protocol.send_request_async(
            types.WINDOW_WORK_DONE_PROGRESS_CREATE, types.WorkDoneProgressCreateParams(token=shown.token)
        )
    except JsonRpcException as error:
        _log.debug("the client shows no progress: code %s", error.code)
        return
    shown.open()
