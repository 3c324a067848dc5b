"""A session over standard input and output, and the end of its process.

Both files belong to the session alone from then on: what a library prints goes to stderr, what a child process reads
from its inherited input is nothing. Neither reading nor writing ever holds up the loop or the process's end, since
both happen in daemon threads on bare file descriptors: that works for pipes, files and terminals on every system.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import signal
import sys
import threading
import typing

from rung.lsp.serve import serve

if typing.TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from typing import Any, NoReturn

    from rung.lsp.server import Server

_E = typing.TypeVar("_E")
_CHUNK = 64 * 1024


class Input(asyncio.Transport):
    """Feeds a ``StreamReader`` from a file descriptor, never faster than it is read."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd
        self._loop = asyncio.get_running_loop()
        self._next = threading.Event()
        self._paused = False
        self.reader = asyncio.StreamReader()
        self.reader.set_transport(self)
        threading.Thread(target=self._pump, name="rung-stdin", daemon=True).start()

    def pause_reading(self) -> None:
        """Called by the reader when it holds enough."""
        self._paused = True

    def resume_reading(self) -> None:
        """Called by the reader when it has room again."""
        self._paused = False
        self._next.set()

    def _pump(self) -> None:
        data = b"-"
        while data:
            try:
                data = os.read(self._fd, _CHUNK)
            except OSError:
                data = b""  # a terminal that hung up, a pipe that broke: the end in any case
            self._next.clear()
            try:
                self._loop.call_soon_threadsafe(self._feed, data)
            except RuntimeError:
                return  # the loop is closed
            self._next.wait()

    def _feed(self, data: bytes) -> None:
        if data:
            self.reader.feed_data(data)
        else:
            self.reader.feed_eof()
        if not self._paused:
            self._next.set()


class Output:
    """A ``ByteWriter`` to a file descriptor. Whoever drains waits; the loop does not."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[tuple[bytes, asyncio.Future[OSError | None]] | None] = queue.SimpleQueue()
        self._pending: list[asyncio.Future[OSError | None]] = []
        threading.Thread(target=self._pump, name="rung-stdout", daemon=True).start()

    def write(self, data: bytes) -> None:
        """Hand the bytes to the thread."""
        done = self._loop.create_future()
        self._pending.append(done)
        self._queue.put((data, done))

    async def drain(self) -> None:
        """Wait until all of it is written.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        while self._pending:
            failure = await asyncio.shield(self._pending[0])
            self._pending.pop(0)
            if failure is not None:
                raise BrokenPipeError(failure.errno, "the client reads no more")

    def close(self) -> None:
        """Let the thread end; the descriptor closes with it."""
        self._queue.put(None)

    async def wait_closed(self) -> None:
        """Wait until all of it is written."""
        await self.drain()

    def _pump(self) -> None:
        failure: OSError | None = None
        while (item := self._queue.get()) is not None:
            data, done = item
            view = memoryview(data)
            while view and failure is None:
                try:
                    view = view[os.write(self._fd, view) :]
                except OSError as error:
                    failure = error
            try:
                self._loop.call_soon_threadsafe(_settle, done, failure)
            except RuntimeError:
                return  # the loop is closed
        os.close(self._fd)


def _settle(done: asyncio.Future[OSError | None], failure: OSError | None) -> None:
    if not done.done():
        done.set_result(failure)


def take_stdio() -> tuple[int, int]:
    """Take standard input and output away from everybody else in the process.

    Returns:
        Descriptors of input and output that no child inherits; 0 reads nothing from now on, and 1 goes to stderr.
    """
    given, taken = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:
        os.dup2(nothing, 1)  # there is no stderr
    os.close(nothing)
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - on this system alone

        for fd in (given, taken):
            msvcrt.setmode(fd, os.O_BINARY)
    return given, taken


async def serve_stdio(engine: _E, *, build: Callable[[_E], Server]) -> int:
    """Run the one session of this process over standard input and output.

    Args:
        engine: handed to ``build``.
        build: makes the session's server.

    Returns:
        0 after ``shutdown``; 1 if the client left without it or died; 129, 130 or 143 after SIGHUP, SIGINT or SIGTERM.
    """
    given, taken = take_stdio()
    session = asyncio.create_task(
        serve(Input(given).reader, Output(taken), engine, build=build, watch_parent=True), name="session"
    )
    with _signals(session) as caught:
        try:
            return await session
        except asyncio.CancelledError:
            if not caught:
                raise
            return 128 + caught[0]


@contextlib.contextmanager
def _signals(session: asyncio.Task[int]) -> Iterator[list[int]]:
    """End the session at the first SIGHUP, SIGINT or SIGTERM, the process at the second.

    A second SIGHUP changes nothing: a closed terminal's kernel and shell send one each. Where it is ignored to begin
    with, as under nohup, it stays so.
    """
    loop = asyncio.get_running_loop()
    caught: list[int] = []
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none

    def stop(number: int) -> None:
        if caught:
            if number == hangup:
                return
            leave(128 + number)
        caught.append(number)
        session.cancel()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        before[hangup] = signal.getsignal(hangup)
    for number in before:
        # Not loop.add_signal_handler: Windows has none.
        signal.signal(number, lambda number, _: loop.call_soon_threadsafe(stop, number))
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(main: Coroutine[Any, Any, int]) -> NoReturn:
    """Run this in a new loop and end the process with what it returns.

    Unlike ``asyncio.run`` it waits for no thread: one that is stuck in a read or a computation cannot keep the process.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    leave(loop.run_until_complete(main))


def leave(code: int) -> NoReturn:
    """End the process at once, with the logs written."""
    logging.shutdown()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)
