"""Whose word is taken for it that a server is who it says: the system's certificates, or those of SSL_CERT_FILE.

``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` replace the system's, as they do for curl and OpenSSL.
"""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path

import httpx2

from rung.errors import AttemptError

FILE, FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"

_Stamp = tuple[str, str, int, int]
"""A variable, what it says, and when that was last written and how long it is."""


def context() -> ssl.SSLContext:
    """What is trusted. Read once, for it takes tens of milliseconds, and again where the file is another one by now.

    Raises:
        AttemptError: ``unreachable``, it cannot be read.
    """
    try:
        return _read(_stamp())
    except (OSError, ssl.SSLError):
        # An error is not kept: the next question finds what was mended meanwhile.
        raise _unreadable() from None


def _named() -> str:
    """The variable that says what is trusted; empty where none does."""
    return next((name for name in (FILE, FOLDER) if os.environ.get(name)), "")


def _stamp() -> _Stamp | None:
    name = _named()
    if not name:
        return None
    path = Path(os.environ[name])
    if name == FOLDER and not path.is_dir():
        # It would be taken for one in which nobody is trusted.
        raise NotADirectoryError
    state = path.stat()
    return name, str(path), state.st_mtime_ns, state.st_size


@lru_cache(maxsize=1)
def _read(stamp: _Stamp | None) -> ssl.SSLContext:  # noqa: ARG001 - the key of the cache
    return httpx2.create_ssl_context()


def _unreadable() -> AttemptError:
    name = _named()
    if not name:
        return AttemptError("unreachable", "The certificates that this system trusts cannot be read.")
    what = "a folder with certificates" if name == FOLDER else "a file with certificates (PEM)"
    return AttemptError(
        "unreachable", f"What {name} names cannot be read, or holds no certificates.", f"Name {what}, or unset {name}."
    )
