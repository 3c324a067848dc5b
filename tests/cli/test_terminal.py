"""On a pseudo-terminal: the answer as it comes, and a line that says what is waited for; into a pipe none of it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.cli.command import Rung, configure, environment, git

from rung.sim.models import SimModel
from rung.sim.server import Simulator

pytestmark = pytest.mark.process


class Terminal:
    """What a person at a terminal sees, and what they type."""

    def __init__(self, primary: int, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.shown = ""
        self._primary = primary
        self._changed = asyncio.Event()
        self._ended = False
        asyncio.get_running_loop().add_reader(primary, self._read)

    def _read(self) -> None:
        try:
            piece = os.read(self._primary, 65536)
        except OSError:  # Linux says so where nobody holds the other end any more
            piece = b""
        if not piece:
            asyncio.get_running_loop().remove_reader(self._primary)
            self._ended = True
        self.shown += piece.decode("utf-8", "replace")
        self._changed.set()

    async def wait_for(self, condition: Callable[[str], object]) -> str:
        """Until what was shown so far fulfils a condition; gives it."""
        async with asyncio.timeout(30):
            while not condition(self.shown):
                assert not self._ended, f"it ended first: {self.shown!r}"
                self._changed.clear()
                await self._changed.wait()
        return self.shown

    async def end(self) -> int:
        """The exit code, once everything is shown."""
        async with asyncio.timeout(30):
            while not self._ended:
                self._changed.clear()
                await self._changed.wait()
            return await self.process.wait()

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._primary, keys)

    @property
    def screen(self) -> list[str]:
        """The lines as a terminal shows them: a carriage return goes back, and what follows writes over."""
        lines = []
        for raw in self.shown.replace("\r\n", "\n").split("\n"):
            line: list[str] = []
            for piece in raw.split("\r"):
                line[: len(piece)] = piece
            lines.append("".join(line).rstrip())
        return lines


@asynccontextmanager
async def terminal(
    folder: Path, *words: str, columns: int = 80, out: int | None = None, env: Mapping[str, str] | None = None
) -> AsyncIterator[Terminal]:
    """``rung`` on a terminal of its own, as its controlling one."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def control() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rung", *words, cwd=folder, env=env or environment(), stdin=secondary,
        stdout=secondary if out is None else out, stderr=secondary, preexec_fn=control,
    )  # fmt: skip
    os.close(secondary)
    found = Terminal(primary, process)
    try:
        yield found
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        asyncio.get_running_loop().remove_reader(primary)
        os.close(primary)
        # Something to go by where the exit code is not the one that was expected.
        sys.stdout.write(found.shown)


WORDS = " ".join(f"word{number}" for number in range(30))
"""Longer than the beginning that is held back until it shows that it is no refusal, and than a terminal's line."""
SLOW = SimModel("sim-small:3b", says=WORDS, token_delay=0.02)


async def test_the_answer_streams_as_it_comes(folder: Path) -> None:
    async with Simulator([SLOW]) as sim:
        configure(sim.url)
        sim.fail("stall", after=40)
        async with terminal(folder, "ask", "--tier", "small", "hello") as screen:
            await screen.wait_for(lambda shown: "word0 word1 word2" in shown)
            assert screen.process.returncode is None


async def test_every_streamed_word_stays_on_the_screen(folder: Path) -> None:
    async with Simulator([SLOW]) as sim:
        configure(sim.url)
        async with terminal(folder, "ask", "hello") as screen:
            assert await screen.end() == 0
        assert screen.screen == [WORDS, ""]


@pytest.mark.parametrize("columns", [30, 80, 200])
async def test_a_line_says_tier_model_and_that_it_loads(columns: int, folder: Path) -> None:
    async with Simulator([SimModel("sim-small:3b", load_seconds=1.5, says="done at last, and well")]) as sim:
        configure(sim.url)
        async with terminal(folder, "ask", "hello", columns=columns) as screen:
            shown = await screen.wait_for(lambda shown: "(loading" in shown)
            assert "small: sim-small:3b (loading" in shown
            assert await screen.end() == 0
        assert screen.screen == ["done at last, and well", ""]


async def test_a_line_says_that_the_model_thinks(folder: Path) -> None:
    model = SimModel("sim-small:3b", always_thinks=True, thinking=True, says="thought about it", token_delay=0.05)
    async with Simulator([model]) as sim:
        configure(sim.url)
        async with terminal(folder, "ask", "hello") as screen:
            await screen.wait_for(lambda shown: "small: sim-small:3b (thinking" in shown)
            assert await screen.end() == 0
        assert screen.screen == ["thought about it", ""]


async def test_a_line_says_that_it_waits_even_where_the_answer_goes_into_a_file(folder: Path) -> None:
    async with Simulator([SimModel("sim-small:3b", load_seconds=1.0, says="into the file it goes")]) as sim:
        configure(sim.url)
        with (folder / "answer").open("wb") as file:
            async with terminal(folder, "ask", "hello", out=file.fileno()) as screen:
                await screen.wait_for(lambda shown: "(loading" in shown)
                assert await screen.end() == 0
    assert screen.screen == [""]
    assert (folder / "answer").read_bytes() == b"into the file it goes\n"


async def test_json_on_a_terminal_is_one_object_that_does_not_stream(sim: Simulator, folder: Path) -> None:
    async with terminal(folder, "ask", "--json", "hello", columns=0) as screen:
        assert await screen.end() == 0
    assert [line[:11] for line in screen.screen] == ['{"outcome":', ""]


async def test_a_void_beginning_is_called_void_and_the_next_answer_begins_a_line(folder: Path) -> None:
    large = SimModel("sim-large:14b", says="the large one finished its answer")
    async with Simulator([SLOW, large]) as sim:
        configure(sim.url)
        sim.fail("reset", model="sim-small:3b", after=40)
        async with terminal(folder, "ask", "hello") as screen:
            assert await screen.end() == 0
        lines = screen.screen
    assert lines[0]
    assert WORDS.startswith(lines[0])
    assert lines[1].startswith("rung: that was not it: ")
    assert lines[-2:] == ["the large one finished its answer", ""]


async def test_a_terminal_gets_nothing_from_a_model_that_it_would_obey(folder: Path) -> None:
    says = "\x1b]0;mine\x07a title\x1b[2J and \x9b31m colours\tand tabs, enough words"
    async with Simulator([SimModel("sim-small:3b", says=says)]) as sim:
        configure(sim.url)
        async with terminal(folder, "ask", "hello") as screen:
            assert await screen.end() == 0
        assert "\x1b" not in screen.shown
        assert "\x9b" not in screen.shown
        assert "\x07" not in screen.shown
        assert "a title" in screen.shown
        assert "colours" in screen.shown
        piped = await Rung(folder)("ask", "hello")
        assert piped.out == says + "\n"


async def test_ctrl_c_ends_a_stream_on_a_line_of_its_own(folder: Path) -> None:
    async with Simulator([SLOW]) as sim:
        configure(sim.url)
        sim.fail("stall", after=40)
        async with terminal(folder, "ask", "--tier", "small", "hello") as screen:
            await screen.wait_for(lambda shown: "word3" in shown)
            screen.type(b"\x03")
            assert await screen.end() == 130
        assert screen.screen[-2:] == ["rung: Cancelled.", ""]
        # The terminal shows ^C where it was typed: words that were on their way may come behind it.
        assert WORDS.startswith(screen.screen[0].replace("^C", ""))
        await sim.wait_for(lambda: all(seen.closed_by for seen in sim.log))


async def test_without_a_prompt_a_terminal_is_not_waited_for(sim: Simulator, folder: Path) -> None:
    async with terminal(folder, "ask") as screen:
        assert await screen.end() == 2
    assert "There is no prompt." in screen.shown


async def test_commit_streams_its_message_and_edit_opens_the_editor_on_the_terminal(sim: Simulator, repo: Path) -> None:
    (repo / "new.py").write_text("def new(): ...\n", encoding="utf-8")
    git(repo, "add", ".")
    async with terminal(repo, "commit") as screen:
        assert await screen.end() == 0
    assert "new.py" in screen.screen[0]
    assert screen.screen[-1] == ""
    env = environment(GIT_EDITOR="test -t 0 && test -t 1 && touch")
    async with terminal(repo, "commit", "--edit", env=env) as screen:
        assert await screen.end() == 0, screen.shown
    assert "new.py" in git(repo, "log", "-1", "--format=%s")


async def test_no_colour_is_ever_used(sim: Simulator, folder: Path) -> None:
    for words in (("ask", "-v", "hello"), ("route", "hello"), ("doctor",), ("--help",), ("ask", "--help")):
        async with terminal(folder, *words, env=environment(NO_COLOR=None, FORCE_COLOR="1", TERM="xterm")) as screen:
            assert await screen.end() == 0
        assert "\x1b" not in screen.shown
