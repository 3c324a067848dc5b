"""The real command in a process of its own, as a person, a script or a terminal runs it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rung.sim.server import Simulator

KEY = "sk-cli-canary-0123456789abcdef"
"""What stands in OPENAI_API_KEY; it must not come out anywhere."""

SETTINGS = """
[[tier]]
name = "small"
[[tier.model]]
provider = "ollama"
model = "sim-small:3b"
url = "{url}"
context = 8192

[[tier]]
name = "large"
[[tier.model]]
provider = "ollama"
model = "sim-large:14b"
url = "{url}"

[[tier]]
name = "cloud"
[[tier.model]]
provider = "openai"
model = "gpt-5-mini"
url = "{url}/openai/v1"
key = "OPENAI_API_KEY"
local = false
"""


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON value it is."""
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """Both outputs, for what must not be in either."""
        return self.out + self.err


def environment(**changes: str | None) -> dict[str, str]:
    """This test's environment with a key; None takes a variable away."""
    found = {**os.environ, "OPENAI_API_KEY": KEY, "COLUMNS": "200"}
    for name, value in changes.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = value
    return found


class Rung:
    """Runs ``rung`` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def __call__(
        self,
        *words: str | bytes,
        feed: str | bytes | None = None,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Ran:
        """Run a command to its end; without ``feed`` nothing is piped in."""
        process = await self.start(*words, folder=folder, env=env, piped=feed is not None)
        given = feed.encode() if isinstance(feed, str) else feed
        async with asyncio.timeout(60):
            out, err = await process.communicate(given)
        return ran(process, out, err)

    async def start(
        self,
        *words: str | bytes,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
        piped: bool = False,
    ) -> asyncio.subprocess.Process:
        """Start a command and leave it running."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "rung",
            *words,
            cwd=folder or self.folder,
            env=environment() if env is None else env,
            stdin=asyncio.subprocess.PIPE if piped else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def shell(self, line: str, *, env: Mapping[str, str] | None = None) -> Ran:
        """Run a line of a shell's in which ``rung`` is the command."""
        script = f'rung() {{ {sys.executable} -m rung "$@"; }}; {line}'
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            script,
            cwd=self.folder,
            env=environment() if env is None else env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate()
        return ran(process, out, err)


def ran(process: asyncio.subprocess.Process, out: bytes, err: bytes) -> Ran:
    """How a finished process ended; none may show a traceback or the key, whatever it was about."""
    assert process.returncode is not None
    found = Ran(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
    assert "Traceback" not in found.said, found.err
    assert "Exception ignored" not in found.said, found.err
    assert KEY not in found.said
    return found


def configure(url: str, text: str = SETTINGS) -> Path:
    """Write the person's rung.toml for simulated servers at ``url``."""
    path = Path(os.environ["RUNG_CONFIG_DIR"], "rung.toml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("{url}", url), encoding="utf-8")
    return path


def questions(sim: Simulator) -> list[tuple[str | None, str]]:
    """Model and path of every question that was asked; looking at what a server has is none."""
    paths = ("/api/chat", "/openai/v1/chat/completions", "/openai/v1/responses")
    return [(seen.model, seen.path) for seen in sim.log if seen.path in paths and (seen.body or {}).get("messages", 1)]


def prompt_of(sim: Simulator) -> str:
    """Everything the last question said to the model."""
    body = next(seen.body for seen in reversed(sim.log) if seen.path == "/api/chat" and seen.body["messages"])
    return "\n".join(message["content"] for message in body["messages"])


def git(folder: Path, *words: str, **env: str) -> str:
    """Run git and give what it says."""
    import subprocess

    done = subprocess.run(
        ["git", *words], cwd=folder, env={**environment(), **env}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def set_git(folder: Path, settings: Mapping[str, str]) -> None:
    """Settings of a repository, written by hand: git would take a process for each."""
    lines = []
    for name, value in settings.items():
        above, _, key = name.rpartition(".")
        section, _, part = above.partition(".")
        head = f'{section} "{part}"' if part else section
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        lines += [f"[{head}]", f'\t{key} = "{escaped}"']
    with (folder / ".git" / "config").open("a", encoding="utf-8") as file:
        file.write("\n".join([*lines, ""]))
