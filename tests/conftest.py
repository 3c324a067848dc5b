"""What holds for every test: a home of its own, noon, no network but loopback, and no key of whoever runs it.

Fixtures for others: ``home`` (this test's home folder), ``virtual`` (runs a coroutine on a clock that jumps),
``off_machine`` (the addresses off this machine that somebody tried to reach; a test that leaves any in it fails) and
``nvim`` (the Neovim to drive).
"""

from __future__ import annotations

import errno
import gc
import ipaddress
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
# Tests are no installed package: their helpers are imported from the checkout, as ``tests.virtual``.
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))

# What fails in a helper says what it was, as in a test.
pytest.register_assert_rewrite("tests.faults.cells", "tests.lsp.desk", "tests.lsp.wire", "tests.cli.command")

from tests import copies, economy  # noqa: E402
from tests.neovim import INSTALLER, find_neovim  # noqa: E402
from tests.virtual import run_virtual  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Coroutine

PERSON_HOME = Path.home()
"""The real home folder: what tools keep there (uv's cache, Neovim) is looked up in it, and nothing else."""

ON_REQUEST = ("bench", "wheel", "matrix", "long", "whole", "process")
"""Markers that run only where ``-m`` names them."""

_left_out = pytest.StashKey[int]()

economy.keep_bytecode()


def pytest_configure(config: pytest.Config) -> None:
    """Choose where files go, and refuse to begin where a missing editor would be passed over in silence."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background job ignores it, and so would every process whose Ctrl-C is tested.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        # So does whatever nohup started, and so would every process whose terminal closes.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if hasattr(time, "tzset"):
        os.environ["TZ"] = noon(time.time())
        time.tzset()
    config.stash[_left_out] = 0
    if not {"bench", "wheel"} & set(str(config.getoption("markexpr")).split()):
        economy.use_memory()
    if os.environ.get("RUNG_REQUIRE_EDITORS") == "1" and find_neovim(PERSON_HOME) is None:
        raise pytest.UsageError(f"RUNG_REQUIRE_EDITORS=1, but there is no Neovim from 0.11 on: run {INSTALLER}")


def noon(now: float) -> str:
    """The zone in which it is about noon: what is counted by the day is counted within one, whenever tests run."""
    return f"NOON{time.gmtime(now).tm_hour - 12:+d}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What ``-n auto`` means."""
    return economy.workers(by_default=not config.getoption("markexpr"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the collector of cycles leave alone what is there for good: the tests and all that they import."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs on request only, and the editor tests where there is no editor."""
    asked = str(config.getoption("markexpr"))
    unwanted = {name for name in ON_REQUEST if name not in asked}
    editor_tests = [item for item in items if item.get_closest_marker("editor")]
    if editor_tests and "editor" not in asked and find_neovim(PERSON_HOME) is None:
        unwanted.add("editor")
        config.stash[_left_out] = len(editor_tests)
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        (dropped if any(mark.name in unwanted for mark in item.iter_markers()) else kept).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in one line what was left out for want of an editor."""
    if count := config.stash[_left_out]:
        where = INSTALLER.relative_to(REPOSITORY)
        terminalreporter.write_line(f"{count} editor tests left out: no Neovim from 0.11 on; {where} puts one in place")


def _fail_where_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("RUNG_NO_SKIPS") == "1" and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and RUNG_NO_SKIPS=1 makes that a failure: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where the environment says so."""
    report = yield
    _fail_where_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself."""
    report = yield
    _fail_where_skipped(report)
    return report


def isolate(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Point everything that is the person's own at an empty home folder."""
    for name in list(os.environ):
        ours = name.startswith("RUNG_") and name not in {"RUNG_NO_SKIPS", "RUNG_REQUIRE_EDITORS"}
        theirs = name.startswith(("GIT_", "OPENAI_", "ANTHROPIC_", "OLLAMA_", "XDG_"))
        if ours or theirs or name.upper().endswith(("_API_KEY", "_PROXY")) or name == "LOCAL_BASE_URL":
            patch.delenv(name)
    folders = {
        "RUNG_CONFIG_DIR": ".config/rung",
        "RUNG_STATE_DIR": ".local/state/rung",
        "RUNG_CACHE_DIR": ".cache/rung",
        "XDG_CONFIG_HOME": ".config",
        "XDG_STATE_HOME": ".local/state",
        "XDG_CACHE_HOME": ".cache",
        "XDG_DATA_HOME": ".local/share",
        "XDG_RUNTIME_DIR": "run",
    }
    for name, folder in folders.items():
        patch.setenv(name, str(home / folder))
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    patch.setenv("HOME", str(home))
    patch.setenv("USERPROFILE", str(home))
    patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        patch.setenv(f"GIT_{role}_NAME", "Rung Test")
        patch.setenv(f"GIT_{role}_EMAIL", "rung@example.invalid")


def _own_home() -> Iterator[Path]:
    # Not tmp_path: a socket's path may have 107 characters, and pytest's folders take most of them.
    temporary = tempfile.TemporaryDirectory(prefix="rung-", ignore_cleanup_errors=True)
    with temporary as folder, pytest.MonkeyPatch.context() as patch:
        isolate(patch, Path(folder))
        yield Path(folder)
        economy.wait_for_vocabularies()


@pytest.fixture(scope="session", autouse=True)
def session_home() -> Iterator[Path]:
    """The home of what lives longer than one test, such as a server that a module shares."""
    for home in _own_home():
        copies.keep_in(home / "copies")
        yield home


@pytest.fixture(autouse=True)
def home(session_home: Path) -> Iterator[Path]:
    """This test's own home folder, empty."""
    yield from _own_home()


def stays_here(address: object) -> bool:
    """Whether a socket's address is on this machine: a path, or a loopback address."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in {"", "localhost"}:
        return True
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return found.is_loopback or found.is_unspecified


def _is_name(host: object) -> bool:
    """Whether looking this host up would ask a name server."""
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")
    if text in {"", "localhost"}:
        return False
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return True
    return False


@pytest.fixture(scope="session", autouse=True)
def _shipped_once() -> Iterator[None]:
    """Files that ship are read once."""
    yield from economy.shipped_once(REPOSITORY / "config")


@pytest.fixture(scope="session", autouse=True)
def _reached_for() -> Iterator[list[str]]:
    """Guards the sockets of this process for the whole run."""
    tried: list[str] = []

    def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, *args: Any) -> Any:
            if not stays_here(args[-1]):
                tried.append(str(args[-1]))
                raise OSError(errno.ENETUNREACH, "a test may only reach this machine")
            return real(self, *args)

        return call

    look_up = socket.getaddrinfo

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if _is_name(host):
            tried.append(str(host))
            raise socket.gaierror(socket.EAI_NONAME, "a test may only look up this machine")
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield tried


@pytest.fixture(autouse=True)
def off_machine(_reached_for: list[str]) -> Iterator[list[str]]:
    """What this test tried to reach off the machine; one that means to asserts on the list and clears it."""
    _reached_for.clear()
    yield _reached_for
    if _reached_for:
        pytest.fail(f"the test reached off this machine: {', '.join(_reached_for)}")


@pytest.fixture
def virtual() -> Callable[[Coroutine[Any, Any, Any]], tuple[Any, float]]:
    """:func:`tests.virtual.run_virtual`: the result, and the seconds that passed on a clock that jumps."""
    return run_virtual


@pytest.fixture(scope="session")
def nvim() -> Path:
    """The Neovim to drive."""
    found = find_neovim(PERSON_HOME)
    if found is None:
        pytest.fail(f"no Neovim from 0.11 on: run {INSTALLER}")
    return found
