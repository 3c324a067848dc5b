"""One settings file, read and checked: its text in, what it says out, or an error at the line of the first mistake.

Whether the tiers that its rules name exist is not known here; :mod:`rung.settings.layers` sees all files.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rung.errors import SettingsError
from rung.settings import mistakes, shape
from rung.settings.lines import Lines
from rung.settings.meaning import Meaning
from rung.settings.mistakes import Mistakes
from rung.settings.values import Rule, Tier
from rung.types.value import Value

if TYPE_CHECKING:
    from rung.settings.values import Layer


CHAIN = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){50}""")
"""A name of very many parts: TOML's reader takes a time for it that grows with their square."""


class Checked(Value):
    """What one file says; what it does not say is empty or None."""

    path: Path
    layer: Layer
    lines: Lines
    budget: Mapping[str, float]
    """The fields that are written; infinite: no bound."""
    words: Mapping[str, bool]
    """What the person's own files say of servers: whether the one at that origin is local."""
    tiers: tuple[Tier, ...] = ()
    rules: tuple[Rule, ...] = ()
    default_tier: str | None = None
    quality_climbs: int | None = None
    actions: tuple[str, ...] | None = None
    warnings: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """Names at the top of an untrusted file that have no effect there."""

    def mistakes(self) -> Mistakes:
        """Makes further errors in this file."""
        return Mistakes(self.path, self.lines)


def check(text: str, path: Path, layer: Layer, words: Mapping[str, bool]) -> Checked:
    """Read and check one file.

    Args:
        text: what stands in it.
        path: where it lies, for messages.
        layer: whose it is; in an untrusted one only pins are looked at.
        words: what earlier layers say of servers (:attr:`Checked.words`).

    Raises:
        SettingsError: the first mistake, with its line.
    """
    chain = CHAIN.search(text)
    if chain:
        line = text.count("\n", 0, chain.start()) + 1
        raise SettingsError("This is nested too deeply.", path, line, "No setting is inside so many others.")
    try:
        data = tomllib.loads(text)
    except ValueError as error:  # a number of thousands of digits is one, too
        raise mistakes.from_toml(error, text, path) from None
    except RecursionError:
        raise SettingsError("This file is nested too deeply.", path) from None
    lines = Lines(text)
    maker = Mistakes(path, lines)
    try:
        msgspec.convert(data, shape.file())
    except msgspec.ValidationError as error:
        raise maker.from_msgspec(error, data) from None
    meaning = Meaning(maker, layer, dict(words))
    is_trusted = layer != "untrusted"
    return Checked(
        path=path,
        layer=layer,
        lines=lines,
        tiers=meaning.tiers(data.get("tier", [])) if is_trusted else (),
        rules=meaning.rules(data.get("rule", [])),
        budget=meaning.budget(data.get("budget", {})),
        default_tier=data.get("default_tier") if is_trusted else None,
        quality_climbs=data.get("quality_climbs") if is_trusted else None,
        actions=tuple(data["actions"]) if is_trusted and "actions" in data else None,
        words=meaning.words,
        warnings=tuple(meaning.warnings),
        ignored=() if is_trusted else tuple(name for name in data if name not in {"rule", "budget"}),
    )
