"""The forms in which a password travels, or comes back."""

import base64
from urllib.parse import quote

__all__ = ["forms_of"]


def forms_of(secret: str, username: str = "ann@example.test") -> list[str]:
    """In the clear, quoted, escaped, percent-encoded, in base64 alone and in SASL messages."""
    quoted = secret.replace("\\", "\\\\").replace('"', '\\"')
    octets = secret.encode()
    return [
        secret,
        quoted,
        repr(octets)[2:-1],
        octets.hex(),
        quote(secret, safe=""),
        *(base64.b64encode(x.encode()).decode() for x in (secret, f"\0{username}\0{secret}")),
    ]
