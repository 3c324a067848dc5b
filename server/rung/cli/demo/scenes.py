"""The scenes, in the order they are played: what an editor shows of a request that goes well.

Each one makes its own stage, asks as an editor would, and checks what came. Where its world is sabotaged
(:attr:`World.broken`), it plays on as if nothing were wrong: the checks have to notice.
"""

from __future__ import annotations

from typing import Any

from rung.cli.demo import shop
from rung.cli.demo.editor import Buffer, Editor
from rung.cli.demo.told import Told
from rung.cli.demo.wire import Json
from rung.cli.demo.world import Stage, World

TOP: Json = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}


class Streamed:
    """What ``rung/run`` streamed before it answered."""

    def __init__(self, told: Told, *, show: bool = False) -> None:
        self._told = told if show else None
        self.pieces: list[str] = []
        """Of the text; a reset empties it."""

    def take(self, value: Json) -> None:
        """One value."""
        if value["kind"] == "text":
            self.pieces.append(value["text"])
            if self._told is not None:
                self._told.piece(value["text"])
        elif value["kind"] == "reset":
            self.pieces.clear()


async def explain(
    world: World, editor: Editor, path: str, selection: str, told: Told, *, show: bool = False, **more: Any
) -> tuple[Json, Streamed]:
    """Ask ``rung/run`` to explain a selection; its answer, and what was streamed before."""
    world.asked += 1
    buffer = editor.open(world.folder / path, "python")
    streamed = Streamed(told, show=show)
    params = {"action": "explain-selection", "uri": buffer.uri, "range": buffer.span(selection), "version": 1, **more}
    try:
        answer: Json = await editor.result(editor.run(params, streamed.take)[1], "rung/run")
    finally:
        editor.close(buffer)
    return answer, streamed


async def commit_message(world: World, stage: Stage, told: Told) -> tuple[Buffer, str, str]:
    """Have a commit message written: the buffer, what git had put into it, and the request's id."""
    editor = stage.editor
    buffer = editor.open(await world.begin_commit(), "gitcommit")
    before = buffer.text
    told.asked("the code actions at the top of the COMMIT_EDITMSG that git opened; one staged file")
    found = await editor.actions(buffer, TOP)
    offered = [action for action in found if _asks(action, "commit-message")]
    if not told.check("the action is offered on line 1 of git's buffer", offered, [a.get("title") for a in found]):
        return buffer, before, ""
    told.asked(f'"{offered[0]["title"]}"')
    world.asked += 1
    begun = await editor.command(offered[0]["command"]["command"], *offered[0]["command"]["arguments"])
    await editor.wait(lambda: editor.idle, "the end of the progress")
    told.came(message_in(buffer))
    return buffer, before, begun["id"]


def _asks(action: Json, name: str) -> bool:
    command = action.get("command")
    return isinstance(command, dict) and command["command"] == "rung.run" and command["arguments"][0]["action"] == name


def message_in(buffer: Buffer) -> str:
    """What stands above git's comments."""
    return buffer.text.partition("\n#")[0].strip()


async def commit(world: World, told: Told) -> None:
    """A commit message from the smallest local model."""
    async with world.stage() as stage:
        if world.broken == told.name:
            for simulator in (stage.local, stage.cloud):
                simulator.fail("garbage-text", times=None)
        buffer, before, request = await commit_message(world, stage, told)
        row = await world.row(request)
        if told.check("the ledger has its row", row) and row is not None:
            told.receipt(row)
            told.check("the small tier answered", row.tier == "small", row.tier)
            told.check("it cost nothing", row.cost_usd == 0, row.cost_usd)
        told.check(
            "the message stands above git's comment lines, and not one of them changed",
            message_in(buffer) and buffer.text.endswith(before.lstrip("\n")),
            repr(buffer.text[:200]),
        )
        told.check("it speaks of the staged file", "prices" in message_in(buffer), repr(message_in(buffer)))
        told.check("no connection to the cloud was opened", not stage.cloud.connections, stage.cloud.connections)
        stage.editor.close(buffer)


async def selection(world: World, told: Told) -> None:
    """An explanation that streams."""
    async with world.stage() as stage:
        if world.broken == told.name:
            stage.local.fail("reset", times=None)
            stage.cloud.down()
        told.asked("explain the function `total`, selected in prices.py; the answer streams")
        answer, streamed = await explain(world, stage.editor, "prices.py", shop.SELECTION, told, show=True)
        told.check("it came in several pieces", len(streamed.pieces) > 1, f"{len(streamed.pieces)} pieces")
        whole = "".join(streamed.pieces)
        told.check("the pieces joined are the answer", whole and whole == answer.get("text"), answer.get("error"))
        if "receipt" in answer:
            told.receipt(answer["receipt"])
            told.check("the small tier answered", answer["receipt"]["tier"] == "small", answer["receipt"]["tier"])
            told.check("the receipt says that it is simulated", answer["receipt"]["simulated"])


async def review(world: World, told: Told) -> None:
    """A review: findings as diagnostics that follow the text."""
    async with world.stage() as stage:
        if world.broken == told.name:
            for simulator in (stage.local, stage.cloud):
                simulator.fail("garbage-text", times=None)
        editor = stage.editor
        buffer = editor.open(world.folder / "prices.py", "python")
        told.asked("review prices.py")
        world.asked += 1
        begun = await editor.command("rung.run", {"action": "review-file", "uri": buffer.uri})
        await editor.wait(lambda: editor.messages, "findings, or a word about them")
        lines = [line.strip() for line in buffer.text.split("\n") if any(mark in line for mark in shop.DUBIOUS)]
        shown = _diagnostics(editor, buffer)
        for found in shown:
            place = f"prices.py:{found['range']['start']['line'] + 1}"
            told.came(f"{place}: {found['message'].splitlines()[0]}: {buffer.at(found['range'])}")
        quoted = [buffer.at(found["range"]) for found in shown]
        told.check(
            "each finding stands at exactly the line it quotes", shown and sorted(quoted) == sorted(lines), quoted
        )
        if shown:
            await _edited(editor, buffer, lines, told)
        row = await world.row(begun["id"])
        if told.check("the ledger has its row", row) and row is not None:
            told.receipt(row)
        editor.close(buffer)


def _diagnostics(editor: Editor, buffer: Buffer) -> list[Json]:
    found: list[Json] = editor.diagnostics.get(buffer.uri, {}).get("diagnostics", [])
    return found


async def _edited(editor: Editor, buffer: Buffer, lines: list[str], told: Told) -> None:
    """Type above the findings, then into one of them."""
    told.asked("two new lines typed above everything; then the line with `eval` deleted")

    async def follow(version: int) -> list[str]:
        await editor.wait(
            lambda: editor.diagnostics.get(buffer.uri, {}).get("version") == version, "findings for the text as it is"
        )
        return sorted(buffer.at(found["range"]) for found in _diagnostics(editor, buffer))

    editor.edit(buffer, TOP, "# Sold by weight,\n# not by number.\n")
    moved = await follow(buffer.version)
    told.check("all of them moved with their lines", moved == sorted(lines), moved)
    gone = next(line for line in lines if "eval(" in line)
    editor.edit(buffer, buffer.span(gone), "return 0")
    left = await follow(buffer.version)
    told.check("the one whose line is gone is gone", left == sorted(set(lines) - {gone}), left)


async def rules(world: World, told: Told) -> None:
    """A rule edited while the server runs."""
    broken = world.broken == told.name
    async with world.stage() as stage:
        editor = stage.editor
        uri = world.settings.as_uri()

        async def ask() -> Json:
            answer, _ = await explain(world, editor, "prices.py", shop.SELECTION, told)
            found: Json = answer["receipt"]
            return found

        def save(key: str, *, more: bool = True) -> None:
            rule = f'\n[[rule]]\nname = "explanations start large"\n{key} = "large"\n'
            rule += 'when = { action = "explain-selection" }\n'
            world.configure(shop.settings(stage.local.url, stage.cloud.url, more=rule if more else ""))

        told.asked("explain `total`, with the rules as they are")
        first = await ask()
        told.receipt(first)
        told.check("it began at the small tier", first["tier"] == "small", first["tier"])
        told.asked('a new rule in rung.toml, with "teir" for "tier"; the same request again')
        save("teir")
        await editor.wait(lambda: _lines(editor, uri), "a diagnostic in rung.toml")
        told.came(f"rung.toml: {editor.diagnostics[uri]['diagnostics'][0]['message']}")
        wrong = next(n for n, line in enumerate(world.settings.read_text("utf-8").split("\n")) if "teir" in line)
        told.check("the mistake is shown at its line", _lines(editor, uri) == [wrong], _lines(editor, uri))
        second = await ask()
        told.check("the last good rules stayed in force", second["tier"] == "small", second["tier"])
        told.asked("the word mended; the same request once more")
        save("tier", more=not broken)
        await editor.wait(lambda: not _lines(editor, uri), "the end of the diagnostic")
        third = await ask()
        told.receipt(third)
        told.check("it began at the large tier, without a restart", third["tier"] == "large", third["tier"])
        told.check("the receipt names the rule", third["rule"] == "explanations start large", third["rule"])
        told.check("no connection to the cloud was opened", not stage.cloud.connections, stage.cloud.connections)


def _lines(editor: Editor, uri: str) -> list[int]:
    return [found["range"]["start"]["line"] for found in editor.diagnostics.get(uri, {}).get("diagnostics", [])]


async def ledger(world: World, told: Told) -> None:
    """What everything cost."""
    async with world.stage() as stage:
        told.asked("explain `total` once more, here and in the cloud; then the ledger")
        await explain(world, stage.editor, "prices.py", shop.SELECTION, told)
        answer, _ = await explain(world, stage.editor, "prices.py", shop.SELECTION, told, tier="cloud")
        told.receipt(answer["receipt"])
        if world.broken == told.name:
            await overcharge(stage)
        rows = await world.rows(lambda rows: len(rows) >= world.asked)
        told.check(f"each of the {world.asked} requests has its row", len(rows) == world.asked, f"{len(rows)} rows")
        attempts = [attempt for row in rows for call in row.calls for attempt in call.attempts]
        spent = sum(attempt.cost_usd or 0.0 for attempt in attempts)
        for tier in dict.fromkeys(attempt.tier for attempt in attempts):
            own = [attempt for attempt in attempts if attempt.tier == tier and attempt.outcome == "ok"]
            tokens = f"{sum(a.tokens_in for a in own)} + {sum(a.tokens_out for a in own)} tokens"
            cost = sum(a.cost_usd or 0.0 for a in attempts if a.tier == tier)
            told.came(f"{tier:<6} {len(own)} answer{'' if len(own) == 1 else 's'}, {tokens}, ${cost:.6f}")
        answered = [attempt for attempt in attempts if attempt.outcome == "ok"]
        everything = sum(a.tokens_in * shop.PRICE[0] + a.tokens_out * shop.PRICE[1] for a in answered) / 1e6
        told.came(
            f"all together ${spent:.6f}; the same tokens, all of them in the cloud, ${everything:.6f} (simulated)"
        )
        told.check("something was spent, and the day was cheaper than the cloud alone", 0 < spent < everything, spent)
        told.check(
            "the ledger agrees with the simulated provider's bill to the last fraction of a cent",
            abs(spent - world.billed) < 1e-9,
            f"{spent:.9f} in the ledger, {world.billed:.9f} on the bill",
        )


async def overcharge(stage: Stage) -> None:
    """Somebody else uses the same key."""
    import httpx2  # noqa: PLC0415 - for a sabotaged demo alone

    async with httpx2.AsyncClient(trust_env=False) as client:
        body = {"model": shop.CLOUD_MODEL, "messages": [{"role": "user", "content": "hello"}]}
        headers = {"authorization": "Bearer simulated-key"}
        done = await client.post(f"{stage.cloud.url}/openai/v1/chat/completions", json=body, headers=headers)
        done.raise_for_status()
