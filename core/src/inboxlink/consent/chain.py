"""How rows are bound together. Rules first, so that anybody can check an export by them.

A row's content is JSON with sorted keys and no spaces. Its hash is the SHA-256 of the previous
hash and the content, joined by a new line; the first row's previous hash is 64 zeros. The head
names the last row and its hash, and is authenticated with a key derived from the vault's, so that
rows cut off at the end are missed too.
"""

import hashlib

__all__ = ["GENESIS", "MAC_PURPOSE", "head_bytes", "row_hash"]

GENESIS = "0" * 64
MAC_PURPOSE = "ledger"


def row_hash(previous: str, content: str) -> str:
    """The hash of a row, hexadecimal."""
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()


def head_bytes(n: int, last_hash: str) -> bytes:
    """What the head's authentication covers."""
    return f"{n}\n{last_hash}".encode()
