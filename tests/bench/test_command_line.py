"""How long the command line takes beside a bare interpreter, measured by turns so that a busy machine slows both alike.

Bytecode is written: without it Python compiles every module anew at each start, and ``rung route`` is at about 3.9
times a bare interpreter instead of 2.5.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

ROUNDS = 40
BARE = (sys.executable, "-c", "pass")
RUNG = str(Path(sys.executable).with_name("rung"))
"""The command as people run it."""
MOST = 3.0
"""Times a bare interpreter."""


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(words: tuple[str, ...], folder: Path) -> float:
    """How long one process takes from its start to its end."""
    begun = time.perf_counter()
    subprocess.run(
        words,
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begun


@pytest.mark.parametrize("command", [("--help",), ("--version",), ("route", "hello")], ids=" ".join)
def test_a_fast_command_takes_at_most_three_bare_interpreters(
    command: tuple[str, ...], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    words = (RUNG, *command)
    for warm_up in (BARE, words):
        seconds(warm_up, tmp_path)
    bare, ours = [], []
    for _ in range(ROUNDS):
        bare.append(seconds(BARE, tmp_path))
        ours.append(seconds(words, tmp_path))
    ratio = min(ours) / min(bare)
    figure(f"rung {' '.join(command)}: {min(ours) * 1e3:.1f} ms, {ratio:.2f} x bare Python")
    assert ratio <= MOST


def test_how_long_the_language_server_takes_to_its_first_answer(tmp_path: Path, figure: Callable[[str], None]) -> None:
    params: dict[str, object] = {"processId": None, "rootUri": None, "capabilities": {}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
    request = f"Content-Length: {len(body)}\r\n\r\n{body}".encode()

    def first_answer() -> float:
        begun = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "rung", "lsp"],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(request)
            process.stdin.flush()
            assert process.stdout.readline().lower().startswith(b"content-")
            taken = time.perf_counter() - begun
            process.kill()
        return taken

    first_answer()
    bare, ours = [], []
    for _ in range(5):
        bare.append(seconds(BARE, tmp_path))
        ours.append(first_answer())
    figure(f"rung lsp to its first answer: {min(ours) * 1e3:.0f} ms, {min(ours) / min(bare):.1f} x bare Python")
