"""From the ``arguments`` of ``workspace/executeCommand`` to the parameters of the function behind the command."""

from __future__ import annotations

import inspect
import typing

if typing.TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from cattrs import Converter


def bind(handler: Callable[..., Any], given: Sequence[Any], converter: Converter) -> tuple[Any, ...]:
    """Read each argument into its parameter's type; those left out keep their defaults.

    Args:
        handler: as pygls keeps it, with or without the server bound to its first parameter.
        given: plain JSON, one value for each parameter.
        converter: reads them.

    Raises:
        TypeError: too many or too few.
        Exception: an argument does not fit; whatever cattrs raises for it.
    """
    function = getattr(handler, "func", handler)
    hints = typing.get_type_hints(function)
    parameters = list(inspect.signature(function).parameters.values())
    if function is not handler:
        del parameters[0]  # pygls has bound the server to it
    needed = sum(parameter.default is inspect.Parameter.empty for parameter in parameters)
    if not needed <= len(given) <= len(parameters):
        raise TypeError("wrong number of arguments")
    return tuple(
        converter.structure(value, hints.get(parameter.name, typing.Any))
        for parameter, value in zip(parameters, given, strict=False)
    )
