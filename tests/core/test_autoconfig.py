"""The file that a domain publishes: what is taken from it, and what it cannot do."""

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.grammar import INPUTS
from inboxlink import markup
from inboxlink.errors import SetupError
from inboxlink.evidence import autoconfig
from inboxlink.evidence.published import Published
from inboxlink.hosts import check_host
from inboxlink.types.detection import PublishedServer, Tls

DOMAIN = "a.org"


def server(
    host: str = "imap.a.org",
    port: str = "993",
    *,
    type: str = "imap",  # noqa: A002
    tls: Sequence[str] = ("SSL",),
    username: str | None = "%EMAILADDRESS%",
    words: Sequence[str] = ("password-cleartext",),
    more: str = "",
) -> str:
    """A section of the file."""
    name = "outgoingServer" if type == "smtp" else "incomingServer"
    lines = [f"<hostname>{host}</hostname><port>{port}</port>"]
    lines += [f"<socketType>{each}</socketType>" for each in tls]
    lines += [f"<authentication>{each}</authentication>" for each in words]
    if username is not None:
        lines.append(f"<username>{username}</username>")
    return f'<{name} type="{type}">{"".join(lines)}{more}</{name}>'


def file(*sections: str, declaration: str = "", outside: str = "") -> str:
    return (
        f'{declaration}<clientConfig version="1.1"><emailProvider id="a.org">'
        f"<domain>a.org</domain>{''.join(sections)}</emailProvider>{outside}</clientConfig>"
    )


def read(text: str | bytes) -> Published:
    found = autoconfig.parse(text if isinstance(text, bytes) else text.encode(), DOMAIN)
    assert found is not None
    return found


def only(text: str | bytes) -> PublishedServer:
    (found,) = read(text).servers
    return found


SMTP = server("smtp.a.org", "587", type="smtp", tls=["STARTTLS"])


def test_an_autoconfig_file_is_read_by_sections() -> None:
    """A bad section costs that section, repeated words take the first that is known."""
    # case 24
    # req 96
    servers = read(
        file(
            server(
                " IMAP.%EMAILDOMAIN% ",
                tls=["weird", "SSL"],
                username="%EMAILLOCALPART%",
                words=["px-3", "OAuth2", "password-cleartext"],
            ),
            server("bad", "99999"),
            server("pop.a.org", "995", type="pop3"),
            SMTP,
        )
    ).servers
    assert servers[0] == PublishedServer(
        "imap", "imap.a.org", 993, Tls.IMPLICIT, "{local}", ("OAuth2", "password-cleartext")
    )
    assert [(each.protocol, each.port) for each in servers] == [
        *(("imap", 993), ("pop3", 995), ("smtp", 587))
    ]


def test_thunderbirds_own_test_file_gives_the_same_choice() -> None:
    """The sections that Thunderbird's parser skips and takes (its test_autoconfigXML.js)."""
    found = read(
        file(
            server("protocol.a.org", type="imap 5", words=["ssl-client-cert"]),
            server("socket.a.org", tls=["key-from-DNSSEC"]),
            server("good.a.org"),
            server("auth.a.org", words=["ssl-client-cert"], more="<imap><rootFolder/></imap>"),
            server(
                "pop.a.org</hostname><hostname>backup.a.org",
                "110</port><port>7878",
                type="pop3",
                tls=["GSSAPI2", "plain"],
                username="%EMAILLOCALPART%</username><username>%EMAILADDRESS%",
                words=["GSSAPI2", "password-encrypted"],
            ),
            server("x.a.org", "587", type="smtp", words=["smtp-after-imap"]),
            server("smtp.a.org", "587", type="smtp", words=["GSSAPI2", "client-IP-address"]),
            "<enableURL url='http://foobar'/>",
        )
    )
    assert [each.host for each in found.servers] == ["good.a.org", "pop.a.org", "smtp.a.org"]
    pop3 = found.servers[1]
    assert (pop3.port, pop3.tls, pop3.username) == (110, None, "{local}")
    assert pop3.authentication == ("password-encrypted",)


@pytest.mark.parametrize(
    ("sections", "hosts"),
    [
        # Without a word on how to sign in Thunderbird takes the next one.
        ([server("one.a.org", words=[]), server("two.a.org")], ["two.a.org", "one.a.org"]),
        ([server("one.a.org", words=[])], ["one.a.org"]),
        ([server("one.a.org", tls=[]), server("two.a.org")], ["two.a.org"]),
        ([server("one.a.org", type="smtp", words=["none"])], ["one.a.org"]),
        ([server("one.a.org", words=["none"])], []),
        ([server("one.a.org", type="IMAP")], ["one.a.org"]),
        ([server("one.a.org", type="imap 5"), server("two.a.org", type="")], []),
        ([server("one.a.org", words=["plain"])], ["one.a.org"]),
        ([server("one.a.org", type="smtp", words=["smtp-after-pop"])], ["one.a.org"]),
        ([server("one.a.org").replace("incoming", "outgoing")], []),
        ([server("one.a.org", type="smtp").replace("outgoing", "incoming")], []),
    ],
)
def test_sections_are_taken_in_order(sections: list[str], hosts: list[str]) -> None:
    """What is complete comes first; what makes no sense is left out."""
    # case 24
    assert [each.host for each in read(file(*sections)).servers] == hosts


#: Values of a section, and whether Thunderbird takes a section that has them.
_HOSTS = [("h{}.a.org", True), ("H{}.%EMAILDOMAIN%", True), ("", False), ("a b", False)]
_PORTS = [("993", True), ("0993", True), ("993 tls", True), ("0", False), ("x", False), ("", False)]
_KINDS = [
    (["SSL"], True),
    (["x", "STARTTLS"], True),
    (["plain"], True),
    (["x"], False),
    ([], False),
]
_WAYS = [
    (["x", "OAuth2", "plain"], True),
    (["secure"], True),
    (["GSSAPI"], True),
    (["NTLM", "x"], True),
    (["ssl-client-cert"], False),
]
_SECTION = st.tuples(
    st.sampled_from(["imap", "pop3", "smtp"]),
    *map(st.sampled_from, (_HOSTS, _PORTS, _KINDS, _WAYS)),
)


@given(st.lists(_SECTION, max_size=6))
def test_the_choice_is_thunderbirds(sections: list[tuple[Any, ...]]) -> None:
    """Of each kind the same sections, in the same order; those without TLS are marked."""
    texts, expected = [], []
    for number, (kind, *values) in enumerate(sections):
        host, port, kinds, ways = (value for value, _ in values)
        texts.append(server(host.format(number), port, type=kind, tls=kinds, words=ways))
        if all(is_taken for _, is_taken in values):
            expected.append((kind, f"h{number}.a.org", kinds == ["plain"]))
    found = read(file(*texts)).servers
    assert [(each.protocol, each.host, each.tls is None) for each in found] == expected


@pytest.mark.parametrize(
    ("kinds", "tls"),
    [
        (["plain", "STARTTLS"], Tls.STARTTLS),
        (["STARTTLS", "SSL"], Tls.STARTTLS),
        (["plain"], None),
        (["weird", "plain"], None),
    ],
)
def test_tls_is_taken_wherever_it_is_offered(kinds: list[str], tls: Tls | None) -> None:
    """A server without TLS is reported as such, and one with it is never talked out of it."""
    assert only(file(server(tls=kinds))).tls is tls


@pytest.mark.parametrize(
    ("username", "template"),
    [
        (None, None),
        ("", None),
        ("%EMAILADDRESS%", "{address}"),
        ("%EMAILLOCALPART%", "{local}"),
        ("%EMAILLOCALPART%.%EMAILDOMAIN%", "{local}.{domain}"),
        ("%EMAILADDRESS%%EMAILLOCALPART%%EMAILDOMAIN%", "{address}{local}{domain}"),
        ("a" * 320, "a" * 320),
        ("%EMAILADDRESS", "{address}"),
        ("%EMAILLOCALPART@%EMAILDOMAIN%", "{local}@{domain}"),
        ("%emailaddress%", "{address}"),
        # Old servers separate the domain by a percent sign.
        ("%EMAILLOCALPART%%a.org", "{local}%a.org"),
        ("%EMAILLOCALPART%%%EMAILDOMAIN%", "{local}%{domain}"),
        ("00123", "00123"),
        ("1e5", "1e5"),
        (" ann ", "ann"),
    ],
)
def test_a_user_name_becomes_a_template(username: str | None, template: str | None) -> None:
    """A forgotten sign is mended, nothing is the whole address, zeros stay."""
    # case 24
    assert only(file(server(username=username))).username == template


@pytest.mark.parametrize(
    "username",
    [
        *("%REALNAME%", "%PASSWORD%", "%EMAILADDRESSES%", "%EMAILADDRESSES", "%REALNAME"),
        *("%EMAILLOCALPART%EMAILDOMAIN%", "{address}", "a{", "a}", "a\nb", "a&#x202e;b"),
        *("a" * 321, "\ufffd"),
    ],
)
def test_a_user_name_that_cannot_be_filled_costs_its_section(username: str) -> None:
    """Another name in its place would be a wrong one, and wrong ones lock accounts."""
    # case 24
    assert [each.host for each in read(file(server(username=username), SMTP)).servers] == [
        "smtp.a.org"
    ]


@pytest.mark.parametrize(
    ("port", "number"),
    [
        *(("993", 993), (" 993 ", 993), ("0993", 993), ("1", 1), ("65535", 65535)),
        # Thunderbird reads the number that the text begins with.
        ("993 (SSL)", 993),
        *(("0", None), ("65536", None), ("-1", None), ("", None), ("99999999", None)),
        *(("0x3e1", None), ("1e3", None), ("993.5", None), ("٩٩٣", None), ("993a", None)),
    ],
)
def test_a_port_is_one(port: str, number: int | None) -> None:
    """From 1 to 65535, in plain digits."""
    assert [each.port for each in read(file(server(port=port))).servers] == (
        [] if number is None else [number]
    )


@pytest.mark.parametrize(
    ("host", "read_as"),
    [
        ("%EMAILDOMAIN%", "a.org"),
        ("imap.%EMAILDOMAIN", "imap.a.org"),
        ("IMAP.A.ORG.", "imap.a.org"),
        ("imap.bücher.example", "imap.xn--bcher-kva.example"),
        ("ima<!-- x -->p.a.org", "imap.a.org"),
        ("<![CDATA[imap.a.org]]>", "imap.a.org"),
        *((host, None) for host in ("", "a b", "a/b", "a..b", "-a.org", "a:25", "x" * 300, "%x%")),
        # It would be heard by everybody who answers DNS.
        ("%EMAILLOCALPART%.a.org", None),
        ("imap.%EMAILDOMAINS%", None),
        *((host, None) for host in ("127.1", "0x7f.1", "2130706433", "user@a.org", "{domain}")),
    ],
)
def test_a_host_is_one(host: str, read_as: str | None) -> None:
    """After its placeholder is filled it is a name, or a plain address."""
    servers = read(file(server(host), SMTP)).servers
    assert [each.host for each in servers] == [*([read_as] if read_as else []), "smtp.a.org"]


UTF16 = file(server(), declaration='<?xml version="1.0" encoding="UTF-16"?>')


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + file(server()).encode(),
        b"\r\n\n " + file(server(), declaration='<?xml version="1.0"?>').encode(),
        *(UTF16.encode(codec) for codec in ("utf-16", "utf-16-le", "utf-16-be")),
        # The declaration is wrong, the file is not.
        UTF16.encode(),
        file(server(), declaration="<?xml version='1.0' encoding='Shift_JIS'?>").encode(),
        file(server(), declaration='<?xml version="1.0" encoding="windows-1252"?>').encode(),
        file(server(), "<displayName>\u00fc</displayName>").encode("latin-1"),
        file(server()).replace("<clientConfig", '<clientConfig xmlns="https://a.org/"').encode(),
    ],
)
def test_a_file_is_read_in_the_encoding_that_it_has(body: bytes) -> None:
    """Byte order marks, UTF-16, empty lines before it, wrong declarations, a namespace."""
    assert only(body).host == "imap.a.org"


def test_text_is_read_in_the_encoding_that_is_declared() -> None:
    """So that a user name is theirs."""
    text = file(
        server(username="メール"),
        declaration='<?xml version="1.0" encoding="EUC-JP"?>',
    )
    assert only(text.encode("euc-jp")).username == "メール"


DOCTYPES = (
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "http://127.0.0.1/">]>',
    "<!DOCTYPE clientConfig>",
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Welcome</body></html>",
        b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
        b"<!doctype html><title>Welcome</title>",
        b'{"clientConfig": {"emailProvider": {}}}',
        b"<clientConfig/>",
        file(server()).replace("clientConfig", "config").encode(),
        b"<clientConfig><emailProvider>",
        b"<a><clientConfig><emailProvider/></clientConfig></a>",
        *(each.encode() + file(server()).encode() for each in DOCTYPES),
        *((each + file(server())).encode("utf-16") for each in DOCTYPES),
        file(server(username="&b;")).encode(),
        b"\xff\xfe\x00<",
        b"<a>" * 20_000,
        file(server(), "<a>" * 14 + "</a>" * 14 + "<b>" * 15 + "</b>" * 15).encode(),
        file(server()).encode().ljust(markup.MAX_BYTES + 1),
        *(
            file(server(), declaration=f'<?xml version="1.0" encoding="{each}"?>').encode()
            for each in (
                "utf-7",
                "unicode_escape",
                "zlib",
                "punycode",
                "idna",
                "none-such",
                "u" * 40,
            )
        ),
    ],
)
def test_what_is_no_autoconfig_file_is_none(body: bytes) -> None:
    """Web pages, document types, broken, deep and oversized files are no configuration."""
    # case 14
    # req 96
    assert autoconfig.parse(body, DOMAIN) is None


def test_the_limits_are_exactly_these() -> None:
    """What stays within them is read."""
    assert (markup.MAX_BYTES, markup.MAX_DEPTH, autoconfig.MAX_SERVERS) == (65536, 16, 64)
    deepest = "<a>" * (markup.MAX_DEPTH - 2) + "</a>" * (markup.MAX_DEPTH - 2)
    assert only(file(server(), deepest))
    assert only(file(server()).encode().ljust(markup.MAX_BYTES))
    many = file(*(server(f"s{number}.a.org") for number in range(100)))
    assert [each.host for each in read(many).servers] == [f"s{each}.a.org" for each in range(64)]


def test_a_file_says_whom_it_is_for() -> None:
    """Domains of its list, filled and as A-labels; what is no domain is left out."""
    names = "<domain>%EMAILDOMAIN%</domain><domain>b.ORG</domain><domain>no name</domain>"
    assert read(file(server(), names)).domains == ("a.org", "a.org", "b.org")


def test_the_address_is_in_no_place() -> None:
    """Where the file is asked for, nothing of the person is said."""
    assert not any("@" in each or "?" in each for each in autoconfig.addresses("a.org"))


def hold(found: Published | None) -> None:
    """What must be true of whatever came out."""
    for each in found.servers if found else ():
        assert check_host(each.host) == each.host
        assert 1 <= each.port <= 65535
        rest = each.username or ""
        for ours in ("{address}", "{local}", "{domain}"):
            rest = rest.replace(ours, "")
        assert not set("{}") & set(rest)
        assert "%REALNAME%" not in rest
        assert rest.isprintable()


@given(st.one_of(st.binary(max_size=400), INPUTS["autoconfig"]))
def test_any_bytes_are_read_or_not(body: bytes) -> None:
    """No bytes make the parser raise, or give what cannot be used."""
    hold(autoconfig.parse(body, DOMAIN))
    hold(autoconfig.parse(file(body.decode("latin-1")).encode("latin-1"), DOMAIN))


_TEXT = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(["%", "EMAILADDRESS", "%EMAILDOMAIN%", "REALNAME", "{address}", ".", "a"])
    ).map("".join),
)


@given(_TEXT, _TEXT, _TEXT, _TEXT)
def test_no_values_give_what_cannot_be_used(host: str, port: str, username: str, word: str) -> None:
    """Braces of a file never stand for parts of the person's address."""
    texts = [escape(each) for each in (host, port, username, word)]
    body = file(
        server(texts[0], texts[1], username=texts[2], words=[texts[3]]),
        server(texts[0]),
        server(port=texts[1]),
        server(username=texts[2]),
        server(words=[texts[3]]),
    )
    hold(autoconfig.parse(body.encode("utf-8", "replace"), DOMAIN))


@given(st.text(max_size=60))
def test_a_host_is_taken_as_the_policy_takes_it(text: str) -> None:
    """Nothing but the policy says what a host is."""
    found = autoconfig.parse(file(server(escape(text))).encode("utf-8", "replace"), DOMAIN)
    shown = [each.host for each in found.servers] if found else []
    try:
        expected = check_host(text)
    except SetupError:
        expected = None
    if shown and "%" not in text:
        assert shown == [expected]
