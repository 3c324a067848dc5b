"""A call: one question to the ladder, and what comes back."""

from __future__ import annotations

from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any, Literal

    from rung.types.part import Part

    Role = Literal["system", "user", "assistant"]


class Message(Value):
    """One message of a chat."""

    role: Role
    content: str


class Call(Value):
    """One question: parts, how to render those that fit, and how to check what comes back."""

    parts: tuple[Part, ...]
    render: Callable[[Sequence[Part]], tuple[Message, ...]]
    max_output: int
    check: Callable[[str], str | None]
    """The action's own format: None when the raw answer can be read, else the reason it cannot, quoting nothing."""
    doubt: Callable[[str], str | None] | None = None
    """The same for an answer that can be read and is not as it should be: it is shown, marked, for want of better."""
    schema: dict[str, Any] | None = None
    """A JSON schema the answer must have, for servers that can be held to one."""
    min_chars: int = 0
    stream: bool = True
    """Whether pieces may be shown before the whole answer is checked."""
    part: str | None = None
    """Which part of several questions it is, for who waits: "part 2 of 5"."""


class Answer(Value):
    """A whole answer that passed the gate, or the best there was, marked ``degraded``."""

    text: str
    tier: str
    model: str
    degraded: bool = False
    restore: Callable[[str], str] = str
    """Puts back the secrets that were taken out of the prompt, in a text that quotes it; never into a new text."""


if TYPE_CHECKING:
    Ask = Callable[[Call], Awaitable[Answer]]
    """What the engine hands to an action, so that nothing but the ladder talks to a provider."""
