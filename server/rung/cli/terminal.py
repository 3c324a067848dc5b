"""What a running request shows: the answer as it streams, a line while it waits, the receipt with ``--verbose``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from rung.types.event import ResetEvent, TextEvent, TierEvent
from rung.types.pattern import lazy
from rung.types.receipt import Receipt

if TYPE_CHECKING:
    from rung.types.event import Event

_OBEYED = lazy(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Characters that terminals obey instead of showing them; a model may have read them anywhere."""


def printable(text: str, out: TextIO) -> str:
    """A model's text as it may go to ``out``: a terminal gets nothing that it would obey."""
    return _OBEYED.sub("", text) if out.isatty() else text


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
            self._wait(f"{event.tier}: {event.model} ({event.waiting}: {event.reason})")
        elif isinstance(event, TextEvent):
            if self._stream:
                self._wait("")
                self._write(event.text)
        elif isinstance(event, ResetEvent) and self._stream:
            self._end_line()
            self.shown = ""
            self._err.write(f"rung: that was not it: {event.reason} Once more:\n")
            self._err.flush()

    def _write(self, text: str) -> None:
        self.shown += text
        self._out.write(printable(text, self._out))
        self._out.flush()

    def _end_line(self) -> None:
        if self.shown and not self.shown.endswith("\n"):
            self._out.write("\n")
            self._out.flush()

    def _wait(self, line: str) -> None:
        """The line that says what is waited for; only a terminal gets one, and only as much as fits into one line."""
        if line == self._line or not self._err.isatty():
            return
        columns = os.get_terminal_size(self._err.fileno()).columns or 80
        line = printable(line, self._err)[: columns - 1]
        self._err.write("\r" + line.ljust(len(self._line)) + ("\r" if not line else ""))
        self._err.flush()
        self._line = line

    def finish(self, text: str) -> None:
        """The whole answer, unless it has been shown already just so."""
        self._wait("")
        if self.shown.strip() != text.strip():
            self._end_line()
            self._write(text)
        self.close()

    def close(self) -> None:
        """Leave the cursor at the start of a line, whatever happened."""
        self._wait("")
        self._end_line()
        self.shown = ""


def interactive() -> bool:
    """Whether a person reads standard output as it comes."""
    return sys.stdout.isatty()


def summary(receipt: Receipt) -> str:
    """The receipt in a few lines for ``--verbose``."""
    cost = "cost unknown" if receipt.cost_usd is None else f"${receipt.cost_usd:.6f}".rstrip("0").rstrip(".")
    marks = [word for word, on in (("simulated", receipt.simulated), ("not good enough", receipt.degraded)) if on]
    head = f"{receipt.who}, {receipt.total_ms / 1000:.1f} s, {receipt.tokens_in} + {receipt.tokens_out} tokens, {cost}"
    lines = [head + (f" [{', '.join(marks)}]" if marks else ""), f"why: {receipt.why}"]
    for call in receipt.calls:
        failed = [a for a in call.attempts if a.outcome != "ok"]
        # A second try at the same tier, or an answer shown though it is not good enough, is no escalation.
        lines += [
            f"{'tried' if a.tier == receipt.tier else 'escalated from'} {a.tier} ({a.model}): {a.reason}"
            for a in failed
        ]
    lines += [skipped.sentence() for skipped in (*receipt.skipped, *receipt.not_asked)]
    lines += [f"left out: {omission.path}: {omission.why}" for omission in receipt.left_out]
    lines += [f"redacted: {redaction.count} x {redaction.kind}" for redaction in receipt.redacted]
    return "\n".join(f"rung: {line}" for line in lines)
