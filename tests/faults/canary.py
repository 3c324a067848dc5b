"""What is marked so that it can be looked for wherever it must not be: a secret, a key, a file that never leaves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.lsp.desk import MESSAGE

from rung.settings import places
from rung.settings.load import load
from rung.settings.values import Settings
from rung.sim import Simulator

from .victims import speech

AWS = "AKIAQ3EGRUNGCANARYX7"
SECRET = "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"
WORD = "canary-4be1d0"
"""No secret by its form: a word of the person's own, which stays here because its file is pinned."""
KEY = "sk-rung-canary-key-8d1f2a77b0c94e"
MARKS = (AWS, SECRET, WORD, KEY)
PATH = "secrets/deploy.py"
CODE = (
    f'# {WORD}\ndef deploy(target):\n    key_id = "{AWS}"\n    aws_secret_access_key = "{SECRET}"\n    return target\n'
)
DIFF = f"diff --git a/{PATH} b/{PATH}\n--- a/{PATH}\n+++ b/{PATH}\n@@ -1 +1,5 @@\n-old\n" + "".join(
    f"+{line}\n" for line in CODE.splitlines()
)
SETTINGS = """
[[tier]]
name = "small"
deadline = "{deadline}"
[[tier.model]]
provider = "ollama"
model = "small:1b"
url = "{local}"
context = 8192
first_content = "400ms"
idle = "400ms"
thinking = "400ms"

[[tier]]
name = "cloud"
[[tier.model]]
provider = "openai"
model = "cloud-1"
url = "{cloud}/openai/v1"
key = "A_KEY"
local = false
price = { input = 0.01, output = 0.01 }

[[tier]]
name = "other"
[[tier.model]]
provider = "anthropic"
model = "claude-1"
url = "{cloud}/anthropic"
key = "A_KEY"
local = false
price = { input = 0.01, output = 0.01 }
"""


def says(messages: Sequence[Any]) -> str:
    asked = "\n".join(message.text for message in messages)
    return MESSAGE if "git commit message" in asked else speech("small:1b")(messages)


def build(folder: Path, path: str = PATH) -> Path:
    """A repository on a marked branch, with the marked file staged."""
    (folder / path).parent.mkdir(parents=True)
    (folder / path).write_text(CODE, encoding="utf-8")
    for words in (("init", "-q", "-b", f"fix-{WORD}"), ("add", ".")):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    return folder


def configured(local: str, cloud: str, root: Path, deadline: str = "60s") -> Settings:
    """The person's own rung.toml with the shipped rules, read as ever, cache and all."""
    text = SETTINGS.replace("{local}", local).replace("{cloud}", cloud).replace("{deadline}", deadline)
    path = places.config_folder() / "rung.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load(root).settings


def everything_kept(root: Path) -> bytes:
    """All bytes of the state and cache folders: ledger, warm-ups, settings cache."""
    folders = (Path(os.environ["RUNG_STATE_DIR"]), Path(os.environ["RUNG_CACHE_DIR"]))
    for _ in range(10_000):
        # The cache keeps nothing of files that are younger than a tenth of a second.
        load(root)
        if any(folders[1].glob("settings-*")):
            break
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    assert any(path.name == "ledger.sqlite3" for path in files)
    assert any(path.name.startswith("settings-") for path in files)
    return b"\n".join(path.read_bytes() for path in files)


class Tap:
    """A server that hands every byte on to another, and keeps it."""

    def __init__(self, target: str) -> None:
        self._to = urlsplit(target)
        self._pipes: set[asyncio.Task[None]] = set()
        self.url = ""
        self.connections = 0
        self.heard = bytearray()
        """All that was sent to the other."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        back, on = await asyncio.open_connection(self._to.hostname, self._to.port)
        await asyncio.gather(self._pipe(reader, on, self.heard), self._pipe(back, writer, None))

    @staticmethod
    async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray | None) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                if kept is not None:
                    kept += data
                writer.write(data)
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def tapped(simulator: Simulator) -> AsyncIterator[Tap]:
    """A tap before a simulator."""
    tap = Tap(simulator.url)
    server = await asyncio.start_server(tap._serve, "127.0.0.1", 0)
    tap.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield tap
    finally:
        server.close()
