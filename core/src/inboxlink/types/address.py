"""A mailbox address, parsed once at the edge and trusted afterwards."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from inboxlink.errors import SetupError, problem

__all__ = ["SPECIAL_USE_DOMAINS", "Address", "is_special_use", "parse_address"]

_MAX_OCTETS = 254  # RFC 5321 section 4.5.3.1.3 less the angle brackets
_NEUTRAL_SUFFIX = ".example"

#: An address that needs no library to be read: a dot-atom of ASCII (RFC 5321 section 4.1.2,
#: RFC 5322 section 3.2.3) and labels of letters, digits and single hyphens.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
_PLAIN = re.compile(
    rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?=.{{1,253}}$)(?:(?=.{{1,63}}\.){_LABEL}\.)+[A-Za-z]{{2,63}}"
)

#: Names that no public DNS answers for (RFC 6761, RFC 6762, RFC 7686).
SPECIAL_USE_DOMAINS = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})


@dataclass(frozen=True, slots=True)
class Address:
    """An address whose parts hold no control character and need no quoting.

    Args:
        local: The part before the @, as typed (it is case-sensitive by RFC 5321 section 2.4).
        domain: The A-label form, lower case: what DNS and TLS compare.
    """

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def is_ascii(self) -> bool:
        """Whether a server without SMTPUTF8 (RFC 6531) can carry this address."""
        return self.local.isascii()

    @property
    def domain_shown(self) -> str:
        """The domain in the person's script, with the A-label beside it where they differ."""
        import idna

        try:
            unicode_form = idna.decode(self.domain)
        except idna.IDNAError:
            return self.domain
        return self.domain if unicode_form == self.domain else f"{unicode_form} ({self.domain})"

    def same_mailbox(self, other: str) -> bool:
        """Whether `other` names this mailbox: domains as A-labels, everything case-folded."""
        try:
            theirs = parse_address(other, special_domains=SPECIAL_USE_DOMAINS)
        except SetupError:
            return False
        return (self.local.casefold(), self.domain) == (theirs.local.casefold(), theirs.domain)


def is_special_use(domain: str) -> bool:
    """Whether the public internet does not know a domain, and should not hear of it."""
    return domain.rpartition(".")[2] in SPECIAL_USE_DOMAINS


def parse_address(typed: str, *, special_domains: Collection[str] = ()) -> Address:
    """Read an address as a person types it.

    Args:
        typed: `local@domain`; surrounding white space is forgiven, nothing else is.
        special_domains: Special-use domains, such as `test`, that the operator's network has.

    Raises:
        SetupError: `address_invalid` or `address_special_domain`; nothing was sent anywhere.
    """
    typed = typed.strip()
    invisible = any(unicodedata.category(character)[0] in "CZ" for character in typed)
    local, _, domain = typed.rpartition("@")
    is_special = domain.rpartition(".")[2].lower() in SPECIAL_USE_DOMAINS
    is_allowed = any(f".{domain}".lower().endswith(f".{name}") for name in special_domains)
    if is_special and not is_allowed:
        raise SetupError(problem("address_special_domain", domain=domain))
    is_numeric = domain.rpartition(".")[2].isdigit()
    if (
        invisible
        or is_numeric
        or ("." not in domain and not is_allowed)
        or len(typed.encode()) > _MAX_OCTETS
    ):
        raise SetupError(problem("address_invalid"))
    if _PLAIN.fullmatch(typed) is not None:
        return Address(local, domain.lower())
    return _validated(local, domain, is_allowed=is_allowed)


def _validated(local: str, domain: str, *, is_allowed: bool) -> Address:
    # The library costs more to import than the rest of an answer from the tables.
    from email_validator import EmailNotValidError, validate_email

    # The library refuses special-use names without exception, so that one which the operator
    # allows is checked as part of a longer name.
    suffix = _NEUTRAL_SUFFIX if is_allowed else ""
    try:
        valid = validate_email(
            f"{local}@{domain}{suffix}",
            check_deliverability=False,
            globally_deliverable=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
        )
    except EmailNotValidError:
        raise SetupError(problem("address_invalid")) from None
    return Address(valid.local_part, valid.ascii_domain.lower().removesuffix(suffix))
