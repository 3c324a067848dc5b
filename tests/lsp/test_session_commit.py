"""Commit messages: where they go in which buffer of which client, and that what is typed is never lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.lsp.desk import MESSAGE, Desk, Editor, at, desk, having, replaced
from tests.lsp.wire import Json

TEMPLATE = "\n# Please enter the commit message.\n# On branch main\n"
VERBOSE = (
    TEMPLATE + "# ------------------------ >8 ------------------------\n# Do not modify\ndiff --git a/a b/a\n+# x\n"
)


@pytest.fixture
async def table(home: Path) -> AsyncIterator[Desk]:
    async with desk(home) as made:
        made.stage()
        yield made


async def edit_of(editor: Editor) -> Json:
    params = (await editor.expect_method("workspace/applyEdit"))["params"]
    return dict(params["edit"])


@pytest.mark.parametrize(
    ("text", "after"),
    [
        pytest.param("", MESSAGE + "\n", id="empty"),
        pytest.param(TEMPLATE, f"{MESSAGE}\n{TEMPLATE}", id="commented"),
        pytest.param(VERBOSE, f"{MESSAGE}\n{VERBOSE}", id="verbose"),
        pytest.param("typed words\n" + TEMPLATE, f"typed words\n\n{MESSAGE}\n{TEMPLATE}", id="typed"),
        pytest.param("\nSigned-off-by: A <a@b.c>\n", f"{MESSAGE}\n\nSigned-off-by: A <a@b.c>\n", id="trailers"),
        pytest.param(TEMPLATE.replace("\n", "\r\n"), f"{MESSAGE}\n{TEMPLATE}".replace("\n", "\r\n"), id="crlf"),
    ],
)
@pytest.mark.parametrize("language", ["gitcommit", "git-commit", "plaintext"])
async def test_the_message_goes_into_the_buffer_and_changes_nothing_else(
    table: Desk, text: str, after: str, language: str
) -> None:
    uri = table.commit_file(text)
    async with table.editor() as editor:
        await editor.open(uri, text, language=language)
        await editor.run("commit-message", uri)
        edit = await edit_of(editor)
        editor.apply(edit)
    found, wanted = editor.texts[uri], after
    assert found.strip() == wanted.strip()
    assert [line for line in text.split("\n") if line.strip()] == [
        line for line in found.split("\n") if line.strip() and MESSAGE not in line
    ]


@pytest.mark.parametrize("is_versioned", [True, False])
async def test_the_edit_is_versioned_where_the_client_can_read_that(table: Desk, is_versioned: bool) -> None:  # noqa: FBT001
    uri = table.commit_file("")
    capabilities = having({"workspace": {"workspaceEdit": {"documentChanges": is_versioned}}})
    async with table.editor(capabilities) as editor:
        await editor.open(uri, "", version=7, language="gitcommit")
        await editor.run("commit-message", uri)
        edit = await edit_of(editor)
    if is_versioned:
        assert list(edit) == ["documentChanges"]
        assert edit["documentChanges"][0]["textDocument"] == {"uri": uri, "version": 7}
    else:
        assert list(edit) == ["changes"]
        assert list(edit["changes"]) == [uri]


@pytest.mark.parametrize(
    ("encoding", "codec", "column"), [("utf-8", "utf-8", 10), ("utf-16", "utf-16-le", 6), ("utf-32", "utf-32-le", 4)]
)
async def test_the_place_is_right_in_every_encoding(table: Desk, encoding: str, codec: str, column: int) -> None:
    typed = "a😀😀b\n"
    uri = table.commit_file(typed)
    async with table.editor(having({"general": {"positionEncodings": [encoding]}})) as editor:
        await editor.open(uri, typed, language="gitcommit")
        await editor.run("commit-message", uri)
        (change,) = (await edit_of(editor))["documentChanges"][0]["edits"]
    assert change["range"] == at(0, column)
    assert replaced(typed, change, codec) == f"a😀😀b\n\n{MESSAGE}\n"


async def test_what_is_typed_while_the_model_writes_is_kept_and_the_edit_made_for_it(home: Path) -> None:
    async with desk(home) as table:
        table.stage()
        uri = table.commit_file("")
        table.sim.fail("slow-headers", seconds=0.3)
        async with table.editor() as editor:
            await editor.open(uri, "", language="gitcommit")
            await editor.run("commit-message", uri)
            await table.sim.wait_for(lambda: table.questions)
            await editor.retype(uri, "mine\n")
            edit = await edit_of(editor)
            assert edit["documentChanges"][0]["textDocument"]["version"] == 2
            editor.apply(edit)
    assert editor.texts[uri] == f"mine\n\n{MESSAGE}\n"


@pytest.mark.parametrize("answer", [{"applied": False}, {"applied": True}], ids=["refused", "said to be applied"])
async def test_an_edit_that_typing_overtook_is_made_anew(table: Desk, answer: Json) -> None:
    """Neovim says that it applied an edit for an older version, and drops it."""
    uri = table.commit_file("")
    async with table.editor() as editor:
        await editor.open(uri, "", language="gitcommit")

        async def overtaken(_: Json) -> Json:
            editor.answers["workspace/applyEdit"] = accept
            await editor.retype(uri, "mine\n")
            return answer

        async def accept(params: Json) -> Json:
            assert params["edit"]["documentChanges"][0]["textDocument"]["version"] == editor.versions[uri]
            editor.apply(params["edit"])
            await editor.retype(uri, editor.texts[uri])
            return {"applied": True}

        editor.answers["workspace/applyEdit"] = overtaken
        await editor.run("commit-message", uri)
        await editor.progress("end")
    assert editor.texts[uri] == f"mine\n\n{MESSAGE}\n"
    assert not [message for message in editor.received if message.get("method") == "window/showDocument"]


@pytest.mark.parametrize("way", ["false", "error"])
async def test_a_message_that_no_edit_brings_in_is_opened_as_a_document(table: Desk, way: str) -> None:
    uri = table.commit_file("")
    async with table.editor() as editor:
        await editor.open(uri, "", language="gitcommit")

        async def refuse(_: Json) -> Json:
            await editor.retype(uri, editor.texts[uri] + "more\n")
            return {"applied": False}

        editor.answers["workspace/applyEdit"] = refuse if way == "false" else None
        await editor.run("commit-message", uri)
        if way == "error":
            for _ in range(3):
                asked = await editor.expect_method("workspace/applyEdit")
                await editor.retype(uri, editor.texts[uri] + "more\n")
                error = {"code": -32603, "message": "Edits require version 1, you have 2"}
                await editor.send({"jsonrpc": "2.0", "id": asked["id"], "error": error})
        path = await editor.shown()
        assert path.read_text(encoding="utf-8") == MESSAGE + "\n"
        assert "in a document of its own" in await editor.said()
    assert "more" in editor.texts[uri]


async def test_a_buffer_closed_meanwhile_is_left_alone(table: Desk) -> None:
    uri = table.commit_file("")
    table.sim.fail("slow-headers", seconds=0.3)
    async with table.editor() as editor:
        await editor.open(uri, "", language="gitcommit")
        await editor.run("commit-message", uri)
        await table.sim.wait_for(lambda: table.questions)
        await editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        path = await editor.shown()
        assert path.read_text(encoding="utf-8") == MESSAGE + "\n"
    assert "workspace/applyEdit" not in [message.get("method") for message in editor.received]


async def test_from_a_file_of_the_repository_the_message_opens_as_a_document(table: Desk) -> None:
    uri = table.file("other.py")
    async with table.editor() as editor:
        await editor.open(uri, "x = 1\n")
        await editor.run("commit-message", uri)
        path = await editor.shown()
        assert path.read_text(encoding="utf-8") == MESSAGE + "\n"


async def test_from_a_folder_the_message_opens_as_a_document(table: Desk) -> None:
    async with table.editor() as editor:
        await editor.run("commit-message", repository=table.repository.as_uri())
        path = await editor.shown()
        assert path.read_text(encoding="utf-8") == MESSAGE + "\n"


async def test_rung_run_gives_the_edit_and_applies_nothing(table: Desk) -> None:
    uri = table.commit_file(TEMPLATE)
    async with table.editor() as editor:
        await editor.open(uri, TEMPLATE, version=3, language="gitcommit")
        found = await editor.result("rung/run", {"action": "commit-message", "uri": uri})
        editor.apply(found["edit"])
    assert set(found) == {"id", "outcome", "text", "edit", "receipt"}
    assert found["text"] == MESSAGE
    assert found["edit"]["documentChanges"][0]["textDocument"]["version"] == 3
    assert editor.texts[uri] == f"{MESSAGE}\n{TEMPLATE}"
    methods = [message.get("method") for message in editor.received]
    assert "workspace/applyEdit" not in methods
    assert "window/showDocument" not in methods


async def test_an_explanation_asked_for_in_a_commit_buffer_is_not_written_into_it(table: Desk) -> None:
    uri = table.commit_file("typed words\n")
    async with table.editor() as editor:
        await editor.open(uri, "typed words\n", language="gitcommit")
        await editor.run("explain-selection", uri, range=at(0, 0, (0, 5)))
        await editor.shown()
        found = await editor.result("rung/run", {"action": "explain-selection", "uri": uri, "range": at(0, 0, (0, 5))})
    assert "edit" not in found
    assert "workspace/applyEdit" not in [message.get("method") for message in editor.received]


async def test_without_apply_edit_and_documents_the_message_is_told(table: Desk) -> None:
    uri = table.commit_file("")
    async with table.editor({}) as editor:
        await editor.open(uri, "", language="gitcommit")
        await editor.run("commit-message", uri)
        assert MESSAGE in await editor.said()
