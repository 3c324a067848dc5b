"""Which proxy of the environment is on the way to an address, and what is said of one that makes no sense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from tests.unit.providers.scripted import failure, heard, question, serving, text_of
from tests.unit.providers.test_proxies import LISTS, PROVIDERS, beside

from rung.errors import AttemptError
from rung.ladder.health import Health
from rung.providers import proxies

CLOUD = "http://cloud.test/v1"
NOBODY = "http://127.0.0.1:9"
SECRET = "s3cret-word"


def chosen(url: str) -> tuple[str, str] | None:
    found = proxies.proxy_for(url)
    return (found.named, str(found.way.url)) if found else None


@pytest.mark.parametrize(
    ("variables", "url", "expected"),
    [
        ({"HTTP_PROXY": "http://a:1"}, CLOUD, ("HTTP_PROXY", "http://a:1")),
        ({"HTTP_PROXY": "a:1"}, CLOUD, ("HTTP_PROXY", "http://a:1")),
        ({"HTTP_PROXY": "http://a:1"}, "https://cloud.test", None),
        ({"HTTP_PROXY": "http://a:1", "http_proxy": "http://b:2"}, CLOUD, ("http_proxy", "http://b:2")),
        ({"ALL_PROXY": "socks5://a:1"}, "https://cloud.test", ("ALL_PROXY", "socks5://a:1")),
        ({"ALL_PROXY": "socks://a:1", "HTTPS_PROXY": "https://b"}, "https://c.test", ("HTTPS_PROXY", "https://b")),
        ({"all_proxy": f"socks5h://me:{SECRET}@a:1"}, CLOUD, ("all_proxy", "socks5h://a:1")),
        ({"HTTP_PROXY": ""}, CLOUD, None),
        ({}, CLOUD, None),
    ],
)
def test_the_variable_for_the_kind_of_address_goes_before_the_one_for_all(
    variables: Mapping[str, str], url: str, expected: tuple[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert chosen(url) == expected


ENTRIES = [
    "cloud.test", ".cloud.test", "*.cloud.test", "test", "loud.test", "CLOUD.test", "*", "", ",",
    "other.test, cloud.test",
    "cloud.test:8080", "https://other.test",
    "10.0.0.0/8", "10.1.2.3", "10.1.2.0/24", "10.2.0.0/16", "::1", "fd00::/8", "[fd00::1]", "10.1.2.3:8080",
    "10.0.0.0/99",
]  # fmt: skip
ADDRESSES = [
    "http://cloud.test/v1", "https://cloud.test/v1", "http://a.cloud.test", "http://cloud.test:8080", "http://cloud.tests",
    "http://10.1.2.3", "http://10.1.2.3:8080/v1", "http://[fd00::1]:8080",
]  # fmt: skip


@pytest.mark.parametrize("entry", ENTRIES)
def test_no_proxy_means_whom_the_http_library_takes_it_to_mean(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://a:1")
    monkeypatch.setenv("NO_PROXY", entry)
    client = httpx2.AsyncClient(verify=False)
    theirs = {url: client._transport_for_url(httpx2.URL(url)) is client._transport for url in ADDRESSES}
    assert {url: chosen(url) is None for url in ADDRESSES} == theirs


@pytest.mark.parametrize(
    ("entry", "excepted"),
    [
        ("cloud.test:80", {"http://cloud.test"}),
        ("http://cloud.test", {"http://cloud.test"}),
        ("https://cloud.test:443", {"https://cloud.test"}),
        ("all://cloud.test", {"http://cloud.test", "https://cloud.test"}),
    ],
)
def test_a_port_or_a_scheme_in_no_proxy_means_that_alone(
    entry: str, excepted: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://a:1")
    monkeypatch.setenv("NO_PROXY", entry)
    assert {url for url in ("http://cloud.test", "https://cloud.test") if chosen(url) is None} == excepted


NONSENSE = [
    "nonsense://x y",
    "socks://127.0.0.1:9",
    "socks4://127.0.0.1:9",
    f"http://me:{SECRET}@h:abc",
    f"http://me:{SECRET}#more@h:80",
    f"http://me:{SECRET}@:80",
    f"http://me:{SECRET}@h:0",
    "http://[::1",
    "http://",
    " ",
    "http://h\x07:80",
]


@pytest.mark.parametrize("said", NONSENSE)
def test_what_makes_no_sense_is_said_to_with_its_variable_and_nothing_it_says(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", said)
    with pytest.raises(AttemptError) as caught:
        proxies.proxy_for(CLOUD)
    error = caught.value
    assert error.failure == "unreachable"
    assert error.text.startswith("The proxy in HTTP_PROXY cannot be used: it ")
    assert error.hint == "Correct or unset HTTP_PROXY, or name cloud.test in NO_PROXY."
    assert not any(word in error.sentence() for word in (SECRET, "me:", "abc", "127.0.0.1"))
    # Nobody else is harmed by it, and neither is who takes the advice.
    assert proxies.proxy_for("https://cloud.test") is None
    monkeypatch.setenv("NO_PROXY", "cloud.test")
    assert proxies.proxy_for(CLOUD) is None


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_question_that_no_proxy_can_carry_fails_before_it_leaves(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, says = PROVIDERS[provider]
    monkeypatch.setenv("ALL_PROXY", f"http://me:{SECRET}@h:abc")
    async with serving(says) as server:
        asked = question(beside(server.port, provider=provider))
        with pytest.raises(AttemptError) as caught:
            await chat.prepare(asked)
        for error in (caught.value, await failure(chat, asked)):
            assert (error.failure, error.again) == ("unreachable", False)
            assert error.text.startswith("The proxy in ALL_PROXY cannot be used")
            assert SECRET not in error.sentence()
        # What needs no proxy needs none that makes sense.
        monkeypatch.setenv("NO_PROXY", "0.0.0.0")
        assert text_of(await heard(chat, asked))
        monkeypatch.delenv("NO_PROXY")
        assert text_of(await heard(chat, question(beside(server.port, provider=provider, local=True))))


async def test_a_look_at_a_server_that_no_proxy_can_lead_to_fails_as_an_attempt_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "socks://127.0.0.1:9")
    health = Health(lambda _: "k", lambda name: f"set {name}")
    async with serving(LISTS) as server:
        model: Any = beside(server.port)
        with pytest.raises(AttemptError, match="The proxy in HTTP_PROXY cannot be used"):
            await health.look(model)
        await health.glance([model])
        assert server.talks == []
