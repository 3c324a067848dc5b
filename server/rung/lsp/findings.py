"""The findings of a session as diagnostics: anchored by the text they quote, they follow edits and vanish with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from rung.actions.results.findings import locate
from rung.errors import ContextError
from rung.lsp.text import split_lines
from rung.types.outcome import Finding, Unreviewed
from rung.types.request import Position, Range

if TYPE_CHECKING:
    from rung.lsp.server import Server
    from rung.lsp.text import Text

MOST = 1000
"""Places a quote is looked for."""

SEVERITY = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
    "hint": types.DiagnosticSeverity.Hint,
}


def relocate(finding: Finding, document: Text) -> Range | None:
    """Where the finding's quote stands now: of several places the one nearest to where it stood; None if nowhere."""
    quote, text = finding.quote.strip(), document.source
    if not quote:
        return Range(Position(0, 0), Position(0, 0))
    starts: list[int] = []
    index = text.find(quote)
    while index >= 0 and len(starts) < MOST:
        starts.append(index)
        index = text.find(quote, index + 1)
    if len(starts) < 2 or finding.range is None:
        return locate(finding.quote, text)
    was = finding.range.start

    def distance(start: int) -> tuple[int, int]:
        at = document.position(start)
        return abs(at.line - was.line), abs(at.character - was.character)

    start = min(starts, key=distance)
    return Range(document.position(start), document.position(start + len(quote)))


def moved(finding: Finding, changes: Sequence[types.TextDocumentContentChangeEvent]) -> Finding:
    """The finding some lines up or down, as lines came and went above it: else it would jump to a twin of its quote."""
    if finding.range is None:
        return finding
    start, end = finding.range.start, finding.range.end
    shift = 0
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            span = change.range
            column = start.character if span.end.line == start.line + shift else 0
            if (span.end.line, span.end.character) <= (start.line + shift, column):
                shift += len(split_lines(change.text)) - 1 - (span.end.line - span.start.line)
    if not shift:
        return finding
    return finding.replace(
        range=Range(
            Position(max(0, start.line + shift), start.character), Position(max(0, end.line + shift), end.character)
        )
    )


def mark(lack: Unreviewed, text: str) -> Finding:
    """What is shown at the first line of a piece that nobody had an answer about; it goes as findings go.

    Args:
        lack: the piece.
        text: the document as it was.
    """
    start, end = (lack.range.start.line, lack.range.end.line + 1) if lack.range else (0, 1)
    # The line has to be told from others, and shown: a lone brace is neither.
    lines = [(number, line.strip()) for number, line in enumerate(split_lines(text)[start:end], start)]
    number, quote = next(((number, line) for number, line in lines if len(line) > 2), (start, ""))
    title = f"{lack.lines.capitalize() or 'The file'} {'were' if lack.lines else 'was'} not reviewed"
    place = Position(number, 0)
    return Finding("info", "not-reviewed", title, lack.why, quote, range=Range(place, place), path=lack.path)


class Findings:
    """All findings shown to one client.

    Args:
        server: the session's.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._shown: dict[str, dict[str, Finding]] = {}

    def show(self, uri: str, findings: Sequence[Finding]) -> None:
        """Show these instead of what was found in the document before.

        Raises:
            ContextError: the document was deleted.
        """
        self._shown[uri] = {f"finding-{self._server.next_id()}": finding for finding in findings}
        try:
            self.follow(uri)
        except ContextError:
            del self._shown[uri]
            raise

    def follow(self, uri: str, changes: Sequence[types.TextDocumentContentChangeEvent] = ()) -> None:
        """The document has changed: move what moved, drop what is gone."""
        if uri not in self._shown:
            return
        document: Text = self._server.documents.get_text_document(uri)
        kept: dict[str, Finding] = {}
        for name, finding in self._shown[uri].items():
            where = relocate(moved(finding, changes), document)
            if where is not None:
                kept[name] = finding.replace(range=where)
        self._shown[uri] = kept
        self._publish(uri, [self._diagnostic(name, finding, document) for name, finding in kept.items()])
        if not kept:
            del self._shown[uri]

    def dismiss(self, name: str) -> bool:
        """Take one away; whether it was there."""
        for uri, found in self._shown.items():
            if found.pop(name, None) is not None:
                self.follow(uri)
                return True
        return False

    def clear(self, uri: str | None = None) -> None:
        """Take all away, of one document or of all."""
        for name in [uri] if uri else list(self._shown):
            if self._shown.pop(name, None) is not None:
                self._publish(name, [])

    def at(self, uri: str, span: types.Range) -> list[tuple[str, str]]:
        """Id and title of the findings on the lines of a range."""
        return [
            (name, finding.title)
            for name, finding in self._shown.get(uri, {}).items()
            if finding.range and finding.range.start.line <= span.end.line and span.start.line <= finding.range.end.line
        ]

    def _publish(self, uri: str, diagnostics: list[types.Diagnostic]) -> None:
        version = self._server.documents.get_text_document(uri).version
        self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics, version))

    @staticmethod
    def _diagnostic(name: str, finding: Finding, document: Text) -> types.Diagnostic:
        assert finding.range is not None
        lines = [finding.title, finding.reason if finding.reason != finding.title else ""]
        if finding.suggestion:
            lines.append(f"Suggestion: {finding.suggestion}")
        return types.Diagnostic(
            range=document.client_range(finding.range),
            message="\n".join(line for line in lines if line),
            severity=SEVERITY[finding.severity],
            source="rung",
            code=finding.category,
            data={"finding": name},
        )
