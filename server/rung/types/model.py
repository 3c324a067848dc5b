"""A model: a candidate inside a tier, as the settings describe it."""

from __future__ import annotations

from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Provider = Literal["ollama", "openai", "anthropic", "openai-compatible"]
    WhenCold = Literal["wait", "climb"]
    WhenBusy = Literal["wait", "climb"]


class Price(Value):
    """US dollars per million tokens."""

    input: float
    output: float


class Model(Value):
    """Provider, name, address and limits of one model. All times are seconds."""

    provider: Provider
    model: str = "auto"
    """A name, or ``auto`` for the best one installed (Ollama only)."""
    url: str = ""
    """Empty: the provider's own address."""
    key: str | None = None
    """The NAME of the key in the environment, ``.env`` or keyring, never the key."""
    context: int | None = None
    """The window in tokens (Ollama's num_ctx): one fixed value per model, for another one reloads it."""
    max_parameters: float = 9e9
    """``auto`` takes no model with more parameters."""
    keep_alive: str = "30m"
    parallel: int = 1
    queue: int = 8
    """Requests that may wait for this model; one more is turned away as busy."""
    per_minute: int = 0
    """0: no limit."""
    connect: float = 0.3
    first_content: float = 30.0
    """From the slot to the first piece of real text; the prompt's tokens over the measured prefill rate come on top."""
    idle: float = 15.0
    """Between two pieces of content."""
    thinking: float = 60.0
    """How long a model may think before its first content; thinking is a sign of life, not an answer."""
    when_cold: WhenCold = "wait"
    cold_patience: float = 20.0
    when_busy: WhenBusy = "wait"
    """Whether to wait in its queue, or to climb when the wait is forecast to be longer than ``busy_patience``."""
    busy_patience: float = 20.0
    retry_after: float = 3.0
    """The longest rest that is waited out, asked for by the server or ``per_minute``; for a longer one: the next."""
    price: Price | None = None
    local: bool = False
    """Resolved when the settings are read: the user's word, else whether the address is loopback or a socket."""
    near: bool = False
    """Its server is local, though the model turned out to run elsewhere or may do so; not written in files."""
