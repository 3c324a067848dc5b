"""What is known of every server and model, answered from memory and refreshed in the background.

That nobody is there is said of an address; that an answer was slow, broken or turned away, of one model at it. Both
are shared by all sessions. A model's listing is its server's (``/api/tags``, ``/api/ps``); no completion is ever sent
to find out. The cloud is never probed: its state comes from attempts alone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable

from rung.errors import AttemptError
from rung.ladder.breaker import Breaker
from rung.ladder.knock import listens
from rung.ladder.pauses import Pauses
from rung.ladder.server import Server
from rung.providers import ollama_state
from rung.providers.failures import pull_hint
from rung.routing.plan import Known
from rung.settings import addresses
from rung.types.model import Model

PROBE_LIMIT = 1.0
"""Seconds a server on this machine may take to list its models, while somebody waits for it ..."""
GLANCE_LIMIT = 10.0
"""... and in the background, where the machine may be busy with other work."""
EVERY = 20.0
"""Seconds between two background looks."""
LOAD_PAUSE = 60.0
"""Seconds a model is left alone after it could not be loaded: the next load would fail like this one."""
FAILURES = 3
"""In a row, after which a server or model is left alone; one is enough where nobody listens on this machine."""
ABSENT = ("refused", "unreachable")
"""Failures that say that nobody is there."""
POLITE = ("rate-limited", "busy")
"""Failures with which a server may say when to come again: it is there, and well."""
TROUBLE = ("slow", "stalled", "broken", "load-failed")
"""Failures that speak against the model, not against the question, and leave open whether its server is there."""


class Health:
    """States of servers and models.

    Args:
        keys: finds a key by its name.
        missing_key: the sentence that says how to set it.
        loading: whether a load is under way on this machine.
    """

    def __init__(
        self,
        keys: Callable[[str], str | None],
        missing_key: Callable[[str], str],
        loading: Callable[[], bool] = lambda: False,
    ) -> None:
        self._keys = keys
        self._loading = loading
        self._missing_key = missing_key
        self._servers: dict[str, Server] = {}
        self._breakers: dict[tuple[str, str], Breaker] = {}
        """Those of single models."""
        self._pauses = Pauses()
        self._missing: dict[tuple[str, str], str] = {}
        """What servers said they do not have, when they were asked for it."""
        self._changed: list[Callable[[], None]] = []

    def subscribe(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Be told when any state may have changed; calling what is returned ends that."""
        self._changed.append(changed)
        return lambda: self._changed.remove(changed)

    def _tell(self) -> None:
        for changed in tuple(self._changed):
            changed()

    def _server(self, model: Model) -> Server:
        return self._servers.setdefault(_address(model), Server(_breaker()))

    def _spot(self, model: Model) -> tuple[str, str]:
        """What failures of this model are remembered by."""
        return addresses.spot(model.replace(model=self._server(model).name(model)))

    def _breakers_of(self, model: Model) -> tuple[Breaker, Breaker]:
        """That of its server, and its own."""
        server, spot = self._server(model), self._spot(model)
        if model.provider == "ollama" and spot[1] == "auto":
            # Nobody knows yet whom that is; nothing is held against it.
            return server.breaker, _breaker()
        return server.breaker, self._breakers.setdefault(spot, _breaker())

    def _key(self, model: Model) -> str | None:
        return self._keys(model.key) if model.key else None

    def known(self, model: Model) -> Known:
        """What memory says; never waits, never opens a connection."""
        key = self._key(model)
        if model.key and not key:
            return Known(state="no-key", reason=self._missing_key(model.key))
        found, spot, now = self.said(model), self._spot(model), _now()
        blocked = self._pauses.refused(_lock(model), key) or self._pauses.paused(spot, now)
        if blocked:
            return found.replace(state="blocked", reason=blocked)
        down = self._down(model, now)
        return found.replace(state="down", reason=down) if down else found

    def said(self, model: Model) -> Known:
        """What its server said of it, whether or not it may be asked now: one that rests may be cold, or far away."""
        found, missing = self._server(model).known(model), self._missing.get(self._spot(model))
        return found.replace(state="missing", reason=missing) if missing else found

    def _down(self, model: Model, now: float) -> str | None:
        """Why a breaker keeps it from being asked."""
        return next((breaker.reason for breaker in self._breakers_of(model) if not breaker.closed(now)), None)

    def listed(self, model: Model) -> bool:
        """Whether its Ollama has ever said which models it has: until then nobody knows where they run."""
        return self._server(model).listed

    async def look(self, model: Model, *, loaded: bool = False, patience: float = 0.0) -> Known:
        """Ask a local Ollama what it has and holds, and give what is known then; others answer from memory.

        One that does not say in time may only be busy: what is known of it stays as it is.

        Args:
            model: which one.
            loaded: a load of it that was begun here is over: what it holds now is the server's doing.
            patience: seconds to wait at least for a server that has never said which models it has.

        Raises:
            AttemptError: the server is not there, or nobody knows whom ``auto`` stands for.
        """
        if model.provider == "ollama":
            server = self._server(model)
            if loaded:
                server.orders(model)
            try:
                await self._list(model, loading=not loaded and self._loading(), patience=patience)
            except AttemptError as error:
                if error.failure != "slow" or (model.model == "auto" and not server.listed):
                    raise
                server.silent = error.text
        return self.known(model)

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
        server, usual = self._server(model), max(model.connect + PROBE_LIMIT, least)

        async def has() -> tuple[ollama_state.Installed, ...]:
            # Kept also where what it holds does not come: it says where each model runs.
            installed = await ollama_state.installed(model)
            server.installs(installed)
            return installed

        try:
            async with asyncio.timeout(usual if server.listed else max(usual, patience)):
                installed, loaded = await asyncio.gather(has(), ollama_state.loaded(model))
        except TimeoutError:
            text = f"{model.url} takes connections but does not list its models."
            raise AttemptError("slow", text) from None
        server.lists(installed, loaded, loading=loading)
        server.breaker.succeeded()
        self._missing = {spot: why for spot, why in self._missing.items() if spot[0] != _address(model)}
        self._tell()

    def ordered(self, model: Model) -> None:
        """A load of this model with its window was begun here: the window it has afterwards is the server's doing."""
        self._server(model).orders(model)

    def began(self, model: Model) -> bool:
        """An attempt at this model starts; exactly one of :meth:`succeeded`, :meth:`failed`, :meth:`left` ends it.

        Gives whether it is the one that finds out if its server or model is back, which the end must be told.
        """
        server, now = self._server(model), _now()
        server.asked += 1
        if self._down(model, now):
            return False
        tries = [breaker.begin(now) for breaker in self._breakers_of(model)]
        return any(tries)

    def why_not(self, model: Model, *, trial: bool) -> str | None:
        """Why an attempt that began should go on to the next model after all; None: it may ask."""
        now = _now()
        blocked = self._pauses.refused(_lock(model), self._key(model)) or self._pauses.paused(self._spot(model), now)
        return blocked or (None if trial else self._down(model, now))

    def rest(self, model: Model) -> float:
        """Seconds for which this model's server asked to be left alone, or is, for it is busy."""
        return self._pauses.resting(self._spot(model), _now())

    def digest(self, model: Model) -> str:
        """Which build of the model an Ollama server has; empty: not known."""
        found = self._server(model).find(model)
        return found.digest if found else ""

    def spoke(self, model: Model, *, trial: bool) -> None:
        """The first content came: its server is back, and others may ask again while it goes on."""
        if trial:
            server, own = self._breakers_of(model)
            server.succeeded()
            own.spoke()
            self._tell()

    def succeeded(self, model: Model) -> None:
        """It gave an answer."""
        server = self._server(model)
        server.asked -= 1
        server.answers(model)
        for breaker in self._breakers_of(model):
            breaker.succeeded()
        self._pauses.let_in(_lock(model))
        self._pauses.answered(self._spot(model))
        self._tell()

    def failed(self, model: Model, error: AttemptError, *, trial: bool = True) -> None:
        """It failed; what that says of the server or the model is remembered."""
        self._server(model).asked -= 1
        self._remember(model, error)
        (server, own), now, why = self._breakers_of(model), _now(), error.sentence()
        if error.failure in ABSENT:
            server.failed(now, why, certain=model.local, trial=trial)
            own.left(trial=trial)
        elif error.failure in TROUBLE:
            if trial and server.tried:
                # It gave no sign of life since it was away.
                server.failed(now, why)
            own.failed(now, why, trial=trial)
        else:
            if trial and server.tried:
                server.succeeded()
            own.left(trial=trial)
        self._tell()

    def _remember(self, model: Model, error: AttemptError) -> None:
        """Keep what the failure says of when, or with what, to come again."""
        spot, now = self._spot(model), _now()
        if error.failure in POLITE:
            self._pauses.leave_alone(spot, model.retry_after, error, now)
        elif error.failure == "auth":
            self._pauses.refuse(_lock(model), self._key(model), error.sentence())
        elif error.failure == "load-failed":
            self._pauses.pause(spot, now + LOAD_PAUSE, error.sentence(), asked_for=False)
        elif error.failure == "missing-model":
            hint = pull_hint(model)
            self._missing[spot] = f"{error.text} {hint}" if hint else error.text

    def left(self, model: Model, *, trial: bool = True) -> None:
        """The attempt ended, and says nothing of the server: it was cancelled, or never got there."""
        server = self._server(model)
        server.asked -= 1
        for breaker in self._breakers_of(model):
            breaker.left(trial=trial)

    def settings_changed(self) -> None:
        """Keys and addresses may be new: what was refused may be tried again. What servers asked for still holds."""
        self._pauses.settings_changed()
        self._missing.clear()

    async def watch(self, models: Callable[[], Iterable[Model]], every: float = EVERY) -> None:
        """Look at local servers again and again, until cancelled; the cloud is never probed."""
        while True:
            await self.glance(models())
            await asyncio.sleep(every)

    async def glance(self, models: Iterable[Model]) -> None:
        """Look once at every local server of these models."""
        servers = {_address(model): model for model in models if model.local}
        await asyncio.gather(*(self._glance(model) for model in servers.values()))

    async def _glance(self, model: Model) -> None:
        server = self._server(model)
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
            if is_there or not server.breaker.closed(_now()):
                return
            certain = error.failure in ABSENT and model.local
            server.breaker.failed(_now(), error.sentence(), certain=certain, trial=False)
            self._tell()

    async def _knock(self, model: Model) -> None:
        """See whether a server that was away is back; of one that is no Ollama's, this alone is found out unasked."""
        breaker = self._server(model).breaker
        if breaker.opened and await listens(model):
            breaker.succeeded()
            self._tell()


def _address(model: Model) -> str:
    return addresses.server(model.provider, model.url)


def _lock(model: Model) -> tuple[str, str]:
    """What a refused key is remembered by."""
    return _address(model), model.key or ""


def _breaker() -> Breaker:
    return Breaker(FAILURES, lambda: random.uniform(0.8, 1.2))


def _now() -> float:
    return asyncio.get_running_loop().time()
