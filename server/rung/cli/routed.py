"""What ``rung route`` needs an engine for: an action's own context, and how the servers of this machine are.

No model is called, and nothing is sent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rung.cli import loop
from rung.cli.asked import asked
from rung.cli.documents import document
from rung.cli.inputs import given, instruction
from rung.cli.perform import look
from rung.engine import Engine
from rung.errors import ContextError, GitError, UsageError
from rung.running.beginning import states
from rung.settings.trust import trusted
from rung.types.request import Document, Position, Range, Request

if TYPE_CHECKING:
    from rung.cli.route import Arguments
    from rung.routing.explain import Explanation
    from rung.routing.plan import Known
    from rung.settings.values import Settings
    from rung.types.model import Model
    from rung.types.plan import State


def explain(args: Arguments, settings: Settings, root: str) -> Explanation | None:
    """Where an action would go with the context it would have now; None where there is none, which is said on stderr.

    Raises:
        RungError: there is no such action, or its file cannot be read or must not be.
    """
    if len(args.file) > 1:
        raise UsageError("An action looks at one file.", "Name one of them: `rung route -a ACTION -f FILE`.")
    try:
        return loop.run(_explain(args, settings, root))
    except (ContextError, GitError) as error:
        if args.file:
            raise
        print(f"rung: explained without what {args.action} looks at: {error.sentence()}", file=sys.stderr)
        return None


async def _explain(args: Arguments, settings: Settings, root: str) -> Explanation:
    engine = Engine(source="cli")
    try:
        actions = engine.actions(Path(root), trusted=trusted(Path(root)))
        await look(engine, settings)
        return await engine.explain(_request(args, root), settings, actions)
    finally:
        await engine.close()


def _request(args: Arguments, root: str) -> Request:
    return asked(args.action, root, args).replace(
        repository=Path.cwd(),
        document=_document(args, root),
        # What is piped in belongs to a prompt, and no action reads it.
        instruction=given([], [], root)[0] if list(args.prompt) == ["-"] else instruction(list(args.prompt)),
    )


def _document(args: Arguments, root: str) -> Document | None:
    """The file, all of it selected where no lines are named, as ``rung explain`` has it."""
    if not args.file:
        return None
    found = document(args.file[0], root)
    end = Position(found.text.count("\n") + 1, 0)
    return found.replace(
        language=args.language or found.language, selection=found.selection or Range(Position(0, 0), end)
    )


def seen(settings: Settings) -> tuple[Callable[[Model], Known], tuple[tuple[str, State], ...]]:
    """How the servers of this machine say they are: of each model, and of each tier."""

    async def look() -> tuple[Callable[[Model], Known], tuple[tuple[str, State], ...]]:
        engine = Engine(source="cli")
        try:
            known = await engine.look(settings)
            return known, states(settings, known)
        finally:
            await engine.close()

    return loop.run(look())
