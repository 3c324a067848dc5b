"""The editor of the demo: buffers, what the server does to them and says about them, and a real ``rung lsp``.

It knows no more of Rung than any editor: code actions, commands, edits, progress and diagnostics, and for streaming
the request ``rung/run``. Every wait has a limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rung.cli.demo.wire import GoneError, Json, RefusedError, Wire

LIMIT = 20.0
"""Seconds until a wait counts as for ever; far more than anything here takes."""
LEAVING = 3.0
"""Seconds the server has to end when it is asked to."""

CAPABILITIES: Json = {
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "textDocument": {
        "codeAction": {
            "disabledSupport": True,
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "source", "refactor", "quickfix"]}},
        },
        "publishDiagnostics": {"versionSupport": True},
    },
    "window": {"workDoneProgress": True},
}


class NotSeenError(Exception):
    """What was waited for did not come in time."""


class Buffer:
    """One open document; positions are the protocol's: lines, and UTF-16 units."""

    def __init__(self, path: Path, language: str, text: str) -> None:
        self.uri = path.as_uri()
        self.language = language
        self.text = text
        self.version = 1

    def at(self, span: Json) -> str:
        """The text of a range."""
        return self.text[self._index(span["start"]) : self._index(span["end"])]

    def span(self, piece: str) -> Json:
        """The range of the first place where ``piece`` stands.

        Raises:
            ValueError: it stands nowhere.
        """
        start = self.text.index(piece)
        return {"start": self._position(start), "end": self._position(start + len(piece))}

    def replace(self, span: Json, text: str) -> None:
        """One edit; the version is the caller's business."""
        start, end = self._index(span["start"]), self._index(span["end"])
        self.text = self.text[:start] + text + self.text[end:]

    def _index(self, position: Json) -> int:
        lines = self.text.split("\n")
        line = lines[position["line"]].encode("utf-16-le")[: 2 * position["character"]].decode("utf-16-le")
        return sum(len(above) + 1 for above in lines[: position["line"]]) + len(line)

    def _position(self, index: int) -> Json:
        before = self.text[:index].split("\n")
        return {"line": len(before) - 1, "character": len(before[-1].encode("utf-16-le")) // 2}


class Editor:
    """An editor with its server; :meth:`start` makes one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        self._process = process
        self._wire = Wire(process.stdout, process.stdin, answer=self._answer, hear=self._hear)
        self._changed = asyncio.Event()
        self._listening = asyncio.create_task(self._listen(), name="demo editor")
        self.buffers: dict[str, Buffer] = {}
        self.diagnostics: dict[str, Json] = {}
        """The latest notification for each document."""
        self.messages: list[str] = []
        """What the server told the person."""
        self.status: Json = {}
        """What the server last said of itself."""
        self.progress: dict[int | str, list[Json]] = {}
        """Values by token."""
        self._takers: dict[str, Callable[[Json], None]] = {}

    @classmethod
    async def start(cls, command: Sequence[str], folder: Path, env: Mapping[str, str], log: Path) -> Editor:
        """Start the server and do the handshake.

        Args:
            command: the server's.
            folder: the workspace.
            env: the server's whole environment.
            log: where its standard error goes.

        Raises:
            NotSeenError: it did not answer.
            GoneError: it ended.
        """
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command,
                # Not the workspace: `python -m` would import what lies there.
                cwd=log.parent,
                env=dict(env),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                # Ctrl-C is for the demo, which then ends its server.
                start_new_session=sys.platform != "win32",
            )
        editor = cls(process)
        try:
            params = {"processId": os.getpid(), "rootUri": folder.as_uri(), "capabilities": CAPABILITIES}
            folders = [{"uri": folder.as_uri(), "name": folder.name}]
            await editor.ask("initialize", {**params, "workspaceFolders": folders})
            editor.tell("initialized", {})
            # The first look at the local server is over before anything is done to that server.
            await editor.wait(editor.knows, "a word on the local models")
        except BaseException:
            await editor.kill()
            raise
        return editor

    @property
    def idle(self) -> bool:
        """Whether some progress was shown, and all of it has ended."""
        shown = self.progress.values()
        return bool(shown) and all(values[-1]["kind"] == "end" for values in shown)

    def knows(self) -> bool:
        """Whether the server has said what the lowest tier's model is up to."""
        return any(tier["state"] != "unknown" for tier in self.status.get("tiers", ())[:1])

    # ---- speaking

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._wire.notify(method, params)

    async def ask(self, method: str, params: Any) -> Any:
        """Send a request and wait for its result.

        Raises:
            RefusedError: the server answered with an error.
            NotSeenError: it did not answer.
            GoneError: it has ended.
        """
        return await self.result(self._wire.request(method, params)[1], method)

    async def result(self, future: asyncio.Future[Any], what: str) -> Any:
        """Wait for a request's result; raises as :meth:`ask` does."""
        try:
            async with asyncio.timeout(LIMIT):
                return await future
        except TimeoutError:
            raise NotSeenError(f"no answer to {what} within {LIMIT:g} s") from None

    async def command(self, name: str, *arguments: Any) -> Any:
        """Run one of the server's commands; raises as :meth:`ask` does."""
        return await self.ask("workspace/executeCommand", {"command": name, "arguments": list(arguments)})

    def run(self, params: Json, take: Callable[[Json], None]) -> tuple[int, asyncio.Future[Any]]:
        """Start ``rung/run``; its id and future result.

        Args:
            params: of the request, without tokens.
            take: gets each value as it streams in.
        """
        partial = f"demo-{len(self._takers)}"
        self._takers[partial] = take
        work = f"{partial}-work"
        return self._wire.request("rung/run", {**params, "partialResultToken": partial, "workDoneToken": work})

    def cancel(self, number: int) -> None:
        """Cancel a request, as an editor does when its person presses escape."""
        self.tell("$/cancelRequest", {"id": number})

    # ---- documents

    def open(self, path: Path, language: str) -> Buffer:
        """Open a file."""
        buffer = Buffer(path, language, path.read_text(encoding="utf-8"))
        self.buffers[buffer.uri] = buffer
        document = {"uri": buffer.uri, "languageId": language, "version": buffer.version, "text": buffer.text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return buffer

    def edit(self, buffer: Buffer, span: Json, text: str) -> None:
        """Type something."""
        buffer.replace(span, text)
        buffer.version += 1
        document = {"uri": buffer.uri, "version": buffer.version}
        self.tell(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [{"range": span, "text": text}]}
        )

    def close(self, buffer: Buffer) -> None:
        """Close a document."""
        del self.buffers[buffer.uri]
        self.tell("textDocument/didClose", {"textDocument": {"uri": buffer.uri}})

    async def actions(self, buffer: Buffer, span: Json) -> list[Json]:
        """The code actions for a place, as the person asks for them."""
        context = {"diagnostics": [], "triggerKind": 1}
        params = {"textDocument": {"uri": buffer.uri}, "range": span, "context": context}
        found: list[Json] = await self.ask("textDocument/codeAction", params)
        return found

    # ---- waiting

    async def wait(self, condition: Callable[[], object], what: str) -> None:
        """Until a condition holds that the server's messages can bring about.

        Raises:
            NotSeenError: it did not hold within the limit; says ``what``.
            GoneError: the server has ended.
        """
        try:
            async with asyncio.timeout(LIMIT):
                while not condition():
                    if self._wire.gone:
                        raise GoneError("the server has ended")
                    await self._changed.wait()
        except TimeoutError:
            raise NotSeenError(f"{what} did not come within {LIMIT:g} s") from None

    # ---- what the server wants

    def _answer(self, method: str, params: Any) -> Any:
        if method != "workspace/applyEdit":
            return None
        applied = all(self._apply(change) for change in params["edit"]["documentChanges"])
        self._wake()
        return {"applied": applied}

    def _apply(self, change: Json) -> bool:
        buffer = self.buffers.get(change["textDocument"]["uri"])
        if buffer is None or buffer.version != change["textDocument"]["version"]:
            return False
        for edit in change["edits"]:
            self.edit(buffer, edit["range"], edit["newText"])
        return True

    def _hear(self, method: str, params: Any) -> None:
        if method == "textDocument/publishDiagnostics":
            self.diagnostics[params["uri"]] = params
        elif method == "rung/didChangeStatus":
            self.status = params
        elif method == "window/showMessage":
            self.messages.append(params["message"])
        elif method == "$/progress":
            token, value = params["token"], params["value"]
            self.progress.setdefault(token, []).append(value)
            if token in self._takers:
                self._takers[token](value)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    # ---- the end

    async def leave(self) -> None:
        """Shut the server down as the specification says; it is killed where it does not end."""
        with contextlib.suppress(GoneError, RefusedError, TimeoutError):
            async with asyncio.timeout(LEAVING):
                await self._wire.request("shutdown", None)[1]
                self.tell("exit", None)
                await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End the server at once, and wait until it has."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        try:
            await self._wire.listen()
        finally:
            self._wake()
