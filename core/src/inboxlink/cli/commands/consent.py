"""`inboxlink consent`: what people were told, and what they said."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from inboxlink.cli import exits
from inboxlink.cli.app import group
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w
from inboxlink.errors import problem

__all__ = ["command"]


@group("consent", "cli.consent")
def command() -> None:
    """See `cli.consent` in the strings."""


@command.command("show", help=w("cli.consent.show"))
@click.argument("address", required=False)
@pass_session
def show(session: Session, address: str | None) -> None:
    """See `cli.consent.show` in the strings."""
    from inboxlink.cli.output import show_table

    host = session.host()
    mailbox = None if address is None else str(host.address(address))
    entries = [
        entry
        for entry in host.ledger.entries(owner=session.owner)
        if mailbox is None or entry.mailbox == mailbox
    ]
    if session.is_json:
        session.emit({"entries": [entry.document() for entry in entries]})
        return
    if not entries:
        session.say("cli.consent.none")
        return
    headings = [
        session.words(f"cli.consent.{name}") for name in ("n", "at", "mailbox", "kind", "what")
    ]
    rows = [
        (
            str(entry.n),
            entry.at.astimezone().strftime("%Y-%m-%d %H:%M"),
            entry.mailbox,
            session.words(f"cli.consent.kind.{entry.kind.value}"),
            _summary(session, entry.details),
        )
        for entry in entries
    ]
    show_table(session, headings, rows)


@command.command("verify", help=w("cli.consent.verify"))
@click.option(
    "--against",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=w("cli.consent.verify.against"),
)
@pass_session
def verify(session: Session, against: Path | None) -> int:
    """See `cli.consent.verify` in the strings."""
    from inboxlink.consent.checking import read_export

    exported = () if against is None else read_export(against)
    verdict = session.host().ledger.verify(exported)
    if session.is_json:
        session.emit(
            {
                "ok": verdict.ok,
                "count": verdict.count,
                "exported": None if against is None else len(exported),
                "broken_at": verdict.broken_at,
                "reason": verdict.reason,
            }
        )
    elif verdict.reason is None:
        session.say("cli.consent.whole", style="green", count=str(verdict.count))
    else:
        session.fail(problem("ledger_broken"))
        flaw = session.words(f"cli.consent.flaw.{verdict.reason}")
        session.say("cli.consent.broken_at", n=str(verdict.broken_at), reason=flaw)
    return exits.OK if verdict.ok else exits.STATUS[problem("ledger_broken").kind]


@command.command("export", help=w("cli.consent.export"))
@pass_session
def export(session: Session) -> None:
    """See `cli.consent.export` in the strings."""
    for row in session.host().ledger.export():
        sys.stdout.write(json.dumps(row, sort_keys=True) + "\n")


def _summary(session: Session, details: Mapping[str, Any]) -> str:
    if "disclosure" in details:
        return f"{details['disclosure']}@{details['version']} ({details['language']})"
    if "on" in details:
        return session.words("cli.on" if details["on"] else "cli.off")
    return ", ".join(str(value) for value in details.values())
