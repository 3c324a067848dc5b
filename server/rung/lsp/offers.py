"""Which code actions are offered, from memory alone: no model, no network, no waiting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from rung.lsp.asking import is_commit_buffer, path_of
from rung.types.action import Action

if TYPE_CHECKING:
    from rung.types.request import Request


def kinds(actions: Iterable[Action]) -> list[str]:
    """The code action kinds the server may answer with."""
    return sorted({action.kind for action in actions if action.kind} | {"source.rung", "quickfix.rung"})


def wanted(kind: str, only: Sequence[types.CodeActionKind | str] | None) -> bool:
    """Whether the client asked for this kind, or for one above it."""
    if not only:
        return True
    names = [str(getattr(one, "value", one)) for one in only]
    return any(not name or kind == name or kind.startswith(name + ".") for name in names)


class Offers:
    """Makes the list for one client.

    Args:
        capabilities: what the client understands.
    """

    def __init__(self, capabilities: types.ClientCapabilities) -> None:
        documents = capabilities.text_document
        able = documents.code_action if documents else None
        self._disabled = bool(able and able.disabled_support)
        tags = able.tag_support.value_set if able and able.tag_support else []
        self._tag = types.CodeActionTag.LlmGenerated in (tags or [])
        # A client without literal support, or that says nothing at all, understands bare commands only.
        self._literal = bool(able and able.code_action_literal_support)

    def actions(
        self,
        params: types.CodeActionParams,
        *,
        language: str | None,
        version: int | None,
        empty: bool,
        catalogue: Mapping[str, Action],
        unable: Mapping[str, str],
    ) -> list[types.CodeAction | types.Command]:
        """The actions for a place.

        Args:
            params: where, and what kinds are wanted.
            language: the document's.
            version: the document's.
            empty: there is no text in it.
            catalogue: the actions there are.
            unable: by action id, why it cannot run now.
        """
        selected = params.range.start != params.range.end
        uri = params.text_document.uri
        places = self._places(uri, language, selected=selected, empty=empty)
        out: list[types.CodeAction | types.Command] = []
        for action in catalogue.values():
            fits = places & set(action.on) and (not action.languages or language in action.languages)
            if fits and wanted(action.kind, params.context.only):
                argument: dict[str, object] = {"action": action.id, "uri": uri}
                if selected and "selection" in action.on:
                    argument["range"] = _plain(params.range)
                    if version is not None:
                        argument["version"] = version
                out += self._offer(action.title, action.kind, "rung.run", argument, unable.get(action.id))
        return out

    @staticmethod
    def _places(uri: str, language: str | None, *, selected: bool, empty: bool) -> set[str]:
        if is_commit_buffer(uri, language):
            return {"commit-buffer"}
        places = {"selection"} if selected else set()
        if not empty:
            places.add("file")
        path = path_of(uri)
        if path is not None and _in_repository(path):
            places.add("repository")
        return places

    def cancels(
        self, running: Iterable[tuple[Request, str]], only: Sequence[types.CodeActionKind | str] | None
    ) -> list[types.CodeAction | types.Command]:
        """One action for each request under way, that cancels it."""
        out: list[types.CodeAction | types.Command] = []
        if wanted("source.rung.cancel", only):
            for request, title in running:
                out += self._offer(f"Cancel: {title}", "source.rung.cancel", "rung.cancel", {"id": request.id}, None)
        return out

    def dismissals(
        self, findings: Iterable[tuple[str, str]], only: Sequence[types.CodeActionKind | str] | None
    ) -> list[types.CodeAction | types.Command]:
        """One action for each finding at the place, that takes it away; pairs are id and title."""
        out: list[types.CodeAction | types.Command] = []
        if wanted("quickfix.rung.dismiss", only):
            for name, title in findings:
                out += self._offer(
                    f"Dismiss: {title}", "quickfix.rung.dismiss", "rung.dismissFinding", {"id": name}, None, tag=False
                )
        return out

    def _offer(
        self,
        title: str,
        kind: str,
        command: str,
        argument: Mapping[str, object],
        why_not: str | None,
        *,
        tag: bool = True,
    ) -> list[types.CodeAction | types.Command]:
        made = types.Command(title=title, command=command, arguments=[dict(argument)])
        if why_not is not None and not (self._disabled and self._literal):
            return []
        if not self._literal:
            return [made]
        action = types.CodeAction(title=title, kind=kind, command=None if why_not else made)
        if why_not is not None:
            action.disabled = types.CodeActionDisabled(reason=why_not)
        if tag and self._tag and command == "rung.run":
            action.tags = [types.CodeActionTag.LlmGenerated]
        return [action]


def _plain(span: types.Range) -> dict[str, dict[str, int]]:
    start, end = span.start, span.end
    return {
        "start": {"line": start.line, "character": start.character},
        "end": {"line": end.line, "character": end.character},
    }


def _in_repository(path: Path) -> bool:
    """Whether a folder above has ``.git``: a few looks at the disk, no process."""
    return any((parent / ".git").exists() for parent in path.parents)
