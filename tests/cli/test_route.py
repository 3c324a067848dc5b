"""``rung route``: says what ``rung ask`` would do, calls nobody, and imports next to nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.command import SETTINGS, Rung, configure, environment
from tests.cli.test_ask import PIN_DIFF

from rung.sim.server import Simulator

KEYS = {"tier", "by", "rule", "why", "pins", "tokens", "rules", "plan", "skipped"}


async def test_json_has_the_published_fields(sim: Simulator, rung: Rung) -> None:
    found = (await rung("route", "--json", "hello")).json
    assert set(found) == KEYS
    assert (found["tier"], found["by"], found["rule"]) == ("small", "default", None)
    assert [step["tier"] for step in found["plan"]] == ["small", "large", "cloud"]
    assert all(set(step) == {"tier", "model", "provider", "local", "state", "window"} for step in found["plan"])
    assert all(set(rule) == {"name", "matched", "why"} for rule in found["rules"])
    assert all(set(pin) == {"bound", "from"} for pin in found["pins"])
    assert sim.connections == 0


async def test_the_text_names_tier_rule_and_plan(sim: Simulator, rung: Rung) -> None:
    done = await rung("route", "hello")
    assert done.code == 0
    assert done.err == ""
    assert done.out.startswith("starts at small: small is the default tier\n")
    assert "1. small: sim-small:3b (ollama, local)" in done.out
    assert "3. cloud: gpt-5-mini (openai, off this machine)" in done.out
    assert "[ ] secrets never leave" in done.out
    assert sim.connections == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("[cloud] hello there",), ("cloud", "prefix")),
        (("[cloud]", "hello", "there"), ("cloud", "prefix")),
        (("hello", "--tier", "large"), ("large", "option")),
        (("hello", "--action", "commit-message"), ("small", "rule")),
        (("hello", "-a", "review-file"), ("small", "action")),
        (("please PROVE", "it"), ("cloud", "rule")),
        (("improve", "it"), ("small", "default")),
        (("hello", "--language", "rust"), ("large", "rule")),
    ],
)
async def test_it_decides_as_asking_would(
    words: tuple[str, ...], expected: tuple[str, str], sim: Simulator, rung: Rung
) -> None:
    rules = """
[[rule]]
name = "proofs"
when = { words = ["prove"] }
tier = "cloud"
[[rule]]
name = "rust"
when = { language = "rust" }
tier = "large"
"""
    configure(sim.url, SETTINGS + rules)
    found = (await rung("route", "--json", *words)).json
    assert (found["tier"], found["by"]) == expected
    if expected[1] != "rule" or words[0] != "hello" or "-a" in words:
        return
    assert [rule["name"] for rule in found["rules"] if rule["matched"]] == [found["rule"]]


async def test_the_size_counts_every_character_once(sim: Simulator, rung: Rung) -> None:
    found = (await rung("route", "--json", "a" * 4000)).json
    assert found["tokens"] == 1150
    assert (await rung("route", "--json", feed="a" * 40_000)).json["tier"] == "cloud"


@pytest.mark.parametrize("words", [("--local",), ("-m", "sim-large:14b"), ("--tier", "cloud")])
async def test_whoever_is_left_out_is_named_with_the_reason(words: tuple[str, ...], sim: Simulator, rung: Rung) -> None:
    found = (await rung("route", "--json", "hello", *words)).json
    if words == ("--tier", "cloud"):
        assert [step["tier"] for step in found["plan"]] == ["cloud"]
        assert found["skipped"] == []
    else:
        assert found["skipped"]
        assert all(skipped["reason"] for skipped in found["skipped"])


@pytest.mark.parametrize("by", ["pipe", "file"])
async def test_a_pinned_path_in_a_diff_is_seen(by: str, sim: Simulator, rung: Rung, folder: Path) -> None:
    (folder / "change.diff").write_text(PIN_DIFF, encoding="utf-8")
    done = await (
        rung("route", "--json", feed=PIN_DIFF) if by == "pipe" else rung("route", "--json", "-f", "change.diff")
    )
    assert {"bound": "local", "from": 'rule "secrets never leave"'} in done.json["pins"]
    assert [step["tier"] for step in done.json["plan"]] == ["small", "large"]


async def test_a_missing_key_is_named(sim: Simulator, rung: Rung) -> None:
    found = (await rung("route", "--json", "hello", env=environment(OPENAI_API_KEY=None))).json
    assert [skipped["tier"] for skipped in found["skipped"]] == ["cloud"]
    assert "OPENAI_API_KEY" in found["skipped"][0]["reason"]


async def test_a_second_run_uses_the_cache_and_says_the_same(sim: Simulator, rung: Rung, home: Path) -> None:
    first = await rung("route", "--json", "hello")
    second = await rung("route", "--json", "hello")
    assert first == second
    # A file of another size is another file, whatever its clock says.
    configure(sim.url, SETTINGS.replace("large", "bigger"))
    assert [step["tier"] for step in (await rung("route", "--json", "hello")).json["plan"]] == [
        "small",
        "bigger",
        "cloud",
    ]


FORBIDDEN = (
    "pygls",
    "lsprotocol",
    "openai",
    "anthropic",
    "httpx2",
    "asyncio",
    "dataclasses",
    "typing",
    "argparse",
    "pathlib",
)


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("route", "hello")], ids=" ".join)
def test_the_fast_commands_import_nothing_slow(words: tuple[str, ...], folder: Path) -> None:
    script = (
        "import sys, io\nfrom rung.cli import main\nout, sys.stdout = sys.stdout, io.StringIO()\n"
        f"code = main({list(words)!r})\nassert code == 0, code\n"
        f"print([name for name in {FORBIDDEN!r} if name in sys.modules], file=out)"
    )

    def imported() -> str:
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=folder, env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    imported()  # the first run reads the settings from their files, and keeps what it read
    import os

    shipped = Path(__file__).resolve().parents[2] / "config/rung.toml"
    kept = list(Path(os.environ["RUNG_CACHE_DIR"]).glob("settings-*.json"))
    assert kept or words[0] != "route", f"{shipped} changed within the last tenth of a second"
    assert imported() == "[]\n"
