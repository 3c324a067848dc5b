"""The simulator itself: one server on loopback for all protocols, steered from Python or over /sim/."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

from rung.sim.control import Control, fault
from rung.sim.exchange import SimExchange
from rung.sim.faults import Faults
from rung.sim.http import Connection, Request, Wire
from rung.sim.models import Pool, SimModel
from rung.sim.port import HOST, Port
from rung.sim.routes import asked_model, route
from rung.sim.state import Call, State

VERSION = "0.33.0-rung-sim"
"""What /api/version says: an Ollama's number, and plainly no Ollama."""

CLOUD_MODELS = (
    SimModel("gpt-5-mini", provider="openai", served_as="gpt-5-mini-2025-08-07", context=272_000, parallel=0),
    SimModel("gpt-5", provider="openai", served_as="gpt-5-2025-08-07", context=272_000, parallel=0),
    SimModel(
        "claude-sonnet-4-5", provider="anthropic", served_as="claude-sonnet-4-5-20250929", context=200_000, parallel=0
    ),
    SimModel(
        "claude-haiku-4-5", provider="anthropic", served_as="claude-haiku-4-5-20251001", context=200_000, parallel=0
    ),
)
"""Known to every simulator, unless it is given others of the same names."""


def default_models(load_seconds: float = 0.0) -> tuple[SimModel, ...]:
    """A small and a large local model; the cloud's come by themselves.

    Args:
        load_seconds: how long the small one takes to load; the large one takes three times as long.
    """
    return (
        SimModel("sim-small:3b", parameters=3e9, load_seconds=load_seconds),
        SimModel("sim-large:14b", parameters=14e9, context=16384, load_seconds=3 * load_seconds),
    )


class Simulator:
    """A server that speaks Ollama (/api, /v1), OpenAI (/openai/v1) and Anthropic (/anthropic/v1) on 127.0.0.1.

    Use it as an asynchronous context manager, or with :meth:`start` and :meth:`close`. Everything happens in the
    running event loop.
    """

    def __init__(
        self,
        models: Sequence[SimModel] | None = None,
        *,
        port: int = 0,
        token_delay: float = 0.0,
        version: str = VERSION,
        max_queue: int | None = None,
        max_loaded: int | None = None,
    ) -> None:
        """Prepare a simulator; nothing listens yet.

        Args:
            models: what it serves; None: :func:`default_models`. The cloud's models are added.
            port: 0 lets the system choose; it stays the same over :meth:`down` and :meth:`up`.
            token_delay: seconds before every piece.
            version: what /api/version says.
            max_queue: requests that may wait while a model loads (OLLAMA_MAX_QUEUE); None: 512.
            max_loaded: models in memory at once; None: any number.
        """
        given = tuple(default_models() if models is None else models)
        names = {(model.provider, model.name) for model in given}
        cloud = [model for model in CLOUD_MODELS if (model.provider, model.name) not in names]
        self.log: list[SimExchange] = []
        self.connections = 0
        self._wake = asyncio.Event()
        pool = Pool(max_queue=max_queue, max_loaded=max_loaded, changed=self._changed)
        self._state = State((*given, *cloud), pool, Faults(), version, token_delay)
        self._control = Control(self._state, self.log, self._down_for)
        self._port = Port(port)
        self._server: asyncio.Server | None = None
        self._open: dict[Connection, asyncio.Task[None]] = {}
        self._later: set[asyncio.Task[None]] = set()
        self._bugs: list[BaseException] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def url(self) -> str:
        """The server's address without a path."""
        return f"http://{HOST}:{self._port.number}"

    @property
    def listening(self) -> bool:
        """Whether whoever connects is let in."""
        return self._server is not None

    @property
    def loads(self) -> list[tuple[str, str, int]]:
        """Loads that ended, oldest first: model, "completed" or "aborted", num_ctx."""
        return self._state.pool.loads

    @property
    def loading(self) -> str | None:
        """The model that is being loaded."""
        return self._state.pool.loading

    @property
    def loaded(self) -> tuple[str, ...]:
        """The models in memory."""
        return tuple(self._state.pool.loaded)

    @property
    def waiting(self) -> int:
        """Requests that wait for a load before them."""
        return self._state.pool.waiting

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        await self.up()

    async def close(self) -> None:
        """Stop listening, break off everything, wait for it to end.

        Raises:
            BaseException: the first mistake of the simulator's own code, so that no test passes over it.
        """
        for task in self._later:
            task.cancel()
        tasks = list(self._open.values())
        self.down()
        self._port.leave()
        await asyncio.gather(*tasks, *self._later, return_exceptions=True)
        self._state.pool.drop_all()
        if self._bugs:
            raise self._bugs[0]

    async def up(self) -> None:
        """Listen again on the same port; nothing happens when it listens already."""
        if self._server is None:
            self._server = await self._port.listen(self._accept)
            self._changed()

    def down(self) -> None:
        """Stop listening and close every connection: whoever connects now is refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._port.keep()
        for exchange in self.log:
            exchange.closed_by = exchange.closed_by or "server"
        for connection, task in list(self._open.items()):
            connection.abort()
            task.cancel()
        self._changed()

    def fail(
        self,
        kind: str,
        *,
        model: str | None = None,
        times: int | None = 1,
        path: str | None = None,
        **args: Any,
    ) -> None:
        """Queue a fault; :data:`rung.sim.faults.KINDS` lists the kinds and their arguments.

        Args:
            kind: what goes wrong.
            model: only for this model; None: for any.
            times: for how many requests; None: for ever.
            path: for requests whose path begins so, probes too; None: for questions to a model, a preload
                excepted (only "load-failure" strikes a preload).
            **args: the kind's own arguments.

        Raises:
            ValueError: the kind does not exist, or ``times`` is not positive.
        """
        self._state.faults.add(fault(kind, model, times, path, **args))

    def heal(self) -> None:
        """Forget all faults that have not struck yet."""
        self._state.faults.clear()

    def unload(self, model: str | None = None) -> None:
        """Take a model, or all of them, out of memory."""
        if model is None:
            self._state.pool.drop_all()
        else:
            self._state.pool.drop(model)

    def load_takes(self, seconds: float) -> None:
        """Have every load from now on take so long."""
        self._state.models = [replace(model, load_seconds=seconds) for model in self._state.models]

    def bill(self, prices: Mapping[str, tuple[float, float]]) -> float:
        """US dollars for everything that was answered, answers broken off included.

        Args:
            prices: dollars per million tokens of input and of output, by the name asked for or the name that answered;
                models without a price cost nothing.
        """
        total = 0.0
        for exchange in self.log:
            price = prices.get(exchange.model or "") or prices.get(exchange.served or "") or (0.0, 0.0)
            if exchange.status == 200:
                total += exchange.prompt_tokens * price[0] + exchange.completion_tokens * price[1]
        return total / 1e6

    async def wait_for(self, condition: Callable[[], object], limit: float = 5.0) -> None:
        """Wait until a condition on this simulator holds; looked at again whenever something changes here.

        Raises:
            TimeoutError: it did not hold within ``limit`` seconds; what was asked so far is said.
        """
        try:
            async with asyncio.timeout(limit):
                while not condition():
                    await self._wake.wait()
        except TimeoutError:
            asked = "; ".join(map(str, self.log)) or "nothing"
            raise TimeoutError(f"it did not hold within {limit:g} s; asked so far: {asked}") from None

    def _changed(self) -> None:
        self._wake.set()
        self._wake = asyncio.Event()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = Connection(reader, writer, self._handle)
        task = asyncio.ensure_future(connection.run())
        self._open[connection] = task
        task.add_done_callback(lambda done: self._closed(connection, done))
        self._changed()

    def _closed(self, connection: Connection, task: asyncio.Task[None]) -> None:
        self._open.pop(connection, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._bugs.append(error)
        self._changed()

    async def _handle(self, request: Request, wire: Wire) -> None:
        if request.path.startswith("/sim/"):
            await self._control.handle(request, wire)
            return
        body = request.parsed()
        opened = asyncio.get_running_loop().time()
        exchange = SimExchange(request.method, request.path, request.headers, body, opened)
        exchange.model = asked_model(request, body)
        self.log.append(exchange)

        def noted() -> None:
            exchange.status, exchange.chunks_sent = wire.status, wire.chunks
            self._changed()

        wire.watch = noted
        self._changed()
        try:
            await route(self._state, Call(request, wire, exchange))
            exchange.closed_by = exchange.closed_by or "server"
        except (asyncio.CancelledError, ConnectionError):
            exchange.closed_by = exchange.closed_by or "client"
            raise
        finally:
            noted()

    def _down_for(self, seconds: float) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            await self.up()

        task = asyncio.ensure_future(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)
        asyncio.get_running_loop().call_soon(self.down)


async def serve(
    *,
    port: int = 0,
    load_seconds: float = 0.0,
    token_delay: float = 0.0,
    models: Sequence[SimModel] | None = None,
    fail: Sequence[str] = (),
    ready: Callable[[str], None] = print,
) -> None:
    """Run a simulator until cancelled, for the command line.

    Args:
        port: 0 lets the system choose.
        load_seconds: how long the default models take to load (the large one three times that).
        token_delay: seconds before every piece.
        models: instead of the default ones.
        fail: kinds of faults that strike every question from the start.
        ready: told the url once it listens.

    Raises:
        OSError: the port is taken.
        ValueError: a kind of fault does not exist.
    """
    simulator = Simulator(models or default_models(load_seconds), port=port, token_delay=token_delay)
    for kind in fail:
        simulator.fail(kind, times=None)
    async with simulator:
        ready(simulator.url)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
