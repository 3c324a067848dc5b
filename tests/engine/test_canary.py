"""Nothing of a person's text is in a log, an exception or the ledger."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from tests.engine.conftest import CLOUD, LARGE, SMALL, Desk, git

from rung.errors import NoAnswerError, RungError
from rung.sim import SimModel, Simulator
from rung.sim.faults import KINDS
from rung.types.part import Part

CANARY = "CANARY_7f3a"
HANGS = {
    "no-headers",
    "slow-headers",
    "no-content",
    "pings-only",
    "role-only",
    "stall",
    "endless-thinking",
    "whitespace",
}


def sent(desk: Desk) -> None:
    """Make everything a request can hold hold the canary."""
    (desk.folder / "shop" / "cart.py").write_text(f"{CANARY} = 1\n")
    git(desk.folder, "add", ".")


@pytest.mark.parametrize("kind", sorted(set(KINDS) - HANGS))
async def test_whatever_fails_nothing_of_it_is_told(
    kind: str, desk: Desk, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sent(desk)
    args: dict[str, dict[str, Any]] = {
        "status": {"status": 400, "body": f'{{"error":"{CANARY}"}}'},
        "error-midstream": {"message": CANARY},
    }
    says = f"{CANARY} is what the model says, at some length so that it is long enough for every gate there is."
    told: list[str] = []
    async with Simulator([SimModel(SMALL, says=says), SimModel(LARGE, parameters=14e9, says=says)]) as sim:
        desk.sim = sim
        text = f"{CANARY} = open('x')\n" * 3
        requests = [
            desk.request(instruction=f"Explain {CANARY}", attached=(Part("attached", CANARY, f"{CANARY}.txt"),)),
            desk.request("explain-selection", document=desk.document(text * 3)),
            desk.request("review-file", document=desk.document(text)),
            desk.request("commit-message"),
            desk.request(instruction=f"Explain {CANARY}", tier="cloud"),
        ]
        for request in requests:
            for model in (SMALL, LARGE, CLOUD):
                sim.fail(kind, model=model, **args.get(kind, {}))
            try:
                await desk.ask(request)
            except RungError as error:
                told += [error.sentence(), repr(error), str(error.__cause__), str(error.__context__)]
                receipt = error.receipt if isinstance(error, NoAnswerError) else None
                calls = receipt.calls if receipt else ()
                told += [attempt.reason or "" for call in calls for attempt in call.attempts]
            sim.heal()
    assert await desk.engine.ledger.flush(5.0), desk.engine.ledger.problem
    told += [record.getMessage() + str(record.exc_info) for record in caplog.records]
    assert [line for line in told if CANARY in line] == []
    written = [path for path in (home / "state").rglob("*") if path.is_file()]
    assert any(path.name.startswith("ledger") for path in written)
    assert [path.name for path in written if CANARY.encode() in path.read_bytes()] == []
