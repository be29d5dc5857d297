"""Draw what a person reads. Nothing here decides anything."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from inboxlink.cli.endpoints import endpoint_lines
from inboxlink.cli.session import Session
from inboxlink.cli.wrapping import hanging, wrapped
from inboxlink.texts import safe_text

if TYPE_CHECKING:
    from inboxlink.errors import Problem
    from inboxlink.store.connections import Connection
    from inboxlink.types.disclosure import Disclosure
    from inboxlink.types.report import Check, VerifyReport

__all__ = [
    "account_document",
    "report_document",
    "show_account",
    "show_disclosure",
    "show_report",
    "show_table",
    "stage_of",
    "worded_time",
]

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("·", "dim")}


def show_table(session: Session, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table; the words of a cell wrap rather than being cut."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(safe_text(cell) for cell in row))
    session.console.print(table)


def show_disclosure(session: Session, disclosure: "Disclosure") -> None:
    """A disclosure, in exactly the words that are acknowledged."""
    from rich.box import ROUNDED
    from rich.panel import Panel
    from rich.text import Text

    # The panel's border and padding take six cells, a list's mark four.
    width = session.console.width - 6
    body = Text()
    body.append(wrapped(safe_text(disclosure.body, 20_000).strip(), width))
    body.append("\n\n")
    body.append(session.words("cli.disclosure.data"), style="bold")
    for line in disclosure.data:
        body.append(f"\n{hanging('  • ', safe_text(line), width)}")
    if disclosure.scopes:
        body.append("\n\n")
        body.append(session.words("cli.disclosure.scopes"), style="bold")
        for scope in disclosure.scopes:
            body.append(f"\n  • {safe_text(scope)}")
    for key, text in (
        ("cli.disclosure.remove_here", disclosure.remove_here),
        ("cli.disclosure.revoke_there", disclosure.revoke_there),
    ):
        body.append("\n\n")
        body.append(session.words(key), style="bold")
        body.append(f"\n{hanging('  ', safe_text(text), width)}")
    panel = Panel(
        body,
        title=safe_text(disclosure.title),
        subtitle=disclosure.reference,
        box=ROUNDED,
        padding=(1, 2),
    )
    session.console.print(panel)


def show_report(
    session: Session,
    report: "VerifyReport",
    *,
    provider: str | None = None,
    told: "Problem | None" = None,
) -> None:
    """The stages of a verification, both directions, with the cause below each that failed.

    Args:
        session: Where to draw them.
        report: What was found.
        provider: Who verified; None = unknown.
        told: The problem that is told in full beside this, and so has no cause here.
    """
    from rich.text import Text

    for chain in dict.fromkeys(check.chain for check in report.checks):
        session.say(f"cli.chain.{chain.value}", style="bold")
        for check in report.chain(chain):
            mark, style = _MARKS[check.ok]
            line = Text(f"  {mark} ", style=style)
            name = session.words(f"cli.stage.{check.stage}")
            line.append(_padded(name, 24), style="dim" if check.ok is None else "")
            line.append("        " if check.took_ms is None else f"{check.took_ms:>5.0f} ms")
            if check.problem is not None:
                line.append(f"  {check.problem.code}", style="red")
            elif seen := _evidence(session, check):
                line.append(f"  {safe_text(seen, 120)}", style="dim")
            elif check.ok is None:
                untried = "cli.not_reached" if check.is_granted else "cli.not_granted"
                line.append(f"  {session.words(untried)}", style="dim")
            session.console.print(line, overflow="ellipsis", no_wrap=True)
            if check.problem is not None and check.problem != told:
                found = session.diagnosis(check.problem, stage=check.stage, provider=provider)
                if found is not None and found.cause is not None:
                    session.write(found.cause, mark="    ", style="dim")


def stage_of(report: "VerifyReport | None", trouble: "Problem") -> str | None:
    """The stage that failed with a problem; None = it is of no stage."""
    checks = () if report is None else report.checks
    return next((check.stage for check in checks if check.problem == trouble), None)


def show_account(session: Session, connection: "Connection", standing: str) -> None:
    """One connection, in full; `standing` is worded."""
    rows = [
        ("cli.account.address", connection.address),
        ("cli.account.id", connection.id),
        ("cli.account.provider", f"{connection.provider} {connection.plugin_version}"),
        ("cli.account.state", standing),
        ("cli.account.owner", connection.owner),
        ("cli.account.username", connection.account),
        (
            "cli.account.endpoints",
            "\n".join(
                line + (f" {session.words('cli.account.pinned')}" if each.pin else "")
                for each, line in zip(
                    connection.endpoints,
                    endpoint_lines(session, connection.endpoints),
                    strict=True,
                )
            ),
        ),
        (
            "cli.account.identities",
            "\n".join(
                f"{each.address} ({session.words(f'cli.proof.{each.proof.value}')})"
                for each in connection.identities
            ),
        ),
        (
            "cli.account.disclosures",
            "\n".join(f"{d.id}@{d.version}" for d in connection.disclosures),
        ),
        (
            "cli.account.automation",
            session.words("cli.on" if connection.inbox_automation else "cli.off"),
        ),
        ("cli.account.created", worded_time(connection.created_at)),
        ("cli.account.verified", worded_time(connection.verified_at)),
    ]
    if connection.problem_code:
        rows.insert(4, ("cli.account.problem", connection.problem_code))
    for key, moment in (
        ("cli.account.expires", connection.expires_at),
        ("cli.account.grant_ends", connection.grant_ends_at),
    ):
        if moment is not None:
            rows.append((key, worded_time(moment)))
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in rows:
        table.add_row(session.words(key), safe_text(value))
    session.console.print(table)


def account_document(connection: "Connection") -> dict[str, Any]:
    """A connection as JSON; secrets are not part of a connection."""
    return {
        "id": connection.id,
        "owner": connection.owner,
        "address": connection.address,
        "provider": connection.provider,
        "plugin_version": connection.plugin_version,
        "state": connection.standing.value,
        "problem": connection.problem_code,
        "username": connection.account,
        "kind": connection.kind.value,
        "scopes": list(connection.scopes),
        "expires_at": _iso(connection.expires_at),
        "grant_ends_at": _iso(connection.grant_ends_at),
        "endpoints": [
            {
                "role": each.role.value,
                "host": each.host,
                "port": each.port,
                "tls": each.tls.value,
                "pin": None if each.pin is None else f"sha256:{each.pin.sha256}",
            }
            for each in connection.endpoints
        ],
        "identities": [each.model_dump(mode="json") for each in connection.identities],
        "disclosures": [
            {"id": each.id, "version": each.version, "digest": each.digest}
            for each in connection.disclosures
        ],
        "inbox_automation": connection.inbox_automation,
        "created_at": _iso(connection.created_at),
        "updated_at": _iso(connection.updated_at),
        "verified_at": _iso(connection.verified_at),
    }


def report_document(
    session: Session, report: "VerifyReport", provider: str | None = None
) -> dict[str, Any]:
    """A verification as JSON; `provider` says who verified, if that is known."""
    return {
        "can_receive": report.can_receive,
        "can_send": report.can_send,
        "checks": [
            {
                "chain": check.chain.value,
                "stage": check.stage,
                "ok": check.ok,
                "granted": check.is_granted,
                "problem": None
                if check.problem is None
                else session.describe(check.problem, stage=check.stage, provider=provider),
                "evidence": _evidence(session, check),
                "took_ms": check.took_ms,
            }
            for check in report.checks
        ],
        "identities": [each.model_dump(mode="json") for each in report.identities],
    }


def _evidence(session: Session, check: "Check") -> str | None:
    seen = check.evidence
    return seen if seen is None or isinstance(seen, str) else session.words(seen)


def _padded(text: str, width: int) -> str:
    # A Japanese character takes two cells.
    from rich.cells import cell_len

    return text + " " * max(1, width - cell_len(text))


def worded_time(moment: datetime | None) -> str:
    """A moment in the time of this machine, to the minute."""
    return "–" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
