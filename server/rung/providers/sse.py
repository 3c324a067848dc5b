"""Server-sent events: the pieces of a body made into events, by the standard (WHATWG HTML, section 9.2).

Lines end with LF, CR or both, several ``data`` lines are one event, a byte order mark may come first. Where the
standard loses what servers do send, this is more lenient: the last event counts without its empty line, ``[DONE]``
does not wait for one, and an object that begins right after one has ended is an event of its own. It knows nothing of
what the events say; ids and times to reconnect mean nothing here, for nobody reconnects.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from rung.errors import AttemptError
from rung.providers import transport

DONE = b"[DONE]"
"""The data that ends a stream of OpenAI's form."""
_MARK = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event; ``data`` is never empty."""

    name: str
    """Of its ``event`` field, empty where it has none."""
    data: bytes


class Parser:
    """Feed it the pieces of a body in order; what it gives back does not depend on where they were cut."""

    def __init__(self) -> None:
        # In pieces until its end has come: joined at every chunk, a long line would be copied a thousand times.
        self._begun: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._is_first = True
        self._name = ""
        self._data: list[bytes] = []
        self._held = 0
        self._loose: list[bytes] = []
        self._stray = 0

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this piece ends.

        Raises:
            AttemptError: ``broken``, a line or an event longer than :data:`transport.LONGEST_LINE`.
        """
        found: list[Event] = []
        if not chunk:
            return found
        # Waiting for the LF that may follow a CR would hold back an event that is whole.
        joins, self._after_cr = self._after_cr and chunk.startswith(b"\n"), chunk.endswith(b"\r")
        lines = chunk[joins:].splitlines()
        rest = b"" if chunk.endswith((b"\n", b"\r")) else lines.pop()
        for line in lines:
            if self._begun:
                self._begun.append(line)
                line, self._begun, self._size = b"".join(self._begun), [], 0  # noqa: PLW2901 - it is the same line
            self._line(line, found)
        if rest:
            self._begun.append(rest)
            self._size = _bounded(self._size + len(rest))
        return found

    def end(self) -> list[Event]:
        """What was begun when the body ended."""
        found: list[Event] = []
        if self._begun:
            self._line(b"".join(self._begun), found)
            self._begun = []
        self._dispatch(found)
        return found

    @property
    def loose(self) -> bytes:
        """What stands in no field, from its first bracket on: a body that is JSON and no stream of events."""
        return b"\n".join(self._loose)

    @property
    def whole(self) -> dict[str, Any]:
        """The object that such a body is; empty where it is none. Some put an error into a list."""
        try:
            found = json.loads(self.loose)
        except (ValueError, RecursionError):
            return {}
        return next((item for item in (found if isinstance(found, list) else [found]) if isinstance(item, dict)), {})

    def _line(self, line: bytes, found: list[Event]) -> None:
        if self._is_first:
            line, self._is_first = line.removeprefix(_MARK), False
        if line.startswith(b"data:"):
            self._take(line[6:] if line.startswith(b" ", 5) else line[5:], found)
            return
        name, _, value = line.partition(b":")
        if not line:
            self._dispatch(found)
        elif name == b"event":
            self._name = value.strip().decode("utf-8", "replace")
        elif name == b"error":
            # llama.cpp puts an error into a field of that name.
            self._name = "error"
            self._take(value.removeprefix(b" "), found)
        elif name == b"data":
            self._data.append(b"")
        elif name not in {b"", b"id", b"retry"} and (self._loose or line.lstrip().startswith((b"{", b"["))):
            self._stray += len(line)
            if self._stray <= transport.LONGEST_LINE:
                self._loose.append(line)

    def _take(self, value: bytes, found: list[Event]) -> None:
        # In no JSON text does anything open right after a line that ends with a closed object.
        if self._data and self._data[-1].endswith(b"}") and value.startswith((b"{", b"[")):
            name = self._name
            self._dispatch(found)
            self._name = name
        self._data.append(value)
        self._held = _bounded(self._held + len(value))
        if value.strip() == DONE:
            self._dispatch(found)

    def _dispatch(self, found: list[Event]) -> None:
        if self._data:
            data = b"\n".join(self._data)
            if data.strip():
                found.append(Event(self._name, data))
            self._data, self._held = [], 0
        self._name = ""


def _bounded(size: int) -> int:
    if size > transport.LONGEST_LINE:
        raise AttemptError("broken", "The server sent a line that does not end.")
    return size
