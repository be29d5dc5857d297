"""The secrets of a connection: each sealed for its name, its connection, and where it is used.

Whoever can write the database but has no key could otherwise send a password to a server of their
own, or give one person's mailbox to another, by changing the row beside it.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from inboxlink.store.keys import use_recorded_key
from inboxlink.store.schema import connection, connection_secret
from inboxlink.types.credential import Credential, SecretName
from inboxlink.vault import Vault

__all__ = ["put_secrets", "remove_secrets", "reseal", "unsealed"]

#: What decides whose a secret is, how it is used and to which servers it goes. The text is bound
#: as it stands in the table, so that a migration must not write these columns anew.
_BOUND = ("owner", "provider", "address", "kind", "account", "settings", "endpoints")


def put_secrets(
    database: sa.Connection, vault: Vault, connection_id: str, credential: Credential
) -> None:
    """Seal the secrets for the row that the connection has in this transaction.

    Raises:
        HostError: `key_missing`, where another process rotated the key to one that is not here.
    """
    use_recorded_key(database, vault)
    row = _row(database, connection_id)
    for name, secret in credential.secrets.items():
        # surrogatepass: a secret read from a pipe need not be UTF-8, and comes back the same.
        plain = secret.get_secret_value().encode("utf-8", "surrogatepass")
        sealed = vault.seal(plain, record=connection_id, field=_field(name, row))
        values = {"connection_id": connection_id, "name": name.value, "sealed": sealed}
        database.execute(sa.insert(connection_secret), values)


def remove_secrets(database: sa.Connection, connection_id: str) -> None:
    """Remove every secret of a connection."""
    database.execute(
        sa.delete(connection_secret).where(connection_secret.c.connection_id == connection_id)
    )


def unsealed(
    database: sa.Connection,
    vault: Vault,
    row: Any,  # noqa: ANN401 - a row of the table
) -> dict[SecretName, SecretStr]:
    """The secrets of a connection, which open only for the row that they were sealed for.

    Raises:
        HostError: `sealed_broken`, also for a row that was changed; `key_missing`.
    """
    query = sa.select(connection_secret).where(connection_secret.c.connection_id == row.id)
    secrets = {}
    for each in database.execute(query):
        plain = vault.unseal(each.sealed, record=row.id, field=_field(each.name, row))
        secrets[SecretName(each.name)] = SecretStr(plain.decode("utf-8", "surrogatepass"))
    return secrets


def reseal(database: sa.Connection, vault: Vault, places: Iterable[tuple[str, str]]) -> int:
    """Seal with the current key what another one sealed, and say how many that were.

    Args:
        database: A transaction; what is sealed is read inside it, because a sign-in may have
            replaced it meanwhile.
        vault: Holds both keys.
        places: The secrets, each by its connection's id and its name.

    Raises:
        HostError: As `unsealed`.
    """
    done = 0
    for connection_id, name in places:
        here = sa.and_(
            connection_secret.c.connection_id == connection_id, connection_secret.c.name == name
        )
        sealed = database.scalar(sa.select(connection_secret.c.sealed).where(here))
        if sealed is None or vault.is_current(sealed):
            continue
        field = _field(name, _row(database, connection_id))
        plain = vault.unseal(sealed, record=connection_id, field=field)
        fresh = vault.seal(plain, record=connection_id, field=field)
        database.execute(sa.update(connection_secret).where(here).values(sealed=fresh))
        done += 1
    return done


def _row(database: sa.Connection, connection_id: str) -> Any:  # noqa: ANN401 - a row of the table
    columns = [connection.c[name] for name in _BOUND]
    return database.execute(sa.select(*columns).where(connection.c.id == connection_id)).one()


def _field(name: str, row: Any) -> str:  # noqa: ANN401 - a row of the table
    bound = json.dumps([getattr(row, column) for column in _BOUND])
    return f"secret:{name}:{hashlib.sha256(bound.encode()).hexdigest()}"
