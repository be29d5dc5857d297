"""Show what is known about an address: to people, and as JSON."""

from typing import TYPE_CHECKING, Any

from inboxlink.cli.endpoints import endpoint_lines
from inboxlink.texts import safe_text

if TYPE_CHECKING:
    from inboxlink.cli.session import Session
    from inboxlink.connect.host import Host
    from inboxlink.detection import Recommendation
    from inboxlink.evidence.notice import Asked
    from inboxlink.types.address import Address
    from inboxlink.types.detection import Detection

__all__ = [
    "candidate_document",
    "document",
    "notice_document",
    "show",
    "show_domain",
    "show_meant",
    "show_notice",
]


def show_domain(session: "Session", mailbox: "Address") -> None:
    """The domain in both its forms, where a look-alike could hide in one of them."""
    if not session.is_json and mailbox.domain_shown != mailbox.domain:
        session.say("cli.detect.domain", style="yellow", shown=mailbox.domain_shown)


def show_notice(session: "Session", asked: "tuple[Asked, ...]") -> None:
    """Whom a look-up may ask, and what they learn; those who learn the same on one line."""
    if session.is_json:
        return
    if not asked:
        session.say("cli.detect.asks_nobody", style="dim")
        return
    by_lesson: dict[str, list[str]] = {}
    for each in asked:
        host = each.host if isinstance(each.host, str) else session.words(each.host)
        by_lesson.setdefault(session.words(each.learns), []).append(host)
    for lesson, hosts in by_lesson.items():
        session.say("cli.detect.asks", style="dim", hosts=", ".join(hosts), learns=lesson)


def show(session: "Session", host: "Host", recommendation: "Recommendation") -> None:
    """The candidates, best first, each with its reason; then what is missing or uncertain."""
    if recommendation.is_empty:
        session.say("cli.detect.nothing", domain=recommendation.evidence.domain)
    for each in recommendation.candidates:
        _show_candidate(session, host, recommendation, each)
    for missing in recommendation.not_installed:
        session.say(
            "cli.detect.not_installed",
            style="yellow",
            provider=missing.provider,
            shown_by=safe_text(missing.shown_by),
            command=missing.command,
        )
    # Two servers of one name that is not there read alike.
    for warning in dict.fromkeys(map(session.words, recommendation.evidence.warnings)):
        session.write(warning, mark="! ", style="yellow")
    for fault in recommendation.faults:
        session.aside.print(f"✗ {session.words(fault.message)}", style="red")


def show_meant(session: "Session", recommendation: "Recommendation") -> None:
    """The domain that was probably meant, where one was."""
    meant = None if session.is_json else recommendation.meant
    if meant is not None:
        session.say("cli.detect.meant", style="yellow", domain=meant)


def _show_candidate(
    session: "Session", host: "Host", recommendation: "Recommendation", each: "Detection"
) -> None:
    title = session.words(host.info(each.provider).title)
    if each.unsupported is not None:
        session.write(f"{title}: {session.words(each.unsupported.because)}", mark="✗ ")
        if each.unsupported.instead is not None:
            session.write(session.words(each.unsupported.instead), mark="  → ")
        return
    mark = "→" if each is recommendation.best else " "
    session.write(f"{title}: {session.words(each.because)}", mark=f"{mark} ")
    for line in endpoint_lines(session, each.endpoints):
        session.console.print(f"    {line}", style="dim")
    domains = recommendation.to_confirm(each)
    if domains:
        text = session.words("cli.detect.to_confirm", domains=", ".join(domains))
        session.write(text, mark="    ", style="yellow")


def notice_document(session: "Session", asked: "tuple[Asked, ...]") -> list[dict[str, str]]:
    """`show_notice` as JSON."""
    return [
        {
            "host": each.host if isinstance(each.host, str) else session.words(each.host),
            "learns": session.words(each.learns),
        }
        for each in asked
    ]


def document(session: "Session", recommendation: "Recommendation") -> dict[str, Any]:
    """What is recommended, and what that rests on, as JSON."""
    evidence = recommendation.evidence
    return {
        "domain": evidence.domain,
        "meant": recommendation.meant,
        "candidates": [
            candidate_document(session, recommendation, each) for each in recommendation.candidates
        ],
        "not_installed": [
            {
                "provider": each.provider,
                "distribution": each.distribution,
                "command": each.command,
                "shown_by": each.shown_by,
            }
            for each in recommendation.not_installed
        ],
        "warnings": [
            {"code": each.key, "message": session.words(each)} for each in evidence.warnings
        ],
        "faults": [session.describe(fault) for fault in recommendation.faults],
        "facts": [
            {
                "name": each.name,
                "strength": each.strength.value,
                "shown_by": each.shown_by,
                "cloud": each.cloud,
            }
            for each in evidence.hosting
        ],
        "log": [
            {
                "source": each.source,
                "outcome": each.outcome,
                "trust": each.trust.value,
                "at_ms": each.at_ms,
                "took_ms": each.took_ms,
            }
            for each in evidence.log
        ],
    }


def candidate_document(
    session: "Session", recommendation: "Recommendation", each: "Detection"
) -> dict[str, Any]:
    """One candidate as JSON."""
    refusal = each.unsupported
    return {
        "provider": each.provider,
        "basis": each.basis.name.lower(),
        "because": session.words(each.because),
        "unsupported": (
            None
            if refusal is None
            else {"code": refusal.code, "because": session.words(refusal.because)}
        ),
        "endpoints": [
            {
                "role": endpoint.role.value,
                "host": endpoint.host,
                "port": endpoint.port,
                "tls": endpoint.tls.value,
                "username": endpoint.username or "{address}",
            }
            for endpoint in each.endpoints
        ],
        "to_confirm": list(recommendation.to_confirm(each)) if each.endpoints else [],
    }
