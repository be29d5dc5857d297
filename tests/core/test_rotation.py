"""The rotation of the key: everything readable afterwards, and at every moment in between."""

import base64
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    without_keyring,  # noqa: F401 - a fixture
)
from inboxlink.consent.ledger import EntryKind, Ledger
from inboxlink.errors import HostError
from inboxlink.flows.record import FlowRecord
from inboxlink.store.connections import Connections
from inboxlink.store.flows import SqlFlows
from inboxlink.store.keys import recorded_key
from inboxlink.store.rotation import rotate
from inboxlink.types.context import Purpose
from inboxlink.types.credential import SecretName
from inboxlink.vault import KeySource
from inboxlink.vault import keys as keys_module

pytestmark = pytest.mark.usefixtures("without_keyring")

COUNT = 30
ONE, TWO = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def fill(connections: Connections, ledger: Ledger) -> None:
    for number in range(COUNT // 2):
        connections.add(
            a_connection(number), a_credential(f"in {number}", outgoing_password=f"out {number}")
        )
    for number in range(3):
        say(ledger, number)


def say(ledger: Ledger, number: int) -> None:
    ledger.append(
        EntryKind.AUTOMATION,
        owner="alice",
        mailbox="me@example.com",
        provider="imap",
        details={"number": number},
    )


def assert_whole(connections: Connections, ledger: Ledger) -> None:
    for number in range(COUNT // 2):
        found = connections.credential(f"c{number:04}")
        assert found.secret(SecretName.PASSWORD) == f"in {number}"
        assert found.secret(SecretName.OUTGOING_PASSWORD) == f"out {number}"
    verdict = ledger.verify()
    assert verdict.ok, verdict.reason


@pytest.fixture
def filled(data: Path) -> Path:
    """Thirty secrets and three rows of the ledger."""
    with custody(data) as (_, _, connections, ledger):
        fill(connections, ledger)
    return data


def keys_of(data: Path) -> list[str]:
    listed: list[str] = json.loads((data / KEY_FILE).read_text())["keys"]
    return listed


def ids_that_seal(data: Path) -> set[str]:
    return {row[0][1:9].hex() for row in sql(data, "SELECT sealed FROM connection_secret")}


@pytest.mark.parametrize("batch", [1, 7, 29, 30, 31, 100])
def test_everything_is_readable_after_a_rotation(filled: Path, batch: int) -> None:
    """In batches of any size every secret is sealed anew, and the old key is forgotten."""
    before = keys_of(filled)
    with custody(filled) as (store, vault, connections, ledger):
        old = vault.key_id
        result = rotate(store, vault, batch)
        assert result.key_id == vault.key_id != old
        assert result.resealed == COUNT
        assert_whole(connections, ledger)
        assert recorded_key(store) == vault.recorded
    assert ids_that_seal(filled) == {result.key_id}
    assert len(keys_of(filled)) == 1
    assert not set(keys_of(filled)) & set(before)
    with custody(filled) as (_, vault, connections, ledger):
        assert vault.key_id == result.key_id
        assert_whole(connections, ledger)
        say(ledger, 3)
        assert ledger.verify().ok


def test_the_old_key_is_nowhere_in_the_directory(filled: Path) -> None:
    """After a rotation no file holds the old key, and the old key opens nothing that is kept."""
    (old,) = keys_of(filled)
    with custody(filled) as (store, vault, _, _):
        rotate(store, vault)
    assert not [path for path in filled.iterdir() if old.encode() in path.read_bytes()]
    assert sorted(path.name for path in filled.iterdir()) == [DATABASE, KEY_FILE, "vault.lock"]


def test_an_empty_store_can_be_rotated(data: Path) -> None:
    """A rotation with nothing to seal changes the key only."""
    with custody(data) as (store, vault, connections, ledger):
        old = vault.key_id
        assert rotate(store, vault).resealed == 0
        assert vault.key_id != old
        say(ledger, 0)
        connections.add(a_connection(), a_credential())
    with custody(data) as (_, _, connections, ledger):
        assert connections.credential("c0001").secret(SecretName.PASSWORD) == PASSWORD
        assert ledger.verify().ok


def test_rotating_twice_is_two_rotations(filled: Path) -> None:
    """A second rotation begins anew once the first one is complete."""
    with custody(filled) as (store, vault, connections, ledger):
        first, second = rotate(store, vault), rotate(store, vault)
        assert (first.resealed, second.resealed) == (COUNT, COUNT)
        assert first.key_id != second.key_id
        assert_whole(connections, ledger)


def test_sign_ins_in_progress_end(filled: Path) -> None:
    """A flow that is sealed with the old key is forgotten."""
    with custody(filled) as (store, vault, _, _):
        sealed = vault.seal(b"step", record="f1", field="step:0")
        record = FlowRecord(
            flow_id="f1",
            owner="alice",
            provider="imap",
            plugin_version="1.0",
            flow_version=1,
            purpose=Purpose.CONNECT,
            address="me@example.com",
            connection_id=None,
            seq=0,
            binding="b" * 64,
            expires_at=later(minutes=10),
            sealed=sealed,
        )
        SqlFlows(store, vault).put(record)
        rotate(store, vault)
        with pytest.raises(HostError, match="^flow_unknown$"):
            SqlFlows(store, vault).take("f1", 0, "b" * 64, NOW)


KILLED_WHILE_SEALING = """
import os, signal
from pathlib import Path
from core.custody import opened
from inboxlink.store.rotation import rotate
from inboxlink.vault import Vault
directory, left = Path(sys.argv[1]), int(sys.argv[2])
seal = Vault.seal
def seal_and_die(self, data, **place):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return seal(self, data, **place)
Vault.seal = seal_and_die
store, vault = opened(directory)
rotate(store, vault, batch=int(sys.argv[3]))
"""

KILLED_WHILE_REMEMBERING = """
import os, signal
from pathlib import Path
from core.custody import opened
from inboxlink.store import rotation
from inboxlink.vault import Vault
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "record":
    rotation.record_key = die
else:
    Vault.retire_old = die
store, vault = opened(Path(sys.argv[1]))
rotation.rotate(store, vault)
"""


def kill(script: str, *arguments: object) -> None:
    process = child(script, *arguments)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (-9, "")


@pytest.mark.parametrize(("left", "batch"), [(0, 1), (1, 1), (13, 1), (29, 1), (13, 5), (29, 100)])
def test_a_killed_rotation_loses_nothing_and_is_completed(
    filled: Path, left: int, batch: int
) -> None:
    """After kill -9 between or within batches all is readable, and a second run completes it."""
    kill(KILLED_WHILE_SEALING, filled, left, batch)
    done = left // batch * batch
    assert len(keys_of(filled)) == 2
    with custody(filled) as (store, vault, connections, ledger):
        assert_whole(connections, ledger)
        say(ledger, 3)
        result = rotate(store, vault)
        assert result.resealed == COUNT - done
        assert_whole(connections, ledger)
    assert ids_that_seal(filled) == {result.key_id}
    assert len(keys_of(filled)) == 1
    with custody(filled) as (_, _, connections, ledger):
        assert_whole(connections, ledger)


@pytest.mark.parametrize(("moment", "resealed"), [("record", COUNT), ("retire", 0)])
def test_a_rotation_killed_at_its_ends_is_completed(
    filled: Path, moment: str, resealed: int
) -> None:
    """A kill before the store knows the new key, or before the old one is gone, loses nothing."""
    kill(KILLED_WHILE_REMEMBERING, filled, moment)
    newest = keys_of(filled)[0]
    with custody(filled) as (store, vault, connections, ledger):
        assert_whole(connections, ledger)
        connections.add(a_connection(99), a_credential("between"))
        say(ledger, 3)
        result = rotate(store, vault)
        # What was added in between is sealed with the old key where that was still the recorded.
        assert result.resealed - resealed in (0, 1)
        assert_whole(connections, ledger)
        assert connections.credential("c0099").secret(SecretName.PASSWORD) == "between"
    assert keys_of(filled) == [newest]


def test_a_process_that_was_open_before_goes_on_with_the_new_key(filled: Path) -> None:
    """What another process writes after a rotation that it did not see can be read by all."""
    store, vault = opened(filled)
    with custody(filled) as (other, rotating, _, _):
        rotate(other, rotating)
    connections = Connections(store, vault)
    ledger = Ledger(store, vault, "host.test", lambda: NOW)
    assert_whole(connections, ledger)
    connections.add(a_connection(99), a_credential("after"))
    say(ledger, 3)
    store.close()
    with custody(filled) as (_, vault, connections, ledger):
        assert len(keys_of(filled)) == 1
        assert connections.credential("c0099").secret(SecretName.PASSWORD) == "after"
        assert_whole(connections, ledger)


def test_a_first_row_after_an_unseen_rotation_is_authentic(data: Path) -> None:
    """The first row of a ledger is vouched for by the recorded key, not by a retired one."""
    store, vault = opened(data)
    with custody(data) as (other, rotating, _, _):
        rotate(other, rotating)
    say(Ledger(store, vault, "host.test", lambda: NOW), 0)
    store.close()
    with custody(data) as (_, _, _, ledger):
        assert ledger.verify().ok
        say(ledger, 1)


def test_a_rotation_of_a_vault_that_is_behind_loses_nothing(filled: Path) -> None:
    """A process that opened its vault before a rotation can rotate after it."""
    store, vault = opened(filled)
    with custody(filled) as (other, rotating, _, _):
        rotate(other, rotating)
    assert rotate(store, vault).resealed == COUNT
    store.close()
    with custody(filled) as (_, _, connections, ledger):
        assert_whole(connections, ledger)
    assert len(keys_of(filled)) == 1


def test_a_rotation_beside_another_is_busy(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process rotates, a rotation is `store_busy` and changes nothing."""
    monkeypatch.setattr(keys_module, "_LOCK_WAIT_S", 0.05)
    before = keys_of(filled)
    with custody(filled) as (store, vault, connections, ledger):
        with (filled / "vault.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(HostError, match="^store_busy$"):
                rotate(store, vault)
        assert keys_of(filled) == before
        assert rotate(store, vault).resealed == COUNT
        assert_whole(connections, ledger)


def test_rotations_and_writers_at_once_lose_nothing(filled: Path) -> None:
    """Processes that rotate and processes that write at the same moment leave all readable."""
    script = """
from pathlib import Path
from core.custody import NOW, a_connection, a_credential, opened
from inboxlink.consent.ledger import EntryKind, Ledger
from inboxlink.store.connections import Connections
from inboxlink.store.rotation import rotate
number = int(sys.argv[1])
store, vault = opened(Path(sys.argv[2]))
connections, ledger = Connections(store, vault), Ledger(store, vault, "h", lambda: NOW)
print("ready", flush=True)
input()
if number < 2:
    rotate(store, vault, batch=3)
else:
    for count in range(10):
        connections.add(a_connection(number * 100 + count), a_credential(f"{number} {count}"))
        ledger.append(EntryKind.AUTOMATION, owner="o", mailbox="m@example.com", provider="imap",
                      details={})
store.close()
"""
    together(script, 4, filled)
    with custody(filled) as (_, vault, connections, ledger):
        assert_whole(connections, ledger)
        assert len(ledger.entries()) == 23
        for number in (2, 3):
            for count in range(10):
                found = connections.credential(f"c{number * 100 + count:04}")
                assert found.secret(SecretName.PASSWORD) == f"{number} {count}"
        assert ids_that_seal(filled) == {vault.key_id}
    assert len(keys_of(filled)) == 1


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE connection_secret SET sealed = substr(sealed, 1, 40)", "sealed_broken"),
        (
            "UPDATE connection_secret SET sealed = x'00' WHERE connection_id = 'c0007'",
            "sealed_broken",
        ),
        ("UPDATE ledger_head SET mac = 'ab'", "ledger_broken"),
        ("UPDATE ledger_head SET n = 2", "ledger_broken"),
    ],
)
def test_a_rotation_over_broken_things_keeps_the_old_key(
    filled: Path, statement: str, code: str
) -> None:
    """Where a secret or the ledger's head is not what was written, no key is thrown away."""
    (old,) = keys_of(filled)
    sql(filled, statement)
    with custody(filled) as (store, vault, _, _), pytest.raises(HostError, match=f"^{code}$"):
        rotate(store, vault, batch=1)
    assert old in keys_of(filled)
    assert len(keys_of(filled)) == 2


def test_a_rotation_does_not_mend_the_ledger(filled: Path) -> None:
    """A row that was edited before a rotation is found after it too."""
    sql(filled, "UPDATE ledger_entry SET content = replace(content, 'imap', 'pop3') WHERE n = 2")
    with custody(filled) as (store, vault, _, ledger):
        rotate(store, vault)
        assert ledger.verify().broken_at == 2


# --- keys of the environment ---


@pytest.fixture
def given(data: Path) -> Iterator[Path]:
    """An installation whose key is in the environment."""
    with custody(data, {"INBOXLINK_KEY": ONE}) as (_, vault, connections, ledger):
        fill(connections, ledger)
        assert vault.source is KeySource.ENVIRONMENT
    yield data
    assert not (data / KEY_FILE).exists()


def test_one_key_of_the_environment_cannot_be_rotated(given: Path) -> None:
    """With one key in `INBOXLINK_KEY` a rotation is `key_single`, and nothing changes."""
    with custody(given, {"INBOXLINK_KEY": ONE}) as (store, vault, connections, ledger):
        before = ids_that_seal(given)
        with pytest.raises(HostError, match="^key_single$"):
            rotate(store, vault)
        assert ids_that_seal(given) == before == {vault.key_id}
        assert_whole(connections, ledger)


def test_two_keys_of_the_environment_are_rotated_to_the_first(given: Path) -> None:
    """With a new key in front all is sealed anew, and then the old one can be taken away."""
    both = {"INBOXLINK_KEY": f"{TWO},{ONE}"}
    with custody(given, both) as (store, vault, connections, ledger):
        assert_whole(connections, ledger)
        assert rotate(store, vault).resealed == COUNT
        assert rotate(store, vault).resealed == 0
        assert_whole(connections, ledger)
    with custody(given, {"INBOXLINK_KEY": TWO}) as (_, vault, connections, ledger):
        assert_whole(connections, ledger)
        assert ids_that_seal(given) == {vault.key_id}
        say(ledger, 3)
    with pytest.raises(HostError, match="^key_missing$"):
        opened(given, {"INBOXLINK_KEY": ONE})


def test_a_new_key_in_front_is_not_enough_to_drop_the_old_one(given: Path) -> None:
    """Before the rotation the old key is missed, whatever was written with two keys set."""
    with custody(given, {"INBOXLINK_KEY": f"{TWO},{ONE}"}) as (_, _, connections, ledger):
        connections.add(a_connection(99), a_credential("with two"))
        say(ledger, 3)
    with pytest.raises(HostError, match="^key_missing$"):
        opened(given, {"INBOXLINK_KEY": TWO})
    with custody(given, {"INBOXLINK_KEY": f"{TWO},{ONE}"}) as (store, vault, connections, ledger):
        rotate(store, vault)
        assert connections.credential("c0099").secret(SecretName.PASSWORD) == "with two"
        assert_whole(connections, ledger)


def test_going_back_to_the_old_key_is_possible_until_the_rotation(given: Path) -> None:
    """A key that was put in front and taken away again before a rotation leaves nothing behind."""
    with custody(given, {"INBOXLINK_KEY": f"{TWO},{ONE}"}) as (_, _, connections, ledger):
        connections.add(a_connection(99), a_credential("with two"))
        say(ledger, 3)
    with custody(given, {"INBOXLINK_KEY": ONE}) as (_, _, connections, ledger):
        assert connections.credential("c0099").secret(SecretName.PASSWORD) == "with two"
        assert_whole(connections, ledger)


def test_a_killed_rotation_of_the_environment_is_completed(given: Path) -> None:
    """After kill -9 within a rotation to a key of the environment a second run completes it."""
    script = f"import os; os.environ['INBOXLINK_KEY'] = {TWO + ',' + ONE!r}\n" + (
        KILLED_WHILE_SEALING.replace("opened(directory)", "opened(directory, dict(os.environ))")
    )
    kill(script, given, 13, 1)
    assert len(ids_that_seal(given)) == 2
    with custody(given, {"INBOXLINK_KEY": f"{TWO},{ONE}"}) as (store, vault, connections, ledger):
        assert_whole(connections, ledger)
        assert rotate(store, vault).resealed == COUNT - 13
    with custody(given, {"INBOXLINK_KEY": TWO}) as (_, _, connections, ledger):
        assert_whole(connections, ledger)
    assert "INBOXLINK_KEY" not in os.environ
