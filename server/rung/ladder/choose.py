"""Which installed model ``auto`` stands for."""

from __future__ import annotations

from collections.abc import Iterable

from rung.providers.ollama_state import Installed
from rung.settings.addresses import is_cloud

CODERS = ("coder", "code", "starcoder", "devstral", "codestral")


def best(installed: Iterable[Installed], max_parameters: float, *, local_only: bool) -> Installed | None:
    """The best of the installed models for code, up to a size; None where there is none.

    More parameters are better; of models within a fifth of the largest size, one made for code wins. Ties go by name,
    so that the choice never changes by itself (another choice would load another model).
    """
    able = [
        entry
        for entry in installed
        if entry.completes
        and not (local_only and (entry.remote or is_cloud(entry.name)))
        and (entry.parameters is None or entry.parameters <= max_parameters)
    ]
    if not able:
        return None
    largest = max(entry.parameters or 0.0 for entry in able)
    near = [entry for entry in able if (entry.parameters or 0.0) >= 0.8 * largest]
    return min(near, key=lambda e: (not any(word in e.name.lower() for word in CODERS), -(e.parameters or 0.0), e.name))
