"""Read what a person typed into the forms, and say what is wrong with it, field by field."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace

from inboxlink.errors import Problem, problem
from inboxlink.types.address import Address
from inboxlink.types.detection import Endpoint, Role, Tls
from inboxlink_imap import policy
from inboxlink_imap.draft import Draft
from inboxlink_imap.usernames import rendered

__all__ = ["PREFIX", "conventional_tls", "read_draft"]

#: The first part of the field names of a role.
PREFIX = {Role.IMAP: "imap", Role.SUBMISSION: "smtp"}

#: RFC 8314 section 3 and 7; 25 is for relaying, and some hosts offer it for want of 587.
_CONVENTIONS = {
    (Role.IMAP, 993): Tls.IMPLICIT,
    (Role.IMAP, 143): Tls.STARTTLS,
    (Role.SUBMISSION, 465): Tls.IMPLICIT,
    (Role.SUBMISSION, 587): Tls.STARTTLS,
    (Role.SUBMISSION, 25): Tls.STARTTLS,
}

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_MAX_HOST = 253  # RFC 1035 section 2.3.4, less the octets that only the wire has
_MAX_USERNAME = 254


def conventional_tls(role: Role, port: int) -> Tls | None:
    """How TLS begins on a port; None = the port does not say."""
    return _CONVENTIONS.get((role, port))


def read_draft(
    known: Draft, values: Mapping[str, str], address: Address
) -> tuple[Draft, dict[str, Problem]]:
    """Put what was typed in the place of what was known.

    Args:
        known: What the form was drawn from.
        values: By field name; a name that is missing leaves what is known.
        address: The person's.

    Returns:
        The new draft, and what is wrong by field name; with anything wrong the draft is good
        for nothing.
    """
    errors: dict[str, Problem] = {}
    draft = known
    for role in PREFIX:
        endpoint = _endpoint(role, known.endpoint(role), values, errors)
        if endpoint is not None:
            draft = draft.with_endpoint(endpoint)
    draft = replace(
        draft,
        username=_username("username", values, errors) or known.username,
        is_shared=_flag("same_outgoing", values, known=known.is_shared, errors=errors),
        outgoing_username=(
            _username("outgoing_username", values, errors) or known.outgoing_username
        ),
    )
    if not values.get("username", "-").strip():
        draft = replace(draft, username=rendered(draft.imap, address))
    return draft, errors


def _endpoint(
    role: Role,
    known: Endpoint | None,
    values: Mapping[str, str],
    errors: dict[str, Problem],
) -> Endpoint | None:
    prefix = PREFIX[role]
    typed_host = values.get(f"{prefix}_host", known.host if known else "")
    typed_port = values.get(f"{prefix}_port", str(known.port) if known else "").strip()
    host, port = _host(typed_host), _port(typed_port)
    tls = _tls(role, port, known, values, errors)
    if host is None:
        errors[f"{prefix}_host"] = problem("host_invalid", host=typed_host)
    elif (refusal := policy.host_refusal(role, host)) is not None:
        errors[f"{prefix}_host"] = policy.refused(refusal)
    if port is None:
        errors[f"{prefix}_port"] = problem("port_invalid", port=typed_port)
    elif (refusal := policy.port_refusal(role, port)) is not None:
        errors[f"{prefix}_port"] = policy.refused(refusal)
        errors.pop(f"{prefix}_tls", None)
    if host is None or port is None or tls is None:
        return None
    if known is not None and (host, port, tls) == (known.host, known.port, known.tls):
        return known
    # Another server: what was trusted or templated for the first one does not carry over.
    return Endpoint(role, host, port, tls)


def _tls(
    role: Role,
    port: int | None,
    known: Endpoint | None,
    values: Mapping[str, str],
    errors: dict[str, Problem],
) -> Tls | None:
    name = f"{PREFIX[role]}_tls"
    typed = values.get(name, "").strip().lower()
    if typed:
        chosen = next((tls for tls in Tls if tls.value == typed), None)
        if chosen is None:
            errors[name] = problem("value_invalid", field=name)
        return chosen
    if port is None:
        return None
    if name not in values and known is not None and known.port == port:
        return known.tls
    tls = conventional_tls(role, port)
    if tls is None:
        errors[name] = problem("value_missing", field=name)
    return tls


def _host(typed: str) -> str | None:
    host = typed.strip().strip("[]").rstrip(".").lower()
    try:
        return ipaddress.ip_address(host).compressed
    except ValueError:
        pass
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    labels = host.split(".")
    if len(host) > _MAX_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return None if labels[-1].isdigit() else host  # 127.1 is an address in disguise


def _port(typed: str) -> int | None:
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 5):
        return None
    port = int(typed)
    return port if 1 <= port <= 65535 else None


def _username(name: str, values: Mapping[str, str], errors: dict[str, Problem]) -> str | None:
    typed = values.get(name, "").strip()
    if not all(character.isprintable() for character in typed) or len(typed) > _MAX_USERNAME:
        errors[name] = problem("value_invalid", field=name)
    return typed or None


def _flag(name: str, values: Mapping[str, str], *, known: bool, errors: dict[str, Problem]) -> bool:
    typed = values.get(name, "").strip().lower()
    if typed not in ("", "true", "false"):
        errors[name] = problem("value_invalid", field=name)
    return typed == "true" if typed else known
