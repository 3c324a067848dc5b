"""The receipts of a session, kept to be read whole: who was asked and answered, and what every rule had to say.

They live as long as the session, and are written to no log. The words of the decision are those of ``rung route``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rung.lsp.beginning import belongs
from rung.lsp.deliver import cost, told
from rung.types.value import as_dict

if TYPE_CHECKING:
    import asyncio

    from rung.lsp.beginning import Beginning
    from rung.lsp.deliver import Delivery
    from rung.lsp.server import Server
    from rung.routing.explain import Explanation
    from rung.types.attempt import Attempt
    from rung.types.receipt import Receipt

KEPT = 8
"""Receipts a session remembers; with each goes the text of its document."""


class Receipts:
    """See the module's words.

    Args:
        server: the session's.
        delivery: opens documents.
    """

    def __init__(self, server: Server, delivery: Delivery) -> None:
        self._server = server
        self._delivery = delivery
        self._kept: dict[str, tuple[Beginning, Receipt]] = {}
        self._found: dict[str, asyncio.Task[Explanation | None]] = {}

    def follow(self, beginning: Beginning) -> None:
        """A request is under way: find now what could not be found any more after it."""
        if not beginning.lasts:
            self._explanation(beginning)

    def _explanation(self, beginning: Beginning) -> asyncio.Task[Explanation | None]:
        name = beginning.request.id
        if name not in self._found:
            self._found[name] = self._server.supervisor.spawn(f"explain {name}", beginning.explain())
        return self._found[name]

    def keep(self, beginning: Beginning, receipt: Receipt) -> None:
        """Keep the receipt of a request that has ended."""
        self.follow(beginning)
        self._kept[receipt.id] = beginning, receipt
        for oldest in list(self._kept)[:-KEPT]:
            del self._kept[oldest]
            self.forget(oldest)

    def forget(self, name: str) -> None:
        """Drop what was begun for a request that has no receipt."""
        if name not in self._kept and (task := self._found.pop(name, None)):
            task.cancel()

    def latest(self, uri: str) -> list[tuple[str, str]]:
        """Id and title of the last request about a document, if it has a receipt."""
        ended = [(name, begun) for name, (begun, _) in self._kept.items()]
        about = [(name, begun) for name, begun in ended if begun.request.document and begun.request.document.uri == uri]
        return [(name, begun.action.title) for name, begun in about[-1:]]

    async def open(self, name: str | None) -> dict[str, Any] | None:
        """Open a receipt as a document, the last one where none is named.

        Gives DESIGN's ``receipt`` and ``route`` (null where that cannot be found out any more); None: no such receipt.
        """
        name = name or next(reversed(self._kept), None)
        if name is None or name not in self._kept:
            self._delivery.say("This session has no such receipt." if name else "Nothing has been answered yet.")
            return None
        begun, receipt = self._kept[name]
        found = await self._explanation(begun)
        explanation = found if found and belongs(found, receipt) else None
        await self._delivery.open_text(written(begun.action.title, receipt, explanation), "receipt.txt")
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
    if attempt.reason:
        ended += f": {attempt.reason.rstrip('.')}"
    about = "about " if attempt.estimated else ""
    numbers = [f"queued {attempt.queued_ms / 1000:.1f} s"] if attempt.queued_ms else []
    numbers += [f"{attempt.total_ms / 1000:.1f} s", f"{about}{attempt.tokens_in} + {attempt.tokens_out} tokens"]
    numbers.append(cost(attempt.cost_usd))
    return f"{attempt.tier}: {attempt.model} ({attempt.provider}): {ended} ({', '.join(numbers)})"
