"""The type of a commit: by the files where they say it, by the scored signs where the program changed. Pure."""

from __future__ import annotations

from rung.actions.builtin import signs
from rung.actions.builtin.areas import Area
from rung.actions.builtin.facts import Facts
from rung.actions.builtin.file_facts import FileFacts

_BY_AREA: dict[Area, str] = {
    "test": "test",
    "docs": "docs",
    "ci": "ci",
    "build": "build",
    "manifest": "build",
    "lock": "build",
    "config": "chore",
    "asset": "chore",
    "generated": "chore",
    "submodule": "chore",
    "i18n": "chore",
    "migration": "feat",
    "other": "chore",
}
_WEIGHT: dict[Area, float] = {"lock": 0, "generated": 0, "docs": 0.5, "config": 0.6, "other": 0.6, "test": 0.8}
"""How much a line counts when files of several areas, but none of the program, changed together."""


def kind_of(facts: Facts) -> str:
    """One of feat, fix, refactor, perf, docs, test, build, ci, chore, style, revert."""
    if facts.change.revert:
        return "revert"
    if is_release(facts):
        return "chore"
    primary = primary_files(facts)
    areas = {file.area for file in primary}
    if "source" in areas:
        return _of_program(facts)
    if len(areas) == 1:
        return _of_area(next(iter(areas)), primary)
    weights: dict[str, float] = {}
    for file in primary:
        lines = file.change.added + file.change.deleted + 1
        kind = _of_area(file.area, (file,))
        weights[kind] = weights.get(kind, 0) + lines * _WEIGHT.get(file.area, 1)
    return max(sorted(weights), key=lambda kind: weights[kind]) if weights else "chore"


def primary_files(facts: Facts) -> tuple[FileFacts, ...]:
    """The files a change is about: lock files, generated ones and a changelog only follow others."""
    lasting = tuple(file for file in facts.files if file.area not in ("lock", "generated") and not _is_changelog(file))
    return lasting or tuple(file for file in facts.files if file.area != "lock") or facts.files


def is_release(facts: Facts) -> bool:
    """Whether the project's own version changed and little else."""
    if not any(file.version for file in facts.files):
        return False
    versions = {file.version for file in facts.files if file.version}
    others = [file for file in primary_files(facts) if not file.version and file.area != "docs"]
    follow = all(any(str(version).lstrip("v") in line for version in versions) for file in others for line in file.plus)
    lines = sum(len(file.plus) for file in facts.files if file.version)
    return follow and lines <= 3 * sum(1 for file in facts.files if file.version)


def _is_changelog(file: FileFacts) -> bool:
    name = file.path.rpartition("/")[2].lower()
    return name.startswith(("changelog", "changes", "history", "news")) or file.path.startswith("changelog.d/")


def _of_area(area: Area, files: tuple[FileFacts, ...]) -> str:
    if area == "i18n" and any(file.change.status == "A" for file in files):
        return "feat"
    if area == "migration" and all(file.change.status != "A" for file in files):
        return "fix" if any(file.change.status == "M" for file in files) else "chore"
    return _BY_AREA[area]


def _of_program(facts: Facts) -> str:
    """The program changed, and maybe more with it."""
    if facts.only_new:
        return signs.of_branch(facts) or "feat"
    code = facts.of("source", "test")
    edited = [file for file in code if file.hunks or file.change.added or file.change.deleted]
    if not edited:
        moved = all(file.change.status in "RCD" for file in facts.source)
        return "refactor" if moved else "feat" if any(file.change.status == "A" for file in facts.source) else "chore"
    program = [file for file in edited if file.area == "source"]
    if edited and all(file.layout for file in edited):
        return "style"
    if program and all(file.comments or file.layout for file in program):
        return _around_comments(facts, program)
    if program and all(file.typing or file.layout or file.comments for file in program):
        return "refactor"
    return signs.likeliest(facts)


def _around_comments(facts: Facts, program: list[FileFacts]) -> str:
    """The program itself only got comments or layout: what else is there decides, if it is more."""
    rest = [file for file in primary_files(facts) if file.area not in ("source", "docs")]
    if sum(len(file.plus) for file in rest) > sum(file.change.added + file.change.deleted for file in program):
        heaviest = max(rest, key=lambda file: file.change.added + file.change.deleted)
        return _of_area(heaviest.area, (heaviest,))
    return "docs" if any(file.comments for file in program) else "style"
