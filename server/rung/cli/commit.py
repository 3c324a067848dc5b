"""``rung commit``: a message for the staged changes, on stdout, into git's editor, or into the file of a git hook."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rung.cli.inputs import workspace
from rung.cli.options import add_asking, parser
from rung.cli.perform import answer, perform
from rung.errors import RungError
from rung.git import interactive, message_buffer
from rung.running import new_id
from rung.types.request import Document, Request

WRITTEN_BY_OTHERS = ("message", "merge", "squash", "commit", "template")
"""Sources of prepare-commit-msg where a message is there already."""


def run(words: list[str]) -> int:
    """Write the message.

    Raises:
        RungError: there is nothing staged, or no answer.
    """
    made = parser("commit", "Write a commit message for the staged changes. Commits nothing by itself.")
    made.add_argument("instruction", nargs="*", help='a wish, such as "in German"')
    made.add_argument("--edit", action="store_true", help="open git's editor with it: `git commit --edit`")
    made.add_argument(
        "--hook", nargs="+", metavar="FILE", help="for prepare-commit-msg: FILE and git's other arguments"
    )
    add_asking(made)
    args = made.parse_args(words)
    root = workspace()
    if args.hook:
        return _hook(args, root)
    request = _request(args, root)
    if not args.edit:
        return answer(request, root, args)
    outcome = perform(request, root, stream=False)
    return interactive.commit(outcome.text or "", Path.cwd())


def _request(args: argparse.Namespace, root: str) -> Request:
    return Request(
        id=new_id(),
        action="commit-message",
        spot="command line",
        root=Path(root),
        repository=Path.cwd(),
        instruction=" ".join(args.instruction) or None,
        tier=args.tier,
        model=args.model,
        local=args.local,
    )


def _hook(args: argparse.Namespace, root: str) -> int:
    """Put a message into the file git prepares; a hook that fails would stop the commit, so this one never does."""
    path, source = Path(args.hook[0]), args.hook[1] if len(args.hook) > 1 else ""
    if source in WRITTEN_BY_OTHERS:
        return 0
    try:
        text = path.read_bytes().decode("utf-8", "replace")
        document = Document(path.absolute().as_uri(), path.name, "git-commit", text)
        request = _request(args, root).replace(commit_file=path.absolute(), document=document)
        message = perform(request, root, stream=False).text or ""
        path.write_bytes(message_buffer.insertion(text, message).applied(text).encode("utf-8"))
    except (RungError, OSError) as error:
        why = error.sentence() if isinstance(error, RungError) else "the message file cannot be read or written."
        print(f"rung: no message was written: {why}", file=sys.stderr)
    return 0
