"""``rung keys``: keys go into the system's keyring and are found there, and nothing ever shows one."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from keyring.backend import KeyringBackend
from tests.cli.command import Ran, Rung, environment
from tests.conftest import REPOSITORY

from rung.errors import RungError
from rung.settings import keys, places

pytestmark = pytest.mark.process

NAME = "SOME_SERVICE_KEY"
CANARY = "sk-canary-71f0a9c3d5e8b2467f"

BACKENDS = r"""
from __future__ import annotations

import json
import os
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class Shelf(KeyringBackend):
    "What is kept lies in ``RUNG_TEST_KEYRING``; every question to it is a line in the file beside."

    priority = 1.0

    @property
    def path(self) -> Path:
        return Path(os.environ["RUNG_TEST_KEYRING"])

    def read(self) -> dict[str, str]:
        with Path(f"{self.path}.asked").open("a", encoding="utf-8") as file:
            file.write("asked\n")
        kept: dict[str, str] = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        return kept

    def get_password(self, service: str, username: str) -> str | None:
        return self.read().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self.path.write_text(json.dumps({**self.read(), f"{service}/{username}": password}), encoding="utf-8")

    def delete_password(self, service: str, username: str) -> None:
        kept = self.read()
        if kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError
        self.path.write_text(json.dumps(kept), encoding="utf-8")


class Locked(Shelf):
    "One that nobody unlocks."

    def read(self) -> dict[str, str]:
        raise KeyringLocked("locked")


class Forgetful(Shelf):
    "One that takes everything and keeps nothing."

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class Silent(Shelf):
    "One that waits for a password that nobody types."

    def read(self) -> dict[str, str]:
        time.sleep(3600)
        return {}
"""
"""Keyrings for the processes a test starts: one in a file of its home, and three that refuse each in their way."""


def ring(home: Path, kind: str = "Shelf") -> dict[str, str]:
    """The environment of a process with that keyring."""
    (home / "backends.py").write_text(BACKENDS, encoding="utf-8")
    return environment(
        PYTHON_KEYRING_BACKEND=f"backends.{kind}",
        RUNG_TEST_KEYRING=str(home / "ring.json"),
        PYTHONPATH=str(home),
        OPENAI_API_KEY=None,
    )


def holding(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def marker() -> Path:
    return places.state_folder() / "keyring-names"


async def set_key(rung: Rung, home: Path, key: str = CANARY, name: str = NAME) -> Ran:
    return await rung("keys", "set", name, feed=f"{key}\n", env=ring(home))


async def test_a_piped_key_goes_into_the_keyring_and_is_listed_by_name(rung: Rung, home: Path) -> None:
    done = await set_key(rung, home)
    assert (done.code, done.out) == (0, f"{NAME} is in the system's keyring.\n")
    assert json.loads((home / "ring.json").read_text()) == {f"rung/{NAME}": CANARY}
    listed = await rung("keys", "list", env=ring(home))
    assert f"{NAME}" in listed.out
    assert "keyring" in next(line for line in listed.out.splitlines() if line.startswith(NAME))
    assert CANARY[:6] not in done.said + listed.said


async def test_the_marker_holds_names_alone_for_their_owner_alone(rung: Rung, home: Path) -> None:
    await set_key(rung, home)
    assert marker().read_text() == f"{NAME}\n"
    assert stat.S_IMODE(marker().stat().st_mode) == 0o600


async def test_no_file_but_the_keyring_holds_the_key(rung: Rung, home: Path) -> None:
    await set_key(rung, home)
    await rung("keys", "list", env=ring(home))
    assert holding(home, CANARY) == [home / "ring.json"]


async def test_listing_does_not_ask_the_keyring(rung: Rung, home: Path) -> None:
    await set_key(rung, home)
    (home / "ring.json.asked").unlink()
    await rung("keys", "list", env=ring(home))
    assert not (home / "ring.json.asked").exists()


@pytest.mark.parametrize(
    "words",
    [
        (NAME, CANARY),
        (f"{NAME}={CANARY}",),
        (CANARY,),
        (NAME, f"--key={CANARY}"),
        (NAME, f"-{CANARY}"),
        (f"--key={CANARY}",),
        (NAME, "--", CANARY),
    ],
)
async def test_a_key_among_the_arguments_is_refused_and_not_repeated(
    words: tuple[str, ...], rung: Rung, home: Path
) -> None:
    done = await rung("keys", "set", *words, env=ring(home), feed="")
    assert done.code == 2
    assert CANARY not in done.said
    assert len(done.err.splitlines()) == 1
    assert not marker().exists()


async def test_a_refused_argument_is_told_about_the_shells_history(rung: Rung, home: Path) -> None:
    assert "history" in (await rung("keys", "set", NAME, CANARY, env=ring(home), feed="")).err


@pytest.mark.parametrize(("fed", "said"), [("", "No key came"), ("\n \n", "No key came"), ("a\nb\n", "one line")])
async def test_what_is_no_key_changes_nothing(fed: str, said: str, rung: Rung, home: Path) -> None:
    done = await rung("keys", "set", NAME, feed=fed, env=ring(home))
    assert done.code == 2
    assert said in done.err
    assert not (home / "ring.json").exists()


@pytest.mark.parametrize("words", [(), ("get", NAME), ("set",), ("remove",), ("list", NAME), ("set", "no-name")])
async def test_wrong_words_are_one_sentence(words: tuple[str, ...], rung: Rung, home: Path) -> None:
    done = await rung("keys", *words, env=ring(home), feed="")
    assert done.code == 2
    assert len(done.err.splitlines()) == 1


async def test_at_a_terminal_the_key_is_asked_for_and_not_echoed(rung: Rung, home: Path) -> None:
    def talk() -> tuple[int, bytes]:
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(rung.folder)
            os.execve(REPOSITORY / ".venv/bin/rung", ["rung", "keys", "set", NAME], ring(home))
        seen = b""
        while b"not shown" not in seen:
            seen += os.read(terminal, 1024)
        os.write(terminal, f"{CANARY}\n".encode())
        try:
            while piece := os.read(terminal, 1024):
                seen += piece
        except OSError:  # the other end of a terminal is gone
            pass
        _, status = os.waitpid(child, 0)
        os.close(terminal)
        return os.waitstatus_to_exitcode(status), seen

    code, seen = await asyncio.to_thread(talk)
    assert code == 0, seen
    assert CANARY.encode() not in seen
    assert json.loads((home / "ring.json").read_text()) == {f"rung/{NAME}": CANARY}


async def test_a_removed_key_is_gone(rung: Rung, home: Path) -> None:
    await set_key(rung, home)
    done = await rung("keys", "remove", NAME, env=ring(home))
    assert (done.code, done.out) == (0, f"{NAME} is no longer in the system's keyring.\n")
    assert json.loads((home / "ring.json").read_text()) == {}
    assert marker().read_text() == ""
    again = await rung("keys", "remove", NAME, env=ring(home))
    assert (again.code, "not in the keyring" in again.err) == (2, True)


async def test_the_list_says_which_place_wins_and_never_names_a_key(rung: Rung, home: Path) -> None:
    await set_key(rung, home)
    places.config_folder().mkdir(parents=True, exist_ok=True)
    (places.config_folder() / ".env").write_text(f"{NAME}={CANARY}\nOTHER_KEY={CANARY}\n{CANARY}\n{CANARY}=x\n")
    done = await rung("keys", "list", env={**ring(home), NAME: CANARY})
    rows = dict(line.split("  ", 1) for line in done.out.splitlines())
    assert rows[NAME].strip() == "environment (also: .env, keyring)"
    assert next(row for name, row in rows.items() if name.startswith("OTHER_KEY")).strip() == ".env"
    assert next(row for name, row in rows.items() if name.startswith("OPENAI_API_KEY")).strip() == "not set"
    assert CANARY[:9] not in done.said


@pytest.mark.parametrize(
    ("kind", "why"), [("Locked", "it is locked"), ("Forgetful", "did not keep")], ids=["locked", "forgetful"]
)
async def test_a_keyring_that_refuses_leads_to_the_env_file(kind: str, why: str, rung: Rung, home: Path) -> None:
    done = await rung("keys", "set", NAME, feed=CANARY, env=ring(home, kind))
    assert done.code == 1
    assert why in done.err
    assert str(places.config_folder() / ".env") in done.err
    assert CANARY not in done.said
    assert not marker().exists() or marker().read_text() == ""


async def test_a_keyring_that_is_not_installed_leads_there_too(rung: Rung, home: Path) -> None:
    done = await rung("keys", "set", NAME, feed=CANARY, env=ring(home, "Nobody"))
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert str(places.config_folder() / ".env") in done.err


async def test_a_machine_without_a_keyring_is_told_to_use_the_env_file(rung: Rung, home: Path) -> None:
    env = {**ring(home), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    done = await rung("keys", "set", NAME, feed=CANARY, env=env)
    assert done.code == 1
    assert "this machine has none" in done.err
    assert str(places.config_folder() / ".env") in done.err


async def test_route_finds_the_key_of_a_model_in_the_keyring(rung: Rung, home: Path) -> None:
    before = await rung("route", "--tier", "cloud", "--json", env=ring(home))
    assert before.json["plan"] == []
    assert "OPENAI_API_KEY" in next(one["reason"] for one in before.json["skipped"] if one["tier"] == "cloud")
    assert not (home / "ring.json.asked").exists(), "no name was given to the keyring yet"
    await set_key(rung, home, name="OPENAI_API_KEY")
    after = await rung("route", "--tier", "cloud", "--json", env=ring(home))
    assert [entry["tier"] for entry in after.json["plan"]] == ["cloud"]


async def test_route_ends_although_the_keyring_waits_for_a_password(rung: Rung, home: Path) -> None:
    await set_key(rung, home, name="OPENAI_API_KEY")
    done = await rung("route", "--tier", "cloud", "--json", env=ring(home, "Silent"))
    assert done.code == 0
    assert done.json["plan"] == []


class Memory(KeyringBackend):
    """A keyring in this process, which counts how often it is asked."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own
        self.kept: dict[tuple[str, str], str] = {}
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def memory() -> Iterator[Memory]:
    before, found = keyring.get_keyring(), Memory()
    keyring.set_keyring(found)
    yield found
    keyring.set_keyring(before)


def test_environment_and_env_file_win_over_the_keyring(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.store(NAME, "from-keyring")
    assert keys.find(NAME) == "from-keyring"
    places.config_folder().mkdir(parents=True)
    (places.config_folder() / ".env").write_text(f"{NAME}=from-file\n", encoding="utf-8")
    memory.asked = 0
    assert keys.find(NAME) == "from-file"
    monkeypatch.setenv(NAME, "from-environment")
    assert keys.find(NAME) == "from-environment"
    assert memory.asked == 0


def test_the_keyring_is_not_asked_for_a_name_it_was_never_given(memory: Memory) -> None:
    memory.kept["rung", NAME] = "another program's"
    keys.store("OTHER_NAME", "x")
    memory.asked = 0
    assert keys.find(NAME) is None
    assert memory.asked == 0


def test_a_key_that_was_set_anew_is_found_at_once(memory: Memory) -> None:
    keys.store(NAME, "first")
    assert keys.find(NAME) == "first"
    keys.store(NAME, "second")
    assert keys.find(NAME) == "second"
    assert keys.remove(NAME)
    assert keys.find(NAME) is None
    assert memory.kept == {}


def test_a_key_the_person_took_out_by_hand_can_be_removed_all_the_same(memory: Memory) -> None:
    keys.store(NAME, "x")
    memory.kept.clear()
    assert keys.find(NAME) in {"x", None}
    assert keys.remove(NAME)
    assert keys.in_keyring() == ()


def test_a_refusal_says_nothing_of_the_key(memory: Memory) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]  # keyring's own
    with pytest.raises(RungError) as raised:
        keys.store(NAME, CANARY)
    assert CANARY not in f"{raised.value!r}{raised.value.sentence()}"
    assert keys.in_keyring() == ()


def test_a_marker_that_others_can_write_is_not_believed(memory: Memory) -> None:
    keys.store(NAME, "x")
    marker().chmod(0o666)
    assert keys.find(NAME) is None


def test_the_hint_names_all_three_ways() -> None:
    hint = keys.missing_hint(NAME)
    assert "environment" in hint
    assert f"rung keys set {NAME}" in hint
    assert str(places.config_folder() / ".env") in hint
