"""The body: one bullet for each file or folder, for changes that a subject alone does not show. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rung.actions.builtin.dependencies import shown
from rung.actions.builtin.facts import Facts
from rung.actions.builtin.file_facts import FileFacts
from rung.actions.builtin.phrases import counted, listed

WIDTH = 72
_BULLETS = 12
_SMALL = 15
"""Changed lines up to which one file needs no body."""


def body_of(facts: Facts) -> str:
    """Bullets, wrapped; "" where there is nothing to add."""
    files = facts.files
    lines = sum(file.change.added + file.change.deleted for file in files)
    if not files or (len(files) == 1 and (lines <= _SMALL or not _details(files[0]))):
        return ""
    bullets = [_bullet(facts, file) for file in files] if len(files) <= _BULLETS else _folders(files)
    return "\n".join(
        textwrap.fill(
            bullet, WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
        for bullet in bullets
    )


def _bullet(facts: Facts, file: FileFacts) -> str:
    change = file.change
    name = f"{change.old_path} -> {change.path}" if change.status == "R" else change.path
    details = _details(file, facts.moved)
    if not details:
        details = {"A": "new", "D": "removed", "R": "moved", "C": "copied"}.get(change.status, _plain(file))
    return f"{_printable(name)}: {details}"


def _plain(file: FileFacts) -> str:
    if file.change.submodule:
        return "another commit"
    if file.change.binary:
        return "binary file changed"
    if file.layout:
        return "layout only"
    if file.comments:
        return "comments only"
    if file.change.executable is not None and not file.hunks:
        return "made executable" if file.change.executable else "no longer executable"
    return f"{_counts(file.change.added, file.change.deleted)}"


def _details(file: FileFacts, moved: frozenset[str] = frozenset()) -> str:
    """What came, went and changed by name."""
    if file.area in ("manifest", "ci", "build") and file.bumps:
        return "; ".join(
            f"{bump.name} {shown(bump.old)} -> {shown(bump.new)}" if bump.old and bump.new
            else f"add {bump.name}" if bump.new else f"drop {bump.name}"
            for bump in file.bumps[:8]
        )  # fmt: skip
    if file.area not in ("source", "test") or file.change.status == "D":
        return ""
    parts = []
    for verb, names in (
        ("add", [symbol.name for symbol in file.new if symbol.name not in moved]),
        ("take in", [symbol.name for symbol in file.new if symbol.name in moved]),
        ("remove", [symbol.name for symbol in file.gone if symbol.name not in moved]),
        ("give away", [symbol.name for symbol in file.gone if symbol.name in moved]),
        ("change", list(file.touched)),
    ):
        if names:
            parts.append(f"{verb} {listed(names, 5)}")
    return "; ".join(parts)


def _folders(files: Sequence[FileFacts]) -> list[str]:
    """One bullet for each folder, the most changed first; folders are cut short until they are few enough."""
    groups: dict[str, list[FileFacts]] = {}
    for depth in range(6, 0, -1):
        groups = {}
        for file in files:
            groups.setdefault("/".join(file.path.split("/")[:-1][:depth]) or ".", []).append(file)
        if len(groups) <= _BULLETS:
            break
    ordered = sorted(groups.items(), key=lambda group: (-_weight(group[1]), group[0]))
    bullets = [
        f"{_printable(name)}: {counted(len(group), 'file')} {_total(group)}" for name, group in ordered[:_BULLETS]
    ]
    rest = [file for _, group in ordered[_BULLETS:] for file in group]
    if rest:
        bullets.append(f"{counted(len(rest), 'more file')} {_total(rest)}")
    return bullets


def _weight(files: Sequence[FileFacts]) -> int:
    return sum(file.change.added + file.change.deleted for file in files)


def _total(files: Sequence[FileFacts]) -> str:
    return f"({_counts(sum(file.change.added for file in files), sum(file.change.deleted for file in files))})"


def _counts(added: int, deleted: int) -> str:
    return f"+{added} -{deleted}"


def _printable(name: str) -> str:
    """A path may hold line breaks; a message's line may not."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)
