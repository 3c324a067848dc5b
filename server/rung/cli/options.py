"""Options that several commands share."""

from __future__ import annotations

import argparse
import re
from difflib import get_close_matches
from typing import NoReturn

from rung.errors import UsageError


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence, like every other of ours."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            UsageError: always.
        """
        unknown = message.removeprefix("unrecognized arguments: ").partition(" ")[0]
        near = (
            get_close_matches(unknown, re.findall(r"--[\w-]+", self.format_help()), n=1)
            if unknown.startswith("--")
            else []
        )
        meant = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(f"{message[0].upper()}{message[1:]}.", f"{meant}`{self.prog} --help` lists the options.")


def parser(command: str, description: str) -> Parser:
    """A parser named after its command."""
    return Parser(prog=f"rung {command}", description=description, allow_abbrev=False)


def add_asking(made: argparse.ArgumentParser) -> None:
    """The options of every command that asks a model."""
    made.add_argument(
        "--tier", metavar="TIER", help="this tier alone; `builtin`: without a model, where that is possible"
    )
    made.add_argument("-m", "--model", metavar="MODEL", help="this model alone")
    made.add_argument("--local", action="store_true", help="never leave this machine")
    made.add_argument("-v", "--verbose", action="store_true", help="tier, model, seconds, tokens and cost on stderr")
    made.add_argument("--json", action="store_true", help="one JSON object: the result with its receipt")
    made.add_argument("--show-prompt", action="store_true", help="print what would be sent, and where; send nothing")


def seconds(text: str) -> float:
    """A time from 0.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return found


def positive(text: str) -> int:
    """A number from 1.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not text.isascii() or not text.isdecimal() or not 0 < len(text) < 10 or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)
