"""``--show-prompt``: what a command would send, and where; nothing is sent."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rung.cli.inputs import check_model
from rung.cli.perform import look, settings_for
from rung.cli.terminal import printable
from rung.engine import Engine
from rung.routing.tokens import counted
from rung.settings.trust import trusted
from rung.types.preview import Preview, Sending
from rung.types.request import Request
from rung.types.value import as_dict

if TYPE_CHECKING:
    from rung.settings.values import Settings

PATHS = {"ollama": "/api/chat", "anthropic": "/v1/messages"}
"""What each protocol asks for below a server's address; every other one speaks OpenAI's."""
TOLD = ("model", "messages", "system")
"""Parts of a body that are shown by other names."""


def show(requests: Sequence[Request], root: str, args: argparse.Namespace) -> int:
    """Print what these requests would send.

    Raises:
        RungError: there is nothing to work on, or nobody who would be asked.
    """
    settings = settings_for(root)
    check_model(args.model, settings)
    found = asyncio.run(_preview(requests, settings, root))
    if args.json or getattr(args, "format", "text") != "text":
        first, *more = [one for preview in found for one in shapes(preview)]
        print(json.dumps({**first, "more": more}))
    else:
        print(printable("\n\n".join(text(preview) for preview in found), sys.stdout))
    return 0


async def _preview(requests: Sequence[Request], settings: Settings, root: str) -> list[Preview]:
    engine = Engine(source="cli")
    try:
        actions = engine.actions(Path(root), trusted=trusted(Path(root)))
        await look(engine, settings)
        return [await engine.preview(request, settings, actions) for request in requests]
    finally:
        await engine.close()


def shapes(preview: Preview) -> list[dict[str, Any]]:
    """One object for each question, the same for machines; one alone, to nobody, where no model would be asked."""
    decision = preview.decision
    common: dict[str, Any] = {
        "tier": decision.tier,
        "by": decision.by,
        "rule": decision.rule,
        "why": decision.why,
        "pins": [{"bound": pin.bound, "from": pin.source} for pin in decision.pins],
    }
    if not preview.sendings:
        return [{"to": None, "messages": [], "left_out": [], **common, "plan": [], "skipped": []}]
    return [{**_shape(sending), **common, **_plan(sending)} for sending in preview.sendings]


def _shape(sending: Sending) -> dict[str, Any]:
    model = sending.to.model
    return {
        "to": {
            "tier": sending.to.tier,
            "model": model.model,
            "provider": model.provider,
            "url": address(sending),
            "local": model.local,
        },
        "messages": as_dict(sending.messages),
        "tokens": sending.tokens,
        "options": options(sending),
        "left_out": as_dict(sending.left_out),
        "redacted": as_dict(sending.redacted),
    }


def address(sending: Sending) -> str:
    """All of the address that would be asked."""
    return sending.url.rstrip("/") + PATHS.get(sending.to.model.provider, "/chat/completions")


def _plan(sending: Sending) -> dict[str, Any]:
    return {
        "plan": [
            {"tier": c.tier, "model": c.model.model, "provider": c.model.provider, "local": c.model.local}
            for c in sending.plan.attempts
        ],
        "skipped": as_dict(sending.plan.skipped),
    }


def options(sending: Sending) -> dict[str, Any]:
    """What the body says besides model and messages: the schema, how long the answer may be, and so on."""
    return {name: value for name, value in sending.body.items() if name not in TOLD}


def text(preview: Preview) -> str:
    """The same for people."""
    decision = preview.decision
    common = [f"why: {decision.why}", *(f"pin: {pin.bound} (by {pin.source})" for pin in decision.pins)]
    if not preview.sendings:
        return "\n".join(["to: nobody, Rung answers without a model", *common])
    count = len(preview.sendings)
    out = []
    for number, sending in enumerate(preview.sendings, 1):
        lines = [f"question {number} of {count}"] if count > 1 else []
        out.append("\n".join([*lines, *_to(sending), *common, *_rest(sending)]))
    return "\n\n".join(out)


def _to(sending: Sending) -> list[str]:
    model = sending.to.model
    where = "local" if model.local else "off this machine"
    first = f"to: tier {sending.to.tier}, model {model.model} at {address(sending)} ({where})"
    then = [f"{c.tier} ({c.model.model})" for c in sending.plan.attempts if c is not sending.to]
    lines = [first, *([f"then: {', '.join(then)}"] if then else [])]
    return lines + [f"not: {s.tier} ({s.model}): {s.reason}" for s in sending.plan.skipped]


def _rest(sending: Sending) -> list[str]:
    lines = [f"left out: {omission.path}: {omission.why}" for omission in sending.left_out]
    lines += [f"redacted: {redaction.count} x {redaction.kind}" for redaction in sending.redacted]
    lines += [f"about {counted(sending.tokens)}", f"options: {json.dumps(options(sending), ensure_ascii=False)}"]
    for message in sending.messages:
        lines += [f"--- {message.role}", message.content]
    return lines
