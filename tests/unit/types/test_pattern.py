"""Patterns that are put off are the same as those that are not, and none is wrong."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

import rung
from rung.types.pattern import Late, lazy


def within(value: object) -> Iterator[Late]:
    if isinstance(value, Late):
        yield value
    elif isinstance(value, (tuple, list)):
        for inner in value:
            yield from within(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from within(inner)


def test_every_pattern_of_every_module_compiles_without_a_warning() -> None:
    names = [module.name for module in pkgutil.walk_packages(rung.__path__, "rung.")]
    modules = [importlib.import_module(name) for name in names]
    found = {id(late): late for module in modules for value in vars(module).values() for late in within(value)}
    assert len(found) > 300
    for late in found.values():
        assert late.groups >= 0


@pytest.mark.parametrize("flags", [0, re.IGNORECASE])
def test_it_has_all_that_a_pattern_has(flags: int) -> None:
    text = "a1 B2 c3"
    late, made = lazy(r"(?P<letter>[a-z])(\d)", flags), re.compile(r"(?P<letter>[a-z])(\d)", flags)
    for _ in range(2):  # the first use makes it ready
        assert late.findall(text) == made.findall(text)
        assert [match.span() for match in late.finditer(text, 1, 7)] == [m.span() for m in made.finditer(text, 1, 7)]
        assert late.sub(r"\2", text) == made.sub(r"\2", text)
        assert late.split(text) == made.split(text)
        assert (late.pattern, late.flags, late.groupindex) == (made.pattern, made.flags, made.groupindex)
    found = late.match(text)
    assert found is not None
    assert found["letter"] == "a"
    assert lazy(rb"\d").search(b"a1") is not None


def test_a_wrong_one_says_so_with_its_first_use_and_again() -> None:
    late = lazy("(")
    for _ in range(2):
        with pytest.raises(re.error, match="unterminated"):
            late.search("x")


def test_asking_makes_few_patterns_ready_before_it_knows_what_is_asked() -> None:
    script = (
        "import re\nmade = []\nreal = re.compile\n"
        "def noted(pattern, flags=0):\n    import sys\n"
        "    if sys._getframe(1).f_globals['__name__'].startswith('rung.'): made.append(pattern)\n"
        "    return real(pattern, flags)\n"
        "re.compile = noted\nimport rung.cli.ask, rung.lsp.server\nprint(len(made), *made, sep='\\n')"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(said.stdout.split("\n")[0]) < 20, said.stdout
