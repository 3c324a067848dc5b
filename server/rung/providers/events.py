"""What a provider's stream says, the same for every protocol.

A stream is an async generator of these. It ends with exactly one :class:`Finished`; one that ends without it is an
error (``broken``), for many servers end half an answer without a word. Closing the generator closes the connection.
"""

from __future__ import annotations

from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import Any, Literal, Protocol

    from rung.types.call import Message
    from rung.types.model import Model

    Stop = Literal["stop", "length"]
    """The model was done, or ran into ``max_output``."""


class Usage(Value):
    """Tokens as the server counted them; None where it did not say."""

    tokens_in: int | None = None
    tokens_out: int | None = None


class Opened(Value):
    """The server sent its headers."""

    simulated: bool = False
    """The server says it is a simulator."""


class Content(Value):
    """A piece of real text, never empty."""

    text: str


class Thought(Value):
    """The model thinks: a sign of life, not an answer. The text is not kept."""


class Retracted(Value):
    """All Content so far turns out to have been thought, and is void: the answer begins after this."""


class Finished(Value):
    """The end marker came."""

    stop: Stop
    usage: Usage = Usage()
    model: str | None = None
    """The model the server says it served; prices go by it."""
    load: float | None = None
    """Seconds the server says it took to load the model."""
    prefill: float | None = None
    """Seconds the server says it took to read the prompt."""


class Question(Value):
    """What is asked of one model."""

    model: Model
    messages: tuple[Message, ...]
    max_output: int
    schema: dict[str, Any] | None = None
    headroom: int = 0
    """Tokens on top of ``max_output`` for the thoughts of a model that can't be told not to have any; 0: it can."""


if TYPE_CHECKING:
    StreamEvent = Opened | Content | Thought | Retracted | Finished

    class Chat(Protocol):
        """The one thing a provider must do."""

        def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
            """Stream the answer.

            Raises:
                AttemptError: with the outcome word that fits; its text names server and status, never the prompt.
            """
            ...

    class Prepared(Chat, Protocol):
        """A provider that has something to do before its first question can leave."""

        async def prepare(self, question: Question) -> None:
            """Do it, so that the time it takes is not the server's.

            Raises:
                AttemptError: the question could not be sent anyway.
            """
            ...
