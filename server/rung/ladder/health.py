"""What is known of every server and model, answered from memory and refreshed in the background.

That nobody is there is said of an address; that an answer was slow, broken or turned away, of one model at it. Both
are shared by all sessions. A model's listing is its server's (``/api/tags``, ``/api/ps``); no completion is ever sent
to find out. The cloud is never probed: its state comes from attempts alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from rung.errors import AttemptError
from rung.ladder.breaker import Breaker
from rung.ladder.notices import Notices
from rung.ladder.pauses import POLITE, Lock, Pauses
from rung.ladder.servers import ABSENT, EVERY, Servers
from rung.providers.failures import pull_hint
from rung.routing.plan import Known
from rung.types.model import Model

LOAD_PAUSE = 60.0
"""Seconds a model is left alone after it could not be loaded: the next load would fail like this one."""
BARRED = "It is asked again once its key or the settings have changed, or after `rung.reload`."
TROUBLE = ("slow", "stalled", "broken", "load-failed")
"""Failures that speak against the model, not against the question, and leave open whether its server is there."""


class Health:
    """States of servers and models.

    Args:
        keys: finds a key by its name.
        missing_key: the sentence that says how to set it.
        loading: whether a load is under way on this machine.
        notices: what other processes were told by servers; None: there are none.
    """

    def __init__(
        self,
        keys: Callable[[str], str | None],
        missing_key: Callable[[str], str],
        loading: Callable[[], bool] = lambda: False,
        notices: Notices | None = None,
    ) -> None:
        self._keys = keys
        self._missing_key = missing_key
        self._servers = Servers(loading, self._tell)
        self._breakers: dict[tuple[str, str], Breaker] = {}
        """Those of single models."""
        self._pauses = Pauses()
        self._notices = notices or Notices()
        self._changed: list[Callable[[], None]] = []

    def subscribe(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Be told when any state may have changed; calling what is returned ends that."""
        self._changed.append(changed)
        return lambda: self._changed.remove(changed)

    def _tell(self) -> None:
        for changed in tuple(self._changed):
            changed()

    def _spot(self, model: Model) -> tuple[str, str]:
        """What failures of this model are remembered by."""
        return self._servers.of(model).spot(model)

    def _breakers_of(self, model: Model) -> tuple[Breaker, Breaker]:
        """That of its server, and its own."""
        server, spot = self._servers.of(model), self._spot(model)
        if model.provider == "ollama" and spot[1] == "auto":
            # Nobody knows yet whom that is; nothing is held against it.
            return server.breaker, Breaker.usual()
        return server.breaker, self._breakers.setdefault(spot, Breaker.usual())

    def _locks(self, model: Model) -> tuple[Lock, Lock]:
        """What a refused key is remembered by, for every model of the address and for this one alone."""
        place, name = self._spot(model)
        return (place, model.key or ""), (place, model.key or "", name)

    def _key(self, model: Model) -> str | None:
        return self._keys(model.key) if model.key else None

    def known(self, model: Model) -> Known:
        """What memory says; never waits, never opens a connection."""
        key = self._key(model)
        if model.key and not key:
            return Known(state="no-key", reason=self._missing_key(model.key))
        found, spot, now = self.said(model), self._spot(model), _now()
        self._hear(model)
        locks = self._locks(model)
        if self._pauses.barred(locks, key):
            return found.replace(state="blocked", reason=f"{self._pauses.refused(locks, key)} {BARRED}", barred=True)
        blocked = self._pauses.refused(locks, key) or self._pauses.paused(spot, now)
        if blocked:
            return found.replace(state="blocked", reason=blocked)
        down = self._down(model, now)
        return found.replace(state="down", reason=down) if down else found

    def said(self, model: Model) -> Known:
        """What its server said of it, whether or not it may be asked now: one that rests may be cold, or far away."""
        return self._servers.of(model).known(model)

    def _down(self, model: Model, now: float) -> str | None:
        """Why a breaker keeps it from being asked."""
        return next((breaker.reason for breaker in self._breakers_of(model) if not breaker.closed(now)), None)

    def listed(self, model: Model) -> bool:
        """Whether its Ollama has ever said which models it has: until then nobody knows where they run."""
        return self._servers.of(model).listed

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
            await self._servers.look(model, loaded=loaded, patience=patience)
        return self.known(model)

    def ordered(self, model: Model) -> None:
        """A load of this model with its window was begun here: the window it has afterwards is the server's doing."""
        self._servers.of(model).orders(model)

    def began(self, model: Model) -> bool:
        """An attempt at this model starts; exactly one of :meth:`succeeded`, :meth:`failed`, :meth:`left` ends it.

        Gives whether it is the one that finds out if its server or model is back, which the end must be told.
        """
        server, now = self._servers.of(model), _now()
        server.asked += 1
        if self._down(model, now):
            return False
        tries = [breaker.begin(now) for breaker in self._breakers_of(model)]
        return any(tries)

    def why_not(self, model: Model, *, trial: bool) -> str | None:
        """Why an attempt that began should go on to the next model after all; None: it may ask."""
        now = _now()
        refused = self._pauses.refused(self._locks(model), self._key(model))
        blocked = refused or self._pauses.paused(self._spot(model), now)
        return blocked or (None if trial else self._down(model, now))

    def rest(self, model: Model) -> float:
        """Seconds for which this model's server asked to be left alone, or is, for it is busy."""
        self._hear(model)
        return self._pauses.resting(self._spot(model), _now())

    def _hear(self, model: Model) -> None:
        """Take in what its server asked for when another process of this person asked."""
        spot, now = self._spot(model), _now()
        seconds = self._notices.rest(spot)
        if seconds <= 0:
            return
        until = self._pauses.rest(spot, now + seconds)
        if seconds > model.retry_after and self._pauses.paused(spot, now) is None:
            self._pauses.pause(spot, until, f"it asked to be left alone for {seconds:.0f} s", asked_for=True)

    def digest(self, model: Model) -> str:
        """Which build of the model an Ollama server has; empty: not known."""
        found = self._servers.of(model).find(model)
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
        server = self._servers.of(model)
        server.asked -= 1
        server.answers(model)
        for breaker in self._breakers_of(model):
            breaker.succeeded()
        self._pauses.let_in(self._locks(model))
        self._pauses.answered(self._spot(model))
        self._tell()

    def failed(self, model: Model, error: AttemptError, *, trial: bool = True) -> None:
        """It failed; what that says of the server or the model is remembered."""
        self._servers.of(model).asked -= 1
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
            if error.retry_after:
                self._notices.leave_alone(spot, error.retry_after)
        elif error.failure == "auth":
            every, this = self._locks(model)
            lock = this if error.model_only else every
            self._pauses.refuse(lock, self._key(model), error.sentence(), unpaid=error.unpaid)
        elif error.failure == "load-failed":
            self._pauses.pause(spot, now + LOAD_PAUSE, error.sentence(), asked_for=False)
        elif error.failure == "missing-model":
            hint = pull_hint(model)
            self._servers.of(model).lacks(model, f"{error.text} {hint}" if hint else error.text)

    def left(self, model: Model, *, trial: bool = True) -> None:
        """The attempt ended, and says nothing of the server: it was cancelled, or never got there."""
        server = self._servers.of(model)
        server.asked -= 1
        for breaker in self._breakers_of(model):
            breaker.left(trial=trial)

    def settings_changed(self) -> None:
        """Keys and addresses may be new: what was refused may be tried again. What servers asked for still holds."""
        self._pauses.settings_changed()
        self._servers.settings_changed()

    async def watch(self, models: Callable[[], Iterable[Model]], every: float = EVERY) -> None:
        """Look at local servers again and again, until cancelled; the cloud is never probed."""
        await self._servers.watch(models, every)

    async def glance(self, models: Iterable[Model]) -> None:
        """Look once at every local server of these models."""
        await self._servers.glance(models)


def _now() -> float:
    return asyncio.get_running_loop().time()
