"""What became of the files of a review, all together: one exit code, one object, one log. Nothing found is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.errors import CancelledByPersonError, NoAnswerError, RungError
from rung.types.outcome import Finding, Outcome, Unreviewed
from rung.types.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rung.cli.perform import Ended
    from rung.types.receipt import Receipt

SEVERITIES = ("hint", "info", "warning", "error")


class Reviewed(Value):
    """See the module's words."""

    files: tuple[tuple[str, Ended], ...]
    """Each file's path, as findings have it, and how its review ended."""

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Of the files that have one."""
        return tuple(ended for _, ended in self.files if isinstance(ended, Outcome))

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """Of all files about which anybody was asked."""
        return tuple(ended.receipt for _, ended in self.files if ended.receipt)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of all files."""
        return tuple(finding for outcome in self.outcomes for finding in outcome.findings or ())

    @property
    def unreviewed(self) -> tuple[Unreviewed, ...]:
        """Whole files, and pieces of files, that nobody had an answer about."""
        return tuple(one for path, ended in self.files for one in lacking(path, ended))

    @property
    def cancelled(self) -> tuple[str, ...]:
        """The files whose review was cancelled, or never begun because of that."""
        return tuple(path for path, ended in self.files if isinstance(ended, CancelledByPersonError))

    def troubles(self) -> Iterator[Unreviewed]:
        """Of whatever no findings mean nothing: what nobody looked at, and what nobody good enough did."""
        for path, ended in self.files:
            yield from (lack.replace(why=f"Not reviewed: {lack.why}") for lack in lacking(path, ended))
            if not isinstance(ended, Outcome):
                continue
            if ended.text:
                yield Unreviewed(path, f"No findings could be read in this answer: {ended.text}")
            elif ended.receipt.degraded:
                yield Unreviewed(path, "The answer is the best there was, but not good enough.")

    def code(self, fail_on: str | None) -> int:
        """The exit code; a review that is not good enough lets nothing pass that ``--fail-on`` guards."""
        if self.cancelled:
            return CancelledByPersonError.exit_code
        worst = max((SEVERITIES.index(finding.severity) for finding in self.findings), default=-1)
        if fail_on and worst >= SEVERITIES.index(fail_on):
            return 3
        unread = any(outcome.text or (fail_on and outcome.receipt.degraded) for outcome in self.outcomes)
        return 1 if unread or self.unreviewed else 0

    def error(self) -> RungError | None:
        """The reason why there is nothing to show, in one; None where there is something."""
        errors = [(path, ended) for path, ended in self.files if isinstance(ended, RungError)]
        if len(errors) < len(self.files):
            return None
        if self.cancelled:
            return CancelledByPersonError("Cancelled.", receipt=self._receipt())
        if len(errors) == 1:
            return errors[0][1]
        lines = (f"{path}: {error.sentence()}" for path, error in errors)
        return NoAnswerError("No file could be reviewed.", *lines, receipt=self._receipt())

    def outcome(self) -> Outcome:
        """All of it as one, its receipt with the calls and sums of all files; there is at least one outcome."""
        first = next((outcome for outcome in self.outcomes if outcome.findings is not None), self.outcomes[0])
        return first.replace(
            text="\n\n".join(outcome.text for outcome in self.outcomes if outcome.text) or None,
            findings=self.findings,
            unreviewed=self.unreviewed or None,
            receipt=self._receipt(),
        )

    def _receipt(self) -> Receipt | None:
        """All receipts as one; None where there are none."""
        receipts = self.receipts
        if not receipts:
            return None
        costs = [receipt.cost_usd for receipt in receipts]
        first = next((outcome.receipt for outcome in self.outcomes), receipts[0])
        return first.replace(
            local=all(outcome.receipt.local for outcome in self.outcomes) and bool(self.outcomes),
            simulated=any(receipt.simulated for receipt in receipts),
            degraded=any(receipt.degraded for receipt in receipts),
            calls=tuple(call for receipt in receipts for call in receipt.calls),
            tokens_in=sum(receipt.tokens_in for receipt in receipts),
            tokens_out=sum(receipt.tokens_out for receipt in receipts),
            cost_usd=None if None in costs else sum(cost or 0.0 for cost in costs),
            total_ms=sum(receipt.total_ms for receipt in receipts),
            left_out=tuple(omission for receipt in receipts for omission in receipt.left_out),
            redacted=tuple(redaction for receipt in receipts for redaction in receipt.redacted),
            not_asked=tuple(dict.fromkeys(one for receipt in receipts for one in receipt.not_asked)),
            skipped=tuple(dict.fromkeys(one for receipt in receipts for one in receipt.skipped)),
        )


def lacking(path: str, ended: Ended) -> tuple[Unreviewed, ...]:
    """What the review of one file lacks: pieces of it, or all."""
    if isinstance(ended, Outcome):
        return ended.unreviewed or ()
    return (Unreviewed(path, ended.sentence()),)
