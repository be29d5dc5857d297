"""The key, and what it seals. The vault alone writes secrets, and never in the clear."""

from inboxlink.vault.keys import KeySource, RecordedKey
from inboxlink.vault.vault import Vault, open_vault

__all__ = ["KeySource", "RecordedKey", "Vault", "open_vault"]
