"""What a failure may say: to the client, and in the log.

An exception of Rung's own tree carries a sentence meant for a person. Everything else is a fault of ours whose text
may quote anything, so neither the client nor the log ever sees it: only its type and the line it came from.
"""

from __future__ import annotations

import traceback
from pathlib import Path

from cattrs import BaseValidationError, StructureHandlerNotFoundError, transform_error
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from rung.errors import CancelledByPersonError, RungError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


MALFORMED = (
    BaseValidationError,
    StructureHandlerNotFoundError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What cattrs raises for data that does not fit its type."""


def where(error: BaseException) -> str:
    """``ValueError at findings.py:120``: the type and the innermost line, nothing of the text."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    return f"{type(error).__name__} at {Path(frames[-1].filename).name}:{frames[-1].lineno}"


def failure(code: int, message: str, data: dict[str, Any] | None = None) -> types.ResponseError:
    """An error as it goes over the wire."""
    return types.ResponseError(code=int(code), message=message, data=data)


def expected(error: BaseException) -> types.ResponseError | None:
    """The answer to a failure somebody foresaw; None for one that nobody did."""
    if isinstance(error, CancelledByPersonError):
        code: int = types.LSPErrorCodes.RequestCancelled
    elif isinstance(error, RungError):
        code = types.LSPErrorCodes.RequestFailed
    elif isinstance(error, JsonRpcException):
        return error.to_response_error()
    else:
        return None
    return failure(code, error.sentence(), {"code": error.code, "hint": error.hint})


def internal() -> types.ResponseError:
    """The answer to a failure nobody foresaw."""
    return failure(types.ErrorCodes.InternalError, "Internal error in the language server; its log names the place.")


def malformed(method: str, error: Exception) -> types.ResponseError:
    """The answer to parameters that do not fit: which fields, never what was in them."""
    places = "; ".join(transform_error(error)[:3])
    return failure(types.ErrorCodes.InvalidParams, f"Invalid parameters for {method}: {places}.")
