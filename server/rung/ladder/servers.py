"""The servers of all models by address: asked what they have and hold, now or again and again in the background.

A model's listing is its server's (``/api/tags``, ``/api/ps``); no completion is ever sent to find out, and the cloud is
never probed. Of a server that is no Ollama's it is only found out whether it is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from rung.errors import AttemptError
from rung.ladder.breaker import Breaker
from rung.ladder.knock import listens
from rung.ladder.pauses import POLITE
from rung.ladder.server import Server
from rung.providers import ollama_state
from rung.providers.transport import ready
from rung.settings import addresses
from rung.types.model import Model

PROBE_LIMIT = 1.0
"""Seconds a server on this machine may take to list its models, while somebody waits for it ..."""
GLANCE_LIMIT = 10.0
"""... and in the background, where the machine may be busy with other work."""
EVERY = 20.0
"""Seconds between two background looks."""
ABSENT = ("refused", "unreachable")
"""Failures that say that nobody is there."""


def address(model: Model) -> str:
    """What its server is known by."""
    return addresses.server(model.provider, model.url)


class Servers:
    """See the module's words.

    Args:
        loading: whether a load is under way on this machine.
        changed: called when the state of any may have changed.
    """

    def __init__(self, loading: Callable[[], bool], changed: Callable[[], None]) -> None:
        self._loading = loading
        self._changed = changed
        self._servers: dict[str, Server] = {}

    def of(self, model: Model) -> Server:
        """The one this model is at."""
        return self._servers.setdefault(address(model), Server(Breaker.usual()))

    def settings_changed(self) -> None:
        """What they were told not to have may be there by now."""
        for server in self._servers.values():
            server.forget_lacks()

    async def look(self, model: Model, *, loaded: bool, patience: float) -> None:
        """Ask the Ollama of this model what it has and holds; one that does not say in time may only be busy.

        Args:
            model: which one.
            loaded: a load of it that was begun here is over: what it holds now is the server's doing.
            patience: seconds to wait at least for a server that has never said which models it has.

        Raises:
            AttemptError: the server is not there, or nobody knows whom ``auto`` stands for.
        """
        server = self.of(model)
        if loaded:
            server.orders(model)
        try:
            await self._list(model, loading=not loaded and self._loading(), patience=patience)
        except AttemptError as error:
            if error.failure != "slow" or (model.model == "auto" and not server.listed):
                raise
            server.silent = error.text

    async def _list(self, model: Model, *, loading: bool, patience: float = 0.0, least: float = 0.0) -> None:
        """Have a server list its models.

        Args:
            model: any of them.
            loading: a load of ours is under way there.
            patience: seconds to wait at least where it has never listed any.
            least: seconds to wait at least.

        Raises:
            AttemptError: it did not.
        """
        server, usual = self.of(model), max(model.connect + PROBE_LIMIT, least)

        async def has() -> tuple[ollama_state.Installed, ...]:
            # Kept also where what it holds does not come: it says where each model runs.
            installed = await ollama_state.installed(model)
            server.installs(installed)
            return installed

        # What a first request imports is not the server's time.
        await ready(model, model.url)
        try:
            async with asyncio.timeout(usual if server.listed else max(usual, patience)):
                installed, loaded = await asyncio.gather(has(), ollama_state.loaded(model))
        except TimeoutError:
            text = f"{model.url} takes connections but does not list its models."
            raise AttemptError("slow", text) from None
        server.lists(installed, loaded, loading=loading)
        server.breaker.succeeded()
        self._changed()

    async def watch(self, models: Callable[[], Iterable[Model]], every: float = EVERY) -> None:
        """Look at local servers again and again, until cancelled."""
        while True:
            await self.glance(models())
            await asyncio.sleep(every)

    async def glance(self, models: Iterable[Model]) -> None:
        """Look once at every local server of these models."""
        servers = {address(model): model for model in models if model.local}
        await asyncio.gather(*(self._glance(model) for model in servers.values()))

    async def _glance(self, model: Model) -> None:
        server, loop = self.of(model), asyncio.get_running_loop()
        if model.provider != "ollama":
            await self._knock(model)
            return
        try:
            await self._list(model, loading=self._loading(), least=GLANCE_LIMIT)
        except AttemptError as error:
            # One that takes the connection is there, and slow to list for whatever else its machine has to do; one
            # that is busy with our own request, or with a load, may be slow to take the connection, too.
            has_work = error.failure == "unreachable" and (server.asked or self._loading())
            is_there = has_work or error.failure in {"slow", *POLITE}
            if is_there or not server.breaker.closed(loop.time()):
                return
            certain = error.failure in ABSENT and model.local
            server.breaker.failed(loop.time(), error.sentence(), certain=certain, trial=False)
            self._changed()

    async def _knock(self, model: Model) -> None:
        """See whether a server that was away is back; of one that is no Ollama's, this alone is found out unasked."""
        server = self.of(model)
        if server.breaker.opened and await listens(model):
            server.breaker.succeeded()
            self._changed()
