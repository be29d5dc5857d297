"""What is trusted on the wire, and what is not."""

import base64
import errno
import hashlib
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest
from cryptography import x509

from inboxlink.errors import MailboxError, SetupError, UnreachableError
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.tls import code_of, trusting_context
from inboxlink.network.wire import Network
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.context import CertificateFacts
from inboxlink.types.detection import CertificatePin, Endpoint, Role, Tls
from inboxlink.types.validity import Validity
from peers.certificates import Authority, Certificate, self_signed, signed_by
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
    assert caught.value.problem.message.params == {"host": HOST, "port": "993"}
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


@pytest.mark.parametrize("is_pinned", [False, True])
def test_a_channel_says_how_long_its_certificate_is_valid(
    authority: Authority, is_pinned: bool
) -> None:
    """Both ends are those that stand in the certificate, of a pinned one too."""
    certificate = authority.issue(HOST, days_left=12)
    leaf = x509.load_pem_x509_certificate(certificate.cert.read_bytes())
    with serving(certificate) as server:
        pin = pin_of(certificate) if is_pinned else None
        channel = network(server.port, authority.ca_file).open(endpoint(pin), soon())
        expected = Validity(leaf.not_valid_before_utc, leaf.not_valid_after_utc)
        assert channel.validity == expected
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
    # With the pinned one's own subject OpenSSL refuses it; with another one it would do.
    for names in ((HOST,), ("other.example.test", HOST)):
        with serving(signed_by(tmp_path, mine, *names)) as server:
            assert refusal(server, None, pin_of(mine)) == "certificate_changed"


def test_a_pin_without_a_certificate_trusts_nothing(tmp_path: Path) -> None:
    """A pin whose certificate cannot be read is refused like another certificate."""
    mine = self_signed(tmp_path, HOST)
    for der in ("", "junk", "anVuaw=="):
        with serving(mine) as server:
            broken = CertificatePin(pin_of(mine).sha256, der)
            assert refusal(server, None, broken) == "certificate_changed"


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
    # Only now has the server heard all that its client sent.
    assert not server.conversations[0].is_tls, "the handshake was completed"
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
    with (
        pytest.warns(DeprecationWarning, match="TLS"),
        ScriptedServer(old, certificate) as server,
        pytest.raises(UnreachableError, match="^tls_failed$"),
    ):
        network(server.port, None).certificate(endpoint(), soon())


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
    started = time.monotonic()
    with ScriptedServer(Conversation.hear_out) as server, pytest.raises(UnreachableError) as caught:
        network(server.port, authority.ca_file).open(endpoint(), soon(0.5))
    assert (caught.value.code, caught.value.stage) == ("timed_out", "tls")
    assert time.monotonic() - started < 3
    with pytest.raises(UnreachableError) as caught:
        network(CLOSED_PORT, authority.ca_file).open(endpoint(), soon())
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


@pytest.mark.parametrize("content", [None, b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_roots_that_cannot_be_read_are_the_operators_matter(
    authority: Authority, tmp_path: Path, content: bytes | None
) -> None:
    """A missing, empty or damaged file of roots is named, and nothing is said to the server."""
    roots = tmp_path / "roots.pem"
    if content is not None:
        roots.write_bytes(content)
    with serving(authority.issue(HOST)) as server:
        with pytest.raises(SetupError, match="^ca_file_unusable$") as caught:
            network(server.port, roots).open(endpoint(), soon())
        assert caught.value.problem.message.params["path"] == str(roots)
    assert not server.conversations[0].is_tls


def test_roots_that_are_no_file_are_the_operators_matter(tmp_path: Path) -> None:
    """A directory in place of a file is named, for the web as for mail."""
    with ScriptedServer(Conversation.hear_out) as server:
        connect = {f"{HOST}:{port}": f"127.0.0.1:{server.port}" for port in (443, 993)}
        door = Network(NetworkSettings(ca_file=tmp_path, connect=connect))
        for reach in (
            lambda: door.open(endpoint(), soon()),
            lambda: door.get(f"https://{HOST}/", soon()),
        ):
            with pytest.raises(SetupError, match="^ca_file_unusable$") as caught:
                reach()
            assert caught.value.problem.message.params["path"] == str(tmp_path)
            assert caught.value.problem.message.params["reason"]
    assert [each.before_tls for each in server.conversations] == [b""] * len(server.conversations)


def test_every_set_of_roots_is_strict(authority: Authority, tmp_path: Path) -> None:
    """Roots that nobody used before give a context as strict as any."""
    roots = tmp_path / "roots.pem"
    roots.write_bytes(authority.ca_file.read_bytes())
    with serving(authority.craft((), common_name=HOST)) as server:
        assert refusal(server, roots) == "certificate_wrong_name"
    context = trusting_context(roots)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_pin_that_verification_refuses_has_changed(authority: Authority, tmp_path: Path) -> None:
    """A certificate in place of the pinned one has changed, whatever else is wrong with it."""
    mine = self_signed(tmp_path, HOST)
    for other in (authority.signed_over("sha1", HOST), signed_by(tmp_path, mine, HOST)):
        with serving(other) as server:
            assert refusal(server, None, pin_of(mine)) == "certificate_changed"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TimeoutError(), "timed_out"),
        (ConnectionRefusedError(), "connection_refused"),
        (ConnectionResetError(), "connection_lost"),
        (ConnectionAbortedError(), "connection_lost"),
        (BrokenPipeError(), "connection_lost"),
        (OSError(errno.ENOTCONN, "gone before TLS began"), "connection_lost"),
        (OSError(errno.ENETUNREACH, "no way"), "network_unreachable"),
        (OSError(errno.EHOSTUNREACH, "no way"), "network_unreachable"),
        (ssl.SSLEOFError(), "connection_lost"),
        (ssl.SSLZeroReturnError(), "connection_lost"),
    ],
)
def test_each_error_of_the_system_has_its_code(error: OSError, code: str) -> None:
    """What the system raises in connecting and in the handshake is named."""
    assert code_of(error) == code


def test_a_machine_without_roots_trusts_the_operators_alone(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container may have none: nothing else is trusted in their place."""
    nowhere = str(tmp_path / "nowhere")
    paths = ssl.DefaultVerifyPaths(None, None, "", nowhere, "", nowhere)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    make = trusting_context.__wrapped__
    assert make(None).get_ca_certs() == []
    (only,) = make(authority.ca_file).get_ca_certs(binary_form=True)
    assert only == ssl.PEM_cert_to_DER_cert(authority.ca_file.read_text())


def test_pins_do_not_pile_up(tmp_path: Path) -> None:
    """A process that checks ever new pins keeps a bounded number of contexts."""
    from inboxlink.network.tls import pinned_context

    limit = pinned_context.cache_info().maxsize
    assert limit is not None
    assert limit <= 256


def test_no_code_turns_verification_off() -> None:
    """Nothing in the sources disables verification or uses the libraries' unverified contexts."""
    banned = re.compile(
        r"CERT_NONE|verify\s*=\s*False|_create_unverified_context|_create_stdlib_context"
        r"|check_hostname\s*=\s*False|VERIFY_NONE"
    )
    root = Path(__file__).parents[2]
    sources = [root / "core" / "src", *root.glob("plugins/*/src")]
    assert len(sources) > 1
    for source in sources:
        for file in source.rglob("*.py"):
            assert not banned.search(file.read_text(encoding="utf-8")), file


def test_a_dripping_server_ends_at_the_deadline(authority: Authority) -> None:
    """However slowly a server sends, the deadline is absolute."""
    import threading

    stop = threading.Event()

    def drip(conversation: Conversation) -> None:
        while not stop.wait(0.1):
            conversation.send(b"*")

    with ScriptedServer(drip, authority.issue(HOST), implicit=True) as server:
        started = time.monotonic()
        channel = network(server.port, authority.ca_file).open(endpoint(), soon(1))
        with pytest.raises(MailboxError, match="timed_out"):
            channel.makefile().readline()
        assert time.monotonic() - started < 2
        with pytest.raises(MailboxError, match="timed_out"):
            channel.sendall(b"x")
        channel.close()
        stop.set()


def drain(reader: BinaryIO) -> None:
    """Read to the end, if there is one."""
    while reader.read(65536):
        pass


def test_an_endless_server_ends_at_the_cap(authority: Authority) -> None:
    """A line without an end and an announced literal of 3e9 bytes are refused at once."""

    def flood(conversation: Conversation) -> None:
        while True:
            conversation.send(b"x" * 65536)

    with ScriptedServer(flood, authority.issue(HOST), implicit=True) as server:
        door = network(server.port, authority.ca_file)
        channel = door.open(endpoint(), soon())
        with pytest.raises(MailboxError, match="response_too_large"):
            channel.makefile().read(3_000_000_000)
        with pytest.raises(MailboxError, match="response_too_large"):
            channel.makefile().readline()
        channel.close()
        channel = door.open(endpoint(), soon())
        reader = channel.makefile()
        with pytest.raises(MailboxError, match="response_too_large"):
            drain(reader)
        channel.close()


def test_a_server_that_hangs_up_is_named(authority: Authority) -> None:
    """After the server hung up a reader sees the end, and a closed channel refuses to send."""
    with ScriptedServer(
        lambda conversation: conversation.send(b"* BYE\r\n"),
        authority.issue(HOST),
        implicit=True,
    ) as server:
        channel = network(server.port, authority.ca_file).open(endpoint(), soon())
        reader = channel.makefile()
        assert reader.readline() == b"* BYE\r\n"
        assert reader.readline() == b""
        channel.close()
        with pytest.raises(MailboxError, match="connection_lost"):
            channel.sendall(b"x")
