"""A question and its answer, independent of any protocol, and :class:`Form`: how a protocol shows them on the wire."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rung.sim.http import Wire
from rung.sim.models import SimModel
from rung.sim.tokens import Message, count_prompt

BUSY = "server busy, please try again.  maximum pending requests exceeded"
CRASHED = "an error was encountered while running the model: unexpected EOF"
TERMINATED = "llama-server process has terminated: signal: killed"


@dataclass(frozen=True)
class Piece:
    """One token-like piece of an answer."""

    text: str
    thinking: bool = False


@dataclass
class Outcome:
    """What has been said so far, and the counts and times that go with it."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish: str = "stop"
    text: str = ""
    thinking: str = ""
    load_ns: int = 1
    prompt_ns: int = 1
    eval_ns: int = 1

    @property
    def total_ns(self) -> int:
        """From the request to the end."""
        return self.load_ns + self.prompt_ns + self.eval_ns


@dataclass(frozen=True)
class Refusal:
    """An answer that is an error."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    chunked: bool | None = False


@dataclass(frozen=True)
class Ask:
    """A question to a model, whatever protocol it came by."""

    model: SimModel
    messages: Sequence[Message]
    stream: bool
    num_ctx: int
    limit: int | None = None
    """Most pieces to say; None: as many as it takes."""

    stop: tuple[str, ...] = ()
    wanted: Any = None
    """None, "json" or a JSON Schema."""

    think: bool | None = None
    keep_alive: float | None = None
    truncate: bool = True

    @property
    def asked_tokens(self) -> int:
        """Tokens of the whole prompt, before anything is cut."""
        return count_prompt(self.messages)


class Form(ABC):
    """How one protocol looks on the wire, for one exchange."""

    media = "text/event-stream"
    whole_media = "application/json"
    eager = True
    """Whether headers go out before the prompt is read."""

    def headers(self, media: str) -> dict[str, str]:
        """The headers of an answer."""
        return {"content-type": media}

    def opening(self, outcome: Outcome) -> bytes:
        """What a stream begins with, before any text."""
        del outcome
        return b""

    @abstractmethod
    def role(self, outcome: Outcome) -> bytes:
        """An opening that says who speaks, and no text."""

    @abstractmethod
    def piece(self, piece: Piece) -> bytes:
        """One piece of text."""

    @abstractmethod
    def ending(self, outcome: Outcome) -> bytes:
        """The end of a stream, its marker included."""

    @abstractmethod
    def whole(self, outcome: Outcome) -> bytes:
        """The answer as one object."""

    @abstractmethod
    def error(self, status: int, message: str, *, late: bool = False) -> Refusal:
        """An error instead of an answer; ``late``: found out after the model was ready to stream."""

    @abstractmethod
    def inband(self, message: str) -> bytes:
        """An error in the middle of a stream."""

    def crashed(self) -> bytes:
        """What is left of a stream whose model died."""
        return self.inband(CRASHED)

    def ping(self) -> bytes:
        """A sign of life without text."""
        return b": keep-alive\n\n"


async def refuse(wire: Wire, refusal: Refusal) -> None:
    """Send an error."""
    await wire.respond(refusal.status, refusal.headers, refusal.body, chunked=refusal.chunked)
