"""The features of a request, from its parts."""

from __future__ import annotations

from rung.routing.tokens import estimate, upper
from rung.types.features import Features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from rung.settings.values import When
    from rung.types.part import Part
    from rung.types.request import Request

OVERHEAD = 200
"""Tokens of an action's own words, about; ``ask`` has none."""


def size(action: str, texts: Iterable[str]) -> int:
    """The upper estimate of a prompt, in tokens."""
    return upper((0 if action == "ask" else OVERHEAD) + sum(estimate(text) for text in texts))


def features(
    request: Request,
    *,
    typed: str,
    prefix: str | None,
    parts: Iterable[Part],
    paths: tuple[str, ...],
    action_tier: str | None,
    branch: str | None = None,
    repository: str | None = None,
    base: str | None = None,
) -> Features:
    """What a rule can ask about this request.

    Args:
        request: who asks for what.
        typed: what the person typed, without its prefix.
        prefix: the tier the prefix named.
        parts: the prompt's pieces, for their size.
        paths: all paths in them.
        action_tier: the action's own tier.
        branch: the branch, where one is known.
        repository: its folder.
        base: the folder the paths start from, absolute, links resolved; None: nobody knows.
    """
    document = request.document
    return Features(
        action=request.action,
        typed=typed,
        tokens=size(request.action, (part.text for part in parts)),
        paths=paths,
        absolute=from_root(paths, base),
        language=document.language if document else None,
        branch=branch,
        repository=repository or (request.root.as_posix() if request.root else None),
        prefix=prefix,
        option=request.tier,
        action_tier=action_tier,
        local=request.local,
        model=request.model,
    )


def from_root(paths: tuple[str, ...], base: str | None) -> tuple[str, ...]:
    """The paths from the root of the disk; what cannot be known is left out."""
    rooted = [path if path.startswith("/") else f"{base}/{path}" for path in paths if base or path.startswith("/")]
    return tuple(rooted)


def asks_for_budget(conditions: Iterable[When]) -> bool:
    """Whether any of them looks at what is left of today's budget, which costs a look into the ledger."""
    return any(
        when.budget_left_under is not None
        or asks_for_budget((*when.all_of, *when.any_of, *((when.not_of,) if when.not_of else ())))
        for when in conditions
    )
