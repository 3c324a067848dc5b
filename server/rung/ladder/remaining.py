"""Which attempts of a plan remain, and what became of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from rung.ladder.ascent import Ascent, LeftError, NarrowError, NothingSaidError, WaitedOutError
from rung.routing.plan import RESTING
from rung.settings.addresses import spot
from rung.types.plan import Skipped

if TYPE_CHECKING:
    from rung.errors import AttemptError
    from rung.types.call import Answer
    from rung.types.model import Model
    from rung.types.plan import Candidate

UPWARD = ("bad-answer", "trimmed", "too-long")
"""Failures of the answer, not of the server: a higher tier is the likeliest to do better."""


class Remaining:
    """The attempts that are left, in their order.

    Args:
        ascent: the call and its plan.
        named: the model, under the name that ``auto`` is known to stand for.
    """

    def __init__(self, ascent: Ascent, named: Callable[[Model], Model]) -> None:
        self._left = list(ascent.plan.attempts)
        self._later = list(ascent.plan.later)
        self._most = len(self._left) + len(self._later) + 1
        """Attempts that may be made: one more than there are models, for a second try or a return. One that asked
        nobody, for its window turned out too small, does not count."""
        self._narrow: list[Candidate] = []
        """Those whose window turned out too small for the whole prompt."""
        self._is_late = False
        """All who could do better were asked: those who are left may get the prompt shortened."""
        self._named = named
        self._hopeless = ascent.hopeless
        self._can_shorten = any(part.shorten != "never" for part in ascent.call.parts)
        self._order = ascent.order
        self._deadline = ascent.deadline
        later = {(one.tier, one.model.model) for one in self._later}
        self._skipped = [one for one in ascent.plan.skipped if (one.tier, one.model) not in later]
        self._reasons: list[str] = []
        self._failed: list[tuple[str, Model]] = []
        self._returns: list[tuple[Candidate, Model]] = []
        """Who was left because others might be faster, and the model it turned out to be."""
        self._climbs = 0
        """How often it went on because an answer was not good enough."""
        self._most_climbs = ascent.quality_climbs
        self._spare = 1
        """Second tries that are left."""
        self._best = (False, -1)
        """Of the best answer: whether it is whole, and its tier's place."""
        self.returned = False
        """Whether the candidate was left before, and gets the time that remains."""
        self.asked: set[tuple[str, str]] = set()
        """The spot of every model a connection was opened to."""
        self.best: Answer | None = None
        self.hint: str | None = None

    def others(self, model: Model) -> bool:
        """Whether somebody is left who could answer in place of this model."""
        done = self.asked | {spot(model)}
        able = (self._named(one.model) for one in self._left if not self._hopeless(one.model))
        return any(spot(other) not in done for other in able)

    def takes_whole(self, size: int) -> bool:
        """Whether somebody is left whose window holds prompt and answer of so many tokens."""
        wide = (one for one in self._left if one.window is None or one.window >= size)
        return not self._is_late and any(not self._hopeless(one.model) for one in wide)

    def next(self) -> Candidate | None:
        """The next to ask, at the end once more whom only our own patience kept from answering; None at last."""
        if not self._left and (self._narrow or self._later):
            # From here on the others count: of all who rest only the last is asked.
            self._left = [*self._narrow, *self._later]
            self._narrow, self._later, self._is_late = [], [], True
        if self._left:
            return self._left.pop(0)
        if not self._returns or self._best[0] or not self._has_room:
            return None
        # First one who was not even asked: it may be free by now. One who was silent may be so for good.
        found = next((one for one in self._returns if spot(one[1]) not in self.asked), self._returns[0])
        candidate, model = found
        self._returns.clear()
        self._spare = 0
        self.returned = True
        self.asked.discard(spot(model))
        return candidate

    @property
    def _has_room(self) -> bool:
        """Whether there is an attempt to spare, and time."""
        waiting = len(self._left) + len(self._narrow) + len(self._later)
        return len(self._reasons) + waiting < self._most and self.left > 0

    @property
    def may_again(self) -> bool:
        """Whether one may be asked a second time; not where coming back to another is all that is left."""
        is_return_due = bool(self._returns) and not (self._best[0] or self._left or self._narrow or self._later)
        return self._spare > 0 and self._has_room and not is_return_due

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self._deadline - asyncio.get_running_loop().time()

    def again(self, candidate: Candidate, model: Model) -> None:
        """Take the candidate once more, before all others; ``model``: what it turned out to be."""
        self._spare = 0
        self._left.insert(0, candidate)
        self._returns = [(one, found) for one, found in self._returns if found != model]
        self.asked.discard(spot(model))

    def again_at_last(self, candidate: Candidate, model: Model) -> None:
        """The same, after all who take the prompt whole."""
        self._spare = 0
        self._narrow.append(candidate)
        self.asked.discard(spot(model))

    def skip(self, candidate: Candidate, reason: str) -> None:
        """It was not admitted."""
        self._skipped.append(Skipped(candidate.tier, candidate.model.model, reason))

    def rest(self, candidate: Candidate, reason: str) -> None:
        """It was not admitted for a while: if all others fail, it may be asked after all, once, if it was not yet."""
        if candidate.state in RESTING or (candidate.tier, candidate.model) in self._failed:
            self.skip(candidate, reason)
        else:
            self._later.append(candidate.replace(state="blocked"))

    def failed(
        self, candidate: Candidate, model: Model, error: AttemptError, answer: Answer | None, rest: float = 0.0
    ) -> None:
        """Decide what remains after a failure.

        Args:
            candidate: who failed.
            model: what it turned out to be.
            error: how.
            answer: what it said all the same, where that may be shown.
            rest: seconds it is to be left alone from now on.
        """
        self._reasons.append(f"{candidate.tier} ({candidate.model.model}): {error.text}")
        is_first = (candidate.tier, candidate.model) not in self._failed
        self._failed.append((candidate.tier, candidate.model))
        self.hint = self.hint or error.hint
        rank = self._order.index(candidate.tier)
        # A whole one is better than half of one, and the one from higher up likelier to be the better one.
        found = (error.failure in UPWARD, rank)
        if answer is not None and found >= self._best:
            self.best, self._best = answer, found
        if error.failure == "filtered" or self.left <= 0:
            self._stop()
        elif isinstance(error, NarrowError):
            self._most += 1
            self._narrow.append(candidate)
            self._go_on_upwards(rank, error)
        elif error.failure in UPWARD:
            self._go_on_upwards(rank, error)
        elif is_first and _is_for_a_while(model, error, self.left, rest):
            self._returns.append((candidate, model))

    def _go_on_upwards(self, rank: int, error: AttemptError) -> None:
        """First the tier's own other models and those above; below only for want of them."""
        upwards = [one for one in self._left if self._order.index(one.tier) >= rank]
        self._left = upwards + [one for one in self._left if one not in upwards]
        if error.failure == "too-long" and error.window:
            # The server said how large its window is: those as small come last, with a shorter prompt if that can be.
            small = [one for one in self._left if one.window is not None and one.window <= error.window]
            self._left = [one for one in self._left if one not in small]
            if self._can_shorten:
                self._later[:0] = small
            else:
                for one in small:
                    self.skip(one, f"its window of {one.window} tokens is too small")
        elif error.failure == "bad-answer" and not isinstance(error, NothingSaidError):
            if self._climbs == self._most_climbs:
                self._end_for_quality()
            else:
                self._climbs += 1

    def _end_for_quality(self) -> None:
        """Nobody else is asked for a better answer, and whoever would have been is named."""
        often = {0: "never goes on", 1: "goes on once only"}.get(self._climbs, f"goes on {self._climbs} times only")
        for one in (*self._left, *self._narrow, *self._later):
            self.skip(one, f"a question {often} from an answer that is not good enough (`quality_climbs`)")
        self._stop()

    def _stop(self) -> None:
        self._left.clear()
        self._narrow.clear()
        self._later.clear()
        self._returns.clear()

    def lines(self) -> list[str]:
        """Each attempt's reason, and each model that was not asked."""
        what = "No model could answer." if self._reasons else "There is no model to ask."
        return [what, *self._reasons, *(one.sentence() for one in self._skipped)]


def _is_for_a_while(model: Model, error: AttemptError, left: float, rest: float) -> bool:
    """Whether the one that failed may well answer later, with so many seconds left."""
    if isinstance(error, WaitedOutError):
        return False
    if isinstance(error, LeftError) or (error.retry_after is not None and error.retry_after < left):
        return True
    patience = min(left, model.busy_patience) if model.when_busy == "climb" else left
    return error.failure == "busy" and 0 < rest < patience
