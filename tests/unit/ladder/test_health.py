"""What is said against a server, a model or a key is held against that one, and against nobody beside it."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.ladder.scene import model
from tests.virtual import run_virtual

from rung.errors import AttemptError
from rung.ladder.breaker import BASE, FAILURES
from rung.ladder.health import LOAD_PAUSE, Health
from rung.ladder.pauses import BUSY_PAUSE, RATE_PAUSE
from rung.types.model import Model

SMALL = model("small")
BESIDE = SMALL.replace(model="beside")
CLOUD = model("cloud", key="KEY")


def health(keys: dict[str, str] | None = None) -> Health:
    held = {"KEY": "one"} if keys is None else keys
    return Health(held.get, lambda name: f"Set {name}.")


def attempt(
    found: Health, asked: Model, outcome: str | None, retry_after: float | None = None, *, model_only: bool = False
) -> None:
    """One that ends at once; None: well."""
    trial = found.began(asked)
    if outcome is None:
        found.succeeded(asked)
    else:
        text = f"It is {outcome}."
        error = AttemptError(outcome, text, retry_after=retry_after, model_only=model_only)  # type: ignore[arg-type]
        found.failed(asked, error, trial=trial)


def states(found: Health, *models: Model) -> list[str]:
    return [found.known(one).state for one in models]


@pytest.mark.parametrize("outcome", ["slow", "stalled", "broken", "load-failed"])
async def test_a_model_that_fails_is_left_alone_and_the_one_beside_it_is_not(outcome: str) -> None:
    found = health()
    for _ in range(FAILURES):
        attempt(found, SMALL, outcome)
    assert found.known(SMALL).state in {"down", "blocked"}
    assert found.known(SMALL).reason == f"It is {outcome}."
    assert states(found, BESIDE) == ["unknown"]


@pytest.mark.parametrize("outcome", ["refused", "unreachable"])
async def test_where_nobody_is_no_model_is(outcome: str) -> None:
    found = health()
    attempt(found, SMALL, outcome)
    assert states(found, SMALL, BESIDE) == ["down", "down"]


async def test_answers_of_the_model_beside_it_do_not_keep_one_that_always_breaks_alive() -> None:
    found = health()
    for _ in range(FAILURES):
        assert states(found, SMALL) == ["unknown"]
        attempt(found, SMALL, "broken")
        attempt(found, BESIDE, None)
    assert states(found, SMALL, BESIDE) == ["down", "unknown"]


async def test_of_two_models_of_the_cloud_at_one_address_only_the_broken_one_is_left_alone() -> None:
    found, other = health(), CLOUD.replace(model="other")
    for _ in range(FAILURES):
        attempt(found, CLOUD, "broken")
        attempt(found, other, None)
    assert states(found, CLOUD, other) == ["down", "unknown"]


def test_a_busy_model_rests_for_a_moment_however_often_it_says_so_and_nobody_is_dead() -> None:
    async def go() -> None:
        found = health()
        for _ in range(4 * FAILURES):
            attempt(found, SMALL, "busy")
            assert states(found, SMALL, BESIDE) == ["blocked", "unknown"]
        await asyncio.sleep(BUSY_PAUSE + 0.1)
        assert states(found, SMALL) == ["unknown"]

    run_virtual(go())


def test_a_busy_answer_shows_that_a_server_that_was_away_is_back() -> None:
    async def go() -> None:
        found = health()
        attempt(found, SMALL, "refused")
        await asyncio.sleep(BASE * 1.2 + 0.1)
        attempt(found, SMALL, "busy")
        assert states(found, SMALL, BESIDE) == ["blocked", "unknown"]

    run_virtual(go())


@pytest.mark.parametrize("outcome", ["refused", "broken"])
def test_a_trial_that_is_heard_lets_others_in_before_it_ends(outcome: str) -> None:
    async def go() -> None:
        found = health()
        for _ in range(FAILURES):
            attempt(found, SMALL, outcome)
        # All failures are one outage, so that this is the first pause.
        await asyncio.sleep(BASE * 1.2 + 0.1)
        trial = found.began(SMALL)
        assert trial
        assert states(found, SMALL) == ["down"]
        assert found.why_not(SMALL, trial=found.began(SMALL))
        found.spoke(SMALL, trial=trial)
        assert states(found, SMALL) == ["unknown"]
        assert not found.began(SMALL)
        assert found.why_not(SMALL, trial=False) is None

    run_virtual(go())


def test_a_model_that_speaks_and_breaks_each_time_is_left_alone_for_longer_each_time() -> None:
    async def go() -> None:
        found = health()
        for _ in range(FAILURES):
            attempt(found, SMALL, "broken")
        await asyncio.sleep(BASE * 1.2 + 0.1)
        trial = found.began(SMALL)
        found.spoke(SMALL, trial=trial)
        found.failed(SMALL, AttemptError("broken", "Again."), trial=trial)
        await asyncio.sleep(2 * BASE * 0.8 - 0.1)
        assert states(found, SMALL) == ["down"]

    run_virtual(go())


async def test_one_that_began_before_the_outage_and_is_heard_does_not_end_it() -> None:
    found = health()
    before = found.began(SMALL)
    for _ in range(FAILURES):
        attempt(found, SMALL, "broken")
    found.spoke(SMALL, trial=before)
    assert states(found, SMALL) == ["down"]


def test_while_a_model_is_tried_the_one_beside_it_is_asked_as_ever() -> None:
    async def go() -> None:
        found = health()
        for _ in range(FAILURES):
            attempt(found, SMALL, "slow")
        await asyncio.sleep(BASE * 1.2 + 0.1)
        assert found.began(SMALL)
        assert not found.began(BESIDE)
        assert found.why_not(BESIDE, trial=False) is None

    run_virtual(go())


def test_who_is_left_in_the_middle_of_a_trial_lets_the_next_one_try() -> None:
    async def go() -> None:
        found = health()
        attempt(found, SMALL, "refused")
        await asyncio.sleep(BASE * 1.2 + 0.1)
        assert found.began(SMALL)
        assert not found.began(BESIDE)
        found.left(BESIDE, trial=False)
        assert states(found, SMALL) == ["down"]
        found.left(SMALL, trial=True)
        assert found.began(BESIDE)

    run_virtual(go())


def test_a_key_that_is_refused_is_refused_for_every_model_of_its_address_until_something_changes() -> None:
    async def go() -> None:
        found, other, elsewhere = health(), CLOUD.replace(model="other"), CLOUD.replace(url="http://else.invalid/v1")
        attempt(found, CLOUD, "auth")
        await asyncio.sleep(1e6)
        assert states(found, CLOUD, other, elsewhere) == ["blocked", "blocked", "unknown"]
        assert states(found, CLOUD.replace(key=None)) == ["unknown"]
        assert found.why_not(other, trial=True) == "It is auth."
        found.settings_changed()
        assert states(found, CLOUD, other) == ["unknown", "unknown"]

    run_virtual(go())


async def test_a_key_that_one_model_does_not_take_is_refused_for_that_one_alone() -> None:
    keys = {"KEY": "one"}
    found, other = health(keys), CLOUD.replace(model="other")
    attempt(found, CLOUD, "auth", model_only=True)
    assert states(found, CLOUD, other, CLOUD.replace(key=None)) == ["blocked", "unknown", "unknown"]
    assert found.why_not(CLOUD, trial=True) == "It is auth."
    # What another model is answered with says nothing of this one.
    attempt(found, other, None)
    assert states(found, CLOUD, other) == ["blocked", "unknown"]
    keys["KEY"] = "new"
    assert states(found, CLOUD) == ["unknown"]
    keys["KEY"] = "one"
    found.settings_changed()
    assert states(found, CLOUD) == ["unknown"]


async def test_a_model_that_takes_the_key_after_all_is_open_again() -> None:
    found = health()
    attempt(found, CLOUD, "auth", model_only=True)
    attempt(found, CLOUD, None)
    assert states(found, CLOUD) == ["unknown"]


async def test_another_key_under_the_same_name_is_tried() -> None:
    keys = {"KEY": "old"}
    found = health(keys)
    attempt(found, CLOUD, "auth")
    keys["KEY"] = "new"
    assert states(found, CLOUD) == ["unknown"]
    attempt(found, CLOUD, "auth")
    assert states(found, CLOUD) == ["blocked"]


async def test_a_key_that_is_taken_after_all_is_good_again() -> None:
    found = health()
    attempt(found, CLOUD, "auth")
    attempt(found, CLOUD, None)
    assert states(found, CLOUD) == ["unknown"]


@pytest.mark.parametrize(("retry_after", "seconds"), [(600.0, 600.0), (None, RATE_PAUSE)])
def test_new_settings_do_not_end_a_rest_that_a_server_asked_for(retry_after: float | None, seconds: float) -> None:
    async def go() -> None:
        found = health()
        attempt(found, CLOUD, "rate-limited", retry_after)
        found.settings_changed()
        assert states(found, CLOUD) == ["blocked"]
        assert found.rest(CLOUD) == (retry_after or 0.0)
        await asyncio.sleep(seconds - 0.1)
        assert states(found, CLOUD) == ["blocked"]
        await asyncio.sleep(0.2)
        assert states(found, CLOUD) == ["unknown"]

    run_virtual(go())


async def test_a_limit_of_one_model_is_none_of_the_one_beside_it() -> None:
    found, other = health(), CLOUD.replace(model="other")
    attempt(found, CLOUD, "rate-limited", 600.0)
    assert states(found, CLOUD, other) == ["blocked", "unknown"]
    assert found.rest(other) == 0.0


def test_a_shorter_limit_does_not_end_a_longer_one() -> None:
    async def go() -> None:
        found = health()
        attempt(found, CLOUD, "rate-limited", 600.0)
        attempt(found, CLOUD, "busy")
        await asyncio.sleep(599.0)
        assert states(found, CLOUD) == ["blocked"]

    run_virtual(go())


async def test_new_settings_end_a_load_that_failed_and_a_model_that_was_missing() -> None:
    found = health()
    attempt(found, SMALL, "load-failed")
    attempt(found, BESIDE, "missing-model")
    assert states(found, SMALL, BESIDE) == ["blocked", "missing"]
    found.settings_changed()
    assert states(found, SMALL, BESIDE) == ["unknown", "unknown"]


def test_a_load_that_failed_is_not_tried_at_once_again() -> None:
    async def go() -> None:
        found = health()
        attempt(found, SMALL, "load-failed")
        await asyncio.sleep(LOAD_PAUSE - 0.1)
        assert states(found, SMALL, BESIDE) == ["blocked", "unknown"]

    run_virtual(go())
