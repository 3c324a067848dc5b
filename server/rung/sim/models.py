"""The simulated models: loading, unloading, expiry and slots, by the rules recorded from Ollama.

One load at a time, thrown away when the one who asked for it leaves; a queue that is bounded only while something
loads; a loaded model answers ``parallel`` requests at once and the others wait; another ``num_ctx`` loads it anew.
Nothing here knows of HTTP.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rung.sim.tokens import Message

DEFAULT_KEEP_ALIVE = 300.0
"""Seconds a model stays loaded after its last answer, as Ollama has it."""

DEFAULT_QUEUE = 512

Says = str | Callable[[Sequence[Message]], str]


@dataclass(frozen=True)
class SimModel:
    """One simulated model: what it is called, what it can do and how slow it is."""

    name: str
    parameters: float = 3e9
    context: int = 8192
    """Tokens of the window when a request does not ask for another."""

    max_context: int = 32768
    load_seconds: float = 0.0
    provider: str = "ollama"
    """Who serves it: "ollama" (/api and /v1), "openai" (/openai/v1) or "anthropic" (/anthropic/v1)."""

    thinking: bool = False
    always_thinks: bool = False
    """Thinks although told not to; the tags then come through in the content."""

    ignores_think: bool = False
    """Thinks although told not to, apart from the content, as gpt-oss does."""

    tools: bool = False
    says: Says | None = None
    """A fixed text, or a function of the messages that were kept; None: a text made from the prompt."""

    thinks: str = "The person wants to know what this does, let me look at it first."
    token_delay: float | None = None
    """Seconds before each piece; None: the simulator's own."""

    prefill_rate: float = 0.0
    """Tokens of the prompt read per second; 0: at once."""

    parallel: int = 1
    served_as: str | None = None
    """The dated name a cloud answers with, where it is not the name asked for."""

    remote_host: str | None = None
    """Where an Ollama model really runs, for one that is not local."""

    @property
    def digest(self) -> str:
        """A digest that is as stable as the name."""
        return hashlib.sha256(self.name.encode()).hexdigest()


class QueueFullError(Exception):
    """More requests wait for a load than the queue holds."""


class LoadFailedError(Exception):
    """The model's process died while it loaded."""


class Runner:
    """One loaded model."""

    def __init__(self, model: SimModel, num_ctx: int, loop: asyncio.AbstractEventLoop) -> None:
        self.model = model
        self.num_ctx = num_ctx
        self.keep_alive = DEFAULT_KEEP_ALIVE
        self.slots = asyncio.Semaphore(model.parallel or 1_000_000)
        self.users = 0
        self.leaving = False
        self.fresh = True
        """Nobody has used it since it was loaded."""

        self.expiry: asyncio.TimerHandle | None = None
        self._loop = loop
        self._expires_at = math.inf

    def hold(self) -> None:
        """Somebody uses it: it does not expire."""
        self.users += 1
        if self.expiry is not None:
            self.expiry.cancel()
            self.expiry = None

    def expire_after(self, drop: Callable[[], None]) -> None:
        """Nobody uses it any more: drop it when its time is over."""
        self._expires_at = self._loop.time() + self.keep_alive
        if self.keep_alive <= 0:
            drop()
        elif math.isfinite(self.keep_alive):
            self.expiry = self._loop.call_later(self.keep_alive, drop)

    @property
    def seconds_left(self) -> float:
        """Seconds until it expires; infinite for one that stays."""
        return self.keep_alive if self.users else self._expires_at - self._loop.time()


class Pool:
    """What is loaded, what is loading, and who waits."""

    def __init__(self, *, max_queue: int | None, max_loaded: int | None, changed: Callable[[], None]) -> None:
        self.loaded: dict[str, Runner] = {}
        self.loads: list[tuple[str, str, int]] = []
        self.loading: str | None = None
        self.waiting = 0
        self._max_queue = DEFAULT_QUEUE if max_queue is None else max_queue
        self._max_loaded = max_loaded
        self.changed = changed
        self._always: dict[str, Runner] = {}
        self._turn = asyncio.Lock()
        self._idle: deque[asyncio.Event] = deque()

    @asynccontextmanager
    async def hold(
        self, model: SimModel, num_ctx: int, keep_alive: float | None, *, doomed: bool = False
    ) -> AsyncIterator[Runner]:
        """The model, loaded with that window, for as long as the block runs.

        Args:
            model: which one.
            num_ctx: the window it must have been loaded with.
            keep_alive: seconds it stays afterwards; None leaves what was.
            doomed: the load is going to fail.

        Raises:
            QueueFullError: too many wait for a load already.
            LoadFailedError: as asked by ``doomed``.
        """
        if model.provider != "ollama":
            if doomed:
                raise LoadFailedError
            yield self._cloud(model, num_ctx)
            return
        runner = None if doomed else self._ready(model, num_ctx)
        if runner is None:
            runner = await self._load_in_turn(model, num_ctx, doomed=doomed)
        if keep_alive is not None:
            runner.keep_alive = keep_alive
        try:
            yield runner
        finally:
            self._release(runner)

    def drop(self, name: str) -> None:
        """Take a model out of memory at once, whoever uses it."""
        runner = self.loaded.pop(name, None)
        if runner is not None and runner.expiry is not None:
            runner.expiry.cancel()
        self.changed()

    def drop_all(self) -> None:
        """Empty the memory."""
        for name in list(self.loaded):
            self.drop(name)

    def _cloud(self, model: SimModel, num_ctx: int) -> Runner:
        """A model of the cloud is always there: never loaded, never listed."""
        runner = self._always.setdefault(model.name, Runner(model, num_ctx, asyncio.get_running_loop()))
        runner.fresh = False
        return runner

    def _ready(self, model: SimModel, num_ctx: int) -> Runner | None:
        runner = self.loaded.get(model.name)
        if runner is None or runner.num_ctx != num_ctx or runner.leaving:
            return None
        runner.hold()
        return runner

    async def _load_in_turn(self, model: SimModel, num_ctx: int, *, doomed: bool) -> Runner:
        if self._turn.locked() and self.waiting >= self._max_queue:
            raise QueueFullError
        self.waiting += 1
        self.changed()
        try:
            await self._turn.acquire()
        finally:
            self.waiting -= 1
        try:
            runner = None if doomed else self._ready(model, num_ctx)
            return runner or await self._load(model, num_ctx, doomed=doomed)
        finally:
            self._turn.release()

    async def _load(self, model: SimModel, num_ctx: int, *, doomed: bool) -> Runner:
        await self._make_room(model.name)
        self.loading = model.name
        self.changed()
        outcome = "aborted"
        try:
            await asyncio.sleep(model.load_seconds)
            if doomed:
                raise LoadFailedError
            outcome = "completed"
        finally:
            self.loading = None
            self.loads.append((model.name, outcome, num_ctx))
            self.changed()
        runner = Runner(model, num_ctx, asyncio.get_running_loop())
        runner.hold()
        self.loaded[model.name] = runner
        self.changed()
        return runner

    async def _make_room(self, name: str) -> None:
        """Let the same model with another window go once it is idle, then the one that would expire first."""
        if name in self.loaded:
            await self._retire(self.loaded[name])
        while self._max_loaded is not None and len(self.loaded) >= self._max_loaded:
            await self._retire(min(self.loaded.values(), key=lambda runner: (runner.users, runner.seconds_left)))

    async def _retire(self, runner: Runner) -> None:
        runner.leaving = True
        try:
            while runner.users and self.loaded.get(runner.model.name) is runner:
                idle = asyncio.Event()
                self._idle.append(idle)
                await idle.wait()
        except asyncio.CancelledError:
            runner.leaving = False
            raise
        if self.loaded.get(runner.model.name) is runner:
            self.drop(runner.model.name)

    def _release(self, runner: Runner) -> None:
        runner.users -= 1
        name = runner.model.name
        if not runner.users and self.loaded.get(name) is runner:
            runner.expire_after(lambda: self.drop(name))
        while self._idle:
            self._idle.popleft().set()
        self.changed()
