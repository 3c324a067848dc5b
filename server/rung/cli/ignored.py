"""What was ignored in the settings, said on stderr: of a workspace nobody trusts in one line."""

from __future__ import annotations

import os
import sys

from rung.settings.trust import FOLDER
from rung.types.pattern import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_EFFECT = lazy(r".*? had no effect")


def say(warnings: Sequence[str], root: str, *, verbose: bool = False) -> None:
    """Say it.

    Args:
        warnings: a sentence for everything that was ignored.
        root: the workspace's folder.
        verbose: say each setting of an untrusted workspace that has no effect, and not only how many there are.
    """
    for warning in warnings if verbose else _together(warnings, root):
        print(f"rung: {warning}", file=sys.stderr)


def _together(warnings: Sequence[str], root: str) -> list[str]:
    """The warnings with one in the place of all those of settings that only trust would give an effect."""
    path = os.path.join(os.path.abspath(root), FOLDER, "rung.toml")  # noqa: PTH100, PTH118 - pathlib is slow to import
    # Between the file's name and these words stand the settings, each in backticks; where none does, it stands before.
    named = {warning: _NO_EFFECT.match(warning.partition(path)[2]) for warning in warnings}
    counts = [max(1, match[0].count("`") // 2) for match in named.values() if match]
    if len(counts) <= 1:
        return list(warnings)
    said = f"{sum(counts)} settings of this repository have no effect until you say `rung trust`"
    return [*(warning for warning in warnings if not named[warning]), f"{said} (`rung doctor` lists them)."]
