"""The whole way from the files to the settings, without the cache: imported only when something changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rung.errors import SettingsError
from rung.settings import editor as editor_layer
from rung.settings import files, places, strangers, trust
from rung.settings.check import Checked, check
from rung.settings.layers import merge
from rung.settings.values import Settings

if TYPE_CHECKING:
    from rung.settings.values import Layer

_MOST_BYTES = 1024 * 1024
_MOST_UNTRUSTED = 128 * 1024
"""Bytes of a file that nobody vouches for: reading it must not hold anybody up."""


def read(
    root: Path | None, editor: Mapping[str, Any] | None
) -> tuple[Settings, tuple[str, ...], tuple[SettingsError, ...]]:
    """Read, check and merge all layers.

    Returns:
        The settings, a sentence for everything that was ignored, and the mistake for which the file of a workspace
        that nobody trusts was left out.

    Raises:
        SettingsError: the first mistake in any other of the files.
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
    found, warnings, errors = _workspace(root, words) if root else (None, (), ())
    if editor:
        ladder = next(file.tiers for file in [found, *reversed(checked)] if file is not None and file.tiers)
        checked.append(editor_layer.read(editor, [tier.name for tier in ladder]))
    if found:
        checked.append(found)
    settings, ignored = merge(checked)
    return settings, (*warnings, *ignored), errors


def _workspace(
    root: Path, words: Mapping[str, bool]
) -> tuple[Checked | None, tuple[str, ...], tuple[SettingsError, ...]]:
    """What the workspace's file says, with warnings and what is wrong in it.

    Raises:
        SettingsError: what is wrong, where the person trusts it.
    """
    snapshot = trust.look(root)
    if snapshot is None:
        return None, (), ()
    path = root / trust.FOLDER / "rung.toml"
    refused = f"{path.parent} can't be trusted: it {snapshot.refusal}."
    warnings = (refused,) if snapshot.refusal else ()
    data = snapshot.contents.get("rung.toml")
    if data is None and snapshot.refusal and trust.may_hide(root, "rung.toml"):
        return strangers.closed(path, words), (f"{refused} {strangers.UNKNOWN}",), ()
    if data is None:
        return None, warnings, ()
    if snapshot.is_trusted():
        return _check(data, path, "workspace", words), warnings, ()
    text = None
    try:
        text = files.text_of(data, path, _MOST_UNTRUSTED)
        return check(text, path, "untrusted", words), warnings, ()
    except SettingsError as error:
        if error.path != path:
            raise  # one of the person's own files of words
        found, said = strangers.salvage(text, error, words)
        return found, (*warnings, said), (error,)


def _check(data: bytes, path: Path, layer: Layer, words: Mapping[str, bool]) -> Checked:
    return check(files.text_of(data, path, _MOST_BYTES), path, layer, words)
