"""Servers as a person reads them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inboxlink.cli.wrapping import cells

if TYPE_CHECKING:
    from inboxlink.cli.session import Session
    from inboxlink.types.detection import Endpoint

__all__ = ["endpoint_lines"]

_TLS = {"implicit": "TLS", "starttls": "STARTTLS"}


def endpoint_lines(session: "Session", endpoints: "Sequence[Endpoint]") -> list[str]:
    """A line for each: what it is for, its address in one column, and how it is encrypted."""
    purposes = [session.words(f"cli.endpoint.{each.role.value}") for each in endpoints]
    width = max(map(cells, purposes), default=0)
    return [
        f"{purpose}{' ' * (width - cells(purpose))}  {each.authority} {_TLS[each.tls.value]}"
        for purpose, each in zip(purposes, endpoints, strict=True)
    ]
