"""The catalogue of actions: markdown files with front matter, shipped, the person's own, and a trusted workspace's.

A later folder's file of the same name replaces the earlier one. Reading never renders a template: a mistake in one is
found here, by compiling it, and named with file and line.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import jinja2
import yaml

from rung.actions.prompt import environment
from rung.errors import SettingsError
from rung.types.action import Accept, Action
from rung.types.pattern import lazy

RESULTS = ("edit", "text", "findings", "commit-message")
PLACES = ("selection", "symbol", "file", "repository", "diagnostic", "commit-buffer")
Stamp: TypeAlias = tuple[tuple[str, ...], tuple[tuple[str, int, int], ...]]
"""The state of some folders' action files."""
_ID = lazy(r"[a-z][a-z0-9-]{0,63}")
_AWAY = "Mend it or take it away."
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
        SettingsError: a file is not an action, or a folder can't be read; names file, line and what was expected.
    """
    found: dict[str, Action] = {}
    for folder in folders:
        for name in _names(folder):
            if name.lower() != "readme.md":
                found[Path(name).stem] = read(folder / name)
    return dict(sorted(found.items(), key=lambda pair: pair[1].title))


def stamp(folders: Iterable[Path]) -> Stamp:
    """What tells whether any file of the folders has changed: folders, and names, times and sizes."""
    names, files = [], []
    for folder in folders:
        names.append(str(folder))
        try:
            with os.scandir(folder) as entries:
                files += [_state(entry) for entry in entries if _is_meant(entry.name)]
        except OSError:
            continue
    return tuple(names), tuple(sorted(files))


def _state(entry: os.DirEntry[str]) -> tuple[str, int, int]:
    """Name, time and size; one that can't be looked at, such as a link to nowhere, has none of the latter."""
    try:
        found, link = entry.stat(), entry.stat(follow_symlinks=False)
    except OSError:
        return entry.path, -1, -1
    # A link can change while the file it leads to is as old as before.
    return entry.path, max(found.st_mtime_ns, link.st_mtime_ns), found.st_size


def _names(folder: Path) -> list[str]:
    """The names of the action files in a folder; none where it is none.

    Raises:
        SettingsError: it can't be read.
    """
    try:
        return sorted(path.name for path in folder.iterdir() if _is_meant(path.name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _unreadable("folder of actions", folder, error) from None


def _is_meant(name: str) -> bool:
    """Whether a name is an action file's; one with a dot before it is an editor's lock or copy."""
    return name.endswith(".md") and not name.startswith(".")


def read(path: Path) -> Action:
    """One action file.

    Raises:
        SettingsError: it is none.
    """
    text = _text(path)
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


def _text(path: Path) -> str:
    try:
        # Never waits for a pipe to be written to.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise SettingsError("This is not a file, so it is no action.", path, hint=_AWAY)
        with os.fdopen(handle, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError:
        raise SettingsError("The action file is not UTF-8.", path, hint="Save it as UTF-8.") from None
    except OSError as error:
        raise _unreadable("action file", path, error) from None


def _unreadable(what: str, path: Path, error: OSError) -> SettingsError:
    """The file or folder can't be read; says what to do."""
    if path.is_symlink():
        return SettingsError(f"The {what} is a link that leads to nothing that can be read.", path, hint=_AWAY)
    hint = "Give yourself the right to read it, or take it away." if isinstance(error, PermissionError) else _AWAY
    return SettingsError(f"The {what} cannot be read ({type(error).__name__}).", path, hint=hint)


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
