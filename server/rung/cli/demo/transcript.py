"""The demo for people: what was asked, what came, the receipt and the checks, as it happens."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rung.cli.demo.told import Check, Told

WIDTH = 100
INDENT = 13
"""Columns of the labels."""

BEGINNING = (
    "Rung, played on simulated models. No real model says a word in this, nothing leaves this machine, and your "
    "own settings, keys, ledger and repositories are not touched. The language server is the real one."
)
END = "Every model in this was simulated; so were their answers, and the prices."


BY = {
    "option": "that tier was asked for",
    "prefix": "the prompt begins with it",
    "rule": "a rule",
    "action": "the action starts there",
    "default": "it is the default tier",
}
"""Who decided where a request starts, where no sentence says it."""


class Transcript:
    """Writes to one stream.

    Args:
        out: where to; colours only where it is a terminal and ``NO_COLOR`` is not set.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._coloured = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._number = 0
        self._column = 0
        """Characters on the line of a streamed answer; 0: there is none, -1: its next line begins."""

    def begin(self) -> None:
        """The first words."""
        self._line(textwrap.fill(BEGINNING, WIDTH))

    def title(self, text: str) -> None:
        """A scene begins."""
        self._number += 1
        self._line("")
        self._line(self._paint("1", f"{self._number:>2}  {text}"))

    def say(self, label: str, text: str) -> None:
        """Something with a label; lines too long are wrapped, the others kept."""
        for line in text.rstrip("\n").split("\n"):
            for part in textwrap.wrap(line, WIDTH - INDENT, break_long_words=False, break_on_hyphens=False) or [""]:
                self._line(f"    {label:<{INDENT - 4}}{part}".rstrip())
                label = ""

    def piece(self, text: str) -> None:
        """A piece of a streamed answer: shown at once, broken at the first space after the edge."""
        for part in re.split(r"(\s)", text):
            if self._column >= WIDTH - INDENT and part.isspace():
                self._write("\n")
                self._column = -1
            elif part and not (self._column <= 0 and part.isspace()):
                if self._column <= 0:
                    self._write(" " * INDENT if self._column else f"    {'came':<{INDENT - 4}}")
                self._write(" " if part.isspace() else part)
                self._column = max(self._column, 0) + len(part)

    def receipt(self, receipt: Mapping[str, Any]) -> None:
        """The receipt: tier, model, why, time, tokens, cost; and each attempt that failed."""
        self.say("receipt", summary(receipt))
        for attempt in _attempts(receipt):
            if attempt["outcome"] != "ok":
                why = attempt["reason"] or attempt["outcome"]
                self.say("", f"not {attempt['tier']} ({attempt['model']}): {why}")

    def check(self, check: Check) -> None:
        """One check."""
        self._finish_flow()
        if check.ok:
            self._line(f"    {self._paint('32', 'ok'.ljust(INDENT - 4))}{check.what}")
            return
        self._line(f"    {self._paint('31', 'FAILED'.ljust(INDENT - 4))}expected: {check.what}")
        if check.detail:
            self.say("", f"seen: {check.detail}")

    def end(self, scenes: Sequence[Told], seconds: float) -> None:
        """The last words."""
        failed = [scene.name for scene in scenes if not scene.ok]
        checks = sum(len(scene.checks) for scene in scenes)
        verdict = f"Not as expected: {', '.join(failed)}." if failed else "All as expected."
        self._line("")
        count = f"{len(scenes)} scene{'' if len(scenes) == 1 else 's'}, {checks} checks, {seconds:.1f} s."
        self._line(self._paint("31" if failed else "32", f"{count} {verdict}"))
        self._line(END)

    def _finish_flow(self) -> None:
        if self._column:
            self._column = 0
            self._write("\n")

    def _line(self, text: str) -> None:
        self._finish_flow()
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()

    def _paint(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text


def money(dollars: float | None) -> str:
    """A cost, as exactly as it is known."""
    if dollars is None:
        return "cost unknown"
    return f"${dollars:.6f}".rstrip("0").rstrip(".") if dollars else "$0"


def summary(receipt: Mapping[str, Any]) -> str:
    """A receipt in one line."""
    if receipt["builtin"]:
        who = "no model"
    elif receipt["tier"] is None:
        who = "nobody"
    else:
        where = "on this machine" if receipt["local"] else "off this machine"
        who = f"{receipt['tier']} ({receipt['model']}, {where})"
    rule = f'rule "{receipt["rule"]}"' if receipt["rule"] else BY[receipt["by"]]
    why = f"why: {receipt.get('why') or rule}"
    if receipt.get("escalated_from"):
        why += f"; escalated from {receipt['escalated_from']}"
    tokens = f"{receipt['tokens_in']} + {receipt['tokens_out']} tokens"
    marks = ", simulated" if receipt["simulated"] else ""
    return f"{who}{marks}; {receipt['total_ms']} ms, {tokens}, {money(receipt['cost_usd'])}; {why}"


def _attempts(receipt: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [attempt for call in receipt["calls"] for attempt in call["attempts"]]
