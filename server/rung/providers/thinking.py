"""Thoughts that arrive inside the answer, made into Thought events: ``<think>...</think>`` at its beginning, and kin.

A model told not to think may do so all the same, and then its server passes the tags through as content (recorded:
think-false). Some templates open the tag in the prompt, so that only its end is said: then all before it was thought,
and what went out of it is called back. That is done where it is as good as certain and at most once: thoughts that are
shown are a nuisance, half an answer that passes for a whole one is a lie. All other tags stay, for an answer may be
about them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from rung.providers.events import Content, Retracted, Thought
from rung.types.pattern import lazy

if TYPE_CHECKING:
    from rung.providers.events import Question

    Event = Content | Retracted | Thought

BLANK = 64
"""Characters of white space that are held back before an answer; more of it is passed on, for who counts it."""
_HALF = lazy("[\ud800-\udfff]")
"""Half of a character outside the basic plane: JSON may carry one, nothing else may."""

ALWAYS = {"<think>": "</think>", "[think]": "[/think]", "<|channel>thought": "<channel|>", "◁think▷": "◁/think▷"}
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
_HEADED = ("<|end|>", "<|end|><|start|>assistant")
"""What stands right before :data:`FINAL` where a message of thoughts went before it."""
_MESSAGE_ENDS = ("<|end|>", "<|return|>", "<|call|>", *CHANNELS)
_LONGEST = max(map(len, (*_OPENS, *_CLOSES, *_MESSAGE_ENDS)))


def _any_of(marks: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, marks)), re.IGNORECASE | re.ASCII)


_OPEN, _CLOSE, _MESSAGE_END = _any_of(_OPENS), _any_of(tuple(_CLOSES)), _any_of(_MESSAGE_ENDS)


_FENCE = lazy(r"[\s>*+-]*(?:\d+[.)]\s*)?(`{3,}|~{3,})(.*)")
_TRIPLE = lazy("\"{3}|'{3}|`{3,}")
_PAIRS = (("\N{LEFT DOUBLE QUOTATION MARK}", "\N{RIGHT DOUBLE QUOTATION MARK}"), ("«", "»"), ("(", ")"))
_VERBATIM = (("<pre", "</pre"), ("<code", "</code"), ("<!--", "-->"))
_STOPS = ".!?\N{HORIZONTAL ELLIPSIS}\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH EXCLAMATION MARK}\N{FULLWIDTH QUESTION MARK}"
_SENTENCE = lazy(rf"[^\W\d_][^|]*[^\s|][{_STOPS}]")
"""A line of prose, neither indented nor marked as anything else, to the end of a sentence."""
_DONE = frozenset(_STOPS + ")]}`*_~\"'»\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}")
"""With what a text ends that is not about to go on."""


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
        self._may_be_thought = True
        """A closing tag may still turn out to end a thought that nothing opened."""

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
            self._may_be_thought = False
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
        while (self._is_message or self._may_be_thought) and (found := marks.search(self._held)):
            before, rest = self._held[: found.start()], self._held[found.end() :]
            if self._is_message:
                self._state, self._held = "header", rest
                yield from self._say(before)
                return
            if not (ended or _is_telling(rest)):
                # What follows tells whether it is a tag or the mention of one.
                yield from self._say(before)
                self._held = found[0] + rest
                return
            self._may_be_thought = False
            if self._ends_a_thought(found[0].lower(), before, rest):
                self._held, self._is_message = rest, found[0].lower() == FINAL
                self._state = "after"
                yield Retracted() if self._said else Thought()
                self._said = []
                return
            self._held = rest
            yield from self._say(before + found[0])
        marked = _MESSAGE_ENDS if self._is_message else tuple(_CLOSES) if self._may_be_thought else ()
        kept = 0 if ended else _begun(self._held, marked)
        say, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        yield from self._say(say)

    def _ends_a_thought(self, mark: str, before: str, rest: str) -> bool:
        """Whether all before a closing tag was thought: nobody spoke of tags, and it stands where models put it."""
        text = "".join((*self._said, before))
        if self._asked or _CLOSES[mark] in text.lower() or _is_within(text):
            return False
        if mark == FINAL:
            return text.endswith(_HEADED) and not text.rpartition("\n")[2][:1].isspace() and bool(rest.strip())
        return _is_between(text.replace("\r\n", "\n"), rest.replace("\r\n", "\n"))

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


def _is_telling(rest: str) -> bool:
    """What follows a tag is enough to judge it by."""
    return len(rest.lstrip()) > 1 or len(rest) - len(rest.lstrip()) > BLANK


def _is_between(text: str, rest: str) -> bool:
    """Whether a tag between the two ends the first and begins the second, as the templates of models have it.

    They say: thoughts, a line that is the tag, an empty line, the answer. Less will do after the end of a sentence.
    """
    answer = rest.lstrip()
    blank = rest[: len(rest) - len(answer)]
    if not answer or len(blank) > BLANK or answer.startswith("</") or not (blank[:1] == "\n" or rest[0].isalpha()):
        return False
    if not text.strip():
        return True
    is_apart = text.endswith("\n") and blank.startswith("\n\n")
    if answer[0].islower() and not is_apart:
        return False
    last = text.removesuffix("\n").rpartition("\n")[2]
    if not text.endswith("\n"):
        return bool(_SENTENCE.fullmatch(last))
    end = last.rstrip()[-1:]
    # A sentence that breaks off before the tag may go on after it.
    breaks_off = end.isalnum() and is_apart and not answer[0].islower()
    return not last.startswith(">") and (end in _DONE or breaks_off)


def _is_within(text: str) -> bool:
    """Whether a block of code, a quotation or brackets are open at the end of the text."""
    fence = ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if found and not fence and not (found[1][0] == "`" and "`" in found[2]):
            fence = found[1]
        elif found and fence and found[1].startswith(fence) and not found[2].strip():
            fence = ""
    lower = text.lower()
    plain = _TRIPLE.sub("", text)
    paragraph = plain.rstrip().rpartition("\n\n")[2]
    return bool(
        fence
        or any(text.count(mark) % 2 for mark in ('"""', "'''"))
        or plain.count("`") % 2
        or paragraph.count('"') % 2
        or any(paragraph.count(begin) > paragraph.count(end) for begin, end in _PAIRS)
        or any(lower.count(begin) > lower.count(end) for begin, end in _VERBATIM)
    )
