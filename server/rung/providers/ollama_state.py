"""What an Ollama server says of itself: which models are installed, which are in memory. Never a completion.

``/api/tags`` and ``/api/ps`` answer at once even while a model loads or speaks (recorded: ps-while-loading), so their
answer says nothing of how busy the server is; a machine with too much to do may be slow to give it all the same.
"""

from __future__ import annotations

import re
from typing import Any

from rung.errors import AttemptError
from rung.providers import connections, failures
from rung.providers.transport import client_for
from rung.settings import addresses
from rung.types.model import Model
from rung.types.pattern import lazy
from rung.types.value import Value


class Installed(Value):
    """One entry of ``/api/tags``."""

    name: str
    parameters: float | None = None
    """Count of parameters; None where the server does not say."""
    remote: bool = False
    """It runs on somebody else's machine (``remote_host``)."""
    completes: bool = True
    """It can chat; embedding models can't."""
    thinks: bool | None = None
    """It can think; None: its server does not say."""
    context: int | None = None
    """The longest window it was trained for, in tokens."""
    digest: str = ""


class Loaded(Value):
    """One entry of ``/api/ps``."""

    name: str
    context: int | None = None
    """The window really allocated, in tokens."""


_EMBEDS = lazy(
    r"embed|minilm|rerank|nomic-bert|(?:^|[/_-])(?:bge|gte|e5|sfr|uae|paraphrase)(?=[-_:.]|$)", re.IGNORECASE
)
"""Names of models that turn text to numbers."""
_SIZE = lazy(r"([0-9.]+)\s*([KMBT]?)", re.IGNORECASE)
_FACTOR = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


def parameters(text: object) -> float | None:
    """``8.30M`` or ``7.6B`` as a number; None where it is neither."""
    match = _SIZE.fullmatch(str(text or "").strip())
    if not match:
        return None
    try:
        return float(match[1]) * _FACTOR[match[2].upper()]
    except ValueError:
        return None


async def _get(model: Model, path: str) -> list[dict[str, Any]]:
    """The ``models`` of a listing.

    Raises:
        AttemptError: the server is not there, or does not speak this protocol.
    """
    with connections.mapped(model):
        async with client_for(model, model.url) as client:
            response = await client.get(path)
            if response.status_code != 200:
                raise failures.for_status(model, response.status_code, "", response.headers)
            found = failures.parse_object(model, response.content).get("models", ...)
    found = [] if found is None else found  # as Go writes an empty list
    if not isinstance(found, list):
        raise AttemptError(
            "bad-request", f"{failures.host_of(model)} is no Ollama server.", "Check `url` in rung.toml."
        )
    return [entry for entry in found if isinstance(entry, dict)]


async def installed(model: Model) -> tuple[Installed, ...]:
    """The models this server has.

    Raises:
        AttemptError: the server is not there, or is no Ollama server.
    """
    return tuple(_installed(entry) for entry in await _get(model, "/api/tags"))


def _chats(name: str, details: dict[str, Any]) -> bool:
    """Whether a model can chat whose server does not say so: not if it is of a kind that turns text to numbers."""
    families = details.get("families")
    kinds = [details.get("family"), *(families if isinstance(families, list) else [])]
    return not (_EMBEDS.search(name) or any("bert" in str(kind).lower() for kind in kinds))


def _installed(entry: dict[str, Any]) -> Installed:
    details = entry.get("details")
    details = details if isinstance(details, dict) else {}
    capabilities = entry.get("capabilities")
    able = capabilities if isinstance(capabilities, list) and capabilities else None
    name = str(entry.get("name") or entry.get("model") or "")
    return Installed(
        name=name,
        parameters=parameters(details.get("parameter_size")),
        remote=bool(entry.get("remote_host") or entry.get("remote_model")),
        completes=_chats(name, details) if able is None else "completion" in able,
        thinks=None if able is None else "thinking" in able,
        context=failures.number(details.get("context_length")),
        digest=str(entry.get("digest") or ""),
    )


async def loaded(model: Model) -> tuple[Loaded, ...]:
    """The models this server holds in memory; one that is loading is not among them.

    Raises:
        AttemptError: the server is not there, or is no Ollama server.
    """
    try:
        entries = await _get(model, "/api/ps")
    except AttemptError as error:
        if error.failure == "bad-request":  # what is older, or speaks for Ollama, may not say what it holds
            return ()
        raise
    return tuple(
        Loaded(str(e.get("name") or e.get("model") or ""), failures.number(e.get("context_length"))) for e in entries
    )


def same_name(asked: str, found: str) -> bool:
    """Whether two names mean one model: a name without a tag means ``latest``, and case does not matter."""
    return addresses.ollama_name(asked) == addresses.ollama_name(found)
