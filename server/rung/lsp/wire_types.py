"""Rung's own messages (DESIGN, The language server) as attrs classes, and the converter that reads them.

camelCase on the wire, snake_case here. Answers need no class: they are plain JSON in DESIGN's Shapes and go out as
they are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override
from lsprotocol import types
from pygls.protocol import default_converter

RUN = "rung/run"
"""Request: run an action, stream it, answer with the result, apply nothing."""
STATUS = "rung/status"
"""Request: how Rung is doing."""
DID_CHANGE_STATUS = "rung/didChangeStatus"
"""Notification to the client, with what ``rung/status`` would answer now."""

_T = TypeVar("_T")


@attrs.frozen
class RunParams:
    """The argument of the command ``rung.run`` and of the request ``rung/run``."""

    action: str
    uri: str | None = None
    """The document; ``repository`` instead where there is none."""
    repository: str | None = None
    """Path or URI of a folder inside a repository."""
    range: types.Range | None = None
    version: int | None = None
    """The document's version that ``range`` belongs to."""
    diagnostics: list[types.Diagnostic] | None = None
    finding: str | None = None
    """The id of a finding of ours."""
    tier: str | None = None
    instruction: str | None = None
    candidates: int | None = None
    """How many answers to offer."""
    partial_result_token: int | str | None = None
    """Where the request streams to; the command has no use for it."""
    work_done_token: int | str | None = None


@attrs.frozen
class RunRequest:
    """``rung/run`` with its envelope."""

    id: Any
    params: RunParams
    method: str = RUN
    jsonrpc: str = "2.0"


@attrs.frozen
class StatusRequest:
    """``rung/status`` with its envelope."""

    id: Any
    params: Any = None
    method: str = STATUS
    jsonrpc: str = "2.0"


MESSAGE_TYPES: dict[str, type[Any]] = {RUN: RunRequest, STATUS: StatusRequest}
REQUESTS = frozenset(MESSAGE_TYPES)
"""The requests among our own methods."""


@functools.cache
def converter() -> Converter:
    """The one converter of the process: 18 ms to make, the same for every session, and it holds no state."""
    make: Callable[[], Converter] = default_converter  # pygls leaves it untyped
    base = make()
    exact = base.copy()
    # cattrs would read 5 as "5" and "7" as 7; who sends that means something else.
    for kind in (str, int):
        exact.register_structure_hook(kind, _only(kind))
    exact.register_structure_hook_func(lambda kind: kind == (int | str | None), _token)
    base.register_structure_hook(
        RunParams,
        make_dict_structure_fn(
            RunParams,
            exact,
            partial_result_token=override(rename="partialResultToken"),
            work_done_token=override(rename="workDoneToken"),
        ),
    )
    return base


def _only(kind: type[_T]) -> Any:
    def read(value: Any, _: Any) -> _T:
        if type(value) is not kind:
            raise ValueError(f"not of type {kind.__name__}")
        return value

    return read


def _token(value: Any, _: Any) -> int | str | None:
    if value is not None and type(value) not in {int, str}:
        raise ValueError("neither a number nor a string")
    return value  # type: ignore[no-any-return]  # checked above
