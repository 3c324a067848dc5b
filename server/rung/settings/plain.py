"""Settings as plain dicts for JSON, and back, with nothing imported but the values."""

from __future__ import annotations

from rung.settings.values import Budget, Rule, Settings, Tier, When
from rung.types.model import Model, Price
from rung.types.value import as_dict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def to_plain(settings: Settings) -> dict[str, Any]:
    """Dicts, lists and scalars, in field order."""
    plain: dict[str, Any] = as_dict(settings)
    return plain


def from_plain(plain: Mapping[str, Any]) -> Settings:
    """The settings that :func:`to_plain` took apart.

    Raises:
        KeyError: something is missing.
        TypeError: something is not what :func:`to_plain` writes.
    """
    actions = plain["actions"]
    return Settings(
        tiers=tuple(Tier(**{**tier, "models": tuple(map(_model, tier["models"]))}) for tier in plain["tiers"]),
        rules=tuple(map(_rule, plain["rules"])),
        budget=Budget(**plain["budget"]),
        default_tier=plain["default_tier"],
        actions=None if actions is None else tuple(actions),
        sources=tuple(plain["sources"]),
    )


def _model(plain: Mapping[str, Any]) -> Model:
    price = plain["price"]
    return Model(**{**plain, "price": None if price is None else Price(**price)})


def _rule(plain: Mapping[str, Any]) -> Rule:
    return Rule(**{**plain, "when": _when(plain["when"])})


def _when(plain: Mapping[str, Any]) -> When:
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    given["health"] = tuple((tier, state) for tier, state in plain["health"])
    given["all_of"] = tuple(map(_when, plain["all_of"]))
    given["any_of"] = tuple(map(_when, plain["any_of"]))
    given["not_of"] = None if plain["not_of"] is None else _when(plain["not_of"])
    return When(**given)
