"""Settings as plain dicts for JSON, and back, with nothing imported but the values."""

from __future__ import annotations

from rung.settings.values import Budget, Rule, Settings, Tier, When
from rung.types.model import Model, Price
from rung.types.value import as_dict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

LISTS = "lists"
WORDS = ("words", "before")
"""Conditions that are lists of words, of which one may be long and stand in many rules."""


def to_plain(settings: Settings) -> dict[str, Any]:
    """Dicts, lists and scalars, in field order; a list of words that many conditions have stands there once."""
    plain: dict[str, Any] = as_dict(settings)
    lists: dict[tuple[str, ...], int] = {}
    for rule in plain["rules"]:
        _share(rule["when"], lists)
    return {**plain, LISTS: [list(words) for words in lists]}


def _share(when: dict[str, Any], lists: dict[tuple[str, ...], int]) -> None:
    """Put numbers in the place of lists of words."""
    for name in WORDS:
        if when[name]:
            when[name] = lists.setdefault(tuple(when[name]), len(lists))
    for inner in (*when["all_of"], *when["any_of"], *([when["not_of"]] if when["not_of"] else [])):
        _share(inner, lists)


def from_plain(plain: Mapping[str, Any]) -> Settings:
    """The settings that :func:`to_plain` took apart.

    Raises:
        KeyError: something is missing.
        TypeError: something is not what :func:`to_plain` writes.
    """
    actions = plain["actions"]
    lists = [tuple(words) for words in plain[LISTS]]
    return Settings(
        tiers=tuple(Tier(**{**tier, "models": tuple(map(_model, tier["models"]))}) for tier in plain["tiers"]),
        rules=tuple(Rule(**{**rule, "when": _when(rule["when"], lists)}) for rule in plain["rules"]),
        budget=Budget(**plain["budget"]),
        default_tier=plain["default_tier"],
        quality_climbs=plain["quality_climbs"],
        actions=None if actions is None else tuple(actions),
        sources=tuple(plain["sources"]),
        workspace_budget=tuple(plain["workspace_budget"]),
    )


def _model(plain: Mapping[str, Any]) -> Model:
    price = plain["price"]
    return Model(**{**plain, "price": None if price is None else Price(**price)})


def _when(plain: Mapping[str, Any], lists: list[tuple[str, ...]]) -> When:
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    given["health"] = tuple((tier, state) for tier, state in plain["health"])
    given |= {name: lists[plain[name]] for name in WORDS if isinstance(plain[name], int)}
    given["all_of"] = tuple(_when(inner, lists) for inner in plain["all_of"])
    given["any_of"] = tuple(_when(inner, lists) for inner in plain["any_of"])
    given["not_of"] = None if plain["not_of"] is None else _when(plain["not_of"], lists)
    return When(**given)
