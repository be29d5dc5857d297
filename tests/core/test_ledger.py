"""The consent ledger: what it says, and that nobody can change it unseen."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.custody import (
    KEY_FILE,
    NOW,
    a_connection,
    a_credential,
    child,
    custody,
    sql,
    together,
    without_keyring,  # noqa: F401 - a fixture
)
from inboxlink.consent.chain import GENESIS, MAC_PURPOSE, head_bytes, row_hash
from inboxlink.consent.checking import Flaw, read_export
from inboxlink.consent.ledger import Entry, EntryKind, Ledger, LedgerVerdict
from inboxlink.errors import HostError, SetupError
from inboxlink.store.rotation import rotate
from inboxlink.vault import Vault

pytestmark = pytest.mark.usefixtures("without_keyring")

MAILBOX = "me@example.com"
DIGEST = "d" * 64
ROWS = 6


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def acknowledge(ledger: Ledger, **changes: Any) -> Entry:
    said: dict[str, Any] = {"owner": "alice", "mailbox": MAILBOX, "provider": "imap"}
    details = {"disclosure": "imap.password", "version": 1, "digest": DIGEST}
    details |= {name: changes.pop(name) for name in list(changes) if name in details}
    return ledger.append(EntryKind.ACKNOWLEDGED, **{**said, **changes}, details=details)


def say(ledger: Ledger, kind: EntryKind, **changes: Any) -> Entry:
    said = {"owner": "alice", "mailbox": MAILBOX, "provider": "imap", "details": {}, **changes}
    return ledger.append(kind, **said)


@contextmanager
def opened_ledger(data: Path) -> Iterator[Ledger]:
    with custody(data) as (_, _, _, ledger):
        yield ledger


@pytest.fixture
def written(data: Path) -> Path:
    """A ledger of six rows, all different."""
    with opened_ledger(data) as ledger:
        for number in range(ROWS):
            acknowledge(ledger, owner=f"person{number}", version=number)
    return data


def verdict(data: Path) -> LedgerVerdict:
    with opened_ledger(data) as ledger:
        return ledger.verify()


def test_an_empty_ledger_is_whole(data: Path) -> None:
    """A ledger without rows verifies, and exports nothing."""
    with opened_ledger(data) as ledger:
        assert ledger.verify() == LedgerVerdict(ok=True, count=0)
        assert list(ledger.export()) == []
        assert ledger.entries() == []


@pytest.mark.parametrize("kind", list(EntryKind))
def test_a_row_says_what_was_said(data: Path, kind: EntryKind) -> None:
    """What is appended is what is read, of every kind and with any text."""
    details = {"ä": "\"'\\\n\0 {5}", "n": 1, "list": [1, None, True], "nested": {"b": 1, "a": 2}}
    with opened_ledger(data) as ledger:
        entry = say(ledger, kind, owner="ålice", details=details)
        assert ledger.entries() == [entry]
        assert ledger.verify() == LedgerVerdict(ok=True, count=1)
    assert (entry.n, entry.at, entry.kind, entry.host) == (1, NOW, kind, "host.test")
    assert entry.details == details
    assert json.loads(json.dumps(entry.document()))["at"] == "2026-03-04T05:06:07.000089+00:00"


def test_a_row_is_durable_when_append_returns(data: Path) -> None:
    """A process that is killed right after `append` leaves the row to the next one."""
    # req 107
    script = """
import os, signal
from pathlib import Path
from core.custody import opened, NOW
from inboxlink.consent.ledger import EntryKind, Ledger
store, vault = opened(Path(sys.argv[1]))
Ledger(store, vault, "host.test", lambda: NOW).append(
    EntryKind.ACKNOWLEDGED, owner="alice", mailbox="me@example.com", provider="imap",
    details={"disclosure": "imap.password", "version": 1, "digest": "d" * 64},
)
os.kill(os.getpid(), signal.SIGKILL)
"""
    process = child(script, data)
    _, err = process.communicate()
    assert (process.returncode, err) == (-9, "")
    with opened_ledger(data) as ledger:
        assert ledger.acknowledged("alice", MAILBOX, "imap", "imap.password", 1, DIGEST)
        assert ledger.verify() == LedgerVerdict(ok=True, count=1)


def test_a_row_is_seen_by_others_when_append_returns(data: Path) -> None:
    """Another connection reads the row at once, so nothing waits for a close."""
    # req 107
    with opened_ledger(data) as ledger:
        acknowledge(ledger)
        assert sql(data, "SELECT n FROM ledger_entry") == [(1,)]
        assert sql(data, "SELECT n FROM ledger_head") == [(1,)]


def test_a_row_that_cannot_be_written_leaves_the_ledger_whole(data: Path) -> None:
    """Where the head cannot be written, the row is not there either."""
    # req 107, req 109
    with opened_ledger(data) as ledger:
        acknowledge(ledger)
        sql(
            data,
            "CREATE TRIGGER refuse BEFORE INSERT ON ledger_head"
            " BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        with pytest.raises(HostError, match="^store_unavailable$"):
            acknowledge(ledger)
        assert ledger.verify() == LedgerVerdict(ok=True, count=1)
        sql(data, "DROP TRIGGER refuse")
        assert acknowledge(ledger).n == 2
        assert ledger.verify() == LedgerVerdict(ok=True, count=2)


def test_a_row_belongs_to_the_transaction_that_it_is_given(data: Path) -> None:
    """Until its transaction ends nobody else sees the row, and where that fails it never was."""
    with custody(data) as (store, _, _, ledger):
        acknowledge(ledger)

        def give_up() -> None:
            with store.write() as database:
                assert acknowledge(ledger, within=database).n == 2
                raise LookupError

        with pytest.raises(LookupError):
            give_up()
        assert ledger.verify() == LedgerVerdict(ok=True, count=1)
        with store.write() as database:
            assert acknowledge(ledger, within=database).n == 2
            assert acknowledge(ledger, within=database).n == 3
            assert sql(data, "SELECT max(n) FROM ledger_entry") == [(1,)]
        assert ledger.verify() == LedgerVerdict(ok=True, count=3)


def test_details_that_are_no_json_are_refused_whole(data: Path) -> None:
    """What JSON or UTF-8 cannot say is `entry_invalid`, and nothing of it is written."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with opened_ledger(data) as ledger:
        acknowledge(ledger)
        for value in (object(), "\ud800", "a\udcff", float("nan"), b"bytes", deep):
            with pytest.raises(HostError, match="^entry_invalid$"):
                say(ledger, EntryKind.REVOKED, details={"x": value})
        for name in ("owner", "mailbox", "provider"):
            with pytest.raises(HostError, match="^entry_invalid$"):
                say(ledger, EntryKind.REVOKED, **{name: "\udcff"})
        assert ledger.verify() == LedgerVerdict(ok=True, count=1)
        assert acknowledge(ledger).n == 2


def test_each_row_is_bound_to_the_one_before(written: Path) -> None:
    """The hashes are those of the published rules, from 64 zeros on."""
    rows = sql(written, "SELECT n, content, previous, hash FROM ledger_entry ORDER BY n")
    before = "0" * 64
    for number, (n, content, previous, digest) in enumerate(rows, 1):
        assert (n, previous) == (number, before)
        before = hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()
        assert digest == before
        said = json.loads(content)
        assert content == json.dumps(
            said, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
    assert sql(written, "SELECT n, hash FROM ledger_head") == [(ROWS, before)]


# --- tampering ---

SWAP = (
    "UPDATE ledger_entry SET n = -1 WHERE n = {0}",
    "UPDATE ledger_entry SET n = {0} WHERE n = {1}",
    "UPDATE ledger_entry SET n = {1} WHERE n = -1",
)


def edit(n: int) -> str:
    return f"UPDATE ledger_entry SET content = replace(content, 'imap', 'pop3') WHERE n = {n}"


def swap(one: int, two: int) -> tuple[str, ...]:
    return tuple(step.format(one, two) for step in SWAP)


def cut(n: int) -> str:
    return f"DELETE FROM ledger_entry WHERE n > {n}"


#: What is done with the database, the row at which that is found, and as what.
TAMPERED: dict[str, tuple[tuple[str, ...], int, Flaw]] = {
    **{f"edit {n}": ((edit(n),), n, Flaw.EDITED) for n in range(1, ROWS + 1)},
    "edit two": ((edit(5), edit(3)), 3, Flaw.EDITED),
    "time": (
        ("UPDATE ledger_entry SET content = replace(content, '2026', '2025') WHERE n = 2",),
        2,
        Flaw.EDITED,
    ),
    "not json": (("UPDATE ledger_entry SET content = 'x' WHERE n = 2",), 2, Flaw.EDITED),
    "blob": (("UPDATE ledger_entry SET content = x'ff00' WHERE n = 2",), 2, Flaw.EDITED),
    "owner": (
        ("UPDATE ledger_entry SET owner = 'mallory' WHERE n = 4",),
        4,
        Flaw.COLUMNS_EDITED,
    ),
    "mailbox": (
        ("UPDATE ledger_entry SET mailbox = 'x@example.com' WHERE n = 4",),
        4,
        Flaw.COLUMNS_EDITED,
    ),
    "hash": (("UPDATE ledger_entry SET hash = 'ab' WHERE n = 4",), 4, Flaw.EDITED),
    "hash blob": (("UPDATE ledger_entry SET hash = x'ff' WHERE n = 4",), 4, Flaw.EDITED),
    "previous": (("UPDATE ledger_entry SET previous = 'ab' WHERE n = 4",), 4, Flaw.MOVED),
    **{
        f"delete {n}": ((f"DELETE FROM ledger_entry WHERE n = {n}",), n, Flaw.MISSING)
        for n in range(1, ROWS)
    },
    "delete and close up": (
        ("DELETE FROM ledger_entry WHERE n = 3", "UPDATE ledger_entry SET n = n - 1 WHERE n > 3"),
        3,
        Flaw.MOVED,
    ),
    "swap neighbours": (swap(2, 3), 2, Flaw.MOVED),
    "swap far": (swap(2, 5), 2, Flaw.MOVED),
    "swap ends": (swap(1, 6), 1, Flaw.MOVED),
    "insert": (
        (
            "INSERT INTO ledger_entry SELECT 7, owner, mailbox, content, previous, hash"
            " FROM ledger_entry WHERE n = 6",
        ),
        7,
        Flaw.MOVED,
    ),
    "insert before": (
        (
            "INSERT INTO ledger_entry SELECT 0, owner, mailbox, content, previous, hash"
            " FROM ledger_entry WHERE n = 1",
        ),
        1,
        Flaw.MISSING,
    ),
    **{f"cut to {n}": ((cut(n),), n + 1, Flaw.CUT) for n in range(ROWS)},
    "cut and repair the head": (
        (
            cut(4),
            "UPDATE ledger_head SET n = 4, hash = (SELECT hash FROM ledger_entry WHERE n = 4)",
        ),
        4,
        Flaw.HEAD_EDITED,
    ),
    "cut with the head": ((cut(4), "DELETE FROM ledger_head"), 4, Flaw.HEAD_MISSING),
    "delete the head": (("DELETE FROM ledger_head",), ROWS, Flaw.HEAD_MISSING),
    "head n": (("UPDATE ledger_head SET n = 5",), ROWS, Flaw.HEAD_EDITED),
    "head n text": (("UPDATE ledger_head SET n = 'x'",), ROWS, Flaw.HEAD_EDITED),
    "head hash": (("UPDATE ledger_head SET hash = 'ab'",), ROWS, Flaw.HEAD_EDITED),
    "head mac": (
        ("UPDATE ledger_head SET mac = 'é' || substr(mac, 2)",),
        ROWS,
        Flaw.HEAD_EDITED,
    ),
    "head mac blob": (("UPDATE ledger_head SET mac = x'ff'",), ROWS, Flaw.HEAD_EDITED),
    "head key": (
        ("UPDATE ledger_head SET key_id = '0123456789abcdef'",),
        ROWS,
        Flaw.HEAD_EDITED,
    ),
}


@pytest.mark.parametrize(("statements", "row", "flaw"), TAMPERED.values(), ids=TAMPERED)
def test_tampering_is_found_and_placed(
    written: Path, statements: tuple[str, ...], row: int, flaw: Flaw
) -> None:
    """Whatever is changed with a shell is found, with the number of the first row concerned."""
    assert verdict(written).ok
    sql(written, *statements)
    found = verdict(written)
    assert (found.ok, found.broken_at, found.reason) == (False, row, flaw)
    assert found.count == sql(written, "SELECT count(*) FROM ledger_entry")[0][0]
    with opened_ledger(written) as ledger, pytest.raises(HostError, match="^ledger_broken$"):
        is_acknowledged(ledger, owner="person0", version=0)


def test_text_that_is_none_is_corrupt(written: Path) -> None:
    """A row that is not UTF-8 any more is `store_corrupt`, and no error of the driver."""
    sql(written, "UPDATE ledger_entry SET content = CAST(x'ff' AS TEXT) WHERE n = 3")
    with pytest.raises(HostError, match="^store_corrupt$"):
        verdict(written)


def forged(written: Path, change: Callable[[dict[str, Any]], None], first: int) -> str:
    """Write the rows from `first` on anew, with hashes that fit; the last of them."""
    rows = sql(written, "SELECT n, content FROM ledger_entry ORDER BY n")
    previous = GENESIS
    for n, content in rows:
        said = json.loads(content)
        if n >= first:
            change(said)
        changed = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = row_hash(previous, changed)
        sql(
            written,
            "UPDATE ledger_entry SET content = :content, previous = :previous, hash = :hash,"
            " owner = :owner WHERE n = :n",
            content=changed,
            previous=previous,
            hash=digest,
            owner=said["owner"],
            n=n,
        )
        previous = digest
    return previous


def test_a_rewritten_chain_is_found(written: Path) -> None:
    """Rows that were edited and hashed anew to the end do not match the authenticated head."""
    last = forged(written, lambda said: said.update(owner="mallory"), 4)
    assert verdict(written) == LedgerVerdict(
        ok=False, count=ROWS, broken_at=ROWS, reason=Flaw.REWRITTEN
    )
    sql(written, "UPDATE ledger_head SET hash = :hash", hash=last)
    assert verdict(written).reason is Flaw.HEAD_EDITED


def test_a_row_without_a_meaning_is_found(written: Path) -> None:
    """A row that is hashed anew but says nothing a row can say is placed all the same."""
    (previous,) = sql(written, "SELECT previous FROM ledger_entry WHERE n = 6")[0]
    for content in ("x", "[]", "5", "{}"):
        sql(
            written,
            "UPDATE ledger_entry SET content = :content, hash = :hash WHERE n = 6",
            content=content,
            hash=row_hash(previous, content),
        )
        found = verdict(written)
        assert (found.broken_at, found.reason) == (6, Flaw.COLUMNS_EDITED)


def test_a_forged_acknowledgement_is_found_and_counts_for_nothing(written: Path) -> None:
    """A row that somebody without the key appends, chained as it should be, is not believed."""
    # req 107
    content, previous = sql(written, "SELECT content, hash FROM ledger_entry WHERE n = 6")[0]
    said = json.loads(content)
    said["owner"] = "mallory"
    content = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    sql(
        written,
        "INSERT INTO ledger_entry SELECT 7, 'mallory', mailbox, :content, :previous, :hash"
        " FROM ledger_entry WHERE n = 6",
        content=content,
        previous=previous,
        hash=row_hash(previous, content),
    )
    assert verdict(written) == LedgerVerdict(ok=False, count=7, broken_at=7, reason=Flaw.ADDED)
    with opened_ledger(written) as ledger, pytest.raises(HostError, match="^ledger_broken$"):
        is_acknowledged(ledger, owner="mallory", version=5)


@pytest.mark.parametrize("column", ["owner", "mailbox"])
def test_a_disconnect_cannot_be_hidden(data: Path, column: str) -> None:
    """A `disconnected` row whose columns name somebody else does not revive what it ended."""
    # req 107, req 110
    with opened_ledger(data) as ledger:
        acknowledge(ledger)
        say(ledger, EntryKind.DISCONNECTED)
        assert not is_acknowledged(ledger)
        sql(data, f"UPDATE ledger_entry SET {column} = 'else@example.com' WHERE n = 2")
        with pytest.raises(HostError, match="^ledger_broken$"):
            is_acknowledged(ledger)


def test_an_emptied_ledger_is_found_while_somebody_is_connected(data: Path) -> None:
    """Where mailboxes are connected, a ledger without rows and head is not believed."""
    with custody(data) as (_, _, connections, ledger):
        acknowledge(ledger)
        connections.add(a_connection(), a_credential())
        sql(data, "DELETE FROM ledger_entry", "DELETE FROM ledger_head")
        assert ledger.verify() == LedgerVerdict(ok=False, count=0, broken_at=1, reason=Flaw.EMPTIED)


# --- against an export ---


def export_to(file: Path, data: Path) -> tuple[str, ...]:
    with opened_ledger(data) as ledger:
        file.write_text("".join(json.dumps(line) + "\n" for line in ledger.export()))
    return read_export(file)


def snapshot(data: Path) -> Callable[[], None]:
    """Remembers the ledger as it is, and can put it back."""
    tables = ("ledger_entry", "ledger_head")
    kept = {table: sql(data, f"SELECT * FROM {table}") for table in tables}

    def restore() -> None:
        for table, rows in kept.items():
            sql(data, f"DELETE FROM {table}")
            for row in rows:
                values = {f"v{place}": value for place, value in enumerate(row)}
                names = ", ".join(f":{name}" for name in values)
                sql(data, f"INSERT INTO {table} VALUES ({names})", **values)

    return restore


def test_a_ledger_that_went_on_fits_its_export(written: Path, tmp_path: Path) -> None:
    """Rows that came after an export change nothing of what it vouches for, a new key neither."""
    exported = export_to(tmp_path / "export", written)
    assert len(exported) == ROWS
    with custody(written) as (store, vault, _, ledger):
        assert ledger.verify(exported) == LedgerVerdict(ok=True, count=ROWS)
        acknowledge(ledger)
        rotate(store, vault)
        assert ledger.verify(exported) == LedgerVerdict(ok=True, count=ROWS + 1)


@pytest.mark.parametrize("rows", [0, 1, 4, 5])
def test_an_older_state_is_found_against_an_export(data: Path, tmp_path: Path, rows: int) -> None:
    """An authentic older state that was put back, the empty one too, lacks rows of the export."""
    with opened_ledger(data) as ledger:
        for _ in range(rows):
            acknowledge(ledger)
        restore = snapshot(data)
        for _ in range(6 - rows):
            acknowledge(ledger)
    exported = export_to(tmp_path / "export", data)
    restore()
    with opened_ledger(data) as ledger:
        assert ledger.verify() == LedgerVerdict(ok=True, count=rows)
        assert ledger.verify(exported) == LedgerVerdict(
            ok=False, count=rows, broken_at=rows + 1, reason=Flaw.OLDER
        )
        for _ in range(7 - rows):  # and what is written on top of it is another history
            acknowledge(ledger, owner="later")
        assert ledger.verify().ok
        assert ledger.verify(exported) == LedgerVerdict(
            ok=False, count=7, broken_at=rows + 1, reason=Flaw.DIFFERENT
        )


def test_a_history_of_the_keys_owner_is_found_against_an_export(
    written: Path, tmp_path: Path
) -> None:
    """Whoever has the key can write another history, but not into an export kept elsewhere."""
    exported = export_to(tmp_path / "export", written)
    last = forged(written, lambda said: said.update(owner="mallory"), 3)
    with custody(written) as (_, vault, _, ledger):
        key_id, mac = vault.mac(MAC_PURPOSE, head_bytes(ROWS, last))
        sql(
            written,
            "UPDATE ledger_head SET hash = :h, key_id = :k, mac = :m",
            h=last,
            k=key_id,
            m=mac,
        )
        assert ledger.verify().ok
        found = ledger.verify(exported)
    assert (found.broken_at, found.reason) == (3, Flaw.DIFFERENT)


BAD_EXPORTS: dict[str, Callable[[list[str]], list[str]]] = {
    "empty": lambda lines: [],
    "without its head": lambda lines: lines[:-1],
    "without its end": lambda lines: [*lines[:-2], lines[-1]],
    "without its beginning": lambda lines: lines[1:],
    "the head alone": lambda lines: lines[-1:],
    "edited": lambda lines: [lines[0].replace("person0", "mallory"), *lines[1:]],
    "swapped": lambda lines: [lines[1], lines[0], *lines[2:]],
    "twice": lambda lines: lines * 2,
    "cut within a line": lambda lines: [*lines[:-1], lines[-1][:-20]],
    "no JSON": lambda lines: ["not json"],
    "other JSON": lambda lines: ["[]"],
    "a number": lambda lines: ["5"],
    "another object": lambda lines: ["{}"],
    "odd head": lambda lines: ['{"head": 5}'],
    "deep": lambda lines: ["[" * 100_000],
}


@pytest.mark.parametrize("change", BAD_EXPORTS.values(), ids=BAD_EXPORTS)
def test_an_export_that_is_none_vouches_for_nothing(
    written: Path, tmp_path: Path, change: Callable[[list[str]], list[str]]
) -> None:
    """A file that is no whole export is `export_invalid`, and never passes as a small one."""
    file = tmp_path / "export"
    export_to(file, written)
    file.write_text("\n".join(change(file.read_text().splitlines())))
    with pytest.raises(SetupError, match="^export_invalid$") as caught:
        read_export(file)
    assert caught.value.problem.message.params == {"path": str(file)}


def test_an_export_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, a directory and bytes that are no text are `export_invalid` too."""
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for name in ("missing", ".", "bytes"):
        with pytest.raises(SetupError, match="^export_invalid$"):
            read_export(tmp_path / name)


REFUSED = [
    name for name in TAMPERED if "head" in name or "cut" in name or name in ("edit 6", "insert")
]


@pytest.mark.parametrize("name", [*REFUSED, "tail hash", "tail owner", "tail json"])
def test_nothing_is_added_to_a_broken_end(written: Path, name: str) -> None:
    """With another head or tail than was written, `append` is `ledger_broken` and adds nothing."""
    tails = {
        "tail hash": ("UPDATE ledger_entry SET hash = 'ab' WHERE n = 6",),
        "tail owner": ("UPDATE ledger_entry SET owner = 'mallory' WHERE n = 6",),
        "tail json": ("UPDATE ledger_entry SET content = 'x' WHERE n = 6",),
    }
    sql(written, *(tails.get(name) or TAMPERED[name][0]))
    state = ("SELECT * FROM ledger_entry ORDER BY n", "SELECT * FROM ledger_head")
    before = [sql(written, query) for query in state]
    with opened_ledger(written) as ledger, pytest.raises(HostError, match="^ledger_broken$"):
        acknowledge(ledger)
    assert [sql(written, query) for query in state] == before


def test_a_broken_row_is_not_read_as_an_acknowledgement(written: Path) -> None:
    """A row whose content is no longer JSON is `ledger_broken` where rows are read."""
    sql(written, "UPDATE ledger_entry SET content = 'x' WHERE n = 2")
    with opened_ledger(written) as ledger:
        with pytest.raises(HostError, match="^ledger_broken$"):
            ledger.entries()
        with pytest.raises(HostError, match="^ledger_broken$"):
            ledger.acknowledged("person1", MAILBOX, "imap", "imap.password", 1, DIGEST)


# --- acknowledgements ---


def is_acknowledged(ledger: Ledger, **changes: Any) -> bool:
    asked: dict[str, Any] = {
        "owner": "alice",
        "mailbox": MAILBOX,
        "provider": "imap",
        "disclosure": "imap.password",
        "version": 1,
        "digest": DIGEST,
    }
    said = ledger.acknowledged(**{**asked, **changes})
    assert isinstance(said, bool)
    return said


@pytest.mark.parametrize(
    "other",
    [
        {"digest": "e" * 64},
        {"version": 2},
        {"version": 0},
        {"disclosure": "imap.other"},
        {"provider": "gmail"},
        {"mailbox": "you@example.com"},
        {"owner": "bob"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_only_what_was_said_is_acknowledged(data: Path, other: dict[str, Any]) -> None:
    """An acknowledgement holds for its person, mailbox, provider, text and version only."""
    with opened_ledger(data) as ledger:
        assert not is_acknowledged(ledger)
        acknowledge(ledger)
        assert is_acknowledged(ledger)
        assert not is_acknowledged(ledger, **other)
        acknowledge(ledger, **other)
        assert is_acknowledged(ledger, **other)
        assert is_acknowledged(ledger)


def test_a_disconnect_ends_acknowledgements(data: Path) -> None:
    """After `disconnected` the person is asked again, and what is said then holds again."""
    with opened_ledger(data) as ledger:
        acknowledge(ledger)
        acknowledge(ledger, version=2)
        say(ledger, EntryKind.DISCONNECTED)
        assert not is_acknowledged(ledger)
        assert not is_acknowledged(ledger, version=2)
        acknowledge(ledger)
        assert is_acknowledged(ledger)
        assert not is_acknowledged(ledger, version=2)


@pytest.mark.parametrize("change", [{"owner": "bob"}, {"mailbox": "you@example.com"}])
def test_a_disconnect_of_another_mailbox_ends_nothing(data: Path, change: dict[str, str]) -> None:
    """Somebody else's disconnect, or another mailbox's, leaves an acknowledgement standing."""
    with opened_ledger(data) as ledger:
        acknowledge(ledger)
        say(ledger, EntryKind.DISCONNECTED, **change)
        assert is_acknowledged(ledger)


@pytest.mark.parametrize("kind", [EntryKind.AUTOMATION, EntryKind.PARTIAL_ACCEPTED])
def test_other_rows_acknowledge_nothing(data: Path, kind: EntryKind) -> None:
    """A row of another kind with the same details is no acknowledgement, and ends none."""
    details = {"disclosure": "imap.password", "version": 1, "digest": DIGEST}
    with opened_ledger(data) as ledger:
        say(ledger, kind, details=details)
        assert not is_acknowledged(ledger)
        acknowledge(ledger)
        say(ledger, kind, details=details)
        assert is_acknowledged(ledger)


def test_entries_are_of_whom_they_were_asked(data: Path) -> None:
    """Rows can be read of one person, of one mailbox, of both, or of all."""
    with opened_ledger(data) as ledger:
        for owner, mailbox in (("a", "1@x.example"), ("a", "2@x.example"), ("b", "1@x.example")):
            acknowledge(ledger, owner=owner, mailbox=mailbox)
        numbers: Callable[..., list[int]] = lambda **by: [e.n for e in ledger.entries(**by)]  # noqa: E731
        assert numbers() == [1, 2, 3]
        assert numbers(owner="a") == [1, 2]
        assert numbers(mailbox="1@x.example") == [1, 3]
        assert numbers(owner="b", mailbox="1@x.example") == [3]
        assert numbers(owner="b", mailbox="2@x.example") == []


# --- the export ---


def rules_hold(lines: list[dict[str, Any]]) -> bool:
    """Check an export by the rules of `consent.chain`, with nothing of ours."""
    previous = "0" * 64
    *rows, last = lines
    for place, row in enumerate(rows, 1):
        joined = f"{previous}\n{row['content']}".encode()
        bound = (row["n"], row["previous"], row["hash"])
        if bound != (place, previous, hashlib.sha256(joined).hexdigest()):
            return False
        previous = row["hash"]
    return (last["head"]["n"], last["head"]["hash"]) == (len(rows), previous)


def test_an_export_can_be_checked_by_anybody(written: Path) -> None:
    """An export as lines of JSON follows the published rules; an edited one does not."""
    with opened_ledger(written) as ledger:
        text = "\n".join(json.dumps(line) for line in ledger.export())
    lines = [json.loads(line) for line in text.splitlines()]
    assert rules_hold(lines)
    assert not rules_hold([*lines[:2], *lines[3:]])
    assert not rules_hold([*lines[:-2], lines[-1]])
    assert not rules_hold([lines[1], lines[0], *lines[2:]])
    lines[2]["content"] = lines[2]["content"].replace("person2", "mallory")
    assert not rules_hold(lines)


def test_the_head_is_authenticated_with_a_key_of_its_own(written: Path) -> None:
    """The head's code is HMAC-SHA256 under a key derived from the vault's, which checks it."""
    secret = base64.b64decode(json.loads((written / KEY_FILE).read_text())["keys"][0])
    with custody(written) as (_, vault, _, ledger):
        head = list(ledger.export())[-1]["head"]
        content = head_bytes(head["n"], head["hash"])
        assert vault.check_mac(MAC_PURPOSE, content, head["key_id"], head["mac"])
    assert head["mac"] != hmac.new(secret, content, hashlib.sha256).hexdigest()
    derived = HKDF(SHA256(), 32, None, b"inboxlink mac ledger").derive(secret)
    assert head["mac"] == hmac.new(derived, content, hashlib.sha256).hexdigest()


def test_another_installations_key_does_not_vouch(written: Path, tmp_path: Path) -> None:
    """A ledger that is read with another key does not verify."""
    with custody(tmp_path / "other") as (_, other, _, _), custody(written) as (store, _, _, _):
        assert isinstance(other, Vault)
        found = Ledger(store, other, "host.test", lambda: NOW).verify()
    assert (found.ok, found.broken_at) == (False, ROWS)


def test_two_processes_write_one_chain(data: Path) -> None:
    """Two processes that append 20 rows each at the same time make one whole chain of 40."""
    script = """
from pathlib import Path
from core.custody import opened, NOW
from inboxlink.consent.ledger import EntryKind, Ledger
number = sys.argv[1]
store, vault = opened(Path(sys.argv[2]))
ledger = Ledger(store, vault, "host.test", lambda: NOW)
print("ready", flush=True)
input()
for count in range(20):
    ledger.append(EntryKind.AUTOMATION, owner=number, mailbox="me@example.com", provider="imap",
                  details={"count": count})
store.close()
"""
    together(script, 2, data)
    with opened_ledger(data) as ledger:
        assert ledger.verify() == LedgerVerdict(ok=True, count=40)
        for owner in ("0", "1"):
            assert [e.details["count"] for e in ledger.entries(owner=owner)] == list(range(20))


def test_reading_does_not_stop_a_writer(written: Path) -> None:
    """An export that is under way sees one state, whatever is appended meanwhile."""
    with opened_ledger(written) as ledger, closing(ledger.export()) as lines:
        next(lines)
        acknowledge(ledger)
        assert len(list(lines)) == ROWS
        assert len(list(ledger.export())) == ROWS + 2
