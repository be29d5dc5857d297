"""The store: how it is opened, what can go wrong, and the connections in it."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from core.custody import (
    DATABASE,
    KEY_FILE,
    NOW,
    PASSWORD,
    a_connection,
    a_credential,
    child,
    custody,
    later,
    opened,
    sql,
    together,
    traces,
    without_keyring,  # noqa: F401 - a fixture
)
from inboxlink.consent.ledger import EntryKind
from inboxlink.errors import HostError, InboxlinkError, SetupError, problem
from inboxlink.store import engine as engine_module
from inboxlink.store.connections import Connection, Connections, ConnectionState, DisclosureRef
from inboxlink.store.engine import HEAD, open_store
from inboxlink.store.keys import recorded_key, remember_key
from inboxlink.store.migrations import configuration
from inboxlink.store.renewals import Renewals
from inboxlink.store.schema import metadata
from inboxlink.types.address import parse_address
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import CertificatePin, Endpoint, Role, Tls
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import Chain, Check, Identity, Proof, VerifyReport
from inboxlink.vault import KeySource, RecordedKey
from inboxlink.vault.files import private_directory

pytestmark = pytest.mark.usefixtures("without_keyring")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def connections(data: Path) -> Iterator[Connections]:
    with custody(data) as (_, _, connections, _):
        yield connections


def made(data: Path) -> Path:
    """A store that was made and closed."""
    open_store(None, data).close()
    return data / DATABASE


def refused(code: str, data: Path) -> HostError:
    with pytest.raises(HostError, match=f"^{code}$") as caught:
        open_store(None, data).close()
    return caught.value


# --- opening ---


def test_the_pragmas_are_what_durability_needs(data: Path) -> None:
    """Every connection has WAL, full synchronisation, secure deletion and foreign keys."""
    # req 107: with synchronous FULL a commit that returned survives a power cut.
    store = open_store(None, data)
    names = ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
    with store.read() as first, store.read() as second:
        for database in (first, second):
            found = [database.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
            assert found == ["wal", 2, 1, 1]
    store.close()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o377])
def test_database_files_are_private(data: Path, umask: int) -> None:
    """The database, its -wal and its -shm are 0600 in a 0700 directory, whatever the umask."""
    before = os.umask(umask)
    try:
        store = open_store(None, data)
        remember_key(store, RecordedKey("0" * 16, KeySource.FILE))
        modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in data.iterdir()}
        assert modes == {DATABASE: 0o600, f"{DATABASE}-wal": 0o600, f"{DATABASE}-shm": 0o600}
        assert stat.S_IMODE(data.lstat().st_mode) == 0o700
        store.close()
    finally:
        os.umask(before)


@pytest.mark.parametrize("exposed", [0o644, 0o640, 0o602, 0o601])
def test_a_database_that_others_can_touch_is_refused(data: Path, exposed: int) -> None:
    """One bit for the group or for others makes the database `file_exposed`."""
    path = made(data)
    path.chmod(exposed)
    error = refused("file_exposed", data)
    assert error.problem.message.params == {"path": str(path)}


@pytest.mark.parametrize("is_dangling", [False, True])
def test_a_symlinked_database_is_refused(data: Path, tmp_path: Path, is_dangling: bool) -> None:
    """A link in the database's place is not followed, and nothing is made at its end."""
    made(data).replace(tmp_path / "elsewhere")
    (data / DATABASE).symlink_to(tmp_path / ("nowhere" if is_dangling else "elsewhere"))
    refused("file_exposed", data)
    assert not (tmp_path / "nowhere").exists()


def test_a_database_with_a_second_name_is_refused(data: Path, tmp_path: Path) -> None:
    """A hard link to the database in another directory makes it `file_exposed`."""
    (tmp_path / "second").hardlink_to(made(data))
    refused("file_exposed", data)


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_exposed_files_beside_the_database_are_refused(data: Path, suffix: str) -> None:
    """A -wal or -shm that others can read is `file_exposed` too."""
    store = open_store(None, data)
    remember_key(store, RecordedKey("0" * 16, KeySource.FILE))
    (data / f"{DATABASE}{suffix}").chmod(0o644)
    refused("file_exposed", data)
    store.close()


def test_a_directory_that_others_can_enter_is_refused(data: Path) -> None:
    """No database is made in a directory that others can look into."""
    data.mkdir()
    data.chmod(0o755)
    refused("file_exposed", data)
    assert list(data.iterdir()) == []


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%20b", "a b", "ä:@", "a?mode=memory"])
def test_the_database_is_in_the_directory_whatever_its_name(tmp_path: Path, name: str) -> None:
    """A name that means something in an address leads the database nowhere else."""
    made(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert sql(tmp_path / name, "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_many_processes_make_one_store(data: Path) -> None:
    """Processes that open a new directory at the same moment all get the store, and its key."""
    script = """
from pathlib import Path
from core.custody import opened
print("ready", flush=True)
input()
store, vault = opened(Path(sys.argv[2]))
store.close()
print(vault.key_id)
"""
    ids = set(together(script, 6, data))
    store, vault = opened(data)
    recorded = recorded_key(store)
    store.close()
    assert recorded == vault.recorded
    assert ids == {vault.key_id}


def test_the_recorded_key_is_missed(data: Path) -> None:
    """A store whose key file is gone is `key_missing`, and no new key is made."""
    with custody(data) as (_, vault, connections, _):
        connections.add(a_connection(), a_credential())
        key_id = vault.key_id
    kept = (data / KEY_FILE).read_bytes()
    (data / KEY_FILE).unlink()
    with pytest.raises(HostError, match="^key_missing$") as caught:
        opened(data)
    assert caught.value.problem.message.params == {"key_id": key_id}
    assert not (data / KEY_FILE).exists()
    (data / KEY_FILE).write_bytes(kept)
    (data / KEY_FILE).chmod(0o600)
    with custody(data) as (_, _, connections, _):
        assert connections.credential("c0001").secret(SecretName.PASSWORD) == PASSWORD


def test_the_first_key_that_is_remembered_stays(data: Path) -> None:
    """A second process with another first key is `key_missing`; with the same one it is welcome."""
    store = open_store(None, data)
    first = RecordedKey("1" * 16, KeySource.FILE)
    remember_key(store, first)
    remember_key(store, first)
    with pytest.raises(HostError, match="^key_missing$"):
        remember_key(store, RecordedKey("2" * 16, KeySource.ENVIRONMENT))
    assert recorded_key(store) == first
    store.close()


def test_a_key_from_nowhere_is_corrupt(data: Path) -> None:
    """Where the recorded key is kept must be a place that there is; no new key is made."""
    with custody(data):
        pass
    key = (data / KEY_FILE).read_bytes()
    sql(data, "PRAGMA ignore_check_constraints = ON", "UPDATE vault_key SET source = 'moon'")
    with pytest.raises(HostError, match="^store_corrupt$"):
        opened(data)
    assert (data / KEY_FILE).read_bytes() == key


def test_a_locked_database_is_busy(data: Path) -> None:
    """A writer that another one does not let in is `store_busy`; readers go on."""
    store = open_store(None, data)
    with store.read() as database:
        database.exec_driver_sql("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(data / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HostError, match="^store_busy$"):
            remember_key(store, RecordedKey("0" * 16, KeySource.FILE))
        assert recorded_key(store) is None
        other.execute("ROLLBACK")
    remember_key(store, RecordedKey("0" * 16, KeySource.FILE))
    store.close()


def test_a_database_locked_while_it_is_opened_is_busy(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is locked while it is opened is `store_busy`."""
    path = made(data)
    pragmas = tuple(
        "busy_timeout = 20" if "busy_timeout" in each else each for each in engine_module._PRAGMAS
    )
    monkeypatch.setattr(engine_module, "_PRAGMAS", pragmas)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        refused("store_busy", data)


@pytest.mark.parametrize(
    "content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_file_that_is_no_database_is_corrupt(data: Path, content: bytes) -> None:
    """A file of something else is `store_corrupt`, and stays as it was."""
    path = made(data)
    path.write_bytes(content)
    error = refused("store_corrupt", data)
    assert error.problem.message.params == {"path": str(path)}
    assert path.read_bytes() == content


def test_a_damaged_page_is_corrupt(data: Path) -> None:
    """A database whose pages were overwritten is `store_corrupt` when they are read."""
    with custody(data) as (_, _, connections, _):
        for number in range(40):
            connections.add(a_connection(number), a_credential())
    path = data / DATABASE
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    with pytest.raises(HostError, match="^store_corrupt$"), custody(data) as (_, _, again, _):
        again.page(None)


def test_a_full_disk_is_named(data: Path) -> None:
    """A database that cannot grow is `store_full`, and holds nothing of the change."""
    # req 109: what could not be kept whole is not kept in part.
    with custody(data) as (store, _, connections, _):
        with store.read() as database:
            pages = database.exec_driver_sql("PRAGMA page_count").scalar()
            database.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(HostError, match="^store_full$"):
            connections.add(a_connection(settings={"k": "v" * 100_000}), a_credential())
        assert connections.page(None).items == ()


@pytest.mark.parametrize("revision", ["0005", "9999", "f00d", "0000"])
def test_a_newer_store_is_left_alone(data: Path, revision: str) -> None:
    """A store of a version that is not known here is `store_newer`, and its revision stays."""
    made(data)
    sql(data, "UPDATE alembic_version SET version_num = :to", to=revision)
    refused("store_newer", data)
    assert sql(data, "SELECT version_num FROM alembic_version") == [(revision,)]


def test_the_migrations_end_at_the_schema(data: Path) -> None:
    """The tables after all migrations are those of `schema`, and `HEAD` is alembic's."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    assert ScriptDirectory.from_config(configuration()).get_heads() == [HEAD]
    store = open_store(None, data)
    with store.read() as database:
        context = MigrationContext.configure(database, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD
    store.close()


def test_a_store_of_before_is_brought_up_with_its_secrets(data: Path) -> None:
    """A connection that the revision before kept is read, and its secret opens, after 0003."""
    with custody(data) as (_, _, connections, _):
        connections.add(a_connection(**FULL), a_credential())
    columns = ("grant_ends_at", "refresh_started_at", "wanted")
    sql(data, *(f"ALTER TABLE connection DROP COLUMN {each}" for each in columns))
    sql(data, "DROP TABLE ticket")
    sql(data, "UPDATE alembic_version SET version_num = '0002'")
    with custody(data) as (_, _, connections, _):
        connection, credential = connections.opened("c0001")
        lost = {"grant_ends_at": None, "wanted": frozenset(Capability)}
        assert connection == a_connection(**FULL | lost)
        assert credential.secret(SecretName.PASSWORD) == PASSWORD
        connections.add(a_connection(2), a_credential())
    assert sql(data, "SELECT version_num FROM alembic_version") == [(HEAD,)]


@pytest.mark.parametrize("state", ConnectionState)
def test_a_mark_reads_at_risk_and_is_never_kept_so(data: Path, state: ConnectionState) -> None:
    """While a renewal has no answer a working connection reads at risk; what it was stays."""
    if state is ConnectionState.AT_RISK:
        with pytest.raises(AssertionError), custody(data) as (_, _, connections, _):
            connections.add(a_connection(state=state), a_credential())
        return
    is_working = state.value in ("active", "receive_only", "send_only")
    with custody(data) as (store, vault, connections, _):
        renewals = Renewals(store, vault)
        connections.add(a_connection(state=state), a_credential())
        used = connections.credential("c0001")
        assert renewals.begin("c0001", used, NOW)
        found = connections.get("c0001")
        assert found == a_connection(state=state, refresh_started_at=NOW)
        assert found.standing is (ConnectionState.AT_RISK if is_working else state)
        assert renewals.keep("c0001", used, a_credential("new"), later(hours=1))
        assert connections.get("c0001") == a_connection(state=state, updated_at=later(hours=1))
        assert connections.credential("c0001").secret(SecretName.PASSWORD) == "new"
        assert renewals.begin("c0001", a_credential("new"), NOW)
        connections.disconnect("c0001", NOW)
        assert connections.get("c0001").refresh_started_at is None


def test_an_up_to_date_store_needs_no_alembic(data: Path) -> None:
    """Opening a store that is up to date imports no alembic."""
    made(data)
    script = """
from pathlib import Path
from inboxlink.store.engine import open_store
open_store(None, Path(sys.argv[1])).close()
print([name for name in sys.modules if name.split(".")[0] in ("alembic", "mako")])
"""
    out, err = child(script, data).communicate()
    assert (out.strip(), err) == ("[]", "")


def test_an_address_opens_another_database(data: Path, tmp_path: Path) -> None:
    """A store with an address of its own is made and used there."""
    store = open_store(f"sqlite:///{tmp_path / 'other.db'}", data)
    remember_key(store, RecordedKey("0" * 16, KeySource.FILE))
    assert recorded_key(store) == RecordedKey("0" * 16, KeySource.FILE)
    store.close()
    assert not (data / DATABASE).exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_store_may_live_in_memory(data: Path, url: str) -> None:
    """It keeps what is written as long as it is open, and makes no file."""
    store = open_store(url, data)
    remember_key(store, RecordedKey("0" * 16, KeySource.FILE))
    assert recorded_key(store) == RecordedKey("0" * 16, KeySource.FILE)
    store.close()
    assert list(data.iterdir()) == []


def test_a_database_of_another_journal_is_taken_to_the_log(data: Path) -> None:
    """A copy made by another program may be in another mode; what is in it stays."""
    with custody(data) as (_, _, connections, _):
        connections.add(a_connection(), a_credential())
    assert sql(data, "PRAGMA journal_mode = DELETE") == [("delete",)]
    with custody(data) as (_, _, connections, _):
        assert connections.get("c0001").address == "me1@example.com"
    assert sql(data, "PRAGMA journal_mode") == [("wal",)]


def test_a_store_that_another_process_made_meanwhile_is_taken(data: Path, tmp_path: Path) -> None:
    """Whoever waits to make one finds it made, and makes no second over it."""
    with custody(tmp_path / "other") as (_, _, connections, _):
        connections.add(a_connection(), a_credential())
    private_directory(data)
    descriptor = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    flock(descriptor, LOCK_EX)
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(open_store, None, data)
        with pytest.raises(TimeoutError):
            opening.result(0.3)
        (tmp_path / "other" / DATABASE).rename(data / DATABASE)
        os.close(descriptor)
        opening.result(30).close()
    assert sql(data, "SELECT id FROM connection") == [("c0001",)]


def test_more_readers_than_the_pool_has_are_told_to_wait(data: Path) -> None:
    """Nobody waits for ever, and whoever comes after one has left is served."""
    store = open_store(None, data)
    store._engine.pool._timeout = 0.05
    with ExitStack() as readers:
        for _ in range(15):  # SQLAlchemy's default: five, and ten more
            readers.enter_context(store.read())
        with pytest.raises(HostError, match="^store_busy$"):
            readers.enter_context(store.read())
    with store.read() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    store.close()


def test_an_address_that_leads_nowhere_says_no_password(data: Path) -> None:
    """An address that cannot be opened is `store_unavailable`, without what stands in it."""
    url = "sqlite:////nowhere/at/all/s3cret.db"
    with pytest.raises(HostError, match="^store_unavailable$") as caught:
        open_store(url, data)
    assert caught.value.__suppress_context__


# --- connections ---

FULL: dict[str, Any] = {
    "state": ConnectionState.RECEIVE_ONLY,
    "kind": CredentialKind.OAUTH2,
    "account": "süb'ject\"",
    "scopes": ("mail.read", "offline"),
    "expires_at": later(hours=1),
    "grant_ends_at": later(days=7),
    "wanted": frozenset({Capability.SEND}),
    "settings": {"tenant": "ä", "": ""},
    "endpoints": (
        Endpoint(Role.IMAP, "imap.example.com", 993, Tls.IMPLICIT, "{local}"),
        Endpoint(
            Role.SUBMISSION,
            "smtp.example.com",
            587,
            Tls.STARTTLS,
            None,
            CertificatePin("ab" * 32, "AAAA", any_name=True),
        ),
    ),
    "identities": (Identity(address="me@example.com", proof=Proof.PROVEN, subject="s"),),
    "report": VerifyReport(
        checks=(
            Check(chain=Chain.RECEIVE, stage="tcp", ok=True, evidence="ok", took_ms=1.5),
            Check(
                chain=Chain.SEND,
                stage="tcp",
                ok=False,
                problem=problem("timed_out", retry_after_s=2.0, remote="421 ö", host="h"),
            ),
            Check(chain=Chain.SEND, stage="tls", ok=None),
        ),
        identities=(Identity(address="me@example.com", proof=Proof.DECLARED),),
    ),
    "disclosures": (DisclosureRef("imap.password", 2, "0" * 64),),
    "inbox_automation": True,
    "problem_code": "timed_out",
    "verified_at": later(seconds=1),
}


@pytest.mark.parametrize("changes", [{}, FULL], ids=["plain", "full"])
def test_a_connection_comes_back_as_it_was(
    connections: Connections, changes: dict[str, Any]
) -> None:
    """Every field of a connection is read as it was written."""
    connection = a_connection(**changes)
    connections.add(connection, a_credential())
    assert connections.get(connection.id) == connection


@pytest.mark.parametrize(
    "password",
    ["x", "pässwörd 密碼 🗝", "'\"`\\ {5} %s\n\0", "k" * 1024, "\udcff\udc80 and \ud800", " "],
    ids=["short", "unicode", "quotes", "long", "surrogates", "blank"],
)
def test_an_odd_password_comes_back(connections: Connections, password: str) -> None:
    """A password of any characters, lone surrogates too, is read as it was written."""
    connections.add(a_connection(), a_credential(password))
    assert connections.credential("c0001").secret(SecretName.PASSWORD) == password


def test_a_credential_comes_back_whole(connections: Connections) -> None:
    """All secrets, the scopes, the account and the end of a credential are read back."""
    secrets = {name: SecretStr(f"of {name}") for name in SecretName}
    credential = Credential(
        kind=CredentialKind.OAUTH2,
        account="sub",
        secrets=secrets,
        scopes=("a", "b"),
        expires_at=later(hours=1),
        grant_ends_at=later(days=7),
    )
    connections.add(
        a_connection(
            kind=CredentialKind.OAUTH2,
            account="sub",
            scopes=("a", "b"),
            expires_at=later(hours=1),
            grant_ends_at=later(days=7),
        ),
        credential,
    )
    assert connections.credential("c0001") == credential


def test_an_unknown_connection_is_refused(connections: Connections) -> None:
    """Reading or replacing a connection that is not there is `connection_unknown`."""
    for call in (
        lambda: connections.get("none"),
        lambda: connections.credential("none"),
        lambda: connections.disconnect("c0001", NOW),
        lambda: note(connections, a_connection()),
        lambda: connections.replace(a_connection(), a_credential()),
    ):
        with pytest.raises(HostError, match="^connection_unknown$"):
            call()
    assert connections.page(None).items == ()


def test_a_mailbox_is_found_by_any_spelling(connections: Connections) -> None:
    """An address is found whatever its case, and for its owner only."""
    connection = a_connection(address="Me.Too@Example.com")
    connections.add(connection, a_credential())
    for typed in ("me.too@example.com", "ME.TOO@EXAMPLE.COM", "Me.Too@Example.com"):
        assert connections.find("alice", parse_address(typed)) == connection
    assert connections.find("bob", parse_address("me.too@example.com")) is None
    assert connections.find("alice", parse_address("me@example.com")) is None


def test_a_mailbox_is_connected_once_for_each_person(connections: Connections) -> None:
    """The same mailbox again is `already_connected` in any case, but for another person."""
    # req 109: of what is refused nothing stays, no row and no secret.
    connections.add(a_connection(1, address="me@example.com"), a_credential())
    with pytest.raises(SetupError, match="^already_connected$"):
        connections.add(a_connection(2, address="ME@Example.com"), a_credential("other"))
    connections.add(a_connection(3, address="me@example.com", owner="bob"), a_credential())
    assert [each.id for each in connections.page(None).items] == ["c0001", "c0003"]
    assert connections.credential("c0001").secret(SecretName.PASSWORD) == PASSWORD


def test_what_cannot_be_kept_whole_is_not_kept(data: Path) -> None:
    """Where the secrets cannot be written, the connection is not written either."""
    # req 109
    with custody(data) as (_, _, connections, _):
        sql(
            data,
            "CREATE TRIGGER refuse BEFORE INSERT ON connection_secret"
            " BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        with pytest.raises(InboxlinkError) as caught:
            connections.add(a_connection(), a_credential())
        assert caught.value.code == "store_unavailable"
    assert sql(data, "SELECT count(*) FROM connection") == [(0,)]
    assert sql(data, "SELECT count(*) FROM connection_secret") == [(0,)]


@pytest.mark.parametrize("limit", [1, 7, 40, 119, 120, 121])
def test_pages_have_no_gap_and_no_repeat(connections: Connections, limit: int) -> None:
    """Pages of any size give each of 120 connections once, in order, and then end."""
    with connections._store.write() as database:
        for number in range(120):
            row = engine_row(number)
            database.execute(metadata.tables["connection"].insert().values(**row))
    seen: list[str] = []
    after = None
    pages = 0
    while pages == 0 or after is not None:
        page = connections.page("alice", after, limit)
        assert len(page.items) <= limit
        seen += [each.id for each in page.items]
        after = page.next
        pages += 1
    assert seen == [f"c{number:04}" for number in range(120) if number % 4]
    assert pages == -(-len(seen) // limit)
    assert len(connections.page(None, None, 200).items) == 120
    assert connections.count("alice") == 90


def engine_row(number: int) -> dict[str, object]:
    from inboxlink.store.connection import to_row

    return to_row(a_connection(number, owner="alice" if number % 4 else "bob"))


def test_a_page_goes_on_over_changes(connections: Connections) -> None:
    """What is added or disconnected between two pages moves no other connection."""
    for number in (2, 4, 6, 8):
        connections.add(a_connection(number), a_credential())
    first = connections.page("alice", None, 2)
    connections.add(a_connection(1), a_credential())
    connections.disconnect("c0004", NOW)
    assert [each.id for each in connections.page("alice", first.next, 2).items] == [
        "c0006",
        "c0008",
    ]


def note(connections: Connections, judged: Connection, **changes: Any) -> None:
    """Note a verification of `judged`, by default one that went well."""
    found: dict[str, Any] = {"works": True, "state": ConnectionState.ACTIVE, "code": None}
    found |= changes
    check = Check(chain=Chain.RECEIVE, stage="login", ok=found["works"])
    report = VerifyReport(checks=(check,), identities=())
    connections.note_verification(judged, report, found["state"], found["code"], later(days=1))


def test_replacing_replaces_every_secret(connections: Connections) -> None:
    """After a replacement none of the old secrets is left."""
    connections.add(a_connection(), a_credential(outgoing_password="out"))
    connections.replace(a_connection(account="me too"), a_credential("new"))
    assert connections.get("c0001") == a_connection(account="me too")
    found = connections.credential("c0001")
    assert set(found.secrets) == {SecretName.PASSWORD}
    assert found.secret(SecretName.PASSWORD) == "new"


def test_replacing_cannot_take_another_connections_mailbox(connections: Connections) -> None:
    """A replacement that would give one mailbox two connections is `already_connected`."""
    # req 109
    connections.add(a_connection(1), a_credential("one"))
    connections.add(a_connection(2), a_credential("two"))
    with pytest.raises(SetupError, match="^already_connected$"):
        connections.replace(a_connection(2, address="me1@example.com"), a_credential("three"))
    assert connections.get("c0002") == a_connection(2)
    assert connections.credential("c0002").secret(SecretName.PASSWORD) == "two"


def test_disconnecting_removes_the_secrets(data: Path) -> None:
    """After a disconnect no secret is left, the row says so, and the mailbox is free again."""
    with custody(data) as (_, _, connections, _):
        connections.add(a_connection(1, address="me@example.com"), a_credential())
        connections.disconnect("c0001", later(days=1))
        assert sql(data, "SELECT count(*) FROM connection_secret") == [(0,)]
        found = connections.get("c0001")
        assert found == replace(
            a_connection(1, address="me@example.com"),
            state=ConnectionState.DISCONNECTED,
            updated_at=later(days=1),
        )
        assert connections.credential("c0001").secrets == {}
        assert connections.find("alice", parse_address("me@example.com")) is None
        assert connections.count("alice") == 0
        again = a_connection(2, address="me@example.com")
        connections.add(again, a_credential("again"))
        assert connections.find("alice", parse_address("me@example.com")) == again
        connections.disconnect("c0002", NOW)
        connections.add(a_connection(3, address="me@example.com"), a_credential())
        assert connections.count("alice") == 1


def test_a_verification_revives_no_disconnected_connection(connections: Connections) -> None:
    """A verification that ends after the disconnect changes nothing."""
    # req 110: whoever disconnects is not overtaken by what was under way.
    before = a_connection()
    connections.add(before, a_credential())
    connections.disconnect("c0001", NOW)
    ended = connections.get("c0001")
    with pytest.raises(HostError, match="^connection_unknown$"):
        note(connections, before)
    assert connections.get("c0001") == ended
    connections.replace(before, a_credential("signed in again"))
    assert connections.get("c0001") == before


def test_a_verification_that_fails_is_noted(connections: Connections) -> None:
    """What was found is noted with its time, and that it last worked earlier stays."""
    judged = a_connection(verified_at=NOW)
    connections.add(judged, a_credential())
    refused = ConnectionState.NEEDS_REAUTH
    note(connections, judged, works=False, state=refused, code="invalid_credentials")
    found = connections.get("c0001")
    assert (found.state, found.problem_code) == (refused, "invalid_credentials")
    assert (found.verified_at, found.updated_at) == (NOW, later(days=1))
    assert found.report is not None
    assert connections.credential("c0001").secret(SecretName.PASSWORD) == PASSWORD


def test_a_verification_undoes_nothing_that_happened_meanwhile(connections: Connections) -> None:
    """A verification notes what it judged; automation switched and all else stays as it is."""
    judged = a_connection(**FULL | {"inbox_automation": False, "state": ConnectionState.ACTIVE})
    connections.add(judged, a_credential())
    connections.set_automation("c0001", on=True, now=later(hours=1))
    note(connections, judged)
    found = connections.get("c0001")
    assert found.report is not None
    assert found == replace(
        judged,
        inbox_automation=True,
        problem_code=None,
        report=found.report,
        verified_at=later(days=1),
        updated_at=later(days=1),
    )


@pytest.mark.parametrize("verified_at", [None, NOW])
def test_a_sign_in_that_was_faster_stands(connections: Connections, verified_at: Any) -> None:
    """Where the person signed in again meanwhile, the word on the old secret is void."""
    judged = a_connection(verified_at=verified_at)
    connections.add(judged, a_credential("old"))
    again = a_connection(verified_at=later(seconds=1))
    connections.replace(again, a_credential("new"))
    refused = ConnectionState.NEEDS_REAUTH
    note(connections, judged, works=False, state=refused, code="invalid_credentials")
    assert connections.get("c0001") == again


def test_automation_is_switched(connections: Connections) -> None:
    """Switching automation changes that, the time of the change, and nothing else."""
    connections.add(a_connection(), a_credential())
    connections.set_automation("c0001", on=True, now=later(days=1))
    expected = replace(a_connection(), inbox_automation=True, updated_at=later(days=1))
    assert connections.get("c0001") == expected


def test_a_secret_moved_to_another_place_is_refused(data: Path) -> None:
    """Secrets that somebody swaps between two rows, or two names, are `sealed_broken`."""
    with custody(data) as (_, _, connections, _):
        connections.add(a_connection(1), a_credential(outgoing_password="out"))
        connections.add(a_connection(2), a_credential("other"))
        sql(
            data,
            "UPDATE connection_secret SET sealed = (SELECT sealed FROM connection_secret"
            " WHERE connection_id = 'c0001' AND name = 'outgoing_password')"
            " WHERE connection_id = 'c0001' AND name = 'password'",
        )
        with pytest.raises(HostError, match="^sealed_broken$"):
            connections.credential("c0001")
        sql(
            data,
            "UPDATE connection_secret SET sealed = (SELECT sealed FROM connection_secret"
            " WHERE connection_id = 'c0002') WHERE connection_id = 'c0001' AND name = 'password'",
        )
        with pytest.raises(HostError, match="^sealed_broken$"):
            connections.credential("c0001")
        assert connections.credential("c0002").secret(SecretName.PASSWORD) == "other"


#: What somebody who can write the database, but has no key, would change to get at a password.
REDIRECTED = {
    "host": "endpoints = replace(endpoints, 'imap.example.com', 'imap.evil.example')",
    "port": "endpoints = replace(endpoints, '993', '9930')",
    "tls": "endpoints = replace(endpoints, 'implicit', 'starttls')",
    "pin": "endpoints = replace(endpoints, 'AAAA', 'BBBB')",
    "user name": "endpoints = replace(endpoints, '{local}', '{address}')",
    "no servers": "endpoints = '[]'",
    "spelling": "endpoints = endpoints || ' '",
    "settings": "settings = '{}'",
    "provider": "provider = 'other'",
    "owner": "owner = 'mallory'",
    "address": "address = 'me@evil.example'",
    "account": "account = 'mallory'",
    "kind": "kind = 'password'",
}


@pytest.mark.parametrize("change", REDIRECTED.values(), ids=REDIRECTED)
def test_a_secret_opens_for_its_own_servers_only(data: Path, change: str) -> None:
    """A row that was changed beside its secret is `sealed_broken`; changed back it opens."""
    from inboxlink.store.rotation import rotate

    with custody(data) as (store, vault, connections, _):
        connections.add(a_connection(**FULL), a_credential())
        connections.add(a_connection(2, **FULL), a_credential("other"))
        columns = "provider, owner, address, account, kind, settings, endpoints"
        before = sql(data, f"SELECT {columns} FROM connection WHERE id = 'c0001'")[0]
        sql(data, f"UPDATE connection SET {change} WHERE id = 'c0001'")
        assert sql(data, f"SELECT {columns} FROM connection WHERE id = 'c0001'")[0] != before
        for _ in range(2):
            with pytest.raises(HostError, match="^sealed_broken$"):
                connections.opened("c0001")
            with pytest.raises(HostError, match="^sealed_broken$"):
                rotate(store, vault)  # which must not bind the secret to the new place
        assert connections.credential("c0002").secret(SecretName.PASSWORD) == "other"
        values = dict(zip(columns.split(", "), before, strict=True))
        back = ", ".join(f"{name} = :{name}" for name in values)
        sql(data, f"UPDATE connection SET {back} WHERE id = 'c0001'", **values)
        rotate(store, vault)
        assert connections.opened("c0001") == (
            a_connection(**FULL),
            connections.credential("c0001"),
        )
        assert connections.credential("c0001").secret(SecretName.PASSWORD) == PASSWORD


def test_what_says_nothing_of_the_servers_may_change(data: Path) -> None:
    """State, report, marks, automation and times are no part of what a secret is sealed for."""
    with custody(data) as (store, vault, connections, _):
        connections.add(a_connection(), a_credential())
        note(connections, a_connection(), state=ConnectionState.SEND_ONLY, code="timed_out")
        connections.set_automation("c0001", on=True, now=later(days=2))
        used = connections.credential("c0001")
        assert Renewals(store, vault).begin("c0001", used, NOW)
        connections.note_identities("c0001", FULL["identities"], later(days=3))
        assert connections.credential("c0001").secret(SecretName.PASSWORD) == PASSWORD


def test_a_sign_in_moves_a_secret_to_other_servers(data: Path) -> None:
    """Signing in again binds the new secret to the new servers, and the old ones are void."""
    with custody(data) as (_, _, connections, _):
        connections.add(a_connection(), a_credential("old"))
        connections.replace(a_connection(**FULL), a_credential("new"))
        assert connections.credential("c0001").secret(SecretName.PASSWORD) == "new"
        sql(data, "UPDATE connection SET endpoints = '[]' WHERE id = 'c0001'")
        with pytest.raises(HostError, match="^sealed_broken$"):
            connections.credential("c0001")


def test_no_form_of_a_password_is_on_the_disk(data: Path) -> None:
    """No file of the store, the -wal included, holds a password raw, in base64 or in hex."""
    with custody(data) as (_, _, connections, ledger):
        connections.add(a_connection(), a_credential(outgoing_password=PASSWORD[::-1]))
        connections.replace(a_connection(), a_credential())
        assert connections.credential("c0001").secret(SecretName.PASSWORD) == PASSWORD
        ledger.append(EntryKind.AUTOMATION, owner="alice", mailbox="m", provider="imap", details={})
        assert ledger.verify().ok
        assert (data / f"{DATABASE}-wal").stat().st_size > 0
        assert traces(data, b"me1@example.com")  # the search finds what is there
        assert traces(data, PASSWORD.encode()) == []
        assert traces(data, PASSWORD[::-1].encode()) == []
        sealed = sql(data, "SELECT sealed FROM connection_secret")[0][0]
        connections.disconnect("c0001", NOW)
    assert traces(data, PASSWORD.encode()) == []
    # Closed and checkpointed, the removed ciphertext is overwritten too.
    assert not [path for path in data.iterdir() if sealed in path.read_bytes()]


def test_foreign_keys_are_enforced(data: Path) -> None:
    """A secret without its connection cannot be written."""
    from inboxlink.store.schema import connection_secret

    with custody(data) as (store, _, _, _):
        orphan = connection_secret.insert().values(connection_id="none", name="x", sealed=b"")
        with pytest.raises(HostError, match="^store_unavailable$"), store.write() as database:
            database.execute(orphan)
