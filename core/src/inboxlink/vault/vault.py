"""Seal and unseal with AES-256-GCM; every record is bound to its place.

An envelope is: version (1 byte), key id (8 bytes), nonce (12 bytes), ciphertext with its tag.
Key id, record and field are authenticated, so that an envelope moved to another record, or to
another field of the same one, is refused.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from inboxlink.errors import HostError, problem
from inboxlink.vault.keys import (
    KEY_BYTES,
    Key,
    Keys,
    KeySource,
    RecordedKey,
    environment,
    kept,
    locked,
)

__all__ = ["Vault", "open_vault"]

_VERSION = b"\x01"
_ID_BYTES = 8
_NONCE_BYTES = 12  # NIST SP 800-38D section 5.2.1.1 recommends 96 bits
_HEAD_BYTES = 1 + _ID_BYTES + _NONCE_BYTES


class Vault:
    """The keys of one installation: one of them seals, all of them unseal.

    Args:
        keys: Newest first; the first seals until `use` says otherwise.
        keeper: Where they are kept; None = in the environment, which only the operator changes.
    """

    def __init__(self, keys: tuple[Key, ...], keeper: Keys | None) -> None:
        self._keys = {key.id: key for key in keys}
        self._current = keys[0]
        self._keeper = keeper

    def __repr__(self) -> str:
        return f"Vault(key_id={self.key_id!r}, source={self.source.value!r})"

    @property
    def key_id(self) -> str:
        """The id of the key that seals."""
        return self._current.id

    @property
    def source(self) -> KeySource:
        """Where the keys are kept."""
        return KeySource.ENVIRONMENT if self._keeper is None else self._keeper.source

    @property
    def recorded(self) -> RecordedKey:
        """What the store should remember."""
        return RecordedKey(self.key_id, self.source)

    def seal(self, data: bytes, *, record: str, field: str) -> bytes:
        """See `flows.record.Sealer`."""
        key = self._current
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(key.secret).encrypt(nonce, data, _bound(key.id, record, field))
        return _VERSION + bytes.fromhex(key.id) + nonce + sealed

    def unseal(self, sealed: bytes, *, record: str, field: str) -> bytes:
        """See `flows.record.Sealer`."""
        key = self._key(key_id_of(sealed))
        nonce = sealed[1 + _ID_BYTES : _HEAD_BYTES]
        bound = _bound(key.id, record, field)
        try:
            return AESGCM(key.secret).decrypt(nonce, sealed[_HEAD_BYTES:], bound)
        except (InvalidTag, ValueError):
            raise HostError(problem("sealed_broken")) from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether the newest key sealed it."""
        return key_id_of(sealed) == self.key_id

    def mac(self, purpose: str, data: bytes) -> tuple[str, str]:
        """The key id, and the HMAC-SHA256 in hexadecimal under a key derived for `purpose`."""
        return self.key_id, _mac(self._current, purpose, data)

    def check_mac(self, purpose: str, data: bytes, key_id: str, mac: str) -> bool:
        """Whether the HMAC is this vault's.

        Raises:
            HostError: `key_missing`.
        """
        # As bytes, because a text that was tampered with need not be ASCII.
        return hmac.compare_digest(_mac(self._key(key_id), purpose, data).encode(), mac.encode())

    def use(self, key_id: str) -> None:
        """Seal with this key, which is the one that the store records.

        Raises:
            HostError: `key_missing`.
        """
        self._current = self._key(key_id)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from rotating: a second one would write over the first's new key.

        Keys from the environment are nobody's to write, and need no lock.

        Raises:
            HostError: `store_busy`, where another process does not finish.
        """
        if self._keeper is None:
            yield
            return
        with locked(self._keeper):
            yield

    def begin_rotation(self) -> None:
        """Seal with the newest key, and make one unless a rotation that was cut short has.

        With keys from the environment the operator has put the new one in front.

        Raises:
            HostError: `key_single`, where the environment holds one key only; `key_missing`.
        """
        if self._keeper is None:
            keys = tuple(self._keys.values())
            if len(keys) < 2:
                raise HostError(problem("key_single"))
        else:
            keys = self._keeper.read()
            if not keys:
                raise HostError(problem("key_missing", key_id=self.key_id))
            if len(keys) == 1:
                keys = (Key(secrets.token_bytes(KEY_BYTES)), *keys)
                self._keeper.write(keys)
        self._keys = {key.id: key for key in keys}
        self._current = keys[0]

    def retire_old(self) -> None:
        """Forget every key but the one that seals; in the environment that is the operator's."""
        if self._keeper is not None:
            self._keeper.write((self._current,))
            self._keys = {self._current.id: self._current}

    def _key(self, key_id: str) -> Key:
        if key_id not in self._keys and self._keeper is not None:
            # Another process may have rotated. Keys that are gone from the source stay here: what
            # this process has in hand was sealed with them.
            self._keys = {key.id: key for key in self._keeper.read()} | self._keys
        try:
            return self._keys[key_id]
        except KeyError:
            raise HostError(problem("key_missing", key_id=key_id)) from None


def open_vault(directory: Path, environ: Mapping[str, str], recorded: RecordedKey | None) -> Vault:
    """Open the vault, and make a key only where the store has never had one.

    Args:
        directory: The data directory.
        environ: `INBOXLINK_KEY` is read from it.
        recorded: The key that the store remembers; None = this is the first use.

    Raises:
        HostError: `key_missing`, `key_invalid`, `keyring_failed`, `file_exposed`, `store_full`,
            `store_unavailable`; `store_busy`, where another process does not finish making the
            first key.
    """
    given = environment(environ)
    if given is not None:
        vault = Vault(given, None)
    else:
        source = None if recorded is None else recorded.source
        vault = _kept_vault(directory, source, recorded)
    if recorded is not None:
        vault._key(recorded.key_id)  # noqa: SLF001 - the recorded key must be there
    return vault


def key_id_of(sealed: bytes) -> str:
    """The id of the key that an envelope names.

    Raises:
        HostError: `sealed_broken`.
    """
    if len(sealed) < _HEAD_BYTES or sealed[:1] != _VERSION:
        raise HostError(problem("sealed_broken"))
    return sealed[1 : 1 + _ID_BYTES].hex()


def _kept_vault(directory: Path, source: KeySource | None, recorded: RecordedKey | None) -> Vault:
    if source is KeySource.ENVIRONMENT:
        assert recorded is not None
        raise HostError(problem("key_missing", key_id=recorded.key_id))
    keeper = kept(directory, source)
    keys = keeper.read()
    if keys:
        return Vault(keys, keeper)
    if recorded is not None:
        raise HostError(problem("key_missing", key_id=recorded.key_id))
    with locked(keeper):
        # Another process may have made it while this one waited.
        keys = keeper.read()
        if not keys:
            keys = (Key(secrets.token_bytes(KEY_BYTES)),)
            keeper.write(keys)
    return Vault(keys, keeper)


def _bound(*parts: str) -> bytes:
    # Lengths keep ("ab", "c") and ("a", "bc") apart.
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _mac(key: Key, purpose: str, data: bytes) -> str:
    info = f"inboxlink mac {purpose}".encode()
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key.secret)
    return hmac.new(derived, data, hashlib.sha256).hexdigest()
