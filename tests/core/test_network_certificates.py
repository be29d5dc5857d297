"""Certificates that a mail server may show, over implicit TLS and behind STARTTLS."""

import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from inboxlink.errors import UnreachableError
from inboxlink.network.certificate import facts
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.types.detection import Endpoint, Role, Tls
from peers.certificates import Authority, Certificate, self_signed, signed_by
from peers.scripted import Conversation, ScriptedServer

HOST = "mail.example.test"
ADDRESS = "203.0.113.9"

Maker = Callable[[Authority, Path], Certificate]


def dns(*names: str) -> list[x509.GeneralName]:
    return [x509.DNSName(name) for name in names]


def unknown_authority(_: Authority, folder: Path) -> Certificate:
    (folder / "other").mkdir()
    return Authority(folder / "other").issue(HOST)


def issued_by_a_leaf(authority: Authority, folder: Path) -> Certificate:
    return signed_by(folder, authority.craft(dns("somebody.test")), HOST)


def for_clients_only(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return builder.add_extension(usage, critical=True)


def of_unknown_meaning(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    oid = x509.ObjectIdentifier("1.2.3.4.5")
    return builder.add_extension(x509.UnrecognizedExtension(oid, b"\5\0"), critical=True)


WRONG_NAME, UNTRUSTED = "certificate_wrong_name", "certificate_untrusted"
INVALID = "certificate_invalid"

#: The certificate, and the code with which it is refused; None = it is good.
MATRIX: dict[str, tuple[Maker, str | None]] = {
    "good": (lambda ca, _: ca.issue(HOST), None),
    "wildcard": (lambda ca, _: ca.issue("*.example.test"), None),
    "one name of many": (lambda ca, _: ca.craft(dns("a.test", HOST)), None),
    # Without the identifiers of the keys, as some companies' own CAs issue them.
    "no key identifiers": (lambda ca, _: ca.craft(dns(HOST)), None),
    "another name": (lambda ca, _: ca.issue("other.example.test"), WRONG_NAME),
    "longer name": (lambda ca, _: ca.issue(f"{HOST}.evil.test"), WRONG_NAME),
    "common name only": (lambda ca, _: ca.craft((), common_name=HOST), WRONG_NAME),
    "common name beside another": (
        lambda ca, _: ca.craft(dns("a.test"), common_name=HOST),
        WRONG_NAME,
    ),
    "address only": (
        lambda ca, _: ca.craft([x509.IPAddress(ip_address("127.0.0.1"))], common_name=HOST),
        WRONG_NAME,
    ),
    "mail address only": (lambda ca, _: ca.craft([x509.RFC822Name(f"a@{HOST}")]), WRONG_NAME),
    "wildcard of two labels": (lambda ca, _: ca.issue("*.test"), WRONG_NAME),
    "two wildcards": (lambda ca, _: ca.craft(dns("*.*.test")), WRONG_NAME),
    "wildcard further right": (lambda ca, _: ca.craft(dns("mail.*.test")), WRONG_NAME),
    "partial wildcard": (lambda ca, _: ca.craft(dns("m*l.example.test")), WRONG_NAME),
    "bare wildcard": (lambda ca, _: ca.craft(dns("*")), WRONG_NAME),
    "name with a zero byte": (lambda ca, _: ca.craft(dns(f"{HOST}\0.evil.test")), WRONG_NAME),
    "expired": (lambda ca, _: ca.issue(HOST, days_left=-1), "certificate_expired"),
    "not yet valid": (
        lambda ca, _: ca.issue(HOST, days_left=20, starts_in_days=10),
        "certificate_not_yet_valid",
    ),
    "self-signed": (lambda _, folder: self_signed(folder, HOST), UNTRUSTED),
    "unknown authority": (unknown_authority, UNTRUSTED),
    "issued by a leaf": (issued_by_a_leaf, INVALID),
    "for clients only": (lambda ca, _: ca.craft(dns(HOST), alter=for_clients_only), INVALID),
    "critical and unknown": (lambda ca, _: ca.craft(dns(HOST), alter=of_unknown_meaning), INVALID),
    "signed with SHA-256": (lambda ca, _: ca.signed_over("sha256", HOST), None),
    "signed with SHA-1": (lambda ca, _: ca.signed_over("sha1", HOST), INVALID),
    "key of 1024 bits": (
        lambda ca, _: ca.craft(dns(HOST), key=rsa.generate_private_key(65537, 1024)),
        INVALID,
    ),
}


def implicit(conversation: Conversation) -> None:
    conversation.start_tls()
    conversation.send(b"* OK ready\r\n")
    conversation.read_line()


def upgrading(conversation: Conversation) -> None:
    conversation.send(b"* OK ready\r\n")
    conversation.read_line()
    conversation.send(b"* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n")
    conversation.read_line()
    conversation.send(b"a2 OK begin\r\n")
    implicit(conversation)


WAYS = {Tls.IMPLICIT: (993, implicit), Tls.STARTTLS: (143, upgrading)}


def refusal(authority: Authority, certificate: Certificate, host: str, tls: Tls) -> str | None:
    """The code with which a server is refused; whatever it is, nothing was said inside TLS."""
    port, script = WAYS[tls]
    endpoint = Endpoint(Role.IMAP, host, port, tls)
    with ScriptedServer(script, certificate) as server:
        connect = {endpoint.authority: f"127.0.0.1:{server.port}"}
        network = Network(NetworkSettings(ca_file=authority.ca_file, connect=connect))
        code = stage = None
        try:
            network.open(endpoint, time.monotonic() + 5).close()
        except UnreachableError as error:
            code, stage = error.code, error.stage
        (conversation,) = server.conversations
    assert conversation.after_tls == b""
    assert stage == (None if code is None else "tls")
    return code


@pytest.mark.parametrize("tls", WAYS)
@pytest.mark.parametrize("name", MATRIX)
def test_each_certificate_has_its_verdict(
    authority: Authority, tmp_path: Path, name: str, tls: Tls
) -> None:
    """What is wrong is named, both ways of TLS alike, and a refused server hears nothing more."""
    make, code = MATRIX[name]
    assert refusal(authority, make(authority, tmp_path), HOST, tls) == code


NAMED = [name for name, (_, code) in MATRIX.items() if code in (None, WRONG_NAME)]


@pytest.mark.parametrize("name", NAMED)
def test_what_is_shown_agrees_with_what_is_verified(
    authority: Authority, tmp_path: Path, name: str
) -> None:
    """A person is told that a certificate is for the name where verification says so too."""
    make, code = MATRIX[name]
    shown = x509.load_pem_x509_certificate(make(authority, tmp_path).cert.read_bytes())
    assert facts(shown, HOST).matches_name == (code is None)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ([x509.IPAddress(ip_address(ADDRESS))], None),
        ([x509.IPAddress(ip_address("203.0.113.10"))], WRONG_NAME),
        (dns(ADDRESS), WRONG_NAME),
        (dns("*.0.113.9"), WRONG_NAME),
    ],
)
def test_an_address_is_matched_as_an_address(
    authority: Authority, names: list[x509.GeneralName], code: str | None
) -> None:
    """Where the person typed an address, only a certificate for that address will do."""
    certificate = authority.craft(names)
    assert refusal(authority, certificate, ADDRESS, Tls.IMPLICIT) == code
    shown = x509.load_pem_x509_certificate(certificate.cert.read_bytes())
    assert facts(shown, ADDRESS).matches_name == (code is None)


@pytest.mark.parametrize(
    "typed",
    [
        "MAIL.Example.Test",
        "mail.example.test.",
        " mail.example.test",
        "ma\u0131l",
        "m\u00e4il.test",
    ],
)
def test_the_name_that_is_checked_is_the_name_that_is_looked_up(
    authority: Authority, typed: str
) -> None:
    """Capitals, a last dot and a script of one's own are settled before TLS, SNI included."""
    from inboxlink.hosts import check_host

    host = check_host(typed)
    endpoint = Endpoint(Role.IMAP, typed, 993, Tls.IMPLICIT)
    with ScriptedServer(implicit, authority.issue(host)) as server:
        connect = {f"{host}:993": f"127.0.0.1:{server.port}"}
        network = Network(NetworkSettings(ca_file=authority.ca_file, connect=connect))
        network.open(endpoint, time.monotonic() + 5).close()
        network.certificate(endpoint, time.monotonic() + 5)
        assert [each.server_name for each in server.conversations] == [host, host]
    with ScriptedServer(implicit, authority.issue("other.test")) as server:
        connect = {f"{host}:993": f"127.0.0.1:{server.port}"}
        network = Network(NetworkSettings(ca_file=authority.ca_file, connect=connect))
        with pytest.raises(UnreachableError, match="^certificate_wrong_name$"):
            network.open(endpoint, time.monotonic() + 5)
