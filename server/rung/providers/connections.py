"""What went wrong with a connection, in the ladder's words, and what a person can do about it."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2

from rung.errors import AttemptError
from rung.providers import proxies, tls
from rung.providers.dial import UnreachedError
from rung.providers.failures import host_of, url_of
from rung.types.model import Model
from rung.types.pattern import lazy

_RESET = (httpx2.ReadError, httpx2.WriteError)
"""What the HTTP client says of a connection that the other side reset."""
_NAMELESS = {socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL}
_HTTPS = "Write https:// instead of http:// in `url`, if it speaks TLS alone."
_LOGIN = lazy(r"^407 |^Invalid username/password|but got NO ACCEPTABLE METHODS|^Requested NO AUTHENTICATION")
"""A proxy wants to know who asks, as the HTTP library has it."""
_REFUSAL = lazy(r"^(\d{3}) |could not connect: ([A-Za-z ]{1,60})\.$")
"""A proxy's status, or the meaning that the library has for the number in a SOCKS proxy's answer."""


@contextlib.contextmanager
def mapped(model: Model) -> Iterator[None]:
    """Turn the HTTP client's exceptions into AttemptErrors.

    Raises:
        AttemptError: ``refused``, ``unreachable``, ``bad-request`` or ``broken``.
    """
    try:
        yield
    except UnreachedError as error:
        raise _unreached(model, error) from None
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
        raise AttemptError("bad-request", "The model's `url` is no address.", "Check rung.toml.") from error
    except httpx2.HTTPError as error:
        text = f"The connection to {host_of(model)} {_ending(error)}."
        again = isinstance(error, _RESET) or _closed_silently(error)
        hint = _HTTPS if again and not model.local and model.url.startswith("http:") else None
        raise AttemptError("broken", text, hint, again=again) from None


def _ending(error: httpx2.HTTPError) -> str:
    """How a connection ended, in plain words."""
    if isinstance(error, _RESET):
        return "was reset"
    if _closed_silently(error):
        return "was closed without an answer"
    if isinstance(error, httpx2.RemoteProtocolError) and "without sending complete" in str(error):
        return "was closed in the middle of the answer"
    if isinstance(error, httpx2.RemoteProtocolError | httpx2.DecodingError):
        return "brought what is no proper HTTP"
    return "broke"


def _closed_silently(error: httpx2.HTTPError) -> bool:
    """Whether the other side took the request and closed without a byte, which is a reset that was polite."""
    # The library has no type of its own for it.
    return isinstance(error, httpx2.RemoteProtocolError) and "without sending a response" in str(error)


def start_hint(model: Model) -> str | None:
    """What to do where nobody answers at a model's address."""
    if model.provider == "ollama":
        return "Is Ollama running? Start it with `ollama serve`."
    return "Check `url`." if model.url else "Check the network."


def plain_hint(model: Model) -> str:
    """What to do where no TLS is spoken at a model's address."""
    if model.url:
        return "Write http:// instead of https:// in `url`, if that is what it speaks."
    return "Does a firewall or a proxy stand between?"


def _unreached(model: Model, error: UnreachedError) -> AttemptError:
    """Why a request did not leave."""
    host, hint = host_of(model), start_hint(model)
    if error.proxy and error.stage != "secure":
        return _not_past(model, error.proxy, error)
    if error.stage == "secure":
        return tls.failed(host, plain_hint(model), *tls.told(_tls_error(error)), late=error.late)
    if error.late:
        return AttemptError("unreachable", f"{host} did not take the connection in time.")
    number = _root_errno(error)
    # A socket in the file system that nobody made is not there at all.
    if number in {errno.ECONNREFUSED, errno.ENOENT}:
        return AttemptError("refused", f"Nobody listens at {host}.", hint)
    if number in _NAMELESS:
        return AttemptError("unreachable", f"The name of {host} is not known.", "Check `url` and network.")
    return AttemptError("unreachable", f"{host} could not be connected to.", hint)


def _not_past(model: Model, proxy: str, error: UnreachedError) -> AttemptError:
    """Why a request did not come past the proxy."""
    hint = proxies.hint(proxy, url_of(model))
    broken = _tls_error(error)
    if error.stage == "connect" and broken is not None:
        plain = f"Write http:// in {proxy}, if that is what it speaks."
        return tls.failed(f"the proxy in {proxy}", plain, *tls.told(broken))
    if error.stage == "connect":
        number = _root_errno(error)
        why = "did not take the connection in time" if error.late else "could not be connected to"
        why = "is not known by its name" if number in _NAMELESS else why
        why = "is not there: nobody listens" if number == errno.ECONNREFUSED else why
        return AttemptError("unreachable", f"The proxy in {proxy} {why}.", hint)
    said = next((str(cause) for cause in _chain(error) if isinstance(cause, httpx2.ProxyError)), "")
    if _LOGIN.search(said):
        return AttemptError("unreachable", f"The proxy in {proxy} wants another user and password.", hint)
    found = _REFUSAL.search(said)
    why = " in time" if error.late else f" ({found[1] or found[2].lower()})" if found else ""
    host = urlsplit(url_of(model)).hostname
    return AttemptError("unreachable", f"The proxy in {proxy} did not connect to {host}{why}.", hint)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and all it was raised from."""
    seen: set[int] = set()
    stack: list[BaseException] = [error]
    while stack:
        current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            stack.extend(current.exceptions)
        stack.extend(e for e in (current.__context__, current.__cause__) if e is not None)


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    """What the TLS library said, if it is what failed."""
    # This one only says that there is nothing to read at the moment.
    found = (e for e in _chain(error) if isinstance(e, ssl.SSLError) and not isinstance(e, ssl.SSLWantReadError))
    return next(found, None)


def _root_errno(error: BaseException) -> int | None:
    """The operating system's number behind a chain of wrapped exceptions, if there is one."""
    numbers = (e.errno for e in _chain(error) if isinstance(e, OSError) and not isinstance(e, ssl.SSLError))
    return next((number for number in numbers if number is not None), None)
