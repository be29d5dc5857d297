"""`inboxlink detect`: what can be told from an address, and why."""

from typing import TYPE_CHECKING, Any

import click

from inboxlink.cli import exits
from inboxlink.cli.app import command as make_command
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w
from inboxlink.errors import InboxlinkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxlink.connect.host import Host
    from inboxlink.evidence.lookup import LookupSettings

__all__ = ["command"]


@make_command("detect", "cli.detect")
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.option("--passive", is_flag=True, help=w("cli.detect.passive"))
@click.option("--offline", is_flag=True, help=w("cli.detect.offline"))
@click.option("--explain", is_flag=True, help=w("cli.detect.explain"))
@click.option("--dry-run", is_flag=True, help=w("cli.detect.dry_run"))
@click.option("--refresh", is_flag=True, help=w("cli.detect.refresh"))
@click.option("--allow-private", is_flag=True, help=w("cli.option.allow_private"))
@pass_session
def command(
    session: Session,
    /,
    addresses: tuple[str, ...],
    *,
    passive: bool,
    offline: bool,
    explain: bool,
    dry_run: bool,
    refresh: bool,
    allow_private: bool,
) -> int:
    """See `cli.detect` in the strings."""
    from inboxlink.evidence.lookup import LookupDepth

    depth = LookupDepth.PASSIVE if passive else LookupDepth.FULL
    host = session.host(allow_private=allow_private)
    settings = host.lookup_settings(
        LookupDepth.OFFLINE if offline else depth, thorough=explain, refresh=refresh
    )
    emit = session.emit if len(addresses) == 1 else session.emit_line
    worst = exits.OK
    for place, address in enumerate(addresses):
        if place and not session.is_json:
            session.gap()
        try:
            document = _detect(session, host, address, settings, explain=explain, dry_run=dry_run)
        except InboxlinkError as error:
            # One address that is none must not hide what is known about the others.
            if len(addresses) == 1:
                raise
            worst = max(worst, exits.STATUS[error.problem.kind])
            if not session.is_json:
                session.fail(error.problem)
            document = {"error": session.describe(error.problem)}
        if session.is_json:
            emit({"address": address, **document})
    return worst


def _detect(
    session: Session,
    host: "Host",
    address: str,
    settings: "LookupSettings",
    *,
    explain: bool,
    dry_run: bool,
) -> "Mapping[str, Any]":
    """Look one address up, and show it to a person; what JSON says of it."""
    from inboxlink.cli import recommendations as shown

    mailbox = host.address(address)
    if dry_run or not session.is_json:
        from inboxlink.evidence.notice import asked

        hosts = () if host.is_known(mailbox) else asked(mailbox.domain, settings)
        shown.show_domain(session, mailbox)
        if hosts or dry_run:
            shown.show_notice(session, hosts)
        if dry_run:
            return {"domain": mailbox.domain, "asks": shown.notice_document(session, hosts)}
    with session.busy("cli.busy.lookup", domain=mailbox.domain):
        recommendation = host.recommend(mailbox, settings)
    if session.is_json:
        return shown.document(session, recommendation)
    shown.show(session, host, recommendation)
    if explain:
        shown.show_evidence(session, recommendation.evidence)
    return {}
