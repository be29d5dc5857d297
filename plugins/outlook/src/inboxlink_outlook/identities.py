"""The addresses that an account's mailbox answers to, as Microsoft knows them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from inboxlink.errors import SetupError, SignInError, problem
from inboxlink.oauth.api import Api
from inboxlink.types.address import parse_address
from inboxlink.types.context import CallContext
from inboxlink.types.credential import Credential
from inboxlink.types.report import Identity, Proof
from inboxlink_outlook.graph import HOST, api
from inboxlink_outlook.identity_platform import CONSUMER_TENANT
from inboxlink_outlook.tokens import person_of, tenant_of

__all__ = ["of_profile", "profile", "read"]

_FIELDS = ("id", "mail", "userPrincipalName")

#: A personal account that was opened with an address at another provider has its mailbox under such
#: a name, and mail to that address does not arrive there (support.microsoft.com, on messages that
#: are sent from an address beginning with "outlook_", read November 2026).
_MADE_UP = re.compile(r"outlook_[0-9a-f]{16}@outlook\.com", re.IGNORECASE)


def read(ctx: CallContext, credential: Credential) -> tuple[Identity, ...]:
    """See `inboxlink.hookspecs.aliases`."""
    with ctx.http(HOST) as session:
        return of_profile(ctx, profile(ctx, api(ctx, session, credential), credential), credential)


def profile(ctx: CallContext, graph: Api, credential: Credential) -> Mapping[str, Any]:
    """What Graph says of the account.

    Raises:
        SignInError: `wrong_account`: it is not the one that signed in.
        InboxlinkError: As `Api.get`.
    """
    # Personal accounts have no list of their own aliases there.
    is_personal = tenant_of(credential.account) == CONSUMER_TENANT
    fields = _FIELDS if is_personal else (*_FIELDS, "proxyAddresses")
    found = graph.get(f"/v1.0/me?$select={','.join(fields)}")
    if _plain(str(found.get("id", ""))) != _plain(person_of(credential.account)):
        raise SignInError(problem("wrong_account", address=str(ctx.address), found="-"))
    return found


def of_profile(
    ctx: CallContext, found: Mapping[str, Any], credential: Credential
) -> tuple[Identity, ...]:
    """The addresses, each once, the primary one first.

    They are proven only where the account has a mailbox at Microsoft: of such a one the addresses
    are in domains that the organisation has shown to be its own; `mail` of any other can be set
    to anything.
    """
    addresses = dict.fromkeys(_addresses(found, ctx.address.domain.rpartition(".")[2]))
    return tuple(
        Identity(address=each, proof=Proof.PROVEN, subject=credential.account) for each in addresses
    )


def _addresses(found: Mapping[str, Any], top_level: str) -> Iterator[str]:
    name, listed = found.get("userPrincipalName"), found.get("proxyAddresses")
    proxies = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    is_kept_elsewhere = isinstance(name, str) and _MADE_UP.fullmatch(name) is not None
    for each in (
        None if is_kept_elsewhere else found.get("mail"),
        name,
        # SMTP: before the primary address, smtp: before the others, other words for other systems.
        *(each[len("smtp:") :] for each in proxies if each.lower().startswith("smtp:")),
    ):
        try:
            # A special-use domain that the operator's network has is the person's own as well.
            yield str(parse_address(str(each or ""), special_domains=(top_level,)))
        except SetupError:
            continue  # such as a name for signing in that is no address


def _plain(identifier: str) -> str:
    # A personal account's id is a number of 64 bits; in a token it stands as a GUID.
    return identifier.replace("-", "").lower().lstrip("0")
