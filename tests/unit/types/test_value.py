"""The base of frozen records: how they are made, that they stay as they are, and how they compare."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from rung.types.value import Value, as_dict


class Point(Value):
    unit: ClassVar[str] = "mm"
    x: int
    y: int = 0


class Named(Point):
    name: str  # type: ignore[misc]  # a record of the product would not do so; it can be given all the same
    tags: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("made", "fields"),
    [
        (Point(1), (1, 0)),
        (Point(1, 2), (1, 2)),
        (Point(x=1), (1, 0)),
        (Point(1, y=2), (1, 2)),
        (Named(1, 2, "a"), (1, 2, "a", ())),
        (Named(1, name="a"), (1, 0, "a", ())),
        (Named(tags=("t",), name="a", x=1), (1, 0, "a", ("t",))),
    ],
)
def test_fields_are_given_by_place_or_name_after_those_of_the_base(made: Value, fields: tuple[object, ...]) -> None:
    assert tuple(as_dict(made).values()) == tuple(list(f) if isinstance(f, tuple) else f for f in fields)
    assert made == type(made)(*fields)
    assert hash(made) == hash(type(made)(*fields))


@pytest.mark.parametrize(
    ("args", "given", "words"),
    [
        ((), {}, "Named: field 'x' is missing"),
        ((1,), {}, "Named: field 'name' is missing"),
        ((1, 2, "a", (), 5), {}, "Named takes 4 fields, got 5"),
        ((1,), {"x": 2, "name": "a"}, "Named: field 'x' is given twice or unknown"),
        ((1,), {"nmae": "a"}, "Named: field 'nmae' is given twice or unknown"),
        ((1,), {"unit": "cm", "name": "a"}, "Named: field 'unit' is given twice or unknown"),
    ],
)
def test_what_is_missing_unknown_or_too_much_is_named(args: tuple[Any, ...], given: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError) as caught:
        Named(*args, **given)
    assert str(caught.value) == words


def test_a_value_stays_as_it_is_and_is_replaced_by_another() -> None:
    point = Point(1, 2)
    with pytest.raises(AttributeError, match="frozen"):
        point.y = 3  # type: ignore[misc]  # that is the point
    with pytest.raises(AttributeError, match="frozen"):
        del point.y
    assert point.replace(y=3) == Point(1, 3)
    assert point == Point(1, 2)
    with pytest.raises(TypeError, match="'z' is given twice or unknown"):
        point.replace(z=1)


def test_values_of_two_kinds_are_never_equal() -> None:
    class Other(Value):
        x: int
        y: int = 0

    assert Point(1, 2) != Other(1, 2)
    assert Point(1, 2) != (1, 2)
    assert repr(Point(1, 2)) == "Point(x=1, y=2)"
