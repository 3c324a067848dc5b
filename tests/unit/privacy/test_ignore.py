"""``.rungignore`` reads as ``.gitignore`` does: every case is put to git as well."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from tests.copies import copy_of

from rung.privacy.ignore import Ignored

PATHS = (
    "a.py",
    "key.pem",
    "src/a.py",
    "src/key.pem",
    "src/deep/a.py",
    "src/deep/key.pem",
    "private/a.py",
    "private/deep/b.txt",
    "src/private/a.py",
    "build/out.txt",
    "build/keep.txt",
    "docs/#notes.md",
    "docs/!bang.md",
    "docs/with space.md",
    "docs/[x].md",
    "\u00fcber/\u00e4.txt",
    "A.PY",
    "sp ace ",
    "tab\t",
    "trail\\",
    "x*y",
    "q?r",
    "a/b/c/d/e.txt",
    ".env",
    "src/.env",
)

CASES: dict[str, dict[str, str]] = {
    "a kind of file": {"": "*.pem\n"},
    "a folder": {"": "private/\n"},
    "a folder of the root alone": {"": "/private/\n"},
    "a folder at any depth": {"": "**/deep/\n"},
    "taken back": {"": "*.pem\n!src/key.pem\n"},
    "not taken back from an ignored folder": {"": "build/\n!build/keep.txt\n"},
    "taken back from a folder's content": {"": "build/*\n!build/keep.txt\n"},
    "the nearer file wins": {"": "*.pem\n", "src": "!*.pem\n"},
    "the nearest file wins": {"": "*.pem\n", "src": "!*.pem\n", "src/deep": "*.pem\n"},
    "a nested file speaks of its own folder": {"src": "/a.py\n"},
    "a nested file does not free its ignored folder": {"": "src/\n", "src": "!a.py\n"},
    "remarks, blanks and escapes": {"": "# docs/*\n\n\\#notes.md\n\\!bang.md\n"},
    "a space": {"": "with space.md   \n"},
    "brackets": {"": "docs/\\[x\\].md\n[a-b].py\n"},
    "question mark": {"": "?.py\n"},
    "everything": {"": "*\n"},
    "everything but": {"": "/*\n!/src/\n/src/*\n!/src/deep/\n"},
    "other letters": {"": "\u00fcber/\n"},
    "a line that is no pattern": {"": "!\n*.pem\n"},
    "nothing": {"": ""},
    "a space at the end of a name": {"": "sp ace\\ \nkey.pem \n"},
    "a tab at the end of a name": {"": "tab\t\n"},
    "a backslash at the end": {"": "trail\\\na.py\\\n"},
    "a backslash": {"": "trail\\\\\n"},
    "a star and a question mark that are meant": {"": "x\\*y\nq\\?r\n"},
    "classes of letters": {"": "[[:upper:]]*\n[[:alpha:]].py\n"},
    "letters that are not": {"": "[!a-k]*\n"},
    "brackets without end": {"": "[a-k\n"},
    "a slash in brackets": {"": "s[r/]c/a.py\n"},
    "any folders between": {"": "a/**/e.txt\n**/.env\n"},
    "all below": {"": "src/**\n"},
    "only folders below": {"": "src/**/\n"},
    "stars that cross nothing": {"": "a**\n/s**c/a.py\n"},
    "spaces before": {"": "  a.py\n"},
    "slashes alone": {"": "/\n//\n!/\n*.py\n"},
    "large and small letters": {"": "a.py\n"},
    "lines of another system": {"": "*.pem\r\nprivate/\r\n"},
    "another line end in a name": {"": "a.py\x0c\nx\u2028a.py\n"},
}


def by_git(folder: Path, files: dict[str, str]) -> set[str]:
    copy_of("ignore", lambda empty: subprocess.run(["git", "init", "-q", str(empty)], check=True), folder)
    for path in PATHS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    for where, text in files.items():
        (folder / where / ".gitignore").write_bytes(text.encode())
    asked = subprocess.run(
        ["git", "-C", str(folder), "-c", "core.ignoreCase=false", "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(PATHS).encode(),
        capture_output=True,
        check=False,
    )
    assert asked.returncode in {0, 1}, asked.stderr
    return {path for path in asked.stdout.decode().split("\0") if path}


def ignored(files: dict[str, str]) -> Ignored:
    named = {f"{where}/.rungignore".lstrip("/"): text for where, text in files.items()}
    return Ignored(named.get)


@pytest.mark.parametrize("files", CASES.values(), ids=CASES)
def test_a_file_is_ignored_where_git_would_ignore_it(files: dict[str, str], tmp_path: Path) -> None:
    assert {path for path in PATHS if ignored(files).matches(path)} == by_git(tmp_path, files)


@pytest.mark.parametrize("seed", range(12))
def test_random_files_are_read_as_git_reads_them(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    lines = ["*.pem", "!*.pem", "/src", "src/", "!src/", "**/a.py", "deep/*", "!deep/", "private/**", "*.txt", "!/a.py"]
    lines += ["[!a]*", "?.py", "*a*", "**", "!**/", "src/**/", "/*", "!/s*", "*/deep", ".e*", "d**", "[^[:lower:]]*"]
    files = {where: "".join(f"{rng.choice(lines)}\n" for _ in range(4)) for where in ("", "src", "src/deep")}
    assert {path for path in PATHS if ignored(files).matches(path)} == by_git(tmp_path, files)


@pytest.mark.parametrize("path", ["../key.pem", "/elsewhere/key.pem", "src/../../key.pem", "", "."])
def test_what_lies_outside_is_another_roots_business(path: str) -> None:
    assert not ignored({"": "*\n"}).matches(path)


@pytest.mark.parametrize("path", ["./key.pem", "src/../key.pem", "src//key.pem", "src\\key.pem"])
def test_a_path_is_the_same_however_it_is_written(path: str) -> None:
    assert ignored({"": "*.pem\n"}).matches(path)


@pytest.mark.parametrize(
    ("line", "path"), [("Private/", "pRIVATE/a.py"), ("*.PEM", "key.pem"), ("caf\u00e9/", "cafe\u0301/a.py")]
)
def test_case_and_accents_count_where_names_that_differ_in_them_are_two(line: str, path: str) -> None:
    assert Ignored(lambda _: line, fold=True).matches(path)
    assert not Ignored({".rungignore": line}.get).matches(path)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "line", ["*a" * 60 + "b", "**/a/" * 60 + "b", "[a]*" * 60 + "b", "*?" * 60 + "b", "**/*a/" * 60 + "b"]
)
def test_a_line_made_to_take_for_ever_does_not(line: str) -> None:
    assert not ignored({"": line}).matches("a/" * 300 + "a" * 3000)


@pytest.mark.parametrize("text", ["\ufeff*.pem\n", "*.pem\r\n", "*.pem"])
def test_a_file_written_on_another_system_counts(text: str) -> None:
    assert ignored({"": text}).matches("key.pem")


def test_each_file_is_read_once() -> None:
    asked: list[str] = []

    def load(path: str) -> None:
        asked.append(path)

    found = Ignored(load)
    for path in ("src/deep/a.py", "src/deep/b.py", "src/c.py"):
        assert not found.matches(path)
    assert sorted(asked) == [".rungignore", "src/.rungignore", "src/deep/.rungignore"]


def test_a_file_that_cannot_be_read_lets_nothing_pass() -> None:
    def load(path: str) -> str:
        raise PermissionError(path)

    found = Ignored(load)
    with pytest.raises(PermissionError):
        found.matches("a.py")
