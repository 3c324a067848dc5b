"""How an answer is given: load, wait for the slot, read the prompt, speak piece by piece, and fail where asked.

The protocols differ in how things look on the wire; a :class:`Form` says that, and everything else is here, once.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence

from rung.sim import words
from rung.sim.exchange import SimExchange
from rung.sim.faults import Fault
from rung.sim.form import BUSY, CRASHED, TERMINATED, Ask, Form, Outcome, Piece, refuse
from rung.sim.http import Wire
from rung.sim.models import LoadFailedError, Pool, QueueFullError, Runner
from rung.sim.tokens import Message, fit

_NEVER = Fault(kind="none")
_CUTS = frozenset({"stall", "reset", "no-end", "error-midstream", "malformed", "crash"})
_SILENCES = frozenset({"no-content", "pings-only", "role-only"})


class Answer:
    """One answer on its way."""

    def __init__(
        self,
        *,
        pool: Pool,
        form: Form,
        wire: Wire,
        exchange: SimExchange,
        ask: Ask,
        fault: Fault | None,
        delay: float,
    ) -> None:
        self._pool = pool
        self._form = form
        self._wire = wire
        self._exchange = exchange
        self._ask = ask
        self._fault = fault or _NEVER
        self._delay = delay if ask.model.token_delay is None else ask.model.token_delay
        self._outcome = Outcome()
        self._clock = asyncio.get_running_loop().time
        self._spoken = 0

    async def give(self) -> None:
        """Answer, or fail as asked."""
        ask, begun = self._ask, self._clock()
        doomed = self._fault.kind == "load-failure"
        try:
            async with self._pool.hold(ask.model, ask.num_ctx, ask.keep_alive, doomed=doomed) as runner:
                self._exchange.loads += runner.fresh
                runner.fresh = False
                self._outcome.load_ns = self._nanoseconds(begun)
                begun = self._clock()
                async with runner.slots:
                    await self._speak(runner, begun)
        except QueueFullError:
            await refuse(self._wire, self._form.error(503, BUSY))
        except LoadFailedError:
            await refuse(self._wire, self._form.error(500, TERMINATED))

    async def _speak(self, runner: Runner, begun: float) -> None:
        """Everything that happens while the slot is ours."""
        ask, outcome, form = self._ask, self._outcome, self._form
        messages, outcome.prompt_tokens = fit(ask.messages, runner.num_ctx)
        asked = ask.asked_tokens
        if asked > runner.num_ctx and not ask.truncate:
            await refuse(self._wire, form.error(400, _too_long(asked, runner.num_ctx), late=ask.stream))
            return
        if self._fault.kind == "trimmed":
            outcome.prompt_tokens = max(1, min(asked // 2, runner.num_ctx // 2 + 2))
        self._exchange.prompt_tokens = outcome.prompt_tokens
        if self._fault.kind == "crash" and not self._fault.after:
            self._pool.drop(ask.model.name)
            await refuse(self._wire, form.error(500, CRASHED, late=ask.stream))
            return
        if ask.stream and (form.eager or self._fault.kind in _SILENCES):
            await self._open()
            if self._fault.kind in _SILENCES:
                await self._keep_silent()
            elif opening := form.opening(outcome):
                await self._send(opening)
        if ask.model.prefill_rate:
            await asyncio.sleep(outcome.prompt_tokens / ask.model.prefill_rate)
        await self._say(_speech(ask, messages, self._fault), begun)

    async def _say(self, speech: Iterable[Piece], begun: float) -> None:
        ask, outcome = self._ask, self._outcome
        limit = ask.limit if ask.limit is not None else 10 * ask.num_ctx
        limit = min(limit, self._fault.after) if self._fault.kind == "length" else limit
        cut_at = self._fault.after if self._fault.kind in _CUTS else None
        first_at = self._clock()
        outcome.prompt_ns = self._nanoseconds(begun)
        for piece in speech:
            if self._spoken >= limit:
                outcome.finish = "length"
                break
            if ask.stream and self._spoken == cut_at:
                break
            await asyncio.sleep(self._delay)
            self._spoken += 1
            self._exchange.completion_tokens = outcome.completion_tokens = self._spoken
            if piece.thinking:
                outcome.thinking += piece.text
            else:
                outcome.text += piece.text
            self._pool.changed()
            if ask.stream:
                await self._send(self._form.piece(piece))
        outcome.eval_ns = self._nanoseconds(first_at)
        if cut_at is None and outcome.finish == "stop":
            outcome.completion_tokens += 1
            self._exchange.completion_tokens = outcome.completion_tokens
        await (self._end_stream() if ask.stream else self._send_whole())

    async def _end_stream(self) -> None:
        kind = self._fault.kind
        await self._open()
        if kind not in _CUTS:
            await self._send(self._form.ending(self._outcome))
            await self._wire.finish()
        elif kind == "stall":
            await self._wire.hang()
        elif kind == "reset":
            self._wire.reset()
        elif kind == "no-end" and not self._fault.args.get("clean", True):
            self._wire.cut()
        else:
            if kind == "error-midstream":
                await self._send(self._form.inband(self._message()))
            elif kind == "malformed":
                broken = self._form.piece(Piece("broken")).rstrip()
                await self._send(broken[: len(broken) // 2] + b"\n\n")
            elif kind == "crash":
                self._pool.drop(self._ask.model.name)
                await self._send(self._form.crashed())
            await self._wire.finish()

    async def _send_whole(self) -> None:
        """An answer in one piece; a fault that would cut a stream cuts its body."""
        kind, form = self._fault.kind, self._form
        if kind in ("error-midstream", "crash"):
            if kind == "crash":
                self._pool.drop(self._ask.model.name)
            await refuse(self._wire, form.error(500, self._message() if kind == "error-midstream" else CRASHED))
            return
        body = form.whole(self._outcome)
        if kind not in _CUTS and kind not in _SILENCES:
            await self._wire.respond(200, form.headers(form.whole_media), body)
            return
        half = body[: len(body) // 2]
        if kind == "malformed":
            await self._wire.respond(200, form.headers(form.whole_media), half)
            return
        await self._wire.start(200, form.headers(form.whole_media), len(body))
        if kind in _SILENCES:
            await self._wire.hang()
        await self._send(half)
        if kind == "stall":
            await self._wire.hang()
        elif kind == "reset":
            self._wire.reset()
        else:
            self._wire.cut()

    async def _keep_silent(self) -> None:
        """Headers are out; never say a word."""
        if self._fault.kind == "pings-only":
            while True:
                await self._send(self._form.ping())
                await asyncio.sleep(float(self._fault.args.get("every", 0.02)))
        if self._fault.kind == "role-only":
            await self._send(self._form.role(self._outcome))
        await self._wire.hang()

    async def _send(self, data: bytes) -> None:
        await self._open()
        await self._wire.send(data)

    async def _open(self) -> None:
        """Send the headers of a stream, unless they are out."""
        if self._wire.status is None:
            await self._wire.start(200, self._form.headers(self._form.media))

    def _message(self) -> str:
        return str(self._fault.args.get("message", "the simulated model broke down"))

    def _nanoseconds(self, since: float) -> int:
        return max(1, int((self._clock() - since) * 1e9))


def _too_long(asked: int, window: int) -> str:
    return (
        f'{{"error":{{"code":400,"message":"request ({asked} tokens) exceeds the available context size ({window} '
        f'tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":{asked},"n_ctx":{window}}}}}'
    )


def _speech(ask: Ask, messages: Sequence[Message], fault: Fault) -> Iterable[Piece]:
    """All pieces of the answer, without regard to limits."""
    if fault.kind == "whitespace":
        return itertools.repeat(Piece("\n  "))
    if fault.kind == "endless-thinking":
        return itertools.repeat(Piece(" hm,", thinking=True))
    text = _text(ask, messages, fault)
    for stop in ask.stop:
        text = text.partition(stop)[0] if stop else text
    model = ask.model
    thoughts = model.thinks if model.thinking and not fault.kind.startswith(("empty", "short", "refusal")) else ""
    apart = ask.think is not False or model.ignores_think
    if thoughts and not apart:
        text = f"<think>{thoughts}</think>{text}" if model.always_thinks else text
        thoughts = ""
    return [
        *(Piece(piece, thinking=True) for piece in words.split(thoughts)),
        *(Piece(piece) for piece in words.split(text)),
    ]


def _text(ask: Ask, messages: Sequence[Message], fault: Fault) -> str:
    fixed = {
        "empty": "",
        "refusal": words.REFUSAL,
        "short": "ok",
        "garbage-text": words.GARBAGE,
    }.get(fault.kind)
    if fixed is not None:
        return str(fault.args.get("text", fixed))
    says = ask.model.says
    if says is None:
        text = words.compose(ask.model.name, messages, ask.wanted)
    else:
        text = says if isinstance(says, str) else says(messages)
    return text[: max(1, len(text) // 2)] if fault.kind == "truncated-json" else text
