"""Hand a try to an administrator, and go on with it afterwards in a fresh sign-in."""

from contextlib import suppress
from dataclasses import dataclass, replace

from inboxlink.connect.consenting import disclosures
from inboxlink.connect.host import Host
from inboxlink.connect.opening import require_permission
from inboxlink.connect.request import Connected, Request
from inboxlink.errors import HostError, InboxlinkError, Problem
from inboxlink.handoff.letter import Letter, Matter, is_for_admin, write
from inboxlink.handoff.ticket import LASTS, Acknowledgement, Ticket
from inboxlink.texts import LANGUAGES, Words
from inboxlink.types.report import VerifyReport

__all__ = [
    "HandOff",
    "acknowledged_before",
    "blocked",
    "hand_off",
    "hand_off_rest",
    "resumed",
    "settle",
]


@dataclass(frozen=True, slots=True)
class HandOff:
    """What an administrator is sent, and what the person keeps.

    Args:
        letters: One for each language.
        ticket: To go on with; None for a connection that is there already, whose id does.
    """

    letters: tuple[Letter, ...]
    ticket: Ticket | None

    def letter(self, language: str) -> Letter:
        """The one in a language, or else in the first."""
        return next((each for each in self.letters if each.language == language), self.letters[0])


def hand_off(host: Host, request: Request, problem: Problem) -> HandOff | None:
    """Keep a ticket and write the letters; None = it is not an administrator who must be asked.

    A ticket that cannot be kept takes nothing from the letter, and hides no other trouble.
    """
    if not is_for_admin(problem):
        return None
    shown = disclosures(host, request)
    now = host.clock()
    ticket = None
    if request.replaces is None:
        ticket = Ticket(
            id=host.new_id(),
            owner=request.owner,
            address=str(request.address),
            detection=request.detection,
            audience=request.audience,
            wanted=request.wanted,
            inbox_automation=request.inbox_automation,
            problem_code=problem.code,
            acknowledgements=tuple(
                Acknowledgement(id=each.id, version=each.version, digest=each.digest)
                for each in shown
            ),
            created_at=now,
            expires_at=now + LASTS,
        )
        try:
            host.tickets.put(ticket, now)
        except HostError:
            ticket = None
    provider = request.detection.provider
    with_ticket = ticket and f"inboxlink connect --resume {ticket.id}"
    again = request.replaces and f"inboxlink accounts reconnect {request.replaces.id}"
    matter = Matter(
        problem=problem,
        address=request.address,
        provider=provider,
        title=host.info(provider).title,
        application=host.application(request.language),
        client_id=_client_id(host, provider),
        scopes=tuple(dict.fromkeys(scope for each in shown for scope in each.scopes)),
        wanted=request.wanted,
        happened_at=now,
        resume=with_ticket or again or "",
        has_ticket=ticket is not None,
    )
    letters = tuple(write(matter, _words(host, language)) for language in LANGUAGES)
    return HandOff(letters, ticket)


def hand_off_rest(host: Host, request: Request, connected: Connected) -> HandOff | None:
    """The letter for a direction that is done without, where an administrator can open it."""
    trouble = blocked(connected.report)
    if trouble is None:
        return None
    return hand_off(host, replace(request, replaces=connected.connection), trouble)


def blocked(report: VerifyReport | None) -> Problem | None:
    """What of the stages only an administrator can mend; None = nothing."""
    checks = () if report is None else report.checks
    found = (check.problem for check in checks if check.problem is not None)
    return next((each for each in found if is_for_admin(each)), None)


def resumed(host: Host, owner: str, ticket_id: str, language: str) -> Request:
    """The request of a ticket, to be signed in afresh.

    Args:
        host: The installation.
        owner: Who goes on; only who began it can.
        ticket_id: Which one.
        language: For the disclosures.

    Raises:
        SetupError: `not_permitted`, and what the address raises.
        HostError: `ticket_unknown`, `ticket_expired`, `sealed_broken`.
    """
    require_permission(host, owner)
    ticket = host.tickets.get(owner, ticket_id, host.clock())
    return Request(
        owner=owner,
        address=host.address(ticket.address),
        detection=ticket.detection,
        language=language,
        audience=ticket.audience,
        wanted=ticket.wanted,
        inbox_automation=ticket.inbox_automation,
    )


def acknowledged_before(host: Host, request: Request, ticket_id: str) -> frozenset[str]:
    """The disclosures, as `id@version`, that need no second yes.

    Their words are those that were acknowledged in the first try, and the ledger says so too.
    """
    ticket = host.tickets.get(request.owner, ticket_id, host.clock())
    kept = {(each.id, each.version, each.digest) for each in ticket.acknowledgements}
    return frozenset(
        each.reference
        for each in disclosures(host, request)
        if (each.id, each.version, each.digest) in kept
        and host.ledger.acknowledged(
            request.owner,
            str(request.address),
            request.detection.provider,
            each.id,
            each.version,
            each.digest,
        )
    )


def settle(host: Host, request: Request) -> None:
    """The mailbox is connected: what waited for it is over."""
    with suppress(HostError):  # it is connected, whatever becomes of a ticket
        host.tickets.forget(request.owner, request.address)


def _client_id(host: Host, provider: str) -> str | None:
    with suppress(InboxlinkError):
        return host.client_settings(provider).get("client_id")
    return None


def _words(host: Host, language: str) -> Words:
    application = host.application(language)
    return Words(language, host.string_packages, {"app": application.name})
