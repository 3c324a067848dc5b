"""The stream of OpenAI's chat completions, and of everybody who speaks them, made into events.

The end marker is a finish_reason or ``[DONE]``: usage comes after the one and before the other, and some servers send
only one of them. After a finish_reason nothing has to come any more: what does not within :data:`LINGER` seconds, or
breaks off, ends the answer all the same. A server that does not stream at all is heard too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import httpx2

from rung.errors import AttemptError
from rung.providers import failures, openai_failures
from rung.providers.events import Finished, Thought, Usage
from rung.providers.sse import DONE, Event, Parser
from rung.providers.thinking import ThinkTags
from rung.types.model import Model
from rung.types.pattern import lazy

if TYPE_CHECKING:
    from rung.providers.events import Stop, StreamEvent

LINGER = 1.0
"""Seconds that are waited for the usage once the answer is whole."""
STOPS: dict[str, Stop] = {"length": "length", "max_tokens": "length", "model_length": "length"}
"""The finish reasons of an answer that was cut; all that are not named here are those of a whole one."""
CUT = lazy(
    r"error|abort|cancel|time_?d?_?out|fail|interrupt|malformed|repetition|overload|insufficient_system_resource"
)
"""In finish reasons of an answer that broke off on the server's side (vLLM, DeepSeek, OpenRouter, gateways)."""
FILTERED = lazy(r"content_filter|safety|recitation|prohibited|blocklist|spii")
"""In finish reasons of a content filter; Gemini writes more behind it, as in ``content_filter: RECITATION``."""
CALLS = lazy(r"tool_calls|function_call|unexpected_tool_call")
NO_REASON = {"", "null", "none"}
"""What some write into every piece for want of a reason."""
ASIDE = ("reasoning", "thinking", "thought", "reasoning_text", "summary")
"""Types of parts of the content that do not speak to the person."""
THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details", "thinking")
"""Where servers put thoughts beside the content."""


async def read(
    model: Model, chunks: AsyncGenerator[bytes], tags: ThinkTags | None = None
) -> AsyncGenerator[StreamEvent]:
    """The events of a streamed body; closing it closes ``chunks``.

    Raises:
        AttemptError: the server reports an error, refuses, breaks off or does not speak this protocol.
    """
    loop, parser, reader = asyncio.get_running_loop(), Parser(), Reader(model, tags)
    until: float | None = None
    async with contextlib.aclosing(chunks):
        while not reader.ended:
            chunk = await _next(chunks, until)
            for event in parser.end() if chunk is None else parser.feed(chunk):
                for found in reader.feed(event):
                    yield found
            if chunk is None:
                break
            if not reader.is_whole:
                until = None
            elif until is None:
                until = loop.time() + LINGER
    for found in reader.end(parser.whole):
        yield found


async def _next(chunks: AsyncGenerator[bytes], until: float | None) -> bytes | None:
    """The next chunk; None at the end, and where ``until`` is given also after it and where the connection breaks."""
    if until is None:
        return await anext(chunks, None)
    try:
        async with asyncio.timeout_at(until):
            return await anext(chunks, None)
    except (TimeoutError, httpx2.HTTPError):
        return None


class Reader:
    """Feed it the events of the body in order; it gives back what they say.

    Args:
        model: who is asked.
        tags: what reads the text for thoughts, where the prompt matters to that.
    """

    def __init__(self, model: Model, tags: ThinkTags | None = None) -> None:
        self._model = model
        self._tags = tags or ThinkTags()
        self._usage = Usage()
        self._served: str | None = None
        self._stop: str | None = None
        self._spoke = False
        self._went_on = False
        """Content came after a finish_reason, as it does where every piece has one: here it marks no end."""
        self._is_sure = False
        """A finish_reason came that no piece before had, or that came alone: it does mark the end."""
        self._spoke_without = False
        """A piece of content had no finish_reason."""
        self._called = False
        """It wanted to call a tool, after it said something."""
        self._index: object = None
        """Which of several answers is listened to: the first that speaks."""
        self.ended = False
        """``[DONE]`` came."""

    @property
    def is_whole(self) -> bool:
        """A finish_reason ended the answer for certain, whatever becomes of the connection."""
        return self._is_sure and not self._went_on

    def feed(self, event: Event) -> Iterator[StreamEvent]:
        """The events of one of the body's.

        Raises:
            AttemptError: the server reports an error or does not speak this protocol.
        """
        if self.ended:
            return
        if event.data.strip() == DONE:
            self.ended = True
            return
        try:
            found = failures.parse_object(self._model, event.data)
        except AttemptError:
            if event.name == "error":
                found = {"error": event.data.decode("utf-8", "replace")}
            elif self.is_whole:
                # A connection that breaks may cut the usage in two.
                self.ended = True
                return
            else:
                raise
        yield from self._take(found, is_error=event.name == "error")

    def end(self, whole: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """The end of the answer.

        Args:
            whole: the object that the body is where it is no stream; empty where it is none.

        Raises:
            AttemptError: it is none, for what came is not whole or no answer.
        """
        if self._stop is None and not self.ended:
            yield from self._take(whole)
        stop = self._stop or ""
        if FILTERED.search(stop):
            raise AttemptError("filtered", f"{failures.host_of(self._model)} refused the content.")
        if CUT.search(stop) or (self._stop is None and not self.ended):
            raise failures.unfinished(self._model)
        if CALLS.search(stop) or self._called:
            raise self._calls_out()
        yield from self._tags.end()
        yield Finished(stop=STOPS.get(self._stop or "", "stop"), usage=self._usage, model=self._served)

    def _take(self, found: Mapping[str, Any], *, is_error: bool = False) -> Iterator[StreamEvent]:
        error = openai_failures.in_band(self._model, found)
        if is_error:
            error = error or openai_failures.in_band(self._model, {"error": found})
        if error:
            raise error
        self._served = str(found.get("model") or "") or self._served
        self._usage = _usage(found) or self._usage
        for choice in _dicts(found.get("choices")):
            if choice.get("error") and (error := openai_failures.in_band(self._model, choice)):
                raise error
            index = choice.get("index")
            if self._index is None:
                self._index = index
            if index is None or index == self._index:
                yield from self._take_choice(choice)

    def _take_choice(self, choice: Mapping[str, Any]) -> Iterator[StreamEvent]:
        said = False
        # Whoever does not stream calls it a message; whoever does may say all of it once more in one.
        for delta in _dicts([choice.get("delta", None if self._spoke else choice.get("message"))]):
            said = said or bool(delta.get("content"))
            yield from self._piece(delta)
        stop = choice.get("finish_reason")
        if isinstance(stop, str) and stop.strip().lower() not in NO_REASON:
            self._is_sure = self._is_sure or self._spoke_without or not said
            self._stop = stop.strip().lower()
        else:
            self._spoke_without = self._spoke_without or said

    def _piece(self, delta: Mapping[str, Any]) -> Iterator[StreamEvent]:
        if any(delta.get(name) for name in THOUGHTS):
            yield Thought()
        content = delta.get("content")
        for part in _dicts(content) if isinstance(content, list) else [{"text": content}]:
            if part.get("thinking") or part.get("type") in ASIDE:
                yield Thought()
                continue
            yield from self._say(part.get("text"))
            yield from self._say(part.get("refusal"))
        # The gate knows a refusal by its words, wherever they stand.
        yield from self._say(delta.get("refusal"))
        if delta.get("tool_calls") or delta.get("function_call"):
            if not self._spoke:
                raise self._calls_out()
            self._called = True

    def _say(self, text: object) -> Iterator[StreamEvent]:
        if text and isinstance(text, str):
            self._spoke = self._spoke or bool(text.strip())
            self._went_on = self._stop is not None
            yield from self._tags.feed(text)

    def _calls_out(self) -> AttemptError:
        return AttemptError("bad-answer", f"{self._model.model} wants to do something that Rung does not offer.")


def _dicts(value: object) -> list[dict[str, Any]]:
    """The objects in a list; none where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _usage(found: Mapping[str, Any]) -> Usage | None:
    usage = found.get("usage")
    if not isinstance(usage, dict):
        return None
    # Neither a prompt nor an answer is empty: a server that says 0 did not count.
    given = failures.number(usage.get("prompt_tokens")) or None
    said = failures.number(usage.get("completion_tokens")) or None
    total = failures.number(usage.get("total_tokens"))
    if given and said and total is not None:
        # Some count thinking, which they charge as output, in the total alone.
        said = max(said, total - given)
    return Usage(given, said)
