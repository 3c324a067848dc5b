"""What an attempt cost: the settings' own price, else the list price that the genai-prices package ships.

Nothing is fetched, and the package (0.3 s to import) is loaded only for a model that is neither local nor priced in
the settings. An unknown price is None, never 0. What a server reads from or puts into its own cache counts like the
rest of the prompt: it costs no more where nobody asked for a cache, and Rung does not.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from rung.types.model import Model, Price

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice

_MILLION = 1_000_000


def cost(model: Model, served: str | None, tokens_in: int, tokens_out: int) -> float | None:
    """US dollars of one attempt; None where no price is known.

    Args:
        model: the model as the settings have it; its own ``price`` wins, and a local model costs nothing.
        served: the model the server says it served; prices go by it, and by the settings' name where it is unknown.
        tokens_in: of the prompt.
        tokens_out: of the answer.
    """
    if model.price is not None:
        return _by_price(model.price, tokens_in, tokens_out)
    if model.local:
        return 0.0
    for name in dict.fromkeys((served, model.model)):
        if name and (entry := _known(name, model.provider, model.url)) is not None:
            return _by_list(name, entry, tokens_in, tokens_out)
    return None


def worst(model: Model, tokens_in: int, tokens_out: int) -> float | None:
    """US dollars that at most so many tokens may cost, before anybody is asked; None where no price is known.

    Where a list price grows with the prompt, the numbers decide which step it is.
    """
    return cost(model, None, tokens_in, tokens_out)


def _by_price(price: Price, tokens_in: int, tokens_out: int) -> float:
    return (price.input * tokens_in + price.output * tokens_out) / _MILLION


@functools.cache
def _known(name: str, provider: str, url: str) -> str | None:
    """The provider whose list has this model, as the package names it; None where nobody's has.

    A gateway that the package does not know is taken to charge what the model's maker charges.
    """
    from genai_prices import Usage, calc_price  # noqa: PLC0415

    nothing = Usage(input_tokens=0, output_tokens=0)
    places: list[dict[str, str]] = [{"provider_api_url": url}] if url else []
    if provider in {"openai", "anthropic"}:
        places.append({"provider_id": provider})
    if provider != "ollama":
        places.append({})
    for place in places:
        try:
            found = calc_price(nothing, name, **place)  # type: ignore[call-overload]  # one of three
        except LookupError:
            continue
        if _is_whole(found.model_price, name):
            return str(found.provider.id)
    return None


def _is_whole(price: ModelPrice, name: str) -> bool:
    """Whether two counts of tokens make the bill.

    The list has models without any price, and those are no more free than others that are not in it; and some that
    charge for each request, or for thinking by another price, which nobody counts here.
    """
    if price.requests_kcount is not None or price.output_reasoning_mtok is not None:
        return False
    return name.endswith(":free") or (price.input_mtok is not None and price.output_mtok is not None)


def _by_list(name: str, entry: str, tokens_in: int, tokens_out: int) -> float:
    from genai_prices import Usage, calc_price  # noqa: PLC0415

    usage = Usage(input_tokens=tokens_in, output_tokens=tokens_out)
    return float(calc_price(usage, name, provider_id=entry).total_price)
