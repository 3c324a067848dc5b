"""Which actions can run now, and why the others cannot, as far as memory knows: nothing is asked and nobody waits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rung.actions.context.ignored import names, refuse
from rung.errors import ContextError
from rung.lsp.asking import name_of
from rung.lsp.status import told
from rung.routing.decide import decide
from rung.routing.features import from_root
from rung.routing.plan import plan
from rung.running.beginning import home_folder
from rung.settings.folders import names_of
from rung.types.action import Action
from rung.types.features import Features

if TYPE_CHECKING:
    from rung.engine import Engine
    from rung.settings.values import Settings


def features_of(uri: str, language: str | None, root: Path | None) -> Features:
    """What pins look at of a document in a workspace: its names, its language and its repository."""
    paths = names(root, name_of(uri, root), uri)
    return Features(
        "",
        paths=paths,
        absolute=from_root(paths, names_of(str(root)) if root else ()),
        language=language,
        repository=root.as_posix() if root else None,
    )


def why_unread(uri: str, root: Path | None) -> str | None:
    """Why a document is left unread; None where it is read."""
    try:
        refuse(root, [name_of(uri, root)], uri)
    except ContextError as error:
        return error.sentence()
    return None


def unable(
    engine: Engine, settings: Settings, catalogue: Mapping[str, Action], about: Features, unread: str | None
) -> dict[str, str]:
    """By action id, why it cannot run now, as far as memory knows; the commit message always can.

    Args:
        engine: whose memory.
        settings: in force.
        catalogue: the actions there are.
        about: see :func:`features_of`.
        unread: see :func:`why_unread`.
    """
    out = {}
    for action in catalogue.values():
        if action.result == "commit-message":
            continue
        shown = bool(set(action.on) & {"selection", "symbol", "file", "diagnostic"})
        if shown and unread:
            out[action.id] = unread
            continue
        asked = (about if shown else Features("")).replace(action=action.id, action_tier=action.tier)
        found = plan(decide(asked, settings, home_folder()), settings, engine.health.known)
        if all(c.state in {"down", "blocked"} for c in found.attempts):
            # Whoever rests would be tried as a last resort: why it rests is known, but not by the plan.
            reasons = [(c.tier, engine.health.known(c.model).reason or c.state) for c in found.attempts]
            reasons += [(skipped.tier, skipped.reason) for skipped in found.skipped]
            out[action.id] = f"No model can answer. {told(reasons)}".strip()
    return out
