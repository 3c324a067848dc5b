"""Options that several commands share."""

from __future__ import annotations

import argparse


def parser(command: str, description: str) -> argparse.ArgumentParser:
    """A parser named after its command."""
    return argparse.ArgumentParser(prog=f"rung {command}", description=description, allow_abbrev=False)


def add_asking(made: argparse.ArgumentParser) -> None:
    """The options of every command that asks a model."""
    made.add_argument(
        "--tier", metavar="TIER", help="this tier alone; `builtin`: without a model, where that is possible"
    )
    made.add_argument("-m", "--model", metavar="MODEL", help="this model alone")
    made.add_argument("--local", action="store_true", help="never leave this machine")
    made.add_argument("-v", "--verbose", action="store_true", help="tier, model, seconds, tokens and cost on stderr")
    made.add_argument("--json", action="store_true", help="one JSON object: the result with its receipt")
