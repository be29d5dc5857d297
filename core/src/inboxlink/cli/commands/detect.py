"""`inboxlink detect`: what can be told from an address, and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inboxlink.cli import exits
from inboxlink.cli.app import command as make_command
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.usage import Misuse
from inboxlink.cli.wording import w
from inboxlink.errors import InboxlinkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxlink.connect.host import Host
    from inboxlink.evidence.lookup import LookupSettings

__all__ = ["command"]

#: Questions to DNS in a second, so that a resolver that others use too is not overrun.
QUERIES_PER_S = 300


@make_command("detect", "cli.detect")
@click.argument("addresses", metavar="[ADDRESS...]", nargs=-1)
@click.option("--passive", is_flag=True, help=w("cli.detect.passive"))
@click.option("--offline", is_flag=True, help=w("cli.detect.offline"))
@click.option("--explain", is_flag=True, help=w("cli.detect.explain"))
@click.option("--dry-run", is_flag=True, help=w("cli.detect.dry_run"))
@click.option("--refresh", is_flag=True, help=w("cli.detect.refresh"))
@click.option("--from", "source", metavar="FILE", help=w("cli.detect.from"))
@click.option("--to", metavar="FILE", type=click.Path(path_type=Path), help=w("cli.detect.to"))
@click.option(
    "--queries-per-s",
    metavar="N",
    type=click.IntRange(0),
    default=QUERIES_PER_S,
    show_default=True,
    help=w("cli.detect.queries_per_s"),
)
@click.option("--insecure-http", is_flag=True, help=w("cli.option.insecure_http"))
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
    source: str | None,
    to: Path | None,
    queries_per_s: int,
    insecure_http: bool,
    allow_private: bool,
) -> int:
    """See `cli.detect` in the strings."""
    from inboxlink.evidence.lookup import DEADLINE_S, MANY_DEADLINE_S, LookupDepth

    if bool(addresses) == (source is not None):
        raise Misuse(session.words("cli.detect.addresses_or_file"))
    is_bulk = source is not None
    for one, other, is_given in (
        ("--passive", "--offline", passive and offline),
        ("--dry-run", "--from", dry_run and is_bulk),
        ("--explain", "--from", explain and is_bulk),
        ("--insecure-http", "--from", insecure_http and is_bulk),
        ("--insecure-http", "--passive", insecure_http and passive),
        ("--insecure-http", "--offline", insecure_http and offline),
    ):
        if is_given:
            raise Misuse(session.words("cli.detect.apart", one=one, other=other))
    if to is not None and not is_bulk:
        raise Misuse(session.words("cli.detect.needs", one="--to", other="--from"))
    depth = LookupDepth.PASSIVE if passive else LookupDepth.FULL
    host = session.host(allow_private=allow_private)
    settings = host.lookup_settings(
        LookupDepth.OFFLINE if offline else depth,
        thorough=explain,
        refresh=refresh,
        many=is_bulk,
        insecure_http=insecure_http,
        check=not (is_bulk or passive or offline),
        deadline_s=MANY_DEADLINE_S if is_bulk else DEADLINE_S,
    )
    if source is not None:
        from inboxlink.cli.bulk_detection import detect_many

        detect_many(session, host, settings, source=source, to=to, queries_per_s=queries_per_s)
        return exits.OK
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
    from inboxlink.cli.evidence import show_evidence

    mailbox = host.address(address)
    if dry_run or not session.is_json:
        hosts = host.would_ask(mailbox, settings)
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
    shown.show_meant(session, recommendation)
    if explain:
        show_evidence(session, recommendation.evidence)
    return {}
