"""From a request to the parts of its prompt: which action wants what."""

from __future__ import annotations

from collections.abc import Mapping

from rung.actions.context import attached, commit, document
from rung.actions.context.gathered import Gathered
from rung.actions.context.ignored import names, refuse
from rung.actions.context.sources import checked
from rung.errors import ContextError, UsageError
from rung.types.action import Action
from rung.types.part import Part
from rung.types.request import Document, Request


async def gather(action: Action, request: Request, typed: str, env: Mapping[str, str]) -> Gathered:
    """Everything the action wants to know.

    Args:
        action: what was asked for.
        request: from where.
        typed: what the person typed, without its prefix.
        env: this process's environment, for git.

    Raises:
        ContextError: there is nothing to work on, or it must not be read.
        GitError: git is missing or failed.
        UsageError: the action wants a part nobody can gather.
    """
    if action.id == "ask":
        return checked(request, attached.gather(request, typed))
    if "staged-changes" in action.context:
        found = await commit.gather(request, env)
    elif "selection" in action.context:
        found = _by_every_name(request, document.gather_selection(_document(request)))
    elif "file" in action.context:
        found = _by_every_name(request, document.gather_file(_document(request)))
    else:
        raise UsageError(
            f"The action {action.id} names no context Rung can gather.",
            "Its `context` needs one of: staged-changes, selection, file.",
        )
    if typed.strip():
        instruction = Part("instruction", typed, priority=1, shorten="never")
        found = found.replace(parts=(*found.parts, instruction))
    return checked(request, found)


def _document(request: Request) -> Document:
    if request.document is None:
        raise ContextError(
            "No document was named.", "Ask from an open file that has a name (save it first), or name one."
        )
    refuse(request.root, [request.document.path], request.document.uri)
    return request.document


def _by_every_name(request: Request, found: Gathered) -> Gathered:
    """With the names a document's links lead to: pins by path hold for what is read, whatever it is called."""
    shown = request.document
    return found if shown is None else found.replace(paths=names(request.root, shown.path, shown.uri))
