"""Anthropic's stream made into events; a server that does not stream is heard too."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rung.errors import AttemptError
from rung.providers import anthropic_failures, failures
from rung.providers.events import Finished, Thought, Usage
from rung.providers.sse import DONE, Event, Parser
from rung.providers.thinking import ThinkTags
from rung.types.model import Model

if TYPE_CHECKING:
    from rung.providers.events import Stop, StreamEvent

STOPS: dict[str, Stop] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
}
"""The reasons to stop that leave an answer."""
INPUT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
"""Read anew, put into the cache, read from the cache: the prompt is the sum."""


async def read(
    model: Model, chunks: AsyncGenerator[bytes], tags: ThinkTags | None = None
) -> AsyncGenerator[StreamEvent]:
    """The events of a streamed body; closing it closes ``chunks``.

    Raises:
        AttemptError: the server reports an error, refuses, breaks off or does not speak this protocol.
    """
    parser, reader = Parser(), Reader(model, tags)
    async with contextlib.aclosing(chunks):
        while not reader.ended:
            chunk = await anext(chunks, None)
            for event in parser.end() if chunk is None else parser.feed(chunk):
                for found in reader.feed(event):
                    yield found
            if chunk is None:
                break
    for found in reader.end(parser.whole):
        yield found


class Reader:
    """Feed it the events of the body in order; it gives back what they say.

    The end marker is ``message_stop``. ``message_start`` and ``ping`` come before the model has said anything, and so
    yield nothing.

    Args:
        model: who is asked.
        tags: what reads the text for thoughts, where the prompt matters to that.
    """

    def __init__(self, model: Model, tags: ThinkTags | None = None) -> None:
        self._model = model
        self._tags = tags or ThinkTags()
        self._tokens: dict[str, int] = {}
        self._served: str | None = None
        self._stop: str | None = None
        self.ended = False
        """The end marker came, and with it Finished."""

    def feed(self, event: Event) -> Iterator[StreamEvent]:
        """The events of one of the body's.

        Raises:
            AttemptError: the server reports an error, refuses, or does not speak this protocol.
        """
        if self.ended:
            return
        if event.data.strip() == DONE:  # some gateways say so, in the place of `message_stop` or before it
            if self._stop:
                yield from self._take("message_stop", {})
            return
        found = failures.parse_object(self._model, event.data)
        yield from self._take(str(found.get("type") or event.name), found, is_error=event.name == "error")

    def end(self, whole: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """The end of the answer.

        Args:
            whole: the object that the body is where it is no stream; empty where it is none.

        Raises:
            AttemptError: it is none, for what came is not whole or no answer.
        """
        if not self.ended:
            yield from self._take(str(whole.get("type")), whole)
        if not self.ended:
            raise failures.unfinished(self._model)

    def _take(self, kind: str, found: Mapping[str, Any], *, is_error: bool = False) -> Iterator[StreamEvent]:
        if kind == "error" or (is_error and "error" in found):
            raise anthropic_failures.in_stream(self._model, found.get("error"))
        if kind == "message_start":
            message = _object(found.get("message"))
            self._served = str(message.get("model") or "") or None
            self._count(_object(message.get("usage")), INPUT)
        elif kind == "content_block_start":
            yield from self._block(_object(found.get("content_block")))
        elif kind == "content_block_delta":
            yield from self._piece(_object(found.get("delta")))
        elif kind == "message_delta":
            self._stop = str(_object(found.get("delta")).get("stop_reason") or "") or self._stop
            # Its numbers are sums up to here; the output of message_start is only a beginning.
            self._count(_object(found.get("usage")), (*INPUT, "output_tokens"))
        elif kind == "message_stop":
            yield from self._end()
        elif kind == "message":
            yield from self._message(found)

    def _message(self, found: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """The answer of a server that does not stream."""
        yield from self._take("message_start", {"message": found})
        blocks = found.get("content")
        for block in blocks if isinstance(blocks, list) else []:
            yield from self._block(_object(block))
        yield from self._take("message_delta", {"delta": found, "usage": found.get("usage")})
        yield from self._end()

    def _block(self, block: dict[str, Any]) -> Iterator[StreamEvent]:
        if block.get("type") in {"thinking", "redacted_thinking"}:
            yield Thought()
        elif block.get("type") == "text":
            yield from self._tags.feed(_text(block.get("text")))

    def _piece(self, delta: dict[str, Any]) -> Iterator[StreamEvent]:
        if delta.get("type") == "thinking_delta":
            yield Thought()
        elif delta.get("type") == "text_delta":
            yield from self._tags.feed(_text(delta.get("text")))

    def _count(self, usage: dict[str, Any], names: tuple[str, ...]) -> None:
        counts = {name: failures.number(usage.get(name)) for name in names}
        self._tokens |= {name: count for name, count in counts.items() if count is not None}

    def _end(self) -> Iterator[StreamEvent]:
        host = failures.host_of(self._model)
        if self._stop is None:
            raise failures.unfinished(self._model)
        if self._stop == "refusal":
            # Not the model's words but a filter's verdict on the exchange, as OpenAI's content_filter.
            raise AttemptError("filtered", f"{host} refused the content.")
        if self._stop not in STOPS:
            raise AttemptError("bad-answer", f"{self._model.model} stopped to do something that Rung does not offer.")
        yield from self._tags.end()
        self.ended = True
        # Neither a prompt nor an answer is empty: a server that says 0 did not count.
        tokens_in = sum(self._tokens.get(name, 0) for name in INPUT) or None
        usage = Usage(tokens_in, self._tokens.get("output_tokens") or None)
        yield Finished(stop=STOPS[self._stop], usage=usage, model=self._served)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
