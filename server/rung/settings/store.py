"""The settings of a running server: in memory, swapped whole when a file changes, never half or broken.

A request takes :meth:`SettingsStore.current` once and keeps what it got. A broken file changes nothing: the last good
settings stay in force and the subscribers hear why. Everything here runs on one event loop but reading the files.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from rung.errors import SettingsError
from rung.settings import files, places, watchlist
from rung.settings.load import Loaded
from rung.settings.values import Settings

Load: TypeAlias = Callable[[Path | None], Loaded]
Subscriber: TypeAlias = Callable[[Path | None, Settings | None, SettingsError | None, tuple[str, ...]], None]
"""Called with the workspace, its new settings or None where they could not be read, why not, and the warnings; with
settings and an error where the file of a workspace nobody trusts was left out of them."""

_log = logging.getLogger(__name__)
_QUIET = 50
"""Milliseconds without a change after which a burst of writes counts as over."""
_LONGEST_BURST = 1000
"""Milliseconds after which a burst that does not end is looked at anyway."""
_GLANCE = 2.0
"""Seconds after which the files are looked at though nobody told of a change: not every system tells of every one."""
_LOOKS = 20
"""Readings of a file that somebody writes all the time, before those of other workspaces have their turn."""
_TRIES = 3
"""Watches that may fail at once (a folder vanished, the system's watches are used up) before polling."""
_FRESH = 5.0
"""Seconds a request waits at most for files that have changed since they were read; mostly it is a tenth of one."""
_GONE = 8
"""Looks in a row for which a file that has gone may still come back, before its pins are given up."""


class _State:
    """What is known of one workspace."""

    def __init__(self) -> None:
        self.good: Loaded | None = None
        self.error: SettingsError | None = None
        self.reading = 0
        """The number of the latest reading that was taken over."""
        self.stamps: list[files.Stamp] = []
        """What its files were then."""

    def heard(self) -> tuple[object, ...]:
        """What a subscriber would be told."""
        if self.error is not None:
            return (self.error.sentence(),)
        if self.good is None:
            return (None,)
        return (self.good.settings, self.good.warnings, *(error.sentence() for error in self.good.errors))


class SettingsStore:
    """The settings of all workspaces of one session."""

    def __init__(self, load: Load) -> None:
        """Read nothing yet.

        Args:
            load: reads and checks the settings of one workspace, raising SettingsError; called in a thread too.
        """
        self._load = load
        self._states: dict[Path | None, _State] = {}
        self._numbers = itertools.count(1)
        self._subscribers: list[Subscriber] = []
        self._replan: asyncio.Event | None = None

    def current(self, root: Path | None) -> Settings:
        """The settings in force for a workspace, from memory; read at the first time.

        Raises:
            SettingsError: its files were broken from the first; nothing is in force, so that no pin in them is lost.
        """
        return self.loaded(root).settings

    def loaded(self, root: Path | None) -> Loaded:
        """:meth:`current` with the warnings, and in ``errors`` why the files as they are now are not in force.

        Raises:
            SettingsError: see :meth:`current`.
        """
        name = _absolute(root)
        state = self._states.get(name)
        if state is None:
            number, before, result = next(self._numbers), watchlist.stamps(name), self._read(name)
            # Known from here on, and not before: whatever a reading raises leaves nothing behind.
            state = self._states[name] = _State()
            self._take(name, number, result, before, is_first=True)
            self._look_elsewhere()
        if state.good is None:
            assert state.error is not None
            raise state.error
        return state.good if state.error is None else state.good.replace(errors=(state.error,))

    async def fresh(self, root: Path | None) -> Settings:
        """:meth:`current`, with what changed since it was read taken over first: a pin just written holds at once.

        A request asks here when it begins. Whoever goes on writing is waited for five seconds at most, and then what
        was whole before is in force.

        Raises:
            SettingsError: see :meth:`current`.
        """
        name = _absolute(root)
        state = self._states.get(name)
        if state is not None and watchlist.stamps(name) != state.stamps:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FRESH):
                    await self._settle(name)
        return self.current(root)

    def forget(self, root: Path | None) -> None:
        """Watch a workspace no longer and drop what is known of it."""
        if self._states.pop(_absolute(root), None) is not None:
            self._look_elsewhere()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Hear of every change; the answer ends it."""
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._subscribers.remove(subscriber)

        return unsubscribe

    def reload(self) -> None:
        """Read everything again, now; a file that is just being replaced as soon as it is whole, where watched."""
        for root in list(self._states):
            number, before = next(self._numbers), watchlist.stamps(root)
            result = self._read(root)
            is_whole = watchlist.stamps(root) == before and not self._misses_a_file(root, before, result)
            if is_whole or self._replan is None:
                self._take(root, number, result, before)
            else:
                self._replan.set()

    async def watch(self) -> None:
        """Follow the files until cancelled; a second call at the same time is not meant to be."""
        failures = 0
        while True:
            watched = watchlist.of(root for root in self._states if root is not None)
            self._replan = asyncio.Event()
            try:
                await self._follow(watched, self._replan, is_polling=failures >= _TRIES)
                failures = 0
            except OSError as error:
                failures += 1
                _log.debug("watching failed: %s", error.strerror or type(error).__name__)
                if failures > _TRIES:
                    # Not even polling works: look again from time to time.
                    await self._refresh()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._replan.wait(), _LONGEST_BURST / 1000)

    async def _follow(self, watched: watchlist.Watchlist, replan: asyncio.Event, *, is_polling: bool) -> None:
        """Refresh at every change until other folders must be watched."""
        from watchfiles import awatch  # noqa: PLC0415 - only a server watches

        batches = awatch(
            *watched.folders,
            watch_filter=lambda _, name: watched.concerns(name),
            debounce=_LONGEST_BURST,
            step=_QUIET,
            stop_event=replan,
            recursive=False,
            force_polling=is_polling or None,
        )
        batch = asyncio.ensure_future(anext(batches, None))
        try:
            # The watch is set up in the first step of that task. What changed before it is found by reading after it.
            await asyncio.sleep(0)
            while True:
                read = self._stamps()
                is_calm = True
                if not batch.done() or batch.exception() is None:
                    is_calm = await self._refresh()
                while not (await asyncio.wait({batch}, timeout=_GLANCE))[0]:
                    if not is_calm or self._stamps() != read:
                        break
                if not batch.done():
                    continue
                changes = batch.result()
                if changes is None:
                    return
                again = watchlist.of(root for root in self._states if root is not None)
                if again != watched or any(name in watched.folders for _, name in changes):
                    return
                batch = asyncio.ensure_future(anext(batches, None))
        finally:
            replan.set()
            batch.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await batch
            await batches.aclose()

    def _stamps(self) -> list[list[files.Stamp]]:
        return [watchlist.stamps(root) for root in self._states]

    async def _refresh(self) -> bool:
        """Take over what the files say; False where somebody writes one of them all the time."""
        return all(await asyncio.gather(*map(self._settle, list(self._states))))

    async def _settle(self, root: Path | None) -> bool:
        """Take over a reading before, during and after which nobody wrote."""
        gone = 0
        for _ in range(_LOOKS):
            number, before = next(self._numbers), watchlist.stamps(root)
            if watchlist.is_young(before):
                # Half a file may be right TOML without the rules of the other half: see whether it goes on. And what
                # changes in the same tick of the disk's clock looks the same, so none may be left when it is read.
                await asyncio.sleep(_QUIET / 1000)
            result = await asyncio.to_thread(self._read, root)
            is_still = watchlist.stamps(root) == before
            # Counted anew whenever something else is there: one that comes and goes has not gone.
            gone = gone + 1 if is_still and self._misses_a_file(root, before, result) else 0
            if is_still and gone in {0, _GONE}:
                self._take(root, number, result, before)
                return True
            await asyncio.sleep(_QUIET / 1000)
        return False

    def _misses_a_file(self, root: Path | None, now: list[files.Stamp], result: Loaded | SettingsError) -> bool:
        """Whether a file that is in force is empty or not there: some save by taking it away and making it anew."""
        state = self._states.get(root)
        if state is None:
            return False
        known = state.good.settings.sources if state.good is not None else ()
        if isinstance(result, SettingsError):
            is_there = all(map(os.path.exists, known))
        else:
            is_there = set(known) <= set(result.settings.sources)
        return watchlist.is_emptied(now, state.stamps) or not is_there

    def _read(self, root: Path | None) -> Loaded | SettingsError:
        try:
            return self._load(root)
        except SettingsError as error:
            return error
        except (OSError, ValueError, RecursionError) as error:
            # Nothing that a file or a folder's name can be may end the watch.
            text = f"The settings can't be read ({getattr(error, 'strerror', None) or type(error).__name__})."
            hint = f"They are read from {places.config_name()} and the workspace's .rung folder: look at those."
            return SettingsError(text, places.config_folder() / "rung.toml", hint=hint)

    def _take(
        self,
        root: Path | None,
        number: int,
        result: Loaded | SettingsError,
        stamps: list[files.Stamp],
        *,
        is_first: bool = False,
    ) -> None:
        """Put a reading in force, unless a later one was faster."""
        state = self._states.get(root)
        if state is None or number < state.reading:
            return
        state.reading, state.stamps = number, stamps
        before = state.heard()
        if isinstance(result, SettingsError):
            state.error = result
        elif result.errors and state.good is not None and not state.good.errors:
            # Pins may have been left out with the mistake: those that were read before it hold.
            state.error = result.errors[0]
        else:
            state.good, state.error = result, None
        if is_first or state.heard() == before:
            return
        if state.error is not None:
            self._tell(root, None, state.error, ())
        elif state.good is not None:
            self._tell(root, state.good.settings, next(iter(state.good.errors), None), state.good.warnings)

    def _tell(
        self, root: Path | None, settings: Settings | None, error: SettingsError | None, warnings: tuple[str, ...]
    ) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber(root, settings, error, warnings)

    def _look_elsewhere(self) -> None:
        if self._replan is not None:
            self._replan.set()


def _absolute(root: Path | None) -> Path | None:
    return None if root is None else Path(os.path.abspath(root))  # noqa: PTH100 - not through links
