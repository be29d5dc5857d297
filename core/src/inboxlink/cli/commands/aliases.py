"""`inboxlink aliases`: the addresses that a mailbox may send as."""

from typing import TYPE_CHECKING

import click

from inboxlink.cli.accounts import find
from inboxlink.cli.app import group
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w

if TYPE_CHECKING:
    from inboxlink.store.connections import Connection

__all__ = ["command"]

_PROOFS = {"proven": "cli.aliases.proven", "declared": "cli.aliases.declared"}


@group("aliases", "cli.aliases")
def command() -> None:
    """See `cli.aliases` in the strings."""


@command.command("list", help=w("cli.aliases.list"))
@click.argument("account")
@pass_session
def list_aliases(session: Session, account: str) -> None:
    """See `cli.aliases.list` in the strings."""
    _show(session, find(session, session.host(), account))


@command.command("refresh", help=w("cli.aliases.refresh"))
@click.argument("account")
@click.option("--allow-private", is_flag=True, help=w("cli.option.allow_private"))
@pass_session
def refresh(session: Session, account: str, allow_private: bool) -> None:  # noqa: FBT001
    """See `cli.aliases.refresh` in the strings."""
    from inboxlink.connect.aliases import refresh_aliases

    host = session.host(allow_private=allow_private)
    connection = find(session, host, account)
    with session.busy("cli.busy.servers"):
        connection = refresh_aliases(host, connection)
    _show(session, connection)


def _show(session: Session, connection: "Connection") -> None:
    from inboxlink.cli.output import show_table

    if session.is_json:
        session.emit(
            {
                "account": connection.id,
                "address": connection.address,
                "aliases": [each.model_dump(mode="json") for each in connection.identities],
            }
        )
        return
    headings = [session.words(key) for key in ("cli.aliases.address", "cli.aliases.proof")]
    show_table(
        session,
        headings,
        [
            (each.address, session.words(_PROOFS[each.proof.value]))
            for each in connection.identities
        ],
    )
