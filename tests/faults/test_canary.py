"""A marked secret goes through every action and every fault, and comes out nowhere it must not."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.desk import MESSAGE

from rung.engine import Engine
from rung.errors import RungError
from rung.running import new_id
from rung.settings import places
from rung.settings.load import load
from rung.settings.values import Settings
from rung.sim import KINDS, SimModel, Simulator
from rung.types.part import Part
from rung.types.request import Document, Position, Range, Request

from .victims import preload, sim_model, speech

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


class Heard(logging.Handler):
    """Everything anybody logs, at every level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def said(self, above: int) -> str:
        """What was logged above that level, tracebacks included."""
        format_ = logging.Formatter("%(name)s %(message)s").format
        return "\n".join(format_(record) for record in self.records if record.levelno > above)


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler, root = Heard(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


def says(messages: Sequence[Any]) -> str:
    asked = "\n".join(message.text for message in messages)
    return MESSAGE if "git commit message" in asked else speech("small:1b")(messages)


@pytest.fixture
def repository(home: Path) -> Path:
    """A repository with a pinned file staged."""
    folder = home / "work"
    (folder / "secrets").mkdir(parents=True)
    (folder / PATH).write_text(CODE, encoding="utf-8")
    for words in (("init", "-q", "-b", f"fix-{WORD}"), ("add", ".")):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
async def cloud() -> AsyncIterator[Simulator]:
    async with Simulator([sim_model("cloud-1", "openai"), sim_model("claude-1", "anthropic")]) as simulator:
        yield simulator


def configured(local: Simulator, cloud: Simulator, root: Path, deadline: str = "60s") -> Settings:
    """The person's own rung.toml with the shipped rules, read as ever, cache and all."""
    text = SETTINGS.replace("{local}", local.url).replace("{cloud}", cloud.url).replace("{deadline}", deadline)
    path = places.config_folder() / "rung.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load(root).settings


def requests(root: Path, path: str) -> list[Request]:
    """One request of every kind, all with the secret in them, all under that path's name."""
    name = Request(new_id(), "ask", "spot", root=root, instruction="What does it do?")
    document = Document((root / path).as_uri(), path, "python", CODE)
    selected = document.replace(selection=Range(Position(0, 0), Position(4, 0)))
    made = [
        name.replace(attached=(Part("attached", CODE, path),)),
        name.replace(attached=(Part("attached", DIFF.replace(PATH, path)),)),
        name.replace(action="explain-selection", document=selected),
        name.replace(action="review-file", document=document),
        name.replace(action="commit-message", repository=root),
    ]
    return [one.replace(id=new_id(), spot=f"spot {number}") for number, one in enumerate(made)]


async def told(engine: Engine, request: Request, settings: Settings) -> str:
    """All that the person is told besides the answer: receipt, reasons, errors."""
    actions = engine.actions(None, trusted=False)
    out: list[str] = []
    try:
        async with aclosing(engine.run(request, settings, actions)) as events:
            async for event in events:
                if receipt := getattr(getattr(event, "result", None), "receipt", None):
                    out.append(repr(receipt))
                else:
                    out.append(str(getattr(event, "reason", "")))
    except RungError as error:
        out += [error.sentence(), repr(error), repr(getattr(error, "receipt", None))]
    return "\n".join(out)


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


FAULTS = [*sorted(KINDS), "down", "none"]


@pytest.mark.parametrize("half", [0, 1, 2, 3])
async def test_a_pinned_secret_is_in_nothing_that_leaves_or_stays(
    half: int, repository: Path, cloud: Simulator, heard: Heard
) -> None:
    async def through(kind: str) -> str:
        async with Simulator([SimModel("small:1b", says=says, context=8192)]) as local:
            # What ends by itself ends soon; what is silent has the deadline alone, for nobody else may be asked.
            settings = configured(local, cloud, repository, "60s" if kind in {"crash", "load-failure"} else "1500ms")
            await preload(local, "small:1b", 8192)
            if kind == "down":
                local.down()
            elif kind != "none":
                # A server that quotes the prompt in its error is no reason to do so too.
                args: dict[str, Any] = {"body": {"error": CODE + KEY}} if kind == "status" else {}
                local.fail(kind, times=None, **args)
            engine = Engine(find_key=lambda _: KEY)
            try:
                return "\n".join(
                    await asyncio.gather(*(told(engine, one, settings) for one in requests(repository, PATH)))
                )
            finally:
                await engine.close()

    reports = await asyncio.gather(*(through(kind) for kind in FAULTS[half::4]))
    for mark in MARKS:
        assert not any(mark in report for report in reports)
        assert mark not in heard.said(logging.DEBUG)
        assert mark.encode() not in everything_kept(repository)
    assert KEY not in heard.said(logging.NOTSET)
    assert cloud.connections == 0
    assert heard.records


async def test_a_secret_in_an_open_file_reaches_the_cloud_only_without_what_makes_it_one(
    repository: Path, cloud: Simulator, heard: Heard
) -> None:
    open_path = "src/deploy.py"
    (repository / "src").mkdir()
    move = ["git", "mv", "-f", PATH, open_path]
    await asyncio.to_thread(subprocess.run, move, cwd=repository, check=True, capture_output=True)
    async with Simulator([SimModel("small:1b", context=8192)]) as local:
        settings = configured(local, cloud, repository)
        local.down()
        engine = Engine(find_key=lambda _: KEY)
        try:
            asked = requests(repository, open_path)
            reports = [await told(engine, request, settings) for request in asked]
        finally:
            await engine.close()
    bodies = [json.dumps(exchange.body) for exchange in cloud.log]
    assert len(bodies) >= len(asked)
    assert all(WORD in body for body in bodies[:2])
    for body in bodies:
        assert AWS not in body
        assert SECRET not in body
        assert KEY not in body
    for mark in MARKS:
        assert not any(mark in report for report in reports)
        assert mark not in heard.said(logging.DEBUG)
        assert mark.encode() not in everything_kept(repository)
    assert KEY not in heard.said(logging.NOTSET)
