"""An outcome: what an answer became."""

from __future__ import annotations

from rung.types.value import Value, as_dict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from rung.types.action import Result
    from rung.types.receipt import Receipt
    from rung.types.request import Range

    Severity = Literal["error", "warning", "info", "hint"]


class Finding(Value):
    """One remark of a review; ``quote`` anchors it, line numbers of a model do not."""

    severity: Severity
    category: str
    title: str
    reason: str
    quote: str
    suggestion: str | None = None
    range: Range | None = None
    """Where the quote stands in the text as it was; None where it does not stand there."""
    path: str = ""


class Unreviewed(Value):
    """What was to be reviewed, and nobody looked at: that no finding is about it means nothing."""

    path: str
    why: str
    """Whole sentences."""
    range: Range | None = None
    """Where it stands in the text as it was; None: it is all of the file."""

    @property
    def lines(self) -> str:
        """Its lines in words for a person, counted from 1; "" where it is all of the file."""
        if self.range is None:
            return ""
        last = self.range.end.line + (self.range.end.character > 0)
        return f"lines {self.range.start.line + 1} to {last}"


class Outcome(Value):
    """The whole result of a request."""

    outcome: Result
    receipt: Receipt
    text: str | None = None
    findings: tuple[Finding, ...] | None = None
    unreviewed: tuple[Unreviewed, ...] | None = None
    """What a review lacks; None where it lacks nothing."""

    def shape(self) -> dict[str, Any]:
        """DESIGN's ``result``: plain JSON; what an outcome of this kind does not have is left out."""
        whole: dict[str, Any] = as_dict(self)
        return {name: value for name, value in whole.items() if value is not None}
