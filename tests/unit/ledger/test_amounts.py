"""Amounts as the person is told them: never as another amount, however small they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from rung.ledger.budget import Budget
from rung.ledger.ledger import Ledger
from rung.ledger.purse import Purse
from rung.ledger.refusal import about, dollars
from rung.settings import values
from rung.types.call import Call, Message
from rung.types.model import Model, Price


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0, "$0.00"), (2.0, "$2.00"), (0.25, "$0.25"), (0.001, "$0.001"), (0.0075, "$0.0075"), (1e-9, "$0.000000001")],
)
def test_a_limit_is_never_said_to_be_another(amount: float, said: str) -> None:
    assert dollars(amount) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0, "$0.0000"), (0.4, "$0.4000"), (0.008176, "$0.0082"), (0.00004, "$0.0000400"), (0.0000123456, "$0.0000123")],
)
def test_a_cost_is_never_said_to_be_nothing(amount: float, said: str) -> None:
    assert about(amount) == said


def reserve(budget: Budget, worst: float) -> object:
    return budget.reserve("r", 1, worst, per_day=None, per_month=0.001, lease=60.0)


def test_a_month_of_less_than_a_cent_is_named_by_its_amount(tmp_path: Path) -> None:
    budget = Budget(Ledger(tmp_path / "ledger.sqlite"))
    assert reserve(budget, 0.002) == "it may cost $0.0020, more than all of this month's $0.0010"
    reserve(budget, 0.00098)
    said = "this month's $0.001 are used up but for $0.0000200, and it may cost $0.0005"
    assert reserve(budget, 0.0005) == said
    reserve(budget, 0.00002)
    assert reserve(budget, 0.0005) == "this month's $0.001 are used up"


async def test_a_request_of_less_than_a_cent_is_named_by_its_amount(tmp_path: Path) -> None:
    purse = Purse(Budget(Ledger(tmp_path / "ledger.sqlite")), "r", values.Budget(), 0.001)
    model = Model(provider="openai-compatible", model="m", url="https://h", price=Price(input=10.0, output=10.0))
    call = Call(parts=(), render=lambda _: (), max_output=1000, check=lambda _: None)
    said = await purse.hold(model, (Message("user", "word " * 80),), call, 60.0)
    assert isinstance(said, str)
    assert said.endswith("of this request's $0.001 only $0.0010 are left")
