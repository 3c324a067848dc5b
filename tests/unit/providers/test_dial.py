"""How long the way to a server may take, and where on it something is said to have gone wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from tests.faults.victims import full
from tests.unit.providers.scripted import failure, question
from tests.unit.providers.test_streams import compatible, ollama, openai
from tests.virtual import run_virtual

from rung.providers.dial import Dial, UnreachedError
from rung.providers.ollama import Ollama

POST, CONNECT = SimpleNamespace(method=b"POST"), SimpleNamespace(method=b"CONNECT")
HANG = 1e6
Step = tuple[str, dict[str, Any]] | float | Exception


class Stream:
    """A connection, as the library hands it to whoever looks on."""

    def __init__(self) -> None:
        self.closed = 0

    async def aclose(self) -> None:
        self.closed += 1


class Inner(httpx2.AsyncBaseTransport):
    """A transport that comes to these steps, and takes these seconds between them."""

    def __init__(self, *steps: Step) -> None:
        self.steps = steps
        self.limits: list[object] = []
        self.waits = asyncio.Event()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.limits.append(request.extensions["timeout"])
        for step in self.steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, float):
                self.waits.set()
                await asyncio.sleep(step)
            else:
                await request.extensions["trace"](*step)
        return httpx2.Response(200)


def sends(request: object = POST) -> Step:
    return "http11.send_request_headers.started", {"request": request}


def connected(stream: object = None, layer: str = "connection") -> Step:
    return f"{layer}.connect_tcp.complete", {"return_value": stream}


def tls(layer: str = "connection") -> Step:
    return f"{layer}.start_tls.started", {}


SOCKS: Step = ("socks.setup_socks5_connection.started", {})


async def dialled(inner: Inner, limit: float | None = 5.0, proxy: str | None = None) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=Dial(inner, proxy), timeout=httpx2.Timeout(None, connect=limit)) as client:
        return await client.post("http://server.test")


def unreached(inner: Inner, proxy: str | None = None) -> tuple[str, bool, float]:
    """Stage, lateness and seconds."""

    async def go() -> UnreachedError:
        with pytest.raises(UnreachedError) as caught:
            await dialled(inner, proxy=proxy)
        assert caught.value.proxy == proxy
        return caught.value

    error, seconds = run_virtual(go())
    return error.stage, error.late, round(seconds, 2)


@pytest.mark.parametrize(
    ("steps", "stage", "seconds"),
    [
        ([HANG], "connect", 5),
        ([4.0, connected(), tls(), HANG], "secure", 9),
        ([4.0, connected(), 0.5, sends(POST), 0.0], None, 4.5),
        ([4.0, tls(), 4.0, sends(POST), HANG], None, 8 + HANG),
    ],
)
def test_each_stage_has_the_whole_limit_and_what_comes_after_has_none(
    steps: Sequence[Step], stage: str | None, seconds: float
) -> None:
    inner = Inner(*steps)
    if stage is None:
        response, passed = run_virtual(dialled(inner))
        assert (response.status_code, round(passed, 2)) == (200, seconds)
    else:
        assert unreached(inner) == (stage, True, seconds)
    assert inner.limits == [{"connect": None, "read": None, "write": None, "pool": None}]


@pytest.mark.parametrize(
    ("steps", "stage"),
    [
        ([], "connect"),
        ([connected(), tls()], "connect"),
        ([connected(), sends(CONNECT)], "ask"),
        ([connected(), tls(), sends(CONNECT)], "ask"),
        ([connected(), sends(CONNECT), tls("proxy")], "secure"),
        ([connected(layer="socks"), SOCKS], "ask"),
        ([connected(layer="socks"), SOCKS, tls("socks")], "secure"),
    ],
)
def test_what_is_spoken_with_a_proxy_is_no_stage_of_the_server_s(steps: Sequence[Step], stage: str) -> None:
    assert unreached(Inner(*steps, HANG), "ALL_PROXY")[:2] == (stage, True)
    assert unreached(Inner(*steps, httpx2.ConnectError("no")), "ALL_PROXY") == (stage, False, 0)
    assert unreached(Inner(*steps, AssertionError()), "ALL_PROXY") == (stage, False, 0)


def test_no_limit_is_none() -> None:
    assert run_virtual(dialled(Inner(HANG), None))[1] == HANG


@pytest.mark.parametrize("error", [httpx2.ReadError("x"), httpx2.RemoteProtocolError("x"), AssertionError("x")])
async def test_what_happens_to_a_request_that_left_is_passed_on(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        await dialled(Inner(sends(), error))
    assert caught.value is error


@pytest.mark.parametrize("end", [HANG, httpx2.ConnectError("no")])
def test_a_connection_on_which_nothing_left_is_closed(end: Step) -> None:
    stream = Stream()
    unreached(Inner(connected(stream), tls(), end))
    assert stream.closed == 1


async def test_a_connection_on_which_nothing_left_is_closed_when_nobody_waits_any_more() -> None:
    stream = Stream()
    inner = Inner(connected(stream), HANG)
    task = asyncio.ensure_future(dialled(inner))
    await inner.waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stream.closed == 1


async def test_a_connection_that_is_used_is_left_to_the_library() -> None:
    stream = Stream()
    await dialled(Inner(connected(stream), sends()))
    assert stream.closed == 0


class Busy:
    """Keeps the event loop from looking up, again and again."""

    def __init__(self, times: int, seconds: float) -> None:
        self._left, self._seconds = times, seconds
        self._again()

    def _again(self) -> None:
        if self._left:
            self._left -= 1
            time.sleep(self._seconds)
            asyncio.get_running_loop().call_later(0.005, self._again)


async def test_a_loop_that_never_looks_up_in_time_does_not_ask_twice() -> None:
    Busy(12, 0.1)
    inner = Inner(HANG)
    with pytest.raises(UnreachedError) as caught:
        await dialled(inner, 0.05)
    assert (caught.value.late, len(inner.limits)) == (True, 1)


@pytest.mark.parametrize(("make", "chat"), [(ollama, Ollama()), (compatible, openai())], ids=["ollama", "openai"])
async def test_a_server_that_takes_no_connection_is_unreachable_however_busy_this_process_is(
    make: Callable[[str], Any], chat: Any
) -> None:
    with full() as port:
        Busy(12, 0.1)
        asked = question(make(f"http://127.0.0.1:{port}").replace(connect=0.1))
        assert (await failure(chat, asked)).failure == "unreachable"
