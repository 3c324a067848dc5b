"""One connected editor: what it asks, what it is told, and the settings it asks with. The engine is shared."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from rung.engine import Engine
from rung.errors import CancelledByPersonError, ContextError, NoAnswerError, RungError, SettingsError, UsageError
from rung.lsp.asking import path_of, root_of, to_request
from rung.lsp.deliver import Delivery, told
from rung.lsp.findings import Findings
from rung.lsp.offers import Offers
from rung.lsp.progress import Progress, progress
from rung.lsp.status import status
from rung.lsp.wire_types import DID_CHANGE_STATUS
from rung.routing.decide import decide
from rung.routing.plan import plan
from rung.settings import trust
from rung.settings.load import Loaded, load
from rung.settings.store import SettingsStore
from rung.types.action import Action
from rung.types.event import OutcomeEvent, ResetEvent, TextEvent, TierEvent
from rung.types.features import Features
from rung.types.outcome import Outcome
from rung.types.request import Request
from rung.types.value import as_dict

if TYPE_CHECKING:
    from collections.abc import Callable

    from rung.lsp.server import Server
    from rung.lsp.wire_types import RunParams
    from rung.settings.values import Settings
    from rung.types.event import Event

_log = logging.getLogger(__name__)


class Session:
    """The state of one editor's connection.

    Args:
        server: speaks to the editor.
        engine: answers.
    """

    def __init__(self, server: Server, engine: Engine) -> None:
        self._server = server
        self._engine = engine
        self._editor: Mapping[str, Any] = {}
        self._store = SettingsStore(self._load)
        self._findings = Findings(server)
        self._delivery = Delivery(server, self._findings, engine.env)
        self._own: dict[str, tuple[Request, str]] = {}
        self._told: dict[str, Any] | None = None
        self._spend = 0.0
        self._broken: dict[Path, str] = {}
        self._checked = False

    def _load(self, root: Path | None) -> Loaded:
        return load(root, self._editor or None)

    # ---- life

    def initialize(self, params: types.InitializeParams) -> None:
        """Look at what the client sends along."""
        options = params.initialization_options
        if isinstance(options, Mapping):
            self._editor = options.get("rung", options)

    async def initialized(self) -> None:
        """Begin the background work: nothing was read or probed before."""
        await self._pull_configuration()
        self._store.subscribe(self._settings_changed)
        self._server.at_close(self._engine.subscribe(self._status_may_have_changed))
        self._check_settings(root_of(self._server, None))
        self._server.supervisor.spawn("settings", self._store.watch())
        self._server.supervisor.spawn("health", self._engine.watch_health(self._models))
        await self._refresh_spend()

    async def _pull_configuration(self) -> None:
        """Ask the editor for its section, where it can be asked."""
        workspace = self._server.client_capabilities.workspace
        if not (workspace and workspace.configuration):
            return
        item = types.ConfigurationParams([types.ConfigurationItem(section="rung")])
        try:
            async with asyncio.timeout(5):
                (found,) = await self._server.workspace_configuration_async(item)
        except (TimeoutError, ValueError, JsonRpcException):
            return
        self.configure(found)

    def configure(self, section: object) -> None:
        """Take over the editor's settings: the section ``rung``, or an object that holds it."""
        plain = _plain(section)
        if isinstance(plain, dict) and isinstance(plain.get("rung"), dict):
            plain = plain["rung"]
        if isinstance(plain, dict) and plain and plain != self._editor:
            self._editor = plain
            self._store.reload()

    def _models(self) -> list[Any]:
        settings = self._settings_or_none()
        return [model for tier in settings.tiers for model in tier.models] if settings else []

    # ---- settings

    def _settings_or_none(self) -> Settings | None:
        try:
            return self._store.current(root_of(self._server, None))
        except SettingsError:
            return None

    def _check_settings(self, root: Path | None) -> None:
        """Read the settings for the first time, and show what is wrong with them."""
        try:
            loaded = self._store.loaded(root)
        except SettingsError as error:
            self._settings_changed(root, None, error, ())
            return
        self._settings_changed(root, loaded.settings, None, loaded.warnings)

    def _settings_changed(
        self, _root: Path | None, settings: Settings | None, error: SettingsError | None, warnings: tuple[str, ...]
    ) -> None:
        for warning in warnings:
            self._server.window_log_message(types.LogMessageParams(types.MessageType.Warning, f"Rung: {warning}"))
        if settings is not None:
            self._engine.health.settings_changed()
            self._clear_mistakes()
        if error is not None:
            self._show_mistake(error)
        self._status_may_have_changed()

    def _show_mistake(self, error: SettingsError) -> None:
        self._clear_mistakes(but=error.path)
        self._broken[error.path] = error.sentence()
        line = max(0, error.line - 1)
        span = types.Range(types.Position(line, 0), types.Position(line, 1000))
        text = f"{error.text} {error.hint or ''}".strip()
        diagnostic = types.Diagnostic(span, text, types.DiagnosticSeverity.Error, source="rung")
        params = types.PublishDiagnosticsParams(error.path.as_uri(), [diagnostic])
        self._server.text_document_publish_diagnostics(params)

    def _clear_mistakes(self, but: Path | None = None) -> None:
        for path in [path for path in self._broken if path != but]:
            del self._broken[path]
            self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(path.as_uri(), []))

    def reload(self) -> None:
        """Read settings again, now."""
        self._store.reload()
        self._engine.health.settings_changed()

    def _actions(self, root: Path | None) -> dict[str, Action]:
        found = self._engine.actions(root, trusted=root is not None and trust.trusted(root))
        settings = self._settings_or_none()
        if settings is None or settings.actions is None:
            return found
        return {name: action for name, action in found.items() if name in settings.actions}

    # ---- listing

    def list_actions(self, params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
        """The code actions for a place, from memory."""
        uri = params.text_document.uri
        document = self._server.documents.get_text_document(uri)
        root = root_of(self._server, path_of(uri))
        try:
            catalogue = self._actions(root)
        except SettingsError as error:
            self._show_mistake(error)
            catalogue = {}
        offers = Offers(self._server.client_capabilities)
        found = offers.actions(
            params,
            language=document.language_id,
            version=document.version,
            empty=document.is_open and not document.source.strip(),
            catalogue=catalogue,
            unable=self._unable(root, catalogue),
        )
        found += offers.cancels(self._own.values(), params.context.only)
        return found + offers.dismissals(self._findings.at(uri, params.range.start.line), params.context.only)

    def _unable(self, root: Path | None, catalogue: Mapping[str, Action]) -> dict[str, str]:
        """Why actions cannot run now, as far as memory knows; the commit message always can."""
        try:
            settings = self._store.current(root)
        except SettingsError as error:
            return dict.fromkeys(catalogue, error.sentence())
        out = {}
        for action in catalogue.values():
            decision = decide(Features(action=action.id, action_tier=action.tier), settings)
            found = plan(decision, settings, self._engine.health.known)
            if action.result != "commit-message" and all(c.state in {"down", "blocked"} for c in found.attempts):
                reasons = "; ".join(f"{skipped.tier}: {skipped.reason}" for skipped in found.skipped)
                out[action.id] = f"No model can answer. {reasons}"
        return out

    # ---- running

    def start(self, params: RunParams) -> dict[str, str]:
        """``rung.run``: answer at once, deliver later.

        Raises:
            UsageError: no such action, or no place is named.
        """
        request, title = self._admit(params)
        self._server.supervisor.spawn(f"run {request.id}", self._run_and_deliver(request, title, params))
        return {"id": request.id}

    def _admit(self, params: RunParams) -> tuple[Request, str]:
        request = to_request(self._server, params, f"{id(self):x}")
        actions = self._actions(request.root)
        if request.action not in actions:
            known = ", ".join(sorted(actions))
            raise UsageError(f"There is no action {request.action!r}.", f"The actions are: {known}.")
        return request, actions[request.action].title

    async def _run_and_deliver(self, request: Request, title: str, params: RunParams) -> None:
        async with progress(self._server, f"Rung: {title}", token=params.work_done_token) as shown:
            shown.on_cancel(lambda: self._drop(request))
            try:
                outcome = await self._run(request, title, lambda event: _report(shown, event))
                shown.conclude(told(outcome.receipt))
                await self._delivery.deliver(request, outcome)
            except CancelledByPersonError:
                return
            except ContextError as error:
                self._delivery.say(error.sentence(), types.MessageType.Warning)
            except RungError as error:
                self._delivery.say(error.sentence(), types.MessageType.Error)

    async def _run(self, request: Request, title: str, take: Callable[[Event], None]) -> Outcome:
        """Run a request to its outcome, showing its events.

        Raises:
            RungError: there is none.
        """
        settings = self._store.current(request.root)
        self._own[request.id] = (request, title)
        try:
            async with aclosing(self._engine.run(request, settings, self._actions(request.root))) as events:
                async for event in events:
                    if isinstance(event, OutcomeEvent):
                        return event.result
                    take(event)
        finally:
            self._own.pop(request.id, None)
            if not self._server.closing.is_set():
                self._server.supervisor.spawn("spend", self._refresh_spend())
        raise RungError("The request ended without an outcome.")

    async def stream(self, params: RunParams) -> dict[str, Any]:
        """``rung/run``: stream, answer with the result, apply nothing.

        Raises:
            UsageError: no such action, or no place is named.
        """
        request, title = self._admit(params)
        async with progress(self._server, f"Rung: {title}", token=params.work_done_token) as shown:
            shown.on_cancel(lambda: self._drop(request))

            def take(event: Event) -> None:
                _report(shown, event)
                self._partial(params.partial_result_token, event)

            try:
                outcome = await self._run(request, title, take)
            except NoAnswerError as error:
                return {"id": request.id, "error": _error(error), "receipt": as_dict(error.receipt)}
            except CancelledByPersonError:
                raise
            except RungError as error:
                return {"id": request.id, "error": _error(error)}
        found = {"id": request.id, **outcome.shape()}
        edit = await self._delivery.edit(request, outcome.text or "") if outcome.text else None
        if edit is not None:
            found["edit"] = edit
        return found

    def _partial(self, token: int | str | None, event: Event) -> None:
        if token is None:
            return
        if isinstance(event, TextEvent):
            value: dict[str, Any] = {"kind": "text", "text": event.text}
        elif isinstance(event, TierEvent):
            value = {"kind": "tier", "tier": event.tier, "model": event.model, "reason": event.reason}
            value["waiting"] = event.waiting
        elif isinstance(event, ResetEvent):
            value = {"kind": "reset", "reason": event.reason}
        else:
            return
        self._server.protocol.notify("$/progress", {"token": token, "value": value})

    def cancel(self, request_id: str | None = None) -> int:
        """Cancel one request of this session, or all of them; gives how many there were."""
        names = [name for name in self._own if request_id in {None, name}]
        return sum(self._engine.cancel(name) for name in names)

    def _drop(self, request: Request) -> None:
        self.cancel(request.id)

    # ---- findings

    @property
    def findings(self) -> Findings:
        """What is shown as diagnostics."""
        return self._findings

    # ---- status

    def status(self) -> dict[str, Any]:
        """DESIGN's ``rung/status``."""
        problem = next(iter(self._broken.values()), None)
        return status(self._engine, self._settings_or_none(), problem, self._spend)

    def say_status(self) -> dict[str, Any]:
        """The status, told to the person as well."""
        found = self.status()
        tiers = ", ".join(f"{entry['name']} ({entry['model']}): {entry['state']}" for entry in found["tiers"])
        self._delivery.say(f"{found['message']} {tiers}. ${found['spend']:.4f} today.")
        return found

    async def open_settings(self) -> None:
        """Open the person's own rung.toml."""
        from rung.settings import places  # noqa: PLC0415

        path = places.config_folder() / "rung.toml"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("#:schema ./rung.schema.json\n", encoding="utf-8")
        await self._server.window_show_document_async(types.ShowDocumentParams(path.as_uri(), take_focus=True))

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


def _plain(value: object) -> Any:
    """Configuration comes as nested named tuples from pygls: make it plain again."""
    if hasattr(value, "_asdict"):
        return {name: _plain(item) for name, item in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
