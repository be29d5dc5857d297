"""Whose mailbox it is, and under which addresses.

For an address of Google's consumer domains the dots before the @, what follows a plus sign and
the domain itself make no difference (support.google.com/mail/answer/7436150 and answer/10313,
read November 2026). Domains of Workspace have none of these rules for sure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inboxlink.errors import SetupError, SignInError, problem
from inboxlink.types.address import SPECIAL_USE_DOMAINS, Address, parse_address
from inboxlink.types.report import Identity, Proof
from inboxlink_gmail.google import CONSUMER_DOMAINS

__all__ = ["Person", "identities", "is_same_mailbox"]


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in, by an ID token.

    Args:
        subject: Google's stable id of the account.
        address: Of the account's mailbox; None = the token does not prove one.
    """

    subject: str
    address: str | None

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> "Person":
        """Read the claims of a token that was held to be this sign-in's.

        Anybody can make a Google account of an address that Google does not keep. Google stands
        for one of its own domains, and for one of a Workspace that the token names in `hd`
        ("Verify the Google ID token on your server side", developers.google.com/identity, read
        November 2026).

        Raises:
            SignInError: `wrong_account`: they name nobody.
        """
        subject, email = claims.get("sub"), claims.get("email")
        if not isinstance(subject, str) or not subject:
            raise SignInError(problem("wrong_account", address="-", found="-"))
        address = _parsed(email) if claims.get("email_verified") is True else None
        if address is None or not (address.domain in CONSUMER_DOMAINS or claims.get("hd")):
            return cls(subject, None)
        return cls(subject, str(address))


def identities(
    typed: Address, subject: str, own: str | None, senders: Iterable[str] = ()
) -> tuple[Identity, ...]:
    """The addresses that the mailbox answers to, its own first; none where there is no evidence.

    Args:
        typed: The person's; it counts where it is another spelling of the mailbox's own.
        subject: Google's id of the account.
        own: The mailbox's own address; None = nothing shows it.
        senders: Addresses that it may send as.
    """
    if own is None:
        return ()
    addresses = [own]
    # In another case it is the same to the core anyway.
    if is_same_mailbox(typed, own) and not typed.same_mailbox(own):
        addresses.append(str(typed))
    addresses.extend(senders)
    return tuple(
        Identity(address=each, proof=Proof.PROVEN, subject=subject)
        for each in dict.fromkeys(addresses)
    )


def is_same_mailbox(address: Address, other: str) -> bool:
    """Whether both are delivered to one mailbox of Google's."""
    theirs = _parsed(other)
    return theirs is not None and _folded(address) == _folded(theirs)


def _folded(address: Address) -> tuple[str, str]:
    local = address.local.casefold()
    if address.domain not in CONSUMER_DOMAINS:
        return local, address.domain
    return local.partition("+")[0].replace(".", ""), "gmail.com"


def _parsed(address: object) -> Address | None:
    if not isinstance(address, str):
        return None
    try:
        return parse_address(address, special_domains=SPECIAL_USE_DOMAINS)
    except SetupError:
        return None
