"""What ``.rungignore`` keeps out of a prompt, by whatever name and on whatever way it would get in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.copies import copy_of

from rung.actions import catalogue, without_model
from rung.actions.context.gathered import Gathered
from rung.actions.gather import gather
from rung.actions.prompt import renderer
from rung.errors import ContextError
from rung.ladder.fit import fit
from rung.settings import places
from rung.types.call import Call
from rung.types.part import Part
from rung.types.request import Document, Request

CANARY = "canary_9f2c"
ACTIONS = catalogue.load([places.shipped() / "actions"])


def build(folder: Path) -> None:
    (folder / "private").mkdir()
    (folder / "src").mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / ".rungignore").write_text("private/\n*.pem\n", encoding="utf-8")
    (folder / "private" / "key.py").write_text(f"def {CANARY}():\n    return 1\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with an ignored file, ``private/key.py``."""
    copy_of("unread", build, tmp_path / "work")
    return tmp_path / "work"


def git(where: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=where, check=True, capture_output=True)


async def opened(root: Path | None, path: Path) -> Gathered:
    """What is gathered for a review of a file that is open in an editor."""
    shown = path.relative_to(root) if root and path.is_relative_to(root) else path
    document = Document(path.as_uri(), shown.as_posix(), "python", "x = 1\n")
    return await gather(ACTIONS["review-file"], Request("r", "review-file", "s", root=root, document=document), "", {})


async def asked(root: Path, *given: Part, prompt: str = "What is this?") -> Gathered:
    return await gather(catalogue.ASK, Request("r", "ask", "s", root=root, attached=given), prompt, {})


async def committed(root: Path, repository: Path | None = None) -> Gathered:
    request = Request("r", "commit-message", "s", root=root, repository=repository or root)
    return await gather(ACTIONS["commit-message"], request, "", dict(os.environ))


def said(found: Gathered) -> str:
    return "\n".join(part.text for part in found.parts)


async def test_a_file_that_is_open_is_refused_with_the_reason(folder: Path) -> None:
    with pytest.raises(ContextError) as raised:
        await opened(folder, folder / "private" / "key.py")
    assert raised.value.sentence() == (
        "private/key.py is not read: .rungignore says so. Take it out of .rungignore if you want it read."
    )


async def test_a_link_is_refused_by_both_its_names(folder: Path, tmp_path: Path) -> None:
    inside, named, folder_link = folder / "src" / "link.py", folder / "src" / "x.pem", folder / "open"
    inside.symlink_to("../private/key.py")
    (folder / "src" / "plain.py").write_text("x = 1\n", encoding="utf-8")
    named.symlink_to("plain.py")
    folder_link.symlink_to("private")
    for path in (inside, named, folder_link / "key.py"):
        with pytest.raises(ContextError, match="is not read"):
            await opened(folder, path)
    outside = tmp_path / "elsewhere.py"
    outside.symlink_to(folder / "private" / "key.py")
    with pytest.raises(ContextError, match="is not read"):
        await opened(folder, outside)


async def test_a_link_that_leads_out_is_read_and_pinned_by_where_it_leads(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secrets" / "x.py"
    outside.parent.mkdir()
    outside.write_text("x = 1\n", encoding="utf-8")
    (folder / "src" / "out.py").symlink_to(outside)
    found = await opened(folder, folder / "src" / "out.py")
    assert found.paths == ("src/out.py", outside.resolve().as_posix())


async def test_a_link_inside_is_pinned_by_both_its_names(folder: Path) -> None:
    (folder / "src" / "plain.py").write_text("x = 1\n", encoding="utf-8")
    (folder / "link.py").symlink_to("src/plain.py")
    assert (await opened(folder, folder / "link.py")).paths == ("link.py", "src/plain.py")
    assert (await opened(folder, folder / "src" / "plain.py")).paths == ("src/plain.py",)


@pytest.mark.parametrize("root", ["", "private", None])
async def test_it_holds_wherever_the_workspace_begins(folder: Path, root: str | None) -> None:
    with pytest.raises(ContextError, match="is not read"):
        await opened(None if root is None else folder / root, folder / "private" / "key.py")


async def test_it_holds_from_above_the_repository(folder: Path) -> None:
    (folder / ".rungignore").unlink()
    (folder.parent / ".rungignore").write_text("work/private/\n", encoding="utf-8")
    with pytest.raises(ContextError, match="is not read"):
        await opened(folder.parent, folder / "private" / "key.py")
    git(folder, "add", ".")
    assert CANARY not in said(await committed(folder.parent, folder))


async def test_another_repository_has_its_own(folder: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    with pytest.raises(ContextError, match="is not read"):
        await opened(here, folder / "private" / "key.py")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_it_may_be_written_by_windows_tools(folder: Path, encoding: str, end: str) -> None:
    (folder / ".rungignore").write_bytes(f"# mine{end}private/{end}".encode(encoding))
    with pytest.raises(ContextError, match="is not read"):
        await opened(folder, folder / "private" / "key.py")


@pytest.mark.parametrize("kind", ["folder", "pipe", "huge", "loop", "lost link", "link to a device"])
async def test_one_that_cannot_be_read_lets_nothing_pass(folder: Path, kind: str) -> None:
    file = folder / ".rungignore"
    file.unlink()
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "huge":
        file.write_bytes(b"x\n" * 1_000_000)
    else:
        file.symlink_to({"loop": ".rungignore", "lost link": "gone"}.get(kind, "/dev/zero"))
    (folder / "a.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(ContextError, match="so nobody knows what may be read"):
        await opened(folder, folder / "a.py")


async def test_a_name_that_is_no_utf8_is_kept_out_too(folder: Path) -> None:
    (folder / ".rungignore").write_bytes(b"caf\xe9/\n")
    file = folder / os.fsdecode(b"caf\xe9/x.py")
    file.parent.mkdir()
    file.write_text(f"{CANARY} = 1\n", encoding="utf-8")
    git(folder, "add", ".")
    found = await committed(folder)
    assert "caf\ufffd/x.py" in [omission.path for omission in found.left_out]
    assert f"{CANARY} = 1" not in said(found)


async def test_a_commit_message_is_made_of_the_name_alone(folder: Path) -> None:
    (folder / "src" / "open.py").write_text("def half(number):\n    return number / 2\n", encoding="utf-8")
    git(folder, "add", ".")
    found = await committed(folder)
    assert "private/key.py" in said(found)
    assert "def half" in said(found)
    assert [(one.path, one.why) for one in found.left_out] == [("private/key.py", ".rungignore")]
    assert CANARY not in said(found)
    assert CANARY not in repr(found.change)
    assert CANARY not in without_model.write("commit-message", found.change)


async def test_a_message_without_a_model_reads_no_ignored_file_either(folder: Path) -> None:
    git(folder, "add", "private")
    message = without_model.write("commit-message", (await committed(folder)).change)
    assert message
    assert CANARY not in message


@pytest.mark.parametrize(("old", "new"), [("private/a.py", "src/a.py"), ("src/a.py", "private/a.py")])
async def test_a_file_moved_out_of_or_into_a_kept_out_folder_is_not_read(folder: Path, old: str, new: str) -> None:
    text = "".join(f"line_{number} = {number}\n" for number in range(40))
    (folder / old).write_text(text, encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Begin")
    (folder / old).write_text(text.replace("line_7 ", f"{CANARY} "), encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "mv", old, new)
    found = await committed(folder)
    assert f"renamed: {old} -> {new}" in said(found)
    assert CANARY not in said(found) + repr(found.change)


DIFF = """diff --git a/{0} b/{0}
index 83db48f..bf269f4 100644
--- a/{0}
+++ b/{0}
@@ -1,2 +1,2 @@ def area
 one
-two
+{1}
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("paint", ["", "\x1b[1m"])
async def test_a_diff_piped_in_loses_what_is_kept_out_and_says_so(folder: Path, end: str, paint: str) -> None:
    texts = [DIFF.format("src/a.py", "three"), DIFF.format("private/key.py", CANARY), DIFF.format("b.py", "four")]
    whole = "commit 1\n\n" + "".join(paint + text for text in texts) + "commit 2\n\n    More\n"
    found = await asked(folder, Part("attached", whole.replace("\n", end)))
    rest = "commit 1\n\n" + paint + texts[0] + paint + texts[2] + "commit 2\n\n    More\n"
    assert found.parts[-1].text == rest.replace("\n", end)
    assert [(one.path, one.why) for one in found.left_out] == [("private/key.py", ".rungignore")]
    assert {"src/a.py", "b.py"} <= set(found.paths)
    assert "private/key.py" not in found.paths


async def test_a_diff_of_nothing_else_is_refused(folder: Path) -> None:
    with pytest.raises(ContextError, match=r"private/key\.py is not read"):
        await asked(folder, Part("attached", DIFF.format("private/key.py", CANARY)))


async def test_an_attached_file_that_is_kept_out_is_refused(folder: Path) -> None:
    with pytest.raises(ContextError, match=r"private/key\.py is not read"):
        await asked(folder, Part("attached", "x", "private/key.py"))


@pytest.mark.parametrize("text", ["word\n" * 400, "```\n" + "word\n" * 400])
async def test_a_file_shortened_to_fit_keeps_its_fence_closed(folder: Path, text: str) -> None:
    found = await asked(folder, Part("attached", text, "notes.md", priority=4))
    render = renderer(catalogue.ASK, found.facts)
    fitted = fit(Call(found.parts, render, 100, lambda _: None), 400, lambda one: len(one) // 4, 4)
    (message,) = fitted.messages
    fence = "````" if "```" in text else "```"
    assert message.content.startswith(f"What is this?\nnotes.md:\n{fence}\n")
    assert message.content.endswith(f"of {text.count(chr(10))} lines are left out]\n{fence}")
    assert [one.path for one in fitted.left_out] == ["notes.md"]
