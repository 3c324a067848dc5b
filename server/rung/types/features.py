"""What routing sees of a request: everything a rule can ask about, and no more."""

from __future__ import annotations

from rung.types.value import Value


class Features(Value):
    """The features of one request, gathered once, before any decision."""

    action: str
    typed: str = ""
    """What the person typed, prefix stripped; never a template, never the attached code."""
    tokens: int = 0
    """The estimate of the prompt."""
    paths: tuple[str, ...] = ()
    """All paths in its context, those in a piped diff too, with ``/``."""
    absolute: tuple[str, ...] = ()
    """The same paths from the root of the disk, by each name of their folder: what a glob that begins with ``/`` is
    held against, and every glob of a pin."""
    rooted: tuple[str, ...] = ()
    """The same paths from the roots of the repositories they are in: what a pin's globs are held against too."""
    language: str | None = None
    branch: str | None = None
    repository: str | None = None
    """The repository's folder, absolute, with ``/``."""
    prefix: str | None = None
    """The tier a ``[prefix]`` named, or ``local``."""
    option: str | None = None
    """The tier named by ``--tier`` or the editor."""
    action_tier: str | None = None
    """The action's own tier."""
    local: bool = False
    """The caller pinned it to this machine."""
    model: str | None = None
    """The one model that was asked for."""
    health: tuple[tuple[str, str], ...] = ()
    """Tiers and their states, in the words of :data:`rung.types.plan.State`; a tier that is not here is ``unknown``."""
    budget_left: float | None = None
    """US dollars that are left of today's budget; None: there is none, or nobody knows."""
