"""Where a secret stands in a text: its kind and its place, never itself."""

from __future__ import annotations

from rung.types.value import Value


class Found(Value):
    """One find; offsets count characters of the text that was searched."""

    kind: str
    """Such as ``aws-key``; lower-case letters, digits and ``-``."""
    start: int
    end: int
    block: int | None = None
    """For a line of a private key: where the key begins, which is the same for all its lines."""
