"""What was gathered for a request: the parts of its prompt, and the facts about them."""

from __future__ import annotations

from collections.abc import Mapping

from rung.types.part import Omission, Part
from rung.types.value import Value


class Gathered(Value):
    """Everything a prompt can be made of."""

    parts: tuple[Part, ...]
    facts: Mapping[str, str]
    """``language``, ``path``, ``branch`` ... for the template."""
    paths: tuple[str, ...] = ()
    """All paths whose text is in the parts, for pins by path."""
    branch: str | None = None
    repository: str | None = None
    """The repository's folder, absolute, with ``/``."""
    comment_char: str = "#"
    """What begins a comment line of the commit buffer."""
    change: object | None = None
    """The staged change, for the answer that needs no model."""
    left_out: tuple[Omission, ...] = ()
    whole: bool = True
    """Without all of it the answer would be wrong: a model with a larger window is better than a shortened prompt."""
