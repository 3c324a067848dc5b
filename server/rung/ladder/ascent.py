"""One call on its way up, and what is kept of each attempt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from rung.errors import AttemptError
from rung.providers.events import Question
from rung.settings.values import Settings
from rung.types.attempt import Attempt
from rung.types.call import Call
from rung.types.model import Model
from rung.types.part import Omission
from rung.types.plan import Candidate, Plan
from rung.types.receipt import Redaction
from rung.types.value import Value


class Tried(Value):
    """One attempt, with what is needed to price it."""

    attempt: Attempt
    model: Model
    served: str | None = None
    simulated: bool = False
    left_out: tuple[Omission, ...] = ()
    redacted: tuple[Redaction, ...] = ()
    thought: bool = False
    """It was seen to think, which is charged and not counted where the answer broke off."""
    seconds: float | None = None
    """From when the question left to the end of the attempt."""


class Ascent(Value):
    """One call on its way up."""

    call: Call
    plan: Plan
    order: tuple[str, ...]
    """The names of all tiers, lowest first."""
    deadline: float
    """When it must be over, on the loop's clock."""
    admit: Callable[[Candidate, Question], Awaitable[str | None]]
    """The last word before a connection is opened, given the candidate and what is to be sent: None, or why not."""
    background: bool = False
    """Nobody waits for the answer: whoever does comes first."""
    hopeless: Callable[[Model], bool] = lambda _: False
    """Whether it is plain from the first that the last word on a model will be no: nobody is hurried in its favour."""
    alone: bool = False
    """One tier or model was asked for by name: what it says is wanted even if it is not good enough."""
    whole: bool = False
    """A shortened prompt is only for want of a model whose window holds all of it."""
    quality_climbs: int = Settings.quality_climbs
    """How often it may go on because an answer was not good enough; 0: that answer is wanted even so."""


class NotAdmittedError(Exception):
    """The last word was no: nothing was attempted.

    Args:
        reason: why, as the end of a sentence.
        rests: it is only for a while, because its server is to be left alone.
    """

    def __init__(self, reason: str, *, rests: bool = False) -> None:
        super().__init__(reason)
        self.rests = rests


class NothingSaidError(AttemptError):
    """The answer was empty: there is nothing that could be shown for want of a better one."""


class OnlyThoughtError(NothingSaidError):
    """It thought until its tokens were used up, and nothing was left to answer with: given more, it may well answer."""


class NarrowError(AttemptError):
    """Its window turned out too small for the whole prompt, and somebody is left whose window is not.

    It was not asked; if nobody else answers, it gets the prompt shortened.
    """


class WaitedOutError(AttemptError):
    """It was busy, and asked again and again for as long as that makes sense."""


class LeftError(AttemptError):
    """It was left because somebody else may be faster: given more time, it may well answer."""
