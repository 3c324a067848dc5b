"""The names of a folder: links may give it several, and a pin that is written with one of them must hold."""

from __future__ import annotations

import os


def names_of(folder: str, *hints: str | None) -> tuple[str, ...]:
    """Every name known of a folder, absolute and with ``/``: where its links lead first, then as it is called.

    Args:
        folder: it need not exist.
        hints: names of the folder itself, or of something in it, that may call it otherwise, as a shell's ``PWD`` does.
    """
    real = os.path.realpath(folder)
    found = {real: None, os.path.abspath(folder): None}  # noqa: PTH100 - not through links
    for hint in hints:
        # Where no link is on the way, it calls nothing otherwise.
        if hint and os.path.isabs(hint) and os.path.realpath(hint) != hint:  # noqa: PTH117 - `rung route` does without
            found |= dict.fromkeys(above for above in _upwards(hint) if os.path.realpath(above) == real)
    return tuple(name.replace(os.sep, "/") for name in found)


def _upwards(name: str) -> list[str]:
    """The name and those of all folders above it."""
    found = [os.path.normpath(name)]
    while (above := os.path.dirname(found[-1])) != found[-1]:  # noqa: PTH120
        found.append(above)
    return found
