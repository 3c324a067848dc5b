"""JSON that fits a given JSON Schema, made without a model.

Covers what structured output accepts: objects, arrays, strings, enums, numbers, booleans, null, unions, references.
Hints fill properties whose name and schema they fit; what nobody hints at gets the smallest value allowed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_DEEPEST = 12
"""Levels after which optional parts are left out, so that a schema that refers to itself comes to an end."""


def make(schema: Any, hints: Mapping[str, Any], root: Schema | None = None, depth: int = 0) -> Any:
    """A value that fits ``schema``.

    Args:
        schema: the JSON Schema; ``True`` or anything that is no mapping fits everything.
        hints: values by property name, taken where they fit.
        root: the whole schema, for references.
        depth: how deep in it this is.
    """
    if not isinstance(schema, Mapping):
        return "simulated"
    root = schema if root is None else root
    schema = resolve(schema, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = _kind(schema)
    if kind == "object":
        return _object(schema, hints, root, depth)
    if kind == "array":
        least = int(schema.get("minItems", 0))
        most = int(schema.get("maxItems", max(1, least)))
        number = least if depth >= _DEEPEST else min(max(1, least), most)
        return [make(schema.get("items", {"type": "string"}), hints, root, depth + 1) for _ in range(number)]
    if kind in ("integer", "number"):
        return _number(schema, whole=kind == "integer")
    if kind == "boolean":
        return False
    if kind == "null":
        return None
    return _string(schema, "simulated")


def resolve(schema: Schema, root: Schema) -> Schema:
    """The schema with references followed and unions decided, nothing but the outermost level."""
    for _ in range(_DEEPEST):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            found: Any = root
            for key in reference.removeprefix("#").strip("/").split("/"):
                found = found.get(key, {}) if isinstance(found, Mapping) and key else found
            schema = found if isinstance(found, Mapping) else {}
            continue
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            chosen = next((option for option in options if option.get("type") != "null"), options[0])
            schema = {**{key: item for key, item in schema.items() if key not in ("anyOf", "oneOf")}, **chosen}
            continue
        if schema.get("allOf"):
            merged = {key: item for key, item in schema.items() if key != "allOf"}
            for option in schema["allOf"]:
                merged = _merged(merged, resolve(option, root))
            schema = merged
            continue
        return schema
    return {"type": "null"}


def fits(value: Any, schema: Any, root: Schema) -> bool:
    """Whether a hint may stand where ``schema`` is asked for."""
    if not isinstance(schema, Mapping):
        return True
    schema = resolve(schema, root)
    if "const" in schema:
        return bool(schema["const"] == value)
    if schema.get("enum"):
        return value in schema["enum"]
    kind = _kind(schema)
    if kind == "string":
        return isinstance(value, str) and _string(schema, value) == value and "pattern" not in schema
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool) and _in_bounds(value, schema)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool) and _in_bounds(value, schema)
    if kind == "array":
        if not isinstance(value, list):
            return False
        bounded = int(schema.get("minItems", 0)) <= len(value) <= int(schema.get("maxItems", len(value)))
        return bounded and all(fits(item, schema.get("items"), root) for item in value)
    return False


def _merged(one: Schema, other: Schema) -> dict[str, Any]:
    merged = {**one, **other}
    merged["properties"] = {**one.get("properties", {}), **other.get("properties", {})}
    merged["required"] = [*one.get("required", ()), *other.get("required", ())]
    if not merged["properties"]:
        del merged["properties"], merged["required"]
    return merged


def _kind(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return str(next((item for item in kind if item != "null"), "null"))
    if kind is None:
        return "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind)


def _object(schema: Schema, hints: Mapping[str, Any], root: Schema, depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    required = schema.get("required", ())
    made: dict[str, Any] = {}
    for name, inner in properties.items():
        if depth >= _DEEPEST and name not in required:
            continue
        if name in hints and fits(hints[name], inner, root):
            made[name] = hints[name]
        else:
            made[name] = make(inner, hints, root, depth + 1)
    for name in required:
        made.setdefault(name, hints.get(name, "simulated"))
    return made


def _in_bounds(value: float, schema: Schema) -> bool:
    return (
        schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf)
        and schema.get("exclusiveMinimum", -math.inf) < value < schema.get("exclusiveMaximum", math.inf)
        and not (schema.get("multipleOf") and value % schema["multipleOf"])
    )


def _number(schema: Schema, *, whole: bool) -> float:
    step = schema.get("multipleOf", 1)
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    start = 1 if low is None and (high is None or high > 1) else high if low is None else low
    if not whole and low is not None and high is not None:
        return float(low + high) / 2
    first = math.ceil(start / step) if low is not None or high is None else math.floor(start / step)
    candidates = (number * step for number in (first, first + 1, first - 1))
    found = next((number for number in candidates if _in_bounds(number, schema)), start)
    return int(found) if whole else found


def _string(schema: Schema, text: str) -> str:
    """The text, made to fit the lengths allowed; formats get an example."""
    examples = {"date": "2026-01-01", "date-time": "2026-01-01T00:00:00Z", "uri": "https://example.invalid/"}
    text = examples.get(str(schema.get("format")), text)
    text = text.ljust(int(schema.get("minLength", 0)), ".")
    return text[: int(schema["maxLength"])] if "maxLength" in schema else text
