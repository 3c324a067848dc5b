"""A server that is busy while it loads is waited for; one that has other models than before is asked for those."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from tests.engine.conftest import SMALL, Desk
from tests.unit.ladder.test_warmup import BUSY

from rung.errors import NoAnswerError
from rung.sim import SimModel, Simulator


async def test_no_words_of_rung_s_own_stand_in_for_a_server_that_is_busy_loading(desk: Desk) -> None:
    desk.engine._warmups._rests = ()
    desk.sim.fail("status", path="/api/chat", times=None, **BUSY)
    with pytest.raises(NoAnswerError, match="it is busy"):
        await desk.ask(desk.request("commit-message"), desk.settings("small"))


async def test_auto_stands_for_another_model_at_once_where_the_one_it_stood_for_was_removed(desk: Desk) -> None:
    settings = desk.settings("small", "cloud", limits={"model": "auto"})
    first = await desk.ask(desk.request(), settings)
    await desk.sim.close()
    async with Simulator([SimModel("other:3b")], port=urlsplit(desk.sim.url).port or 0):
        second = await desk.ask(desk.request(), settings)
    assert (first.receipt.model, second.receipt.model) == (SMALL, "other:3b")
    assert [attempt.outcome for attempt in second.receipt.calls[0].attempts] == ["ok"]
