"""``rung review [FILE...]``: findings, for people, machines and code scanners."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from rung import __version__
from rung.cli.documents import document
from rung.cli.inputs import workspace
from rung.cli.options import add_asking, parser
from rung.cli.perform import perform
from rung.cli.terminal import summary
from rung.git.commit_context import for_folder
from rung.running import new_id
from rung.types.outcome import Finding, Outcome
from rung.types.request import Request

SEVERITIES = ("hint", "info", "warning", "error")
LEVELS = {"error": "error", "warning": "warning", "info": "note", "hint": "note"}
"""SARIF's words for ours."""


def run(words: list[str]) -> int:
    """Review.

    Returns:
        3 where a finding is at or above ``--fail-on``, else 0.

    Raises:
        RungError: there is no such file, or no answer.
    """
    made = parser("review", "Review files; without a name, the files that are staged.")
    made.add_argument("files", nargs="*", metavar="FILE")
    made.add_argument("--format", choices=("text", "json", "sarif"), default="text")
    made.add_argument("--fail-on", choices=SEVERITIES, metavar="SEVERITY", help="exit with 3 at this severity or above")
    add_asking(made)
    args = made.parse_args(words)
    root = workspace()
    results = [_review(name, root, args) for name in args.files or _staged()]
    found = [finding for result in results for finding in result.findings or ()]
    kind = "json" if args.json else args.format
    if kind == "json":
        print(json.dumps(results[0].shape() if len(results) == 1 else [result.shape() for result in results]))
    elif kind == "sarif":
        print(json.dumps(sarif(found), indent=2))
    else:
        print("\n".join(_line(finding) for finding in found) or "No findings.")
    if args.verbose:
        for result in results:
            print(summary(result.receipt), file=sys.stderr)
    worst = max((SEVERITIES.index(finding.severity) for finding in found), default=-1)
    return 3 if args.fail_on and worst >= SEVERITIES.index(args.fail_on) else 0


def _staged() -> list[str]:
    """The staged files that are still there.

    Raises:
        ContextError: nothing is staged.
    """
    change = asyncio.run(for_folder(Path.cwd(), os.environ))
    return [
        str(change.work_tree / f.path) for f in change.files if f.status != "D" and not f.binary and not f.generated
    ]


def _review(name: str, root: str, args: argparse.Namespace) -> Outcome:
    request = Request(
        id=new_id(),
        action="review-file",
        spot="command line",
        root=Path(root),
        document=document(name, root),
        tier=args.tier,
        model=args.model,
        local=args.local,
    )
    return perform(request, root, stream=False)


def _line(finding: Finding) -> str:
    """One finding as compilers write them, so that editors can jump to it."""
    at = f"{finding.range.start.line + 1}:{finding.range.start.character + 1}" if finding.range else "1:1"
    lines = [f"{finding.path}:{at}: {finding.severity}: {finding.title}", f"    {finding.reason}"]
    if finding.suggestion:
        lines.append(f"    -> {finding.suggestion}")
    return "\n".join(lines)


def sarif(found: list[Finding]) -> dict[str, Any]:
    """SARIF 2.1.0, for code scanners."""
    results = []
    for finding in found:
        region = {}
        if finding.range:
            start, end = finding.range.start, finding.range.end
            region = {
                "startLine": start.line + 1,
                "startColumn": start.character + 1,
                "endLine": end.line + 1,
                "endColumn": end.character + 1,
            }
        place: dict[str, Any] = {"artifactLocation": {"uri": finding.path}}
        message = f"{finding.title}. {finding.reason}"
        results.append(
            {
                "ruleId": f"rung/{finding.category}",
                "level": LEVELS[finding.severity],
                "message": {"text": message},
                "locations": [{"physicalLocation": place | ({"region": region} if region else {})}],
            }
        )
    rules = [{"id": rule} for rule in dict.fromkeys(result["ruleId"] for result in results)]
    driver = {"name": "rung", "version": __version__, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
