"""The whole way from the files to the settings, without the cache: imported only when something changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rung.errors import SettingsError
from rung.settings import editor as editor_layer
from rung.settings import files, places, trust
from rung.settings.check import Checked, check
from rung.settings.layers import merge
from rung.settings.values import Settings

if TYPE_CHECKING:
    from rung.settings.values import Layer

_MOST_BYTES = 1024 * 1024
_MOST_UNTRUSTED = 128 * 1024
"""Bytes of a file that nobody vouches for: reading it must not hold anybody up."""


def read(root: Path | None, editor: Mapping[str, Any] | None) -> tuple[Settings, tuple[str, ...]]:
    """Read, check and merge all layers.

    Returns:
        The settings, and a sentence for everything that was ignored.

    Raises:
        SettingsError: the first mistake in any of the files.
    """
    shipped = places.shipped() / "rung.toml"
    data = files.read_settings(shipped, _MOST_BYTES)
    if data is None:
        raise SettingsError("Rung's own settings are missing.", shipped, hint="Install Rung anew.")
    checked = [_check(data, shipped, "shipped", {})]
    user = places.config_folder() / "rung.toml"
    data = files.read_settings(user, _MOST_BYTES)
    if data is not None:
        checked.append(_check(data, user, "user", checked[-1].words))
    words = checked[-1].words
    found, warnings = _workspace(root, words) if root else (None, ())
    if editor:
        ladder = next(file.tiers for file in [found, *reversed(checked)] if file is not None and file.tiers)
        checked.append(editor_layer.read(editor, [tier.name for tier in ladder]))
    if found:
        checked.append(found)
    settings, ignored = merge(checked)
    return settings, (*warnings, *ignored)


def _workspace(root: Path, words: Mapping[str, bool]) -> tuple[Checked | None, tuple[str, ...]]:
    snapshot = trust.look(root)
    if snapshot is None:
        return None, ()
    path = root / trust.FOLDER / "rung.toml"
    warnings = (f"{path.parent} can't be trusted: it {snapshot.refusal}.",) if snapshot.refusal else ()
    data = snapshot.contents.get("rung.toml")
    if data is None:
        return None, warnings
    return _check(data, path, "workspace" if snapshot.is_trusted() else "untrusted", words), warnings


def _check(data: bytes, path: Path, layer: Layer, words: Mapping[str, bool]) -> Checked:
    most = _MOST_UNTRUSTED if layer == "untrusted" else _MOST_BYTES
    return check(files.text_of(data, path, most), path, layer, words)
