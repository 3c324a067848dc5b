"""Documents that have no ``file:`` address: what holds for the file they are about holds for them."""

from __future__ import annotations

from pathlib import Path

from tests.lsp.desk import CODE, at, desk, git, settings, write_settings

RULES = """
[[rule]]
name = "private"
local = true
when = {{ path = "private/**" }}
[[rule]]
name = "elsewhere"
local = true
when = {{ repository = "{home}/secret" }}
[[rule]]
name = "branch"
local = true
when = {{ branch = "hush" }}
"""
"""Default rules pin ``.env`` besides."""
REMOTE = "local = false\nprice = { input = 0.01, output = 0.01 }"
QUERY = "?%7B%22ref%22%3A%22~%22%7D"


def rules(home: Path) -> str:
    return RULES.format(home=home.resolve())


async def test_pins_hold_for_every_address_of_a_pinned_file(home: Path) -> None:
    secret, hush = home / "secret", home / "hush"
    for folder, branch in ((secret, "main"), (hush, "hush")):
        folder.mkdir()
        git(folder, "init", "-q", "-b", branch)
    async with desk(home) as table:
        work = table.repository
        write_settings(settings(table.sim.url, rules(home), REMOTE))
        pinned = [
            f"git:{work}/private/x.py{QUERY}",
            f"git:{work}/.env{QUERY}",
            f"vscode-notebook-cell:{work}/private/n.ipynb#W0",
            f"fugitive://{work}/.git//0/private/x.py",
            f"diffview://{work}/.git/abc1234/private/x.py",
            f"untitled:{work}/private/new.py",
            f"FILE://{work}/private/x.py",
            f"git:{secret}/code.py{QUERY}",
            f"fugitive://{secret}/.git//0/code.py",
            f"vscode-remote://wsl%2Bubuntu{secret}/code.py",
            f"git:{hush}/code.py{QUERY}",
        ]
        free = ["untitled:Untitled-1", f"git:{work}/src/x.py{QUERY}", f"fugitive://{work}/.git//0/x.py"]
        async with table.editor() as editor:
            for uri in (*pinned, *free):
                await editor.open(uri, CODE)
                request = {"action": "explain-selection", "uri": uri, "range": at(0, 0, (2, 0))}
                answer = await editor.result("rung/run", request)
                assert ("pinned to this machine" in str(answer.get("error"))) is (uri in pinned), (uri, answer)
    assert len(table.questions) == len(free)


async def test_what_a_workspace_pins_holds_for_its_files_by_other_addresses(home: Path) -> None:
    async with desk(home) as table:
        write_settings(settings(table.sim.url, "", REMOTE))
        other = home / "other"
        (other / ".rung").mkdir(parents=True)
        (other / ".rung" / "rung.toml").write_text('[[rule]]\nname = "all"\nlocal = true\n', encoding="utf-8")
        uri = f"git:{other}/a.py{QUERY}"
        folders = [{"uri": one.as_uri(), "name": one.name} for one in (table.repository, other)]
        async with table.editor(workspaceFolders=folders) as editor:
            await editor.open(uri, CODE)
            request = {"action": "explain-selection", "uri": uri, "range": at(0, 0, (2, 0))}
            answer = await editor.result("rung/run", request)
        assert "pinned to this machine" in str(answer.get("error"))
    assert table.questions == []


async def test_what_is_listed_for_other_addresses_is_what_their_own_workspace_can_do(home: Path) -> None:
    async with desk(home) as table:
        write_settings(settings(table.sim.url, "", REMOTE))
        first, other = table.repository, home / "other"
        (other / ".rung").mkdir(parents=True)
        (other / ".rung" / "rung.toml").write_text('[[rule]]\nname = "all"\nlocal = true\n', encoding="utf-8")
        folders = [{"uri": one.as_uri(), "name": one.name} for one in (first, other)]
        pinned = [f"git:{other}/a.py{QUERY}", f"untitled:{other}/new.py", (other / "a.py").as_uri()]
        free = [f"git:{first}/a.py{QUERY}", f"untitled:{first}/new.py", "untitled:Untitled-1", table.file("a.py")]
        async with table.editor(workspaceFolders=folders) as editor:
            for uri in (*pinned, *free):
                await editor.open(uri, CODE)
                (one,) = await editor.actions(uri, only=["source.rung.review"])
                reason = one.get("disabled", {}).get("reason", "")
                assert ('pinned to this machine by rule "all (workspace)"' in reason) is (uri in pinned), (uri, one)


async def test_pins_hold_for_a_diff_in_a_buffer_and_in_an_instruction(home: Path) -> None:
    name = "private/x.py"
    diff = f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1 +1,2 @@\n one\n+two\n"
    cut = "\n# Please enter\n# ------------------------ >8 ------------------------\n# Do not modify\n"
    async with desk(home) as table:
        write_settings(settings(table.sim.url, rules(home), REMOTE))
        table.stage()
        code, commit = table.file("a.py"), table.commit_file(cut + diff)
        texts = {code: CODE, commit: cut + diff, "untitled:Untitled-1": diff}
        span = at(0, 0, (5, 0))
        asked = [
            {"action": "explain-selection", "uri": "untitled:Untitled-1", "range": span},
            {"action": "review-file", "uri": commit},
            {"action": "explain-selection", "uri": code, "range": span, "instruction": f"Explain with\n{diff}"},
            {"action": "commit-message", "uri": commit, "instruction": f"Say it as in\n{diff}", "tier": "small"},
        ]
        async with table.editor() as editor:
            for uri, text in texts.items():
                await editor.open(uri, text)
            for request in asked:
                answer = await editor.result("rung/run", request)
                assert "pinned to this machine" in str(answer.get("error")), (request, answer)
    assert table.questions == []
