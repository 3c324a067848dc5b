"""One request, from its beginning to its receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from rung.actions import without_model
from rung.actions.run import Produced, run
from rung.errors import NoAnswerError, RungError
from rung.ladder.ascent import Ascent, Tried
from rung.ledger.forecast import is_free
from rung.ledger.purse import Purse
from rung.ledger.receipts import receipt
from rung.routing.decide import BUILTIN
from rung.running.beginning import Beginning, begin, decided
from rung.running.bill import Bill, price
from rung.running.shared import Shared
from rung.types.action import Action
from rung.types.attempt import CallRecord
from rung.types.call import Answer, Call
from rung.types.event import DecidedEvent, OutcomeEvent, TierEvent
from rung.types.model import Model
from rung.types.outcome import Outcome
from rung.types.plan import Plan, Skipped
from rung.types.receipt import Receipt
from rung.types.request import Request
from rung.types.value import as_dict

if TYPE_CHECKING:
    from rung.settings.values import Settings
    from rung.types.action import Result
    from rung.types.event import Event

PATIENCE = ("slow", "stalled", "busy")
"""Outcomes of a model that is there, only not yet."""


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
        self._bills: list[Bill] = []
        """Of each call."""
        self._answers: list[Answer | None] = []
        """Of each call; None where it has none."""
        self._skipped: tuple[Skipped, ...] = ()
        """Whom the first question's plan left out."""
        self.cancelled: Receipt | None = None
        """What was attempted before it was cancelled."""

    async def run(self) -> None:
        """Run it to its outcome event.

        Raises:
            RungError: there is no answer; it carries the receipt where attempts were made.
        """
        beginning = await begin(self._shared, self._request, self._action, self._settings)
        try:
            produced, by_itself = await self._produce(beginning)
            found = await self._receipt(beginning, done=True, by_itself=by_itself)
            result = Outcome(
                _kind(self._action, produced), found, produced.text, produced.findings, produced.unreviewed
            )
            self._account(found, result.outcome)
            self._emit(OutcomeEvent(result))
        except RungError as error:
            failed = await self._record(beginning, error.code)
            if isinstance(error, NoAnswerError):
                error.receipt = failed
            raise
        except asyncio.CancelledError:
            self.cancelled = await self._record(beginning, "cancelled")
            raise

    async def _record(self, beginning: Beginning, ended: str) -> Receipt:
        """Write a request down that has no answer, whoever cancels it meanwhile: pricing may import a package."""
        task = asyncio.ensure_future(self._receipt(beginning))
        try:
            found = await asyncio.shield(task)
        except asyncio.CancelledError:
            # Nobody is cancelled twice, see Engine.
            self.cancelled = await task
            self._account(self.cancelled, ended)
            raise
        self._account(found, ended)
        return found

    async def _produce(self, beginning: Beginning) -> tuple[Produced, bool]:
        """What the action makes of its answers, and whether Rung wrote it by itself."""
        decision, gathered = beginning.decision, beginning.gathered
        if decision.tier == BUILTIN:
            self._emit(DecidedEvent(decision, Plan(()), beginning.tokens))
            return self._builtin(beginning), True
        deadline = self._began + next(t.deadline for t in self._settings.tiers if t.name == decision.tier)
        shared, bounds = self._shared, self._settings.budget
        purse = Purse(shared.budget, self._request.id, bounds, decision.max_cost, shared.count)

        async def ask(call: Call) -> Answer:
            return await self._ask(call, beginning, deadline, purse)

        try:
            return await run(self._action, gathered, ask, self._request.max_output), False
        except NoAnswerError:
            if decision.only_tier or decision.only_model or self._able() or not without_model.has(self._action.id):
                raise
            self._emit(TierEvent(BUILTIN, BUILTIN, "no model could answer"))
            return self._builtin(beginning), True

    def _able(self) -> bool:
        """Whether some model could have answered, given time: Rung's own words never stand in for such a one."""
        return any(tried.attempt.outcome in PATIENCE for bill in self._bills for tried in bill.tried)

    def _builtin(self, beginning: Beginning) -> Produced:
        return Produced(text=without_model.write(self._action.id, beginning.gathered.change))

    async def _ask(self, call: Call, beginning: Beginning, deadline: float, purse: Purse) -> Answer:
        """One question to the ladder."""
        decision = beginning.decision
        bill = Bill(purse, decision, call, deadline)
        self._bills.append(bill)
        self._answers.append(None)
        event = decided(self._shared, beginning, call)
        if len(self._bills) == 1:
            self._skipped = event.plan.skipped
            self._emit(event)

        def hopeless(model: Model) -> bool:
            return not is_free(model) and 0 in {*as_dict(self._settings.budget).values(), decision.max_cost}

        ascent = Ascent(
            call,
            event.plan,
            order=tuple(tier.name for tier in self._settings.tiers),
            deadline=deadline,
            admit=bill.admit,
            background=self._request.background,
            hopeless=hopeless,
            alone=decision.only_tier or decision.only_model is not None,
            whole=beginning.gathered.whole,
            quality_climbs=self._settings.quality_climbs,
        )
        try:
            answer = await self._shared.ladder.climb(ascent, self._emit, bill.tried)
        finally:
            # Shielded: what a cancelled attempt may have cost is counted too.
            await asyncio.shield(bill.settle())
        self._answers[-1] = answer
        return answer

    async def _receipt(self, beginning: Beginning, *, done: bool = False, by_itself: bool = False) -> Receipt:
        """The receipt; ``done``: the person gets an answer, in ``by_itself`` one of no model's."""
        decision, gathered = beginning.decision, beginning.gathered
        calls = [[await price(tried) for tried in bill.tried] for bill in self._bills]
        flat = [tried for call in calls for tried in call]
        # Each call's answer is of one of its attempts.
        given = [_who_said(answer, call) for answer, call in zip(self._answers, calls, strict=True) if answer]
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
            degraded=last is not None and any(answer.degraded for answer in self._answers if answer),
            left_out=[*gathered.left_out, *(o for tried in given or flat[-1:] for o in tried.left_out)],
            redacted=[one for tried in flat for one in tried.redacted],
            not_asked=self._not_asked(),
            skipped=self._skipped,
        )

    def _not_asked(self) -> tuple[Skipped, ...]:
        """Whom the budget kept from being asked, each with the first reason."""
        found: dict[tuple[str, str], Skipped] = {}
        for bill in self._bills:
            for one in bill.unpaid:
                found.setdefault((one.tier, one.model), one)
        return tuple(found.values())

    def _account(self, found: Receipt, ended: str) -> None:
        self._shared.ledger.record(found, ended, source=self._shared.source)


def _who_said(answer: Answer, call: list[Tried]) -> Tried:
    """The attempt an answer is of."""
    return next(t for t in reversed(call) if (t.attempt.tier, t.attempt.model) == (answer.tier, answer.model))


def _kind(action: Action, produced: Produced) -> Result:
    """What came out: findings that could not be read are a text."""
    return "text" if action.result == "findings" and produced.findings is None else action.result
