"""The layer between the person's file and the workspace: what an editor sends under the section ``rung``.

A repository can carry editor settings (``.vscode/``, ``.helix/``), so they never name a provider, url, key or budget
and set nothing looser; what they may not say is ignored with a warning. A mistake in them is a warning too: there is
no file of ours to show it in.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from rung.errors import SettingsError
from rung.settings import shape
from rung.settings.check import Checked
from rung.settings.lines import Lines
from rung.settings.meaning import Meaning
from rung.settings.mistakes import Mistakes
from rung.settings.values import Rule

_NAME = Path("the editor's settings")
_KNOWN = ("default_tier", "actions", "local", "rules", "display")
_REFUSED = {"tier", "tiers", "model", "models", "provider", "providers", "url", "base_url", "key", "keys", "api_key"}
_REFUSED |= {"budget", "price", "quality_climbs", "trust", "trusted"}


def read(given: Mapping[str, Any], tiers: Sequence[str]) -> Checked:
    """Check what an editor sent.

    Args:
        given: the section, keys in snake_case or camelCase; keys nobody here knows are the editor plugin's own.
        tiers: the names of tiers that exist.
    """
    section = {_snake(name): value for name, value in given.items() if value is not None}
    mistakes = Mistakes(_NAME, Lines(""))
    meaning = Meaning(mistakes, "editor", {})
    warnings = [*_refusals(section)]
    default = section.get("default_tier")
    if default is not None and (not isinstance(default, str) or default not in tiers):
        known = ", ".join(f"`{name}`" for name in tiers)
        warnings.append(f"`rung.default_tier` of the editor is ignored: it must name a tier. There are {known}.")
        default = None
    actions = section.get("actions")
    if actions is not None and not (isinstance(actions, list) and all(isinstance(name, str) for name in actions)):
        warnings.append("`rung.actions` of the editor is ignored: it must be a list of the ids of actions.")
        actions = None
    rules = _rules(section.get("rules"), meaning, mistakes, warnings)
    if section.get("local") is True:
        rules = (Rule(name="never leaves this machine", local=True, layer="editor"), *rules)
    elif "local" in section and section["local"] is not False:
        warnings.append("`rung.local` of the editor must be true or false; taken for true.")
        rules = (Rule(name="never leaves this machine", local=True, layer="editor"), *rules)
    return Checked(
        path=_NAME,
        layer="editor",
        lines=Lines(""),
        rules=rules,
        budget={},
        default_tier=default,
        actions=None if actions is None else tuple(actions),
        words={},
        warnings=(*warnings, *meaning.warnings),
    )


def _refusals(section: Mapping[str, Any]) -> list[str]:
    warnings = []
    for name in section:
        if name in _REFUSED:
            warnings.append(
                f"`rung.{name}` in the editor's settings is refused, for a repository can set those:"
                " it belongs in your own rung.toml."
            )
        elif name not in _KNOWN and (near := difflib.get_close_matches(name, _KNOWN, n=1, cutoff=0.8)):
            warnings.append(f"`rung.{name}` in the editor's settings is unknown: did you mean `{near[0]}`?")
    return warnings


def _rules(given: object, meaning: Meaning, mistakes: Mistakes, warnings: list[str]) -> tuple[Rule, ...]:
    if given is None:
        return ()
    data = {"rule": given}
    try:
        msgspec.convert(data, shape.file())
        return meaning.rules(data["rule"])  # type: ignore[arg-type]  # convert just proved its type
    except msgspec.ValidationError as error:
        wrong = mistakes.from_msgspec(error, data)
    except SettingsError as error:
        wrong = error
    warnings.append(f"`rung.rules` of the editor is ignored: {wrong.text}")
    return ()


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
