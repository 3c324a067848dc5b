"""Parts of ``rung ask``: what was typed, what was piped in, the files given along, and the system's words."""

from __future__ import annotations

from rung.actions.context.gathered import Gathered
from rung.errors import UsageError
from rung.types.part import Part
from rung.types.request import Request

LONG = 4_000
"""Characters nobody types: a longer prompt was piped in, and may be shortened like every piped text."""


def gather(request: Request, typed: str) -> Gathered:
    """The prompt's parts.

    Args:
        request: with the attached parts.
        typed: what the person typed, or piped in without typing anything, without its prefix.

    Raises:
        UsageError: there is neither prompt nor text.
    """
    if not typed.strip() and not any(part.text.strip() for part in request.attached):
        raise UsageError("There is no prompt.", 'Write one: `rung ask "..."`, or pipe text into it.')
    parts = list(request.attached)
    if typed.strip():
        parts.insert(0, Part("instruction", typed, priority=1, shorten="tail" if len(typed) > LONG else "never"))
    if request.system:
        parts.append(Part("system", request.system, priority=1, shorten="never"))
    return Gathered(tuple(parts), {"language": "", "path": ""})
