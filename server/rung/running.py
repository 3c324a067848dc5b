"""One request on its way: gather, decide, plan, climb, read, account."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rung.actions import without_model
from rung.actions.context.gathered import Gathered
from rung.actions.gather import gather
from rung.actions.run import Produced, run
from rung.errors import NoAnswerError, RungError
from rung.ladder.ascent import Ascent, Tried
from rung.ladder.climb import Ladder
from rung.ladder.prompt import preview as shown
from rung.ledger import prices
from rung.ledger.budget import Budget
from rung.ledger.ledger import Ledger
from rung.ledger.purse import Hold, Purse
from rung.ledger.receipts import receipt
from rung.privacy.destination import forbidden
from rung.routing import prefix
from rung.routing.decide import BUILTIN, decide
from rung.routing.features import asks_for_budget, features
from rung.routing.features import size as prompt_size
from rung.routing.plan import RESTING, UNABLE, plan
from rung.routing.tokens import upper
from rung.types.action import Action
from rung.types.attempt import CallRecord
from rung.types.call import Answer, Call
from rung.types.decision import Decision
from rung.types.event import DecidedEvent, OutcomeEvent, TierEvent
from rung.types.features import Features
from rung.types.model import Model
from rung.types.outcome import Outcome
from rung.types.plan import Candidate, Plan
from rung.types.preview import Preview, Sending
from rung.types.receipt import Receipt
from rung.types.request import Request
from rung.types.value import Value

if TYPE_CHECKING:
    from rung.ledger.rows import Source
    from rung.settings.values import Settings
    from rung.types.event import Event


AWAY = (*UNABLE, *RESTING)
"""States of a model that cannot be asked now."""
PATIENCE = ("slow", "stalled", "busy")
"""Outcomes of a model that is there, only not yet."""
NOTHING = '{"findings": []}'
"""An answer that every action can read, and that says nothing: it stands in where nobody is asked."""
SLACK = 60.0
"""Seconds beyond a request's deadline for which its money is held, should this process die."""


class Shared(Value):
    """What all requests of an engine share."""

    ladder: Ladder
    ledger: Ledger
    budget: Budget
    env: Mapping[str, str]
    source: Source


def new_id() -> str:
    """The id of a request."""
    return uuid.uuid4().hex[:12]


class Running:
    """The state of one request.

    Args:
        shared: the engine's.
        request: what was asked.
        action: which action that is.
        settings: those the request begins with, and keeps.
        emit: takes the events.
    """

    def __init__(
        self, shared: Shared, request: Request, action: Action, settings: Settings, emit: Callable[[Event], None]
    ) -> None:
        self._shared = shared
        self._request = request
        self._action = action
        self._settings = settings
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._tried: list[list[Tried]] = []
        self._answers: list[Answer] = []
        self._tokens = 0
        self._unpaid: dict[tuple[str, str], str] = {}
        """Why the budget kept a model of a tier from being asked."""

    async def run(self) -> None:
        """Run it to its outcome event.

        Raises:
            RungError: there is no answer; it carries the receipt where attempts were made.
        """
        gathered, decision, self._tokens = await _begin(self._shared, self._request, self._action, self._settings)
        ended: str = "cancelled"
        try:
            produced, by_itself = await self._produce(decision, gathered)
            result = await self._outcome(decision, gathered, produced, by_itself=by_itself)
            ended = result.outcome
            self._account(result.receipt, ended)
            self._emit(OutcomeEvent(result))
        except RungError as error:
            ended = error.code
            failed = await self._receipt(decision, gathered)
            if isinstance(error, NoAnswerError):
                error.receipt = failed
            self._account(failed, ended)
            raise
        except asyncio.CancelledError:
            # Shielded: the row of a cancelled request is written too, and pricing may import a package.
            self._account(await asyncio.shield(self._receipt(decision, gathered)), ended)
            raise

    async def _produce(self, decision: Decision, gathered: Gathered) -> tuple[Produced, bool]:
        """What the action makes of its answers, and whether Rung wrote it by itself."""
        if decision.tier == BUILTIN:
            self._emit(DecidedEvent(decision, Plan(()), self._tokens))
            return self._builtin(gathered), True
        deadline = self._began + next(t.deadline for t in self._settings.tiers if t.name == decision.tier)
        purse = Purse(self._shared.budget, self._request.id, self._settings.budget, decision.max_cost)

        async def ask(call: Call) -> Answer:
            return await self._ask(call, decision, gathered, deadline, purse)

        try:
            return await run(self._action, gathered, ask, self._request.max_output), False
        except NoAnswerError:
            if decision.only_tier or decision.only_model or self._able() or not without_model.has(self._action.id):
                raise
            self._emit(TierEvent(BUILTIN, BUILTIN, "no model could answer"))
            return self._builtin(gathered), True

    def _able(self) -> bool:
        """Whether some model could have answered, given time: Rung's own words never stand in for such a one."""
        return any(tried.attempt.outcome in PATIENCE for call in self._tried for tried in call)

    def _builtin(self, gathered: Gathered) -> Produced:
        return Produced(text=without_model.write(self._action.id, gathered.change))

    async def _ask(self, call: Call, decision: Decision, gathered: Gathered, deadline: float, purse: Purse) -> Answer:
        """One question to the ladder."""
        tried: list[Tried] = []
        holds: dict[int, Hold] = {}
        self._tried.append(tried)
        ladder = self._shared.ladder
        found = _planned(self._shared, self._settings, decision, call, action=self._action, gathered=gathered)
        if len(self._tried) == 1:
            self._emit(DecidedEvent(decision, found, self._tokens))

        async def admit(candidate: Candidate, prompt: int) -> str | None:
            """The last word before a connection: pins, then money."""
            await _settle(purse, holds, tried)
            reason = forbidden(decision, candidate.model)
            if reason or _is_free(candidate.model):
                return reason
            held = await purse.hold(candidate.model, prompt, call, deadline - self._loop.time() + SLACK)
            if isinstance(held, str):
                name = candidate.model.model
                self._unpaid.setdefault((candidate.tier, name), f"{candidate.tier} ({name}) was not asked: {held}")
                return held
            # The attempt that asks has the next record.
            holds[len(tried)] = held
            return None

        order = tuple(tier.name for tier in self._settings.tiers)
        try:
            alone = decision.only_tier or decision.only_model is not None
            ascent = Ascent(call, found, order, deadline, admit, self._request.background, alone)
            answer = await ladder.climb(ascent, self._emit, tried)
        finally:
            # Shielded: what a cancelled attempt may have cost is counted too.
            await asyncio.shield(_settle(purse, holds, tried))
        self._answers.append(answer)
        return answer

    async def _receipt(
        self, decision: Decision, gathered: Gathered, *, done: bool = False, by_itself: bool = False
    ) -> Receipt:
        """The receipt; ``done``: the person gets an answer, in ``by_itself`` one of no model's."""
        calls = [[await _price(tried) for tried in call] for call in self._tried]
        flat = [tried for call in calls for tried in call]
        # Each call's answer is of one of its attempts; a call without an answer is the last.
        given = [_who_said(answer, call) for answer, call in zip(self._answers, calls, strict=False)]
        last = given[-1] if given and done and not by_itself else None
        return receipt(
            self._request,
            decision.replace(why="; ".join([decision.why, *self._unpaid.values()])),
            [CallRecord(tuple(tried.attempt for tried in call)) for call in calls],
            total_ms=round((self._loop.time() - self._began) * 1000),
            answered=last.attempt if last else None,
            local=bool(last and last.model.local),
            builtin=by_itself,
            simulated=any(tried.simulated for tried in flat) and not by_itself,
            degraded=last is not None and any(answer.degraded for answer in self._answers),
            left_out=[*gathered.left_out, *(o for tried in given or flat[-1:] for o in tried.left_out)],
            redacted=[one for tried in flat for one in tried.redacted],
        )

    async def _outcome(self, decision: Decision, gathered: Gathered, produced: Produced, *, by_itself: bool) -> Outcome:
        found = await self._receipt(decision, gathered, done=True, by_itself=by_itself)
        return Outcome(self._action.result, found, produced.text, produced.findings)

    def _account(self, found: Receipt, ended: str) -> None:
        self._shared.ledger.record(found, ended, source=self._shared.source)


async def preview(shared: Shared, request: Request, action: Action, settings: Settings) -> Preview:
    """What a request would send, and where; nothing is sent, loaded, looked at or written down.

    Raises:
        RungError: there is nothing to work on, or nobody who would be asked.
    """
    gathered, decision, _ = await _begin(shared, request, action, settings)
    sendings: list[Sending] = []
    if decision.tier == BUILTIN:
        return Preview(decision, ())

    async def ask(call: Call) -> Answer:
        found = _planned(shared, settings, decision, call, action=action, gathered=gathered)
        sending = await shown(call, found, shared.ladder.means.counter)
        sendings.append(sending.replace(left_out=tuple(dict.fromkeys([*gathered.left_out, *sending.left_out]))))
        return Answer(NOTHING, sending.to.tier, sending.to.model.model)

    await run(action, gathered, ask, request.max_output)
    return Preview(decision, tuple(sendings))


async def _begin(
    shared: Shared, request: Request, action: Action, settings: Settings
) -> tuple[Gathered, Decision, int]:
    """What there is to work on, where it starts, and the estimate of the prompt."""
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
    return gathered, decide(await _as_things_are(shared, settings, asked), settings, _home()), asked.tokens


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


def _planned(
    shared: Shared, settings: Settings, decision: Decision, call: Call, *, action: Action, gathered: Gathered
) -> Plan:
    """Whom one question may go to right now."""
    texts = (part.text for part in call.parts)
    size = prompt_size(action.id, texts) + upper(call.max_output) if gathered.whole else 0
    return plan(decision, settings, shared.ladder.means.health.known, size)


def _who_said(answer: Answer, call: list[Tried]) -> Tried:
    """The attempt an answer is of."""
    return next(t for t in reversed(call) if (t.attempt.tier, t.attempt.model) == (answer.tier, answer.model))


async def _settle(purse: Purse, holds: dict[int, Hold], tried: list[Tried]) -> None:
    """Settle what was held for attempts that are over, and bill those that ended without a word."""
    for index, hold in tuple(holds.items()):
        done = tried[index] if index < len(tried) else None
        attempt, served = (done.attempt, done.served) if done else (None, None)
        billed = await purse.settle(hold, attempt, served, thought=bool(done and done.thought))
        if done and billed:
            tried[index] = done.replace(attempt=billed)
        holds.pop(index, None)


def _home() -> str:
    """The home folder; pathlib raises where there is none."""
    return os.path.expanduser("~").replace(os.sep, "/")  # noqa: PTH111


def _base(request: Request, gathered: Gathered) -> str | None:
    """The folder that the paths of the prompt start from."""
    if gathered.change is not None:
        return gathered.repository
    return request.root.resolve().as_posix() if request.root else None


def _is_free(model: Model) -> bool:
    """Whether it costs nothing: it runs here, and the person gave it no price, as they do for a gateway on loopback."""
    return model.local and model.price is None


async def _price(tried: Tried) -> Tried:
    """The attempt with its cost; a local one is free without looking anything up."""
    attempt = tried.attempt
    if _is_free(tried.model):
        cost: float | None = 0.0
    elif attempt.tokens_in == attempt.tokens_out == 0:
        cost = 0.0
    else:
        cost = await asyncio.to_thread(prices.cost, tried.model, tried.served, attempt.tokens_in, attempt.tokens_out)
    return tried.replace(attempt=attempt.replace(cost_usd=cost))
