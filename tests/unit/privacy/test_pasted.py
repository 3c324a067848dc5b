"""What people paste loses its secrets and nothing else; what they ask without one is sent as it is."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from tests.unit.privacy.cases import filled
from tests.unit.privacy.pasted import PASTED, PROMPTS

from rung.privacy import secrets
from rung.privacy.redact import PLACEHOLDER, redact

ROOT = Path(__file__).resolve().parents[3]

_SECRET = re.compile("«([^»]*)»")


@pytest.mark.parametrize("template", PASTED)
def test_what_is_pasted_loses_its_secrets_and_nothing_else(template: str) -> None:
    marked = filled(template, random.Random(template))
    secrets = _SECRET.findall(marked)
    for sign in ("", "+", "-", "    "):
        signed = "".join(f"{sign}{line}" for line in marked.splitlines(keepends=True))
        text = _SECRET.sub(r"\1", signed)
        redacted = redact(text)
        assert [secret for secret in secrets if secret in redacted.text] == [], sign
        assert PLACEHOLDER.sub("*", redacted.text) == _SECRET.sub("*", signed), sign
        assert redacted.restore(redacted.text) == text
        assert redact(redacted.text).text == redacted.text


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_prompt_without_secrets_is_sent_as_it_is(prompt: str) -> None:
    for before in ("", "+", "-", "> ", "    ", "Why does this fail? "):
        assert redact(before + prompt).text == before + prompt


@pytest.mark.long
def test_the_source_of_this_program_loses_nothing_but_its_examples() -> None:
    texts = [
        path.read_text(encoding="utf-8")
        for folder, pattern in (
            ("server", "**/*.py"),
            ("config", "**/*.md"),
            ("config", "**/*.toml"),
            ("editors", "**/*.lua"),
            (".", "*.md"),
        )
        for path in sorted(ROOT.joinpath(folder).glob(pattern))
    ]
    assert len(texts) > 150
    for text in texts:
        for sign in ("", "+", "-"):
            signed = "".join(f"{sign}{line}" for line in text.splitlines(keepends=True))
            assert {signed[found.start : found.end] for found in secrets.find(signed)} <= {"hunter"}
