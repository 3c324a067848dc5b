"""What leaves the machine: without secrets, and never what .rungignore names or a pin holds."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from rung.engine import Engine
from rung.errors import ContextError, NoAnswerError
from rung.running.beginning import new_id
from rung.settings.values import Rule, Settings, Tier, When
from rung.sim import SimModel, Simulator
from rung.types.event import OutcomeEvent
from rung.types.model import Model
from rung.types.outcome import Outcome
from rung.types.part import Part
from rung.types.request import Document, Position, Range, Request

SECRET = "AKIA" + "Q3EGRIZ2M7KLP4XT"
SOURCE = f'import os\nKEY = "{SECRET}"\nhandle = open(KEY)\n'


def settings(url: str, *rules: Rule, local: bool = False) -> Settings:
    cloud = Model("openai-compatible", "sim-cloud:1b", f"{url}/v1", context=8192, connect=3.0, local=local)
    return Settings((Tier("cloud", (cloud,)),), rules)


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator((SimModel("sim-cloud:1b"),)) as running:
        yield running


async def ask(home: Path, request: Request, chosen: Settings) -> Outcome:
    engine = Engine(state=home / "state", source="cli")
    try:
        async with aclosing(engine.run(request, chosen, engine.actions(None, trusted=False))) as events:
            async for event in events:
                if isinstance(event, OutcomeEvent):
                    return event.result
    finally:
        await engine.close()
    raise AssertionError("no outcome")


def review(root: Path, path: str = "shop.py", text: str = SOURCE) -> Request:
    document = Document((root / path).as_uri(), path, "python", text)
    return Request(new_id(), "review-file", "test", root=root, document=document)


def pinned(home: Path, folder: str) -> Rule:
    return Rule("rung pin (its files)", When(path=(f"{home.resolve().as_posix()}/{folder}/**",)), local=True)


def sent(sim: Simulator) -> str:
    return json.dumps([exchange.body for exchange in sim.log])


async def test_a_secret_stays_here_and_the_receipt_names_it(home: Path, sim: Simulator) -> None:
    outcome = await ask(home, review(home), settings(sim.url))
    assert SECRET not in sent(sim)
    assert "[redacted-" in sent(sim)
    assert [one.count for one in outcome.receipt.redacted] == [1]


@pytest.mark.parametrize("action", ["ask", "review-file", "explain-selection"])
async def test_a_secret_in_a_files_name_stays_here_too(action: str, home: Path, sim: Simulator) -> None:
    path, text = f"keys/{SECRET}.py", "handle = open(name)\n"
    chosen = Range(Position(0, 0), Position(1, 0))
    document = Document((home / path).as_uri(), path, "python", text, selection=chosen)
    request = Request(new_id(), action, "test", root=home, document=document)
    if action == "ask":
        request = request.replace(document=None, attached=(Part("attached", text, path),))
    outcome = await ask(home, request, settings(sim.url))
    assert "handle = open(name)" in sent(sim)
    assert SECRET not in sent(sim)
    assert [(one.kind, one.count) for one in outcome.receipt.redacted] == [("aws-key", 1)]


async def test_a_secret_in_the_name_of_a_branch_or_of_a_staged_file_stays_here_too(home: Path, sim: Simulator) -> None:
    other = SECRET[:-1] + "Z"
    folder = home / "work"
    folder.mkdir()
    (folder / f"{other}.txt").write_text("hello\n")
    for words in (("init", "-q", "-b", f"fix-{SECRET}"), ("add", ".")):
        await asyncio.to_thread(subprocess.run, ["git", *words], cwd=folder, check=True, capture_output=True)
    request = Request(new_id(), "commit-message", "test", root=folder, repository=folder)
    outcome = await ask(home, request, settings(sim.url))
    assert "Branch: fix-[redacted-aws-key-" in sent(sim)
    assert SECRET not in sent(sim)
    assert other not in sent(sim)
    assert [(one.kind, one.count) for one in outcome.receipt.redacted] == [("aws-key", 2)]


async def test_a_finding_on_a_redacted_line_is_anchored_at_the_real_one(home: Path, sim: Simulator) -> None:
    text = f'except_key = open("{SECRET}")\n'
    outcome = await ask(home, review(home, text=text), settings(sim.url))
    assert outcome.findings
    (finding,) = outcome.findings
    assert SECRET in finding.quote
    assert finding.range is not None
    assert SECRET not in sent(sim)


async def test_a_model_on_this_machine_reads_everything(home: Path, sim: Simulator) -> None:
    outcome = await ask(home, review(home), settings(sim.url, local=True))
    assert SECRET in sent(sim)
    assert outcome.receipt.redacted == ()


async def test_an_ignored_file_is_not_read(home: Path, sim: Simulator) -> None:
    (home / ".rungignore").write_text("private/\n")
    with pytest.raises(ContextError, match=r"private/shop\.py is not read"):
        await ask(home, review(home, "private/shop.py"), settings(sim.url))
    assert sim.log == []


async def test_a_pinned_folder_holds_though_the_workspace_begins_above_it(home: Path, sim: Simulator) -> None:
    pin = pinned(home, "inner")
    with pytest.raises(NoAnswerError, match="pinned to this machine"):
        await ask(home, review(home, "inner/shop.py"), settings(sim.url, pin))
    assert sim.connections == 0
    await ask(home, review(home, "outer/shop.py"), settings(sim.url, pin))
    assert sim.connections > 0
