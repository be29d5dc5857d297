"""What an installation holds before a round, beside the mailbox that dovecot keeps."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from core.custody import a_connection, a_credential
from inboxlink.connect.host import Host

__all__ = ["BESIDE", "OLD", "seed"]

#: The password that was right when the mailbox was connected.
OLD = "an older s3cret of Alice"

#: Other connections with their passwords, for a rotation with several batches.
BESIDE = {f"me{number}@example.com": f"s3cret number {number}" for number in range(1, 5)}


def seed(home: Path, owner: Any) -> None:
    """Give the connected mailbox its old password, and put others beside it."""
    with Host() as host:
        (connection,) = host.connections.page(None).items
        host.connections.replace(connection, a_credential(OLD))
        for number, (address, password) in enumerate(BESIDE.items(), 1):
            other = replace(a_connection(number), address=address, owner=owner)
            host.connections.add(other, a_credential(password))
