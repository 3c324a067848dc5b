"""A marked secret goes through every action and every fault, and comes out nowhere it must not."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from rung.engine import Engine
from rung.errors import RungError
from rung.running.beginning import new_id
from rung.settings.values import Settings
from rung.sim import KINDS, SimModel, Simulator
from rung.types.part import Part
from rung.types.request import Document, Position, Range, Request

from .canary import AWS, CODE, DIFF, KEY, MARKS, PATH, SECRET, WORD, build, configured, everything_kept, says
from .kinds import RAW, Fault
from .victims import preload, sim_model, victim


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


@pytest.fixture
def repository(home: Path) -> Path:
    """A repository with a pinned file staged."""
    return build(home / "work")


@pytest.fixture
async def cloud() -> AsyncIterator[Simulator]:
    async with Simulator([sim_model("cloud-1", "openai"), sim_model("claude-1", "anthropic")]) as simulator:
        yield simulator


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


FAULTS = [*sorted(KINDS), "down", "none"]


@pytest.mark.parametrize("half", [0, *(pytest.param(half, marks=pytest.mark.long) for half in (1, 2, 3))])
async def test_a_pinned_secret_is_in_nothing_that_leaves_or_stays(
    half: int, repository: Path, cloud: Simulator, heard: Heard
) -> None:
    async def through_raw(fault: Fault) -> str:
        """A bare socket: what no simulator would say, to whom everything was sent."""
        async with victim(fault, "ollama", cloud.url) as found:
            settings = configured(found.model.url, cloud.url, repository, "1500ms")
            tier, *others = settings.tiers
            named = tier.models[0].replace(model="victim:1b")
            settings = settings.replace(tiers=(tier.replace(models=(named,)), *others))
            return await all_told(settings)

    async def all_told(settings: Settings) -> str:
        engine = Engine(find_key=lambda _: KEY)
        try:
            return "\n".join(await asyncio.gather(*(told(engine, one, settings) for one in requests(repository, PATH))))
        finally:
            await engine.close()

    async def through(kind: str) -> str:
        async with Simulator([SimModel("small:1b", says=says, context=8192)]) as local:
            # What ends by itself ends soon; what is silent has the deadline alone, for nobody else may be asked.
            settings = configured(
                local.url, cloud.url, repository, "60s" if kind in {"crash", "load-failure"} else "1500ms"
            )
            await preload(local, "small:1b", 8192)
            if kind == "down":
                local.down()
            elif kind != "none":
                # A server that quotes the prompt in its error is no reason to do so too.
                args: dict[str, Any] = {"body": {"error": CODE + KEY}} if kind == "status" else {}
                local.fail(kind, times=None, **args)
            return await all_told(settings)

    reports = await asyncio.gather(*(through(kind) for kind in FAULTS[half::4]))
    reports += await asyncio.gather(*(through_raw(fault) for fault in RAW[half::4]))
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
        settings = configured(local.url, cloud.url, repository)
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
