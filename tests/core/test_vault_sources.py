"""Which key is taken from where, what is said of a file, and that what is stored stays readable."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from core.custody import KEY_FILE, without_keyring  # noqa: F401 - a fixture
from inboxlink.errors import HostError
from inboxlink.vault import KeySource, RecordedKey, Vault, open_vault
from inboxlink.vault.files import (
    private_directory,
    private_file,
    read_private_file,
    replace_private_file,
)
from inboxlink.vault.keys import KEY_BYTES, Key

pytestmark = pytest.mark.usefixtures("without_keyring")

KEY = Key(bytes(range(KEY_BYTES)))


def test_what_was_stored_once_can_be_read_for_ever() -> None:
    """An envelope and a MAC of version 1, as databases hold them, are still understood."""
    vault = Vault((KEY,), None)
    sealed = bytes.fromhex(
        "01630dcd2966c4336625a55407f2d3325b8db1f8459aed33e54cd6bb432ce6b7d0"
        "93fae5249b3aeff678cde761da09"
    )
    assert vault.unseal(sealed, record="c0001", field="secret:password").decode() == "pässwörd"
    mac = "fea251ab7dc21ae26fd2a3d7da5b4d071b550dcee4e0c77d5b1c79f3ae5902ea"
    assert vault.mac("ledger", b"1\nabc") == ("630dcd2966c43366", mac)
    assert vault.check_mac("ledger", b"1\nabc", "630dcd2966c43366", mac)


class Backend:
    """What the system's keyring does, in a dictionary."""

    priority = 5.0

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, user: str) -> str | None:
        return self.entries.get((service, user))

    def set_password(self, service: str, user: str, password: str) -> None:
        self.entries[service, user] = password


def backend(module: str, name: str, priority: float) -> Backend:
    """A keyring that goes by the name of a real one."""
    kind = type(name, (Backend,), {"priority": priority, "__module__": module})
    return kind()


@pytest.fixture
def keyrings(monkeypatch: pytest.MonkeyPatch) -> list[Backend]:
    """The keyrings of this machine."""
    found: list[Backend] = []
    library = ModuleType("keyring.backend")
    library.get_all_keyring = lambda: found  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring.backend", library)
    return found


def secret_service(priority: float = 5.0) -> Backend:
    return backend("keyring.backends.SecretService", "Keyring", priority)


def test_of_several_real_keyrings_the_preferred_is_taken(
    tmp_path: Path, keyrings: list[Backend]
) -> None:
    """The keyring that the library ranks highest gets the key, and no other one does."""
    low, high = secret_service(1), backend("keyring.backends.kwallet", "DBusKeyring", 4.9)
    keyrings += [low, high, backend("keyring.backends.libsecret", "Keyring", 4.8)]
    vault = open_vault(tmp_path, {}, None)
    assert vault.source is KeySource.KEYRING
    assert [len(each.entries) for each in keyrings] == [0, 1, 0]


def test_a_key_of_the_keyring_outlives_a_key_file(tmp_path: Path, keyrings: list[Backend]) -> None:
    """The recorded source is the one that is asked, whatever else lies about."""
    keyrings.append(secret_service())
    vault = open_vault(tmp_path, {}, None)
    replace_private_file(tmp_path / KEY_FILE, b"not a key")
    assert open_vault(tmp_path, {}, vault.recorded).key_id == vault.key_id


def test_a_key_file_that_is_gone_is_not_looked_for_in_the_keyring(
    tmp_path: Path, keyrings: list[Backend]
) -> None:
    """Where the key was in a file, a keyring is neither read nor given a key."""
    vault = open_vault(tmp_path, {}, None)
    assert vault.source is KeySource.FILE
    (tmp_path / KEY_FILE).unlink()
    keyrings.append(secret_service())
    with pytest.raises(HostError, match="^key_missing$") as caught:
        open_vault(tmp_path, {}, vault.recorded)
    assert caught.value.problem.message.params["key_id"] == vault.key_id
    assert keyrings[0].entries == {}


def test_a_key_file_is_preferred_to_a_keyring(tmp_path: Path, keyrings: list[Backend]) -> None:
    """A first use beside a key file takes the file, though there is a keyring by now."""
    vault = open_vault(tmp_path, {}, None)
    keyrings.append(secret_service())
    assert open_vault(tmp_path, {}, None).key_id == vault.key_id
    assert keyrings[0].entries == {}


def test_a_key_recorded_in_the_environment_is_named_when_it_is_not_set(tmp_path: Path) -> None:
    """Without `INBOXLINK_KEY` the key that is missing is named, and none is made."""
    with pytest.raises(HostError, match="^key_missing$") as caught:
        open_vault(tmp_path, {}, RecordedKey(KEY.id, KeySource.ENVIRONMENT))
    assert caught.value.problem.message.params["key_id"] == KEY.id
    assert list(tmp_path.iterdir()) == []


def test_no_rotation_without_the_key_that_is_to_be_retired(tmp_path: Path) -> None:
    """Where the source lost its keys, rotating names the missing one and makes none."""
    vault = open_vault(tmp_path, {}, None)
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(HostError, match="^key_missing$") as caught:
        vault.begin_rotation()
    assert caught.value.problem.message.params["key_id"] == vault.key_id
    assert not (tmp_path / KEY_FILE).exists()


def test_a_keyring_that_went_away_is_no_success(tmp_path: Path, keyrings: list[Backend]) -> None:
    """Where there is no keyring any more to write to, retiring a key says so."""
    keyrings.append(secret_service())
    vault = open_vault(tmp_path, {}, None)
    sealed = vault.seal(b"s", record="r", field="f")
    vault.begin_rotation()
    keyrings.clear()
    with pytest.raises(HostError, match="^keyring_failed$"):
        vault.retire_old()
    assert vault.unseal(sealed, record="r", field="f") == b"s"


@pytest.mark.parametrize("use", [private_directory, private_file, read_private_file])
def test_what_others_can_touch_is_named(tmp_path: Path, use: Callable[[Path], object]) -> None:
    """A file or a directory that is open to others is refused by its path."""
    path = tmp_path / "exposed"
    if use is private_directory:
        path.mkdir()
    else:
        path.write_bytes(b"")
    path.chmod(0o755)
    with pytest.raises(HostError, match="^file_exposed$") as caught:
        use(path)
    assert caught.value.problem.message.params["path"] == str(path)


@pytest.mark.parametrize(
    "use",
    [
        private_directory,
        private_file,
        read_private_file,
        lambda path: replace_private_file(path, b""),
    ],
)
def test_what_the_system_refuses_is_named(tmp_path: Path, use: Callable[[Path], object]) -> None:
    """Where a file stands in the way of a directory, the path that could not be used is named."""
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "below"
    with pytest.raises(HostError, match="^store_unavailable$") as caught:
        use(path)
    assert caught.value.problem.message.params["path"] == str(path)


def test_a_directory_is_made_with_all_above_it(tmp_path: Path) -> None:
    """Making a private directory makes those above it too, and twice is as good as once."""
    path = tmp_path / "one" / "two" / "three"
    for _ in range(2):
        private_directory(path)
        assert path.stat().st_mode & 0o777 == 0o700


def test_a_failed_replacement_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the new content cannot be made durable, the old one stands and nothing lies about."""
    path = tmp_path / "file"
    replace_private_file(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HostError, match="^store_full$") as caught:
        replace_private_file(path, b"new")
    assert caught.value.problem.message.params["path"] == str(path)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_temporary_file_of_somebody_else_is_never_written_through(tmp_path: Path) -> None:
    """A link put where the new content is written first is replaced, not followed."""
    path, target = tmp_path / "file", tmp_path / "target"
    target.write_bytes(b"untouched")
    (tmp_path / ".file.new").symlink_to(target)
    replace_private_file(path, b"content")
    assert (path.read_bytes(), target.read_bytes()) == (b"content", b"untouched")
    assert path.stat().st_mode & 0o777 == 0o600
