"""``rung keys set NAME | list | remove NAME``: keys in the system's keyring. No key is ever shown."""

from __future__ import annotations

import getpass
import sys
import warnings

from rung.cli.inputs import workspace
from rung.cli.options import parser
from rung.errors import RungError, UsageError
from rung.settings import keys, telltale
from rung.settings.load import load
from rung.types.pattern import lazy

VARIABLE = lazy(r"[A-Za-z_][A-Za-z0-9_]*\Z")
LONGEST = 65536
"""Characters of a key that is piped in."""
_LEAKED = "A real key that was typed there stays in the shell's history: have its maker replace it by a new one."


def run(words: list[str]) -> int:
    """Set, list or remove.

    Raises:
        UsageError: there is no such verb, a name is missing or is none, or a key stands among the arguments.
        RungError: the system has no keyring, or it refused.
    """
    made = parser("keys", "Keep keys in the system's keyring; `rung keys set NAME` asks for the key.")
    made.add_argument("verb", nargs="?", help="set, list or remove")
    made.add_argument("name", nargs="?", help="the name rung.toml knows the key by, such as OPENAI_API_KEY")
    # What argparse does not know it would repeat in its message, and that could be a key.
    args, rest = made.parse_known_args(words)
    if args.verb == "list":
        if args.name or rest:
            raise UsageError("`rung keys list` takes nothing more.")
        return _list()
    if args.verb == "set":
        return _set(_name(args.name, rest, "set"))
    if args.verb == "remove":
        return _remove(_name(args.name, rest, "remove"))
    raise UsageError("`rung keys` takes set, list or remove.", "`rung keys --help` says more.")


def _name(name: str | None, rest: list[str], verb: str) -> str:
    """The name among the arguments; whatever else stands there is never repeated."""
    if name is None:
        raise UsageError("Which key?", f"Name it: `rung keys {verb} OPENAI_API_KEY`.")
    if rest or "=" in name:
        text = "A key is never given as an argument." if verb == "set" else "One name at a time."
        hint = f"Run `rung keys set NAME` alone: it asks for the key. {_LEAKED}" if verb == "set" else None
        raise UsageError(text, hint)
    if not VARIABLE.match(name) or telltale.looks_secret(name):
        hint = "Name it as in rung.toml, such as OPENAI_API_KEY, with letters, digits and `_`."
        raise UsageError("This is not the NAME of a key.", f"{hint} {_LEAKED}")
    return name


def _set(name: str) -> int:
    key = _asked(name) if sys.stdin.isatty() else _piped()
    if not key:
        raise UsageError(f"No key came for {name}.", f"Nothing was changed. Type it at `rung keys set {name}`.")
    if not key.isprintable():
        raise UsageError("A key is one line of printable letters.", "Nothing was changed.")
    keys.store(name, key)
    print(f"{name} is in the system's keyring.")
    used = keys.sources(name)[0]
    if used != "keyring":
        where = "your environment" if used == "environment" else keys.env_name()
        print(f"rung: {name} is also in {where}, which wins.", file=sys.stderr)
    return 0


def _asked(name: str) -> str:
    with warnings.catch_warnings():
        # Where the terminal can't hide what is typed, nothing is asked for.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(f"{name} (is not shown): ").strip()
        except getpass.GetPassWarning:
            text = "This terminal can't hide what you type."
            raise UsageError(text, f"Pipe the key in: `rung keys set {name} < FILE`.") from None
        except EOFError:
            return ""


def _piped() -> str:
    try:
        text = sys.stdin.read(LONGEST + 1)
    except UnicodeDecodeError:
        raise UsageError("What is piped in is not text.", "Nothing was changed.") from None
    if len(text) > LONGEST:
        raise UsageError("What is piped in is too long for a key.", "Nothing was changed.")
    return text.removeprefix("\ufeff").strip()


def _list() -> int:
    """Names, and where each comes from."""
    wanted: dict[str, None] = {}
    try:
        settings = load(workspace()).settings
        wanted = {model.key: None for tier in settings.tiers for model in tier.models if model.key}
    except RungError as error:
        print(f"rung: {error.sentence()}", file=sys.stderr)
    # A line of the .env that is no setting has no name either: it could be the key itself.
    others = [name for name in keys.in_env() if VARIABLE.match(name) and not telltale.looks_secret(name)]
    names = dict.fromkeys([*wanted, *others, *keys.in_keyring()])
    if not names:
        print("No keys are named anywhere.")
        return 0
    width = max(map(len, names))
    for name in names:
        found = keys.sources(name)
        where = "not set" if not found else found[0] + (f" (also: {', '.join(found[1:])})" if found[1:] else "")
        print(f"{name:<{width}}  {where}")
    return 0


def _remove(name: str) -> int:
    if not keys.remove(name):
        raise UsageError(f"{name} is not in the keyring.", "`rung keys list` says where each key comes from.")
    print(f"{name} is no longer in the system's keyring.")
    left = keys.sources(name)
    if left:
        where = "your environment" if left[0] == "environment" else keys.env_name()
        print(f"rung: {name} is still in {where}.", file=sys.stderr)
    return 0
