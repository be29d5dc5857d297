"""One row of the ledger: what it says, and how that is written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from inboxlink.errors import HostError, problem
from inboxlink.store.times import from_text, to_text

__all__ = ["Entry", "EntryKind", "content_of", "entry_of"]


class EntryKind(StrEnum):
    """What a row says."""

    ACKNOWLEDGED = "acknowledged"
    AUTOMATION = "automation"
    CERTIFICATE_TRUSTED = "certificate_trusted"
    PARTIAL_ACCEPTED = "partial_accepted"
    DISCONNECTED = "disconnected"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row.

    Args:
        n: From 1 on, without gaps.
        at: When, aware and in UTC.
        kind: What it says.
        owner: Who.
        mailbox: For which mailbox.
        provider: By which provider.
        host: The machine on which it was said.
        details: What belongs to the kind.
        hash: Binds it to all rows before.
    """

    n: int
    at: datetime
    kind: EntryKind
    owner: str
    mailbox: str
    provider: str
    host: str
    details: Mapping[str, Any]
    hash: str

    def document(self) -> dict[str, Any]:
        """The row as JSON."""
        return {
            "n": self.n,
            "at": to_text(self.at),
            "kind": self.kind.value,
            "owner": self.owner,
            "mailbox": self.mailbox,
            "provider": self.provider,
            "host": self.host,
            "details": dict(self.details),
            "hash": self.hash,
        }


def content_of(said: Mapping[str, object]) -> str:
    """The text that is kept and hashed.

    Raises:
        HostError: `entry_invalid`: JSON or UTF-8 cannot say it, as with a lone surrogate.
    """
    try:
        content = json.dumps(
            said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        content.encode()
    except (TypeError, ValueError, RecursionError):
        raise HostError(problem("entry_invalid")) from None
    return content


def entry_of(n: int, content: str, digest: str) -> Entry:
    """Read a row by its content, which alone is bound to the others.

    Raises:
        HostError: `ledger_broken`: no row was ever written like that.
    """
    try:
        said = json.loads(content)
        return Entry(
            n=n,
            at=from_text(said["at"]),
            kind=EntryKind(said["kind"]),
            owner=said["owner"],
            mailbox=said["mailbox"],
            provider=said["provider"],
            host=said["host"],
            details=said["details"],
            hash=digest,
        )
    except (ValueError, KeyError, TypeError):
        raise HostError(problem("ledger_broken")) from None
