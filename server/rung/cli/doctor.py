"""``rung doctor``: is everything there that an answer needs? Every line says what to do where it is not."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path

from rung.cli import loop
from rung.cli.inputs import workspace
from rung.cli.options import parser
from rung.engine import Engine
from rung.errors import AttemptError, RungError
from rung.providers.failures import url_of
from rung.providers.transport import client_for
from rung.settings import keys, places
from rung.settings.load import load
from rung.settings.trust import trusted
from rung.types.model import Model
from rung.types.value import Value, as_dict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rung.settings.values import Settings


class Check(Value):
    """One line of the report."""

    ok: bool
    what: str
    hint: str | None = None


def run(words: list[str]) -> int:
    """Check all of it.

    Returns:
        0 where some model can answer, 1 where none can, 2 where the settings are wrong.
    """
    made = parser("doctor", "Check settings, models, keys, git and the ledger. Asks local servers what they have.")
    made.add_argument("--json", action="store_true")
    args = made.parse_args(words)
    root = Path(workspace())
    checks = [_python(), _git()]
    code = 0
    try:
        loaded = load(root)
        checks.append(_settings(loaded.settings))
        checks += [Check(False, f"settings: {warning}") for warning in loaded.warnings]  # noqa: FBT003
        models = loop.run(_models(loaded.settings, root))
        checks += models
        code = 0 if any(check.ok for check in models if check.what.startswith("tier")) else 1
    except RungError as error:
        checks.append(Check(False, error.sentence()))  # noqa: FBT003
        code = 2
    if args.json:
        print(json.dumps({"ok": code == 0, "checks": [as_dict(check) for check in checks]}))
    else:
        for check in checks:
            print(f"{'ok  ' if check.ok else 'no  '}{check.what}" + (f"\n      {check.hint}" if check.hint else ""))
        if code == 1:
            print("No model can answer. `rung commit` writes messages without one; `rung demo` simulates them.")
    return code


def _python() -> Check:
    return Check(True, f"python {sys.version.split()[0]}")  # noqa: FBT003 - the claim of its field


def _settings(settings: Settings) -> Check:
    """The files the settings come from, and where the person's own would be."""
    own = places.config_folder() / "rung.toml"
    hint = None if own.exists() else f"What you want otherwise goes into {own}."
    return Check(True, f"settings: {', '.join(settings.sources)}", hint)  # noqa: FBT003


def _git() -> Check:
    found = shutil.which("git")
    return Check(bool(found), "git", None if found else "Install git: commit messages are read from it.")


async def _models(settings: Settings, root: Path) -> list[Check]:
    engine = Engine(source="cli")
    try:
        actions = engine.actions(root, trusted=trusted(root))
        checks = [Check(True, f"actions: {', '.join(sorted(actions))}")]  # noqa: FBT003
        for tier in settings.tiers:
            checks += [await _model(engine, tier.name, model) for model in tier.models]
        problem = await asyncio.to_thread(_ledger)
        checks.append(Check(problem is None, f"ledger: {engine.ledger.path}", problem))
        return checks
    finally:
        await engine.close()


def _ledger() -> str | None:
    """Why the ledger cannot be written; None where it can."""
    folder = places.state_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / ".doctor"
        probe.touch()
        probe.unlink()
    except OSError:
        return f"{folder} cannot be written; answers come all the same, without a record."
    return None


async def _model(engine: Engine, tier: str, model: Model) -> Check:
    """One model: the key by name, a local Ollama by asking what it has; the cloud is not called."""
    name = f"tier {tier}: {model.model} ({model.provider}{' at ' + model.url if model.url else ''})"
    if model.key and not keys.find(model.key):
        return Check(False, f"{name}: no key", keys.missing_hint(model.key))  # noqa: FBT003
    if model.provider != "ollama":
        try:
            client_for(model, url_of(model))
        except AttemptError as error:
            return Check(False, f"{name}: {error.text}", error.hint)  # noqa: FBT003
        return Check(True, f"{name}: {'key found' if model.key else 'no key needed'}; not called")  # noqa: FBT003
    try:
        known = await engine.health.look(model)
    except AttemptError as error:
        return Check(False, f"{name}: {error.text}", error.hint)  # noqa: FBT003
    if known.state == "missing":
        return Check(False, f"{name}: missing", known.reason)  # noqa: FBT003
    if known.state == "unknown":
        return Check(False, f"{name}: {known.reason}", "Is it busy, or stuck? Restart it if this stays.")  # noqa: FBT003
    found = f" -> {known.name}" if known.name else ""
    return Check(True, f"{name}{found}: {known.state}, window {known.window or 'unknown'}", known.reason)  # noqa: FBT003
