"""The way to a question: a place in the queue, the model in memory, the prompt fitted, leave to ask."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from rung.errors import AttemptError
from rung.ladder.ascent import Ascent, LeftError, NarrowError, NotAdmittedError
from rung.ladder.means import Means
from rung.ladder.prompt import Prompt, prompt_for
from rung.ladder.rates import Turn
from rung.ladder.remaining import Remaining
from rung.routing.plan import RESTING
from rung.routing.tokens import upper
from rung.settings.addresses import spot
from rung.types.event import TierEvent
from rung.types.plan import Candidate

if TYPE_CHECKING:
    from rung.routing.plan import Known
    from rung.types.event import Event, Waiting

RESERVE = 0.25
"""Share of the time that is left when an attempt begins which is kept for those who come after it."""
BLINK = 0.001
"""Seconds that do not matter."""
LIST_PATIENCE = 10.0
"""Seconds a server may take to say for the first time which of its models run on this machine."""


class Admission:
    """Everything that comes before one model is asked.

    Args:
        means: what all attempts share.
        ascent: the call on its way up.
        candidate: the model, as the plan has it.
        emit: is told what is waited for.
        remaining: who else is left.
    """

    def __init__(
        self,
        means: Means,
        ascent: Ascent,
        candidate: Candidate,
        emit: Callable[[Event], None],
        remaining: Remaining,
    ) -> None:
        self._means = means
        self._ascent = ascent
        self._emit = emit
        self._remaining = remaining
        self._loop = asyncio.get_running_loop()
        left = ascent.deadline - self._loop.time()
        self._share = ascent.deadline - left * RESERVE
        """When the attempt must be over while there are others who need time, on the loop's clock."""
        self.candidate = candidate
        """With the window that was found to hold."""
        self.model = candidate.model
        """Under the name that ``auto`` stands for, once it is known."""
        self.queued = 0.0
        """Seconds spent waiting for others."""
        self._waited = False
        """Whether it had to wait for its place in the queue."""
        self._made: tuple[Candidate, Prompt] | None = None
        """The last prompt that was made, and for whom."""
        self.prompt: Prompt | None = None
        """What is to be sent, once it is fitted."""
        self.is_trial = False
        """The attempt finds out whether a server that failed is back."""
        self.blame = False
        """Whether a failure now would be the server's: not while we wait in a queue of our own."""
        self._doubt = ""
        """Why nobody knows where the model runs, so that it counts as one that runs elsewhere."""
        self._turn: Turn | None = None
        """Its turn of the model's rate, as long as it has not used it."""

    @property
    def last(self) -> bool:
        """Whether nobody else is left who could answer: then only the deadline holds."""
        return not self._remaining.others(self.model)

    @property
    def until(self) -> float:
        """When this attempt must be over: while there are others, early enough to leave them time."""
        return self._ascent.deadline if self.last else self._share

    async def pass_through(self, held: contextlib.AsyncExitStack) -> Prompt:
        """Wait for all of it; ``held`` gives back the place in the queue.

        Raises:
            AttemptError: it can't be had, or not soon enough.
            NotAdmittedError: the last word was no.
        """
        # The queue is the model's that `auto` stands for.
        is_auto = self.model.model == "auto" or self.candidate.is_auto
        known = await self._find() if self.model.provider == "ollama" and is_auto else None
        if spot(self.model) in self._remaining.asked:
            # Another candidate turned out to be this one, or is spelled another way.
            raise NotAdmittedError("it was asked already")
        await self._take_slot(held)
        if self.model.provider == "ollama":
            # While others were served, the server may have changed what it holds.
            await self._load(known if known and self.queued < BLINK else await self._find())
        self.prompt = await self._fit()
        await self._rest()
        why_not = await self._ascent.admit(self.candidate.replace(model=self.model), self.prompt.question)
        if why_not:
            raise NotAdmittedError(self._doubt + why_not)
        self._remaining.asked.add(spot(self.model))
        return self.prompt

    def use_turn(self) -> None:
        """The question goes out now: it counts against the model's rate."""
        if self._turn is not None:
            self._turn.used()
            self._turn = None

    def give_back(self) -> None:
        """Give back a turn that was not used."""
        if self._turn is not None:
            self._turn.give_back()

    async def _take_slot(self, held: contextlib.AsyncExitStack) -> None:
        """Wait for a slot, or leave it for the next tier where that takes long; ``held`` gives it back."""
        model, slots, since = self.model, self._means.slots, self._loop.time()
        # What another process does is no reason to fail: who has nobody else asks in the end, whoever is being served.
        heeds = since + (self.until - since) / 2 if self.last else math.inf
        background = self._ascent.background
        try:
            await held.enter_async_context(
                slots.take(model, background=background, patience=self._queue_patience, heeds=heeds)
            )
        except TimeoutError:
            raise LeftError("busy", f"{model.model} served others for {self._loop.time() - since:.0f} s.") from None
        if self._waited:
            self.queued = self._loop.time() - since

    def _queue_patience(self) -> float | None:
        """Seconds to wait for a slot, now that it must be waited for one; None: as long as there is time.

        Raises:
            LeftError: it is forecast to take longer.
        """
        model, patience = self.model, None
        forecast = self._means.queue_seconds(model, background=self._ascent.background)
        about = "" if forecast is None else f", for about {forecast:.0f} s"
        if not self.last:
            # Half of the time is for the answer itself.
            climbs = model.when_busy == "climb"
            patience = model.busy_patience if climbs else (self.until - self._loop.time()) / 2
            if forecast is not None and forecast > patience:
                raise LeftError("busy", f"{model.model} serves others first{about}.")
        self._waits("queued", f"it serves somebody else first{about}")
        self._waited = True
        return patience

    async def _rest(self) -> None:
        """Wait as long as the server asked for, and until the model's own rate allows one more question.

        Raises:
            AttemptError: ``busy``, the rate does not allow it for a while.
            NotAdmittedError: others found out that the server is to be left alone.
        """
        model, health, since = self.model, self._means.health, self._loop.time()
        if (known := health.known(model)).barred:
            raise NotAdmittedError(str(known.reason))
        why_not = None if self.last or self.candidate.state in RESTING else health.why_not(model, trial=self.is_trial)
        if why_not:
            raise NotAdmittedError(why_not, rests=True)
        left = self._ascent.deadline - since
        patience = left if self.last else min(left, model.retry_after)
        while (pause := health.rest(model)) > 0:
            if pause > patience + BLINK or pause >= left:
                raise NotAdmittedError(f"it asked to be left alone for {pause:.0f} s", rests=True)
            self._waits("queued", f"it asked to be left alone for {pause:.0f} s")
            await asyncio.sleep(pause)
            patience -= pause
        turn = await self._means.rates.take_among(model, patience)
        if turn.pause > patience:
            text = f"{model.model} may be asked {model.per_minute} times a minute, again in {turn.pause:.0f} s."
            # There is no coming back for what can't be had in time.
            raise AttemptError("busy", text) if turn.pause >= left else LeftError("busy", text)
        self._turn = turn
        if turn.pause:
            self._waits("queued", f"it may be asked {model.per_minute} times a minute, again in {turn.pause:.0f} s")
            await turn.wait()
        self.queued += self._loop.time() - since

    async def _find(self, *, loaded: bool = False) -> Known:
        """Look at what the server has, and resolve ``auto``."""
        self.blame = True
        health = self._means.health
        # A list that comes late tells whether a model is local; half of the time is for the answer itself.
        patience = min(LIST_PATIENCE, (self.until - self._loop.time()) / 2) if self.model.local else 0.0
        await health.look(self.model, loaded=loaded, patience=patience)
        # A breaker or a pause says when to ask, and hides what has to be done first.
        known = health.said(self.model)
        if known.state == "missing" and self.candidate.is_auto:
            # What it stood for is gone; by now it may stand for another one.
            self.model = self.model.replace(model="auto")
            known = health.said(self.model)
        self.blame = False
        if known.name:
            self.model = self.model.replace(model=known.name)
        self._means.memory.seen(self.model, health.digest(self.model))
        if known.state == "missing":
            raise AttemptError("missing-model", known.reason or "The model is missing.")
        if self.model.local and not known.remote and not health.listed(self.model):
            name, url = self.model.model, self.model.url
            self._doubt = f"{url} did not say in time whether {name} runs on this machine, so it counts as elsewhere: "
        if self.model.local and (known.remote or self._doubt):
            self.model = self.model.replace(local=False, near=True)
        windows = [one for one in (known.window, self.candidate.window) if one]
        self.candidate = self.candidate.replace(window=min(windows) if windows else None)
        return known

    async def _fit(self) -> Prompt:
        """The prompt as it fits its window.

        Raises:
            AttemptError: ``too-long``, even without all that may be left out.
            NarrowError: only without some of it, while somebody is left whose window holds it whole.
        """
        candidate = self.candidate.replace(model=self.model)
        if self._made is None or self._made[0] != candidate:
            self._made = candidate, await prompt_for(self._ascent.call, candidate, self._means.counter)
        prompt = self._made[1]
        size = upper(prompt.fitted.whole) + self._ascent.call.max_output
        if prompt.fitted.left_out and self._ascent.whole and self._remaining.takes_whole(size):
            window = f"the window of {self.model.model} has {candidate.window}"
            text = f"The whole prompt and its answer may need {size} tokens, and {window}."
            raise NarrowError("too-long", text, window=candidate.window)
        return prompt

    async def _load(self, known: Known) -> None:
        """Wait for the model's load where it is cold, or leave it behind loading."""
        if known.state != "cold" or known.remote:
            return
        # Not for a prompt that goes elsewhere.
        await self._fit()
        await self._let_others_load()
        warmups, patience = self._means.warmups, self.model.cold_patience
        forecast = self._means.load_seconds(self.model)
        leaves = not self.last and (self.model.when_cold == "climb" or forecast > patience)
        # One that is too busy to load is not waited for longer than one that is too busy to answer.
        before = warmups.start(self.model, None if self.last or leaves else self.model.retry_after)
        self._means.health.ordered(self.model)
        if leaves:
            raise LeftError("slow", f"{self.model.model} is not in memory; it loads in the background.")
        self._waits("loading", "it is not in memory yet")
        try:
            async with asyncio.timeout(None if self.last else patience):
                await warmups.wait(self.model, before)
                self._means.memory.learn(self.model, load=warmups.forecast(self.model))
        except AttemptError:
            self.blame = True
            raise
        except TimeoutError:
            text = f"{self.model.model} was not loaded after {patience:g} s; it goes on loading in the background."
            raise LeftError("slow", text) from None
        await self._find(loaded=True)

    async def _let_others_load(self) -> None:
        """Never load two models on one server at a time: the second may throw the first out of memory."""
        warmups, model = self._means.warmups, self.model
        if not (other := warmups.loads_instead_of(model)):
            return
        if not self.last:
            raise LeftError("slow", f"{model.model} is not in memory, and its server is loading {other}.")
        self._waits("loading", f"its server is loading {other} first")
        await warmups.wait_for_others(model)

    def _waits(self, what: Waiting, why: str) -> None:
        self._emit(TierEvent(self.candidate.tier, self.model.model, why, what))
