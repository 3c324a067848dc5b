"""The command line: one file per command.

``rung --help`` and ``rung route`` take at most three times a bare interpreter, so nothing is imported here before it is
known which command it is. Whatever goes wrong ends in one sentence on stderr and an exit code, never in a traceback.
"""

from __future__ import annotations

import gc
import os
import sys

from rung.errors import CancelledByPersonError, RungError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

COMMANDS = {
    "ask": "ask anything; a prompt and piped input are both used",
    "commit": "write a message for the staged changes",
    "explain": "explain a file or some of its lines",
    "review": "review files",
    "route": "say where a prompt would go and why, without calling a model",
    "doctor": "check settings, models, keys, git and the ledger",
    "lsp": "the language server, on stdio",
    "demo": "the whole story on simulated models, in one minute",
    "sim": "simulated Ollama, OpenAI and Anthropic servers on loopback",
    "trust": "let this workspace's .rung/ change settings and actions",
    "keys": "keep keys in the system's keyring",
    "pin": "keep a repository on this machine",
}
"""Each in the module of its name, with what it does."""


def usage() -> str:
    """What ``rung --help`` prints."""
    rows = "\n".join(f"  {name:<10}{what}" for name, what in COMMANDS.items())
    return (
        "usage: rung COMMAND [ARGUMENTS]\n\n"
        "One language server between every editor and every model you have.\n\n"
        f"commands:\n{rows}\n\n"
        "`rung COMMAND --help` says more about one of them; `rung --version` prints the version.\n"
        "exit codes: 0 done; 1 no answer; 2 usage or settings error; 3 findings at or above --fail-on; 130 cancelled "
        "(129 and 143 by SIGHUP and SIGTERM)"
    )


SDK_LOGS = ("ANTHROPIC_LOG", "OPENAI_LOG")
"""Variables that the packages read when they are imported: they would write what is sent to stderr."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit code of DESIGN.
    """
    words = sys.argv[1:] if arguments is None else arguments
    _ready_streams()
    for name in SDK_LOGS:
        os.environ.pop(name, None)
    try:
        try:
            code = _run(words)
        except RungError as error:
            code = report(error, as_json=_wants_json(words))
        except KeyboardInterrupt:
            code = report(CancelledByPersonError("Cancelled."), as_json=_wants_json(words))
        if code == CancelledByPersonError.exit_code:
            code = _by_signal() or code
        # Here, not at exit, where it would be too late to say that the disk is full.
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has enough.
        _drop_output()
        return 0
    except OSError as error:
        what = f"{error.filename}: " if error.filename else "The output cannot be written: "
        print(f"rung: {what}{error.strerror or 'an error'}.", file=sys.stderr)
        _drop_output()
        return 1
    return code


def process() -> NoReturn:
    """``rung`` as a process of its own: :func:`main`, and the end.

    Where no thread can be, and so no loop, no pool and no log, which all need ``threading``, nothing is left to end,
    and the interpreter's own clearing up, an eighth of ``rung route``, is left out.
    """
    code = main()
    if "threading" not in sys.modules:
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _run(words: list[str]) -> int:
    """Run the command that the words name.

    Raises:
        RungError: it has no result.
    """
    if words[:1] == ["help"] and words[1:2] and not words[1].startswith("-"):
        words = [words[1], "--help"]
    if not words or words[0] in {"-h", "--help", "help"}:
        print(usage())
        return 0 if words else 2
    if words[0] in {"-V", "--version"}:
        from rung import __version__  # noqa: PLC0415

        print(f"rung {__version__}")
        return 0
    if words[0] not in COMMANDS:
        from difflib import get_close_matches  # noqa: PLC0415 - only where something is misspelt

        near = get_close_matches(words[0], COMMANDS, n=1)
        meant = f" Did you mean `rung {near[0]}`?" if near else ""
        print(f"rung: there is no command {words[0]!r}.{meant} `rung --help` lists them.", file=sys.stderr)
        return 2
    command = _command(words[0])
    try:
        code: int = command(words[1:])
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0  # --help
    return code


def _command(name: str) -> Callable[[list[str]], int]:
    """What runs a command.

    Modules live as long as the process: looking for garbage among them takes time and finds none, so that the collector
    waits until they are there, and leaves them out for good.
    """
    gc.disable()
    try:
        module = __import__(f"rung.cli.{name}", fromlist=["run"])
    finally:
        gc.freeze()
        gc.enable()
    command: Callable[[list[str]], int] = module.run
    return command


def _by_signal() -> int | None:
    """The exit code of what a signal other than Ctrl-C's cancelled."""
    loop = sys.modules.get("rung.cli.loop")
    number: int | None = loop.signalled() if loop else None
    return 128 + number if number else None


def _wants_json(words: list[str]) -> bool:
    """Whether the output is for a machine, as far as can be told of words that may make no sense."""
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options or "--format=json" in options or "--format json" in " ".join(options)


def report(error: RungError, *, as_json: bool) -> int:
    """Say what went wrong: a sentence on stderr, with ``--json`` also DESIGN's error object on stdout."""
    if as_json:
        import json  # noqa: PLC0415

        from rung.types.value import as_dict  # noqa: PLC0415

        print(json.dumps({"error": error.shape()} | ({"receipt": as_dict(error.receipt)} if error.receipt else {})))
    # A file's name may hold anything, even what a terminal obeys.
    lines = ["".join(letter if letter.isprintable() else "?" for letter in line) for line in error.paragraph()]
    print("rung: " + "\n      ".join(lines), file=sys.stderr)
    return error.exit_code


def _ready_streams() -> None:
    """Open what whoever started us closed, and let no letter that a terminal lacks stop an answer."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as we live
    adapt = getattr(sys.stdout, "reconfigure", None)
    if adapt:
        adapt(errors="replace")


def _drop_output() -> None:
    """Send what is left in the buffer nowhere, or the interpreter complains at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
