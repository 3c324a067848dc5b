"""A maker's package, imported where it is first needed: it takes a second or two, and most processes ask no cloud."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rung.errors import AttemptError


class Package:
    """Imports a package in a thread, once; nothing of it is imported before.

    Args:
        name: of the package.
        parts: modules it would else import by itself at the first request, in the way of everything else.
        rehearse: makes a first request with it that goes nowhere.
    """

    def __init__(self, name: str, *parts: str, rehearse: Callable[[Any], Awaitable[None]]) -> None:
        self._name = name
        self._parts = parts
        self._rehearse = rehearse
        self._module: Any = None

    async def load(self) -> Any:
        """The package."""
        if self._module is None:
            self._module = await asyncio.to_thread(self._import)
        return self._module

    def _import(self) -> Any:
        module = importlib.import_module(self._name)
        for part in self._parts:
            importlib.import_module(part)
        # A variable of the package's own may have made it tell all it sends.
        logging.getLogger(self._name).setLevel(logging.WARNING)
        asyncio.run(self._rehearsed(module))
        return module

    async def _rehearsed(self, module: Any) -> None:
        # It is a courtesy; what goes wrong is said where it matters.
        with contextlib.suppress(AttemptError):
            await self._rehearse(module)
