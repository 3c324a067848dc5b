"""The JSON schema of ``rung.toml`` for editors, made from the values and what their docstrings say.

``python -m rung.settings.schema > config/rung.schema.json`` writes the one that ships.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import sys
from typing import Any

import msgspec

from rung.settings import durations, shape
from rung.settings.values import Budget, Rule, Settings, Tier, When
from rung.types.model import Model, Price
from rung.types.value import Value

_TABLES: tuple[type[Value], ...] = (Settings, Tier, Model, Price, Rule, When, Budget)

_SAID = {
    ("File", "tier"): "The ladder, lowest rung first. A file with any tier replaces the whole ladder.",
    ("File", "rule"): "When a request looks so, start at that tier and hold these bounds.",
    ("File", "budget"): "US dollars, reserved before a call and settled after; each line counts by itself.",
    ("File", "default_tier"): "Where a request starts that nothing else places; left out: the first tier.",
    ("File", "actions"): "The only actions offered in editors; left out: all.",
    ("Tier", "name"): "Its name: [name] before a prompt starts there.",
    ("Tier", "model"): "Tried in order.",
    ("Model", "provider"): "The protocol its server speaks.",
    ("Model", "url"): "Where the server is; left out: the provider's own address.",
    ("Model", "keep_alive"): "How long Ollama keeps the model loaded after an answer; -1: for ever.",
    ("Model", "parallel"): "Requests at a time; of all your editors and commands together where the model is local.",
    ("Model", "per_minute"): "Requests a minute; 0: no limit.",
    ("Model", "connect"): "How long connecting may take; left out: 300ms on this machine, 3s elsewhere.",
    ("Model", "context"): "The window in tokens (Ollama's num_ctx; left out: 16384 there): one fixed value per model.",
    ("Model", "when_cold"): "What to do when the model is not loaded: wait for it, or climb and warm it up behind.",
    ("Model", "cold_patience"): "How long to wait for a model that is being loaded.",
    ("Model", "when_busy"): "What to do when others wait for the model: wait too, or climb where that would take long.",
    ("Model", "busy_patience"): 'How long a forecast wait in the queue may be before when_busy = "climb" climbs.',
    ("Model", "retry_after"): "The longest rest asked for by the server or by per_minute that is waited out.",
    ("Model", "price"): "US dollars per million tokens, where Rung doesn't know the model's price.",
    ("Model", "local"): "Whether it counts as this machine; left out: whether its address is loopback or a socket. No "
    "proxy of the environment comes between; a server that only a proxy leads to is not local.",
    ("Price", "input"): "US dollars per million tokens of the prompt.",
    ("Price", "output"): "US dollars per million tokens of the answer.",
    ("Rule", "name"): "Its name; one with the same name in a later file replaces it.",
    ("Rule", "when"): "Conditions, all of which must hold; left out: always.",
    ("Rule", "tier"): "Start there.",
    ("Rule", "enabled"): "false switches off the rule of that name.",
    ("When", "action"): "Ids of actions.",
    ("When", "language"): "Ids of languages, as editors name them.",
    ("When", "tokens_over"): "Holds when the prompt has more tokens.",
    ("When", "tokens_under"): "Holds when the prompt has fewer tokens.",
    ("When", "branch"): "Globs on the branch's name.",
    ("When", "health"): 'Tiers and states, such as `{ small = "down" }`: each tier must be in one of its states.',
    ("When", "all"): "Conditions that must all hold.",
    ("When", "any"): "Conditions of which one must hold.",
    ("When", "not"): "Conditions that must not hold.",
    ("Budget", "per_request"): "For one request; inf: no limit.",
    ("Budget", "per_day"): "For one day, from midnight on; inf: no limit.",
    ("Budget", "per_month"): "For one month, from its first day on; left out or inf: no limit.",
}
"""What a file's writer should know where the field's docstring says nothing, or says it for programmers."""


def schema() -> dict[str, Any]:
    """The JSON schema (2020-12) of a whole file."""
    made = msgspec.json.schema(shape.file())
    tables = made["$defs"]
    for table in _TABLES:
        name = "File" if table is Settings else table.__name__
        notes = _docstrings(table)
        for field, about in tables[name]["properties"].items():
            said = _SAID.get((name, field)) or notes.get(field)
            # A reference may not have neighbours for every reader of schemas: it goes into an allOf.
            if "$ref" in about:
                about["allOf"] = [{"$ref": about.pop("$ref")}]
            if said:
                about["description"] = said
            default = getattr(table, field, None)
            if isinstance(default, str | int | float) and "left out" not in (said or ""):
                about["default"] = _as_written(field, default)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rung.toml",
        "description": "Settings of Rung: the ladder of models, the rules that choose a rung, and the budget.",
        **made,
    }


def _as_written(field: str, default: str | float) -> str | float:
    if isinstance(default, str):
        return default
    if field in shape.DURATIONS:
        return durations.write(default)
    return f"{default / 1e9:g}B" if field in shape.SIZES else default


def _docstrings(table: type[Value]) -> dict[str, str]:
    """The texts under the fields of a class."""
    (body,) = [
        node.body
        for node in ast.parse(inspect.getsource(inspect.getmodule(table) or table)).body
        if isinstance(node, ast.ClassDef) and node.name == table.__name__
    ]
    notes = {}
    for field, note in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(note, ast.Expr) and isinstance(note.value, ast.Constant):
            assert isinstance(field.target, ast.Name)
            notes[field.target.id] = " ".join(str(note.value.value).replace("``", "`").split())
    return notes


def text() -> str:
    """The file that ships."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
