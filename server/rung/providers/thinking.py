"""Thoughts that arrive inside the answer, made into Thought events: ``<think>...</think>`` at its beginning, and kin.

A model told not to think may do so all the same, and then its server passes the tags through as content (recorded:
think-false). Some templates open the tag in the prompt, so that only its end is said: then all before it was thought,
and what went out of it is called back. What stands in the middle of an answer stays, for it may be what it is about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from rung.providers.events import Content, Retracted, Thought

if TYPE_CHECKING:
    from rung.providers.events import Question

    Event = Content | Retracted | Thought

BLANK = 64
"""Characters of white space that are held back before an answer; more of it is passed on, for who counts it."""
LOOKS = 20
"""Closing tags that are looked at; an answer with more of them is about them."""
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a character outside the basic plane: JSON may carry one, nothing else may."""

ALWAYS = {"<think>": "</think>", "[think]": "[/think]", "<|channel>thought": "<channel|>"}
"""Marks that begin a thought at the beginning of an answer, and their ends; in any case."""
PERHAPS = {
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
}
"""The same, but not where the prompt has them: other documents than answers begin so too."""
CHANNELS = ("<|channel|>", "<|start|>")
"""How a message of the harmony format begins; what goes before :data:`SPEAKS` says to whom it speaks."""
SPEAKS = "<|message|>"
FINAL = "<|channel|>final<|message|>"
ASIDE = ("analysis", "commentary")
"""The channels that do not speak to the person."""
_OPENS = (*ALWAYS, *PERHAPS, *CHANNELS)
_CLOSES = {end: begin for begin, end in {**ALWAYS, **PERHAPS}.items()} | {FINAL: CHANNELS[0]}
_MESSAGE_ENDS = ("<|end|>", "<|return|>", "<|call|>", *CHANNELS)
_LONGEST = max(map(len, (*_OPENS, *_CLOSES, *_MESSAGE_ENDS)))


def _any_of(marks: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, marks)), re.IGNORECASE | re.ASCII)


_OPEN, _CLOSE, _MESSAGE_END = _any_of(_OPENS), _any_of(tuple(_CLOSES)), _any_of(_MESSAGE_ENDS)


def tags_for(question: Question) -> ThinkTags:
    """What reads the answer to this question."""
    return ThinkTags("\n".join(message.content for message in question.messages))


class ThinkTags:
    """Feed it the pieces of content in order; it gives back events with the thoughts taken out.

    Args:
        prompt: what was asked; tags it has are not looked for where they may be the answer's own.
    """

    def __init__(self, prompt: str = "") -> None:
        asked = prompt.lower()
        self._asked = {mark for mark in (*_OPENS, *_CLOSES) if mark in asked}
        self._steps: dict[str, Callable[[bool], Iterable[Event]]] = {
            "start": self._start,
            "thinking": self._thinking,
            "after": self._start,
            "header": self._header,
            "answer": self._answer,
        }
        self._state = "start"
        self._held = ""
        self._half = ""
        self._end = _CLOSE
        """What ends the thought that goes on."""
        self._is_message = False
        """The answer is a message of the harmony format, and so has an end of its own."""
        self._said: list[str] = []
        """The answer that went out."""
        self._looks = LOOKS

    def feed(self, piece: str) -> Iterator[Event]:
        """The events this piece settles; what might still be a tag, or half a character, is held back."""
        self._held += self._joined(piece)
        yield from self._settle(ended=False)

    def end(self) -> Iterator[Event]:
        """What was held back when the stream ended: an unfinished tag is text, an unclosed thought stays a thought."""
        if self._half:
            self._half = ""
            self._held += "\N{REPLACEMENT CHARACTER}"
        yield from self._settle(ended=True)
        self._held = ""

    def _settle(self, *, ended: bool) -> Iterator[Event]:
        state = None
        while state != self._state:
            state = self._state
            yield from self._steps[state](ended)

    def _joined(self, piece: str) -> str:
        """The piece with its characters whole: some servers cut one in two, and half of one can't be written."""
        text, self._half = self._half + piece, ""
        if not _HALF.search(text):
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _start(self, ended: bool) -> Iterator[Event]:  # noqa: FBT001 - private, one caller
        """The beginning of the answer, or what comes after a thought: another one, or the answer."""
        text = self._held.lstrip()
        if not text:
            yield from self._blank(ended=ended)
            return
        found = _OPEN.match(text)
        mark = found[0].lower() if found else ""
        if found and not (mark in PERHAPS and mark in self._asked):
            self._held = text[found.end() :]
            self._state = "header" if mark in CHANNELS else "thinking"
            self._end = _any_of(((ALWAYS | PERHAPS).get(mark, ""),))
        elif found or ended or not any(mark.startswith(text.lower()) for mark in _OPENS):
            # White space before the first word is the model's; after a thought it belongs to that.
            self._held = self._held if self._state == "start" else text
            self._state = "answer"

    def _thinking(self, ended: bool) -> Iterator[Event]:  # noqa: FBT001 - private, one caller
        found = self._end.search(self._held)
        if found:
            self._state = "header" if self._end is _MESSAGE_END else "after"
            self._held = self._held[found.end() :]
            yield Thought()
        elif ended or len(self._held) > _LONGEST:
            # The end of what is held may be the beginning of the closing tag.
            self._held = self._held[-_LONGEST:]
            yield Thought()

    def _header(self, ended: bool) -> Iterable[Event]:  # noqa: FBT001 - private, one caller
        """Between two messages of the harmony format, until it is known whom the next one speaks to."""
        before, found, rest = self._held.partition(SPEAKS)
        if not found:
            self._held = "" if ended else self._held[-4 * _LONGEST :]
            return ()
        self._held, self._end = rest, _MESSAGE_END
        channel = before.rpartition(CHANNELS[0])[2]
        self._is_message = not any(name in channel for name in ASIDE)
        self._state = "after" if self._is_message else "thinking"
        return ()

    def _answer(self, ended: bool) -> Iterator[Event]:  # noqa: FBT001 - private, one caller
        marks = _MESSAGE_END if self._is_message else _CLOSE
        while self._looks and (found := marks.search(self._held)):
            before, rest = self._held[: found.start()], self._held[found.end() :]
            if self._is_message:
                self._state, self._held = "header", rest
                yield from self._say(before)
                return
            if not (rest or ended):
                # What follows tells whether it is a tag or the mention of one.
                yield from self._say(before)
                self._held = found[0]
                return
            self._looks -= 1
            if self._ends_a_thought(found[0].lower(), before, rest):
                self._held, self._is_message = rest, found[0].lower() == FINAL
                self._state = "after"
                yield Retracted() if self._said else Thought()
                self._said = []
                return
            self._held = rest
            yield from self._say(before + found[0])
        kept = 0 if ended else _begun(self._held, _MESSAGE_ENDS if self._is_message else tuple(_CLOSES))
        say, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        yield from self._say(say)

    def _ends_a_thought(self, mark: str, before: str, rest: str) -> bool:
        """Whether all before a closing tag was thought, and the tag is not just spoken of.

        It is where nothing opened it, neither prompt nor answer have it for a subject, and it stands where models put
        it: on a line of its own or right between two texts, not in code, in quotation marks or among words.
        """
        opening = _CLOSES[mark]
        if mark in self._asked or opening in self._asked:
            return False
        text = "".join((*self._said, before))
        line = text.rpartition("\n")[2]
        in_code = text.count("```") % 2 or line.count("`") % 2
        is_quoted = line[-1:] in set("\"'\N{LEFT DOUBLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}«„(")
        is_among_words = bool(line.strip()) and line[-1].isspace() and not rest.startswith(("\n", "\r"))
        is_opened = mark != FINAL and opening in text.lower()
        return not (in_code or is_quoted or is_among_words or is_opened)

    def _say(self, text: str) -> Iterator[Event]:
        if text:
            self._said.append(text)
            yield Content(text)

    def _blank(self, *, ended: bool) -> Iterator[Event]:
        """White space that goes on and on: held back, nobody would see that a model says nothing else."""
        if len(self._held) > BLANK or (ended and self._state == "start"):
            held, self._held = self._held, ""
            yield from self._say(held)


def _begun(text: str, marks: tuple[str, ...]) -> int:
    """How many characters at the end of the text may be the beginning of a mark."""
    tail = text[-_LONGEST:].lower()
    for at, character in enumerate(tail):
        if character in "<[" and any(mark.startswith(tail[at:]) for mark in marks):
            return len(tail) - at
    return 0
