"""A name server that never answers: no command waits for it longer than its limits say, nor when it is cancelled."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from tests.cli.command import Rung, configure, environment, ran

from rung.sim.server import Simulator

pytestmark = pytest.mark.process

SETTINGS = """
default_tier = "cloud"
[[tier]]
name = "cloud"
[[tier.model]]
provider = "openai-compatible"
model = "far"
url = "http://far.example/v1"
key = "OPENAI_API_KEY"
connect = "{connect}"
price = { input = 1.0, output = 1.0 }

[[tier]]
name = "small"
[[tier.model]]
provider = "ollama"
model = "sim-small:3b"
url = "{url}"
"""
STUCK = """
import pathlib, socket, threading
ask = socket.getaddrinfo
def asks(host, *more, **named):
    if "example" in str(host):
        pathlib.Path({mark!r}).touch()
        threading.Event().wait()
    return ask(host, *more, **named)
socket.getaddrinfo = asks
"""


def stuck(folder: Path) -> tuple[dict[str, str], Path]:
    """An environment in which far.example is looked up for ever, and the file that shows that it was asked for."""
    mark = folder / "asked"
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(STUCK.format(mark=str(mark)), encoding="utf-8")
    return environment(PYTHONPATH=str(folder / "site")), mark


async def test_the_next_tier_answers_and_the_command_ends(sim: Simulator, rung: Rung, tmp_path: Path) -> None:
    configure(sim.url, SETTINGS.replace("{connect}", "200ms"))
    env, mark = stuck(tmp_path)
    done = await rung("ask", "hello", env=env)
    assert mark.exists()
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Simulated answer of sim-small:3b")


async def test_ctrl_c_ends_it_at_once(sim: Simulator, rung: Rung, tmp_path: Path) -> None:
    configure(sim.url, SETTINGS.replace("{connect}", "60s"))
    env, mark = stuck(tmp_path)
    process = await rung.start("ask", "hello", env=env)
    async with asyncio.timeout(60):
        while not mark.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        done = ran(process, *await process.communicate())
    assert (done.code, done.out, done.err) == (130, "", "rung: Cancelled.\n")
