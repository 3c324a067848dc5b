"""What attempts cost, against bills worked out by hand."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from rung.ledger.prices import cost, worst
from rung.types.model import Model, Price

MINI = Model("openai", "gpt-5-mini")


def test_the_settings_price_makes_the_bill() -> None:
    model = Model("openai-compatible", "mystery", "https://gateway.example/v1", price=Price(0.25, 2.0))
    # 1200 x 0.25 / 1e6 + 300 x 2.00 / 1e6
    assert cost(model, None, 1200, 300) == pytest.approx(0.0003 + 0.0006)


def test_the_settings_price_wins_over_the_list_and_over_local() -> None:
    assert cost(MINI.replace(price=Price(1.0, 1.0)), "gpt-5-mini", 1_000_000, 0) == pytest.approx(1.0)
    local = Model("ollama", "qwen", "http://127.0.0.1:11434", local=True, price=Price(0.5, 0.5))
    assert cost(local, None, 1_000_000, 1_000_000) == pytest.approx(1.0)


def test_the_list_price_makes_the_bill() -> None:
    # gpt-5-mini: 0.25 in, 2.00 out per million tokens
    assert cost(MINI, None, 40_000, 1_500) == pytest.approx(0.01 + 0.003)


@pytest.mark.parametrize("served", ["gpt-5-mini-2025-08-07", "gpt-5-mini", None])
def test_a_dated_name_has_the_price_of_its_model(served: str | None) -> None:
    assert cost(MINI, served, 1_000_000, 0) == pytest.approx(0.25)


def test_the_model_that_served_is_paid_not_the_one_asked_for() -> None:
    # gpt-5: 1.25 in, 10.00 out per million tokens
    assert cost(MINI, "gpt-5", 100_000, 10_000) == pytest.approx(0.125 + 0.1)


def test_a_gateways_own_name_for_a_model_falls_back_to_the_settings_name() -> None:
    assert cost(MINI, "deployment-17", 1_000_000, 0) == pytest.approx(0.25)


def test_a_gateway_nobody_knows_charges_what_the_maker_does() -> None:
    gateway = Model("openai-compatible", "gpt-5-mini", "https://gateway.example/v1")
    assert cost(gateway, None, 1_000_000, 0) == pytest.approx(0.25)


def test_anthropic_models_have_their_own_list() -> None:
    # claude-sonnet-4-5: 3.00 in, 15.00 out per million tokens
    assert cost(Model("anthropic", "claude-sonnet-4-5"), None, 1000, 1000) == pytest.approx(0.003 + 0.015)


@pytest.mark.parametrize(
    "model",
    [
        Model("openai", "nobody-has-this-1"),
        Model("openai-compatible", "nobody-has-this-1", "https://gateway.example/v1"),
        Model("ollama", "qwen2.5-coder:14b", "http://192.0.2.7:11434"),
    ],
)
def test_an_unknown_price_is_unknown_and_not_nothing(model: Model) -> None:
    assert cost(model, None, 1000, 1000) is None
    assert cost(model, "nobody-has-this-2", 1000, 1000) is None
    assert worst(model, 1000, 1000) is None


def test_a_local_model_costs_nothing() -> None:
    local = Model("ollama", "qwen2.5-coder:14b", "http://127.0.0.1:11434", local=True)
    assert cost(local, "qwen2.5-coder:14b", 10**6, 10**6) == 0.0
    assert worst(local, 10**6, 10**6) == 0.0


def test_the_worst_case_is_by_the_settings_price_or_by_the_lists_step_for_so_long_a_prompt() -> None:
    assert worst(MINI, 1_000_000, 1_000_000) == pytest.approx(2.25)
    assert worst(MINI.replace(price=Price(7.0, 8.0)), 1_000_000, 1_000_000) == pytest.approx(15.0)
    # claude-sonnet-4-5: 3.00 in, 15.00 out, and doubled (22.50 out) beyond 200,000 tokens of prompt.
    sonnet = Model("anthropic", "claude-sonnet-4-5")
    assert worst(sonnet, 100_000, 10_000) == pytest.approx(0.3 + 0.15)
    assert worst(sonnet, 300_000, 10_000) == pytest.approx(1.8 + 0.225)


@pytest.mark.parametrize("tokens", [1_000, 150_000, 199_999, 900_000])
def test_no_bill_of_fewer_tokens_exceeds_the_worst_case(tokens: int) -> None:
    for model in (MINI, Model("anthropic", "claude-sonnet-4-5"), Model("openai", "gpt-5")):
        bill, most = cost(model, None, tokens, 1_000), worst(model, tokens * 2, 1_000)
        assert bill is not None
        assert most is not None
        assert 0 < bill <= most


@pytest.mark.parametrize(
    ("provider", "name", "url"),
    [
        ("openai-compatible", "gemma-3", "https://generativelanguage.googleapis.com/v1beta/openai"),
        ("openai-compatible", "sonar-pro", "https://api.perplexity.ai"),
        ("openai-compatible", "sonar-deep-research", "https://api.perplexity.ai"),
        ("openai", "text-embedding-3-large", ""),
    ],
)
def test_a_model_in_the_list_whose_tokens_do_not_make_the_bill_has_no_known_price(
    provider: Any, name: str, url: str
) -> None:
    model = Model(provider, name, url)
    assert worst(model, 1000, 1000) is None
    assert cost(model, name, 1000, 1000) is None


def test_a_free_model_is_free_and_not_unknown() -> None:
    model = Model("openai-compatible", "deepseek/deepseek-r1:free", "https://openrouter.ai/api/v1")
    assert worst(model, 1000, 1000) == 0 == cost(model, None, 1000, 1000)
    assert cost(MINI.replace(price=Price(0.0, 0.0)), None, 1000, 1000) == 0


def test_prices_of_local_and_priced_models_load_no_list() -> None:
    program = """if True:
        import sys
        from rung.ledger.prices import cost, worst
        from rung.types.model import Model, Price
        cost(Model("ollama", "m", local=True), None, 1, 1)
        cost(Model("openai", "m", price=Price(1, 1)), None, 1, 1)
        print("genai_prices" in sys.modules)
    """
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "False\n"
