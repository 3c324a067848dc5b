"""The receipts of a session, kept to be read whole: who was asked and answered, and what every rule had to say.

They live as long as the session, and are written to no log. The words of the decision are those of ``rung route``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from rung.lsp.deliver import cost, told
from rung.types.value import as_dict

if TYPE_CHECKING:
    from typing import TypeAlias

    from rung.lsp.deliver import Delivery
    from rung.routing.explain import Explanation
    from rung.types.attempt import Attempt
    from rung.types.receipt import Receipt
    from rung.types.request import Request

    Explaining: TypeAlias = asyncio.Task[Explanation]

KEPT = 8
"""Receipts a session remembers."""


class Receipts:
    """See the module's words.

    Args:
        delivery: opens documents.
    """

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._kept: dict[str, tuple[Request, str, Receipt, Explaining | None]] = {}
        self._cancelled = False

    def keep(self, request: Request, title: str, receipt: Receipt, explaining: Explaining | None) -> None:
        """Keep the receipt of a request that has ended; the explanation may take a moment longer."""
        self._kept[receipt.id] = request, title, receipt, explaining
        for oldest in list(self._kept)[:-KEPT]:
            del self._kept[oldest]

    def cancelled(self) -> None:
        """A request has ended without a receipt, because it was cancelled."""
        self._cancelled = True

    def latest(self, uri: str) -> list[tuple[str, str]]:
        """Id and title of the last request about a document, if it has a receipt."""
        about = [
            (name, title)
            for name, (request, title, *_) in self._kept.items()
            if request.document and request.document.uri == uri
        ]
        return about[-1:]

    async def open(self, name: str | None) -> dict[str, Any] | None:
        """Open a receipt as a document, the last one where none is named.

        Gives DESIGN's ``receipt`` and ``route`` (null where nothing was decided); None: no such receipt.
        """
        name = name or next(reversed(self._kept), None)
        if name is None or name not in self._kept:
            none = "The last request was cancelled." if self._cancelled else "Nothing has been answered yet."
            self._delivery.say("This session has no such receipt." if name else none)
            return None
        _, title, receipt, explaining = self._kept[name]
        explanation = await asyncio.shield(explaining) if explaining else None
        await self._delivery.open_text(written(title, receipt, explanation), "receipt.txt")
        return {"id": name, "receipt": as_dict(receipt), "route": explanation.shape() if explanation else None}


def written(title: str, receipt: Receipt, explanation: Explanation | None) -> str:
    """The whole receipt for a person to read.

    Args:
        title: the action's.
        receipt: of the request.
        explanation: of its decision; None where that is not known any more.
    """
    parts = [f"{title}: {told(receipt)}"]
    if explanation is not None:
        parts.append(explanation.text())
    else:
        parts.append(f"starts where it did: {receipt.why}\nwhat else was tried is not known any more")
    parts.append("\n".join(["asked:", *_asked(receipt)] if receipt.calls else ["asked: nobody"]))
    rest = [f"left out of the prompt: {omission.path}: {omission.why}" for omission in receipt.left_out]
    rest += [f"taken out before it left this machine: {one.count} x {one.kind}" for one in receipt.redacted]
    return "\n\n".join([*parts, *(["\n".join(rest)] if rest else [])]) + "\n"


def _asked(receipt: Receipt) -> list[str]:
    """A line for each attempt; those of several questions under each other."""
    lines = []
    for number, call in enumerate(receipt.calls, 1):
        if len(receipt.calls) > 1:
            lines.append(f"  question {number} of {len(receipt.calls)}:")
        lines += [f"  {place}. {_attempt(attempt)}" for place, attempt in enumerate(call.attempts, 1)]
        if not call.attempts:
            lines.append("  nobody")
    return lines


def _attempt(attempt: Attempt) -> str:
    ended: str = "answered" if attempt.outcome == "ok" else attempt.outcome
    if attempt.reason and attempt.outcome != "cancelled":
        ended += f": {attempt.reason.rstrip('.')}"
    about = "about " if attempt.estimated else ""
    numbers = [f"queued {attempt.queued_ms / 1000:.1f} s"] if attempt.queued_ms else []
    numbers += [f"{attempt.total_ms / 1000:.1f} s", f"{about}{attempt.tokens_in} + {attempt.tokens_out} tokens"]
    numbers.append(cost(attempt.cost_usd))
    return f"{attempt.tier}: {attempt.model} ({attempt.provider}): {ended} ({', '.join(numbers)})"
