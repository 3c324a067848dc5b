"""The requests of one editor: begun, shown while they run, cancelled, and answered by one of two roads.

``rung.run`` answers at once and delivers later; ``rung/run`` streams, and applies nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from rung.errors import CancelledByPersonError, ContextError, NoAnswerError, RungError, UsageError
from rung.lsp.asking import aimed, to_request
from rung.lsp.deliver import told
from rung.lsp.progress import Progress, progress
from rung.lsp.stream import Stream
from rung.routing.decide import BUILTIN
from rung.routing.explain import Explanation
from rung.types.event import DecidedEvent, OutcomeEvent, TierEvent
from rung.types.value import as_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rung.engine import Engine
    from rung.lsp.deliver import Delivery, News
    from rung.lsp.preferences import Preferences
    from rung.lsp.receipts import Receipts
    from rung.lsp.server import Server
    from rung.lsp.wire_types import RunParams
    from rung.settings.values import Settings
    from rung.types.event import Event
    from rung.types.outcome import Outcome
    from rung.types.receipt import Receipt
    from rung.types.request import Request


class Requests:
    """See the module's words.

    Args:
        server: the session's.
        engine: answers.
        preferences: the settings and actions to ask with.
        delivery: brings what is made.
        receipts: keeps what each came to.
    """

    def __init__(
        self, server: Server, engine: Engine, preferences: Preferences, delivery: Delivery, receipts: Receipts
    ) -> None:
        self._server = server
        self._engine = engine
        self._preferences = preferences
        self._delivery = delivery
        self._receipts = receipts
        self._running: dict[str, tuple[Request, str]] = {}

    @property
    def running(self) -> Iterable[tuple[Request, str]]:
        """Those under way, each with its action's title."""
        return self._running.values()

    def start(self, params: RunParams) -> dict[str, str]:
        """``rung.run``: answer at once, deliver later.

        Raises:
            UsageError: no such action, or no place is named.
        """
        request, title = self._admit(params)
        work = self._server.supervisor.spawn(f"run {request.id}", self._run_and_deliver(request, title, params))
        work.add_done_callback(self._ended)
        return {"id": request.id}

    def prewarm(self, params: RunParams) -> None:
        """Load the model that such a request would ask first, where the settings say so and it could be begun."""
        try:
            request, _ = self._admit(params)
            settings, actions = self._preferences.current(request.root), self._preferences.actions(request.root)
        except RungError:
            return
        self._server.supervisor.spawn("prewarm", self._engine.prewarm(request, settings, actions))

    def _ended(self, work: asyncio.Task[None]) -> None:
        """Nobody waits for a command's work: if it broke in a way nobody foresaw, the person hears of it here."""
        if not work.cancelled() and work.exception() is not None:
            self._delivery.say(
                "Internal error in the language server; its log names the place.", types.MessageType.Error
            )

    def _admit(self, params: RunParams) -> tuple[Request, str]:
        request = to_request(self._server, params, f"{id(self):x}")
        actions = self._preferences.actions(request.root)
        if request.action not in actions:
            known = ", ".join(sorted(actions))
            raise UsageError(f"There is no action {request.action!r}.", f"The actions are: {known}.")
        action = actions[request.action]
        return aimed(self._server, request, action, params), action.title

    async def _run_and_deliver(self, request: Request, title: str, params: RunParams) -> None:
        news: News | None = None
        async with progress(self._server, f"Rung: {title}", token=params.work_done_token) as shown:
            shown.on_cancel(lambda: self._drop(request))
            try:
                outcome = await self._run(request, title, lambda event: _report(shown, event))
                news = await self._delivery.deliver(request, outcome)
                if news is None:
                    shown.conclude(told(outcome.receipt))
            except CancelledByPersonError:
                shown.conclude("cancelled")
            except ContextError as error:
                news = error.sentence(), types.MessageType.Warning
            except RungError as error:
                news = error.sentence(), types.MessageType.Error
        if news is not None:
            # Helix clears what it says when a progress ends.
            self._delivery.say(*news)

    async def _run_to_its_end(self, request: Request, title: str, take: Callable[[Event], None]) -> Outcome:
        """The same as :meth:`_run`; whoever cancels it cancels the request by its name, so that it leaves a receipt.

        Raises:
            RungError: there is no outcome.
        """
        running = asyncio.ensure_future(self._run(request, title, take))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if not self.cancel(request.id):
                running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            raise

    async def _run(self, request: Request, title: str, take: Callable[[Event], None]) -> Outcome:
        """Run a request to its outcome, showing its events.

        Raises:
            RungError: there is none.
        """
        settings = self._preferences.current(request.root)
        actions = self._preferences.actions(request.root)
        self._running[request.id] = (request, title)
        decided: DecidedEvent | None = None

        async def fresh() -> Settings:
            nonlocal settings
            settings = await self._preferences.fresh(request.root)
            return settings

        try:
            async with aclosing(self._engine.run(request, fresh, actions)) as events:
                async for event in events:
                    if isinstance(event, DecidedEvent):
                        decided = event
                    elif isinstance(event, OutcomeEvent):
                        self._keep(request, title, event.result.receipt, settings, decided)
                        return event.result
                    else:
                        take(event)
        except (NoAnswerError, CancelledByPersonError) as error:
            if error.receipt is not None:
                self._keep(request, title, error.receipt, settings, decided)
            elif isinstance(error, CancelledByPersonError):
                self._receipts.cancelled()
            raise
        finally:
            self._running.pop(request.id, None)
        raise RungError("The request ended without an outcome.")

    def _keep(
        self, request: Request, title: str, receipt: Receipt, settings: Settings, decided: DecidedEvent | None
    ) -> None:
        """Keep the receipt; prices are looked up behind the answer, which they must not hold up."""

        async def explain(decided: DecidedEvent) -> Explanation:
            plan = await self._engine.affordable(decided, settings, receipt)
            return Explanation(decided.decision, plan, decided.tokens)

        explaining = self._server.supervisor.spawn("receipt", explain(decided)) if decided else None
        self._receipts.keep(request, title, receipt, explaining)

    async def stream(self, params: RunParams) -> dict[str, Any]:
        """``rung/run``: stream, answer with DESIGN's result or error, apply nothing.

        Raises:
            CancelledByPersonError: by another road than the request's own cancel.
        """
        try:
            request, title = self._admit(params)
            async with progress(self._server, f"Rung: {title}", token=params.work_done_token) as shown:
                shown.on_cancel(lambda: self._drop(request))
                stream = Stream(self._server, params.partial_result_token)

                def take(event: Event) -> None:
                    _report(shown, event)
                    stream.send(event)

                outcome = await self._run_to_its_end(request, title, take)
        except CancelledByPersonError:
            raise
        except RungError as error:
            return {"error": error.shape()} | ({"receipt": as_dict(error.receipt)} if error.receipt else {})
        return {"id": request.id, **await self._delivery.result(request, outcome)}

    def cancel(self, request_id: str | None = None) -> int:
        """Cancel one request of this session, or all of them; gives how many there were."""
        names = [name for name in self._running if request_id in {None, name}]
        return sum(self._engine.cancel(name) for name in names)

    def _drop(self, request: Request) -> None:
        self.cancel(request.id)


def _report(shown: Progress, event: Event) -> None:
    if isinstance(event, TierEvent) and event.tier == BUILTIN:
        shown.report(f"{event.reason}, so it is written without one")
    elif isinstance(event, TierEvent):
        shown.report(f"{event.tier} ({event.model}): {event.waiting}, {event.reason}")
