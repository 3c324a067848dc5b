"""What the editor can call: each handler hands over to the session and hands back."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from rung.engine import Engine
from rung.errors import SettingsError, UsageError
from rung.lsp.offers import kinds
from rung.lsp.preferences import shipped
from rung.lsp.server import Server
from rung.lsp.session import Session
from rung.lsp.wire_types import RUN, STATUS, RunParams


def build(engine: Engine) -> Server:
    """The server of one session around an engine, with all its handlers."""
    server = Server()
    session = Session(server, engine)
    _life(server, session)
    _documents(server, session, engine)
    _commands(server, session)
    return server


def _life(server: Server, session: Session) -> None:
    @server.feature(types.INITIALIZE)
    async def initialize(params: types.InitializeParams) -> None:
        server.client = params.client_info.name if params.client_info else ""
        session.preferences.initialize(params.initialization_options)

    @server.feature(types.INITIALIZED)
    async def initialized(_params: types.InitializedParams) -> None:
        await session.begin()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: types.DidChangeConfigurationParams) -> None:
        await session.preferences.configured(params.settings)

    @server.feature(RUN)
    async def run(params: RunParams) -> dict[str, Any]:
        return await session.requests.stream(params)

    @server.feature(STATUS)
    async def status(_params: Any) -> dict[str, Any]:
        return session.status()


def _documents(server: Server, session: Session, engine: Engine) -> None:
    try:
        actions = engine.actions(None, trusted=False)
    except SettingsError:  # one of the person's own is broken, as they are told once the session has begun
        actions = shipped()
    answered = types.CodeActionOptions(code_action_kinds=list(kinds(actions.values())))

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, answered)
    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
        return session.list_actions(params)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        session.opened(params)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        session.changed(params)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(_params: types.DidSaveTextDocumentParams) -> None:
        session.preferences.look_again()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: types.DidCloseTextDocumentParams) -> None:
        session.findings.clear(params.text_document.uri)


def _commands(server: Server, session: Session) -> None:
    @server.command("rung.run")
    async def run(params: RunParams) -> dict[str, str]:
        return session.requests.start(params)

    @server.command("rung.cancel")
    async def cancel(which: dict[str, Any] | None = None) -> dict[str, int]:
        return {"cancelled": session.requests.cancel(_text("rung.cancel", which, "id"))}

    @server.command("rung.status")
    async def status() -> dict[str, Any]:
        return session.say_status()

    @server.command("rung.why")
    async def why(which: dict[str, Any]) -> None:
        text = _text("rung.why", which, "text") or ""
        server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"Rung: {text}"))

    @server.command("rung.reload")
    async def reload() -> None:
        session.preferences.reload()

    @server.command("rung.clearFindings")
    async def clear(which: dict[str, Any] | None = None) -> None:
        session.findings.clear(_text("rung.clearFindings", which, "uri"))

    @server.command("rung.dismissFinding")
    async def dismiss(which: dict[str, Any]) -> dict[str, bool]:
        return {"dismissed": session.findings.dismiss(_text("rung.dismissFinding", which, "id") or "")}

    @server.command("rung.openReceipt")
    async def open_receipt(which: dict[str, Any] | None = None) -> dict[str, Any] | None:
        return await session.receipts.open(_text("rung.openReceipt", which, "id"))

    @server.command("rung.openSettings")
    async def open_settings() -> None:
        await session.open_settings()


def _text(command: str, which: dict[str, Any] | None, name: str) -> str | None:
    """A command's one optional argument.

    Raises:
        UsageError: it is no text; to take it for left out would cancel or clear everything.
    """
    value = (which or {}).get(name)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"The {name} given to {command} is no text.", f'For example {{"{name}": "..."}}.')
    return value
