"""What a scene shows and checks, kept for ``--json`` and passed on to whoever watches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rung.types.receipt import Receipt
from rung.types.value import Value, as_dict

if TYPE_CHECKING:
    from rung.cli.demo.transcript import Transcript
    from rung.ledger.rows import Row


class Check(Value):
    """One thing that was looked at."""

    what: str
    """What must hold, as a sentence."""
    ok: bool
    detail: str | None = None
    """What was seen instead, where it does not hold."""

    def shape(self) -> dict[str, Any]:
        """As ``--json`` has it."""
        return {name: value for name, value in as_dict(self).items() if value is not None}


class Told:
    """The record of one scene while it plays.

    Args:
        name: its id.
        title: one line.
        transcript: shows it to a person; None: nobody watches.
    """

    def __init__(self, name: str, title: str, transcript: Transcript | None) -> None:
        self.name = name
        self.title = title
        self.checks: list[Check] = []
        self._receipt: Mapping[str, Any] | None = None
        self._transcript = transcript
        if transcript is not None:
            transcript.title(title)

    @property
    def ok(self) -> bool:
        """Whether it checked something, and all of it held."""
        return bool(self.checks) and all(check.ok for check in self.checks)

    def asked(self, text: str) -> None:
        """What the person did."""
        self._show("asked", text)

    def came(self, text: str) -> None:
        """What they got."""
        self._show("came", text)

    def piece(self, text: str) -> None:
        """A piece of an answer, at the moment it comes."""
        if self._transcript is not None:
            self._transcript.piece(text)

    def receipt(self, found: Mapping[str, Any] | Row) -> None:
        """Who answered, why, and what it cost: a receipt, or the ledger's row of one."""
        whole: Mapping[str, Any] = found if isinstance(found, Mapping) else as_dict(found)
        self._receipt = {name: whole[name] for name in Receipt._fields if name in whole}
        if self._transcript is not None:
            self._transcript.receipt(self._receipt)

    def check(self, what: str, ok: object, seen: object = None) -> bool:
        """Look at something; gives whether it holds.

        Args:
            what: what must hold.
            ok: whether it does.
            seen: what there is instead, for when it does not.
        """
        found = Check(what, bool(ok), None if ok or seen is None else str(seen))
        self.checks.append(found)
        if self._transcript is not None:
            self._transcript.check(found)
        return found.ok

    def _show(self, label: str, text: str) -> None:
        if self._transcript is not None:
            self._transcript.say(label, text)

    def shape(self) -> dict[str, Any]:
        """As ``--json`` has it."""
        found: dict[str, Any] = {"id": self.name, "title": self.title, "ok": self.ok}
        found["checks"] = [check.shape() for check in self.checks]
        return found | ({"receipt": dict(self._receipt)} if self._receipt is not None else {})
