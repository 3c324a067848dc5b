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
"""One pattern's time on the processor, at most."""
SECONDS_TOGETHER = 0.25
"""That of all patterns of one decision."""
SHARE = 0.2
"""What one may take of the time that is left, so that some is left for the next one, however many were slow."""


def ends_of(text: str) -> str:
    """The part of a long text that patterns look at."""
    return text if len(text) <= HEAD + TAIL else text[:HEAD] + "\n" + text[-TAIL:]


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    import regex  # type: ignore[import-untyped]  # noqa: PLC0415 - 16 ms; it has no types of its own

    return regex.compile(pattern)


class Patience:
    """The time patterns may still take in one decision, and what became of those that were tried."""

    def __init__(self) -> None:
        self._left = SECONDS_TOGETHER
        self._found: dict[str, bool | None] = {}
        self._hurried: set[str] = set()
        """Those that had less time than one may take."""

    def search(self, patterns: tuple[str, ...], text: str) -> tuple[bool | None, str]:
        """Whether any of the patterns is found, and the sentence that says so; None where time ran out first."""
        text = ends_of(text)
        late = []
        for pattern in patterns:
            if pattern not in self._found:
                self._found[pattern] = self._try(pattern, text)
            if self._found[pattern]:
                return True, "a pattern matches the prompt"
            if self._found[pattern] is None:
                late.append(pattern)
        if not late:
            return False, "no pattern matches the prompt"
        many = "a pattern" if len(late) == 1 else f"{len(late)} patterns"
        if self._hurried.isdisjoint(late):
            return None, f"{many} took longer than {SECONDS * 1000:.0f} ms"
        return None, f"{many} could not be tried within the {SECONDS_TOGETHER * 1000:.0f} ms all have together"

    def _try(self, pattern: str, text: str) -> bool | None:
        import time  # noqa: PLC0415 - built in, yet unknown to a start without patterns

        seconds = min(SECONDS, self._left * SHARE)
        if seconds < SECONDS:
            self._hurried.add(pattern)
        if seconds <= 0:
            return None
        before = time.process_time()  # the clock ``regex`` keeps its limit by: a busy machine costs no answer
        try:
            return _compiled(pattern).search(text, timeout=seconds) is not None
        except TimeoutError:
            return None
        finally:
            self._left -= time.process_time() - before
