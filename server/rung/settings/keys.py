"""Keys by their names: from the environment, then the person's own ``.env``, then the system's keyring.

Never from a ``.env`` in a repository, and never changed by what stands in it: nothing is interpolated. The keyring is
asked only for names that ``rung keys set`` gave to it, which a file in the state folder remembers, and never for longer
than :data:`PATIENCE`: ``rung route`` comes through here, and a locked keyring waits for a password.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache

from rung.errors import RungError
from rung.settings import files, places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

SERVICE = "rung"
"""Under which keyrings show our keys."""
PATIENCE = 2.0
"""Seconds a keyring may take to answer before a key counts as missing."""
_PERSONS_PATIENCE = 120.0
"""Seconds for a command the person is waiting at: they may have to unlock it first."""
_REMEMBERED = 60
"""Seconds after which an answer of the keyring, or its silence, is asked for anew."""


def find(name: str) -> str | None:
    """The key of that name; None where it is nowhere, empty, or in a keyring that does not answer."""
    return os.environ.get(name, "").strip() or _from_file(name) or _from_keyring(name)


def sources(name: str) -> tuple[str, ...]:
    """Where a key of that name is, the place it is taken from first: ``environment``, ``.env``, ``keyring``.

    The keyring is not asked: it is named where ``rung keys set`` put one there.
    """
    places_of_it = (
        ("environment", bool(os.environ.get(name, "").strip())),
        (".env", _from_file(name) is not None),
        ("keyring", name in in_keyring()),
    )
    return tuple(place for place, holds in places_of_it if holds)


def missing_hint(name: str) -> str:
    """What to do about a key that is nowhere."""
    return f"Set {name} in your environment, or write {name}=... into {env_name()}, or run `rung keys set {name}`."


def env_name() -> str:
    """The person's own ``.env``."""
    return os.path.join(places.config_name(), ".env")  # noqa: PTH118


def in_env() -> tuple[str, ...]:
    """The names of the keys in the person's own ``.env``."""
    return tuple(name for name, value in _file().items() if (value or "").strip())


def in_keyring() -> tuple[str, ...]:
    """The names of the keys that were given to the keyring."""
    text = _marker()
    return tuple(text.split()) if text else ()


def store(name: str, key: str) -> None:
    """Give a key to the system's keyring, in the place of one of that name.

    Raises:
        RungError: there is no keyring, or it does not take it.
    """

    def put() -> bool:
        import keyring  # noqa: PLC0415 - needed only for who uses one

        keyring.set_password(SERVICE, name, key)
        # A backend may take keys and keep none.
        return keyring.get_password(SERVICE, name) == key

    # Remembered first: a key that nobody knows of could not be found, nor removed.
    before = in_keyring()
    _remember({*before, name})
    kept = False
    try:
        kept = bool(_asked(put, _PERSONS_PATIENCE))
    finally:
        if not kept and name not in before:
            _remember(set(before))
    if not kept:
        raise _refused("it did not keep the key")


def remove(name: str) -> bool:
    """Take a key out of the system's keyring; False where none of that name was given to it.

    Raises:
        RungError: the keyring does not let go of it.
    """
    if name not in in_keyring():
        return False

    def take() -> None:
        import keyring  # noqa: PLC0415

        if keyring.get_password(SERVICE, name) is not None:
            keyring.delete_password(SERVICE, name)

    _asked(take, _PERSONS_PATIENCE)
    _remember({*in_keyring()} - {name})
    return True


def _from_file(name: str) -> str | None:
    return (_file().get(name) or "").strip() or None


def _file() -> dict[str, str | None]:
    path = env_name()
    if not os.path.isfile(path):  # noqa: PTH113 - looked for on the path of `rung route`
        return {}
    import dotenv  # noqa: PLC0415 - slow, and needed only where there is a file

    try:
        return dotenv.dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return {}


def _marker_name() -> str:
    return os.path.join(places.state_name(), "keyring-names")  # noqa: PTH118


def _marker() -> str:
    """The names in the keyring, one a line; never a key."""
    try:
        return files.read_private(_marker_name()) or ""
    except ValueError:
        return ""


def _remember(names: set[str]) -> None:
    try:
        files.write_private(_marker_name(), "".join(f"{name}\n" for name in sorted(names)))
    except OSError as error:
        hint = "The names of the keys in the keyring are kept there: see that you may write to its folder."
        raise RungError(f"{_marker_name()} can't be written ({error.strerror}).", hint) from None


def _from_keyring(name: str) -> str | None:
    if name not in in_keyring():
        return None
    stamp = tuple(files.stamp(_marker_name()))
    return _kept(name, stamp, int(time.monotonic() // _REMEMBERED))


@lru_cache(maxsize=64)
def _kept(name: str, stamp: tuple[object, ...], minute: int) -> str | None:
    """What the keyring says, asked once a minute and whenever ``rung keys`` changed something.

    Its silence is remembered too: a locked keyring must not hold up one request after the other.
    """
    del stamp, minute

    def get() -> str | None:
        import keyring  # noqa: PLC0415

        return keyring.get_password(SERVICE, name)

    try:
        return (_asked(get, PATIENCE) or "").strip() or None
    except RungError:
        return None


def _asked(ask: Callable[[], T], patience: float) -> T:
    """Ask the keyring in a thread of its own, which is left behind where it does not answer.

    Raises:
        RungError: there is none, it refused, or it took too long.
    """
    import threading  # noqa: PLC0415 - the modules here are needed only for who uses a keyring

    import keyring.errors  # noqa: PLC0415

    answers: list[T] = []
    reasons = ["it did not answer in time"]

    def run() -> None:
        reasons[0] = "it failed"
        try:
            answers.append(ask())
        except keyring.errors.NoKeyringError:
            reasons[0] = "this machine has none"
        except keyring.errors.KeyringLocked:
            reasons[0] = "it is locked"
        except (ImportError, AttributeError):
            reasons[0] = "the one that is chosen can't be loaded"
        except (keyring.errors.KeyringError, OSError, RuntimeError, ValueError, TypeError):
            reasons[0] = "it refused"

    thread = threading.Thread(target=run, name="rung keyring", daemon=True)
    thread.start()
    thread.join(patience)
    if answers:
        return answers[0]
    reason = "it did not answer in time" if thread.is_alive() else reasons[0]
    raise _refused(reason)


def _refused(reason: str) -> RungError:
    return RungError(f"The system's keyring can't be used: {reason}.", f"Write the key into {env_name()} instead.")
