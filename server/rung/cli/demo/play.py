"""Playing the scenes one after the other; a scene that fails, hangs or loses its server does not end the demo."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from rung.cli.demo import scenes, trouble
from rung.cli.demo.editor import NotSeenError
from rung.cli.demo.told import Told
from rung.cli.demo.transcript import Transcript
from rung.cli.demo.wire import GoneError, RefusedError
from rung.cli.demo.world import NoServerError, World
from rung.errors import RungError

SCENE_LIMIT = 40.0
"""Seconds one scene may take; far more than any does."""

SCENES: dict[str, tuple[str, Callable[[World, Told], Awaitable[None]]]] = {
    "commit": ("A commit message from the smallest local model", scenes.commit),
    "explain": ("An explanation that streams", scenes.selection),
    "review": ("A review whose findings follow the text", scenes.review),
    "escalate": ("The local models are down: the cloud answers, and the receipt says so", trouble.escalate),
    "cold": ("A model that is not in memory is waited for, not worked around", trouble.cold),
    "rules": ("A rule takes effect while the server runs, a broken one does not", scenes.rules),
    "pin": ("A pinned file stays here, even if that means no answer", trouble.pin),
    "cancel": ("Cancelling closes the provider's connection", trouble.cancel),
    "builtin": ("No model at all: the commit message is written without one", trouble.builtin),
    "ledger": ("What all of it cost", scenes.ledger),
}
"""By id, in the order they are played."""


async def play(names: Sequence[str], world: World, transcript: Transcript | None) -> list[Told]:
    """Play these scenes.

    Args:
        names: their ids.
        world: entered, and not yet used.
        transcript: shows them; None: nobody watches.

    Raises:
        RungError: git is missing or does not work.
    """
    played = []
    for name in names:
        title, scene = SCENES[name]
        told = Told(name, title, transcript)
        played.append(told)
        await _play(scene, world, told)
    return played


async def _play(scene: Callable[[World, Told], Awaitable[None]], world: World, told: Told) -> None:
    """One scene; whatever goes wrong in it is a check that failed."""
    try:
        async with asyncio.timeout(SCENE_LIMIT):
            await scene(world, told)
    except NoServerError as error:
        told.check("the language server runs", ok=False, seen=error)
    except (NotSeenError, GoneError, TimeoutError) as error:
        told.check("the language server answers in time", ok=False, seen=str(error) or f"not within {SCENE_LIMIT:g} s")
        with suppress(ProcessLookupError):
            await world.drop_server()
    except RefusedError as error:
        told.check("the language server does what it is asked", ok=False, seen=error)
    except RungError as error:
        told.check("git works in the demo's repository", ok=False, seen=error.sentence())
    except (LookupError, TypeError, ValueError, AttributeError, OSError) as error:
        # What came did not have the shape it must have.
        told.check("what came has the expected shape", ok=False, seen=f"{type(error).__name__}: {error}")
