"""The scope of a commit: the one package, module or folder that holds the change; none where it is mixed. Pure."""

# ruff: noqa: E501 - a table is easier to read in one piece

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from rung.actions.builtin.facts import Facts
from rung.actions.builtin.file_facts import FileFacts
from rung.actions.builtin.kinds import primary_files
from rung.actions.builtin.languages import PYTHON

_CONTAINERS = frozenset(
    {"packages", "crates", "apps", "services", "plugins", "modules", "projects", "extensions", "components"}
)
"""Folders whose entries are what people name."""
_NEUTRAL = frozenset({
    "src", "lib", "libs", "source", "sources", "app", "server", "client", "internal", "pkg", "cmd", "main", "java",
    "kotlin", "scala", "python", "include", "com", "org", "io", "net", "dev", "github", "js", "ts", "test", "tests",
    "spec", "specs", "crates", "packages", "bin", "unit", "integration", "e2e", "functional", "__tests__", "public", "resources", "core", "code",
})  # fmt: skip
"""Folders whose names say nothing about the change."""
_NO_STEM = frozenset({
    "__init__", "__main__", "index", "main", "mod", "lib", "init", "app", "setup", "conftest", "package", "readme",
    "types", "utils", "constants", "helpers", "common", "util",
})  # fmt: skip
_FILE_AREAS = (
    "ci",
    "docs",
    "config",
    "lock",
    "manifest",
    "generated",
    "asset",
    "other",
    "build",
    "submodule",
    "i18n",
    "migration",
)


def scope_of(facts: Facts, kind: str) -> str | None:
    """What stands in the brackets behind the type."""
    if kind in ("revert", "ci") or (kind == "docs" and not facts.source):
        return None
    files = facts.source or primary_files(facts)
    found = {_scope(facts, file) for file in files[:2000]}
    if len(found) != 1:
        found = {_top(facts, file) for file in files[:2000]}
    return found.pop() if len(found) == 1 else None


def _scope(facts: Facts, file: FileFacts) -> str | None:
    package = _package(file.path)
    if package:
        return _named(facts, package)
    if file.area in _FILE_AREAS:
        return None
    folders = _folders(facts, file)
    stem = _stem(file.path)
    if len(folders) >= 2:
        return _named(facts, folders[1] if file.language is PYTHON else folders[0])
    if file.language is PYTHON or not folders:
        # Directly in the package, or beside everything else: the file is the module.
        return _clean(stem) if stem else None
    return _clean(folders[0])


def _top(facts: Facts, file: FileFacts) -> str | None:
    """A wider scope, for files whose own ones differ: the folder under the root."""
    folders = _folders(facts, file)
    if file.area in _FILE_AREAS or not folders or (file.language is PYTHON and len(folders) < 2):
        return None
    return _clean(folders[1] if file.language is PYTHON else folders[0])


def _package(path: str) -> str | None:
    """The package of a monorepo."""
    parts = PurePosixPath(path).parts[:-1]
    for place, part in enumerate(parts[:2]):
        if part in _CONTAINERS and len(parts) > place + 1 and not (place and parts[0] not in _NEUTRAL):
            return parts[place + 1]
    return None


def _folders(facts: Facts, file: FileFacts) -> Sequence[str]:
    parts = [part for part in PurePosixPath(file.path).parts[:-1] if part.lower() not in _NEUTRAL]
    if file.path.endswith((".java", ".kt", ".scala")):
        return parts[-1:]
    if file.area == "test" and file.language is PYTHON and len(parts) == 1:
        return [facts.change.work_tree.name, *parts]
    project = facts.change.work_tree.name.lower().replace("-", "_")
    if parts and file.language is not PYTHON and parts[0].lower().replace("-", "_") == project:
        return parts[1:]
    return parts


def _stem(path: str) -> str:
    stem = PurePosixPath(path).name.split(".")[0]
    stem = re.sub(r"^(?:test_+|spec_)|(?:[_-]?(?:tests?|spec))$", "", stem, flags=re.IGNORECASE).strip("_")
    return "" if stem.lower() in _NO_STEM or not stem else stem


def _named(facts: Facts, name: str) -> str | None:
    """The project's own name says nothing."""
    return None if name.lower() == facts.change.work_tree.name.lower() else _clean(name)


def _clean(name: str) -> str | None:
    name = name.strip("_.").lower()
    return name if re.fullmatch(r"[a-z0-9][a-z0-9._+-]{0,23}", name) and name not in _NO_STEM else None
