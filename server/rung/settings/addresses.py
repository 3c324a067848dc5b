"""What the address of a model says: whether it can be used, and whether it is this machine.

An address is local when nothing sent to it can leave the machine: loopback by number, ``localhost`` (which is connected
to by number too), or a socket in the file system. Other names are never looked up, for the answer could change between
the check and the connection.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rung.types.model import Model

DEFAULTS = {"ollama": "http://127.0.0.1:11434"}
"""Where a provider is when no ``url`` is written; the others know their own address."""

_PORTS = {"http": 80, "https": 443}


def problem(url: str) -> str | None:
    """Why the address can't be used, as the end of a sentence, quoting nothing of it; None where it can."""
    if not url.isprintable() or any(letter in url for letter in " \\"):
        return "has a character in it that no address has"
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError:
        return "is no address: look at its brackets and its port"
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        return "has credentials in it: put the key in your environment or .env and its NAME in `key`"
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        return "has a `?` or `#` part, which an address of a server has not"
    if parts.scheme == "unix":
        return None if parts.path.startswith("/") and not parts.netloc else "must be unix:///path/to/socket"
    if parts.scheme not in _PORTS or not url.lower().startswith(f"{parts.scheme}://"):
        return "must begin with http://, https:// or unix://"
    return None if parts.hostname and port_is_fine else "names no server"


def is_this_machine(url: str) -> bool:
    """Loopback (127.0.0.0/8, ::1, ``localhost``) or a Unix socket."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return True
    host = (parts.hostname or "").lower()
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_cloud(name: str) -> bool:
    """Whether a name is one that Ollama gives to models which run on its own servers, whatever the address."""
    return name.lower().endswith((":cloud", "-cloud"))


def ollama_name(name: str) -> str:
    """The one spelling of a name that Ollama takes in several: it ignores case, and leaves out what is usual."""
    plain = name.strip().lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return plain if ":" in plain.rsplit("/", 1)[-1] or plain == "auto" else f"{plain}:latest"


@lru_cache(maxsize=256)
def server(provider: str, url: str) -> str:
    """Who answers at an address, the same text however it is written; other than an origin it has the path, too."""
    url = url or DEFAULTS.get(provider, "")
    if not url:
        return provider
    return origin(url) if url.startswith("unix:") else origin(url) + urlsplit(url).path.rstrip("/")


def spot(model: Model) -> tuple[str, str]:
    """What two spellings of one model have in common: its server, and its name there."""
    name = ollama_name(model.model) if model.provider == "ollama" else model.model
    return server(model.provider, model.url), name


def digest(*about: object) -> str:
    """What a server or a model (:func:`spot`) is called in files of the state folder: nobody's address or name.

    What is at a loopback address is another one on each machine, and a home folder may be shared by several.
    """
    import hashlib  # noqa: PLC0415 - `rung route` does without
    import socket  # noqa: PLC0415

    here = socket.gethostname() if str(about[0]).startswith(("loopback:", "unix:")) else ""
    return hashlib.sha256(" ".join(map(str, (here, *about))).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def origin(url: str) -> str:
    """The server behind an address, the same text however the address is written."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix:{parts.path}"
    host = "loopback" if is_this_machine(url) else (parts.hostname or "").lower()
    return f"{host}:{parts.port or _PORTS[parts.scheme]}"
