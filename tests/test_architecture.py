"""The rings: who may import whom, proved from the imports that stand in the files.

An import inside a function counts like any other. One for the type checker alone counts for the direction, but makes
no cycle: nothing runs in a circle because of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "server" / "rung"

RINGS: tuple[frozenset[str], ...] = (
    frozenset({"", "errors"}),  # "" is the package itself: its version
    frozenset({"types"}),
    frozenset({"settings"}),
    frozenset({"routing", "privacy", "providers", "git"}),
    frozenset({"actions", "ladder", "ledger"}),
    frozenset({"running"}),  # one request on its way, which the engine starts
    frozenset({"engine"}),
    frozenset({"lsp", "api"}),
    frozenset({"daemon"}),
    frozenset({"cli"}),
    frozenset({"__main__"}),
)
"""From the inside out. A room imports from rings further in, never from its own ring or further out."""

NAMED_ONLY = frozenset({("errors", "types")})
"""Errors carry nouns: they may name their types to the type checker, and import nothing of them."""

WIRE = frozenset({"pygls", "lsprotocol", "cattrs"})
"""The language server protocol's libraries, which only ``lsp`` knows."""

LONGEST = 320
"""Lines of a module."""

RUNS_PROGRAMS = frozenset(
    {"run", "Popen", "call", "check_call", "check_output", "system", "popen"}
    | {"create_subprocess_exec", "create_subprocess_shell", "execv", "execvp", "execlp", "execl", "spawnv", "spawnvp"}
)


@dataclass(frozen=True)
class Import:
    """One import as it stands in a file."""

    target: str
    """Dotted."""
    line: int
    checker_only: bool
    """Under ``if TYPE_CHECKING``."""


def module_name(root: Path, file: Path) -> str:
    """``rung.types.value`` for ``types/value.py``, ``rung.types`` for ``types/__init__.py``."""
    parts = [root.name, *file.relative_to(root).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.AST, module: str, *, is_package: bool, known: frozenset[str]) -> Iterator[Import]:
    """Every import of a module, those inside functions too; names that are modules count as such."""
    checker_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        and "TYPE_CHECKING" in ast.unparse(node.test)
        and "not " not in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, id(node) in checker_only)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = module.split(".")[: None if is_package and node.level == 1 else -node.level + is_package]
                base = ".".join([*above, *([base] if base else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield Import(whole if whole in known else base, node.lineno, id(node) in checker_only)


def room_of(module: str) -> str:
    """``types`` for ``rung.types.value``; empty for the package itself."""
    return module.split(".")[1] if "." in module else ""


def ring_of(room: str) -> int | None:
    return next((number for number, ring in enumerate(RINGS) if room in ring), None)


def direction(module: str, found: Import) -> str | None:
    """Why an import inside the package is wrong, if it is."""
    here, there = room_of(module), room_of(found.target)
    if here == there or (here == "__main__" and there == "cli"):
        return None
    if "sim" in (here, there):
        allowed = here == "cli" or there == ""
        return None if allowed else "sim stands alone: it imports nothing of rung, and only cli starts it"
    if (here, there) in NAMED_ONLY and found.checker_only:
        return None
    mine, theirs = ring_of(here), ring_of(there)
    if mine is None or theirs is None:
        return f"{here if mine is None else there} is in no ring"
    if mine == theirs:
        return f"{there} is a neighbour of {here}"
    return f"{there} lies further out than {here}" if theirs > mine else None


def runs_git(tree: ast.AST) -> Iterator[int]:
    """Lines where a program named git is started, or a command line for it is put together."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            words = (
                part.value for argument in node.args for part in ast.walk(argument) if isinstance(part, ast.Constant)
            )
            if name in RUNS_PROGRAMS and any(str(word) == "git" or str(word).startswith("git ") for word in words):
                yield node.lineno
        elif isinstance(node, ast.List) and len(node.elts) > 1:
            first = node.elts[0]
            if isinstance(first, ast.Constant) and first.value == "git":
                yield node.lineno


def a_cycle(graph: dict[str, set[str]]) -> list[str] | None:
    """One cycle of modules, as the way round it; None where there is none."""
    done: set[str] = set()

    def visit(module: str, way: list[str]) -> list[str] | None:
        if module in way:
            return [*way[way.index(module) :], module]
        if module in done:
            return None
        for target in sorted(graph.get(module, ())):
            if found := visit(target, [*way, module]):
                return found
        done.add(module)
        return None

    return next((found for module in sorted(graph) if (found := visit(module, []))), None)


def violations(root: Path) -> list[str]:
    """Everything in a package that breaks the rules of this page, one sentence each."""
    files = {module_name(root, file): file for file in sorted(root.rglob("*.py"))}
    known = frozenset(files)
    found: list[str] = []
    graph: dict[str, set[str]] = {}
    for module, file in files.items():
        source = file.read_text(encoding="utf-8")
        tree = ast.parse(source)
        room = room_of(module)
        if not ast.get_docstring(tree):
            found.append(f"{module}: no docstring")
        if (lines := source.count("\n")) > LONGEST:
            found.append(f"{module}: {lines} lines")
        if room != "git":
            found.extend(f"{module}:{line}: runs git" for line in sorted(set(runs_git(tree))))
        for item in imports_of(tree, module, is_package=file.name == "__init__.py", known=known):
            top = item.target.split(".")[0]
            if top in WIRE and room != "lsp":
                found.append(f"{module}:{item.line}: {top} belongs to lsp")
            if top != root.name:
                continue
            if why := direction(module, item):
                found.append(f"{module}:{item.line}: {why}")
            if item.target in known and item.target != module and not item.checker_only:
                graph.setdefault(module, set()).add(item.target)
    if cycle := a_cycle(graph):
        found.append(f"cycle: {' > '.join(cycle)}")
    return found


def test_the_package_keeps_to_its_rings() -> None:
    assert violations(PACKAGE) == []


def test_every_room_of_the_package_has_a_ring() -> None:
    rooms = {room_of(module_name(PACKAGE, file)) for file in PACKAGE.rglob("*.py")}
    assert {room for room in rooms if room != "sim" and ring_of(room) is None} == set()
    assert {"errors", "types", "settings", "cli"} <= rooms


def made_up(folder: Path, files: dict[str, str]) -> Path:
    """A package named rung with these modules, and the docstrings and packages they need."""
    root = folder / "rung"
    for name, body in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(body if body.startswith("#") else f'"""Made up."""\n{body}\n', encoding="utf-8")
    for place in {root, *(file.parent for file in root.rglob("*.py"))}:
        if not (place / "__init__.py").exists():
            (place / "__init__.py").write_text('"""Made up."""\n', encoding="utf-8")
    return root


GOOD = {
    "types/value.py": "",
    "types/receipt.py": "from rung.types.value import Value",
    "errors.py": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from rung.types.receipt import Receipt",
    "git/command.py": "import subprocess\nsubprocess.run(['git', 'log'])",
    "lsp/convert.py": "from lsprotocol import types\nfrom rung.engine import run\nfrom . import edits",
    "lsp/edits.py": "from ..types import value\nif TYPE_CHECKING:\n    from .convert import types",
    "engine.py": "def run():\n    from rung.ladder.climb import climb",
    "ladder/climb.py": "from rung.errors import RungError\nfrom rung.types import receipt",
    "cli/demo.py": "from rung.sim.server import Server\nfrom rung.git.command import run\nfrom rung import __version__",
    "sim/server.py": "import asyncio\nname = ('git', 'is only a word here')",
    "__main__.py": "from rung.cli.demo import main",
}


def test_a_good_tree_passes(tmp_path: Path) -> None:
    assert violations(made_up(tmp_path, GOOD)) == []


LAZY = "def late():\n    from rung.lsp import edits"
CHECKED = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from rung.engine import run"

BAD = {
    "a neighbour": (
        {"ladder/bad.py": "from rung.ledger import rows"},
        "rung.ladder.bad:2: ledger is a neighbour of ladder",
    ),
    "outward": (
        {"types/bad.py": "import rung.settings.values"},
        "rung.types.bad:2: settings lies further out than types",
    ),
    "outward, inside a function": ({"engine.py": LAZY}, "rung.engine:3: lsp lies further out than engine"),
    "outward, for the type checker": (
        {"types/bad.py": CHECKED},
        "rung.types.bad:4: engine lies further out than types",
    ),
    "outward, relative": (
        {"git/bad.py": "from ..ladder import climb"},
        "rung.git.bad:2: ladder lies further out than git",
    ),
    "errors importing what they may name": (
        {"errors.py": "from rung.types.receipt import Receipt"},
        "rung.errors:2: types lies further out than errors",
    ),
    "a room without a ring": ({"attic/bad.py": "from rung import errors"}, "rung.attic.bad:2: attic is in no ring"),
    "sim importing": ({"sim/bad.py": "from rung.types import value"}, "rung.sim.bad:2: sim stands alone"),
    "sim imported": ({"engine.py": "from rung.sim import server"}, "rung.engine:2: sim stands alone"),
    "the wire outside": ({"daemon/bad.py": "import pygls.server"}, "rung.daemon.bad:2: pygls belongs to lsp"),
    "cattrs outside": ({"cli/bad.py": "from cattrs import Converter"}, "rung.cli.bad:2: cattrs belongs to lsp"),
    "git run": ({"cli/bad.py": "import subprocess\nsubprocess.run(['git', 'add'])"}, "rung.cli.bad:3: runs git"),
    "git run by asyncio": (
        {"lsp/bad.py": "async def f(a):\n    await a.create_subprocess_exec('git', 'x')"},
        "rung.lsp.bad:3: runs git",
    ),
    "git in a shell": ({"sim/bad.py": "import os\nos.system('git status')"}, "rung.sim.bad:3: runs git"),
    "git put together": ({"cli/bad.py": "command = ['git', 'commit']"}, "rung.cli.bad:2: runs git"),
    "no docstring": ({"types/bad.py": "# nothing but a comment\n"}, "rung.types.bad: no docstring"),
    "too long": ({"types/bad.py": "x = 1\n" * 400}, "rung.types.bad: 402 lines"),
    "a cycle, of which a half is inside a function": (
        {"types/a.py": "from rung.types.b import B", "types/b.py": "def f():\n    from rung.types import a"},
        "cycle: rung.types.a > rung.types.b > rung.types.a",
    ),
}


@pytest.mark.parametrize(("files", "sentence"), BAD.values(), ids=BAD)
def test_each_rule_finds_what_breaks_it(tmp_path: Path, files: dict[str, str], sentence: str) -> None:
    found = violations(made_up(tmp_path, {**GOOD, **files}))
    assert [line for line in found if line.startswith(sentence)], found
    assert len(found) == 1
