"""A review as its answers come in: one question for each piece of the file, and nothing that was found is lost.

It asks nobody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rung.actions.results import findings
from rung.types.outcome import Finding, Unreviewed
from rung.types.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rung.errors import NoAnswerError
    from rung.types.call import Answer
    from rung.types.part import Part
    from rung.types.request import Range

PIECE = 24_000
"""Characters of a file that one question of a review may hold (about 6,000 tokens): small models lose the thread of
more. A longer file makes several questions."""
LEAST = 2_000
"""Characters; a piece of so many is not cut again, however small a window is."""
SILENCES = 2
"""Questions in a row without an answer after which nobody is asked any more."""


class Piece(Value):
    """What one question is about."""

    text: str
    start: int
    """Where it begins in the file's text."""
    range: Range | None
    """None: it is the whole file."""
    place: str | None = None
    """Which of several it is: "part 2 of 5"."""


class Review:
    """The review of one file.

    Args:
        whole: the file.
    """

    def __init__(self, whole: Part) -> None:
        self._whole = whole
        self._found: list[Finding] = []
        self._unread: list[str] = []
        self._missing: list[Unreviewed] = []
        self._answered = 0
        self._silences = 0
        self._first: NoAnswerError | None = None
        self._too_long: NoAnswerError | None = None
        """The piece asked about last was too long for somebody's window."""
        self.degraded = False
        """Some answer was the best there was, and not good enough."""

    def pieces(self) -> Iterator[Piece]:
        """What is still worth asking about, one after the other, while the answers are told to this object.

        Raises:
            NoAnswerError: in the end, where not one of the questions had an answer.
        """
        text, start, number = self._whole.text, 0, 0
        parts = pieces(text)
        while parts:
            number, end = number + 1, start + len(parts[0])
            if end - start < len(text):
                name = f"part {number} of {number + len(parts) - 1}"
                piece = Piece(parts[0], start, findings.span(text, start, end), name)
            else:
                piece = Piece(parts[0], start, None)
            if self._silences < SILENCES:
                yield piece
            else:
                self._lacks(piece, "Nobody was asked about them: to the questions before there was no answer.")
            if self._too_long is not None:
                error, self._too_long = self._too_long, None
                smaller = pieces(text[start:], len(piece.text) // 2)
                if len(piece.text) > LEAST and len(smaller[0]) < len(piece.text):
                    parts, number = smaller, number - 1
                    continue
                self._fails(piece, error)
            parts, start = parts[1:], end
        if self._first is not None and not self._answered:
            raise self._first

    def take(self, piece: Piece, answer: Answer) -> None:
        """Read an answer; one without findings that can be read is kept as it came."""
        self._answered, self._silences = self._answered + 1, 0
        self.degraded = self.degraded or answer.degraded
        path = self._whole.path or ""
        if answer.degraded and findings.fault(answer.text) is not None:
            about = Unreviewed(path, "", piece.range).lines
            head = f"No findings could be read in the answer about {about}:\n\n" if about else ""
            self._unread.append(head + answer.text.strip())
        else:
            self._found.extend(findings.read(answer.text, self._whole.text, path, piece.start, answer.restore))

    def miss(self, piece: Piece, error: NoAnswerError) -> None:
        """Nobody had an answer; where it is for want of room in a window, what follows are smaller pieces of it."""
        if error.too_long:
            self._too_long = error
        else:
            self._fails(piece, error)

    def _fails(self, piece: Piece, error: NoAnswerError) -> None:
        self._first, self._silences = self._first or error, self._silences + 1
        self._lacks(piece, error.sentence())

    def _lacks(self, piece: Piece, why: str) -> None:
        self._missing.append(Unreviewed(self._whole.path or "", why, piece.range))

    @property
    def findings(self) -> tuple[Finding, ...] | None:
        """All that was found; None where there was not one answer that could be read."""
        if len(self._unread) == self._answered:
            return None
        # A quote that stands nowhere in the file is a thing the model made up.
        real = (finding for finding in self._found if finding.range is not None or not finding.quote)
        return tuple(dict.fromkeys(real))

    @property
    def text(self) -> str | None:
        """The answers nobody could read as findings, and of which lines they are."""
        return "\n\n".join(self._unread) or None

    @property
    def unreviewed(self) -> tuple[Unreviewed, ...] | None:
        """The pieces about which there was no answer."""
        return tuple(self._missing) or None


def pieces(source: str, most: int = PIECE) -> list[str]:
    """A long text in pieces of whole lines, cut where a blank line or a line without indent begins a new thought.

    Args:
        source: the text.
        most: characters of a piece; a line that is longer is one of its own.
    """
    if len(source) <= most:
        return [source]
    lines = re.findall(r"[^\n]*\n|[^\n]+\Z", source)
    out, current, size = [], list[str](), 0
    for i, line in enumerate(lines):
        fresh = size > most * 0.6 and line[:1].strip() and i > 0 and not lines[i - 1].strip()
        if current and (fresh or size + len(line) > most):
            out.append("".join(current))
            current, size = [], 0
        current.append(line)
        size += len(line)
    return [*out, "".join(current)] if current else out
