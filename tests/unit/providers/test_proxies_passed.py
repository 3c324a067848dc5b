"""Through a proxy and not past it: what a proxy does that will not, or cannot, lead to a server."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.certificates import made, served
from tests.unit.providers.proxying import Socks, Tunnel, listening, saying, silence
from tests.unit.providers.scripted import Server, failure, heard, question, serving, text_of
from tests.unit.providers.test_proxies import PROVIDERS, beside

from rung.errors import AttemptError
from rung.types.model import Model

SECRET = "s3cret-word"
PROVIDER = pytest.mark.parametrize("provider", PROVIDERS)


def far(provider: str, scheme: str = "http", **fields: Any) -> Model:
    """A model whose name only a proxy knows."""
    model = beside(1, provider=provider, **fields)
    return model.replace(url=f"{scheme}://far.invalid:8000")


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """Whoever the proxy leads to."""
    provider = request.node.callspec.params.get("provider", "ollama")
    async with serving(PROVIDERS[provider][1]) as found:
        yield found


async def why(provider: str, **fields: Any) -> AttemptError:
    """What is said of the model that is far."""
    error = await failure(PROVIDERS[provider][0], question(far(provider, **fields)))
    assert (error.failure, error.again) == ("unreachable", False)
    assert SECRET not in error.sentence()
    return error


@PROVIDER
@pytest.mark.parametrize("login", [None, ("me", SECRET)], ids=["open", "with a password"])
async def test_a_socks_proxy_leads_to_a_server_whose_name_it_alone_knows(
    server: Server, provider: str, login: tuple[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Socks(server.port, login)
    async with listening(proxy.talk) as port:
        monkeypatch.setenv("ALL_PROXY", f"socks5://{':'.join(login) + '@' if login else ''}127.0.0.1:{port}")
        assert text_of(await heard(PROVIDERS[provider][0], question(far(provider))))
    assert proxy.asked == [("far.invalid", 8000)]
    assert "host: far.invalid:8000\r\n" in server.talks[0].head.lower()


@pytest.mark.parametrize("kind", ["socks5", "http"])
async def test_tls_is_spoken_with_the_server_and_not_with_the_proxy(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.pem").write_bytes(made("far.invalid")[1])
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mine.pem"))
    chat, says = PROVIDERS["openai-compatible"]
    async with serving(says, certificate=served("far.invalid")) as server:
        proxy = Socks(server.port) if kind == "socks5" else Tunnel(server.port)
        async with listening(proxy.talk) as port:
            monkeypatch.setenv("HTTPS_PROXY", f"{kind}://me:{SECRET}@127.0.0.1:{port}")
            monkeypatch.setattr(proxy, "login", ("me", SECRET), raising=False)
            assert text_of(await heard(chat, question(far("openai-compatible", "https")))) == "here"
    if isinstance(proxy, Tunnel):
        (head,) = proxy.heads
        assert head.startswith("CONNECT far.invalid:8000 HTTP/1.1\r\n")
        assert base64.b64encode(f"me:{SECRET}".encode()).decode() in head
    assert "sk-mine" in server.talks[0].head


@PROVIDER
@pytest.mark.parametrize("scheme", ["http", "socks5", "https"])
async def test_it_is_the_proxy_that_is_named_where_nobody_listens_there(
    provider: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"{scheme}://me:{SECRET}@127.0.0.1:{held.getsockname()[1]}")
        error = await why(provider)
    assert error.text == "The proxy in http_proxy is not there: nobody listens."
    assert error.hint == "Correct or unset http_proxy, or name far.invalid in NO_PROXY."


async def test_a_proxy_whose_name_is_not_known_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*_args: Any, **_named: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid:3128")
    assert (await why("ollama")).text == "The proxy in ALL_PROXY is not known by its name."


REFUSALS = [
    (Socks(0, reply=5), "did not connect to far.invalid (connection refused)."),
    (Socks(0, reply=2), "did not connect to far.invalid (connection not allowed by ruleset)."),
    (Socks(0, ("me", "another")), "wants another user and password."),
]


@pytest.mark.parametrize(("proxy", "text"), REFUSALS, ids=["refuses", "forbids", "wants a password"])
@pytest.mark.parametrize("login", ["", f"me:{SECRET}@"], ids=["without", "with"])
async def test_what_a_socks_proxy_answers_is_said_in_words(
    proxy: Socks, text: str, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy, "login", proxy.login if proxy.login or not login else ("me", SECRET))
    async with listening(proxy.talk) as port:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://{login}127.0.0.1:{port}")
        assert (await why("openai-compatible")).text == f"The proxy in ALL_PROXY {text}"


@PROVIDER
@pytest.mark.parametrize(
    "words",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x05", b"\x05\x00\x05", b"\x04\x5a", b"\x05\x00\x05\x00\x00\x09"],
    ids=["HTTP", "nothing", "half", "too much", "SOCKS4", "nonsense"],
)
async def test_what_is_no_socks_proxy_is_no_way(provider: str, words: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(saying(words)) as port:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{port}")
        assert (await why(provider)).text == "The proxy in ALL_PROXY did not connect to far.invalid."


@PROVIDER
@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("403 Forbidden", "did not connect to far.invalid (403)."),
        ("502 Bad Gateway", "did not connect to far.invalid (502)."),
        ("407 Proxy Authentication Required", "wants another user and password."),
        ("nonsense", "did not connect to far.invalid."),
    ],
)
async def test_what_an_http_proxy_answers_is_said_in_words(
    provider: str, status: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Tunnel(0, status)
    async with listening(proxy.talk) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:{SECRET}@127.0.0.1:{port}")
        assert (await why_tls(provider)).text == f"The proxy in HTTPS_PROXY {text}"
    assert proxy.heads[0].startswith("CONNECT far.invalid:8000 HTTP/1.1\r\n")


async def why_tls(provider: str) -> AttemptError:
    error = await failure(PROVIDERS[provider][0], question(far(provider, "https")))
    assert (error.failure, SECRET in error.sentence()) == ("unreachable", False)
    return error


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_says_nothing_is_not_waited_for_any_longer_than_a_server(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asyncio.timeout(60), listening(silence) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://127.0.0.1:{port}")
        error = await failure(PROVIDERS["ollama"][0], question(far("ollama", "https", connect=0.1)))
    assert (error.failure, error.text) == (
        "unreachable",
        "The proxy in HTTPS_PROXY did not connect to far.invalid in time.",
    )
