"""Where things are: what ships, and the person's folders for settings, state, cache and sockets.

Nothing is created here. The ``*_name`` functions answer text and are cheap enough for every command line;
``platformdirs`` (25 ms to import) and ``pathlib`` are imported where the answer needs them.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_LINUX = {"config": ("XDG_CONFIG_HOME", ".config"), "state": ("XDG_STATE_HOME", ".local/state")}
_LINUX["cache"] = ("XDG_CACHE_HOME", ".cache")
_SUPPORT = "Library/Application Support"
_MACOS = {"config": ("XDG_CONFIG_HOME", _SUPPORT), "state": ("XDG_STATE_HOME", _SUPPORT)}
_MACOS["cache"] = ("XDG_CACHE_HOME", "Library/Caches")


def shipped_name() -> str:
    """The folder of what ships (``config/``): inside the package in a wheel, beside ``server/`` in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = f"{package}{os.sep}config"
    if os.path.isdir(inside):
        return inside
    return os.path.join(os.path.dirname(os.path.dirname(package)), "config")


def config_name() -> str:
    """The folder of the person's own ``rung.toml``, ``.env`` and ``actions/``."""
    return os.environ.get("RUNG_CONFIG_DIR") or _folder("config")


def state_name() -> str:
    """The folder of what Rung remembers: the ledger, which workspaces are trusted."""
    return os.environ.get("RUNG_STATE_DIR") or _folder("state")


def cache_name() -> str:
    """The folder of what can be thrown away at any time."""
    return os.environ.get("RUNG_CACHE_DIR") or _folder("cache")


def shipped() -> Path:
    """:func:`shipped_name` as a path."""
    return _path(shipped_name())


def config_folder() -> Path:
    """:func:`config_name` as a path."""
    return _path(config_name())


def state_folder() -> Path:
    """:func:`state_name` as a path."""
    return _path(state_name())


def cache_folder() -> Path:
    """:func:`cache_name` as a path."""
    return _path(cache_name())


def runtime_folder() -> Path:
    """The folder of the daemon's socket (``RUNG_RUNTIME_DIR``): gone after a reboot."""
    own = os.environ.get("RUNG_RUNTIME_DIR")
    if own:
        return _path(own)
    import warnings  # noqa: PLC0415 - only the daemon asks

    import platformdirs  # noqa: PLC0415

    with warnings.catch_warnings():
        # It warns where the system has no such folder and it falls back to one: nothing a person could act on.
        warnings.simplefilter("ignore", platformdirs.RuntimeDirWarning)
        try:
            return _path(platformdirs.user_runtime_dir("rung", appauthor=False))
        except PermissionError:  # somebody else made the folder it falls back to
            return state_folder() / "run"


def _path(name: str) -> Path:
    from pathlib import Path  # noqa: PLC0415 - `rung route` does without

    return Path(name)


def _folder(kind: str) -> str:
    """What platformdirs answers for the kind, by hand where that is certainly the same."""
    by_hand = {"linux": _LINUX, "darwin": _MACOS}.get(sys.platform)
    if by_hand and not hasattr(sys, "getandroidapilevel") and "ANDROID_DATA" not in os.environ:
        variable, below_home = by_hand[kind]
        chosen = os.environ.get(variable, "")
        if chosen.startswith("/"):
            return os.path.join(chosen, "rung")
        home = os.environ.get("HOME", "")
        if home.startswith("/"):
            return os.path.join(home.rstrip("/") or "/", below_home, "rung")
    import platformdirs  # noqa: PLC0415 - slow, and needed only here

    find = {
        "config": platformdirs.user_config_dir,
        "state": platformdirs.user_state_dir,
        "cache": platformdirs.user_cache_dir,
    }
    return find[kind]("rung", appauthor=False)
