"""``rung.run`` and ``rung/run``: at once, streamed, in DESIGN's shapes, cancelled by every road."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.desk import CODE, EXPLANATION, FULL, Desk, Editor, at, desk, flowing, having, sim_model, write_settings
from tests.lsp.wire import Json, within

RECEIPT = {
    *("id", "action", "tier", "model", "provider", "local", "by", "rule", "why", "escalated_from", "builtin"),
    *("simulated", "degraded", "calls", "tokens_in", "tokens_out", "cost_usd", "total_ms", "left_out", "redacted"),
    *("not_asked", "skipped"),
}
ATTEMPT = {
    *("tier", "model", "provider", "outcome", "reason", "queued_ms", "first_content_ms", "total_ms", "tokens_in"),
    *("tokens_out", "estimated", "cost_usd"),
}
SPAN = at(0, 0, (1, 10))
EXPLAIN: Json = {"action": "explain-selection", "range": SPAN}


@pytest.fixture
async def table(home: Path) -> AsyncIterator[Desk]:
    async with desk(home) as made:
        yield made


@pytest.fixture
async def slow(home: Path) -> AsyncIterator[Desk]:
    """The model says a piece every twentieth of a second and would go on for a minute."""
    async with desk(home, model=sim_model(lambda _: "word " * 1200, token_delay=0.05)) as made:
        yield made


async def opened(table: Desk, editor: Editor) -> str:
    uri = table.file("shapes.py")
    await editor.open(uri, CODE)
    return uri


async def test_the_command_answers_at_once_though_the_model_hangs(table: Desk) -> None:
    table.sim.fail("no-headers", times=None)
    async with table.editor() as editor:
        uri = await opened(table, editor)
        name = await editor.run("explain-selection", uri, range=SPAN)
        await table.sim.wait_for(lambda: table.questions)
        assert table.questions[0].closed_by is None
        assert await editor.command("rung.cancel", {"id": name}) == {"cancelled": 1}


async def test_the_request_streams_and_answers_in_the_shapes_of_the_design(table: Desk) -> None:
    async with table.editor() as editor:
        uri = await opened(table, editor)
        found = await editor.result("rung/run", {**EXPLAIN, "uri": uri, "partialResultToken": "p"})
    stream = [
        message["params"]["value"]
        for message in editor.received
        if message.get("method") == "$/progress" and message["params"]["token"] == "p"
    ]
    assert set(stream[0]) == {"kind", "tier", "model", "reason"}
    assert (stream[0]["kind"], stream[0]["tier"], stream[0]["model"]) == ("tier", "small", "sim-small:3b")
    assert all(set(value) == {"kind", "text"} for value in stream if value["kind"] == "text")
    assert "".join(value["text"] for value in stream if value["kind"] == "text") == EXPLANATION
    assert set(found) == {"id", "outcome", "text", "receipt"}
    assert found["outcome"] == "text"
    assert found["text"] == EXPLANATION.strip()
    assert set(found["receipt"]) == RECEIPT
    assert found["receipt"]["id"] == found["id"]
    assert found["receipt"]["simulated"] is True
    ((attempt,),) = [call["attempts"] for call in found["receipt"]["calls"]]
    assert set(attempt) == ATTEMPT
    methods = {message.get("method") for message in editor.received}
    assert not methods & {"workspace/applyEdit", "window/showDocument", "window/showMessage"}


async def test_what_was_streamed_is_reset_when_another_model_starts_over(home: Path) -> None:
    other = '[[tier]]\nname = "large"\n[[tier.model]]\nprovider = "ollama"\nmodel = "sim-large:14b"\n'
    async with desk(home) as table:
        path = Path.home() / ".config/rung/rung.toml"
        path.write_text(path.read_text("utf-8") + other + f'url = "{table.sim.url}"\n', encoding="utf-8")
        table.sim.fail("error-midstream", after=30, message="out of memory", model="sim-small:3b")
        async with table.editor() as editor:
            uri = await opened(table, editor)
            found = await editor.result("rung/run", {**EXPLAIN, "uri": uri, "partialResultToken": 9})
    kinds = [
        message["params"]["value"]["kind"]
        for message in editor.received
        if message.get("method") == "$/progress" and message["params"]["token"] == 9
    ]
    assert kinds.index("text") < kinds.index("reset") < len(kinds) - 1
    assert found["receipt"]["escalated_from"] == "small"
    assert found["text"] == EXPLANATION.strip()


async def test_findings_come_in_the_shape_of_the_design(table: Desk) -> None:
    async with table.editor() as editor:
        uri = await opened(table, editor)
        found = await editor.result("rung/run", {"action": "review-file", "uri": uri})
        assert set(found) == {"id", "outcome", "findings", "receipt"}
        (finding,) = found["findings"]
    assert set(finding) == {"severity", "category", "title", "reason", "quote", "suggestion", "range", "path"}
    assert finding["path"] == "shapes.py"
    assert "textDocument/publishDiagnostics" not in {message.get("method") for message in editor.received}


async def test_no_answer_is_an_error_in_the_shape_of_the_design(table: Desk) -> None:
    table.sim.fail("status", status=500, times=None)
    async with table.editor() as editor:
        uri = await opened(table, editor)
        found = await editor.result("rung/run", {**EXPLAIN, "uri": uri})
    assert set(found) == {"error", "receipt"}
    assert set(found["error"]) <= {"code", "message", "hint"}
    assert found["error"]["code"] == "no-answer"
    assert set(found["receipt"]) == RECEIPT


BAD: list[tuple[str, Json, str, str]] = [
    ("unknown action", {"action": "sing"}, "usage", "There is no action 'sing'"),
    ("nothing selected", {"action": "explain-selection"}, "no-context", "Nothing is selected"),
    ("past the end", {"action": "explain-selection", "range": at(99, 0, (100, 0))}, "no-context", "beyond the end"),
    ("older version", {"action": "explain-selection", "range": SPAN, "version": 0}, "no-context", "has changed"),
    ("unknown tier", {**EXPLAIN, "tier": "sky"}, "usage", "sky"),
    ("no place", {"action": "review-file", "uri": None}, "usage", "`uri`"),
    ("untitled", {"action": "review-file", "uri": "untitled:Untitled-1"}, "no-context", "not open"),
    ("no such file", {"action": "review-file", "uri": "file:///nowhere/at/all.py"}, "no-context", "cannot be read"),
    ("no repository", {"action": "commit-message", "uri": None, "repository": "/"}, "no-context", "repository"),
    ("no folder", {"action": "commit-message", "uri": None, "repository": "/nowhere/at/all"}, "no-context", ""),
    ("not a folder", {"action": "commit-message", "uri": None, "repository": "ftp://x/y"}, "usage", "folder"),
    ("nothing staged", {"action": "commit-message"}, "no-context", "Nothing is staged"),
]


@pytest.mark.parametrize(("change", "code", "words"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
async def test_what_cannot_be_done_is_said_in_a_sentence_and_the_server_stays(
    table: Desk, change: Json, code: str, words: str
) -> None:
    async with table.editor() as editor:
        uri = await opened(table, editor)
        params = {name: value for name, value in {"uri": uri, **change}.items() if value is not None}
        found = await editor.result("rung/run", params)
        assert found["error"]["code"] == code
        assert words in found["error"]["message"]
        assert found["error"]["message"].endswith(".")
        started = await editor.request("workspace/executeCommand", {"command": "rung.run", "arguments": [params]})
        said = started["error"]["message"] if "error" in started else await editor.said()
        assert words in said
        assert (await editor.result("rung/status"))["kind"] in {"ready", "busy"}
    assert not table.questions


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("rung.run", []),
        ("rung.run", [None]),
        ("rung.run", ["commit-message"]),
        ("rung.run", [{"uri": "file:///x"}]),
        ("rung.run", [{"action": 5}]),
        ("rung.run", [{"action": "review-file", "uri": ["x"]}]),
        ("rung.run", [{"action": "review-file", "range": {"start": 1}}]),
        ("rung.run", [{"action": "review-file"}, {"action": "review-file"}]),
        ("rung.cancel", [{"id": ["x"]}]),
        ("rung.cancel", [{"id": 7}]),
        ("rung.cancel", ["7"]),
        ("rung.clearFindings", [{"uri": 7}]),
        ("rung.dismissFinding", []),
        ("rung.dismissFinding", [{"id": {}}]),
        ("rung.status", [1, 2]),
        ("rung.sing", []),
    ],
)
async def test_wrong_arguments_get_an_error_that_names_the_command(
    table: Desk, command: str, arguments: list[Any]
) -> None:
    async with table.editor() as editor:
        response = await editor.request("workspace/executeCommand", {"command": command, "arguments": arguments})
        assert response["error"]["code"] in {-32602, -32803}
        assert command in response["error"]["message"]
        assert "Internal" not in response["error"]["message"]
        assert await editor.actions(await opened(table, editor))


async def test_a_binary_and_a_huge_document_do_no_harm(table: Desk) -> None:
    binary = table.repository / "picture.png"
    binary.write_bytes(bytes(range(256)) * 40)
    async with table.editor() as editor:
        found = await editor.result("rung/run", {"action": "review-file", "uri": binary.as_uri()})
        assert "error" in found or found["outcome"] == "findings"
        uri = table.file("huge.py", "")
        text = "value = 1\n" * 200_000
        await editor.open(uri, text)
        found = await editor.result("rung/run", {"action": "explain-selection", "uri": uri, "range": at(0, 0, (9, 0))})
        assert found["outcome"] == "text"
        await editor.edit(uri, "x" + text, [{"range": at(0, 0), "text": "x"}])
        assert await editor.actions(uri, at(0, 0, (1, 0)))


# ---- cancelling

Road = Callable[[Editor, str, Any], Awaitable[Any]]


async def _by_command(editor: Editor, name: str, _: Any) -> None:
    assert await editor.command("rung.cancel", {"id": name}) == {"cancelled": 1}


async def _by_command_for_all(editor: Editor, _: str, __: Any) -> None:
    assert await editor.command("rung.cancel") == {"cancelled": 1}


async def _by_code_action(editor: Editor, name: str, uri: str) -> None:
    (action,) = [one for one in await editor.actions(uri) if one["kind"] == "refactor.rung.cancel"]
    assert action["title"] == "Cancel: Explain selection"
    assert action["command"]["arguments"] == [{"id": name}]
    await editor.command(action["command"]["command"], *action["command"]["arguments"])


async def _by_progress(editor: Editor, _: str, __: Any) -> None:
    (token,) = {
        message["params"]["token"]
        for message in editor.received
        if message.get("method") == "$/progress" and message["params"]["value"]["kind"] == "begin"
    }
    await editor.notify("window/workDoneProgress/cancel", {"token": token})


async def _by_newer(editor: Editor, _: str, uri: str) -> None:
    await editor.run("explain-selection", uri, range=at(4, 0, (5, 10)))


async def _by_breaking_off(editor: Editor, _: str, __: Any) -> None:
    await editor.close()


async def _by_leaving(editor: Editor, _: str, __: Any) -> None:
    await editor.leave()


ROADS: dict[str, Road] = {
    "command": _by_command,
    "command for all": _by_command_for_all,
    "code action": _by_code_action,
    "progress": _by_progress,
    "newer request": _by_newer,
    "breaking off": _by_breaking_off,
    "shutdown and exit": _by_leaving,
}


def ends(editor: Editor) -> dict[Any, list[str]]:
    """By token, the kinds of work-done progress that came."""
    found: dict[Any, list[str]] = {}
    for message in editor.received:
        if message.get("method") == "$/progress":
            found.setdefault(message["params"]["token"], []).append(message["params"]["value"]["kind"])
    return found


@pytest.mark.parametrize("road", ROADS)
async def test_every_road_of_cancelling_closes_the_provider_s_connection_and_frees_the_slot(
    slow: Desk, road: str
) -> None:
    async with slow.editor() as editor:
        uri = await opened(slow, editor)
        name = await editor.run("explain-selection", uri, range=SPAN)
        await slow.sim.wait_for(lambda: slow.questions and slow.questions[0].chunks_sent > 2)
        await editor.progress("begin")
        question = slow.questions[0]
        sent = question.chunks_sent
        await ROADS[road](editor, name, uri)
        await slow.sim.wait_for(lambda: question.closed_by)
        assert question.closed_by == "client"
        assert question.chunks_sent <= sent + 2
        if road == "newer request":
            # The slot is free: the newer one has it.
            await slow.sim.wait_for(lambda: len(slow.questions) == 2 and slow.questions[1].chunks_sent > 2)
            await editor.command("rung.cancel")
        if road not in {"breaking off", "shutdown and exit"}:
            await editor.status(lambda status: status["kind"] == "busy")
            await editor.status(lambda status: not status["running"])
            for _ in range(2 if road == "newer request" else 1):
                await editor.progress("end")
            await editor.result("rung/status")
            kinds = [kinds for kinds in ends(editor).values() if "begin" in kinds]
            assert all(one.count("begin") == one.count("end") == 1 and one[-1] == "end" for one in kinds)
    assert not slow.engine.running
    said = [message for message in editor.received if message.get("method") == "window/showMessage"]
    assert not said


async def test_cancelling_the_request_closes_the_provider_s_connection(slow: Desk) -> None:
    async with slow.editor() as editor:
        uri = await opened(slow, editor)
        number = await editor.start("rung/run", {**EXPLAIN, "uri": uri, "partialResultToken": 1})
        await slow.sim.wait_for(lambda: slow.questions and slow.questions[0].chunks_sent > 2)
        await editor.notify("$/cancelRequest", {"id": number})
        response = await editor.response(number)
        assert response["error"]["code"] == -32800
        await slow.sim.wait_for(lambda: slow.questions[0].closed_by)
        assert slow.questions[0].closed_by == "client"
        assert not slow.engine.running


@pytest.mark.parametrize("road", ["newer request", "command"])
async def test_a_request_cancelled_by_another_road_says_so(slow: Desk, road: str) -> None:
    async with slow.editor() as editor:
        uri = await opened(slow, editor)
        number = await editor.start("rung/run", {**EXPLAIN, "uri": uri})
        await slow.sim.wait_for(lambda: slow.questions and slow.questions[0].chunks_sent > 2)
        await ROADS[road](editor, slow.engine.running[0].id, uri)
        assert (await editor.response(number))["error"]["code"] == -32800


async def test_cancelling_what_is_not_there_cancels_nothing(slow: Desk) -> None:
    async with slow.editor() as editor, slow.editor() as other:
        uri = await opened(slow, editor)
        name = await editor.run("explain-selection", uri, range=SPAN)
        await slow.sim.wait_for(lambda: slow.questions and slow.questions[0].chunks_sent > 2)
        assert await editor.command("rung.cancel", {"id": "no-such-id"}) == {"cancelled": 0}
        assert await other.command("rung.cancel", {"id": name}) == {"cancelled": 0}
        assert await other.command("rung.cancel") == {"cancelled": 0}
        assert [one for one in await other.actions(uri) if "cancel" in one["kind"]] == []
        assert [request.id for request in slow.engine.running] == [name]
        assert slow.questions[0].closed_by is None


# ---- progress


async def test_progress_names_tier_and_model_and_ends_once(table: Desk) -> None:
    async with table.editor() as editor:
        uri = await opened(table, editor)
        await editor.run("explain-selection", uri, range=SPAN)
        begin = await editor.progress("begin")
        assert begin["title"] == "Rung: Explain selection"
        assert begin["cancellable"] is True
        await editor.shown()
        await editor.progress("end")
        await editor.result("rung/status")
    (kinds,) = ends(editor).values()
    assert kinds.count("begin") == kinds.count("end") == 1
    told = [
        message["params"]["value"].get("message", "")
        for message in editor.received
        if message.get("method") == "$/progress"
    ]
    assert any("small (sim-small:3b)" in text for text in told)


@pytest.mark.parametrize("way", ["status", "no such"])
async def test_progress_ends_once_when_it_fails(table: Desk, way: str) -> None:
    table.sim.fail("status", status=500, times=None)
    async with table.editor() as editor:
        uri = await opened(table, editor)
        await editor.run("explain-selection", uri, **({"range": SPAN} if way == "status" else {}))
        assert await editor.said()
        await editor.result("rung/status")
    assert all(kinds.count("end") == kinds.count("begin") <= 1 for kinds in ends(editor).values())
    said = [message for message in editor.received if message.get("method") == "window/showMessage"]
    assert len(said) == 1


@pytest.mark.parametrize("action", ["explain-selection", "review-file", "commit-message"])
async def test_what_is_said_comes_after_the_progress_which_some_editors_clear_it_with(table: Desk, action: str) -> None:
    table.stage()
    if action != "review-file":
        table.sim.down()
    async with table.editor() as editor:
        uri = await opened(table, editor)
        await editor.run(action, uri, range=SPAN)
        said = await editor.said()
        await editor.result("rung/status")
    kinds = [
        message["params"].get("value", {}).get("kind", "said")
        for message in editor.received
        if message.get("method") in {"$/progress", "window/showMessage"}
    ]
    assert kinds[-2:] == ["end", "said"]
    wanted = {"explain-selection": "No model could answer. ", "review-file": "1 finding. "}
    assert said.startswith("Rung: " + wanted.get(action, "written without a model, for none could answer, "))


@pytest.mark.parametrize("way", ["silent", "refuses", "cannot"])
async def test_a_client_that_shows_no_progress_loses_nothing(table: Desk, way: str) -> None:
    async with table.editor(having({"window": {"workDoneProgress": way != "cannot"}})) as editor:
        editor.answers["window/workDoneProgress/create"] = None
        uri = await opened(table, editor)
        await editor.run("explain-selection", uri, range=SPAN)
        if way == "refuses":
            asked = await editor.expect_method("window/workDoneProgress/create")
            await editor.send({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no"}})
        path = await editor.shown()
        assert EXPLANATION.strip() in flowing(path.read_text(encoding="utf-8"))
    assert not ends(editor)


async def test_the_client_s_own_token_is_used_where_it_sends_one(table: Desk) -> None:
    async with table.editor() as editor:
        uri = await opened(table, editor)
        await editor.result("rung/run", {**EXPLAIN, "uri": uri, "workDoneToken": "mine"})
    kinds = ends(editor)["mine"]
    assert (kinds[0], kinds[-1], kinds.count("end")) == ("begin", "end", 1)
    assert "window/workDoneProgress/create" not in {message.get("method") for message in editor.received}


# ---- several


async def test_two_sessions_share_an_engine_and_neither_sees_the_other_s_answers(table: Desk) -> None:
    async with table.editor() as one, table.editor(FULL) as other:
        uri = await opened(table, one)
        await other.open(uri, CODE)
        found = await within(
            asyncio.gather(
                one.result("rung/run", {**EXPLAIN, "uri": uri}),
                other.result("rung/run", {"action": "review-file", "uri": uri}),
            )
        )
    assert [result["outcome"] for result in found] == ["text", "findings"]


async def test_one_session_s_end_leaves_the_other_s_request_running(slow: Desk) -> None:
    async with slow.editor() as stays:
        uri = await opened(slow, stays)
        await stays.run("explain-selection", uri, range=SPAN)
        async with slow.editor() as goes:
            await goes.open(uri, CODE)
            await goes.run("review-file", uri)
            await slow.sim.wait_for(lambda: slow.questions and slow.questions[0].chunks_sent > 2)
            await goes.close()
        assert [request.action for request in slow.engine.running] == ["explain-selection"]
        assert slow.questions[0].closed_by is None


async def test_what_one_session_spends_the_other_is_told(home: Path) -> None:
    cloud = '[[tier]]\nname = "cloud"\n[[tier.model]]\nprovider = "ollama"\nmodel = "sim-large:14b"\nlocal = false\n'
    cloud += "price = { input = 1000, output = 1000 }\n"
    async with desk(home) as table:
        write_settings(cloud + f'url = "{table.sim.url}"\n[budget]\nper_request = inf\nper_day = inf\n')
        async with table.editor() as one, table.editor() as other:
            assert (await other.status())["spend"] == 0
            uri = await opened(table, one)
            found = await one.result("rung/run", {**EXPLAIN, "uri": uri})
            assert found["receipt"]["cost_usd"] > 0
            status = await other.status(lambda status: status["spend"] > 0)
            assert status["spend"] == pytest.approx(found["receipt"]["cost_usd"])


LONG = "".join(f"def area_{n}(width, height):\n    return width * height\n\n\n" for n in range(700))


async def test_what_could_not_be_read_in_a_review_is_shown_beside_its_findings(home: Path) -> None:
    finding = {"severity": "error", "category": "bug", "title": "T", "reason": "R", "suggestion": ""}
    whole = json.dumps({"findings": [{**finding, "quote": "def area_0(width, height):"}], "summary": ""})

    def says(messages: Sequence[Any]) -> str:
        return whole if "def area_0(" in messages[-1].text else "Sorry, that is too much for me to look at today."

    async with desk(home, model=sim_model(says)) as table, table.editor() as editor:
        uri = table.file("long.py", LONG)
        await editor.open(uri, LONG)
        await editor.run("review-file", uri, tier="small")
        path = await editor.shown()
        assert [one["message"].splitlines()[0] for one in await editor.diagnostics(uri)]
        text = path.read_text(encoding="utf-8")
    assert text.startswith("No findings could be read in the answer about lines ")
    assert "too much for me" in text


TWO = LONG[: LONG.index("def area_450(")]
"""A file of two pieces."""


@pytest.fixture
async def wordy(home: Path) -> AsyncIterator[Desk]:
    """A model that has a finding about the first lines of a long file, and only talk about the rest."""
    finding = {"severity": "error", "category": "bug", "title": "T", "reason": "R", "suggestion": ""}
    whole = json.dumps({"findings": [{**finding, "quote": "def area_0(width, height):"}], "summary": ""})

    def says(messages: Sequence[Any]) -> str:
        return whole if "def area_0(" in messages[-1].text else "Sorry, that is too much for me to look at today."

    async with desk(home, model=sim_model(says)) as made:
        yield made


async def test_what_nobody_answered_about_is_marked_among_the_findings_and_said(wordy: Desk) -> None:
    async with wordy.editor() as editor:
        uri = wordy.file("long.py", TWO)
        await editor.open(uri, TWO)
        await editor.run("review-file", uri)
        found, mark = await editor.diagnostics(uri)
        message = await editor.expect_method("window/showMessage")
        waits = [
            one["params"]["value"].get("message", "") for one in editor.received if one.get("method") == "$/progress"
        ]
        assert [text for text in waits if text.endswith("asking, part 2 of 2")]
        said, kind = message["params"]["message"], message["params"]["type"]
        assert (found["severity"], found["range"]["start"]["line"]) == (1, 0)
        assert (mark["severity"], mark["code"]) == (3, "not-reviewed")
        first = mark["range"]["start"]["line"]
        assert TWO.splitlines()[first].startswith("def area_")
        title, why = mark["message"].split("\n")
        assert title == f"Lines {first + 1} to {TWO.count(chr(10))} were not reviewed"
        assert why.startswith("No model could answer. small (sim-small:3b): ")
        assert kind == 2
        assert said.startswith(f"Rung: 1 finding. Not reviewed: {title.split(' were')[0].lower()}: {why} small (sim-")
        # It goes as findings go, and with them.
        await editor.edit(uri, "x = 1\n" + TWO, [{"range": at(0, 0), "text": "x = 1\n"}])
        _, moved = await editor.diagnostics(uri)
        assert moved["range"]["start"]["line"] == first + 1
        await editor.command("rung.dismissFinding", {"id": mark["data"]["finding"]})
        assert [one["message"] for one in await editor.diagnostics(uri)] == ["T\nR"]


async def test_what_nobody_answered_about_is_in_the_answer_of_the_request(wordy: Desk) -> None:
    async with wordy.editor() as editor:
        uri = wordy.file("long.py", TWO)
        await editor.open(uri, TWO)
        found = await editor.result("rung/run", {"action": "review-file", "uri": uri})
    assert set(found) == {"id", "outcome", "findings", "unreviewed", "receipt"}
    assert len(found["findings"]) == 1
    (lack,) = found["unreviewed"]
    assert set(lack) == {"path", "why", "range"}
    assert lack["path"] == "long.py"
    assert 0 < lack["range"]["start"]["line"] < lack["range"]["end"]["line"] == TWO.count("\n")
    assert [call["attempts"][-1]["outcome"] for call in found["receipt"]["calls"]] == ["ok", "bad-answer"]


async def test_a_review_of_nothing_but_talk_and_silence_shows_both(home: Path) -> None:
    async with desk(home, model=sim_model("Sorry, that is too much for me.")) as table, table.editor() as editor:
        uri = table.file("long.py", LONG)
        await editor.open(uri, LONG)
        table.sim.fail("status", status=400)
        await editor.run("review-file", uri, tier="small")
        (mark,) = await editor.diagnostics(uri)
        assert mark["range"]["start"] == {"line": 0, "character": 0}
        assert (await editor.said()).startswith("Rung: No findings could be read. Not reviewed: lines 1 to ")
        assert "too much for me" in (await editor.shown()).read_text(encoding="utf-8")
