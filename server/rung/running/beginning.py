"""How a request begins: what there is to work on, where it starts, and whom it may go to."""

from __future__ import annotations

import asyncio
import os
import uuid

from rung.actions.context.gathered import Gathered
from rung.actions.gather import gather
from rung.git.repository import where
from rung.routing import prefix
from rung.routing.decide import decide
from rung.routing.features import asks_for_budget, asks_for_place, features, placed
from rung.routing.features import size as prompt_size
from rung.routing.plan import RESTING, UNABLE, plan
from rung.routing.tokens import upper
from rung.running.shared import Shared
from rung.settings.values import Settings
from rung.types.action import Action
from rung.types.call import Call
from rung.types.decision import Decision
from rung.types.features import Features
from rung.types.plan import Plan
from rung.types.request import Request
from rung.types.value import Value

AWAY = (*UNABLE, *RESTING)
"""States of a model that cannot be asked now."""


def new_id() -> str:
    """The id of a request."""
    return uuid.uuid4().hex[:12]


class Beginning(Value):
    """What there is to work on, and where it starts."""

    gathered: Gathered
    decision: Decision
    tokens: int
    """The upper estimate of the prompt."""


async def begin(shared: Shared, request: Request, action: Action, settings: Settings) -> Beginning:
    """Gather and decide.

    Raises:
        RungError: there is nothing to work on.
    """
    word, typed = prefix.split(request.instruction or "", settings)
    gathered = await gather(action, request, typed, shared.env)
    asked = features(
        request,
        typed=typed,
        prefix=word,
        parts=gathered.parts,
        paths=gathered.paths,
        action_tier=action.tier,
        branch=gathered.branch,
        repository=gathered.repository,
        base=_base(request, gathered),
    )
    if asks_for_place(rule.when for rule in settings.rules):
        asked = placed(asked, await _places(request, gathered, asked.absolute))
    decision = decide(await _as_things_are(shared, settings, asked), settings, _home())
    return Beginning(gathered, decision, asked.tokens)


async def _places(
    request: Request, gathered: Gathered, files: tuple[str, ...]
) -> tuple[tuple[tuple[str, ...], str | None], ...]:
    """The repositories and branches of all that is in the context, and of where the request was made."""
    folders = [str(folder) for folder in (request.repository, request.root) if folder is not None]
    found = await asyncio.to_thread(where, files, folders)
    if gathered.change is None or gathered.repository is None:
        return found
    # Git said it, and knows of work trees that have no ``.git``.
    return ((gathered.repository,), gathered.branch or ""), *found


async def _as_things_are(shared: Shared, settings: Settings, asked: Features) -> Features:
    """With the tiers' health from memory, and what is left of the budget where a rule asks for it."""
    known = shared.ladder.means.health.known
    states = [(tier.name, [known(model).state for model in tier.models]) for tier in settings.tiers]
    # A tier does as well as the best of its models: one that is away says nothing while another is there.
    health = tuple((name, next((s for s in found if s not in AWAY), found[0])) for name, found in states)
    left, bounds = None, settings.budget
    if asks_for_budget(rule.when for rule in settings.rules):
        left = await asyncio.to_thread(shared.budget.left, bounds.per_day, bounds.per_month)
    return asked.replace(health=health, budget_left=left)


def planned(shared: Shared, settings: Settings, beginning: Beginning, action: Action, call: Call) -> Plan:
    """Whom one question may go to right now."""
    texts = (part.text for part in call.parts)
    size = prompt_size(action.id, texts) + upper(call.max_output) if beginning.gathered.whole else 0
    return plan(beginning.decision, settings, shared.ladder.means.health.known, size)


def _home() -> str:
    """The home folder; pathlib raises where there is none."""
    return os.path.expanduser("~").replace(os.sep, "/")  # noqa: PTH111


def _base(request: Request, gathered: Gathered) -> str | None:
    """The folder that the paths of the prompt start from."""
    if gathered.change is not None:
        return gathered.repository
    return request.root.resolve().as_posix() if request.root else None
