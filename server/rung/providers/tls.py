"""What is wrong where TLS does not come about, and what a person can do about it."""

from __future__ import annotations

import ssl

from rung.errors import AttemptError

PLAIN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")
"""OpenSSL's words for an answer that is not of TLS."""
BROKEN = ("UNEXPECTED_EOF_WHILE_READING",)
"""Its words for a connection that ends."""
_TRUST = "If you trust it, let SSL_CERT_FILE name a file with it and all others you trust."
_CLOCK = "Look at this machine's clock, or have it renewed."
_COMPLAINTS = {
    9: ("it is not valid yet", _CLOCK),
    10: ("it has expired", _CLOCK),
    18: ("it is self-signed", _TRUST),
    19: ("nobody who is trusted here vouches for it", _TRUST),
    20: ("nobody who is trusted here vouches for it", _TRUST),
    21: ("nobody who is trusted here vouches for it", _TRUST),
    62: ("it is made out to another name", "Write the name it is made out to in `url`."),
    64: ("it is made out to another address", "Write the name it is made out to in `url`."),
}
"""By OpenSSL's number of the complaint (X509_V_ERR_...), where the system says it."""


def failed(who: str, plain: str, reason: str | None, code: int | None, *, late: bool = False) -> AttemptError:
    """The failure of TLS with a server or a proxy.

    Args:
        who: of the two.
        plain: what to do where no TLS is spoken there.
        reason: OpenSSL's word; None: the connection broke without one.
        code: OpenSSL's number of what is wrong with the certificate; 0: that is not known; None: it came to none.
        late: it took too long.
    """
    start = who[0].upper() + who[1:] if who.startswith("the ") else who
    if code is not None:
        why, hint = _COMPLAINTS.get(code, ("", _TRUST))
        return AttemptError("unreachable", f"The certificate of {who} was not accepted{why and f': {why}'}.", hint)
    if late:
        return AttemptError("unreachable", f"{start} took the connection, but did not answer in TLS in time.", plain)
    if reason in PLAIN:
        return AttemptError("unreachable", f"{start} does not speak TLS.", plain)
    if reason is None or reason in BROKEN:
        return AttemptError("unreachable", f"{start} broke off when it was spoken to in TLS.", plain)
    return AttemptError("unreachable", f"TLS with {who} failed: {reason.lower().replace('_', ' ')}.", plain)


def told(error: ssl.SSLError | None) -> tuple[str | None, int | None]:
    """Reason and code of what the library says."""
    return getattr(error, "reason", None), getattr(error, "verify_code", None)
