"""The escalation state machine: attempt after attempt of a plan, until one answer passes the gate.

Invariants: every attempt has one record and one closed connection; nothing of two models stands in one answer (a reset
event voids what was shown); attempts outnumber the planned models by one at most, the second try; a pinned request
never reaches a model that is not local; nothing lasts beyond the deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from rung.errors import AttemptError, NoAnswerError
from rung.ladder.attempt import Ascent, AttemptRun, NotAdmittedError, Tried
from rung.ladder.health import LONGEST_REST, POLITE
from rung.ladder.means import Means
from rung.routing.plan import RESTING
from rung.types.call import Answer
from rung.types.event import ResetEvent, TextEvent, TierEvent
from rung.types.plan import Candidate, Skipped

if TYPE_CHECKING:
    from rung.types.event import Event
    from rung.types.model import Model

UPWARD = ("bad-answer", "trimmed", "too-long")
"""Failures of the answer, not of the server: only a higher tier can do better."""
QUALITY_CLIMBS = 1
"""How often one request may climb because an answer was not good enough."""


class Ladder:
    """Climbs. One per engine, shared by all requests."""

    def __init__(self, means: Means) -> None:
        self.means = means

    async def climb(self, ascent: Ascent, emit: Callable[[Event], None], tried: list[Tried]) -> Answer:
        """Ask until somebody answers well.

        Args:
            ascent: the question, whom to ask, and until when.
            emit: takes the events.
            tried: gets one entry for every attempt, also the cancelled one.

        Raises:
            NoAnswerError: every attempt failed; the text lists each one's reason.
        """
        state = _State(ascent)
        reason = "it comes first"
        while (candidate := state.next()) is not None:
            attempt = AttemptRun(self.means, ascent, candidate, emit, last=state.last, asked=state.asked)
            emit(TierEvent(candidate.tier, candidate.model.model, reason))
            try:
                answer = await attempt.run()
            except NotAdmittedError as error:
                state.skip(candidate, str(error))
                reason = f"{candidate.tier} was not asked: {error}"
            except AttemptError as error:
                tried.append(attempt.record(error))
                state.failed(candidate, error, attempt.candidate_answer())
                if attempt.release.shown:
                    emit(ResetEvent(error.text))
                if self._worth_again(state, attempt, error):
                    state.again(candidate, attempt.model)
                    reason = f"it is asked once more: {error.text}"
                else:
                    reason = f"{candidate.tier} failed: {error.text}"
            except asyncio.CancelledError:
                tried.append(attempt.record(AttemptError("cancelled", "It was cancelled.")))
                raise
            else:
                tried.append(attempt.record(None))
                return answer
        if state.best is not None:
            if ascent.call.stream:
                emit(TextEvent(state.best.text))
            return state.best
        raise NoAnswerError(*state.lines(), hint=state.hint)

    def _worth_again(self, state: _State, attempt: AttemptRun, error: AttemptError) -> bool:
        """Whether the same model gets a second try: nothing came back, it is likely to go well, and there is time."""
        if not state.may_again or attempt.opened:
            return False
        if error.failure in POLITE and error.retry_after is not None:
            # The attempt itself waits it out. The last of a plan waits for as long as there is time.
            rest = min(error.retry_after, LONGEST_REST)
            return rest < state.left and (state.last or rest <= attempt.model.retry_after)
        if not error.again:
            return False
        # A server that is left alone from now on is not asked again by the one who found out.
        return self.means.health.known(attempt.model).state not in RESTING


class _State:
    """Which attempts remain, and what became of the others."""

    def __init__(self, ascent: Ascent) -> None:
        self._left = list(ascent.plan.attempts)
        self._order = ascent.order
        self._deadline = ascent.deadline
        self._skipped = list(ascent.plan.skipped)
        self._reasons: list[str] = []
        self._climbs = 0
        self._spare = 1
        """Second tries that are left."""
        self.asked: set[tuple[str, str]] = set()
        """Address and name of every model a connection was opened to."""
        self.best: Answer | None = None
        self.hint: str | None = None

    @property
    def last(self) -> bool:
        """Whether nobody is left after the candidate that was just taken."""
        return not self._left

    def next(self) -> Candidate | None:
        """The next to ask; None at the end."""
        return self._left.pop(0) if self._left else None

    @property
    def may_again(self) -> bool:
        """Whether there is a second try left, and time for it."""
        return self._spare > 0 and self.left > 0

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self._deadline - asyncio.get_running_loop().time()

    def again(self, candidate: Candidate, asked: Model) -> None:
        """Take the candidate once more, before all others; ``asked``: the model it turned out to be."""
        self._spare -= 1
        self._left.insert(0, candidate)
        self.asked.discard((asked.url, asked.model))

    def skip(self, candidate: Candidate, reason: str) -> None:
        """It was not admitted."""
        self._skipped.append(Skipped(candidate.tier, candidate.model.model, reason))

    def failed(self, candidate: Candidate, error: AttemptError, answer: Answer | None) -> None:
        """Decide what remains after a failure."""
        self._reasons.append(f"{candidate.tier} ({candidate.model.model}): {error.text}")
        self.hint = self.hint or error.hint
        if answer is not None:
            # The one from higher up is likelier to be the better one.
            self.best = answer
        if error.failure == "filtered" or asyncio.get_running_loop().time() >= self._deadline:
            self._left.clear()
        elif error.failure in UPWARD:
            rank = self._order.index(candidate.tier)
            self._left = [c for c in self._left if self._order.index(c.tier) > rank]
            if error.failure == "bad-answer":
                self._climbs += 1
                if self._climbs > QUALITY_CLIMBS:
                    self._left.clear()

    def lines(self) -> list[str]:
        """Each attempt's reason, and each model that was not asked."""
        out = ["No model could answer." if self._reasons else "There is no model to ask.", *self._reasons]
        return out + [f"{s.tier} ({s.model}) was not asked: {s.reason}" for s in self._skipped]
