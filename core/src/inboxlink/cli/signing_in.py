"""Sign a mailbox in from the command line: what `connect` and `accounts reconnect` share."""

from typing import TYPE_CHECKING, Any

import click

from inboxlink.cli import exits
from inboxlink.cli.asking import confirm
from inboxlink.cli.moving import moved
from inboxlink.cli.session import Session
from inboxlink.errors import HostError, Kind, SignInError, problem

if TYPE_CHECKING:
    from pathlib import Path

    from inboxlink.cli.answers import Answers, Given
    from inboxlink.cli.way_back import WayBack
    from inboxlink.connect.handing_off import HandOff
    from inboxlink.connect.host import Host
    from inboxlink.connect.request import Connected, Failed, Request, Revocation
    from inboxlink.types.report import VerifyReport
    from inboxlink.types.steps import Event, PendingStep

__all__ = ["sign_in"]


def sign_in(
    session: Session,
    host: "Host",
    request: "Request",
    *,
    settings: dict[str, str],
    password_stdin: bool,
    secret_fd: dict[str, int],
    acknowledge: tuple[str, ...],
    trust: dict[str, str],
    accept_domain: tuple[str, ...],
    way: str | None,
    accept_partial: bool,
    force: bool,
    letter: "Path | None",
    ask_for_message: bool,
    already: frozenset[str] = frozenset(),
) -> int:
    """Disclose, have it acknowledged, sign in, and say how it ended; gives the exit status.

    A letter to an administrator goes to the file `letter`, and is shown where that is None. What
    is `already` acknowledged in these very words, as `id@version`, needs no second yes.
    """
    from dataclasses import replace

    from inboxlink.cli.answers import Given, Terminal, read_secrets
    from inboxlink.cli.handing_off import require_writable, show_hand_off, write_letter
    from inboxlink.connect.handing_off import hand_off, hand_off_rest
    from inboxlink.connect.request import Connected

    require_writable(letter)
    request = replace(request, force=force)
    _disclose(session, host, request, acknowledge, already)
    descriptors = {"password": 0} | secret_fd if password_stdin else secret_fd
    given = Given(settings, read_secrets(descriptors), trust, accept_domain)
    is_asked = session.is_interactive and not descriptors
    answers: Answers = Terminal(session, given) if is_asked else given
    if is_asked and ask_for_message:
        question = session.words("cli.connect.message.ask", address=str(request.address))
        wish = confirm(session, question)
        request = replace(request, send_test_message=wish)
    while True:
        outcome = _run(session, host, request, answers, way=way, accept_partial=accept_partial)
        if isinstance(outcome, Connected):
            # A direction that is done without may be one that only an administrator can open.
            handed = hand_off_rest(host, request, outcome)
            write_letter(session, handed, letter)
            _succeed(session, host, outcome, handed)
            show_hand_off(session, handed, letter)
            return exits.OK
        handed = hand_off(host, request, outcome.problem)
        if not isinstance(answers, Terminal):
            write_letter(session, handed, letter)
        _show_failure(session, outcome, given, request.detection.provider, handed)
        if not isinstance(answers, Terminal):
            show_hand_off(session, handed, letter)
            return exits.STATUS[outcome.problem.kind]
        other = moved(session, host, request, outcome)
        if other is not None:
            request, answers = other, Terminal(session, Given({}, {}, trust, accept_domain))
            _disclose(session, host, request, acknowledge)
            continue
        if not _again(session, outcome):
            write_letter(session, handed, letter)
            show_hand_off(session, handed, letter)
            return exits.STATUS[outcome.problem.kind]
        # A new try is a new act of the person, begun from what they had typed, secrets apart.
        is_forced = outcome.problem.code == "refused_recently" and confirm(
            session, session.words("cli.connect.force.ask")
        )
        request = replace(request, previous=outcome.previous or request.previous, force=is_forced)
        answers = Terminal(session, Given({}, {}, trust, accept_domain))


def _disclose(
    session: Session,
    host: "Host",
    request: "Request",
    given: tuple[str, ...],
    already: frozenset[str] = frozenset(),
) -> None:
    from inboxlink.cli.output import show_disclosure
    from inboxlink.connect.consenting import acknowledge, disclosures

    shown = disclosures(host, request)
    missing = [each.reference for each in shown if each.reference not in {*given, *already}]
    if missing and not session.is_interactive:
        raise HostError(problem("acknowledgement_missing", disclosures=", ".join(missing)))
    for each in shown:
        if not session.is_json:
            show_disclosure(session, each)
        if each.reference in already:
            session.say("cli.connect.resume.again", style="dim")
            continue
        if each.reference not in given and not confirm(
            session, session.words("cli.connect.acknowledge.ask")
        ):
            raise click.Abort
        acknowledge(host, request, (each,))


def _run(
    session: Session,
    host: "Host",
    request: "Request",
    answers: "Answers",
    *,
    way: str | None,
    accept_partial: bool,
) -> "Connected | Failed":
    from inboxlink.cli.way_back import way_back
    from inboxlink.connect.request import Failed
    from inboxlink.connect.signing_in import answer, begin
    from inboxlink.flows.engine import Pending
    from inboxlink.types.way import Way

    def accepts(report: "VerifyReport") -> bool:
        return accept_partial or _accepts_partial(session, report)

    binding = host.random_token(32)
    with way_back(session, host, request, None if way is None else Way(way)) as (on_its_way, back):
        with session.busy("cli.busy.servers"):
            outcome = begin(host, on_its_way, binding)
        while isinstance(outcome, Pending):
            try:
                event = _event(outcome.step, answers, back)
            except SignInError as error:
                host.engine.abandon(outcome.flow_id)
                return Failed(error.problem)
            except BaseException:
                host.engine.abandon(outcome.flow_id)
                raise
            with session.busy("cli.busy.servers"):
                outcome = answer(host, outcome, binding, event, accepts)
    return outcome


def _event(step: "PendingStep", answers: "Answers", back: "WayBack") -> "Event":
    from inboxlink.types.steps import Poll, Redirect

    return back.answer(step) if isinstance(step, Redirect | Poll) else answers.answer(step)


def _accepts_partial(session: Session, report: "VerifyReport") -> bool:
    from inboxlink.cli.output import show_report

    if not session.is_interactive:
        return False
    show_report(session, report)
    way = "receive" if report.can_receive else "send"
    return confirm(session, session.words(f"cli.connect.partial.{way}"))


def _succeed(
    session: Session, host: "Host", outcome: "Connected", handed: "HandOff | None"
) -> None:
    from inboxlink.cli.handing_off import hand_off_document
    from inboxlink.cli.output import (
        account_document,
        report_document,
        show_disclosure,
        show_report,
    )

    connection, report, repeated = outcome.connection, outcome.report, outcome.repeated
    if session.is_json:
        session.emit(
            {
                "connected": True,
                "account": account_document(connection),
                "report": report_document(session, report, connection.provider),
                "repeated": [
                    {"disclosure": each.reference, "title": each.title, "body": each.body}
                    for each in repeated
                ],
                "former_access": _former_document(session, outcome.former),
            }
            | ({} if handed is None else {"hand_off": hand_off_document(handed)})
        )
        return
    session.gap()
    show_report(session, report, provider=connection.provider)
    session.gap()
    for each in repeated:  # req 50
        show_disclosure(session, each)
    title = session.words(host.info(connection.provider).title)
    session.say("cli.connect.connected", style="bold green", provider=title)
    session.say("cli.connect.kept", address=connection.address, id=connection.id)
    session.say("cli.connect.remove_here", style="dim", id=connection.id)
    if outcome.former is not None:
        _show_former(session, outcome.former)


def _show_former(session: Session, former: "Revocation") -> None:
    session.say("cli.connect.former")
    if former.result is not None:
        session.say(former.result.detail)
    if former.problem is not None:
        session.fail(former.problem)


def _former_document(session: Session, former: "Revocation | None") -> dict[str, Any] | None:
    if former is None:
        return None
    trouble = former.problem
    return {
        "revoked": None if former.result is None else former.result.revoked,
        "problem": None if trouble is None else session.describe(trouble),
    }


def _again(session: Session, outcome: "Failed") -> bool:
    if outcome.problem.kind not in (Kind.SIGN_IN, Kind.MAILBOX):
        return False
    return confirm(session, session.words("cli.connect.again"), default=True)


def _show_failure(
    session: Session,
    outcome: "Failed",
    given: "Given",
    provider: str,
    handed: "HandOff | None",
) -> None:
    from inboxlink.cli.handing_off import hand_off_document
    from inboxlink.cli.output import report_document, show_report, stage_of

    trouble, report = outcome.problem, outcome.report
    if trouble.kind is Kind.SETUP:
        given.refuse_unknown()
    document: dict[str, Any] | None = None
    if session.is_json:
        shown = None if report is None else report_document(session, report, provider)
        document = {"connected": False, "report": shown}
        if handed is not None:
            document["hand_off"] = hand_off_document(handed)
    elif report is not None:
        session.gap()
        show_report(session, report, provider=provider, told=trouble)
    session.fail(trouble, document, stage=stage_of(report, trouble), provider=provider)
