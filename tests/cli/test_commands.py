"""The other commands: help, doctor, trust, sim and lsp."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import SETTINGS, Rung, configure, environment, git

from rung import __version__
from rung.cli import COMMANDS
from rung.sim.server import Simulator

pytestmark = pytest.mark.process


async def test_help_names_every_command_and_the_exit_codes(rung: Rung) -> None:
    for words in (("--help",), ("-h",), ("help",)):
        done = await rung(*words)
        assert done.code == 0
        assert all(f"\n  {name} " in done.out for name in COMMANDS)
        assert "3 findings at or above --fail-on" in done.out
    assert (await rung()).code == 2


async def test_help_with_a_command_is_its_help(rung: Rung) -> None:
    assert (await rung("help", "ask")).out == (await rung("ask", "--help")).out
    meant = await rung("help", "comit")
    assert meant.code == 2
    assert "Did you mean `rung commit`?" in meant.err


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"demo"}))
async def test_every_command_says_what_it_takes(command: str, rung: Rung) -> None:
    for word in ("--help", "-h"):
        done = await rung(command, word)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(f"usage: rung {command}")
        assert "--" in done.out


async def test_version_is_the_packages(rung: Rung) -> None:
    for word in ("--version", "-V"):
        assert (await rung(word)).out == f"rung {__version__}\n"


# doctor


async def test_doctor_checks_all_of_it(sim: Simulator, rung: Rung, home: Path) -> None:
    done = await rung("doctor")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert all(line.startswith(("ok  ", "no  ", "      ")) for line in lines)
    assert f"ok  tier small: sim-small:3b (ollama at {sim.url}): cold, window 8192" in lines
    assert any(line.startswith("ok  tier cloud: gpt-5-mini") and "key found; not called" in line for line in lines)
    assert any("git" in line for line in lines)
    assert f"ok  ledger: {home}/.local/state/rung/ledger.sqlite3" in lines
    assert str(home / ".config/rung/rung.toml") in done.out
    assert not [seen for seen in sim.log if seen.path.startswith("/openai") or seen.path == "/api/chat"]


async def test_doctor_says_what_to_do_where_nothing_can_answer(rung: Rung, home: Path) -> None:
    configure("http://127.0.0.1:1")
    done = await rung("doctor", env=environment(OPENAI_API_KEY=None))
    assert done.code == 1
    assert "`ollama serve`" in done.out
    assert "Set OPENAI_API_KEY" in done.out
    assert "No model can answer. `rung commit` writes messages without one" in done.out


async def test_doctor_says_which_model_to_pull(sim: Simulator, rung: Rung) -> None:
    configure(sim.url, SETTINGS.replace("sim-small:3b", "qwen2.5-coder:7b"))
    done = await rung("doctor")
    assert done.code == 0
    assert "no  tier small: qwen2.5-coder:7b" in done.out
    assert "`ollama pull qwen2.5-coder:7b`" in done.out


FAR = SETTINGS.replace('url = "{url}/openai/v1"', 'url = "https://far.invalid/v1"')


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        (
            {"HTTPS_PROXY": "http://me:s3cret@h:abc"},
            "The proxy in HTTPS_PROXY cannot be used: it has a port that is none",
        ),
        ({"ALL_PROXY": "socks://h:1"}, "The proxy in ALL_PROXY cannot be used: it must begin with http://"),
        ({"SSL_CERT_FILE": "/nonexistent.pem"}, "What SSL_CERT_FILE names cannot be read, or holds no certificates."),
    ],
)
async def test_doctor_names_what_of_the_environment_keeps_a_model_from_being_reached(
    variables: dict[str, str], why: str, sim: Simulator, rung: Rung
) -> None:
    configure(sim.url, FAR)
    done = await rung("doctor", env=environment(**variables))
    assert done.err == ""
    assert f"no  tier cloud: gpt-5-mini (openai at https://far.invalid/v1): {why}" in done.out
    (name,) = variables
    assert f"unset {name}" in done.out.split(why)[1]
    assert "s3cret" not in done.said


async def test_doctor_names_where_settings_would_go(rung: Rung, home: Path) -> None:
    done = await rung("doctor", env=environment(OPENAI_API_KEY="any"))
    assert f"What you want otherwise goes into {home}/.config/rung/rung.toml." in done.out


async def test_doctor_names_file_and_line_of_a_mistake(rung: Rung) -> None:
    path = configure("http://127.0.0.1:1", "[budgett]\n")
    done, machine = await rung("doctor"), await rung("doctor", "--json")
    assert (done.code, machine.code) == (2, 2)
    assert f"no  {path}:1: " in done.out
    assert f"{path}:1: " in machine.out
    assert machine.json["ok"] is False


async def test_doctor_json_is_one_object(sim: Simulator, rung: Rung) -> None:
    found = (await rung("doctor", "--json")).json
    assert found["ok"] is True
    assert all(set(check) == {"ok", "what", "hint"} for check in found["checks"])


async def test_doctor_says_that_the_ledger_cannot_be_written(sim: Simulator, rung: Rung) -> None:
    done = await rung("doctor", env=environment(RUNG_STATE_DIR="/dev/null/state"))
    assert done.code == 0
    assert "no  ledger: /dev/null/state/ledger.sqlite3" in done.out


# trust


async def test_a_workspace_counts_once_it_is_trusted_and_until_it_changes(
    sim: Simulator, rung: Rung, repo: Path
) -> None:
    (repo / ".rung").mkdir()
    (repo / "below").mkdir()
    (repo / ".rung/rung.toml").write_text('default_tier = "large"\n', encoding="utf-8")
    before = await rung("route", "--json", "hello")
    assert before.json["tier"] == "small"
    trusted = await rung("trust", folder=repo / "below")
    assert trusted.code == 0
    assert str(repo) in trusted.out
    assert (await rung("route", "--json", "hello")).json["tier"] == "large"
    (repo / ".rung/rung.toml").write_text('default_tier = "cloud"\n', encoding="utf-8")
    assert (await rung("route", "--json", "hello")).json["tier"] == "small"
    assert (await rung("trust", str(repo))).code == 0
    assert (await rung("route", "--json", "hello")).json["tier"] == "cloud"
    assert "no longer trusted" in (await rung("trust", "--forget")).out
    assert (await rung("route", "--json", "hello")).json["tier"] == "small"
    assert "was not trusted" in (await rung("trust", "--forget")).out


async def test_what_an_untrusted_workspace_asks_for_is_said_to_be_ignored(
    sim: Simulator, rung: Rung, repo: Path
) -> None:
    (repo / ".rung").mkdir()
    (repo / ".rung/rung.toml").write_text(SETTINGS.replace("{url}", "http://127.0.0.1:1"), encoding="utf-8")
    done = await rung("ask", "hello")
    assert done.code == 0
    assert "rung trust" in done.err
    git(repo, "status")


# sim


async def test_the_simulators_printed_settings_work_as_they_are(rung: Rung, home: Path) -> None:
    process = await rung.start("sim", "--port", "0", "--load", "0", "--token-delay", "0")
    try:
        assert process.stdout is not None
        text = ""
        while "local = false" not in text:
            line = await asyncio.wait_for(process.stdout.readline(), 20)
            assert line
            text += line.decode()
        configure("", text)
        for tier, model in (("small", "sim-small:3b"), ("large", "sim-large:14b"), ("cloud", "gpt-5-mini")):
            done = await rung("ask", "--tier", tier, "hello")
            assert done.code == 0, done.err
            assert f"answer of {model}" in done.out
        assert (await rung("ask", "--tier", "cloud", "--local", "hello")).code == 1
        assert (await rung("doctor")).code == 0
    finally:
        process.terminate()
        await process.communicate()


async def test_the_simulator_fails_as_it_is_told(rung: Rung) -> None:
    process = await rung.start("sim", "--port", "0", "--load", "0", "--fail", "status")
    try:
        assert process.stderr is not None
        said = (await asyncio.wait_for(process.stderr.readline(), 20)).decode()
        url = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert url
        configure(url[0])
        assert (await rung("ask", "--tier", "small", "hello")).code == 1
        taken = await rung("sim", "--port", url[0].rpartition(":")[2])
        assert taken.code == 2
        assert "is taken" in taken.err
    finally:
        process.terminate()
        await process.communicate()


@pytest.mark.parametrize(("option", "word"), [("--load", "-1"), ("--load", "nan"), ("--token-delay", "soon")])
async def test_sim_takes_times_only(option: str, word: str, rung: Rung) -> None:
    done = await rung("sim", "--port", "0", option, word)
    assert done.code == 2
    assert f"Argument {option}: '{word}' is no number of seconds." in done.err


# lsp


def message(method: str, number: int | None = None, params: Any = None) -> bytes:
    body: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if number is not None:
        body["id"] = number
    if params is not None:
        body["params"] = params
    raw = json.dumps(body).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(raw), raw)


async def reply(reader: asyncio.StreamReader, number: int) -> Any:
    """The answer to a request; whatever else the server says is passed over."""
    while True:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        length = re.search(rb"Content-Length: (\d+)", head)
        assert length
        found = json.loads(await reader.readexactly(int(length[1])))
        if found.get("id") == number and "method" not in found:
            return found


INITIALIZE = message("initialize", 1, {"processId": os.getpid(), "rootUri": None, "capabilities": {}})


async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(INITIALIZE)
    found = (await reply(reader, 1))["result"]
    assert found["serverInfo"] == {"name": "rung", "version": __version__}
    writer.write(message("initialized", params={}) + message("shutdown", 2))
    assert (await reply(reader, 2))["result"] is None
    writer.write(message("exit"))


@pytest.mark.parametrize("words", [(), ("--stdio",), ("--no-daemon",), ("--clientProcessId", str(os.getpid()))])
async def test_lsp_serves_one_editor_on_stdio_and_ends_well(words: tuple[str, ...], rung: Rung) -> None:
    process = await rung.start("lsp", *words, piped=True)
    assert process.stdin is not None
    assert process.stdout is not None
    await session(process.stdout, process.stdin)
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out, err) == (0, b"", b"")


async def test_lsp_listens_on_a_port_of_loopback(rung: Rung) -> None:
    process = await rung.start("lsp", "--tcp", "0")
    try:
        assert process.stderr is not None
        said = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
        found = re.fullmatch(r"rung lsp listens on (127\.0\.0\.1):(\d+)\n", said)
        assert found, said
        for _ in range(2):
            reader, writer = await asyncio.open_connection(found[1], int(found[2]))
            await session(reader, writer)
            writer.close()
            await writer.wait_closed()
        taken = await rung("lsp", "--tcp", found[2])
        assert taken.code == 2
        assert f"127.0.0.1:{found[2]} cannot be listened on" in taken.err
    finally:
        process.terminate()
        await process.communicate()
