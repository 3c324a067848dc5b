"""The catalogue of actions: markdown files with front matter, shipped, the person's own, and a trusted workspace's.

A later folder's file of the same name replaces the earlier one. Reading never renders a template: a mistake in one is
found here, by compiling it, and named with file and line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import jinja2
import yaml

from rung.actions.prompt import environment
from rung.errors import SettingsError
from rung.types.action import Accept, Action

RESULTS = ("edit", "text", "findings", "commit-message")
PLACES = ("selection", "symbol", "file", "repository", "diagnostic", "commit-buffer")
Stamp: TypeAlias = tuple[tuple[str, ...], tuple[tuple[str, int, int], ...]]
"""The state of some folders' action files."""
_ID = re.compile(r"[a-z][a-z0-9-]{0,63}")
_KEYS = {"title", "kind", "on", "languages", "context", "result", "tier", "max_output", "accept"}

ASK = Action(
    id="ask",
    title="Ask",
    kind="",
    on=(),
    result="text",
    prompt="{% if instruction %}{{ instruction }}\n{% endif %}{% if attached %}\n{{ attached }}\n{% endif %}",
    max_output=2000,
)
"""``rung ask`` is no file: its prompt is the person's."""


def load(folders: Iterable[Path]) -> dict[str, Action]:
    """All actions, by id, in the order of their titles; ``ask`` is not among them.

    Raises:
        SettingsError: a file is not an action; names file, line and what was expected.
    """
    found: dict[str, Action] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.md")) if folder.is_dir() else ():
            if path.name.lower() != "readme.md":
                found[path.stem] = read(path)
    return dict(sorted(found.items(), key=lambda pair: pair[1].title))


def stamp(folders: Iterable[Path]) -> Stamp:
    """What tells whether any file of the folders has changed: folders, and names, times and sizes."""
    names, files = [], []
    for folder in folders:
        names.append(str(folder))
        try:
            with os.scandir(folder) as entries:
                files += [(e.path, e.stat().st_mtime_ns, e.stat().st_size) for e in entries if e.name.endswith(".md")]
        except OSError:
            continue
    return tuple(names), tuple(sorted(files))


def read(path: Path) -> Action:
    """One action file.

    Raises:
        SettingsError: it is none.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The action file cannot be read ({type(error).__name__}).", path) from error
    match = re.match(r"---\r?\n(.*?\n)---[ \t]*(?:\r?\n|\Z)(.*)", text, re.DOTALL)
    if not match:
        raise SettingsError("An action begins with front matter between two lines of `---`.", path)
    if not _ID.fullmatch(path.stem):
        raise SettingsError("An action's file name is its id: small letters, digits and hyphens.", path)
    front = _front(match[1], path)
    first = match[1].count("\n") + 3
    try:
        # Compiled, not parsed alone: that finds a filter that does not exist, too.
        environment().compile(match[2])
    except jinja2.TemplateSyntaxError as error:
        raise SettingsError(
            f"The prompt is no valid template: {error.message}.", path, first + error.lineno - 1
        ) from None
    except (RecursionError, ValueError, SyntaxError, MemoryError):
        # Parentheses or blocks inside each other by the thousand, a number of thousands of digits.
        raise SettingsError("The prompt is a template too deep or too large to read.", path, first) from None
    return _action(path, front, match[1], match[2].strip() + "\n")


def _front(source: str, path: Path) -> Mapping[str, Any]:
    try:
        front = yaml.safe_load(source)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise SettingsError("The front matter is not valid YAML.", path, (mark.line if mark else 0) + 2) from None
    except (ValueError, RecursionError):
        # A date that is none, a number of thousands of digits, lists inside each other by the thousand.
        raise SettingsError("The front matter holds a value that cannot be read.", path, 2) from None
    if not isinstance(front, dict):
        raise SettingsError("The front matter is a list of `key: value` lines.", path, 2)
    # YAML 1.1 reads the bare key `on` as true.
    return {"on" if key is True else str(key): value for key, value in front.items()}


def _line(source: str, key: str) -> int:
    """The line of a key in the file; the front matter begins on line 2."""
    lines = source.splitlines()
    return next((i for i, line in enumerate(lines, 2) if re.match(rf"\s*['\"]?{re.escape(key)}['\"]?\s*:", line)), 1)


def _action(path: Path, front: Mapping[str, Any], source: str, body: str) -> Action:
    def wrong(key: str, expected: str) -> SettingsError:
        return SettingsError(f"`{key}` should be {expected}.", path, _line(source, key))

    def words(key: str) -> tuple[str, ...]:
        value = front.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise wrong(key, "a list of words, such as [selection]")
        return tuple(value)

    for key in front:
        if key not in _KEYS:
            raise SettingsError(f"An action has no key `{key}`.", path, _line(source, key), f"Keys: {sorted(_KEYS)}.")
    for key in ("title", "kind", "result"):
        if not isinstance(front.get(key), str) or not front[key].strip():
            raise wrong(key, "given, as a text")
    if front["result"] not in RESULTS:
        raise wrong("result", f"one of {', '.join(RESULTS)}")
    if any(place not in PLACES for place in words("on")):
        raise wrong("on", f"a list of {', '.join(PLACES)}")
    tier, limit, accept = front.get("tier"), front.get("max_output", 1200), front.get("accept", {})
    if tier is not None and not isinstance(tier, str):
        raise wrong("tier", "the name of a tier")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise wrong("max_output", "a number of tokens, 1 or more")
    least = accept.get("min_chars", 0) if isinstance(accept, dict) and set(accept) <= {"min_chars"} else None
    if not isinstance(least, int) or least < 0:
        raise wrong("accept", "{ min_chars: NUMBER }")
    return Action(
        id=path.stem,
        title=front["title"],
        kind=front["kind"],
        on=words("on"),
        result=front["result"],
        prompt=body,
        context=words("context"),
        languages=words("languages"),
        tier=tier,
        max_output=limit,
        accept=Accept(least),
        source=str(path),
    )
