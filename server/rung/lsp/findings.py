"""The findings of a session as diagnostics: anchored by the text they quote, they follow edits and vanish with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from rung.actions.results.findings import locate
from rung.types.outcome import Finding
from rung.types.request import Position, Range

if TYPE_CHECKING:
    from rung.lsp.server import Server
    from rung.lsp.text import Text

SEVERITY = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
    "hint": types.DiagnosticSeverity.Hint,
}


def relocate(finding: Finding, text: str) -> Range | None:
    """Where the finding's quote stands now: of several places the one nearest to where it stood; None if nowhere."""
    quote = finding.quote.strip()
    if not quote:
        return Range(Position(0, 0), Position(0, 0))
    starts: list[int] = []
    index = text.find(quote)
    while index >= 0 and len(starts) < 1000:
        starts.append(index)
        index = text.find(quote, index + 1)
    if len(starts) < 2 or finding.range is None:
        return locate(finding.quote, text)
    line = finding.range.start.line

    def row(at: int) -> int:
        return text.count("\n", 0, at)

    at = min(starts, key=lambda start: abs(row(start) - line))
    begin = Position(row(at), at - (text.rfind("\n", 0, at) + 1))
    end = at + len(quote)
    return Range(begin, Position(row(end), end - (text.rfind("\n", 0, end) + 1)))


class Findings:
    """All findings shown to one client.

    Args:
        server: the session's.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._shown: dict[str, dict[str, Finding]] = {}

    def show(self, uri: str, findings: Sequence[Finding]) -> None:
        """Show these instead of what was found in the document before."""
        self._shown[uri] = {f"finding-{self._server.next_id()}": finding for finding in findings}
        self.follow(uri)

    def follow(self, uri: str) -> None:
        """The document has changed: move what moved, drop what is gone."""
        if uri not in self._shown:
            return
        document: Text = self._server.documents.get_text_document(uri)
        text = document.source
        kept: dict[str, Finding] = {}
        for name, finding in self._shown[uri].items():
            where = relocate(finding, text)
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

    def at(self, uri: str, line: int) -> list[tuple[str, str]]:
        """Id and title of the findings on a line."""
        return [
            (name, finding.title)
            for name, finding in self._shown.get(uri, {}).items()
            if finding.range and finding.range.start.line <= line <= finding.range.end.line
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
