"""The key a model is asked with."""

from __future__ import annotations

from collections.abc import Callable

from rung.errors import AttemptError
from rung.types.model import Model

Keys = Callable[[str], str | None]
"""Finds a key by its name; None where there is none."""


def key_of(keys: Keys, model: Model) -> str | None:
    """The key that the settings name for a model; None where they name none.

    Raises:
        AttemptError: ``auth``, it is not set or cannot be sent.
    """
    if not model.key:
        return None
    key = keys(model.key)
    if not key:
        raise AttemptError("auth", f"The key {model.key} is not set.", f"Set {model.key} in your environment.")
    if not (key.isascii() and key.isprintable()):
        # It could not be sent, and the error that says so would quote it.
        raise AttemptError("auth", f"The key {model.key} has characters no key has.", f"Check {model.key}.")
    return key
