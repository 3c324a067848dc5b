"""``rung review [FILE...]``: findings, for people, machines and code scanners."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from rung.actions.context.ignored import Unread
from rung.cli.asked import asked
from rung.cli.documents import document
from rung.cli.inputs import workspace
from rung.cli.options import add_asking, parser
from rung.cli.perform import perform_all, remark
from rung.cli.reviewed import SEVERITIES, Reviewed, lacking
from rung.cli.sarif import sarif
from rung.cli.show_prompt import show
from rung.cli.terminal import printable, summary
from rung.errors import CancelledByPersonError, ContextError, NoAnswerError, UsageError
from rung.git import repository
from rung.git.commit_context import for_folder
from rung.git.staged import FileChange, StagedChange
from rung.privacy.ignore import FILE
from rung.types.outcome import Finding, Outcome, Unreviewed
from rung.types.request import Document, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rung.cli.perform import Ended


def run(words: list[str]) -> int:
    """Review.

    Returns:
        130 where it was cancelled; 3 where a finding is at or above ``--fail-on``; 1 where some of it was not reviewed,
        no findings could be read in an answer, or ``--fail-on`` would have to trust a review that is not good enough;
        else 0.

    Raises:
        RungError: there is no such file, or no answer about any of them.
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
    # All of them are read before the first is sent: a misspelt name costs nothing.
    requests = [_request(found, root, args) for found in _documents(args.files or _staged(root), root)]
    if args.show_prompt:
        return show(requests, root, args)
    return _review(requests, root, args)


def _documents(names: Sequence[str], root: str) -> list[Document]:
    """The files, each once.

    Raises:
        UsageError: one cannot be read, or only some lines of it are named.
    """
    found = {}
    for name in names:
        made = document(name, root)
        if made.selection is not None:
            raise UsageError("A review is of a whole file.", f"Name it without the lines: {made.path}.")
        found[made.path] = made
    return list(found.values())


def _review(requests: Sequence[Request], root: str, args: argparse.Namespace) -> int:
    """Review these.

    Raises:
        RungError: there is no answer about any of them.
    """
    kind = "json" if args.json else args.format

    def tell(request: Request, ended: Ended) -> None:
        if kind == "json":
            return
        if isinstance(ended, Outcome):
            if not args.verbose:
                remark(request, ended)
            if kind == "text":
                _show(ended.findings or ())
                _show_unread(request, ended)
        elif len(requests) == 1 or isinstance(ended, CancelledByPersonError):
            return  # It is said in the end.
        _say_lacking(lacking(_path(request), ended))

    ended = perform_all(requests, root, verbose=args.verbose, then=tell)
    done = Reviewed(tuple(zip(map(_path, requests), ended, strict=True)))
    error = done.error()
    if kind == "sarif":
        print(json.dumps(sarif(done.findings, tuple(done.troubles())), indent=2))
    if error:
        # Beside each file's own reason there is not much left to say.
        several = len(requests) > 1 and kind != "json" and not done.cancelled
        raise NoAnswerError("No file could be reviewed.") if several else error
    if done.cancelled:
        print(f"rung: Cancelled; not reviewed: {', '.join(done.cancelled)}.", file=sys.stderr)
    if kind == "json":
        print(json.dumps(done.outcome().shape()))
    elif kind == "text" and not done.findings and not any(outcome.text for outcome in done.outcomes):
        print("No findings in what was reviewed." if done.unreviewed else "No findings.")
    for receipt in done.receipts if args.verbose else ():
        print(summary(receipt), file=sys.stderr)
    return done.code(args.fail_on)


def _say_lacking(lacks: Sequence[Unreviewed]) -> None:
    for lack in lacks:
        place = ": ".join(word for word in (lack.path, lack.lines) if word)
        print(printable(f"rung: not reviewed: {place}: {lack.why}", sys.stderr), file=sys.stderr, flush=True)


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
    return asked("review-file", root, args).replace(document=named)


def _show(found: Sequence[Finding]) -> None:
    if found:
        print(printable("\n".join(_line(finding) for finding in found), sys.stdout), flush=True)


def _show_unread(request: Request, result: Outcome) -> None:
    """An answer without findings, marked: it is shown because its tier was asked for, and says nothing of the file."""
    if result.text:
        head = f"{_path(request)}: not good enough: no findings could be read in this answer:"
        print(printable(f"{head}\n{textwrap.indent(result.text, '    ')}", sys.stdout), flush=True)


def _path(request: Request) -> str:
    return request.document.path if request.document else ""


def _line(finding: Finding) -> str:
    """One finding as compilers write them, so that editors can jump to it."""
    at = f"{finding.range.start.line + 1}:{finding.range.start.character + 1}" if finding.range else "1:1"
    lines = [f"{finding.path}:{at}: {finding.severity}: {finding.title}", f"    {finding.reason}"]
    if finding.suggestion:
        lines.append(f"    -> {finding.suggestion}")
    return "\n".join(lines)
