"""The simulator held to a real Ollama: every recorded request is asked again, and the answers are compared.

What may differ is a model's words, times, counts, digests and ids; everything else, down to the order of keys and the
pieces a stream comes in, must be the same. The clock is virtual: a load takes as long as the recorded one, and no time.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.sim.raw import Got, ask

from rung.sim import SimModel, Simulator

RECORDINGS = sorted((Path(__file__).parent.parent / "recordings").glob("*.json"))

LOAD = {"said-commit:tiny": 0.3, "said-review:tiny": 0.3, "said-think:tiny": 0.3, "said-slow:big": 7.6}
COMMIT = (
    "feat(parser): accept empty input and report the line\n\nThe reader stopped at the first blank row and lost what "
    "followed.\nIt now skips blanks, keeps counting, and names the offending line in\nevery error, so that callers can "
    "point their users at the right place."
)
REVIEW = (
    '{"findings":[{"severity":"warning","category":"bug","title":"Unclosed handle","reason":"The file opened here is '
    'never closed when parsing fails.","quote":"handle = open(path)","suggestion":"Use a with block."},{"severity":'
    '"info","category":"style","title":"Unused name","reason":"This import has no reader in the module.","quote":'
    '"import os","suggestion":"Remove it."}],"summary":"Two remarks."}'
)
THOUGHTS = "The person wants to know what the function does, let me look at its body first."
EXPLANATION = (
    "This function reads rows from a table, drops those that are blank, and returns the sum of their second column; it "
    "raises ValueError, naming the row, where a cell is no number."
)


@dataclass(frozen=True)
class Before:
    """The state of the server when a recording began."""

    loaded: Sequence[tuple[str, int, Any]] = ()
    """Model, num_ctx and keep_alive, in the order they were loaded."""

    max_queue: int | None = None
    fault: dict[str, Any] = field(default_factory=dict)
    at_once: bool = False
    """The exchanges were sent together."""

    loading: str | None = None
    """A model that another client is loading meanwhile."""

    slow_parameters: float = 2.0e9


def warm(*names: str, num_ctx: int = 8192) -> Before:
    return Before(loaded=[(f"said-{name}", num_ctx, "5m") for name in names])


COLD = (
    "chat-cold-nonstream",
    "disconnect-while-loading",
    "format-json",
    "preload-cold-slow",
    "ps-cold",
    "runner-crash-loading",
    "think-default",
)
BEFORE = {
    **dict.fromkeys(COLD, Before()),
    "cancel-slow": warm("slow:big"),
    "format-schema": warm("review:tiny"),
    "keep-alive-forever": warm("commit:tiny", num_ctx=4096),
    "num-ctx-change": Before(loaded=[("said-commit:tiny", 8192, "5m"), ("said-review:tiny", 8192, "10m")]),
    "ps-while-loading": Before(loading="said-slow:big"),
    "queue-full": Before(loaded=[("said-slow:big", 8192, "5m")], max_queue=1, at_once=True),
    "queue-full-loading": Before(max_queue=1, at_once=True),
    "runner-crash-before-content": Before(
        loaded=[("said-slow:big", 8192, "5m")], fault={"kind": "crash", "model": "said-slow:big"}
    ),
    "runner-crash-loading": Before(fault={"kind": "load-failure"}),
    "runner-crash-midstream": Before(
        loaded=[("said-slow:big", 8192, "5m")], fault={"kind": "crash", "model": "said-slow:big", "after": 2}
    ),
    "tags": Before(slow_parameters=612.98e6),
    "think-false": warm("think:tiny"),
    "think-false-unsupported": warm("commit:tiny", num_ctx=2048),
    "think-true": warm("think:tiny"),
    "trimmed-one-message": warm("commit:tiny", num_ctx=2048),
    "trimmed-stream": warm("commit:tiny", num_ctx=2048),
    "truncate-false": warm("commit:tiny", num_ctx=2048),
    "truncate-false-stream": warm("commit:tiny", num_ctx=2048),
    "two-at-once": Before(loaded=[("said-slow:big", 8192, "5m")], at_once=True),
    "unload": Before(loaded=[("said-commit:tiny", 4096, "5m"), ("said-review:tiny", 8192, "10m")]),
    "v1-ignores-num-ctx": warm("think:tiny", "commit:tiny", "review:tiny"),
    "v1-queue-full-loading": Before(max_queue=1, at_once=True),
    "v1-runner-crash-midstream": Before(
        loaded=[("said-slow:big", 8192, "5m")], fault={"kind": "crash", "model": "said-slow:big", "after": 2}
    ),
    "v1-schema": warm("review:tiny"),
}
"""Where nothing is said here, the commit model was in memory."""

WORDS = {"content", "thinking", "modelfile", "template", "parameters"}
COUNTS = {"prompt_eval_count", "eval_count", "size", "prompt_tokens", "completion_tokens", "total_tokens", "created"}
TIMES = {"total_duration", "load_duration", "prompt_eval_duration", "eval_duration"}
NAMES = {"created_at", "modified_at", "expires_at", "digest", "id"}


def simulator(before: Before) -> Simulator:
    models = (
        SimModel(
            "said-slow:big",
            parameters=before.slow_parameters,
            load_seconds=LOAD["said-slow:big"],
            says=COMMIT,
            token_delay=0.3,
            prefill_rate=40.0,
        ),
        SimModel(
            "said-think:tiny",
            parameters=8298880,
            load_seconds=0.3,
            thinking=True,
            always_thinks=True,
            thinks=THOUGHTS,
            says=EXPLANATION,
        ),
        SimModel("said-commit:tiny", parameters=8298880, load_seconds=0.3, says=COMMIT),
        SimModel("said-review:tiny", parameters=8298880, load_seconds=0.3, says=REVIEW),
    )
    return Simulator(models, version="0.0.0", max_queue=before.max_queue)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_every_recorded_request_is_answered_as_recorded(
    path: Path, virtual: Callable[[Coroutine[Any, Any, None]], tuple[None, float]]
) -> None:
    recording = json.loads(path.read_text(encoding="utf-8"))
    virtual(replay(recording, BEFORE.get(path.stem, warm("commit:tiny"))))


def test_no_recording_is_missing() -> None:
    assert len(RECORDINGS) == 67
    assert set(BEFORE) <= {path.stem for path in RECORDINGS}


async def replay(recording: dict[str, Any], before: Before) -> None:
    """Put a simulator into the state before the recording, ask what was asked, compare."""
    async with simulator(before) as sim:
        for model, num_ctx, keep_alive in before.loaded:
            body = {"model": model, "messages": [], "keep_alive": keep_alive, "options": {"num_ctx": num_ctx}}
            assert (await ask(sim.url, "/api/chat", body)).status == 200
        if before.fault:
            sim.fail(**before.fault)
        loader = asyncio.ensure_future(load_meanwhile(sim, before.loading)) if before.loading else None
        if before.loading:
            await sim.wait_for(lambda: sim.loading == before.loading)
        started = asyncio.get_running_loop().time()
        asked = [again(sim, exchange) for exchange in recording["exchanges"]]
        answers = await asyncio.gather(*asked) if before.at_once else [await one for one in asked]
        if loader is not None:
            loader.cancel()
            await asyncio.gather(loader, return_exceptions=True)
        pairs = list(zip(recording["exchanges"], answers, strict=True))
        if before.at_once:
            pairs = matched_by_status(pairs)
        for exchange, got in pairs:
            compare(exchange, got, started)
        if recording["name"] == "disconnect-while-loading":
            assert [load[1] for load in sim.loads] == ["aborted", "completed"]


async def load_meanwhile(sim: Simulator, model: str) -> None:
    await ask(sim.url, "/api/chat", {"model": model, "messages": []})


async def again(sim: Simulator, exchange: dict[str, Any]) -> Got:
    """Ask what was asked, and leave where the recorded client left."""
    request, response = exchange["request"], exchange["response"]
    leaves = response["ended"].startswith("the client closed")
    seconds = re.search(r"after ([\d.]+) s", response["ended"])
    got = await ask(
        sim.url,
        request["path"],
        expanded(request["body"]),
        method=request["method"],
        headers=request.get("headers"),
        leave_after_chunks=len(response["chunks"]) if leaves and not seconds else None,
        leave_after=float(seconds[1]) if seconds else None,
    )
    if leaves:
        await sim.wait_for(lambda: sim.log[-1].closed_by is not None)
    return got


def expanded(body: Any) -> Any:
    """The request as it was sent: texts that the recording shortens at their real length."""
    if isinstance(body, dict) and isinstance(body.get("messages"), list):
        return {**body, "messages": [{**one, "content": long(one["content"])} for one in body["messages"]]}
    return body


def long(text: str) -> str:
    match = re.fullmatch(r"(.*)\.\.\. \((\d+) characters in all\)", text, re.DOTALL)
    if match is None:
        return text
    lines = "".join(f"{number}\n+line {number + 1} = " for number in range(3000))
    return (match[1] + lines)[: int(match[2])]


def matched_by_status(pairs: list[tuple[dict[str, Any], Got]]) -> list[tuple[dict[str, Any], Got]]:
    """Answers to requests sent together come in no promised order: recorded and got ones paired by their outcome."""
    paths = [exchange["request"]["path"] for exchange, _ in pairs]
    if (
        len(set(map(str, (exchange["request"]["body"].keys() for exchange, _ in pairs if exchange["request"]["body"]))))
        > 1
    ):
        return pairs
    if len(set(paths)) > 1:
        return pairs
    recorded = sorted((exchange for exchange, _ in pairs), key=lambda exchange: int(exchange["response"]["status"]))
    got = sorted((got for _, got in pairs), key=lambda one: one.status or 0)
    return list(zip(recorded, got, strict=True))


def compare(exchange: dict[str, Any], got: Got, started: float) -> None:
    request, response = exchange["request"], exchange["response"]
    assert got.status == response["status"]
    if got.status is None:
        assert got.ended == "left"
        return
    assert got.ended == ("complete" if response["ended"] == "complete" else "left")
    assert got.headers.pop("x-rung-simulated") == "1"
    recorded_headers = {name: value for name, value in response["headers"].items() if not name.startswith("(")}
    assert got.headers.keys() == recorded_headers.keys()
    for name in ("content-type", "transfer-encoding", "allow"):
        assert got.headers.get(name) == recorded_headers.get(name)
    media = recorded_headers.get("content-type", "")
    recorded = [chunk[1] for chunk in response["chunks"]]
    told = [chunk.decode() for chunk in got.chunks]
    if "json" not in media and "event-stream" not in media:
        assert told == recorded
        assert got.headers["content-length"] == recorded_headers["content-length"]
        return
    assert shapes(told) == shapes(recorded)
    assert [text.endswith("\n") for text in told[-1:]] == [text.endswith("\n") for text in recorded[-1:]]
    if "ndjson" in media:
        assert all(text.count("\n") == 1 and text.endswith("\n") for text in told)
    if "event-stream" in media:
        assert all(text.startswith("data: ") and text.endswith("\n\n") for text in told)
    compare_counts(request, "".join(recorded), "".join(told), same_pieces=len(told) == len(recorded))
    compare_load(request, recorded, told, got, started)


def compare_counts(request: dict[str, Any], recorded: str, told: str, *, same_pieces: bool) -> None:
    """Counts that are the server's doing, not the tokenizer's."""
    cut = re.search(r'"done_reason":"length"|"finish_reason":"length"', recorded)
    if cut:
        for name in ("eval_count", "completion_tokens"):
            assert re.findall(rf'"{name}":(\d+)', told) == re.findall(rf'"{name}":(\d+)', recorded)
        assert same_pieces
    window = (
        ((request["body"] or {}).get("options") or {}).get("num_ctx") if isinstance(request["body"], dict) else None
    )
    if window == 2048 and '"prompt_eval_count"' in recorded:
        counted = [int(re.findall(r'"prompt_eval_count":(\d+)', text)[0]) for text in (recorded, told)]
        if counted[0] == window // 2 + 2:
            assert counted[1] == counted[0]
        else:
            assert max(counted) < 50


def compare_load(request: dict[str, Any], recorded: list[str], told: list[str], got: Got, started: float) -> None:
    """A load that took long in the recording takes the model's load time here, and nothing is sent meanwhile."""
    took = re.findall(r'"load_duration":(\d+)', "".join(recorded))
    if not took:
        return
    loading = LOAD[request["body"]["model"]]
    here = int(re.findall(r'"load_duration":(\d+)', "".join(told))[0])
    if int(took[0]) > 200_000_000:
        assert here >= loading * 0.99e9
        assert got.headers_at is not None
        assert got.headers_at - started >= loading * 0.99
    else:
        assert here < 10_000_000


def shapes(chunks: Sequence[str]) -> list[str]:
    """What a body consists of, repetitions of the same shape told once."""
    return [shape for shape, _ in itertools.groupby(itertools.chain.from_iterable(map(pieces, chunks)))]


def pieces(chunk: str) -> Iterator[str]:
    for line in chunk.splitlines():
        if line == "data: [DONE]":
            yield line
        elif line:
            yield json.dumps(shape(json.loads(line.removeprefix("data: "))))


def shape(value: Any, name: str = "") -> Any:
    """A JSON value without what may differ; the order of keys stays."""
    if isinstance(value, dict):
        if "expires_at" in value:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", value["expires_at"])
        return {key: shape(item, key) for key, item in value.items()}
    if isinstance(value, list):
        shaped = [shape(item) for item in value]
        in_memory = bool(value) and isinstance(value[0], dict) and "expires_at" in value[0]
        return sorted(shaped, key=json.dumps) if in_memory else shaped
    if name in COUNTS | TIMES and isinstance(value, int) and not isinstance(value, bool):
        return "a number"
    if name in NAMES and isinstance(value, str) and not (name == "id" and value.startswith("said-")):
        return (
            "forever" if value > "2300" and name == "expires_at" else re.sub(r"[0-9a-f]+", "", value.split("-")[0])[:8]
        )
    if name in WORDS and isinstance(value, str):
        return "words" if value else ""
    if isinstance(value, str) and "exceed_context_size_error" in value:
        return re.sub(r"\b(?!2048|400)\d+\b", "N", value)
    return value
