"""The engine: one per process, it owns health, queues, budget and ledger, and runs requests.

``async for event in engine.run(request, settings)`` gives tier, text and reset events and ends with one outcome event,
or raises. Closing that generator, cancelling whoever reads it, :meth:`Engine.cancel`, and a newer request from the same
spot all end the request: the provider's connection is closed and the slot free before the generator is.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rung.actions import catalogue
from rung.errors import CancelledByPersonError, RungError, UsageError
from rung.ladder.climb import Ladder
from rung.ladder.health import Health
from rung.ladder.means import Means
from rung.ladder.memory import Memory
from rung.ladder.notices import Notices
from rung.ladder.prewarm import prewarm
from rung.ladder.slots import Slots
from rung.ladder.tokens import TokenCounter
from rung.ladder.vocabulary import SHIPPED, Vocabulary
from rung.ladder.warmup import Warmups
from rung.ledger.budget import Budget
from rung.ledger.ledger import Ledger
from rung.providers.anthropic import Anthropic
from rung.providers.ollama import Ollama
from rung.providers.openai import OpenAI
from rung.routing.decide import decide
from rung.routing.plan import plan
from rung.running.beginning import affordable, begin
from rung.running.preview import explained, preview
from rung.running.request import Running
from rung.running.shared import Shared
from rung.settings import keys, places
from rung.types.action import Action
from rung.types.features import Features
from rung.types.model import Model
from rung.types.preview import Preview
from rung.types.request import Request

if TYPE_CHECKING:
    from rung.ledger.rows import Source
    from rung.providers.events import Chat
    from rung.routing.explain import Explanation
    from rung.routing.plan import Known
    from rung.settings.values import Settings
    from rung.types.event import DecidedEvent, Event
    from rung.types.plan import Plan
    from rung.types.receipt import Receipt

CLOSING = 2.0
"""Seconds the ledger may take to write its last rows."""


class Engine:
    """See the module's words.

    Args:
        state: the folder for ledger and warm-ups; None: the person's own.
        env: the environment git and keys are looked up in; None: this process's.
        find_key: finds a key by its name; None: environment, then the person's ``.env``.
        providers: who asks models, by the names settings have for them; None: Rung's own.
        source: what the ledger says about where requests came from.
    """

    def __init__(
        self,
        *,
        state: Path | None = None,
        env: Mapping[str, str] | None = None,
        find_key: Callable[[str], str | None] | None = None,
        providers: Mapping[str, Chat] | None = None,
        source: Source = "lsp",
    ) -> None:
        folder = state or places.state_folder()
        find = find_key or keys.find
        self._warmups = Warmups(folder / "warm")
        self._notices = Notices(folder / "limits.json")
        self.health = Health(find, keys.missing_hint, lambda: self._warmups.active, self._notices)
        self.ledger = Ledger(folder / "ledger.sqlite3")
        self._memory = Memory(folder / "measured.json")
        vocabulary = Vocabulary(places.shipped() / SHIPPED, places.cache_folder() / "tiktoken")
        counter = TokenCounter(vocabulary, self._memory)
        slots = Slots(folder / "slots")
        chats = _providers(find) if providers is None else providers
        means = Means(chats, self.health, slots, self._warmups, counter, notices=self._notices)
        environment = dict(os.environ if env is None else env)
        self._shared = Shared(Ladder(means), self.ledger, Budget(self.ledger), environment, vocabulary.exactly, source)
        self._requests: dict[str, tuple[Request, asyncio.Task[None]]] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self._listeners: list[Callable[[], None]] = []
        self._catalogues: dict[catalogue.Stamp, dict[str, Action]] = {}

    @property
    def env(self) -> Mapping[str, str]:
        """The environment git is run with."""
        return self._shared.env

    def actions(self, root: Path | None, *, trusted: bool) -> dict[str, Action]:
        """The catalogue for a workspace: shipped, the person's own, and the workspace's where it is trusted.

        Read anew only when a file has changed, so that listing costs no more than a look at three folders.

        Raises:
            SettingsError: an action file is wrong.
        """
        folders = [places.shipped() / "actions", places.config_folder() / "actions"]
        if root is not None and trusted:
            folders.append(root / ".rung" / "actions")
        stamp = catalogue.stamp(folders)
        if stamp not in self._catalogues:
            found = catalogue.load(folders)
            self._catalogues = {key: kept for key, kept in self._catalogues.items() if key[0] != stamp[0]}
            self._catalogues[stamp] = found
        return self._catalogues[stamp]

    async def run(
        self, request: Request, settings: Settings | Callable[[], Awaitable[Settings]], actions: Mapping[str, Action]
    ) -> AsyncGenerator[Event]:
        """Run a request with the settings it begins with, or those that can be had when it does.

        Raises:
            RungError: with a sentence for the person: no context, no answer, cancelled ...
        """
        action = _action(request, actions)
        self._supersede(request)
        events: asyncio.Queue[Event | None] = asyncio.Queue()

        running: Running | None = None

        async def work() -> None:
            nonlocal running
            found = await settings() if callable(settings) else settings
            running = Running(self._shared, request, action, found, events.put_nowait)
            await running.run()

        task = asyncio.create_task(work(), name=f"rung request {request.id}")
        task.add_done_callback(lambda _: events.put_nowait(None))
        self._requests[request.id] = (request, task)
        self._tell()
        try:
            while (event := await events.get()) is not None:
                yield event
            await self._end(task, running)
        finally:
            self._stop(task)
            await asyncio.wait({task})
            if not task.cancelled():
                # Whoever left early does not want to hear how it ended.
                task.exception()
            self._requests.pop(request.id, None)
            self._stopping.discard(task)
            self._tell()

    async def preview(self, request: Request, settings: Settings, actions: Mapping[str, Action]) -> Preview:
        """What :meth:`run` would send, and where; no connection is opened, and nothing is written down.

        Raises:
            RungError: there is nothing to work on, or nobody who would be asked.
        """
        return await preview(self._shared, request, _action(request, actions), settings)

    async def explain(self, request: Request, settings: Settings, actions: Mapping[str, Action]) -> Explanation:
        """Where :meth:`run` would begin and whom it could ask, as memory and budget have it now; nobody is asked.

        Raises:
            RungError: there is nothing to work on.
        """
        return await explained(self._shared, request, _action(request, actions), settings)

    async def look(self, settings: Settings) -> Callable[[Model], Known]:
        """Have the servers of this machine say how they are, for a process too short to have watched them.

        Gives what is known of each model then. The cloud is never probed.
        """
        await self.health.glance(model for tier in settings.tiers for model in tier.models)
        found = {model: self.health.known(model) for tier in settings.tiers for model in tier.models}
        return found.__getitem__

    async def affordable(self, decided: DecidedEvent, settings: Settings, receipt: Receipt) -> Plan:
        """A request's plan as the budget left it, for somebody who reads its receipt."""
        attempts = (attempt for call in receipt.calls for attempt in call.attempts)
        asked = frozenset((attempt.tier, attempt.model) for attempt in attempts)
        return await affordable(self._shared, settings, decided, asked)

    @staticmethod
    async def _end(task: asyncio.Task[None], running: Running | None) -> None:
        """Pass on how the request ended; somebody else's cancel is the person's, not ours."""
        if task.cancelled():
            raise CancelledByPersonError(
                "The request was cancelled.", receipt=None if running is None else running.cancelled
            )
        await task

    def _supersede(self, request: Request) -> None:
        """Cancel an older request from the same spot."""
        for older, task in self._requests.values():
            if older.spot == request.spot:
                self._stop(task)

    def _stop(self, task: asyncio.Task[None]) -> None:
        """Cancel once: a second time would break off what the first one sets going, the ledger's row."""
        if task not in self._stopping:
            self._stopping.add(task)
            task.cancel()

    def cancel(self, request_id: str | None = None) -> int:
        """Cancel one request, or all; gives how many there were."""
        found = [task for key, (_, task) in self._requests.items() if request_id in {None, key}]
        for task in found:
            self._stop(task)
        return len(found)

    @property
    def running(self) -> tuple[Request, ...]:
        """The requests under way."""
        return tuple(request for request, _ in self._requests.values())

    def subscribe(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Be told when health or the running requests may have changed; calling what is returned ends that."""
        self._listeners.append(changed)
        end = self.health.subscribe(changed)

        def unsubscribe() -> None:
            end()
            self._listeners.remove(changed)

        return unsubscribe

    def _tell(self) -> None:
        for changed in tuple(self._listeners):
            changed()

    async def watch_health(self, models: Callable[[], Iterable[Model]]) -> None:
        """Look at local servers in the background until cancelled."""
        await self.health.watch(models)

    async def prewarm(self, request: Request, settings: Settings, actions: Mapping[str, Action]) -> bool:
        """Load the model this request would ask first, if its tier is to be warm before it is asked.

        Gives whether a load was begun. Nothing is looked at where no tier has ``prewarm``.

        Raises:
            UsageError: there is no action of that name.
        """
        if not any(tier.prewarm for tier in settings.tiers):
            return False
        action = _action(request, actions)
        try:
            decision = (await begin(self._shared, request, action, settings)).decision
        except RungError:
            # There is nothing to work on yet, as before the first `git add`.
            decision = decide(Features(action=action.id, action_tier=action.tier), settings)
        first = next(iter(plan(decision, settings, self.health.known).attempts), None)
        tier = settings.tier(first.tier) if first else None
        if first is None or tier is None or not tier.prewarm:
            return False
        return await prewarm(self._shared.ladder.means, first)

    async def close(self) -> None:
        """Cancel what runs, write what is to be written; loads that were begun go on without us."""
        tasks = [task for _, task in self._requests.values()]
        for task in tasks:
            self._stop(task)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._warmups.close()
        await self._memory.close()
        await self._notices.close()
        await asyncio.to_thread(self._shared.budget.close)
        await asyncio.to_thread(self.ledger.close, CLOSING)


def _providers(find: Callable[[str], str | None]) -> dict[str, Chat]:
    """One for each name that settings may have."""
    openai = OpenAI(find)
    return {"ollama": Ollama(), "openai": openai, "openai-compatible": openai, "anthropic": Anthropic(find)}


def _action(request: Request, actions: Mapping[str, Action]) -> Action:
    """The action a request names.

    Raises:
        UsageError: there is none of that name.
    """
    action = catalogue.ASK if request.action == "ask" else actions.get(request.action)
    if action is None:
        known = ", ".join(sorted([*actions, "ask"]))
        raise UsageError(f"There is no action {request.action!r}.", f"The actions are: {known}.")
    return action
