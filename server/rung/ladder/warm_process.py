"""Loads one model and ends: the small detached process that holds a load when whoever asked for it has gone.

Ollama throws a load away when the client that asked for it leaves (recorded: disconnect-while-loading). This file is
run by its path, not imported, so it imports nothing of Rung and starts in milliseconds. One at a time per model: who
finds the lock taken leaves, for the load is under way. One at a time per server: who finds the turn taken waits, for a
second load may throw the first out of memory.

A server that says it is busy is asked again after each of the ``rests``.

Argument: JSON ``{"url", "body", "lock", "turn", "result", "limit", "rests"}``; without ``turn`` no other load is waited
for, and without ``rests`` a server is asked once. The result file gets ``{"ok", "seconds", "status", "trouble", "said",
"retry_after", "date", "reason", "code"}``: what is needed to say what went wrong.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


GLANCE = 0.1
"""Seconds between two looks at whether it is our turn."""
BUSY = 503
LONGEST_REST = 30.0
"""Seconds; a server that asks for more is not asked again."""
SAID = 200
"""Characters of an error that are kept: enough to tell what it is, and no prompt was sent that it could quote."""


def grip(descriptor: int) -> None:
    """Lock an open file, at once or not at all, until it is closed or this process has ended.

    Raises:
        OSError: another one has it (``EACCES`` or ``EAGAIN``), or it cannot be locked.
    """
    if os.name == "nt":
        import msvcrt  # noqa: PLC0415 - exists on Windows alone

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl  # noqa: PLC0415 - does not exist on Windows

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock(path: Path) -> int | None:
    """The descriptor that holds the lock while this process lives; None where another one has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        grip(descriptor)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


class _Socket(http.client.HTTPConnection):
    """A connection to a socket in the file system."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open it."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _connections(url: str, limit: float) -> Iterator[http.client.HTTPConnection]:
    """What may lead to the server, in the order to be tried; ``localhost`` is not left to be looked up."""
    address = urlsplit(url)
    host = address.hostname or "localhost"
    if address.scheme == "unix":
        yield _Socket(address.path, limit)
        return
    maker = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    for number in ("127.0.0.1", "::1") if host == "localhost" else (host,):
        yield maker(number, address.port, timeout=limit)


Outcome = dict[str, "Any"]
"""``status`` (0: the server could not be spoken to, and ``trouble`` says how), ``said``, ``retry_after`` and ``date``.

Where TLS failed, OpenSSL's ``reason``, and the ``code`` of what is wrong with the certificate.
"""


def _load(url: str, body: object, limit: float) -> Outcome:
    """What came of asking once."""
    found: Outcome = {"status": 0, "trouble": "unreachable"}
    for connection in _connections(url, limit):
        try:
            connection.connect()
        except (ConnectionRefusedError, FileNotFoundError):
            found = {"status": 0, "trouble": "refused"}
            connection.close()
        except ssl.SSLError as error:
            connection.close()
            return {"status": 0, "trouble": "tls", "reason": error.reason, "code": getattr(error, "verify_code", None)}
        except OSError:
            connection.close()
        else:
            return _post(connection, url, body)
    return found


def _post(connection: http.client.HTTPConnection, url: str, body: object) -> Outcome:
    """What came of asking on a connection that is open; closes it."""
    address = urlsplit(url)
    base = "" if address.scheme == "unix" else address.path.rstrip("/")
    headers = {"content-type": "application/json", "host": address.netloc or "localhost"}
    response = None
    try:
        connection.request("POST", f"{base}/api/chat", json.dumps(body), headers)
        response = connection.getresponse()
        said = response.read(SAID * 4).decode("utf-8", "replace")[:SAID]
    except TimeoutError:
        return {"status": 0, "trouble": "late"}
    except (OSError, http.client.HTTPException) as error:
        is_reset = response is None and isinstance(error, ConnectionError)
        return {"status": 0, "trouble": "reset" if is_reset else "broken"}
    else:
        if response.status == 200:
            return {"status": 200}
        told = {"retry_after": response.headers.get("retry-after"), "date": response.headers.get("date")}
        return {"status": response.status, "said": said, **told}
    finally:
        connection.close()


def _load_patiently(job: dict[str, Any], until: float) -> tuple[Outcome, float]:
    """What came of it in the end, and the seconds the last try took."""
    rests = iter(job.get("rests", ()))
    while True:
        start = time.monotonic()
        outcome = _load(job["url"], job["body"], max(GLANCE, until - start))
        rest = _rest(outcome, next(rests, None))
        if rest is None or time.monotonic() + rest > until:
            return outcome, round(time.monotonic() - start, 3)
        time.sleep(rest)


def _rest(outcome: Outcome, usual: float | None) -> float | None:
    """Seconds to wait before the next try; None: there is none."""
    if outcome["status"] != BUSY or usual is None:
        return None
    try:
        asked = float(outcome.get("retry_after") or usual)
    except ValueError:
        return usual
    return asked if 0 <= asked <= LONGEST_REST else None


def _load_in_turn(job: dict[str, Any]) -> tuple[Outcome, float]:
    """What came of the load, and the seconds it took, once no other model is loading there."""
    until = time.monotonic() + job["limit"]
    turn = None
    while "turn" in job and (turn := lock(Path(job["turn"]))) is None:
        if time.monotonic() > until:
            return {"status": 0, "trouble": "busy"}, job["limit"]
        time.sleep(GLANCE)
    found = _load_patiently(job, until)
    if turn is not None:
        # Before the result is there: who sees it may have the next model loaded at once.
        os.close(turn)
    return found


def main(argument: str) -> int:
    """Load the model of the argument; 0 also where somebody else is loading it."""
    job = json.loads(argument)
    if lock(Path(job["lock"])) is None:
        return 0
    outcome, seconds = _load_in_turn(job)
    ok = outcome["status"] == 200
    result = {"ok": ok, "seconds": seconds, **outcome}
    target = Path(job["result"])
    scratch = target.with_suffix(f".{os.getpid()}")
    scratch.write_text(json.dumps(result), encoding="utf-8")
    scratch.replace(target)
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
