"""Lengths of time as people write them (``300ms``, ``30s``, ``1h30m``) and as the program uses them: seconds."""

from __future__ import annotations

import re

_N = r"[0-9]+(\.[0-9]+)?"
PATTERN = rf"^(?=.)({_N}h)?({_N}m)?({_N}s)?({_N}ms)?$"
"""Units from large to small, each at most once; also what the JSON schema says."""

_PIECE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)")
_WHOLE = re.compile(PATTERN)
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def parse(text: str) -> float:
    """Seconds of a length of time.

    Raises:
        ValueError: the text is no length of time, for example because its unit is missing.
    """
    if not _WHOLE.fullmatch(text):
        raise ValueError("no length of time")
    # Summed in thousandths: 0.1 s + 0.2 s is 0.3 s.
    return sum(round(float(number) * _SECONDS[unit] * 1000, 6) for number, unit in _PIECE.findall(text)) / 1000


def write(seconds: float) -> str:
    """The shortest text that :func:`parse` reads back, to the thousandth of a second.

    Raises:
        ValueError: the time is negative.
    """
    if seconds < 0:
        raise ValueError("a length of time is never negative")
    left = round(seconds * 1000)
    pieces = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, left = divmod(left, size)
        if count:
            pieces.append(f"{count}{unit}")
    return "".join(pieces) or "0s"
