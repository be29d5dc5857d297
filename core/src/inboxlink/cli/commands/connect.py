"""`inboxlink connect`: from an address to a connected mailbox."""

from typing import TYPE_CHECKING, Any

import click

from inboxlink.cli.app import command as make_command
from inboxlink.cli.asking import choose, confirm
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.sign_in_options import sign_in_options
from inboxlink.cli.signing_in import sign_in
from inboxlink.cli.usage import Misuse
from inboxlink.cli.wording import w
from inboxlink.errors import Blame, InboxlinkError, Kind, Problem, SetupError, problem

if TYPE_CHECKING:
    from inboxlink.connect.host import Host
    from inboxlink.detection import Recommendation
    from inboxlink.types.address import Address
    from inboxlink.types.detection import Detection

__all__ = ["command"]


@make_command("connect", "cli.connect")
@click.argument("address", required=False)
@click.option(
    "--lookup",
    type=click.Choice(("offline", "passive", "full")),
    help=w("cli.option.lookup"),
)
@click.option("--insecure-http", is_flag=True, help=w("cli.option.insecure_http"))
@click.option("--only", type=click.Choice(("receive", "send")), help=w("cli.connect.only"))
@click.option("--team", is_flag=True, help=w("cli.connect.team"))
@click.option(
    "--inbox-automation/--no-inbox-automation",
    default=None,
    help=w("cli.connect.inbox_automation"),
)
@click.option(
    "--resume", is_flag=False, flag_value="", metavar="TICKET", help=w("cli.connect.resume")
)
@sign_in_options
@pass_session
def command(
    session: Session,
    /,
    address: str | None,
    resume: str | None,
    lookup: str | None,
    insecure_http: bool,  # noqa: FBT001 - click's flags
    only: str | None,
    team: bool,  # noqa: FBT001
    inbox_automation: bool | None,  # noqa: FBT001
    provider: str | None,
    accept_domain: tuple[str, ...],
    send_test_message: bool | None,  # noqa: FBT001
    allow_private: bool,  # noqa: FBT001
    **given: Any,  # noqa: ANN401 - passed on to `sign_in`
) -> int:
    """See `cli.connect` in the strings."""
    from inboxlink.connect.opening import open_flow
    from inboxlink.connect.request import Request
    from inboxlink.types.disclosure import Audience, Capability

    host = session.host(allow_private=allow_private)
    if resume is not None:
        chosen = {
            "ADDRESS": address,
            "--lookup": lookup,
            "--insecure-http": insecure_http,
            "--only": only,
            "--team": team,
            "--inbox-automation": inbox_automation,
            "--provider": provider,
        }
        for name, value in chosen.items():
            if value:
                raise Misuse(w("cli.usage.resume", name=name))
        return _resume(
            session,
            host,
            resume,
            accept_domain=accept_domain,
            send_test_message=send_test_message,
            given=given,
        )
    audience = Audience.TEAM if team else Audience.PERSONAL
    opening = open_flow(host, session.owner, audience)
    # What was mistyped is said at once, and not below texts that nobody needs then.
    mailbox = None if address is None else _read(session, host, address)
    session.say("cli.connect.title", style="bold")
    for text in opening.texts:
        session.say(text)
    for label, url in () if session.is_json else opening.links:
        session.console.print(f"{session.words(label)}: {url}")
    session.gap()
    if session.is_interactive and inbox_automation is None and not team:
        session.say("cli.connect.automation.explained", style="dim")
        inbox_automation = confirm(session, session.words("cli.connect.automation.ask"))
    mailbox = mailbox or _ask_address(session, host)
    detection = _choose(
        *(session, host, mailbox, lookup, provider, accept_domain), insecure_http=insecure_http
    )
    request = Request(
        owner=session.owner,
        address=mailbox,
        detection=detection,
        language=session.words.language,
        audience=audience,
        wanted=frozenset(Capability) if only is None else frozenset({Capability(only)}),
        inbox_automation=bool(inbox_automation),
        send_test_message=bool(send_test_message),
    )
    return sign_in(
        session,
        host,
        request,
        ask_for_message=send_test_message is None,
        accept_domain=accept_domain,
        **given,
    )


def _resume(
    session: Session,
    host: "Host",
    ticket: str,
    *,
    accept_domain: tuple[str, ...],
    send_test_message: bool | None,
    given: dict[str, Any],
) -> int:
    """Go on with what waited for an administrator, in a fresh sign-in; without one, list them."""
    from dataclasses import replace

    from inboxlink.cli import exits
    from inboxlink.cli.handing_off import list_tickets
    from inboxlink.connect.handing_off import acknowledged_before, resumed

    if not ticket:
        list_tickets(session, host.tickets.all_of(session.owner, host.clock()))
        return exits.OK
    request = resumed(host, session.owner, ticket, session.words.language)
    return sign_in(
        session,
        host,
        replace(request, send_test_message=bool(send_test_message)),
        ask_for_message=send_test_message is None,
        accept_domain=accept_domain,
        already=acknowledged_before(host, request, ticket),
        **given,
    )


def _ask_address(session: Session, host: "Host") -> "Address":
    if not session.is_interactive:
        raise SetupError(problem("value_missing", field="ADDRESS"))
    while True:
        typed = click.prompt(session.words("cli.connect.address"), err=True)
        found = _read(session, host, typed)
        if found is not None:
            return found


def _read(session: Session, host: "Host", typed: str) -> "Address | None":
    """The address; None = it is none, which a person was told and can mend."""
    try:
        return host.address(typed)
    except SetupError as error:
        if not session.is_interactive:
            raise
        session.fail(error.problem)
        return None


def _choose(
    session: Session,
    host: "Host",
    address: "Address",
    lookup: str | None,
    provider: str | None,
    accepted: tuple[str, ...],
    *,
    insecure_http: bool,
) -> "Detection":
    from inboxlink.cli.recommendations import show, show_domain, show_meant, show_notice
    from inboxlink.evidence.lookup import LookupDepth

    show_domain(session, address)
    depth = LookupDepth(lookup or "passive")
    settings = host.lookup_settings(depth, insecure_http=insecure_http)
    with session.busy("cli.busy.lookup", domain=address.domain):
        recommendation = host.recommend(address, settings)
    show_meant(session, recommendation)
    if session.is_interactive and lookup is None and _leaves_room(recommendation):
        settings = host.lookup_settings(LookupDepth.FULL, insecure_http=insecure_http)
        show_notice(session, host.would_ask(address, settings))
        if confirm(session, session.words("cli.connect.full"), default=True):
            with session.busy("cli.busy.lookup", domain=address.domain):
                recommendation = host.recommend(address, settings)
    if not session.is_json:
        show(session, host, recommendation)
    chosen = _provider(session, host, address, recommendation, provider)
    detection = host.choose(recommendation, chosen)
    if detection.unsupported is not None:
        raise _refusal(detection)
    _confirm_domains(session, recommendation.to_confirm(detection), accepted)
    return detection


def _leaves_room(recommendation: "Recommendation") -> bool:
    """Whether asking more hosts could lead to a better recommendation."""
    from inboxlink.types.detection import Basis

    best = recommendation.candidates[0] if recommendation.candidates else None
    return best is None or best.basis < Basis.BEHIND_GATEWAY


def _confirm_domains(session: Session, domains: tuple[str, ...], accepted: tuple[str, ...]) -> None:
    """Let the person confirm a domain that only unsigned DNS leads to (RFC 6186 section 6).

    Raises:
        SetupError: `domain_unconfirmed`.
    """
    for domain in domains:
        if domain in accepted:
            continue
        question = session.words("cli.connect.confirm_domain", domain=domain)
        if session.is_interactive and confirm(session, question):
            continue
        raise SetupError(problem("domain_unconfirmed", domain=domain))


def _refusal(detection: "Detection") -> InboxlinkError:
    refusal = detection.unsupported
    assert refusal is not None
    return InboxlinkError.of(
        Problem(
            refusal.code,
            Kind.SETUP,
            Blame.PERSON,
            refusal.because,
            refusal.instead,
            provider=refusal.provider,
        )
    )


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
    offered = host.offered()
    names = tuple(offered)
    if not session.is_interactive:
        if best is not None:
            return best.provider
        if recommendation.candidates:
            raise _refusal(recommendation.candidates[0])
        for missing in recommendation.not_installed:
            host.require(missing.provider)
        raise SetupError(
            problem("provider_undetected", address=str(address), providers=", ".join(names))
        )
    if best is not None:
        title = session.words(offered[best.provider].title)
        question = session.words("cli.connect.continue_with", provider=title)
        if confirm(session, question, default=True):
            return best.provider
    place = choose(
        session,
        session.words("cli.connect.choose_provider"),
        [(session.words(each.title), session.words(each.summary)) for each in offered.values()],
        default=0 if len(names) == 1 else None,
    )
    return names[place]
