"""The simulator steered by another process: /sim/fail, /sim/heal, /sim/down, /sim/unload, /sim/log, /sim/models."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rung.sim.exchange import SimExchange
from rung.sim.faults import KINDS, Fault
from rung.sim.http import Request, Wire
from rung.sim.state import State

_JSON = {"content-type": "application/json"}


@dataclass
class Control:
    """What can be done to a simulator from outside."""

    state: State
    log: Sequence[SimExchange]
    down_for: Callable[[float], None]

    async def handle(self, request: Request, wire: Wire) -> None:
        """Do what a request under /sim/ asks for; mistakes are 400 with a sentence."""
        body = request.parsed() or {}
        what = (request.method, request.path)
        try:
            told = self._done(what, body if isinstance(body, dict) else {})
        except (TypeError, ValueError) as error:
            await self._tell(wire, {"error": str(error)}, 400)
            return
        if told is None:
            await self._tell(wire, {"error": "no such thing under /sim/"}, 404)
            return
        await self._tell(wire, told)
        if what == ("POST", "/sim/down"):
            self.down_for(float(body.get("seconds", 1.0)))

    def _done(self, what: tuple[str, str], body: dict[str, Any]) -> Any:
        match what:
            case ("POST", "/sim/fail"):
                self.state.faults.add(fault(**body))
            case ("POST", "/sim/heal"):
                self.state.faults.clear()
            case ("POST", "/sim/down"):
                float(body.get("seconds", 1.0))
            case ("POST", "/sim/unload"):
                names = [body["model"]] if body.get("model") else list(self.state.pool.loaded)
                for name in names:
                    self.state.pool.drop(name)
            case ("GET", "/sim/log"):
                loads = [list(load) for load in self.state.pool.loads]
                return {"exchanges": [exchange.public() for exchange in self.log], "loads": loads}
            case ("GET", "/sim/faults"):
                return KINDS
            case _:
                return None
        return {"done": True}

    async def _tell(self, wire: Wire, value: Any, status: int = 200) -> None:
        await wire.respond(status, _JSON, json.dumps(value).encode(), chunked=False)


def fault(
    kind: str = "", model: str | None = None, times: int | None = 1, path: str | None = None, **args: Any
) -> Fault:
    """A fault from named arguments.

    Raises:
        ValueError: the kind does not exist, or ``times`` is not positive.
    """
    if kind not in KINDS:
        raise ValueError(f"no fault is called {kind!r}; there are {', '.join(sorted(KINDS))}")
    if times is not None and times < 1:
        raise ValueError("times must be at least 1, or null for ever")
    return Fault(kind=kind, model=model, times=times, path=path, args=args)
