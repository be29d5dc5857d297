"""What is known of Google: its servers, its authorization server, and which addresses are one.

All of it is constants, so that a token goes to nobody whom a domain or a server named.
"""

from inboxlink.errors import SetupError, SignInError, problem
from inboxlink.oauth.code_flow import AuthorizationServer
from inboxlink.types.address import SPECIAL_USE_DOMAINS, Address, parse_address
from inboxlink.types.detection import Endpoint, Role, Tls
from inboxlink.types.report import Identity, Proof

__all__ = ["ENDPOINTS", "SCOPES", "SERVER", "identities", "mailbox_of"]

#: support.google.com/mail/answer/7126229, read November 2026.
ENDPOINTS = (
    Endpoint(Role.IMAP, "imap.gmail.com", 993, Tls.IMPLICIT),
    Endpoint(Role.SUBMISSION, "smtp.gmail.com", 465, Tls.IMPLICIT),
)

#: The only scope that Gmail's IMAP and SMTP servers take
#: (developers.google.com/workspace/gmail/imap/xoauth2-protocol, read November 2026).
SCOPES = ("https://mail.google.com/", "openid", "email")

#: accounts.google.com/.well-known/openid-configuration and
#: developers.google.com/identity/protocols/oauth2/web-server, read November 2026.
SERVER = AuthorizationServer(
    issuer="https://accounts.google.com",
    authorization="https://accounts.google.com/o/oauth2/v2/auth",
    token="https://oauth2.googleapis.com/token",
    revocation="https://oauth2.googleapis.com/revoke",
    lifetime_s=3600,
    issuer_aliases=frozenset({"accounts.google.com"}),
)

#: One domain under two names; in no other does a dot count for nothing
#: (support.google.com/mail/answer/10313 and support.google.com/mail/answer/7436150, read November
#: 2026).
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


def mailbox_of(address: Address, account: str) -> str:
    """The account's own address, where it is the mailbox that the person typed.

    Args:
        address: As it was typed.
        account: The `email` of an ID token.

    Raises:
        SignInError: `wrong_account`: it is another mailbox, or no address.
    """
    try:
        # What the operator allows was held against the typed address.
        own = parse_address(account, special_domains=SPECIAL_USE_DOMAINS)
    except SetupError:
        own = None
    if own is None or _mailbox(own) != _mailbox(address):
        found = "-" if own is None else str(own)
        raise SignInError(problem("wrong_account", address=str(address), found=found))
    return str(own)


def identities(
    address: Address, account: str, subject: str, *, is_proven: bool
) -> tuple[Identity, ...]:
    """The addresses of an account; empty where it is not the typed mailbox's.

    Args:
        address: As it was typed.
        account: The account's own address.
        subject: Its id at Google.
        is_proven: Whether a server took the token for this account.
    """
    try:
        own = mailbox_of(address, account)
    except SignInError:
        return ()
    if not is_proven:
        return (Identity(address=str(address), proof=Proof.DECLARED),)
    return tuple(
        Identity(address=each, proof=Proof.PROVEN, subject=subject)
        for each in dict.fromkeys((str(address), own))
    )


def _mailbox(address: Address) -> tuple[str, str]:
    # A plus and what follows stay with the mailbox, in an organisation's domain too.
    local = address.local.partition("+")[0].casefold()
    if address.domain in _GMAIL:
        return local.replace(".", ""), "gmail.com"
    return local, address.domain
