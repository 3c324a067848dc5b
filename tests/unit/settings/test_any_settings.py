"""Any settings at all: they are read, or one sentence says where they are wrong and what would be right."""

from __future__ import annotations

import copy
import json
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from rung.errors import SettingsError
from rung.routing.decide import decide
from rung.settings import cold, places, plain, shape
from rung.settings.check import Checked, check
from rung.settings.layers import merge
from rung.types.features import Features
from rung.types.value import Value

if TYPE_CHECKING:
    from rung.settings.values import Layer, Settings, When

FILE = Path("/home/somebody/rung.toml")
SECRET = "sk-proj-0123456789abcdefABCDEF"
STEADY = hypothesis.settings(database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
HELPS = (
    "must be", "must begin", "must name", "needs", "takes", "leave it out", "is not TOML", "nested", "can't be named",
    "Two ", "never holds", "regular expression", "has no setting", "has a ", "names no server", "is no address",
    "no letter or digit", "`(`", "bracket", "too long", "must stand", "both sides",
)  # fmt: skip
"""Each says what is expected, or what there is too much of; where a text does not, a hint has to."""

words = st.sampled_from(("large", "x", "ünï", "a b", "~/w", "**/*.py", "@depth", "prove", "(", ""))
globs = st.sampled_from(("**/.env*", "src/**", "docs/*.md", "*.pem"))
amounts = st.sampled_from((0.0, 0.25, 2.0, 1e6, math.inf))
times = st.sampled_from(("300ms", "30s", "2m", "1h30m", 5, 0.5))
tiers = st.sampled_from(("small", "large", "cloud", "tier1", "tier3"))
odd = st.one_of(
    st.integers(-(2**70), 2**70),
    st.sampled_from((2**20000, -1, 0)),
    st.floats(),
    st.booleans(),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.just(SECRET),
    st.just(f"https://me:{SECRET}@h.example"),
    st.lists(st.one_of(st.integers(), words), max_size=3),
    st.dictionaries(words, st.integers(), max_size=2),
)


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A table with some of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


def listed(one: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(one, st.lists(one, min_size=1, max_size=3))


simple = maybe(
    action=listed(st.sampled_from(("ask", "commit-message"))),
    language=listed(st.sampled_from(("python", "go"))),
    path=listed(globs),
    tokens_over=st.integers(0, 10),
    tokens_under=st.integers(11, 9000),
    words=listed(st.sampled_from(("prove", "a ... b", "@depth"))),
    pattern=listed(st.sampled_from((r"\d{4}-\d\d", "(?i)x+", "[a-z]{64}"))),
    branch=globs,
    repository=st.just("~/mine/**"),
    health=st.dictionaries(tiers, st.sampled_from(("down", ["cold", "busy"])), min_size=1, max_size=2),
    budget_left_under=st.sampled_from((0.0, 0.5)),
)


def some(part: dict[str, Any]) -> dict[str, Any]:
    """Conditions inside others can't be empty."""
    return part or {"branch": "x"}


several = st.lists(simple.map(some), min_size=1, max_size=2)
conditions = st.one_of(
    simple,
    st.builds(lambda table, parts: {**table, "any": parts}, simple, several),
    st.builds(lambda table, part: {**table, "not": part}, simple, simple.map(some)),
)
pins = {"local": st.booleans(), "ceiling": tiers, "budget": amounts, "enabled": st.booleans()}
rules = st.lists(maybe(when=conditions, tier=tiers, **pins), max_size=4).map(
    lambda found: [{"name": f"rule {number}", **table} for number, table in enumerate(found)]
)
limits = {"context": st.integers(1, 10**6), "parallel": st.integers(1, 4), "queue": st.integers(0, 9), "idle": times}
limits |= {"per_minute": st.integers(0, 99), "connect": times, "first_content": times, "when_cold": st.just("climb")}
shared = maybe(local=st.booleans(), key=st.just("SOME_KEY"), keep_alive=st.sampled_from(("5m", -1)), **limits)
gateway = {"provider": "openai-compatible", "model": "m", "price": {"input": 1, "output": 2.5}}
urls = st.sampled_from(("http://localhost:4000/v1", "https://gateway.example/v1", "unix:///run/x.sock"))
sizes = st.sampled_from(("9B", 7e8))
models = st.one_of(
    st.builds(lambda table, size: {"provider": "ollama", "max_parameters": size, **table}, shared, sizes),
    st.builds(lambda table, url: {**gateway, "url": url, **table}, shared, urls),
)
ladder = st.lists(st.lists(models, min_size=1, max_size=2), min_size=3, max_size=3).map(
    lambda found: [
        {"name": name, "model": several} for name, several in zip(("small", "large", "cloud"), found, strict=True)
    ]
)
right = maybe(
    tier=ladder,
    rule=rules,
    default_tier=tiers,
    quality_climbs=st.integers(0, 9),
    actions=st.lists(st.sampled_from(("ask", "review-file")), max_size=2),
    budget=maybe(per_request=amounts, per_day=amounts, per_month=amounts),
)


@st.composite
def wrong(draw: st.DrawFn) -> dict[str, Any]:
    """A right file with one thing in it that may be wrong: a value, a name, or nothing where something was."""
    document: dict[str, Any] = copy.deepcopy(draw(right))
    places_in = list(_tables(document))
    table = draw(st.sampled_from(places_in))
    name = draw(st.sampled_from(sorted(table))) if table else None
    how = draw(st.sampled_from(("value", "name", "gone", "more")))
    if name is None or how == "more":
        known = draw(
            st.sampled_from(("tier", "rule", "budget", "url", "key", "when", "path", "idle", "price", "quality_climbs"))
        )
        table[draw(st.one_of(st.just(known), st.just(SECRET), words))] = draw(odd)
    elif how == "value":
        table[name] = draw(odd)
    elif how == "name":
        table[name + draw(st.sampled_from(("s", "_", " ", ".x")))] = table.pop(name)
    else:
        del table[name]
    return document


def _tables(value: Any) -> Any:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _tables(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _tables(inner)


def toml(document: Mapping[str, Any]) -> str:
    """The document as a file, one setting of the top a line."""
    return "".join(f"{_text(name)} = {_value(value)}\n" for name, value in document.items())


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(str(name))} = {_value(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",\n  ".join(map(_value, value)) + "]"
    return hex(value) if isinstance(value, int) and value > 10**300 else repr(value)


def of_rung() -> Checked:
    path = places.shipped() / "rung.toml"
    return check(path.read_text(encoding="utf-8"), path, "shipped", {})


SHIPPED = of_rung()


def read(document: Mapping[str, Any], layer: Layer = "user") -> tuple[Settings, tuple[str, ...]]:
    """A file of that layer on top of what ships."""
    return merge([SHIPPED, check(toml(document), FILE, layer, {})])


def helps(error: SettingsError, text: str) -> None:
    """The sentence names file and line, says what to do, and repeats no secret."""
    said = error.sentence()
    assert error.path == FILE
    assert 1 <= error.line <= max(1, len(text.splitlines()))
    assert said.startswith(f"{FILE}:{error.line}: ")
    assert error.text.endswith((".", "?")), said
    assert error.hint or any(word in error.text for word in HELPS), said
    assert SECRET not in said
    assert len(said) < 700, said
    assert "\n" not in said


@hypothesis.settings(STEADY, max_examples=150)
@given(wrong(), st.sampled_from(("user", "workspace", "untrusted")))
def test_any_document_is_read_or_named_at_its_line_with_what_to_do(document: dict[str, Any], layer: Layer) -> None:
    text = toml(document)
    try:
        settings, warnings = read(document, layer)
    except SettingsError as error:
        helps(error, text)
        return
    assert SECRET not in " ".join(warnings)
    sound(settings)


@hypothesis.settings(STEADY, max_examples=80)
@given(right, st.integers(0, 4000), st.integers(0, 40), st.text(st.characters(codec="utf-8"), max_size=8))
def test_any_text_is_read_or_named(document: dict[str, Any], at: int, cut: int, put: str) -> None:
    whole = toml(document)
    at = at % (len(whole) + 1)
    text = whole[:at] + put + whole[at + cut :]
    try:
        merge([SHIPPED, check(text, FILE, "user", {})])
    except SettingsError as error:
        helps(error, text)


@hypothesis.settings(STEADY, max_examples=80)
@given(st.one_of(st.binary(max_size=200), right.map(lambda document: toml(document).encode("utf-16"))))
def test_any_bytes_are_read_or_named(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, ".rung", "rung.toml")
        path.parent.mkdir()
        path.write_bytes(data)
        settings = wrong_at = None
        try:
            settings, _, _ = cold.read(Path(folder), None)
        except SettingsError as error:
            wrong_at = (error.path, error.line >= 1)
        if settings is None:
            assert wrong_at == (path, True)
        else:
            sound(settings)


def sound(settings: Settings) -> None:
    """What :mod:`rung.settings.values` promises, and what the cache keeps is the same."""
    names = [tier.name for tier in settings.tiers]
    assert names
    assert len(set(names)) == len(names)
    assert all(tier.models for tier in settings.tiers)
    rules_named = [rule.name for rule in settings.rules]
    assert len(set(rules_named)) == len(rules_named)
    for rule in settings.rules:
        if rule.layer != "shipped" and rule.enabled:
            assert rule.tier in {None, *names}
            assert rule.ceiling in {None, *names}
    assert settings.default_tier in {None, *names}
    assert settings.quality_climbs in range(10)
    assert plain.from_plain(json.loads(json.dumps(plain.to_plain(settings)))) == settings


@pytest.mark.long
@hypothesis.settings(STEADY, max_examples=60)
@given(right)
def test_what_was_read_can_be_written_and_read_again(document: dict[str, Any]) -> None:
    first, _ = read(document)
    again, warnings = read(written(first))
    assert (again.tiers, again.budget, again.default_tier) == (first.tiers, first.budget, first.default_tier)
    assert again.quality_climbs == first.quality_climbs
    assert {rule.replace(layer="user") for rule in first.rules} == set(again.rules)
    assert not [warning for warning in warnings if "had no effect" in warning]


def written(settings: Settings) -> dict[str, Any]:
    """A file that says all of these settings."""
    document: dict[str, Any] = {"quality_climbs": settings.quality_climbs, "tier": [], "rule": [], "budget": {}}
    for tier in settings.tiers:
        several = [_said(model, "near") for model in tier.models]
        document["tier"].append({**_said(tier, "models"), "model": several})
    for rule in settings.rules:
        document["rule"].append({**_said(rule, "layer", "when"), "when": _when(rule.when)})
    for name in settings.budget._fields:
        value = getattr(settings.budget, name)
        document["budget"][name] = math.inf if value is None else value
    if settings.default_tier:
        document["default_tier"] = settings.default_tier
    return document


def _said(value: Value, *but: str) -> dict[str, Any]:
    fields = {name: getattr(value, name) for name in value._fields if name not in but}
    if isinstance(fields.get("price"), Value):
        fields["price"] = _said(fields["price"])
    # An empty address is the provider's own, which is not written.
    return {name: found for name, found in fields.items() if found not in (None, "")}


def _when(when: When) -> dict[str, Any]:
    inner = {field: name for name, field in shape.IN_VALUES.items()}
    table: dict[str, Any] = {}
    for name in when._fields:
        value = getattr(when, name)
        if value in (None, ()):
            continue
        if name == "health":
            table[name] = {tier: [state for t, state in value if t == tier] for tier, _ in value}
        elif name in inner:
            table[inner[name]] = [_when(part) for part in value] if isinstance(value, tuple) else _when(value)
        else:
            table[name] = list(value) if isinstance(value, tuple) else value
    return table


asked = st.builds(
    Features,
    st.sampled_from(("ask", "commit-message")),
    typed=st.sampled_from(("", "prove it", "a 2024-01 b x")),
    tokens=st.sampled_from((0, 5, 9000)),
    paths=st.sampled_from(((), (".env",), ("src/a.py", "docs/b.md"))),
    language=st.sampled_from((None, "python")),
    branch=st.sampled_from((None, "x")),
    option=st.sampled_from((None, None, "cloud")),
    local=st.booleans(),
)


@hypothesis.settings(STEADY, max_examples=80)
@given(right, right, asked, st.sampled_from(("untrusted", "editor")))
def test_who_is_not_trusted_only_adds_pins_and_lowers(
    mine: dict[str, Any], theirs: dict[str, Any], features: Features, layer: Layer
) -> None:
    own = [SHIPPED, check(toml(mine), FILE, "user", {})]
    found = check(toml(theirs), Path("/their/.rung/rung.toml"), "untrusted", {})
    without, _ = merge(own)
    settings, _ = merge([*own, found.replace(layer=layer)])
    for name in ("tiers", "default_tier", "actions", "quality_climbs"):
        assert getattr(settings, name) == getattr(without, name)
    for name in settings.budget._fields:
        bound, before = getattr(settings.budget, name), getattr(without.budget, name)
        assert before is None or (bound is not None and bound <= before)
    before_it, after = decide(features, without), decide(features, settings)
    assert (after.tier, after.by, after.rule) == (before_it.tier, before_it.by, before_it.rule)
    bounds = {(pin.bound, pin.source) for pin in before_it.pins if pin.source != "settings"}
    assert bounds <= {(pin.bound, pin.source) for pin in after.pins}
    assert after.local >= before_it.local
    order = [tier.name for tier in settings.tiers]
    if before_it.ceiling:
        assert order.index(after.ceiling or "") <= order.index(before_it.ceiling)
    assert (after.max_cost or 0) <= (before_it.max_cost if before_it.max_cost is not None else math.inf)
    pins_of = [rule for rule in found.rules if rule.enabled and (rule.local or rule.ceiling or rule.budget is not None)]
    assert len(settings.rules) == len(without.rules) + len(pins_of)
