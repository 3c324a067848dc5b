"""What the protocols share: the models, what is loaded, the faults, and the numbering of answers."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rung.sim.answer import Answer
from rung.sim.exchange import SimExchange
from rung.sim.faults import Fault, Faults
from rung.sim.form import Ask, Form
from rung.sim.http import Request, Wire
from rung.sim.models import Pool, SimModel
from rung.sim.tokens import Message


@dataclass
class State:
    """One simulator's insides, as the protocols see them."""

    models: Sequence[SimModel]
    pool: Pool
    faults: Faults
    version: str
    token_delay: float
    started: float = field(default_factory=time.time)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def find(self, name: str, provider: str) -> SimModel | None:
        """The model of that name; Ollama's names may leave out ":latest"."""
        names = (name, f"{name}:latest") if provider == "ollama" else (name,)
        return next((model for model in self.models if model.provider == provider and model.name in names), None)

    def of(self, provider: str) -> list[SimModel]:
        """The models one provider serves."""
        return [model for model in self.models if model.provider == provider]

    async def answer(self, call: Call, form: Form, ask: Ask) -> None:
        """Give an answer by the shared rules."""
        await Answer(
            pool=self.pool,
            form=form,
            wire=call.wire,
            exchange=call.exchange,
            ask=ask,
            fault=call.fault,
            delay=self.token_delay,
        ).give()


@dataclass
class Call:
    """One request to a protocol."""

    request: Request
    wire: Wire
    exchange: SimExchange
    fault: Fault | None = None

    @property
    def body(self) -> Any:
        """The parsed JSON."""
        return self.exchange.body


def flatten(content: Any) -> str:
    """The text of a message's content: a string, or a list of parts of which the texts count."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def messages(body: Any) -> list[Message]:
    """The messages of a chat request."""
    given = body.get("messages") or []
    return [
        Message(str(message.get("role", "user")), flatten(message.get("content")))
        for message in given
        if isinstance(message, dict)
    ]


def stops(value: Any) -> tuple[str, ...]:
    """Stop sequences, given as one string or a list."""
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
