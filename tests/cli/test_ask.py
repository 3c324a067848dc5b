"""``rung ask``: where its prompt comes from, which model answers, and how the answer comes out."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from pathlib import Path

import pytest
from tests.cli.command import KEY, SETTINGS, Rung, configure, environment, git, prompt_of, questions

from rung.privacy.destination import forbidden
from rung.routing.plan import Known, plan
from rung.settings.values import Settings, Tier
from rung.sim.models import SimModel
from rung.sim.server import Simulator
from rung.types.decision import Decision, Pin
from rung.types.model import Model

pytestmark = pytest.mark.process

SMALL, LARGE, CLOUD = "sim-small:3b", "sim-large:14b", "gpt-5-mini"


async def test_the_answer_alone_goes_into_a_pipe(sim: Simulator, rung: Rung) -> None:
    done = await rung("ask", "What is a ladder?")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Simulated answer of sim-small:3b")
    assert done.out.count("\n") == 1
    assert prompt_of(sim) == "What is a ladder?"


async def test_several_words_are_one_prompt_even_with_options_among_them(sim: Simulator, rung: Rung) -> None:
    done = await rung("ask", "what", "is", "--tier", "large", "this")
    assert done.code == 0
    assert f"answer of {LARGE}" in done.out
    assert prompt_of(sim) == "what is this"


@pytest.mark.parametrize("words", [(), ("-",)], ids=["no prompt", "a lone dash"])
async def test_piped_text_alone_is_the_prompt(words: tuple[str, ...], sim: Simulator, rung: Rung) -> None:
    done = await rung("ask", *words, feed="Why is the sky blue?\n")
    assert done.code == 0
    assert prompt_of(sim).strip() == "Why is the sky blue?"


@pytest.mark.parametrize(("prefix", "model"), [("[local]", SMALL), ("[heavy]", LARGE), ("[cloud]", CLOUD)])
async def test_a_prefix_of_piped_text_counts_and_is_taken_off(
    prefix: str, model: str, sim: Simulator, rung: Rung
) -> None:
    done = await rung("ask", "--show-prompt", "--json", feed=f"{prefix} my private note\n")
    assert done.json["to"]["model"] == model
    assert [message["content"].strip() for message in done.json["messages"]] == ["my private note"]
    routed = (await rung("route", "--json", feed=f"{prefix} my private note\n")).json
    assert (routed["tier"], routed["by"]) == (done.json["tier"], done.json["by"])
    assert ("local" in [pin["bound"] for pin in routed["pins"]]) == (prefix == "[local]")


async def test_piped_text_that_begins_with_local_never_leaves(sim: Simulator, rung: Rung) -> None:
    for failing in (SMALL, LARGE):
        sim.fail("status", times=None, model=failing)
    done = await rung("ask", feed="[local] my private note\n")
    assert done.code == 1
    assert "pinned to this machine" in done.err
    assert CLOUD not in [asked for asked, _ in questions(sim)]


async def test_words_of_rules_are_looked_for_in_piped_text(sim: Simulator, rung: Rung) -> None:
    configure(sim.url, SETTINGS + '[[rule]]\nname = "notes"\nwhen.words = ["private note"]\nlocal = true\n')
    for command in ("route", "ask"):
        show = () if command == "route" else ("--show-prompt",)
        found = (await rung(command, "--json", *show, feed="my private note\n")).json
        assert {"bound": "local", "from": 'rule "notes"'} in found["pins"]


async def test_a_long_text_piped_in_alone_is_shortened_to_fit(sim: Simulator, rung: Rung) -> None:
    done = await rung("ask", "--tier", "small", "--json", feed="all work and no play\n" * 4_000)
    assert done.code == 0
    assert [one["path"] for one in done.json["receipt"]["left_out"]] == ["instruction"]
    assert "lines are left out" in prompt_of(sim)


WORK = "all work and no play\n" * 2_000
"""About 10,000 tokens."""


async def test_a_text_goes_whole_to_the_next_tier_where_a_model_was_trained_for_a_smaller_window(rung: Rung) -> None:
    async with Simulator([SimModel(SMALL, max_context=4096), SimModel(LARGE, parameters=14e9)]) as sim:
        off = '[[rule]]\nname = "long prompts go to the cloud"\nenabled = false\n'
        configure(sim.url, SETTINGS.replace("8192", "16384") + off)
        done = await rung("ask", "-v", "Summarise this", feed=WORK)
        assert done.out.startswith(f"Simulated answer of {LARGE}")
        assert f"escalated from small ({SMALL}): The whole prompt and its answer may need " in done.err
        assert "left out" not in done.err
        assert prompt_of(sim).count("all work") == 2000


async def test_what_was_left_out_of_a_prompt_is_said_behind_the_answer(sim: Simulator, rung: Rung) -> None:
    done = await rung("ask", "--tier", "small", "Summarise this", feed=WORK)
    assert done.out.startswith(f"Simulated answer of {SMALL}")
    said = re.fullmatch(r"rung: left out of the prompt: attached: the last (\d+) of 2000 lines\n", done.err)
    assert said
    assert f"[the last {said[1]} of 2000 lines are left out]" in prompt_of(sim)


async def test_of_much_that_was_left_out_only_some_is_named_without_verbose(
    sim: Simulator, rung: Rung, repo: Path
) -> None:
    for number in range(8):
        (repo / f"{number}.lock").write_bytes(b"\0")
    git(repo, "add", ".")
    done = await rung("commit", "--tier", "small")
    *named, more = done.err.splitlines()
    assert named == [f"rung: left out of the prompt: {number}.lock: a binary file" for number in range(5)]
    assert more == "rung: ... and 3 more (`--verbose` names them)."


async def test_a_prompt_and_piped_text_are_both_used(sim: Simulator, rung: Rung) -> None:
    assert (await rung("ask", "Is this safe?", feed="rm -rf build\n")).code == 0
    assert "Is this safe?" in prompt_of(sim)
    assert "rm -rf build" in prompt_of(sim)


async def test_every_file_goes_along_under_its_name(sim: Simulator, rung: Rung, folder: Path) -> None:
    (folder / "one.py").write_text("first = 1\n", encoding="utf-8")
    (folder / "two words.py").write_text("second = 2\n", encoding="utf-8")
    done = await rung("ask", "Compare", "--file", "one.py", "-f", "two words.py", "--file", "-", feed="third = 3\n")
    assert done.code == 0
    for piece in ("one.py:", "first = 1", "two words.py:", "second = 2", "third = 3"):
        assert piece in prompt_of(sim)


@pytest.mark.parametrize("link", ["notes.own", "mine/notes.txt", "mine/folder/notes.txt"])
async def test_a_file_is_pinned_by_the_name_of_the_link_it_is_reached_by(
    link: str, sim: Simulator, rung: Rung, folder: Path
) -> None:
    linked(folder, link)
    pinned = '[[rule]]\nname = "kept here"\nwhen.path = ["*.own", "mine/**"]\nlocal = true\n'
    configure(sim.url, SETTINGS + pinned)
    refused = await rung("ask", "--tier", "cloud", "-f", link, "Is this fine?")
    assert refused.code == 1
    assert 'pinned to this machine by rule "kept here"' in refused.err
    assert sim.connections == 0
    assert 'pin: local (by rule "kept here")' in (await rung("route", "--file", link, "Is this fine?")).out
    assert (await rung("ask", "-f", link, "Is this fine?")).code == 0
    assert prompt_of(sim).count("first = 1") == 1
    assert "plain/notes.txt:" in prompt_of(sim)
    assert link not in prompt_of(sim)


@pytest.mark.parametrize("link", ["notes.own", "mine/notes.txt", "mine/folder/notes.txt"])
async def test_a_file_is_left_unread_by_the_name_of_the_link_it_is_reached_by(
    link: str, sim: Simulator, rung: Rung, folder: Path
) -> None:
    linked(folder, link)
    (folder / ".rungignore").write_text("*.own\nmine/\n", encoding="utf-8")
    done = await rung("ask", "-f", link, "Is this fine?")
    assert done.code == 1
    assert f"{link} is not read: .rungignore says so." in done.err
    assert sim.connections == 0


def linked(folder: Path, link: str) -> None:
    """``plain/notes.txt``, and a link to it, or to its folder."""
    (folder / ".git").mkdir()
    for name in ("plain", "mine"):
        (folder / name).mkdir()
    (folder / "plain/notes.txt").write_text("first = 1\n", encoding="utf-8")
    at = folder / (link if "folder" not in link else "mine/folder")
    at.symlink_to(folder / "plain" if "folder" in link else folder / "plain/notes.txt")


async def test_the_system_text_is_a_message_of_its_own(sim: Simulator, rung: Rung) -> None:
    assert (await rung("ask", "hello", "--system", "Answer in German.")).code == 0
    assert sim.log[-1].body["messages"][0] == {"role": "system", "content": "Answer in German."}


async def test_how_long_the_answer_may_be_reaches_the_model(sim: Simulator, rung: Rung) -> None:
    await rung("ask", "hello", "--max-output", "123")
    assert (
        next(seen for seen in sim.log if seen.body and seen.body.get("messages")).body["options"]["num_predict"] == 123
    )


@pytest.mark.parametrize(
    ("words", "model"),
    [
        (("--tier", "large"), LARGE),
        (("--tier", "tier2"), LARGE),
        (("--tier", "cloud"), CLOUD),
        (("-m", LARGE), LARGE),
        (("--model", CLOUD), CLOUD),
        (("--local",), SMALL),
        (("[local]",), SMALL),
        (("[heavy]",), LARGE),
        (("[tier2]",), LARGE),
        (("[large]",), LARGE),
        (("[cloud]",), CLOUD),
        (("[TIER3]",), CLOUD),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
async def test_the_person_chooses_who_answers(words: tuple[str, ...], model: str, sim: Simulator, rung: Rung) -> None:
    done = await rung("ask", *words, "hello")
    assert done.code == 0
    assert f"answer of {model}" in done.out
    assert [asked for asked, _ in questions(sim)] == [model]


async def test_a_prefix_is_taken_off_before_the_model_sees_the_prompt(sim: Simulator, rung: Rung) -> None:
    await rung("ask", "[heavy] hello")
    assert prompt_of(sim) == "hello"


async def test_a_bracket_that_names_no_tier_stays_in_the_prompt(sim: Simulator, rung: Rung) -> None:
    await rung("ask", "[WIP] hello")
    assert prompt_of(sim) == "[WIP] hello"


async def test_verbose_says_who_answered_and_why_on_stderr(sim: Simulator, rung: Rung) -> None:
    done = await rung("ask", "-v", "--tier", "large", "hello")
    assert done.out.startswith("Simulated answer")
    assert f"large ({LARGE})" in done.err
    assert "tokens" in done.err
    assert "$0" in done.err
    assert "[simulated]" in done.err
    assert "why: tier large was asked for" in done.err


async def test_verbose_says_why_it_climbed(sim: Simulator, rung: Rung) -> None:
    sim.fail("refusal", model=SMALL)
    done = await rung("ask", "-v", "hello")
    assert done.code == 0
    assert f"answer of {LARGE}" in done.out
    assert f"escalated from small ({SMALL})" in done.err


async def test_json_is_one_object_with_the_whole_receipt(sim: Simulator, rung: Rung) -> None:
    done = await rung("ask", "--json", "--tier", "cloud", "hello")
    assert done.code == 0
    assert done.err == ""
    assert set(done.json) == {"outcome", "text", "receipt"}
    receipt = done.json["receipt"]
    assert list(receipt) == [
        "id", "action", "tier", "model", "provider", "local", "by", "rule", "why", "escalated_from", "builtin",
        "simulated", "degraded", "calls", "tokens_in", "tokens_out", "cost_usd", "total_ms", "left_out", "redacted",
        "not_asked", "skipped",
    ]  # fmt: skip
    (attempt,) = receipt["calls"][0]["attempts"]
    assert set(attempt) == {
        "tier", "model", "provider", "outcome", "reason", "queued_ms", "first_content_ms", "total_ms", "tokens_in",
        "tokens_out", "estimated", "cost_usd",
    }  # fmt: skip
    assert (receipt["by"], receipt["tier"], receipt["local"], receipt["simulated"]) == ("option", "cloud", False, True)
    assert attempt["outcome"] == "ok"
    assert receipt["cost_usd"] > 0


async def test_a_second_try_in_the_same_tier_is_no_escalation(sim: Simulator, rung: Rung) -> None:
    sim.fail("reset-before-headers", model=SMALL)
    receipt = (await rung("ask", "--json", "hello")).json["receipt"]
    tried = [(attempt["tier"], attempt["outcome"] == "ok") for attempt in receipt["calls"][0]["attempts"]]
    assert tried == [("small", False), ("small", True)]
    assert (receipt["tier"], receipt["escalated_from"]) == ("small", None)


async def test_an_escalation_is_from_the_first_tier_that_failed(sim: Simulator, rung: Rung) -> None:
    sim.fail("refusal", model=SMALL)
    sim.fail("reset-before-headers", model=LARGE)
    receipt = (await rung("ask", "--json", "hello")).json["receipt"]
    tried = [(attempt["tier"], attempt["outcome"] == "ok") for attempt in receipt["calls"][0]["attempts"]]
    assert tried == [("small", False), ("large", False), ("large", True)]
    assert (receipt["tier"], receipt["escalated_from"]) == ("large", "small")


PASSED_ON = (
    "is passed on to another machine (remote_host), and {who} pins this request to this one: "
    "name a model that is installed here"
)


async def test_a_pinned_request_hears_that_the_model_here_is_passed_on(rung: Rung) -> None:
    far = [SimModel(name, remote_host="https://ollama.com:443") for name in (SMALL, LARGE)]
    async with Simulator(far) as sim:
        configure(sim.url)
        done = await rung("ask", "--local", "hello")
        assert [exchange.path for exchange in sim.log if exchange.method == "POST"] == []
    assert done.code == 1
    for name in (SMALL, LARGE):
        assert f"{name} {PASSED_ON.format(who='the caller')}.\n" in done.err
    assert "pinned to this machine by the caller.\n" in done.err


def test_plan_and_last_word_say_the_same_of_a_model_that_is_passed_on() -> None:
    here = Model("ollama", SMALL, "http://127.0.0.1:11434", local=True)
    cloud = Model("openai", CLOUD, local=False)
    settings = Settings((Tier("small", (here,)), Tier("cloud", (cloud,))))
    decision = Decision("small", "option", None, "w", (Pin("local", "option"),), local=True)
    skipped = plan(decision, settings, lambda model: Known(remote=model is here)).skipped
    assert [one.reason for one in skipped] == [
        f"{SMALL} {PASSED_ON.format(who='option')}",
        "pinned to this machine by option",
    ]
    assert [forbidden(decision, model) for model in (here.replace(local=False), cloud, here)] == [
        *(one.reason for one in skipped),
        None,
    ]


async def test_json_holds_an_error_with_its_receipt_in_one_object(sim: Simulator, rung: Rung) -> None:
    sim.fail("status", times=None)
    done = await rung("ask", "--json", "hello")
    assert done.code == 1
    assert set(done.json) == {"error", "receipt"}
    assert done.json["error"]["code"] == "no-answer"
    tried = [attempt["tier"] for attempt in done.json["receipt"]["calls"][0]["attempts"]]
    assert list(dict.fromkeys(tried)) == ["small", "large", "cloud"]


async def test_a_diff_piped_in_gets_a_commit_message(sim: Simulator, rung: Rung, repo: Path) -> None:
    (repo / "area.py").write_text("def area(width, height):\n    return abs(width * height)\n", encoding="utf-8")
    git(repo, "commit", "-qam", "Second")
    done = await rung.shell('git diff HEAD~1 | rung ask "Write a commit message for this diff"')
    assert done.code == 0
    assert "area" in done.out.splitlines()[0]
    assert "return abs(width * height)" in prompt_of(sim)


PIN_DIFF = (
    "diff --git a/secrets/x.pem b/secrets/x.pem\nindex 1..2 100644\n--- a/secrets/x.pem\n+++ b/secrets/x.pem\n"
    "@@ -1 +1 @@\n-old\n+new\n"
)


async def test_a_diff_of_a_secret_is_not_sent_to_the_cloud(sim: Simulator, rung: Rung, repo: Path) -> None:
    (repo / "secrets").mkdir()
    (repo / "secrets/x.pem").write_text("-----BEGIN\n", encoding="utf-8")
    git(repo, "add", ".")
    done = await rung.shell('git diff --cached | rung ask --tier cloud "Write a commit message"')
    assert done.code == 1
    assert 'pinned to this machine by rule "secrets never leave"' in done.err
    assert sim.connections == 0


@pytest.mark.parametrize("source", ["file", "pipe", "prefix"])
async def test_a_pin_holds_however_the_diff_comes_in(source: str, sim: Simulator, rung: Rung, folder: Path) -> None:
    (folder / "change.diff").write_text(PIN_DIFF, encoding="utf-8")
    match source:
        case "file":
            done = await rung("ask", "--tier", "cloud", "--file", "change.diff", "Is this fine?")
        case "pipe":
            done = await rung("ask", "-m", CLOUD, "Is this fine?", feed=PIN_DIFF)
        case _:
            sim.fail("status", times=None, model=SMALL)
            sim.fail("status", times=None, model=LARGE)
            done = await rung("ask", "[cloud] Is this fine?", feed=PIN_DIFF)
    assert done.code == 1
    assert "secrets never leave" in done.err
    assert not [path for _, path in questions(sim) if path.startswith("/openai")]


@pytest.mark.parametrize("prompt", [(), ("Is this fine?",)], ids=["alone", "with a prompt"])
async def test_a_diff_keeps_its_pins_and_loses_what_is_kept_out_with_and_without_a_prompt(
    prompt: tuple[str, ...], sim: Simulator, rung: Rung, repo: Path
) -> None:
    (repo / ".rungignore").write_text("kept.py\n", encoding="utf-8")
    feed = PIN_DIFF + PIN_DIFF.replace("secrets/x.pem", "kept.py").replace("+new", "+canary_9f2c")
    refused = await rung("ask", "--tier", "cloud", *prompt, feed=feed)
    assert (refused.code, sim.connections) == (1, 0)
    assert 'pinned to this machine by rule "secrets never leave"' in refused.err
    assert 'pin: local (by rule "secrets never leave")' in (await rung("route", *prompt, feed=feed)).out
    done = await rung("ask", "--json", *prompt, feed=feed)
    assert done.json["receipt"]["left_out"] == [{"path": "kept.py", "why": ".rungignore"}]
    assert "+new" in prompt_of(sim)
    assert "canary_9f2c" not in prompt_of(sim)


@pytest.fixture
def below(repo: Path) -> Path:
    """A folder with a ``.rungignore`` of its own and three staged files: left unread, pinned, and neither."""
    found = repo / "keep"
    found.mkdir()
    (found / ".rungignore").write_text("n2.py\n", encoding="utf-8")
    for name, text in (("n2.py", "canary_9f2c = 1"), ("mine.py", "mine = 1"), ("open.py", "opened = 1")):
        (found / name).write_text(f"{text}\n", encoding="utf-8")
    git(repo, "add", "keep")
    return found


MADE = ["git diff --cached --relative", "git -c diff.relative=true diff --cached", "git diff --cached"]


@pytest.mark.parametrize("how", ["pipe", "pipe alone", "file"])
@pytest.mark.parametrize("made", MADE)
async def test_a_diff_made_below_the_top_loses_what_is_kept_out(
    made: str, how: str, *, sim: Simulator, rung: Rung, below: Path
) -> None:
    ask = {
        "pipe": f"{made} | rung ask --json 'Is this fine?'",
        "pipe alone": f"{made} | rung ask --json",
        "file": f"{made} > ../change.diff; rung ask --json -f ../change.diff 'Is this fine?'",
    }
    done = await rung.shell(f"cd keep; {ask[how]}")
    assert done.code == 0
    (left_out,) = done.json["receipt"]["left_out"]
    assert left_out["path"].endswith("n2.py")
    assert "opened = 1" in prompt_of(sim)
    assert "canary_9f2c" not in prompt_of(sim)


@pytest.mark.parametrize("top", [True, False], ids=["from the top", "with .rung below"])
@pytest.mark.parametrize("made", MADE)
async def test_a_diff_made_below_the_top_is_pinned_by_its_paths(
    made: str, *, top: bool, sim: Simulator, rung: Rung, below: Path
) -> None:
    if not top:
        (below / ".rung").mkdir()
    pattern = "keep/mine.py" if top else f"{below}/mine.py"
    configure(sim.url, SETTINGS + f'[[rule]]\nname = "mine"\nwhen.path = "{pattern}"\nlocal = true\n')
    for ending in ("", "'Is this fine?'"):
        refused = await rung.shell(f"cd keep; {made} | rung ask --tier cloud {ending}")
        assert refused.code == 1
        assert 'pinned to this machine by rule "mine"' in refused.err
        assert 'pin: local (by rule "mine")' in (await rung.shell(f"cd keep; {made} | rung route {ending}")).out
    assert sim.connections == 0


async def test_a_kept_out_file_with_a_colon_in_its_name_is_not_sent(sim: Simulator, rung: Rung, repo: Path) -> None:
    (repo / ".rungignore").write_text("a:b.py\n", encoding="utf-8")
    (repo / "a:b.py").write_text("canary_9f2c = 1\n", encoding="utf-8")
    git(repo, "add", "a:b.py", "--force")
    named = await rung("ask", "-f", "a:b.py", "Is this fine?")
    piped = await rung.shell("git diff --cached | rung ask 'Is this fine?'")
    for done in (named, piped):
        assert done.code == 1
        assert "a:b.py is not read: .rungignore says so." in done.err
    assert sim.connections == 0


async def test_keys_come_from_the_persons_own_env_file_and_never_from_a_repositorys(
    sim: Simulator, rung: Rung, repo: Path, home: Path
) -> None:
    without = environment(OPENAI_API_KEY=None)
    (repo / ".env").write_text("OPENAI_API_KEY=sk-from-the-repository\n", encoding="utf-8")
    refused = await rung("ask", "--tier", "cloud", "hello", env=without)
    assert refused.code == 1
    assert "Set OPENAI_API_KEY" in refused.err
    assert sim.connections == 0
    (home / ".config/rung/.env").write_text(f"OPENAI_API_KEY={KEY}\n", encoding="utf-8")
    assert (await rung("ask", "--tier", "cloud", "hello", env=without)).code == 0
    assert sim.log[-1].headers["authorization"] == f"Bearer {KEY}"


async def test_variables_of_the_sdk_redirect_nothing(sim: Simulator, rung: Rung) -> None:
    async with Simulator() as other:
        env = environment(
            OPENAI_BASE_URL=f"{other.url}/openai/v1", OLLAMA_HOST=other.url, HTTP_PROXY=other.url, ALL_PROXY=other.url
        )
        for tier in ("cloud", "small"):
            assert (await rung("ask", "--tier", tier, "hello", env=env)).code == 0
        assert other.connections == 0
    assert len(questions(sim)) == 2


@pytest.mark.parametrize(("climbs", "model"), [(0, SMALL), (2, CLOUD)])
async def test_how_far_a_bad_answer_leads_is_the_person_s_to_say(
    sim: Simulator, rung: Rung, climbs: int, model: str
) -> None:
    configure(sim.url, f"quality_climbs = {climbs}\n{SETTINGS}")
    sim.fail("refusal", times=None)
    done = await rung("ask", "--json", "Explain what a queue is.")
    receipt = done.json["receipt"]
    assert (done.code, receipt["degraded"], receipt["model"]) == (0, True, model)
    assert [attempt["outcome"] for attempt in receipt["calls"][0]["attempts"]] == ["bad-answer"] * (climbs + 1)
    told = await rung("ask", "Explain what a queue is.")
    assert "this answer is the best there was, but not good enough" in told.err


HOUSE = """
[[tier]]
name = "small"
[[tier.model]]
provider = "ollama"
model = "sim-small:3b"
url = "{url}"
connect = "5s"
local = true

[[tier]]
name = "large"
[[tier.model]]
provider = "openai-compatible"
model = "gpt-5-mini"
url = "{url}/openai/v1"
key = "OPENAI_API_KEY"
connect = "5s"
local = {local}
"""
"""Models at an address that counts as this machine's only because the person says so."""


async def test_no_proxy_comes_between_a_person_and_a_machine_of_their_own(sim: Simulator, rung: Rung) -> None:
    house = sim.url.replace("127.0.0.1", "0.0.0.0")
    async with Simulator() as proxy:
        env = environment(HTTP_PROXY=proxy.url, http_proxy=proxy.url, ALL_PROXY=proxy.url, all_proxy=proxy.url)
        configure(house, HOUSE.replace("{local}", "true"))
        for tier in ("small", "large"):
            # The first one is not in memory: its server is asked what it has, and its load is waited for.
            assert (await rung("ask", "--tier", tier, "[local] my private note", env=env)).code == 0
        assert (await rung("doctor", env=env)).code == 0
        assert proxy.connections == 0
        assert {model for model, _ in questions(sim)} == {SMALL, CLOUD}
        configure(house, HOUSE.replace("{local}", "false"))
        assert (await rung("ask", "--tier", "large", "hello", env=env)).code == 1
        assert proxy.connections > 0


async def test_where_nobody_answers_each_model_has_a_line_of_its_own(sim: Simulator, rung: Rung) -> None:
    sim.fail("status", times=None, status=503)
    done = await rung("ask", "hello")
    assert (done.code, done.out) == (1, "")
    first, *models = done.err.splitlines()
    assert first == "rung: No model could answer."
    assert [line.split(": ")[0].strip() for line in models] == [
        f"small ({SMALL})",
        f"large ({LARGE})",
        f"cloud ({CLOUD})",
        # Once nobody else is left, one that was only busy is asked again.
        f"small ({SMALL})",
    ]


@pytest.mark.parametrize("budget", ["per_day = 0", "per_request = 0.000001", "per_month = 0"])
async def test_whom_the_budget_kept_away_is_said_beside_the_answer(budget: str, sim: Simulator, rung: Rung) -> None:
    configure(sim.url, f"{SETTINGS}\n[budget]\n{budget}\n")
    done = await rung("ask", "[cloud] Why?")
    assert done.code == 0
    assert "Simulated answer of sim-large:14b" in done.out
    (line,) = done.err.splitlines()
    assert line.startswith(f"rung: cloud ({CLOUD}) was not asked: ")
    assert line.endswith(".")
    assert (await rung("ask", "Why?")).err == ""
    machine = (await rung("ask", "--json", "[cloud] Why?")).json["receipt"]
    ((tier, model, reason),) = [tuple(skipped.values()) for skipped in machine["not_asked"]]
    assert f"rung: {tier} ({model}) was not asked: {reason}." == line
    assert reason not in machine["why"]
    told = (await rung("ask", "-v", "[cloud] Why?")).err
    assert told.count(line.removesuffix(".")) == 1


async def test_whoever_asks_for_a_tier_by_a_prefix_hears_why_another_answers(sim: Simulator, rung: Rung) -> None:
    rule = '[[rule]]\nname = "deep"\nwhen.words = "canary"\ntier = "cloud"\n'
    configure(sim.url, SETTINGS + rule)
    without = environment(OPENAI_API_KEY=None)
    done = await rung("ask", "[cloud] Why?", env=without)
    assert (done.code, done.err.count("\n")) == (0, 1)
    assert done.err.startswith(f"rung: cloud ({CLOUD}) was not asked: Set OPENAI_API_KEY in ")
    ((tier, model, reason),) = [
        tuple(one.values())
        for one in (await rung("ask", "--json", "[cloud] Why?", env=without)).json["receipt"]["skipped"]
    ]
    assert f"rung: {tier} ({model}) was not asked: {reason}\n" == done.err
    # A rule that has no key for its tier nags nobody, but who wants to know is told.
    assert (await rung("ask", "canary", env=without)).err == ""
    assert (
        f"rung: cloud ({CLOUD}) was not asked: Set OPENAI_API_KEY in "
        in (await rung("ask", "-v", "canary", env=without)).err
    )
    assert "OPENAI_API_KEY" not in (await rung("ask", "-v", "hello", env=without)).err


async def test_whoever_asks_for_a_tier_by_a_prefix_hears_of_the_pin_that_keeps_it_away(
    sim: Simulator, rung: Rung
) -> None:
    configure(sim.url, SETTINGS + '[[rule]]\nname = "home"\nwhen.words = "canary"\nlocal = true\n')
    told = f'rung: cloud ({CLOUD}) was not asked: pinned to this machine by rule "home".\n'
    assert (await rung("ask", "[cloud] canary")).err == told
    assert (await rung("ask", "canary")).err == ""


async def test_a_rule_s_name_is_never_taken_for_word_of_the_budget(sim: Simulator, rung: Rung) -> None:
    rule = '[[rule]]\nname = "mine; cloud (x) was not asked: because"\nwhen.words = "canary"\ntier = "small"\n'
    configure(sim.url, SETTINGS + rule)
    done = await rung("ask", "canary")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"ALL_PROXY": "socks5://127.0.0.1:1"}, "The proxy in ALL_PROXY is not there: nobody listens."),
        ({"HTTPS_PROXY": "nonsense://x y"}, "The proxy in HTTPS_PROXY cannot be used: it has a character in it"),
        (
            {"https_proxy": "http://me:s3cret@h:abc"},
            "The proxy in https_proxy cannot be used: it has a port that is none",
        ),
        ({"SSL_CERT_FILE": "/nonexistent.pem"}, "What SSL_CERT_FILE names cannot be read, or holds no certificates."),
    ],
)
async def test_an_environment_that_leads_nowhere_fails_one_attempt_and_no_more(
    variables: dict[str, str], why: str, sim: Simulator, rung: Rung
) -> None:
    text = SETTINGS.replace('url = "{url}/openai/v1"', 'url = "https://far.invalid/v1"')
    configure(sim.url, text + "price = { input = 1.0, output = 2.0 }\n")
    done = await rung("ask", "--json", "[cloud] What is a ladder?", env=environment(**variables))
    assert done.code == 0, done.err
    (attempts,) = [call["attempts"] for call in done.json["receipt"]["calls"]]
    assert [(one["tier"], one["outcome"]) for one in attempts] == [("cloud", "unreachable"), ("large", "ok")]
    assert attempts[0]["reason"].startswith(why)
    assert "s3cret" not in done.said
    with contextlib.closing(sqlite3.connect(Path(os.environ["RUNG_STATE_DIR"], "ledger.sqlite3"))) as ledger:
        assert ledger.execute("select tier, outcome from attempt order by id").fetchall() == [
            ("cloud", "unreachable"),
            ("large", "ok"),
        ]


async def test_what_a_tier_said_until_it_fell_silent_is_shown_and_marked(sim: Simulator, rung: Rung) -> None:
    configure(sim.url, SETTINGS.replace("context = 8192", 'context = 8192\nidle = "500ms"'))
    sim.fail("stall", after=3)
    done = await rung("ask", "--tier", "small", "hello")
    assert done.code == 0
    assert "Simulated answer of sim-small:3b".startswith(done.out.strip())
    why = f"{SMALL} stopped in the middle of its answer."
    assert done.err == f"rung: this answer is the best there was, but not good enough: {why}\n"


def spoil(name: str) -> None:
    """Make a file of the state folder unreadable for whoever expects JSON in it."""
    Path(os.environ["RUNG_STATE_DIR"], name).write_text("no JSON", encoding="utf-8")


LIMITED = SETTINGS.replace("context = 8192", "context = 8192\nper_minute = 1")


async def test_a_server_that_asked_one_process_to_be_left_alone_is_left_alone_by_the_next(
    sim: Simulator, rung: Rung
) -> None:
    sim.fail("status", model=SMALL, status=429, headers={"retry-after": "600"})
    first = await rung("ask", "--json", "hello")
    assert [attempt["outcome"] for attempt in first.json["receipt"]["calls"][0]["attempts"]] == ["rate-limited", "ok"]
    second = await rung("ask", "--json", "hello")
    assert [attempt["outcome"] for attempt in second.json["receipt"]["calls"][0]["attempts"]] == ["ok"]
    assert second.json["receipt"]["escalated_from"] == "small"
    assert [model for model, _ in questions(sim)] == [SMALL, LARGE, LARGE]
    alone = await rung("ask", "--tier", "small", "hello")
    assert alone.code == 1
    assert "it asked to be left alone for " in alone.err


async def test_the_questions_of_all_processes_count_against_a_model_s_rate(sim: Simulator, rung: Rung) -> None:
    configure(sim.url, LIMITED)
    for expected in (SMALL, LARGE, LARGE):
        assert (await rung("ask", "hello")).out.startswith(f"Simulated answer of {expected}")
    spoil("limits.json")
    assert (await rung("ask", "hello")).out.startswith(f"Simulated answer of {SMALL}")
