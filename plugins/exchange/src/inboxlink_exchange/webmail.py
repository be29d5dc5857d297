"""From the address of a webmail page to that of Exchange Web Services (req 82, 83).

What a person has at hand is what stands in their browser. It is turned into an address of EWS,
shown, and never kept as it is.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from inboxlink.errors import SetupError
from inboxlink.exchange_front import EWS_PATH
from inboxlink.hosts import check_host

__all__ = ["Typed", "read"]

_MAX_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Typed:
    """What an address comes to.

    Args:
        host: Its host, an A-label.
        path: Where EWS is on it.
        is_ews: Whether that was typed; otherwise it is a suggestion.
    """

    host: str
    path: str
    is_ews: bool

    @property
    def url(self) -> str:
        """The address of EWS."""
        return f"https://{self.host}{self.path}"


def read(typed: str) -> Typed | None:
    """Read the address of a server, of EWS or of any page of it; None = it is none.

    A bare host, OWA, ECP and anything else become `/EWS/Exchange.asmx` of the same host. An
    address of plain http becomes one of https; other ports than 443 are not reached.
    """
    text = typed.strip()
    if not text or len(text) > _MAX_CHARACTERS or not text.isprintable():
        return None
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        if parts.scheme not in ("https", "http") or "@" in parts.netloc:
            return None
        if parts.port not in (None, 443, 80 if parts.scheme == "http" else 443):
            return None
        host = check_host(parts.hostname or "")
    except (ValueError, SetupError):
        return None
    if "." not in host and ":" not in host:
        return None
    is_ews = parts.scheme == "https" and parts.path.lower().rstrip("/") == EWS_PATH.lower()
    return Typed(host, parts.path if is_ews else EWS_PATH, is_ews)
