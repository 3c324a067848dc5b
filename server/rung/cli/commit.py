"""``rung commit``: a message for the staged changes, on stdout, into git's editor, or into the file of a git hook."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from rung.cli import saved
from rung.cli.inputs import instruction, workspace
from rung.cli.options import add_asking, parser
from rung.cli.perform import answer, perform, remark
from rung.cli.show_prompt import show
from rung.cli.terminal import printable
from rung.errors import CancelledByPersonError, RungError
from rung.git import interactive, message_buffer, repository
from rung.running.beginning import new_id
from rung.types.request import Document, Request

WRITTEN_BY_OTHERS = ("message", "merge", "squash", "commit", "template")
"""Sources of prepare-commit-msg where a message is there already."""


def run(words: list[str]) -> int:
    """Write the message.

    Raises:
        RungError: there is nothing staged, or no answer.
    """
    made = parser("commit", "Write a commit message for the staged changes. Commits nothing by itself.")
    made.add_argument("instruction", nargs="*", default=[], help='a wish, such as "in German"')
    made.add_argument(
        "--edit", action="store_true", help="commit with it in git's editor; nothing is committed unless you save it"
    )
    made.add_argument(
        "--hook", nargs="+", metavar="FILE", help="for prepare-commit-msg: FILE and git's other arguments"
    )
    add_asking(made)
    args = made.parse_intermixed_args(words)
    root = workspace()
    if args.hook:
        return _hook(args, root)
    request = _request(args, root)
    if args.show_prompt:
        return show([request], root, args)
    if not args.edit:
        return answer(request, root, args)
    # Before the model is asked: a terminal without an editor would waste the answer.
    os.environ["GIT_EDITOR"] = saved.editor(Path.cwd(), os.environ)
    outcome = perform(request, root, stream=False)
    remark(request, outcome)
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is git's and its editor's from here on
    _leave_tidily()
    ended = interactive.commit(outcome.text or "", Path.cwd())
    if ended.code > 0 and not ended.discarded:
        # A hook, a missing name, an editor that failed: what was written is the person's all the same.
        print("rung: nothing is committed; this would have been the message:", file=sys.stderr)
        print(printable(outcome.text or "", sys.stdout))
    return min(ended.code, 1) if ended.code >= 0 else CancelledByPersonError.exit_code


def _leave_tidily() -> None:
    """Let SIGTERM and SIGHUP end this process as an exception does, which takes the message's file away.

    Where they are ignored to begin with, as SIGHUP is under nohup, they stay so.
    """
    # Windows has no SIGHUP.
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    caught = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]

    def leave(number: int, _: object) -> NoReturn:
        for one in caught:  # the kernel and the shell send a SIGHUP each: the second must not stop the tidying
            signal.signal(one, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for number in caught:
        signal.signal(number, leave)


def _request(args: argparse.Namespace, root: str) -> Request:
    return Request(
        id=new_id(),
        action="commit-message",
        spot="command line",
        root=Path(root),
        repository=Path.cwd(),
        instruction=instruction(args.instruction),
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
        raw = path.read_bytes()
        document = Document(path.absolute().as_uri(), path.name, "git-commit", raw.decode("utf-8", "replace"))
        request = _request(args, root).replace(commit_file=path.absolute(), document=document)
        if args.show_prompt:
            return show([request], root, args)
        outcome = perform(request, root, stream=False)
        remark(request, outcome)
        # What is there already is kept to the byte, whatever encoding it is in.
        text = raw.decode("utf-8", "surrogateescape")
        found = asyncio.run(repository.of_commit_file(path.absolute(), os.environ))
        comment = message_buffer.comment_prefix(text, found.comment)
        merged = message_buffer.insertion(text, outcome.text or "", comment).applied(text)
        path.write_bytes(merged.encode("utf-8", "surrogateescape"))
    except CancelledByPersonError:
        raise
    except (RungError, OSError) as error:
        why = error.sentence() if isinstance(error, RungError) else "the message file cannot be read or written."
        print(f"rung: no message was written: {why}", file=sys.stderr)
    return 0
