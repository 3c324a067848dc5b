"""What ``rung/run`` streams to a plugin while it works: DESIGN's ``tier``, ``text`` and ``reset`` values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rung.types.event import ResetEvent, TextEvent, TierEvent

if TYPE_CHECKING:
    from rung.lsp.server import Server
    from rung.types.event import Event


class Stream:
    """One request's stream.

    Args:
        server: the session's.
        token: the client's ``partialResultToken``; None: it wants no stream.
    """

    def __init__(self, server: Server, token: int | str | None) -> None:
        self._server = server
        self._token = token
        self._tier: dict[str, Any] | None = None

    def send(self, event: Event) -> None:
        """Send an event, if it is one that a plugin shows."""
        if self._token is None:
            return
        if isinstance(event, TextEvent):
            self._say({"kind": "text", "text": event.text})
        elif isinstance(event, ResetEvent):
            self._say({"kind": "reset", "reason": event.reason})
        elif isinstance(event, TierEvent):
            value = {"kind": "tier", "tier": event.tier, "model": event.model, "reason": event.reason}
            # What an attempt waits for is told by its progress; here only an attempt at somebody else is news.
            if value != self._tier:
                self._tier = value
                self._say(value)

    def _say(self, value: dict[str, Any]) -> None:
        self._server.protocol.notify("$/progress", {"token": self._token, "value": value})
