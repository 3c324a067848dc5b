"""What went wrong, in the ladder's words: statuses and error bodies made into AttemptErrors.

Texts here are Rung's own: a server's message may quote the prompt, so it is looked at and never passed on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from rung.errors import AttemptError
from rung.providers import overflow
from rung.types.model import Model
from rung.types.pattern import lazy

_FILTERED = lazy(
    r"content_filter|content[ _](?:(?:management|moderation|filter(?:ing)?)[ _])?policy"
    r"|safety[ _](?:system|check)|moderation|ResponsibleAIPolicy"
    r"|(?:input|prompt|content|request|messages?) (?:\w+ )?(?:was|were|has been|have been) (?:flagged|blocked)"
    r"|violates? (?:our |the )?(?:usage|content|acceptable use) (?:guidelines|polic)|prohibited_content"
    r"|data_inspection_failed|content exists risk|considered high risk",
    re.IGNORECASE,
)
_NO_MONEY = lazy(
    r"insufficient[ _](?:quota|credits?|balance|funds)|billing_(?:error|hard_limit|not_active)|credit balance"
    r"|exceeded_current_quota_error",
    re.IGNORECASE,
)
_NO_MODEL = lazy(
    r"model_not_found|model_not_exist|not a valid model|model not (?:exist|found)|try pulling it first|no such model"
    r"|invalid model(?: name)?:|invalid model id\b|unknown model"
    r"|model [`'\"\\]{1,3}[^`'\"\\\s]{1,200}[`'\"\\]{1,3} (?:was )?(?:not found|does ?n[o']t exist)",
    re.IGNORECASE,
)
_TLS_ONLY = lazy(r"http request (?:was sent )?to (?:an )?https (?:server|port)", re.IGNORECASE)
_HTTPS = "Write https:// instead of http:// in `url`."
_HOST = lazy(r"[a-z0-9.-]{1,253}|[0-9a-f:]{2,45}")
"""A name or number that may be shown, wherever it comes from."""
_NOT_YOURS = lazy(
    r"(?:not|n't) have access to (?:the |this )?model|no access to (?:the |this )?model|model_permission_blocked"
    r"|model_access_denied|not allowed to (?:access|use|sample from) (?:the |this )?model",
    re.IGNORECASE,
)
"""A model that is there, and not for this key: as OpenAI, GitHub Models, Groq, LiteLLM and Bedrock say it."""
_LOAD = lazy(
    r"process has terminated|failed to load|unable to load|error loading model|requires more (system )?memory"
    r"|out of memory|load timed out|timed out waiting for llama runner to start",
    re.IGNORECASE,
)
_OUR_MISTAKE = lazy(
    r"invalid format|must be of type|invalid option|does not support|invalid_request_error|cannot unmarshal"
    r"|parse grammar|grammar parse|parser for this template|invalid schema|json\.exception|template: ",
    re.IGNORECASE,
)
_BUSY = lazy(r"server busy|maximum pending requests|overloaded", re.IGNORECASE)
_NEVER_ENOUGH = lazy(r"request too large for", re.IGNORECASE)
"""More in one request than a minute allows: waiting does not help, a shorter prompt does."""
_MODEL = lazy(r"model", re.IGNORECASE)
_TIME = r"\d{1,6}(?:\.\d{1,12})?\s?(?:ms|[hms]|hours?|minutes?|seconds?|milliseconds?)(?![a-z])"
_AGAIN_IN = lazy(
    rf"(?:\b(?:re)?try (?:again )?(?:in|after) |\bretryDelay\W{{1,8}})((?:{_TIME}\s?){{1,3}})", re.IGNORECASE
)
"""When to come again, where no header says so: Google has it in the body alone, and a stream has no headers left."""
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_PASSING = {500, 502}
"""Statuses that the same request, sent once more, often does not meet again."""
_REFUSALS = {400, 413, 422}
"""Statuses of a request that is at fault itself, its length for one."""
_UNPAID = {400, 403, 429}
_UNWANTED = {400, 403, 422, 451}

MOST = 2**53
"""The largest count that is taken for one: databases and other languages hold no larger ones."""
ODD = 60.0
"""Seconds that a date to come again at may lie before the answer's own; where it is more, two clocks made them."""
LONGEST_PAUSE = 86400.0
"""Seconds a server may ask to be left alone; one that asks for more gets a day."""


_MAKERS = {"openai": "api.openai.com", "anthropic": "api.anthropic.com"}
"""Who is asked where the settings name no address."""


def host_of(model: Model) -> str:
    """The server as a person knows it."""
    return model.url or _MAKERS.get(model.provider, model.provider)


def url_of(model: Model) -> str:
    """The server's address, its maker's own where the settings name none."""
    return model.url or f"https://{host_of(model)}"


def pull_hint(model: Model) -> str | None:
    """What to type when Ollama lacks the model."""
    return f"Run `ollama pull {model.model}`." if model.provider == "ollama" else None


def for_status(model: Model, status: int, body: str, headers: Mapping[str, str]) -> AttemptError:
    """The failure behind an HTTP status; ``body`` is read for its meaning only."""
    where = f"{host_of(model)} answered {status}"
    if 300 <= status < 400:
        return _moved(model, where, headers.get("location", ""))
    if status == 407:
        text = f"The proxy on the way to {host_of(model)} wants another user and password."
        return AttemptError("unreachable", text, "Look at HTTP_PROXY and its like.")
    if status == 400 and _TLS_ONLY.search(body):
        return AttemptError("bad-request", f"{where}: it speaks TLS alone.", _HTTPS)
    if status == 413 or (status in _REFUSALS and overflow.names_the_window(body)):
        return _too_long(model, body)
    if status == 429 and _NEVER_ENOUGH.search(body):
        return _too_long(model, body)
    if status == 402 or (status in _UNPAID and _NO_MONEY.search(body)):
        # As with a key that is refused, nothing but the person can mend it; but they need not touch key or settings.
        return AttemptError("auth", f"{where}: the account has no money left.", "Look at its billing.", unpaid=True)
    if status in _UNWANTED and _FILTERED.search(body):
        return AttemptError("filtered", f"{host_of(model)} refused the content of the prompt.")
    if status in {401, 403}:
        return _not_let_in(model, status, body)
    if status == 404 and _MODEL.search(body):
        return no_model(model)
    if status in {404, 405}:
        return AttemptError("bad-request", f"{where}: it does not speak this protocol.", "Check `url` in rung.toml.")
    if status == 429:
        return AttemptError("rate-limited", f"{where}: too many requests.", retry_after=retry_after(headers, body))
    if status in {503, 529} or (status >= 500 and _BUSY.search(body)):
        return AttemptError("busy", f"{where}: it is busy.", retry_after=retry_after(headers, body))
    if status == 408:
        return AttemptError("slow", f"{where}: it gave up waiting.")
    return for_server_error(model, status, body)


def _moved(model: Model, where: str, location: str) -> AttemptError:
    """The failure of a server that points elsewhere: nobody is followed there with a key and a prompt."""
    here = urlsplit(url_of(model))
    try:
        there = urlsplit(location)
        host = (there.hostname or here.hostname or "").lower()
    except ValueError:
        there, host = urlsplit(""), ""
    if (host, here.scheme, there.scheme) == ((here.hostname or "").lower(), "http", "https"):
        return AttemptError("bad-request", f"{where}: it speaks TLS alone.", _HTTPS)
    is_told = _HOST.fullmatch(host) and host != (here.hostname or "").lower()
    hint = "Check `url` in rung.toml." if model.url else "Does a firewall or a proxy stand between?"
    return AttemptError("bad-request", f"{where}: it points to {host if is_told else 'another address'}.", hint)


def _not_let_in(model: Model, status: int, body: str) -> AttemptError:
    """The failure of a key, or of this machine: for this model alone, where the server does not say it of all."""
    where = f"{host_of(model)} answered {status}"
    if _NOT_YOURS.search(body) or (status == 403 and _NO_MODEL.search(body)):
        who = f"the key {model.key}" if model.key else "this machine"
        text = f"{where}: it has no model {model.model} for {who}."
        return AttemptError("missing-model", text, f"Name one that {who} may use.")
    if status == 403 and model.key:
        text, hint = f"{where}: the key {model.key} may not use {model.model}.", f"See what {model.key} is good for."
        return AttemptError("auth", text, hint, model_only=True)
    if model.key:
        return AttemptError("auth", f"{where}: the key {model.key} was not accepted.", f"Check {model.key}.")
    text, hint = f"{where}: it does not let this machine in.", "Check `url` and `key` in rung.toml."
    return AttemptError("auth", text, hint, model_only=status == 403)


def for_server_error(model: Model, status: int, body: str) -> AttemptError:
    """The failures of the 500s, and of an error sent inside a stream (``status`` 200)."""
    where = f"{host_of(model)} answered {status}" if status != 200 else f"{host_of(model)} broke off"
    if _LOAD.search(body):
        return AttemptError("load-failed", f"{host_of(model)} could not load {model.model}.", "Is there enough memory?")
    if _BUSY.search(body):
        return AttemptError("busy", f"{where}: it is busy.")
    if overflow.names_the_window(body):
        return _too_long(model, body)
    if _NO_MODEL.search(body):
        return no_model(model)
    if status == 200 and _FILTERED.search(body):
        return AttemptError("filtered", f"{host_of(model)} refused the content.")
    # Nginx's 499, and Ollama's: it thinks that the client has left.
    if (400 <= status < 500 and status != 499) or _OUR_MISTAKE.search(body):
        return AttemptError("bad-request", f"{where}: it did not understand the request.")
    return AttemptError("broken", f"{where}: an error on its side.", again=status in _PASSING)


def _too_long(model: Model, body: str) -> AttemptError:
    asked, window = overflow.numbers(body)
    text = f"The prompt is longer than the window of {model.model}."
    if not overflow.names_the_window(body) or _NEVER_ENOUGH.search(body):
        text = f"The prompt is longer than {host_of(model)} takes for {model.model}."
    return AttemptError("too-long", text, prompt_tokens=asked, window=window)


def no_model(model: Model) -> AttemptError:
    """The failure of a server that lacks the model."""
    return AttemptError("missing-model", f"{host_of(model)} has no model {model.model}.", pull_hint(model))


def retry_after(headers: Mapping[str, str], body: str = "") -> float | None:
    """Seconds of a Retry-After header in either of its forms, else those that the body names; None where neither does.

    A date is held against the answer's own, where both seem to be by one clock.
    """
    seconds = _seconds(headers)
    if seconds is None and (found := _AGAIN_IN.search(body)):
        seconds = sum(
            float(count) * _unit(name) for count, name in re.findall(r"([\d.]+)\s?([a-z]+)", found[1], re.IGNORECASE)
        )
    return None if seconds is None else min(max(0.0, seconds), LONGEST_PAUSE)


def _seconds(headers: Mapping[str, str]) -> float | None:
    milliseconds = headers.get("retry-after-ms")
    if milliseconds and milliseconds.replace(".", "", 1).isdecimal():
        return float(milliseconds) / 1000
    value = headers.get("retry-after", "").strip()
    if value.replace(".", "", 1).isdecimal():
        return float(value)
    until, sent = _date(value), _date(headers.get("date", ""))
    if until is None:
        return None
    if sent is not None and -ODD <= (by_its_clock := (until - sent).total_seconds()) <= LONGEST_PAUSE:
        # The server's clock may be another one than ours.
        return by_its_clock
    return (until - datetime.now(UTC)).total_seconds()


def _unit(name: str) -> float:
    """Seconds in a unit of time, in full or short."""
    short = name.lower()
    return 0.001 if short.startswith(("ms", "milli")) else _UNITS[short[0]]


def _date(value: str) -> datetime | None:
    """A date as HTTP has it; None where it is none."""
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def parse_object(model: Model, line: bytes) -> dict[str, Any]:
    """One JSON object of a stream.

    Raises:
        AttemptError: ``broken``, it is none.
    """
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise AttemptError("broken", f"{host_of(model)} sent something that is not its protocol.")
    return found


def number(value: object) -> int | None:
    """A count as servers send it, or None: bools, strings, negatives and what no computer counts to are no counts."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST else None


def unfinished(model: Model) -> AttemptError:
    """The stream ended without its end marker, so the answer is not whole."""
    return AttemptError("broken", f"The answer of {host_of(model)} ended before it was whole.")
