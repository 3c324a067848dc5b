"""A server that is busy while it loads is waited for; Rung's own words never stand in for it."""

from __future__ import annotations

import pytest
from tests.engine.conftest import Desk
from tests.unit.ladder.test_warmup import BUSY

from rung.errors import NoAnswerError


async def test_no_words_of_rung_s_own_stand_in_for_a_server_that_is_busy_loading(desk: Desk) -> None:
    desk.engine._warmups._rests = ()
    desk.sim.fail("status", path="/api/chat", times=None, **BUSY)
    with pytest.raises(NoAnswerError, match="it is busy"):
        await desk.ask(desk.request("commit-message"), desk.settings("small"))
