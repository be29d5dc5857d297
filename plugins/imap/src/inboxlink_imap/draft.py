"""What is settled so far in a sign-in, secrets apart.

It is the state between two steps, so it is JSON on the way out and is read back on the way in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from inboxlink.types.detection import CertificatePin, Endpoint, Role, Tls

__all__ = ["Draft"]


@dataclass(frozen=True, slots=True)
class Draft:
    """Servers and user names.

    Args:
        username: For IMAP; None = what the endpoint's template gives.
        is_shared: Whether the same user name and password serve for outgoing mail (req 100).
        outgoing_username: For SMTP, where they do not.
        imap: None = not known yet.
        smtp: None = not known yet.
    """

    username: str | None = None
    is_shared: bool = True
    outgoing_username: str | None = None
    imap: Endpoint | None = None
    smtp: Endpoint | None = None

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints that are known."""
        return tuple(each for each in (self.imap, self.smtp) if each is not None)

    def endpoint(self, role: Role) -> Endpoint | None:
        """The endpoint for a role; None = not known yet."""
        return self.imap if role is Role.IMAP else self.smtp

    def with_endpoint(self, endpoint: Endpoint) -> "Draft":
        """The same with another endpoint for its role."""
        if endpoint.role is Role.IMAP:
            return replace(self, imap=endpoint)
        return replace(self, smtp=endpoint)

    def kept(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "username": self.username,
            "is_shared": self.is_shared,
            "outgoing_username": self.outgoing_username,
            "endpoints": [_kept(each) for each in self.endpoints],
        }

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "Draft":
        """Read back what `kept` wrote."""
        endpoints = {each["role"]: _endpoint(each) for each in state["endpoints"]}
        return cls(
            username=state["username"],
            is_shared=state["is_shared"],
            outgoing_username=state["outgoing_username"],
            imap=endpoints.get(Role.IMAP),
            smtp=endpoints.get(Role.SUBMISSION),
        )


def _kept(endpoint: Endpoint) -> dict[str, Any]:
    pin = endpoint.pin
    return {
        "role": endpoint.role.value,
        "host": endpoint.host,
        "port": endpoint.port,
        "tls": endpoint.tls.value,
        "username": endpoint.username,
        "pin": None if pin is None else [pin.sha256, pin.der, pin.any_name],
    }


def _endpoint(kept: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        role=Role(kept["role"]),
        host=kept["host"],
        port=kept["port"],
        tls=Tls(kept["tls"]),
        username=kept["username"],
        pin=None if kept["pin"] is None else CertificatePin(*kept["pin"]),
    )
