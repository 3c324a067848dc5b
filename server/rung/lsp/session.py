"""One connected editor: what it asks, what it is told, and the settings it asks with. The engine is shared."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from rung.errors import CancelledByPersonError, ContextError, NoAnswerError, RungError, SettingsError, UsageError
from rung.lsp.asking import aimed, home_of, in_symbol, is_commit_buffer, to_request
from rung.lsp.deliver import Delivery, told
from rung.lsp.findings import Findings
from rung.lsp.offers import Offers, features_of, unable, why_unread
from rung.lsp.preferences import Preferences, shipped
from rung.lsp.progress import Progress, progress
from rung.lsp.receipts import Receipts
from rung.lsp.status import status
from rung.lsp.stream import Stream
from rung.lsp.wire_types import DID_CHANGE_STATUS, RunParams
from rung.routing.explain import Explanation
from rung.settings import places
from rung.types.event import DecidedEvent, OutcomeEvent, TierEvent
from rung.types.value import as_dict

if TYPE_CHECKING:
    from collections.abc import Callable

    from rung.engine import Engine
    from rung.lsp.server import Server
    from rung.settings.values import Settings
    from rung.types.event import Event
    from rung.types.model import Model
    from rung.types.outcome import Outcome
    from rung.types.receipt import Receipt
    from rung.types.request import Request

EMPTY = """\
# Your own settings; a file needs only what differs from the defaults. `rung init` writes one for the models you have.
"""
"""A new rung.toml."""


class Session:
    """The state of one editor's connection.

    Args:
        server: speaks to the editor.
        engine: answers.
    """

    def __init__(self, server: Server, engine: Engine) -> None:
        self._server = server
        self._engine = engine
        self._preferences = Preferences(server, engine, self._status_may_have_changed)
        self._findings = Findings(server)
        self._delivery = Delivery(server, self._findings, engine.env)
        self._receipts = Receipts(self._delivery)
        self._own: dict[str, tuple[Request, str]] = {}
        self._told: dict[str, Any] | None = None
        self._spend = 0.0
        self._running = 0

    @property
    def preferences(self) -> Preferences:
        """Its settings and actions."""
        return self._preferences

    @property
    def findings(self) -> Findings:
        """What is shown as diagnostics."""
        return self._findings

    @property
    def receipts(self) -> Receipts:
        """What its last requests came to."""
        return self._receipts

    # ---- life

    async def begin(self) -> None:
        """Begin the background work: nothing was probed before."""
        await self._preferences.begin()
        self._server.at_close(self._engine.subscribe(self._engine_changed))
        self._server.supervisor.spawn("health", self._engine.watch_health(self._models))
        await self._refresh_spend()

    def _models(self) -> list[Model]:
        settings = self._preferences.own()
        return [model for tier in settings.tiers for model in tier.models] if settings else []

    def opened(self, params: types.DidOpenTextDocumentParams) -> None:
        """A document was opened; for a commit message, a model is loaded where the settings say so."""
        document = params.text_document
        if not is_commit_buffer(document.uri, document.language_id):
            return
        try:
            request = to_request(self._server, RunParams("commit-message", document.uri), f"{id(self):x}")
            settings, actions = self._preferences.current(request.root), self._preferences.actions(request.root)
        except RungError:
            return
        if any(tier.prewarm for tier in settings.tiers):
            self._server.supervisor.spawn("prewarm", self._engine.prewarm(request, settings, actions))

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        """The person typed, or an edit of ours arrived."""
        self._findings.follow(params.text_document.uri, params.content_changes)
        self._delivery.changed()

    # ---- listing

    def list_actions(self, params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
        """The code actions for a place, from memory."""
        automatic = params.context.trigger_kind == types.CodeActionTriggerKind.Automatic
        if automatic and params.range.start == params.range.end and not params.context.diagnostics:
            return []
        uri = params.text_document.uri
        document = self._server.documents.get_text_document(uri)
        root = home_of(self._server, uri)
        try:
            catalogue = self._preferences.actions(root)
            about, unread = features_of(uri, document.language_id, root), why_unread(uri, root)
            cannot = unable(self._engine, self._preferences.current(root), catalogue, about, unread)
        except SettingsError as error:
            catalogue = shipped()
            cannot = dict.fromkeys(catalogue, error.sentence())
        offers = Offers(self._server.client_capabilities)
        found = offers.actions(
            params,
            language=document.language_id,
            version=document.version,
            empty=document.is_open and not document.source.strip(),
            symbol=document.is_open and in_symbol(document, params.range.start, catalogue.values()),
            catalogue=catalogue,
            unable=cannot,
        )
        found += offers.cancels(self._own.values(), params.context.only)
        if not automatic:
            found += offers.receipts(self._receipts.latest(uri), params.context.only)
        return found + offers.dismissals(self._findings.at(uri, params.range), params.context.only)

    # ---- running

    def start(self, params: RunParams) -> dict[str, str]:
        """``rung.run``: answer at once, deliver later.

        Raises:
            UsageError: no such action, or no place is named.
        """
        request, title = self._admit(params)
        work = self._server.supervisor.spawn(f"run {request.id}", self._run_and_deliver(request, title, params))
        work.add_done_callback(self._ended)
        return {"id": request.id}

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
        async with progress(self._server, f"Rung: {title}", token=params.work_done_token) as shown:
            shown.on_cancel(lambda: self._drop(request))
            try:
                outcome = await self._run(request, title, lambda event: _report(shown, event))
                shown.conclude(told(outcome.receipt))
                await self._delivery.deliver(request, outcome)
            except CancelledByPersonError:
                shown.conclude("cancelled")
            except ContextError as error:
                self._delivery.say(error.sentence(), types.MessageType.Warning)
            except RungError as error:
                self._delivery.say(error.sentence(), types.MessageType.Error)

    async def _run(self, request: Request, title: str, take: Callable[[Event], None]) -> Outcome:
        """Run a request to its outcome, showing its events.

        Raises:
            RungError: there is none.
        """
        settings = self._preferences.current(request.root)
        actions = self._preferences.actions(request.root)
        self._own[request.id] = (request, title)
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
        except NoAnswerError as error:
            if error.receipt is not None:
                self._keep(request, title, error.receipt, settings, decided)
            raise
        except (CancelledByPersonError, asyncio.CancelledError):
            self._receipts.cancelled()
            raise
        finally:
            self._own.pop(request.id, None)
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

                outcome = await self._run(request, title, take)
        except CancelledByPersonError:
            raise
        except RungError as error:
            receipt = error.receipt if isinstance(error, NoAnswerError) else None
            return {"error": _error(error)} | ({"receipt": as_dict(receipt)} if receipt else {})
        return {"id": request.id, **await self._delivery.result(request, outcome)}

    def cancel(self, request_id: str | None = None) -> int:
        """Cancel one request of this session, or all of them; gives how many there were."""
        names = [name for name in self._own if request_id in {None, name}]
        return sum(self._engine.cancel(name) for name in names)

    def _drop(self, request: Request) -> None:
        self.cancel(request.id)

    # ---- status

    def status(self) -> dict[str, Any]:
        """DESIGN's ``rung/status``."""
        return status(self._engine, self._preferences.own(), self._preferences.problem, self._spend)

    def say_status(self) -> dict[str, Any]:
        """The status, told to the person as well."""
        found = self.status()
        tiers = ", ".join(f"{entry['name']} ({entry['model']}): {entry['state']}" for entry in found["tiers"])
        self._delivery.say(
            " ".join(filter(None, (found["message"], tiers and f"{tiers}.", f"${found['spend']:.4f} today.")))
        )
        return found

    async def open_settings(self) -> None:
        """Open the person's own rung.toml; made, with nothing in it, where there is none."""
        path = places.config_folder() / "rung.toml"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(EMPTY, encoding="utf-8")
        if not await self._delivery.open_file(path):
            self._delivery.say(f"Your settings are in {path}.")

    def _engine_changed(self) -> None:
        """Anybody's request may have begun or ended: what was spent is everybody's."""
        before, self._running = self._running, len(self._engine.running)
        if self._running < before and not self._server.closing.is_set():
            self._server.supervisor.spawn("spend", self._refresh_spend())
        self._status_may_have_changed()

    async def _refresh_spend(self) -> None:
        self._spend = await asyncio.to_thread(self._engine.ledger.spent_today)
        self._status_may_have_changed()

    def _status_may_have_changed(self) -> None:
        if not self._server.started.is_set() or self._server.closing.is_set():
            return
        now = self.status()
        if now != self._told:
            self._told = now
            self._server.protocol.notify(DID_CHANGE_STATUS, now)


def _report(shown: Progress, event: Event) -> None:
    if isinstance(event, TierEvent):
        shown.report(f"{event.tier} ({event.model}): {event.waiting}, {event.reason}")


def _error(error: RungError) -> dict[str, str]:
    found = {"code": error.code, "message": error.text}
    return found | ({"hint": error.hint} if error.hint else {})
