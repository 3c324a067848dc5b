"""Which code actions are listed where, for which client, from memory alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.desk import CODE, FULL, Desk, at, config_folder, desk, having, settings, write_settings
from tests.lsp.wire import Json

from rung.engine import Engine
from rung.sim import Simulator

SPAN = at(0, 0, (1, 10))
COMMIT, REVIEW, EXPLAIN = "refactor.rung.commitMessage", "refactor.rung.review", "refactor.rung.explain"
WHY = "refactor.rung.why"
SOURCE_COMMIT, SOURCE_REVIEW = "source.rung.commitMessage", "source.rung.review"


@pytest.fixture
async def table(home: Path) -> AsyncIterator[Desk]:
    async with desk(home) as made:
        yield made


def kinds(found: list[Json]) -> set[str]:
    return {one["kind"] for one in found}


@pytest.mark.parametrize(
    ("span", "context", "wanted"),
    [
        (None, {}, {REVIEW, COMMIT}),
        (SPAN, {}, {REVIEW, COMMIT, EXPLAIN}),
        (SPAN, {"triggerKind": 2}, {REVIEW, COMMIT, EXPLAIN}),
        (None, {"triggerKind": 2}, set()),
        (SPAN, {"only": ["source"]}, {SOURCE_REVIEW, SOURCE_COMMIT}),
        (SPAN, {"only": ["source.rung"]}, {SOURCE_REVIEW, SOURCE_COMMIT}),
        (SPAN, {"only": ["source.rung.review"]}, {SOURCE_REVIEW}),
        (SPAN, {"only": ["refactor"]}, {REVIEW, COMMIT, EXPLAIN}),
        (SPAN, {"only": ["refactor.rung.review"]}, {REVIEW}),
        (SPAN, {"only": ["refactor.rung.explain", "source.rung.review"]}, {SOURCE_REVIEW, EXPLAIN}),
        (SPAN, {"only": [""]}, {REVIEW, COMMIT, EXPLAIN}),
        (SPAN, {"only": ["source.rung.rev"]}, set()),
        (SPAN, {"only": ["source.rung.review.deep"]}, set()),
        (SPAN, {"only": ["source.organizeImports"]}, set()),
        (SPAN, {"only": ["source.fixAll"]}, set()),
        (SPAN, {"only": ["quickfix"]}, set()),
    ],
)
async def test_what_is_listed_is_what_was_asked_for(table: Desk, span: Any, context: Json, wanted: set[str]) -> None:
    uri = table.file("shapes.py")
    async with table.editor() as editor:
        await editor.open(uri, CODE)
        found = await editor.actions(uri, span, **context)
    assert kinds(found) == wanted
    assert not [one for one in found if "isPreferred" in one]
    assert all(one["tags"] == [1] for one in found)


async def test_an_automatic_listing_stays_empty_while_something_runs(table: Desk) -> None:
    """Or an editor would light its bulb at every move of the cursor."""
    uri = table.file("shapes.py")
    table.sim.fail("stall", after=3)
    async with table.editor() as editor:
        await editor.open(uri, CODE)
        await editor.run("review-file", uri)
        await table.sim.wait_for(lambda: table.questions and table.questions[0].chunks_sent > 2)
        assert await editor.actions(uri, triggerKind=2) == []
        assert "refactor.rung.cancel" in kinds(await editor.actions(uri))
        await editor.command("rung.cancel")


@pytest.mark.parametrize("text", ["", "\n# comment\n", "typed\n"])
@pytest.mark.parametrize(("name", "language"), [("COMMIT_EDITMSG", "plaintext"), ("MERGE_MSG", "gitcommit")])
async def test_a_commit_buffer_offers_its_message_whatever_is_in_it(
    table: Desk, text: str, name: str, language: str
) -> None:
    uri = table.file(f".git/{name}", text)
    async with table.editor() as editor:
        await editor.open(uri, text, language=language)
        (action,) = await editor.actions(uri, at(0, 0))
    assert action["kind"] == COMMIT
    assert action["command"] == {
        "title": "Write commit message",
        "command": "rung.run",
        "arguments": [{"action": "commit-message", "uri": uri}],
    }


async def test_what_is_offered_can_be_run_as_it_is(table: Desk) -> None:
    uri = table.file("shapes.py")
    async with table.editor() as editor:
        await editor.open(uri, CODE, version=4)
        (action,) = await editor.actions(uri, SPAN, only=["refactor.rung.explain"])
        assert action["command"]["arguments"] == [
            {"action": "explain-selection", "uri": uri, "range": SPAN, "version": 4}
        ]
        await editor.command(action["command"]["command"], *action["command"]["arguments"])
        assert (await editor.shown()).suffix == ".md"


@pytest.mark.parametrize("capabilities", [{}, having({"textDocument": {"codeAction": {}}}, {}) | {"window": {}}])
async def test_a_client_without_literals_gets_bare_commands(table: Desk, capabilities: Json) -> None:
    uri = table.file("shapes.py")
    async with table.editor(capabilities) as editor:
        await editor.open(uri, CODE)
        found = await editor.actions(uri, SPAN)
    assert len(found) == 3
    assert all(set(one) == {"title", "command", "arguments"} for one in found)
    assert all(isinstance(one["command"], str) for one in found)


async def test_the_tag_of_generated_code_goes_only_to_who_knows_it(table: Desk) -> None:
    uri = table.file("shapes.py")
    async with table.editor(having({"textDocument": {"codeAction": {"tagSupport": None}}})) as editor:
        await editor.open(uri, CODE)
        assert all("tags" not in one for one in await editor.actions(uri, SPAN))


@pytest.mark.parametrize("can", [True, False])
async def test_what_cannot_run_is_disabled_with_the_reason_or_left_out(table: Desk, can: bool) -> None:  # noqa: FBT001
    table.sim.down()
    uri = table.file("shapes.py")
    async with table.editor(having({"textDocument": {"codeAction": {"disabledSupport": can}}})) as editor:
        await editor.open(uri, CODE)
        await editor.status(lambda status: status["kind"] == "down")
        found = await editor.actions(uri, SPAN)
    assert [one["kind"] for one in found if "disabled" not in one] == [COMMIT] + [WHY] * (not can)
    if can:
        disabled = [one for one in found if "disabled" in one]
        assert kinds(disabled) == {REVIEW, EXPLAIN}
        assert all("command" not in one for one in disabled)
        assert all(table.sim.url in one["disabled"]["reason"] for one in disabled)
    else:
        assert len(found) == 2


async def test_a_client_that_shows_nothing_disabled_is_offered_the_reason(table: Desk) -> None:
    table.sim.down()
    uri = table.file("shapes.py")
    async with table.editor(clientInfo={"name": "helix"}) as editor:
        await editor.open(uri, CODE)
        await editor.status(lambda status: status["kind"] == "down")
        why, commit = sorted(await editor.actions(uri, SPAN), key=lambda one: str(one["kind"] == COMMIT))
        assert why["title"] == "Why not: Explain selection, Review file?"
        assert commit["kind"] == COMMIT
        await editor.command(why["command"]["command"], *why["command"]["arguments"])
        said = await editor.said()
    assert said.startswith(f"Rung: No model can answer. small: Nobody listens at {table.sim.url}. ")
    assert said.count(table.sim.url) == 1


async def test_a_pin_on_the_document_s_path_is_known_when_listing(home: Path) -> None:
    cloud = '[[tier]]\nname = "cloud"\n[[tier.model]]\nprovider = "openai"\nmodel = "gpt-5-mini"\n'
    async with desk(home, more=cloud) as table:
        table.sim.down()
        async with table.editor() as editor:
            await editor.status(lambda status: status["kind"] != "ready")
            found = {}
            for name in ("shapes.py", "secrets/key.py"):
                uri = table.file(name)
                await editor.open(uri, CODE)
                (one,) = await editor.actions(uri, only=["source.rung.review"])
                found[name] = "disabled" in one
    assert found == {"shapes.py": False, "secrets/key.py": True}


@pytest.mark.parametrize("can", [True, False])
async def test_what_is_about_a_file_left_unread_is_disabled_with_the_reason(table: Desk, can: bool) -> None:  # noqa: FBT001
    table.file(".rungignore", "shapes.py\nkeys/\n")
    async with table.editor(having({"textDocument": {"codeAction": {"disabledSupport": can}}})) as editor:
        for name in ("shapes.py", "keys/a.py"):
            uri = table.file(name)
            await editor.open(uri, CODE)
            found = await editor.actions(uri, SPAN)
            assert [one["kind"] for one in found if "disabled" not in one] == [COMMIT] + [WHY] * (not can)
            disabled = {one["kind"]: one["disabled"]["reason"] for one in found if "disabled" in one}
            reason = f"{name} is not read: .rungignore says so. Take it out of .rungignore if you want it read."
            assert disabled == (dict.fromkeys([REVIEW, EXPLAIN], reason) if can else {})
        table.file(".rungignore", "keys/\n")
        assert all("disabled" not in one for one in await editor.actions(table.file("shapes.py"), SPAN))


@pytest.mark.parametrize("when", ['path = "**/work/**"', 'path = "~/work/**"', 'language = "python"'])
async def test_pins_by_any_of_its_names_and_by_language_are_known_when_listing(home: Path, when: str) -> None:
    cloud = '[[tier]]\nname = "cloud"\n[[tier.model]]\nprovider = "openai"\nmodel = "gpt-5-mini"\n'
    pin = f'[[rule]]\nname = "pin"\nlocal = true\nwhen = {{ {when} }}\n'
    async with desk(home, more=cloud + pin) as table:
        table.sim.down()
        async with table.editor() as editor:
            await editor.status(lambda status: status["kind"] != "ready")
            uri = table.file("shapes.py")
            await editor.open(uri, CODE)
            (one,) = await editor.actions(uri, only=["source.rung.review"])
    assert "pinned to this machine" in one["disabled"]["reason"]


async def test_a_state_nobody_knows_yet_counts_as_able_and_listing_opens_no_connection(home: Path) -> None:
    async with Simulator() as sim:
        write_settings(settings(sim.url))
        engine = Engine()
        table = Desk(sim, engine, home)
        uri = table.file("shapes.py")
        async with table.stranger() as editor:
            # No `initialized`: nothing was probed.
            await editor.result("initialize", {"processId": None, "rootUri": home.as_uri(), "capabilities": FULL})
            await editor.open(uri, CODE)
            for _ in range(100):
                found = await editor.actions(uri, SPAN)
                assert kinds(found) == {REVIEW, EXPLAIN}
                assert not [one for one in found if "disabled" in one]
            assert sim.connections == 0
            assert sim.log == []
            await editor.notify("initialized", {})
            await editor.status(lambda status: status["tiers"][0]["state"] != "unknown")
        await engine.close()
    assert {one.path for one in sim.log} == {"/api/tags", "/api/ps"}


async def test_a_hundred_listings_open_no_connection_and_wait_for_nobody(table: Desk) -> None:
    uri = table.file("shapes.py")
    async with table.editor() as editor:
        await editor.open(uri, CODE)
        await editor.status(lambda status: status["tiers"][0]["state"] != "unknown")
        before = table.sim.connections
        for _ in range(100):
            assert len(await editor.actions(uri, SPAN)) == 3
        assert table.sim.connections == before


async def test_the_cloud_is_never_probed(home: Path) -> None:
    async with Simulator() as sim, Simulator() as cloud:
        write_settings(
            settings(sim.url)
            + f'[[tier]]\nname = "cloud"\n[[tier.model]]\nprovider = "openai-compatible"\nmodel = "gpt-5-mini"\n'
            f'url = "{cloud.url}/openai/v1"\nlocal = false\n'
            f'[[tier.model]]\nprovider = "ollama"\nmodel = "sim-large:14b"\nurl = "{cloud.url}"\nlocal = false\n'
        )
        engine = Engine()
        table = Desk(sim, engine, home)
        uri = table.file("shapes.py")
        async with table.editor() as editor:
            await editor.open(uri, CODE)
            await editor.status(lambda status: status["tiers"][0]["state"] != "unknown")
            await editor.command("rung.reload")
            await editor.actions(uri, SPAN)
            await editor.command("rung.status")
        await engine.close()
    assert cloud.connections == 0


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "file:///nowhere/x.py", "zipfile:///a.zip::b.py", "x"])
async def test_any_uri_can_be_listed(table: Desk, uri: str) -> None:
    async with table.editor() as editor:
        assert EXPLAIN in kinds(await editor.actions(uri, SPAN))
        await editor.open(uri, CODE)
        assert REVIEW in kinds(await editor.actions(uri, at(99, 7)))


async def test_an_action_of_the_person_s_own_is_listed_and_run(table: Desk) -> None:
    folder = config_folder() / "actions"
    folder.mkdir()
    (folder / "translate.md").write_text(
        "---\ntitle: Translate\nkind: refactor.rung.translate\non: [selection]\ncontext: [selection]\n"
        "languages: [python]\nresult: text\n---\nSay it in Latin:\n{{ selection }}\n",
        encoding="utf-8",
    )
    uri = table.file("shapes.py")
    async with table.editor() as editor:
        await editor.open(uri, CODE)
        (action,) = await editor.actions(uri, SPAN, only=["refactor.rung.translate"])
        await editor.command("rung.run", *action["command"]["arguments"])
        await editor.shown()
    assert "Say it in Latin" in str(table.questions[0].body)


def own(name: str, places: str, result: str = "text") -> None:
    """An action of the person's own, offered at these places."""
    folder = config_folder() / "actions"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.md").write_text(
        f"---\ntitle: {name.title()}\nkind: quickfix.rung.{name}\non: [{places}]\ncontext: [selection]\n"
        f"result: {result}\n---\nLook at this:\n{{{{ selection }}}}\n",
        encoding="utf-8",
    )


def shown_to_models(table: Desk) -> list[str]:
    """What stood where the template of :func:`own` has the selection."""
    texts = [one.body["messages"][-1]["content"] for one in table.questions]
    return [text.partition("Look at this:\n")[2].rstrip("\n") for text in texts]


@pytest.mark.parametrize(
    ("place", "asked"),
    [
        (at(1, 8), "def area(width, height):\n    return width * height"),
        (at(0, 6), "def area(width, height):\n    return width * height"),
        (at(6, 2), "total"),
        (at(0, 4, (0, 8)), "area"),
        (at(2, 0), None),
        (at(6, 8), None),
    ],
)
async def test_an_action_on_symbols_is_about_what_the_cursor_is_in(table: Desk, place: Json, asked: str | None) -> None:
    own("symbols", "symbol")
    text = CODE + "total = 3\n"
    uri = table.file("shapes.py", text)
    async with table.editor() as editor:
        await editor.open(uri, text, version=3)
        found = await editor.actions(uri, place, only=["quickfix"])
        assert len(found) == (asked is not None)
        for action in found:
            assert action["command"]["arguments"] == [{"action": "symbols", "uri": uri, "range": place, "version": 3}]
            await editor.command("rung.run", *action["command"]["arguments"])
            await editor.shown()
    assert shown_to_models(table) == ([asked] if asked else [])


async def test_no_action_on_symbols_lights_the_bulb_as_the_cursor_moves(table: Desk) -> None:
    own("symbols", "symbol")
    uri = table.file("shapes.py")
    async with table.editor() as editor:
        await editor.open(uri, CODE)
        assert await editor.actions(uri, at(1, 8), triggerKind=2) == []


def trouble(span: Json, **more: object) -> Json:
    """A diagnostic of another server's."""
    return {"range": span, "message": "Something is wrong.", "severity": 1, "source": "ruff", "code": "E1", **more}


@pytest.mark.parametrize(
    ("place", "diagnostic", "asked"),
    [
        (at(1, 8), trouble(at(1, 4, (1, 10))), "    return width * height"),
        (at(1, 8), trouble(at(1, 8), data={"fix": [1, None]}, code=7), "    return width * height"),
        (at(0, 0), trouble(at(0, 0, (1, 0))), "def area(width, height):"),
        (at(0, 0), trouble(at(0, 0, (1, 3))), "def area(width, height):\n    return width * height"),
        (at(1, 4, (1, 16)), trouble(at(1, 4, (1, 10))), "return width"),
        (at(0, 0), trouble(at(1, 4, (1, 10))), None),
        (at(0, 0), None, None),
    ],
)
async def test_an_action_on_diagnostics_is_about_their_lines(
    table: Desk, place: Json, diagnostic: Json | None, asked: str | None
) -> None:
    own("diagnostics", "diagnostic")
    uri = table.file("shapes.py")
    async with table.editor() as editor:
        await editor.open(uri, CODE)
        found = await editor.actions(uri, place, only=["quickfix"], diagnostics=[diagnostic] if diagnostic else [])
        assert len(found) == (asked is not None)
        for action in found:
            assert action["diagnostics"] == [diagnostic]
            (argument,) = action["command"]["arguments"]
            assert argument["diagnostics"] == [diagnostic]
            await editor.command("rung.run", argument)
            await editor.shown()
    assert shown_to_models(table) == ([asked] if asked else [])


async def test_a_commit_buffer_offers_no_action_on_what_is_typed_in_it(table: Desk) -> None:
    own("symbols", "symbol, diagnostic")
    uri = table.file(".git/COMMIT_EDITMSG", "typed\n")
    async with table.editor() as editor:
        await editor.open(uri, "typed\n", language="gitcommit")
        found = await editor.actions(uri, at(0, 2), diagnostics=[trouble(at(0, 0, (0, 5)))])
    assert kinds(found) == {COMMIT}
