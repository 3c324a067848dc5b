"""The proxy that the environment names for an address: ``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY`` and their like.

Only the one that is meant for an address is looked at, so that another one which makes no sense harms nobody. What a
variable says is never quoted: it may have a password in it.
"""

from __future__ import annotations

import ipaddress
import os
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx2

from rung.errors import AttemptError
from rung.providers import certificates

SCHEMES = ("http", "https", "socks5", "socks5h")
PORTS = {"http": 80, "https": 443}
SYSTEM = "the settings of this system"


class Proxy(NamedTuple):
    """A proxy, and who says that it is one."""

    named: str
    """The variable, or :data:`SYSTEM`."""
    way: httpx2.Proxy


def proxy_for(url: str) -> Proxy | None:
    """The proxy between this machine and an address; None where there is none.

    Raises:
        AttemptError: ``unreachable``, what names it makes no sense.
        httpx2.InvalidURL: the address makes none.
    """
    address, every = httpx2.URL(url), getproxies()
    kind = next((kind for kind in (address.scheme, "all") if every.get(kind)), None)
    if kind is None or any(_means(entry.strip(), address) for entry in every.get("no", "").split(",")):
        return None
    said, named = every[kind], _variable(kind)
    said = said if "://" in said else f"http://{said}"
    wrong = _problem(said)
    if wrong:
        raise _useless(named, url, wrong)
    # httpx2 has no use for certificates where a proxy is not spoken to in TLS.
    trusted = certificates.context() if said.lower().startswith("https:") else None
    try:
        return Proxy(named, httpx2.Proxy(said, ssl_context=trusted))
    except (httpx2.InvalidURL, ValueError):
        raise _useless(named, url, "is no address") from None


def _variable(kind: str) -> str:
    """The variable that is heard for a kind of address; where both spellings are there, the small one is."""
    name = f"{kind}_proxy"
    if os.environ.get(name):
        return name
    return next((other for other in os.environ if other.lower() == name), SYSTEM)


def _problem(said: str) -> str | None:
    """Why this is no proxy, as the end of a sentence; None where it may be one."""
    if not said.isprintable() or " " in said:
        return "has a character in it that no address has"
    try:
        parts = urlsplit(said)
        port_is_fine = parts.port != 0
    except ValueError:
        parts, port_is_fine = urlsplit(""), False
    if not port_is_fine:
        return "has a port that is none (write special characters of a password as %40 and such)"
    if parts.scheme not in SCHEMES:
        return "must begin with http://, https:// or socks5://"
    return None if parts.hostname else "names no server"


def hint(named: str, url: str) -> str:
    """What to do about a proxy that leads nowhere."""
    host = urlsplit(url).hostname or ""
    if named == SYSTEM:
        return f"Correct it there, or name {host} in NO_PROXY."
    return f"Correct or unset {named}, or name {host} in NO_PROXY."


def _useless(named: str, url: str, wrong: str) -> AttemptError:
    return AttemptError("unreachable", f"The proxy in {named} cannot be used: it {wrong}.", hint(named, url))


def _means(entry: str, address: httpx2.URL) -> bool:
    """Whether an entry of ``NO_PROXY`` means the server of an address.

    ``example.com`` means all below it, too, ``.example.com`` and ``*.example.com`` that alone; ``10.0.0.0/8`` all
    numbers in it; with a port at its end or a scheme before it, it means that port or scheme alone.
    """
    host = address.host.rstrip(".")
    scheme, _, rest = entry.lower().rpartition("://")
    if not rest or scheme not in {"", "all", address.scheme}:
        return False
    if _holds(rest.strip("[]"), host):
        return True
    name, _, port = rest.rpartition(":") if rest.rpartition(":")[2].isdecimal() else (rest, "", "")
    if port and int(port) != (address.port or PORTS.get(address.scheme)):
        return False
    name = name.strip("[]").rstrip(".")
    below = name.removeprefix("*")
    return name in {"*", host} or host.endswith(below if below.startswith(".") else f".{name}")


def _holds(network: str, host: str) -> bool:
    """Whether a host is a number within a network, both as they are written."""
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
