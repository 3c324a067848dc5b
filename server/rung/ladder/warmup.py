"""Warm-ups: loading a model that is not in memory, without anybody being able to cancel it."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rung.errors import AttemptError
from rung.ladder import warm_process
from rung.ladder.ascent import WaitedOutError
from rung.providers import connections, failures, tls
from rung.providers.ollama import keep_alive
from rung.settings.addresses import digest, spot
from rung.types.model import Model

LIMIT = 900.0
"""Seconds after which a load that says nothing is given up; Ollama's own stall limit is 300."""
UNKNOWN = 20.0
"""Seconds a load is forecast to take while nobody has measured one."""
GLANCE = 0.1
"""Seconds between two looks at whether it is done."""
RESTS = (2.0, 4.0, 8.0)
"""Seconds before each new try at a server that is busy and does not say for how long."""
DETACHED = 0x00000008 | 0x00000200
"""Windows: DETACHED_PROCESS and CREATE_NEW_PROCESS_GROUP."""


class Warmups:
    """Starts loads in processes of their own and waits for them.

    Args:
        folder: where locks and results are kept, shared by all Rung processes of this person.
        rests: seconds before each new try at a server that is busy and does not say for how long.
    """

    def __init__(self, folder: Path, rests: Sequence[float] = RESTS) -> None:
        self._folder = folder
        self._rests = tuple(rests)
        self._children: dict[subprocess.Popen[bytes], tuple[Model, int]] = {}
        """The processes that load, with the model and the stamp of its result before."""

    def _files(self, model: Model) -> tuple[Path, Path]:
        name = digest(*spot(model), model.context)
        return self._folder / f"{name}.lock", self._folder / f"{name}.json"

    def _turn(self, model: Model) -> Path:
        """The lock of its server, which whoever loads there holds."""
        return self._folder / f"{digest(spot(model)[0])}.turn"

    def forecast(self, model: Model) -> float:
        """Seconds the load will take: as long as the last one did, else :data:`UNKNOWN`."""
        found = self._result(model)
        return float(found["seconds"]) if found and found.get("ok") else UNKNOWN

    def _result(self, model: Model) -> dict[str, Any] | None:
        try:
            found = json.loads(self._files(model)[1].read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _stamp(self, model: Model) -> int:
        try:
            return self._files(model)[1].stat().st_mtime_ns
        except OSError:
            return 0

    def start(self, model: Model, patience: float | None = None) -> int:
        """Begin to load, unless a load is under way; gives what :meth:`wait` must be told.

        The process outlives this one; whoever called may leave.

        Args:
            model: which one.
            patience: seconds a server that is busy may be waited for; None: all of the usual rests.
        """
        # Not in a thread: who asks next must see this load, and no child may be lost to somebody who cancels.
        self._make_folder()
        lock, result = self._files(model)
        options = {"num_ctx": model.context} if model.context else {}
        body: dict[str, object] = {
            "model": model.model,
            "messages": [],
            "keep_alive": keep_alive(model.keep_alive),
            "options": options,
            "stream": False,
        }
        files = {"lock": str(lock), "turn": str(self._turn(model)), "result": str(result)}
        job = {"url": model.url, "body": body, "limit": LIMIT, "rests": self._within(patience), **files}
        before = self._stamp(model)
        self._reap()
        self._children[_spawn(json.dumps(job))] = (model, before)
        return before

    def _within(self, patience: float | None) -> tuple[float, ...]:
        """The rests that this much patience allows."""
        sums = itertools.accumulate(self._rests)
        return tuple(rest for rest, end in zip(self._rests, sums, strict=True) if patience is None or end <= patience)

    def _make_folder(self) -> None:
        """Have a folder to write in: where the shared one cannot be made, one of this process alone."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            self._folder = Path(tempfile.mkdtemp(prefix="rung-warm-"))
        if not os.access(self._folder, os.W_OK):
            self._folder = Path(tempfile.mkdtemp(prefix="rung-warm-"))

    def _reap(self) -> None:
        """Forget the processes that have ended."""
        for child in tuple(self._children):
            if child.poll() is not None:
                del self._children[child]

    def _under_way(self, model: Model) -> bool:
        """Whether a process loads this model, or one of ours may be about to."""
        self._reap()
        if self._children:
            return True
        return _is_held(self._files(model)[0])

    def loads_instead_of(self, model: Model) -> str | None:
        """Which other model the server of this one is loading for a Rung process of this person; None: none."""
        self._reap()
        for other, before in self._children.values():
            # A process whose result is there has only to end.
            is_beside = spot(other)[0] == spot(model)[0] and spot(other) != spot(model)
            if is_beside and self._stamp(other) == before:
                return other.model
        if _is_held(self._turn(model)) and not _is_held(self._files(model)[0]):
            return "another model"
        return None

    async def wait_for_others(self, model: Model) -> None:
        """Until its server loads no other model for us."""
        while self.loads_instead_of(model):  # noqa: ASYNC110 - processes that end tell nobody
            await asyncio.sleep(GLANCE)

    @property
    def active(self) -> bool:
        """Whether a load that was begun here is under way."""
        self._reap()
        return bool(self._children)

    def close(self) -> None:
        """Let go of the processes that still load; they go on."""
        for child in tuple(self._children):
            if child.poll() is None:
                # Popen warns of a child that outlives it, which is what this one is for.
                child.returncode = 0
        self._children.clear()

    async def wait(self, model: Model, before: int) -> None:
        """Until the load that :meth:`start` found or began is over; cancelling this leaves the load alone.

        Raises:
            AttemptError: ``load-failed``, or what else kept it from being loaded, such as ``busy``.
        """
        again = True
        while self._stamp(model) == before:
            await asyncio.sleep(GLANCE)
            if self._stamp(model) == before and not self._under_way(model):
                # Who loaded was killed, or had just ended when ours found its lock.
                if not again:
                    break
                again = False
                self.start(model)
        found = self._result(model) if self._stamp(model) != before else None
        if not found or not found.get("ok"):
            raise _failure(model, found or {})


def _failure(model: Model, result: dict[str, Any]) -> AttemptError:
    """Why a model was not loaded, by what its process wrote down; it is a failed load only where the server tried."""
    failed = AttemptError("load-failed", f"{model.url} could not load {model.model}.")
    status, trouble = result.get("status"), result.get("trouble")
    if isinstance(status, int) and status > 0:
        headers = {"retry-after": str(result.get("retry_after") or ""), "date": str(result.get("date") or "")}
        error = failures.for_status(model, status, str(result.get("said") or ""), headers)
        if error.failure == "busy":
            return WaitedOutError("busy", error.text, error.hint, error.retry_after)
        return failed if error.failure == "too-long" else error
    if trouble == "refused":
        return AttemptError("refused", f"Nobody listens at {model.url}.", connections.start_hint(model))
    if trouble == "unreachable":
        return AttemptError("unreachable", f"{model.url} could not be connected to.", connections.start_hint(model))
    if trouble == "tls":
        return tls.failed(model.url, connections.plain_hint(model), result.get("reason"), result.get("code"))
    if trouble in {"broken", "reset"}:
        text = f"{model.url} broke off while it loaded {model.model}."
        return AttemptError("broken", text, again=trouble == "reset")
    if trouble == "late":
        text = f"{model.url} did not load {model.model} in {LIMIT / 60:.0f} minutes."
        return AttemptError("load-failed", text, "Is there enough memory?")
    if trouble == "busy":
        return WaitedOutError("busy", f"{model.url} loads other models.")
    return failed


def _is_held(path: Path) -> bool:
    """Whether a process has this lock."""
    try:
        descriptor = warm_process.lock(path)
    except OSError:
        # Where there is no folder yet, nobody has.
        return False
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def _spawn(job: str) -> subprocess.Popen[bytes]:
    """Start the detached process; it inherits neither files nor terminal nor signals."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own file
        [sys.executable, "-I", "-S", str(Path(warm_process.__file__)), job],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=True,
        start_new_session=os.name != "nt",
        creationflags=DETACHED if os.name == "nt" else 0,
        cwd=os.sep,
    )
