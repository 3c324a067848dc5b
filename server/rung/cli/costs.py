"""What models cost, as the list of prices had it, kept for a day: to load the list takes ten times as long as to route.

It is good for telling only. Money is held by the list itself (:mod:`rung.ledger.purse`), and where anything here is
old, missing or not plain, :func:`fits` says that it does not know.
"""

from __future__ import annotations

import json
import os
import time

import rung
from rung.settings import files, places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from rung.types.model import Model

DAY = 86_400.0
"""Seconds a price is kept."""
MANY = 1_000_000
"""Tokens of a prompt that is longer than any step of a price that grows with it."""
PARTS = ("in", "out", "more")
"""Of what is kept of a model: US dollars for a token of prompt and of answer, and tokens it may write unasked."""


def fits(models: Iterable[Model], bound: float, prompt: int, max_output: int) -> bool:
    """Whether it is plain that a question to any of the models costs no more than so many US dollars.

    Args:
        models: those that are not free.
        bound: of the request, in US dollars.
        prompt: the most tokens it may have.
        max_output: tokens the answer may have.
    """
    kept = _read()
    for model in models:
        found = kept.get(_name(model))
        if found is None or found["in"] * prompt + found["out"] * (max_output + found["more"]) > bound:
            return False
    return True


def keep(models: Iterable[Model]) -> None:
    """Look the models' prices up, and keep those that do not change with the length of the prompt."""
    from rung.ledger import prices  # noqa: PLC0415 - brings the list
    from rung.ledger.purse import most_output  # noqa: PLC0415

    found = dict[str, dict[str, float]]()
    for model in models:
        into, out, many = (prices.worst(model, *tokens) for tokens in ((MANY, 0), (0, MANY), (MANY // 1000, 0)))
        if into is not None and out is not None and many is not None and abs(into - many * 1000) < into * 1e-6:
            found[_name(model)] = {"in": into / MANY, "out": out / MANY, "more": most_output(model, MANY) - MANY}
    try:
        files.write_private(_file(), json.dumps({"version": rung.__version__, "at": time.time(), "models": found}))
    except OSError:
        return  # A full or read-only disk costs time, never an answer.


def _read() -> dict[str, dict[str, float]]:
    try:
        entry = json.loads(files.read_private(_file()) or "{}")
        fresh = entry["version"] == rung.__version__ and 0 <= time.time() - entry["at"] < DAY
        if not fresh:
            return {}
        return {name: {part: float(one[part]) for part in PARTS} for name, one in entry["models"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _file() -> str:
    return os.path.join(places.cache_name(), "prices.json")  # noqa: PTH118 - pathlib is slow to import


def _name(model: Model) -> str:
    price = model.price
    own = f"{price.input} {price.output}" if price else ""
    return f"{model.provider} {model.url} {model.model} {own}"
