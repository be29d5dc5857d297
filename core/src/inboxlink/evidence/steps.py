"""The steps of a look-up: each waits for what it needs, and finds something or nothing.

They run side by side. A step that could not hear an answer from where there should be one says so,
because "not there" and "not heard" lead to different advice.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from inboxlink import exchange_front
from inboxlink.errors import InboxlinkError
from inboxlink.evidence import (
    autoconfig,
    community,
    exchange_server,
    hosting,
    mailconf,
    pacc,
    tenant,
)
from inboxlink.evidence.finding import Finding
from inboxlink.evidence.inquiry import Inquiry
from inboxlink.evidence.published import Published
from inboxlink.network.answers import Answer, Outcome, Service
from inboxlink.types.context import HttpAnswer
from inboxlink.types.detection import Basis, HostingFact, PublishedServer, Tls, Trust
from inboxlink.types.text import Text

__all__ = [
    "behind_gateway",
    "community_database",
    "exchange",
    "exchangers_domain",
    "first_file",
    "mail_configuration_record",
    "own_file",
    "pacc_file",
    "service_records",
    "usual_names",
]

#: SRV services by what is spoken there (RFC 6186 section 3, RFC 8314 section 5.1); the first of
#: each protocol is preferred.
_SERVICES = (
    ("imaps", "imap", Tls.IMPLICIT),
    ("imap", "imap", Tls.STARTTLS),
    ("submissions", "smtp", Tls.IMPLICIT),
    ("submission", "smtp", Tls.STARTTLS),
)

#: What a fetch ends with where there is nothing, rather than something that was not heard.
_ABSENT = frozenset({"host_not_found", "connection_refused"})

_SHOWN_DOMAINS = 3

#: `HostingFact.cloud` by the name that people know it by, which is the same in every language.
_CLOUDS = {None: "Microsoft 365", "gcc_high": "GCC High", "dod": "DoD", "china": "21Vianet"}


async def behind_gateway(inquiry: Inquiry, *, ask_microsoft: bool = False) -> Finding:
    """Who keeps the mailboxes, from everything that DNS says.

    Args:
        inquiry: The questions.
        ask_microsoft: Whether Microsoft may be asked in which of its clouds the domain is, where
            DNS says that it is in one.
    """
    records = await inquiry.records()
    facts = hosting.facts(records)
    told = Finding(Basis.BEHIND_GATEWAY, Trust.DNS, facts=facts)
    if ask_microsoft and any(each.name == "microsoft_365" and each.is_conclusive for each in facts):
        told = await _in_its_cloud(inquiry, told)
    # What the table says of a hoster cannot be forged; that it is this one is not so sure.
    trust = Trust.SHIPPED if any(fact.is_conclusive for fact in told.facts) else Trust.DNS
    is_heard = records.mx is None or records.mx.is_known
    unheard = told.unheard if is_heard else (*told.unheard, f"dns:mx {inquiry.domain}")
    return replace(told, trust=trust, unheard=unheard)


async def _in_its_cloud(inquiry: Inquiry, finding: Finding) -> Finding:
    urls = tenant.addresses(inquiry.domain)
    answers = await asyncio.gather(*(inquiry.fetch(url) for url in urls))
    tenancy = tenant.together(
        {
            host: answer if isinstance(answer, HttpAnswer) else None
            for host, answer in zip(tenant.HOSTS, answers, strict=True)
        }
    )
    if tenancy.is_ambiguous:
        # Nothing that can be asked without signing in says which of them has the mail.
        clouds = ", ".join(_CLOUDS[each.cloud] for each in tenancy.tenants)
        warning = Text("detection.warning.several_clouds", {"clouds": clouds})
        return replace(finding, warnings=(warning,))
    unheard = tuple(tenant.address(host, inquiry.domain) for host in tenancy.unheard)
    facts = finding.facts
    if tenancy.tenants:
        (found,) = tenancy.tenants
        facts = tuple(
            _told(each, found) if each.name == "microsoft_365" else each for each in facts
        )
    return replace(finding, facts=facts, unheard=unheard)


def _told(fact: HostingFact, found: tenant.Tenant) -> HostingFact:
    if found.cloud is None:
        return replace(fact, tenant=found.id)
    # The servers that the table has are those of the worldwide cloud.
    return replace(fact, tenant=found.id, cloud=found.cloud, servers=())


async def exchange(inquiry: Inquiry) -> Finding:
    """An Exchange server of somebody's own, by how it refuses whoever has not signed in."""
    nothing = Finding(Basis.FINGERPRINT, Trust.DNS)
    target, services, wildcard = await asyncio.gather(
        inquiry.aliases(f"autodiscover.{inquiry.domain}"),
        inquiry.services("autodiscover"),
        inquiry.wildcard(),
    )
    # Where every name exists, that one does shows nothing.
    is_named = target.outcome is Outcome.FOUND and wildcard.outcome is not Outcome.FOUND
    if not is_named and not services.values:
        return nothing
    for candidate in exchange_front.candidates(inquiry.domain, services.values):
        found = await _fingerprint(inquiry, candidate.url, candidate.trust)
        if found is not None:
            ews = exchange_server.ews_address(found.host)
            answers = await _fingerprint(inquiry, ews, candidate.trust)
            fact = exchange_server.fact(found, candidate.trust, ews=answers is not None)
            return Finding(Basis.FINGERPRINT, candidate.trust, facts=(fact,))
    return nothing


async def _fingerprint(
    inquiry: Inquiry, url: str, trust: Trust
) -> exchange_front.Fingerprint | None:
    answer = await inquiry.fetch(url, trust)
    return exchange_front.fingerprint(answer) if isinstance(answer, HttpAnswer) else None


async def service_records(inquiry: Inquiry) -> Finding:
    """Servers of SRV records. Within the domain itself a certificate can vouch for them."""
    servers: list[PublishedServer] = []
    for service, protocol, tls in _SERVICES:
        answer = await inquiry.services(service)
        servers += _of_services(answer, protocol, tls, inquiry.domain)
    trust = min((server.trust for server in servers), default=Trust.DNS)
    return Finding(Basis.SERVICE_RECORDS, trust, tuple(servers))


async def own_file(inquiry: Inquiry) -> Finding:
    """The autoconfig file that the domain itself publishes."""
    places = {url: inquiry.fetch(url) for url in autoconfig.addresses(inquiry.domain)}
    return await first_file(inquiry, places, Basis.PUBLISHED, Trust.VERIFIED)


async def pacc_file(inquiry: Inquiry) -> Finding:
    """The domain's PACC file, where a record announces it with its digest."""
    announced = pacc.digests((await inquiry.texts(pacc.record_name(inquiry.domain))).values)
    if not announced:
        return Finding(Basis.PUBLISHED, Trust.VERIFIED)
    answer = await inquiry.fetch(pacc.address(inquiry.domain))
    if isinstance(answer, InboxlinkError) or answer.status != 200:
        unheard = (pacc.address(inquiry.domain),)
        return Finding(Basis.PUBLISHED, Trust.VERIFIED, unheard=unheard)
    found = pacc.parse(answer.body, announced)
    servers = () if found is None else _trusted(found.servers, Trust.VERIFIED)
    return Finding(Basis.PUBLISHED, Trust.VERIFIED, servers)


async def mail_configuration_record(inquiry: Inquiry) -> Finding:
    """The file that a TXT record `mailconf=` names."""
    urls = mailconf.addresses((await inquiry.texts(inquiry.domain)).values)
    places = {url: inquiry.fetch(url, Trust.DNS) for url in urls}
    return await first_file(inquiry, places, Basis.PUBLISHED, Trust.DNS)


async def community_database(inquiry: Inquiry) -> Finding:
    """What the database of mail providers says about the domain."""
    places = {community.address(inquiry.domain): inquiry.community(inquiry.domain)}
    return await first_file(inquiry, places, Basis.COMMUNITY_DB, Trust.VERIFIED)


async def exchangers_domain(inquiry: Inquiry, *, ask_community: bool) -> Finding:
    """What the exchangers' own domain publishes, and what the database says about it."""
    nothing = Finding(Basis.COMMUNITY_DB, Trust.DNS)
    answer = await inquiry.mail_exchanges()
    if not answer.values:
        return nothing
    names = community.names_of_exchange(answer.values[0].host, inquiry.domain)
    trust = Trust.VERIFIED if answer.is_signed else Trust.DNS
    places: dict[str, asyncio.Future[HttpAnswer | InboxlinkError]] = {}
    for name in names:
        url = autoconfig.addresses(name)[0]
        places[url] = inquiry.fetch(url, trust)
        if ask_community:
            places[community.address(name)] = inquiry.community(name)
    return await first_file(inquiry, places, Basis.COMMUNITY_DB, trust)


async def usual_names(inquiry: Inquiry) -> Finding:
    """Servers that answer in the right language under the names that most are called."""
    domain = inquiry.domain
    tried = [
        ("imap", [f"imap.{domain}", f"mail.{domain}", domain], 993),
        ("smtp", [f"smtp.{domain}", f"mail.{domain}", domain], 465),
    ]
    asked = [
        [(host, asyncio.ensure_future(inquiry.greeting(protocol, host, port))) for host in hosts]
        for protocol, hosts, port in tried
    ]
    servers = []
    for (protocol, _, port), answers in zip(tried, asked, strict=True):
        for host, greeted in answers:
            if await greeted:
                servers.append(
                    PublishedServer(protocol, host, port, Tls.IMPLICIT, None, (), Trust.NONE)
                )
    return Finding(Basis.GUESS, Trust.NONE, tuple(servers))


async def first_file(
    inquiry: Inquiry,
    places: Mapping[str, "asyncio.Future[HttpAnswer | InboxlinkError]"],
    basis: Basis,
    trust: Trust,
) -> Finding:
    """The first of several places, in their order, that has a file with servers in it.

    All are asked at once. Whether an answer counts is known when it was read: a page that says
    "welcome" to everything hides nothing.
    """
    unheard: list[str] = []
    for url, asked in places.items():
        answer = await asked
        if isinstance(answer, HttpAnswer):
            is_there = answer.status == 200
            found = autoconfig.parse(answer.body, inquiry.domain) if is_there else None
            # Servers without TLS alone are as good as none, and must not end the search.
            if found is not None and any(each.tls is not None for each in found.servers):
                return _of_file(inquiry, url, found, basis, trust)
        elif answer.code not in _ABSENT:
            unheard.append(url)
    return Finding(basis, trust, unheard=tuple(unheard))


def _of_file(inquiry: Inquiry, url: str, found: Published, basis: Basis, trust: Trust) -> Finding:
    """What a file comes to. One for other domains may have been put here for them."""
    is_ours = not found.domains or inquiry.domain in found.domains
    said = trust if is_ours else min(trust, Trust.DNS)
    if found.name or found.help_url:
        name = f'"{found.name}"' if found.name else ""
        inquiry.note(url, ", ".join(filter(None, (name, found.help_url))), said)
    warnings: tuple[Text, ...] = ()
    # A hoster's file lists the hoster's own domains, and not those of its customers.
    if not is_ours and basis is not Basis.COMMUNITY_DB:
        shown = ", ".join(found.domains[:_SHOWN_DOMAINS])
        params = {"domain": inquiry.domain, "source": url, "domains": shown}
        warnings = (Text("detection.warning.other_domains", params),)
    return Finding(basis, said, _trusted(found.servers, said), warnings=warnings)


def _trusted(servers: Iterable[PublishedServer], trust: Trust) -> tuple[PublishedServer, ...]:
    return tuple(replace(server, trust=trust) for server in servers)


def _of_services(
    answer: Answer[Service], protocol: str, tls: Tls, domain: str
) -> Iterable[PublishedServer]:
    if answer.outcome is not Outcome.FOUND:
        return
    for each in answer.values:
        # A target of "." says that the service is not there (RFC 2782).
        if each.host:
            is_own = each.host == domain or each.host.endswith(f".{domain}")
            trust = Trust.SIGNED if is_own or answer.is_signed else Trust.DNS
            yield PublishedServer(protocol, each.host, each.port, tls, None, (), trust)
