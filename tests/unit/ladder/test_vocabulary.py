"""Tokens are counted with OpenAI's vocabulary where that is right, from what ships and never from the network."""

from __future__ import annotations

import gzip
import hashlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rung.ladder import vocabulary
from rung.ladder.tokens import TokenCounter
from rung.ladder.vocabulary import SHA256, SHIPPED, URL, Vocabulary
from rung.routing.tokens import estimate
from rung.settings import places
from rung.types.model import Model

TEXT = "def add(a, b):\n    return a + b\n"
GPT = Model("openai", "gpt-5-mini")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    found = Vocabulary(places.shipped() / SHIPPED, tmp_path_factory.mktemp("tiktoken"))
    found.start().join()
    assert found.loaded
    return found


def test_what_ships_is_what_tiktoken_expects() -> None:
    from tiktoken_ext.openai_public import o200k_base  # type: ignore[import-untyped]  # it has no stubs

    source = inspect.getsource(o200k_base)
    assert URL in source
    assert SHA256 in source
    content = gzip.decompress((places.shipped() / SHIPPED).read_bytes())
    assert hashlib.sha256(content).hexdigest() == SHA256


def test_a_count_is_exact(loaded: Vocabulary) -> None:
    import tiktoken

    assert loaded.count(TEXT) == len(tiktoken.get_encoding("o200k_base").encode(TEXT)) == 12
    assert loaded.count("") == 0


def test_what_looks_like_a_special_token_is_text(loaded: Vocabulary) -> None:
    found = loaded.count("<|endoftext|>")
    assert found is not None
    assert found > 1


def test_half_a_surrogate_pair_is_counted(loaded: Vocabulary) -> None:
    assert loaded.count("a\ud83d") is not None


def test_a_very_long_text_is_estimated(loaded: Vocabulary) -> None:
    text = "word " * 200_001
    assert loaded.count(text) is None
    assert TokenCounter(loaded).count(GPT, text) == estimate(text)


@pytest.mark.parametrize("name", ["gpt-4o-mini", "gpt-4.1", "gpt-5", "o1", "o3-mini", "o4-mini"])
def test_openai_s_newer_models_are_counted_and_nothing_is_learned_of_them(loaded: Vocabulary, name: str) -> None:
    counter, model = TokenCounter(loaded), Model("openai", name)
    assert counter.count(model, TEXT) == 12
    counter.learn(model, 1000, 2000)
    assert counter.count(model, TEXT) == 12


@pytest.mark.parametrize(
    "model",
    [Model("openai", "gpt-4-turbo"), Model("openai-compatible", "gpt-5"), Model("ollama", "o1:7b"), None],
    ids=["older", "compatible", "ollama", "no model"],
)
def test_others_are_estimated(loaded: Vocabulary, model: Model | None) -> None:
    assert TokenCounter(loaded).count(model, TEXT) == estimate(TEXT)


def test_loading_begins_with_the_first_text_that_wants_it(tmp_path: Path) -> None:
    found = Vocabulary(places.shipped() / SHIPPED, tmp_path / "new")
    counter = TokenCounter(found)
    counter.count(Model("ollama", "m"), TEXT)
    assert found._thread is None
    assert counter.count(GPT, TEXT) == estimate(TEXT)
    found.start().join()
    assert counter.count(GPT, TEXT) == 12
    assert [path.name for path in (tmp_path / "new").iterdir()] == [hashlib.sha1(URL.encode()).hexdigest()]


@pytest.mark.parametrize("content", [None, b"", b"no gzip", gzip.compress(b"other ranks", mtime=0), b"\x1f\x8b\x08cut"])
def test_whatever_is_wrong_with_what_ships_tokens_are_estimated(tmp_path: Path, content: bytes | None) -> None:
    shipped = tmp_path / SHIPPED
    if content is not None:
        shipped.write_bytes(content)
    found = Vocabulary(shipped, tmp_path / "cache")
    found.start().join()
    assert not found.loaded
    assert TokenCounter(found).count(GPT, TEXT) == estimate(TEXT)
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_means_estimates(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    found = Vocabulary(places.shipped() / SHIPPED, tmp_path / "file" / "cache")
    found.start().join()
    assert not found.loaded


def test_a_damaged_copy_is_written_anew(tmp_path: Path) -> None:
    copy = tmp_path / hashlib.sha1(URL.encode()).hexdigest()
    copy.write_bytes(b"YQ== 0\n")
    found = Vocabulary(places.shipped() / SHIPPED, tmp_path)
    found._unpack()
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == SHA256
    assert list(tmp_path.iterdir()) == [copy]


@pytest.mark.parametrize("before", [None, "/somewhere"])
def test_the_variable_is_as_it_was(tmp_path: Path, before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if before is None:
        monkeypatch.delenv(vocabulary.CACHE, raising=False)
    else:
        monkeypatch.setenv(vocabulary.CACHE, before)
    found = Vocabulary(places.shipped() / SHIPPED, tmp_path)
    found.start().join()
    assert found.loaded
    assert os.environ.get(vocabulary.CACHE) == before


OFFLINE = """
import socket, sys
from pathlib import Path
def no(*_args, **_kwargs):
    raise SystemExit("the network was asked")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = no
from rung.ladder.vocabulary import SHIPPED, Vocabulary
assert "tiktoken" not in sys.modules
from rung.settings import places
found = Vocabulary(places.shipped() / SHIPPED, Path(sys.argv[1]))
found.start().join()
assert "requests" not in sys.modules
print(found.count("hello world"))
"""


def test_a_fresh_process_without_any_network_counts(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", OFFLINE, str(tmp_path / "cache")], capture_output=True, text=True, check=False
    )
    assert (ran.stdout.strip(), ran.stderr) == ("2", "")
