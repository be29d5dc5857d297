"""Where the key is kept: the environment, the system's keyring, or a file of one's own.

The first that has one is taken; a first use makes one in the keyring, or in the file where there
is no real keyring. A source holds its keys newest first: more than one only while a rotation is
under way, or where the operator rotates `INBOXLINK_KEY` by hand.
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from inboxlink.errors import HostError, problem
from inboxlink.vault.files import private_directory, read_private_file, replace_private_file

__all__ = ["KEY_BYTES", "Key", "KeySource", "Keys", "RecordedKey", "environment", "kept", "locked"]

KEY_BYTES = 32

_FILE = "vault.key"
_LOCK = "vault.lock"
_LOCK_WAIT_S = 30
_SERVICE = "inboxlink"

#: Backends that hand a secret to the system. keyring takes plaintext ones without a word when
#: they are installed, so that the choice is made here.
_REAL_BACKENDS = frozenset(
    {
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.libsecret.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
    }
)


class KeySource(StrEnum):
    """Where a key is kept."""

    ENVIRONMENT = "environment"
    KEYRING = "keyring"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class RecordedKey:
    """What the store remembers of the key that it was written with."""

    key_id: str
    source: KeySource


@dataclass(frozen=True, slots=True)
class Key:
    """One key and the id by which sealed records name it."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """The first 16 hexadecimal digits of its SHA-256."""
        return hashlib.sha256(self.secret).hexdigest()[:16]


class Keys(Protocol):
    """The keyring or the file: a source that keys can be read from and written to.

    Args:
        source: Which of the two.
        directory: The data directory of the installation whose keys these are.
    """

    source: KeySource
    directory: Path

    def read(self) -> tuple[Key, ...]:
        """The keys, newest first; empty where there is none.

        Raises:
            HostError: `keyring_failed`; `key_invalid`, and as `read_private_file`.
        """

    def write(self, keys: tuple[Key, ...]) -> None:
        """Replace the keys; only while they are `locked`.

        Raises:
            HostError: `keyring_failed`; as `replace_private_file`.
        """


def environment(environ: Mapping[str, str]) -> tuple[Key, ...] | None:
    """The keys of `INBOXLINK_KEY`, newest first; None = it is not set.

    Raises:
        HostError: `key_invalid`.
    """
    text = environ.get("INBOXLINK_KEY")
    return None if not text else tuple(_parsed(part) for part in text.split(","))


def kept(directory: Path, source: KeySource | None) -> Keys:
    """The keyring or the key file; None lets this machine decide."""
    if source is None:
        has_file = os.path.lexists(directory / _FILE)
        source = KeySource.FILE if has_file or _keyring() is None else KeySource.KEYRING
    return _Keyring(directory) if source is KeySource.KEYRING else _File(directory)


@contextmanager
def locked(keys: Keys) -> Iterator[None]:
    """Keep every other process from writing the keys.

    Raises:
        HostError: `store_busy`; `file_exposed`.
    """
    from filelock import FileLock, Timeout

    private_directory(keys.directory)
    lock = FileLock(keys.directory / _LOCK, timeout=_LOCK_WAIT_S, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise HostError(problem("store_busy", path=str(keys.directory))) from None
    try:
        yield
    finally:
        lock.release()


class _File:
    source = KeySource.FILE

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._path = directory / _FILE

    def read(self) -> tuple[Key, ...]:
        content = read_private_file(self._path)
        return () if content is None else _unpacked(content)

    def write(self, keys: tuple[Key, ...]) -> None:
        replace_private_file(self._path, _packed(keys).encode())


class _Keyring:
    source = KeySource.KEYRING

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        # One installation, one entry: two homes of one person have two keys.
        self._user = str(directory)

    def read(self) -> tuple[Key, ...]:
        backend = _keyring()
        if backend is None:
            return ()
        with _keyring_trouble():
            text = backend.get_password(_SERVICE, self._user)
        return () if text is None else _unpacked(text.encode())

    def write(self, keys: tuple[Key, ...]) -> None:
        backend = _keyring()
        if backend is None:
            raise HostError(problem("keyring_failed"))
        with _keyring_trouble():
            backend.set_password(_SERVICE, self._user, _packed(keys))


def _keyring() -> Any:  # noqa: ANN401 - the library is an extra
    try:
        from keyring.backend import get_all_keyring
    except ImportError:
        return None
    real = [
        each
        for each in get_all_keyring()
        if f"{type(each).__module__}.{type(each).__qualname__}" in _REAL_BACKENDS
    ]
    return max(real, key=lambda each: each.priority, default=None)


@contextmanager
def _keyring_trouble() -> Iterator[None]:
    try:
        yield
    except Exception:  # noqa: BLE001 - locked, refused, or its service gone: backends raise their own
        raise HostError(problem("keyring_failed")) from None


def _parsed(text: str) -> Key:
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise HostError(problem("key_invalid"))
    return Key(secret)


def _packed(keys: tuple[Key, ...]) -> str:
    return json.dumps({"keys": [base64.b64encode(key.secret).decode() for key in keys]})


def _unpacked(content: bytes) -> tuple[Key, ...]:
    try:
        listed = tuple(json.loads(content)["keys"])
    except (ValueError, KeyError, TypeError):
        raise HostError(problem("key_invalid")) from None
    if not listed:  # a source without keys has no entry at all; this one was damaged
        raise HostError(problem("key_invalid"))
    return tuple(_parsed(str(each)) for each in listed)
