"""``rung review [FILE...]``: findings, for people, machines and code scanners."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from rung.actions.context.ignored import Unread
from rung.cli.documents import document
from rung.cli.inputs import workspace
from rung.cli.options import add_asking, parser
from rung.cli.perform import perform, remark
from rung.cli.sarif import sarif
from rung.cli.show_prompt import show
from rung.cli.terminal import printable, summary
from rung.errors import ContextError
from rung.git import repository
from rung.git.commit_context import for_folder
from rung.git.staged import FileChange, StagedChange
from rung.privacy.ignore import FILE
from rung.running.beginning import new_id
from rung.types.outcome import Finding, Outcome
from rung.types.request import Document, Request

SEVERITIES = ("hint", "info", "warning", "error")


def run(words: list[str]) -> int:
    """Review.

    Returns:
        3 where a finding is at or above ``--fail-on``; 1 where no findings could be read of a file, or ``--fail-on``
        would have to trust a review that is not good enough; else 0.

    Raises:
        RungError: there is no such file, or no answer.
    """
    made = parser("review", "Review files; without a name, the files that are staged.")
    made.add_argument("files", nargs="*", metavar="FILE")
    made.add_argument("--format", choices=("text", "json", "sarif"), default="text")
    made.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        metavar="SEVERITY",
        help="exit with 3 at this severity or above: hint, info, warning, error",
    )
    add_asking(made)
    args = made.parse_intermixed_args(words)
    root = workspace()
    kind = "json" if args.json else args.format
    results = []
    # All of them are read before the first is sent: a misspelt name costs nothing.
    requests = [_request(document(name, root), root, args) for name in args.files or _staged(root)]
    if args.show_prompt:
        return show(requests, root, args)
    for request in requests:
        result = _review(request, root, args)
        results.append(result)
        if kind == "text":
            _show(result.findings or ())
            _show_unread(request, result)
    found = [finding for result in results for finding in result.findings or ()]
    if kind == "json":
        print(json.dumps(together(results).shape()))
    elif kind == "sarif":
        print(json.dumps(sarif(found, _troubles(requests, results)), indent=2))
    elif not found and not any(result.text for result in results):
        print("No findings.")
    for result in results if args.verbose else ():
        print(summary(result.receipt), file=sys.stderr)
    return _code(results, args.fail_on)


def _code(results: Sequence[Outcome], fail_on: str | None) -> int:
    """The exit code; a review that is not good enough lets nothing pass that ``--fail-on`` guards."""
    found = [finding for result in results for finding in result.findings or ()]
    worst = max((SEVERITIES.index(finding.severity) for finding in found), default=-1)
    if fail_on and worst >= SEVERITIES.index(fail_on):
        return 3
    if any(result.findings is None or (fail_on and result.receipt.degraded) for result in results):
        return 1
    return 0


def _staged(root: str) -> list[str]:
    """The staged files that are still there and have text in them.

    Raises:
        ContextError: nothing is staged, or nothing that could be reviewed; a ``.rungignore`` can't be read.
    """
    change = asyncio.run(_change(Path.cwd()))
    found = []
    unread = Unread(Path(root))
    for file in change.files:
        path = change.work_tree / file.path
        if why := _unfit(file, path, unread):
            print(f"rung: not reviewed: {file.path}: {why}", file=sys.stderr)
        else:
            found.append(str(path))
    if not found:
        raise ContextError("Nothing that is staged can be reviewed.", "Name a file: `rung review FILE`.")
    return found


async def _change(here: Path) -> StagedChange:
    """What is staged.

    Raises:
        ContextError: nothing is, or there is no repository.
    """
    await repository.of_folder(here, os.environ)  # says so where there is none
    try:
        return await for_folder(here, os.environ)
    except ContextError:
        raise ContextError(
            "Nothing is staged: without a name, `rung review` looks at staged changes.",
            'Name files (`rung review FILE`), or run "git add" on those you want reviewed.',
        ) from None


def _unfit(file: FileChange, path: Path, unread: Unread) -> str | None:
    """Why a staged file is not worth a review, or must have none; None where it is."""
    if unread(str(path)):
        return FILE
    if file.binary:
        return "it is binary"
    if file.generated:
        return "it is generated"
    if file.status == "D" or not path.is_file():
        return "it is not there any more"
    return None if path.read_bytes().strip() else "it is empty"


def _request(named: Document, root: str, args: argparse.Namespace) -> Request:
    return Request(
        id=new_id(),
        action="review-file",
        spot="command line",
        root=Path(root),
        document=named,
        tier=args.tier,
        model=args.model,
        local=args.local,
    )


def _review(request: Request, root: str, args: argparse.Namespace) -> Outcome:
    outcome = perform(request, root, stream=False)
    if not args.verbose and not args.json and args.format != "json":
        remark(request, outcome)
    return outcome


def together(results: Sequence[Outcome]) -> Outcome:
    """The results of several files as one, its receipt with the calls and sums of all of them."""
    first = next((result for result in results if result.findings is not None), results[0])
    receipts = [result.receipt for result in results]
    costs = [receipt.cost_usd for receipt in receipts]
    return first.replace(
        text="\n\n".join(result.text for result in results if result.text) or None,
        findings=tuple(finding for result in results for finding in result.findings or ()),
        receipt=results[0].receipt.replace(
            local=all(receipt.local for receipt in receipts),
            simulated=any(receipt.simulated for receipt in receipts),
            degraded=any(receipt.degraded for receipt in receipts),
            calls=tuple(call for receipt in receipts for call in receipt.calls),
            tokens_in=sum(receipt.tokens_in for receipt in receipts),
            tokens_out=sum(receipt.tokens_out for receipt in receipts),
            cost_usd=None if None in costs else sum(cost or 0.0 for cost in costs),
            total_ms=sum(receipt.total_ms for receipt in receipts),
            left_out=tuple(omission for receipt in receipts for omission in receipt.left_out),
            redacted=tuple(redaction for receipt in receipts for redaction in receipt.redacted),
            not_asked=tuple(dict.fromkeys(skipped for receipt in receipts for skipped in receipt.not_asked)),
        ),
    )


def _show(found: Sequence[Finding]) -> None:
    if found:
        print(printable("\n".join(_line(finding) for finding in found), sys.stdout), flush=True)


def _show_unread(request: Request, result: Outcome) -> None:
    """An answer without findings, marked: it is shown because its tier was asked for, and says nothing of the file."""
    if result.text:
        head = f"{_path(request)}: not good enough: no findings could be read in this answer:"
        print(printable(f"{head}\n{textwrap.indent(result.text, '    ')}", sys.stdout), flush=True)


def _troubles(requests: Sequence[Request], results: Sequence[Outcome]) -> list[tuple[str, str]]:
    """Path and sentence of each review that is not good enough, for a code scanner."""
    troubles = []
    for request, result in zip(requests, results, strict=True):
        if result.text:
            troubles.append((_path(request), f"No findings could be read in this answer: {result.text}"))
        elif result.receipt.degraded:
            troubles.append((_path(request), "The answer is the best there was, but not good enough."))
    return troubles


def _path(request: Request) -> str:
    return request.document.path if request.document else ""


def _line(finding: Finding) -> str:
    """One finding as compilers write them, so that editors can jump to it."""
    at = f"{finding.range.start.line + 1}:{finding.range.start.character + 1}" if finding.range else "1:1"
    lines = [f"{finding.path}:{at}: {finding.severity}: {finding.title}", f"    {finding.reason}"]
    if finding.suggestion:
        lines.append(f"    -> {finding.suggestion}")
    return "\n".join(lines)
