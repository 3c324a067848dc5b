"""Several checked files become one :class:`Settings`: who may say what, and who wins.

Invariants: the person's own rules are never switched off or replaced by an editor's settings or a workspace nobody
trusts; those add pins and lower budgets, nothing else. Whatever had no effect is named in a warning.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from typing import Any

from rung.settings import shape
from rung.settings.check import Checked
from rung.settings.lines import Where
from rung.settings.telltale import shown
from rung.settings.values import Budget, Rule, Settings, Tier, When

_PINS_ONLY = {"untrusted": "workspace", "editor": "editor"}
"""Layers that only add pins, and how their rules are marked."""
_WORKSPACES = ("workspace", "untrusted")


def merge(files: Sequence[Checked]) -> tuple[Settings, tuple[str, ...]]:
    """One meaning of all files.

    Args:
        files: earliest layer first; at least one has tiers.

    Returns:
        The settings, and a sentence for everything that was ignored.

    Raises:
        SettingsError: a rule or ``default_tier`` names a tier that is not there, in the file that says so.
    """
    return _Merge(files).result()


class _Merge:
    def __init__(self, files: Sequence[Checked]) -> None:
        self._files = files
        self._ladder_rank = max(rank for rank, file in enumerate(files) if file.tiers)
        self._ladder = Settings(tiers=files[self._ladder_rank].tiers)
        self._warnings: list[str] = []
        self._of_workspace: set[str] = set()
        """Bounds of the budget that a workspace set, trusted or not."""

    def result(self) -> tuple[Settings, tuple[str, ...]]:
        rules: list[Rule] = []
        budget: dict[str, float] = {}
        default: str | None = None
        climbs = Settings.quality_climbs
        actions: tuple[str, ...] | None = None
        for rank, file in enumerate(self._files):
            self._warnings += file.warnings
            self._warn_of_ignored(file)
            own = [self._rule(rule, rank, number) for number, rule in enumerate(file.rules)]
            rules = self._with(rules, own, file)
            budget = self._spending(budget, file)
            default = self._default(default, rank)
            climbs = climbs if file.quality_climbs is None else file.quality_climbs
            actions = actions if file.actions is None else file.actions
        settings = Settings(
            tiers=self._ladder.tiers,
            rules=tuple(rules),
            budget=Budget(**{name: None if math.isinf(value) else value for name, value in budget.items()}),
            default_tier=default,
            quality_climbs=climbs,
            actions=actions,
            sources=tuple(str(file.path) for file in self._files if file.layer != "editor"),
            workspace_budget=tuple(sorted(self._of_workspace)),
        )
        return settings, tuple(dict.fromkeys(self._warnings))

    def _warn_of_ignored(self, file: Checked) -> None:
        if file.ignored:
            names = ", ".join(f"`{name}`" for name in file.ignored)
            self._warnings.append(
                f"{file.path} is not trusted: {names} had no effect. If you know this repository, run `rung trust`."
            )

    def _warn_of_lost(self, own: list[Rule], others: list[Rule]) -> None:
        """Name the rules that do nothing but switch off one that is not there."""
        names = [rule.name for rule in others]
        for rule in own:
            if rule.name not in names and rule == Rule(rule.name, enabled=False, layer=rule.layer):
                near = difflib.get_close_matches(rule.name, names, n=1)
                meant = f" Did you mean {shown(near[0])}?" if near else ""
                self._warnings.append(f"Rule {shown(rule.name)} switches off a rule that is not there.{meant}")

    def _with(self, rules: list[Rule], own: list[Rule], file: Checked) -> list[Rule]:
        """The rules with a file's own before them."""
        mark = _PINS_ONLY.get(file.layer)
        if mark is None:
            self._warn_of_lost(own, rules)
            names = {rule.name for rule in own}
            kept = [rule for rule in rules if rule.name not in names]
            if file.layer == "workspace":
                # Trust lets a workspace steer, not take a pin of the person's away by using its name.
                lost = [rule for rule in rules if rule.name in names and rule.layer == "user" and is_pin(rule)]
                kept += [rule.replace(name=f"{rule.name} (yours)", tier=None) for rule in lost]
            return [*own, *kept]
        pins = []
        taken = {rule.name for rule in rules}
        for rule in own:
            if rule.tier or not rule.enabled:
                self._warnings.append(
                    f"Rule {shown(rule.name)} of {file.path}: `{'tier' if rule.tier else 'enabled'}` had no effect,"
                    " for only pins (local, ceiling, budget) count there."
                )
            if not rule.enabled or not is_pin(rule):
                continue
            name = f"{rule.name} ({mark})"
            while name in taken:
                name += f" ({mark})"
            taken.add(name)
            pins.append(rule.replace(name=name, tier=None))
        return [*pins, *rules]

    def _rule(self, rule: Rule, rank: int, number: int) -> Rule:
        """The rule with the names of its tiers as the ladder has them."""
        file = self._files[rank]
        if file.layer == "shipped" or not rule.enabled:
            return rule
        changes: dict[str, str | None] = {}
        for field in ("tier", "ceiling"):
            name: str | None = getattr(rule, field)
            if name is None or (field == "tier" and file.layer in _PINS_ONLY):
                continue
            tier = self._find(name, rank, ("rule", number, field))
            if tier is not None:
                changes[field] = tier.name
            elif field == "tier":
                changes[field] = None
                self._warnings.append(
                    f"Rule {shown(rule.name)}: this ladder has no tier {shown(name)}, so none is set."
                )
            else:
                # A bound that can't be placed holds as tightly as any could.
                changes[field] = self._ladder.tiers[0].name
                self._warnings.append(
                    f"Rule {shown(rule.name)}: this ladder has no tier {shown(name)}, so its ceiling is the lowest one,"
                    f" {shown(self._ladder.tiers[0].name)}."
                )
        when = self._when(rule.when, rank, ("rule", number, "when"))
        return rule.replace(when=when, **changes)

    def _when(self, when: When, rank: int, where: Where) -> When:
        """The conditions with the names of tiers in ``health`` as the ladder has them; a lost one is never known."""
        changes: dict[str, Any] = {}
        if when.health:
            tiers = {name: self._find(name, rank, (*where, "health", name)) for name in dict(when.health)}
            for name in (name for name, tier in tiers.items() if tier is None):
                self._warnings.append(f"`health` asks for the tier {shown(name)}, which this ladder has not.")
            changes["health"] = tuple((tier.name if (tier := tiers[name]) else name, s) for name, s in when.health)
        for name, field in shape.IN_VALUES.items():
            parts = getattr(when, field)
            if isinstance(parts, When):
                changes[field] = self._when(parts, rank, (*where, name))
            elif parts:
                changes[field] = tuple(self._when(p, rank, (*where, name, n)) for n, p in enumerate(parts))
        return when.replace(**changes) if changes else when

    def _find(self, name: str, rank: int, where: tuple[str | int, ...]) -> Tier | None:
        """The tier of that name; None where it was lost with a ladder that a later file replaced.

        Raises:
            SettingsError: it never was there.
        """
        tier = self._ladder.tier(name)
        file = self._files[rank]
        if tier is None and rank >= self._ladder_rank and file.layer not in _PINS_ONLY:
            names = ", ".join(f"`{tier.name}`" for tier in self._ladder.tiers)
            near = difflib.get_close_matches(name.lower(), [tier.name for tier in self._ladder.tiers], n=1)
            meant = f"Did you mean `{near[0]}`? " if near else ""
            text = f"`{where[-1]}` names a tier that is not there: {shown(name)}."
            raise file.mistakes().at(where, text, f"{meant}There are {names}.")
        return tier

    def _default(self, so_far: str | None, rank: int) -> str | None:
        file = self._files[rank]
        if file.default_tier is None:
            return so_far
        if file.layer == "shipped":
            tier = self._ladder.tier(file.default_tier)
            return tier.name if tier else None
        tier = self._find(file.default_tier, rank, ("default_tier",))
        if tier is None:
            lost = shown(file.default_tier)
            self._warnings.append(f"`default_tier` of {file.path} had no effect: this ladder has no tier {lost}.")
            return so_far
        return tier.name

    def _spending(self, so_far: dict[str, float], file: Checked) -> dict[str, float]:
        """The budget with a file's fields in it; an untrusted one only lowers."""
        merged = dict(so_far)
        for name, value in file.budget.items():
            if file.layer in _PINS_ONLY and value > so_far.get(name, math.inf):
                self._warnings.append(
                    f"`{name}` of {file.path} had no effect: a workspace that is not trusted only lowers."
                )
            else:
                if file.layer in _WORKSPACES and value != so_far.get(name):
                    self._of_workspace.add(name)
                merged[name] = value
        return merged


def is_pin(rule: Rule) -> bool:
    """Whether the rule holds a request to anything."""
    return bool(rule.local or rule.ceiling or rule.budget is not None)
