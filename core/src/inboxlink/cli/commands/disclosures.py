"""`inboxlink disclosures`: what a person is told before connecting, to be read at leisure."""

from typing import TYPE_CHECKING

import click

from inboxlink.cli.app import group
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w
from inboxlink.errors import HostError, ProviderFault, problem

if TYPE_CHECKING:
    from inboxlink.types.disclosure import Disclosure

__all__ = ["command"]


@group("disclosures", "cli.disclosures")
def command() -> None:
    """See `cli.disclosures` in the strings."""


@command.command("list", help=w("cli.disclosures.list"))
@click.option("--address", help=w("cli.disclosures.address"))
@pass_session
def list_disclosures(session: Session, address: str | None) -> None:
    """See `cli.disclosures.list` in the strings."""
    from inboxlink.cli.output import show_table

    found = _collect(session, address)
    if session.is_json:
        session.emit({"disclosures": [_document(each) for each in found]})
        return
    headings = [session.words(f"cli.disclosures.{name}") for name in ("reference", "title")]
    show_table(session, headings, [(each.reference, each.title) for each in found])


@command.command("show", help=w("cli.disclosures.show"))
@click.argument("disclosure")
@click.option("--address", help=w("cli.disclosures.address"))
@pass_session
def show(session: Session, disclosure: str, address: str | None) -> None:
    """See `cli.disclosures.show` in the strings."""
    from inboxlink.cli.output import show_disclosure

    wanted = disclosure.partition("@")[0]
    found = next((each for each in _collect(session, address) if each.id == wanted), None)
    if found is None:
        raise HostError(problem("disclosure_unknown", id=disclosure))
    if session.is_json:
        session.emit({"disclosure": _document(found)})
        return
    show_disclosure(session, found)


def _collect(session: Session, address: str | None) -> tuple["Disclosure", ...]:
    """Those of every provider, or those that this address would meet."""
    from inboxlink.detection import chosen_by_hand
    from inboxlink.disclosures import collect
    from inboxlink.evidence.lookup import LookupDepth
    from inboxlink.types.disclosure import Audience, Capability, DiscloseContext

    host = session.host()
    context = DiscloseContext(
        host.application(session.words.language),
        session.words.language,
        Audience.PERSONAL,
        frozenset(Capability),
    )
    if address is not None:
        recommendation = host.recommend(
            host.address(address), host.lookup_settings(LookupDepth.PASSIVE)
        )
        detections = [each for each in recommendation.candidates if each.unsupported is None]
    else:
        detections = []
    if not detections:
        # Nothing is known of the address, or none was given: any provider can be chosen.
        for provider, info in host.offered().items():
            variants = info.variants
            detections += [chosen_by_hand(provider, variant) for variant in ("", *variants)]
    found: dict[str, Disclosure] = {}
    for detection in detections:
        try:
            found |= {each.id: each for each in collect(host.caller, detection, context)}
        except ProviderFault as fault:
            session.aside.print(f"✗ {session.words(fault.problem.message)}", style="red")
    return tuple(found.values())


def _document(disclosure: "Disclosure") -> dict[str, object]:
    return {
        "id": disclosure.id,
        "version": disclosure.version,
        "reference": disclosure.reference,
        "language": disclosure.language,
        "title": disclosure.title,
        "body": disclosure.body,
        "data": list(disclosure.data),
        "scopes": list(disclosure.scopes),
        "remove_here": disclosure.remove_here,
        "revoke_there": disclosure.revoke_there,
        "digest": disclosure.digest,
    }
