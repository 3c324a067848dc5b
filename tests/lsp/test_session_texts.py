"""Explanations and reviews: the document that is shown, the diagnostics that follow the text."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.lsp.desk import CODE, EXPLANATION, FULL, Desk, Editor, at, desk, flowing, having, review, sim_model

HALF = "    return number / 2"


@pytest.fixture
async def table(home: Path) -> AsyncIterator[Desk]:
    async with desk(home) as made:
        yield made


async def test_an_explanation_is_a_file_for_its_owner_alone_that_goes_with_the_session(table: Desk) -> None:
    uri = table.file("shapes.py")
    async with table.editor() as editor:
        await editor.open(uri, CODE)
        await editor.run("explain-selection", uri, range=at(0, 0, (1, 10)), version=1)
        path = await editor.shown()
        assert path.suffix == ".md"
        text = path.read_text(encoding="utf-8")
        assert flowing(text).startswith(EXPLANATION.strip())
        assert "small (sim-small:3b)" in text
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        await editor.leave()
        await editor.ended()
    assert not path.parent.exists()


@pytest.mark.parametrize("can", ["cannot", "fails", "errs"])
async def test_a_client_that_shows_no_documents_gets_a_message(table: Desk, can: str) -> None:
    uri = table.file("shapes.py")
    capabilities = having({"window": {"showDocument": None}}) if can == "cannot" else FULL
    async with table.editor(capabilities) as editor:
        editor.answers["window/showDocument"] = (lambda _: {"success": False}) if can == "fails" else None
        await editor.open(uri, CODE)
        await editor.run("explain-selection", uri, range=at(0, 0, (1, 10)))
        if can == "errs":
            asked = await editor.expect_method("window/showDocument")
            await editor.send({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no"}})
        assert EXPLANATION.strip() in await editor.said()


@pytest.mark.parametrize("answer", [{"success": False}, {}, None], ids=["no", "malformed", "null"])
async def test_an_answer_whose_file_was_not_opened_is_told_shortened_with_the_file_s_place(
    home: Path, answer: object
) -> None:
    long = "It multiplies the width by the height. " * 100
    async with desk(home, model=sim_model(lambda _: long)) as table, table.editor() as editor:
        editor.answers["window/showDocument"] = lambda _: answer
        uri = table.file("shapes.py")
        await editor.open(uri, CODE)
        await editor.run("explain-selection", uri, range=at(0, 0, (1, 10)))
        path = await editor.shown()
        said = await editor.said()
        assert said.startswith("Rung: It multiplies the width by the height. It")
        assert len(said) < len(long) / 2
        assert f"All of it is in {path} " in said
        assert flowing(path.read_text(encoding="utf-8")).startswith(long.strip())


async def test_the_model_sees_what_the_editor_has_not_what_the_disk_has(table: Desk) -> None:
    uri = table.file("shapes.py", "old = 1\n")
    async with table.editor() as editor:
        await editor.open(uri, "fresh_😀_name = 2\n")
        await editor.run("explain-selection", uri, range=at(0, 6, (0, 13)))  # in units of utf-16
        await editor.shown()
    asked = str(table.questions[-1].body["messages"])
    assert "old" not in asked
    assert "```python\\n😀_name" in asked


async def reviewed(table: Desk, editor: Editor, text: str = CODE) -> tuple[str, list[dict[str, object]]]:
    uri = table.file("shapes.py", text)
    await editor.open(uri, text)
    await editor.run("review-file", uri)
    return uri, await editor.diagnostics(uri)


async def test_findings_are_diagnostics_where_their_quote_stands(table: Desk) -> None:
    async with table.editor() as editor:
        _, (found,) = await reviewed(table, editor)
        said = await editor.said()
    assert found["range"] == at(5, 4, (5, 21))
    assert found["severity"] == 2
    assert found["source"] == "rung"
    assert found["code"] == "bug"
    assert "Think again." in str(found["message"])
    assert said.startswith("Rung: 1 finding. small (sim-small:3b)")


async def test_findings_follow_their_text_and_vanish_with_it(table: Desk) -> None:
    async with table.editor() as editor:
        uri, _ = await reviewed(table, editor)
        grown = "# new\n# lines\n" + CODE
        await editor.edit(uri, grown, [{"range": at(0, 0), "text": "# new\n# lines\n"}])
        (found,) = await editor.diagnostics(uri)
        assert found["range"] == at(7, 4, (7, 21))
        shifted = grown.replace(HALF, "  " + HALF)
        await editor.retype(uri, shifted)
        (found,) = await editor.diagnostics(uri)
        assert found["range"] == at(7, 6, (7, 23))
        await editor.retype(uri, shifted.replace("number / 2", "number / 3"))
        assert await editor.diagnostics(uri) == []
        await editor.retype(uri, CODE)
        await editor.actions(uri)  # whatever the change had caused has come before this answer
    published = [m for m in editor.received if m.get("method") == "textDocument/publishDiagnostics"]
    assert published[-1]["params"]["diagnostics"] == []


async def test_a_finding_stays_at_its_own_of_two_equal_lines(home: Path) -> None:
    text = "a = 1\nmark(x)\nb = 2\nc = 3\nd = 4\nmark(x)\n"
    async with desk(home, model=sim_model(lambda _: review("d = 4"))) as table, table.editor() as editor:
        uri, (found,) = await reviewed(table, editor, text)
        assert found["range"] == at(4, 0, (4, 5))
        # Make a twin where the finding stood, by as many lines as there are between them.
        grown = "".join(f"n{number} = 0\n" for number in range(4)) + text
        twin = grown.replace("n3 = 0\n", "n3 = 0\nd = 4\n")
        await editor.edit(uri, twin, [{"range": at(0, 0), "text": twin[: len(twin) - len(text)]}])
        (found,) = await editor.diagnostics(uri)
        assert found["range"] == at(9, 0, (9, 5))
        # Lines that go above it take it up; what changes below does not move it.
        await editor.edit(uri, twin[7:], [{"range": at(0, 0, (1, 0)), "text": ""}])
        (found,) = await editor.diagnostics(uri)
        assert found["range"] == at(8, 0, (8, 5))
        await editor.edit(uri, twin[7:] + "d = 4\n", [{"range": at(10, 0), "text": "d = 4\n"}])
        (found,) = await editor.diagnostics(uri)
        assert found["range"] == at(8, 0, (8, 5))


@pytest.mark.parametrize(("encoding", "columns"), [("utf-8", (7, 13)), ("utf-16", (5, 11)), ("utf-32", (4, 10))])
async def test_findings_stand_right_in_every_encoding(home: Path, encoding: str, columns: tuple[int, int]) -> None:
    async with (
        desk(home, model=sim_model(lambda _: review("call()"))) as table,
        table.editor(having({"general": {"positionEncodings": [encoding]}})) as editor,
    ):
        text = "x😀 \tcall()\n".replace("\t", " ")
        uri, (found,) = await reviewed(table, editor, text)
        span = at(0, columns[0], (0, columns[1]))
        assert found["range"] == span
        result = await editor.result("rung/run", {"action": "review-file", "uri": uri})
        assert result["findings"][0]["range"] == span


async def test_a_finding_is_dismissed_by_its_code_action(home: Path) -> None:
    model = sim_model(lambda _: review("return number / 2", "return width * height"))
    async with desk(home, model=model) as table, table.editor() as editor:
        uri, found = await reviewed(table, editor)
        assert len(found) == 2
        assert [one for one in await editor.actions(uri, at(3, 0)) if "dismiss" in one["kind"]] == []
        (action,) = [one for one in await editor.actions(uri, at(5, 6)) if one["kind"] == "quickfix.rung.dismiss"]
        assert action["title"] == "Dismiss: Look at 0"
        command = action["command"]
        assert await editor.command(command["command"], *command["arguments"]) == {"dismissed": True}
        (left,) = await editor.diagnostics(uri)
        assert left["range"] == at(1, 4, (1, 25))
        assert await editor.command(command["command"], *command["arguments"]) == {"dismissed": False}


@pytest.mark.parametrize("is_named", [True, False])
async def test_findings_are_cleared(table: Desk, is_named: bool) -> None:  # noqa: FBT001
    async with table.editor() as editor:
        uri, found = await reviewed(table, editor)
        assert found
        await editor.command("rung.clearFindings", *([{"uri": uri}] if is_named else []))
        assert await editor.diagnostics(uri) == []


async def test_closing_a_document_clears_its_findings(table: Desk) -> None:
    async with table.editor() as editor:
        uri, _ = await reviewed(table, editor)
        await editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        assert await editor.diagnostics(uri) == []


async def test_another_review_replaces_what_the_first_found(home: Path) -> None:
    answers = iter([review("return number / 2"), review()])
    async with desk(home, model=sim_model(lambda _: next(answers))) as table, table.editor() as editor:
        uri, found = await reviewed(table, editor)
        assert len(found) == 1
        await editor.run("review-file", uri)
        assert await editor.diagnostics(uri) == []


async def test_a_document_deleted_during_its_review_ends_in_a_message_and_no_findings(table: Desk) -> None:
    uri = table.file("shapes.py")
    table.sim.fail("slow-headers", seconds=0.3)
    async with table.editor() as editor:
        await editor.run("review-file", uri)
        await table.sim.wait_for(lambda: table.questions)
        table.delete("shapes.py")
        assert "cannot be read" in await editor.said()
        kinds = {one["kind"] for one in await editor.actions(uri, at(5, 4))}
        assert kinds == {"refactor.rung.review", "refactor.rung.commitMessage", "refactor.rung.receipt"}
