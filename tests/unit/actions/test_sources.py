"""Diffs and patches in any part of any prompt name their files: pins hold for those, and what is unread stays out."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.copies import copy_of

from rung.actions import catalogue
from rung.actions.context.gathered import Gathered
from rung.actions.gather import gather
from rung.errors import ContextError
from rung.settings import places
from rung.types.part import Part
from rung.types.request import Document, Position, Range, Request

CANARY = "canary_41d7"
ACTIONS = catalogue.load([places.shipped() / "actions"])
PINNED = "private/x.py"
DIFF = f"diff --git a/{PINNED} b/{PINNED}\n--- a/{PINNED}\n+++ b/{PINNED}\n@@ -1 +1,2 @@\n one\n+{CANARY}\n"
OTHER = DIFF.replace(PINNED, "src/y.py").replace(CANARY, "two")
COMMIT = f"\n# Please enter\n# ------------------------ >8 ------------------------\n# Do not modify\n{DIFF}"
TYPED = f"Take this over:\n{DIFF}"


def build(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.py").write_text("x = 1\n", encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Begin")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with one commit."""
    copy_of("sources", build, tmp_path / "work")
    return tmp_path / "work"


def git(where: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=where, check=True, capture_output=True, text=True).stdout


async def shown(root: Path, text: str, action: str, uri: str = "untitled:Untitled-1", typed: str = "") -> Gathered:
    """What is gathered about a text that is open in an editor."""
    span = Range(Position(0, 0), Position(text.count("\n"), 0))
    document = Document(uri, "a.py" if uri.startswith("file:") else uri, "diff", text, selection=span)
    return await gather(ACTIONS[action], Request("r", action, "s", root=root, document=document), typed, {})


async def asked(root: Path, typed: str, *given: Part, system: str | None = None) -> Gathered:
    return await gather(catalogue.ASK, Request("r", "ask", "s", root=root, attached=given, system=system), typed, {})


async def committed(root: Path, text: str | None = None) -> Gathered:
    """What is gathered for a commit message, from the folder or from a buffer with this text."""
    request = Request("r", "commit-message", "s", root=root, repository=root)
    if text is not None:
        file = root / ".git" / "COMMIT_EDITMSG"
        request = request.replace(commit_file=file, document=Document(file.as_uri(), file.name, "gitcommit", text))
    return await gather(ACTIONS["commit-message"], request, "", dict(os.environ))


def said(found: Gathered) -> str:
    return "\n".join(part.text for part in found.parts)


@pytest.mark.parametrize("action", ["explain-selection", "review-file"])
@pytest.mark.parametrize("text", [DIFF, COMMIT, f"# Notes\n\n```diff\n{DIFF}```\n"])
async def test_a_diff_that_is_open_names_its_files(folder: Path, action: str, text: str) -> None:
    assert PINNED in (await shown(folder, text, action)).paths


async def test_a_hunk_alone_is_of_the_file_above_it(folder: Path) -> None:
    span = Range(Position(5, 0), Position(6, 0))
    document = Document("untitled:U", "untitled:U", "diff", OTHER.strip() + "\n" + DIFF, selection=span)
    request = Request("r", "explain-selection", "s", root=folder, document=document)
    assert PINNED in (await gather(ACTIONS["explain-selection"], request, "", {})).paths


async def test_a_diff_in_an_instruction_or_a_system_prompt_names_its_files(folder: Path) -> None:
    code, uri = "x = 1\ny = 2\n", (folder / "a.py").as_uri()
    for action in ("explain-selection", "review-file"):
        assert PINNED in (await shown(folder, code, action, uri, TYPED)).paths
    assert PINNED in (await asked(folder, "Why?", system=TYPED)).paths
    assert PINNED in (await asked(folder, TYPED)).paths


async def test_a_diff_typed_into_a_commit_message_names_its_files(folder: Path) -> None:
    (folder / "b.py").write_text("x = 1\n", encoding="utf-8")
    git(folder, "add", ".")
    assert PINNED in (await committed(folder, f"wip\n\n{DIFF}")).paths
    assert PINNED not in (await committed(folder, COMMIT)).paths


async def test_a_patch_that_is_staged_or_whose_change_is_piped_in_names_its_files(folder: Path) -> None:
    (folder / "fix.patch").write_text(DIFF, encoding="utf-8")
    git(folder, "add", ".")
    found = await committed(folder)
    assert {"fix.patch", PINNED} <= set(found.paths)
    git(folder, "commit", "-q", "-m", "Patch")
    (folder / "fix.patch").write_text(DIFF + OTHER, encoding="utf-8")
    assert "src/y.py" in (await asked(folder, "Why?", Part("attached", git(folder, "diff")))).paths


async def test_plain_code_names_nothing_but_itself(folder: Path) -> None:
    code = '"""Doc."""\n\nif a:\n    b = a - 1  # --- 3 |\nelse:\n    raise ValueError(f"{a}: {b}")\n'
    assert (await shown(folder, code, "review-file", (folder / "a.py").as_uri())).paths == ("a.py",)


@pytest.fixture
def unread(folder: Path) -> Path:
    """The repository, where ``private/`` is left unread."""
    (folder / ".rungignore").write_text("private/\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "text", [DIFF, OTHER + DIFF, COMMIT, f"# Notes\n\n> {DIFF}", DIFF.replace(" a/", " ").replace(" b/", " ")]
)
@pytest.mark.parametrize("action", ["explain-selection", "review-file"])
async def test_a_document_with_text_of_what_is_unread_is_refused(unread: Path, action: str, text: str) -> None:
    with pytest.raises(ContextError, match=r"There is text of private/x\.py in it, which is not read"):
        await shown(unread, text, action)


async def test_what_is_typed_loses_the_diffs_of_what_is_unread(unread: Path) -> None:
    both = f"Take this over:\n{OTHER}{DIFF}"
    for found in (
        await asked(unread, both),
        await asked(unread, "Why?", system=both),
        await shown(unread, "x = 1\n", "review-file", (unread / "a.py").as_uri(), both),
    ):
        assert CANARY not in said(found)
        assert "+two" in said(found)
        assert [(one.path, one.why) for one in found.left_out] == [(PINNED, ".rungignore")]
        assert PINNED not in found.paths


async def test_a_staged_patch_of_what_is_unread_is_only_named(unread: Path) -> None:
    (unread / "fix.patch").write_text(OTHER + DIFF, encoding="utf-8")
    git(unread, "add", "fix.patch")
    found = await committed(unread, f"wip\n\n{OTHER}{DIFF}")
    assert CANARY not in said(found) + repr(found.change)
    assert "wip" in said(found)
    assert {one.path for one in found.left_out} == {"fix.patch", PINNED}


@pytest.mark.parametrize(
    "text",
    [
        f"*** Begin Patch\n*** Update File: {PINNED}\n@@\n+{CANARY}\n*** End Patch\n",
        f"Modified regular file {PINNED}:\n   1    1: {CANARY}\n",
        f"==== //depot/main/{PINNED}#3 (text) ====\n+{CANARY}\n",
        f"==> {PINNED} <==\n{CANARY}\n",
        f"*** {PINNED}\t2026-01-01\n--- {PINNED}\t2026-01-02\n***************\n! {CANARY}\n",
        f"+diff --git a/{PINNED} b/{PINNED}\n++++ b/{PINNED}\n+@@ -1 +1 @@\n++{CANARY}\n",
    ],
)
async def test_other_forms_with_text_of_what_is_unread_are_refused(unread: Path, text: str) -> None:
    with pytest.raises(ContextError, match=r"private/x\.py in it, which is not read"):
        await asked(unread, "Why?", Part("attached", text))


async def test_folders_that_are_named_as_a_diffs_prefixes_hold_up_no_diff(folder: Path) -> None:
    (folder / ".rungignore").write_text("a/\nb/\n", encoding="utf-8")
    assert "+two" in said(await asked(folder, "Why?", Part("attached", OTHER)))
