"""What the editor can call: each handler hands over to the session and hands back."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from rung.engine import Engine
from rung.lsp.offers import kinds
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
        session.initialize(params)

    @server.feature(types.INITIALIZED)
    async def initialized(_params: types.InitializedParams) -> None:
        await session.initialized()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: types.DidChangeConfigurationParams) -> None:
        session.configure(params.settings)

    @server.feature(RUN)
    async def run(params: RunParams) -> dict[str, Any]:
        return await session.stream(params)

    @server.feature(STATUS)
    async def status(_params: Any) -> dict[str, Any]:
        return session.status()


def _documents(server: Server, session: Session, engine: Engine) -> None:
    shipped = engine.actions(None, trusted=False).values()

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=list(kinds(shipped))))
    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
        return session.list_actions(params)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        session.findings.follow(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: types.DidCloseTextDocumentParams) -> None:
        session.findings.clear(params.text_document.uri)


def _commands(server: Server, session: Session) -> None:
    @server.command("rung.run")
    async def run(params: RunParams) -> dict[str, str]:
        return session.start(params)

    @server.command("rung.cancel")
    async def cancel(which: dict[str, Any] | None = None) -> dict[str, int]:
        return {"cancelled": session.cancel((which or {}).get("id"))}

    @server.command("rung.status")
    async def status() -> dict[str, Any]:
        return session.say_status()

    @server.command("rung.reload")
    async def reload() -> None:
        session.reload()

    @server.command("rung.clearFindings")
    async def clear(which: dict[str, Any] | None = None) -> None:
        session.findings.clear((which or {}).get("uri"))

    @server.command("rung.dismissFinding")
    async def dismiss(which: dict[str, Any]) -> dict[str, bool]:
        return {"dismissed": session.findings.dismiss(str(which.get("id")))}

    @server.command("rung.openSettings")
    async def open_settings() -> None:
        await session.open_settings()
