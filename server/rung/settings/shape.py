"""The shape of one settings file, derived from the values it becomes, so that every field is listed once.

A file spells a few things otherwise than the values: ``[[tier.model]]`` for ``Tier.models``, durations and sizes as
text, one text for a list of one, and nearly everything may be left out. Here is which; what is semantic (tiers that do
not exist, addresses) is checked in :mod:`rung.settings.meaning`.
"""

from __future__ import annotations

import typing
from typing import Annotated, Any, ForwardRef, Literal

import msgspec
from msgspec import Meta

from rung.settings import durations
from rung.settings.values import Budget, Rule, Settings, Tier, When
from rung.types.model import Model, Price
from rung.types.value import Value

DURATIONS = frozenset(
    {
        "deadline",
        "connect",
        "first_content",
        "idle",
        "thinking",
        "cold_patience",
        "busy_patience",
        "retry_after",
    }
)
"""Fields that are seconds in the values and may be text such as ``30s`` in files."""

SIZES = frozenset({"max_parameters"})
"""Fields that may be text such as ``9B`` in files."""

SIZE = r"^[0-9]+(\.[0-9]+)?[MB]$"
KEEP_ALIVE = rf"{durations.PATTERN}|^-?[0-9]+(ms|s|m|h)?$"
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"

IN_VALUES = {"all": "all_of", "any": "any_of", "not": "not_of"}
"""Names in files that are no good names in Python, with those of the fields."""
_IN_FILES = {field: name for name, field in IN_VALUES.items()}

State = Literal["unknown", "ready", "cold", "loading", "busy", "down", "missing", "no-key", "blocked"]
"""The states of :data:`rung.types.plan.State`, for ``health``; a test holds them to the original."""

_ALIASES: dict[str, Any] = {
    "ClassVar": typing.ClassVar,
    "Provider": Literal["ollama", "openai", "anthropic", "openai-compatible"],
    "WhenCold": Literal["wait", "climb"],
    "WhenBusy": Literal["wait", "climb"],
    "Layer": Literal["shipped", "user", "editor", "workspace", "untrusted"],
}
"""The names the values' modules define for type checkers only; a test holds them to the originals."""

_Duration = Annotated[str, Meta(pattern=durations.PATTERN)] | Annotated[float, Meta(ge=0)]
LARGEST = 2**53
"""What JSON can hold, and more than anybody has."""
_BOUNDS = {
    "name": Meta(min_length=1),
    "parallel": Meta(ge=1, le=LARGEST),
    "queue": Meta(ge=0, le=LARGEST),
    "per_minute": Meta(ge=0, le=LARGEST),
    "context": Meta(ge=1, le=LARGEST),
    "tokens_over": Meta(ge=0, le=LARGEST),
    "tokens_under": Meta(ge=0, le=LARGEST),
    "input": Meta(ge=0),
    "output": Meta(ge=0),
    "per_request": Meta(ge=0),
    "per_day": Meta(ge=0),
    "per_month": Meta(ge=0),
    "budget": Meta(ge=0),
    "budget_left_under": Meta(ge=0),
    "quality_climbs": Meta(ge=0, le=9),
}
_NOT_IN_FILES: set[tuple[type[Value], str]] = {(Model, "near"), (Rule, "layer")}
_NOT_IN_FILES |= {(Settings, name) for name in ("rules", "sources", "tiers", "budget", "workspace_budget")}
_REQUIRED = {(Tier, "name"), (Tier, "model"), (Model, "provider"), (Rule, "name"), (Price, "input"), (Price, "output")}


_BUILT: dict[type[Value], type[msgspec.Struct]] = {}


def struct(value: type[Value]) -> type[msgspec.Struct]:
    """The msgspec struct of what a file may say for a value; every field that is not written stays UNSET."""
    if value not in _BUILT:
        _BUILT[value] = _struct(value)
    return _BUILT[value]


def file() -> type[msgspec.Struct]:
    """The struct of a whole ``rung.toml``."""
    if Settings not in _BUILT:
        _BUILT[Settings] = _file()
    return _BUILT[Settings]


def _file() -> type[msgspec.Struct]:
    return msgspec.defstruct(
        "File",
        [
            *[(name, kind, msgspec.UNSET) for name, kind in _fields(Settings)],
            ("tier", list[struct(Tier)], msgspec.UNSET),  # type: ignore[misc]  # built at run time
            ("rule", list[struct(Rule)], msgspec.UNSET),  # type: ignore[misc]  # built at run time
            ("budget", struct(Budget), msgspec.UNSET),
        ],
        forbid_unknown_fields=True,
    )


def _struct(value: type[Value]) -> type[msgspec.Struct]:
    # Without defaults first, as structs must have it.
    fields = sorted(_fields(value), key=lambda field: (value, field[0]) not in _REQUIRED)
    made = msgspec.defstruct(
        value.__name__,
        [(name, kind) if (value, name) in _REQUIRED else (name, kind, msgspec.UNSET) for name, kind in fields],
        forbid_unknown_fields=True,
    )
    # Conditions hold conditions: msgspec looks a type's name up among the attributes of the struct that names it.
    made.Itself = made  # type: ignore[attr-defined]  # known to msgspec alone
    return made


def _fields(value: type[Value]) -> list[tuple[str, Any]]:
    hints = typing.get_type_hints(value, localns=_ALIASES)
    named = [(name, hints[name]) for name in value._fields if (value, name) not in _NOT_IN_FILES]
    return [
        ("model" if kind == tuple[Model, ...] else _IN_FILES.get(name, name), _in_file(name, kind))
        for name, kind in named
    ]


def _in_file(name: str, kind: Any) -> Any:
    if name in DURATIONS:
        return _Duration
    if name in SIZES:
        return Annotated[str, Meta(pattern=SIZE)] | Annotated[float, Meta(gt=0)]
    if name == "keep_alive":
        return Annotated[str, Meta(pattern=KEEP_ALIVE)] | Annotated[int, Meta(ge=-LARGEST, le=LARGEST)]
    if kind == tuple[Model, ...]:
        return Annotated[list[struct(Model)], Meta(min_length=1)]  # type: ignore[misc]  # built at run time
    if name == "actions":
        return list[str]
    if name == "health":
        return dict[str, State | list[State]]
    if name in _IN_FILES:
        return ForwardRef("Itself") if kind == When | None else list[ForwardRef("Itself")]  # type: ignore[misc]
    if kind == tuple[str, ...]:
        return str | list[str]
    bare = [part for part in typing.get_args(kind) if part is not type(None)]
    inner = bare[0] if type(None) in typing.get_args(kind) else kind
    if isinstance(inner, type) and issubclass(inner, Value):
        return struct(inner)
    if name == "name":
        return Annotated[str, Meta(min_length=1)]
    if name == "key":
        return Annotated[str, Meta(pattern=VARIABLE)]
    return Annotated[inner, _BOUNDS[name]] if name in _BOUNDS else inner
