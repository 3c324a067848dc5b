"""Whether the actions that a rule names can be meant.

Which actions there are is not known while settings are read: a person's or a trusted workspace's are files of their
own, and may come later. So only what is nearly the id of one that ships, and is no other's, gives rise to doubt.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from rung.errors import SettingsError
from rung.settings import places
from rung.settings.files import names_in
from rung.settings.telltale import shown
from rung.settings.values import When

_FOLDER = "actions"
_NEAR = 0.8
_ASK = "ask"
"""The one action that is no file."""


def doubts(when: When, rule: str, path: Path) -> list[str]:
    """A warning for each action in conditions that was hardly meant to be written so.

    Args:
        when: the conditions, with others in them.
        rule: the name of their rule.
        path: the settings file; actions are in the folder beside it too, where it is a real one.
    """
    named = list(dict.fromkeys(_actions(when)))
    if not named:
        return []
    shipped = _in(places.shipped())
    known = {_ASK, *shipped, *_in(places.config_folder()), *(_in(path.parent) if path.is_absolute() else ())}
    near = {name: difflib.get_close_matches(name[:60].lower(), shipped, n=1, cutoff=_NEAR) for name in named}
    return [
        f"Rule {shown(rule)}: no action that ships is named {shown(name)}. Did you mean `{near[name][0]}`?"
        for name in named
        if name not in known and near[name]
    ]


def _actions(when: When) -> Iterator[str]:
    yield from when.action
    for part in (*when.all_of, *when.any_of, *((when.not_of,) if when.not_of else ())):
        yield from _actions(part)


def _in(folder: Path) -> list[str]:
    """The ids in a folder's own folder of actions."""
    try:
        return [name.removesuffix(".md") for name in names_in(folder / _FOLDER) if name.endswith(".md")]
    except SettingsError:
        return []  # whoever reads the actions says so
