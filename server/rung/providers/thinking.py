"""Thoughts that arrive inside the answer: ``<think>...</think>`` at its beginning is made into Thought events.

A model told not to think may do so all the same, and then its server passes the tags through as content (recorded:
think-false).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rung.providers.events import Content, Thought

BLANK = 64
"""Characters of white space that are held back before an answer; more of it is passed on, for who counts it."""
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a character outside the basic plane: JSON may carry one, nothing else may."""
_OPEN = "<think>"
_CLOSE = "</think>"


class ThinkTags:
    """Feed it the pieces of content in order; it gives back events with the tags taken out."""

    def __init__(self) -> None:
        self._state = "start"
        self._held = ""
        self._half = ""

    def feed(self, piece: str) -> Iterator[Content | Thought]:
        """The events this piece settles; what might still be a tag, or half a character, is held back."""
        piece = self._joined(piece)
        if self._state == "answer":
            if piece:
                yield Content(piece)
            return
        self._held += piece
        if self._state == "start":
            yield from self._start()
        elif self._state == "thinking":
            yield from self._thinking()
        else:
            yield from self._after()

    def _joined(self, piece: str) -> str:
        """The piece with its characters whole: some servers cut one in two, and half of one can't be written."""
        text, self._half = self._half + piece, ""
        if not _HALF.search(text):
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _start(self) -> Iterator[Content | Thought]:
        text = self._held.lstrip()
        if text.startswith(_OPEN):
            self._state, self._held = "thinking", text[len(_OPEN) :]
            yield from self._thinking()
        elif text and not _OPEN.startswith(text):
            self._state, held, self._held = "answer", self._held, ""
            yield Content(held)
        elif not text:
            yield from self._blank()

    def _thinking(self) -> Iterator[Content | Thought]:
        _, closed, rest = self._held.partition(_CLOSE)
        if closed:
            self._state, self._held = "after", rest
            yield Thought()
            yield from self._after()
        elif len(self._held) > len(_CLOSE):
            # The end of what is held may be the beginning of the closing tag.
            self._held = self._held[-len(_CLOSE) :]
            yield Thought()

    def _after(self) -> Iterator[Content | Thought]:
        text = self._held.lstrip()
        if text:
            self._state, self._held = "answer", ""
            yield Content(text)
        else:
            yield from self._blank()

    def _blank(self) -> Iterator[Content]:
        """White space that goes on and on: held back, nobody would see that a model says nothing else."""
        if len(self._held) > BLANK:
            held, self._held = self._held, ""
            yield Content(held)

    def end(self) -> Iterator[Content | Thought]:
        """What was held back when the stream ended: an unfinished tag is text, an unclosed thought stays a thought."""
        if self._half:
            self._half = ""
            yield from self.feed("\N{REPLACEMENT CHARACTER}")
        if self._state == "start" and self._held:
            yield Content(self._held)
        elif self._state == "thinking" and self._held:
            yield Thought()
        self._held = ""
