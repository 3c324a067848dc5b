"""What is known of every server and model, answered from memory and refreshed in the background.

Health belongs to an address, shared by all sessions. A model's listing is its server's (``/api/tags``, ``/api/ps``); no
completion is ever sent to find out. The cloud is never probed: its state comes from attempts alone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from rung.errors import AttemptError
from rung.ladder.breaker import Breaker
from rung.ladder.choose import best
from rung.providers import ollama_state
from rung.providers.failures import pull_hint
from rung.providers.ollama_state import Installed, Loaded, same_name
from rung.routing.plan import Known
from rung.types.model import Model

if TYPE_CHECKING:
    from rung.types.plan import State

PROBE_LIMIT = 1.0
"""Seconds a server on this machine may take to list its models."""
EVERY = 20.0
"""Seconds between two background looks."""
RATE_PAUSE = 30.0
"""Seconds a model is left alone after a 429 that names no time."""
AUTH_PAUSE = 600.0
"""Seconds a model is left alone after its key was refused; new settings end it at once."""
LOAD_PAUSE = 60.0
"""Seconds a model is left alone after it could not be loaded: the next load would fail like this one."""
FAILURES = 3
"""In a row, after which a server is left alone; one is enough where nobody listens on this machine."""
ABSENT = ("refused", "unreachable")
"""Failures that say that nobody is there; a server that lists its models is."""
POLITE = ("rate-limited", "busy")
"""Failures with which a server may say when to come again."""
LONGEST_REST = 3600.0
"""Seconds a server may ask to be left alone; of more only so much is believed."""
TROUBLE = ("refused", "unreachable", "slow", "stalled", "broken", "busy", "load-failed")
"""Failures that speak against the server, not against the question."""


class _Server:
    """Memory of one address."""

    def __init__(self, breaker: Breaker) -> None:
        self.breaker = breaker
        self.installed: tuple[Installed, ...] | None = None
        self.loaded: tuple[Loaded, ...] | None = None
        self.reason: str | None = None
        self.absent = False
        """The breaker is open because nobody was there."""
        self.asked = 0
        """Attempts under way."""


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
        self._servers: dict[str, _Server] = {}
        self._blocked: dict[tuple[str, str], tuple[float, str]] = {}
        self._rests: dict[tuple[str, str], float] = {}
        """Until when servers asked to be left alone."""
        self._missing: dict[tuple[str, str], str] = {}
        self._changed: list[Callable[[], None]] = []

    def subscribe(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Be told when any state may have changed; calling what is returned ends that."""
        self._changed.append(changed)
        return lambda: self._changed.remove(changed)

    def _tell(self) -> None:
        for changed in tuple(self._changed):
            changed()

    def _server(self, model: Model) -> _Server:
        def jitter() -> float:
            return random.uniform(0.8, 1.2)

        address = model.url or model.provider
        if address not in self._servers:
            self._servers[address] = _Server(Breaker(FAILURES, jitter))
        return self._servers[address]

    def known(self, model: Model) -> Known:
        """What memory says; never waits, never opens a connection."""
        if model.key and not self._keys(model.key):
            return Known(state="no-key", reason=self._missing_key(model.key))
        server, now = self._server(model), _now()
        found = self._find(server, model)
        named = found.name if found and model.model == "auto" else None
        name = named or model.model
        window, remote = self._window(model, found), bool(found and found.remote) or name.endswith("-cloud")
        until, why = self._blocked.get((model.url, name), (0.0, ""))
        if until > now:
            return Known("blocked", why, named, window, remote)
        if not server.breaker.closed(now):
            return Known("down", server.reason or "it failed a moment ago", named, window, remote)
        missing = self._missing.get((model.url, name)) or self._not_installed(server, model, found)
        if missing:
            return Known("missing", missing, named, window, remote)
        return Known(self._state(server, model, name), None, named, window, remote)

    @staticmethod
    def _find(server: _Server, model: Model) -> Installed | None:
        if model.provider != "ollama" or server.installed is None:
            return None
        if model.model == "auto":
            return best(server.installed, model.max_parameters, local_only=model.local)
        return next((entry for entry in server.installed if same_name(model.model, entry.name)), None)

    @staticmethod
    def _window(model: Model, found: Installed | None) -> int | None:
        if model.context and found and found.context:
            return min(model.context, found.context)
        return model.context

    @staticmethod
    def _not_installed(server: _Server, model: Model, found: Installed | None) -> str | None:
        if model.provider != "ollama" or server.installed is None or found:
            return None
        if model.model == "auto":
            size = f"{model.max_parameters / 1e9:g}B"
            return f"{model.url} has no model of up to {size} parameters: run `ollama pull qwen2.5-coder:7b`"
        return f"{model.url} has no {model.model}: run `ollama pull {model.model}`"

    def _state(self, server: _Server, model: Model, name: str) -> State:
        if model.provider != "ollama" or server.loaded is None:
            return "unknown" if server.installed is None else "ready"
        return "ready" if self._in_memory(server, model, name) else "cold"

    def _in_memory(self, server: _Server, model: Model, name: str) -> bool:
        window = self._window(model, self._find(server, model))
        for entry in server.loaded or ():
            if same_name(name, entry.name):
                # With another window the server would load it anew: that is as cold as not being there.
                return window is None or entry.context is None or entry.context == window
        return False

    async def look(self, model: Model) -> Known:
        """Ask a local Ollama what it has and holds, and give what is known then; others answer from memory.

        Raises:
            AttemptError: the server is not there.
        """
        if model.provider == "ollama":
            server = self._server(model)
            try:
                async with asyncio.timeout(model.connect + PROBE_LIMIT):
                    server.installed, server.loaded = await asyncio.gather(
                        ollama_state.installed(model), ollama_state.loaded(model)
                    )
            except TimeoutError:
                # Somebody is there, and may only be busy.
                raise AttemptError("slow", f"{model.url} takes connections but does not answer.") from None
            if server.absent:
                # Somebody is there again. Of an answer that breaks off, a listing says nothing.
                server.breaker.succeeded()
                server.absent = False
            self._missing = {key: why for key, why in self._missing.items() if key[0] != model.url}
            self._tell()
        return self.known(model)

    def began(self, model: Model) -> bool:
        """An attempt at this model starts; exactly one of the three below ends it.

        Gives whether it is the one that finds out if its server is back, which the end must be told.
        """
        server = self._server(model)
        server.asked += 1
        return server.breaker.begin(_now())

    def why_not(self, model: Model, *, trial: bool) -> str | None:
        """Why an attempt that began should go on to the next model after all; None: it may ask."""
        server = self._server(model)
        if trial or server.breaker.closed(_now()):
            return None
        return server.reason or "it failed a moment ago"

    def rest(self, model: Model) -> float:
        """Seconds for which this model's server asked to be left alone."""
        return max(0.0, self._rests.get((model.url, model.model), 0.0) - _now())

    def digest(self, model: Model) -> str:
        """Which build of the model an Ollama server has; empty: not known."""
        found = self._find(self._server(model), model)
        return found.digest if found else ""

    def succeeded(self, model: Model) -> None:
        """It gave an answer."""
        server = self._server(model)
        server.asked -= 1
        server.absent = False
        server.breaker.succeeded()
        if model.provider == "ollama" and server.loaded is not None:
            others = tuple(entry for entry in server.loaded if not same_name(model.model, entry.name))
            server.loaded = (*others, Loaded(model.model, self._window(model, self._find(server, model))))
        self._tell()

    def failed(self, model: Model, error: AttemptError, *, trial: bool = True) -> None:
        """It failed; what that says of the server or the model is remembered."""
        self._server(model).asked -= 1
        self._learn(model, error, trial=trial)

    def _learn(self, model: Model, error: AttemptError, *, trial: bool) -> None:
        server, now, key = self._server(model), _now(), (model.url, model.model)
        if error.failure in POLITE:
            self._leave_alone(model, error)
        elif error.failure == "auth":
            self._blocked[key] = (now + AUTH_PAUSE, error.sentence())
        elif error.failure == "load-failed":
            self._blocked[key] = (now + LOAD_PAUSE, error.sentence())
        elif error.failure == "missing-model":
            hint = pull_hint(model)
            self._missing[key] = f"{error.text} {hint}" if hint else error.text
        is_polite = error.failure in POLITE and error.retry_after is not None
        if error.failure in TROUBLE and not is_polite:
            server.reason = error.sentence()
            server.absent = error.failure in ABSENT
            server.breaker.failed(now, certain=server.absent and model.local, trial=trial)
        else:
            server.breaker.left(trial=trial)
        self._tell()

    def _leave_alone(self, model: Model, error: AttemptError) -> None:
        """Remember a rest that was asked for: a short one is waited out, for a longer one others are asked."""
        key, now = (model.url, model.model), _now()
        if error.retry_after is not None:
            until = max(self._rests.get(key, 0.0), now + min(error.retry_after, LONGEST_REST))
            self._rests[key] = until
            if error.retry_after > model.retry_after:
                self._blocked[key] = (until, error.text)
        elif error.failure == "rate-limited":
            self._blocked[key] = (now + RATE_PAUSE, error.text)

    def left(self, model: Model, *, trial: bool = True) -> None:
        """The attempt ended, and says nothing of the server: it was cancelled, or never got there."""
        server = self._server(model)
        server.asked -= 1
        server.breaker.left(trial=trial)

    def settings_changed(self) -> None:
        """Keys and addresses may be new: what was refused may be tried again."""
        self._blocked.clear()
        self._rests.clear()
        self._missing.clear()

    async def watch(self, models: Callable[[], Iterable[Model]], every: float = EVERY) -> None:
        """Look at local servers again and again, until cancelled; the cloud is never probed."""
        while True:
            addresses = {model.url: model for model in models() if model.local and model.provider == "ollama"}
            await asyncio.gather(*(self._glance(model) for model in addresses.values()))
            await asyncio.sleep(every)

    async def _glance(self, model: Model) -> None:
        server = self._server(model)
        try:
            await self.look(model)
        except AttemptError as error:
            # A machine that is busy with our own request, or with a load, may be slow to list its models.
            is_busy = error.failure in {"slow", "unreachable"} and (server.asked or self._loading())
            if server.breaker.closed(_now()) and not is_busy:
                self._learn(model, error, trial=False)


def _now() -> float:
    return asyncio.get_running_loop().time()
