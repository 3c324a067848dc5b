"""``rung pin``: what is asked in a pinned repository stays on this machine, and rung.toml stays the person's own."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import SETTINGS, Ran, Rung, configure, git

from rung.settings import places

pytestmark = pytest.mark.process

URL = "http://127.0.0.1:9"
MINE = """\
# my own words
default_tier = "small"

[budget]   # for coffee
per_day = 1.0

[[rule]]
name = "mine"
when = { action = "ask" }
tier = "large"\
"""


def own() -> Path:
    return places.config_folder() / "rung.toml"


def write_own(text: str) -> None:
    own().parent.mkdir(parents=True, exist_ok=True)
    own().write_bytes(text.encode())


def real(folder: Path) -> str:
    return os.path.realpath(folder)


async def pins(rung: Rung, *words: str, folder: Path | None = None) -> list[dict[str, str]]:
    routed = await rung("route", "--json", *words, "hello", folder=folder)
    assert routed.code == 0, routed.err
    found: list[dict[str, str]] = [pin for pin in routed.json["pins"] if "rung pin" in pin["from"]]
    return found


async def pinned(rung: Rung, *words: str) -> Ran:
    done = await rung("pin", *words)
    assert done.code == 0, done.err
    return done


def without_pins(text: str) -> dict[str, Any]:
    data = tomllib.loads(text)
    rules = [rule for rule in data.pop("rule", []) if not rule["name"].startswith("rung pin")]
    return {**data, **({"rule": rules} if rules else {})}


async def test_a_pinned_repository_is_named_by_route_and_keeps_to_local_models(rung: Rung, repo: Path) -> None:
    configure(URL)
    assert await pins(rung) == []
    assert "stays on this machine" in (await pinned(rung)).out
    assert await pins(rung) == [{"bound": "local", "from": 'rule "rung pin"'}]
    plan = (await rung("route", "--json", "hello")).json["plan"]
    assert plan
    assert all(entry["local"] for entry in plan)


async def test_folders_below_are_pinned_and_folders_beside_are_not(rung: Rung, repo: Path, tmp_path: Path) -> None:
    below, beside = repo / "vendor" / "inner", tmp_path / "work-two"
    for folder in (below, beside):
        folder.mkdir(parents=True)
        git(folder, "init", "-q")
    await pinned(rung)
    assert await pins(rung, folder=below)
    assert await pins(rung, folder=beside) == []


async def test_a_file_of_it_is_pinned_when_sent_along_from_elsewhere(rung: Rung, repo: Path, tmp_path: Path) -> None:
    await pinned(rung)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    found = await pins(rung, "-f", str(repo / "area.py"), folder=elsewhere)
    names = ("rung pin", "rung pin (its files)")
    assert found == [{"bound": "local", "from": f'rule "{name}"'} for name in names]


async def test_its_worktrees_are_pinned_with_it_whichever_of_them_is_named(
    rung: Rung, repo: Path, tmp_path: Path
) -> None:
    git(repo, "worktree", "add", "-q", str(tmp_path / "second"))
    await pinned(rung)
    assert await pins(rung, folder=tmp_path / "second")
    await pinned(rung, "--remove")
    await pinned(rung, str(tmp_path / "second"))
    assert await pins(rung, folder=repo)


def bare(repo: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare/shop.git")
    git(tmp_path / "bare" / "shop.git", "worktree", "add", "-q", str(tmp_path / "first"))
    return tmp_path / "first"


def linked(repo: Path, tmp_path: Path) -> Path:
    git(repo, "worktree", "add", "-q", str(tmp_path / "first"))
    return tmp_path / "first"


def apart(repo: Path, tmp_path: Path) -> Path:
    git(repo, "init", "-q", "--separate-git-dir", str(tmp_path / "apart"))
    return repo


def plain(repo: Path, tmp_path: Path) -> Path:
    return repo


@pytest.mark.parametrize("kind", [plain, linked, bare, apart], ids=lambda kind: kind.__name__)
async def test_a_worktree_made_later_is_pinned_with_its_files(
    kind: Any, rung: Rung, repo: Path, tmp_path: Path
) -> None:
    named, later = kind(repo, tmp_path), tmp_path / "trees" / "later"
    await pinned(rung, str(named))
    git(named, "worktree", "add", "-q", "-b", "later", str(later))
    (later / "new.txt").write_text("new\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert await pins(rung, folder=later)
    assert await pins(rung, "-f", str(later / "new.txt"), folder=elsewhere)
    assert await pins(rung, folder=elsewhere) == []


async def test_what_lies_beside_a_bare_repository_is_not_pinned_with_its_worktree(
    rung: Rung, repo: Path, tmp_path: Path
) -> None:
    await pinned(rung, str(bare(repo, tmp_path)))
    beside = tmp_path / "bare" / "beside"
    beside.mkdir()
    assert await pins(rung, folder=beside) == []


async def test_a_folder_inside_pins_the_whole_repository(rung: Rung, repo: Path) -> None:
    inner = repo / "src"
    (inner / ".rung").mkdir(parents=True)
    await rung("pin", folder=inner)
    assert (await rung("pin", "--list")).out == f"{real(repo)}\n"


async def test_a_link_to_it_pins_the_real_folder(rung: Rung, repo: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repo)
    await pinned(rung, str(tmp_path / "link"))
    assert await pins(rung, folder=repo)


@pytest.mark.parametrize(
    "name",
    ["a[b]c", "a*b", "a?b", "q'uo\"te", "back\\slash", "a{b,c}", "a blank ", "\u00fcml\u00e4ut", "a{b}", "#hash"],
)
async def test_a_folder_of_any_name_is_pinned_and_its_likes_are_not(name: str, rung: Rung, tmp_path: Path) -> None:
    folder, like = tmp_path / name, tmp_path / "axb"
    for made in (folder, like, tmp_path / "abc"):
        made.mkdir()
        git(made, "init", "-q")
    done = await rung("pin", folder=folder)
    assert done.code == 0, done.err
    assert await pins(rung, folder=folder)
    assert await pins(rung, folder=like) == []
    assert await pins(rung, folder=tmp_path / "abc") == []


@pytest.mark.parametrize(
    "text",
    [
        MINE,
        MINE + "\n",
        MINE.replace("\n", "\r\n") + "\r\n",
        "\ufeff" + MINE,
        SETTINGS.replace("{url}", URL),
        "# nothing but a remark",
        "",
    ],
    ids=["no-newline", "newline", "windows", "bom", "tiers", "remark", "empty"],
)
async def test_the_persons_file_keeps_every_byte(text: str, rung: Rung, repo: Path) -> None:
    write_own(text)
    own().chmod(0o640)
    await pinned(rung)
    assert own().read_bytes().startswith(text.encode())
    assert without_pins(own().read_text("utf-8-sig")) == tomllib.loads(text.removeprefix("\ufeff"))
    assert await pins(rung)
    await pinned(rung, "--remove")
    assert own().read_bytes().rstrip(b"\r\n") == text.encode().rstrip(b"\r\n")
    assert stat.S_IMODE(own().stat().st_mode) == 0o640
    assert [entry.name for entry in own().parent.iterdir()] == ["rung.toml"]


async def test_without_a_file_one_is_made_for_the_person_alone(rung: Rung, repo: Path) -> None:
    await pinned(rung)
    assert stat.S_IMODE(own().stat().st_mode) == 0o600
    assert await pins(rung)


async def test_several_repositories_are_pinned_and_let_go_one_by_one(rung: Rung, repo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    write_own(MINE)
    await pinned(rung)
    await pinned(rung, str(other))
    assert (await rung("pin", "--list")).out.splitlines() == [real(repo), real(other)]
    await pinned(rung, "--remove")
    assert await pins(rung, folder=repo) == []
    assert await pins(rung, folder=other)


async def test_words_added_behind_the_pins_stay_where_they_are(rung: Rung, repo: Path, tmp_path: Path) -> None:
    write_own(MINE)
    await pinned(rung)
    added = '\n[[rule]]\nname = "later"\nwhen = { words = ["x"] }\ntier = "small"\n'
    write_own(own().read_text() + added)
    await rung("pin", folder=tmp_path)
    await pinned(rung, "--remove")
    assert own().read_text().endswith(added)
    assert own().read_text().startswith(MINE)


async def test_a_linked_file_stays_a_link(rung: Rung, repo: Path, tmp_path: Path) -> None:
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "rung.toml").write_text(MINE)
    own().parent.mkdir(parents=True, exist_ok=True)
    own().symlink_to(dotfiles / "rung.toml")
    await pinned(rung)
    assert own().is_symlink()
    assert (dotfiles / "rung.toml").read_text().startswith(MINE)
    assert await pins(rung)


BEGIN = "# >>> rung pin: these lines are written by `rung pin` and `rung pin --remove`"

REFUSED = {
    "broken": ("default_tier = \n", "rung.toml:1"),
    "unknown": ("colour = 1\n", "rung.toml:1"),
    "rules in one line": ('rule = [{ name = "mine", tier = "small" }]\n', "rung.toml"),
    "a rule of that name": ('[[rule]]\nname = "rung pin"\ntier = "small"\n', "named `rung pin`"),
    "half of our lines": (f"{BEGIN}\n# pinned: 1\n", "not as it wrote them"),
    "the wrong way round": (f"# <<< rung pin\n{BEGIN}\n", "not as it wrote them"),
    "not ours": (f"{BEGIN}\n# pinned: 1\n# <<< rung pin\n", "not a pinned folder"),
    "our lines in a text": (f'actions = ["""\n{BEGIN}\n# <<< rung pin\n"""]\n', "rung.toml"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
async def test_a_file_that_cannot_be_added_to_is_left_as_it_is(text: str, said: str, rung: Rung, repo: Path) -> None:
    write_own(text)
    done = await rung("pin")
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert own().read_text() == text
    assert [entry.name for entry in own().parent.iterdir()] == ["rung.toml"]


async def test_what_is_no_file_is_left_as_it_is(rung: Rung, repo: Path) -> None:
    write_own(MINE)
    own().unlink()
    own().mkdir()
    done = await rung("pin")
    assert done.code == 2
    assert "can't be read" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--remove",), "is not pinned"),
        (("nowhere",), "no folder"),
        (("--list", "--remove"), "nothing more"),
        (("/",), "whole disk"),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(words: tuple[str, ...], said: str, rung: Rung, repo: Path) -> None:
    done = await rung("pin", *words)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert not own().exists()


async def test_nothing_pinned_is_said_so(rung: Rung) -> None:
    assert (await rung("pin", "--list")).out == "Nothing is pinned.\n"


@pytest.mark.parametrize("forged", ["gitdir: pipe", "gitdir: device", "gitdir", "commondir", "git file"])
async def test_a_forged_git_folder_pins_nothing_but_its_own(
    forged: str, rung: Rung, repo: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (outside / "bin").mkdir(parents=True)
    link = repo / ".git" / "worktrees" / "x" / "gitdir"
    link.parent.mkdir(parents=True)
    if forged == "gitdir: pipe":
        os.mkfifo(link)
    elif forged == "gitdir: device":
        link.symlink_to("/dev/zero")
    elif forged == "gitdir":
        link.write_text(f"{outside}/bin/.git\n", encoding="utf-8")
    elif forged == "commondir":
        (repo / ".git" / "commondir").write_text(f"{outside}/bin\n", encoding="utf-8")
    else:
        (repo / ".git").rename(tmp_path / "kept")
        (repo / ".git").write_text(f"gitdir: {outside}/bin\n", encoding="utf-8")
    await pinned(rung, str(repo))
    assert real(repo) in own().read_text(encoding="utf-8")
    assert "outside" not in own().read_text(encoding="utf-8")
