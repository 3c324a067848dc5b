"""The makers' packages: imported before the first question leaves, and not a moment earlier."""

from __future__ import annotations

import importlib
import json
import logging
import subprocess
import sys

import pytest
from tests.conftest import REPOSITORY
from tests.unit.providers import claude
from tests.unit.providers.scripted import Script, failure, question, serving
from tests.unit.providers.test_openai import keyed, model

import rung.providers.anthropic
import rung.providers.openai
from rung.errors import AttemptError
from rung.providers.anthropic import Anthropic
from rung.providers.openai import OpenAI
from rung.providers.package import Package

PROGRAM = """
import asyncio, sys
from tests.unit.providers import claude, scripted, test_openai
import rung.engine

def loaded():
    return set(sys.modules)

def of_the_package():
    return {name for name in loaded() if name.split(".")[0] == NAME}

async def main():
    async with scripted.serving(SCRIPT) as server:
        before = of_the_package()
        chat, asked = CHAT, scripted.question(MODEL)
        await chat.prepare(asked)
        prepared, there = loaded(), of_the_package()
        assert server.talks == []
        await scripted.heard(chat, asked)
        print(len(before), len(there) > 50, sorted(loaded() - prepared))

asyncio.run(main())
"""
OPENAI = {
    "NAME": "'openai'",
    "SCRIPT": "test_openai.OK",
    "CHAT": "test_openai.keyed()",
    "MODEL": "test_openai.model(server.url)",
}
ANTHROPIC = {
    "NAME": "'anthropic'",
    "SCRIPT": "claude.OK",
    "CHAT": "claude.keyed()",
    "MODEL": "claude.model(server.url)",
}


@pytest.mark.parametrize("words", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
def test_nothing_is_imported_at_the_start_and_nothing_is_left_to_import_once_a_question_leaves(
    words: dict[str, str],
) -> None:
    program = PROGRAM
    for word, meaning in words.items():
        program = program.replace(word, meaning)
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("0 True []", "")


async def test_what_goes_wrong_with_the_rehearsal_is_no_failure() -> None:
    async def fails(_module: object) -> None:
        raise AttemptError("broken", "It is.")

    assert await Package("json", rehearse=fails).load() is json


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_the_rehearsal_asks_nobody_that_there_is(
    provider: str, caplog: pytest.LogCaptureFixture, off_machine: list[str]
) -> None:
    caplog.set_level(logging.INFO)
    sdk = importlib.import_module(provider)
    await {"openai": rung.providers.openai, "anthropic": rung.providers.anthropic}[provider]._rehearse(sdk)
    assert off_machine == []
    assert "nobody.invalid" in caplog.text
    assert not any(name in caplog.text for name in ("api.openai.com", "api.anthropic.com"))


KEYS = [None, "sk-\u201cquoted\u201d", "sk-a\nX-Evil: 1", "sk-a\n"]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_a_key_that_is_missing_or_cannot_be_sent_fails_before_any_connection(
    key: str | None, provider: str
) -> None:
    async with serving(Script()) as server:
        chat = OpenAI(lambda _: key) if provider == "openai" else Anthropic(lambda _: key)
        asked = question(model(server.url) if provider == "openai" else claude.model(server.url))
        with pytest.raises(AttemptError) as caught:
            await chat.prepare(asked)
        error = await failure(chat, asked)
        assert server.talks == []
    for found in (caught.value, error):
        assert (found.failure, "MY_KEY" in found.text) == ("auth", True)
        assert "sk-" not in found.sentence()


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("status", [200, 400, 401, 500])
async def test_neither_key_nor_prompt_nor_answer_is_logged_or_raised(
    status: int, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = b'{"error":{"type":"x","message":"sk-mine CANARY"}}'
    async with serving(Script([said], status, {"content-type": "application/json"})) as server:
        chat = keyed() if provider == "openai" else claude.keyed()
        asked = question(model(server.url) if provider == "openai" else claude.model(server.url), "CANARY")
        error = await failure(chat, asked)
    told = caplog.text + repr(error) + "".join(str(part) for part in (error.__cause__, error.text, error.hint))
    assert "CANARY" not in told
    assert "sk-mine" not in told
