"""What is settled so far in a sign-in, the password apart. It is the JSON between two steps."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from inboxlink.types.detection import CertificatePin
from inboxlink_exchange.schemes import Scheme

__all__ = ["Draft"]


@dataclass(frozen=True, slots=True)
class Draft:
    """Where to sign in, and as whom.

    Args:
        address: Whose settings Autodiscover is asked for; a server can send to another address.
        username: As the person gave it; None = the address.
        wanted: The scheme that the person chose; None = the best that is offered.
        place: The host whose Autodiscover is asked; None = EWS are known already.
        schemes: What the host offers that hears the password first.
        ews_url: Where EWS are; None = Autodiscover says it.
        confirmed: Hosts outside the mail domain that the person said yes to.
        pins: Certificates that the person said yes to, by host.
        hops: How often a server sent elsewhere.
    """

    address: str
    username: str | None = None
    wanted: Scheme | None = None
    place: str | None = None
    schemes: tuple[str, ...] = ()
    ews_url: str | None = None
    confirmed: tuple[str, ...] = ()
    pins: Mapping[str, CertificatePin] = field(default_factory=dict)
    hops: int = 0

    @property
    def host(self) -> str:
        """The host that hears the password first."""
        return self.place or urlsplit(self.ews_url or "").hostname or ""

    def pin(self, host: str) -> CertificatePin | None:
        """The one certificate to trust on a host; None = the trust store."""
        return self.pins.get(host)

    def with_pin(self, host: str, pin: CertificatePin) -> "Draft":
        """The same with a certificate that was said yes to."""
        return replace(self, pins={**self.pins, host: pin})

    def with_confirmed(self, host: str) -> "Draft":
        """The same with a host that was said yes to."""
        return replace(self, confirmed=(*self.confirmed, host))

    def kept(self) -> dict[str, Any]:
        """As JSON."""
        kept = asdict(self)
        return {**kept, "schemes": list(self.schemes), "confirmed": list(self.confirmed)}

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "Draft":
        """Read back what `kept` wrote."""
        return cls(
            **{
                **state,
                "wanted": None if state["wanted"] is None else Scheme(state["wanted"]),
                "schemes": tuple(state["schemes"]),
                "confirmed": tuple(state["confirmed"]),
                "pins": {host: CertificatePin(**pin) for host, pin in state["pins"].items()},
            }
        )
