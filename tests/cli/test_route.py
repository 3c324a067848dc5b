"""``rung route``: says what ``rung ask`` would do, calls nobody, and imports next to nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import SETTINGS, Rung, configure, environment, git
from tests.cli.test_ask import PIN_DIFF

from rung.actions import catalogue
from rung.cli import route
from rung.sim.server import Simulator

KEYS = {"tier", "by", "rule", "pins", "tokens", "rules", "plan", "skipped"}


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
    assert "1. small: sim-small:3b (ollama, local, window 8192)" in done.out
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
    assert found["tokens"] == 1000
    assert (await rung("route", "--json", feed="a" * 40_000)).json["tier"] == "cloud"


async def test_rules_see_the_size_as_it_is_estimated_and_windows_more(sim: Simulator, rung: Rung) -> None:
    found = (await rung("route", "--json", feed="a" * 32_000)).json
    assert (found["tokens"], found["tier"]) == (8_000, "small")
    assert (await rung("route", "--json", feed="a" * 32_001)).json["tier"] == "cloud"
    found = (await rung("route", "--json", feed="a" * 22_000)).json
    assert found["tokens"] == 5_500
    # With 2,000 for the answer it would just fit by the estimate.
    assert "its window of 8192 tokens is too small" in [one["reason"] for one in found["skipped"]]


@pytest.mark.parametrize("words", [("--local",), ("-m", "sim-large:14b"), ("--tier", "cloud")])
async def test_whoever_is_left_out_is_named_with_the_reason(words: tuple[str, ...], sim: Simulator, rung: Rung) -> None:
    found = (await rung("route", "--json", "hello", *words)).json
    if words == ("--tier", "cloud"):
        assert [step["tier"] for step in found["plan"]] == ["cloud"]
        reason = "only tier cloud was asked for"
        assert [(one["tier"], one["reason"]) for one in found["skipped"]] == [("small", reason), ("large", reason)]
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


def a_repository(folder: Path, branch: str = "main") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "t.txt").write_text("text\n")
    (folder / "a.py").write_text("x = 1\n")
    git(folder, "init", "-q", "-b", branch)
    return folder


def pin(sim: Simulator, when: str) -> None:
    configure(sim.url, f'{SETTINGS}\n[[rule]]\nname = "pin"\nlocal = true\nwhen = {when}\n')


async def held_by(rung: Rung, *words: str, folder: Path | None = None, feed: str = "") -> bool:
    """Whether the pin holds for what would be asked."""
    found = (await rung("route", "--json", "hi", *words, folder=folder, feed=feed)).json
    return {"bound": "local", "from": 'rule "pin"'} in found["pins"]


@pytest.mark.process
@pytest.mark.parametrize(
    ("when", "words", "held"),
    [
        ('{ branch = "main" }', (), True),
        ('{ branch = "dev" }', (), False),
        ('{ not = { branch = "main" } }', (), False),
        ('{ not = { branch = "dev" } }', (), True),
        ('{ branch = "dev" }', ("-f", "../other/t.txt"), True),
        ('{ branch = "dev" }', ("-f", "link"), True),
        ('{ repository = "**/other" }', (), False),
        ('{ repository = "**/other" }', ("-f", "../other/t.txt"), True),
        ('{ repository = "**/other" }', ("-f", "link"), True),
        ('{ language = "python" }', ("-f", "a.py"), True),
        ('{ language = "python" }', ("-f", "t.txt"), False),
    ],
)
async def test_a_pin_by_branch_repository_or_language_goes_with_the_files(
    when: str, words: tuple[str, ...], sim: Simulator, rung: Rung, tmp_path: Path, *, held: bool
) -> None:
    here, other = a_repository(tmp_path / "here"), a_repository(tmp_path / "other", "dev")
    (here / "link").symlink_to(other / "t.txt")
    pin(sim, when)
    assert await held_by(rung, *words, folder=here) is held


@pytest.mark.process
@pytest.mark.parametrize(
    "when", ['{ path = "**/vault/**" }', '{ path = "~/secret/**" }', '{ repository = "~/secret" }']
)
async def test_a_pinned_folder_holds_where_we_are_in_it_by_any_of_its_names(
    when: str, sim: Simulator, rung: Rung, home: Path
) -> None:
    (home / "vault").mkdir()
    (home / "vault" / "plan.txt").write_text("first\nsecond\n", encoding="utf-8")
    (home / "secret").symlink_to(home / "vault")
    pin(sim, when)
    for words in ("route --json", "ask --json --show-prompt"):
        said = await rung.shell(f"cd {home}/secret && rung {words} -f plan.txt what is it")
        assert '"local"' in said.out.partition('"pins"')[2].partition("]")[0], said


@pytest.mark.process
@pytest.mark.parametrize(("glob", "held"), [("vault/**", True), ("vault/*.txt", True), ("inner/**", False)])
async def test_a_pinned_folder_of_a_repository_holds_for_who_asks_from_elsewhere(
    glob: str, sim: Simulator, rung: Rung, tmp_path: Path, *, held: bool
) -> None:
    outer = a_repository(tmp_path / "outer")
    inner = a_repository(outer / "vault")
    (inner / ".git").rename(outer / ".git" / "modules")
    (inner / ".git").write_text("gitdir: ../.git/modules/\n", encoding="utf-8")
    pin(sim, f'{{ path = "{glob}" }}')
    for folder, name in ((tmp_path, "outer/vault/t.txt"), (outer, "vault/t.txt"), (inner, "t.txt")):
        assert await held_by(rung, "-f", name, folder=folder) is held
        said = await rung("ask", "--json", "--show-prompt", "-f", name, "what is it", folder=folder)
        assert ('"local"' in said.out.partition('"pins"')[2].partition("]")[0]) is held, said


@pytest.mark.process
async def test_a_pin_by_language_sees_the_files_of_a_diff(sim: Simulator, rung: Rung) -> None:
    pin(sim, '{ language = "python" }')
    diff = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n"
    assert await held_by(rung, feed=diff)
    assert not await held_by(rung, feed=diff.replace(".py", ".go"))


@pytest.mark.process
@pytest.mark.parametrize(
    ("head", "branch_is_main", "not_main"),
    [
        ("ref: refs/heads/main\n", True, False),
        ("0" * 40 + "\n", False, True),
        ("ref: refs/heads/.invalid\n", True, True),
        (None, True, True),
    ],
    ids=["on it", "detached", "told by nobody", "gone"],
)
async def test_a_branch_that_cannot_be_read_is_unknown_and_pins_by_it_hold(
    head: str | None, sim: Simulator, rung: Rung, tmp_path: Path, *, branch_is_main: bool, not_main: bool
) -> None:
    here = a_repository(tmp_path / "here")
    if head is None:
        (here / ".git" / "HEAD").unlink()
    else:
        (here / ".git" / "HEAD").write_text(head)
    for when, held in (('{ branch = "main" }', branch_is_main), ('{ not = { branch = "main" } }', not_main)):
        pin(sim, when)
        assert await held_by(rung, folder=here) is held, when


@pytest.mark.process
async def test_the_branch_of_a_linked_work_tree_is_its_own(sim: Simulator, rung: Rung, tmp_path: Path) -> None:
    here = a_repository(tmp_path / "here")
    git(here, "commit", "-q", "--allow-empty", "-m", "first")
    git(here, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    pin(sim, '{ branch = "side" }')
    assert await held_by(rung, folder=tmp_path / "side")
    assert not await held_by(rung, folder=here)


async def test_a_missing_key_is_named(sim: Simulator, rung: Rung) -> None:
    found = (await rung("route", "--json", "hello", env=environment(OPENAI_API_KEY=None))).json
    assert [skipped["tier"] for skipped in found["skipped"]] == ["cloud"]
    assert "OPENAI_API_KEY" in found["skipped"][0]["reason"]


@pytest.mark.process
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
    shipped = Path(__file__).resolve().parents[2] / "config/rung.toml"
    kept = list(Path(os.environ["RUNG_CACHE_DIR"]).glob("settings-*.json"))
    assert kept or words[0] != "route", f"{shipped} changed within the last tenth of a second"
    assert imported() == "[]\n"


async def test_whom_the_budget_turns_away_is_left_out_with_the_reason(sim: Simulator, rung: Rung) -> None:
    configure(sim.url, f"{SETTINGS}\n[budget]\nper_day = 0.001\n")
    done = await rung("route", "[cloud] hello")
    assert done.code == 0
    assert "not cloud: gpt-5-mini: it may cost $" in done.out


@pytest.mark.process
async def test_every_bound_of_the_budget_is_a_pin_and_who_set_it_is_named(
    sim: Simulator, rung: Rung, repo: Path
) -> None:
    rule = '[[rule]]\nname = "cheap"\nbudget = 0.5\n'
    configure(sim.url, f"{SETTINGS}{rule}[budget]\nper_request = 0.25\nper_day = 2\nper_month = 20\n")
    (repo / ".rung").mkdir()
    (repo / ".rung/rung.toml").write_text("[budget]\nper_day = 0.5\nper_month = 20\n", encoding="utf-8")
    for _ in range(2):  # read from the files, then as it was kept
        done = await rung("route", "hello")
        assert [line for line in done.out.splitlines() if line.startswith("pin: ")] == [
            'pin: budget 0.5 (by rule "cheap")',
            "pin: budget 0.25 (by settings)",
            "pin: budget 0.5 a day (by workspace settings)",
            "pin: budget 20.0 a month (by settings)",
        ]
    shown = (await rung("ask", "hello", "--show-prompt", "--json")).json
    assert shown["pins"] == (await rung("route", "--json", "hello")).json["pins"]


def test_a_bare_question_may_have_as_long_an_answer_as_the_catalogue_says() -> None:
    assert catalogue.ASK.max_output == route.ASKED


def plan_and_pins(found: dict[str, Any]) -> dict[str, Any]:
    """What two explanations of one request must say alike."""
    steps = [{key: step[key] for key in ("tier", "model", "provider", "local")} for step in found["plan"]]
    return {key: found[key] for key in ("tier", "by", "rule", "pins", "skipped")} | {"plan": steps}


SMALL_BUDGET = "\n[budget]\nper_request = 0.0001\n"
SMALL_WINDOWS = SETTINGS.replace("context = 8192", "context = 2048")


@pytest.mark.process
@pytest.mark.parametrize("settings", [SETTINGS, SETTINGS + SMALL_BUDGET, SMALL_WINDOWS], ids=["", "budget", "window"])
@pytest.mark.parametrize(
    ("words", "asks"),
    [
        (("-a", "commit-message"), ("commit",)),
        (("-a", "commit-message", "in German"), ("commit", "in German")),
        (("-a", "explain-selection", "-f", "area.py:1-1"), ("explain", "area.py:1-1")),
        (("-a", "review-file", "-f", "area.py"), ("review", "area.py")),
        (("-f", "long.txt", "Why?"), ("ask", "-f", "long.txt", "Why?")),
        (("-f", "long.txt", "[cloud] Why?"), ("ask", "-f", "long.txt", "[cloud] Why?")),
        (("Why?", "--tier", "large"), ("ask", "Why?", "--tier", "large")),
    ],
    ids=str,
)
async def test_it_says_what_would_be_done(  # noqa: PLR0917 - half of them are fixtures
    settings: str, words: tuple[str, ...], asks: tuple[str, ...], sim: Simulator, rung: Rung, repo: Path
) -> None:
    configure(sim.url, settings)
    (repo / "long.txt").write_text("a word and another\n" * 700, encoding="utf-8")
    (repo / "secrets").mkdir()
    (repo / "secrets" / "a.pem").write_text("nothing secret\n", encoding="utf-8")
    git(repo, "add", "secrets")
    shown = (await rung(*asks, "--show-prompt", "--json")).json
    said = (await rung("route", "--json", *words)).json
    expected = plan_and_pins(shown)
    if "--tier" in words:
        # Whom the person left out is no news to them who asked.
        assert [one["tier"] for one in said["skipped"]] == ["small", "cloud"]
        expected["skipped"] = said["skipped"]
    assert plan_and_pins(said) == expected
    assert ("local" in [pin["bound"] for pin in said["pins"]]) == (asks[0] == "commit")
    assert sim.connections == 0


@pytest.mark.process
@pytest.mark.parametrize(
    "cloud",
    ["\n[budget]\nper_day = 0\n", "\n[budget]\nper_request = 0\n"],
)
async def test_whom_a_long_prompt_is_cut_for_where_the_cloud_may_not_be_paid(
    cloud: str, sim: Simulator, rung: Rung, folder: Path
) -> None:
    configure(sim.url, SMALL_WINDOWS + cloud)
    (folder / "long.txt").write_text("a word and another\n" * 4000, encoding="utf-8")
    said = (await rung("route", "--json", "-f", "long.txt", "Why?")).json
    shown = (await rung("ask", "-f", "long.txt", "Why?", "--show-prompt", "--json")).json
    done = (await rung("ask", "-f", "long.txt", "Why?", "--json")).json
    assert plan_and_pins(said) == plan_and_pins(shown)
    assert [step["tier"] for step in said["plan"]] == ["large", "small"]
    assert [one["tier"] for one in said["skipped"]] == ["cloud"]
    assert (shown["to"]["tier"], done["receipt"]["tier"]) == ("large", "large")
    assert shown["left_out"]
    assert shown["left_out"] == done["receipt"]["left_out"]


@pytest.mark.parametrize("share", [0.9, 0.99, 1.01, 1.1, 1.2])
async def test_what_a_question_may_cost_is_the_same_before_and_while_it_is_asked(
    share: float, sim: Simulator, rung: Rung, folder: Path
) -> None:
    (folder / "long.txt").write_text("a word and another\n" * 1000, encoding="utf-8")
    asks = ("-f", "long.txt", "[cloud] Why?")
    priced = SETTINGS.replace('model = "gpt-5-mini"', 'model = "gpt-5-mini"\nprice = { input = 1.0, output = 0.0 }')
    configure(sim.url, f"{priced}\n[budget]\nper_request = 0.0001\n")
    (left_out,) = [one["reason"] for one in (await rung("route", "--json", *asks)).json["skipped"]]
    worst = float(left_out.partition("$")[2].split()[0].rstrip(","))
    configure(sim.url, f"{priced}\n[budget]\nper_request = {worst * share:.5f}\n")
    said = (await rung("route", "--json", *asks)).json
    shown = (await rung("ask", *asks, "--show-prompt", "--json")).json
    done = (await rung("ask", *asks, "--json")).json
    expected = "cloud" if share > 1 else "large"
    assert (said["plan"][0]["tier"], shown["to"]["tier"], done["receipt"]["tier"]) == (expected,) * 3


async def test_who_gets_a_shorter_prompt_if_all_others_fail_is_told(sim: Simulator, rung: Rung, folder: Path) -> None:
    configure(sim.url, SMALL_WINDOWS)
    (folder / "long.txt").write_text("a word and another\n" * 4000, encoding="utf-8")
    lines = (await rung("route", "-f", "long.txt", "[cloud] Why?")).out.splitlines()
    why = "tokens is too small; with a shorter prompt if all others fail"
    assert [line.split(":")[0].strip() for line in lines if line.endswith(why)] == ["not large", "not small"]


async def test_an_action_without_anything_to_look_at_is_explained_all_the_same(rung: Rung, sim: Simulator) -> None:
    done = await rung("route", "-a", "commit-message")
    assert done.code == 0
    assert done.err.startswith("rung: explained without what commit-message looks at: ")
    assert done.out.startswith('starts at small: rule "commit messages stay small"')
    done = await rung("route", "-a", "nothing-like-that")
    assert done.code == 2
    assert "There is no action 'nothing-like-that'." in done.err


@pytest.mark.process
async def test_a_file_that_is_left_unread_is_refused_as_asking_would(rung: Rung, sim: Simulator, folder: Path) -> None:
    (folder / ".rungignore").write_text("own.txt\n", encoding="utf-8")
    (folder / "own.txt").write_text("mine\n", encoding="utf-8")
    for words in (("-f", "own.txt", "Why?"), ("-a", "review-file", "-f", "own.txt")):
        done = await rung("route", *words)
        assert (done.code, done.out) == (1, "")
        assert "own.txt is not read: .rungignore says so." in done.err


STATES = '[[rule]]\nname = "small is away"\nwhen.health = { small = "down" }\ntier = "large"\n'


@pytest.mark.process
async def test_a_rule_about_a_tier_s_state_is_decided_by_how_its_server_is(rung: Rung, sim: Simulator) -> None:
    configure(sim.url, SETTINGS + STATES)
    for command in (("route",), ("ask", "--show-prompt"), ("route", "-a", "commit-message")):
        found = (await rung(*command, "--json", "hello")).json
        assert (found["tier"], found["rule"] == "small is away") == ("small", False)
    gone = SETTINGS.replace("{url}", "http://127.0.0.1:1", 1)
    configure(sim.url, gone + STATES)
    for command in (("route",), ("ask", "--show-prompt")):
        found = (await rung(*command, "--json", "hello")).json
        assert (found["tier"], found["rule"]) == ("large", "small is away")
    answered = (await rung("ask", "--json", "hello")).json["receipt"]
    assert (answered["tier"], answered["by"], answered["escalated_from"]) == ("large", "rule", None)
    # Nobody was asked anything but what there is.
    assert {seen.path for seen in sim.log} <= {"/api/tags", "/api/ps", "/api/chat"}
    assert [body["model"] for body in (seen.body for seen in sim.log) if body and body["messages"]] == ["sim-large:14b"]


def prices(home: Path) -> Path:
    return home / ".cache/rung/prices.json"


@pytest.mark.process
async def test_prices_are_looked_up_once_a_day(rung: Rung, sim: Simulator, home: Path) -> None:
    configure(sim.url, SETTINGS + "\n[budget]\nper_request = 0.02\n")
    first = await rung("route", "hello")
    kept = prices(home).read_text(encoding="utf-8")
    assert [*json.loads(kept)["models"]] == [f"openai {sim.url}/openai/v1 gpt-5-mini "]
    assert (await rung("route", "hello")).out == first.out
    assert "3. cloud: gpt-5-mini" in first.out
    # What is dear is dear for whoever remembers the price, too.
    long = "a word or two " * 8000
    assert "not cloud: gpt-5-mini: it may cost $0.0" in (await rung("route", feed=long)).out
    for broken in ("{", "[]", kept.replace('"in"', '"on"'), kept.replace('"models": {', '"models": {"x": 1, ')):
        prices(home).write_text(broken, encoding="utf-8")
        assert (await rung("route", "hello")).out == first.out
