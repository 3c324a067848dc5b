"""Keys by their names: from the environment, then from the person's own ``.env`` in the config folder.

Never from a ``.env`` in a repository, and never changed by what stands in it: nothing is interpolated.
"""

from __future__ import annotations

import os

from rung.settings import places


def find(name: str) -> str | None:
    """The key of that name; None where it is nowhere, or empty."""
    return os.environ.get(name, "").strip() or _from_file(name)


def missing_hint(name: str) -> str:
    """What to do about a key that is nowhere."""
    return f"Set {name} in your environment, or write {name}=... into {_file_name()}."


def _from_file(name: str) -> str | None:
    path = _file_name()
    if not os.path.isfile(path):  # noqa: PTH113 - looked for on the path of `rung route`
        return None
    import dotenv  # noqa: PLC0415 - slow, and needed only where there is a file

    try:
        value = dotenv.dotenv_values(path, interpolate=False, encoding="utf-8-sig").get(name)
    except (OSError, UnicodeDecodeError):
        return None
    return (value or "").strip() or None


def _file_name() -> str:
    return os.path.join(places.config_name(), ".env")  # noqa: PTH118
