"""`inboxlink accounts`: the mailboxes that are connected."""

from typing import Any

import click

from inboxlink.cli import exits
from inboxlink.cli.accounts import find
from inboxlink.cli.app import group
from inboxlink.cli.asking import confirm
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.sign_in_options import sign_in_options
from inboxlink.cli.signing_in import sign_in
from inboxlink.cli.wording import w

__all__ = ["command"]


@group("accounts", "cli.accounts")
def command() -> None:
    """See `cli.accounts` in the strings."""


@command.command("list", help=w("cli.accounts.list"))
@click.option("--limit", type=click.IntRange(1, 500), default=50, help=w("cli.accounts.limit"))
@click.option("--after", metavar="ID", help=w("cli.accounts.after"))
@click.option("--everyone", is_flag=True, help=w("cli.accounts.everyone"))
@pass_session
def list_accounts(session: Session, limit: int, after: str | None, everyone: bool) -> None:  # noqa: FBT001
    """See `cli.accounts.list` in the strings."""
    from inboxlink.cli.accounts import at_risk, show_forecast, standing
    from inboxlink.cli.output import account_document, show_table
    from inboxlink.connect.forecasting import forecasts

    host = session.host()
    page = host.connections.page(None if everyone else session.owner, after, limit)
    found = forecasts(host, page.items)
    if session.is_json:
        accounts = [
            account_document(each) | at_risk(session, each, found[each.id]) for each in page.items
        ]
        session.emit({"accounts": accounts, "next": page.next})
        return
    if not page.items:
        session.say("cli.accounts.none")
        return
    headings = [
        session.words(f"cli.account.{name}") for name in ("address", "provider", "state", "id")
    ]
    show_table(
        session,
        headings,
        [
            (
                each.address,
                each.provider,
                standing(session, each, found[each.id]),
                each.id,
            )
            for each in page.items
        ],
    )
    for each in page.items:
        for forecast in found[each.id]:
            show_forecast(session, forecast, each)
    if page.next is not None:
        session.say("cli.accounts.more", after=page.next)


@command.command("show", help=w("cli.accounts.show"))
@click.argument("account")
@pass_session
def show(session: Session, account: str) -> None:
    """See `cli.accounts.show` in the strings."""
    from inboxlink.cli.accounts import at_risk, warn_of_ends
    from inboxlink.cli.output import (
        account_document,
        report_document,
        show_account,
        show_report,
    )
    from inboxlink.connect.forecasting import forecasts

    host = session.host()
    connection = find(session, host, account)
    if session.is_json:
        kept = connection.report
        report = None if kept is None else report_document(session, kept, connection.provider)
        found = forecasts(host, (connection,))[connection.id]
        document = account_document(connection) | at_risk(session, connection, found)
        session.emit({"account": document, "report": report})
        return
    show_account(session, connection)
    warn_of_ends(session, host, (connection,))
    if connection.report is not None:
        session.gap()
        show_report(session, connection.report, provider=connection.provider)


@command.command("verify", help=w("cli.accounts.verify"))
@click.argument("account")
@click.option("--send-test-message", is_flag=True, help=w("cli.connect.send_test_message"))
@click.option("--allow-private", is_flag=True, help=w("cli.option.allow_private"))
@pass_session
def verify(session: Session, account: str, send_test_message: bool, allow_private: bool) -> int:  # noqa: FBT001
    """See `cli.accounts.verify` in the strings."""
    from inboxlink.cli.accounts import warn_of_ends
    from inboxlink.cli.output import account_document, report_document, show_report, stage_of
    from inboxlink.connect.keeping import verify_again

    host = session.host(allow_private=allow_private)
    connection = find(session, host, account)
    with session.busy("cli.busy.servers"):
        verified = verify_again(host, connection, send_test_message=send_test_message)
    connection, report, trouble = verified.connection, verified.report, verified.problem
    provider = connection.provider
    stage = None if trouble is None else stage_of(report, trouble)
    if session.is_json:
        document = {
            "account": account_document(connection),
            "report": report_document(session, report, provider),
        }
        if trouble is None:
            session.emit(document)
        else:
            session.fail(trouble, document, stage=stage, provider=provider)
    else:
        show_report(session, report, provider=provider, told=trouble)
        session.gap()
        if trouble is not None:
            session.fail(trouble, stage=stage, provider=provider)
        state = session.words(f"cli.state.{connection.standing.value}")
        session.say("cli.accounts.verified", address=connection.address, state=state)
        warn_of_ends(session, host, (connection,))
    return exits.OK if trouble is None else exits.STATUS[trouble.kind]


@command.command("refresh", help=w("cli.accounts.refresh"))
@click.argument("account")
@click.option("--force", is_flag=True, help=w("cli.accounts.refresh.force"))
@click.option("--allow-private", is_flag=True, help=w("cli.option.allow_private"))
@pass_session
def refresh(session: Session, account: str, force: bool, allow_private: bool) -> None:  # noqa: FBT001
    """See `cli.accounts.refresh` in the strings."""
    from inboxlink.cli.accounts import warn_of_ends
    from inboxlink.cli.output import account_document, worded_time
    from inboxlink.connect.refreshing import fresh

    host = session.host(allow_private=allow_private)
    connection = find(session, host, account)
    with session.busy("cli.busy.servers"):
        connection, _ = fresh(host, connection.id, force=force)
    if session.is_json:
        session.emit({"account": account_document(connection)})
        return
    if connection.expires_at is None:
        session.say("cli.accounts.refreshed.lasting", address=connection.address)
    else:
        until = worded_time(connection.expires_at)
        session.say("cli.accounts.refreshed", address=connection.address, until=until)
    warn_of_ends(session, host, (connection,))


@command.command("reconnect", help=w("cli.accounts.reconnect"))
@click.argument("account")
@sign_in_options
@pass_session
def reconnect(
    session: Session,
    /,
    account: str,
    provider: str | None,
    send_test_message: bool | None,  # noqa: FBT001
    allow_private: bool,  # noqa: FBT001
    **given: Any,  # noqa: ANN401 - passed on to `sign_in`
) -> int:
    """See `cli.accounts.reconnect` in the strings."""
    from dataclasses import replace

    from inboxlink.connect.keeping import reconnection
    from inboxlink.connect.opening import require_permission
    from inboxlink.evidence.lookup import LookupDepth

    host = session.host(allow_private=allow_private)
    require_permission(host, session.owner)
    connection = find(session, host, account)
    detection = None
    if provider is not None and provider != connection.provider:
        address = host.address(connection.address)
        detection = host.choose(
            host.recommend(address, host.lookup_settings(LookupDepth.PASSIVE)), provider
        )
    request = replace(
        reconnection(host, connection, session.words.language, detection),
        send_test_message=bool(send_test_message),
    )
    return sign_in(session, host, request, ask_for_message=send_test_message is None, **given)


@command.command("disconnect", help=w("cli.accounts.disconnect"))
@click.argument("account")
@click.option("--revoke", is_flag=True, help=w("cli.accounts.revoke"))
@click.option("--yes", is_flag=True, help=w("cli.accounts.yes"))
@pass_session
def disconnect(session: Session, account: str, revoke: bool, yes: bool) -> None:  # noqa: FBT001
    """See `cli.accounts.disconnect` in the strings."""
    from inboxlink.cli.output import account_document
    from inboxlink.connect import keeping

    host = session.host()
    connection = find(session, host, account)
    session.say("cli.accounts.disconnect.explained", address=connection.address)
    if session.is_interactive and not yes:
        question = session.words("cli.accounts.disconnect.ask", address=connection.address)
        if not confirm(session, question):
            raise click.Abort
    with session.busy("cli.busy.servers"):
        ended = keeping.disconnect(host, connection, revoke=revoke)
    if session.is_json:
        session.emit(
            {
                "account": account_document(ended.connection),
                "revoked": None if ended.revoked is None else ended.revoked.revoked,
                "problem": None if ended.problem is None else session.describe(ended.problem),
            }
        )
        return
    session.say("cli.accounts.disconnected", style="bold green", address=connection.address)
    if ended.revoked is not None:
        session.say(ended.revoked.detail)
    if ended.problem is not None:
        session.fail(ended.problem)
    if not revoke:
        session.say("cli.accounts.revoke_there", style="dim")


@command.command("automation", help=w("cli.accounts.automation"))
@click.argument("account")
@click.argument("switch", type=click.Choice(("on", "off")))
@pass_session
def automation(session: Session, account: str, switch: str) -> None:
    """See `cli.accounts.automation` in the strings."""
    from inboxlink.cli.output import account_document
    from inboxlink.connect.keeping import set_automation

    host = session.host()
    connection = set_automation(host, find(session, host, account), on=switch == "on")
    if session.is_json:
        session.emit({"account": account_document(connection)})
        return
    session.say(f"cli.accounts.automation.{switch}", address=connection.address)
