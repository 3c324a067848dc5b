"""What a prompt may be charged for: never less than any server counts, and hardly more than it costs."""

from __future__ import annotations

import base64
import random
import string
from pathlib import Path

import pytest

from rung.ladder.vocabulary import SHIPPED, Vocabulary
from rung.ledger.budget import Budget
from rung.ledger.ledger import Ledger
from rung.ledger.purse import Hold, Purse
from rung.ledger.weight import weigh
from rung.settings import places, values
from rung.types.attempt import Attempt
from rung.types.call import Call, Message
from rung.types.model import Model, Price

RANDOM = random.Random(5)
RAW = RANDOM.randbytes(6000)
TEXTS = {
    "prose": "Where does the money go, and who has to know of it? " * 150,
    "code": Path(__file__).read_text(encoding="utf-8"),
    "hex dump": "\n".join(RAW[at : at + 8].hex(" ") for at in range(0, 3200, 8)),
    "base64": base64.b64encode(RAW).decode(),
    "signs": "".join(RANDOM.choices(string.punctuation, k=6000)),
    "anything": "".join(RANDOM.choices(string.printable, k=6000)),
    "Chinese": "这笔钱花到哪里去了,谁必须知道?" * 200,
    "rare Chinese": "".join(chr(RANDOM.randint(0x4E00, 0x9FFF)) for _ in range(2000)),
    "combining signs": "a\u0301\u0316\u0323" * 1500,
    "nothing": "",
}
CALL = Call(parts=(), render=lambda _: (), max_output=100, check=lambda _: None)


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    return Vocabulary(places.shipped() / SHIPPED, tmp_path_factory.mktemp("ranks"))


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("name", TEXTS)
def test_no_text_has_more_tokens_than_are_held(name: str, provider: str, vocabulary: Vocabulary) -> None:
    exact = vocabulary.exactly([TEXTS[name]])
    assert exact is not None
    weight = weigh((Message("user", TEXTS[name]),), None)
    counted = weight.counted(Model(provider, "m", ""), vocabulary.exactly)  # type: ignore[arg-type]  # one of them
    assert exact + 8 <= counted <= weight.most
    assert weight.likely <= counted
    if name in {"prose", "code", "Chinese"}:
        assert counted <= 1.2 * weight.likely
    if name in {"hex dump", "anything"}:
        assert weight.likely < exact


def purse(folder: Path, vocabulary: Vocabulary, per_request: float) -> Purse:
    budget = Budget(Ledger(folder / "ledger.sqlite3"))
    return Purse(budget, "r", values.Budget(), per_request, vocabulary.exactly)


PRICED = Model("openai", "m", price=Price(input=100.0, output=1.0))


async def test_a_dense_prompt_is_not_admitted_where_it_may_cost_too_much(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    prompt = (Message("user", TEXTS["hex dump"]),)
    exact = vocabulary.exactly([TEXTS["hex dump"]]) or 0
    cost = exact * 100 / 1e6
    said = await purse(tmp_path, vocabulary, cost - 0.01).hold(PRICED, prompt, CALL, 60.0)
    assert isinstance(said, str)
    assert said.startswith("it may cost $")
    held = await purse(tmp_path, vocabulary, cost + 0.02).hold(PRICED, prompt, CALL, 60.0)
    assert isinstance(held, Hold)
    assert held.worst == pytest.approx(cost, abs=0.01)


async def test_nothing_is_counted_where_there_is_money_for_a_token_a_byte(tmp_path: Path) -> None:
    never = Vocabulary(tmp_path / "none", tmp_path)
    held = await purse(tmp_path, never, 50.0).hold(PRICED, (Message("user", TEXTS["prose"]),), CALL, 60.0)
    assert isinstance(held, Hold)
    assert held.worst == pytest.approx(len(TEXTS["prose"]) * 100 / 1e6, abs=0.01)


async def test_a_dense_prompt_whose_answer_broke_off_is_billed_by_its_count(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    money = purse(tmp_path, vocabulary, 50.0)
    held = await money.hold(PRICED, (Message("user", TEXTS["hex dump"]),), CALL, 60.0)
    assert isinstance(held, Hold)
    attempt = Attempt("cloud", "m", "openai", "broken", reason="It broke off.", tokens_in=100, estimated=True)
    billed = await money.settle(held, attempt)
    assert billed is not None
    assert billed.tokens_in == vocabulary.exactly([TEXTS["hex dump"]])
