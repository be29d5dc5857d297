"""Which way of signing in is taken on a server: one, chosen before the secret is asked for."""

from collections.abc import Collection
from enum import StrEnum

__all__ = ["Scheme", "chosen"]


class Scheme(StrEnum):
    """How HTTP carries the sign-in."""

    NTLM = "ntlm"
    #: NTLM within SPNEGO (RFC 4178, RFC 4559), where a server offers nothing plainer.
    NEGOTIATE = "negotiate"
    BASIC = "basic"


def chosen(offered: Collection[str], wanted: Scheme | None = None) -> Scheme | None:
    """The scheme to use; None = the server offers none that this provider can.

    NTLM first: it never shows the password to the server. Basic goes over verified TLS to a
    confirmed host alone, and is what many servers have (req 65).

    Args:
        offered: Names of schemes, lower case.
        wanted: The person's own choice, which is taken or refused, never replaced.
    """
    able = [each for each in Scheme if each in offered]
    if wanted is not None:
        return wanted if wanted in able else None
    return able[0] if able else None
