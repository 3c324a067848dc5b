"""A person's desk for tests of sessions: a repository, settings, simulated models, one engine, and editors on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from tests.copies import copy_of
from tests.lsp.wire import LIMIT, Client, Json, within

from rung.engine import Engine
from rung.lsp.serve import serve
from rung.sim import SimModel, Simulator

CODE = "def area(width, height):\n    return width * height\n\n\ndef half(number):\n    return number / 2\n"
EXPLANATION = "It multiplies the width by the height. " * 5
MESSAGE = "feat(shapes): compute the area of a rectangle"

FULL: Json = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True, "showDocument": {"support": True}, "showMessage": {}},
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}, "configuration": True},
    "textDocument": {
        "publishDiagnostics": {"versionSupport": True, "dataSupport": True},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "refactor", "source"]}},
            "disabledSupport": True,
            "dataSupport": True,
            "tagSupport": {"valueSet": [1]},
        },
    },
}
"""A client that can do all that Rung has a use for."""


def having(changes: Json, base: Json = FULL) -> Json:
    """The capabilities with some of them replaced; None takes one away."""
    out = dict(base)
    for name, value in changes.items():
        if value is None:
            out.pop(name, None)
        elif isinstance(value, dict) and isinstance(out.get(name), dict):
            out[name] = having(value, out[name])
        else:
            out[name] = value
    return out


class Editor(Client):
    """An editor that answers what the server asks, keeps what it is shown and applies what it is given."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.configuration: Any = None
        self.answers: dict[str, Callable[[Any], Any] | None] = {
            "window/workDoneProgress/create": lambda _: None,
            "workspace/configuration": lambda _: [self.configuration],
            "client/registerCapability": lambda _: None,
            "window/showDocument": lambda _: {"success": True},
            "workspace/applyEdit": lambda _: {"applied": True},
        }
        """By method of the server's request; None: never answer."""

    async def _read(self) -> Json:
        message = await super()._read()
        if "id" in message and "method" in message and (how := self.answers.get(message["method"])):
            result = how(message.get("params"))
            if asyncio.iscoroutine(result):
                result = await result
            await self.answer(message, result)
        return message

    async def open(self, uri: str, text: str, *, version: int = 1, language: str = "python") -> None:
        await super().open(uri, text, version=version, language=language)
        self.texts[uri], self.versions[uri] = text, version

    async def retype(self, uri: str, text: str) -> None:
        """Replace the whole text."""
        await self.edit(uri, text, [{"text": text}])

    async def edit(self, uri: str, text: str, changes: Sequence[Json]) -> None:
        """Tell of changes that made the text what it is."""
        self.versions[uri] += 1
        self.texts[uri] = text
        document = {"uri": uri, "version": self.versions[uri]}
        await self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    async def command(self, name: str, *arguments: Any) -> Any:
        """Run a command that must succeed."""
        return await self.result("workspace/executeCommand", {"command": name, "arguments": list(arguments)})

    async def actions(self, uri: str, span: Json | None = None, **context: Any) -> list[Json]:
        """The code actions for a place."""
        params = {
            "textDocument": {"uri": uri},
            "range": span or at(0, 0),
            "context": {"diagnostics": [], "triggerKind": 1, **context},
        }
        found = await self.result("textDocument/codeAction", params)
        assert isinstance(found, list)
        return found

    async def run(self, action: str, uri: str | None = None, **more: Any) -> str:
        """``rung.run``; the request's id."""
        found = await self.command("rung.run", {"action": action, **({"uri": uri} if uri else {}), **more})
        assert set(found) == {"id"}
        return str(found["id"])

    async def said(self) -> str:
        """The next message to the person."""
        message = await self.expect_method("window/showMessage")
        return str(message["params"]["message"])

    async def shown(self) -> Path:
        """The file that is shown next."""
        uri = (await self.expect_method("window/showDocument"))["params"]["uri"]
        return Path(uri.removeprefix("file://"))

    async def diagnostics(self, uri: str) -> list[Json]:
        """The next diagnostics of a document."""
        message = await self.expect(
            lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"]["uri"] == uri
        )
        return list(message["params"]["diagnostics"])

    async def progress(self, kind: str) -> Json:
        """The next work-done progress of that kind."""
        message = await self.expect(lambda m: m.get("method") == "$/progress" and m["params"]["value"]["kind"] == kind)
        return dict(message["params"]["value"])

    async def status(self, wanted: Callable[[Json], object] = lambda _: True) -> Json:
        """The next changed status that is wanted."""
        message = await self.expect(lambda m: m.get("method") == "rung/didChangeStatus" and bool(wanted(m["params"])))
        return dict(message["params"])

    def apply(self, edit: Json) -> None:
        """Do what an edit of one document says; encoding utf-16."""
        if "documentChanges" in edit:
            ((uri, changes),) = [(one["textDocument"]["uri"], one["edits"]) for one in edit["documentChanges"]]
        else:
            ((uri, changes),) = edit["changes"].items()
        for change in changes:
            self.texts[uri] = replaced(self.texts[uri], change)


def replaced(text: str, change: Json, encoding: str = "utf-16-le") -> str:
    """The text with one edit, counted as the encoding does."""
    lines = text.split("\n")

    def offset(position: Json) -> int:
        line = lines[position["line"]]
        width = {"utf-8": 1, "utf-16-le": 2, "utf-32-le": 4}[encoding]
        column = len(line.encode(encoding)[: position["character"] * width].decode(encoding))
        return sum(len(one) + 1 for one in lines[: position["line"]]) + column

    start, end = offset(change["range"]["start"]), offset(change["range"]["end"])
    return text[:start] + str(change["newText"]) + text[end:]


def at(line: int, character: int, to: tuple[int, int] | None = None) -> Json:
    """A range; without ``to`` the empty one at a place."""
    last = to or (line, character)
    return {
        "start": {"line": line, "character": character},
        "end": {"line": last[0], "character": last[1]},
    }


def flowing(text: str) -> str:
    """A wrapped text as one line."""
    return " ".join(text.split())


def sim_says(messages: Sequence[Any]) -> str:
    """What the simulated models say: something that fits each of Rung's actions."""
    asked = "\n".join(message.text for message in messages)
    if "git commit message" in asked:
        return MESSAGE
    if "Review this" in asked:
        return review("return number / 2")
    return EXPLANATION


def review(*quotes: str) -> str:
    """A review with a finding for each quote."""
    found = ",".join(
        f'{{"severity":"warning","category":"bug","title":"Look at {number}","reason":"It may be wrong.",'
        f'"quote":"{quote}","suggestion":"Think again."}}'
        for number, quote in enumerate(quotes)
    )
    return f'{{"findings":[{found}],"summary":"Some."}}'


def sim_model(says: Any = sim_says, **more: Any) -> SimModel:
    """The one model on the desk."""
    return SimModel("sim-small:3b", says=says, context=16384, **more)


class Desk:
    """See the module's words."""

    def __init__(self, sim: Simulator, engine: Engine, folder: Path) -> None:
        self.sim = sim
        self.engine = engine
        self.repository = folder

    @property
    def questions(self) -> list[Any]:
        """What was asked of models; listings and preloads are no questions."""
        return [one for one in self.sim.log if one.path in {"/api/chat", "/v1/chat/completions"} and _asks(one.body)]

    @contextlib.asynccontextmanager
    async def editor(self, capabilities: Json | None = None, **params: Any) -> AsyncIterator[Editor]:
        """An editor that has said hello and opened the repository."""
        async with self.stranger() as editor:
            found = {"rootUri": self.repository.as_uri(), **params}
            editor.configuration = found.pop("configuration", None)
            await editor.initialize(FULL if capabilities is None else capabilities, **found)
            yield editor

    @contextlib.asynccontextmanager
    async def stranger(self) -> AsyncIterator[Editor]:
        """An editor that has said nothing yet."""
        ours, theirs = socket.socketpair()
        session = asyncio.create_task(self._session(theirs), name="session")
        editor = Editor(*await asyncio.open_connection(sock=ours))
        try:
            yield editor
        finally:
            await editor.close()
            await within(asyncio.wait([session]))
            session.result()

    async def _session(self, sock: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=sock)
        try:
            await serve(reader, writer, self.engine)
        finally:
            writer.close()

    def commit_file(self, text: str) -> str:
        """The file git opens for a message, and its URI."""
        path = self.repository / ".git" / "COMMIT_EDITMSG"
        path.write_bytes(text.encode())
        return path.as_uri()

    def file(self, name: str, text: str = CODE) -> str:
        """A file of the repository, and its URI."""
        path = self.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path.as_uri()

    def delete(self, name: str) -> None:
        """Delete a file."""
        (self.repository / name).unlink()

    def stage(self, name: str = "shapes.py", text: str = CODE) -> None:
        """Stage a file."""
        self.file(name, text)
        git(self.repository, "add", name)


def _asks(body: Any) -> bool:
    return bool(isinstance(body, dict) and body.get("messages"))


def git(folder: Path, *arguments: str) -> str:
    """Run git."""
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def settings(url: str, more: str = "", model: str = "") -> str:
    """A rung.toml with one local model at a simulator."""
    return (
        f'[[tier]]\nname = "small"\n[[tier.model]]\nprovider = "ollama"\nmodel = "sim-small:3b"\nurl = "{url}"\n'
        f"context = 16384\n{model}\n{more}\n"
    )


def config_folder() -> Path:
    """The person's own settings folder."""
    folder = Path(os.environ["RUNG_CONFIG_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_settings(text: str) -> Path:
    """The person's own rung.toml, put in place in one step as a careful editor does."""
    path = config_folder() / "rung.toml"
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return path


def build(folder: Path) -> None:
    """The repository."""
    git(folder, "init", "-q", "-b", "main")
    (folder / "README").write_text("Shapes\n", encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "chore: begin")


@contextlib.asynccontextmanager
async def desk(home: Path, *, model: SimModel | None = None, more: str = "", **sim: Any) -> AsyncIterator[Desk]:
    """Everything in place: a repository with one commit, a simulator, settings for it, an engine."""
    folder = home / "work"
    copy_of("desk", build, folder)
    models = [model or sim_model(), SimModel("sim-large:14b", 14e9, context=16384, says=sim_says)]
    async with Simulator(models, **sim) as simulator:
        write_settings(settings(simulator.url, more))
        engine = Engine()
        try:
            yield Desk(simulator, engine, folder)
        finally:
            await asyncio.wait_for(engine.close(), LIMIT)
