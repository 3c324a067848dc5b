"""What is wrong with settings and action files, as diagnostics in those files, for as long as it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from lsprotocol import types

from rung.errors import SettingsError

if TYPE_CHECKING:
    from rung.lsp.server import Server

Reading: TypeAlias = tuple[str, Path | None]
"""What was read (``settings`` or ``actions``), and for which workspace: each has one mistake at most."""


class Mistakes:
    """The mistakes shown to one client.

    Args:
        server: the session's.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._found: dict[Reading, SettingsError] = {}

    @property
    def first(self) -> str | None:
        """One of them as a sentence; None: all files are right."""
        return next((error.sentence() for error in self._found.values()), None)

    def show(self, reading: Reading, error: SettingsError) -> bool:
        """This reading failed; whether that is news."""
        before = self._found.get(reading)
        if before is not None and before.sentence() == error.sentence():
            return False
        self._found[reading] = error
        if before is not None and before.path != error.path:
            self._publish(before.path)
        self._publish(error.path)
        return True

    def clear(self, reading: Reading) -> bool:
        """This reading went well; whether that is news."""
        before = self._found.pop(reading, None)
        if before is not None:
            self._publish(before.path)
        return before is not None

    def _publish(self, path: Path) -> None:
        """All that is wrong with one file; two workspaces that read the same file find the same mistake in it."""
        if not path.is_absolute():
            return  # the editor's own settings: no file of ours
        here = {error.sentence(): error for error in self._found.values() if error.path == path}
        diagnostics = [_diagnostic(error) for error in here.values()]
        self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(path.as_uri(), diagnostics))


def _diagnostic(error: SettingsError) -> types.Diagnostic:
    line = max(0, error.line - 1)
    span = types.Range(types.Position(line, 0), types.Position(line, 1000))
    text = f"{error.text} {error.hint or ''}".strip()
    return types.Diagnostic(span, text, types.DiagnosticSeverity.Error, source="rung")
