"""A key that a server refused is not sent again before it or the settings change, whoever else there is to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.engine.conftest import CLOUD, Desk

from rung.engine import Engine
from rung.errors import NoAnswerError
from rung.sim import Simulator

NO_MONEY = '{"error":{"message":"You exceeded your current quota.","code":"insufficient_quota"}}'


@pytest.fixture
def keys() -> dict[str, str]:
    return {"TEST_KEY": "sk-old"}


@pytest.fixture
def desk(make_engine: Callable[..., Engine], sim: Simulator, repository: Path, keys: dict[str, str]) -> Desk:
    return Desk(make_engine(keys), sim, repository)


def sent(desk: Desk) -> int:
    return sum(exchange.model == CLOUD for exchange in desk.sim.log)


async def refusal(desk: Desk) -> NoAnswerError:
    with pytest.raises(NoAnswerError) as caught:
        await desk.ask(desk.request(), desk.settings("cloud"))
    return caught.value


@pytest.mark.parametrize(
    ("status", "why", "hint"),
    [
        (401, "the key TEST_KEY was not accepted", "Check TEST_KEY."),
        (403, f"the key TEST_KEY may not use {CLOUD}", "See what TEST_KEY is good for."),
    ],
)
async def test_the_only_model_s_is_sent_once_and_every_error_says_what_to_do(
    desk: Desk, status: int, why: str, hint: str
) -> None:
    desk.sim.fail("status", status=status, times=None)
    first, *others = [await refusal(desk) for _ in range(3)]
    assert sent(desk) == 1
    assert why in first.text
    assert first.hint == hint
    for error in others:
        assert f"cloud ({CLOUD}) was not asked: " in error.text
        assert f"{why}. {hint} It is asked again once its key" in error.text
    await desk.engine.close()


async def test_another_key_is_tried_at_once(desk: Desk, keys: dict[str, str]) -> None:
    desk.sim.fail("status", status=401)
    await refusal(desk)
    keys["TEST_KEY"] = "sk-new"
    assert (await desk.ask(desk.request(), desk.settings("cloud"))).text
    await desk.engine.close()


async def test_new_settings_have_it_tried_again(desk: Desk) -> None:
    desk.sim.fail("status", status=401)
    await refusal(desk)
    desk.engine.health.settings_changed()
    assert (await desk.ask(desk.request(), desk.settings("cloud"))).text
    await desk.engine.close()


async def test_an_account_without_money_may_have_some_by_now(desk: Desk) -> None:
    desk.sim.fail("status", status=429, body=NO_MONEY)
    assert "no money left" in (await refusal(desk)).text
    assert (await desk.ask(desk.request(), desk.settings("cloud"))).text
    assert sent(desk) == 2
    await desk.engine.close()


async def test_whoever_waited_behind_the_one_that_was_refused_is_not_sent_either(desk: Desk) -> None:
    desk.sim.fail("status", status=401, times=None)
    settings = desk.settings("cloud")
    (tier,) = settings.tiers
    one_at_a_time = settings.replace(tiers=(tier.replace(models=(tier.models[0].replace(parallel=1),)),))
    both = [desk.ask(desk.request(), one_at_a_time) for _ in range(2)]
    ended = await asyncio.gather(*both, return_exceptions=True)
    assert all(isinstance(error, NoAnswerError) for error in ended)
    assert sent(desk) == 1
    await desk.engine.close()


async def test_it_is_not_sent_when_all_others_have_failed_either(desk: Desk) -> None:
    desk.sim.fail("status", status=401, times=None)
    await refusal(desk)
    desk.sim.fail("status", status=504, times=None)
    with pytest.raises(NoAnswerError) as caught:
        await desk.ask(desk.request(), desk.settings("cloud", "small"))
    assert sent(desk) == 1
    assert f"cloud ({CLOUD}) was not asked: " in caught.value.text
    await desk.engine.close()
