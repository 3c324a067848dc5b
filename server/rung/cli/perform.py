"""Performing one request from the command line: an engine for as long as the command lasts."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from rung.cli import ignored, loop
from rung.cli.inputs import check_model
from rung.cli.terminal import Display, interactive, printable, summary
from rung.engine import Engine
from rung.errors import CancelledByPersonError, RungError, SettingsError, UsageError
from rung.routing.decide import BUILTIN
from rung.routing.features import asks_for_health
from rung.settings.load import load
from rung.settings.trust import trusted
from rung.types.event import OutcomeEvent
from rung.types.outcome import Outcome
from rung.types.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from rung.settings.values import Settings
    from rung.types.action import Action

    Ended: TypeAlias = Outcome | RungError
    """How a request ended: with its outcome, or with the reason why it has none."""


def settings_for(root: str, *, verbose: bool = False) -> Settings:
    """The settings of a workspace; what was ignored in them is said on stderr.

    Args:
        root: the workspace's folder.
        verbose: say each setting of an untrusted workspace that has no effect, and not only how many there are.

    Raises:
        SettingsError: a file is wrong.
    """
    loaded = load(Path(root))
    ignored.say(loaded.warnings, root, verbose=verbose)
    return loaded.settings


def perform(request: Request, root: str, *, stream: bool, verbose: bool = False) -> Outcome:
    """Run a request to its end, showing what happens.

    Raises:
        RungError: there is no answer.
    """
    (ended,) = perform_all([request], root, stream=stream, verbose=verbose)
    if isinstance(ended, RungError):
        raise ended
    return ended


def perform_all(
    requests: Sequence[Request],
    root: str,
    *,
    stream: bool = False,
    verbose: bool = False,
    then: Callable[[Request, Ended], None] = lambda *_: None,
) -> list[Ended]:
    """Run several requests one after the other, on one engine; one without an answer keeps no other from its own.

    Whoever presses Ctrl-C cancels the one that runs, and all that would follow.

    Args:
        requests: each with the same model asked for by name, or none.
        root: the workspace's folder.
        stream: show pieces of the answers as they come.
        verbose: say each setting of an untrusted workspace that has no effect.
        then: is told how each ended as soon as it has.

    Raises:
        UsageError: they ask for something that is not there.
        SettingsError: the settings are wrong.
    """
    settings = settings_for(root, verbose=verbose)
    check_model(requests[0].model, settings)
    return loop.run(_perform_all(requests, settings, root, stream, then))


async def _perform_all(
    requests: Sequence[Request],
    settings: Settings,
    root: str,
    stream: bool,  # noqa: FBT001 - see perform_all
    then: Callable[[Request, Ended], None],
) -> list[Ended]:
    engine = Engine(source="cli")
    found: list[Ended] = []
    try:
        actions = engine.actions(Path(root), trusted=trusted(Path(root)))
        await look(engine, settings)
        for request in requests:
            if (this := asyncio.current_task()) and this.cancelling():
                ended: Ended = CancelledByPersonError("Cancelled.")
            else:
                ended = await _perform(engine, request, settings, actions, stream=stream)
            found.append(ended)
            then(request, ended)
    finally:
        await engine.close()
    return found


async def _perform(
    engine: Engine, request: Request, settings: Settings, actions: Mapping[str, Action], *, stream: bool
) -> Ended:
    """How one request ended.

    Raises:
        UsageError: it asks for something that is not there.
        SettingsError: the settings are wrong.
    """
    running = asyncio.ensure_future(_show(engine, request, settings, actions, stream=stream))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        # By Ctrl-C. Cancelled by its name, it tells what was attempted until then.
        if not engine.cancel(request.id):
            running.cancel()
        (ended,) = await asyncio.gather(running, return_exceptions=True)
        if isinstance(ended, Outcome):
            return ended  # The whole answer came meanwhile.
        return CancelledByPersonError("Cancelled.", receipt=ended.receipt if isinstance(ended, RungError) else None)
    except (UsageError, SettingsError):
        raise
    except RungError as error:
        return error


async def _show(
    engine: Engine, request: Request, settings: Settings, actions: Mapping[str, Action], *, stream: bool
) -> Outcome:
    """Run a request, showing what happens.

    Raises:
        RungError: there is no answer.
    """
    display = Display(stream=stream, out=sys.stdout, err=sys.stderr)
    try:
        async with aclosing(engine.run(request, settings, actions)) as events:
            async for event in events:
                if isinstance(event, OutcomeEvent):
                    if stream:
                        display.finish(event.result.text or "")
                    return event.result
                display.take(event)
    finally:
        display.close()
    raise RungError("The request ended without an outcome.")


async def look(engine: Engine, settings: Settings) -> None:
    """Have an engine as young as its command see how the servers of this machine are, where a rule asks."""
    if asks_for_health(rule.when for rule in settings.rules):
        await engine.look(settings)


def answer(request: Request, root: str, args: argparse.Namespace) -> int:
    """Perform a request whose answer is text, and print it as the options say."""
    stream = interactive() and not args.json
    outcome = perform(request, root, stream=stream, verbose=args.verbose)
    if args.json:
        print(json.dumps(outcome.shape()))
    elif not stream:
        print(outcome.text or "")
    if args.verbose:
        print(printable(summary(outcome.receipt), sys.stderr), file=sys.stderr)
    elif not args.json:
        remark(request, outcome)
    return 0


NAMED = 5
"""Omissions that are named behind an answer; ``--verbose`` names all."""


def remark(request: Request, outcome: Outcome) -> None:
    """Say on stderr what a person must know of an answer.

    That it is no good model's, that the budget kept a better one away, and what was left out of the prompt.
    """
    for skipped in outcome.receipt.missed:
        print(f"rung: {skipped.sentence()}.", file=sys.stderr)
    left_out = outcome.receipt.left_out
    for omission in left_out[:NAMED]:
        print(printable(f"rung: left out of the prompt: {omission.path}: {omission.why}", sys.stderr), file=sys.stderr)
    if len(left_out) > NAMED:
        print(f"rung: ... and {len(left_out) - NAMED} more (`--verbose` names them).", file=sys.stderr)
    if outcome.receipt.degraded:
        print(f"rung: this answer is the best there was, but not good enough{_why(outcome)}", file=sys.stderr)
    if outcome.receipt.builtin and request.tier != BUILTIN:
        print("rung: no model could answer, so this is written without one; `rung doctor` says why.", file=sys.stderr)


def _why(outcome: Outcome) -> str:
    """What is wrong with an answer, as the end of a sentence."""
    receipt = outcome.receipt
    attempts = [attempt for call in receipt.calls for attempt in call.attempts]
    said = [a.reason for a in attempts if (a.tier, a.model) == (receipt.tier, receipt.model) and a.outcome != "ok"]
    return f": {said[-1]}" if said and said[-1] else "."
