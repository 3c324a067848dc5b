"""The way to a server until a request leaves on it: how long it may take, and where on it something went wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from typing import Literal

    Stage = Literal["connect", "ask", "secure"]
    """Connecting to the server, or to the proxy before it; asking the proxy for the server; TLS with the server."""

STEPS = 10
"""How often it is looked, within a limit, whether it is over."""
LATE = 0.05
"""Seconds by which a look may be late before the event loop, and not the server, is taken to be slow."""
LATENESSES = 20
"""How often that is believed within one limit."""


class UnreachedError(httpx2.ConnectError):
    """The request did not leave.

    Attributes:
        stage: how far it came.
        late: that took too long.
        proxy: what names the proxy on the way; None where there is none.
    """

    def __init__(self, stage: Stage, proxy: str | None, *, late: bool) -> None:
        super().__init__("the request did not leave")
        self.stage = stage
        self.proxy = proxy
        self.late = late


class Dial(httpx2.AsyncBaseTransport):
    """Gives each stage of the way the time that connecting may take.

    A limit of 300 ms is right for a server on the same machine, and short for an event loop that has other work: by the
    time it looks up, the limit is over though the connection was there at once. So only the time counts in which the
    loop was there to see it.

    Args:
        inner: the transport that does the work.
        proxy: what names the proxy on the way; None where there is none.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, proxy: str | None = None) -> None:
        self._inner = inner
        self._proxy = proxy

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer.

        Raises:
            UnreachedError: the request did not leave.
        """
        allowed, timer = request.extensions.get("timeout", {}), asyncio.timeout(None)
        way = _Way(timer, allowed.get("connect"), is_proxied=self._proxy is not None)
        request.extensions = {
            **request.extensions,
            "timeout": {**allowed, "connect": None},
            "trace": way.comes_to,
        }
        try:
            async with timer:
                way.begin()
                try:
                    return await self._inner.handle_async_request(request)
                finally:
                    way.stop()
                    await way.close_unused()
        except TimeoutError:
            if not timer.expired():
                raise
            raise UnreachedError(way.stage or "connect", self._proxy, late=True) from None
        except httpx2.UnsupportedProtocol:
            raise
        except _in_the_way() as error:
            if way.stage is None:
                raise
            late = isinstance(error, httpx2.TimeoutException)
            raise UnreachedError(way.stage, self._proxy, late=late) from error
        finally:
            request.extensions = {**request.extensions, "timeout": allowed}

    async def aclose(self) -> None:
        """Close the transport that does the work."""
        await self._inner.aclose()


def _in_the_way() -> tuple[type[Exception], ...]:
    """What is raised where a request cannot leave, also by whom the HTTP library leaves names and SOCKS to."""
    import socksio  # noqa: PLC0415 - by now the HTTP library has imported it; before, it is of no use

    return httpx2.HTTPError, UnicodeError, AssertionError, socksio.SOCKSError


class _Way:
    """How far a request has come.

    Args:
        timer: what ends the wait.
        limit: seconds that each stage may take; None: any.
        is_proxied: a proxy stands between.
    """

    def __init__(self, timer: asyncio.Timeout, limit: float | None, *, is_proxied: bool) -> None:
        self.stage: Stage | None = "connect"
        """None: the request is on its way."""
        self._timer = timer
        self._limit = limit
        self._is_proxied = is_proxied
        self._loop = asyncio.get_running_loop()
        self._look: asyncio.TimerHandle | None = None
        self._opened: Any = None

    async def comes_to(self, event: str, info: dict[str, Any]) -> None:
        """The library comes to another step (httpcore's ``trace``)."""
        layer, _, step = event.partition(".")
        if self.stage is None:
            return
        if step in {"connect_tcp.complete", "connect_unix_socket.complete"}:
            self._opened = info["return_value"]
        elif step == "send_request_headers.started" and info["request"].method != b"CONNECT":
            self.stop()
            self.stage = None
        elif step in {"send_request_headers.started", "setup_socks5_connection.started"}:
            self._come("ask")
        elif step == "start_tls.started":
            # With a proxy, this layer is what is spoken with it.
            self._come("connect" if self._is_proxied and layer == "connection" else "secure")

    def _come(self, stage: Stage) -> None:
        self.stage = stage
        self.begin()

    def begin(self) -> None:
        """A stage begins, and with it its time."""
        self.stop()
        if self._limit is not None:
            self._left, self._latenesses, self._step = self._limit, LATENESSES, self._limit / STEPS
            self._look_later()

    def _look_later(self) -> None:
        self._looked = self._loop.time()
        self._look = self._loop.call_later(self._step, self._look_now)

    def _look_now(self) -> None:
        passed = self._loop.time() - self._looked
        late = passed > self._step + LATE and self._latenesses > 0
        self._latenesses -= late
        self._left -= self._step if late else passed
        # After it was late, the loop gets a turn to see what came meanwhile.
        if self._left > 0 or late:
            self._look_later()
        else:
            self._timer.reschedule(self._loop.time())

    async def close_unused(self) -> None:
        """Close the connection on which nothing left: where SOCKS goes wrong, the library forgets to."""
        if self.stage is not None and self._opened is not None:
            await self._opened.aclose()

    def stop(self) -> None:
        """Nothing is waited for any more."""
        if self._look is not None:
            self._look.cancel()
            self._look = None
        if not self._timer.expired():
            self._timer.reschedule(None)
