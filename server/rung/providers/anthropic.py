"""Anthropic by its native messages API, through the ``anthropic`` package.

Anthropic's OpenAI form is, in its own words, not for production, so it is not used. The package does the request and
the errors. Its retries, its telemetry and every variable and file it would read (``ANTHROPIC_BASE_URL``, profiles and
such) are off, and the stream is read by ``anthropic_stream``, for its typed events cost 25 times the CPU (facts 9).
The import takes 1.5 s, so it happens in a thread, before the first question.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

import httpx2

from rung.errors import AttemptError
from rung.providers import connections, failures, rehearsal
from rung.providers.anthropic_body import HEADROOM, Manners, learned, request_body
from rung.providers.anthropic_stream import read
from rung.providers.events import Opened, Question
from rung.providers.key import Keys, key_of
from rung.providers.ollama import SIMULATED
from rung.providers.package import Package
from rung.providers.thinking import tags_for
from rung.providers.transport import client_for, ready
from rung.types.model import Model

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

    from rung.providers.events import StreamEvent

__all__ = ["HEADROOM", "Anthropic", "address", "request_body"]

OFFICIAL = "https://api.anthropic.com"
VERSION = "2023-06-01"
"""Of the API: the one whose stream is read here, and which everybody who offers this protocol speaks. A newer package
would ask for a newer one by itself."""
MENDED = {400, 422}
"""The statuses that may complain of a parameter."""
STOPPED = b'data: {"type":"message","stop_reason":"end_turn"}\n\n'
"""The shortest of answers."""
REPAIRS = 2
"""How often one question is asked otherwise, each time after a refusal that says what is wrong with it."""


def address(model: Model) -> str:
    """The base url of a model without the ``/v1`` that the package adds itself; Anthropic's where there is none."""
    return (model.url or OFFICIAL).rstrip("/").removesuffix("/v1")


class Anthropic:
    """The provider ``anthropic``."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._package = Package("anthropic", "anthropic.resources.messages", rehearse=_rehearse)
        self._manners: dict[tuple[str, str], Manners] = {}
        """How each model wants to be asked, by address and name, so that it refuses once and not each time."""

    async def prepare(self, question: Question) -> None:
        """See :class:`rung.providers.events.Prepared`."""
        key_of(self._keys, question.model)
        await ready(question.model, address(question.model))
        await self._package.load()

    async def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        """See :class:`rung.providers.events.Chat`."""
        model = question.model
        key = key_of(self._keys, model)
        sdk = await self._package.load()
        # Whether a model still answers is the server's to say; under `-W error` the package's opinion would be raised.
        warnings.filterwarnings("ignore", r"The model '.*' is deprecated", DeprecationWarning)
        with connections.mapped(model):
            async with client_for(model, address(model)) as http:
                client = _made(sdk, http, key)
                async with contextlib.aclosing(self._mended(sdk, client, question)) as events:
                    async for event in events:
                        yield event

    async def _mended(self, sdk: Any, client: AsyncAnthropic, question: Question) -> AsyncGenerator[StreamEvent]:
        """The answer, asked for otherwise after each refusal that says how."""
        place = (question.model.url, question.model.model)
        manners = self._manners.get(place, Manners())
        for left in range(REPAIRS, -1, -1):
            body = request_body(question, manners)
            refusal: list[tuple[str, AttemptError]] = []
            async with contextlib.aclosing(_stream(sdk, client, question, body, refusal)) as events:
                async for event in events:
                    if isinstance(event, Opened):
                        self._manners[place] = manners.lasting
                    yield event
            if not refusal:
                return
            complaint, error = refusal[0]
            better = learned(manners, body, complaint)
            if better is None:
                raise error
            # It complains of something else now: what was mended before did help.
            self._manners[place] = manners.lasting
            if not left:
                raise error
            manners = better


def _made(sdk: Any, http: httpx2.AsyncClient, key: str | None) -> AsyncAnthropic:
    """The package's client."""
    client: AsyncAnthropic = sdk.AsyncAnthropic(
        # Any key at all keeps it from looking for one in variables and files.
        api_key="none",
        base_url=str(http.base_url),
        max_retries=0,
        http_client=http,
        timeout=http.timeout,
        open_telemetry={"traces": False, "propagation": False},
    )
    # Instead of the headers of a variable. The version and the way to show the key belong together.
    client._custom_headers = {  # noqa: SLF001
        "anthropic-version": VERSION,
        "X-Api-Key": key or sdk.omit,
        "Authorization": sdk.omit,
    }
    return client


async def _rehearse(sdk: Any) -> None:
    """Ask nobody."""
    asked = Question(Model("anthropic", "m"), (), 1)
    async with (
        rehearsal.client(STOPPED) as http,
        contextlib.aclosing(_stream(sdk, _made(sdk, http, None), asked, request_body(asked), [])) as events,
    ):
        async for _ in events:
            pass


async def _stream(
    sdk: Any,
    client: AsyncAnthropic,
    question: Question,
    body: dict[str, Any],
    refusal: list[tuple[str, AttemptError]],
) -> AsyncGenerator[StreamEvent]:
    """One request. A refusal that may complain of a parameter is not raised: its text and error go into ``refusal``."""
    model = question.model
    try:
        async with client.messages.with_streaming_response.create(**body) as response:
            yield Opened(simulated=SIMULATED in response.headers)
            if "text/html" in response.headers.get("content-type", ""):
                raise AttemptError("broken", f"{failures.host_of(model)} sent a web page, not an answer.")
            async with contextlib.aclosing(
                read(model, response.http_response.aiter_bytes(), tags_for(question))
            ) as events:
                async for event in events:
                    yield event
    except sdk.APIStatusError as error:
        text = error.response.text[:65536]
        failed = failures.for_status(model, error.status_code, text, error.response.headers)
        if error.status_code in MENDED:
            refusal.append((text, failed))
            return
        raise failed from None
    except sdk.APIConnectionError as error:
        if isinstance(error.__cause__, httpx2.HTTPError):
            raise error.__cause__  # noqa: B904 - "from" would cut off the cause that tells why
        raise AttemptError("broken", f"The connection to {failures.host_of(model)} broke.") from None
    except sdk.AnthropicError:
        raise AttemptError("broken", f"{failures.host_of(model)} sent something unreadable.") from None
