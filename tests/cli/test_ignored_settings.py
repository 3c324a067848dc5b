"""What an untrusted repository's settings would have done is said once, and in full where it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.command import Rung

from rung.sim.server import Simulator

THEIRS = """
default_tier = "large"
actions = ["ask"]
[[tier]]
name = "theirs"
[[tier.model]]
provider = "ollama"
[[rule]]
name = "a"
tier = "theirs"
[[rule]]
name = "b"
tier = "theirs"
[[rule]]
name = "c"
enabled = false
[budget]
per_day = 1000
"""


def say(repo: Path, text: str) -> None:
    (repo / ".rung").mkdir()
    (repo / ".rung" / "rung.toml").write_text(text, encoding="utf-8")


async def test_settings_without_effect_take_one_line(sim: Simulator, rung: Rung, repo: Path) -> None:
    say(repo, THEIRS)
    done = await rung("ask", "hello")
    assert done.code == 0
    assert done.err == (
        "rung: 7 settings of this repository have no effect until you say `rung trust` (`rung doctor` lists them).\n"
    )
    assert (await rung("route", "hello")).err == done.err
    assert (await rung("route", "--json", "hello")).err == done.err
    listed = (await rung("doctor")).out
    assert listed.count(" had no effect") == 5


async def test_each_is_named_where_more_is_asked_for(sim: Simulator, rung: Rung, repo: Path) -> None:
    say(repo, THEIRS)
    done = await rung("ask", "-v", "hello")
    assert done.code == 0
    assert done.err.count(" had no effect") == 5
    assert "settings of this repository" not in done.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('default_tier = "large"\n', "`default_tier` had no effect"),
        ("default_tier = \n", "rung.toml:1: This is not TOML"),
    ],
)
async def test_a_single_warning_is_said_as_it_is(sim: Simulator, rung: Rung, repo: Path, text: str, said: str) -> None:
    say(repo, text)
    done = await rung("ask", "hello")
    assert done.code == 0
    assert done.err.count("\n") == 1
    assert said in done.err
    assert "settings of this repository" not in done.err
