"""Sentences for what is wrong in a settings file: what was expected, what was found, on which line.

Invariant: a text that could be a key is never repeated, wherever it was pasted.
"""

from __future__ import annotations

import difflib
import re
import tomllib
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rung.errors import SettingsError
from rung.settings import shape, telltale
from rung.settings.lines import Lines, Where
from rung.settings.values import Budget, Rule, Tier, When
from rung.types.model import Model

_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_NUMBER = re.compile(r"\s*(?:[-+]?[0-9._]+|true|false)\s*")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")

_OTHER_NAMES = {
    "base_url": "url",
    "api_base": "url",
    "host": "url",
    "endpoint": "url",
    "api_key": "key",
    "num_ctx": "context",
    "window": "context",
    "timeout": "first_content",
    "tiers": "tier",
    "models": "model",
    "rules": "rule",
    "files": "path",
    "paths": "path",
    "languages": "language",
    "keywords": "words",
    "regex": "pattern",
    "max_tier": "ceiling",
    "escalations": "quality_climbs",
    "daily": "per_day",
    "monthly": "per_month",
}
"""What other programs call the same thing."""

_PLACES: dict[str, Callable[[], tuple[Any, ...]]] = {
    "under [[tier]]": lambda: msgspec.structs.fields(shape.struct(Tier)),
    "under [[tier.model]]": lambda: msgspec.structs.fields(shape.struct(Model)),
    "under [[rule]]": lambda: msgspec.structs.fields(shape.struct(Rule)),
    "under `when` of a [[rule]]": lambda: msgspec.structs.fields(shape.struct(When)),
    "under [budget]": lambda: msgspec.structs.fields(shape.struct(Budget)),
    "at the top of the file, above the first [...]": lambda: msgspec.structs.fields(shape.file()),
}
_WORD = 60
"""Characters of a name that are compared with those that are known: of a mistyped one this is enough."""
_BLOCKS = {"tier", "model", "rule"}

_KEY = "the NAME of a variable such as OPENAI_API_KEY, never the key itself"


class Mistakes:
    """Makes the errors of one file."""

    def __init__(self, path: Path, lines: Lines) -> None:
        self.path = path
        self._lines = lines

    def at(self, where: Where, text: str, hint: str | None = None) -> SettingsError:
        """An error at a place of the file."""
        return SettingsError(text, self.path, self._lines.of(where), hint)

    def expected(self, where: Where, found: object, expectation: str | None = None) -> SettingsError:
        """An error that says what the field at a place takes, and what it got."""
        name = _name(where)
        if name == "key":
            return self.at(where, f"`key` takes {_KEY}.", "If this was a real key, it belongs in your own .env.")
        wanted = expectation or _expectation(where)
        which = "every entry of " if isinstance(where[-1], int) and name not in _BLOCKS else ""
        text = f"{which}`{name}` must be {wanted}; found {telltale.shown(found)}."
        choices = [choice for part in _parts(_kind(where)) for choice in _choices(part)]
        near = difflib.get_close_matches(found[:_WORD], choices, n=1) if isinstance(found, str) else []
        hint = f"Did you mean `{near[0]}`?" if near else None
        if isinstance(found, str) and _NUMBER.fullmatch(found) and _takes_numbers(where):
            hint = "Write it without the quotes."
        return self.at(where, text[:1].upper() + text[1:], hint)

    def from_msgspec(self, error: msgspec.ValidationError, data: Mapping[str, Any]) -> SettingsError:
        """Msgspec's finding in our words."""
        said: str = str(error)
        where: Where = ()
        before, _, place = said.rpartition(" - at `$")
        # Inside a table with names of the writer's own, msgspec says "[...]": the table's line has to do.
        place = place.removesuffix("`").partition("[...]")[0]
        steps: Where = tuple(name or int(index) for name, index in _STEP.findall(place))
        # The name of an unknown setting is part of the message, and may look like the end of one.
        if before and _leads_somewhere(data, steps):
            said, where = before, steps
        unknown = _UNKNOWN.fullmatch(said)
        if unknown:
            return self._unknown(where, unknown[1])
        missing = _MISSING.fullmatch(said)
        if missing:
            return self.at(where, f"{_block(where)} needs `{missing[1]}`: {_expectation((*where, missing[1]))}.")
        found: Any = data
        for step in where:
            found = found[step]
        if where and where[-1] == "health" and isinstance(found, dict):
            return self._state(where, found)
        return self.expected(where, found)

    def _state(self, where: Where, table: Mapping[str, Any]) -> SettingsError:
        """The state that is none: msgspec says only that there is one among them."""
        states = typing.get_args(shape.State)
        pairs = [
            (tier, state) for tier, said in table.items() for state in (said if isinstance(said, list) else [said])
        ]
        tier, state = next(pair for pair in pairs if pair[1] not in states)
        near = difflib.get_close_matches(state[:_WORD].lower(), states, n=1) if isinstance(state, str) else []
        text = f"`health` knows no state {telltale.shown(state)}: it must be {_word(shape.State, 'health')}."
        return self.at((*where, tier), text, f"Did you mean `{near[0]}`?" if near else None)

    def _unknown(self, where: Where, name: str) -> SettingsError:
        known = _known(where)
        other = _OTHER_NAMES.get(name.lower())
        near = [other] if other in known else difflib.get_close_matches(name[:_WORD].lower(), known, n=1)
        hint = f"Did you mean `{near[0]}`?" if near else _elsewhere(name) or f"Known here: {', '.join(known)}."
        written = telltale.shown(name)
        text = f"{_block(where)} has no setting {written if written[:1] == '`' else 'of that name'}."
        return self.at((*where, name), text, hint)


def from_toml(error: ValueError, text: str, path: Path) -> SettingsError:
    """The error of a file that is no TOML."""
    match = _AT_LINE.search(str(error))
    at_end = len(text.rstrip().splitlines()) if isinstance(error, tomllib.TOMLDecodeError) else 1
    line = int(match[1]) if match else max(1, at_end)
    said = str(error).split(" (at ", 1)[0].rstrip(".")
    reason = "" if telltale.looks_secret(said) else f": {said[:1].lower()}{said[1:]}"
    hint = 'Texts need quotes: name = "small".' if said == "Invalid value" else None
    return SettingsError(f"This is not TOML{reason}.", path, line, hint)


def _leads_somewhere(data: Any, where: Where) -> bool:
    try:
        for step in where:
            data = data[step]
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _name(where: Where) -> str:
    names = [step for step in where if isinstance(step, str)]
    return names[-1] if names else "the file"


def _block(where: Where) -> str:
    names = [step for step in where if isinstance(step, str)]
    if not names:
        return "The file"
    if names[-1] in {"tier", "model", "rule"}:
        return f"[[{'.'.join(names)}]]"
    return f"[{names[0]}]" if len(names) == 1 else f"`{names[-1]}`"


def _kind(where: Where) -> Any:
    """The type a file may have at a place; a path msgspec reported always leads somewhere."""
    kind: Any = shape.file()
    for step in where:
        kind = _bare(kind)
        if isinstance(step, int):
            lists = [part for part in _parts(kind) if typing.get_origin(part) is list]
            kind = typing.get_args(lists[0])[0]
        else:
            kind = {field.name: field.type for field in msgspec.structs.fields(kind)}[step]
    return kind


def _bare(kind: Any) -> Any:
    return typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind


def _parts(kind: Any) -> tuple[Any, ...]:
    kind = _bare(kind)
    is_union = typing.get_origin(kind) in {typing.Union, types.UnionType}
    parts = [_bare(part) for part in typing.get_args(kind)] if is_union else [kind]
    return tuple(part for part in parts if part is not msgspec.UnsetType)


def _known(where: Where) -> list[str]:
    return [field.name for field in msgspec.structs.fields(_bare(_kind(where)))]


def _elsewhere(name: str) -> str | None:
    """Where a setting of this name, or nearly, belongs."""
    written = name[:_WORD].lower()
    known = [(block, [field.name for field in fields()]) for block, fields in _PLACES.items()]
    for cutoff in (1.0, 0.8):
        for block, names in known:
            near = difflib.get_close_matches(written, names, n=1, cutoff=cutoff)
            if near:
                return f"`{near[0]}` belongs {block}."
    return None


def _takes_numbers(where: Where) -> bool:
    """Whether a field takes a number, or true and false, and no text."""
    kinds = {typing.get_args(part)[0] if typing.get_origin(part) else part for part in _parts(_kind(where))}
    return bool(kinds & {int, float, bool}) and str not in kinds


def _expectation(where: Where) -> str:
    name, kind = _name(where), _kind(where)
    if name in shape.DURATIONS:
        return 'a length of time such as "300ms", "30s" or "2m"'
    if name in shape.SIZES:
        return 'a number of parameters such as "9B" or "700M"'
    if name == "keep_alive":
        return 'a length of time such as "30m", or -1 for ever'
    if name == "key":
        return _KEY
    if name == "name":
        return "a text that is not empty"
    return " or ".join(_word(part, name) for part in _parts(kind)) + _range(kind)


def _range(kind: Any) -> str:
    """Which numbers are allowed, where not all are."""
    if typing.get_origin(kind) is not typing.Annotated:
        return ""
    least, most = typing.get_args(kind)[1].ge, typing.get_args(kind)[1].le
    if least is None:
        return ""
    return f", {least:g} or more" if most in (None, shape.LARGEST) else f" from {least:g} to {most:g}"


_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
}


def _choices(kind: Any) -> tuple[str, ...]:
    return typing.get_args(kind) if typing.get_origin(kind) is typing.Literal else ()


def _word(kind: Any, name: str) -> str:
    if choices := _choices(kind):
        *most, last = [f"`{choice}`" for choice in choices]
        return f"{', '.join(most)} or {last}"
    if typing.get_origin(kind) is dict:
        return 'a table of tiers and states, such as { small = "down" }; states are ' + _word(shape.State, name)
    if name in {"all", "any"}:
        return 'a list of conditions, such as [{ language = "go" }, { words = "proof" }]'
    if typing.get_origin(kind) is not list:
        return _WORDS.get(kind, "a table")
    block = {"model": "tier.model"}.get(name, name)
    return f"written in blocks, each under [[{block}]]" if name in _BLOCKS else "a list of texts"
