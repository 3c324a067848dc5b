"""Nothing of what a person wrote leaves by a log, a message of the log kind, or an error."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.lsp.desk import CODE, FULL, at, desk
from tests.lsp.wire import Json, spawned, within

from rung.types.event import TierEvent

CANARY = "canary-7d1f"
SCRIPT = "import sys; from rung.cli import main; sys.exit(main(['lsp', '--log', 'info']))"


FAULTS = ("status", "malformed", "reset", "garbage-text", "refusal")


@pytest.mark.parametrize("fault", [None, *(pytest.param(fault, marks=pytest.mark.process) for fault in FAULTS)])
async def test_a_canary_in_document_diff_and_instruction_is_in_no_log(home: Path, fault: str | None) -> None:
    text = f"# {CANARY}\n{CODE}"
    async with desk(home) as table:
        table.stage("shapes.py", text)
        uri = table.file("shapes.py", text)
        commit = table.commit_file(f"{CANARY}\n")
        if fault:
            table.sim.fail(fault, times=None, **({"body": CANARY} if fault == "status" else {}))
        async with spawned(SCRIPT) as server:
            client = server.client
            await client.initialize({**FULL, "workspace": {}, "window": {}}, rootUri=table.repository.as_uri())
            await client.open(uri, text, language="python")
            await client.open(commit, f"{CANARY}\n", language="gitcommit")
            for params in (
                {"action": "explain-selection", "uri": uri, "range": at(0, 0, (2, 5)), "instruction": CANARY},
                {"action": "review-file", "uri": uri, "instruction": CANARY},
                {"action": "commit-message", "uri": commit, "instruction": CANARY},
                {"action": CANARY, "uri": uri},
                {"action": "review-file", "uri": uri, "range": CANARY},
                {"action": "review-file", "uri": uri, "tier": 5, "instruction": [CANARY]},
            ):
                await client.request("rung/run", params)
                await client.request("workspace/executeCommand", {"command": "rung.run", "arguments": [params]})
            await client.send({"jsonrpc": "2.0", "id": "x", "method": CANARY, "params": {CANARY: CANARY}})
            await client.notify("textDocument/didChange", {"textDocument": {"uri": uri}, "contentChanges": CANARY})
            await client.result("rung/status")
            await client.leave()
            code, errors = await within(server.finish())
    assert code == 0
    assert CANARY not in errors
    logged = [message for message in client.received if message.get("method") == "window/logMessage"]
    assert CANARY not in json.dumps(logged)


async def test_an_answer_names_the_field_that_is_wrong_and_not_what_is_in_it(home: Path) -> None:
    async with desk(home) as table, table.editor() as editor:
        wrong: list[Json] = [
            {"action": "review-file", "uri": [CANARY]},
            {"action": "review-file", "range": {"start": CANARY}},
            {"action": [CANARY]},
        ]
        answers = [await editor.request("rung/run", params) for params in wrong]
    for answer, field in zip(answers, ("uri", "range", "action"), strict=True):
        assert answer["error"]["code"] == -32602
        assert field in answer["error"]["message"]
        assert CANARY not in json.dumps(answer)


async def test_a_failure_nobody_foresaw_is_told_once_and_quotes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk(home) as table, table.editor() as editor:

        async def broken(*_: object) -> AsyncGenerator[object]:
            yield TierEvent("small", "sim-small:3b", "it begins")
            raise ValueError(CANARY)

        monkeypatch.setattr(table.engine, "run", broken)
        uri = table.file("shapes.py")
        await editor.open(uri, CODE)
        await editor.run("review-file", uri)
        assert await editor.said() == "Rung: Internal error in the language server; its log names the place."
        response = await editor.request("rung/run", {"action": "review-file", "uri": uri})
        assert response["error"]["code"] == -32603
    assert "ValueError" in caplog.text
    assert CANARY not in caplog.text
    assert CANARY not in json.dumps(editor.received)
