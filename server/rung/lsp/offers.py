"""Which code actions are offered at a place, after a few looks at the disk: no model, no network, no waiting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from rung.lsp.asking import is_commit_buffer, path_of
from rung.types.action import Action

if TYPE_CHECKING:
    from rung.types.request import Request


SOURCE, REFACTOR = "source.", "refactor."
HIDING = "helix"
"""The client that says it knows disabled actions, and leaves them out of its menu."""


def kinds(actions: Iterable[Action]) -> list[str]:
    """The code action kinds the server may answer with."""
    ours = {action.kind for action in actions if action.kind} | {"source.rung", "quickfix.rung"}
    return sorted(ours | {_shown(kind) for kind in ours})


def offered(kind: str, only: Sequence[types.CodeActionKind | str] | None) -> str | None:
    """The kind under which an action of this kind answers what the client asked for; None: under none.

    VS Code leaves ``source`` kinds out of every menu but Source Action, which alone asks for them by name. So what is
    of such a kind comes as ``refactor`` to whoever did not ask for ``source``.
    """
    shown = _shown(kind)
    if wanted(shown, only):
        return shown
    return kind if wanted(kind, only) else None


def _shown(kind: str) -> str:
    return REFACTOR + kind.removeprefix(SOURCE) if kind.startswith(SOURCE) else kind


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
        client: its name for itself.
    """

    def __init__(self, capabilities: types.ClientCapabilities, client: str = "") -> None:
        documents = capabilities.text_document
        able = documents.code_action if documents else None
        self._disabled = bool(able and able.disabled_support) and client.lower() != HIDING
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
        symbol: bool,
        catalogue: Mapping[str, Action],
        unable: Mapping[str, str],
    ) -> list[types.CodeAction | types.Command]:
        """The actions for a place.

        Args:
            params: where, and what kinds are wanted.
            language: the document's.
            version: the document's.
            empty: there is no text in it.
            symbol: the cursor is in a definition or a word.
            catalogue: the actions there are.
            unable: by action id, why it cannot run now.
        """
        uri, only = params.text_document.uri, params.context.only
        selected = params.range.start != params.range.end
        diagnostics = [one for one in params.context.diagnostics if _touch(one.range, params.range)]
        places = self._places(uri, language, selected=selected, empty=empty)
        if "commit-buffer" not in places:
            places |= {"symbol"} if selected or symbol else set()
            places |= {"diagnostic"} if diagnostics else set()
        out: list[types.CodeAction | types.Command] = []
        hidden = dict[str, list[str]]()
        for action in catalogue.values():
            here = places & set(action.on)
            kind = offered(action.kind, only)
            if not here or kind is None or (action.languages and language not in action.languages):
                continue
            argument: dict[str, object] = {"action": action.id, "uri": uri}
            if here & {"selection", "symbol", "diagnostic"}:
                argument["range"] = params.range
                if version is not None:
                    argument["version"] = version
            about = diagnostics if "diagnostic" in here else []
            if about:
                argument["diagnostics"] = about
            why_not = unable.get(action.id)
            if why_not is not None and not (self._disabled and self._literal):
                hidden.setdefault(why_not, []).append(action.title)
                continue
            out += self._offer(action.title, kind, "rung.run", argument, why_not, about=about)
        return out + self._whys(hidden, only)

    def _whys(
        self, hidden: Mapping[str, Sequence[str]], only: Sequence[types.CodeActionKind | str] | None
    ) -> list[types.CodeAction | types.Command]:
        """One action for each reason for which some are not shown at all, that says it."""
        out: list[types.CodeAction | types.Command] = []
        if kind := offered("source.rung.why", only):
            for why, titles in hidden.items():
                out += self._offer(f"Why not: {', '.join(titles)}?", kind, "rung.why", {"text": why}, None)
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
        if kind := offered("source.rung.cancel", only):
            for request, title in running:
                out += self._offer(f"Cancel: {title}", kind, "rung.cancel", {"id": request.id}, None)
        return out

    def receipts(
        self, ended: Iterable[tuple[str, str]], only: Sequence[types.CodeActionKind | str] | None
    ) -> list[types.CodeAction | types.Command]:
        """One action for each request that has ended, that opens its receipt; pairs are id and title."""
        out: list[types.CodeAction | types.Command] = []
        if kind := offered("source.rung.receipt", only):
            for name, title in ended:
                out += self._offer(f"Receipt: {title}", kind, "rung.openReceipt", {"id": name}, None)
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
        about: Sequence[types.Diagnostic] = (),
    ) -> list[types.CodeAction | types.Command]:
        made = types.Command(title=title, command=command, arguments=[dict(argument)])
        if not self._literal:
            return [made]
        action = types.CodeAction(title=title, kind=kind, command=None if why_not else made)
        if about:
            action.diagnostics = list(about)
        if why_not is not None:
            action.disabled = types.CodeActionDisabled(reason=why_not)
        if tag and self._tag and command == "rung.run":
            action.tags = [types.CodeActionTag.LlmGenerated]
        return [action]


def _touch(one: types.Range, other: types.Range) -> bool:
    """Whether two ranges share a place; an empty one at the other's end does."""

    def key(position: types.Position) -> tuple[int, int]:
        return position.line, position.character

    return key(one.start) <= key(other.end) and key(other.start) <= key(one.end)


def _in_repository(path: Path) -> bool:
    """Whether a folder above has ``.git``: a few looks at the disk, no process."""
    return any((parent / ".git").exists() for parent in path.parents)
