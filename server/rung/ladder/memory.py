"""What was measured of each model, kept across restarts: no text, only its name and address, and numbers.

A file that cannot be read or written costs nothing but what was learned. Processes that measure the same model meet in
the middle: one writes at a time, and puts what it learned since its last look together with what the file says by then.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import time
from pathlib import Path

from rung.ladder import warm_process
from rung.settings import addresses, files
from rung.types.model import Model
from rung.types.value import Value

log = logging.getLogger(__name__)

WEIGHT = 0.3
"""Of the newest measurement in a moving average."""
CACHED = 3.0
"""Times the known rate above which a prompt was read too fast to be true: the server had it in its cache ..."""
CACHED_WEIGHT = 0.02
"""... so that it hardly counts, and as no more than so much: only a machine that is faster by now says it each time."""
EVERY = 5.0
"""Seconds between two writes of the file, at least."""
PATIENCE = 1.0
"""Seconds to wait for another process that writes; then it is left for the next time."""
SHORT = 200
"""Tokens; how long a shorter prompt takes says nothing of the rate at which prompts are read."""
MOST = 200
"""Models that are remembered; those that were not measured for the longest time are forgotten first."""
FORMAT = 1
BOUNDS = {
    "ratio": (0.35, 3.0),
    "prefill": (1.0, 1e6),
    "decode": (0.1, 1e5),
    "load": (0.0, 900.0),
    "first_content": (0.0, 3600.0),
    "total": (0.0, 3600.0),
    "thinks": (0.0, 1.0),
}
"""What a measurement can be at all; what lies outside is a mistake of whoever measured, and is not taken in."""


class Figures(Value):
    """What was measured of one model, each a moving average; None: not yet. Times are seconds."""

    ratio: float | None = None
    """Tokens the server counts for each that is estimated."""
    prefill: float | None = None
    """Tokens of a prompt that are read in a second: the mean of the seconds a token takes."""
    decode: float | None = None
    """Tokens of an answer that are written in a second."""
    load: float | None = None
    """How long loading takes."""
    first_content: float | None = None
    """From the question to the first text, once the model is loaded."""
    total: float | None = None
    """From the question to the end of the answer, once the model is loaded."""
    thinks: float | None = None
    """How often it thinks although it is told not to: 0 never, 1 always."""
    digest: str = ""
    """Which build of the model that is; another one begins anew."""


class _News(Value):
    """What this process learned of one model."""

    base: Figures
    """What the file said at the last look."""
    ours: Figures
    used: float
    """When it was measured: seconds since 1970."""


class Memory:
    """The figures of all models; owned by the engine's loop.

    Args:
        path: where they are kept; None: nowhere. Read at the first question for any.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._figures: dict[str, Figures] | None = None
        self._base: dict[str, Figures] = {}
        """What the file said at the last look."""
        self._used: dict[str, float] = {}
        self._changed: set[str] = set()
        self._written = -math.inf
        self._writing: asyncio.Future[None] | None = None

    def of(self, model: Model) -> Figures:
        """What is known of this model."""
        return self._all().get(_key(model), Figures())

    def learn(self, model: Model, **seen: float) -> None:
        """Take in measurements, by the names of :class:`Figures`."""
        old = self.of(model)
        averages = {}
        for name, value in _sane(seen).items():
            before: float | None = getattr(old, name)
            if before is None:
                averages[name] = value
            elif name == "prefill":
                averages[name] = _mean_rate(before, value)
            else:
                averages[name] = before + WEIGHT * (value - before)
        self.put(model, **averages)

    def put(self, model: Model, **values: float) -> None:
        """Set figures to values; one that cannot be is left out."""
        sane = _sane(values)
        if sane:
            self._set(model, self.of(model).replace(**sane))

    def seen(self, model: Model, digest: str) -> None:
        """The server has this build of the model: what was measured of another one is forgotten."""
        known = self.of(model)
        if digest and digest != known.digest:
            self._set(model, known.replace(digest=digest) if not known.digest else Figures(digest=digest))

    def _set(self, model: Model, figures: Figures) -> None:
        key = _key(model)
        self._all()[key] = figures
        self._used[key] = time.time()
        self._changed.add(key)
        self._write_soon()

    def _all(self) -> dict[str, Figures]:
        if self._figures is None:
            kept = _read(self._path) if self._path else {}
            self._figures = {key: figures for key, (figures, _) in kept.items()}
            self._base = dict(self._figures)
            self._used = {key: used for key, (_, used) in kept.items()}
        return self._figures

    def _write_soon(self) -> None:
        """Write behind the work, if the last time is long enough ago; else the next measurement or the end does."""
        if self._path is None or (self._writing is not None and not self._writing.done()):
            return
        loop = asyncio.get_running_loop()
        if loop.time() - self._written >= EVERY:
            self._written = loop.time()
            self._writing = asyncio.ensure_future(self._write(self._path))

    async def _write(self, path: Path) -> None:
        """Bring what changed into the file, and take in what others wrote there of the same models."""
        figures = self._all()
        news = {key: _News(self._base.get(key, Figures()), figures[key], self._used[key]) for key in self._changed}
        self._changed.clear()
        met = await asyncio.to_thread(_write, path, news)
        if met is None:
            self._changed |= news.keys()
            return
        for key, figure in met.items():
            # Measurements of the meantime stay.
            figures[key] = _meet(news[key].ours, figures[key], figure)
            self._base[key] = figure

    async def close(self) -> None:
        """Write what was not written yet."""
        if self._writing is not None:
            await self._writing
        if self._path is not None and self._changed:
            await self._write(self._path)


def _key(model: Model) -> str:
    return " ".join(addresses.spot(model))


def _mean_rate(before: float, value: float) -> float:
    """The mean of two rates by the seconds a token takes, so that one that is far too high cannot outweigh the rest."""
    weight = WEIGHT if value <= CACHED * before else CACHED_WEIGHT
    return 1 / ((1 - weight) / before + weight / min(value, CACHED * before))


def _sane(values: dict[str, float]) -> dict[str, float]:
    """Those of the values that can be."""
    return {name: value for name, value in values.items() if BOUNDS[name][0] <= value <= BOUNDS[name][1]}


def _meet(base: Figures, ours: Figures, theirs: Figures) -> Figures:
    """What two that began with the same figures learned: what only one of them measured is that one's."""
    if ours.digest and theirs.digest and ours.digest != theirs.digest:
        # One of them measured another build than it began with: the newer one.
        return theirs if ours.digest == base.digest else ours
    met: dict[str, float] = {}
    for name in BOUNDS:
        before, mine, other = (getattr(figures, name) for figures in (base, ours, theirs))
        if other is None or other == before:
            other = mine
        elif mine is None or mine == before:
            mine = other
        if mine is not None:
            met[name] = (mine + other) / 2
    return Figures(**met, digest=ours.digest or theirs.digest)


def _read(path: Path) -> dict[str, tuple[Figures, float]]:
    """What the file says; of anything wrong in it, nothing."""
    try:
        found = json.loads(files.read_private(str(path)) or "{}")
    except (ValueError, RecursionError):
        return {}
    models = found.get("models") if isinstance(found, dict) and found.get("format") == FORMAT else None
    if not isinstance(models, dict):
        return {}
    return {key: _figures(entry) for key, entry in models.items() if isinstance(entry, dict)}


def _figures(entry: dict[str, object]) -> tuple[Figures, float]:
    numbers: dict[str, float] = {
        name: value
        for name, value in entry.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
    }
    kept = _sane({name: numbers[name] for name in BOUNDS.keys() & numbers})
    digest = entry.get("digest")
    return Figures(**kept, digest=digest if isinstance(digest, str) else ""), numbers.get("used", 0.0)


def _write(path: Path, news: dict[str, _News]) -> dict[str, Figures] | None:
    """Put the news into what the file says by now; nobody but this person can read it.

    Returns:
        What the file says of the news' models now; None where it could not be written.
    """
    descriptor: int | None = None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = _lock(path.with_name(f"{path.name}.lock"))
        return None if descriptor is None else _write_alone(path, news)
    except OSError as error:
        log.info("what was measured cannot be kept (%s)", type(error).__name__)
        return None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(path: Path) -> int | None:
    """The descriptor that keeps others from writing until it is closed, or its process dies; None: others write."""
    deadline = time.monotonic() + PATIENCE
    while (descriptor := warm_process.lock(path)) is None and time.monotonic() < deadline:
        time.sleep(0.005)
    return descriptor


def _write_alone(path: Path, news: dict[str, _News]) -> dict[str, Figures]:
    merged, met = _read(path), dict[str, Figures]()
    for key, new in news.items():
        theirs, used = merged.get(key, (Figures(), 0.0))
        met[key] = _meet(new.base, new.ours, theirs)
        merged[key] = (met[key], max(used, new.used))
    models = {}
    for key in sorted(merged, key=lambda key: merged[key][1])[-MOST:]:
        figures, used = merged[key]
        values = {name: getattr(figures, name) for name in Figures._fields}
        models[key] = {**{name: value for name, value in values.items() if value not in {None, ""}}, "used": used}
    files.write_private(str(path), json.dumps({"format": FORMAT, "models": models}, indent=1) + "\n")
    return met
