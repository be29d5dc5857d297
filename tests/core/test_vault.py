"""The vault: what it seals, what it refuses, and where its key is."""

import base64
import importlib.util
import json
import os
import secrets
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.custody import KEY_FILE, together, without_keyring  # noqa: F401 - a fixture
from inboxlink.errors import Blame, HostError
from inboxlink.vault import KeySource, RecordedKey, Vault, open_vault
from inboxlink.vault.keys import _REAL_BACKENDS, KEY_BYTES, Key

pytestmark = pytest.mark.usefixtures("without_keyring")

KEY = Key(bytes(range(KEY_BYTES)))
OTHER = Key(bytes(range(100, 100 + KEY_BYTES)))
ODD = [
    b"",
    b"a",
    "pässwörd 密碼 🗝".encode(),
    b"'\"`\\ {5} %s\n\r\t\0",
    bytes(range(256)) * 4,
    "\udcff\ud800".encode("utf-8", "surrogatepass"),
]


def vault_of(*keys: Key) -> Vault:
    return Vault(keys, None)


def in_text(*keys: Key) -> str:
    return ",".join(base64.b64encode(key.secret).decode() for key in keys)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o377])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("secret", ODD, ids=range(len(ODD)))
def test_odd_secrets_come_back(secret: bytes) -> None:
    """Every secret comes back as it was, whatever its bytes."""
    vault = vault_of(KEY)
    sealed = vault.seal(secret, record="r", field="f")
    assert vault.unseal(sealed, record="r", field="f") == secret
    assert not secret or len(secret) < 4 or secret not in sealed


@given(st.binary(max_size=2048), st.text(max_size=30), st.text(max_size=30))
def test_any_secret_comes_back(secret: bytes, record: str, field: str) -> None:
    """Any bytes come back under any record and field that can be encoded."""
    try:
        (record + field).encode()
    except UnicodeEncodeError:
        return
    vault = vault_of(KEY)
    assert (
        vault.unseal(vault.seal(secret, record=record, field=field), record=record, field=field)
        == secret
    )


def test_the_same_secret_never_looks_the_same() -> None:
    """Two envelopes of one secret share no nonce."""
    vault = vault_of(KEY)
    sealed = {vault.seal(b"same", record="r", field="f")[9:21] for _ in range(500)}
    assert len(sealed) == 500


@pytest.mark.parametrize(
    ("record", "field"), [("r2", "f"), ("r", "f2"), ("f", "r"), ("", "rf"), ("rf", ""), ("R", "f")]
)
def test_a_moved_envelope_is_refused(record: str, field: str) -> None:
    """An envelope opens for no other record and no other field."""
    vault = vault_of(KEY)
    sealed = vault.seal(b"secret", record="r", field="f")
    with pytest.raises(HostError, match="^sealed_broken$"):
        vault.unseal(sealed, record=record, field=field)


def test_a_border_moved_between_record_and_field_is_refused() -> None:
    """Record and field are kept apart by their lengths, not by their joined text."""
    vault = vault_of(KEY)
    sealed = vault.seal(b"secret", record="ab", field="c")
    with pytest.raises(HostError, match="^sealed_broken$"):
        vault.unseal(sealed, record="a", field="bc")


def test_every_flipped_bit_is_refused() -> None:
    """No single bit of an envelope can change: a bit of the key id names a missing key."""
    vault = vault_of(KEY)
    sealed = vault.seal(b"secret", record="r", field="f")
    for place in range(len(sealed)):
        for bit in range(8):
            broken = bytearray(sealed)
            broken[place] ^= 1 << bit
            expected = "key_missing" if 1 <= place <= 8 else "sealed_broken"
            with pytest.raises(HostError, match=f"^{expected}$"):
                vault.unseal(bytes(broken), record="r", field="f")


def test_a_key_id_swapped_for_another_held_one_is_refused() -> None:
    """The key id is authenticated: naming another key that is held does not open it."""
    vault = vault_of(KEY, OTHER)
    sealed = vault.seal(b"secret", record="r", field="f")
    with pytest.raises(HostError, match="^sealed_broken$"):
        vault.unseal(sealed[:1] + bytes.fromhex(OTHER.id) + sealed[9:], record="r", field="f")


def test_every_truncation_and_an_extension_is_refused() -> None:
    """An envelope that was cut at any place, or that goes on, does not open."""
    vault = vault_of(KEY)
    sealed = vault.seal(b"secret", record="r", field="f")
    for broken in [sealed[:length] for length in range(len(sealed))] + [sealed + b"\0"]:
        with pytest.raises(HostError, match="^sealed_broken$"):
            vault.unseal(broken, record="r", field="f")


def test_an_unknown_key_id_is_a_missing_key() -> None:
    """What another key sealed is `key_missing`, and the problem names that key's id."""
    sealed = vault_of(OTHER).seal(b"secret", record="r", field="f")
    with pytest.raises(HostError, match="^key_missing$") as caught:
        vault_of(KEY).unseal(sealed, record="r", field="f")
    assert caught.value.problem.message.params == {"key_id": OTHER.id}


def test_the_newest_key_seals_and_older_ones_open() -> None:
    """With several keys the first seals, and what the second sealed still opens."""
    both = vault_of(KEY, OTHER)
    old = vault_of(OTHER).seal(b"old", record="r", field="f")
    new = both.seal(b"new", record="r", field="f")
    assert both.unseal(old, record="r", field="f") == b"old"
    assert vault_of(KEY).unseal(new, record="r", field="f") == b"new"
    assert (both.is_current(new), both.is_current(old)) == (True, False)


def test_a_mac_belongs_to_its_purpose_key_and_data() -> None:
    """A MAC holds for one purpose, one key and one content only."""
    vault = vault_of(KEY, OTHER)
    key_id, mac = vault.mac("ledger", b"data")
    assert vault.check_mac("ledger", b"data", key_id, mac)
    assert not vault.check_mac("other", b"data", key_id, mac)
    assert not vault.check_mac("ledger", b"dato", key_id, mac)
    assert not vault.check_mac("ledger", b"data", OTHER.id, mac)
    assert not vault.check_mac("ledger", b"data", key_id, "é" * 64)
    with pytest.raises(HostError, match="^key_missing$"):
        vault.check_mac("ledger", b"data", "0" * 16, mac)


@pytest.mark.parametrize("text", [in_text(KEY), f" {in_text(KEY)}\n"])
def test_a_key_of_the_environment_is_used(data: Path, text: str) -> None:
    """`INBOXLINK_KEY` is the key, and nothing is written to the disk."""
    vault = open_vault(data, {"INBOXLINK_KEY": text}, None)
    assert (vault.key_id, vault.source) == (KEY.id, KeySource.ENVIRONMENT)
    assert not data.exists()


@pytest.mark.parametrize("key", [KEY, OTHER], ids=["newest", "older"])
def test_any_of_several_keys_of_the_environment_may_be_recorded(data: Path, key: Key) -> None:
    """With several keys in `INBOXLINK_KEY` the recorded one may be any, and all of them open."""
    recorded = RecordedKey(key.id, KeySource.ENVIRONMENT)
    vault = open_vault(data, {"INBOXLINK_KEY": in_text(KEY, OTHER)}, recorded)
    for each in (KEY, OTHER):
        sealed = vault_of(each).seal(b"s", record="r", field="f")
        assert vault.unseal(sealed, record="r", field="f") == b"s"


@pytest.mark.parametrize(
    "text",
    [
        "not a key",
        "  ",
        in_text(Key(b"1" * 31)),
        in_text(Key(b"1" * 33)),
        in_text(KEY) + ",",
        in_text(KEY)[:-1],
        in_text(KEY) + "\0",
        KEY.secret.hex(),
        "ключ",
        f"{in_text(KEY)},nonsense",
    ],
)
def test_an_invalid_key_of_the_environment_is_refused(data: Path, text: str) -> None:
    """A key that is not 32 bytes of base64 is `key_invalid`, and its text is not repeated."""
    with pytest.raises(HostError, match="^key_invalid$") as caught:
        open_vault(data, {"INBOXLINK_KEY": text}, None)
    assert text.strip() not in repr(caught.value) + repr(caught.value.problem) or not text.strip()
    assert not data.exists()


def test_an_empty_variable_is_no_key(data: Path) -> None:
    """An empty `INBOXLINK_KEY` is as if it were not set."""
    assert open_vault(data, {"INBOXLINK_KEY": ""}, None).source is KeySource.FILE


@pytest.mark.parametrize(
    "recorded",
    [RecordedKey(OTHER.id, KeySource.ENVIRONMENT), RecordedKey(OTHER.id, KeySource.FILE)],
    ids=["environment", "file"],
)
@pytest.mark.parametrize("environ", [{}, {"INBOXLINK_KEY": in_text(KEY)}], ids=["unset", "other"])
def test_a_recorded_key_is_never_replaced(
    data: Path, recorded: RecordedKey, environ: dict[str, str]
) -> None:
    """Where the store remembers a key that is not there, no new one is made in its place."""
    data.mkdir(mode=0o700)
    with pytest.raises(HostError, match="^key_missing$") as caught:
        open_vault(data, environ, recorded)
    assert caught.value.problem.message.params == {"key_id": OTHER.id}
    assert list(data.iterdir()) == []


def test_a_recorded_key_that_the_file_lacks_is_missing(data: Path) -> None:
    """A key file with another key does not stand in for the recorded one, and stays as it is."""
    open_vault(data, {}, None)
    before = (data / KEY_FILE).read_bytes()
    with pytest.raises(HostError, match="^key_missing$"):
        open_vault(data, {}, RecordedKey(OTHER.id, KeySource.FILE))
    assert (data / KEY_FILE).read_bytes() == before


def test_key_file_and_directory_are_private(data: Path, umask: int) -> None:
    """A first use makes a 0600 file in a 0700 directory, whatever the umask."""
    vault = open_vault(data, {}, None)
    assert mode(data) == 0o700
    assert mode(data / KEY_FILE) == 0o600
    assert mode(data / "vault.lock") & 0o077 == 0
    assert {path.name for path in data.iterdir()} <= {KEY_FILE, "vault.lock"}
    again = open_vault(data, {}, vault.recorded)
    assert again.unseal(vault.seal(b"s", record="r", field="f"), record="r", field="f") == b"s"


@pytest.mark.parametrize("exposed", [0o644, 0o640, 0o620, 0o604, 0o601, 0o666])
def test_a_key_file_that_others_can_touch_is_refused(data: Path, exposed: int) -> None:
    """One bit for the group or for others makes the key file `file_exposed`."""
    recorded = open_vault(data, {}, None).recorded
    (data / KEY_FILE).chmod(exposed)
    with pytest.raises(HostError, match="^file_exposed$") as caught:
        open_vault(data, {}, recorded)
    assert caught.value.problem.message.params == {"path": str(data / KEY_FILE)}


@pytest.mark.parametrize("is_dangling", [False, True])
def test_a_symlinked_key_file_is_refused(data: Path, tmp_path: Path, is_dangling: bool) -> None:
    """A link in the key file's place is not followed, not even to a private file."""
    open_vault(data, {}, None)
    (data / KEY_FILE).replace(tmp_path / "elsewhere")
    (data / KEY_FILE).symlink_to(tmp_path / ("nowhere" if is_dangling else "elsewhere"))
    with pytest.raises(HostError, match="^file_exposed$"):
        open_vault(data, {}, None)
    assert not (tmp_path / "nowhere").exists()


def test_a_key_file_with_a_second_name_is_refused(data: Path, tmp_path: Path) -> None:
    """A hard link to the key file in another directory makes it `file_exposed`."""
    recorded = open_vault(data, {}, None).recorded
    (tmp_path / "second").hardlink_to(data / KEY_FILE)
    with pytest.raises(HostError, match="^file_exposed$"):
        open_vault(data, {}, recorded)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "directory"])
def test_a_key_file_of_another_kind_is_refused(data: Path, make: Callable[..., None]) -> None:
    """A pipe or a directory in the key file's place is refused, and nothing waits for it."""
    data.mkdir(mode=0o700)
    make(data / KEY_FILE, 0o600)
    with pytest.raises(HostError, match="^(file_exposed|store_unavailable)$"):
        open_vault(data, {}, None)


def test_a_key_directory_that_others_can_enter_is_refused(data: Path) -> None:
    """No key is made in a directory that others can look into."""
    data.mkdir()
    data.chmod(0o755)
    with pytest.raises(HostError, match="^file_exposed$"):
        open_vault(data, {}, None)
    assert not (data / KEY_FILE).exists()


def test_a_key_file_of_somebody_else_is_refused(data: Path) -> None:
    """A private file that belongs to another user is refused."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    recorded = open_vault(data, {}, None).recorded
    os.chown(data / KEY_FILE, 12345, -1)
    with pytest.raises(HostError, match="^file_exposed$"):
        open_vault(data, {}, recorded)


@pytest.mark.parametrize(
    "content",
    [b"", b"5", b"[]", b"{}", b'{"keys": 5}', b'{"keys": null}', b'{"keys": ["x"]}', b"\xff\xfe"]
    + [b'{"keys": [null]}', b'{"keys": {"a": 1}}', b'{"keys": []}'],
)
def test_a_key_file_that_is_not_one_is_refused(data: Path, content: bytes) -> None:
    """A key file that cannot be read is `key_invalid`, and is not written over."""
    open_vault(data, {}, None)
    (data / KEY_FILE).write_bytes(content)
    with pytest.raises(HostError, match="^key_invalid$"):
        open_vault(data, {}, None)
    assert (data / KEY_FILE).read_bytes() == content


def test_a_first_use_by_many_at_once_makes_one_key(data: Path) -> None:
    """Processes that use a new directory at the same moment end with the same key."""
    script = """
from pathlib import Path
from inboxlink.vault import open_vault
print("ready", flush=True)
input()
print(open_vault(Path(sys.argv[2]), {}, None).key_id)
"""
    ids = set(together(script, 6, data))
    assert ids == {open_vault(data, {}, None).key_id}
    assert len(json.loads((data / KEY_FILE).read_text())["keys"]) == 1


def test_a_leftover_of_a_killed_writer_is_no_hindrance(data: Path) -> None:
    """Half-written files of a killed process do not stop the next writing, and do not stay."""
    vault = open_vault(data, {}, None)
    (data / f".{KEY_FILE}.new").write_bytes(b"half")
    with vault.alone():
        vault.begin_rotation()
    assert {path.name for path in data.iterdir()} <= {KEY_FILE, "vault.lock"}
    assert open_vault(data, {}, vault.recorded).key_id == vault.key_id
    assert len(json.loads((data / KEY_FILE).read_text())["keys"]) == 2


def shown(secret: bytes) -> list[str]:
    return [repr(secret)[2:-1], secret.hex(), base64.b64encode(secret).decode(), str(list(secret))]


def test_nothing_that_is_printed_holds_a_key() -> None:
    """`repr` and `str` of vault, key and exceptions show no form of the key."""
    key = Key(secrets.token_bytes(KEY_BYTES))
    vault = vault_of(key)
    sealed = vault.seal(b"secret", record="r", field="f")
    seen = [vault, key, vault.recorded]
    for call in (
        lambda: vault.unseal(sealed[:-1], record="r", field="f"),
        lambda: vault_of(KEY).unseal(sealed, record="r", field="f"),
        vault.begin_rotation,
    ):
        with pytest.raises(HostError) as caught:
            call()
        seen += [caught.value, caught.value.problem, caught.value.args]
    text = "".join(f"{each!r} {each!s}" for each in seen)
    assert not [form for form in shown(key.secret) if form in text]
    assert key.id in text


def test_a_recorded_keyring_that_is_not_there_is_a_missing_key(tmp_path: Path) -> None:
    """Where the key was in a keyring and there is none, no file is made in its place."""
    with pytest.raises(HostError, match="^key_missing$"):
        open_vault(tmp_path, {}, RecordedKey(KEY.id, KeySource.KEYRING))
    assert list(tmp_path.iterdir()) == []


def test_a_real_keyring_holds_one_entry_for_each_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two directories have two keys in a real keyring and no file; a locked one is named."""
    entries: dict[tuple[str, str], str] = {}
    trouble: list[Exception] = []

    class Keyring:
        priority = 5

        def get_password(self, service: str, user: str) -> str | None:
            if trouble:
                raise trouble[0]
            return entries.get((service, user))

        def set_password(self, service: str, user: str, password: str) -> None:
            if trouble:
                raise trouble[0]
            entries[service, user] = password

    class Plaintext(Keyring):
        priority = 99

    Keyring.__module__, Keyring.__qualname__ = "keyring.backends.SecretService", "Keyring"
    library = ModuleType("keyring.backend")
    library.get_all_keyring = lambda: [Plaintext(), Keyring()]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring.backend", library)
    vaults = [open_vault(tmp_path / name, {}, None) for name in ("a", "b")]
    assert {vault.source for vault in vaults} == {KeySource.KEYRING}
    assert len({vault.key_id for vault in vaults}) == len(entries) == 2
    assert open_vault(tmp_path / "a", {}, vaults[0].recorded).key_id == vaults[0].key_id
    vaults[0].begin_rotation()
    vaults[0].retire_old()
    assert open_vault(tmp_path / "a", {}, vaults[0].recorded).key_id == vaults[0].key_id
    assert not list(tmp_path.rglob(KEY_FILE))
    before = dict(entries)
    # Backends raise what their own libraries do, not only what keyring promises.
    for each in (keyring.errors.KeyringLocked(), keyring.errors.InitError(), OSError("no bus")):
        trouble[:] = [each]
        for recorded in (vaults[0].recorded, None):
            with pytest.raises(HostError, match="^keyring_failed$") as caught:
                open_vault(tmp_path / "a", {}, recorded)
            assert caught.value.problem.blame is Blame.PERSON
        with pytest.raises(HostError, match="^keyring_failed$"):
            vaults[0].begin_rotation()
    assert entries == before
    assert not list(tmp_path.rglob(KEY_FILE))
    trouble.clear()
    sealed = vaults[0].seal(b"s", record="r", field="f")
    again = open_vault(tmp_path / "a", {}, vaults[0].recorded)
    assert again.unseal(sealed, record="r", field="f") == b"s"


def test_a_keyring_in_the_clear_is_never_given_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend that is no system's own gets nothing, however much it is preferred."""
    given: list[str] = []

    class Plaintext:
        priority = 99

        def get_password(self, service: str, user: str) -> str | None:
            given.append(user)
            return None

        def set_password(self, service: str, user: str, password: str) -> None:
            given.append(password)

    Plaintext.__module__, Plaintext.__qualname__ = "keyrings.alt.file", "PlaintextKeyring"
    library = ModuleType("keyring.backend")
    library.get_all_keyring = lambda: [Plaintext()]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring.backend", library)
    assert open_vault(tmp_path / "data", {}, None).source is KeySource.FILE
    assert given == []


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere the system's keyring is always there"
)
def test_a_keyring_that_the_environment_chooses_is_ignored(data: Path) -> None:
    """The real library, told by its own variable to take a plaintext backend, is not followed."""
    script = """
import sys
from pathlib import Path
from keyring import get_keyring
from keyring.backend import KeyringBackend

class Plaintext(KeyringBackend):
    priority = 99
    def get_password(self, service, username):
        raise SystemExit("it was asked")
    def set_password(self, service, username, password):
        raise SystemExit("it was given a key")

assert type(get_keyring()).__name__ == "Plaintext"
from inboxlink.vault import open_vault
print(open_vault(Path(sys.argv[1]), {}, None).source)
"""
    environ = {name: text for name, text in os.environ.items() if name != "INBOXLINK_KEY"}
    # No session bus, so that a developer's own keyring stays out of it.
    environ |= {
        "PYTHON_KEYRING_BACKEND": "__main__.Plaintext",
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={data}/no-bus",
    }
    done = subprocess.run(
        [sys.executable, "-c", script, str(data)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("file\n", 0), done.stderr


def test_every_real_backend_is_one_of_the_library() -> None:
    """The allowed backends are classes of keyring's own, none of them chained, null or failing."""
    for path in _REAL_BACKENDS:
        module, _, name = path.rpartition(".")
        found = importlib.util.find_spec(module)
        assert found is not None
        assert found.origin is not None
        assert f"class {name}(" in Path(found.origin).read_text()
        assert module.rpartition(".")[2] not in {"chainer", "null", "fail"}


def test_another_process_that_rotated_is_followed(data: Path) -> None:
    """A vault that was open before a rotation reads what was sealed after it."""
    before, after = open_vault(data, {}, None), open_vault(data, {}, None)
    after.begin_rotation()
    after.retire_old()
    sealed = after.seal(b"s", record="r", field="f")
    assert before.unseal(sealed, record="r", field="f") == b"s"
    before.use(after.key_id)
    assert before.key_id == after.key_id
    with pytest.raises(HostError, match="^key_missing$"):
        before.use(OTHER.id)
