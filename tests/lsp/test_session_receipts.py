"""The whole receipt: in the words of ``rung route``, in every client, and in no log."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.lsp.desk import CODE, FULL, Desk, Editor, desk, having, write_settings
from tests.lsp.desk import settings as settings_for

from rung.ladder import breaker
from rung.lsp.receipts import KEPT

RULES = """
[[tier]]
name = "cloud"
[[tier.model]]
provider = "openai"
model = "gpt-5-mini"
key = "OPENAI_API_KEY"
[[rule]]
name = "shapes stay here"
when = { path = ["shapes.py"] }
local = true
[[rule]]
name = "proofs"
when = { words = ["prove"] }
tier = "small"
[budget]
per_request = 0.25
"""


@pytest.fixture
async def table(home: Path) -> AsyncIterator[Desk]:
    async with desk(home, more=RULES) as made:
        yield made


async def answered(table: Desk, editor: Editor, action: str = "review-file", **more: object) -> str:
    """The id of a request that has been answered, about shapes.py."""
    uri = table.file("shapes.py")
    if uri not in editor.texts:
        await editor.open(uri, CODE)
    found = await editor.result("rung/run", {"action": action, "uri": uri, **more})
    assert "receipt" in found
    return str(found["receipt"]["id"])


async def route(folder: Path, *words: str) -> str:
    """What ``rung route`` prints there."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rung", "route", *words),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().strip()


def unseen(text: str) -> str:
    """The text without what only a server can say of its models: an editor's session looks at them meanwhile."""
    return re.sub(r"(\(\w+, local)(?:, [a-z]+)?(?:, window \d+)?\)", r"\1)", text)


async def test_whom_the_budget_turned_away_is_named_as_rung_route_does(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-receipt")
    dear = RULES.replace("local = true", 'tier = "cloud"').replace("per_request = 0.25", "per_request = 0.000001")
    async with desk(home, more=dear) as table, table.editor() as editor:
        await answered(table, editor)
        await editor.command("rung.openReceipt")
        text = (await editor.shown()).read_text(encoding="utf-8")
        said = await route(table.repository, "-a", "review-file", "--language", "python", "-f", "shapes.py")
    assert unseen(said) in unseen(text)
    assert "\n  1. small: sim-small:3b (ollama" in text
    assert "\n  not cloud: gpt-5-mini: it may cost $" in text
    assert "; cloud (gpt-5-mini) was not asked: it may cost $" in text.splitlines()[0]


async def test_the_receipt_says_what_rung_route_says(table: Desk) -> None:
    words = ("--action", "review-file", "--language", "python", "--file", "shapes.py", "[local] please prove it")
    async with table.editor() as editor:
        await answered(table, editor, instruction=words[-1])
        await editor.command("rung.openReceipt")
        path = await editor.shown()
        text = path.read_text(encoding="utf-8")
        said = await route(table.repository, *words)
    assert path.suffix == ".txt"
    assert unseen(said) in unseen(text)
    for line in (
        "starts at small: a prefix of the prompt asks for this machine, and small is the first tier there",
        'pin: local (by rule "shapes stay here")',
        "pin: local (by prefix)",
        "pin: budget 0.25 (by settings)",
        "  1. small: sim-small:3b (ollama, local, ",
        "  not cloud: gpt-5-mini: pinned to this machine by prefix",
        "  [x] shapes stay here: shapes.py is in it",
        "  [ ] secrets never leave: no path in it matches",
        "  1. small: sim-small:3b (ollama): answered",
    ):
        assert f"\n{line}" in text


async def test_the_command_answers_with_receipt_and_route(table: Desk) -> None:
    async with table.editor() as editor:
        name = await answered(table, editor)
        found = await editor.command("rung.openReceipt", {"id": name})
        said = await route(table.repository, "-a", "review-file", "--language", "python", "-f", "shapes.py", "--json")
    assert found["id"] == found["receipt"]["id"] == name
    there = json.loads(said)
    assert {key: value for key, value in found["route"].items() if key != "plan"} == {
        key: value for key, value in there.items() if key != "plan"
    }
    assert [step["model"] for step in found["route"]["plan"]] == [step["model"] for step in there["plan"]]


async def test_nothing_of_the_text_is_in_it_but_the_words_that_matched(table: Desk) -> None:
    async with table.editor() as editor:
        await answered(table, editor, instruction="please prove the canary-5f2e theorem")
        await editor.command("rung.openReceipt")
        text = (await editor.shown()).read_text(encoding="utf-8")
    assert 'the prompt says "prove"' in text
    assert "canary" not in text
    assert "theorem" not in text
    assert "width" not in text


async def test_no_log_has_it(table: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="rung")
    async with table.editor() as editor:
        await answered(table, editor, instruction="prove it")
        await editor.command("rung.openReceipt")
        await editor.shown()
    assert "proofs" not in caplog.text
    assert "window/logMessage" not in {message.get("method") for message in editor.received}


async def test_a_client_that_shows_no_documents_gets_a_message(table: Desk) -> None:
    async with table.editor(having({"window": {"showDocument": None}})) as editor:
        await answered(table, editor)
        await editor.command("rung.openReceipt")
        said = await editor.said()
    assert "  [x] shapes stay here: shapes.py is in it" in said


@pytest.mark.parametrize("capabilities", [FULL, {}])
async def test_its_code_action_opens_it_in_any_client(table: Desk, capabilities: dict[str, object]) -> None:
    async with table.editor(capabilities) as editor:
        uri = table.file("shapes.py")
        await editor.open(uri, CODE)
        assert [one for one in await editor.actions(uri) if "Receipt" in one["title"]] == []
        name = await answered(table, editor)
        (action,) = [one for one in await editor.actions(uri) if one["title"] == "Receipt: Review file"]
        command = action if isinstance(action["command"], str) else action["command"]
        assert command["arguments"] == [{"id": name}]
        assert await editor.actions(uri, triggerKind=2) == []
        found = await editor.command(command["command"], *command["arguments"])
    assert found["id"] == name


async def test_a_request_nobody_answered_has_one_too(table: Desk) -> None:
    table.sim.fail("status", status=500, times=None)
    async with table.editor() as editor:
        await answered(table, editor)
        await editor.command("rung.openReceipt")
        text = (await editor.shown()).read_text(encoding="utf-8")
    assert text.startswith("Review file: nobody answered, ")
    assert "  not cloud: gpt-5-mini: pinned to this machine by rule" in text
    assert "  1. small: sim-small:3b (ollama): broken: " in text


async def test_what_rested_is_named_as_it_was_when_the_request_began(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It rests for longer than a busy machine may take for this test.
    monkeypatch.setattr(breaker, "BASE", breaker.CAP)
    other = '[[tier]]\nname = "large"\n[[tier.model]]\nprovider = "ollama"\nmodel = "sim-large:14b"\n'
    async with desk(home) as table:
        write_settings(settings_for("http://127.0.0.1:9", other + f'url = "{table.sim.url}"\n'))
        async with table.editor() as editor:
            await editor.status(lambda status: [tier["state"] for tier in status["tiers"]] == ["down", "cold"])
            await answered(table, editor)
            write_settings(settings_for(table.sim.url, other + f'url = "{table.sim.url}"\n'))
            await editor.command("rung.reload")
            await editor.command("rung.openReceipt")
            text = (await editor.shown()).read_text(encoding="utf-8")
    assert "\n  1. large: sim-large:14b (ollama, local, cold, window 16384)\n  not small: sim-small:3b: " in text
    assert "127.0.0.1:9" in text


async def test_a_commit_s_receipt_names_what_was_left_out(table: Desk) -> None:
    table.stage("package-lock.json", '{"lock": 1}\n')
    table.stage("shapes.py")
    uri = table.commit_file("\n")
    async with table.editor() as editor:
        await editor.open(uri, "\n", language="gitcommit")
        await editor.result("rung/run", {"action": "commit-message", "uri": uri})
        await editor.command("rung.openReceipt")
        text = (await editor.shown()).read_text(encoding="utf-8")
    assert "\nleft out of the prompt: package-lock.json: " in text
    assert "; left out of the prompt: package-lock.json (a lock file)\n" in text
    assert '\npin: local (by rule "shapes stay here")\n' in text


@pytest.mark.parametrize(("argument", "sentence"), [([], "Nothing has been answered"), ([{"id": "x"}], "no such")])
async def test_where_there_is_none_that_is_said(table: Desk, argument: list[object], sentence: str) -> None:
    async with table.editor() as editor:
        assert await editor.command("rung.openReceipt", *argument) is None
        assert sentence in await editor.said()


@pytest.mark.parametrize("road", ["command", "request", "request by a command"])
async def test_a_cancelled_request_has_one_that_says_what_was_asked_until_then(table: Desk, road: str) -> None:
    table.sim.fail("no-headers", times=None)
    async with table.editor() as editor:
        uri = table.file("shapes.py")
        await editor.open(uri, CODE)
        run = {"action": "review-file", "uri": uri}
        command = {"command": "rung.run", "arguments": [run]}
        asked = await editor.start(*(("workspace/executeCommand", command) if road == "command" else ("rung/run", run)))
        await table.sim.wait_for(lambda: table.questions)
        if road == "command":
            await editor.progress("begin")
        if road == "request":
            await editor.notify("$/cancelRequest", {"id": asked})
        else:
            await editor.command("rung.cancel")
        if road == "command":
            assert (await editor.progress("end"))["message"] == "cancelled"
        else:
            assert (await editor.response(asked))["error"]["code"] == -32800
        found = await editor.command("rung.openReceipt")
        text = (await editor.shown()).read_text(encoding="utf-8")
        assert "Receipt: Review file" in [one["title"] for one in await editor.actions(uri)]
    assert [attempt["outcome"] for attempt in found["receipt"]["calls"][0]["attempts"]] == ["cancelled"]
    assert found["route"]["tier"] == "small"
    assert text.startswith("Review file: cancelled, ")
    assert "\n  1. small: sim-small:3b (ollama): cancelled (" in text


async def test_of_a_request_that_was_cancelled_before_it_began_that_is_all_there_is(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git, hangs = home / "bin" / "git", home / "hangs"
    git.parent.mkdir()
    git.write_text(f'#!/bin/sh\n[ -e {hangs} ] && exec sleep 60\nexec {shutil.which("git")} "$@"\n', encoding="utf-8")
    git.chmod(0o700)
    monkeypatch.setenv("PATH", f"{git.parent}{os.pathsep}{os.environ['PATH']}")
    async with desk(home) as table, table.editor() as editor:
        hangs.touch()
        await editor.run("commit-message", repository=str(table.repository))
        await editor.progress("begin")
        assert await editor.command("rung.cancel") == {"cancelled": 1}
        assert (await editor.progress("end"))["message"] == "cancelled"
        assert await editor.command("rung.openReceipt") is None
        assert await editor.said() == "Rung: The last request was cancelled."


async def test_the_last_ones_are_kept_and_older_ones_are_not(table: Desk) -> None:
    async with table.editor() as editor:
        names = [await answered(table, editor, tier="small") for _ in range(KEPT + 1)]
        assert await editor.command("rung.openReceipt", {"id": names[0]}) is None
        found = [await editor.command("rung.openReceipt", {"id": name}) for name in (names[1], names[-1])]
    assert [one["id"] for one in found] == [names[1], names[-1]]


async def test_a_commit_that_was_made_meanwhile_changes_nothing(table: Desk) -> None:
    table.stage()
    uri = table.commit_file("\n")
    async with table.editor() as editor:
        await editor.open(uri, "\n", language="gitcommit")
        table.sim.fail("slow-headers", seconds=0.3)
        asked = asyncio.ensure_future(editor.result("rung/run", {"action": "commit-message", "uri": uri}))
        await table.sim.wait_for(lambda: table.questions)
        (table.repository / ".git" / "index").unlink()
        await asked
        found = await editor.command("rung.openReceipt")
    assert {"name": "shapes stay here", "matched": True, "why": "shapes.py is in it"} in found["route"]["rules"]
