"""``rung lsp`` as editors start it, over stdio, spoken to with what Neovim, VS Code and a bare client announce."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import ClientServerConfig, LanguageClient, LspSpecificationWarning
from tests.lsp.desk import CODE, EXPLANATION, MESSAGE, Desk, desk, flowing
from tests.lsp.wire import LIMIT

pytestmark = pytest.mark.process

CLIENTS = Path(__file__).parent / "clients"
NEOVIM, CODE_EDITOR, BARE = "neovim_v0.12.4", "visual_studio_code_v1.139.1", "bare"
SPAN = types.Range(types.Position(0, 0), types.Position(1, 10))


@pytest.fixture
async def table(home: Path) -> AsyncIterator[Desk]:
    async with desk(home) as made:
        made.stage()
        yield made


@pytest.fixture(autouse=True)
def within_the_specification(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail for anything the server sent that the client did not say it can read.

    The client warns of it inside its own handlers, where a warning made an error would be answered, not seen.
    """
    heard: list[str] = []

    def warn(message: object, category: type[Warning], **_: object) -> None:
        assert category is LspSpecificationWarning
        heard.append(str(message))

    for module in ("pytest_lsp.checks", "pytest_lsp.client"):
        monkeypatch.setattr(f"{module}.warnings", SimpleNamespace(warn=warn))
    yield
    assert heard == []


@pytest.fixture(params=[NEOVIM, CODE_EDITOR, BARE])
async def client(request: pytest.FixtureRequest, table: Desk) -> AsyncIterator[Any]:
    """A client of pytest-lsp's on a server of its own; its fixture cannot use another asynchronous one."""
    said = json.loads((CLIENTS / f"{request.param}.json").read_text("utf-8"))
    made: Any = await ClientServerConfig(server_command=[sys.executable, "-m", "rung", "lsp"]).start()
    made.edits = asyncio.Queue()
    made.shown_documents, made.messages, made.diagnostics = Heard(), Heard(), Found()
    _answer(made)
    made.protocol._converter.register_structure_hook(types.Command | types.CodeAction, _listed)
    structure: Any = default_converter
    parameters = types.InitializeParams(
        capabilities=structure().structure(said["capabilities"], types.ClientCapabilities),
        client_info=types.ClientInfo(**said["clientInfo"]),
        root_uri=table.repository.as_uri(),
    )
    made.told_of = await made.initialize_session(parameters)
    yield made
    await made.shutdown_session()
    await asyncio.wait_for(made.stop(), LIMIT)


def _listed(value: Any, _: Any) -> Any:
    """A code action or a command; lsprotocol takes every action that has a command for a bare one."""
    make: Any = default_converter
    return make().structure(value, types.Command if isinstance(value.get("command"), str) else types.CodeAction)


def _answer(client: Any) -> None:
    """What pytest-lsp's client does not know by itself."""

    def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        client.edits.put_nowait(params.edit)
        return types.ApplyWorkspaceEditResult(applied=True)

    def register(_params: types.RegistrationParams) -> None:
        return None

    client.feature(types.WORKSPACE_APPLY_EDIT)(apply)
    client.feature(types.CLIENT_REGISTER_CAPABILITY)(register)


class Heard(list[Any]):
    """A list of pytest-lsp's that also wakes who waits for what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    def append(self, item: Any) -> None:
        super().append(item)
        self.queue.put_nowait(item)


class Found(dict[str, Any]):
    """The same for its diagnostics."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    def __setitem__(self, uri: str, found: Any) -> None:
        super().__setitem__(uri, found)
        self.queue.put_nowait((uri, found))


async def next_of(queue: asyncio.Queue[Any]) -> Any:
    return await asyncio.wait_for(queue.get(), LIMIT)


def text_of(uri: str) -> str:
    return Path(uri.removeprefix("file://")).read_text("utf-8")


def is_bare(client: LanguageClient) -> bool:
    return client.capabilities is not None and client.capabilities.text_document is None


def opened(client: LanguageClient, uri: str, text: str, language: str) -> None:
    document = types.TextDocumentItem(uri, language, 1, text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(document))


async def chosen(client: LanguageClient, uri: str, title: str, span: types.Range) -> Any:
    """Choose a code action as a person does: what is offered is run as it is."""
    context = types.CodeActionContext(diagnostics=[], trigger_kind=types.CodeActionTriggerKind.Invoked)
    params = types.CodeActionParams(types.TextDocumentIdentifier(uri), span, context)
    offered = await client.text_document_code_action_async(params)
    (action,) = [one for one in offered or [] if one.title == title]
    if is_bare(client):
        assert isinstance(action, types.Command)
        command = action
    else:
        assert isinstance(action, types.CodeAction)
        assert action.command is not None
        command = action.command
    return await client.workspace_execute_command_async(types.ExecuteCommandParams(command.command, command.arguments))


async def test_the_server_says_what_it_can(client: Any) -> None:
    told = client.told_of
    assert told.server_info.name == "rung"
    assert "rung.run" in told.capabilities.execute_command_provider.commands
    encodings = client.capabilities.general and client.capabilities.general.position_encodings
    assert told.capabilities.position_encoding == (encodings[0] if encodings else "utf-16")


async def test_a_commit_message_goes_into_its_buffer(client: Any, table: Desk) -> None:
    uri = table.commit_file("\n# a comment\n")
    opened(client, uri, "\n# a comment\n", "git-commit")
    origin = types.Range(types.Position(0, 0), types.Position(0, 0))
    await chosen(client, uri, "Write commit message", origin)
    if is_bare(client):
        assert MESSAGE in (await next_of(client.messages.queue)).message
        return
    edit = await next_of(client.edits)
    (changes,) = edit.document_changes
    assert changes.text_document == types.OptionalVersionedTextDocumentIdentifier(uri, 1)
    assert [(one.range, one.new_text.strip()) for one in changes.edits] == [(origin, MESSAGE)]


async def test_an_explanation_is_shown(client: Any, table: Desk) -> None:
    uri = table.file("shapes.py")
    opened(client, uri, CODE, "python")
    found = await chosen(client, uri, "Explain selection", SPAN)
    assert set(found) == {"id"}
    if is_bare(client):
        text = (await next_of(client.messages.queue)).message
    else:
        text = text_of((await next_of(client.shown_documents.queue)).uri)
    assert EXPLANATION.strip() in flowing(text)


async def test_a_review_becomes_diagnostics(client: Any, table: Desk) -> None:
    uri = table.file("shapes.py")
    opened(client, uri, CODE, "python")
    await chosen(client, uri, "Review file", SPAN)
    where, (one,) = await next_of(client.diagnostics.queue)
    assert where == uri
    assert one.range.start == types.Position(5, 4)


async def test_rung_run_answers_and_can_be_cancelled(client: Any, table: Desk) -> None:
    uri = table.file("shapes.py")
    opened(client, uri, CODE, "python")
    table.sim.fail("stall", after=3)
    params = {"action": "explain-selection", "uri": uri, "range": {"start": {"line": 0, "character": 0}}}
    params["range"] |= {"end": {"line": 1, "character": 10}}  # type: ignore[operator]  # the dict just above
    asked = asyncio.ensure_future(client.protocol.send_request_async("rung/run", params, msg_id="7"))
    await table.sim.wait_for(lambda: table.questions and table.questions[0].chunks_sent > 2)
    client.cancel_request(types.CancelParams(id="7"))
    await table.sim.wait_for(lambda: table.questions[0].closed_by)
    assert table.questions[0].closed_by == "client"
    with pytest.raises(Exception, match="Cancelled"):
        await asyncio.wait_for(asked, LIMIT)
    answer = await asyncio.wait_for(client.protocol.send_request_async("rung/run", params), LIMIT)
    assert answer.text == EXPLANATION.strip()
