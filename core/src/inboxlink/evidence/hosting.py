"""Who keeps a domain's mailboxes, told from what DNS says.

`exchanges` tells what each mail exchanger is, `signs` what other records show; `rules` says what
each combination gives and how much that says. What was not asked and
what was not answered adds nothing, takes nothing away, and is never taken for "not there".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from inboxlink.evidence import exchanges, signs, table
from inboxlink.evidence.exchanges import Exchange, Kind
from inboxlink.evidence.rules import RULES
from inboxlink.evidence.signs import Signs
from inboxlink.types.detection import (
    HostingFact,
    MailExchange,
    PublishedServer,
    Strength,
    Tls,
)

if TYPE_CHECKING:
    from inboxlink.evidence.records import Records

__all__ = ["facts", "is_beyond_doubt"]

_ORDER = {Strength.DECISIVE: 0, Strength.LIKELY: 1, Strength.HINT: 2}

#: Who is before the mailboxes; they may be anywhere behind it.
_BEFORE = (Kind.GATEWAY, Kind.OWN)


@dataclass(frozen=True, slots=True)
class _Front:
    """What the exchangers of a domain say together.

    Args:
        groups: The exchangers that can be used, grouped by preference, most preferred first.
        takes_mail: False only where it is known that nobody takes mail by MX.
        hosters: Names of the hosters among them, most preferred first.
        is_open: Whether the mailboxes may be behind: only filters and the domain's own
            servers are there, or it is not known who is.
        has_gateway: Whether one of them is a known filter.
    """

    groups: tuple[tuple[Exchange, ...], ...] = ()
    takes_mail: bool = True
    hosters: tuple[str, ...] = ()
    is_open: bool = True
    has_gateway: bool = False


def facts(records: "Records") -> tuple[HostingFact, ...]:
    """What records say about who keeps the mailboxes: each name once, the strongest first.

    Of two facts with one name the stronger stays, and the one that MX shows where they are equal.
    """
    seen = signs.read(records)
    found: dict[str, HostingFact] = {}
    broken, front = _front(records)
    for fact in (
        *_of_exchanges(front, seen),
        *_of_faults(records, broken, front),
        *_of_amazon(front, seen),
        *_of_microsoft(front, seen),
        *_of_google(front, seen),
        *_of_servers(records.domain, front, seen),
    ):
        other = found.get(fact.name)
        if other is None or _ORDER[fact.strength] < _ORDER[other.strength]:
            found[fact.name] = fact
    return tuple(sorted(found.values(), key=lambda fact: _ORDER[fact.strength]))


def is_beyond_doubt(found: Sequence[HostingFact]) -> bool:
    """Whether the exchangers alone decide, whatever other records say.

    They do where they are those of a hoster that nobody puts before another one's mailboxes;
    in which of its national clouds such a hoster has them, other records tell.
    """
    return any(
        fact.name in _MAJOR and fact.strength is Strength.DECISIVE and fact.cloud is None
        for fact in found
    )


def _front(records: "Records") -> tuple[list[Exchange], _Front]:
    answer = records.mx
    if answer is None or not answer.is_known:
        return [], _Front()
    ranked = sorted(answer.values, key=lambda each: each.preference)
    broken: list[Exchange] = []
    groups: list[tuple[Exchange, ...]] = []
    for _, group in groupby(ranked, key=lambda each: each.preference):
        known = [exchanges.of_host(each.host, records.domain) for each in group if _names(each)]
        broken += [each for each in known if each.kind is Kind.BROKEN]
        usable = tuple(each for each in known if each.kind not in (Kind.BROKEN, Kind.PROOF))
        if usable:
            groups.append(usable)
    every = [each for group in groups for each in group]
    kinds = {each.kind for each in every}
    hosters = dict.fromkeys(each.name for each in every if each.kind is Kind.HOSTER)
    return broken, _Front(
        groups=tuple(groups),
        takes_mail=bool(groups),
        hosters=tuple(hosters),
        is_open=kinds.issubset(_BEFORE),
        has_gateway=Kind.GATEWAY in kinds,
    )


def _names(each: MailExchange) -> bool:
    return bool(each.host.rstrip("."))


def _fact(rule: str, shown_by: str, name: str = "", cloud: str | None = None) -> HostingFact:
    given, strength = RULES[rule]
    fact = table.fact(name or given, shown_by)
    if cloud is not None:
        # The servers of the table are those of the worldwide cloud.
        return replace(fact, strength=strength, cloud=cloud, servers=())
    return fact if strength is fact.strength else replace(fact, strength=strength)


def _of_exchanges(front: _Front, seen: Signs) -> Iterator[HostingFact]:
    before: set[str] = set()
    has_others = False
    for group in front.groups:
        names = {each.name for each in group if each.kind is Kind.HOSTER}
        has_others |= any(each.kind not in (Kind.HOSTER, Kind.LOOKALIKE) for each in group)
        for each in group:
            shown = f"MX {each.host}"
            if each.kind is Kind.GATEWAY:
                yield _fact("mx-gateway", f"{each.name}, {shown}")
            elif each.kind is Kind.LOOKALIKE:
                yield _fact("mx-lookalike", shown, each.name)
            elif each.kind is Kind.HOSTER:
                rule = _rule_of_hoster(each, names, before, seen, has_others=has_others)
                yield _fact(rule, shown, each.name, _cloud(each, seen))
        before |= names


def _rule_of_hoster(
    each: Exchange, names: set[str], before: set[str], seen: Signs, *, has_others: bool
) -> str:
    if before:
        return "mx-hoster-after-hoster"
    if len(names) > 1:
        return "mx-shared"
    if has_others:
        return "mx-hoster-among-others"
    if each.name not in _MAJOR and seen.autodiscover and seen.microsoft_key:
        return "mx-hoster-but-microsoft"
    return "mx-hoster"


#: Hosters that nobody puts before another one's mailboxes.
_MAJOR = ("gmail", "google", "outlook_com", "microsoft_365")


def _cloud(each: Exchange, seen: Signs) -> str | None:
    return "dod" if each.cloud == "gcc_high" and seen.cloud == "dod" else each.cloud


def _of_faults(
    records: "Records", broken: Sequence[Exchange], front: _Front
) -> Iterator[HostingFact]:
    if records.mx is None or not records.mx.is_known:
        return
    if broken:
        # What stands there may be anything; a name for people is short and has no controls.
        shown = f"MX {ascii(broken[0].host)[:80]}"
        yield _fact("mx-partly-broken" if front.takes_mail else "mx-broken", shown)
    elif records.mx.values and not any(map(_names, records.mx.values)):
        yield _fact("mx-null", "null MX")
    elif not records.mx.values:
        yield _fact("mx-none", "no MX")


def _of_amazon(front: _Front, seen: Signs) -> Iterator[HostingFact]:
    every = (each for group in front.groups for each in group)
    exchange = next((each for each in every if each.kind is Kind.AMAZON), None)
    if exchange is not None and seen.workmail is None:
        yield _fact("mx-amazon", f"MX {exchange.host}")
    elif exchange is not None:
        fact = _fact("mx-amazon-autodiscover", f"MX {exchange.host}, {seen.workmail}")
        yield replace(fact, servers=_workmail(seen.region))
    elif seen.workmail is not None and front.takes_mail and not front.hosters:
        fact = _fact("autodiscover-workmail", seen.workmail)
        yield replace(fact, servers=_workmail(seen.region))


def _of_microsoft(front: _Front, seen: Signs) -> Iterator[HostingFact]:
    shown = [
        each for each in (seen.autodiscover, seen.microsoft_key, seen.microsoft_senders) if each
    ]
    if shown:
        yield _fact(_rule_of_microsoft(front, seen), ", ".join(shown), cloud=seen.cloud)
    elif seen.mistyped:
        yield _fact("autodiscover-mistyped", seen.mistyped)


def _rule_of_microsoft(front: _Front, seen: Signs) -> str:
    autodiscover, key, senders = seen.autodiscover, seen.microsoft_key, seen.microsoft_senders
    is_elsewhere = not front.takes_mail or any(name in front.hosters for name in _MAJOR)
    if autodiscover:
        if not is_elsewhere and key:
            return "autodiscover-dkim"
        if not is_elsewhere and not front.hosters:
            if senders and front.is_open:
                return "autodiscover-spf"
            if front.has_gateway and not seen.google_senders:
                return "gateway-autodiscover"
        return "autodiscover-alone"
    if is_elsewhere or front.hosters:
        return "dkim-alone" if key else "spf-alone"
    if key:
        if seen.has_own_alias:
            return "dkim-but-own-autodiscover"
        if senders:
            return "dkim-spf"
        if front.has_gateway:
            return "gateway-dkim"
        if not seen.own_autodiscover and not seen.other_autodiscover and not seen.google_senders:
            return "dkim-unopposed"
        return "dkim-alone"
    return "spf-alone"


def _of_google(front: _Front, seen: Signs) -> Iterator[HostingFact]:
    key, senders = seen.google_key, seen.google_senders
    if not (key or senders):
        return
    may_be_behind = front.takes_mail and front.is_open
    speaks_against = seen.autodiscover or seen.microsoft_key or seen.microsoft_senders
    if may_be_behind and key and senders:
        rule = "google-dkim-spf"
    elif may_be_behind and front.has_gateway and key and not speaks_against:
        rule = "google-gateway-dkim"
    else:
        rule = "google-dkim-alone" if key else "google-spf-alone"
    yield _fact(rule, ", ".join(each for each in (key, senders) if each))


def _of_servers(domain: str, front: _Front, seen: Signs) -> Iterator[HostingFact]:
    if seen.own_autodiscover:
        yield _fact("autodiscover-own", seen.own_autodiscover)
    if seen.cpanel:
        kinds = {each.kind for group in front.groups for each in group}
        is_own = front.takes_mail and kinds <= {Kind.OWN}
        fact = _fact("cpanel" if is_own else "cpanel-elsewhere", seen.cpanel)
        host = f"mail.{domain}"
        yield replace(fact, servers=_servers(host, host))


def _workmail(region: str) -> tuple[PublishedServer, ...]:
    """The servers of a region (Amazon WorkMail's user guide, read November 2026)."""
    return _servers(f"imap.mail.{region}.awsapps.com", f"smtp.mail.{region}.awsapps.com")


def _servers(imap: str, submission: str) -> tuple[PublishedServer, ...]:
    words = ("password-cleartext",)
    return (
        PublishedServer("imap", imap, 993, Tls.IMPLICIT, "{address}", words),
        PublishedServer("smtp", submission, 465, Tls.IMPLICIT, "{address}", words),
    )
