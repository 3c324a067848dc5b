"""``rung explain`` and ``rung review``: files in, a text or findings out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import Rung, git, prompt_of, questions

from rung.sim.server import Simulator

pytestmark = pytest.mark.process

SOURCE = """import math


def area(width, height):
    return width * height


def round_area(radius):
    return math.pi
"""


@pytest.fixture
def source(folder: Path) -> Path:
    path = folder / "shapes.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


async def test_explain_takes_a_whole_file(sim: Simulator, rung: Rung, source: Path) -> None:
    done = await rung("explain", "shapes.py")
    assert done.code == 0
    assert done.out.startswith("Simulated answer")
    assert SOURCE.strip() in prompt_of(sim)
    assert "python" in prompt_of(sim)


@pytest.mark.parametrize(("lines", "first", "last"), [("4-5", 4, 5), ("8", 8, 8), ("8-999", 8, 9)])
async def test_explain_takes_lines_of_a_file(
    lines: str, first: int, last: int, *, sim: Simulator, rung: Rung, folder: Path
) -> None:
    (folder / "shapes.py").write_text(SOURCE, encoding="utf-8")
    done = await rung("explain", f"shapes.py:{lines}", "What", "for?", "--json")
    assert done.code == 0
    assert done.json["receipt"]["action"] == "explain-selection"
    wanted = "\n".join(SOURCE.splitlines()[first - 1 : last])
    assert f"Selected code:\n```python\n{wanted}\n```" in prompt_of(sim)
    assert "What for?" in prompt_of(sim)


async def test_explain_takes_a_file_whose_name_looks_like_a_range(sim: Simulator, rung: Rung, folder: Path) -> None:
    (folder / "odd:3").write_text("first\n", encoding="utf-8")
    assert (await rung("explain", "odd:3")).code == 0


async def test_a_file_that_is_not_utf_8_is_explained_all_the_same(sim: Simulator, rung: Rung, folder: Path) -> None:
    (folder / "old.py").write_bytes(b"caf\xe9 = 1\n")
    assert (await rung("explain", "old.py")).code == 0


async def test_a_secret_file_never_leaves_the_machine(sim: Simulator, rung: Rung, folder: Path) -> None:
    (folder / "secrets").mkdir()
    (folder / "secrets/token.py").write_text("token = 1\n", encoding="utf-8")
    for command in ("explain", "review"):
        done = await rung(command, "secrets/token.py", "--tier", "cloud")
        assert done.code == 1
        assert "secrets never leave" in done.err
    assert sim.connections == 0


async def test_review_writes_findings_where_compilers_write_errors(sim: Simulator, rung: Rung, source: Path) -> None:
    done = await rung("review", "shapes.py")
    assert done.code == 0
    assert done.err == ""
    heads = [line for line in done.out.splitlines() if not line.startswith(" ")]
    assert heads
    for head in heads:
        found = re.fullmatch(r"shapes\.py:(\d+):(\d+): (error|warning|info|hint): \S.*", head)
        assert found
        assert 1 <= int(found[1]) <= SOURCE.count("\n")


async def test_review_says_that_there_is_nothing_to_say(sim: Simulator, rung: Rung, folder: Path) -> None:
    (folder / "shapes.py").write_text("pass\n", encoding="utf-8")
    assert (await rung("review", "shapes.py")).out == "No findings.\n"


async def test_review_without_a_name_takes_what_is_staged(sim: Simulator, rung: Rung, repo: Path) -> None:
    (repo / "shapes.py").write_text(SOURCE, encoding="utf-8")
    (repo / "__init__.py").touch()
    (repo / "picture.bin").write_bytes(b"\0\1\2" * 50)
    git(repo, "add", ".")
    git(repo, "rm", "-q", "--cached", "area.py")
    done = await rung("review")
    assert done.code == 0
    assert "shapes.py:" in done.out
    assert "area.py:" not in done.out
    assert "rung: not reviewed: __init__.py: it is empty" in done.err
    assert "rung: not reviewed: picture.bin: it is binary" in done.err
    assert "rung: not reviewed: area.py: it is not there any more" in done.err
    assert len(questions(sim)) == 1


async def test_review_leaves_out_what_rungignore_names_and_reviews_the_rest(
    sim: Simulator, rung: Rung, repo: Path
) -> None:
    (repo / ".rungignore").write_text("private/\n", encoding="utf-8")
    (repo / "private").mkdir()
    (repo / "private/key.py").write_text("canary_9f2c = 1\n", encoding="utf-8")
    (repo / "link.py").symlink_to("private/key.py")
    (repo / "shapes.py").write_text(SOURCE, encoding="utf-8")
    git(repo, "add", "private", "link.py", "shapes.py")
    done = await rung("review")
    assert done.code == 0
    assert done.err.splitlines() == [
        "rung: not reviewed: link.py: .rungignore",
        "rung: not reviewed: private/key.py: .rungignore",
    ]
    assert "shapes.py:" in done.out
    assert len(questions(sim)) == 1
    assert "canary_9f2c" not in prompt_of(sim)


async def test_review_says_so_where_rungignore_names_all_that_is_staged(sim: Simulator, rung: Rung, repo: Path) -> None:
    (repo / ".rungignore").write_text("*.py\n", encoding="utf-8")
    (repo / "shapes.py").write_text(SOURCE, encoding="utf-8")
    git(repo, "add", "shapes.py")
    done = await rung("review")
    assert done.code == 1
    assert "rung: not reviewed: shapes.py: .rungignore" in done.err
    assert "Nothing that is staged can be reviewed." in done.err
    assert sim.connections == 0


@pytest.mark.parametrize("changed", [True, False])
async def test_review_says_what_it_looks_at_where_nothing_is_staged(
    *, changed: bool, sim: Simulator, rung: Rung, repo: Path
) -> None:
    if changed:
        (repo / "area.py").write_text(SOURCE, encoding="utf-8")
    done = await rung("review")
    assert (done.code, done.out, sim.connections) == (1, "", 0)
    assert "without a name, `rung review` looks at staged changes" in done.err
    assert "Name files (`rung review FILE`)" in done.err
    assert "commit" not in done.err


async def test_review_says_so_where_there_is_no_repository(rung: Rung) -> None:
    done = await rung("review")
    assert done.code == 1
    assert "This folder is not in a git repository." in done.err


async def test_json_of_several_files_is_one_object(sim: Simulator, rung: Rung, source: Path, folder: Path) -> None:
    (folder / "more.py").write_text(SOURCE, encoding="utf-8")
    done = await rung("review", "shapes.py", "more.py", "--json")
    assert set(done.json) == {"outcome", "findings", "receipt"}
    assert done.json["outcome"] == "findings"
    assert {finding["path"] for finding in done.json["findings"]} == {"shapes.py", "more.py"}
    for finding in done.json["findings"]:
        assert {"severity", "category", "title", "reason", "quote", "range", "path"} <= set(finding)
    calls = done.json["receipt"]["calls"]
    assert len(calls) == 2
    assert done.json["receipt"]["tokens_out"] == sum(call["attempts"][0]["tokens_out"] for call in calls)


async def test_format_json_is_json_also_when_it_fails(sim: Simulator, rung: Rung) -> None:
    done = await rung("review", "missing.py", "--format", "json")
    assert done.code == 2
    assert done.json["error"]["code"] == "usage"


async def test_a_file_that_is_named_twice_is_reviewed_once(
    sim: Simulator, rung: Rung, source: Path, folder: Path
) -> None:
    (folder / "link.py").symlink_to("shapes.py")
    done = await rung("review", "shapes.py", "./shapes.py", str(source), "link.py")
    assert done.code == 0
    assert len(questions(sim)) == 1


async def test_a_review_of_some_lines_is_refused(sim: Simulator, rung: Rung, source: Path) -> None:
    done = await rung("review", "shapes.py:1-3")
    assert (done.code, done.out) == (2, "")
    assert done.err == "rung: A review is of a whole file. Name it without the lines: shapes.py.\n"
    assert sim.connections == 0


async def test_a_misspelt_name_costs_no_question(sim: Simulator, rung: Rung, source: Path) -> None:
    assert (await rung("review", "shapes.py", "missing.py")).code == 2
    assert sim.connections == 0


@pytest.mark.parametrize(("severity", "code"), [("hint", 3), ("info", 3), ("warning", 0), ("error", 0)])
async def test_fail_on_exits_with_3_from_that_severity_on(
    severity: str, code: int, sim: Simulator, rung: Rung, source: Path
) -> None:
    done = await rung("review", "shapes.py", "--fail-on", severity)
    assert ": info: " in done.out
    assert ": warning: " not in done.out
    assert done.code == code


REFUSAL = "I'm sorry, but I can't help with that."
SHOWN = f"shapes.py: not good enough: no findings could be read in this answer:\n    {REFUSAL}\n"
WHY = "The answer has the wrong form: it is no JSON object with findings."
REMARK = f"rung: this answer is the best there was, but not good enough: {WHY}\n"


@pytest.mark.parametrize("guard", [(), ("--fail-on", "error")])
async def test_an_answer_nobody_can_read_findings_in_is_shown_marked_and_never_means_that_there_are_none(
    guard: tuple[str, ...], sim: Simulator, rung: Rung, source: Path
) -> None:
    sim.fail("refusal", times=None)
    done = await rung("review", "shapes.py", "--tier", "small", *guard)
    assert (done.code, done.out, done.err) == (1, SHOWN, REMARK)
    done = await rung("review", "shapes.py", "--tier", "small", "--json", *guard)
    assert (done.code, done.json["outcome"], done.json["text"]) == (1, "text", REFUSAL)
    assert done.json["receipt"]["degraded"]


async def test_sarif_of_an_answer_nobody_can_read_findings_in_is_a_run_without_success(
    sim: Simulator, rung: Rung, source: Path, folder: Path
) -> None:
    (folder / "more.py").write_text(SOURCE, encoding="utf-8")
    sim.fail("refusal")
    done = await rung("review", "shapes.py", "more.py", "--tier", "small", "--format", "sarif")
    assert (done.code, done.err) == (1, REMARK)
    (run,) = done.json["runs"]
    assert {found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for found in run["results"]} == {
        "more.py"
    }
    (invocation,) = run["invocations"]
    (note,) = invocation["toolExecutionNotifications"]
    assert not invocation["executionSuccessful"]
    assert note["level"] == "error"
    assert REFUSAL in note["message"]["text"]
    assert note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "shapes.py"


async def test_what_can_be_read_of_several_files_stands_beside_what_can_not(
    sim: Simulator, rung: Rung, source: Path, folder: Path
) -> None:
    (folder / "more.py").write_text(SOURCE, encoding="utf-8")
    sim.fail("refusal")
    done = await rung("review", "shapes.py", "more.py", "--tier", "small")
    assert done.code == 1
    assert done.out.startswith(f"{SHOWN}more.py:")
    sim.fail("refusal")
    done = await rung("review", "shapes.py", "more.py", "--tier", "small", "--json")
    assert (done.code, done.json["outcome"], done.json["text"]) == (1, "findings", REFUSAL)
    assert {found["path"] for found in done.json["findings"]} == {"more.py"}
    sim.fail("refusal")
    done = await rung("review", "shapes.py", "more.py", "--tier", "small", "--fail-on", "hint")
    assert done.code == 3


LONG = "".join(f"def area_{n}(width, height):\n    return width * height * {n}\n\n\n" for n in range(500))


async def test_findings_of_a_long_file_are_kept_where_one_part_of_it_could_not_be_read(
    sim: Simulator, rung: Rung, folder: Path
) -> None:
    (folder / "shapes.py").write_text(LONG, encoding="utf-8")
    sim.fail("refusal")
    done = await rung("review", "shapes.py", "--tier", "small")
    assert done.code == 1
    assert done.err == REMARK
    assert re.search(r"^shapes\.py:\d+:\d+: ", done.out, re.MULTILINE)
    assert re.search(
        rf"^shapes\.py: not good .*\n    No .* about lines 1 to \d+:\n\n    {REFUSAL}", done.out, re.MULTILINE
    )
    sim.fail("refusal")
    done = await rung("review", "shapes.py", "--tier", "small", "--fail-on", "error")
    assert done.code == 1, "nobody knows what that part would have had"


async def test_a_review_that_is_not_good_enough_passes_no_guard(sim: Simulator, rung: Rung, folder: Path) -> None:
    (folder / "shapes.py").write_text(LONG[:20_000], encoding="utf-8")
    for words, code in ((), 0), (("--fail-on", "error"), 1):
        sim.fail("trimmed")
        done = await rung("review", "shapes.py", "--tier", "small", *words)
        why = "The server read only a piece of the prompt."
        assert (done.code, done.err) == (code, REMARK.replace(WHY, why))


# What nobody had an answer about


@pytest.fixture
def two(source: Path, folder: Path) -> tuple[str, str]:
    """Two files to review; see :func:`silent_about_the_first`."""
    (folder / "more.py").write_text(SOURCE, encoding="utf-8")
    return "shapes.py", "more.py"


def silent_about_the_first(sim: Simulator) -> None:
    sim.fail("status", status=400)


def notes_of(log: dict[str, Any]) -> list[tuple[str, Any, str]]:
    """Path, region and text of each notification of a run without success."""
    (run,) = log["runs"]
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    found = []
    for note in invocation["toolExecutionNotifications"]:
        assert note["level"] == "error"
        (location,) = note["locations"]
        place = location["physicalLocation"]
        found.append((place["artifactLocation"]["uri"], place.get("region"), note["message"]["text"]))
    return found


async def test_a_file_nobody_answers_about_costs_the_findings_of_no_other(
    sim: Simulator, rung: Rung, two: tuple[str, str]
) -> None:
    silent_about_the_first(sim)
    done = await rung("review", *two, "--tier", "small")
    assert done.code == 1
    assert done.err.startswith("rung: not reviewed: shapes.py: No model could answer. small (sim-small:3b): ")
    assert done.err.count("\n") == 1
    assert all(line.startswith(("more.py:", "    ")) for line in done.out.splitlines())
    assert done.out
    silent_about_the_first(sim)
    done = await rung("review", *two, "--tier", "small", "--fail-on", "hint", "--verbose")
    assert done.code == 3
    assert "\nrung: nobody answered, " in done.err


async def test_json_names_the_file_nobody_answered_about_beside_the_findings_of_the_other(
    sim: Simulator, rung: Rung, two: tuple[str, str]
) -> None:
    silent_about_the_first(sim)
    done = await rung("review", *two, "--tier", "small", "--json")
    assert (done.code, done.err) == (1, "")
    assert set(done.json) == {"outcome", "findings", "unreviewed", "receipt"}
    assert {found["path"] for found in done.json["findings"]} == {"more.py"}
    (lack,) = done.json["unreviewed"]
    assert set(lack) == {"path", "why", "range"}
    assert (lack["path"], lack["range"]) == ("shapes.py", None)
    assert lack["why"].startswith("No model could answer. small (sim-small:3b): ")
    receipt = done.json["receipt"]
    assert [call["attempts"][0]["outcome"] for call in receipt["calls"]] == ["bad-request", "ok"]
    assert (receipt["tier"], receipt["local"]) == ("small", True)


async def test_sarif_names_the_file_nobody_answered_about_beside_the_findings_of_the_other(
    sim: Simulator, rung: Rung, two: tuple[str, str]
) -> None:
    silent_about_the_first(sim)
    done = await rung("review", *two, "--tier", "small", "--format", "sarif")
    assert done.code == 1
    (run,) = done.json["runs"]
    assert {found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for found in run["results"]} == {
        "more.py"
    }
    ((path, region, text),) = notes_of(done.json)
    assert (path, region) == ("shapes.py", None)
    assert text.startswith("Not reviewed: No model could answer. ")


@pytest.mark.parametrize("how", ["text", "json", "sarif"])
async def test_where_nobody_answers_about_any_file_each_is_named_once(
    how: str, sim: Simulator, rung: Rung, two: tuple[str, str]
) -> None:
    sim.fail("status", status=400, times=None)
    done = await rung("review", *two, "--tier", "small", "--format", how)
    assert done.code == 1
    assert [done.err.count(name) for name in two] == [1, 1]
    assert "No file could be reviewed." in done.err
    if how == "json":
        assert done.json["error"]["code"] == "no-answer"
        assert len(done.json["receipt"]["calls"]) == 2
        assert not done.json["receipt"]["local"]
    elif how == "sarif":
        assert [path for path, _, _ in notes_of(done.json)] == list(two)
    else:
        assert done.out == ""


async def test_sarif_of_one_file_nobody_answers_about_is_a_run_without_success(
    sim: Simulator, rung: Rung, source: Path
) -> None:
    sim.fail("status", status=400)
    done = await rung("review", "shapes.py", "--tier", "small", "--format=sarif")
    assert done.code == 1
    assert done.err.startswith("rung: No model could answer.\n")
    assert [path for path, _, _ in notes_of(done.json)] == ["shapes.py"]


async def test_what_may_not_be_read_of_several_files_costs_the_findings_of_no_other(
    sim: Simulator, rung: Rung, repo: Path
) -> None:
    (repo / ".rungignore").write_text("private.py\n", encoding="utf-8")
    for name in ("private.py", "shapes.py"):
        (repo / name).write_text(SOURCE, encoding="utf-8")
    done = await rung("review", "private.py", "shapes.py")
    assert done.code == 1
    assert "rung: not reviewed: private.py: private.py is not read: .rungignore says so." in done.err
    assert done.out.startswith("shapes.py:")
    assert len(questions(sim)) == 1


@pytest.mark.parametrize("how", ["text", "json", "sarif"])
async def test_the_lines_of_a_long_file_nobody_answered_about_are_named(
    how: str, sim: Simulator, rung: Rung, folder: Path
) -> None:
    (folder / "shapes.py").write_text(LONG, encoding="utf-8")
    silent_about_the_first(sim)
    done = await rung("review", "shapes.py", "--tier", "small", "--format", how)
    assert done.code == 1
    if how == "json":
        (lack,) = done.json["unreviewed"]
        assert lack["range"]["start"] == {"line": 0, "character": 0}
        last = lack["range"]["end"]["line"]
        assert all(found["range"]["start"]["line"] >= last for found in done.json["findings"])
        assert done.json["findings"]
    elif how == "sarif":
        ((_, region, _),) = notes_of(done.json)
        assert region["startLine"] == 1
        assert set(region) == {"startLine", "endLine"}
        assert done.json["runs"][0]["results"]
    else:
        assert re.match(r"rung: not reviewed: shapes\.py: lines 1 to \d+: No model could answer\. ", done.err)
        assert done.out.startswith("shapes.py:")


async def test_nothing_found_in_the_rest_is_not_nothing_found(sim: Simulator, rung: Rung, folder: Path) -> None:
    for name in ("one.py", "two.py"):
        (folder / name).write_text("pass\n", encoding="utf-8")
    silent_about_the_first(sim)
    done = await rung("review", "one.py", "two.py", "--tier", "small")
    assert (done.code, done.out) == (1, "No findings in what was reviewed.\n")


async def test_sarif_is_what_code_scanners_read(sim: Simulator, rung: Rung, folder: Path) -> None:
    name = "two words é.py"
    (folder / name).write_text(SOURCE, encoding="utf-8")
    done = await rung("review", name, "--format", "sarif", "--fail-on", "hint")
    assert done.code == 3
    log = done.json
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    assert run["tool"]["driver"]["name"] == "rung"
    assert run["tool"]["driver"]["version"]
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]
    assert run["results"]
    for result in run["results"]:
        check_result(result, known)


def check_result(result: dict[str, Any], known: set[str]) -> None:
    assert result["ruleId"] in known
    assert result["level"] in {"error", "warning", "note", "none"}
    assert result["message"]["text"].strip()
    (location,) = result["locations"]
    place = location["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "two%20words%20%C3%A9.py"
    region = place["region"]
    assert 1 <= region["startLine"] <= region["endLine"]
    assert region["startColumn"] >= 1
    assert region["endColumn"] >= 1
    assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])
