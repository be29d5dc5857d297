"""Disclosures and their acknowledgements: what must be durable before anything is sent."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from inboxlink.connect.host import Host
from inboxlink.connect.request import Request
from inboxlink.consent.ledger import EntryKind
from inboxlink.disclosures import collect
from inboxlink.errors import HostError, problem
from inboxlink.types.disclosure import DiscloseContext, Disclosure

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["acknowledge", "disclosures", "note", "require_acknowledged"]


def disclosures(host: Host, request: Request) -> tuple[Disclosure, ...]:
    """What must be shown, and acknowledged one by one, before `begin`."""
    context = DiscloseContext(
        host.application(request.language), request.language, request.audience, request.wanted
    )
    return collect(host.caller, request.detection, context)


def acknowledge(host: Host, request: Request, shown: Iterable[Disclosure]) -> None:
    """Write that the person acknowledged these texts; durable when it returns."""
    for each in shown:
        host.ledger.append(
            EntryKind.ACKNOWLEDGED,
            owner=request.owner,
            mailbox=str(request.address),
            provider=request.detection.provider,
            details={
                "disclosure": each.id,
                "version": each.version,
                "language": each.language,
                "digest": each.digest,
                "data": list(each.data),
                "scopes": list(each.scopes),
            },
        )


def require_acknowledged(host: Host, request: Request) -> tuple[Disclosure, ...]:
    """The disclosures of this request, all of which the ledger holds.

    Raises:
        HostError: `acknowledgement_missing`: the ledger lacks one of them, in exactly the words
            that are shown now (req 107).
    """
    required = disclosures(host, request)
    missing = [each.reference for each in required if not _is_acknowledged(host, request, each)]
    if missing:
        raise HostError(problem("acknowledgement_missing", disclosures=", ".join(missing)))
    return required


def note(
    host: Host,
    request: Request,
    kind: EntryKind,
    details: Mapping[str, object],
    within: "sa.Connection | None" = None,
) -> None:
    """Write a row about this request's mailbox; durable when it returns, or with `within`."""
    host.ledger.append(
        kind,
        owner=request.owner,
        mailbox=str(request.address),
        provider=request.detection.provider,
        details=details,
        within=within,
    )


def _is_acknowledged(host: Host, request: Request, disclosure: Disclosure) -> bool:
    return host.ledger.acknowledged(
        request.owner,
        str(request.address),
        request.detection.provider,
        disclosure.id,
        disclosure.version,
        disclosure.digest,
    )
