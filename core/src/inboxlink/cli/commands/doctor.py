"""`inboxlink doctor`: what keeps this installation from working, and what to do about it."""

from typing import TYPE_CHECKING, Any

import click

from inboxlink.cli import exits
from inboxlink.cli.app import command as make_command
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w
from inboxlink.errors import InboxlinkError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inboxlink.connect.checkup import Finding

__all__ = ["command"]

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("·", "dim")}


@make_command("doctor", "cli.doctor")
@click.option("--offline", is_flag=True, help=w("cli.doctor.offline"))
@pass_session
def command(session: Session, offline: bool) -> int:  # noqa: FBT001 - click's flag
    """See `cli.doctor` in the strings."""
    findings = []
    coming = _findings(session, online=not offline)
    while True:
        with session.busy("cli.busy.checkup"):
            finding = next(coming, None)
        if finding is None:
            break
        findings.append(finding)
        if not session.is_json:
            _show(session, finding)
    troubles = [each.problem for each in findings if each.problem is not None]
    if session.is_json:
        checks = [_row(session, each) for each in findings]
        session.emit({"healthy": not troubles, "checks": checks})
    elif not troubles:
        session.gap()
        session.say("cli.doctor.healthy", style="green")
    return exits.STATUS[troubles[0].kind] if troubles else exits.OK


def _findings(session: Session, *, online: bool) -> "Iterator[Finding]":
    from inboxlink.connect.checkup import check_up, unreadable

    try:
        host = session.host()
    except InboxlinkError as error:
        yield unreadable(error.problem)
        return
    yield from check_up(host, online=online)


def _show(session: Session, finding: "Finding") -> None:
    mark, style = _MARKS[finding.ok]
    trouble = finding.problem
    said = finding.detail if trouble is None else trouble.message
    title = session.words(finding.title)
    _write(session, mark, title if said is None else f"{title}: {session.words(said)}", style)
    if trouble is not None and trouble.remedy is not None:
        _write(session, "  →", session.words(trouble.remedy), "")


def _write(session: Session, mark: str, said: str, style: str) -> None:
    from inboxlink.cli.wrapping import wrapped

    beside = len(mark) + 1
    hanging = wrapped(said, session.console.width - beside).replace("\n", "\n" + " " * beside)
    session.console.print(f"{mark} {hanging}", style=style)


def _row(session: Session, finding: "Finding") -> dict[str, Any]:
    return {
        "name": finding.name,
        "provider": finding.provider,
        "ok": finding.ok,
        "detail": None if finding.detail is None else session.words(finding.detail),
        "problem": None if finding.problem is None else session.describe(finding.problem),
    }
