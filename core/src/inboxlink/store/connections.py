"""Connections: what is known of them in the clear, and their secrets, sealed one by one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr, TypeAdapter
from sqlalchemy.exc import IntegrityError

from inboxlink.errors import HostError, SetupError, problem
from inboxlink.store.engine import Store
from inboxlink.store.keys import use_recorded_key
from inboxlink.store.schema import connection as table
from inboxlink.store.schema import connection_secret as secret_table
from inboxlink.store.times import from_text, to_text
from inboxlink.types.address import SPECIAL_USE_DOMAINS, Address, parse_address
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import Endpoint
from inboxlink.types.report import Identity, VerifyReport
from inboxlink.vault import Vault

__all__ = ["Connection", "ConnectionState", "Connections", "DisclosureRef", "Page", "secret_field"]


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


@dataclass(frozen=True, slots=True)
class Page:
    """Some connections by id; `next` is where the following page begins, None at the end."""

    items: tuple[Connection, ...]
    next: str | None


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


class Connections:
    """The connections of an installation."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def add(self, connection: Connection, credential: Credential) -> None:
        """Keep a new connection and its secrets, both or neither.

        Raises:
            SetupError: `already_connected`.
        """
        with self._store.write() as database:
            _execute(database, connection, sa.insert(table).values(**_row(connection)))
            self._put_secrets(database, connection.id, credential)

    def replace(self, connection: Connection, credential: Credential | None) -> None:
        """Replace a connection; None leaves its secrets as they are.

        Raises:
            HostError: `connection_unknown`; without a credential also for a connection that was
                disconnected meanwhile, which has no secrets left to go on with.
            SetupError: `already_connected`, by another connection of the same person.
        """
        change = sa.update(table).where(table.c.id == connection.id).values(**_row(connection))
        if credential is None:
            change = change.where(table.c.state != ConnectionState.DISCONNECTED.value)
        with self._store.write() as database:
            if _execute(database, connection, change) != 1:
                raise HostError(problem("connection_unknown", id=connection.id))
            if credential is not None:
                self._remove_secrets(database, connection.id)
                self._put_secrets(database, connection.id, credential)

    def get(self, connection_id: str) -> Connection:
        """One connection.

        Raises:
            HostError: `connection_unknown`.
        """
        with self._store.read() as database:
            row = database.execute(sa.select(table).where(table.c.id == connection_id)).first()
        if row is None:
            raise HostError(problem("connection_unknown", id=connection_id))
        return _connection(row)

    def find(self, owner: str, address: Address) -> Connection | None:
        """The connection of a mailbox, unless it is disconnected."""
        query = (
            sa.select(table)
            .where(table.c.owner == owner)
            .where(table.c.mailbox_key == _mailbox_key(address))
            .where(table.c.state != ConnectionState.DISCONNECTED.value)
        )
        with self._store.read() as database:
            row = database.execute(query).first()
        return None if row is None else _connection(row)

    def page(self, owner: str | None, after: str | None = None, limit: int = 50) -> Page:
        """Connections by id, after one of them; `owner` None = of everybody."""
        query = sa.select(table).order_by(table.c.id).limit(limit + 1)
        if owner is not None:
            query = query.where(table.c.owner == owner)
        if after is not None:
            query = query.where(table.c.id > after)
        with self._store.read() as database:
            items = tuple(_connection(row) for row in database.execute(query))
        return Page(items[:limit], items[limit - 1].id if len(items) > limit else None)

    def count(self, owner: str) -> int:
        """How many mailboxes a person has connected."""
        query = (
            sa.select(sa.func.count())
            .select_from(table)
            .where(table.c.owner == owner)
            .where(table.c.state != ConnectionState.DISCONNECTED.value)
        )
        with self._store.read() as database:
            return int(database.scalar(query) or 0)

    def set_state(
        self, connection_id: str, state: ConnectionState, problem_code: str | None, now: datetime
    ) -> None:
        """Note how a connection stands; `disconnect` alone ends one, and nothing revives it.

        Args:
            connection_id: Which one.
            state: Anything but disconnected.
            problem_code: What was found; None = nothing.
            now: Aware.

        Raises:
            HostError: `connection_unknown`, also for one that is disconnected.
        """
        assert state is not ConnectionState.DISCONNECTED
        is_live = table.c.state != ConnectionState.DISCONNECTED.value
        values = {"state": state.value, "problem_code": problem_code, "updated_at": to_text(now)}
        with self._store.write() as database:
            _change(database, connection_id, values, is_live)

    def set_automation(self, connection_id: str, *, on: bool, now: datetime) -> None:
        """Switch inbox automation.

        Raises:
            HostError: `connection_unknown`.
        """
        values = {"inbox_automation": on, "updated_at": to_text(now)}
        with self._store.write() as database:
            _change(database, connection_id, values)

    def disconnect(self, connection_id: str, now: datetime) -> None:
        """Remove the secrets and mark the connection, in one transaction.

        Raises:
            HostError: `connection_unknown`.
        """
        values = {"state": ConnectionState.DISCONNECTED.value, "updated_at": to_text(now)}
        with self._store.write() as database:
            self._remove_secrets(database, connection_id)
            _change(database, connection_id, values)

    def credential(self, connection_id: str) -> Credential:
        """The credential, unsealed.

        Raises:
            HostError: `connection_unknown`; `sealed_broken` or `key_missing`.
        """
        connection = self.get(connection_id)
        query = sa.select(secret_table).where(secret_table.c.connection_id == connection_id)
        with self._store.read() as database:
            rows = database.execute(query).all()
        return Credential(
            kind=connection.kind,
            account=connection.account,
            secrets={SecretName(row.name): self._unsealed(row) for row in rows},
            scopes=connection.scopes,
            expires_at=connection.expires_at,
        )

    def _put_secrets(
        self, database: sa.Connection, connection_id: str, credential: Credential
    ) -> None:
        use_recorded_key(database, self._vault)
        for name, secret in credential.secrets.items():
            # surrogatepass: a secret read from a pipe need not be UTF-8, and comes back the same.
            plain = secret.get_secret_value().encode("utf-8", "surrogatepass")
            sealed = self._vault.seal(plain, record=connection_id, field=secret_field(name))
            database.execute(
                sa.insert(secret_table).values(
                    connection_id=connection_id, name=name.value, sealed=sealed
                )
            )

    def _remove_secrets(self, database: sa.Connection, connection_id: str) -> None:
        database.execute(
            sa.delete(secret_table).where(secret_table.c.connection_id == connection_id)
        )

    def _unsealed(self, row: Any) -> SecretStr:  # noqa: ANN401 - a row of the table
        plain = self._vault.unseal(
            row.sealed, record=row.connection_id, field=secret_field(row.name)
        )
        return SecretStr(plain.decode("utf-8", "surrogatepass"))


def secret_field(name: str) -> str:
    """The field under which a secret is sealed."""
    return f"secret:{name}"


def _execute(
    database: sa.Connection, connection: Connection, statement: sa.Insert | sa.Update
) -> int:
    try:
        return database.execute(statement).rowcount
    except IntegrityError:
        refused = problem("already_connected", address=connection.address, id="-")
        raise SetupError(refused) from None


def _change(
    database: sa.Connection,
    connection_id: str,
    values: Mapping[str, object],
    *conditions: sa.ColumnElement[bool],
) -> None:
    change = sa.update(table).where(table.c.id == connection_id, *conditions).values(**values)
    if database.execute(change).rowcount != 1:
        raise HostError(problem("connection_unknown", id=connection_id))


def _mailbox_key(address: Address) -> str:
    return f"{address.local.casefold()}@{address.domain}"


def _row(connection: Connection) -> dict[str, object]:
    address = parse_address(connection.address, special_domains=SPECIAL_USE_DOMAINS)
    row: dict[str, object] = {"mailbox_key": _mailbox_key(address)}
    for name in connection.__slots__:
        value = getattr(connection, name)
        if name in _JSON:
            row[name] = json.dumps(_JSON[name].dump_python(value, mode="json"))
        elif name in _TIMES:
            row[name] = to_text(value)
        else:
            row[name] = value.value if name in _ENUMS else value
    return row


def _connection(row: Any) -> Connection:  # noqa: ANN401 - a row of the table
    values = {}
    for name in Connection.__slots__:
        value = getattr(row, name)
        if name in _JSON:
            value = _JSON[name].validate_python(json.loads(value or "null"), strict=False)
        elif name in _TIMES and value is not None:
            value = from_text(value)
        elif name in _ENUMS:
            value = _ENUMS[name](value)
        values[name] = value
    return Connection(**values)
