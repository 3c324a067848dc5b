"""One attempt's conversation: a question sent, the stream read under its limits, the text let out when it may be.

Only real text ends the wait for the first content, which begins when the question can leave; thinking is a sign of life
under a cap of its own. The last attempt of a plan has all the time until the deadline for its first content, for nobody
is left to climb to; once it speaks, it may not fall silent either.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING

from rung.errors import AttemptError
from rung.ladder.ascent import LeftError
from rung.ladder.refusals import refuses
from rung.providers.events import Content, Finished, Opened, Question, Retracted, Thought
from rung.types.event import ResetEvent, TextEvent, TierEvent
from rung.types.model import Model
from rung.types.value import Value

if TYPE_CHECKING:
    from rung.providers.events import Chat, StreamEvent

HOLD = 60
"""Characters held back until they show whether the answer begins as a refusal; the end of a line settles it sooner."""
RUNAWAY = 400
"""Characters of white space in a row: a grammar that loops (facts 8)."""

Emit = Callable[[TierEvent | TextEvent | ResetEvent], None]


class Limits(Value):
    """Seconds; None: only the deadline holds."""

    first_content: float | None
    idle: float | None
    thinking: float | None


class Release:
    """Lets text out once it does not begin as a refusal.

    Args:
        emit: takes what may be shown; None: nothing may be shown before the whole answer is checked.
    """

    def __init__(self, emit: Emit | None) -> None:
        self._emit = emit
        self._held = ""
        self.shown = False

    def feed(self, text: str) -> None:
        """The next piece."""
        if self._emit is None:
            return
        self._held += text
        settled = len(self._held) >= HOLD or "\n" in self._held.lstrip()
        if not self.shown and (not settled or refuses(self._held)):
            return
        self.shown = True
        self._emit(TextEvent(self._held))
        self._held = ""

    def void(self) -> None:
        """All text so far was thought and no answer: what was shown of it is called back."""
        if self._emit is not None and self.shown:
            self._emit(ResetEvent("The model was still thinking."))
        self._held, self.shown = "", False

    def finish(self) -> None:
        """The answer passed the gate: what is held goes out."""
        if self._emit is not None and self._held:
            self.shown = True
            self._emit(TextEvent(self._held))
        self._held = ""


class Said:
    """What came back so far; filled while the stream is read, so that a broken one leaves its traces.

    Times are the loop's clock.
    """

    def __init__(self, started: float) -> None:
        self.started = started
        self.left = False
        """Nothing of ours kept the question back any more."""
        self.pieces: list[str] = []
        self.first_content: float | None = None
        self.blank = 0
        """Characters of white space since the last other one."""
        self.simulated = False
        self.opened = False
        self.thought = False
        """The model was seen to think, of which nobody knows how much."""
        self.end: Finished | None = None

    def void(self) -> None:
        """All content so far was thought."""
        self.pieces.clear()
        self.first_content, self.blank, self.thought = None, 0, True

    @property
    def text(self) -> str:
        """All content so far."""
        return "".join(self.pieces)


async def speak(
    chat: Chat,
    question: Question,
    limits: Limits,
    said: Said,
    *,
    release: Release,
    thinks: Emit,
    speaks: Callable[[], None],
) -> Finished:
    """Ask, and read until the end marker.

    Args:
        chat: the provider.
        question: what is asked.
        limits: how long what may take.
        said: filled on the way.
        release: gets each piece.
        thinks: told once when the model begins to think.
        speaks: told once when the first content is there.

    Raises:
        AttemptError: ``slow``, ``stalled``, or whatever the provider raised.
    """

    def begins() -> None:
        thinks(TierEvent("", question.model.model, "it thinks before it answers", "thinking"))

    # What has to be imported first is not the server's to answer for.
    prepare = getattr(chat, "prepare", None)
    if prepare is not None:
        await prepare(question)
        said.started = asyncio.get_running_loop().time()
    said.left = True
    timer = asyncio.timeout(limits.first_content)
    try:
        async with timer, contextlib.aclosing(chat.chat(question)) as stream:
            await _listen(stream, _Patience(timer, limits), said, release, thinks=begins, speaks=speaks)
    except TimeoutError:
        if not timer.expired():
            raise
        raise _too_slow(question.model, said) from None
    if said.end is None:
        raise AttemptError("broken", "The answer ended before it was whole.")
    return said.end


class _Patience:
    """How long the next sign of life is waited for.

    Thoughts before the answer have one cap. Between two pieces of it they go on under the same cap, from the last
    piece; but there somebody reads already, so that silence counts as well.
    """

    def __init__(self, timer: asyncio.Timeout, limits: Limits) -> None:
        self._timer = timer
        self._limits = limits
        self._thinking_ends: float | None = None

    def thinks(self, now: float, *, speaks: bool) -> None:
        """It thought; ``speaks``: in the middle of its answer."""
        if self._thinking_ends is None and self._limits.thinking is not None:
            self._thinking_ends = now + self._limits.thinking
        ends = [self._thinking_ends] if self._thinking_ends is not None else []
        if speaks and self._limits.idle is not None:
            ends.append(now + self._limits.idle)
        self._timer.reschedule(min(ends, default=None))

    def speaks(self, now: float, text: str) -> None:
        """It said something of its answer."""
        if text.strip():
            self._thinking_ends = None
        self._timer.reschedule(None if self._limits.idle is None else now + self._limits.idle)


async def _listen(
    stream: AsyncGenerator[StreamEvent],
    patience: _Patience,
    said: Said,
    release: Release,
    *,
    thinks: Callable[[], None],
    speaks: Callable[[], None],
) -> None:
    loop, thought = asyncio.get_running_loop(), False
    async for event in stream:
        spoke = said.first_content is not None
        if isinstance(event, Opened):
            said.opened, said.simulated = True, event.simulated
        elif isinstance(event, Thought):
            if not (thought or spoke):
                thinks()
            said.thought = thought = True
            patience.thinks(loop.time(), speaks=spoke)
        elif isinstance(event, Content):
            _take(event, said, release, loop.time())
            if said.first_content is not None:
                patience.speaks(loop.time(), event.text)
                if not spoke:
                    speaks()
        elif isinstance(event, Retracted):
            said.void()
            release.void()
        else:
            said.end = event


def _take(event: Content, said: Said, release: Release, now: float) -> None:
    """Keep a piece of content; white space alone is no first content and must not go on for ever."""
    said.pieces.append(event.text)
    if event.text.strip():
        said.first_content = now if said.first_content is None else said.first_content
        said.blank = len(event.text) - len(event.text.rstrip())
    else:
        said.blank += len(event.text)
    if said.blank > RUNAWAY:
        raise AttemptError("bad-answer", "The model repeats white space.")
    release.feed(event.text)


def _too_slow(model: Model, said: Said) -> AttemptError:
    if said.first_content is not None:
        return AttemptError("stalled", f"{model.model} stopped in the middle of its answer.")
    if said.thought:
        return LeftError("slow", f"{model.model} thought for too long.")
    return LeftError("slow", f"{model.model} said nothing in time.")
