"""The settings in force for a workspace: from the cache while no file changed, else read anew.

``rung route`` comes through here: at the top nothing is imported but ``os``, ``json`` and the values.
"""

from __future__ import annotations

import os

from rung.errors import SettingsError
from rung.settings import cache
from rung.settings.values import Settings
from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any


class Loaded(Value):
    """The outcome of reading the settings."""

    settings: Settings
    warnings: tuple[str, ...] = ()
    """A sentence for everything that was ignored."""
    errors: tuple[SettingsError, ...] = ()
    """Why ``settings`` are not what the files say now: last good ones were given, or the file of a workspace
    that nobody trusts was left out."""


def load(root: Path | str | None, editor: Mapping[str, Any] | None = None, last_good: Settings | None = None) -> Loaded:
    """Read the settings of a workspace.

    Args:
        root: the workspace's folder, whose ``.rung/rung.toml`` counts; None: outside of any.
        editor: what the editor sent under its section ``rung``; such a result is not kept in the cache.
        last_good: what to answer where a file is broken.

    Raises:
        SettingsError: a file is broken that the person vouches for, and there are no last good settings.
    """
    name = None if root is None else os.path.abspath(root)  # noqa: PTH100 - pathlib is slow
    key = None if editor else cache.key(name)
    kept = key and cache.get(key)
    if kept:
        return Loaded(*kept)
    from pathlib import Path  # noqa: PLC0415 - the slow way, only when something changed

    from rung.settings import cold  # noqa: PLC0415

    try:
        settings, warnings, errors = cold.read(None if name is None else Path(name), editor)
    except SettingsError as error:
        if last_good is None:
            raise
        return Loaded(last_good, (), (error,))
    if errors:
        # Not kept in the cache, which knows no errors.
        return Loaded(settings, warnings, errors) if last_good is None else Loaded(last_good, (), errors)
    # What was read belongs to the key only if nothing changed meanwhile.
    if key and cache.key(name) == key:
        cache.put(key, settings, warnings)
    return Loaded(settings, warnings)
