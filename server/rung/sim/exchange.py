"""What the simulator remembers of one exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PRIVATE = ("authorization", "x-api-key")


@dataclass
class SimExchange:
    """One request and how it went; fills while the answer goes out."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""

    body: Any
    """The parsed JSON, or None."""

    opened_at: float
    """The event loop's time."""

    model: str | None = None
    """The model asked for."""

    served: str | None = None
    """The name that answered, where it is another."""

    status: int | None = None
    """None until headers are sent."""

    closed_by: str | None = None
    """"server", "client", or None while it is open."""

    chunks_sent: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    loads: int = 0
    """Loads of the model this request completed."""

    fault: str | None = None
    """The kind of fault that struck it."""

    def __str__(self) -> str:
        whom = f" of {self.model}" if self.model else ""
        return (
            f"{self.method} {self.path}{whom}: status {self.status}, {self.chunks_sent} pieces, fault {self.fault}, "
            f"closed by {self.closed_by}"
        )

    def public(self) -> dict[str, Any]:
        """Everything but keys, for JSON."""
        shown = dict(vars(self))
        shown["headers"] = {name: "(sent)" if name in _PRIVATE else value for name, value in self.headers.items()}
        return shown
