"""The marked secret and the marked file go through the real command line and the real language server.

Looked at is what a stranger could see: the bytes on the wire, what the processes wrote, and the files they left.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.desk import FULL, at
from tests.lsp.wire import spawned, within

from rung.actions import catalogue
from rung.settings import places
from rung.sim import SimModel, Simulator

from .canary import (
    AWS,
    CODE,
    DIFF,
    KEY,
    MARKS,
    PATH,
    SECRET,
    WORD,
    Tap,
    build,
    configured,
    everything_kept,
    says,
    tapped,
)
from .victims import preload, sim_model

pytestmark = pytest.mark.process

OPEN = "src/deploy.py"
ACTIONS = tuple(catalogue.load([places.shipped() / "actions"]))
COMMANDS = """
import json, logging, sys
logging.basicConfig(stream=sys.stderr, level="DEBUG")
from rung.cli import main
for words in json.loads(sys.argv[1]):
    print("->", words[0], main(words), flush=True)
"""
SERVER = "import sys; from rung.cli import main; sys.exit(main(['lsp', '--log', 'debug']))"
FAULTS = ("none", "down", "status")
_KEY_HEADER = re.compile(rb"(?i)(?:authorization: bearer|x-api-key:) ?" + KEY.encode() + rb"\r\n")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key stands in the environment the processes get."""
    monkeypatch.setenv("A_KEY", KEY)


@pytest.fixture
async def tap() -> AsyncIterator[Tap]:
    """The cloud, and every byte that goes to it."""
    async with (
        Simulator([sim_model("cloud-1", "openai"), sim_model("claude-1", "anthropic")]) as cloud,
        tapped(cloud) as tap,
    ):
        yield tap


async def broken(local: Simulator, fault: str) -> None:
    """Have the local model there, and failing."""
    await preload(local, "small:1b", 8192)
    if fault == "down":
        local.down()
    elif fault != "none":
        # A server that quotes the prompt in its error is no reason to do so too.
        args: dict[str, Any] = {"body": {"error": CODE + KEY}} if fault == "status" else {}
        local.fail(fault, times=None, **args)


async def commands(folder: Path, path: str) -> str:
    """All that the command line writes, at every level of logging, about a file that has the marks in it."""
    lines = [
        ["ask", "What does it do?", "--verbose"],
        ["ask", "What does it do?", "--file", path, "--json"],
        ["explain", f"{path}:1-5"],
        ["review", path, "--verbose"],
        ["commit"],
        ["ask", "[cloud] What does it do?", "--file", path, "--verbose"],
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMANDS, json.dumps(lines), cwd=folder,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await within(process.communicate(DIFF.replace(PATH, path).encode()))
    assert out.count(b"-> ") == len(lines), err.decode()
    assert b"DEBUG" in err
    return str((out + err).decode())


async def edits(folder: Path, path: str) -> str:
    """All that the language server sends and writes, at every level of logging, about such a file."""
    uri = (folder / path).as_uri()
    async with spawned(SERVER) as server:
        client = server.client
        await client.initialize({**FULL, "workspace": {}, "window": {}}, rootUri=folder.as_uri())
        await client.open(uri, CODE, language="python")
        for action in ACTIONS:
            about = {"repository": folder.as_uri()} if action == "commit-message" else {"uri": uri}
            params = {"action": action, **about, "range": at(0, 0, (5, 0)), "instruction": f"What does it do? {WORD}"}
            await client.request("rung/run", params)
        await client.leave()
        code, errors = await within(server.finish())
    assert code == 0
    return f"{json.dumps(client.received)}\n{errors}"


ROADS = {"commands": commands, "edits": edits}


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_pinned_file_sends_not_one_byte_off_and_is_in_nothing_that_is_told_or_kept(
    fault: str, road: str, home: Path, tap: Tap
) -> None:
    folder = build(home / "work")
    async with Simulator([SimModel("small:1b", says=says, context=8192)]) as local:
        configured(local.url, tap.url, folder)
        await broken(local, fault)
        told = await ROADS[road](folder, PATH)
    assert ('"outcome"' in told) or fault != "none"
    kept = everything_kept(folder)
    for mark in MARKS:
        assert mark not in told
        assert mark.encode() not in kept
    assert (tap.connections, bytes(tap.heard)) == (0, b"")


@pytest.mark.parametrize("road", ROADS)
async def test_an_open_file_reaches_the_cloud_without_its_secret(road: str, home: Path, tap: Tap) -> None:
    folder = build(home / "work", OPEN)
    async with Simulator([SimModel("small:1b", context=8192)]) as local:
        configured(local.url, tap.url, folder)
        await broken(local, "down")
        told = await ROADS[road](folder, OPEN)
    sent = bytes(tap.heard)
    assert tap.connections
    assert WORD.encode() in sent
    assert b"[redacted-aws-key-" in sent
    assert KEY.encode() not in _KEY_HEADER.sub(b"", sent)
    kept = everything_kept(folder)
    for mark in (AWS, SECRET, KEY):
        assert mark not in told
        assert mark.encode() not in kept
    for mark in (AWS, SECRET):
        assert mark.encode() not in sent
    assert os.environ["A_KEY"].encode() in sent
