"""One connected editor: what it asks, what it is told, and the settings it asks with. The engine is shared."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from rung.errors import SettingsError
from rung.lsp.ability import features_of, unable, why_unread
from rung.lsp.asking import home_of, in_symbol, is_commit_buffer
from rung.lsp.deliver import Delivery
from rung.lsp.findings import Findings
from rung.lsp.offers import Offers
from rung.lsp.preferences import Preferences, shipped
from rung.lsp.receipts import Receipts
from rung.lsp.requests import Requests
from rung.lsp.status import status
from rung.lsp.wire_types import DID_CHANGE_STATUS, RunParams
from rung.settings import places

if TYPE_CHECKING:
    from rung.engine import Engine
    from rung.lsp.server import Server
    from rung.types.model import Model

EMPTY = """\
# Your own settings; a file needs only what differs from the defaults, in the rung.toml that `rung doctor` names.
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
        self._requests = Requests(server, engine, self._preferences, self._delivery, self._receipts)
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
    def requests(self) -> Requests:
        """Those of this editor."""
        return self._requests

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
        if is_commit_buffer(params.text_document.uri, params.text_document.language_id):
            self._requests.prewarm(RunParams("commit-message", params.text_document.uri))

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
        offers = Offers(self._server.client_capabilities, self._server.client)
        found = offers.actions(
            params,
            language=document.language_id,
            version=document.version,
            empty=document.is_open and not document.source.strip(),
            symbol=document.is_open and in_symbol(document, params.range.start, catalogue.values()),
            catalogue=catalogue,
            unable=cannot,
        )
        found += offers.cancels(self._requests.running, params.context.only)
        if not automatic:
            found += offers.receipts(self._receipts.latest(uri), params.context.only)
        return found + offers.dismissals(self._findings.at(uri, params.range), params.context.only)

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
