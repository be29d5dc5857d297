"""What is trusted on the wire, and what is not."""

import base64
import hashlib
import os
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

import inboxlink
import inboxlink_imap
from inboxlink.errors import UnreachableError
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.tls import trusting_context
from inboxlink.network.wire import Network
from inboxlink.types.context import CertificateFacts
from inboxlink.types.detection import CertificatePin, Endpoint, Role, Tls
from peers.certificates import Authority, Certificate, self_signed, signed_by
from peers.ports import free_port
from peers.scripted import Conversation, ScriptedServer

HOST = "mail.example.test"


def greet(conversation: Conversation) -> None:
    conversation.send(b"* OK ready\r\n")
    conversation.read_line()


@contextmanager
def serving(certificate: Certificate) -> Iterator[ScriptedServer]:
    with ScriptedServer(greet, certificate, implicit=True) as server:
        yield server


def network(server_port: int, ca_file: Path | None, host: str = HOST) -> Network:
    connect = {f"{host}:993": f"127.0.0.1:{server_port}"}
    return Network(NetworkSettings(ca_file=ca_file, connect=connect))


def endpoint(pin: CertificatePin | None = None, host: str = HOST) -> Endpoint:
    return Endpoint(Role.IMAP, host, 993, Tls.IMPLICIT, pin=pin)


def soon(seconds: float = 5) -> float:
    return time.monotonic() + seconds


def refusal(server: ScriptedServer, ca_file: Path | None, pin: CertificatePin | None = None) -> str:
    """The code with which a server is refused; nothing may have been said to it."""
    with pytest.raises(UnreachableError) as caught:
        network(server.port, ca_file).open(endpoint(pin), soon())
    assert caught.value.stage == "tls"
    assert [stage for stage, _ in caught.value.took_ms] == ["dns", "tcp", "tls"]
    assert all(not each.before_tls + each.after_tls for each in server.conversations)
    return caught.value.code


def pin_of(certificate: Certificate, *, any_name: bool = False) -> CertificatePin:
    pem = certificate.cert.read_text()
    first = pem[: pem.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n"
    der = ssl.PEM_cert_to_DER_cert(first)
    return CertificatePin(hashlib.sha256(der).hexdigest(), base64.b64encode(der).decode(), any_name)


def test_a_good_certificate_is_trusted(authority: Authority) -> None:
    """With the operator's CA a channel opens, and says what was negotiated."""
    with serving(authority.issue(HOST)) as server:
        channel = network(server.port, authority.ca_file).open(endpoint(), soon())
        assert channel.makefile().readline() == b"* OK ready\r\n"
        assert channel.tls_version in ("TLSv1.2", "TLSv1.3")
        assert [stage for stage, _ in channel.took_ms] == ["dns", "tcp", "tls"]
        assert channel.greeting is None
        channel.close()
        channel.close()


def test_a_wildcard_is_one_label(authority: Authority) -> None:
    """A wildcard stands for one whole label."""
    with serving(authority.issue("*.example.test")) as server:
        network(server.port, authority.ca_file).open(endpoint(), soon()).close()
    with serving(authority.issue("*.test")) as server:
        assert refusal(server, authority.ca_file) == "certificate_wrong_name"


def test_bad_certificates_are_refused_by_name(authority: Authority, tmp_path: Path) -> None:
    """Wrong name, expired, not yet valid, self-signed and unknown CA each have their code."""
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other")
    matrix = {
        "certificate_wrong_name": authority.issue("other.example.test"),
        "certificate_expired": authority.issue(HOST, days_left=-1),
        "certificate_not_yet_valid": authority.issue(HOST, days_left=20, starts_in_days=10),
    }
    for code, certificate in matrix.items():
        with serving(certificate) as server:
            assert refusal(server, authority.ca_file) == code
    for untrusted in (stranger.issue(HOST), self_signed(tmp_path, HOST)):
        with serving(untrusted) as server:
            assert refusal(server, authority.ca_file) == "certificate_untrusted"
            assert refusal(server, None) == "certificate_untrusted"


def test_a_pin_is_exactly_one_certificate(authority: Authority, tmp_path: Path) -> None:
    """A pinned certificate is accepted, and no other one in its place, not even a good one."""
    mine, other = self_signed(tmp_path, HOST), self_signed(tmp_path, HOST)
    with serving(mine) as server:
        pinned = network(server.port, None).open(endpoint(pin_of(mine)), soon())
        assert pinned.makefile().readline() == b"* OK ready\r\n"
        pinned.close()
    for certificate in (other, authority.issue(HOST)):
        with serving(certificate) as server:
            assert refusal(server, authority.ca_file, pin_of(mine)) == "certificate_changed"


def test_a_pinned_certificate_vouches_for_no_other(tmp_path: Path) -> None:
    """A certificate that was signed by the pinned one is refused."""
    mine = self_signed(tmp_path, HOST, is_ca=True)
    with serving(signed_by(tmp_path, mine, HOST)) as server:
        assert refusal(server, None, pin_of(mine)) == "certificate_changed"


def test_a_pin_does_not_outlive_its_certificate(tmp_path: Path) -> None:
    """An expired certificate is refused although it is pinned."""
    mine = self_signed(tmp_path, HOST, days_left=-1)
    with serving(mine) as server:
        assert refusal(server, None, pin_of(mine)) == "certificate_expired"


def test_a_wrong_name_must_have_been_confirmed(tmp_path: Path) -> None:
    """A pinned certificate for another name needs the leave that goes with the pin."""
    mine = self_signed(tmp_path, "other.example.test")
    with serving(mine) as server:
        assert refusal(server, None, pin_of(mine)) == "certificate_wrong_name"
        network(server.port, None).open(endpoint(pin_of(mine, any_name=True)), soon()).close()


def seen(certificate: Certificate, host: str = HOST) -> CertificateFacts:
    with serving(certificate) as server:
        facts = network(server.port, None, host).certificate(endpoint(host=host), soon())
        assert server.conversations[0].is_tls is False, "the handshake was completed"
    return facts


def test_a_certificate_is_read_without_being_trusted(authority: Authority, tmp_path: Path) -> None:
    """The leaf is read with its names and digest, and the handshake never completes."""
    for certificate in (authority.issue(HOST, "b.test"), self_signed(tmp_path, HOST, "b.test")):
        facts = seen(certificate)
        assert facts.sha256 == pin_of(certificate).sha256
        assert facts.names == (HOST, "b.test")
        assert facts.matches_name
        assert not seen(certificate, "c.test").matches_name
        assert facts.der not in repr(facts)


def test_old_tls_is_refused(authority: Authority) -> None:
    """A server that speaks TLS 1.1 at most is refused."""
    certificate = authority.issue(HOST)

    def old(conversation: Conversation) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(certificate.cert, certificate.key)
        context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.wrap_socket(conversation._socket, server_side=True)

    with pytest.warns(DeprecationWarning, match="TLS"), ScriptedServer(old, certificate) as server:
        assert refusal(server, authority.ca_file) == "tls_failed"


def test_an_answer_without_tls_is_named(authority: Authority) -> None:
    """A server that answers in plain text to a TLS request is named as such."""
    for banner in (b"* OK ready\r\n", b"220 hello\r\n", b"HTTP/1.0 400 Bad Request\r\n\r\n"):

        def plain(conversation: Conversation, banner: bytes = banner) -> None:
            conversation.send(banner * 20)

        with ScriptedServer(plain) as server, pytest.raises(UnreachableError) as caught:
            network(server.port, authority.ca_file).open(endpoint(), soon())
        assert caught.value.code == "not_tls"


def test_silence_and_absence_are_told_apart(authority: Authority) -> None:
    """A server that says nothing times out at TLS; a closed port refuses at TCP."""

    def silent(conversation: Conversation) -> None:
        while conversation.read_line():
            pass

    started = time.monotonic()
    with ScriptedServer(silent) as server, pytest.raises(UnreachableError) as caught:
        network(server.port, authority.ca_file).open(endpoint(), soon(0.5))
    assert (caught.value.code, caught.value.stage) == ("timed_out", "tls")
    assert time.monotonic() - started < 3
    with pytest.raises(UnreachableError) as caught:
        network(free_port(), authority.ca_file).open(endpoint(), soon())
    assert (caught.value.code, caught.value.stage) == ("connection_refused", "tcp")


def test_the_environment_has_no_say(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE and its kin add no trust, and SSLKEYLOGFILE gets no keys."""
    keys = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(variable, str(authority.ca_file))
    trusting_context.cache_clear()
    with serving(authority.issue(HOST)) as server:
        assert refusal(server, None) == "certificate_untrusted"
        network(server.port, authority.ca_file).open(endpoint(), soon()).close()
    assert not keys.exists()
    trusting_context.cache_clear()


def test_one_context_serves_the_process(authority: Authority) -> None:
    """The verified context is made once for each set of roots."""
    assert trusting_context(authority.ca_file) is trusting_context(authority.ca_file)


def test_no_code_turns_verification_off() -> None:
    """Nothing in the sources disables verification or uses the libraries' unverified contexts."""
    banned = re.compile(
        r"CERT_NONE|verify\s*=\s*False|_create_unverified_context|_create_stdlib_context"
        r"|check_hostname\s*=\s*False|VERIFY_NONE"
    )
    for package in (inboxlink, inboxlink_imap):
        for file in Path(str(package.__file__)).parent.rglob("*.py"):
            assert not banned.search(file.read_text(encoding="utf-8")), file


def leaf_for(
    directory: Path, names: list[x509.GeneralName], common_name: str = HOST, version: int | None = None
) -> Certificate:
    """A certificate signed by a CA of its own, which is returned with it; any names at all."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    if version is not None:
        # [0] EXPLICIT INTEGER: 2 stands for X.509v3.
        der = der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01" + bytes([version]), 1)
    der = der.replace(b"broken-utf8", b"broken-\xff\xfe\xfd\xfc")
    files = Certificate(directory / "leaf.pem", directory / "leaf.key")
    files.cert.write_text(ssl.DER_cert_to_PEM_cert(der))
    files.key.touch(0o600)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files.key.write_bytes(pem)
    return files


@pytest.mark.parametrize(
    ("names", "host"),
    [
        pytest.param([], HOST, id="common name only"),
        pytest.param([x509.DNSName("m*.example.test")], HOST, id="partial wildcard"),
        pytest.param([x509.DNSName("mail.*.test")], HOST, id="inner wildcard"),
        pytest.param([x509.DNSName("*.*.test")], HOST, id="two wildcards"),
        pytest.param([x509.DNSName("*")], HOST, id="bare wildcard"),
        pytest.param([x509.DNSName("*.example.test")], "a.mail.example.test", id="two labels"),
        pytest.param([x509.DNSName("*.example.test")], "example.test", id="no label"),
        pytest.param([x509.RFC822Name("me@mail.example.test")], HOST, id="mail name"),
        pytest.param(
            [x509.UniformResourceIdentifier("https://mail.example.test")], HOST, id="URI name"
        ),
        pytest.param([x509.DNSName("192.0.2.1")], "192.0.2.1", id="IP as DNS name"),
        pytest.param([x509.DNSName(HOST)], "192.0.2.1", id="DNS name for an IP"),
        pytest.param([x509.IPAddress(ip_address("192.0.2.2"))], "192.0.2.1", id="another IP"),
    ],
)
def test_names_that_only_look_alike_are_refused(
    tmp_path: Path, names: list[x509.GeneralName], host: str
) -> None:
    """The host must be a DNS or IP name of the certificate; CN and clever wildcards are none."""
    certificate = leaf_for(tmp_path, names, host)
    with serving(certificate) as server:
        door = network(server.port, certificate.cert, host)
        with pytest.raises(UnreachableError) as caught:
            door.open(endpoint(host=host), soon())
        assert caught.value.code == "certificate_wrong_name"
        assert not door.certificate(endpoint(host=host), soon()).matches_name
        assert all(each.before_tls + each.after_tls == b"" for each in server.conversations)


@pytest.mark.parametrize(
    ("name", "host", "typed"),
    [
        (x509.DNSName(HOST), HOST, "MAIL.Example.Test"),
        (x509.DNSName(HOST), HOST, "mail.example.test."),
        (x509.DNSName(HOST), HOST, " mail.example.test "),
        (x509.DNSName("MAIL.example.TEST"), HOST, HOST),
        (x509.DNSName("xn--bcher-kva.test"), "xn--bcher-kva.test", "bücher.test"),
        (x509.DNSName("*.example.test"), HOST, HOST),
        (x509.IPAddress(ip_address("192.0.2.1")), "192.0.2.1", "192.0.2.1"),
        (x509.IPAddress(ip_address("2001:db8::1")), "2001:db8::1", "[2001:DB8:0::1]"),
    ],
)
def test_a_name_matches_however_it_was_typed(
    tmp_path: Path, name: x509.GeneralName, host: str, typed: str
) -> None:
    """The spelling of a host makes no difference to its certificate, nor does an IP name."""
    certificate = leaf_for(tmp_path, [name])
    with serving(certificate) as server:
        door = network(server.port, certificate.cert, host)
        door.open(endpoint(host=typed), soon()).close()
        assert door.certificate(endpoint(host=typed), soon()).matches_name


@pytest.mark.parametrize(
    ("common_name", "version"),
    [pytest.param("broken-utf8", None, id="text"), pytest.param(HOST, 5, id="version")],
)
def test_a_certificate_that_is_none_is_typed(
    tmp_path: Path, common_name: str, version: int | None
) -> None:
    """A malformed certificate is no exception of a library, neither trusted nor shown."""
    certificate = leaf_for(tmp_path, [x509.DNSName(HOST)], common_name, version)
    with serving(certificate) as server:
        assert refusal(server, None).startswith(("certificate_", "tls_failed"))
        with pytest.raises(UnreachableError) as caught:
            network(server.port, None).certificate(endpoint(), soon())
        assert (caught.value.code, caught.value.stage) == ("tls_failed", "tls")


def test_an_untrusted_server_never_sees_a_handshake_end(tmp_path: Path) -> None:
    """Neither refusing a certificate nor reading it lets the server finish its handshake."""
    with serving(self_signed(tmp_path, HOST)) as server:
        refusal(server, None)
        network(server.port, None).certificate(endpoint(), soon())
        assert [each.is_tls for each in server.conversations] == [False, False]


def test_a_certificate_is_read_on_a_busy_host(authority: Authority) -> None:
    """The look at a certificate works with more than 1024 files open."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    certificate = authority.issue(HOST)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, hard), hard))
    files: list[int] = []
    try:
        with serving(certificate) as server:
            while not files or files[-1] < 1024:
                files.append(os.dup(0 if not files else files[0]))
            facts = network(server.port, None).certificate(endpoint(), soon())
            assert facts.sha256 == pin_of(certificate).sha256
    finally:
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_pin_trusts_nothing_else(authority: Authority, tmp_path: Path) -> None:
    """Beside a pin neither the operator's CA nor the pin's own issuer counts."""
    pinned = authority.issue(HOST)
    with serving(pinned) as server:
        network(server.port, None).open(endpoint(pin_of(pinned)), soon()).close()
    with serving(authority.issue(HOST)) as server:
        assert refusal(server, authority.ca_file, pin_of(pinned)) == "certificate_changed"
    any_name = pin_of(self_signed(tmp_path, "old.test"), any_name=True)
    with serving(self_signed(tmp_path, HOST)) as server:
        assert refusal(server, authority.ca_file, any_name) == "certificate_changed"


def test_a_pin_that_contradicts_itself_trusts_nothing(tmp_path: Path) -> None:
    """A digest beside another certificate, and a certificate that is none, are refused."""
    mine, other = pin_of(self_signed(tmp_path, HOST)), self_signed(tmp_path, HOST)
    theirs = pin_of(other)
    with serving(other) as server:
        mixed = CertificatePin(mine.sha256, theirs.der)
        assert refusal(server, None, mixed) == "certificate_changed"
        for junk in ("bm90IGEgY2VydGlmaWNhdGU=", "", "===", "\u00e9"):
            assert refusal(server, None, CertificatePin(mine.sha256, junk)) == "certificate_changed"
