"""Configuration that a domain's DNS vouches for, and the TXT record that names a file."""

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.evidence import mailconf, pacc
from inboxlink.evidence.published import Published
from inboxlink.hosts import check_host
from inboxlink.links import https_url
from inboxlink.types.detection import PublishedServer, Tls

DOCUMENT: dict[str, Any] = {
    "protocols": {
        "jmap": {"url": "https://jmap.a.org/session"},
        "imap": {"host": "imap.a.org"},
        "submit": {"host": "smtp.a.org"},
    },
    "authentication": {"oauth-public": {"issuer": "https://sign-in.a.org/"}, "password": True},
    "info": {
        "provider": {"name": "A\u202e Mail", "shortName": "A"},
        "help": {"documentation": "https://a.org/help", "contact": ["mailto:help@a.org"]},
    },
}


def read(document: object) -> Published | None:
    """What the file says where its digest was announced."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return pacc.parse(body, [hashlib.sha256(body).digest()])


def record(body: bytes) -> str:
    return f"v=UAAC1; a=sha256; d={base64.b64encode(hashlib.sha256(body).digest()).decode()}"


def test_the_file_and_its_record_have_their_places() -> None:
    """Section 3 of the draft; the names differ by one sign."""
    assert pacc.record_name("a.org") == "_ua-auto-config.a.org"
    assert pacc.address("a.org") == (
        "https://ua-auto-config.a.org/.well-known/user-agent-configuration.json"
    )
    assert pacc.host("a.org") in pacc.address("a.org")


def test_a_file_names_servers_with_tls_at_once() -> None:
    """The ports are those of implicit TLS, and the user name is the address."""
    words = ("password-cleartext", "OAuth2")
    assert read(DOCUMENT) == Published(
        servers=(
            PublishedServer("imap", "imap.a.org", 993, Tls.IMPLICIT, None, words),
            PublishedServer("smtp", "smtp.a.org", 465, Tls.IMPLICIT, None, words),
        ),
    )


@pytest.mark.parametrize(
    ("protocols", "servers"),
    [
        ({"smtp": {"host": "old.a.org"}}, [("smtp", "old.a.org", 465)]),
        (
            {"smtp": {"host": "old.a.org"}, "submit": {"host": "new.a.org"}},
            [("smtp", "new.a.org", 465)],
        ),
        ({"pop3": {"host": "pop.a.org"}}, [("pop3", "pop.a.org", 995)]),
        ({"imap": {"host": "IMAP.a.org."}}, [("imap", "imap.a.org", 993)]),
        (
            {"imap": {"host": "imap.a.org:143"}, "smtp": {"host": "s.a.org"}},
            [("smtp", "s.a.org", 465)],
        ),
        ({"imap": {"host": ["imap.a.org"]}}, []),
        ({"imap": "imap.a.org"}, []),
        ({"imap": {"host": "\ud800.a.org"}}, []),
        ({"imap": {"host": "a" * 100_0}}, []),
        ({"jmap": {"url": "https://a.org/"}}, []),
    ],
)
def test_protocols_are_read_one_by_one(
    protocols: dict[str, Any], servers: list[tuple[str, str, int]]
) -> None:
    """A bad entry costs that entry; a later draft's key is preferred to an earlier one's."""
    found = read({"protocols": protocols})
    assert found is not None
    assert [(each.protocol, each.host, each.port) for each in found.servers] == servers
    assert all(each.authentication == () for each in found.servers)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"protocols": []}',
        b'{"protocols": {}}',
        b'"protocols"',
        b"[" * 60_000,
        b'{"protocols": ' * 4_000,
        b"9" * 60_000,
        b"\xff\xfe\x00",
        b"<html></html>",
        json.dumps(DOCUMENT).encode().ljust(pacc.MAX_BYTES + 1),
    ],
)
def test_what_is_no_file_is_none(body: bytes) -> None:
    """However well its digest was announced."""
    assert read(body) is None


def test_a_file_may_be_as_large_as_a_fetch() -> None:
    """And no larger."""
    body = json.dumps(DOCUMENT).encode()
    assert pacc.MAX_BYTES == 65536
    assert read(body.ljust(65536)) is not None
    assert read(body.ljust(65537)) is None


def test_only_the_file_that_was_announced_counts() -> None:
    """To the byte, one of several digests, and no prefix of any."""
    body = json.dumps(DOCUMENT).encode()
    other, digest = hashlib.sha256(b"x").digest(), hashlib.sha256(body).digest()
    assert pacc.parse(body, [other, digest]) is not None
    assert pacc.parse(body + b"\n", [other, digest]) is None
    assert pacc.parse(body, [other, digest[:31], b""]) is None
    assert pacc.parse(body, []) is None


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        (record(b"x"), True),
        (record(b"x").replace("; ", ";"), True),
        (record(b"x").replace("; ", " ;  ") + " ; ", True),
        (record(b"x") + "; x=later", True),
        (record(b"x").replace("UAAC1", "UAAC2"), False),
        (record(b"x").replace("sha256", "sha1"), False),
        (record(b"x").replace("v=UAAC1; ", ""), False),
        (record(b"x")[:-4], False),
        (record(b"x").replace("d=", "d=*"), False),
        *((text, False) for text in ("", ";;;", "v=UAAC1; a=sha256", "v=UAAC1; a=sha256; d=é")),
    ],
)
def test_a_record_announces_a_digest(text: str, *, is_read: bool) -> None:
    """Of a kind that is known, and whole."""
    assert pacc.digests([text]) == ((hashlib.sha256(b"x").digest(),) if is_read else ())


def test_several_digests_are_read_and_not_without_end() -> None:
    """Of two files while one replaces the other, among records of others."""
    texts = ["v=spf1 -all", record(b"a"), "", record(b"b")]
    assert pacc.digests(texts) == tuple(hashlib.sha256(each).digest() for each in (b"a", b"b"))
    many = [record(bytes([number])) for number in range(100)]
    assert len(pacc.digests(many)) == pacc.MAX_DIGESTS


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just("imap.a.org")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["protocols", "imap", "submit", "host", "authentication", "oauth-public", "info"]
                + ["issuer", "provider", "name", "help", "documentation", "password"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)


@given(st.one_of(st.binary(max_size=200), _JSON), _JSON)
def test_any_file_is_read_or_not(document: object, protocols: object) -> None:
    """Nothing raises, and what comes out can be used."""
    whole = {"protocols": protocols, "authentication": protocols, "info": protocols}
    for each in (document, protocols, whole):
        found = read(each)
        for server in found.servers if found else ():
            assert check_host(server.host) == server.host
            assert server.port in (993, 995, 465)
            assert server.tls is Tls.IMPLICIT


@given(st.lists(st.text(max_size=80), max_size=4))
def test_any_record_is_read_or_not(texts: list[str]) -> None:
    """Nothing raises, and a digest is one."""
    assert all(len(each) == 32 for each in pacc.digests(texts))
    assert all(each == https_url(each) for each in mailconf.addresses(texts))
    prefixed = mailconf.addresses([f"mailconf={text}" for text in texts])
    assert all(each == https_url(each) for each in prefixed)


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://a.org/mail.xml", True),
        ("https://a.org:443/x?y=z", True),
        ("https://a.org/".ljust(2000, "x"), True),
        ("https://a.org/".ljust(2001, "x"), False),
        *((f"https://{host}/", False) for host in ("", "a b", "u:p@a.org", "@a.org", "a.org:8443")),
        *((f"https://{host}/", False) for host in ("127.1", "0x7f.1", "[::1", "a.org:x", "a..b")),
        *(
            (url, False)
            for url in ("http://a.org/", "ftp://a.org/", "file:///etc/passwd", "", "//a")
        ),
        *((f"https://a.org/{path}", False) for path in ("a b", "\r\nX: y", "é", "\0", "x" * 2000)),
    ],
)
def test_an_address_of_the_web_is_plain_https(url: str, *, is_taken: bool) -> None:
    """Whoever named it."""
    assert https_url(url) == (url if is_taken else None)
    assert mailconf.addresses([f"mailconf={url}"]) == ((url,) if is_taken else ())


def test_records_name_files_once_and_few() -> None:
    """Other records are none, and a domain can send nobody to many places."""
    texts = [f"mailconf=https://{name}.org/" for name in "aabcd"]
    assert mailconf.addresses(["v=spf1", "xmailconf=https://x.org/", *texts]) == (
        "https://a.org/",
        "https://b.org/",
    )
