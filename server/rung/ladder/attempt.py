"""One attempt: queue, load, fit, ask, check, and its one record."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from rung.errors import AttemptError
from rung.ladder.ascent import Ascent, LeftError, NotAdmittedError, Tried
from rung.ladder.fit import Fitted
from rung.ladder.gate import judge, trimmed, undercounted
from rung.ladder.means import Means
from rung.ladder.prompt import prompt_for
from rung.ladder.rates import Turn
from rung.ladder.remaining import Remaining
from rung.ladder.speak import Limits, Release, Said, speak
from rung.providers.events import Question
from rung.routing.plan import RESTING
from rung.types.attempt import Attempt
from rung.types.call import Answer
from rung.types.event import TierEvent
from rung.types.plan import Candidate
from rung.types.receipt import Redaction

if TYPE_CHECKING:
    from rung.routing.plan import Known
    from rung.types.event import Event, Waiting


BLINK = 0.001
"""Seconds that do not matter."""


class AttemptRun:
    """One call to one model."""

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
        self._call = ascent.call
        self._tier = candidate.tier
        self._candidate = candidate
        self.model = candidate.model
        self._emit = emit
        self._remaining = remaining
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._queued = 0.0
        self._fitted: Fitted | None = None
        self._question: Question | None = None
        self._said = Said(self._began)
        self._text = ""
        self._redacted: tuple[Redaction, ...] = ()
        self._restore: Callable[[str], str] = str
        self._is_trial = False
        """It finds out whether a server that failed is back."""
        self._turn: Turn | None = None
        """Its turn of the model's rate, as long as it has not used it."""
        self._timer = asyncio.timeout_at(ascent.deadline)
        self._fair: float | None = None
        """When the server will have had the time it may take, on the loop's clock; None: it was not asked yet."""
        self._blame = False
        """Whether a failure now would be the server's: not while we wait in a queue of our own."""
        self.release = Release(emit if ascent.call.stream else None)

    async def run(self) -> Answer:
        """Queue, load, ask, check.

        Raises:
            AttemptError: it failed.
            NotAdmittedError: the last word was no.
        """
        health = self._means.health
        self._is_trial = health.began(self.model)
        settled = False
        try:
            answer = await self._within_deadline()
            settled = True
            health.succeeded(self.model)
        except AttemptError as error:
            if self._blame:
                settled = True
                health.failed(self.model, error, trial=self._is_trial)
            raise
        finally:
            if self._turn is not None:
                self._turn.give_back()
            if not settled:
                health.left(self.model, trial=self._is_trial)
        return answer

    @property
    def _last(self) -> bool:
        """Whether nobody else is left who could answer: then only the deadline holds."""
        return not self._remaining.others(self.model)

    @property
    def _until(self) -> float:
        """When this attempt must be over: while there are others, early enough to leave them time."""
        return self._ascent.deadline if self._last else self._ascent.deadline - self._remaining.reserve

    async def _within_deadline(self) -> Answer:
        try:
            async with self._timer, contextlib.AsyncExitStack() as held:
                self._timer.reschedule(self._until)
                if self.model.provider == "ollama" and self.model.model == "auto":
                    # The queue is the model's that it stands for.
                    await self._find()
                await self._take_slot(held)
                await self._prepare()
                self._timer.reschedule(self._until)
                return await self._ask()
        except TimeoutError:
            if not self._timer.expired():
                raise
            # Whoever got the rest of somebody else's time is not to blame for its end.
            is_fair = self._fair is not None and self._loop.time() >= self._fair
            self._blame = self._blame and is_fair and self._said.first_content is None
            if self._loop.time() >= self._ascent.deadline:
                raise AttemptError("slow", "The time this request may take is over.") from None
            raise LeftError("slow", f"{self.model.model} takes too long to leave time for the others.") from None

    async def _take_slot(self, held: contextlib.AsyncExitStack) -> None:
        """Wait for a slot, or leave it for the next tier where that takes long; ``held`` gives it back."""
        model, slots, since = self.model, self._means.slots, self._loop.time()
        patience = None
        if slots.busy(model):
            forecast = self._means.queue_seconds(model, background=self._ascent.background)
            about = "" if forecast is None else f", for about {forecast:.0f} s"
            if not self._last:
                # Half of the time is for the answer itself.
                patience = model.busy_patience if model.when_busy == "climb" else (self._until - since) / 2
                if forecast is not None and forecast > patience:
                    raise LeftError("busy", f"{model.model} serves others first{about}.")
            self._waits("queued", f"it serves somebody else first{about}")
        try:
            async with asyncio.timeout(patience):
                await held.enter_async_context(slots.take(model, background=self._ascent.background))
        except TimeoutError:
            raise LeftError("busy", f"{model.model} served others for {patience:.0f} s.") from None
        self._queued = self._loop.time() - since

    async def _prepare(self) -> None:
        """Find the model, have it in memory, fit the prompt, and get the last word on whether it may be asked."""
        if self.model.provider == "ollama":
            await self._find_and_load()
        prompt = await prompt_for(self._call, self._candidate.replace(model=self.model), self._means.counter)
        self._question, self._fitted = prompt.question, prompt.fitted
        self._redacted, self._restore = prompt.redacted, prompt.restore
        await self._rest()
        why_not = await self._ascent.admit(self._candidate.replace(model=self.model), self._fitted.tokens)
        if why_not:
            raise NotAdmittedError(why_not)
        self._remaining.asked.add((self.model.url, self.model.model))

    async def _rest(self) -> None:
        """Wait as long as the server asked for, and until the model's own rate allows one more question.

        Raises:
            AttemptError: ``busy``, the rate does not allow it for a while.
            NotAdmittedError: others found out that the server is to be left alone.
        """
        model, health, since = self.model, self._means.health, self._loop.time()
        why_not = (
            None if self._last or self._candidate.state in RESTING else health.why_not(model, trial=self._is_trial)
        )
        if why_not:
            raise NotAdmittedError(why_not)
        left = self._ascent.deadline - since
        patience = left if self._last else min(left, model.retry_after)
        while (pause := health.rest(model)) > 0:
            if pause > patience + BLINK or pause >= left:
                raise NotAdmittedError(f"it asked to be left alone for {pause:.0f} s")
            self._waits("queued", f"it asked to be left alone for {pause:.0f} s")
            await asyncio.sleep(pause)
            patience -= pause
        turn = self._means.rates.take(model, patience)
        if turn.pause > patience:
            text = f"{model.model} may be asked {model.per_minute} times a minute, again in {turn.pause:.0f} s."
            raise LeftError("busy", text)
        self._turn = turn
        if turn.pause:
            self._waits("queued", f"it may be asked {model.per_minute} times a minute, again in {turn.pause:.0f} s")
            await turn.wait()
        self._queued += self._loop.time() - since

    async def _find(self, *, loaded: bool = False) -> Known:
        """Look at what the server has, and resolve ``auto``."""
        self._blame = True
        known = await self._means.health.look(self.model, loaded=loaded)
        self._blame = False
        if known.name:
            self.model = self.model.replace(model=known.name)
        self._means.memory.seen(self.model, self._means.health.digest(self.model))
        if known.state == "missing":
            raise AttemptError("missing-model", known.reason or "The model is missing.")
        if known.remote and self.model.local:
            self.model = self.model.replace(local=False)
        windows = [one for one in (known.window, self._candidate.window) if one]
        self._candidate = self._candidate.replace(window=min(windows) if windows else None)
        return known

    async def _find_and_load(self) -> None:
        """Find the model, and wait for its load where it is cold, or leave it behind loading."""
        known = await self._find()
        if (self.model.url, self.model.model) in self._remaining.asked:
            raise NotAdmittedError("it was asked already")
        if known.state != "cold" or known.remote:
            return
        await self._let_others_load()
        warmups, patience = self._means.warmups, self.model.cold_patience
        before = await warmups.start(self.model)
        self._means.health.ordered(self.model)
        forecast = self._means.load_seconds(self.model)
        if not self._last and (self.model.when_cold == "climb" or forecast > patience):
            raise LeftError("slow", f"{self.model.model} is not in memory; it loads in the background.")
        self._waits("loading", "it is not in memory yet")
        try:
            async with asyncio.timeout(None if self._last else patience):
                await warmups.wait(self.model, before)
                self._means.memory.learn(self.model, load=warmups.forecast(self.model))
        except AttemptError:
            self._blame = True
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
        if not self._last:
            raise LeftError("slow", f"{model.model} is not in memory, and its server is loading {other}.")
        self._waits("loading", f"its server is loading {other} first")
        await warmups.wait_for_others(model)

    def _waits(self, what: Waiting, why: str) -> None:
        self._emit(TierEvent(self._tier, self.model.model, why, what))

    async def _ask(self) -> Answer:
        fitted, question = self._fitted, self._question
        assert fitted is not None
        assert question is not None
        first = self.model.first_content + self._means.prefill_seconds(self.model, fitted.tokens)
        self._fair = self._loop.time() + first
        limits = Limits(None, None, None)
        if not self._last:
            limits = Limits(first, self.model.idle, self.model.thinking)
        self._said = Said(self._loop.time())
        chat = self._means.providers[self.model.provider]
        self._blame = True
        if self._turn is not None:
            self._turn.used()
            self._turn = None

        def thinks(event: Event) -> None:
            assert isinstance(event, TierEvent)
            self._emit(event.replace(tier=self._tier))

        def speaks() -> None:
            self._means.health.spoke(self.model, trial=self._is_trial)

        end = await speak(chat, question, limits, self._said, release=self.release, thinks=thinks, speaks=speaks)
        self._text = self._said.text
        if not undercounted(fitted.tokens, end.usage.tokens_in, question):
            self._means.learn(self.model, fitted.tokens, self._said, self._loop.time())
        fault = judge(self._call, self._text, end, fitted.tokens, self._candidate.window, question=question)
        if fault:
            raise fault
        self.release.finish()
        return Answer(self._text, self._tier, self.model.model, restore=self._restore)

    @property
    def opened(self) -> bool:
        """Whether the server sent its headers."""
        return self._said.opened

    @property
    def can_shorten(self) -> bool:
        """Whether anything in the prompt may be left out."""
        return any(part.shorten != "never" for part in self._call.parts)

    def fitted_anew(self, error: AttemptError) -> Candidate:
        """The candidate for a second try; where the server counted more than was estimated, with a smaller window."""
        window = error.window or self._candidate.window
        if error.prompt_tokens is None or self._fitted is None or not window:
            return self._candidate
        # The window in tokens as they are estimated here, for this prompt.
        return self._candidate.replace(window=int(window * min(1.0, self._fitted.tokens / error.prompt_tokens)))

    def candidate_answer(self) -> Answer | None:
        """The whole but not good enough answer, if it can be read at all; None where there is none."""
        end = self._said.end
        if end is not None and self._ascent.alone and self._text.strip():
            return Answer(self._text, self._tier, self.model.model, degraded=True, restore=self._restore)
        if end is None or end.stop == "length" or not self._text.strip() or self._call.check(self._text) is not None:
            return None
        fitted = self._fitted
        if fitted and trimmed(fitted.tokens, end.usage.tokens_in, self._candidate.window, self._question):
            return None
        return Answer(self._text, self._tier, self.model.model, degraded=True, restore=self._restore)

    def record(self, error: AttemptError | None) -> Tried:
        """The attempt's one record."""
        now, said = self._loop.time(), self._said
        usage = said.end.usage if said.end else None
        counted = usage is not None and usage.tokens_in is not None and usage.tokens_out is not None
        prompt = self._fitted.tokens if self._fitted and said.opened else 0
        attempt = Attempt(
            tier=self._tier,
            model=self.model.model,
            provider=self.model.provider,
            outcome=error.failure if error else "ok",
            reason=error.text if error else None,
            queued_ms=round(self._queued * 1000),
            first_content_ms=None if said.first_content is None else round((said.first_content - said.started) * 1000),
            total_ms=round((now - self._began) * 1000),
            tokens_in=usage.tokens_in if usage and usage.tokens_in is not None else prompt,
            tokens_out=usage.tokens_out
            if usage and usage.tokens_out is not None
            else self._means.counter.count(self.model, said.text),
            estimated=not counted and bool(prompt or said.text),
        )
        left_out = self._fitted.left_out if self._fitted else ()
        served = said.end.model if said.end else None
        redacted = self._redacted if said.opened else ()
        return Tried(attempt, self.model, served, said.simulated, left_out, redacted, said.thought)
