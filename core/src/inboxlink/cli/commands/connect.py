"""`inboxlink connect`: from an address to a connected mailbox."""

from typing import TYPE_CHECKING, Any

import click

from inboxlink.cli import exits
from inboxlink.cli.app import command as make_command
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w
from inboxlink.errors import HostError, InboxlinkError, Kind, SetupError, problem

if TYPE_CHECKING:
    from inboxlink.cli.answers import Answers, Given
    from inboxlink.connect.host import Host
    from inboxlink.connect.request import Connected, Failed, Request
    from inboxlink.detection import Recommendation
    from inboxlink.types.address import Address
    from inboxlink.types.detection import Detection
    from inboxlink.types.report import VerifyReport

__all__ = ["command", "sign_in", "sign_in_options"]


def sign_in_options(function: Any) -> Any:  # noqa: ANN401 - a click callback in and out
    """The options of every command that signs a mailbox in."""
    for option in reversed(
        (
            click.option("--provider", metavar="NAME", help=w("cli.connect.provider")),
            click.option(
                "--set",
                "settings",
                metavar="NAME=VALUE",
                multiple=True,
                callback=_pairs,
                help=w("cli.connect.set"),
            ),
            click.option("--password-stdin", is_flag=True, help=w("cli.connect.password_stdin")),
            click.option(
                "--secret-fd",
                metavar="NAME=FD",
                multiple=True,
                callback=_descriptors,
                help=w("cli.connect.secret_fd"),
            ),
            click.option(
                "--acknowledge",
                metavar="ID@VERSION",
                multiple=True,
                help=w("cli.connect.acknowledge"),
            ),
            click.option(
                "--trust",
                metavar="HOST:PORT=sha256:HEX",
                multiple=True,
                callback=_trusted,
                help=w("cli.connect.trust"),
            ),
            click.option(
                "--send-test-message/--no-send-test-message",
                default=None,
                help=w("cli.connect.send_test_message"),
            ),
            click.option("--accept-partial", is_flag=True, help=w("cli.connect.accept_partial")),
            click.option("--allow-private", is_flag=True, help=w("cli.option.allow_private")),
        )
    ):
        function = option(function)
    return function


def _pairs(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(_pair(each) for each in given)
    for name in pairs:
        # Any name that says so, since a later form may ask for it.
        if "password" in name or "secret" in name or "token" in name:
            raise click.BadParameter(w("cli.usage.secret", name=name))
    return pairs


def _descriptors(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    descriptors = {}
    for name, value in map(_pair, given):
        if not value.isdecimal():
            raise click.BadParameter(w("cli.usage.fd", given=name))
        descriptors[name] = int(value)
    return descriptors


def _pair(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals or not name:
        raise click.BadParameter(w("cli.usage.pair", given=name))
    return name, value


def _trusted(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    trusted = {}
    for each in given:
        endpoint, _sep, digest = each.partition("=sha256:")
        digest = digest.replace(":", "").lower()
        if len(digest) != 64 or ":" not in endpoint or not _is_hex(digest):
            raise click.BadParameter(w("cli.usage.trust", given=each))
        trusted[endpoint] = digest
    return trusted


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdef" for character in text)


@make_command("connect", "cli.connect")
@click.argument("address", required=False)
@click.option(
    "--lookup",
    type=click.Choice(("offline", "passive", "full")),
    help=w("cli.option.lookup"),
)
@click.option("--team", is_flag=True, help=w("cli.connect.team"))
@click.option(
    "--inbox-automation/--no-inbox-automation",
    default=None,
    help=w("cli.connect.inbox_automation"),
)
@sign_in_options
@pass_session
def command(
    session: Session,
    /,
    address: str | None,
    lookup: str | None,
    team: bool,  # noqa: FBT001 - click's flags
    inbox_automation: bool | None,  # noqa: FBT001
    provider: str | None,
    send_test_message: bool | None,  # noqa: FBT001
    allow_private: bool,  # noqa: FBT001
    **given: Any,  # noqa: ANN401 - passed on to `sign_in`
) -> int:
    """See `cli.connect` in the strings."""
    from inboxlink.connect.opening import open_flow
    from inboxlink.connect.request import Request
    from inboxlink.types.disclosure import Audience

    host = session.host(allow_private=allow_private)
    audience = Audience.TEAM if team else Audience.PERSONAL
    opening = open_flow(host, session.owner, audience)
    session.say("cli.connect.title", style="bold")
    for text in opening.texts:
        session.say(text)
    for label, url in () if session.is_json else opening.links:
        session.console.print(f"{session.words(label)}: {url}")
    session.gap()
    if session.is_interactive and inbox_automation is None and not team:
        session.say("cli.connect.automation.explained", style="dim")
        inbox_automation = click.confirm(session.words("cli.connect.automation.ask"), err=True)
    mailbox = _address(session, host, address)
    detection = _choose(session, host, mailbox, lookup, provider)
    request = Request(
        owner=session.owner,
        address=mailbox,
        detection=detection,
        language=session.words.language,
        audience=audience,
        inbox_automation=bool(inbox_automation),
        send_test_message=bool(send_test_message),
    )
    return sign_in(session, host, request, ask_for_message=send_test_message is None, **given)


def _address(session: Session, host: "Host", typed: str | None) -> "Address":
    while True:
        if typed is None:
            if not session.is_interactive:
                raise SetupError(problem("value_missing", field="ADDRESS"))
            typed = click.prompt(session.words("cli.connect.address"), err=True)
        try:
            return host.address(typed)
        except SetupError as error:
            if not session.is_interactive:
                raise
            session.fail(error.problem)
            typed = None


def _choose(
    session: Session, host: "Host", address: "Address", lookup: str | None, provider: str | None
) -> "Detection":
    from inboxlink.cli.commands.detect import show, show_domain
    from inboxlink.evidence import autoconfig
    from inboxlink.evidence.gathering import LookupDepth

    show_domain(session, address)
    depth = LookupDepth(lookup or "passive")
    with session.busy("cli.busy.lookup", domain=address.domain):
        recommendation = host.recommend(address, depth)
    if (
        recommendation.best is None
        and session.is_interactive
        and lookup is None
        and not recommendation.candidates
    ):
        hosts = ", ".join(autoconfig.hosts(address.domain))
        if click.confirm(session.words("cli.connect.full", hosts=hosts), default=True, err=True):
            with session.busy("cli.busy.lookup", domain=address.domain):
                recommendation = host.recommend(address, LookupDepth.FULL)
    if not session.is_json:
        show(session, host, recommendation)
    chosen = _provider(session, host, address, recommendation, provider)
    detection = host.choose(recommendation, chosen)
    if detection.unsupported is not None:
        raise InboxlinkError.of(refusal_problem(detection))
    return detection


def refusal_problem(detection: "Detection") -> Any:  # noqa: ANN401 - a Problem
    """A provider's refusal as a problem."""
    from inboxlink.errors import Blame, Problem

    refusal = detection.unsupported
    assert refusal is not None
    return Problem(refusal.code, Kind.SETUP, Blame.PERSON, refusal.because, refusal.instead)


def _provider(
    session: Session,
    host: "Host",
    address: "Address",
    recommendation: "Recommendation",
    provider: str | None,
) -> str:
    best = recommendation.best
    if provider is not None:
        return provider
    names = host.registry.names
    if not session.is_interactive:
        if best is not None:
            return best.provider
        if recommendation.candidates:
            raise InboxlinkError.of(refusal_problem(recommendation.candidates[0]))
        raise SetupError(
            problem("provider_undetected", address=str(address), providers=", ".join(names))
        )
    if best is not None:
        title = session.words(host.info(best.provider).title)
        if click.confirm(
            session.words("cli.connect.continue_with", provider=title), default=True, err=True
        ):
            return best.provider
    for place, name in enumerate(names, 1):
        session.console.print(f"  {place}  {session.words(host.info(name).title)}")
    place = click.prompt(
        session.words("cli.connect.choose_provider"),
        type=click.IntRange(1, len(names)),
        default=1 if len(names) == 1 else None,
        err=True,
    )
    return names[place - 1]


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
    accept_partial: bool,
    ask_for_message: bool,
) -> int:
    """Disclose, have it acknowledged, sign in, and say how it ended; gives the exit status."""
    from dataclasses import replace

    from inboxlink.cli.answers import Given, Terminal, read_secrets
    from inboxlink.connect.request import Connected

    _disclose(session, host, request, acknowledge)
    descriptors = {"password": 0} | secret_fd if password_stdin else secret_fd
    given = Given(settings, read_secrets(descriptors), trust)
    is_asked = session.is_interactive and not descriptors
    answers: Answers = Terminal(session, given) if is_asked else given
    if is_asked and ask_for_message:
        wish = click.confirm(
            session.words("cli.connect.message.ask", address=str(request.address)), err=True
        )
        request = replace(request, send_test_message=wish)
    while True:
        outcome = _run(session, host, request, answers, accept_partial=accept_partial)
        if isinstance(outcome, Connected):
            _succeed(session, host, outcome)
            return exits.OK
        if not isinstance(answers, Terminal) or not _again(session, outcome):
            return _give_up(session, outcome, given)
        # A new try is a new act of the person, begun from what they had typed, secrets apart.
        request = replace(request, previous=outcome.previous or request.previous)
        answers = Terminal(session, Given({}, {}, trust))


def _disclose(session: Session, host: "Host", request: "Request", given: tuple[str, ...]) -> None:
    from inboxlink.cli.output import show_disclosure
    from inboxlink.connect.consenting import acknowledge, disclosures

    shown = disclosures(host, request)
    missing = [each.reference for each in shown if each.reference not in given]
    if missing and not session.is_interactive:
        raise HostError(problem("acknowledgement_missing", disclosures=", ".join(missing)))
    for each in shown:
        if not session.is_json:
            show_disclosure(session, each)
        if each.reference not in given and not click.confirm(
            session.words("cli.connect.acknowledge.ask"), err=True
        ):
            raise click.Abort
        acknowledge(host, request, (each,))


def _run(
    session: Session,
    host: "Host",
    request: "Request",
    answers: "Answers",
    *,
    accept_partial: bool,
) -> "Connected | Failed":
    from inboxlink.connect.signing_in import answer, begin
    from inboxlink.flows.engine import Pending

    def accepts(report: "VerifyReport") -> bool:
        return accept_partial or _accepts_partial(session, report)

    binding = host.random_token(32)
    with session.busy("cli.busy.servers"):
        outcome = begin(host, request, binding)
    while isinstance(outcome, Pending):
        try:
            event = answers.answer(outcome.step)
        except BaseException:
            host.engine.abandon(outcome.flow_id)
            raise
        with session.busy("cli.busy.servers"):
            outcome = answer(host, outcome, binding, event, accepts)
    return outcome


def _accepts_partial(session: Session, report: "VerifyReport") -> bool:
    from inboxlink.cli.output import show_report

    if not session.is_interactive:
        return False
    show_report(session, report)
    way = "receive" if report.can_receive else "send"
    return click.confirm(session.words(f"cli.connect.partial.{way}"), err=True)


def _succeed(session: Session, host: "Host", outcome: "Connected") -> None:
    from inboxlink.cli.output import account_document, report_document, show_report

    connection, report = outcome.connection, outcome.report
    if session.is_json:
        session.emit(
            {
                "connected": True,
                "account": account_document(connection),
                "report": report_document(session, report),
            }
        )
        return
    session.gap()
    show_report(session, report)
    session.gap()
    title = session.words(host.info(connection.provider).title)
    session.say("cli.connect.connected", style="bold green", provider=title)
    session.say("cli.connect.kept", address=connection.address, id=connection.id)
    session.say("cli.connect.remove_here", style="dim", id=connection.id)


def _again(session: Session, outcome: "Failed") -> bool:
    if outcome.problem.kind not in (Kind.SIGN_IN, Kind.MAILBOX):
        return False
    _show_failure(session, outcome)
    return click.confirm(session.words("cli.connect.again"), default=True, err=True)


def _show_failure(session: Session, outcome: "Failed") -> None:
    from inboxlink.cli.output import show_report

    if outcome.report is not None:
        session.gap()
        show_report(session, outcome.report)
    session.fail(outcome.problem)


def _give_up(session: Session, outcome: "Failed", given: "Given") -> int:
    from inboxlink.cli.output import report_document

    if outcome.problem.kind is Kind.SETUP:
        given.refuse_unknown()
    if session.is_json:
        report = None if outcome.report is None else report_document(session, outcome.report)
        session.fail(outcome.problem, {"connected": False, "report": report})
    elif not session.is_interactive:
        _show_failure(session, outcome)
    elif outcome.problem.kind not in (Kind.SIGN_IN, Kind.MAILBOX):
        session.fail(outcome.problem)
    return exits.STATUS[outcome.problem.kind]
