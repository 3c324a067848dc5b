"""What the data of one file means: tables to values, with the checks that look at more than one type.

The data has the right shape already (:mod:`rung.settings.shape`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rung.settings import addresses, durations, ids, shape, telltale
from rung.settings.conditions import Conditions
from rung.settings.lines import Where
from rung.settings.mistakes import Mistakes
from rung.settings.values import Rule, Tier
from rung.types.model import Model, Price

if TYPE_CHECKING:
    from rung.settings.values import Layer

_RESERVED = re.compile(r"builtin|local|tier\d+", re.IGNORECASE)
_NAME = re.compile(shape.NAME)
_MAY_BE_ZERO = {"thinking", "cold_patience", "busy_patience", "retry_after"}
_LOCAL_CONNECT, _REMOTE_CONNECT = 0.3, 3.0
_OLLAMA_CONTEXT = 16384
_LONGEST_KEPT = 250 * 365 * 24 * 3600
"""Seconds a model may stay loaded, for ever apart: Ollama counts in nanoseconds, up to 292 years."""
_LEAST_PARAMETERS = 1e6


class Meaning:
    """Turns the tables of one file into values."""

    def __init__(self, mistakes: Mistakes, layer: Layer, words: dict[str, bool]) -> None:
        self._mistakes = mistakes
        self._conditions = Conditions(mistakes)
        self._layer = layer
        self.words = words
        """What the person's own files say of servers; grows while this one is read, if it is theirs."""
        self.warnings: list[str] = []

    def tiers(self, tables: list[dict[str, Any]]) -> tuple[Tier, ...]:
        """The ladder, lowest rung first."""
        tiers: list[Tier] = []
        for number, table in enumerate(tables):
            where = ("tier", number)
            self._check_tier_name(table["name"], where, [tier.name for tier in tiers])
            models = [self._model(model, (*where, "model", n)) for n, model in enumerate(table["model"])]
            times = self._times(table, where)
            prewarm = bool(table.get("prewarm", False))
            tiers.append(Tier(name=table["name"], models=tuple(models), prewarm=prewarm, **times))
        return tuple(tiers)

    def rules(self, tables: list[dict[str, Any]]) -> tuple[Rule, ...]:
        """The rules, in the order they are tried."""
        rules: list[Rule] = []
        names: set[str] = set()
        for number, table in enumerate(tables):
            where = ("rule", number)
            if table["name"] in names:
                raise self._mistakes.at((*where, "name"), f"Two rules are named {telltale.shown(table['name'])}.")
            names.add(table["name"])
            given = {name: value for name, value in table.items() if name != "when"}
            if "budget" in given:
                given["budget"] = self._dollars(given["budget"], (*where, "budget"))
            when = self._conditions.read(table.get("when", {}), (*where, "when"))
            self.warnings += ids.doubts(when, table["name"], self._mistakes.path)
            rule = Rule(**{**given, "when": when, "layer": self._layer})
            rules.append(rule)
            if rule.enabled and not (rule.tier or rule.local or rule.ceiling or rule.budget is not None):
                self.warnings.append(
                    f"Rule {telltale.shown(rule.name)} does nothing: give it a tier, or local, ceiling or budget."
                )
        return tuple(rules)

    def budget(self, table: Mapping[str, float]) -> dict[str, float]:
        """The bounds that are written; infinite stays infinite."""
        for name, value in table.items():
            if math.isnan(value):
                raise self._mistakes.expected(("budget", name), value, "a number of dollars (inf: no limit)")
        return {name: float(value) for name, value in table.items()}

    def _check_tier_name(self, name: str, where: Where, taken: list[str]) -> None:
        at = (*where, "name")
        if not _NAME.fullmatch(name):
            raise self._mistakes.expected(at, name, "letters, digits, `.`, `_` and `-`, so that [name] can be typed")
        if _RESERVED.fullmatch(name):
            raise self._mistakes.at(at, f"A tier can't be named `{name}`: the word has a meaning of its own.")
        if name.lower() in [other.lower() for other in taken]:
            raise self._mistakes.at(at, f"Two tiers are named {telltale.shown(name)}.")

    def _model(self, table: dict[str, Any], where: Where) -> Model:
        provider, name = table["provider"], table.get("model", "auto")
        self._check_model(table, where)
        url = table.get("url") or addresses.DEFAULTS.get(provider, "")
        local = self._is_local(table, url, where)
        given: dict[str, Any] = {**table, "model": name, "url": url, "local": local, **self._times(table, where)}
        given.setdefault("connect", _LOCAL_CONNECT if local else _REMOTE_CONNECT)
        given.setdefault("context", _OLLAMA_CONTEXT if provider == "ollama" else None)
        if "max_parameters" in table:
            given["max_parameters"] = self._parameters(table["max_parameters"], (*where, "max_parameters"))
        if "keep_alive" in table:
            given["keep_alive"] = self._kept(str(table["keep_alive"]), (*where, "keep_alive"))
        if "price" in table:
            for field, value in table["price"].items():
                self._check_finite(value, (*where, "price", field))
            given["price"] = Price(**table["price"])
        return Model(**given)

    def _check_model(self, table: Mapping[str, Any], where: Where) -> None:
        provider, name = table["provider"], table.get("model", "auto")
        if not name.strip() or telltale.looks_secret(table.get("key") or ""):
            field = "key" if name.strip() else "model"
            raise self._mistakes.expected((*where, field), "", "the name of a model")
        if name == "auto" and provider != "ollama":
            at = (*where, "model") if "model" in table else where
            raise self._mistakes.at(at, f'Provider `{provider}` needs `model`: only Ollama can choose one ("auto").')
        if provider == "openai-compatible" and "url" not in table:
            raise self._mistakes.at(where, "Provider `openai-compatible` needs `url`: the address of its server.")
        trouble = addresses.problem(table["url"]) if "url" in table else None
        if trouble:
            raise self._mistakes.at((*where, "url"), f"This `url` {trouble}.")

    def _is_local(self, table: Mapping[str, Any], url: str, where: Where) -> bool:
        """The user's word, else whether the address is this machine; a workspace can only take away."""
        name, said = table.get("model", ""), table.get("local")
        in_cloud = table["provider"] == "ollama" and addresses.is_cloud(name)
        here = bool(url) and addresses.is_this_machine(url)
        server = addresses.origin(url) if url else table["provider"]
        if said and in_cloud:
            line = self._mistakes.at((*where, "local"), "").line
            self.warnings.append(
                f"`local = true` at line {line} is ignored: {telltale.shown(name)} is a cloud model of Ollama's, which"
                " runs on its servers whatever the address. Name one that is installed on this machine."
            )
            return False
        if self._layer in {"shipped", "user"}:
            if said is not None:
                self.words[server] = said and self.words.get(server, True)
            return here and not in_cloud if said is None else bool(said)
        may_be = self.words.get(server, here) and not in_cloud
        if said and not may_be:
            line = self._mistakes.at((*where, "local"), "").line
            self.warnings.append(f"`local = true` at line {line} is ignored: only your own rung.toml can say so.")
        return may_be and said is not False

    def _times(self, table: Mapping[str, Any], where: Where) -> dict[str, float]:
        times = {}
        for name in shape.DURATIONS & table.keys():
            at, value = (*where, name), table[name]
            seconds = durations.parse(value) if isinstance(value, str) else float(value)
            self._check_finite(seconds, at)
            if seconds == 0 and name not in _MAY_BE_ZERO:
                raise self._mistakes.at(at, f"`{name}` must be longer than nothing; found {telltale.shown(value)}.")
            times[name] = seconds
        return times

    def _kept(self, text: str, where: Where) -> str:
        bare = text.removeprefix("-")
        if (float(bare) if bare.isdigit() else durations.parse(bare)) > _LONGEST_KEPT:
            raise self._mistakes.expected(where, text)
        return text

    def _parameters(self, value: str | float, where: Where) -> float:
        number = float(value[:-1]) * {"B": 1e9, "M": 1e6}[value[-1]] if isinstance(value, str) else float(value)
        self._check_finite(number, where)
        if number < _LEAST_PARAMETERS:
            raise self._mistakes.expected(where, value)
        return number

    def _dollars(self, value: float, where: Where) -> float | None:
        if math.isnan(value):
            raise self._mistakes.expected(where, value, "a number of dollars")
        return None if math.isinf(value) else float(value)

    def _check_finite(self, value: float, where: Where) -> None:
        if not math.isfinite(value):
            raise self._mistakes.expected(where, value, "a finite number")
