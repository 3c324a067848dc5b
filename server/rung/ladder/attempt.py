"""One attempt: the way to the question, the question, the check of its answer, and its one record."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from rung.errors import AttemptError
from rung.ladder.admission import Admission
from rung.ladder.ascent import Ascent, LeftError, Tried
from rung.ladder.gate import judge, trimmed, undercounted
from rung.ladder.means import Means
from rung.ladder.memory import BOUNDS
from rung.ladder.prewarm import prewarm
from rung.ladder.prompt import Prompt
from rung.ladder.speak import Limits, Release, Said, speak
from rung.ladder.thinkers import headroom
from rung.routing.tokens import upper
from rung.types.attempt import Attempt
from rung.types.call import Answer
from rung.types.event import TierEvent
from rung.types.plan import Candidate

if TYPE_CHECKING:
    from rung.types.event import Event
    from rung.types.model import Model


MOST_COUNTED = BOUNDS["ratio"][1]
"""Times the estimate that a server may count of a prompt."""
SILENT = ("stalled", "slow")
"""Failures of a server that began well and did not come to an end in time: what it said until then may be of use."""


class AttemptRun:
    """One call to one model.

    Args:
        means: what all attempts share.
        ascent: the call on its way up.
        way: to the model that is to be asked.
        emit: takes the events.
    """

    def __init__(self, means: Means, ascent: Ascent, way: Admission, emit: Callable[[Event], None]) -> None:
        self._means = means
        self._ascent = ascent
        self._tier = way.candidate.tier
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._way = way
        self._said = Said(self._began)
        self._timer = asyncio.timeout_at(ascent.deadline)
        self._first: float | None = None
        """Seconds its first content may take; None: it was not asked yet."""
        self.release = Release(emit if ascent.call.stream else None)

    @property
    def model(self) -> Model:
        """Who is asked, under the name that ``auto`` stands for once it is known."""
        return self._way.model

    async def run(self) -> Answer:
        """Queue, load, ask, check.

        Raises:
            AttemptError: it failed.
            NotAdmittedError: the last word was no.
        """
        health, way = self._means.health, self._way
        way.is_trial = health.began(self.model)
        settled = False
        try:
            answer = await self._within_deadline()
            settled = True
            health.succeeded(self.model)
        except AttemptError as error:
            if way.blame:
                settled = True
                health.failed(self.model, error, trial=way.is_trial)
            raise
        finally:
            way.give_back()
            if not settled:
                health.left(self.model, trial=way.is_trial)
        return answer

    async def _within_deadline(self) -> Answer:
        way = self._way
        try:
            async with self._timer, contextlib.AsyncExitStack() as held:
                self._timer.reschedule(way.until)
                prompt = await way.pass_through(held)
                # By now it is known whether another name is the same model.
                self._timer.reschedule(way.until)
                return await self._ask(prompt)
        except LeftError as error:
            raise await self._about_silence(error) from None
        except TimeoutError:
            if not self._timer.expired():
                raise
            # Whoever got the rest of somebody else's time is not to blame for its end.
            is_fair = self._had_its_time()
            way.blame = way.blame and is_fair and self._said.first_content is None
            if self._loop.time() < self._ascent.deadline:
                text = f"{self.model.model} takes too long to leave time for the others."
                raise await self._about_silence(LeftError("slow", text)) from None
            if is_fair:
                self._learn_silence()
            raise AttemptError("slow", "The time this request may take is over.") from None

    async def _about_silence(self, error: LeftError) -> LeftError:
        """What is to be said of an attempt that was left, where nothing came back at all.

        An Ollama that lost the model in the moment before it was asked had begun to load it, and throws that away with
        the connection: then it loads behind, and nobody is to blame.
        """
        if self._first is None or self._said.first_content is not None or self._said.thought:
            return error
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._ascent.deadline):
                if await prewarm(self._means, self._way.candidate.replace(model=self.model, state="cold")):
                    self._way.blame = False
                    text = f"{self.model.model} was not in memory any more; it loads in the background."
                    return LeftError("slow", text)
        if self._had_its_time():
            self._learn_silence()
        return error

    def _had_its_time(self) -> bool:
        """Whether it was given all the time its first content may take, from when the question left."""
        said = self._said
        return self._first is not None and said.left and self._loop.time() >= said.started + self._first

    def _learn_silence(self) -> None:
        """Nothing came back for so long: the prompt may take longer to read than was thought."""
        said, prompt = self._said, self._way.prompt
        if prompt and said.first_content is None and not said.thought:
            self._means.waited(self.model, prompt.fitted.tokens, self._loop.time() - said.started)

    async def _ask(self, prompt: Prompt) -> Answer:
        way, tokens, began = self._way, prompt.fitted.tokens, self._loop.time()
        first = self.model.first_content + self._means.prefill_seconds(self.model, tokens)
        limits = Limits(first, self.model.idle, self.model.thinking)
        if way.last:
            # Nobody is left to climb to; but one that spoke and fell silent is not waited for.
            limits = Limits(None, self.model.idle, None)
        self._first = first
        self._said = Said(began)
        way.blame = True
        way.use_turn()

        def thinks(event: Event) -> None:
            assert isinstance(event, TierEvent)
            self._emit(event.replace(tier=self._tier))

        def speaks() -> None:
            self._means.health.spoke(self.model, trial=way.is_trial)

        chat, question = self._means.providers[self.model.provider], prompt.question
        try:
            end = await speak(chat, question, limits, self._said, release=self.release, thinks=thinks, speaks=speaks)
        except AttemptError as error:
            if (error.prompt_tokens or 0) > MOST_COUNTED * tokens + question.max_output:
                # So many this prompt cannot have, whoever counts: what was said of the window holds for nobody else.
                error.prompt_tokens = error.window = None
            raise
        finally:
            self._means.saw_thinking(self.model, self._said)
        if not undercounted(tokens, end.usage.tokens_in, question):
            self._means.learn(self.model, tokens, self._said, self._loop.time())
        text = self._said.text
        fault = judge(self._ascent.call, text, end, tokens, way.candidate.window, question=question)
        if fault:
            raise fault
        self.release.finish()
        return Answer(text, self._tier, self.model.model, restore=prompt.restore)

    @property
    def can_have_headroom(self) -> bool:
        """Whether a second try leaves it room for thoughts that it had none for."""
        prompt, candidate = self._way.prompt, self._way.candidate
        known = self._means.memory.of(self.model)
        if prompt is None:
            return False
        question, room = prompt.question, headroom(self.model, known, candidate.window)
        needed = upper(prompt.fitted.tokens) + question.max_output + room
        return room > question.headroom and (candidate.window is None or needed <= candidate.window)

    @property
    def left(self) -> bool:
        """Whether the question was sent."""
        return self._said.left

    @property
    def opened(self) -> bool:
        """Whether the server sent its headers."""
        return self._said.opened

    @property
    def can_shorten(self) -> bool:
        """Whether anything in the prompt may be left out."""
        return any(part.shorten != "never" for part in self._ascent.call.parts)

    def size(self, error: AttemptError) -> int:
        """Tokens of the whole prompt and its answer, by the server's count where it said one."""
        prompt, most = self._way.prompt, self._ascent.call.max_output
        return max(upper(prompt.fitted.whole) if prompt else 0, error.prompt_tokens or 0) + most

    def fitted_anew(self, error: AttemptError) -> Candidate:
        """The candidate for a second try; where the server counted more than was estimated, with a smaller window."""
        candidate, prompt = self._way.candidate, self._way.prompt
        window = error.window or candidate.window
        if error.prompt_tokens is None or prompt is None or not window:
            return candidate
        # The window in tokens as they are estimated here, for this prompt.
        return candidate.replace(window=int(window * min(1.0, prompt.fitted.tokens / error.prompt_tokens)))

    def candidate_answer(self, error: AttemptError) -> Answer | None:
        """The answer that is not good enough, if it may be shown at all; None where there is none.

        Half a one is shown only to whoever wants what this model says, whatever that is.
        """
        end, prompt, text = self._said.end, self._way.prompt, self._said.text
        if prompt is None or not text.strip() or (end is None and error.failure not in SILENT):
            return None
        ascent, window = self._ascent, self._way.candidate.window
        counted = end.usage.tokens_in if end else None
        if not ascent.alone and trimmed(prompt.fitted.tokens, counted, window, prompt.question):
            return None
        is_half = end is None or end.stop == "length"
        is_wanted = ascent.alone or ascent.quality_climbs == 0
        if not is_wanted and (is_half or ascent.call.check(text) is not None):
            return None
        return Answer(text, self._tier, self.model.model, degraded=True, restore=prompt.restore)

    def record(self, error: AttemptError | None) -> Tried:
        """The attempt's one record."""
        said, prompt = self._said, self._way.prompt
        usage = said.end.usage if said.end else None
        counted = usage is not None and usage.tokens_in is not None and usage.tokens_out is not None
        estimate = prompt.fitted.tokens if prompt and said.opened else 0
        attempt = Attempt(
            tier=self._tier,
            model=self.model.model,
            provider=self.model.provider,
            outcome=error.failure if error else "ok",
            reason=error.text if error else None,
            queued_ms=round(self._way.queued * 1000),
            first_content_ms=None if said.first_content is None else round((said.first_content - said.started) * 1000),
            total_ms=round((self._loop.time() - self._began) * 1000),
            tokens_in=usage.tokens_in if usage and usage.tokens_in is not None else estimate,
            tokens_out=usage.tokens_out
            if usage and usage.tokens_out is not None
            else self._means.counter.count(self.model, said.text),
            estimated=not counted and bool(estimate or said.text),
        )
        left_out = prompt.fitted.left_out if prompt else ()
        served = said.end.model if said.end else None
        redacted = prompt.redacted if prompt and said.opened else ()
        asked = self._loop.time() - said.started
        return Tried(attempt, self.model, served, said.simulated, left_out, redacted, said.thought, asked)
