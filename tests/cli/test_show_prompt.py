"""``--show-prompt``: word for word what is sent, and where, while nothing is."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import SETTINGS, Ran, Rung, configure, environment, git

from rung.settings import places
from rung.sim.server import Simulator

pytestmark = pytest.mark.process

LONG = "\n".join(f"def function_{number}(argument):\n    return argument + {number}\n" for number in range(1500))
"""Two questions' worth of a file."""


def sent(sim: Simulator) -> list[dict[str, Any]]:
    """The bodies of all questions that reached the server."""
    return [seen.body for seen in sim.log if seen.body and seen.body.get("messages")]


def told(shown: Ran) -> list[dict[str, Any]]:
    """What ``--show-prompt --json`` says, one object for each question."""
    assert shown.code == 0, shown.err
    first = shown.json
    return [first, *first["more"]]


COMMANDS = {
    "ask": ("ask", "What is a\u00a0queue? \u4f60\u597d"),
    "ask with a system": ("ask", "-s", "Be brief.", "-f", "area.py", "--max-output", "77", "Why?"),
    "explain": ("explain", "area.py:1-2", "what for?"),
    "review": ("review", "area.py"),
    "review in pieces": ("review", "long.py"),
    "review of files": ("review", "area.py", "other.py"),
    "commit": ("commit", "in German"),
}
TIERS = {"small": "/api/chat", "cloud": "/openai/v1/chat/completions", "claude": "/anthropic/v1/messages"}
CLAUDE = """
[[tier]]
name = "claude"
[[tier.model]]
provider = "anthropic"
model = "claude-haiku-4-5"
url = "{url}/anthropic"
key = "OPENAI_API_KEY"
local = false
[budget]
per_request = inf
per_day = inf
"""


@pytest.fixture
def work(repo: Path) -> Path:
    (repo / "other.py").write_text("import os\n", encoding="utf-8")
    (repo / "long.py").write_text(LONG, encoding="utf-8")
    (repo / "area.py").write_text("def area(side):\n    return side * side  # \u00b2\n", encoding="utf-8")
    git(repo, "add", "area.py")
    return repo


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("command", COMMANDS)
async def test_what_is_shown_is_word_for_word_what_is_sent(
    sim: Simulator, rung: Rung, work: Path, tier: str, command: str
) -> None:
    configure(sim.url, SETTINGS + CLAUDE)
    words = [*COMMANDS[command], "--tier", tier]
    shown = told(await rung(*words, "--show-prompt", "--json"))
    assert sim.log == []
    await rung(*words, "--json")
    bodies = sent(sim)
    # Bytes of one form on both sides: what is equal there is equal in every letter.
    assert [_bytes(_body_of(one)) for one in shown] == [_bytes(body) for body in bodies]
    assert [one["to"]["tier"] for one in shown] == [tier] * len(bodies)
    paths = [seen.path for seen in sim.log if seen.body and seen.body.get("messages")]
    assert paths == [TIERS[tier]] * len(bodies)
    assert all(one["to"]["url"] == sim.url + TIERS[tier] for one in shown)
    assert (len(bodies) > 1) == (command in {"review in pieces", "review of files"})


def _bytes(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False).encode()


def _body_of(one: dict[str, Any]) -> dict[str, Any]:
    """The body as it must be sent, put together from what was shown."""
    messages = one["messages"]
    body = {"model": one["to"]["model"], **one["options"]}
    if one["to"]["provider"] == "anthropic":
        system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
        body |= {"system": system} if system else {}
        messages = [message for message in messages if message["role"] != "system"]
    return {**body, "messages": messages}


async def test_people_are_shown_where_it_goes_what_it_says_and_with_what(
    rung: Rung, sim: Simulator, work: Path
) -> None:
    shown = await rung("ask", "-s", "Be brief.", "[local] Why?", "--show-prompt")
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[:2] == [
        f"to: tier small, model sim-small:3b at {sim.url}/api/chat (local)",
        "then: large (sim-large:14b)",
    ]
    assert "pin: local (by prefix)" in lines
    assert any(line.startswith('options: {"stream": true') and '"num_ctx": 8192' in line for line in lines)
    assert shown.out.endswith("--- system\nBe brief.\n--- user\nWhy?\n")
    assert sim.log == []


async def test_a_place_off_this_machine_is_called_so(rung: Rung, sim: Simulator) -> None:
    shown = await rung("ask", "[cloud] Why?", "--show-prompt")
    assert shown.out.startswith(
        f"to: tier cloud, model gpt-5-mini at {sim.url}/openai/v1/chat/completions (off this machine)\n"
    )


async def test_a_schema_is_shown(rung: Rung, sim: Simulator, work: Path) -> None:
    shown = await rung("review", "area.py", "--show-prompt")
    assert '"format": {"type": "object"' in shown.out


async def test_what_is_left_out_and_what_is_taken_out_are_named(rung: Rung, sim: Simulator, work: Path) -> None:
    (work / "big.txt").write_text("line of text that is rather long\n" * 3000, encoding="utf-8")
    (shown,) = told(await rung("ask", "-f", "big.txt", "Why?", "--tier", "small", "--show-prompt", "--json"))
    assert shown["left_out"][0]["path"] == "big.txt"
    assert "are left out]" in shown["messages"][-1]["content"]
    key = "AKIA" + "Q3EGR7XIYB2KNVZT"
    (work / "conf.py").write_text(f'aws_key = "{key}"\n', encoding="utf-8")
    (shown,) = told(await rung("ask", "-f", "conf.py", "Why?", "--tier", "cloud", "--show-prompt", "--json"))
    assert sum(one["count"] for one in shown["redacted"]) == 1
    assert key not in json.dumps(shown)


async def test_an_unresolved_auto_stays_auto_and_no_server_is_needed(rung: Rung) -> None:
    configure("http://127.0.0.1:1", SETTINGS.replace('"sim-small:3b"', '"auto"'))
    shown = await rung("ask", "Why?", "--show-prompt")
    assert shown.out.startswith("to: tier small, model auto at http://127.0.0.1:1/api/chat (local)\n")


async def test_nothing_is_written_down(rung: Rung, sim: Simulator, home: Path) -> None:
    await rung("ask", "[cloud] Why?", "--show-prompt")
    ledger = places.state_folder() / "ledger.sqlite3"
    if ledger.exists():
        connection = sqlite3.connect(ledger)
        assert connection.execute("SELECT count(*) FROM request").fetchone() == (0,)
        connection.close()


async def test_who_would_not_be_asked_is_said_with_the_reason(rung: Rung, sim: Simulator) -> None:
    shown = await rung("ask", "Why?", "--tier", "cloud", "--show-prompt", env=environment(OPENAI_API_KEY=None))
    assert shown.code == 1
    assert shown.out == ""
    first, second = shown.err.splitlines()
    assert first == "rung: There is no model to ask."
    assert second.strip().startswith("cloud (gpt-5-mini) would not be asked: Set OPENAI_API_KEY")


async def test_an_answer_without_a_model_goes_to_nobody(rung: Rung, sim: Simulator, work: Path) -> None:
    shown = await rung("commit", "--tier", "builtin", "--show-prompt")
    assert shown.out.startswith("to: nobody, Rung answers without a model\n")
    (found,) = told(await rung("commit", "--tier", "builtin", "--show-prompt", "--json"))
    assert (found["to"], found["messages"]) == (None, [])


async def test_neither_an_editor_nor_a_hook_gets_to_do_anything(rung: Rung, sim: Simulator, work: Path) -> None:
    before = git(work, "log", "--oneline")
    assert (await rung("commit", "--edit", "--show-prompt")).out.startswith("to: tier small")
    message = work / ".git" / "COMMIT_EDITMSG"
    message.write_text("\n# Please enter\n", encoding="utf-8")
    assert (await rung("commit", "--hook", str(message), "--show-prompt")).out.startswith("to: tier small")
    assert message.read_text(encoding="utf-8") == "\n# Please enter\n"
    assert git(work, "log", "--oneline") == before
    assert sim.log == []
