"""`inboxlink doctor`: what keeps this installation, or one mailbox, from working."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inboxlink.cli import exits
from inboxlink.cli.app import command as make_command
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w
from inboxlink.errors import InboxlinkError, SetupError, problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inboxlink.connect.checkup import Finding
    from inboxlink.connect.checkup.connection import Examination
    from inboxlink.connect.handing_off import HandOff
    from inboxlink.connect.host import Host
    from inboxlink.connect.supporting import Bundle

__all__ = ["command"]

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("·", "dim")}


@make_command("doctor", "cli.doctor")
@click.argument("address", required=False)
@click.option("--offline", is_flag=True, help=w("cli.doctor.offline"))
@click.option("--bundle", is_flag=False, flag_value="", metavar="FILE", help=w("cli.doctor.bundle"))
@click.option(
    "--letter", type=click.Path(path_type=Path, dir_okay=False), help=w("cli.connect.letter")
)
@click.option("--allow-private", is_flag=True, help=w("cli.doctor.allow_private"))
@pass_session
def command(
    session: Session,
    address: str | None,
    offline: bool,  # noqa: FBT001 - click's flags
    bundle: str | None,
    letter: Path | None,
    allow_private: bool,  # noqa: FBT001
) -> int:
    """See `cli.doctor` in the strings."""
    if address is None:
        return _installation(session, bundle, online=not offline)
    host = session.host(allow_private=allow_private)
    return _mailbox(session, host, address, bundle, letter, online=not offline)


def _installation(session: Session, bundle: str | None, *, online: bool) -> int:
    findings = []
    coming = _findings(session, online=online)
    while True:
        with session.busy("cli.busy.checkup"):
            finding = next(coming, None)
        if finding is None:
            break
        findings.append(finding)
        if not session.is_json:
            _show(session, finding)
    troubles = [each.problem for each in findings if each.problem is not None]
    written = None
    if bundle is not None:
        from inboxlink.connect.supporting import Supporter

        supporter = Supporter(session.host())
        written = _write_bundle(session, supporter.bundle(findings=findings), bundle)
    if session.is_json:
        checks = [_row(session, each) for each in findings]
        session.emit({"healthy": not troubles, "checks": checks} | _bundle_member(written))
    elif not troubles:
        session.gap()
        session.say("cli.doctor.healthy", style="green")
    _say_bundle(session, written)
    return exits.STATUS[troubles[0].kind] if troubles else exits.OK


def _mailbox(
    session: Session,
    host: "Host",
    name: str,
    bundle: str | None,
    letter: Path | None,
    *,
    online: bool,
) -> int:
    """The stages of one connection, what of it ends soon, and what to do."""
    from inboxlink.cli.accounts import find
    from inboxlink.cli.handing_off import require_writable, show_hand_off, write_letter
    from inboxlink.connect.checkup.connection import examine
    from inboxlink.connect.handing_off import blocked, hand_off
    from inboxlink.connect.supporting import Supporter

    require_writable(letter)
    connection = find(session, host, name)
    language = session.words.language
    supporter = Supporter(host)
    with session.busy("cli.busy.servers"):
        if bundle is not None and online:
            found = supporter.examine(connection, language=language)
        else:
            found = examine(host, connection, online=online, language=language)
    written = None
    if bundle is not None:
        written = _write_bundle(session, supporter.bundle(examination=found), bundle)
    trouble = found.problem
    # A direction that the connection does without may be one that an administrator can open.
    asked = trouble or blocked(found.report)
    handed = None if asked is None else hand_off(host, found.request, asked)
    write_letter(session, handed, letter)
    if session.is_json:
        _emit_mailbox(session, found, handed, written)
    else:
        _show_mailbox(session, found)
        show_hand_off(session, handed, letter)
    _say_bundle(session, written)
    return exits.OK if trouble is None else exits.STATUS[trouble.kind]


def _show_mailbox(session: Session, found: "Examination") -> None:
    from inboxlink.cli.accounts import show_forecast
    from inboxlink.cli.output import show_report, stage_of

    connection, trouble = found.connection, found.problem
    if found.report is not None:
        show_report(session, found.report, provider=connection.provider, told=trouble)
        session.gap()
    state = session.words(f"cli.state.{connection.standing.value}")
    session.say("cli.doctor.verified", address=connection.address, state=state)
    for forecast in found.forecasts:
        show_forecast(session, forecast, connection)
    if trouble is not None:
        stage = stage_of(found.report, trouble)
        session.fail(trouble, stage=stage, provider=connection.provider)


def _emit_mailbox(
    session: Session,
    found: "Examination",
    handed: "HandOff | None",
    written: Path | None,
) -> None:
    from inboxlink.cli.accounts import at_risk
    from inboxlink.cli.handing_off import hand_off_document
    from inboxlink.cli.output import account_document, report_document, stage_of

    connection, report, trouble = found.connection, found.report, found.problem
    provider = connection.provider
    document = {
        "healthy": trouble is None,
        "account": account_document(connection) | at_risk(session, connection, found.forecasts),
        "report": None if report is None else report_document(session, report, provider),
        **({} if handed is None else {"hand_off": hand_off_document(handed)}),
        **_bundle_member(written),
    }
    if trouble is None:
        session.emit(document)
    else:
        session.fail(trouble, document, stage=stage_of(report, trouble), provider=provider)


def _write_bundle(session: Session, bundle: "Bundle", named: str) -> Path:
    """Write it to a file of one's own that is not there yet.

    Raises:
        SetupError: `bundle_unwritable`.
    """
    import os

    at = session.host().clock()
    path = Path(named or f"inboxlink-bundle-{at:%Y%m%d-%H%M%S}.json")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(bundle.text + "\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SetupError(problem("bundle_unwritable", path=str(path), reason=reason)) from None
    return path


def _bundle_member(written: Path | None) -> dict[str, str]:
    return {} if written is None else {"bundle": str(written)}


def _say_bundle(session: Session, written: Path | None) -> None:
    if written is not None and not session.is_json:
        session.gap()
        session.say("cli.doctor.bundle.written", path=str(written))


def _findings(session: Session, *, online: bool) -> "Iterator[Finding]":
    from inboxlink.connect.checkup import check_up, unreadable

    try:
        host = session.host()
    except InboxlinkError as error:
        yield unreadable(error.problem)
        return
    yield from check_up(host, online=online)


def _show(session: Session, finding: "Finding") -> None:
    from inboxlink.cli.accounts import show_forecast

    mark, style = _MARKS[finding.ok]
    trouble = finding.problem
    said = finding.detail if trouble is None else trouble.message
    title = session.words(finding.title)
    _write(session, mark, title if said is None else f"{title}: {session.words(said)}", style)
    if trouble is not None and trouble.remedy is not None:
        _write(session, "  →", session.words(trouble.remedy), "")
    for forecast in finding.forecasts:
        show_forecast(session, forecast)


def _write(session: Session, mark: str, said: str, style: str) -> None:
    from inboxlink.cli.wrapping import wrapped

    beside = len(mark) + 1
    hanging = wrapped(said, session.console.width - beside).replace("\n", "\n" + " " * beside)
    session.console.print(f"{mark} {hanging}", style=style)


def _row(session: Session, finding: "Finding") -> dict[str, Any]:
    from inboxlink.cli.accounts import forecast_document

    return {
        "name": finding.name,
        "provider": finding.provider,
        "ok": finding.ok,
        "detail": None if finding.detail is None else session.words(finding.detail),
        "problem": None if finding.problem is None else session.describe(finding.problem),
        "at_risk": [forecast_document(session, each) for each in finding.forecasts],
    }
