"""The settings file of a workspace nobody trusts, where it has a mistake: it stops nothing, and keeps what pins it can.

Whoever could write into a repository could else keep everybody in it from working. What a mistake stands in is left
out, block by block; the pins in the other blocks hold. Nobody knows what the rest would have forbidden, so requests
stay on this machine, and a warning says so.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from rung.errors import SettingsError
from rung.settings.check import CHAIN, Checked, check
from rung.settings.values import Rule

CLOSED = Rule("unreadable pins", local=True, layer="untrusted")
"""Stands for every pin that a mistake may have hidden."""
UNKNOWN = "Nobody knows what it would forbid: until that is mended, requests here stay on this machine."
"""Of a whole folder that can't be read."""
_HEADER = re.compile(r"[ \t]*\[\[?[ \t]*([\w-]+)[ \t]*\]")
"""Where a block begins that is not inside another one."""
_PINNING = {"rule", "budget"}
_MOST_MISTAKES = 8
"""The whole is checked once for each: reading what nobody vouches for must not hold anybody up."""


def salvage(text: str | None, error: SettingsError, words: Mapping[str, bool]) -> tuple[Checked, str]:
    """What counts of a broken file.

    Args:
        text: what stands in it; None: not even that could be read.
        error: the mistake.
        words: see :func:`rung.settings.check.check`.

    Returns:
        The pins that could be read, and the warning.
    """
    found = None if text is None else _pins(text, error.path, words)
    said = (
        f"{error.sentence()} Nobody knows what else the file of this repository, which is not trusted, would forbid: "
        "until it is mended, requests here stay on this machine."
    )
    return found.replace(rules=(CLOSED, *found.rules)) if found else closed(error.path, words), said


def closed(path: Path, words: Mapping[str, bool]) -> Checked:
    """What counts where nothing could be read: nothing leaves this machine."""
    return check("", path, "untrusted", words).replace(rules=(CLOSED,))


def _pins(text: str, path: Path, words: Mapping[str, bool]) -> Checked | None:
    """The rules and the budget without those a mistake stands in; None where there is too much of it."""
    lines = text.split("\n")
    # What is left out leaves its lines empty, so that the others keep their numbers.
    blocks = [] if CHAIN.search(text) else [block for block in _blocks(lines) if _is_toml(lines, block)]
    for _ in range(_MOST_MISTAKES):
        kept = {number for block in blocks for number in block}
        try:
            left = "\n".join(line if number in kept else "" for number, line in enumerate(lines))
            return check(left, path, "untrusted", words)
        except SettingsError as error:
            if error.path != path:
                raise  # one of the person's own files of words
            bad = error.line - 1
            good = [block for block in blocks if bad not in block]
            if len(good) == len(blocks):
                return None
            blocks = good
    return None


def _blocks(lines: list[str]) -> list[range]:
    """The numbers of the lines of each block that may hold pins."""
    headers = [(number, match[1]) for number, line in enumerate(lines) if (match := _HEADER.match(line))]
    ends = [number for number, _ in headers[1:]] + [len(lines)]
    return [range(begin, end) for (begin, name), end in zip(headers, ends, strict=False) if name in _PINNING]


def _is_toml(lines: list[str], block: range) -> bool:
    try:
        tomllib.loads("\n".join(lines[block.start : block.stop]) + "\n")
    except (ValueError, RecursionError):
        return False
    return True
