"""What DNS says about who keeps the mailboxes, rule by rule."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.evidence import exchanges, table
from inboxlink.evidence.exchanges import GATEWAYS, Kind
from inboxlink.evidence.hosting import facts
from inboxlink.evidence.records import Records
from inboxlink.evidence.rules import RULES
from inboxlink.network.answers import Answer, Outcome, Service
from inboxlink.types.detection import HostingFact, MailExchange, Strength, Tls

GOOGLE = "aspmx.l.google.com"
MICROSOFT = "a-org.mail.protection.outlook.com"
FILTER = "eu-smtp-inbound-1.mimecast.com"
OWN = "mail.a.org"
AMAZON = "inbound-smtp.eu-west-1.amazonaws.com"
AUTODISCOVER = "autodiscover.outlook.com"
WORKMAIL = "autodiscover.mail.eu-west-1.awsapps.com"
CPANEL = "cpanelemaildiscovery.cpanel.net"
SPF = "v=spf1 include:spf.protection.outlook.com -all"
SPF_GOOGLE = "v=spf1 include:_spf.google.com ~all"
KEY = "selector1-a-org._domainkey.aorg.onmicrosoft.com"
GOOGLE_KEY = "v=DKIM1; k=rsa; p=MIIB"

#: A hoster of the table that is neither Google nor Microsoft, as the tests bring it.
OTHER = "mx.hoster.net"


def records(
    *mx: str | tuple[int, str],
    autodiscover: tuple[str, ...] = (),
    srv: str | None = None,
    txt: tuple[str, ...] = (),
    dkim: Mapping[str, str] | None = None,
    google_key: str | None = None,
    wildcard: tuple[str, ...] | None = None,
) -> Records:
    """Records of a.org where everything was asked; a bare host has preference 10."""
    pairs = [(10, each) if isinstance(each, str) else each for each in mx]
    keys = {selector: answer((), name) for selector, name in (dkim or {}).items()}
    if google_key is not None:
        keys["google"] = answer((google_key,))
    return Records(
        domain="a.org",
        mx=answer(tuple(MailExchange(*pair) for pair in pairs)),
        txt=answer(txt),
        autodiscover=answer((), *autodiscover),
        services={"autodiscover": answer((Service(0, 0, 443, srv),) if srv is not None else ())},
        wildcard=None if wildcard is None else answer((), *wildcard),
        dkim=keys,
    )


def answer(values: tuple[Any, ...], *aliases: str) -> Answer[Any]:
    return Answer(Outcome.FOUND if values or aliases else Outcome.NOTHING, values, aliases)


def said(found: Records) -> list[tuple[str, str]]:
    return [(fact.name, str(fact.strength)) for fact in facts(found)]


def only(found: Records, name: str) -> HostingFact:
    fact, *others = [fact for fact in facts(found) if fact.name == name]
    assert others == []
    return fact


@pytest.fixture(autouse=True)
def hoster(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more hoster in the table."""
    known = table.of_exchange
    fact = HostingFact("hoster", "")
    monkeypatch.setattr(table, "of_exchange", lambda host: fact if host == OTHER else known(host))


#: For every rule, records to which it applies, and the fact that it must give there.
CASES: dict[str, tuple[Records, str]] = {
    "mx-hoster": (records(GOOGLE), "google"),
    "mx-hoster-but-microsoft": (
        records(OTHER, autodiscover=(AUTODISCOVER,), dkim={"selector1": KEY}),
        "hoster",
    ),
    "mx-shared": (records(GOOGLE, MICROSOFT), "google"),
    "mx-hoster-among-others": (records((10, OWN), (20, MICROSOFT)), "microsoft_365"),
    "mx-hoster-after-hoster": (records((10, MICROSOFT), (20, GOOGLE)), "google"),
    "mx-lookalike": (records("aspmx.i.google.com"), "google"),
    "mx-gateway": (records(FILTER), "gateway"),
    "mx-amazon": (records(AMAZON), "amazon_ses"),
    "mx-amazon-autodiscover": (records(AMAZON, autodiscover=(WORKMAIL,)), "amazon_workmail"),
    "autodiscover-workmail": (records(FILTER, autodiscover=(WORKMAIL,)), "amazon_workmail"),
    "mx-null": (records((0, "")), "null_mx"),
    "mx-broken": (records("localhost"), "broken_mx"),
    "mx-partly-broken": (records("192.0.2.1", GOOGLE), "broken_mx"),
    "mx-none": (records(), "no_mx_implicit"),
    "autodiscover-dkim": (
        records("mx.elsewhere.net", autodiscover=(AUTODISCOVER,), dkim={"selector2": KEY}),
        "microsoft_365",
    ),
    "autodiscover-spf": (records(OWN, autodiscover=(AUTODISCOVER,), txt=(SPF,)), "microsoft_365"),
    "gateway-autodiscover": (records(FILTER, autodiscover=(AUTODISCOVER,)), "microsoft_365"),
    "dkim-spf": (records(OWN, dkim={"selector1": KEY}, txt=(SPF,)), "microsoft_365"),
    "gateway-dkim": (
        records(FILTER, dkim={"selector1": KEY}, srv="mail.elsewhere.net"),
        "microsoft_365",
    ),
    "dkim-unopposed": (records(OWN, dkim={"selector1": KEY}), "microsoft_365"),
    "dkim-but-own-autodiscover": (
        records(FILTER, dkim={"selector1": KEY}, txt=(SPF,), autodiscover=("owa.a.org",)),
        "microsoft_365",
    ),
    "autodiscover-alone": (records(OWN, autodiscover=(AUTODISCOVER,)), "microsoft_365"),
    "autodiscover-mistyped": (
        records(OWN, autodiscover=("autodiscover.outlook.com.a.org",)),
        "microsoft_365",
    ),
    "dkim-alone": (records(GOOGLE, dkim={"selector1": KEY}), "microsoft_365"),
    "spf-alone": (records(FILTER, txt=(SPF,)), "microsoft_365"),
    "google-dkim-spf": (records(OWN, google_key=GOOGLE_KEY, txt=(SPF_GOOGLE,)), "google"),
    "google-gateway-dkim": (records(FILTER, google_key=GOOGLE_KEY), "google"),
    "google-dkim-alone": (records(OWN, google_key=GOOGLE_KEY), "google"),
    "google-spf-alone": (records(FILTER, txt=(SPF_GOOGLE,)), "google"),
    "autodiscover-own": (records(OWN, srv="mail.a.org"), "exchange_onprem"),
    "cpanel": (records(OWN, srv=CPANEL), "cpanel"),
    "cpanel-elsewhere": (records(GOOGLE, srv=CPANEL), "cpanel"),
}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_gives_what_its_row_says(rule: str) -> None:
    """The table of rules is what decides: each row has records that take its strength."""
    found, name = CASES[rule]
    given, strength = RULES[rule]
    assert given in ("", name)
    assert only(found, name).strength is strength


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_is_another_one_in_disguise(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a row changes, the fact of its own records changes, and so it was that row."""
    found, name = CASES[rule]
    given, strength = RULES[rule]
    other = Strength.LIKELY if strength is not Strength.LIKELY else Strength.HINT
    monkeypatch.setitem(RULES, rule, (given, other))
    assert only(found, name).strength is other


def test_there_is_no_case_without_a_rule() -> None:
    """The cases are those of the table, no more and no fewer."""
    assert CASES.keys() == RULES.keys()


@pytest.mark.parametrize(
    ("host", "fact"),
    [
        ("aspmx.l.google.com", ("google", "decisive")),
        ("ALT1.aspmx.L.google.com.", ("google", "decisive")),
        ("aspmx2.googlemail.com", ("google", "decisive")),
        ("smtp.google.com", ("google", "decisive")),
        ("gmail-smtp-in.l.google.com", ("gmail", "decisive")),
        ("a-org.mail.protection.outlook.com", ("microsoft_365", "decisive")),
        ("a-org.mail.eo.outlook.com", ("microsoft_365", "decisive")),
        ("a-org.a-v1.mx.microsoft", ("microsoft_365", "decisive")),
        ("a.olc.protection.outlook.com", ("outlook_com", "decisive")),
        ("448441929.pamx1.hotmail.com", ("outlook_com", "decisive")),
        ("inbound-smtp.eu-west-1.amazonaws.com", ("amazon_ses", "decisive")),
        ("mxa-0077f301.gslb.pphosted.com", ("gateway", "decisive")),
        ("fortimail2.a.org", ("gateway", "decisive")),
        ("alt1.aspmx.i.google.com", ("google", "hint")),
        ("aspmx.l.google.com.a.org", ("google", "hint")),
        ("a-org.mail.protection.outlook.com.a.org", ("microsoft_365", "hint")),
        ("notaspmx.l.google.com", ("google", "hint")),
        ("x.mx-verification.google.com", None),
        ("ghs.google.com", None),
        ("ms1234.msv1.invalid", None),
        ("inbound-smtp.amazonaws.com.evil.test.net", None),
        ("notmimecast.com", None),
        ("mimecast.com.evil.net", None),
        ("evilaspmx.l.google.com.evil.net", None),
        ("mail.a.org", None),
        ("nota.org", None),
    ],
)
def test_an_exchanger_is_told_by_whole_labels(host: str, fact: tuple[str, str] | None) -> None:
    """Suffixes match whole labels, the longest first; slips of the keyboard are hints."""
    # case 4, 8
    # req 90, 91
    assert said(records(host)) == ([] if fact is None else [fact])


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost.localdomain",
        "~",
        "mail",
        "192.0.2.1",
        "https://a.org/mail",
        "ms\\032=\\0321637b8",
        "a..org",
        "a b.org",
        "\x1b[31m.org",
        f"{'x' * 64}.org",
    ],
)
def test_what_is_no_name_takes_no_mail(host: str) -> None:
    """Addresses, URLs and words are told, in letters that a terminal can bear."""
    # case 20
    fact = only(records(host), "broken_mx")
    assert fact.strength is Strength.DECISIVE
    assert fact.shown_by.isprintable()
    assert fact.shown_by.isascii()


@pytest.mark.parametrize("suffix", GATEWAYS)
def test_a_filter_is_named_and_says_nothing_of_the_mailbox(suffix: str) -> None:
    """Every filter of the table stands there as such, with no mailbox."""
    # case 6
    (fact,) = facts(records(f"mx1.{suffix}"))
    assert (fact.name, fact.servers) == ("gateway", ())
    assert GATEWAYS[suffix] in fact.shown_by
    assert exchanges.of_host(f"not{suffix}", "a.org").kind is not Kind.GATEWAY


def test_a_null_mx_takes_no_mail_whatever_else_is_there() -> None:
    """With a null MX (RFC 7505) nothing else is more than a hint."""
    # case 18
    found = records(
        (0, "."), autodiscover=(AUTODISCOVER,), dkim={"selector1": KEY}, txt=(SPF, SPF_GOOGLE)
    )
    assert said(found) == [("null_mx", "decisive"), ("microsoft_365", "hint"), ("google", "hint")]
    assert said(records((0, ""), (10, GOOGLE))) == [("google", "decisive")]


def test_equal_exchangers_of_two_hosters_decide_nothing() -> None:
    """Both are named as likely; where one is preferred, it has the mailboxes."""
    # case 20
    assert said(records(GOOGLE, MICROSOFT, autodiscover=(AUTODISCOVER,))) == [
        ("google", "likely"),
        ("microsoft_365", "likely"),
    ]
    assert said(records((20, GOOGLE), (10, MICROSOFT))) == [
        ("microsoft_365", "decisive"),
        ("google", "hint"),
    ]


@pytest.mark.parametrize(
    ("host", "autodiscover", "cloud"),
    [
        ("a.mail.protection.office365.us", (), "gcc_high"),
        ("a.mail.protection.office365.us", ("autodiscover.office365.us",), "gcc_high"),
        ("a.mail.protection.office365.us", ("autodiscover-dod.office365.us",), "dod"),
        ("a.mail.protection.partner.outlook.cn", (), "china"),
        (FILTER, ("autodiscover.partner.outlook.cn",), "china"),
        (FILTER, ("autodiscover-dod.office365.us",), "dod"),
        (MICROSOFT, (AUTODISCOVER,), None),
    ],
)
def test_national_clouds_are_told_and_get_no_worldwide_servers(
    host: str, autodiscover: tuple[str, ...], cloud: str | None
) -> None:
    """The cloud is part of the fact, and servers are given only for the worldwide one."""
    # case 9
    fact = only(records(host, autodiscover=autodiscover), "microsoft_365")
    assert fact.cloud == cloud
    assert bool(fact.servers) == (cloud is None)


SEEN = {"autodiscover": (AUTODISCOVER,), "dkim": {"selector1": KEY}, "txt": (SPF,)}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # Exchangers alone.
        (records((1, GOOGLE), (5, GOOGLE)), "google decisive"),
        (records((1, "ghs.google.com"), (5, GOOGLE)), "google decisive"),
        (records((1, "aspmx.i.google.com"), (5, GOOGLE)), "google decisive"),
        (records(GOOGLE, "x.mx-verification.google.com"), "google decisive"),
        (records((1, GOOGLE), (5, OWN)), "google decisive"),
        (records(OWN, GOOGLE), "google likely"),
        (records((5, FILTER), (10, GOOGLE)), "gateway decisive, google likely"),
        (records((5, OTHER), (10, GOOGLE)), "hoster decisive, google hint"),
        (records((5, OWN), (10, GOOGLE), (20, MICROSOFT)), "google likely, microsoft_365 hint"),
        (records((1, GOOGLE), (5, OWN), (9, MICROSOFT)), "google decisive, microsoft_365 hint"),
        (records("~", OWN), "broken_mx hint"),
        # What else is seen adds nothing to what the exchangers say, and takes nothing away.
        (records(MICROSOFT, **SEEN), "microsoft_365 decisive"),
        (records(GOOGLE, **SEEN), "google decisive, microsoft_365 hint"),
        (records((5, GOOGLE), (10, MICROSOFT), **SEEN), "google decisive, microsoft_365 hint"),
        (records("gmail-smtp-in.l.google.com", **SEEN), "gmail decisive, microsoft_365 hint"),
        (
            records(MICROSOFT, google_key=GOOGLE_KEY, txt=(SPF_GOOGLE,)),
            "microsoft_365 decisive, google hint",
        ),
        (records(GOOGLE, google_key=GOOGLE_KEY, txt=(SPF_GOOGLE,)), "google decisive"),
        # Another hoster: only autodiscover and DKIM together speak against it.
        (records(OTHER, **SEEN), "hoster likely, microsoft_365 likely"),
        (
            records(OTHER, autodiscover=(AUTODISCOVER,), txt=(SPF,)),
            "hoster decisive, microsoft_365 hint",
        ),
        (
            records((5, FILTER), (10, OTHER), autodiscover=(AUTODISCOVER,)),
            "gateway decisive, hoster likely, microsoft_365 hint",
        ),
        (
            records(OTHER, dkim={"selector1": KEY}, txt=(SPF,)),
            "hoster decisive, microsoft_365 hint",
        ),
        (
            records(OTHER, google_key=GOOGLE_KEY, txt=(SPF_GOOGLE,)),
            "hoster decisive, google hint",
        ),
        (records(OTHER, autodiscover=(WORKMAIL,)), "hoster decisive"),
        # Nobody known: two signs in the domain's own names, or none is enough.
        (
            records("mx.nota.org", autodiscover=(AUTODISCOVER,), txt=(SPF,)),
            "microsoft_365 hint",
        ),
        (
            records("nota.org", autodiscover=(AUTODISCOVER,), txt=(SPF,)),
            "microsoft_365 hint",
        ),
        (records("a.org", autodiscover=(AUTODISCOVER,), txt=(SPF,)), "microsoft_365 likely"),
        (records("mx.b.net", google_key=GOOGLE_KEY, txt=(SPF_GOOGLE,)), "google hint"),
        (records("mx.b.net", dkim={"selector1": KEY}, txt=(SPF,)), "microsoft_365 likely"),
        # Behind a filter, and something speaks against it.
        (
            records(FILTER, autodiscover=(AUTODISCOVER,), txt=(SPF_GOOGLE,)),
            "gateway decisive, microsoft_365 hint, google hint",
        ),
        (
            records(FILTER, dkim={"selector1": KEY}, google_key=GOOGLE_KEY),
            "gateway decisive, microsoft_365 likely, google hint",
        ),
        (
            records(FILTER, autodiscover=("owa.a.org",), txt=(SPF,)),
            "gateway decisive, microsoft_365 hint, exchange_onprem hint",
        ),
        (
            records(OWN, dkim={"selector1": KEY}, srv="mail.a.org"),
            "microsoft_365 hint, exchange_onprem hint",
        ),
        (records(OWN, dkim={"selector1": KEY}, srv="mx.b.net"), "microsoft_365 hint"),
        (
            records(OWN, dkim={"selector1": KEY}, txt=(SPF_GOOGLE,)),
            "microsoft_365 hint, google hint",
        ),
        # Nobody takes the mail.
        (records(**SEEN), "no_mx_implicit hint, microsoft_365 hint"),
        (records(autodiscover=(WORKMAIL,)), "no_mx_implicit hint"),
        (records(srv=CPANEL), "no_mx_implicit hint, cpanel hint"),
        (records("ms1.msv1.invalid", **SEEN), "microsoft_365 hint"),
        (
            records("localhost", google_key=GOOGLE_KEY, txt=(SPF_GOOGLE,)),
            "broken_mx decisive, google hint",
        ),
        # Texts and targets that say nothing.
        (records(OWN, srv="."), ""),
        (records(OWN, dkim={"selector1": KEY}, srv="."), "microsoft_365 likely"),
        (records(OWN, txt=("include:spf.protection.outlook.com",)), ""),
        (records(OWN, txt=("v=spf1 ~include:spf.protection.outlook.com",)), ""),
        (records(OWN, txt=("V=SPF1 +INCLUDE:SPF.protection.outlook.com.",)), "microsoft_365 hint"),
        (records("inbound-smtp.b.eu-west-1.amazonaws.com"), ""),
    ],
)
def test_what_records_give_together(found: Records, expected: str) -> None:
    """The exchangers come first; other records count where those leave it open."""
    # case 4, 5, 20
    assert ", ".join(f"{name} {strength}" for name, strength in said(found)) == expected


def test_a_key_by_alias_is_not_googles() -> None:
    """Google has its customers publish the key itself, so that an alias shows a wildcard."""
    keys = {"google": Answer(Outcome.FOUND, (GOOGLE_KEY,), ("www.a.org",))}
    assert said(replace(records(OWN), dkim=keys)) == []


def test_another_hosters_fact_has_no_cloud() -> None:
    """Where autodiscover names a cloud that the exchangers do not, the exchangers are right."""
    for host, name in ((GOOGLE, "google"), (MICROSOFT, "microsoft_365")):
        fact = only(records(host, autodiscover=("autodiscover-dod.office365.us",)), name)
        assert (fact.cloud, bool(fact.servers)) == (None, True)


@pytest.mark.parametrize(
    ("key", "spf", "cloud"),
    [
        ("selector1-a._domainkey.a.onmicrosoft.us", SPF, "gcc_high"),
        ("selector1-a._domainkey.a.partner.onmschina.cn", SPF, "china"),
        (KEY, SPF, None),
        ("www.a.org", "v=spf1 include:spf.protection.office365.us -all", "gcc_high"),
        ("www.a.org", "v=spf1 include:spf.protection.partner.outlook.cn -all", "china"),
    ],
)
def test_keys_and_senders_tell_the_cloud_where_autodiscover_does_not(
    key: str, spf: str, cloud: str | None
) -> None:
    """A tenant of a national cloud is not sent to the worldwide servers; autodiscover wins."""
    signs = {"dkim": {"selector1": key}, "txt": (spf,)}
    fact = only(records(FILTER, **signs), "microsoft_365")
    assert (fact.cloud, bool(fact.servers)) == (cloud, cloud is None)
    named = records(FILTER, autodiscover=(AUTODISCOVER,), **signs)
    assert only(named, "microsoft_365").cloud is None


def test_a_fact_brings_its_servers() -> None:
    """The table's for hosters, the region's for WorkMail, the domain's own for cPanel."""
    assert [each.host for each in only(records(GOOGLE), "google").servers] == [
        *("imap.gmail.com", "smtp.gmail.com", "smtp.gmail.com")
    ]
    for found, name, hosts in (
        (
            records(AMAZON, autodiscover=(WORKMAIL,)),
            "amazon_workmail",
            ["imap.mail.eu-west-1.awsapps.com", "smtp.mail.eu-west-1.awsapps.com"],
        ),
        (records(OWN, srv=CPANEL), "cpanel", ["mail.a.org", "mail.a.org"]),
    ):
        servers = only(found, name).servers
        assert [each.host for each in servers] == hosts
        assert [(each.port, each.tls) for each in servers] == [
            *((993, Tls.IMPLICIT), (465, Tls.IMPLICIT))
        ]


def test_a_fact_says_what_shows_it() -> None:
    """Each record that a fact rests on is named for people."""
    found = records(FILTER, autodiscover=(AUTODISCOVER,), dkim={"selector2": KEY}, txt=(SPF,))
    assert only(found, "microsoft_365").shown_by == (
        f"autodiscover CNAME {AUTODISCOVER}, DKIM selector2 CNAME {KEY}, "
        "SPF spf.protection.outlook.com"
    )
    assert only(found, "gateway").shown_by == f"Mimecast, MX {FILTER}"


@pytest.mark.parametrize(
    "found",
    [
        records(OWN, txt=("v=spf1 -include:spf.protection.outlook.com ~all",)),
        records(OWN, txt=("v=spf1 include:spf.protection.outlook.com.evil.net -all",)),
        records(OWN, txt=("MS=ms12345678", "google-site-verification=x")),
        records(OWN, autodiscover=("autodiscover.outlook.com.evil.net",), dkim={"s": "x.a.org"}),
        records(OWN, dkim={"selector1": "notonmicrosoft.com"}),
        records(OWN, google_key="v=spf1 -all"),
    ],
)
def test_what_only_looks_like_a_sign_is_no_more_than_a_hint(found: Records) -> None:
    """Names are matched whole, a tenant or a proof of ownership shows nothing."""
    assert {strength for _, strength in said(found)} <= {"hint"}


def test_a_wildcard_shows_nothing() -> None:
    """Where every name leads to one place, that one does is no sign; a name of its own is."""
    # case 11
    everywhere = {"autodiscover": ("www.a.org",), "wildcard": ("www.a.org",)}
    assert said(records(OWN, **everywhere, dkim={"selector1": "www.a.org"})) == []
    every_key = {"autodiscover": (AUTODISCOVER,), "wildcard": (AUTODISCOVER, KEY)}
    assert said(records(FILTER, **every_key, dkim={"selector1": KEY})) == [("gateway", "decisive")]
    found = records(FILTER, autodiscover=(AUTODISCOVER,), wildcard=("www.a.org",), txt=(SPF,))
    assert said(found)[1] == ("microsoft_365", "likely")


@pytest.mark.parametrize("failed", [None, Answer(Outcome.FAILED), Answer(Outcome.TIMED_OUT)])
def test_what_was_not_answered_is_not_taken_for_absent(failed: Answer[Any] | None) -> None:
    """A failed question adds nothing and takes nothing away."""
    both = {"autodiscover": (AUTODISCOVER,), "txt": (SPF,)}
    without_mx = replace(records(**both), mx=failed)
    assert said(without_mx) == [("microsoft_365", "likely")]
    found = records(FILTER, **both, dkim={"selector1": KEY})
    for name in ("autodiscover", "txt", "wildcard"):
        assert said(replace(found, **{name: failed}))[1] == ("microsoft_365", "likely")
    assert facts(Records(domain="a.org", mx=failed)) == ()


NAMES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [*GATEWAYS, GOOGLE, MICROSOFT, AMAZON, OWN, AUTODISCOVER, WORKMAIL, CPANEL, KEY, "", "."]
    ),
)


@given(
    mx=st.lists(st.tuples(st.integers(0, 3), NAMES), max_size=4),
    names=st.lists(NAMES, max_size=3),
    srv=st.none() | NAMES,
    texts=st.lists(st.text(max_size=40) | st.sampled_from([SPF, SPF_GOOGLE]), max_size=3),
)
def test_no_records_make_it_raise(
    mx: list[tuple[int, str]], names: list[str], srv: str | None, texts: list[str]
) -> None:
    """Whatever stands in the records: facts by strength, each name once, or none."""
    found = facts(
        records(
            *mx,
            autodiscover=tuple(names),
            srv=srv,
            txt=tuple(texts),
            dkim=dict(zip(("selector1", "selector2", "google"), names, strict=False)),
            wildcard=tuple(names[:1]),
        )
    )
    assert len({fact.name for fact in found}) == len(found)
    order = [list(Strength).index(fact.strength) for fact in found]
    assert order == sorted(order)
