"""A model that is not in memory is waited for or left to load behind, and no load is ever thrown away."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.ladder.scene import GOOD, SMALL, Scene, call, model, small
from tests.virtual import run_virtual

from rung.errors import AttemptError, NoAnswerError
from rung.ladder import breaker
from rung.ladder.admission import LIST_PATIENCE
from rung.ladder.breaker import FAILURES
from rung.ladder.warmup import Warmups
from rung.providers.ollama import Ollama
from rung.sim import SimModel, Simulator
from rung.types.part import Part

LARGE = "sim-large:14b"


@pytest.fixture
def models() -> list[SimModel]:
    return [SimModel(SMALL, load_seconds=0.3, says=GOOD), SimModel(LARGE, parameters=14e9, says=GOOD)]


async def loaded(sim: Simulator) -> None:
    """Until nothing loads any more."""
    await sim.wait_for(lambda: sim.loads and sim.loading is None, limit=20)


async def test_a_cold_model_is_waited_for_and_the_wait_is_told(sim: Simulator, scene: Scene) -> None:
    answer = await scene.climb([("small", small(sim)), ("cloud", model("cloud"))])
    assert (answer.tier, answer.text) == ("small", GOOD)
    assert scene.waits() == [("small", "asking"), ("small", "loading")]
    assert sim.loads == [(SMALL, "completed", 4096)]
    assert scene.outcomes == ["ok"]


async def test_the_time_of_a_load_is_remembered_as_the_forecast_of_the_next(sim: Simulator, scene: Scene) -> None:
    warmups = scene.ladder.means.warmups
    assert warmups.forecast(small(sim)) == 20.0
    await scene.climb([("small", small(sim))])
    assert 0.3 <= warmups.forecast(small(sim)) < 10
    assert warmups.forecast(small(sim, context=8192)) == 20.0


async def test_a_load_that_takes_longer_than_patience_goes_on_behind_the_next_tier(
    sim: Simulator, scene: Scene
) -> None:
    answer = await scene.climb([("small", small(sim, cold_patience=19.0)), ("cloud", model("cloud"))])
    assert answer.tier == "cloud"
    assert scene.outcomes == ["slow", "ok"]
    await loaded(sim)
    assert sim.loads == [(SMALL, "completed", 4096)]
    assert ("small", "loading") not in scene.waits()


async def test_patience_that_runs_out_while_it_loads_leaves_the_load_alone(sim: Simulator, scene: Scene) -> None:
    await scene.climb([("small", small(sim))])
    sim.unload()
    sim.loads.clear()
    # The forecast is 0.3 s by now, so it is waited for; the patience is shorter than two looks at the result.
    warmups = scene.ladder.means.warmups
    patience = warmups.forecast(small(sim)) + 0.001
    sim.load_takes(2.0)
    answer = await scene.climb([("small", small(sim, cold_patience=patience)), ("cloud", model("cloud"))])
    assert answer.tier == "cloud"
    await loaded(sim)
    assert sim.loads == [(SMALL, "completed", 4096)]


async def test_when_cold_climb_never_waits_and_the_model_is_warm_for_the_next_one(sim: Simulator, scene: Scene) -> None:
    models = [("small", small(sim, when_cold="climb")), ("cloud", model("cloud"))]
    assert (await scene.climb(models)).tier == "cloud"
    await loaded(sim)
    assert (await scene.climb(models)).tier == "small"
    assert sim.loads == [(SMALL, "completed", 4096)]


async def test_a_model_left_to_load_does_not_count_as_down(sim: Simulator, scene: Scene) -> None:
    await scene.climb([("small", small(sim, when_cold="climb")), ("cloud", model("cloud"))])
    assert scene.health.known(small(sim)).state == "cold"
    await loaded(sim)


async def test_the_last_model_is_waited_for_whatever_the_forecast(sim: Simulator, scene: Scene) -> None:
    answer = await scene.climb([("small", small(sim, when_cold="climb", cold_patience=0.0))])
    assert answer.tier == "small"


async def test_an_asker_who_is_cancelled_leaves_the_load_going(sim: Simulator, scene: Scene) -> None:
    task = asyncio.ensure_future(scene.climb([("small", small(sim))]))
    await sim.wait_for(lambda: sim.loading)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await loaded(sim)
    assert sim.loads == [(SMALL, "completed", 4096)]
    assert scene.outcomes == ["cancelled"]


async def test_two_askers_make_one_load(sim: Simulator, scene: Scene) -> None:
    both = [small(sim, parallel=2)] * 2
    answers = await asyncio.gather(*(scene.climb([("small", found)]) for found in both))
    assert [answer.text for answer in answers] == [GOOD, GOOD]
    assert sim.loads == [(SMALL, "completed", 4096)]


async def test_a_load_that_fails_is_load_failed_and_the_next_tier_is_asked(sim: Simulator, scene: Scene) -> None:
    sim.fail("load-failure")
    answer = await scene.climb([("small", small(sim)), ("cloud", model("cloud"))])
    assert answer.tier == "cloud"
    assert scene.outcomes == ["load-failed", "ok"]
    assert scene.health.known(small(sim)).state == "blocked"


async def test_a_model_that_rests_after_failures_is_loaded_before_it_is_asked(sim: Simulator, scene: Scene) -> None:
    await scene.health.look(small(sim))
    for _ in range(FAILURES):
        scene.health.began(small(sim))
        scene.health.failed(small(sim), AttemptError("broken", "It broke."))
    assert scene.health.known(small(sim)).state == "down"
    assert (await scene.climb([("small", small(sim))])).text == GOOD
    assert scene.waits() == [("small", "asking"), ("small", "loading")]
    assert [exchange.path for exchange in sim.log if exchange.method == "POST"] == ["/api/chat"] * 2


async def test_a_trial_of_a_cold_model_may_leave_it_behind_loading(
    sim: Simulator, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "BASE", 0.0)
    for _ in range(FAILURES):
        scene.health.began(small(sim))
        scene.health.failed(small(sim), AttemptError("stalled", "It stalled."))
    asked = [("small", small(sim, when_cold="climb")), ("cloud", model("cloud"))]
    assert (await scene.climb(asked)).tier == "cloud"
    await loaded(sim)
    assert (await scene.climb(asked)).tier == "small"
    assert sim.loads == [(SMALL, "completed", 4096)]


async def test_a_model_that_could_not_be_loaded_waits_for_the_load_of_another(sim: Simulator, scene: Scene) -> None:
    sim.fail("load-failure", model=SMALL)
    with pytest.raises(NoAnswerError):
        await scene.climb([("small", small(sim))])
    assert scene.health.known(small(sim)).state == "blocked"
    scene.events.clear()
    sim.load_takes(0.5)
    first = asyncio.ensure_future(scene.climb([("large", small(sim, model=LARGE))]))
    await sim.wait_for(lambda: sim.loading, limit=10)
    assert (await scene.climb([("small", small(sim))])).text == GOOD
    assert (await first).text == GOOD
    assert [name for name, how, _ in sim.loads if how == "completed"] == [LARGE, SMALL]
    assert ("small", "loading") in scene.waits()


async def test_two_cold_models_asked_for_in_one_moment_are_loaded_one_after_the_other(
    sim: Simulator, scene: Scene
) -> None:
    warmups = scene.ladder.means.warmups
    warmups.start(small(sim))
    assert warmups.loads_instead_of(small(sim, model=LARGE)) == SMALL
    assert warmups.loads_instead_of(small(sim)) is None
    await loaded(sim)


async def test_two_processes_load_two_models_of_one_server_one_after_the_other(sim: Simulator, tmp_path: Path) -> None:
    sim.load_takes(1.0)
    one, other = Warmups(tmp_path), Warmups(tmp_path)
    large = small(sim, model=LARGE)
    before = one.start(small(sim))
    await sim.wait_for(lambda: sim.loading, limit=10)
    assert other.loads_instead_of(large) == "another model"
    assert other.loads_instead_of(small(sim)) is None
    later = other.start(large)
    await sim.wait_for(lambda: [exchange.method for exchange in sim.log] == ["POST"] * 2, limit=20)
    assert sim.loads == [(SMALL, "completed", 4096)]
    await one.wait(small(sim), before)
    await other.wait(large, later)
    assert one.loads_instead_of(large) is None
    one.close()
    other.close()


async def test_whoever_loads_is_killed_and_the_load_is_begun_again(sim: Simulator, scene: Scene) -> None:
    sim.load_takes(1.0)
    task = asyncio.ensure_future(scene.climb([("small", small(sim))]))
    await sim.wait_for(lambda: sim.loading, limit=10)
    (loader,) = scene.ladder.means.warmups._children
    loader.kill()
    assert (await task).text == GOOD
    assert sim.loads == [(SMALL, "aborted", 4096), (SMALL, "completed", 4096)]


async def test_a_server_that_goes_away_while_it_loads_broke_off(sim: Simulator, scene: Scene) -> None:
    task = asyncio.ensure_future(scene.climb([("small", small(sim))]))
    await sim.wait_for(lambda: sim.loading, limit=10)
    sim.down()
    with pytest.raises(NoAnswerError, match="broke off while it loaded"):
        await task


async def test_a_model_loaded_with_another_window_is_cold(sim: Simulator, scene: Scene) -> None:
    await scene.climb([("small", small(sim))])
    await scene.climb([("small", small(sim, context=8192))])
    assert [window for _, _, window in sim.loads] == [4096, 8192]


async def test_a_model_that_runs_elsewhere_is_never_loaded_and_not_local(scene: Scene) -> None:
    from rung.privacy.destination import forbidden
    from rung.types.decision import Decision, Pin

    decision = Decision("small", "rule", "r", "w", (Pin("local", "a rule"),), local=True)
    async with Simulator([SimModel("far:cloud", remote_host="https://ollama.com", says=GOOD)]) as sim:
        far = small(sim, model="far:cloud")
        with pytest.raises(NoAnswerError, match="and a rule pins this request to this one"):
            await scene.climb([("small", far)], admit=lambda candidate: forbidden(decision, candidate.model))
        assert [exchange.path for exchange in sim.log if exchange.method == "POST"] == []
        assert (await scene.climb([("small", far)])).text == GOOD
    assert (scene.tried[-1].model.local, scene.tried[-1].model.near) == (False, True)


@pytest.mark.parametrize("name", ["far:cloud", "far:1b-cloud", "alias:7b"])
@pytest.mark.parametrize("seconds", [8.0, 1e4], ids=["the list comes late", "the list never comes"])
def test_where_nobody_knows_yet_where_a_model_runs_no_secret_goes_there_and_no_pinned_request(
    name: str, seconds: float
) -> None:
    from rung.privacy.destination import forbidden
    from rung.types.decision import Decision, Pin

    decision = Decision("small", "rule", "r", "w", (Pin("local", "a rule"),), local=True)
    secret = f"AKIA{'IOSFODNN7QWERTYU'}"

    async def go() -> None:
        scene = Scene({})
        scene.ladder.means.providers = {"ollama": Ollama()}
        async with Simulator([SimModel(name, remote_host="https://ollama.com", says=GOOD)]) as sim:
            sim.fail("slow-headers", path="/api/tags", times=None, seconds=seconds)
            far = [("small", small(sim, model=name))]
            with pytest.raises(NoAnswerError, match="and a rule pins this request to this one") as caught:
                await scene.climb(far, admit=lambda candidate: forbidden(decision, candidate.model))
            said = "did not say in time whether" in str(caught.value)
            assert said == (seconds > LIST_PATIENCE and name == "alias:7b")
            assert [exchange for exchange in sim.log if exchange.method == "POST"] == []
            asked = call(parts=(Part("attached", f"key = {secret}", "notes.txt"), Part("instruction", "Explain.")))
            assert (await scene.climb(far, asked=asked)).text == GOOD
            (sent,) = [str(exchange.body) for exchange in sim.log if exchange.method == "POST"]
            assert "Explain." in sent
            assert secret not in sent
        assert scene.tried[-1].model.local is False
        assert scene.tried[-1].redacted

    run_virtual(go())


def test_a_list_that_comes_late_is_enough_to_call_a_model_local(scene: Scene) -> None:
    async def go() -> None:
        async with Simulator([SimModel(SMALL, says=GOOD)]) as sim:
            sim.fail("slow-headers", path="/api/ps", times=None, seconds=1e4)
            assert (await scene.climb([("small", small(sim))])).text == GOOD

    run_virtual(go())
    assert scene.tried[-1].model.local


async def test_auto_is_found_before_it_queues_and_tiers_do_not_wait_for_each_other(
    sim: Simulator, scene: Scene
) -> None:
    auto = small(sim, model="auto", max_parameters=9e9)
    answers = await asyncio.gather(
        scene.climb([("small", auto)]), scene.climb([("large", auto.replace(max_parameters=80e9))])
    )
    assert [answer.model for answer in answers] == [SMALL, "sim-large:14b"]
    assert not any(waiting == "queued" for _, waiting in scene.waits())


async def test_a_model_that_is_not_installed_is_missing_with_the_way_to_get_it(sim: Simulator, scene: Scene) -> None:
    with pytest.raises(NoAnswerError, match="run `ollama pull nobody:1b`"):
        await scene.climb([("small", small(sim, model="nobody:1b"))])
    assert scene.outcomes == ["missing-model"]
    assert scene.health.known(small(sim, model="nobody:1b")).state == "missing"


ASKER = """
import asyncio, sys
from pathlib import Path
from rung.engine import Engine
from rung.settings.values import Settings, Tier
from rung.types.model import Model
from rung.types.request import Request

async def main():
    model = Model("ollama", "sim-small:3b", sys.argv[1], context=4096, connect=5.0, local=True)
    engine = Engine(state=Path(sys.argv[2]))
    settings = Settings((Tier("small", (model,)),))
    async for event in engine.run(Request("r", "ask", "spot", instruction="Say why."), settings, {}):
        print(event, flush=True)

asyncio.run(main())
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
async def test_an_asker_who_is_killed_leaves_the_load_going(sim: Simulator, tmp_path: Path) -> None:
    sim.load_takes(1.0)
    asker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ASKER, sim.url, str(tmp_path), stdout=subprocess.DEVNULL, start_new_session=True
    )
    await sim.wait_for(lambda: sim.loading, limit=20)
    os.killpg(asker.pid, signal.SIGKILL)
    await asker.wait()
    await loaded(sim)
    assert sim.loads == [(SMALL, "completed", 4096)]
    assert sim.loaded == (SMALL,)
