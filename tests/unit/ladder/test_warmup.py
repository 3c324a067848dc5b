"""A warm-up says what kept the model from being loaded; it is a failed load only where the server tried to load it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.certificates import served
from tests.unit.ladder.scene import GOOD, SMALL, Scene, model, small
from tests.unit.providers.scripted import RECORDINGS, Script, serving

from rung.errors import AttemptError, NoAnswerError
from rung.ladder.warmup import Warmups
from rung.sim import SimModel, Simulator
from rung.types.model import Model


def recorded(name: str, index: int = 0) -> dict[str, Any]:
    """Status and body of a recorded answer, as a fault."""
    response = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["exchanges"][index]["response"]
    return {"status": response["status"], "body": "".join(text for _, text in response["chunks"])}


BUSY = recorded("queue-full-loading", 1)


def loads(sim: Simulator) -> int:
    """How often the server was asked to load something."""
    return len([exchange for exchange in sim.log if exchange.method == "POST"])


@pytest.fixture
def models() -> list[SimModel]:
    return [SimModel(SMALL, load_seconds=0.1, says=GOOD)]


@pytest.fixture
def scene(scene: Scene, tmp_path: Path) -> Scene:
    scene.ladder.means.warmups = Warmups(tmp_path / "warm", rests=(0.05, 0.05))
    return scene


async def why(warmups: Warmups, asked: Model) -> AttemptError:
    with pytest.raises(AttemptError) as caught:
        await warmups.wait(asked, warmups.start(asked))
    return caught.value


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (BUSY, "busy"),
        (recorded("unknown-model"), "missing-model"),
        (recorded("bad-type"), "bad-request"),
        (recorded("bad-option-type"), "bad-request"),
        (recorded("foreign-host"), "auth"),
        (recorded("runner-crash-loading"), "load-failed"),
        ({"status": 500, "body": '{"error":"model requires more system memory than is available"}'}, "load-failed"),
        ({"status": 500, "body": '{"error":"something else"}'}, "broken"),
        ({"status": 503, "body": "{}", "headers": {"retry-after": "Wed, 25 Nov 2026 07:28:00 GMT"}}, "busy"),
    ],
    ids=["busy", "unknown", "bad type", "bad option", "forbidden", "crash", "memory", "some 500", "busy until then"],
)  # fmt: skip
async def test_what_a_server_answers_to_a_load_keeps_its_meaning(
    sim: Simulator, scene: Scene, answer: dict[str, Any], outcome: str
) -> None:
    sim.fail("status", path="/api/chat", times=None, **answer)
    assert (await why(scene.ladder.means.warmups, small(sim))).failure == outcome


async def test_a_busy_server_is_asked_again_and_then_has_it(sim: Simulator, scene: Scene) -> None:
    sim.fail("status", path="/api/chat", times=2, **BUSY)
    assert (await scene.climb([("small", small(sim))])).text == GOOD
    assert scene.outcomes == ["ok"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset-before-headers"},
        {"kind": "status", "status": 500, "body": '{"error":"something else"}'},
        {"kind": "status", "status": 502, "body": "<html>"},
    ],
    ids=["reset", "some 500", "502"],
)
async def test_a_load_that_may_well_go_better_gets_one_second_try(
    sim: Simulator, scene: Scene, fault: dict[str, Any]
) -> None:
    sim.fail(path="/api/chat", **fault)
    assert (await scene.climb([("small", small(sim))])).text == GOOD
    assert scene.outcomes == ["broken", "ok"]


async def test_there_is_no_third_one_and_no_talk_of_memory_and_the_model_is_not_left_alone(
    sim: Simulator, scene: Scene
) -> None:
    sim.fail("status", path="/api/chat", status=500, body='{"error":"something else"}', times=None)
    with pytest.raises(NoAnswerError) as caught:
        await scene.climb([("small", small(sim))])
    assert scene.outcomes == ["broken", "broken"]
    assert loads(sim) == 2
    assert (caught.value.hint, "memory" in caught.value.text) == (None, False)
    assert scene.health.known(small(sim)).state == "cold"


async def test_what_cannot_go_better_gets_no_second_try(sim: Simulator, scene: Scene) -> None:
    sim.fail("status", path="/api/chat", times=None, **recorded("runner-crash-loading"))
    with pytest.raises(NoAnswerError):
        await scene.climb([("small", small(sim))])
    assert scene.outcomes == ["load-failed"]
    assert loads(sim) == 1


async def test_the_only_model_is_waited_for_a_few_times_while_its_server_is_busy(sim: Simulator, scene: Scene) -> None:
    sim.fail("status", path="/api/chat", times=None, **BUSY)
    with pytest.raises(NoAnswerError):
        await scene.climb([("small", small(sim))])
    assert scene.outcomes == ["busy"]
    assert loads(sim) == 3


async def test_with_others_behind_it_a_busy_server_is_waited_for_as_long_as_one_that_asks_for_it(
    sim: Simulator, scene: Scene
) -> None:
    sim.fail("status", path="/api/chat", times=None, **BUSY)
    impatient = small(sim, retry_after=0.07, cold_patience=60.0)
    assert (await scene.climb([("small", impatient), ("cloud", model("cloud"))])).tier == "cloud"
    assert loads(sim) == 2


async def test_who_names_a_time_is_left_alone_for_so_long(sim: Simulator, scene: Scene) -> None:
    sim.fail("status", path="/api/chat", status=503, headers={"retry-after": "3600"}, times=None)
    error = await why(scene.ladder.means.warmups, small(sim))
    assert (error.failure, error.retry_after) == ("busy", 3600)
    assert loads(sim) == 1


async def test_a_time_that_is_a_date_is_by_the_server_s_clock(sim: Simulator, scene: Scene) -> None:
    dates = {"date": "Thu, 01 Oct 2015 07:00:00 GMT", "retry-after": "Thu, 01 Oct 2015 08:00:00 GMT"}
    sim.fail("status", path="/api/chat", status=429, headers=dates, times=None)
    assert (await why(scene.ladder.means.warmups, small(sim))).retry_after == 3600


async def test_a_busy_server_is_nobody_s_failed_load(sim: Simulator, scene: Scene) -> None:
    sim.fail("status", path="/api/chat", times=None, **BUSY)
    answer = await scene.climb([("small", small(sim)), ("cloud", model("cloud"))])
    assert answer.tier == "cloud"
    assert scene.outcomes == ["busy", "ok"]
    assert scene.health.known(small(sim)).reason == f"{sim.url} answered 503: it is busy."


@pytest.mark.parametrize(("way", "outcome"), [("gone", "refused"), ("no socket", "refused"), ("resets", "broken")])
async def test_trouble_with_the_connection_is_told_as_such(
    sim: Simulator, scene: Scene, tmp_path: Path, way: str, outcome: str
) -> None:
    url = sim.url
    if way == "gone":
        sim.down()
    elif way == "no socket":
        url = f"unix://{tmp_path}/nobody.sock"
    else:
        sim.fail("reset-before-headers", path="/api/chat")
    assert (await why(scene.ladder.means.warmups, small(sim, url=url))).failure == outcome


async def test_a_load_says_what_is_wrong_with_tls(scene: Scene, sim: Simulator) -> None:
    async with serving(Script(), certificate=served()) as server:
        url = f"https://127.0.0.1:{server.port}"
        error = await why(scene.ladder.means.warmups, small(sim, url=url))
        assert (error.failure, error.text) == (
            "unreachable",
            f"The certificate of {url} was not accepted: it is self-signed.",
        )
        assert server.talks == []
    error = await why(scene.ladder.means.warmups, small(sim, url=sim.url.replace("http", "https")))
    assert (error.failure, error.text.endswith(" does not speak TLS.")) == ("unreachable", True)


async def test_what_is_kept_of_an_error_is_short(sim: Simulator, scene: Scene, tmp_path: Path) -> None:
    sim.fail("status", path="/api/chat", status=500, body="x" * 100_000)
    await why(scene.ladder.means.warmups, small(sim))
    (kept,) = await asyncio.to_thread(lambda: [p.read_text() for p in (tmp_path / "warm").glob("*.json")])
    assert len(kept) < 500
