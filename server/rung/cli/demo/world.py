"""The world of the demo: a folder of its own, a small repository, simulated servers, and one real ``rung lsp``.

Nothing of the person is in it: home, settings, state and keys are the folder's, git's own settings are shut out, and
the server's environment is made here. The folder goes when the demo ends, however it ends.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rung.cli.demo import shop
from rung.cli.demo.editor import LIMIT, Editor, NotSeenError
from rung.cli.demo.wire import GoneError, RefusedError
from rung.git import process
from rung.ledger.ledger import Ledger
from rung.sim import SimExchange, SimModel, Simulator

if TYPE_CHECKING:
    from rung.ledger.rows import Row

SERVER = (sys.executable, "-m", "rung", "lsp")
PASSED_ON = ("PATH", "PATHEXT", "SYSTEMROOT", "WINDIR", "COMSPEC", "LANG", "LC_ALL", "PYTHONHOME")
"""What the server gets of the person's environment: where programs are, and how they write."""
DELAY = 0.01
"""Seconds a simulated model takes for each piece."""
GLANCE = 0.02
"""Seconds between two looks at what another process writes, or still holds."""


class NoServerError(Exception):
    """``rung lsp`` could not be started, or not again."""


class Stage:
    """What one scene plays on.

    Attributes:
        local: plays the Ollama of this machine, with tiers small and large.
        cloud: plays the provider far away.
        editor: with its server.
    """

    def __init__(self, local: Simulator, cloud: Simulator, editor: Editor) -> None:
        self.local = local
        self.cloud = cloud
        self.editor = editor


class World:
    """See the module's words; use it with ``async with``.

    Args:
        broken: the id of the scene whose world is to be sabotaged, for tests.
        server: the command of the language server.
    """

    def __init__(self, broken: str | None = None, server: Sequence[str] = SERVER) -> None:
        self.broken = broken
        self.asked = 0
        """Requests made so far."""
        self._server = server
        self._editor: Editor | None = None
        self._hopeless = False
        self._clouds: list[Simulator] = []
        self._addresses: set[str] = set()
        """Those of all simulated servers so far."""
        self._root = Path()

    async def __aenter__(self) -> Self:
        self._root = _new_folder()
        try:
            for name in ("home", "config", "state", "cache", "run", "tmp", "shop"):
                (self._root / name).mkdir()
            await self._make_repository()
        except BaseException:
            await self._remove()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._leave()
        finally:
            await self._remove()

    @property
    def folder(self) -> Path:
        """The repository."""
        return self._root / "shop"

    @property
    def settings(self) -> Path:
        """The ``rung.toml`` in force."""
        return self._root / "config" / "rung.toml"

    def environment(self) -> dict[str, str]:
        """What the server and git see."""
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        if paths := os.environ.get("PYTHONPATH"):
            kept["PYTHONPATH"] = os.pathsep.join(str(Path(path).absolute()) for path in paths.split(os.pathsep) if path)
        folders = {
            "HOME": "home", "USERPROFILE": "home", "APPDATA": "config", "LOCALAPPDATA": "state",
            "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state", "XDG_CACHE_HOME": "cache", "XDG_RUNTIME_DIR": "run",
            "RUNG_CONFIG_DIR": "config", "RUNG_STATE_DIR": "state", "RUNG_CACHE_DIR": "cache",
            "RUNG_RUNTIME_DIR": "run", "TMPDIR": "tmp", "TEMP": "tmp", "TMP": "tmp",
        }  # fmt: skip
        kept |= {name: str(self._root / folder) for name, folder in folders.items()}
        nobodys = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        return kept | nobodys | {"OPENAI_API_KEY": "simulated-key", "PYTHONUTF8": "1"}

    # ---- the repository

    async def _make_repository(self) -> None:
        await self.git("-c", "init.templateDir=", "-c", "init.defaultBranch=main", "init", "--quiet")
        self._write(shop.FILES)
        await self.git("add", "--all")
        await self.git("commit", "--quiet", "--message", "Sell apples")
        self._write(shop.CHANGED)
        await self.git("add", "--all")

    def _write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")

    async def git(self, *arguments: str, fine: Sequence[int] = (0,)) -> None:
        """Run git in the repository.

        Raises:
            GitError: it is not installed, or failed.
        """
        me = ("-c", "user.name=Rung demo", "-c", "user.email=demo@localhost", "-c", "core.autocrlf=false")
        await process.run([*me, *arguments], cwd=self.folder, env=self.environment(), fine=fine)

    async def begin_commit(self) -> Path:
        """The file that ``git commit`` opens in an editor, as git itself fills it."""
        # An editor that fails makes git give up after it wrote the file.
        await self.git("-c", "core.editor=false", "commit", fine=(1,))
        return self.folder / ".git" / "COMMIT_EDITMSG"

    # ---- settings and servers

    @asynccontextmanager
    async def stage(self, *, load: float = 0.0, pin: bool = True) -> AsyncIterator[Stage]:
        """Fresh simulated servers, the settings that name them, and the editor.

        Args:
            load: seconds the small local model takes to load.
            pin: whether the rule about secrets is in force.

        Raises:
            NoServerError: the language server cannot be started.
        """
        models = (SimModel("sim-small:3b", load_seconds=load), SimModel("sim-large:14b", parameters=14e9))
        async with self._simulator(models) as local, self._simulator() as cloud:
            self._clouds.append(cloud)
            self.configure(shop.settings(local.url, cloud.url, pin=pin))
            editor = await self._ready()
            editor.messages.clear()
            editor.diagnostics.clear()
            editor.progress.clear()
            yield Stage(local, cloud, editor)

    @asynccontextmanager
    async def _simulator(self, models: Sequence[SimModel] | None = None) -> AsyncIterator[Simulator]:
        """A simulated server, at an address that none had before: what is known of a server holds for its address."""
        while True:
            # The system gives a free port out again, some time.
            async with Simulator(models, token_delay=DELAY) as simulator:
                if simulator.url in self._addresses:
                    continue
                self._addresses.add(simulator.url)
                yield simulator
                return

    def configure(self, text: str) -> None:
        """Save ``rung.toml`` as editors do: never half written."""
        scratch = self.settings.with_suffix(".new")
        scratch.write_text(text, encoding="utf-8", newline="\n")
        scratch.replace(self.settings)

    async def _ready(self) -> Editor:
        """The editor, its server running with the settings as they are now."""
        if self._hopeless:
            raise NoServerError("the language server could not be started before")
        if self._editor is None:
            try:
                self._editor = await Editor.start(
                    self._server, self.folder, self.environment(), self._root / "tmp" / "server.log"
                )
            except (NotSeenError, GoneError, RefusedError, OSError) as error:
                self._hopeless = True
                raise NoServerError(f"the language server could not be started: {error}") from None
        await self._editor.command("rung.reload")
        return self._editor

    async def drop_server(self) -> None:
        """End a server that no longer answers; the next scene gets another one."""
        if self._editor is not None:
            editor, self._editor = self._editor, None
            await editor.kill()

    async def _leave(self) -> None:
        if self._editor is not None:
            editor, self._editor = self._editor, None
            await editor.leave()

    async def _remove(self) -> None:
        # A load that was under way ends with its simulator, and may be writing its last file just now.
        with suppress(TimeoutError):
            async with asyncio.timeout(LIMIT):
                while self._root.exists():
                    shutil.rmtree(self._root, ignore_errors=True)
                    await asyncio.sleep(GLANCE)

    # ---- the books

    @property
    def billed(self) -> float:
        """US dollars that all simulated providers would charge for what they sent."""
        return sum(cloud.bill({shop.CLOUD_MODEL: shop.PRICE}) for cloud in self._clouds)

    async def rows(self, enough: Callable[[list[Row]], bool]) -> list[Row]:
        """The ledger, once it holds enough; as it is when it never does."""
        ledger = Ledger(self._root / "state" / "ledger.sqlite3")
        rows: list[Row] = []
        try:
            async with asyncio.timeout(LIMIT / 4):
                while not enough(rows := await asyncio.to_thread(_read, ledger)):  # noqa: ASYNC110 - another process's
                    await asyncio.sleep(GLANCE)
        except TimeoutError:
            pass
        return rows

    async def row(self, request: str) -> Row | None:
        """The ledger's row of a request; None where it gets none."""
        rows = await self.rows(lambda rows: any(row.id == request for row in rows))
        return next((row for row in rows if row.id == request), None)


def _new_folder() -> Path:
    # Git and the server name files by their real paths; the system's folder for such things may be a link.
    return Path(tempfile.mkdtemp(prefix="rung-demo-")).resolve()


def _read(ledger: Ledger) -> list[Row]:
    try:
        return ledger.rows()
    except sqlite3.Error:
        return []  # it is just being made, or no ledger: who waits for a row goes on waiting, or gets none


def questions(simulator: Simulator) -> list[SimExchange]:
    """What a simulated server was asked, loads and listings left out."""
    return [found for found in simulator.log if isinstance(found.body, dict) and found.body.get("messages")]
