"""Faults on demand: what a test or a person asked the simulator to do wrong, in the order they asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KINDS = {
    "status": "answer with `status` (500), `body` and `headers`",
    "no-headers": "accept, never answer",
    "slow-headers": "wait `seconds` (1.0) before answering",
    "reset-before-headers": "TCP reset instead of an answer",
    "wrong-content-type": "200 with a text/html page",
    "no-content": "headers, then nothing",
    "pings-only": "headers, then keep-alive signs every `every` (0.02) seconds for ever",
    "role-only": "the opening of an answer, then nothing",
    "stall": "`after` pieces, then nothing",
    "reset": "`after` pieces, then a TCP reset",
    "no-end": "`after` pieces, then the end without the end marker (`clean` false: not even HTTP's)",
    "error-midstream": "`after` pieces, then the protocol's in-band error with `message`",
    "malformed": "`after` pieces, then a broken one, then the end",
    "crash": "the runner dies after `after` (0) pieces, as recorded from Ollama",
    "load-failure": "the model's process dies while it loads",
    "truncated-json": "a text that stops half way, ended as if whole",
    "empty": "a proper answer without text",
    "refusal": "I'm sorry, but I can't help with that.",
    "short": "ok",
    "whitespace": "white space without end",
    "endless-thinking": "thinking without end",
    "trimmed": "counts as if the prompt had been cut",
    "length": "cut by length after `after` (5) pieces",
    "garbage-text": "words that are neither a commit message nor JSON",
}
"""Every kind, and what a client sees."""

BEFORE = frozenset({"status", "no-headers", "slow-headers", "reset-before-headers", "wrong-content-type"})
"""Kinds that strike before the request is looked at."""


@dataclass
class Fault:
    """One fault, waiting for the requests it is meant for."""

    kind: str
    model: str | None = None
    """None: any model."""

    times: int | None = 1
    """How many requests it strikes; None: for ever."""

    path: str | None = None
    """Only requests whose path begins so; None: questions to a model, never probes."""

    args: dict[str, Any] = field(default_factory=dict)

    @property
    def after(self) -> int:
        """Pieces that come through first."""
        default = {"length": 5, "crash": 0}.get(self.kind, 2)
        return int(self.args.get("after", default))


class Faults:
    """The queue of faults; the first that fits strikes."""

    def __init__(self) -> None:
        self._queue: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault at the end of the queue.

        Raises:
            ValueError: the kind does not exist.
        """
        if fault.kind not in KINDS:
            raise ValueError(f"no fault is called {fault.kind!r}; there are {', '.join(sorted(KINDS))}")
        self._queue.append(fault)

    def clear(self) -> None:
        """Forget all of them."""
        self._queue.clear()

    def take(self, path: str, model: str | None, *, preload: bool = False) -> Fault | None:
        """The fault that strikes this request, used up once; a preload is struck by a failing load alone."""
        for index, fault in enumerate(self._queue):
            if fault.path is None and (model is None or (preload and fault.kind != "load-failure")):
                continue
            if fault.path is not None and not path.startswith(fault.path):
                continue
            if fault.model is not None and fault.model != model:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    del self._queue[index]
            return fault
        return None
