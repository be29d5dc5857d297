"""What is asked of Microsoft, and why: each permission of Microsoft Graph once.

Names as in "Microsoft Graph permissions reference" (learn.microsoft.com, read November 2026). They
are asked for without the address of Graph, and come back with or without it.
"""

from collections.abc import Iterable

from inboxlink.types.disclosure import Capability

__all__ = ["ALWAYS", "OF_CAPABILITY", "plain", "wanted_scopes"]

#: Whose mailbox it is, and whether it is a person's own or one that is shared.
ALWAYS = ("User.Read", "MailboxSettings.Read")
OF_CAPABILITY = {Capability.RECEIVE: "Mail.Read", Capability.SEND: "Mail.Send"}

_GRAPH = "https://graph.microsoft.com/"


def wanted_scopes(wanted: Iterable[Capability]) -> tuple[str, ...]:
    """What is asked for, in a fixed order; those of OpenID Connect are added by msal."""
    capabilities = set(wanted)
    named = tuple(scope for each, scope in OF_CAPABILITY.items() if each in capabilities)
    return (*ALWAYS, *named)


def plain(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes of a token answer without the address of Graph."""
    return tuple(
        each[len(_GRAPH) :] if each.lower().startswith(_GRAPH) else each for each in scopes
    )
