"""Ask DNS and the web about a domain, all at once, and stop when more would change nothing."""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from inboxlink.evidence import autoconfig, community, hosting, insecure, probing, steps
from inboxlink.evidence.finding import Finding
from inboxlink.evidence.inquiry import Inquiry
from inboxlink.evidence.kept import Cache
from inboxlink.evidence.lookup import LookupDepth, LookupSettings
from inboxlink.evidence.records import Records
from inboxlink.network.answers import Outcome
from inboxlink.network.dialer import Dialer
from inboxlink.network.resolver import Resolver, run_with_resolver
from inboxlink.network.settings import NetworkSettings
from inboxlink.types.address import is_special_use
from inboxlink.types.detection import (
    Basis,
    Evidence,
    HostingFact,
    MailExchange,
    PublishedServer,
    Strength,
    Trust,
)
from inboxlink.types.text import Text

__all__ = ["GRACE_S", "gather", "look_into"]

#: Seconds that those who could say something better get, once something good was found.
GRACE_S = 0.7

_Step = Coroutine[None, None, Finding]


def gather(known: Evidence, settings: LookupSettings, network: NetworkSettings) -> Evidence:
    """Add to what is known about a domain what the network says.

    Args:
        known: What was known without asking.
        settings: What may be asked.
        network: The operator's settings for the network.
    """

    async def look(resolver: Resolver) -> Evidence:
        return await look_into(known, settings, resolver, Dialer(network, resolver))

    return run_with_resolver(network, look)


async def look_into(
    known: Evidence, settings: LookupSettings, resolver: Resolver, dialer: Dialer
) -> Evidence:
    """As `gather`, in a loop that runs, with a resolver and a dialer that others use too."""
    deadline = time.monotonic() + settings.deadline_s
    cache = None if settings.cache is None else Cache(settings.cache, _utc_now)
    inquiry = Inquiry(
        *(known.domain, resolver, dialer, deadline),
        cache=cache,
        refresh=settings.refresh,
        frugal=settings.frugal,
    )
    try:
        return await _Gathering(known, settings, inquiry).run()
    finally:
        await inquiry.close()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Gathering:
    def __init__(self, known: Evidence, settings: LookupSettings, inquiry: Inquiry) -> None:
        self._known = known
        self._settings = settings
        self._inquiry = inquiry
        self._findings: list[Finding] = []

    async def run(self) -> Evidence:
        if not self._settings.frugal:
            self._inquiry.begin(self._web_hosts())
        mx = await self._inquiry.mail_exchanges()
        facts = hosting.facts(Records(domain=self._known.domain, mx=mx))
        if _decides(facts) and not hosting.is_beyond_doubt(facts):
            # The other records came in the same round trip, and may know it better.
            facts = hosting.facts(await self._inquiry.records())
        domain = {"domain": self._known.domain}
        is_missing = mx.outcome is Outcome.NONEXISTENT
        warnings = (Text("detection.warning.no_domain", domain),) if is_missing else ()
        self._findings.append(
            Finding(Basis.HOSTED_MX, Trust.SHIPPED, facts=facts, warnings=warnings)
        )
        if not _decides(facts) or self._settings.thorough:
            await self._hear(self._steps())
            if _best(self._findings) is None:
                await self._hear(self._last_steps())
        # The null MX of RFC 7505 names no exchanger.
        exchanges = tuple(each for each in mx.values if each.host)
        return self._evidence(exchanges if mx.is_known else None)

    def _web_hosts(self) -> tuple[str, ...]:
        if self._settings.depth is not LookupDepth.FULL:
            return ()
        hosts = autoconfig.hosts(self._known.domain)
        return (*hosts, community.HOST) if self._asks_community else hosts

    @property
    def _asks_community(self) -> bool:
        # A name of somebody's own network is not for others to hear.
        return self._settings.community and not is_special_use(self._known.domain)

    def _steps(self) -> list[tuple[Basis, _Step]]:
        inquiry, settings = self._inquiry, self._settings
        is_full = settings.depth is LookupDepth.FULL
        chosen: list[tuple[Basis, _Step]] = [
            (Basis.BEHIND_GATEWAY, steps.behind_gateway(inquiry, ask_microsoft=is_full)),
            (Basis.SERVICE_RECORDS, steps.service_records(inquiry)),
        ]
        if is_full:
            exchangers = steps.exchangers_domain(inquiry, ask_community=self._asks_community)
            chosen += [
                (Basis.PUBLISHED, steps.own_file(inquiry)),
                (Basis.PUBLISHED, steps.pacc_file(inquiry)),
                (Basis.PUBLISHED, steps.mail_configuration_record(inquiry)),
                (Basis.COMMUNITY_DB, exchangers),
                (Basis.FINGERPRINT, steps.exchange(inquiry)),
            ]
            if settings.probes is not None:
                wanted = probing.answers(inquiry, self._known, settings.probes)
                chosen.append((Basis.FINGERPRINT, wanted))
            if self._asks_community:
                chosen.append((Basis.COMMUNITY_DB, steps.community_database(inquiry)))
        return chosen

    def _last_steps(self) -> list[tuple[Basis, _Step]]:
        """What is done only where nothing else was found."""
        if self._settings.depth is not LookupDepth.FULL:
            return []
        chosen: list[tuple[Basis, _Step]] = []
        if self._settings.guess:
            chosen.append((Basis.GUESS, steps.usual_names(self._inquiry)))
        if self._settings.insecure_http:
            chosen += [
                (Basis.INSECURE, insecure.own_file(self._inquiry)),
                (Basis.FINGERPRINT, insecure.autodiscover(self._inquiry)),
            ]
        return chosen

    async def _hear(self, chosen: list[tuple[Basis, _Step]]) -> None:
        """Hear the steps until nothing better can come, or the time is up."""
        tasks = {asyncio.ensure_future(step): basis for basis, step in chosen}
        pending = dict(tasks)
        until = self._inquiry.deadline
        try:
            while pending:
                left = until - time.monotonic()
                done, _ = await asyncio.wait(
                    pending, timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    self._inquiry.note("look_up", "stopped_waiting", Trust.SHIPPED)
                    break
                for task in done:
                    del pending[task]
                best = _best(task.result() for task in tasks if _is_heard(task))
                if best is None or best.trust < Trust.VERIFIED:
                    continue
                until = min(until, time.monotonic() + GRACE_S)
                if not self._settings.thorough:
                    _drop(pending, best.basis)
        finally:
            for task in pending:
                task.cancel()
            # Or their answers would still be read, while nobody wants them any more.
            self._inquiry.stop()
            await asyncio.gather(*tasks, return_exceptions=True)
        # In the order of the steps, so that it never matters who was faster.
        self._findings += [task.result() for task in tasks if _is_heard(task)]

    def _evidence(self, mx: tuple[MailExchange, ...] | None) -> Evidence:
        return replace(
            self._known,
            mx=mx,
            services=self._servers(Basis.SERVICE_RECORDS),
            published=self._servers(Basis.PUBLISHED),
            community=self._servers(Basis.COMMUNITY_DB),
            guessed=self._servers(Basis.GUESS),
            insecure=self._servers(Basis.INSECURE),
            probes=next((each.probes for each in self._findings if each.probes is not None), None),
            hosting=_merged(self._facts()),
            warnings=_each_once((*self._known.warnings, *self._warnings())),
            log=(*self._known.log, *self._inquiry.log),
        )

    def _facts(self) -> Iterator[HostingFact]:
        # What all records say together replaces what the exchangers said alone.
        has_all = any(each.basis is Basis.BEHIND_GATEWAY for each in self._findings)
        for finding in self._findings:
            if not (has_all and finding.basis is Basis.HOSTED_MX):
                yield from finding.facts

    def _warnings(self) -> Iterator[Text]:
        for finding in self._findings:
            yield from finding.warnings
            if any(fact.name == "null_mx" for fact in finding.facts):
                yield Text("detection.warning.null_mx", {"domain": self._known.domain})
        sources = [each for finding in self._findings for each in finding.unheard]
        unheard = dict.fromkeys(urlsplit(each).hostname or each for each in sources)
        if unheard:
            yield Text("detection.warning.incomplete", {"sources": ", ".join(unheard)})

    def _servers(self, basis: Basis) -> tuple[PublishedServer, ...] | None:
        """The most trusted servers of a basis; None = was not looked for."""
        found = [each for each in self._findings if each.basis is basis]
        if not found:
            return None
        return max(found, key=lambda each: (bool(each.servers), each.trust)).servers


def _decides(facts: Iterable[HostingFact]) -> bool:
    return any(fact.strength is Strength.DECISIVE and fact.is_conclusive for fact in facts)


def _is_heard(task: "asyncio.Task[Finding]") -> bool:
    return task.done() and not task.cancelled()


def _each_once(texts: Iterable[Text]) -> tuple[Text, ...]:
    return tuple({(text.key, *sorted(text.params.items())): text for text in texts}.values())


def _best(findings: Iterable[Finding]) -> Finding | None:
    """The finding that would be recommended, if the look-up ended now."""
    return max(
        (each for each in findings if each.says_something),
        key=lambda each: each.basis,
        default=None,
    )


def _drop(pending: dict["asyncio.Task[Finding]", Basis], best: Basis) -> None:
    for task in [task for task, basis in pending.items() if basis <= best]:
        task.cancel()
        del pending[task]


def _merged(facts: Iterable[HostingFact]) -> tuple[HostingFact, ...]:
    """Each fact once, the strongest of its kind."""
    order = list(Strength)
    merged: dict[str, HostingFact] = {}
    for fact in facts:
        known = merged.get(fact.name)
        if known is None or order.index(fact.strength) < order.index(known.strength):
            merged[fact.name] = fact
    return tuple(merged.values())
