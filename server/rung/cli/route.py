"""``rung route``: which tier, which rule, which plan, without calling a model.

On the fast path (a prompt, cached settings) nothing is imported but ``json`` and the routing itself:
``argparse`` alone would take a third of the time it may need. What takes an engine is in :mod:`rung.cli.routed`.
"""

from __future__ import annotations

import os

from rung.cli.inputs import check_model, given, workspace
from rung.errors import UsageError
from rung.routing import prefix
from rung.routing.decide import BUILTIN, decide
from rung.routing.explain import Explanation
from rung.routing.features import (
    asks_for_budget,
    asks_for_health,
    asks_for_place,
    from_root,
    placed,
    size,
)
from rung.routing.match import asks_for_roots
from rung.routing.plan import Known, plan
from rung.routing.tokens import DENSE, upper
from rung.settings import keys, places
from rung.settings.load import load
from rung.types.features import Features
from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rung.ledger.budget import Budget
    from rung.settings.values import Settings
    from rung.types.model import Model
    from rung.types.part import Part
    from rung.types.plan import Plan, State

ASKED = 2000
"""Tokens the answer to a bare question may have, as :data:`rung.actions.catalogue.ASK` says."""


HELP = """usage: rung route [OPTIONS] [PROMPT]

Say where a prompt would go, and why, without calling a model.

options:
  -a, --action ACTION   as if this action were asked for, on what is staged or the file that -f names
  -f, --file FILE       a file to send along; FILE:A-B for lines A to B, where an action looks at one
  --language ID         as if the document had this language id
  --tier TIER           this tier alone
  -m, --model MODEL     this model alone
  --local               never leave this machine
  --json                one JSON object"""

FLAGS = ("local", "json")
SHORT = {"-a": "action", "-f": "file", "-m": "model", "-h": "help"}


def run(words: list[str]) -> int:
    """Explain the decision.

    Raises:
        RungError: the settings are wrong, or an option names a tier that is not there.
    """
    args = _arguments(words)
    if args is None:
        print(HELP)
        return 0
    root = workspace()
    loaded = load(root)
    if loaded.warnings:
        from rung.cli import ignored  # noqa: PLC0415 - brings what looks at trust

        ignored.say(loaded.warnings, root)
    settings = loaded.settings
    check_model(args.model, settings)
    explained = _of_action(args, settings, root) or _of_prompt(args, settings, root)
    if args.json:
        import json  # noqa: PLC0415

        print(json.dumps(explained.shape()))
    else:
        print(explained.text())
    return 0


class Arguments(Value):
    """The command's options."""

    prompt: tuple[str, ...] = ()
    action: str = "ask"
    file: tuple[str, ...] = ()
    language: str | None = None
    tier: str | None = None
    model: str | None = None
    local: bool = False
    json: bool = False


def _of_action(args: Arguments, settings: Settings, root: str) -> Explanation | None:
    """The explanation of an action with its own context; None where it has none, which is said, or for a prompt.

    Raises:
        RungError: the context is there, and cannot be used.
    """
    if args.action == "ask":
        return None
    from rung.cli.routed import explain  # noqa: PLC0415 - brings the whole engine

    return explain(args, settings, root)


def _names_of(root: str, here: str | None) -> tuple[str, ...]:
    from rung.settings.folders import names_of  # noqa: PLC0415 - only where there are files, or rules about places

    return names_of(root, here)


def _of_prompt(args: Arguments, settings: Settings, root: str) -> Explanation:
    """The explanation of what stands in the command line, in the files named there, and in what is piped in.

    Raises:
        RungError: a file cannot be read, or must not be.
    """
    prompt, parts = given(list(args.prompt), list(args.file), root)
    _refuse_unread(parts, root)
    word, typed = prefix.split(prompt or "", settings)
    paths, here = _paths(typed, parts, root), os.environ.get("PWD")
    tier, max_output = _action(args.action, root)
    known: Callable[[Model], Known] = _known
    health: tuple[tuple[str, State], ...] = ()
    if asks_for_health(rule.when for rule in settings.rules):
        from rung.cli.routed import seen  # noqa: PLC0415 - brings the whole engine

        known, health = seen(settings)
    features = Features(
        action=args.action,
        typed=typed,
        tokens=size(args.action, [typed, *(part.text for part in parts)]),
        paths=paths,
        absolute=from_root(paths, _names_of(root, here)) if paths else (),
        language=args.language,
        repository=root.replace(os.sep, "/"),
        prefix=word,
        option=args.tier,
        action_tier=tier,
        local=args.local,
        model=args.model,
        health=health,
        budget_left=_budget_left(settings),
    )
    if features.absolute and asks_for_roots(settings.rules):
        from rung.git.homes import from_roots  # noqa: PLC0415 - brings asyncio, for who has such rules

        features = features.replace(rooted=from_roots(features.absolute))
    if asks_for_place(rule.when for rule in settings.rules):
        from rung.git.homes import where  # noqa: PLC0415 - brings asyncio, for who has such rules

        features = placed(features, where(features.absolute, _names_of(root, here)))
    home = os.path.expanduser("~").replace(os.sep, "/")  # noqa: PTH111
    decision = decide(features, settings, home)
    if decision.tier == BUILTIN:
        from rung.actions import without_model  # noqa: PLC0415 - only where it is asked for

        without_model.check(args.action)
    planned = plan(decision, settings, known, upper(features.tokens), upper(max_output))
    planned = _within_budget(planned, settings, decision.max_cost, features.tokens, max_output)
    return Explanation(decision, planned, features.tokens)


def _refuse_unread(parts: tuple[Part, ...], root: str) -> None:
    """See that no file is named that no prompt may hold.

    Raises:
        ContextError: one is.
    """
    named = [part.path for part in parts if part.path]
    if named:
        from pathlib import Path  # noqa: PLC0415

        from rung.actions.context.ignored import refuse  # noqa: PLC0415 - only where there are files

        refuse(Path(root), named)


def _arguments(words: list[str]) -> Arguments | None:
    """The options; None where help is wanted.

    Raises:
        UsageError: one of them does not exist, or lacks its value.
    """
    if not any(word.startswith("-") for word in words):
        return Arguments(prompt=tuple(words))
    import getopt  # noqa: PLC0415 - brings gettext, which takes as long as all of the routing

    try:
        found, rest = getopt.gnu_getopt(
            words, "ha:f:m:", ["help", "action=", "file=", "language=", "tier=", "model=", "local", "json"]
        )
    except getopt.GetoptError as error:
        raise UsageError(f"{error.msg[0].upper()}{error.msg[1:]}.", "`rung route --help` lists the options.") from None
    values: dict[str, Any] = {"prompt": tuple(rest), "file": ()}
    for option, value in found:
        name = SHORT.get(option, option.lstrip("-"))
        if name == "help":
            return None
        values[name] = (*values["file"], value) if name == "file" else True if name in FLAGS else value
    return Arguments(**values)


def _within_budget(plan: Plan, settings: Settings, max_cost: float | None, tokens: int, max_output: int) -> Plan:
    """The plan as the budget leaves it: prices take long to look up, and only where something may cost."""
    if (max_cost, settings.budget.per_day, settings.budget.per_month) == (None, None, None):
        return plan
    priced = [one.model for one in plan.attempts if not one.model.local or one.model.price is not None]
    if not priced:
        return plan
    from rung.cli import costs  # noqa: PLC0415 - only where something may cost

    bound = _unspent(settings, max_cost)
    if bound is not None and costs.fits(priced, bound, round(tokens * DENSE), max_output):
        return plan
    from rung.ledger.forecast import within  # noqa: PLC0415

    costs.keep(priced)
    return within(plan, _budget(), settings.budget, max_cost, prompt=tokens, max_output=max_output)


def _unspent(settings: Settings, max_cost: float | None) -> float | None:
    """The least bound in US dollars, where nothing can have been spent of it; None where somebody has to look."""
    whole = [one for one in (settings.budget.per_day, settings.budget.per_month) if one is not None]
    if whole and os.path.lexists(_ledger()):
        return None
    return min([*whole, *([] if max_cost is None else [max_cost])])


def _ledger() -> str:
    return os.path.join(places.state_name(), "ledger.sqlite3")  # noqa: PTH118 - pathlib is slow to import


def _budget() -> Budget:
    from pathlib import Path  # noqa: PLC0415

    from rung.ledger.budget import Budget  # noqa: PLC0415
    from rung.ledger.ledger import Ledger  # noqa: PLC0415

    return Budget(Ledger(Path(_ledger())))


def _budget_left(settings: Settings) -> float | None:
    """What is left of the budget; looked up only where a rule asks for it."""
    if not asks_for_budget(rule.when for rule in settings.rules):
        return None
    return _budget().left(settings.budget.per_day, settings.budget.per_month)


def _paths(typed: str, parts: tuple[Any, ...], root: str) -> tuple[str, ...]:
    if not parts and "\n" not in typed:  # one line holds nothing of a file
        return ()
    from rung.git.diff import paths_in  # noqa: PLC0415 - only where there is text to look through
    from rung.git.diff_paths import named_from, starts  # noqa: PLC0415

    folders = starts(root, os.getcwd())  # noqa: PTH109
    found = dict.fromkeys(part.path for part in parts if part.path)
    for text in (typed, *(part.text for part in parts)):
        for path in paths_in(text):
            found |= dict.fromkeys((path, *named_from(path, root, folders)))
    return tuple(found)


def _action(action: str, root: str) -> tuple[str | None, int]:
    """The tier an action names, and how many tokens its answer may have."""
    if action == "ask":
        return None, ASKED
    from pathlib import Path  # noqa: PLC0415

    from rung.actions import catalogue  # noqa: PLC0415 - YAML and Jinja2, only for who names an action
    from rung.settings import trust  # noqa: PLC0415

    folders = [places.shipped() / "actions", places.config_folder() / "actions"]
    if trust.trusted(Path(root)):
        folders.append(Path(root) / ".rung" / "actions")
    found = catalogue.load(folders)
    if action not in found:
        raise UsageError(f"There is no action {action!r}.", f"The actions are: {', '.join(sorted(found))}.")
    return found[action].tier, found[action].max_output


def _known(model: Model) -> Known:
    """What can be known without asking anybody: whether the key is there."""
    if model.key and not keys.find(model.key):
        return Known("no-key", keys.missing_hint(model.key))
    return Known()
