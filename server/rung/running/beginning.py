"""How a request begins: what there is to work on, where it starts, and whom it may go to."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from rung.actions.context.gathered import Gathered
from rung.actions.gather import gather
from rung.git.homes import from_roots, where
from rung.ledger.forecast import within
from rung.routing import prefix
from rung.routing.decide import decide
from rung.routing.features import asks_for_budget, asks_for_place, features, placed
from rung.routing.features import size as prompt_size
from rung.routing.match import asks_for_roots
from rung.routing.plan import RESTING, UNABLE, Known, plan
from rung.routing.tokens import upper
from rung.running.shared import Shared
from rung.settings.folders import names_of
from rung.settings.values import Settings
from rung.types.action import Action
from rung.types.call import Call
from rung.types.decision import Decision
from rung.types.event import DecidedEvent
from rung.types.features import Features
from rung.types.model import Model
from rung.types.plan import Plan
from rung.types.request import Request
from rung.types.value import Value

if TYPE_CHECKING:
    from rung.ledger.forecast import Asked
    from rung.types.plan import State

AWAY = (*UNABLE, *RESTING)
"""States of a model that cannot be asked now."""


def new_id() -> str:
    """The id of a request."""
    return uuid.uuid4().hex[:12]


class Beginning(Value):
    """What there is to work on, and where it starts."""

    action: Action
    settings: Settings
    """Those the request begins with, and keeps."""
    gathered: Gathered
    decision: Decision
    tokens: int
    """The estimate of the prompt."""


async def begin(shared: Shared, request: Request, action: Action, settings: Settings) -> Beginning:
    """Gather and decide.

    Raises:
        RungError: there is nothing to work on.
    """
    word, typed = prefix.split(request.instruction or "", settings)
    here = shared.env.get("PWD")
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
        bases=_bases(request, gathered, here),
    )
    if asks_for_roots(settings.rules):
        asked = asked.replace(rooted=await asyncio.to_thread(from_roots, asked.absolute))
    if asks_for_place(rule.when for rule in settings.rules):
        asked = placed(asked, await _places(request, gathered, asked.absolute, here))
    decision = decide(await _as_things_are(shared, settings, asked), settings, home_folder())
    return Beginning(action, settings, gathered, decision, asked.tokens)


async def _places(
    request: Request, gathered: Gathered, files: tuple[str, ...], here: str | None
) -> tuple[tuple[tuple[str, ...], str | None], ...]:
    """The repositories and branches of all that is in the context, and of where the request was made."""
    folders = [str(folder) for folder in (request.repository, request.root) if folder is not None]
    called = [name for folder in folders for name in names_of(folder, here)]
    found = await asyncio.to_thread(where, files, called)
    if gathered.change is None or gathered.repository is None:
        return found
    # Git said it, and knows of work trees that have no ``.git``.
    return ((gathered.repository,), gathered.branch or ""), *found


async def _as_things_are(shared: Shared, settings: Settings, asked: Features) -> Features:
    """With the tiers' health from memory, and what is left of the budget where a rule asks for it."""
    left, bounds = None, settings.budget
    if asks_for_budget(rule.when for rule in settings.rules):
        left = await asyncio.to_thread(shared.budget.left, bounds.per_day, bounds.per_month)
    return asked.replace(health=states(settings, shared.ladder.means.health.known), budget_left=left)


def states(settings: Settings, known: Callable[[Model], Known]) -> tuple[tuple[str, State], ...]:
    """The state of each tier, for rules that look at it."""
    found = [(tier.name, [known(model).state for model in tier.models]) for tier in settings.tiers]
    # A tier does as well as the best of its models: one that is away says nothing while another is there.
    return tuple((name, next((state for state in each if state not in AWAY), each[0])) for name, each in found)


def decided(shared: Shared, beginning: Beginning, call: Call) -> DecidedEvent:
    """Whom one question may go to right now."""
    prompt = prompt_size(beginning.action.id, (part.text for part in call.parts))
    size, most = (upper(prompt), upper(call.max_output)) if beginning.gathered.whole else (0, 0)
    found = plan(beginning.decision, beginning.settings, shared.ladder.means.health.known, size, most)
    return DecidedEvent(beginning.decision, found, beginning.tokens, prompt, call.max_output)


async def affordable(shared: Shared, settings: Settings, decided: DecidedEvent, asked: Asked = frozenset()) -> Plan:
    """The plan as the budget leaves it, for somebody who wants to know: nothing is held.

    Args:
        shared: the engine's.
        settings: of the request.
        decided: the plan, and what the question may cost.
        asked: tiers and names of models that were asked, and so could be paid.
    """
    return await asyncio.to_thread(
        within,
        decided.plan,
        shared.budget,
        settings.budget,
        decided.decision.max_cost,
        prompt=decided.prompt,
        max_output=decided.max_output,
        asked=asked,
    )


def home_folder() -> str:
    """The home folder with ``/``; pathlib raises where there is none."""
    return os.path.expanduser("~").replace(os.sep, "/")  # noqa: PTH111


def _bases(request: Request, gathered: Gathered, here: str | None) -> tuple[str, ...]:
    """Every name of the folder that the paths of the prompt start from; the shell may call it otherwise than git."""
    base = gathered.repository if gathered.change is not None else request.root
    if base is None:
        return ()
    asked = (request.root, request.repository, request.commit_file and request.commit_file.parent)
    return names_of(str(base), here, *(str(folder) for folder in asked if folder is not None))
