"""Prompts: an action's template and the parts that fit, made into messages.

A template sees one text for each kind of part (``typed-message`` as ``typed_message``; empty where there is none) and
the facts of the request: ``language``, ``path``, ``branch``. It is sandboxed, for a workspace may bring its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rung.errors import RungError
from rung.types.action import Action
from rung.types.call import Message
from rung.types.part import Part

LONGEST = 4_000_000
"""Characters a template may make besides its parts; each of them it may show a few times."""
TIMES = 4


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """The sandbox every template runs in: no attribute that starts with an underscore, no writing, no files."""
    return ImmutableSandboxedEnvironment(keep_trailing_newline=False, trim_blocks=True)  # prompts are not HTML


def _shown(part: Part) -> str:
    """The text of a part; an attached file says which one it is, in a fence that holds it whole or shortened."""
    if part.kind != "attached" or part.path is None:
        return part.text
    fence = "```"
    while fence in part.text:
        fence += "`"
    return f"{part.path}:\n{fence}\n{part.text.rstrip()}\n{fence}\n"


def renderer(action: Action, facts: Mapping[str, str]) -> Callable[[Sequence[Part]], tuple[Message, ...]]:
    """What makes messages of the parts that fit.

    It, and the function it gives, raise:
        RungError: the template fails; names the file, quotes nothing.
    """
    try:
        template = environment().from_string(action.prompt)
    except jinja2.TemplateError as error:
        raise RungError(f"The prompt of {action.source} fails ({type(error).__name__}).", "Mend it.") from None

    def render(parts: Sequence[Part]) -> tuple[Message, ...]:
        texts: dict[str, list[str]] = {}
        for part in parts:
            texts.setdefault(part.kind, []).append(_shown(part))
        values = {kind.replace("-", "_"): "\n".join(t.rstrip("\n") for t in found) for kind, found in texts.items()}
        system = values.pop("system", "")
        try:
            user = template.render({**facts, **values}).strip()
        except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError, LookupError, RecursionError) as error:
            raise RungError(f"The prompt of {action.source} fails ({type(error).__name__}).", "Mend it.") from None
        # What is too long for a model is shortened afterwards: a large diff is no fault of the template's.
        if len(user) > LONGEST + TIMES * sum(map(len, values.values())):
            raise RungError(f"The prompt of {action.source} grows without end.", "Mend it.")
        messages = (Message("system", system),) if system else ()
        return (*messages, Message("user", user))

    return render
