"""Ask as much about a domain as the person allowed, and keep a log of what was asked."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import StrEnum
from typing import Protocol

from inboxlink.errors import InboxlinkError
from inboxlink.evidence import autoconfig, hosting, table
from inboxlink.types.context import HttpAnswer
from inboxlink.types.detection import Evidence, Lookup, MailExchange, PublishedServer

__all__ = ["BUDGET_S", "Asking", "LookupDepth", "gather"]

#: Seconds that a whole look-up may take.
BUDGET_S = 10.0


class LookupDepth(StrEnum):
    """How far a look-up goes: tables here, then DNS, then the domain's own web servers."""

    OFFLINE = "offline"
    PASSIVE = "passive"
    FULL = "full"


class Asking(Protocol):
    """The part of the network that a look-up needs."""

    def mail_exchanges(self, domain: str, deadline: float) -> tuple[MailExchange, ...]:
        """MX records, most preferred first; none is an empty tuple."""

    def get(self, url: str, deadline: float) -> HttpAnswer:
        """Fetch an https address."""


def gather(
    domain: str,
    depth: LookupDepth,
    presets: Mapping[str, tuple[PublishedServer, ...]],
    asking: Callable[[], Asking],
) -> Evidence:
    """Gather evidence; what cannot be had is a line in the log and no error.

    Args:
        domain: The A-label form.
        depth: How far to go.
        presets: The operator's servers by domain.
        asking: Gives the network, and is called only where it is needed.
    """
    preset = presets.get(domain)
    owned = table.of_domain(domain)
    evidence = Evidence(
        domain=domain,
        preset=preset or (),
        hosting=() if owned is None else (owned,),
        log=(Lookup("preset", "found" if preset else "none"),),
    )
    if depth is LookupDepth.OFFLINE or preset or evidence.hosting:
        return evidence
    deadline = time.monotonic() + BUDGET_S
    network = asking()
    with ThreadPoolExecutor(max_workers=3) as pool:
        mx = pool.submit(_mail_exchanges, network, domain, deadline)
        files = [
            pool.submit(_published, network, url, deadline)
            for url in (autoconfig.addresses(domain) if depth is LookupDepth.FULL else ())
        ]
        evidence = _with_exchanges(evidence, *mx.result())
        return _with_published(evidence, [file.result() for file in files])


def _with_exchanges(
    evidence: Evidence, exchanges: tuple[MailExchange, ...] | None, lookup: Lookup
) -> Evidence:
    return replace(
        evidence,
        mx=exchanges,
        hosting=evidence.hosting + hosting.of_mail_exchanges(exchanges or ()),
        log=(*evidence.log, lookup),
    )


def _with_published(
    evidence: Evidence, answers: Sequence[tuple[tuple[PublishedServer, ...] | None, Lookup]]
) -> Evidence:
    if not answers:
        return evidence
    return replace(
        evidence,
        published=next((servers for servers, _ in answers if servers), ()),
        log=evidence.log + tuple(lookup for _, lookup in answers),
    )


def _mail_exchanges(
    network: Asking, domain: str, deadline: float
) -> tuple[tuple[MailExchange, ...] | None, Lookup]:
    started = time.monotonic()
    try:
        exchanges = network.mail_exchanges(domain, deadline)
    except InboxlinkError as error:
        return None, Lookup("dns:mx", error.code, _since(started))
    outcome = ", ".join(each.host for each in exchanges[:4]) or "none"
    return exchanges, Lookup("dns:mx", outcome, _since(started))


def _published(
    network: Asking, url: str, deadline: float
) -> tuple[tuple[PublishedServer, ...] | None, Lookup]:
    started = time.monotonic()
    try:
        answer = network.get(url, deadline)
    except InboxlinkError as error:
        return None, Lookup(url, error.code, _since(started))
    if answer.status != 200:
        return None, Lookup(url, f"status {answer.status}", _since(started))
    servers = autoconfig.parse(answer.body)
    outcome = "no autoconfig file" if servers is None else f"{len(servers)} servers"
    return servers, Lookup(url, outcome, _since(started))


def _since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
