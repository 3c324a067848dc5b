"""The escalation state machine: attempt after attempt of a plan, until one answer passes the gate.

Invariants: every attempt has one record and one closed connection; nothing of two models stands in one answer (a reset
event voids what was shown); attempts outnumber the planned models by one at most, a second try or a return to a model
that was left in favour of faster ones, not counting those that ended before anybody was asked because a window turned
out too small; a pinned request never reaches a model that is not local; nothing lasts beyond
the deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from rung.errors import AttemptError, NoAnswerError
from rung.ladder.admission import Admission
from rung.ladder.ascent import Ascent, NotAdmittedError, OnlyThoughtError, Tried, WaitedOutError
from rung.ladder.attempt import AttemptRun
from rung.ladder.means import Means
from rung.ladder.pauses import LONGEST_REST, POLITE
from rung.ladder.remaining import Remaining
from rung.routing.plan import RESTING
from rung.types.event import ResetEvent, TextEvent, TierEvent

if TYPE_CHECKING:
    from rung.types.call import Answer
    from rung.types.event import Event
    from rung.types.model import Model


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
        remaining = Remaining(ascent, self._named)
        reason, too_long = ascent.call.part or "it comes first", False
        while (candidate := remaining.next()) is not None:
            if remaining.returned:
                reason = f"{reason}; nobody else is left, so {candidate.tier} gets the time that remains"
            way = Admission(self.means, ascent, candidate, emit, remaining)
            attempt = AttemptRun(self.means, ascent, way, emit)
            emit(TierEvent(candidate.tier, candidate.model.model, reason))
            try:
                answer = await attempt.run()
            except NotAdmittedError as error:
                (remaining.rest if error.rests else remaining.skip)(candidate, str(error))
                reason = f"{candidate.tier} was not asked: {error}"
            except AttemptError as error:
                tried.append(attempt.record(error))
                too_long = too_long or (error.failure == "too-long" and not attempt.left)
                rest = self.means.health.rest(attempt.model)
                remaining.failed(candidate, attempt.model, error, attempt.candidate_answer(error), rest)
                if attempt.release.shown:
                    emit(ResetEvent(error.text))
                reason = f"{candidate.tier} failed: {error.text}"
                if self._worth_again(remaining, attempt, error):
                    fitted = attempt.fitted_anew(error)
                    if error.failure == "too-long" and ascent.whole and remaining.takes_whole(attempt.size(error)):
                        remaining.again_at_last(fitted, attempt.model)
                    else:
                        remaining.again(fitted, attempt.model)
                        reason = f"it is asked once more: {error.text}"
            except asyncio.CancelledError:
                tried.append(attempt.record(AttemptError("cancelled", "It was cancelled.")))
                raise
            else:
                tried.append(attempt.record(None))
                return answer
        if remaining.best is not None:
            if ascent.call.stream:
                emit(TextEvent(remaining.best.text))
            return remaining.best
        raise NoAnswerError(*remaining.lines(), hint=remaining.hint, too_long=too_long)

    def _named(self, model: Model) -> Model:
        """The model under the name that ``auto`` is known to stand for."""
        name = self.means.health.known(model).name
        return model.replace(model=name) if name else model

    def _worth_again(self, remaining: Remaining, attempt: AttemptRun, error: AttemptError) -> bool:
        """Whether the same model gets a second try: no answer came back, it is likely to go well, and there is time."""
        if not remaining.may_again:
            return False
        if isinstance(error, OnlyThoughtError):
            return attempt.can_have_headroom
        if attempt.opened:
            return False
        if error.failure == "too-long":
            # The server said by how much, so the prompt can be made to fit.
            return error.prompt_tokens is not None and attempt.can_shorten
        if isinstance(error, WaitedOutError):
            return False
        if error.failure in POLITE and error.retry_after is not None:
            # The attempt itself waits it out. The last of a plan waits for as long as there is time.
            rest = min(error.retry_after, LONGEST_REST)
            last = not remaining.others(attempt.model)
            return rest < remaining.left and (last or rest <= attempt.model.retry_after)
        if not error.again:
            return False
        # A server that is left alone from now on is not asked again by the one who found out.
        return self.means.health.known(attempt.model).state not in RESTING
