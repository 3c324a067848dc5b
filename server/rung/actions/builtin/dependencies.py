"""Versions in a diff: dependencies that came, went or moved, and the project's own. Pure."""

# ruff: noqa: E501 - a table is easier to read in one piece

from __future__ import annotations

import re
from collections.abc import Iterable

from rung.types.pattern import lazy
from rung.types.value import Value

_VERSION = r"[\^~<>=!vV ]*\d[\w.*+-]*(?:\s*,\s*[<>=!~]+\s*\d[\w.*+-]*)*"
_NAME = r"[A-Za-z@][\w./@:-]*(?:\[[\w,-]+\])?"
_PATTERNS = tuple(
    lazy(pattern)
    for pattern in (
        r"\s*-?\s*uses: (?P<name>[\w./-]+)@(?P<version>[\w.-]+)",
        r"\s*FROM (?:--platform=\S+ )?(?P<image>[\w./-]+):(?P<version>[\w.-]*\d[\w.-]*)",
        r"\s*-?\s*image: \"?(?P<image>[\w./-]+):(?P<version>[\w.-]*\d[\w.-]*)",
        rf"\s*gem ['\"](?P<name>[\w-]+)['\"], *['\"](?P<version>{_VERSION})['\"]",
        rf"\s*<PackageReference Include=\"(?P<name>[\w.]+)\" Version=\"(?P<version>{_VERSION})\"",
        rf"\s*<PackageVersion Include=\"(?P<name>[\w.]+)\" Version=\"(?P<version>{_VERSION})\"",
        rf"\s*\w+[ (]+['\"](?P<name>[\w.-]+:[\w.-]+):(?P<version>{_VERSION})['\"]",
        rf"\s*['\"](?P<name>{_NAME})['\"]\s*:\s*['\"](?P<version>{_VERSION})['\"]",
        rf"\s*\{{:(?P<name>\w+), *\"(?P<version>{_VERSION})\"",
        rf"(?:[\w-]+ = \[)?\s*['\"](?P<name>{_NAME}) ?(?P<version>[<>=!~^]{_VERSION})(?:\s*;.*)?['\"],?",
        rf"\s*['\"]?(?P<name>{_NAME})['\"]?\s*=\s*(?:\{{.*?version\s*=\s*)?['\"](?P<version>{_VERSION})['\"]",
        r"\s*(?:require )?(?P<name>[\w-]+(?:\.[\w-]+)+/[\w./-]+) (?P<version>v\d[\w.+-]*)",
        rf"\s*(?P<name>{_NAME})\s*(?P<version>(?:[<>=!~]=?=?)\s*{_VERSION})\s*(?:[;#].*)?$",
        r"\s*(?P<name>[\w-]+): (?P<version>[\^~]\d[\w.+-]*)$",
    )
)
_OWN = lazy(
    r"\s*(?:\"version\"\s*:\s*|__version__\s*(?::\s*\w+\s*)?=\s*|(?:pub )?(?:const )?VERSION\s*(?::.*?)?=\s*|(?:project\.|current_)?version\s*[=:]\s*"
    r"|s\.version\s*=\s*)['\"]?(?P<version>v?\d+\.\d[\w.+-]*)['\"]?,?;?\s*$"
)
_MAVEN = lazy(r"\s*<(?P<tag>artifactId|version|[\w.-]+\.version)>(?P<value>[^<]+)</")
_NO_DEPENDENCY = frozenset({
    "version", "requires-python", "python", "python_requires", "target-version", "python_version", "edition", "node",
    "npm", "rust-version", "minversion", "lockfileversion", "schema", "line-length", "engines", "go",
})  # fmt: skip


class Bump(Value):
    """One dependency whose version changed; None: it was not there, or is no more."""

    name: str
    old: str | None
    new: str | None


def dependency(line: str) -> tuple[str, str] | None:
    """The dependency and version a line of a manifest, workflow or Dockerfile holds."""
    if len(line) > 300:
        return None
    for pattern in _PATTERNS:
        found = pattern.match(line)
        image = found is not None and "image" in found.groupdict()
        if found and image:
            return found["image"], found["version"]
        if found and found["name"].lower() not in _NO_DEPENDENCY:
            return found["name"], found["version"].strip()
    return None


def own_version(line: str) -> str | None:
    """The project's own version, where the line sets it."""
    found = _OWN.match(line) if len(line) < 200 else None
    return found["version"] if found else None


def bumps(lines: Iterable[str]) -> tuple[Bump, ...]:
    """What changed among dependencies.

    Args:
        lines: of one file's hunks, each with its sign; context lines matter where a name stands apart (Maven).
    """
    old: dict[str, str] = {}
    new: dict[str, str] = {}
    artifact = repository = ""
    for line in lines:
        sign, text = line[:1], line[1:]
        maven = _MAVEN.match(text)
        found = dependency(text)
        if maven and maven["tag"] == "artifactId":
            artifact = maven["value"]
        elif maven:
            name = artifact if maven["tag"] == "version" else maven["tag"].removesuffix(".version")
            found = (name, maven["value"]) if name else None
        elif "repo: " in text:
            repository = text.rpartition("/")[2].removesuffix(".git").strip()
        elif text.strip().startswith("rev: ") and repository:
            found = (repository, text.strip()[5:].strip("'\""))
        if found and sign == "-":
            old[found[0]] = found[1]
        elif found and sign == "+":
            new[found[0]] = found[1]
    return tuple(
        Bump(name, old.get(name), new.get(name)) for name in sorted({*old, *new}) if old.get(name) != new.get(name)
    )


def shown(version: str) -> str:
    """A version as people say it: ``>=0.28,<0.29`` is 0.28."""
    if re.fullmatch(r"[0-9a-f]{40}", version):
        return version[:7]
    return version.partition(",")[0].lstrip("^~<>=! ") if re.match(r"[\^~<>=! ]*\d", version) else version
