"""The messages written without a model for changes as real histories have them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rung.actions.builtin.commit_message import write
from rung.git.staged import FileChange, StagedChange

from .cases import CASES, Case
from .conftest import Staged

_HEAD = re.compile(
    r"(feat|fix|refactor|perf|docs|test|build|ci|chore|style|revert)(\([a-z0-9._+-]+\))?: [^A-Z\s].*[^.\s]"
)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_the_type_is_the_one_a_careful_person_gives(case: Case, staged: Staged) -> None:
    message = write(await staged(case.before, case.after, branch=case.branch))
    subject, *rest = message.split("\n")
    assert _HEAD.fullmatch(subject), subject
    assert re.split(r"[(:]", subject)[0] in case.kinds.split(), subject
    assert case.words in subject
    assert len(subject) <= 72
    assert all(len(line) <= 72 for line in rest)
    assert not rest or (rest[0] == "" and rest[1].startswith("- "))


def _change(*files: FileChange, merge: bool = False, revert: bool = False) -> StagedChange:
    git_dir = Path("/x/.git")
    return StagedChange(git_dir, git_dir.parent, git_dir / "index", "main", "0" * 40, files, merge=merge, revert=revert)


async def test_the_same_change_gets_the_same_message(staged: Staged) -> None:
    change = await staged(CASES[0].before, CASES[0].after)
    assert write(change) == write(change)


async def test_a_body_names_what_came_in_each_file(staged: Staged) -> None:
    message = write(await staged(CASES[0].before, CASES[0].after))
    assert "\n- src/shop/cache.py: add Cache" in message
    assert "\n- tests/test_cache.py: add test_put" in message


async def test_a_file_that_is_new_is_not_corrected(staged: Staged) -> None:
    message = write(await staged({"a.py": "x = 1\n"}, {"a.py": "import b\nx = b.y\n", "b.py": "y = 2\n"}))
    assert message == "fix: correct a.py\n\n- a.py: +2 -1\n- b.py: new"


async def test_a_small_change_of_one_file_has_no_body(staged: Staged) -> None:
    assert "\n" not in write(await staged({"a.py": "a = 1\n"}, {"a.py": "a = 2\n"}))


async def test_what_stands_behind_a_function_is_not_said_to_be_in_it(staged: Staged) -> None:
    before = "def risky(x):\n    try:\n        return int(x)\n    except ValueError:\n        return None\n"
    message = write(await staged({"calc.py": before}, {"calc.py": before + "\n\nTIMEOUT = 3\n"}))
    assert "risky" not in message
    assert message.endswith(" calc.py")


def test_a_revert_says_so() -> None:
    assert write(_change(FileChange("a.py", "M"), revert=True)).startswith("revert: ")


def test_a_merge_gets_a_summary_to_stand_below_git_s_own_subject() -> None:
    message = write(_change(FileChange("a.py", "M", added=3, deleted=1), FileChange("b.py", "A", added=2), merge=True))
    assert message.startswith("Brings in changes to 2 files (+5 -1).\n\n- a.py")
    assert write(_change(merge=True)) == "Brings in no change to the files."


def test_a_submodule_names_its_new_commit() -> None:
    diff = (
        "diff --git a/libs/x b/libs/x\n--- a/libs/x\n+++ b/libs/x\n@@ -1 +1 @@\n"
        "-Subproject commit 1111111aaaa\n+Subproject commit 2222222bbbb\n"
    )
    message = write(_change(FileChange("libs/x", "M", added=1, deleted=1, submodule=True, diff=diff)))
    assert message == "chore: bump libs/x submodule to 2222222"


def test_ten_thousand_files_are_named_by_folder() -> None:
    diff = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-old = 1\n+new = 2\n keep\n"
    paths = [f"pkg{number % 40}/sub{number % 7}/f{number}.py" for number in range(10_000)]
    message = write(_change(*(FileChange(path, "M", added=1, deleted=1, diff=diff) for path in paths)))
    assert len(message.split("\n")) <= 16
    assert message.endswith("+7000 -7000)")


def test_ten_megabytes_are_read_in_one_go() -> None:
    line = "+    value = compute(first, second) + other[3]  # again\n"
    count = 10_000_000 // len(line)
    head = "diff --git a/f.py b/f.py\nnew file mode 100644\n--- /dev/null\n+++ b/f.py\n"
    diff = f"{head}@@ -0,0 +1,{count} @@\n" + line * count
    assert re.match(r"feat(\(f\))?: add f.py", write(_change(FileChange("f.py", "A", added=count, diff=diff))))


@pytest.mark.parametrize("path", ["new\nline.py", "tab\tin.py", "a" * 300 + ".py", "\ufffd.py", "#x.py"])
def test_a_strange_name_breaks_no_line(path: str) -> None:
    message = write(_change(FileChange(path, "A", added=1), FileChange("b.txt", "A", added=1)))
    assert len(message.split("\n")[0]) <= 72
    assert message.split("\n")[1] == ""
    assert all(line.startswith(("- ", "  ")) for line in message.split("\n")[2:])


@pytest.mark.parametrize("piece", ["a = ", "if (", "def f(a=1, ", '"', "x.y[", "-> dict[", "'\\", "    ", "&& "])
def test_strange_lines_cost_little(piece: str) -> None:
    lines = [piece * (1900 // len(piece))] * 150 + [piece * 100_000]
    body = "".join(f"-{line}\n+{line} b\n" for line in lines[:-1])
    for text, count in ((body, 150), (f"-a\n+{lines[-1]}\n", 1)):
        diff = f"diff --git a/f.py b/f.py\n--- a/f.py\n+++ b/f.py\n@@ -1,{count} +1,{count} @@\n{text}"
        assert write(_change(FileChange("f.py", "M", added=count, deleted=count, diff=diff)))
