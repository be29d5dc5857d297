"""Builders that the tests of the vault, the store and the ledger share."""

import base64
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from inboxlink.consent.ledger import Ledger
from inboxlink.store.connections import Connection, Connections, ConnectionState
from inboxlink.store.engine import Store, open_store
from inboxlink.store.keys import recorded_key, remember_key
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.disclosure import Capability
from inboxlink.vault import Vault, open_vault

NOW = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
PASSWORD = "correct horse/battery+staple?~ÿ"
DATABASE = "inboxlink.db"
KEY_FILE = "vault.key"


@pytest.fixture
def without_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a keyring, so that no test writes to the developer's own."""
    monkeypatch.setitem(sys.modules, "keyring.backend", None)


def opened(directory: Path, environ: dict[str, str] | None = None) -> tuple[Store, Vault]:
    """A store and its vault, opened in the order in which an installation opens them."""
    store = open_store(None, directory)
    try:
        recorded = recorded_key(store)
        vault = open_vault(directory, environ or {}, recorded)
        if recorded is None:
            remember_key(store, vault.recorded)
    except BaseException:
        store.close()
        raise
    return store, vault


@contextmanager
def custody(
    directory: Path, environ: dict[str, str] | None = None
) -> Iterator[tuple[Store, Vault, Connections, Ledger]]:
    """Everything that keeps something, closed at the end."""
    store, vault = opened(directory, environ)
    try:
        ledger = Ledger(store, vault, "host.test", lambda: NOW)
        yield store, vault, Connections(store, vault), ledger
    finally:
        store.close()


def a_connection(number: int = 1, **changes: Any) -> Connection:
    """A connection; each number is another mailbox."""
    values: dict[str, Any] = {
        "id": f"c{number:04}",
        "owner": "alice",
        "provider": "imap",
        "plugin_version": "1.0",
        "address": f"me{number}@example.com",
        "state": ConnectionState.ACTIVE,
        "kind": CredentialKind.PASSWORD,
        "account": f"me{number}",
        "scopes": (),
        "expires_at": None,
        "grant_ends_at": None,
        "refresh_started_at": None,
        "settings": {},
        "endpoints": (),
        "identities": (),
        "report": None,
        "disclosures": (),
        "wanted": frozenset(Capability),
        "inbox_automation": False,
        "problem_code": None,
        "created_at": NOW,
        "updated_at": NOW,
        "verified_at": None,
    }
    return Connection(**{**values, **changes})


def a_credential(password: str = PASSWORD, **others: str) -> Credential:
    """A password, and further secrets by name."""
    secrets = {SecretName.PASSWORD: SecretStr(password)}
    secrets |= {SecretName(name): SecretStr(value) for name, value in others.items()}
    return Credential(kind=CredentialKind.PASSWORD, account="me1", secrets=secrets)


def later(**span: float) -> datetime:
    """A moment after `NOW`."""
    return NOW + timedelta(**span)


def sql(directory: Path, *statements: str, **values: Any) -> list[tuple[Any, ...]]:
    """Do with the database what somebody with a shell can; the rows of the last statement."""
    rows: list[tuple[Any, ...]] = []
    with closing(sqlite3.connect(directory / DATABASE, isolation_level=None)) as database:
        for statement in statements:
            rows = database.execute(statement, values).fetchall()
    return rows


def traces(data: Path, plain: bytes) -> list[tuple[str, str]]:
    """Where in a directory's files a secret stands in any of its forms."""
    forms = {
        "raw": plain,
        "hex": plain.hex().encode(),
        "utf-16": plain.decode().encode("utf-16-le"),
    }
    for shift in range(3):
        # Inside a longer text base64 looks different by its place; the ends depend on neighbours.
        coded = base64.b64encode(b"\0" * shift + plain)[4 if shift else 0 : -4]
        forms[f"base64 {shift}"] = coded
        forms[f"base64url {shift}"] = coded.translate(bytes.maketrans(b"+/", b"-_"))
    return [
        (path.name, name)
        for path in sorted(data.rglob("*"))
        if path.is_file()
        for name, form in forms.items()
        if form.lower() in path.read_bytes().lower()
    ]


def child(script: str, *arguments: object, under: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """Start another process of this interpreter, which finds these builders too.

    `under` is a command that runs the one that follows it.
    """
    tests = str(Path(__file__).parent.parent)
    before = f"import sys; sys.path.insert(0, {tests!r}); sys.modules['keyring.backend'] = None\n"
    return subprocess.Popen(
        [*under, sys.executable, "-c", before + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "INBOXLINK_KEY"},
    )


def together(script: str, count: int, *arguments: object) -> list[str]:
    """What `count` processes print that run `script` at the same moment.

    Each gets its number as the first argument, and says `ready` and reads a line where it is
    to wait for the others.
    """
    children = [child(script, number, *arguments) for number in range(count)]
    try:
        for each in children:
            assert each.stdout is not None
            line = each.stdout.readline()
            if line != "ready\n":
                raise AssertionError(line + each.communicate()[1])
        for each in children:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        ended = [each.communicate(timeout=60) for each in children]
    finally:
        for each in children:
            each.kill()
            each.communicate()
    assert [each.returncode for each in children] == [0] * count, [err for _, err in ended]
    return [out.strip() for out, _ in ended]
