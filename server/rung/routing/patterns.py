"""Regular expressions of rules on what a person typed, with a time limit that holds whatever the expression.

The ``regex`` package, unlike ``re``, can be interrupted. It is imported with the first pattern that is asked for.
"""

from __future__ import annotations

from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HEAD, TAIL = 4096, 2048
"""Characters of what the person typed that patterns look at: the first and the last."""

SECONDS = 0.05
"""One pattern's time on the processor."""
SECONDS_TOGETHER = 0.25
"""That of all patterns of one decision."""


def ends_of(text: str) -> str:
    """The part of a long text that patterns look at."""
    return text if len(text) <= HEAD + TAIL else text[:HEAD] + "\n" + text[-TAIL:]


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    import regex  # type: ignore[import-untyped]  # noqa: PLC0415 - 16 ms; it has no types of its own

    return regex.compile(pattern)


class Patience:
    """The time patterns may still take in one decision."""

    def __init__(self) -> None:
        self._left = SECONDS_TOGETHER

    def search(self, patterns: tuple[str, ...], text: str) -> tuple[bool | None, str]:
        """Whether any of the patterns is found, and the sentence that says so; None where time ran out first."""
        import time  # noqa: PLC0415 - built in, yet unknown to a start without patterns

        text = ends_of(text)
        late = 0
        for pattern in patterns:
            if self._left <= 0:
                late += 1
                continue
            before = time.process_time()  # the clock ``regex`` keeps its limit by: a busy machine costs no answer
            try:
                if _compiled(pattern).search(text, timeout=min(SECONDS, self._left)):
                    return True, "a pattern matches the prompt"
            except TimeoutError:
                late += 1
            self._left -= time.process_time() - before
        if not late:
            return False, "no pattern matches the prompt"
        many = "a pattern" if late == 1 else f"{late} patterns"
        if self._left <= 0:
            return None, f"{many} could not be tried within the {SECONDS_TOGETHER * 1000:.0f} ms all have together"
        return None, f"{many} took longer than {SECONDS * 1000:.0f} ms"
