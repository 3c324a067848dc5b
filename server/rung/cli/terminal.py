"""What a running request shows: the answer as it streams, a line while it waits, the receipt with ``--verbose``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from rung.types.event import ResetEvent, TextEvent, TierEvent
from rung.types.receipt import Receipt

if TYPE_CHECKING:
    from rung.types.event import Event

WORDS = {"queued": "queued", "loading": "loading", "asking": "asking", "thinking": "thinking"}


class Display:
    """Where events go.

    Args:
        stream: whether pieces of the answer are printed as they come (a terminal, and no ``--json``).
        out: standard output.
        err: standard error.
    """

    def __init__(self, *, stream: bool, out: TextIO, err: TextIO) -> None:
        self._stream = stream
        self._out = out
        self._err = err
        self._line = ""
        self.shown = ""

    def take(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, TierEvent):
            self._wait(f"{event.tier}: {event.model} ({WORDS[event.waiting]}: {event.reason})")
        elif isinstance(event, TextEvent):
            if self._stream:
                self._wait("")
                self.shown += event.text
                self._out.write(event.text)
                self._out.flush()
        elif isinstance(event, ResetEvent) and self._stream:
            self.shown = ""
            self._out.write("\n")
            self._out.flush()
            self._err.write(f"rung: that was not it ({event.reason}) Once more:\n")

    def _wait(self, line: str) -> None:
        """The line that says what is waited for; only a terminal gets one."""
        if not self._err.isatty():
            return
        line = line[:110]
        self._err.write("\r" + line.ljust(len(self._line)) + ("\r" if not line else ""))
        self._err.flush()
        self._line = line

    def finish(self, text: str | None) -> None:
        """The end: the whole answer, unless it has been shown already just so."""
        self._wait("")
        if text is None:
            return
        if self.shown.strip() == text.strip():
            self._out.write("" if self.shown.endswith("\n") else "\n")
        else:
            self._out.write(("\n" if self.shown else "") + text + ("" if text.endswith("\n") else "\n"))
        self._out.flush()


def interactive() -> bool:
    """Whether a person reads standard output as it comes."""
    return sys.stdout.isatty()


def summary(receipt: Receipt) -> str:
    """The receipt in a few lines for ``--verbose``."""
    cost = "cost unknown" if receipt.cost_usd is None else f"${receipt.cost_usd:.6f}".rstrip("0").rstrip(".")
    who = "without a model" if receipt.builtin else f"{receipt.tier} ({receipt.model or 'nobody'})"
    marks = [word for word, on in (("simulated", receipt.simulated), ("not good enough", receipt.degraded)) if on]
    head = f"{who}, {receipt.total_ms / 1000:.1f} s, {receipt.tokens_in} + {receipt.tokens_out} tokens, {cost}"
    lines = [head + (f" [{', '.join(marks)}]" if marks else ""), f"why: {receipt.why}"]
    for call in receipt.calls:
        lines += [f"escalated from {a.tier} ({a.model}): {a.reason}" for a in call.attempts if a.outcome != "ok"]
    lines += [f"left out: {omission.path}: {omission.why}" for omission in receipt.left_out]
    return "\n".join(f"rung: {line}" for line in lines)
