"""From what an editor sends to a request of the engine: the document as it is now, the selection in code points."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path, uri_scheme

from rung.actions.context.uris import files_in
from rung.errors import ContextError, UsageError
from rung.lsp.symbols import symbol_at
from rung.lsp.text import split_lines
from rung.running.beginning import new_id
from rung.types.request import Document, Request

if TYPE_CHECKING:
    from rung.lsp.server import Server
    from rung.lsp.text import Text
    from rung.lsp.wire_types import RunParams
    from rung.types.action import Action
    from rung.types.request import Range

COMMIT_LANGUAGES = ("gitcommit", "git-commit")
"""Neovim's name of the language, and that of VS Code and Helix (facts 0.13)."""


def path_of(uri: str) -> Path | None:
    """The file a URI names; None for anything but a file."""
    if not uri.lower().startswith("file:"):
        return None if "://" in uri or uri_scheme(uri) else Path(uri)
    found = to_fs_path(uri)
    return Path(found) if found else None


def file_of(uri: str) -> Path | None:
    """The file a URI names, or is about: an older state of it, a cell, what is not saved yet; None: neither."""
    return path_of(uri) or next((path for path in map(Path, files_in(uri)) if path.is_absolute()), None)


def is_commit_buffer(uri: str, language: str | None) -> bool:
    """Whether git, or somebody for git, waits for a message there."""
    return language in COMMIT_LANGUAGES or uri.rsplit("/", 1)[-1] == "COMMIT_EDITMSG"


def root_of(server: Server, path: Path | None) -> Path | None:
    """The workspace a file belongs to: the innermost folder of the editor's, else the nearest with .rung or .git."""
    folders = [found for uri in server.documents.folders if (found := path_of(uri))]
    if not folders and server.documents.root_uri:
        folders = [found for found in [path_of(server.documents.root_uri)] if found]
    if path is None:
        return folders[0] if folders else None
    holding = [folder for folder in folders if path.is_relative_to(folder)]
    if holding:
        return max(holding, key=lambda folder: len(folder.parts))
    return next((p for p in path.parents if os.path.lexists(p / ".rung") or (p / ".git").exists()), None)


def home_of(server: Server, uri: str) -> Path | None:
    """The workspace of what a URI is about; for what is about no file in any, the editor's first folder."""
    found = root_of(server, file_of(uri))
    return found if found is not None or path_of(uri) is not None else root_of(server, None)


def name_of(uri: str, root: Path | None) -> str:
    """What pins by path look at: the path from the workspace with ``/``, whole where it lies outside; else the URI."""
    path = file_of(uri)
    if path is None:
        return uri
    return (path.relative_to(root) if root and path.is_relative_to(root) else path).as_posix()


def document_of(server: Server, uri: str, selection: types.Range | None, version: int | None) -> Document:
    """The document as the person sees it.

    Raises:
        ContextError: it is neither open nor a file, it has changed since they chose, or the selection is beyond it.
    """
    text: Text = server.documents.get_text_document(uri)
    source = text.source
    if selection is not None and version is not None and text.version is not None and version < text.version:
        raise ContextError("The text has changed since you chose this.", "Select again and ask once more.")
    if selection is not None and selection.start.line > source.count("\n") + source.count("\r"):
        raise ContextError("The selection lies beyond the end of the document.", "Select again and ask once more.")
    name = name_of(uri, home_of(server, uri))
    language = text.language_id or "plaintext"
    return Document(uri, name, language, source, text.version, text.points(selection) if selection else None)


def aimed(server: Server, request: Request, action: Action, params: RunParams) -> Request:
    """The request with what the action is about selected, where the person selected nothing.

    That is the lines of the diagnostics an action is offered on, or the function or word an action on symbols is
    asked for in.
    """
    document, span = request.document, params.range
    if document is None or (span is not None and span.start != span.end):
        return request
    found: Range | None = None
    if "diagnostic" in action.on and params.diagnostics:
        text: Text = server.documents.get_text_document(document.uri)
        found = text.points(lines_of(params.diagnostics))
    elif "symbol" in action.on and document.selection is not None:
        found = symbol_at(split_lines(document.text), document.selection.start)
    return request if found is None else request.replace(document=document.replace(selection=found))


def in_symbol(text: Text, position: types.Position, actions: Iterable[Action]) -> bool:
    """Whether a place is in a definition or a word; not looked at where no action is about symbols."""
    if not any("symbol" in action.on for action in actions):
        return False
    at = text.points(types.Range(position, position)).start
    return symbol_at(text.lines, at) is not None


def lines_of(diagnostics: Sequence[types.Diagnostic]) -> types.Range:
    """The whole lines that some diagnostics stand on."""
    first = min(one.range.start.line for one in diagnostics)
    last = max(
        one.range.end.line - (one.range.end.character == 0 and one.range.end.line > one.range.start.line)
        for one in diagnostics
    )
    return types.Range(types.Position(first, 0), types.Position(last + 1, 0))


def to_request(server: Server, params: RunParams, session: str) -> Request:
    """The request behind ``rung.run`` and ``rung/run``.

    Raises:
        UsageError: neither ``uri`` nor ``repository`` is given.
        ContextError: see :func:`document_of`.
    """
    place = params.uri or params.repository
    if not place:
        raise UsageError("rung.run names neither `uri` nor `repository`.", "Give one of them.")
    request = Request(
        id=new_id(),
        action=params.action,
        spot=f"{session} {params.action} {place}",
        instruction=params.instruction,
        tier=params.tier,
    )
    if params.uri is None:
        folder = path_of(place)
        if folder is None:
            raise UsageError("`repository` is no folder of this machine.", "Give a path or a file: URI.")
        return request.replace(root=root_of(server, folder), repository=folder)
    path = path_of(place)
    document = document_of(server, place, params.range, params.version)
    request = request.replace(document=document, root=home_of(server, place))
    if path is None:
        about = file_of(place)
        return request.replace(repository=about.parent) if about and about.parent.is_dir() else request
    if is_commit_buffer(place, document.language) and (path.parent / "HEAD").exists():
        return request.replace(commit_file=path)
    return request.replace(repository=path.parent)
