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
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import Identity, VerifyReport

__all__ = [
    "Connection",
    "ConnectionState",
    "DisclosureRef",
    "from_row",
    "json_text",
    "mailbox_key",
    "to_row",
]


class ConnectionState(StrEnum):
    """How a connection stands. Only a definite no of the provider makes it worse.

    At risk is never kept: it is how a connection reads while a renewal has no answer.
    """

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


#: They say of the directions that they work; the others tell the person to do something.
_WORKING = frozenset(
    {ConnectionState.ACTIVE, ConnectionState.RECEIVE_ONLY, ConnectionState.SEND_ONLY}
)


@dataclass(frozen=True, slots=True)
class Connection:
    """A mailbox that is connected, secrets apart.

    Args:
        id: Unguessable; it stays through every sign-in.
        owner: The person in the host's terms.
        state: What was last settled; `standing` is what a person is shown.
        kind: How its credential is used.
        account: The stable subject at the provider, or the user name.
        expires_at: When the credential ends by itself; None = it does not.
        grant_ends_at: When the person must sign in again, whatever is renewed until then; None =
            no such time is known.
        refresh_started_at: The mark of a renewal that has no answer yet; None = there is none.
        wanted: What the person connected it for.
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
    grant_ends_at: datetime | None
    refresh_started_at: datetime | None
    settings: Mapping[str, str]
    endpoints: tuple[Endpoint, ...]
    identities: tuple[Identity, ...]
    report: VerifyReport | None
    disclosures: tuple[DisclosureRef, ...]
    wanted: frozenset[Capability]
    inbox_automation: bool
    problem_code: str | None
    created_at: datetime
    updated_at: datetime
    verified_at: datetime | None

    @property
    def standing(self) -> ConnectionState:
        """How it stands now: at risk while nobody knows whether its old secret still counts."""
        is_open = self.refresh_started_at is not None
        return ConnectionState.AT_RISK if is_open and self.state in _WORKING else self.state


#: Columns that hold JSON, with what they hold.
_JSON: dict[str, TypeAdapter[Any]] = {
    "scopes": TypeAdapter(tuple[str, ...]),
    "settings": TypeAdapter(dict[str, str]),
    "endpoints": TypeAdapter(tuple[Endpoint, ...]),
    "identities": TypeAdapter(tuple[Identity, ...]),
    "report": TypeAdapter(VerifyReport | None),
    "disclosures": TypeAdapter(tuple[DisclosureRef, ...]),
    "wanted": TypeAdapter(frozenset[Capability]),
}
_TIMES = (
    "expires_at",
    "grant_ends_at",
    "refresh_started_at",
    "created_at",
    "updated_at",
    "verified_at",
)
_ENUMS: dict[str, type[StrEnum]] = {"state": ConnectionState, "kind": CredentialKind}


def mailbox_key(address: Address) -> str:
    """What makes two spellings of an address one mailbox."""
    return f"{address.local.casefold()}@{address.domain}"


def to_row(connection: Connection) -> dict[str, object]:
    """The columns of a connection."""
    assert connection.state is not ConnectionState.AT_RISK
    address = parse_address(connection.address, special_domains=SPECIAL_USE_DOMAINS)
    row: dict[str, object] = {"mailbox_key": mailbox_key(address)}
    for name in connection.__slots__:
        value = getattr(connection, name)
        if name in _JSON:
            row[name] = json_text(name, value)
        elif name in _TIMES:
            row[name] = to_text(value)
        else:
            row[name] = value.value if name in _ENUMS else value
    return row


def json_text(name: str, value: object) -> str:
    """What stands in a column that holds JSON.

    Args:
        name: The column, which is a field of `Connection`.
        value: What the field is.
    """
    found = _JSON[name].dump_python(value, mode="json")
    return json.dumps(sorted(found) if isinstance(value, frozenset) else found)


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
