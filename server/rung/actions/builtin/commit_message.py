"""A Conventional Commits message read off the diff itself: no model, no network, the same every time."""

from __future__ import annotations

from rung.actions.builtin.body import body_of
from rung.actions.builtin.facts import Facts, facts_of
from rung.actions.builtin.house import in_this_house
from rung.actions.builtin.kinds import kind_of
from rung.actions.builtin.phrases import counted
from rung.actions.builtin.scope import scope_of
from rung.actions.builtin.subjects import subject_of
from rung.git.staged import StagedChange

SUBJECT = 72
"""Characters a subject may have."""


def write(change: StagedChange) -> str:
    """The message for a staged change: subject, and a body where the change is more than one small file.

    For a merge git has its own subject, so this is a summary to stand below it.
    """
    facts = facts_of(change)
    body = body_of(facts)
    if change.merge:
        return "\n\n".join(filter(None, (_merged(facts), body)))
    return "\n\n".join(filter(None, (_subject(facts), body)))


def _merged(facts: Facts) -> str:
    if not facts.files:
        return "Brings in no change to the files."
    added = sum(file.change.added for file in facts.files)
    deleted = sum(file.change.deleted for file in facts.files)
    return f"Brings in changes to {counted(len(facts.files), 'file')} (+{added} -{deleted})."


def _subject(facts: Facts) -> str:
    kind = kind_of(facts)
    scope = scope_of(facts, kind)
    if scope is None and kind == "build" and any(file.area in ("manifest", "lock") for file in facts.files):
        scope = "deps" if any(file.bumps for file in facts.of("manifest")) or not facts.of("manifest") else None
    words = _one_line(subject_of(facts, kind))
    bumps = any(file.bumps or file.area == "lock" for file in facts.files)
    kind = in_this_house(kind, facts.change.recent, dependencies=bumps)
    for head in (f"{kind}({scope}): " if scope else f"{kind}: ", f"{kind}: "):
        if len(head) + len(words) <= SUBJECT:
            return head + words
    return _shortened(f"{kind}: {words}")


def _one_line(words: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split()).rstrip(".")


def _shortened(subject: str) -> str:
    """Whole words up to the limit; a lone long name is cut, for there is no other way."""
    cut = subject[: SUBJECT + 1].rpartition(" ")[0]
    while cut.rpartition(" ")[2] in {"in", "to", "from", "and", "with", "of", "for", "at", "that", "by"}:
        cut = cut.rpartition(" ")[0]
    cut = cut.rstrip(",")
    return cut if len(cut.split()) > 2 else subject[:SUBJECT]
