"""What must hold of an installation at every moment, looked at by a process that is new to it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from core.custody import DATABASE, KEY_FILE, traces
from inboxlink.connect.host import Host
from inboxlink.consent.ledger import EntryKind
from inboxlink.errors import InboxlinkError
from inboxlink.store.connections import Connection, ConnectionState
from inboxlink.types.credential import SecretName

__all__ = ["look", "unsound"]

#: Every file that may ever lie in the data directory. None of their names is made up anew each
#: time, so that nothing piles up.
_FILES = {
    DATABASE,
    *(f"{DATABASE}-{end}" for end in ("wal", "shm", "journal")),
    KEY_FILE,
    "vault.lock",
}
_PASSING = {
    f".{KEY_FILE}.new",
    f".{DATABASE}.new",
    *(f".{DATABASE}.new-{end}" for end in ("wal", "shm", "journal")),
}


def look(home: Path, given: Any) -> dict[str, Any]:
    """Say what is broken, and what is connected.

    Args:
        home: The installation.
        given: `passwords`: what each mailbox may have for a password; `used`: the mailbox whose
            password reached a server; `is_rotated`, `is_ended`: what was completed before.
    """
    data = home / "data"
    broken = [f"the file {name} lies there" for name in _strangers(data, given)]
    for password in {each for allowed in given["passwords"].values() for each in allowed}:
        for file, form in traces(home, password.encode()) if data.exists() else []:
            broken.append(f"{file} holds a password ({form})")
    live: list[str] = []
    try:
        with Host() as host:
            broken += _ledger(host, given["used"])
            for connection in _connections(host):
                broken += _connection(host, connection, given["passwords"])
                if connection.state is not ConnectionState.DISCONNECTED:
                    live.append(connection.address)
            broken += _database(data)
            if given["is_rotated"]:
                broken += _rotated(data, host.vault.key_id)
    except InboxlinkError as error:
        broken.append(f"it cannot be opened: {error.code}")
    return {"broken": broken, "live": live}


def unsound(data: Path, further: set[str]) -> list[str]:
    """What is broken of the files and of the database, whatever is kept there.

    Args:
        data: The data directory.
        further: Files that may lie there besides.
    """
    found = {path.name for path in data.glob("*")} - _FILES - further
    broken = [f"the file {name} lies there" for name in sorted(found)]
    return broken + _database(data)


def _strangers(data: Path, given: Any) -> list[str]:
    allowed = _FILES if given["is_rotated"] or given["is_ended"] else _FILES | _PASSING
    return sorted({path.name for path in data.glob("*")} - allowed)


def _ledger(host: Host, used: str | None) -> list[str]:
    verdict = host.ledger.verify()
    if not verdict.ok:
        return [f"the ledger's row {verdict.broken_at} is broken ({verdict.reason})"]
    if used is None:
        return []
    rows = host.ledger.entries(mailbox=used)
    if any(row.kind is EntryKind.ACKNOWLEDGED for row in rows):
        return []
    return ["a password reached a server before consent was durable"]


def _connections(host: Host) -> list[Connection]:
    return list(host.connections.page(None, None, 500).items)


def _connection(host: Host, connection: Connection, passwords: dict[str, list[str]]) -> list[str]:
    name = connection.address
    _, credential = host.connections.opened(connection.id)
    rows = host.ledger.entries(owner=connection.owner, mailbox=name)
    if connection.state is ConnectionState.DISCONNECTED:
        broken = [f"{name} is disconnected and has a secret"] if credential.secrets else []
        if not any(row.kind is EntryKind.DISCONNECTED for row in rows):
            broken.append(f"{name} is disconnected and the ledger does not say so")
        return broken
    if not credential.secrets:
        return [f"{name} is connected and has no secret"]
    broken = []
    if any(row.kind is EntryKind.DISCONNECTED for row in rows[-1:]):
        broken.append(f"{name} is connected and the ledger says it is not")
    if credential.secret(SecretName.PASSWORD) not in passwords[name]:
        broken.append(f"the password of {name} is neither the old nor the new one")
    for each in connection.disclosures:
        if not host.ledger.acknowledged(
            connection.owner, name, connection.provider, each.id, each.version, each.digest
        ):
            broken.append(f"{name} is connected without {each.id}")
        said = [row.at for row in rows if row.details.get("disclosure") == each.id]
        if not said or min(said) > connection.created_at:
            broken.append(f"{name} was connected before {each.id} was acknowledged")
    return broken


def _database(data: Path) -> list[str]:
    with closing(sqlite3.connect(data / DATABASE)) as database:
        (sound,) = database.execute("PRAGMA integrity_check").fetchone()
        (orphans,) = database.execute(
            "SELECT count(*) FROM connection_secret WHERE connection_id NOT IN"
            " (SELECT id FROM connection WHERE state <> 'disconnected')"
        ).fetchone()
    broken = [] if sound == "ok" else [f"the database: {sound}"]
    if orphans:
        broken.append(f"{orphans} secrets belong to nothing")
    return broken


def _rotated(data: Path, key_id: str) -> list[str]:
    keys = json.loads((data / KEY_FILE).read_text())["keys"]
    broken = [] if len(keys) == 1 else [f"{len(keys)} keys are left"]
    with closing(sqlite3.connect(data / DATABASE)) as database:
        sealed = database.execute("SELECT sealed FROM connection_secret").fetchall()
        (recorded,) = database.execute("SELECT key_id FROM vault_key").fetchone()
        heads = database.execute("SELECT key_id FROM ledger_head").fetchall()
    used = {row[0][1:9].hex() for row in sealed} | {row[0] for row in heads} | {recorded}
    if used != {key_id}:
        broken.append(f"{len(used)} keys are in use")
    return broken
