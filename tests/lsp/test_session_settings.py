"""Settings while a session runs: from files and from the editor, broken and mended, trusted or not; and the status."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.desk import (
    CODE,
    FULL,
    Desk,
    Editor,
    at,
    config_folder,
    desk,
    having,
    settings,
    sim_model,
    write_settings,
)
from tests.lsp.wire import Json, spawned, within

from rung.cli import COMMANDS
from rung.settings import trust

SPAN = at(0, 0, (1, 10))
EXPLAIN: Json = {"action": "explain-selection", "range": SPAN}
DYNAMIC = having({"workspace": {"didChangeConfiguration": {"dynamicRegistration": True}}})


@pytest.fixture
async def table(home: Path) -> AsyncIterator[Desk]:
    async with desk(home) as made:
        yield made


async def listed(table: Desk, editor: Editor) -> set[str]:
    uri = table.file("shapes.py")
    if uri not in editor.texts:
        await editor.open(uri, CODE)
    return {one["kind"].rsplit(".", 1)[-1] for one in await editor.actions(uri, SPAN)}


ALL = {"commitMessage", "review", "explain"}
ONE = {"actions": ["explain-selection"]}


@pytest.mark.parametrize("options", [{"rung": ONE}, ONE, {"rung": {**ONE, "c++": {"a-b": 1}}}])
async def test_the_initialize_options_are_taken_over(table: Desk, options: Json) -> None:
    async with table.editor({}, initializationOptions=options) as editor:
        uri = table.file("shapes.py")
        await editor.open(uri, CODE)
        assert [one["title"] for one in await editor.actions(uri, SPAN)] == ["Explain selection"]


async def test_the_section_is_asked_for_and_taken_over(table: Desk) -> None:
    async with table.editor(configuration=ONE) as editor:
        asked = await editor.expect_method("workspace/configuration")
        assert asked["params"] == {"items": [{"section": "rung"}]}
        await editor.status()
        assert await listed(table, editor) == {"explain"}


@pytest.mark.parametrize("answer", [None, {}, "nonsense", [1]])
async def test_a_client_that_knows_no_section_keeps_what_it_began_with(table: Desk, answer: Any) -> None:
    async with table.editor(configuration=answer, initializationOptions=ONE) as editor:
        await editor.status()
        assert await listed(table, editor) == {"explain"}


async def test_a_client_that_does_not_answer_about_its_section_is_served_all_the_same(table: Desk) -> None:
    async with table.stranger() as editor:
        editor.answers["workspace/configuration"] = None
        await editor.initialize(FULL, rootUri=table.repository.as_uri())
        assert await listed(table, editor) == ALL


@pytest.mark.parametrize("road", ["pushed", "pushed flat", "pulled on null", "pulled on another server's"])
async def test_changed_settings_of_the_editor_are_taken_over(table: Desk, road: str) -> None:
    async with table.editor() as editor:
        await editor.status()
        assert await listed(table, editor) == ALL
        editor.configuration = ONE
        told = {"pushed": {"rung": ONE}, "pushed flat": ONE, "pulled on another server's": {"pylsp": {"x": 1}}}
        await editor.notify("workspace/didChangeConfiguration", {"settings": told.get(road)})
        if road.startswith("pulled"):
            for _ in range(2):
                await editor.expect_method("workspace/configuration")
        assert await listed(table, editor) == {"explain"}
        editor.configuration = {}
        again: Json | None = None if road.startswith("pulled") else {"rung": {}}
        await editor.notify("workspace/didChangeConfiguration", {"settings": again})
        if road.startswith("pulled"):
            await editor.expect_method("workspace/configuration")
        assert await listed(table, editor) == ALL


@pytest.mark.parametrize("can", [True, False])
async def test_a_client_that_tells_only_who_asks_is_asked(table: Desk, can: bool) -> None:  # noqa: FBT001
    async with table.editor(DYNAMIC if can else FULL) as editor:
        if can:
            asked = await editor.expect_method("client/registerCapability")
            (one,) = asked["params"]["registrations"]
            assert one["method"] == "workspace/didChangeConfiguration"
            assert one["registerOptions"] == {"section": "rung"}
        else:
            await editor.status()
            await editor.result("rung/status")
            assert "client/registerCapability" not in {message.get("method") for message in editor.received}


@pytest.mark.parametrize("name", ["url", "key", "tiers", "budget"])
async def test_an_editor_s_settings_set_nothing_a_repository_must_not(table: Desk, name: str) -> None:
    async with table.editor(initializationOptions={name: "http://evil.example"}) as editor:
        message = await editor.expect_method("window/logMessage")
        assert f"`rung.{name}` in the editor's settings is refused" in message["params"]["message"]


async def test_the_editor_s_local_pin_holds(home: Path) -> None:
    cloud = '[[tier]]\nname = "cloud"\n[[tier.model]]\nprovider = "ollama"\nmodel = "sim-small:3b"\nlocal = false\n'
    async with desk(home) as table:
        write_settings(cloud + f'url = "{table.sim.url}"\n')
        async with table.editor(initializationOptions={"local": True}) as editor:
            uri = table.file("shapes.py")
            await editor.open(uri, CODE)
            found = await editor.result("rung/run", {**EXPLAIN, "uri": uri})
    assert found["error"]["code"] == "no-answer"
    assert "never leaves this machine" in found["error"]["message"]
    assert table.questions == []


# ---- files


async def test_a_rule_changed_during_a_request_counts_for_the_next_one(home: Path) -> None:
    more = '[[tier]]\nname = "large"\n[[tier.model]]\nprovider = "ollama"\nmodel = "sim-large:14b"\nurl = "{url}"\n'
    rule = '[[rule]]\nname = "up"\ntier = "large"\n'
    async with desk(home) as table, table.editor() as editor:
        before = settings(table.sim.url) + more.format(url=table.sim.url)
        write_settings(before)
        await editor.status(lambda status: len(status["tiers"]) == 2)
        uri = table.file("shapes.py")
        await editor.open(uri, CODE)
        table.sim.fail("slow-headers", seconds=0.5)
        first = await editor.start("rung/run", {**EXPLAIN, "uri": uri})
        await table.sim.wait_for(lambda: table.questions)
        path = write_settings(before + rule)
        await editor.command("rung.reload")
        found = (await editor.response(first))["result"]
        assert (found["receipt"]["tier"], found["receipt"]["by"]) == ("small", "action")
        found = await editor.result("rung/run", {**EXPLAIN, "uri": uri, "version": 1})
    assert path.exists()
    assert (found["receipt"]["tier"], found["receipt"]["rule"]) == ("large", "up")


CLOUD = """
[[tier]]
name = "cloud"
[[tier.model]]
provider = "openai-compatible"
model = "sim-small:3b"
url = "{url}/v1"
local = false
price = { input = 0.0, output = 0.0 }

[[rule]]
name = "up"
tier = "cloud"
"""
PIN = """
[[rule]]
name = "pin"
local = true
"""


@pytest.mark.process
async def test_a_pin_just_written_holds_for_the_next_request_of_a_running_process(home: Path) -> None:
    async with desk(home) as table:
        free = settings(table.sim.url, CLOUD.replace("{url}", table.sim.url))
        path = write_settings(free)
        uri = table.file("shapes.py")
        async with spawned("import sys; from rung.cli import main; sys.exit(main(['lsp']))") as server:
            client = server.client
            await client.initialize({**FULL, "workspace": {}, "window": {}}, rootUri=table.repository.as_uri())
            await client.open(uri, CODE, language="python")
            for number in range(20):
                tiers = []
                for text in (free, free + PIN):
                    write_settings(text) if number % 2 else path.write_text(text, encoding="utf-8")
                    answer = await client.result("rung/run", {**EXPLAIN, "uri": uri})
                    tiers.append(answer["receipt"]["tier"])
                assert tiers == ["cloud", "small"], number
            await client.leave()
            assert await within(server.finish()) == (0, "")


async def test_a_request_that_waits_for_a_file_being_written_can_be_cancelled(table: Desk) -> None:
    path = write_settings(settings(table.sim.url))
    async with table.editor() as editor:
        uri = table.file("shapes.py")
        await editor.open(uri, CODE)
        await listed(table, editor)
        path.write_text("", encoding="utf-8")  # about to be written: it is waited for
        run = await editor.run("explain-selection", uri, range=SPAN)
        await editor.progress("begin")  # one that ends before the editor shows it has no end to show
        assert await editor.command("rung.cancel", {"id": run}) == {"cancelled": 1}
        assert (await editor.progress("end"))["message"] == "cancelled"
    assert table.questions == []


async def test_a_broken_settings_file_is_shown_at_its_line_changes_nothing_and_clears(table: Desk) -> None:
    good = settings(table.sim.url)
    async with table.editor() as editor:
        await editor.status(lambda status: status["kind"] == "ready")
        path = write_settings(good + '\n[[rule]]\nname = "x"\ntier = "sky"\n')
        (found,) = await editor.diagnostics(path.as_uri())
        assert found["severity"] == 1
        assert found["range"]["start"]["line"] == (good + '\n[[rule]]\nname = "x"\n').count("\n")
        status = await editor.status(lambda status: status["kind"] == "degraded")
        assert "rung.toml" in status["message"]
        uri = table.file("shapes.py")
        await editor.open(uri, CODE)
        assert (await editor.result("rung/run", {**EXPLAIN, "uri": uri}))["outcome"] == "text"
        write_settings(good)
        assert await editor.diagnostics(path.as_uri()) == []
        await editor.status(lambda status: status["kind"] == "ready")


async def test_settings_broken_from_the_first_are_shown_and_nothing_runs_until_they_are_mended(table: Desk) -> None:
    good = settings(table.sim.url)
    path = write_settings("nonsense")
    async with table.editor() as editor:
        (found,) = await editor.diagnostics(path.as_uri())
        assert found["range"]["start"]["line"] == 0
        await editor.status(lambda status: status["kind"] == "down" and "rung.toml:1" in status["message"])
        uri = table.file("shapes.py")
        await editor.open(uri, CODE)
        offered = await editor.actions(uri, SPAN)
        assert len(offered) == 3
        assert all("rung.toml:1" in one["disabled"]["reason"] for one in offered)
        failed = await editor.result("rung/run", {**EXPLAIN, "uri": uri})
        assert failed["error"]["code"] == "settings"
        assert failed["error"]["message"].startswith(f"{path}:1: ")
        write_settings(good)
        assert await editor.diagnostics(path.as_uri()) == []
        await editor.status(lambda status: status["kind"] in {"ready", "busy"})
        assert (await editor.result("rung/run", {**EXPLAIN, "uri": uri}))["outcome"] == "text"


GOOD = (
    "---\ntitle: Explain {word}\nkind: refactor.rung.explain\non: [selection]\ncontext: [selection]\n"
    "result: text\n---\nExplain {{{{ selection }}}}\n"
)


def own_action(text: str) -> Path:
    folder = config_folder() / "actions"
    folder.mkdir(exist_ok=True)
    path = folder / "explain-selection.md"
    path.write_text(text, encoding="utf-8")
    return path


async def titles(editor: Editor, uri: str) -> list[str]:
    return [one["title"] for one in await editor.actions(uri, SPAN, only=["refactor.rung.explain"])]


@pytest.mark.parametrize("how", ["listing", "saving", "reload"])
async def test_a_broken_action_file_is_shown_changes_nothing_and_clears(table: Desk, how: str) -> None:
    path = own_action(GOOD.format(word="mine"))
    uri = table.file("shapes.py")

    async def look(editor: Editor) -> None:
        if how == "saving":
            await editor.notify("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})
        elif how == "reload":
            await editor.command("rung.reload")
        else:
            await editor.actions(uri, triggerKind=1)

    async with table.editor() as editor:
        await editor.open(uri, CODE)
        assert await titles(editor, uri) == ["Explain mine"]
        own_action(GOOD.format(word="other") + "{% if %}\n")
        await look(editor)
        (found,) = await editor.diagnostics(path.as_uri())
        assert found["range"]["start"]["line"] == 8
        await editor.status(
            lambda status: status["kind"] == "degraded" and "explain-selection.md:9" in status["message"]
        )
        assert await titles(editor, uri) == ["Explain mine"]
        own_action(GOOD.format(word="mended"))
        await look(editor)
        assert await editor.diagnostics(path.as_uri()) == []
        assert await titles(editor, uri) == ["Explain mended"]


async def test_an_action_file_broken_from_the_first_leaves_the_shipped_actions(table: Desk) -> None:
    path = own_action("no front matter")
    async with table.editor() as editor:
        assert await listed(table, editor) == ALL
        (found,) = await editor.diagnostics(path.as_uri())
        assert "front matter" in found["message"]


async def test_an_untrusted_workspace_loosens_nothing(table: Desk) -> None:
    folder = table.repository / ".rung"
    (folder / "actions").mkdir(parents=True)
    (folder / "rung.toml").write_text(
        '[[tier]]\nname = "evil"\n[[tier.model]]\nprovider = "ollama"\nmodel = "x"\nurl = "http://127.0.0.1:9"\n'
        '[budget]\nper_day = 1000\n[[rule]]\nname = "secrets never leave"\nenabled = false\n',
        encoding="utf-8",
    )
    (folder / "actions" / "explain-selection.md").write_text(GOOD.format(word="evil"), encoding="utf-8")
    uri = table.file("shapes.py")
    async with table.editor() as editor:
        await editor.open(uri, CODE)
        status = await editor.status(lambda status: status["kind"] == "ready")
        assert [tier["name"] for tier in status["tiers"]] == ["small"]
        assert await titles(editor, uri) == ["Explain selection"]
        warnings = [m["params"]["message"] for m in editor.received if m.get("method") == "window/logMessage"]
        assert any("trust" in text for text in warnings)
        trust.trust(table.repository)
        await editor.status(lambda status: [tier["name"] for tier in status["tiers"]] == ["evil"])
        assert await titles(editor, uri) == ["Explain evil"]


async def test_an_untrusted_workspace_may_pin(home: Path) -> None:
    async with desk(home) as table:
        write_settings(settings(table.sim.url, model="local = false"))
        (table.repository / ".rung").mkdir()
        (table.repository / ".rung" / "rung.toml").write_text(
            '[[rule]]\nname = "stay"\nlocal = true\n', encoding="utf-8"
        )
        async with table.editor() as editor:
            uri = table.file("shapes.py")
            await editor.open(uri, CODE)
            found = await editor.result("rung/run", {**EXPLAIN, "uri": uri})
    assert "stay" in found["error"]["message"]
    assert table.questions == []


# ---- status


async def test_the_status_has_the_shape_of_the_design_and_is_told_only_when_it_changed(table: Desk) -> None:
    async with table.editor() as editor:
        status = await editor.status(lambda status: status["kind"] == "ready")
        assert set(status) == {"kind", "message", "tiers", "running", "spend"}
        assert status["running"] == []
        assert status["spend"] == 0
        (tier,) = status["tiers"]
        assert {"name": "small", "model": "sim-small:3b", "local": True}.items() <= tier.items()
        assert set(tier) <= {"name", "model", "local", "state", "reason"}
        assert await editor.result("rung/status") == status
        for _ in range(5):
            await editor.command("rung.reload")
        await editor.result("rung/status")
    told = [message["params"] for message in editor.received if message.get("method") == "rung/didChangeStatus"]
    assert all(one != other for one, other in itertools.pairwise(told))


async def test_the_status_goes_from_ready_to_busy_and_back_and_down(home: Path) -> None:
    model = sim_model(token_delay=0.02)
    async with desk(home, model=model) as table, table.editor() as editor:
        await editor.status(lambda status: status["kind"] == "ready")
        uri = table.file("shapes.py")
        await editor.open(uri, CODE)
        name = await editor.run("explain-selection", uri, range=SPAN)
        busy = await editor.status(lambda status: status["kind"] == "busy")
        assert busy["running"] == [{"id": name, "action": "explain-selection"}]
        await editor.status(lambda status: status["kind"] == "ready" and not status["running"])
        table.sim.down()
        assert "error" in await editor.result("rung/run", {**EXPLAIN, "uri": uri})
        down = await editor.status(lambda status: status["kind"] == "down")
        assert table.sim.url in down["tiers"][0]["reason"]
        await editor.command("rung.status")
        said = await editor.said()
        assert said.count("Nobody listens") == 1
        assert "No model can answer. small" in said
        assert "small (sim-small:3b): down" in said


async def test_the_status_is_degraded_while_the_first_tier_is_away(home: Path) -> None:
    async with desk(home) as table:
        write_settings(
            settings("http://127.0.0.1:9") + '[[tier]]\nname = "large"\n[[tier.model]]\nprovider = "ollama"\n'
            f'model = "sim-small:3b"\nurl = "{table.sim.url}"\n'
        )
        async with table.editor() as editor:
            status = await editor.status(lambda status: status["kind"] == "degraded")
    assert status["message"].startswith("small cannot answer")


@pytest.mark.parametrize("can", [True, False])
async def test_the_settings_open_or_are_told_where_they_are(table: Desk, can: bool) -> None:  # noqa: FBT001
    async with table.editor(FULL if can else {}) as editor:
        await editor.command("rung.openSettings")
        path = config_folder() / "rung.toml"
        assert (await editor.shown() == path) if can else (str(path) in await editor.said())
        assert path.read_text(encoding="utf-8").startswith("[[tier]]")


async def test_opening_settings_that_are_not_there_makes_them_and_changes_nothing(table: Desk) -> None:
    await asyncio.to_thread((config_folder() / "rung.toml").unlink)
    async with table.editor() as editor:
        await editor.command("rung.openSettings")
        path = await editor.shown()
        assert path == config_folder() / "rung.toml"
        assert set(re.findall(r"`rung (\w+)", path.read_text(encoding="utf-8"))) <= set(COMMANDS)
        await editor.command("rung.reload")
        assert (await editor.result("rung/status"))["tiers"][0]["name"] == "small"
    assert not [m for m in editor.received if m.get("method") == "textDocument/publishDiagnostics"]
