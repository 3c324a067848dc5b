"""What leaves the machine: without secrets, and never what .rungignore names or a pin holds."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from rung.engine import Engine
from rung.errors import ContextError, NoAnswerError
from rung.running.beginning import new_id
from rung.settings.values import Rule, Settings, Tier, When
from rung.sim import SimModel, Simulator
from rung.types.event import OutcomeEvent
from rung.types.model import Model
from rung.types.outcome import Outcome
from rung.types.part import Part
from rung.types.request import Document, Position, Range, Request

SECRET = "AKIA" + "Q3EGRIZ2M7KLP4XT"
SOURCE = f'import os\nKEY = "{SECRET}"\nhandle = open(KEY)\n'


def settings(url: str, *rules: Rule, local: bool = False) -> Settings:
    cloud = Model("openai-compatible", "sim-cloud:1b", f"{url}/v1", context=8192, connect=3.0, local=local)
    return Settings((Tier("cloud", (cloud,)),), rules)


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator((SimModel("sim-cloud:1b"),)) as running:
        yield running


async def ask(home: Path, request: Request, chosen: Settings) -> Outcome:
    engine = Engine(state=home / "state", source="cli")
    try:
        async with aclosing(engine.run(request, chosen, engine.actions(None, trusted=False))) as events:
            async for event in events:
                if isinstance(event, OutcomeEvent):
                    return event.result
    finally:
        await engine.close()
    raise AssertionError("no outcome")


def review(root: Path, path: str = "shop.py", text: str = SOURCE) -> Request:
    document = Document((root / path).as_uri(), path, "python", text)
    return Request(new_id(), "review-file", "test", root=root, document=document)


def pinned(home: Path, folder: str) -> Rule:
    return Rule("rung pin (its files)", When(path=(f"{home.resolve().as_posix()}/{folder}/**",)), local=True)


def sent(sim: Simulator) -> str:
    return json.dumps([exchange.body for exchange in sim.log])


async def test_a_secret_stays_here_and_the_receipt_names_it(home: Path, sim: Simulator) -> None:
    outcome = await ask(home, review(home), settings(sim.url))
    assert SECRET not in sent(sim)
    assert "[redacted-" in sent(sim)
    assert [one.count for one in outcome.receipt.redacted] == [1]


@pytest.mark.parametrize("action", ["ask", "review-file", "explain-selection"])
async def test_a_secret_in_a_files_name_stays_here_too(action: str, home: Path, sim: Simulator) -> None:
    path, text = f"keys/{SECRET}.py", "handle = open(name)\n"
    chosen = Range(Position(0, 0), Position(1, 0))
    document = Document((home / path).as_uri(), path, "python", text, selection=chosen)
    request = Request(new_id(), action, "test", root=home, document=document)
    if action == "ask":
        request = request.replace(document=None, attached=(Part("attached", text, path),))
    outcome = await ask(home, request, settings(sim.url))
    assert "handle = open(name)" in sent(sim)
    assert SECRET not in sent(sim)
    assert [(one.kind, one.count) for one in outcome.receipt.redacted] == [("aws-key", 1)]


async def test_a_secret_in_the_name_of_a_branch_or_of_a_staged_file_stays_here_too(home: Path, sim: Simulator) -> None:
    other = SECRET[:-1] + "Z"
    folder = home / "work"
    folder.mkdir()
    (folder / f"{other}.txt").write_text("hello\n")
    for words in (("init", "-q", "-b", f"fix-{SECRET}"), ("add", ".")):
        await asyncio.to_thread(subprocess.run, ["git", *words], cwd=folder, check=True, capture_output=True)
    request = Request(new_id(), "commit-message", "test", root=folder, repository=folder)
    outcome = await ask(home, request, settings(sim.url))
    assert "Branch: fix-[redacted-aws-key-" in sent(sim)
    assert SECRET not in sent(sim)
    assert other not in sent(sim)
    assert [(one.kind, one.count) for one in outcome.receipt.redacted] == [("aws-key", 2)]


async def test_a_finding_on_a_redacted_line_is_anchored_at_the_real_one(home: Path, sim: Simulator) -> None:
    text = f'except_key = open("{SECRET}")\n'
    outcome = await ask(home, review(home, text=text), settings(sim.url))
    assert outcome.findings
    (finding,) = outcome.findings
    assert SECRET in finding.quote
    assert finding.range is not None
    assert SECRET not in sent(sim)


async def test_a_model_on_this_machine_reads_everything(home: Path, sim: Simulator) -> None:
    outcome = await ask(home, review(home), settings(sim.url, local=True))
    assert SECRET in sent(sim)
    assert outcome.receipt.redacted == ()


async def test_an_ignored_file_is_not_read(home: Path, sim: Simulator) -> None:
    (home / ".rungignore").write_text("private/\n")
    with pytest.raises(ContextError, match=r"private/shop\.py is not read"):
        await ask(home, review(home, "private/shop.py"), settings(sim.url))
    assert sim.log == []


def repository(folder: Path, branch: str = "main") -> Path:
    folder.mkdir()
    subprocess.run(["git", "init", "-q", "-b", branch, str(folder)], check=True, capture_output=True)
    (folder / "shop.py").write_text("total = 1\n")
    return folder


def asking(home: Path, path: str, action: str) -> Request:
    if action == "ask":
        return Request(new_id(), "ask", "test", root=home, attached=(Part("attached", "total = 1\n", path),))
    found = review(home, path, "total = 1\n")
    assert found.document is not None
    chosen = found.document.replace(selection=Range(Position(0, 0), Position(1, 0)))
    return found.replace(action=action, document=chosen)


@pytest.mark.parametrize("action", ["ask", "review-file", "explain-selection"])
@pytest.mark.parametrize(
    ("when", "path", "stays"),
    [
        (When(branch=("main",)), "inner/shop.py", True),
        (When(branch=("main",)), "link.py", True),
        (When(branch=("main",)), "other/shop.py", False),
        (When(branch=("main",)), "shop.py", False),
        (When(not_of=When(branch=("dev",))), "inner/shop.py", True),
        (When(repository=("**/inner",)), "inner/shop.py", True),
        (When(repository=("**/inner",)), "link.py", True),
        (When(repository=("**/inner",)), "other/shop.py", False),
        (When(language=("python",)), "other/shop.py", True),
    ],
)
async def test_a_pin_follows_the_file_to_its_repository_branch_and_language(
    when: When, path: str, action: str, home: Path, sim: Simulator, *, stays: bool
) -> None:
    await asyncio.to_thread(repository, home / "inner")
    await asyncio.to_thread(repository, home / "other", "dev")
    (home / "link.py").symlink_to(home / "inner" / "shop.py")
    chosen = settings(sim.url, Rule("pin", when, local=True))
    if stays:
        with pytest.raises(NoAnswerError, match="pinned to this machine"):
            await ask(home, asking(home, path, action), chosen)
        assert sim.log == []
    else:
        await ask(home, asking(home, path, action), chosen)
        assert sim.log


async def test_a_pin_by_branch_holds_where_only_the_workspace_says_it(home: Path, sim: Simulator) -> None:
    root = await asyncio.to_thread(repository, home / "inner")
    request = Request(new_id(), "ask", "test", root=root, instruction="hi")
    chosen = settings(sim.url, Rule("pin", When(branch=("main",)), local=True))
    with pytest.raises(NoAnswerError, match="pinned to this machine"):
        await ask(home, request, chosen)
    assert sim.log == []


@pytest.mark.parametrize("when", [When(branch=("main",)), When(not_of=When(branch=("dev",)))])
@pytest.mark.parametrize(("branch", "stays"), [("main", True), ("dev", False)])
async def test_a_pin_by_branch_holds_for_a_commit_message(
    when: When, branch: str, home: Path, sim: Simulator, *, stays: bool
) -> None:
    root = await asyncio.to_thread(repository, home / "inner", branch)
    await asyncio.to_thread(subprocess.run, ["git", "add", "."], cwd=root, check=True, capture_output=True)
    request = Request(new_id(), "commit-message", "test", root=root, repository=root)
    outcome = await ask(home, request, settings(sim.url, Rule("pin", when, local=True)))
    assert bool(sim.log) is not stays
    assert (outcome.receipt.tier == "builtin") is stays


async def test_a_pinned_folder_holds_though_the_workspace_begins_above_it(home: Path, sim: Simulator) -> None:
    pin = pinned(home, "inner")
    with pytest.raises(NoAnswerError, match="pinned to this machine"):
        await ask(home, review(home, "inner/shop.py"), settings(sim.url, pin))
    assert sim.connections == 0
    await ask(home, review(home, "outer/shop.py"), settings(sim.url, pin))
    assert sim.connections > 0


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "protocol.file.allow=always", *words], cwd=folder, check=True, capture_output=True)


def nested(home: Path) -> Path:
    """A workspace that lies in the pinned folder: a repository in another one."""
    (home / "outer" / "private").mkdir(parents=True)
    git(home / "outer", "init", "-q")
    return repository(home / "outer" / "private" / "inner")


def submodule(home: Path) -> Path:
    """One that is the pinned folder itself."""
    source, outer = repository(home / "source"), repository(home / "outer")
    git(source, "add", ".")
    git(source, "commit", "-q", "-m", "Begin")
    git(outer, "submodule", "add", "-q", str(source), "mods/private")
    return outer / "mods" / "private"


def worktree(home: Path) -> Path:
    source = repository(home / "source")
    git(source, "add", ".")
    git(source, "commit", "-q", "-m", "Begin")
    git(source, "worktree", "add", "-q", str(home / "trees" / "private"))
    return home / "trees" / "private"


def plain_folder(home: Path) -> Path:
    (home / "private").mkdir()
    return home / "private"


def linked_folder(home: Path) -> Path:
    """The editor opened a link of that name."""
    (home / "vault").mkdir()
    (home / "private").symlink_to(home / "vault")
    return home / "private"


@pytest.mark.parametrize("glob", ["**/private/**", "private"])
@pytest.mark.parametrize("made", [nested, submodule, worktree, plain_folder, linked_folder])
async def test_a_pinned_folder_holds_though_the_workspace_begins_in_it(
    made: Callable[[Path], Path], glob: str, home: Path, sim: Simulator
) -> None:
    root = await asyncio.to_thread(made, home)
    (root / "shop.py").write_text("total = 2\n")
    chosen = settings(sim.url, Rule("pin", When(path=(glob,)), local=True))
    for action in ("ask", "review-file", "explain-selection"):
        with pytest.raises(NoAnswerError, match="pinned to this machine"):
            await ask(home, asking(root, "shop.py", action), chosen)
    if (root / ".git").exists():
        await asyncio.to_thread(git, root, "add", ".")
        request = Request(new_id(), "commit-message", "test", root=root, repository=root)
        assert (await ask(home, request, chosen)).receipt.tier == "builtin"
    assert sim.log == []


async def test_a_commit_that_moves_a_pinned_submodule_stays_here(home: Path, sim: Simulator) -> None:
    await asyncio.to_thread(submodule, home)
    request = Request(new_id(), "commit-message", "test", root=home / "outer", repository=home / "outer")
    for glob, tier in (("**/private/**", "builtin"), ("**/privat/**", "cloud")):
        outcome = await ask(home, request, settings(sim.url, Rule("pin", When(path=(glob,)), local=True)))
        assert outcome.receipt.tier == tier


async def test_a_pin_by_the_name_the_shell_calls_a_folder_holds_where_that_is_a_link(
    home: Path, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "vault" / "deep").mkdir(parents=True)
    (home / "secret").symlink_to(home / "vault")
    monkeypatch.setenv("PWD", str(home / "secret" / "deep"))
    for when in (When(path=("~/secret/**",)), When(repository=("~/secret",))):
        chosen = settings(sim.url, Rule("pin", when, local=True))
        with pytest.raises(NoAnswerError, match="pinned to this machine"):
            await ask(home, asking((home / "vault").resolve(), "deep/shop.py", "ask"), chosen)
    assert sim.log == []


KEY_LINES = [f"{number}Zk9+{'pL7/q' * 11}Q8w" for number in range(6)]
PARTLY = {
    "lines of a private key": (
        "\n".join(("-----BEGIN RSA PRIVATE KEY-----", *KEY_LINES, "-----END RSA PRIVATE KEY-----")) + "\n",
        Range(Position(2, 0), Position(5, 0)),
        KEY_LINES,
    ),
    "a value of a Kubernetes secret": (
        "apiVersion: v1\nkind: Secret\ndata:\n  one: d2ludGVy\n  two: c3VtbWVy\n",
        Range(Position(4, 0), Position(5, 0)),
        ["d2ludGVy", "c3VtbWVy"],
    ),
    "a bare key below its id": (
        f"# creds\n{SECRET}\nq7mvT2xkw/Zb3+LpRw8Nn5Yc1Dh6Gf4Js0Kt9AeX\n# end\n",
        Range(Position(2, 0), Position(3, 0)),
        ["q7mvT2xkw/Zb3+LpRw8Nn5Yc1Dh6Gf4Js0Kt9AeX"],
    ),
    "a value without its name": (
        'cfg = {\n  "password": "vK7#mpQ2wz",\n}\n',
        Range(Position(1, 14), Position(1, 26)),
        ["vK7#mpQ2wz"],
    ),
}


@pytest.mark.parametrize("what", PARTLY)
async def test_a_selected_piece_of_a_secret_stays_here(what: str, home: Path, sim: Simulator) -> None:
    text, chosen, secrets = PARTLY[what]
    document = Document((home / "keys.txt").as_uri(), "keys.txt", "plaintext", text, selection=chosen)
    request = Request(new_id(), "explain-selection", "test", root=home, document=document)
    await ask(home, request, settings(sim.url))
    assert "[redacted-" in sent(sim)
    assert not [secret for secret in secrets if secret in sent(sim)]
