"""What this provider refuses, and what the wire does not tell, as data."""

from dataclasses import replace

from inboxlink.errors import Blame, Kind, Problem
from inboxlink.remote_text import RemoteText
from inboxlink.types.detection import Refusal
from inboxlink.types.text import Text

__all__ = [
    "EXCHANGE_ONLINE",
    "OLDEST",
    "TEAM",
    "address_unusable",
    "autodiscover_failed",
    "ews_error",
    "no_ews",
    "no_scheme",
    "refused",
    "refused_request",
    "sent_in_circles",
    "too_old",
]

#: Exchange 2010 SP2 (req 68): major and minor version of `ServerVersionInfo`.
OLDEST = (14, 2)


def _refusal(name: str, **params: str) -> Refusal:
    return Refusal(
        f"{name}_unsupported",
        Text(f"exchange.refused.{name}", params),
        Text(f"exchange.refused.{name}.instead", params),
    )


#: Microsoft retired basic authentication there in October 2022 ("Deprecation of Basic
#: authentication in Exchange Online", learn.microsoft.com, read November 2026), and switches off
#: EWS there from 1 October 2026 to 1 April 2027 (message center MC1227454) (req 64-66).
EXCHANGE_ONLINE = replace(_refusal("exchange_online"), provider="outlook")
#: A team's inbox is connected by Gmail or Microsoft 365 alone (req 89).
TEAM = _refusal("team")


def refused(refusal: Refusal) -> Problem:
    """A refusal as a problem."""
    return Problem(
        refusal.code,
        Kind.SETUP,
        Blame.PERSON,
        refusal.because,
        refusal.instead,
        provider=refusal.provider,
    )


def too_old(version: str) -> Problem:
    """The server is older than Exchange 2010 SP2."""
    params = {"version": version}
    return Problem(
        "exchange_too_old",
        Kind.SETUP,
        Blame.ADMIN,
        Text("exchange.refused.too_old", params),
        Text("exchange.refused.too_old.instead", params),
    )


def autodiscover_failed(domain: str, said: str) -> Problem:
    """Nothing told where the mailbox is; what was asked and what came of it is shown."""
    return _problem("autodiscover_failed", Kind.MAILBOX, Blame.ADMIN, said, domain=domain)


def address_unusable(host: str, said: str) -> Problem:
    """Autodiscover named no address that a password may go to."""
    return _problem("address_unusable", Kind.MAILBOX, Blame.ADMIN, said, host=host)


def sent_in_circles(host: str) -> Problem:
    """Autodiscover sends from one place to the next."""
    return _problem("sent_in_circles", Kind.MAILBOX, Blame.ADMIN, None, host=host)


def no_ews(url: str, status: int) -> Problem:
    """Nothing at an address answers as Exchange Web Services do."""
    return _problem("no_ews", Kind.MAILBOX, Blame.PERSON, f"HTTP {status}", url=url)


def no_scheme(host: str, offered: tuple[str, ...]) -> Problem:
    """A server offers no way of signing in that was asked for or can be used here."""
    shown = ", ".join(offered) or "-"
    return _problem("no_scheme", Kind.SETUP, Blame.ADMIN, None, host=host, offered=shown)


def _problem(
    name: str, kind: Kind, blame: Blame | None, said: str | None, **params: str
) -> Problem:
    return Problem(
        name,
        kind,
        blame,
        Text(f"exchange.error.{name}", params),
        Text(f"exchange.error.{name}.remedy", params),
        remote=None if said is None else RemoteText().clean(said),
    )


#: What the page that comes with a 401 says of a locked account.
_LOCKED = b"account is currently locked out"


def refused_request(status: int, body: bytes, target: str) -> Problem | None:
    """What the answer to a request that was signed in refuses; None = it refuses nothing.

    Args:
        status: Of HTTP. A bare 401 says no and not why, so that the remedy lists what it mostly
            is; a 403 knows the person, who may not use EWS.
        body: The page that came with it.
        target: What was asked for.
    """
    if status == 401 and _LOCKED in body:
        said = f"HTTP 401: The referenced {_LOCKED.decode()}"
        return _problem("account_locked", Kind.SIGN_IN, Blame.ADMIN, said)
    if status == 401:
        return _problem("sign_in_refused", Kind.SIGN_IN, None, f"HTTP 401 {target}")
    if status == 403:
        return _problem("ews_forbidden", Kind.SIGN_IN, Blame.ADMIN, f"HTTP 403 {target}")
    return None


#: Response codes of EWS that say more than that something failed, with who can mend it
#: (MS-OXWSCDATA section 2.2.5.24, "ResponseCode" and "ServiceError Enum", learn.microsoft.com, read
#: November 2026).
_EWS: dict[str, tuple[str, Kind, Blame | None]] = {
    "ErrorAccessDenied": ("access_denied", Kind.SIGN_IN, Blame.ADMIN),
    "ErrorAccountDisabled": ("account_disabled", Kind.SIGN_IN, Blame.ADMIN),
    "ErrorPasswordExpired": ("password_expired", Kind.SIGN_IN, Blame.PERSON),
    "ErrorPasswordChangeRequired": ("password_expired", Kind.SIGN_IN, Blame.PERSON),
    "ErrorNonExistentMailbox": ("no_mailbox", Kind.SIGN_IN, Blame.ADMIN),
    "ErrorMissingEmailAddress": ("no_mailbox", Kind.SIGN_IN, Blame.ADMIN),
    "ErrorMailboxMoveInProgress": ("mailbox_moving", Kind.MAILBOX, Blame.MAILBOX),
    "ErrorMailboxStoreUnavailable": ("store_unavailable", Kind.MAILBOX, Blame.MAILBOX),
    "ErrorServerBusy": ("busy", Kind.MAILBOX, Blame.MAILBOX),
    "ErrorInternalServerTransientError": ("busy", Kind.MAILBOX, Blame.MAILBOX),
    "ErrorExceededConnectionCount": ("busy", Kind.MAILBOX, Blame.MAILBOX),
    "ErrorADUnavailable": ("busy", Kind.MAILBOX, Blame.MAILBOX),
    "ErrorADOperation": ("busy", Kind.MAILBOX, Blame.MAILBOX),
    "ErrorTimeoutExpired": ("busy", Kind.MAILBOX, Blame.MAILBOX),
    "ErrorConnectionFailed": ("busy", Kind.MAILBOX, Blame.MAILBOX),
    "ErrorSendAsDenied": ("send_denied", Kind.MAILBOX, Blame.ADMIN),
    "ErrorQuotaExceeded": ("quota", Kind.MAILBOX, Blame.PERSON),
    "ErrorFolderNotFound": ("folder_missing", Kind.MAILBOX, Blame.ADMIN),
}


def ews_error(code: str, *, retry_after_s: float | None = None) -> Problem | None:
    """What a response code of EWS means; None = no more than its name says."""
    known = _EWS.get(code)
    if known is None:
        return None
    name, kind, blame = known
    return Problem(
        f"ews_{name}",
        kind,
        blame,
        Text(f"exchange.error.{name}"),
        Text(f"exchange.error.{name}.remedy"),
        retry_after_s=retry_after_s,
        remote=code,
    )
