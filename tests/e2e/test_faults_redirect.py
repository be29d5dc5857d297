"""Whoever can write the database, but has no key, gets no password sent anywhere."""

import socket
from pathlib import Path

from core.custody import sql
from e2e.conftest import Program
from e2e.test_connect import CONNECT
from inboxlink.testing.peers.ports import LOOPBACK
from peers.dovecot import Dovecot
from peers.fixtures import ALICE, PASSWORDS


def test_a_redirected_connection_signs_in_nowhere(
    program: Program, example_test: Dovecot, home: Path
) -> None:
    """A server that was written into the row is not connected to, nor is the right one used."""
    assert program(*CONNECT, typed=PASSWORDS[ALICE] + "\n").status == 0
    example_test.forget()
    with socket.create_server((LOOPBACK, 0)) as evil:
        evil.settimeout(0.2)
        file = home / "inboxlink.toml"
        place = f"{LOOPBACK}:{evil.getsockname()[1]}"
        file.write_text(
            file.read_text().replace(
                "[network.connect]", f'[network.connect]\n"imap.evil.test:993" = "{place}"'
            )
        )
        assert place in file.read_text()
        change = "UPDATE connection SET endpoints = replace(endpoints, '{}.test', '{}.test')"
        sql(home / "data", change.format("imap.example", "imap.evil"))
        for arguments in (("accounts", "verify", ALICE), ("vault", "rotate")):
            ran = program("--json", *arguments)
            assert (ran.status, ran.json["error"]["code"]) == (14, "sealed_broken")
        sql(home / "data", change.format("imap.evil", "imap.example"))
        try:
            evil.accept()
        except TimeoutError:
            reached = False
        else:
            reached = True
    assert not reached
    assert example_test.attempts() == []
    assert program("--json", "vault", "rotate").json["resealed"] == 1
    assert program("accounts", "verify", ALICE).status == 0
