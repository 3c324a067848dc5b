"""Whose certificates are trusted: those of the system, or of the file that the environment names."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from tests.certificates import made, served
from tests.unit.providers.scripted import failure, heard, question, serving, text_of
from tests.unit.providers.test_proxies import LISTS, PROVIDERS, beside

from rung.errors import AttemptError
from rung.ladder.health import Health
from rung.providers import certificates

PROVIDER = pytest.mark.parametrize("provider", PROVIDERS)
TEXT = "What SSL_CERT_FILE names cannot be read, or holds no certificates."
HINT = "Name a file with certificates (PEM), or unset SSL_CERT_FILE."


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What SSL_CERT_FILE names; nothing yet."""
    path = tmp_path / "trusted.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


def put(file: Path, holds: str | bytes | None) -> None:
    """Have a file that holds this; None: no file."""
    if holds == "folder":
        file.mkdir()
    elif holds is not None:
        file.write_bytes(holds.encode() if isinstance(holds, str) else holds)


@PROVIDER
@pytest.mark.parametrize("holds", [None, "", "-----BEGIN CERTIFICATE-----\nnone\n", "folder"])
async def test_certificates_that_cannot_be_read_fail_the_attempt_before_it_leaves(
    provider: str, holds: str | None, file: Path
) -> None:
    put(file, holds)
    chat, says = PROVIDERS[provider]
    async with serving(says, certificate=served()) as server:
        model = beside(server.port, provider=provider)
        asked = question(model.replace(url=f"https://127.0.0.1:{server.port}"))
        with pytest.raises(AttemptError) as caught:
            await chat.prepare(asked)
        for error in (caught.value, await failure(chat, asked)):
            assert (error.failure, error.text, error.hint, error.again) == ("unreachable", TEXT, HINT, False)
        assert server.talks == []
        # Who is not spoken to in TLS needs none.
        async with serving(says) as plain:
            assert text_of(await heard(chat, question(beside(plain.port, provider=provider))))


@PROVIDER
async def test_a_file_that_is_mended_or_changed_is_read_without_a_new_start(provider: str, file: Path) -> None:
    chat, says = PROVIDERS[provider]
    async with serving(says, certificate=served()) as server:
        model = beside(server.port, provider=provider)
        asked = question(model.replace(url=f"https://127.0.0.1:{server.port}"))
        assert (await failure(chat, asked)).text == TEXT
        put(file, made("10.1.2.3")[1])
        assert (await failure(chat, asked)).failure == "unreachable"
        put(file, made("10.1.2.3")[1] + made()[1])
        assert text_of(await heard(chat, asked))


@pytest.mark.usefixtures("file")
async def test_a_look_at_a_server_fails_as_an_attempt_does() -> None:
    health = Health(lambda _: "k", lambda name: f"set {name}")
    async with serving(LISTS, certificate=served()) as server:
        model = beside(server.port, local=True).replace(url=f"https://127.0.0.1:{server.port}")
        with pytest.raises(AttemptError) as caught:
            await health.look(model)
        await health.glance([model])
        assert caught.value.text == TEXT
        assert health.known(model).state == "down"


def test_certificates_are_read_once(file: Path) -> None:
    put(file, made()[1])
    assert certificates.context() is certificates.context()


def test_a_folder_that_is_none_is_said_to_be_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    with pytest.raises(AttemptError) as caught:
        certificates.context()
    assert caught.value.sentence() == (
        "What SSL_CERT_DIR names cannot be read, or holds no certificates."
        " Name a folder with certificates, or unset SSL_CERT_DIR."
    )
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert certificates.context().verify_mode == ssl.CERT_REQUIRED
