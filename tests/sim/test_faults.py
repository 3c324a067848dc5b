"""Every kind of fault, as a client sees it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.sim.raw import Got, ask

from rung.sim import KINDS, SimModel, Simulator

NATIVE = "/api/chat"
LOCAL = "/v1/chat/completions"
OPENAI = "/openai/v1/chat/completions"
ANTHROPIC = "/anthropic/v1/messages"
ASKED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    NATIVE: ({"model": "sim-small:3b"}, {}),
    LOCAL: ({"model": "sim-small:3b"}, {}),
    OPENAI: ({"model": "gpt-5-mini"}, {"authorization": "Bearer a-key"}),
    ANTHROPIC: (
        {"model": "claude-haiku-4-5", "max_tokens": 500},
        {"x-api-key": "a", "anthropic-version": "2023-06-01"},
    ),
}
EVERY = pytest.mark.parametrize("path", list(ASKED))
QUESTION = [{"role": "user", "content": "Explain what parse_row does."}]


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


async def question(sim: Simulator, path: str, *, stream: bool = True, **how: Any) -> Got:
    body, headers = ASKED[path]
    return await ask(sim.url, path, {"messages": QUESTION, "stream": stream, **body}, headers=headers, **how)


Virtual = Callable[[Coroutine[Any, Any, Got]], tuple[Got, float]]


async def silent(path: str, kind: str, *, stream: bool = True, **args: Any) -> Got:
    """Ask a simulator with that fault, listen for a minute, leave. For a clock that jumps."""
    async with Simulator() as sim:
        sim.fail(kind, **args)
        got = await question(sim, path, stream=stream, leave_after=60.0)
        assert got.ended == "left"
        await sim.wait_for(lambda: sim.log[-1].closed_by is not None)
        assert sim.log[-1].closed_by == "client"
        return got


def text_of(path: str, got: Got) -> str:
    """All the text of a stream, whatever protocol."""
    said = []
    for line in got.body.decode().splitlines():
        data = line.removeprefix("data: ")
        if not data.startswith("{"):
            continue
        try:
            event = json.loads(data)
        except ValueError:
            continue
        if path == NATIVE:
            said.append(event.get("message", {}).get("content", ""))
        elif path == ANTHROPIC:
            said.append(event.get("delta", {}).get("text", ""))
        else:
            said += [choice["delta"].get("content", "") for choice in event.get("choices", ())]
    return "".join(said)


def is_ended(path: str, got: Got) -> bool:
    """Whether the protocol's own end marker came."""
    marker = {NATIVE: b'"done":true', ANTHROPIC: b"event: message_stop"}.get(path, b"data: [DONE]")
    return marker in got.body


@EVERY
async def test_without_a_fault_the_answer_is_long_marked_and_ended(sim: Simulator, path: str) -> None:
    got = await question(sim, path)
    assert got.headers["x-rung-simulated"] == "1"
    assert len(text_of(path, got)) > 200
    assert "Simulated answer" in text_of(path, got)
    assert "parse_row" in text_of(path, got)
    assert is_ended(path, got)
    assert sim.log[-1].closed_by == "server"


@EVERY
async def test_status_answers_with_that_status_in_the_protocols_form(sim: Simulator, path: str) -> None:
    sim.fail("status", status=429, headers={"Retry-After": "7"}, message="slow down")
    got = await question(sim, path)
    assert (got.status, got.headers["retry-after"]) == (429, "7")
    error = got.json()["error"]
    assert (error if path == NATIVE else error["message"]) == "slow down"
    assert (await question(sim, path)).status == 200


async def test_status_takes_a_body_of_its_own(sim: Simulator) -> None:
    sim.fail("status", status=502, body="<html>Bad Gateway</html>")
    got = await question(sim, NATIVE)
    assert (got.status, got.body) == (502, b"<html>Bad Gateway</html>")


@EVERY
def test_no_headers_accepts_and_never_answers(virtual: Virtual, path: str) -> None:
    got, _ = virtual(silent(path, "no-headers"))
    assert got.status is None


def test_slow_headers_answers_after_that_time(virtual: Virtual) -> None:
    async def late() -> Got:
        async with Simulator() as sim:
            sim.fail("slow-headers", seconds=30.0)
            return await question(sim, NATIVE)

    got, _ = virtual(late())
    assert got.headers_at is not None
    assert got.headers_at >= 30.0
    assert is_ended(NATIVE, got)


@EVERY
def test_no_content_sends_headers_and_nothing_else(virtual: Virtual, path: str) -> None:
    got, _ = virtual(silent(path, "no-content"))
    assert (got.status, got.body) == (200, b"")


@EVERY
def test_pings_only_shows_life_and_no_text(virtual: Virtual, path: str) -> None:
    got, _ = virtual(silent(path, "pings-only", every=10))
    assert len(got.chunks) > 1
    assert text_of(path, got) == ""
    assert not is_ended(path, got)


@EVERY
def test_role_only_opens_an_answer_and_says_nothing(virtual: Virtual, path: str) -> None:
    got, _ = virtual(silent(path, "role-only"))
    assert b"assistant" in got.body
    assert text_of(path, got) == ""


@EVERY
def test_stall_says_so_many_pieces_and_falls_silent(virtual: Virtual, path: str) -> None:
    got, _ = virtual(silent(path, "stall", after=3))
    assert text_of(path, got)
    assert len(got.chunks) == (4 if path in (OPENAI, ANTHROPIC) else 3)
    assert not is_ended(path, got)


@EVERY
async def test_reset_before_headers_breaks_the_connection(sim: Simulator, path: str) -> None:
    sim.fail("reset-before-headers")
    got = await question(sim, path)
    assert (got.status, got.ended) == (None, "reset")


@EVERY
async def test_reset_breaks_the_connection_after_some_text(sim: Simulator, path: str) -> None:
    sim.fail("reset", after=2)
    got = await question(sim, path)
    # A reset may overtake what was sent before it: only that it never ended is sure.
    assert got.ended == "reset"
    assert sim.log[-1].completion_tokens == 2
    assert not is_ended(path, got)


@EVERY
async def test_no_end_closes_properly_without_an_end_marker(sim: Simulator, path: str) -> None:
    sim.fail("no-end", after=2)
    got = await question(sim, path)
    assert (got.status, got.ended) == (200, "complete")
    assert text_of(path, got)
    assert not is_ended(path, got)


@EVERY
async def test_no_end_that_is_not_clean_leaves_http_unfinished_too(sim: Simulator, path: str) -> None:
    sim.fail("no-end", after=2, clean=False)
    got = await question(sim, path)
    assert got.ended == "cut"
    assert text_of(path, got)


@EVERY
@pytest.mark.parametrize(("kind", "ended"), [("no-end", "complete"), ("malformed", "complete"), ("reset", "reset")])
async def test_a_stream_can_break_before_its_first_word(sim: Simulator, path: str, kind: str, ended: str) -> None:
    sim.fail(kind, after=0)
    got = await question(sim, path)
    assert got.ended == ended
    assert text_of(path, got) == ""
    assert not is_ended(path, got)


@EVERY
async def test_error_midstream_comes_as_an_event_inside_200(sim: Simulator, path: str) -> None:
    sim.fail("error-midstream", after=2, message="it broke")
    got = await question(sim, path)
    assert (got.status, got.ended) == (200, "complete")
    last = got.chunks[-1].decode()
    assert "it broke" in last
    assert '"error"' in last
    assert ("event: error" in last and "overloaded_error" in last) == (path == ANTHROPIC)
    assert not is_ended(path, got)


@EVERY
async def test_malformed_sends_a_piece_that_is_no_json(sim: Simulator, path: str) -> None:
    sim.fail("malformed", after=1)
    got = await question(sim, path)
    last = got.chunks[-1].decode().strip().splitlines()[-1].removeprefix("data: ")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        json.loads(last)


@EVERY
async def test_wrong_content_type_is_a_web_page(sim: Simulator, path: str) -> None:
    sim.fail("wrong-content-type")
    got = await question(sim, path)
    assert (got.status, got.headers["content-type"]) == (200, "text/html; charset=utf-8")


@EVERY
@pytest.mark.parametrize(
    ("kind", "said"),
    [("empty", ""), ("refusal", "I'm sorry, but I can't help with that."), ("short", "ok")],
)
async def test_a_bad_answer_is_ended_as_if_it_were_good(sim: Simulator, path: str, kind: str, said: str) -> None:
    sim.fail(kind)
    got = await question(sim, path)
    assert text_of(path, got) == said
    assert is_ended(path, got)


@EVERY
async def test_garbage_text_is_neither_json_nor_a_message(sim: Simulator, path: str) -> None:
    sim.fail("garbage-text")
    got = await question(sim, path)
    assert "zxq" in text_of(path, got)


@EVERY
async def test_truncated_json_stops_half_way_and_claims_to_be_whole(sim: Simulator, path: str) -> None:
    body, headers = ASKED[path]
    asked = {"messages": [{"role": "user", "content": "Review this. Answer in JSON.\nimport os\n"}], "stream": True}
    sim.fail("truncated-json")
    got = await ask(sim.url, path, {**body, **asked}, headers=headers)
    assert text_of(path, got).startswith('{"findings"')
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        json.loads(text_of(path, got))
    assert is_ended(path, got)


@EVERY
async def test_whitespace_goes_on_until_the_client_leaves(sim: Simulator, path: str) -> None:
    sim.fail("whitespace")
    got = await question(sim, path, leave_after_chunks=50)
    assert got.ended == "left"
    assert text_of(path, got)
    assert not text_of(path, got).strip()
    await sim.wait_for(lambda: sim.log[-1].closed_by == "client")


async def test_whitespace_ends_at_the_limit_of_the_request(sim: Simulator) -> None:
    sim.fail("whitespace")
    body = {**ASKED[NATIVE][0], "messages": QUESTION, "stream": False, "options": {"num_predict": 20}}
    told = (await ask(sim.url, NATIVE, body)).json()
    assert (told["done_reason"], told["eval_count"]) == ("length", 20)


@EVERY
async def test_endless_thinking_never_comes_to_the_answer(sim: Simulator, path: str) -> None:
    sim.fail("endless-thinking")
    got = await question(sim, path, leave_after_chunks=50)
    assert text_of(path, got) == ""
    assert got.body.count(b" hm,") > 40


@EVERY
async def test_length_cuts_and_says_so(sim: Simulator, path: str) -> None:
    sim.fail("length", after=4)
    got = await question(sim, path)
    assert (b'"max_tokens"' if path == ANTHROPIC else b'"length"') in got.body
    assert sim.log[-1].completion_tokens == 4


async def test_trimmed_counts_far_less_than_was_asked(sim: Simulator) -> None:
    body = {**ASKED[NATIVE][0], "messages": [{"role": "user", "content": "word " * 4000}], "stream": False}
    honest = (await ask(sim.url, NATIVE, body)).json()["prompt_eval_count"]
    sim.fail("trimmed")
    assert (await ask(sim.url, NATIVE, body)).json()["prompt_eval_count"] <= honest / 2 + 1


@pytest.mark.parametrize("path", [NATIVE, LOCAL])
async def test_load_failure_is_500_and_leaves_nothing_in_memory(sim: Simulator, path: str) -> None:
    sim.fail("load-failure")
    got = await question(sim, path)
    assert got.status == 500
    assert "llama-server process has terminated" in got.body.decode()
    assert sim.loaded == ()
    assert sim.loads == [("sim-small:3b", "aborted", 8192)]


async def test_load_failure_strikes_a_preload_and_nothing_else_does(sim: Simulator) -> None:
    preload = {"model": "sim-small:3b", "messages": []}
    sim.fail("status", status=500)
    assert (await ask(sim.url, NATIVE, preload)).status == 200
    sim.heal()
    sim.unload()
    sim.fail("load-failure")
    assert (await ask(sim.url, NATIVE, preload)).status == 500


@EVERY
async def test_crash_before_any_text_is_500(sim: Simulator, path: str) -> None:
    sim.fail("crash")
    assert (await question(sim, path)).status == 500
    assert sim.loaded == ()


@EVERY
@pytest.mark.parametrize("kind", ["stall", "no-content", "pings-only", "role-only"])
def test_an_answer_in_one_piece_falls_silent_after_its_headers(virtual: Virtual, path: str, kind: str) -> None:
    got, _ = virtual(silent(path, kind, stream=False))
    assert got.status == 200


@EVERY
@pytest.mark.parametrize(("kind", "ended"), [("reset", "reset"), ("no-end", "cut")])
async def test_an_answer_in_one_piece_breaks_off(sim: Simulator, path: str, kind: str, ended: str) -> None:
    sim.fail(kind)
    assert (await question(sim, path, stream=False)).ended == ended


@EVERY
async def test_an_answer_in_one_piece_can_be_half_an_object(sim: Simulator, path: str) -> None:
    sim.fail("malformed")
    got = await question(sim, path, stream=False)
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        got.json()


async def test_a_fault_strikes_its_model_alone_and_as_often_as_asked(sim: Simulator) -> None:
    sim.fail("status", model="sim-large:14b", times=2)
    assert (await question(sim, NATIVE)).status == 200
    large = {"model": "sim-large:14b", "messages": QUESTION}
    assert [(await ask(sim.url, NATIVE, large)).status for _ in range(3)] == [500, 500, 200]


async def test_a_fault_for_ever_lasts_until_healed(sim: Simulator) -> None:
    sim.fail("status", times=None)
    assert {(await question(sim, NATIVE)).status for _ in range(4)} == {500}
    sim.heal()
    assert (await question(sim, NATIVE)).status == 200


async def test_probes_fail_only_when_their_path_is_named(sim: Simulator) -> None:
    sim.fail("status", times=None)
    assert (await ask(sim.url, "/api/version")).status == 200
    sim.heal()
    sim.fail("status", status=503, path="/api/version")
    assert (await ask(sim.url, "/api/version")).status == 503


@pytest.mark.parametrize("wrong", [{"kind": "no-such-kind"}, {"kind": "stall", "times": 0}])
def test_a_fault_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no fault is called|at least 1"):
        Simulator().fail(**wrong)


async def test_down_refuses_connections_and_up_listens_on_the_same_port(sim: Simulator) -> None:
    url = sim.url
    streaming = asyncio.ensure_future(question(sim, NATIVE))
    sim.fail("stall")
    await sim.wait_for(lambda: sim.log and sim.log[-1].chunks_sent)
    sim.down()
    assert (await streaming).ended in ("cut", "reset")
    assert sim.log[-1].closed_by == "server"
    async with httpx2.AsyncClient(base_url=url) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get("/api/version")
        await sim.up()
        assert (await client.get("/api/version")).status_code == 200
    assert sim.url == url


async def test_nobody_else_gets_the_port_of_one_that_is_down(sim: Simulator) -> None:
    """The system gives out a free port again some time: another server there would answer in its place."""
    port = urlsplit(sim.url).port
    for _ in range(2):
        sim.down()
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        await sim.up()
    await sim.close()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))


async def test_the_client_that_leaves_frees_the_slot_at_once() -> None:
    model = SimModel("sim-small:3b", token_delay=0.01)
    async with Simulator([model]) as sim:
        sim.fail("stall")
        got = await question(sim, NATIVE, leave_after_chunks=2)
        assert got.ended == "left"
        assert is_ended(NATIVE, await question(sim, NATIVE))


def test_every_kind_has_a_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f'"{kind}"' not in source] == []
