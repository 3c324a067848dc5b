"""The command line: one file per command.

``rung --help`` and ``rung route`` take at most three times a bare interpreter, so nothing is imported here before it is
known which command it is.
"""

from __future__ import annotations

import sys

from rung.errors import RungError

COMMANDS = {
    "ask": ("ask", "ask anything; a prompt and piped input are both used"),
    "commit": ("commit", "write a message for the staged changes"),
    "explain": ("explain", "explain a file or some of its lines"),
    "review": ("review", "review files"),
    "route": ("route", "say where a prompt would go and why, without calling a model"),
    "doctor": ("doctor", "check settings, models, keys, git and the ledger"),
    "lsp": ("lsp", "the language server, on stdio"),
    "demo": ("demo", "the whole story on simulated models, in one minute"),
    "sim": ("sim", "simulated Ollama, OpenAI and Anthropic servers on loopback"),
    "trust": ("trust", "let this workspace's .rung/ change settings and actions"),
}


def usage() -> str:
    """What ``rung --help`` prints."""
    rows = "\n".join(f"  {name:<10}{what}" for name, (_, what) in COMMANDS.items())
    return (
        "usage: rung COMMAND [ARGUMENTS]\n\n"
        "One language server between every editor and every model you have.\n\n"
        f"commands:\n{rows}\n\n"
        "`rung COMMAND --help` says more about one of them; `rung --version` prints the version.\n"
        "exit codes: 0 done; 1 no answer; 2 usage or settings error; 3 findings at or above --fail-on; 130 cancelled"
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit code of DESIGN.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in {"-h", "--help", "help"}:
        print(usage())
        return 0 if words else 2
    if words[0] in {"-V", "--version"}:
        from rung import __version__  # noqa: PLC0415

        print(f"rung {__version__}")
        return 0
    if words[0] not in COMMANDS:
        print(f"rung: there is no command {words[0]!r}. `rung --help` lists them.", file=sys.stderr)
        return 2
    return _run(COMMANDS[words[0]][0], words[1:])


def _run(module: str, words: list[str]) -> int:
    """Run a command's module; its errors become one sentence on stderr and an exit code."""
    command = getattr(__import__(f"rung.cli.{module}", fromlist=["run"]), "run")  # noqa: B009
    try:
        code: int = command(words)
    except RungError as error:
        return report(error, as_json="--json" in words)
    except KeyboardInterrupt:
        print("rung: cancelled.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has enough; the interpreter must not complain about it at exit.
        sys.stdout = None
        return 0
    return code


def report(error: RungError, *, as_json: bool) -> int:
    """Say what went wrong: a sentence on stderr, with ``--json`` also DESIGN's error object on stdout."""
    if as_json:
        import json  # noqa: PLC0415

        from rung.types.value import as_dict  # noqa: PLC0415

        told = {"code": error.code, "message": error.text} | ({"hint": error.hint} if error.hint else {})
        found = getattr(error, "receipt", None)
        print(json.dumps({"error": told} | ({"receipt": as_dict(found)} if found else {})))
    print(f"rung: {error.sentence()}", file=sys.stderr)
    return error.exit_code
