"""The base of every frozen value.

A ``Value`` subclass lists its fields as annotations, with defaults as class attributes, and gets a constructor that
takes them by position or name, equality, a hash, a repr and :meth:`Value.replace`.

Why not ``dataclasses``: ``rung --help`` and ``rung route`` may take at most three times a bare interpreter (8 ms here),
and importing ``dataclasses`` alone takes 12 ms (it imports ``inspect``), each decorated class another 0.5 ms of
``exec``. Modules on that path therefore import no ``typing`` either: ``TYPE_CHECKING`` is a plain constant, which type
checkers know by its name.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Self, dataclass_transform
else:

    def dataclass_transform(**_: object):  # noqa: ANN201, D103
        return lambda cls: cls


@dataclass_transform(frozen_default=True)
class Value:
    """A frozen record compared by its fields; subclasses add fields after their base's."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ()
    _names: ClassVar[frozenset[str]] = frozenset()
    _defaults: ClassVar[dict[str, object]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = [
            name
            for name, kind in cls.__dict__.get("__annotations__", {}).items()  # noqa: RUF063
            if not str(kind).startswith("ClassVar") and name not in cls._fields
        ]
        cls._fields = (*cls._fields, *own)
        cls._names = frozenset(cls._fields)
        cls._defaults = {name: getattr(cls, name) for name in cls._fields if hasattr(cls, name)}

    if not TYPE_CHECKING:

        def __init__(self, *args: object, **given: object) -> None:
            cls = type(self)
            values = {**cls._defaults, **given}
            if args:
                named = cls._fields[: len(args)]
                if len(named) < len(args):
                    raise TypeError(f"{cls.__name__} takes {len(named)} fields, got {len(args)}")
                if given and (twice := given.keys() & named):
                    raise TypeError(f"{cls.__name__}: field {next(iter(twice))!r} is given twice or unknown")
                values.update(zip(named, args, strict=True))
            if values.keys() != cls._names:
                self._complain(values)
            self.__dict__.update(values)

    def _complain(self, values: dict[str, object]) -> None:
        """Say which field is unknown, or missing."""
        cls = type(self)
        for name in (*values, *cls._fields):
            if name not in cls._names:
                raise TypeError(f"{cls.__name__}: field {name!r} is given twice or unknown")
            if name not in values:
                raise TypeError(f"{cls.__name__}: field {name!r} is missing")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: use replace({name}=...)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and type(other) is type(self) and other._values() == self._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({inside})"

    def replace(self, **changes: Any) -> Self:
        """The same value with some fields changed.

        Raises:
            TypeError: a field of that name does not exist.
        """
        return type(self)(**{**{name: getattr(self, name) for name in self._fields}, **changes})


def as_dict(value: object) -> Any:
    """Plain dicts, lists and scalars of a value and everything inside it, in field order, ready for JSON."""
    if isinstance(value, Value):
        return {name: as_dict(getattr(value, name)) for name in value._fields}
    if isinstance(value, dict):
        return {str(key): as_dict(item) for key, item in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [as_dict(item) for item in value]
    return value
