"""Delivering what an action made: an edit, a document, diagnostics or, where the client has none, a message."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from rung.git import message_buffer, repository
from rung.lsp.findings import mark
from rung.lsp.wrap import wrap
from rung.types.request import Position, Range
from rung.types.value import as_dict

if TYPE_CHECKING:
    from typing import TypeAlias

    from rung.lsp.findings import Findings
    from rung.lsp.server import Server
    from rung.lsp.text import Text
    from rung.types.outcome import Finding, Outcome
    from rung.types.receipt import Receipt
    from rung.types.request import Document, Request

    News: TypeAlias = tuple[str, types.MessageType]
    """What a person is told of a request that has ended, and as what."""

TRIES = 3
"""Edits offered to a person who goes on typing, before the text is opened as a document instead."""
PATIENCE = 10.0
"""Seconds the client may take to apply an edit or open a document."""
SHORT = 1000
"""Characters of a text that is told because its file was not opened."""
NAMED = 5
"""Omissions that one line names; a whole receipt names all."""
SETTLING = 1.0
"""Seconds after which a client that has not told of a change has none to tell: Neovim waits 0.15, Eglot 0.5."""

_log = logging.getLogger(__name__)


def cost(dollars: float | None) -> str:
    """What it cost, for people; None: nobody knows."""
    return "cost unknown" if dollars is None else f"${dollars:.4f}" if dollars else "free"


def told(receipt: Receipt) -> str:
    """Who answered, why, and what it cost, in one line."""
    who = receipt.who + (", simulated" if receipt.simulated and receipt.tier is not None else "")
    if receipt.builtin and receipt.escalated_from:
        who += ", for none could answer"
    line = f"{who}, {receipt.total_ms / 1000:.1f} s, {cost(receipt.cost_usd)}; {receipt.why}"
    if receipt.escalated_from:
        line += f"; escalated from {receipt.escalated_from}"
    line += "".join(f"; {skipped.sentence()}" for skipped in receipt.missed)
    if receipt.degraded:
        line += "; the best there was, but not good enough"
    if receipt.left_out:
        named = [f"{omission.path} ({omission.why})" for omission in receipt.left_out[:NAMED]]
        more = len(receipt.left_out) - NAMED
        line += f"; left out of the prompt: {', '.join([*named, *([f'{more} more'] if more > 0 else [])])}"
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
        self._change = asyncio.Event()
        server.at_close(self._clean)

    async def deliver(self, request: Request, outcome: Outcome) -> News | None:
        """Bring it; gives what the person is still to be told once the progress has ended."""
        receipt = outcome.receipt
        if request.document is not None and (outcome.findings is not None or outcome.unreviewed):
            news = self._show_findings(request.document, outcome)
            if outcome.text:
                # Of a piece of the file no findings could be read: what was said of it is shown as it came.
                await self.open_text(outcome.text, f"{request.action}.md", receipt)
            return news
        text = outcome.text or ""
        if outcome.outcome != "commit-message":
            await self.open_text(text, f"{request.action}.md", receipt, f"\n\n---\n_{told(receipt)}_\n")
            return None
        label = (told(receipt), types.MessageType.Info) if receipt.builtin or receipt.degraded else None
        if await self._into_commit_buffer(request, text):
            return label
        await self.open_text(text + "\n", "commit-message.txt", receipt)
        if not self._shows():
            return None
        if request.commit_file is not None:
            lost = "The commit message could not be put into its buffer; it is in a document of its own."
            return lost, types.MessageType.Info
        return label

    def _show_findings(self, document: Document, outcome: Outcome) -> News:
        """Findings as diagnostics, and what was not reviewed as a mark among them and in the message.

        Raises:
            ContextError: the document was deleted.
        """
        found, lacks = outcome.findings, outcome.unreviewed or ()
        self._findings.show(document.uri, [*(found or ()), *(mark(lack, document.text) for lack in lacks)])
        head = "No findings could be read." if found is None else f"{len(found)} finding{'s' * (len(found) != 1)}."
        rest = "".join(f" Not reviewed: {lack.lines or 'the file'}: {lack.why}" for lack in lacks)
        return f"{head}{rest} {told(outcome.receipt)}", types.MessageType.Warning if lacks else types.MessageType.Info

    async def result(self, request: Request, outcome: Outcome) -> dict[str, Any]:
        """DESIGN's ``result``, for a plugin that delivers by itself: ranges as the editor counts, and the edit."""
        found = outcome.shape()
        if outcome.findings is not None and request.document is not None:
            document = self._server.documents.get_text_document(request.document.uri)
            found["findings"] = [_finding(finding, document) for finding in outcome.findings]
        if outcome.unreviewed and request.document is not None:
            document = self._server.documents.get_text_document(request.document.uri)
            for lack, told_of in zip(outcome.unreviewed, found["unreviewed"], strict=True):
                told_of["range"] = document.client_range(lack.range) if lack.range else None
        if outcome.outcome == "commit-message":
            insertion = await self._insertion(request, outcome.text or "")
            if insertion is not None:
                found["edit"] = self._edit(*insertion)
        return found

    async def _insertion(self, request: Request, text: str) -> tuple[Text, message_buffer.Insertion] | None:
        """Where a commit message goes in its buffer as it is now; None where it has no buffer, or no longer one."""
        if request.commit_file is None or request.document is None:
            return None
        found = await repository.of_commit_file(request.commit_file, self._env)
        document = self._server.documents.get_text_document(request.document.uri)
        if not document.is_open:
            return None
        comment = message_buffer.comment_prefix(document.source, found.comment)
        return document, message_buffer.insertion(document.source, text, comment)

    def _edit(self, document: Text, insertion: message_buffer.Insertion) -> types.WorkspaceEdit:
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
        """Whether the message stands in its buffer; tried anew for the text as it is, if the person typed meanwhile."""
        workspace = self._server.client_capabilities.workspace
        if not (workspace and workspace.apply_edit):
            return False
        for _ in range(TRIES):
            found = await self._insertion(request, text)
            if found is None:
                return False
            document, insertion = found
            version = document.version
            params = types.ApplyWorkspaceEditParams(self._edit(document, insertion), label="Rung: commit message")
            try:
                async with asyncio.timeout(PATIENCE):
                    applied = (await self._server.workspace_apply_edit_async(params)).applied
            except JsonRpcException:
                applied = False  # how Eglot refuses an edit for an older version
            except TimeoutError:
                return False
            if await self._settled(document.uri, version, insertion.text, applied=applied):
                return True
        return False

    def changed(self) -> None:
        """Some document has changed."""
        self._change.set()

    async def _settled(self, uri: str, version: int | None, text: str, *, applied: bool) -> bool:
        """Whether an edit is in the document, as far as can be known a moment later.

        Clients tell of typing up to half a second late. Neovim drops an edit for an older version and says it was
        applied all the same; so what counts is what the document says, and the client's word only if that is silent.
        """
        wanted = text.replace("\r", "").strip("\n")
        try:
            async with asyncio.timeout(SETTLING):
                while True:
                    document = self._server.documents.get_text_document(uri)
                    if not document.is_open:
                        return applied
                    if document.version != version:
                        if wanted in document.source.replace("\r", ""):
                            return True
                        if not applied:
                            return False
                    self._change.clear()
                    await self._change.wait()
        except TimeoutError:
            return applied and self._server.documents.get_text_document(uri).version == version

    async def open_text(self, text: str, name: str, receipt: Receipt | None = None, footer: str = "") -> None:
        """Open a text as a document, in a file that its owner alone can read and that goes with the session.

        Long lines of Markdown are wrapped in it; a client that opens no documents gets the text as a message, as it is,
        and one that failed to open this one its beginning and the file's place.
        """
        is_markdown = name.endswith(".md")
        path = None
        try:
            if self._shows():
                path = self._write((wrap(text) if is_markdown else text) + footer, name)
                if await self.open_file(path):
                    return
        except OSError as error:
            _log.warning("no document could be written: %s", error.strerror or type(error).__name__)
        text = (text + footer).rstrip()
        if path is not None and len(text) > SHORT:
            text = f"{text[:SHORT].rstrip()}…"
        if receipt is not None and not is_markdown:
            text += f"\n\n({told(receipt)})"
        self.say(text if path is None else f"{text}\n\nAll of it is in {path} until the editor closes.")

    def _shows(self) -> bool:
        window = self._server.client_capabilities.window
        return bool(window and window.show_document and window.show_document.support)

    async def open_file(self, path: Path) -> bool:
        """Open a file in the editor; whether it did."""
        if not self._shows():
            return False
        try:
            async with asyncio.timeout(PATIENCE):
                params = types.ShowDocumentParams(path.as_uri(), take_focus=True)
                return (await self._server.window_show_document_async(params)).success
        except (JsonRpcException, TimeoutError):
            return False

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


def _finding(finding: Finding, document: Text) -> dict[str, Any]:
    """DESIGN's ``finding``, its range in the client's units."""
    found: dict[str, Any] = as_dict(finding)
    if finding.suggestion is None:
        del found["suggestion"]
    if finding.range is not None:
        found["range"] = document.client_range(finding.range)
    return found
