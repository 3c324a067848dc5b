"""``rung commit``: a message for the staged changes, on stdout, into git's editor, or into the file of a git hook."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from rung.cli import saved
from rung.cli.asked import asked
from rung.cli.hook import hook
from rung.cli.inputs import instruction, workspace
from rung.cli.options import add_asking, parser
from rung.cli.perform import answer, perform, remark
from rung.cli.show_prompt import show
from rung.cli.terminal import printable
from rung.errors import CancelledByPersonError
from rung.git import interactive
from rung.types.request import Request


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
    if args.hook:
        return hook(lambda: _request(args), args)
    request, root = _request(args)
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


def _request(args: argparse.Namespace) -> tuple[Request, str]:
    """What the command line asks for, and the workspace it is asked in.

    Raises:
        UsageError: the folder we are in is gone.
    """
    root = workspace()
    request = asked("commit-message", root, args)
    return request.replace(repository=Path.cwd(), instruction=instruction(args.instruction)), root
