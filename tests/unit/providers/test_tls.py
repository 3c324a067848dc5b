"""Where TLS does not come about, it is TLS that is named, and what to do about it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from tests.certificates import made, served
from tests.unit.providers.proxying import Talk, Tunnel, listening, saying, silence
from tests.unit.providers.scripted import Script, failure, question, serving
from tests.unit.providers.test_proxies import PROVIDERS

from rung.errors import AttemptError
from rung.types.model import Model

PROVIDER = pytest.mark.parametrize("provider", PROVIDERS)
PLAIN = "Write http:// instead of https:// in `url`, if that is what it speaks."
TRUST = "If you trust it, let SSL_CERT_FILE name a file with it and all others you trust."


async def why(provider: Any, url: str, connect: float = 5.0) -> AttemptError:
    """What is said of a model at that address."""
    error = await failure(PROVIDERS[provider][0], question(Model(provider, "m", url, key="MY_KEY", connect=connect)))
    assert not error.again
    return error


@PROVIDER
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_a_certificate_that_nobody_vouches_for_is_not_accepted_and_nothing_is_sent(
    provider: str, name: str
) -> None:
    async with serving(PROVIDERS[provider][1], certificate=served()) as server:
        url = f"https://{name}:{server.port}"
        error = await why(provider, url)
        assert server.talks == []
    text = f"The certificate of {url} was not accepted: it is self-signed."
    assert (error.failure, error.text, error.hint) == ("unreachable", text, TRUST)


@pytest.mark.parametrize(
    ("address", "days", "says"),
    [
        ("127.0.0.1", -1, "it has expired. Look at this machine's clock, or have it renewed."),
        ("10.1.2.3", 1, "it is made out to another address. Write the name it is made out to in `url`."),
        ("other.test", 1, "it is made out to another address. Write the name it is made out to in `url`."),
    ],
)
async def test_what_is_wrong_with_a_certificate_that_is_trusted_is_said(
    address: str, days: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trusted.pem").write_bytes(made(address, days)[1])
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    async with serving(PROVIDERS["ollama"][1], certificate=served(address, days)) as server:
        error = await why("ollama", f"https://127.0.0.1:{server.port}")
    assert error.sentence() == f"The certificate of https://127.0.0.1:{server.port} was not accepted: {says}"


@PROVIDER
@pytest.mark.parametrize(
    ("talk", "text"),
    [
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "does not speak TLS."),
        (saying(b"SSH-2.0-OpenSSH_9.6\r\n"), "does not speak TLS."),
        (saying(b""), "broke off when it was spoken to in TLS."),
        (silence, "took the connection, but did not answer in TLS in time."),
    ],
    ids=["HTTP", "SSH", "leaves", "silent"],
)
async def test_a_server_that_speaks_no_tls_is_said_to_speak_none(provider: str, talk: Talk, text: str) -> None:
    async with listening(talk) as port:
        error = await why(provider, f"https://127.0.0.1:{port}", 0.3 if talk is silence else 5.0)
    assert (error.failure, error.text, error.hint) == ("unreachable", f"https://127.0.0.1:{port} {text}", PLAIN)


@PROVIDER
@pytest.mark.parametrize("local", [True, False])
async def test_a_server_elsewhere_that_leaves_without_a_word_may_speak_tls_alone(provider: Any, local: bool) -> None:  # noqa: FBT001
    async with serving(Script(), certificate=served()) as server:
        model = Model(provider, "m", f"http://127.0.0.1:{server.port}", key="MY_KEY", connect=5.0, local=local)
        error = await failure(PROVIDERS[provider][0], question(model))
    hint = None if local else "Write https:// instead of http:// in `url`, if it speaks TLS alone."
    assert (error.failure, error.hint, error.again) == ("broken", hint, True)


async def test_a_maker_s_own_address_is_no_mistake_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(saying(b"")) as nowhere, listening(Tunnel(nowhere).talk) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        error = await why("anthropic", "")
    assert error.sentence() == (
        "api.anthropic.com broke off when it was spoken to in TLS. Does a firewall or a proxy stand between?"
    )


async def test_tls_with_a_proxy_is_the_proxy_s(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{port}")
        assert (await why("ollama", "https://far.invalid")).sentence() == (
            "The proxy in HTTPS_PROXY does not speak TLS. Write http:// in HTTPS_PROXY, if that is what it speaks."
        )
    async with serving(PROVIDERS["ollama"][1], certificate=served()) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{server.port}")
        assert (await why("ollama", "https://far.invalid")).sentence() == (
            f"The certificate of the proxy in HTTPS_PROXY was not accepted: it is self-signed. {TRUST}"
        )


async def test_nobody_who_listens_is_not_mistaken_for_no_tls() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        error = await why("ollama", f"https://127.0.0.1:{held.getsockname()[1]}")
    assert error.failure == "refused"
