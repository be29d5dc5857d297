"""Find who could know where a mailbox's Exchange Web Services are, without any credential.

Only these are asked: the domain itself, `autodiscover` below it, what its SRV record names, and
whom plain http on `autodiscover` redirects to, which anybody on the way can forge. No name above
the registered domain is ever made (security advisory on "Autodiscover", Guardicore 2021).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Thread
from typing import TypeVar
from urllib.parse import urlsplit

from inboxlink.domains import registrable
from inboxlink.errors import InboxlinkError
from inboxlink.exchange_front import (
    AUTODISCOVER_PATH,
    Candidate,
    candidates,
    fingerprint,
    is_online,
)
from inboxlink.links import https_url
from inboxlink.types.context import HookContext, HttpAnswer
from inboxlink.types.detection import CertificatePin, Trust
from inboxlink.types.service import Service

__all__ = ["Place", "Search", "look_at", "search"]

_T = TypeVar("_T")

#: Seconds for one place: a firewall that drops must not cost the others their time.
_PLACE_S = 8.0


@dataclass(frozen=True, slots=True)
class Place:
    """A server that answers as Exchange to who has not signed in.

    Args:
        host: Its name.
        schemes: How it lets people sign in.
        trust: How far whoever named it can be forged.
    """

    host: str
    schemes: tuple[str, ...]
    trust: Trust

    def is_foreign(self, domain: str) -> bool:
        """Whether it lies outside what the mail domain's owner registered."""
        return registrable(self.host) != registrable(domain)


@dataclass(frozen=True, slots=True)
class Search:
    """What was found.

    Args:
        places: The best first: those of the domain itself before any other.
        is_online: Whether something led to Exchange Online.
        untrusted: Hosts that refused to prove who they are, each with the code of the reason.
        log: What was asked and what came of it, in order: DNS, TLS, HTTP or the answer.
    """

    places: tuple[Place, ...] = ()
    is_online: bool = False
    untrusted: Mapping[str, str] = field(default_factory=dict)
    log: tuple[str, ...] = ()


def search(ctx: HookContext, domain: str) -> Search:
    """Look at every place for a domain at once."""
    log: list[str] = []
    services = _services(ctx, domain, log)
    wanted = list(candidates(domain, services))
    redirect = _plain_redirect(ctx, domain, log)
    leads_online = any(is_online(each.host) for each in services)
    if redirect is not None:
        host = urlsplit(redirect).hostname or ""
        leads_online = leads_online or is_online(host)
        # A host that is known by a better way is not made worse by this one.
        if not is_online(host) and host not in {each.host for each in wanted}:
            wanted.append(Candidate(redirect, Trust.NONE))
    looks = [_Look(ctx, each) for each in wanted]
    for look in looks:
        look.start()
    for look in looks:
        look.join()
    places, untrusted = [], {}
    for look in looks:
        answer = look.outcome()
        host = look.candidate.host
        if isinstance(answer, InboxlinkError):
            log.append(f"{host}: {answer.code}")
            if answer.code.startswith("certificate_"):
                untrusted[host] = answer.code
            continue
        seen = fingerprint(answer)
        log.append(f"{host}: HTTP {answer.status}{' ' + ', '.join(seen.schemes) if seen else ''}")
        if seen is not None:
            places.append(Place(host, seen.schemes, look.candidate.trust))
    places.sort(key=lambda each: (each.is_foreign(domain), -each.trust))
    return Search(tuple(places), leads_online, untrusted, tuple(log))


def look_at(ctx: HookContext, url: str, pin: CertificatePin | None = None) -> HttpAnswer:
    """Ask one address without a credential, and follow nothing.

    Args:
        ctx: Lends the network.
        url: The address.
        pin: The one certificate to trust; None = the trust store.

    Raises:
        InboxlinkError: It could not be asked.
    """
    hurried = replace(ctx, deadline=min(ctx.deadline, time.monotonic() + _PLACE_S))
    parts = urlsplit(url)
    with hurried.http(parts.hostname or "", pin) as session:
        return session.send("GET", parts.path or "/")


class _Look(Thread):
    def __init__(self, ctx: HookContext, candidate: Candidate) -> None:
        super().__init__(name="inboxlink-exchange-look", daemon=True)
        self.candidate = candidate
        self._ctx = ctx
        self._outcome: HttpAnswer | InboxlinkError | None = None
        self._fault: BaseException | None = None

    def run(self) -> None:
        try:
            self._outcome = look_at(self._ctx, self.candidate.url)
        except InboxlinkError as error:
            self._outcome = error
        except BaseException as fault:  # noqa: BLE001 - raised again by the hook's thread
            self._fault = fault

    def outcome(self) -> HttpAnswer | InboxlinkError:
        if self._fault is not None:
            raise self._fault
        assert self._outcome is not None
        return self._outcome


def _services(ctx: HookContext, domain: str, log: list[str]) -> tuple[Service, ...]:
    name = f"_autodiscover._tcp.{domain}"
    return _logged(log, name, lambda: ctx.services(name)) or ()


def _plain_redirect(ctx: HookContext, domain: str, log: list[str]) -> str | None:
    """Where plain http leads, which is a hint to be confirmed and nothing else."""
    url = f"http://autodiscover.{domain}{AUTODISCOVER_PATH}"
    found = _logged(log, url, lambda: ctx.redirect(url))
    return https_url(found or "")


def _logged(log: list[str], name: str, ask: Callable[[], _T]) -> _T | None:
    try:
        found = ask()
    except InboxlinkError as error:
        log.append(f"{name}: {error.code}")
        return None
    log.append(f"{name}: {'found' if found else 'nothing'}")
    return found
