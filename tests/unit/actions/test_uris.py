"""Which files a URI is about, whatever scheme an editor has for older states, cells and copies of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rung.actions import catalogue
from rung.actions.context.ignored import names
from rung.actions.context.uris import files_in
from rung.actions.gather import gather
from rung.errors import ContextError
from rung.settings import places
from rung.types.request import Document, Request

ABOUT = [
    "git:/w/secrets/x.py?%7B%22path%22%3A%22%2Fw%2Fsecrets%2Fx.py%22%2C%22ref%22%3A%22~%22%7D",
    "git:/w/secrets/x.py.git?%7B%7D",
    "git:/elsewhere?%7B%22path%22%3A%22%2Fw%2Fsecrets%2Fx.py%22%7D",
    "vscode-notebook-cell:/w/secrets/x.py#W0sZmlsZQ%3D%3D",
    "fugitive:///w/.git//0/secrets/x.py",
    "fugitive:///w/.git//4f2a9b1c0d/secrets/x.py",
    "fugitive:///w/.git/modules/secrets//0/x.py",
    "gitsigns:///w/.git//:0:secrets/x.py",
    "gitsigns:///w/.git//HEAD~1:secrets/x.py",
    "diffview:///w/.git/abc1234/secrets/x.py",
    "diffview:///w/.git/:0:/secrets/x.py",
    "diffview:///w/.git/modules/secrets/abc1234/x.py",
    "vscode-remote://ssh-remote%2Bhost/w/secrets/x.py",
    "gitlens://0a1b/w/secrets/x.py?%7B%22ref%22%3A%22HEAD%22%7D",
    "untitled:/w/secrets/x.py",
    "vscode-userdata:/w/secrets/x.py",
    "FILE:///w/secrets/x.py",
    "file:///w/secrets/x.py#L3",
    "file:///w/secrets/x.py?v=2",
    "file://localhost/w/%73ecrets/x.py",
    "jar:file:///w/secrets/x.py",
    "oil-ssh://host//w/secrets/x.py",
    "zipfile:///w/a.zip::secrets/x.py",
    "zipfile:/w/a.zip::secrets/x.py",
    "tarfile::/w/a.tar.gz::secrets/x.py",
    "zipfile:///w/a.zip::b.zip::secrets/x.py",
]


@pytest.mark.parametrize("uri", ABOUT)
def test_an_address_says_which_file_it_is_about(uri: str) -> None:
    assert "secrets/x.py" in names(Path("/w"), uri, uri)


@pytest.mark.parametrize(
    "uri", ["untitled:Untitled-1", "output:log", "a/b.py", "/w/a.py", "C:", "git:", "x://", "é:/w"]
)
def test_what_is_no_address_of_a_file_has_no_absolute_name(uri: str) -> None:
    assert not any(name.startswith("/") for name in files_in(uri))


@pytest.mark.parametrize("query", ["{", "[1]", "{}", '{"path": 5}', "{" * 9000, "%"])
def test_a_query_may_be_anything(query: str) -> None:
    assert "/w/a.py" in files_in(f"git:/w/a.py?{query}")


def test_an_address_without_end_is_none() -> None:
    assert files_in("git:/" + "a/" * 100_000) == ()


def test_an_object_of_a_linked_work_tree_is_found_in_that_tree(tmp_path: Path) -> None:
    git_dir = tmp_path / "main" / ".git" / "worktrees" / "side"
    git_dir.mkdir(parents=True)
    (git_dir / "gitdir").write_text(f"{tmp_path}/side/.git\n", encoding="utf-8")
    assert f"{tmp_path}/side/a.py" in files_in(f"fugitive://{git_dir}//0/a.py")
    assert f"{tmp_path}/side/a.py" in files_in(f"diffview://{git_dir}/abc1234/a.py")


@pytest.mark.parametrize(
    "uri",
    [
        "git:{}/private/key.py?%7B%7D",
        "untitled:{}/private/key.py",
        "untitled:private/key.py",
        "fugitive://{}/.git//0/private/key.py",
        "diffview://{}/.git/abc1234/private/key.py",
        "vscode-notebook-cell:{}/private/key.ipynb#W0",
        "FILE://{}/private/key.py",
    ],
)
async def test_what_is_left_unread_is_so_by_every_address(tmp_path: Path, uri: str) -> None:
    (tmp_path / ".rungignore").write_text("private/\n", encoding="utf-8")
    named = uri.format(tmp_path)
    document = Document(named, named, "python", "x = 1\n")
    request = Request("r", "review-file", "s", root=tmp_path, document=document)
    actions = catalogue.load([places.shipped() / "actions"])
    with pytest.raises(ContextError, match="is not read"):
        await gather(actions["review-file"], request, "", {})
