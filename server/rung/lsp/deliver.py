"""Delivering what an action made: an edit, a document, diagnostics or, where the client has none, a message."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from rung.git import message_buffer, repository
from rung.types.outcome import Outcome
from rung.types.receipt import Receipt
from rung.types.request import Position, Range, Request

if TYPE_CHECKING:
    from rung.lsp.findings import Findings
    from rung.lsp.server import Server

TRIES = 3
"""Edits offered to a person who goes on typing, before the text is opened as a document instead."""
PATIENCE = 10.0
"""Seconds the client may take to apply an edit or open a document."""


def told(receipt: Receipt) -> str:
    """Who answered, why, and what it cost, in one line."""
    if receipt.builtin:
        who = "written without a model"
    else:
        who = f"{receipt.tier} ({receipt.model})" + (", simulated" if receipt.simulated else "")
    cost = "cost unknown" if receipt.cost_usd is None else f"${receipt.cost_usd:.4f}" if receipt.cost_usd else "free"
    line = f"{who}, {receipt.total_ms / 1000:.1f} s, {cost}; {receipt.why}"
    if receipt.escalated_from:
        line += f"; escalated from {receipt.escalated_from}"
    if receipt.degraded:
        line += "; the best there was, but not good enough"
    if receipt.left_out:
        line += f"; left out: {', '.join(omission.path for omission in receipt.left_out[:5])}"
    return line


class Delivery:
    """Brings outcomes to one client.

    Args:
        server: the session's.
        findings: shows findings.
        env: the environment git is run with.
    """

    def __init__(self, server: Server, findings: Findings, env: Mapping[str, str]) -> None:
        self._server = server
        self._findings = findings
        self._env = env
        self._folder: Path | None = None
        server.at_close(self._clean)

    async def deliver(self, request: Request, outcome: Outcome) -> None:
        """Bring it."""
        receipt = outcome.receipt
        if outcome.findings is not None and request.document is not None:
            self._findings.show(request.document.uri, outcome.findings)
            count = len(outcome.findings)
            self.say(f"{count} finding{'' if count == 1 else 's'}. {told(receipt)}")
            return
        text = outcome.text or ""
        if request.commit_file is not None and await self._into_commit_buffer(request, text):
            if receipt.builtin or receipt.degraded:
                self.say(told(receipt))
            return
        if outcome.outcome == "commit-message":
            await self.open_text(text + "\n", "commit-message.txt", receipt)
        else:
            await self.open_text(f"{text}\n\n---\n_{told(receipt)}_\n", f"{request.action}.md", receipt)

    async def edit(self, request: Request, text: str) -> types.WorkspaceEdit | None:
        """The edit that puts a commit message into its buffer as it is now; None where it has no buffer."""
        if request.commit_file is None or request.document is None:
            return None
        found = await repository.of_commit_file(request.commit_file, self._env)
        document = self._server.documents.get_text_document(request.document.uri)
        source = document.source
        comment = message_buffer.comment_prefix(source, found.comment)
        insertion = message_buffer.insertion(source, text, comment)
        at = Position(insertion.line, insertion.character)
        change = types.TextEdit(document.client_range(Range(at, at)), insertion.text)
        if self._versioned():
            identifier = types.OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
            return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(identifier, [change])])
        return types.WorkspaceEdit(changes={document.uri: [change]})

    def _versioned(self) -> bool:
        workspace = self._server.client_capabilities.workspace
        return bool(workspace and workspace.workspace_edit and workspace.workspace_edit.document_changes)

    async def _into_commit_buffer(self, request: Request, text: str) -> bool:
        """Whether the client took the edit; made anew for the text as it is, as often as the person typed meanwhile."""
        workspace = self._server.client_capabilities.workspace
        if not (workspace and workspace.apply_edit):
            return False
        for _ in range(TRIES):
            edit = await self.edit(request, text)
            if edit is None:
                return False
            params = types.ApplyWorkspaceEditParams(edit, label="Rung: commit message")
            try:
                async with asyncio.timeout(PATIENCE):
                    if (await self._server.workspace_apply_edit_async(params)).applied:
                        return True
            except (JsonRpcException, TimeoutError):
                return False
        return False

    async def open_text(self, text: str, name: str, receipt: Receipt | None = None) -> None:
        """Open a text as a document, in a file that its owner alone can read and that goes with the session."""
        window = self._server.client_capabilities.window
        if window and window.show_document and window.show_document.support:
            path = self._write(text, name)
            params = types.ShowDocumentParams(path.as_uri(), take_focus=True)
            try:
                async with asyncio.timeout(PATIENCE):
                    if (await self._server.window_show_document_async(params)).success:
                        return
            except (JsonRpcException, TimeoutError):
                pass
        self.say(text.rstrip() if receipt is None or name.endswith(".md") else f"{text.rstrip()}\n\n({told(receipt)})")

    def _write(self, text: str, name: str) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="rung-"))
        path = self._folder / f"{self._server.next_id()}-{name}"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def _clean(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def say(self, text: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """One message to the person."""
        self._server.window_show_message(types.ShowMessageParams(kind, f"Rung: {text}"))
