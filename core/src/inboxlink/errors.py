"""What can go wrong, as values and as exceptions.

    InboxlinkError
    ├── SignInError      the mailbox's keeper said no to this person or this secret
    ├── MailboxError     the mail server could not be reached, trusted or understood
    │   └── UnreachableError    ... before anything was sent to it
    ├── SetupError       what was typed or configured cannot work
    ├── ProviderFault    a provider distribution misbehaved
    └── HostError        the host was misused, or its own store or key is in trouble

An expected outcome of the contract is a `Problem` carried by `Abort`, `Check` or a form; an
exception means that whoever called must act. `Problem.code` is the key of the translation
(`error.<code>`, `error.<code>.remedy`), the class of the exit status and the value in JSON.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from inboxlink.types.text import Text

__all__ = [
    "CODES",
    "Blame",
    "HostError",
    "InboxlinkError",
    "Kind",
    "MailboxError",
    "Problem",
    "ProviderFault",
    "SetupError",
    "SignInError",
    "UnreachableError",
    "problem",
]


class Kind(StrEnum):
    """The branch of the tree above, and the class of exit status."""

    SIGN_IN = "sign_in"
    MAILBOX = "mailbox"
    SETUP = "setup"
    PROVIDER = "provider"
    HOST = "host"


class Blame(StrEnum):
    """Who can mend it."""

    PERSON = "person"
    ADMIN = "admin"
    OPERATOR = "operator"
    MAILBOX = "mailbox"
    PLUGIN = "plugin"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that went wrong, ready to be worded in any language.

    Args:
        code: Stable snake_case name.
        kind: The branch of the error tree.
        blame: Who can mend it; None where that is not known, which is never guessed.
        message: What happened, and to what.
        remedy: What to do next; None where nothing can be done but to report it.
        retry_after_s: Seconds after which the same try may succeed; None = not by waiting.
        remote: The remote side's own code or words, cleaned and capped; None = there are none.
        provider: The name of another provider that can connect this mailbox; None = none is known.
    """

    code: str
    kind: Kind
    blame: Blame | None
    message: Text
    remedy: Text | None = None
    retry_after_s: float | None = None
    remote: str | None = None
    provider: str | None = None


class InboxlinkError(Exception):
    """The root of the tree; `str()` is the code, never a secret and never remote text."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem

    @property
    def code(self) -> str:
        """The problem's code."""
        return self.problem.code

    @staticmethod
    def of(problem: Problem) -> "InboxlinkError":
        """The exception of the branch that the problem belongs to."""
        return _BRANCHES[problem.kind](problem)


class SignInError(InboxlinkError):
    """The mailbox's keeper said no to this person or this secret."""


class MailboxError(InboxlinkError):
    """The mail server could not be reached, trusted or understood."""


class UnreachableError(MailboxError):
    """The server was not reached or not trusted; nothing but a TLS request was sent to it.

    Args:
        problem: What happened.
        stage: Where it happened.
        took_ms: Milliseconds that each stage up to there took, in order.
    """

    def __init__(
        self,
        problem: Problem,
        stage: Literal["dns", "tcp", "tls"],
        took_ms: tuple[tuple[str, float], ...] = (),
    ) -> None:
        super().__init__(problem)
        self.stage = stage
        self.took_ms = took_ms


class SetupError(InboxlinkError):
    """What was typed or configured cannot work."""


class ProviderFault(InboxlinkError):
    """A provider distribution misbehaved."""


class HostError(InboxlinkError):
    """The host was misused, or its own store or key is in trouble."""


_BRANCHES: dict[Kind, type[InboxlinkError]] = {
    Kind.SIGN_IN: SignInError,
    Kind.MAILBOX: MailboxError,
    Kind.SETUP: SetupError,
    Kind.PROVIDER: ProviderFault,
    Kind.HOST: HostError,
}

_SIGN_IN: dict[str, Blame | None] = {
    "invalid_credentials": Blame.PERSON,
    "refused_recently": Blame.PERSON,
    "app_password_required": Blame.PERSON,
    "credentials_expired": Blame.PERSON,
    "wrong_account": Blame.PERSON,
    "sign_in_refused": Blame.ADMIN,
    "secret_unsupported": Blame.PERSON,
    "consent_declined": Blame.PERSON,
    "scope_not_granted": Blame.PERSON,
    "grant_ended": Blame.PERSON,
    "interaction_required": Blame.PERSON,
    "consent_required": Blame.PERSON,
    "admin_consent_required": Blame.ADMIN,
    "admin_policy": Blame.ADMIN,
    "device_flow_blocked": Blame.ADMIN,
    "sign_in_timed_out": Blame.PERSON,
    "issuer_mismatch": None,
}
_MAILBOX: dict[str, Blame | None] = {
    "host_not_found": Blame.PERSON,
    "dns_failed": Blame.MAILBOX,
    "connection_refused": Blame.MAILBOX,
    "connection_lost": Blame.MAILBOX,
    "network_unreachable": Blame.HOST,
    "timed_out": Blame.MAILBOX,
    "not_tls": Blame.MAILBOX,
    "tls_failed": Blame.MAILBOX,
    "starttls_missing": Blame.MAILBOX,
    "starttls_refused": Blame.MAILBOX,
    "starttls_tampered": Blame.MAILBOX,
    "certificate_untrusted": Blame.MAILBOX,
    "certificate_wrong_name": Blame.MAILBOX,
    "certificate_expired": Blame.MAILBOX,
    "certificate_not_yet_valid": Blame.MAILBOX,
    "certificate_invalid": Blame.MAILBOX,
    "certificate_changed": Blame.MAILBOX,
    "response_too_large": Blame.MAILBOX,
    "protocol_error": Blame.MAILBOX,
    "server_unavailable": Blame.MAILBOX,
    "too_many_connections": Blame.MAILBOX,
    "login_disabled": Blame.ADMIN,
    "mechanism_unsupported": Blame.ADMIN,
    "inbox_missing": Blame.ADMIN,
    "sender_refused": Blame.ADMIN,
    "message_refused": Blame.ADMIN,
    "message_not_found": Blame.MAILBOX,
    "http_failed": Blame.MAILBOX,
    "rate_limited": Blame.MAILBOX,
    "remote_error": None,
    "unexplained": None,
}
_SETUP: dict[str, Blame | None] = {
    "address_invalid": Blame.PERSON,
    "address_special_domain": Blame.PERSON,
    "address_public_suffix": Blame.PERSON,
    "domain_unconfirmed": Blame.PERSON,
    "output_unusable": Blame.PERSON,
    "host_invalid": Blame.PERSON,
    "port_invalid": Blame.PERSON,
    "address_blocked": Blame.OPERATOR,
    "value_missing": Blame.PERSON,
    "value_invalid": Blame.PERSON,
    "value_unknown": Blame.PERSON,
    "not_permitted": Blame.OPERATOR,
    "too_many_mailboxes": Blame.OPERATOR,
    "already_connected": Blame.PERSON,
    "provider_not_allowed": Blame.OPERATOR,
    "provider_unknown": Blame.OPERATOR,
    "provider_undetected": Blame.PERSON,
    "provider_first_party": Blame.OPERATOR,
    "provider_not_enabled": Blame.OPERATOR,
    "config_syntax": Blame.OPERATOR,
    "config_invalid": Blame.OPERATOR,
    "config_unreadable": Blame.OPERATOR,
    "ca_file_unusable": Blame.OPERATOR,
    "config_unwritable": Blame.OPERATOR,
    "preset_unknown": Blame.OPERATOR,
    "sign_in_again": Blame.PERSON,
    "export_invalid": Blame.PERSON,
    "extra_missing": Blame.OPERATOR,
    "demo_failed": Blame.HOST,
    "mailbox_required": Blame.PERSON,
    "partial_declined": Blame.PERSON,
    "cancelled": Blame.PERSON,
    "certificate_declined": Blame.PERSON,
    "suggestion_declined": Blame.PERSON,
    "client_missing": Blame.OPERATOR,
    "client_invalid": Blame.OPERATOR,
    "client_refused": Blame.OPERATOR,
    "client_secret_expired": Blame.OPERATOR,
    "way_unavailable": Blame.PERSON,
    "callback_invalid": Blame.PERSON,
    "aliases_unsupported": Blame.PLUGIN,
    "provider_not_installed": Blame.OPERATOR,
    "letter_unwritable": Blame.PERSON,
    "provider_name_invalid": Blame.PERSON,
    "provider_name_taken": Blame.PERSON,
    "project_exists": Blame.PERSON,
    "project_unwritable": Blame.PERSON,
    "bundle_unwritable": Blame.PERSON,
    "bundle_invalid": Blame.PERSON,
}
_PROVIDER: dict[str, Blame | None] = {
    "provider_load_failed": Blame.PLUGIN,
    "provider_raised": Blame.PLUGIN,
    "provider_overran": Blame.PLUGIN,
    "provider_quarantined": Blame.PLUGIN,
    "provider_exited": Blame.PLUGIN,
    "provider_lingers": Blame.PLUGIN,
    "provider_result_invalid": Blame.PLUGIN,
    "provider_untrusted": Blame.OPERATOR,
    "provider_blocked": Blame.OPERATOR,
    "provider_conflict": Blame.OPERATOR,
    "provider_incompatible": Blame.OPERATOR,
    "provider_damaged": Blame.OPERATOR,
    "check_failed": Blame.PLUGIN,
    "provider_changed": Blame.OPERATOR,
}
_HOST: dict[str, Blame | None] = {
    "acknowledgement_missing": Blame.HOST,
    "listener_failed": Blame.HOST,
    "refresh_busy": Blame.HOST,
    "flow_unknown": Blame.PERSON,
    "flow_expired": Blame.PERSON,
    "flow_stale": Blame.HOST,
    "flow_not_yours": Blame.HOST,
    "answer_mismatch": Blame.HOST,
    "connection_unknown": Blame.PERSON,
    "disclosure_unknown": Blame.PERSON,
    "key_missing": Blame.OPERATOR,
    "key_invalid": Blame.OPERATOR,
    "key_single": Blame.OPERATOR,
    "keyring_failed": Blame.PERSON,
    "sealed_broken": Blame.HOST,
    "ledger_broken": Blame.HOST,
    "entry_invalid": Blame.HOST,
    "store_unavailable": Blame.HOST,
    "store_busy": Blame.HOST,
    "store_full": Blame.HOST,
    "store_corrupt": Blame.HOST,
    "store_newer": Blame.OPERATOR,
    "file_exposed": Blame.OPERATOR,
    "internal": Blame.HOST,
    "ticket_unknown": Blame.PERSON,
    "ticket_expired": Blame.PERSON,
    "clock_wrong": Blame.HOST,
    "bundle_unsafe": Blame.HOST,
}

#: Every code of the core with its branch and who can mend it. Data, so that a test can hold
#: that each is worded in every language.
CODES: dict[str, tuple[Kind, Blame | None]] = {
    code: (kind, blame)
    for kind, table in (
        (Kind.SIGN_IN, _SIGN_IN),
        (Kind.MAILBOX, _MAILBOX),
        (Kind.SETUP, _SETUP),
        (Kind.PROVIDER, _PROVIDER),
        (Kind.HOST, _HOST),
    )
    for code, blame in table.items()
}


def problem(
    code: str,
    *,
    retry_after_s: float | None = None,
    remote: str | None = None,
    **params: str,
) -> Problem:
    """Name a problem of the core's catalogue.

    Args:
        code: One of `CODES`.
        retry_after_s: See `Problem`.
        remote: See `Problem`; clean it first.
        params: Values for the placeholders of the message and of the remedy.

    Raises:
        KeyError: The code is not in the catalogue, which is a bug of the caller.
    """
    kind, blame = CODES[code]
    return Problem(
        code=code,
        kind=kind,
        blame=blame,
        message=Text(f"error.{code}", params),
        remedy=Text(f"error.{code}.remedy", params),
        retry_after_s=retry_after_s,
        remote=remote,
    )
