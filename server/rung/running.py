"""One request on its way: gather, decide, plan, climb, read, account."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rung.actions import without_model
from rung.actions.context.gathered import Gathered
from rung.actions.gather import gather
from rung.actions.run import Produced, run
from rung.errors import NoAnswerError, RungError
from rung.ladder.attempt import Ascent, Tried
from rung.ladder.climb import Ladder
from rung.ledger import prices
from rung.ledger.ledger import Ledger
from rung.ledger.receipts import receipt
from rung.privacy.destination import forbidden
from rung.routing import prefix
from rung.routing.decide import BUILTIN, decide
from rung.routing.features import features
from rung.routing.features import size as prompt_size
from rung.routing.plan import plan
from rung.routing.tokens import upper
from rung.types.action import Action
from rung.types.attempt import CallRecord
from rung.types.call import Answer, Call
from rung.types.decision import Decision
from rung.types.event import OutcomeEvent, TierEvent
from rung.types.outcome import Outcome
from rung.types.plan import Candidate, Plan
from rung.types.receipt import Receipt
from rung.types.request import Request
from rung.types.value import Value

if TYPE_CHECKING:
    from rung.ledger.rows import Source
    from rung.settings.values import Settings
    from rung.types.event import Event


PATIENCE = ("slow", "stalled", "busy")
"""Outcomes of a model that is there, only not yet."""


class Shared(Value):
    """What all requests of an engine share."""

    ladder: Ladder
    ledger: Ledger
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

    async def run(self) -> None:
        """Run it to its outcome event.

        Raises:
            RungError: there is no answer; it carries the receipt where attempts were made.
        """
        word, typed = prefix.split(self._request.instruction or "", self._settings)
        gathered = await gather(self._action, self._request, typed, self._shared.env)
        asked = features(
            self._request,
            typed=typed,
            prefix=word,
            parts=gathered.parts,
            paths=gathered.paths,
            action_tier=self._action.tier,
            branch=gathered.branch,
            repository=gathered.repository,
        )
        decision = decide(asked, self._settings, Path.home().as_posix())
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
            return self._builtin(gathered), True
        deadline = self._began + next(t.deadline for t in self._settings.tiers if t.name == decision.tier)

        async def ask(call: Call) -> Answer:
            return await self._ask(call, decision, gathered, deadline)

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

    async def _ask(self, call: Call, decision: Decision, gathered: Gathered, deadline: float) -> Answer:
        """One question to the ladder."""
        tried: list[Tried] = []
        self._tried.append(tried)
        texts = (part.text for part in call.parts)
        size = prompt_size(self._action.id, texts) + upper(call.max_output) if gathered.whole else 0
        ladder = self._shared.ladder
        found: Plan = plan(decision, self._settings, ladder.means.health.known, size)

        async def admit(candidate: Candidate, prompt: int) -> str | None:
            return await self._why_not(decision, candidate, prompt, call.max_output)

        order = tuple(tier.name for tier in self._settings.tiers)
        answer = await ladder.climb(Ascent(call, found, order, deadline, admit), self._emit, tried)
        self._answers.append(answer)
        return answer

    async def _why_not(self, decision: Decision, candidate: Candidate, prompt: int, output: int) -> str | None:
        """The last word before a connection: pins, then money."""
        reason = forbidden(decision, candidate.model)
        if reason or candidate.model.local:
            return reason
        price = await asyncio.to_thread(prices.price_of, candidate.model)
        if price is None:
            return None
        worst = (upper(prompt) * price.input + output * price.output) / 1e6
        so_far = sum(t.attempt.cost_usd or 0.0 for t in await self._priced())
        if decision.max_cost is not None and so_far + worst > decision.max_cost:
            return f"it may cost ${so_far + worst:.4f}, and this request may cost ${decision.max_cost:.4f}"
        day = self._settings.budget.per_day
        if day is not None:
            spent = await asyncio.to_thread(self._shared.ledger.spent_today)
            if spent + so_far + worst > day:
                return f"today's ${day:.2f} are used up (${spent:.4f} spent)"
        return None

    async def _priced(self) -> list[Tried]:
        """All attempts so far, each with its cost."""
        return [await _price(tried) for call in self._tried for tried in call]

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
            decision,
            [CallRecord(tuple(tried.attempt for tried in call)) for call in calls],
            total_ms=round((self._loop.time() - self._began) * 1000),
            answered=last.attempt if last else None,
            local=bool(last and last.model.local),
            builtin=by_itself,
            simulated=any(tried.simulated for tried in flat) and not by_itself,
            degraded=last is not None and any(answer.degraded for answer in self._answers),
            left_out=[*gathered.left_out, *(o for tried in given or flat[-1:] for o in tried.left_out)],
        )

    async def _outcome(self, decision: Decision, gathered: Gathered, produced: Produced, *, by_itself: bool) -> Outcome:
        found = await self._receipt(decision, gathered, done=True, by_itself=by_itself)
        return Outcome(self._action.result, found, produced.text, produced.findings)

    def _account(self, found: Receipt, ended: str) -> None:
        self._shared.ledger.record(found, ended, source=self._shared.source)


def _who_said(answer: Answer, call: list[Tried]) -> Tried:
    """The attempt an answer is of."""
    return next(t for t in reversed(call) if (t.attempt.tier, t.attempt.model) == (answer.tier, answer.model))


async def _price(tried: Tried) -> Tried:
    """The attempt with its cost; a local one is free without looking anything up."""
    attempt = tried.attempt
    if tried.model.local:
        cost: float | None = 0.0
    elif attempt.tokens_in == attempt.tokens_out == 0:
        cost = 0.0
    else:
        cost = await asyncio.to_thread(prices.cost, tried.model, tried.served, attempt.tokens_in, attempt.tokens_out)
    return tried.replace(attempt=attempt.replace(cost_usd=cost))
