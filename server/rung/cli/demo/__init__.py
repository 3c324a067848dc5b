"""``rung demo``: the whole story on simulated models, in less than a minute.

Scenes as an editor would play them, with the real language server, real git and real settings files, but simulated
models. Each scene checks what it shows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time

from rung.cli.demo.play import SCENES, play
from rung.cli.demo.transcript import Transcript
from rung.cli.demo.world import World
from rung.cli.options import parser
from rung.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rung.cli.demo.told import Told

BREAK = "RUNG_DEMO_BREAK"
"""Names a scene whose world is sabotaged, to see that its checks notice."""


def run(words: list[str]) -> int:
    """Play.

    Returns:
        0 where everything was as expected, else 1.

    Raises:
        RungError: a scene does not exist, or git is missing.
    """
    made = parser("demo", "Play Rung's whole story on simulated models, and check every scene. Takes about 15 seconds.")
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.epilog = "scenes:\n" + "\n".join(f"  {name:<10}{title}" for name, (title, _) in SCENES.items())
    made.add_argument("--only", metavar="SCENE[,SCENE]", help="play these scenes alone")
    made.add_argument("--json", action="store_true", help="one JSON object instead of the transcript")
    args = made.parse_args(words)
    names = _names(args.only)
    # A terminal that cannot show a letter gets a question mark for it, not a traceback.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    transcript = None if args.json else Transcript(sys.stdout)
    began = time.monotonic()
    scenes = asyncio.run(_play(names, transcript))
    seconds = time.monotonic() - began
    ok = all(scene.ok for scene in scenes)
    if transcript is not None:
        transcript.end(scenes, seconds)
    else:
        shapes = [scene.shape() for scene in scenes]
        print(json.dumps({"ok": ok, "simulated": True, "seconds": round(seconds, 3), "scenes": shapes}))
    return 0 if ok else 1


def _names(only: str | None) -> list[str]:
    """The scenes to play, in their order.

    Raises:
        UsageError: one of them does not exist.
    """
    if only is None:
        return list(SCENES)
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    for name in wanted:
        if name not in SCENES:
            raise UsageError(f"There is no scene {name!r}.", f"The scenes are: {', '.join(SCENES)}.")
    return [name for name in SCENES if name in wanted]


async def _play(names: list[str], transcript: Transcript | None) -> list[Told]:
    if transcript is not None:
        transcript.begin()
    async with World(os.environ.get(BREAK)) as world:
        return await play(names, world, transcript)
