"""A preview: what a request would send, and where, without anything being sent."""

from __future__ import annotations

from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rung.types.call import Message
    from rung.types.decision import Decision
    from rung.types.part import Omission
    from rung.types.plan import Candidate, Plan
    from rung.types.receipt import Redaction


class Sending(Value):
    """One question as it would be sent to the first model of its plan."""

    to: Candidate
    url: str
    """The server's address, also where the settings leave it to the provider."""
    messages: tuple[Message, ...]
    tokens: int
    """The estimate of all messages."""
    body: dict[str, Any]
    """The whole body of the request, messages and all."""
    plan: Plan
    """Whom the ladder would ask, in which order."""
    left_out: tuple[Omission, ...] = ()
    """What the prompt lacks."""
    redacted: tuple[Redaction, ...] = ()


class Preview(Value):
    """All of a request's questions."""

    decision: Decision
    sendings: tuple[Sending, ...]
    """None where Rung answers without a model."""
