"""The scenes in which something is missing, slow or forbidden."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rung.cli.demo import shop
from rung.cli.demo.scenes import Streamed, commit_message, explain, message_in
from rung.cli.demo.told import Told
from rung.cli.demo.wire import RefusedError
from rung.cli.demo.world import World, questions
from rung.sim import Simulator

CANCELLED = -32800
"""The protocol's code for a request that was cancelled."""
LOAD = 1.5
"""Seconds a cold model takes to load."""
PIECES = 25
"""Pieces of an answer before the model takes its time."""


async def escalate(world: World, told: Told) -> None:
    """The local server is down."""
    async with world.stage() as stage:
        if world.broken != told.name:
            stage.local.down()
        told.asked("explain `total`, while nobody listens where the local models should be")
        answer, streamed = await explain(world, stage.editor, "prices.py", shop.SELECTION, told)
        receipt = answer["receipt"]
        told.came(answer.get("text", ""))
        told.receipt(receipt)
        tried = [attempt for call in receipt["calls"] for attempt in call["attempts"]]
        told.check("the cloud answered", receipt["tier"] == "cloud", receipt["tier"])
        told.check(
            "the receipt says where it came from", receipt["escalated_from"] == "small", receipt["escalated_from"]
        )
        told.check(
            "and why: the connection was refused",
            tried[0]["outcome"] in {"refused", "unreachable"} and tried[0]["reason"],
            tried[0],
        )
        told.check("nothing of two models stands in one answer", "".join(streamed.pieces) == answer.get("text"))
        bill = stage.cloud.bill({shop.CLOUD_MODEL: shop.PRICE})
        told.check(
            "its cost is what the simulated provider charges",
            bill > 0 and abs((receipt["cost_usd"] or 0.0) - bill) < 1e-12,
            f"{receipt['cost_usd']} on the receipt, {bill} on the bill",
        )


async def cold(world: World, told: Told) -> None:
    """The local model is not in memory."""
    async with world.stage(load=LOAD) as stage:
        if world.broken == told.name:
            stage.local.fail("load-failure", times=None)
        told.asked(f"explain `total`, while the small model is not in memory and takes {LOAD:g} s to load")
        answer, _ = await explain(world, stage.editor, "prices.py", shop.SELECTION, told)
        shown = [
            value["message"] for values in stage.editor.progress.values() for value in values if "message" in value
        ]
        loading = next((text for text in shown if "loading" in text), None)
        told.came(f"progress: {loading}" if loading else answer.get("text", ""))
        told.receipt(answer["receipt"])
        told.check("the progress in the editor said that it loads", loading, shown)
        loads = [(model, how) for model, how, _ in stage.local.loads]
        told.check("it was loaded once, and to the end", loads == [("sim-small:3b", "completed")], loads)
        told.check("it answered", answer["receipt"]["model"] == "sim-small:3b", answer["receipt"]["model"])
        told.check("no connection to the cloud was opened", not stage.cloud.connections, stage.cloud.connections)


async def pin(world: World, told: Told) -> None:
    """A file that must not leave the machine."""
    async with world.stage(pin=world.broken != told.name) as stage:
        stage.local.down()
        told.asked("explain a function in secrets/till.py, while the local models are down")
        answer, _ = await explain(world, stage.editor, "secrets/till.py", shop.SECRET, told)
        error = answer.get("error", {})
        told.came(error.get("message") or answer.get("text", ""))
        if answer.get("receipt"):
            told.receipt(answer["receipt"])
        told.check("there is no answer", error.get("code") == "no-answer", error or "an answer")
        told.check(
            "the error names the pin", 'rule "secrets never leave"' in error.get("message", ""), error.get("message")
        )
        told.check("no connection to the cloud was opened", not stage.cloud.connections, stage.cloud.connections)


async def cancel(world: World, told: Told) -> None:
    """A slow answer is cancelled."""
    async with world.stage() as stage:
        editor = stage.editor
        stage.local.fail("stall", after=PIECES)
        told.asked(f"explain `total`; the model falls silent after {PIECES} pieces; then escape")
        buffer = editor.open(world.folder / "prices.py", "python")
        streamed = Streamed(told, show=True)
        params = {"action": "explain-selection", "uri": buffer.uri, "range": buffer.span(shop.SELECTION), "version": 1}
        world.asked += 1
        number, future = editor.run(params, streamed.take)
        # Something to read first: the person cancels an answer, not a wait.
        await editor.wait(lambda: streamed.pieces, "the beginning of the answer")
        exchange = questions(stage.local)[-1]
        await seen(stage.local, lambda: exchange.chunks_sent >= PIECES)
        sent, since = exchange.chunks_sent, time.monotonic()
        if world.broken != told.name:
            editor.cancel(number)
        closed = await seen(stage.local, lambda: exchange.closed_by)
        took = time.monotonic() - since
        if closed:
            told.came(f"(nothing more; the provider's connection was closed after {took * 1000:.0f} ms)")
        told.check("the provider's connection was closed", exchange.closed_by == "client", exchange.closed_by or "open")
        told.check("before its next piece", closed and exchange.chunks_sent == sent, f"{sent}, {exchange.chunks_sent}")
        if closed:
            told.check("the editor was told so", await _refused(editor.result(future, "rung/run")) == CANCELLED)
        told.check("nobody else was asked", len(questions(stage.local)) == 1 and not stage.cloud.connections)
        editor.close(buffer)


async def _refused(answer: Any) -> int | None:
    """The code a request was refused with; None where it was not."""
    try:
        await answer
    except RefusedError as error:
        return error.code
    return None


async def seen(simulator: Simulator, condition: Callable[[], object]) -> bool:
    """Whether a simulator gets to see it within its limit."""
    try:
        await simulator.wait_for(condition)
    except TimeoutError:
        return False
    return True


async def builtin(world: World, told: Told) -> None:
    """No model at all."""
    async with world.stage() as stage:
        if world.broken != told.name:
            stage.local.down()
            stage.cloud.down()
        buffer, before, request = await commit_message(world, stage, told)
        row = await world.row(request)
        if told.check("the ledger has its row", row) and row is not None:
            told.receipt(row)
            if told.check("it says that no model answered", row.builtin, row.tier):
                await stage.editor.wait(lambda: stage.editor.messages, "a word about who wrote it")
            told.check("it cost nothing", row.cost_usd == 0, row.cost_usd)
        told.check(
            "there is a message above git's comment lines",
            message_in(buffer) and buffer.text.endswith(before.lstrip("\n")),
            repr(buffer.text[:200]),
        )
        told.check("it speaks of the staged file", "prices" in message_in(buffer), repr(message_in(buffer)))
        words = [text for text in stage.editor.messages if "without a model" in text]
        told.check("the editor was told that no model wrote it", words, stage.editor.messages)
        stage.editor.close(buffer)
