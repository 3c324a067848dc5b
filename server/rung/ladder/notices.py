"""What one person's processes tell each other of limits: until when servers asked to be left alone, and who asked when.

Every ``rung ask``, commit and hook is a process of its own, and so is each editor. What a server said to one of them
holds for all, and so does the number of questions a minute. Both are kept in one small file: no address, name or key of
anybody's, only digests of them, and times of the clock on the wall. A clock may be set, and a file be damaged, so
nothing in it is believed for longer than an hour, nor when it says that it comes from the future. A file that cannot be
read or written costs nothing: then each process knows what it found out itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import time
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rung.ladder import warm_process
from rung.ladder.pauses import LONGEST_REST
from rung.settings import files
from rung.settings.addresses import digest

if TYPE_CHECKING:
    from rung.ladder.pauses import Spot

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds to wait for another process that writes; then this one goes on without the file."""
MINUTE = 60.0
"""Seconds after which a question does not count any more."""
AHEAD = 5.0
"""Seconds by which clocks may differ, as those of two machines that share a home folder."""
LATEST = 1e11
"""Seconds since 1970 that no clock shows."""
MOST = 200
"""Models in the file."""
FORMAT = 1

_Entries = dict[str, dict[str, Any]]
"""By digest: ``rest``, one :data:`_Claim`, and ``asked``, one for each question by a name of its own."""
_Claim = list[Any]
"""Who claims it, when that was, and the time that is claimed."""


class Notices:
    """See the module's words; owned by the engine's loop.

    Args:
        path: the file; None: nothing is told, nor heard.
        clock: the seconds since 1970.
    """

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._me = uuid.uuid4().hex[:12]
        """What this process tells is marked with it: what it knows itself, it knows better than the file."""
        self._stamp: files.Stamp | None = None
        self._entries: _Entries = {}
        """As the file was when it had that stamp."""
        self._jobs: set[asyncio.Task[None]] = set()

    def rest(self, spot: Spot) -> float:
        """Seconds for which a server asked another process to leave this model alone."""
        claim = self._look().get(digest(*spot), {}).get("rest")
        now = self._clock()
        return max(0.0, claim[2] - now) if claim is not None and self._is_believed(claim, now) else 0.0

    def asked(self, spot: Spot) -> list[float]:
        """When other processes asked this model lately, or will: seconds from now, negative where it is past."""
        claims = self._look().get(digest(*spot), {}).get("asked", {})
        now = self._clock()
        found = (claim for claim in claims.values() if self._is_believed(claim, now))
        return [claim[2] - now for claim in found if claim[2] > now - MINUTE]

    def _is_believed(self, claim: _Claim, now: float) -> bool:
        """Whether a claim is another process's, and says nothing that cannot be."""
        who, said, until = claim
        return bool(who != self._me and said <= now + AHEAD and until <= min(said, now) + LONGEST_REST)

    def leave_alone(self, spot: Spot, seconds: float) -> None:
        """A server asked not to ask this model for so long."""
        now = self._clock()
        self._soon(lambda entries: self._put_rest(entries, spot, now, now + min(seconds, LONGEST_REST)))

    def _put_rest(self, entries: _Entries, spot: Spot, now: float, until: float) -> None:
        entry = entries.setdefault(digest(*spot), {})
        known = entry.get("rest")
        if known is None or not self._is_believed(known, now) or known[2] < until:
            entry["rest"] = [self._me, now, until]

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """Keep other processes from writing; gives whether they are kept."""
        if self._path is None:
            yield False
            return
        opening = asyncio.ensure_future(asyncio.to_thread(_lock, self._path))
        try:
            descriptor = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(lambda done: _close(done.result()))
            raise
        try:
            yield descriptor is not None
        finally:
            _close(descriptor)

    async def note(self, spot: Spot, name: str, seconds: float) -> None:
        """A question is asked so many seconds from now; only inside :meth:`alone`."""
        if self._path is not None:
            now = self._clock()
            claim = [self._me, now, now + seconds]
            await asyncio.to_thread(_change, self._path, lambda entries: _put_asked(entries, spot, name, claim), now)

    def note_soon(self, spot: Spot, name: str) -> None:
        """A question that was noted is asked only now."""
        now = self._clock()
        self._soon(lambda entries: _put_asked(entries, spot, name, [self._me, now, now]))

    def forget_soon(self, spot: Spot, name: str) -> None:
        """A question that was noted is not asked."""
        self._soon(lambda entries: entries.get(digest(*spot), {}).get("asked", {}).pop(name, None))

    def _soon(self, change: Callable[[_Entries], object]) -> None:
        """Write behind the work."""
        if self._path is not None:
            job = asyncio.ensure_future(self._write(self._path, change))
            self._jobs.add(job)
            job.add_done_callback(self._jobs.discard)

    async def _write(self, path: Path, change: Callable[[_Entries], object]) -> None:
        async with self.alone() as alone:
            if alone:
                await asyncio.to_thread(_change, path, change, self._clock())

    def _look(self) -> _Entries:
        """What the file says by now."""
        if self._path is not None and (stamp := files.stamp(str(self._path))) != self._stamp:
            self._stamp, self._entries = stamp, _read(self._path)
        return self._entries

    async def close(self) -> None:
        """Write what is not written yet."""
        while self._jobs:
            await asyncio.gather(*self._jobs, return_exceptions=True)


def _put_asked(entries: _Entries, spot: Spot, name: str, claim: _Claim) -> None:
    entries.setdefault(digest(*spot), {}).setdefault("asked", {})[name] = claim


def _change(path: Path, change: Callable[[_Entries], object], now: float) -> None:
    """Read, change and write, in a thread, where the lock is held."""
    entries = _read(path)
    change(entries)
    kept = {name: found for name, entry in entries.items() if (found := _fresh(entry, now))}
    text = json.dumps({"format": FORMAT, "models": dict(list(kept.items())[-MOST:])})
    try:
        files.write_private(str(path), text + "\n")
    except OSError as error:
        log.info("limits are not told to other processes (%s)", type(error).__name__)


def _fresh(entry: dict[str, Any], now: float) -> dict[str, Any]:
    """What of an entry still says something."""
    asked = {name: claim for name, claim in entry.get("asked", {}).items() if claim[2] > now - MINUTE}
    rest = entry.get("rest")
    return {**({"rest": rest} if rest and rest[2] > now else {}), **({"asked": asked} if asked else {})}


def _sane(entry: dict[str, Any]) -> dict[str, Any]:
    """What of an entry has its form."""
    rest, asked = entry.get("rest"), entry.get("asked")
    claims = asked.items() if isinstance(asked, dict) else ()
    return {
        **({"rest": rest} if _is_claim(rest) else {}),
        "asked": {name: claim for name, claim in claims if _is_claim(claim)},
    }


def _is_claim(claim: object) -> bool:
    """Whether it has the form of one."""
    if not isinstance(claim, list) or len(claim) != 3:
        return False
    return all(isinstance(one, int | float) and abs(one) < LATEST for one in claim[1:])


def _read(path: Path) -> _Entries:
    """What the file says; of anything wrong in it, nothing."""
    try:
        found = json.loads(files.read_private(str(path)) or "{}")
    except (ValueError, RecursionError):
        return {}
    models = found.get("models") if isinstance(found, dict) and found.get("format") == FORMAT else None
    entries = models if isinstance(models, dict) else {}
    return {name: _sane(entry) for name, entry in entries.items() if isinstance(entry, dict)}


def _lock(path: Path) -> int | None:
    """The descriptor that keeps others from writing until it is closed; None: they write, or nobody can."""
    deadline = time.monotonic() + PATIENCE
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        while (descriptor := warm_process.lock(path.with_name(f"{path.name}.lock"))) is None:
            if time.monotonic() > deadline:
                return None
            time.sleep(0.005)
    except OSError as error:
        log.info("limits are not told to other processes (%s)", type(error).__name__)
        return None
    return descriptor


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)
