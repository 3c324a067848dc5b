"""What ships: the settings, their schema, and DESIGN's example."""

from __future__ import annotations

import ast
import inspect
import json
import tomllib
from pathlib import Path
from typing import Any, get_args

import jsonschema  # type: ignore[import-untyped]  # it has no types of its own
import pytest

from rung.settings import cold, places, schema, shape, values
from rung.settings.check import check
from rung.types import model

EXAMPLE = """
[[tier]]
name = "small"                        # tier 1
deadline = "2m"                       # bounds a whole request that starts here; alone bounds the last attempt
[[tier.model]]
provider = "ollama"                   # ollama | openai | anthropic | openai-compatible
model = "auto"                        # the best installed model up to max_parameters, or a name
url = "http://127.0.0.1:11434"
context = 16384                       # num_ctx: one fixed value per model, never per request
keep_alive = "30m"
parallel = 1
queue = 8
per_minute = 0                        # 0: no limit
connect = "300ms"
first_content = "30s"                 # plus the prompt's tokens over the measured prefill rate
idle = "15s"                          # between two pieces of content
when_cold = "wait"
cold_patience = "20s"

[[tier]]
name = "cloud"
[[tier.model]]
provider = "openai-compatible"
model = "gpt-5-mini"
url = "https://gateway.example/v1"
key = "OPENAI_API_KEY"                # the NAME of the key in environment, .env or keyring, never the key
price = { input = 0.25, output = 2.0 }
local = false                         # else: loopback is local (a gateway on this machine may not be)

[[rule]]
name = "commit messages stay small"
when = { action = "commit-message" }
tier = "small"

[[rule]]
name = "secrets never leave"
when = { path = ["**/.env*", "**/*.pem", "**/secrets/**"] }
local = true                          # a pin

[budget]
per_request = 0.25                    # US dollars; reserved before a call, settled after
per_day = 2.0
"""

SHIPPED = places.shipped() / "rung.toml"


def test_the_shipped_settings_load_without_a_warning() -> None:
    settings, warnings, _ = cold.read(None, None)
    assert warnings == ()
    assert [tier.name for tier in settings.tiers] == ["small", "large", "cloud"]
    assert [(t.models[0].provider, t.models[0].model) for t in settings.tiers] == [
        ("ollama", "auto"),
        ("ollama", "auto"),
        ("openai", "gpt-5-mini"),
    ]
    assert [tier.models[0].max_parameters for tier in settings.tiers[:2]] == [9e9, 80e9]
    assert [tier.models[0].local for tier in settings.tiers] == [True, True, False]
    assert settings.tiers[1].deadline > settings.tiers[0].deadline
    assert settings.tiers[2].models[0].key == "OPENAI_API_KEY"
    assert [rule.name for rule in settings.rules] == [
        "commit messages stay small",
        "secrets never leave",
        "long prompts go to the cloud",
        "short text work stays small",
        "depth goes to the cloud",
        "light work stays small",
    ]
    assert settings.rules[1].local
    assert {"**/.env", "**/id_rsa*", "**/.pypirc"} <= set(settings.rules[1].when.path)
    assert settings.rules[2].when.tokens_over == 8000
    assert (settings.budget.per_request, settings.budget.per_day) == (0.25, 2.0)
    assert settings.quality_climbs == 1


def test_the_example_of_the_design_loads_with_its_meaning() -> None:
    checked = check(EXAMPLE, Path("rung.toml"), "user", {})
    small, cloud = checked.tiers
    ollama, gateway = small.models[0], cloud.models[0]
    assert (small.deadline, ollama.connect, ollama.first_content, ollama.idle) == (120.0, 0.3, 30.0, 15.0)
    assert (ollama.context, ollama.keep_alive, ollama.when_cold, ollama.local) == (16384, "30m", "wait", True)
    assert gateway.price == model.Price(0.25, 2.0)
    assert (gateway.local, gateway.context, gateway.connect) == (False, None, 3.0)
    assert checked.rules[0].when.action == ("commit-message",)
    assert checked.rules[1].when.path == ("**/.env*", "**/*.pem", "**/secrets/**")
    assert checked.budget == {"per_request": 0.25, "per_day": 2.0}


def test_the_schema_that_ships_is_the_one_the_values_make() -> None:
    assert (places.shipped() / "rung.schema.json").read_text(encoding="utf-8") == schema.text()


@pytest.mark.parametrize("text", [SHIPPED.read_text(encoding="utf-8"), EXAMPLE])
def test_what_loads_also_validates_with_the_schema(text: str) -> None:
    made = schema.schema()
    jsonschema.Draft202012Validator.check_schema(made)
    jsonschema.validate(tomllib.loads(text), made)


@pytest.mark.parametrize(
    "text",
    [
        "keepalive = 1",
        "quality_climbs = 10",
        '[[tier]]\nname = "a"',
        EXAMPLE.replace('"300ms"', '"soon"'),
        EXAMPLE.replace('"ollama"', '"olama"'),
        EXAMPLE.replace("parallel = 1", "parallel = 0"),
        EXAMPLE.replace('"OPENAI_API_KEY"', '"sk-012345"'),
    ],
)
def test_the_schema_refuses_what_the_check_refuses(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), schema.schema())


def test_every_setting_is_described_in_the_schema() -> None:
    tables = schema.schema()["$defs"]
    bare = [
        (table, name)
        for table in tables
        for name, it in tables[table]["properties"].items()
        if not it.get("description")
    ]
    assert bare == []


def test_every_setting_is_explained_in_the_shipped_file() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    tables: dict[str, Any] = schema.schema()["$defs"]
    fields = {name for table in tables.values() for name in table["properties"]}
    assert sorted(name for name in fields if name not in text) == []
    assert text.startswith("#:schema ./rung.schema.json\n")


def test_the_words_for_type_checkers_are_the_ones_files_are_held_to() -> None:
    found: dict[str, tuple[str, ...]] = {}
    for module in (model, values):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript):
                assert isinstance(node.targets[0], ast.Name)
                found[node.targets[0].id] = tuple(ast.literal_eval(node.value.slice))
    assert found == {name: get_args(kind) for name, kind in shape._ALIASES.items() if name != "ClassVar"}


def test_the_shipped_schema_is_json_a_tool_can_read() -> None:
    read = json.loads((places.shipped() / "rung.schema.json").read_text(encoding="utf-8"))
    assert read["$defs"]["Model"]["properties"]["connect"]["description"]


def test_the_example_environment_names_only_keys_without_values() -> None:
    lines = (places.shipped() / ".env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == ["OPENAI_API_KEY=", "ANTHROPIC_API_KEY="]
