"""The certificate that a person is shown: read from any server, trusted by nobody."""

import base64
import hashlib
import re
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from inboxlink.errors import UnreachableError
from inboxlink.network.certificate import facts
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.types.context import CertificateFacts
from inboxlink.types.detection import Endpoint, Role, Tls
from peers.certificates import Authority, Certificate, self_signed, signed_by
from peers.scripted import Conversation, ScriptedServer

HOST = "mail.example.test"
ADDRESS = "203.0.113.9"


def read(server: ScriptedServer, host: str = HOST, seconds: float = 5) -> CertificateFacts:
    connect = {f"{host}:993": f"127.0.0.1:{server.port}"}
    endpoint = Endpoint(Role.IMAP, host, 993, Tls.IMPLICIT)
    return Network(NetworkSettings(connect=connect)).certificate(
        endpoint, time.monotonic() + seconds
    )


def refusal(
    script: Callable[[Conversation], None],
    certificate: Certificate | None = None,
    seconds: float = 5,
) -> UnreachableError:
    with (
        ScriptedServer(script, certificate) as server,
        pytest.raises(UnreachableError) as caught,
    ):
        read(server, seconds=seconds)
    assert not server.conversations[0].is_tls
    assert caught.value.stage == "tls"
    return caught.value


def leaf_of(certificate: Certificate) -> x509.Certificate:
    return x509.load_pem_x509_certificates(certificate.cert.read_bytes())[0]


def damaged(certificate: Certificate, folder: Path, what: bytes, into: bytes) -> Certificate:
    """A certificate where the first such bytes are others; its key still fits."""
    der = ssl.PEM_cert_to_DER_cert(certificate.cert.read_text())
    changed = re.sub(what, into, der, count=1)
    assert len(changed) == len(der)
    assert changed != der
    file = folder / "damaged.pem"
    file.write_text(ssl.DER_cert_to_PEM_cert(changed))
    return Certificate(file, certificate.key)


def test_what_is_shown_is_what_it_says(authority: Authority) -> None:
    """Whom it is for, who issued it, from when until when, and the very bytes."""
    certificate = authority.craft([x509.DNSName(HOST)], common_name="Mail of Example")
    leaf = leaf_of(certificate)
    with ScriptedServer(Conversation.start_tls, certificate) as server:
        shown = read(server)
    der = ssl.PEM_cert_to_DER_cert(certificate.cert.read_text())
    assert base64.b64decode(shown.der) == der
    assert shown.sha256 == hashlib.sha256(der).hexdigest()
    assert shown.subject == "CN=Mail of Example"
    assert "O=trustme" in shown.issuer
    assert (shown.not_before, shown.not_after) == (
        leaf.not_valid_before_utc,
        leaf.not_valid_after_utc,
    )
    assert shown.not_before < datetime.now(UTC) < shown.not_after


def test_addresses_stand_behind_names(authority: Authority) -> None:
    """Names and then addresses, twenty of them at most."""
    names: list[x509.GeneralName] = [x509.IPAddress(ip_address(ADDRESS))]
    names += [x509.DNSName(f"n{number}.test") for number in range(18)]
    dns_names = tuple(f"n{number}.test" for number in range(18))
    assert facts(leaf_of(authority.craft(names)), HOST).names == (*dns_names, ADDRESS)
    names += [x509.DNSName("n18.test"), x509.DNSName("n19.test"), x509.DNSName(HOST)]
    shown = facts(leaf_of(authority.craft(names)), HOST)
    assert shown.names == (*dns_names, "n18.test", "n19.test")
    assert shown.matches_name, "a name that is not shown counts all the same"


def test_a_certificate_without_names_is_shown(authority: Authority) -> None:
    """No alternative names: none are shown, and it is for nobody."""
    shown = facts(leaf_of(authority.craft((), common_name=HOST)), HOST)
    assert shown.names == ()
    assert not shown.matches_name


@pytest.mark.parametrize(
    ("pattern", "host", "is_match"),
    [
        ("mail.example.test", HOST, True),
        ("MAIL.Example.Test", HOST, True),
        ("mail.example.test.", HOST, True),
        ("mail.example.test", "Mail.Example.TEST", True),
        (".mail.example.test", HOST, False),
        ("example.test", HOST, False),
        ("imail.example.test", HOST, False),
        ("*.example.test", HOST, True),
        ("*.EXAMPLE.test.", HOST, True),
        ("*.example.test", "example.test", False),
        ("*.example.test", "a.mail.example.test", False),
        ("*.mail.example.test", HOST, False),
        ("*.other.test", HOST, False),
        ("*.test", "example.test", False),
        ("*.t.x", "a.t.x", True),
        ("*", "localhost", False),
        ("m*.example.test", HOST, False),
        ("mail.*.test", HOST, False),
    ],
)
def test_a_name_matches_as_a_whole(
    authority: Authority, pattern: str, host: str, is_match: bool
) -> None:
    """RFC 9525 section 6.3: letter by letter, or with a whole left-most label left open."""
    shown = leaf_of(authority.craft([x509.DNSName("b.test"), x509.DNSName(pattern)]))
    assert facts(shown, host).matches_name == is_match


def test_the_leaf_of_a_chain_is_read(tmp_path: Path) -> None:
    """Of several certificates the server's own is shown, whoever vouches for it."""
    issuer = self_signed(tmp_path, "Issuer", is_ca=True)
    certificate = signed_by(tmp_path, issuer, HOST)
    with ScriptedServer(Conversation.start_tls, certificate) as server:
        shown = read(server)
    # Only now has the server heard all that its client sent.
    assert not server.conversations[0].is_tls, "the handshake was completed"
    assert (shown.subject, shown.issuer) == (f"CN={HOST}", "CN=Issuer")
    assert (
        shown.sha256 == hashlib.sha256(leaf_of(certificate).public_bytes(Encoding.DER)).hexdigest()
    )


def test_an_address_is_no_server_name(authority: Authority) -> None:
    """A host is named in the handshake, an address is not (RFC 6066 section 3)."""
    names: list[x509.GeneralName] = [x509.IPAddress(ip_address(ADDRESS)), x509.DNSName(HOST)]
    with ScriptedServer(Conversation.start_tls, authority.craft(names)) as server:
        assert read(server).matches_name
        assert read(server, ADDRESS).matches_name
        assert not read(server, "203.0.113.10").matches_name
        named = [each.server_name for each in server.conversations]
    assert named == [HOST, None, None]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(Conversation.close, id="end"),
        pytest.param(Conversation.reset, id="reset"),
        pytest.param(lambda it: it.send(b"* OK ready\r\n" * 9), id="plain text"),
    ],
)
def test_a_server_that_shows_none_is_named(script: Callable[[Conversation], None]) -> None:
    """An end, a reset or plain text in place of a certificate: no TLS with this host."""

    def after_hello(conversation: Conversation) -> None:
        conversation._socket.recv(1, 2)  # MSG_PEEK: what the client said stays to be read
        script(conversation)

    error = refusal(after_hello)
    assert error.code == "tls_failed"
    assert error.problem.message.params == {"host": HOST, "port": "993"}
    assert [stage for stage, _ in error.took_ms] == ["dns", "tcp", "tls"]


def test_silence_in_place_of_a_certificate_ends_at_the_deadline() -> None:
    """A server that takes the handshake and says nothing is a time-out."""
    started = time.monotonic()
    error = refusal(Conversation.hear_out, seconds=0.3)
    assert 0.25 < time.monotonic() - started < 2
    assert error.code == "timed_out"
    assert error.problem.message.params == {"host": HOST, "port": "993"}


@pytest.mark.parametrize(
    ("what", "into"),
    [
        pytest.param(rb"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x06", id="version 7"),
        # What OpenSSL reads is a string, and what the library reads is a date.
        pytest.param(rb"(\x17\x0d..)..", rb"\g<1>99", id="a month of 99"),
        pytest.param(rb"\x0c\x07crafted", b"\x16\x07craft\xff\xff", id="a name of no letters"),
    ],
)
def test_a_certificate_that_cannot_be_read_is_not_shown(
    authority: Authority, tmp_path: Path, what: bytes, into: bytes
) -> None:
    """A certificate that OpenSSL takes and nobody can read is none, and no traceback."""
    whole = authority.craft([x509.DNSName(HOST)])
    with ScriptedServer(Conversation.start_tls, whole) as server:
        assert read(server).names == (HOST,)
    broken = damaged(whole, tmp_path, what, into)
    assert refusal(Conversation.start_tls, broken).code == "tls_failed"
