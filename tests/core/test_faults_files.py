"""Files that are not as they must be: found before anything is read, named, and left alone.

Each is met through the program, because that is where a person meets it.
"""

import json
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.custody import (
    DATABASE,
    KEY_FILE,
    a_connection,
    a_credential,
    custody,
    sql,
    without_keyring,  # noqa: F401 - a fixture
)
from inboxlink.cli.app import run
from inboxlink.consent.ledger import EntryKind
from inboxlink.errors import HostError
from inboxlink.store import engine
from inboxlink.store.engine import open_store
from inboxlink.types.credential import SecretName

pytestmark = pytest.mark.usefixtures("without_keyring")


@pytest.fixture
def data(home: Path) -> Path:
    """An installation with forty connections and as many rows of the ledger, closed."""
    directory = home / "data"
    with custody(directory) as (_, _, connections, ledger):
        for number in range(40):
            ledger.append(
                EntryKind.AUTOMATION, owner="alice", mailbox="m", provider="imap", details={}
            )
            connections.add(a_connection(number, settings={"k": "v" * 500}), a_credential())
    return directory


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory of somebody else."""
    (tmp_path / "outside").mkdir()
    return tmp_path / "outside"


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """Exit status and JSON of a command that reads connections, key and ledger."""
    capsys.readouterr()
    status = run(["--json", *(arguments or ("consent", "verify"))])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return status, json.loads(captured.out)


def state(root: Path) -> dict[str, tuple[object, ...]]:
    """Names, kinds, modes, owners and contents of everything in a directory."""
    found: dict[str, tuple[object, ...]] = {}
    for path in (root, *sorted(root.rglob("*"))):
        info = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(info.st_mode) else None
        link = path.readlink() if path.is_symlink() else None
        found[str(path)] = (info.st_mode, info.st_uid, info.st_nlink, content, link)
    return found


def chmod(name: str, mode: int) -> Callable[[Path, Path], None]:
    return lambda data, _: (data / name).chmod(mode)


def symlink(name: str) -> Callable[[Path, Path], None]:
    def act(data: Path, outside: Path) -> None:
        (data / name).replace(outside / "file")
        (data / name).symlink_to(outside / "file")

    return act


def hard_link(name: str) -> Callable[[Path, Path], None]:
    return lambda data, outside: (outside / "file").hardlink_to(data / name)


def fifo(name: str) -> Callable[[Path, Path], None]:
    def act(data: Path, _: Path) -> None:
        (data / name).unlink()
        os.mkfifo(data / name, 0o600)

    return act


def give_away(name: str) -> Callable[[Path, Path], None]:
    def act(data: Path, _: Path) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can give a file away")
        os.chown(data / name, 12345, -1)

    return act


def exposed_beside(suffix: str) -> Callable[[Path, Path], None]:
    def act(data: Path, _: Path) -> None:
        (data / f"{DATABASE}{suffix}").touch()
        (data / f"{DATABASE}{suffix}").chmod(0o644)

    return act


def moved_directory(data: Path, outside: Path) -> None:
    data.replace(outside / "data")
    data.symlink_to(outside / "data")


EXPOSED: dict[str, Callable[[Path, Path], None]] = {
    **{
        f"{name} {mode:o}": chmod(name, mode)
        for name in (DATABASE, KEY_FILE)
        for mode in (0o644, 0o660, 0o602, 0o610, 0o666)
    },
    **{f"directory {mode:o}": chmod("", mode) for mode in (0o777, 0o1777, 0o755, 0o701, 0o720)},
    **{f"symlinked {name}": symlink(name) for name in (DATABASE, KEY_FILE)},
    "symlinked directory": moved_directory,
    **{f"hard link of {name}": hard_link(name) for name in (DATABASE, KEY_FILE)},
    **{f"pipe {name}": fifo(name) for name in (DATABASE, KEY_FILE)},
    **{f"foreign {name or 'directory'}": give_away(name) for name in (DATABASE, KEY_FILE, "")},
    **{f"exposed {suffix}": exposed_beside(suffix) for suffix in ("-wal", "-shm", "-journal")},
}


@pytest.mark.parametrize("act", EXPOSED.values(), ids=EXPOSED)
def test_an_exposed_file_is_refused_and_left_alone(
    data: Path, outside: Path, act: Callable[[Path, Path], None], capsys: Any
) -> None:
    """A file or directory that others can reach is `file_exposed`, named, and not touched."""
    act(data, outside)
    before = state(data.parent), state(outside)
    status, found = said(capsys)
    assert (status, found["error"]["code"]) == (14, "file_exposed")
    assert found["error"]["blame"] == "operator"
    assert str(data) in found["error"]["message"]
    assert (state(data.parent), state(outside)) == before


# --- damage ---


def cut(size: Callable[[int], int]) -> Callable[[Path], None]:
    def act(path: Path) -> None:
        os.truncate(path, size(path.stat().st_size))

    return act


DAMAGED: dict[str, Callable[[Path], None]] = {
    "zero length": cut(lambda _: 0),
    "one byte": cut(lambda _: 1),
    "half a header": cut(lambda _: 50),
    "the header alone": cut(lambda _: 100),
    "most of a page": cut(lambda _: 4095),
    "one page": cut(lambda _: 4096),
    "half": cut(lambda size: size // 2),
    "but a page": cut(lambda size: size - 4096),
    "but a byte": cut(lambda size: size - 1),
    "something else": lambda path: path.write_bytes(b"something else" * 1000) and None,
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)) and None,
}


@pytest.mark.parametrize("act", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_database_is_corrupt_and_left_alone(
    data: Path, act: Callable[[Path], None], capsys: Any
) -> None:
    """A database that lost bytes is `store_corrupt`, and no new one is made in its place."""
    act(data / DATABASE)
    before = state(data)
    status, found = said(capsys)
    assert (status, found["error"]["code"]) == (14, "store_corrupt")
    assert state(data) == before


def test_a_database_that_lost_itself_but_not_its_wal_is_corrupt(data: Path, capsys: Any) -> None:
    """Where only the -wal is left, or the database beside it was emptied, nothing is thrown away.

    SQLite would take the database for a new one and delete the -wal, with rows that are durable.
    """
    with custody(data) as (_, _, connections, _):
        connections.add(a_connection(99), a_credential())
        wal = (data / f"{DATABASE}-wal").read_bytes()
        whole = (data / DATABASE).read_bytes()
    assert len(wal) > 4096
    for emptied in (None, b""):
        (data / DATABASE).unlink()
        (data / f"{DATABASE}-wal").write_bytes(wal)
        (data / f"{DATABASE}-wal").chmod(0o600)
        if emptied is not None:
            (data / DATABASE).write_bytes(emptied)
            (data / DATABASE).chmod(0o600)
        status, found = said(capsys)
        assert (status, found["error"]["code"]) == (14, "store_corrupt")
        assert (data / f"{DATABASE}-wal").read_bytes() == wal
        (data / DATABASE).write_bytes(whole)
        (data / DATABASE).chmod(0o600)
    with custody(data) as (_, _, connections, _):  # brought back, it has every row
        assert connections.credential("c0099").secrets


def test_a_killed_birth_is_no_hindrance(tmp_path: Path) -> None:
    """What a process left that was killed while it made the database is taken away."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    for name in (f".{DATABASE}.new", f".{DATABASE}.new-journal"):
        (data / name).write_bytes(b"half")
    open_store(None, data).close()
    assert [path.name for path in data.iterdir()] == [DATABASE]


@pytest.mark.parametrize("revision", ["9999", "f00d"])
def test_a_newer_store_is_named(data: Path, revision: str, capsys: Any) -> None:
    """A store of a newer version is `store_newer`, and not one byte of it changes."""
    sql(data, "UPDATE alembic_version SET version_num = :to", to=revision)
    before = state(data)
    status, found = said(capsys)
    assert (status, found["error"]["code"]) == (14, "store_newer")
    assert state(data) == before


def test_a_locked_store_is_busy(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Where another process holds the database a change is `store_busy`, and none of it stays."""
    pragmas = tuple("busy_timeout = 20" if "busy" in each else each for each in engine._PRAGMAS)
    monkeypatch.setattr(engine, "_PRAGMAS", pragmas)
    with closing(sqlite3.connect(data / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for arguments in (
            ("accounts", "automation", "c0001", "on"),
            ("accounts", "disconnect", "c0001", "--yes"),
            ("vault", "rotate"),
        ):
            status, found = said(capsys, *arguments)
            assert (status, found["error"]["code"]) == (14, "store_busy"), arguments
        assert said(capsys)[0] == 0, "readers go on"
        other.execute("ROLLBACK")
    with custody(data) as (_, _, connections, ledger):
        assert len(ledger.entries()) == 40
        assert not connections.get("c0001").inbox_automation
        assert connections.credential("c0001").secrets
    assert said(capsys, "vault", "rotate")[1]["resealed"] == 40, "the rotation goes on"


# --- the key ---


def flip_a_digit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    place = content.index(b'["') + 2
    content[place] = ord("B" if content[place] == ord("A") else "A")
    path.write_bytes(content)


KEYS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "key_missing"),
    "empty": (lambda path: path.write_bytes(b""), "key_invalid"),
    "truncated": (cut(lambda size: size // 2), "key_invalid"),
    "another": (
        lambda path: path.write_text(json.dumps({"keys": ["QUFB" * 10 + "QUE="]})),
        "key_missing",
    ),
    "flipped": (flip_a_digit, "key_missing"),
    "not base64": (lambda path: path.write_text('{"keys": ["?"]}'), "key_invalid"),
}


@pytest.mark.parametrize(("act", "code"), KEYS.values(), ids=KEYS)
def test_a_key_that_is_not_the_recorded_one_is_never_replaced(
    data: Path, act: Callable[[Path], object], code: str, capsys: Any
) -> None:
    """Without the key that the store records every command ends typed, and no key is made."""
    kept = (data / KEY_FILE).read_bytes()
    act(data / KEY_FILE)
    before = state(data)
    for arguments in ((), ("vault", "rotate"), ("accounts", "disconnect", "c0001", "--yes")):
        status, found = said(capsys, *arguments)
        assert (status, found["error"]["code"]) == (14, code)
        assert found["error"]["blame"] == "operator"
    assert state(data) == before
    (data / KEY_FILE).write_bytes(kept)
    (data / KEY_FILE).chmod(0o600)
    assert said(capsys)[0] == 0


@pytest.fixture
def filled(data: Path) -> Iterator[Any]:
    with custody(data) as (_, _, connections, _):
        yield connections


SWAP_ROWS = (
    "UPDATE connection_secret SET sealed = (SELECT sealed FROM connection_secret"
    " WHERE connection_id = 'c0002') WHERE connection_id = 'c0001'"
)
SEALED: dict[str, str] = {
    "another row's": SWAP_ROWS,
    "another field's": "UPDATE connection_secret SET name = 'refresh_token'"
    " WHERE connection_id = 'c0001'",
    "another connection's row": "UPDATE connection_secret SET connection_id = 'c0900'"
    " WHERE connection_id = 'c0001'",
    **{
        f"cut to {length}": f"UPDATE connection_secret SET sealed = substr(sealed, 1, {length})"
        " WHERE connection_id = 'c0001'"
        for length in (0, 1, 8, 20, 21, 36)
    },
}


@pytest.mark.parametrize("place", [0, 9, 20, 21, 40])
def test_a_flipped_byte_is_refused(data: Path, filled: Any, place: int) -> None:
    """A byte of the version, the nonce, the text or the tag that was flipped is `sealed_broken`."""
    ((before,),) = sql(data, "SELECT sealed FROM connection_secret WHERE connection_id = 'c0001'")
    flipped = bytearray(before)
    flipped[place] ^= 0x5A
    sql(
        data,
        "UPDATE connection_secret SET sealed = :sealed WHERE connection_id = 'c0001'",
        sealed=bytes(flipped),
    )
    with pytest.raises(HostError, match="^sealed_broken$"):
        filled.credential("c0001")
    assert filled.credential("c0002").secrets


@pytest.mark.parametrize("statement", SEALED.values(), ids=SEALED)
def test_a_secret_that_was_touched_is_refused(data: Path, filled: Any, statement: str) -> None:
    """A ciphertext that was moved, flipped or cut is `sealed_broken`, and the others open."""
    before = sql(data, "SELECT sealed FROM connection_secret WHERE connection_id = 'c0001'")
    if "c0900" in statement:
        filled.add(a_connection(900), a_credential())
        sql(data, "DELETE FROM connection_secret WHERE connection_id = 'c0900'")
    sql(data, statement)
    touched = sql(data, "SELECT connection_id, name, sealed FROM connection_secret")
    assert ("c0001", "password", before[0][0]) not in touched
    broken = "c0900" if "c0900" in statement else "c0001"
    with pytest.raises(HostError, match="^sealed_broken$"):
        filled.credential(broken)
    assert filled.credential("c0003").secret(SecretName.PASSWORD) == a_credential().secret(
        SecretName.PASSWORD
    )
