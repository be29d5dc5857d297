"""How an authorization answer comes back to a host."""

from enum import StrEnum

__all__ = ["Way"]


class Way(StrEnum):
    """How the host can bring an authorization answer back."""

    #: A listener on this machine, where the person's browser is too (RFC 8252 section 7.3).
    LOOPBACK = "loopback"
    #: A page of the operator's own web site.
    REDIRECT = "redirect"
    #: A code that is typed on another machine (RFC 8628).
    DEVICE = "device"
    #: The address that the browser was led to, copied back by the person.
    PASTE = "paste"
