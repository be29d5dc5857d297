"""Exchange servers of somebody's own: where they are looked for, and what shows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink import exchange_front
from inboxlink.domains import is_public_suffix
from inboxlink.evidence import exchange_server
from inboxlink.exchange_front import Fingerprint
from inboxlink.network.answers import Service
from inboxlink.types.context import HttpAnswer
from inboxlink.types.detection import PublishedServer, Strength, Tls, Trust

PATH = "/autodiscover/autodiscover.xml"
URL = f"https://autodiscover.a.org{PATH}"
CPANEL = "cpanelemaildiscovery.cpanel.net"
BEARER = (
    'Bearer client_id="00000002-0000-0ff1-ce00-000000000000", '
    'trusted_issuers="00000001-0000-0000-c000-000000000000@*", token_types="app_asserted_user_v1"'
)
HYBRID = f'{BEARER}, authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"'
FRONT_END = {"x-feserver": "EX01", "x-owa-version": "15.2.1544.4"}
REQUEST_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def answer(
    challenge: str | None = "Negotiate, NTLM",
    status: int = 401,
    url: str = URL,
    **headers: str,
) -> HttpAnswer:
    """An answer; underscores of header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if challenge is not None:
        named["www-authenticate"] = challenge
    return HttpAnswer(url, status, named, b"")


def hosts(domain: str, *targets: str, port: int = 443) -> list[tuple[str, Trust]]:
    services = [Service(0, 0, port, target) for target in targets]
    found = exchange_front.candidates(domain, services)
    assert all(each.url == f"https://{each.host}{PATH}" for each in found)
    return [(each.host, each.trust) for each in found]


OWN = [("autodiscover.a.org", Trust.VERIFIED), ("a.org", Trust.VERIFIED)]


@pytest.mark.parametrize(
    ("target", "more"),
    [
        ("mail.a.org", [("mail.a.org", Trust.SIGNED)]),
        ("Mail.A.org.", [("mail.a.org", Trust.SIGNED)]),
        ("mail.hoster.net", [("mail.hoster.net", Trust.DNS)]),
        ("autodiscover.a.org", []),
        # Nobody registered these, or everybody could be there.
        *((target, []) for target in ("autodiscover.com.br", "autodiscover.com", "com.br", "org")),
        *((target, []) for target in ("autodiscover.github.io", "", ".", "localhost", "192.0.2.1")),
        # That is Exchange Online, whatever answers.
        *((f"x.{name}", []) for name in exchange_front._ONLINE),
        *((target, []) for target in ("autodiscover.outlook.com", "outlook.office365.com")),
        *((target, []) for target in ("a/b.a.org", "a b.org", "a@b.org", "2001:db8::1")),
        *(
            (target, [])
            for target in (" mail.a.org", "bücher.example", "[2001:db8::1]", "a..b.org")
        ),
    ],
)
def test_the_domain_and_what_it_names_is_asked(target: str, more: list[tuple[str, Trust]]) -> None:
    """Over https, with the trust that each name deserves."""
    # case 25
    assert hosts("a.org", target) == OWN + more


def test_only_the_port_of_https_is_asked() -> None:
    """An SRV record opens no other."""
    # case 23
    assert hosts("a.org", "mail.a.org", port=8443) == OWN


def test_a_panel_for_web_sites_is_no_exchange() -> None:
    """Its SRV target is a stranger's, and is never asked."""
    # case 25
    assert hosts("a.org", CPANEL) == []
    assert hosts("a.org", "mail.a.org", f"{CPANEL}.") == []


@pytest.mark.parametrize("domain", ["com", "com.br", "co.uk", "github.io"])
def test_nothing_is_asked_above_a_registered_domain(domain: str) -> None:
    """`autodiscover.com.br` belongs to whoever wants other people's passwords."""
    # case 25
    assert hosts(domain, "mail.a.org") == []


_NAMES = st.lists(
    st.sampled_from(
        ["autodiscover", "mail", "a", "com", "br", "co", "uk", "org", "outlook", "net"]
    ),
    min_size=1,
    max_size=4,
).map(".".join)


@given(_NAMES, st.lists(st.one_of(_NAMES, st.text(max_size=20)), max_size=3))
def test_no_name_is_made_above_a_registered_domain(domain: str, targets: list[str]) -> None:
    """Whatever the domain is, and whatever its records say."""
    services = [Service(0, 0, 443, target) for target in targets]
    for each in exchange_front.candidates(domain, services):
        label, _, above = each.host.partition(".")
        assert not is_public_suffix(each.host)
        assert not (label == "autodiscover" and is_public_suffix(above))
        assert each.url.startswith("https://")
        assert "@" not in each.url


@pytest.mark.parametrize(
    ("challenge", "schemes"),
    [
        ("Negotiate, NTLM", ("negotiate", "ntlm")),
        ('Basic realm="autodiscover.a.org"', ("basic",)),
        ('Basic realm="a, Negotiate, b", NTLM', ("basic", "ntlm")),
        ('Basic realm="a\\", NTLM, \\"b"', ("basic",)),
        (f"{BEARER}, Negotiate", ("bearer", "negotiate")),
        ("NEGOTIATE,ntlm,NTLM", ("negotiate", "ntlm")),
        ("Digest nonce=1, Basic realm=x", ("basic",)),
        ("Negotiate oYG2MIGzoAMKAQE=", ("negotiate",)),
    ],
)
def test_the_ways_to_sign_in_are_read(challenge: str, schemes: tuple[str, ...]) -> None:
    """As servers list them, with what stands in quotes left alone."""
    found = exchange_front.fingerprint(answer(challenge, x_feserver="EX01"))
    assert found == Fingerprint("autodiscover.a.org", schemes, is_certain=True)


@pytest.mark.parametrize(
    ("headers", "is_certain", "version"),
    [
        ({"x_feserver": "EX01"}, True, None),
        ({"x_owa_version": "15.2.1544.4"}, True, "15.2.1544.4"),
        ({"x_owa_version": "\x1b[31m"}, True, None),
        ({"x_calculatedbetarget": "ex01.a.org"}, True, None),
        ({"x_beserver": "EX01"}, True, None),
        # Behind a proxy that takes the names of servers away.
        ({"request_id": REQUEST_ID}, False, None),
    ],
)
def test_what_no_other_product_sends_is_certain(
    headers: dict[str, str], version: str | None, *, is_certain: bool
) -> None:
    """The rest is a hint."""
    found = exchange_front.fingerprint(answer(**headers))
    assert found is not None
    assert (found.is_certain, found.version) == (is_certain, version)
    strength = Strength.LIKELY if is_certain else Strength.HINT
    assert exchange_server.fact(found, Trust.VERIFIED).strength is strength


@pytest.mark.parametrize(
    ("challenge", "server", "is_alike"),
    [
        ("Negotiate", "", True),
        ("NTLM", "", True),
        ("Basic realm=x", "Microsoft-IIS/10.0", True),
        ("Basic realm=x", "nginx", False),
    ],
)
def test_behind_a_proxy_it_is_told_by_several_signs(
    challenge: str, server: str, *, is_alike: bool
) -> None:
    """A request's number as Exchange writes it, and what else runs beside it."""
    heard = answer(challenge, server=server, request_id=REQUEST_ID)
    assert (exchange_front.fingerprint(heard) is not None) is is_alike
    assert exchange_front.fingerprint(answer(challenge, server=server)) is None


def test_whose_names_are_microsofts_is_written_down() -> None:
    """Taking one away would show Exchange Online as somebody's own server."""
    assert set(exchange_front._ONLINE) == {
        *("outlook.com", "office365.com", "office.com", "office365.us", "outlook.cn", "microsoft"),
        *("microsoftonline.com", "microsoftonline.us", "microsoftonline.cn", "microsoft.com"),
    }


@pytest.mark.parametrize(
    "heard",
    [
        answer(),
        answer(None, **FRONT_END),
        answer("", x_feserver="EX01"),
        answer("Digest nonce=x", x_feserver="EX01"),
        answer("Basic realm=webmail", server="nginx"),
        answer("Basic realm=x", request_id=REQUEST_ID),
        answer(request_id="1"),
        answer(x_feserver=""),
        answer(status=200, x_feserver="EX01"),
        answer(status=404, x_feserver="EX01"),
        # Exchange Online answers alike.
        answer(url=f"https://autodiscover-s.outlook.com{PATH}", x_feserver="AM0PR01CA0131"),
        answer(url="https://outlook.office365.com/EWS/Exchange.asmx", x_feserver="AM0PR01CA0131"),
        answer(url="", x_feserver="EX01"),
    ],
)
def test_other_answers_are_no_exchange(heard: HttpAnswer) -> None:
    """Web servers, groupware of others, and Microsoft's own cloud."""
    assert exchange_front.fingerprint(heard) is None


@pytest.mark.parametrize(
    ("challenge", "is_hybrid"),
    [
        (HYBRID, True),
        (f"Negotiate, {HYBRID}", True),
        (BEARER, False),
        (HYBRID.replace("login.microsoftonline.com", "login.microsoftonline.com.evil.test"), False),
        (HYBRID.replace("https", "http"), False),
        (HYBRID.replace("Bearer", "Basic"), False),
        ("Bearer authorization_uri=https://login.windows.net/common/oauth2/authorize", True),
    ],
)
def test_hybrid_servers_send_people_to_the_cloud(challenge: str, *, is_hybrid: bool) -> None:
    """To a host of Microsoft's, known here; the address that the server gives is not kept."""
    found = exchange_front.fingerprint(answer(challenge, x_feserver="EX01"))
    assert found is not None
    assert found.is_hybrid is is_hybrid
    assert "login" not in repr(found)


def test_a_fingerprint_becomes_a_fact() -> None:
    """With the host of Exchange Web Services where that was asked."""
    found = exchange_front.fingerprint(
        answer(HYBRID, x_feserver="EX01", x_owa_version="15.2.1544.4")
    )
    assert found is not None
    plain = exchange_server.fact(found, Trust.VERIFIED)
    assert (plain.name, plain.strength, plain.servers) == ("exchange_onprem", Strength.LIKELY, ())
    assert plain.shown_by == "autodiscover.a.org: Exchange 15.2.1544.4, hybrid"
    assert exchange_server.fact(found, Trust.VERIFIED, ews=True).servers == (
        PublishedServer(
            *("ews", "autodiscover.a.org", 443, Tls.IMPLICIT, None, ("bearer",)), Trust.VERIFIED
        ),
    )
    assert exchange_server.ews_address(found.host) == (
        "https://autodiscover.a.org/EWS/Exchange.asmx"
    )
    assert exchange_server.fact(found, Trust.DNS).strength is Strength.LIKELY
    # Somebody on the way may have led there.
    assert exchange_server.fact(found, Trust.NONE).strength is Strength.HINT
    unversioned = Fingerprint("mail.a.org", ("ntlm",))
    shown = exchange_server.fact(unversioned, Trust.VERIFIED).shown_by
    assert shown == "mail.a.org: Exchange"


@given(
    st.one_of(
        st.text(max_size=200),
        st.lists(
            st.sampled_from(
                ["Basic", "Bearer", " ", ",", "=", '"', "\\", "realm", "authorization_uri", "\t"]
            ),
            max_size=30,
        ).map("".join),
    ),
    st.text(max_size=40),
)
def test_any_answer_is_read_or_not(challenge: str, url: str) -> None:
    """Nothing raises, and only what is known is named."""
    found = exchange_front.fingerprint(answer(challenge, x_feserver="EX01"))
    if found is not None:
        assert set(found.schemes) <= {"negotiate", "ntlm", "basic", "bearer"}


@pytest.mark.parametrize("unit", [" ", '"', "\\", "a ", "a=", 'a="', ",", "a=b ", '"\\'])
@pytest.mark.timeout(2, func_only=True)  # the end of the whole run may fall into its teardown
def test_no_challenge_takes_the_time(unit: str) -> None:
    """As long as headers may be."""
    for start in ("Bearer ", "Bearer a=", 'Bearer a="'):
        exchange_front.fingerprint(answer(start + unit * 8192 + "x", x_feserver="EX01"))
