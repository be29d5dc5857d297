"""A connection as it is known in the clear, and as a row of its table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from inboxlink.errors import HostError, problem
from inboxlink.store.times import from_text, to_text
from inboxlink.types.address import SPECIAL_USE_DOMAINS, Address, parse_address
from inboxlink.types.credential import CredentialKind
from inboxlink.types.detection import Endpoint
from inboxlink.types.report import Identity, VerifyReport

__all__ = [
    "Connection",
    "ConnectionState",
    "DisclosureRef",
    "from_row",
    "mailbox_key",
    "report_text",
    "to_row",
]


class ConnectionState(StrEnum):
    """How a connection stands. Only a definite no of the provider makes it worse."""

    ACTIVE = "active"
    RECEIVE_ONLY = "receive_only"
    SEND_ONLY = "send_only"
    NEEDS_REAUTH = "needs_reauth"
    NEEDS_CONSENT = "needs_consent"
    AT_RISK = "at_risk"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class DisclosureRef:
    """A disclosure that was acknowledged for a connection."""

    id: str
    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Connection:
    """A mailbox that is connected, secrets apart.

    Args:
        id: Unguessable; it stays through every sign-in.
        owner: The person in the host's terms.
        kind: How its credential is used.
        account: The stable subject at the provider, or the user name.
        expires_at: When the credential ends by itself; None = it does not.
        report: The last verification.
        problem_code: What the last verification found; None = nothing.
        verified_at: When a direction last worked.
    """

    id: str
    owner: str
    provider: str
    plugin_version: str
    address: str
    state: ConnectionState
    kind: CredentialKind
    account: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    settings: Mapping[str, str]
    endpoints: tuple[Endpoint, ...]
    identities: tuple[Identity, ...]
    report: VerifyReport | None
    disclosures: tuple[DisclosureRef, ...]
    inbox_automation: bool
    problem_code: str | None
    created_at: datetime
    updated_at: datetime
    verified_at: datetime | None


#: Columns that hold JSON, with what they hold.
_JSON: dict[str, TypeAdapter[Any]] = {
    "scopes": TypeAdapter(tuple[str, ...]),
    "settings": TypeAdapter(dict[str, str]),
    "endpoints": TypeAdapter(tuple[Endpoint, ...]),
    "identities": TypeAdapter(tuple[Identity, ...]),
    "report": TypeAdapter(VerifyReport | None),
    "disclosures": TypeAdapter(tuple[DisclosureRef, ...]),
}
_TIMES = ("expires_at", "created_at", "updated_at", "verified_at")
_ENUMS: dict[str, type[StrEnum]] = {"state": ConnectionState, "kind": CredentialKind}


def mailbox_key(address: Address) -> str:
    """What makes two spellings of an address one mailbox."""
    return f"{address.local.casefold()}@{address.domain}"


def to_row(connection: Connection) -> dict[str, object]:
    """The columns of a connection."""
    address = parse_address(connection.address, special_domains=SPECIAL_USE_DOMAINS)
    row: dict[str, object] = {"mailbox_key": mailbox_key(address)}
    for name in connection.__slots__:
        value = getattr(connection, name)
        if name in _JSON:
            row[name] = _text(name, value)
        elif name in _TIMES:
            row[name] = to_text(value)
        else:
            row[name] = value.value if name in _ENUMS else value
    return row


def report_text(report: VerifyReport) -> str:
    """The column of a report."""
    return _text("report", report)


def from_row(row: Any) -> Connection:  # noqa: ANN401 - a row of the table
    """Undo `to_row`.

    Raises:
        HostError: `store_corrupt`: the row holds what was never written.
    """
    values = {}
    try:
        for name in Connection.__slots__:
            value = getattr(row, name)
            if name in _JSON:
                value = _JSON[name].validate_json(value or "null", strict=False)
            elif name in _TIMES and value is not None:
                value = from_text(value)
            elif name in _ENUMS:
                value = _ENUMS[name](value)
            values[name] = value
    except (ValueError, TypeError):
        raise HostError(problem("store_corrupt")) from None
    return Connection(**values)


def _text(name: str, value: object) -> str:
    return json.dumps(_JSON[name].dump_python(value, mode="json"))
