"""Running an action: the questions it asks, and its answers read into what the person gets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rung.actions.context.gathered import Gathered
from rung.actions.prompt import renderer
from rung.actions.results import commit_message, edit, findings, text
from rung.types.action import Action
from rung.types.call import Answer, Call
from rung.types.outcome import Finding
from rung.types.part import Part
from rung.types.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from rung.types.call import Ask

PIECE = 24_000
"""Characters of a file that one question of a review may hold (about 6,000 tokens): small models lose the thread of
more. A longer file makes several questions."""

EDITED = ("selection", "symbol", "file")
"""Kinds of parts whose text an edit takes the place of."""


class Produced(Value):
    """What an action made of its answers."""

    text: str | None = None
    """The answer; beside findings, or in their place, what nobody could read as findings, and of which lines it is."""
    findings: tuple[Finding, ...] | None = None
    degraded: bool = False


def call_for(action: Action, gathered: Gathered, parts: tuple[Part, ...], max_output: int | None) -> Call:
    """One question of this action."""
    return Call(
        parts=parts,
        render=renderer(action, gathered.facts),
        max_output=max_output or action.max_output,
        check=_check(action, gathered),
        schema=findings.SCHEMA if action.result == "findings" else None,
        min_chars=action.accept.min_chars,
        stream=action.result in {"text", "commit-message"},
    )


def _check(action: Action, gathered: Gathered) -> Callable[[str], str | None]:
    """What says why an answer has not this action's form."""
    if action.result == "edit":
        language = gathered.facts.get("language", "")
        original = next((part.text for part in gathered.parts if part.kind in EDITED), "")
        return lambda raw: edit.fault(raw, language, original)
    if action.result == "text" and not action.context:
        return _any
    return {"commit-message": commit_message.fault, "findings": findings.fault}.get(action.result, text.fault)


def _any(_raw: str) -> None:
    """What a person asks with their own words alone may be answered in any form, also by asking back."""


def _is_unreadable(answer: Answer, check: Callable[[str], str | None]) -> bool:
    """Whether it is shown as it came: the model was asked for by name, and what it said has not the action's form."""
    return answer.degraded and check(answer.text) is not None


async def run(action: Action, gathered: Gathered, ask: Ask, max_output: int | None) -> Produced:
    """Ask as often as the action needs, and read what comes back.

    Raises:
        NoAnswerError: from ``ask``: nobody could answer.
    """
    if action.result == "findings":
        return await _review(action, gathered, ask, max_output)
    answer = await ask(call_for(action, gathered, gathered.parts, max_output))
    if _is_unreadable(answer, _check(action, gathered)):
        return Produced(text=answer.text.strip(), degraded=True)
    if action.result == "commit-message":
        return Produced(text=commit_message.read(answer.text, gathered.comment_char), degraded=answer.degraded)
    if action.result == "edit":
        return Produced(
            text=edit.read(answer.restore(answer.text), gathered.facts.get("language", "")), degraded=answer.degraded
        )
    return Produced(text=text.read(answer.text), degraded=answer.degraded)


async def _review(action: Action, gathered: Gathered, ask: Ask, max_output: int | None) -> Produced:
    """One question for each piece of the file; the findings of those answers that can be read, the others as text."""
    whole = next(part for part in gathered.parts if part.kind == "file")
    others = tuple(part for part in gathered.parts if part.kind != "file")
    found: list[Finding] = []
    unread: list[str] = []
    degraded, start = False, 0
    asked = pieces(whole.text)
    for piece in asked:
        parts = (whole.replace(text=piece), *others)
        answer: Answer = await ask(call_for(action, gathered, parts, max_output))
        if _is_unreadable(answer, findings.fault):
            where = _lines(whole.text, start, piece) if len(asked) > 1 else ""
            unread.append(where + answer.text.strip())
        else:
            found.extend(findings.read(answer.text, whole.text, whole.path or "", start, answer.restore))
        start += len(piece)
        degraded = degraded or answer.degraded
    # A quote that stands nowhere in the file is a thing the model made up.
    real = tuple(dict.fromkeys(finding for finding in found if finding.range is not None or not finding.quote))
    return Produced(
        text="\n\n".join(unread) or None,
        findings=None if len(unread) == len(asked) else real,
        degraded=degraded,
    )


def _lines(text: str, start: int, piece: str) -> str:
    """What stands before an answer that could not be read: the lines it is about."""
    first = text.count("\n", 0, start) + 1
    last = first + piece.rstrip("\n").count("\n")
    return f"No findings could be read in the answer about lines {first} to {last}:\n\n"


def pieces(source: str) -> list[str]:
    """A long text in pieces of whole lines, cut where a blank line or a line without indent begins a new thought."""
    if len(source) <= PIECE:
        return [source]
    lines = re.findall(r"[^\n]*\n|[^\n]+\Z", source)
    out, current, size = [], list[str](), 0
    for i, line in enumerate(lines):
        fresh = size > PIECE * 0.6 and line[:1].strip() and i > 0 and not lines[i - 1].strip()
        if current and (fresh or size + len(line) > PIECE):
            out.append("".join(current))
            current, size = [], 0
        current.append(line)
        size += len(line)
    return [*out, "".join(current)] if current else out
