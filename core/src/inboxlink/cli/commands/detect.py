"""`inboxlink detect`: what can be told from an address, and why."""

from typing import TYPE_CHECKING

import click

from inboxlink.cli.app import command as make_command
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w
from inboxlink.texts import safe_text

if TYPE_CHECKING:
    from inboxlink.connect.host import Host
    from inboxlink.detection import Recommendation
    from inboxlink.types.address import Address

__all__ = ["command", "show", "show_domain"]


@make_command("detect", "cli.detect")
@click.argument("address")
@click.option(
    "--lookup",
    type=click.Choice(("offline", "passive", "full")),
    default="passive",
    help=w("cli.option.lookup"),
)
@click.option("--allow-private", is_flag=True, help=w("cli.option.allow_private"))
@pass_session
def command(session: Session, address: str, lookup: str, allow_private: bool) -> None:  # noqa: FBT001
    """See `cli.detect` in the strings."""
    from inboxlink.evidence.gathering import LookupDepth

    host = session.host(allow_private=allow_private)
    mailbox = host.address(address)
    with session.busy("cli.busy.lookup", domain=mailbox.domain):
        recommendation = host.recommend(mailbox, LookupDepth(lookup))
    if session.is_json:
        session.emit(_document(session, recommendation))
        return
    show_domain(session, mailbox)
    show(session, host, recommendation)
    session.say("cli.detect.log", style="bold")
    for each in recommendation.evidence.log:
        session.console.print(f"  {each.source}: {safe_text(each.outcome)}", style="dim")


def show_domain(session: Session, mailbox: "Address") -> None:
    """The domain in both its forms, where a look-alike could hide in one of them."""
    if mailbox.domain_shown != mailbox.domain:
        session.say("cli.detect.domain", style="yellow", shown=mailbox.domain_shown)


def show(session: Session, host: "Host", recommendation: "Recommendation") -> None:
    """The candidates, best first, each with its reason."""
    if not recommendation.candidates:
        session.say("cli.detect.nothing", domain=recommendation.evidence.domain)
    for each in recommendation.candidates:
        title = session.words(host.info(each.provider).title)
        if each.unsupported is not None:
            session.console.print(f"✗ {title}: {session.words(each.unsupported.because)}")
            if each.unsupported.instead is not None:
                session.console.print(f"  → {session.words(each.unsupported.instead)}")
            continue
        mark = "→" if each is recommendation.best else " "
        session.console.print(f"{mark} {title}: {session.words(each.because)}")
        for endpoint in each.endpoints:
            session.console.print(
                f"    {endpoint.role.value:<10} {endpoint.authority} {endpoint.tls.value}",
                style="dim",
            )
    for fault in recommendation.faults:
        session.aside.print(f"✗ {session.words(fault.message)}", style="red")


def _document(session: Session, recommendation: "Recommendation") -> dict[str, object]:
    return {
        "domain": recommendation.evidence.domain,
        "candidates": [
            {
                "provider": each.provider,
                "basis": each.basis.name.lower(),
                "because": session.words(each.because),
                "unsupported": (
                    None
                    if each.unsupported is None
                    else {
                        "code": each.unsupported.code,
                        "because": session.words(each.unsupported.because),
                    }
                ),
                "endpoints": [
                    {
                        "role": endpoint.role.value,
                        "host": endpoint.host,
                        "port": endpoint.port,
                        "tls": endpoint.tls.value,
                    }
                    for endpoint in each.endpoints
                ],
            }
            for each in recommendation.candidates
        ],
        "faults": [session.describe(fault) for fault in recommendation.faults],
        "log": [
            {"source": each.source, "outcome": each.outcome, "took_ms": each.took_ms}
            for each in recommendation.evidence.log
        ],
    }
