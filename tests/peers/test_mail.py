"""The mail servers of the kit, asked by the standard library."""

import gc
import imaplib
import smtplib
import socket
import ssl
import warnings
from contextlib import ExitStack
from email.message import EmailMessage

import pytest

from inboxlink.testing.fixtures import ALICE, PASSWORD
from inboxlink.testing.peers.mail import MailServer
from inboxlink.testing.peers.mail_faults import (
    Protocol,
    SignIn,
    cut,
    refused,
    silent,
    turned_away,
)
from inboxlink.testing.peers.ports import LOOPBACK
from inboxlink.testing.peers.world import World

BOB = "bob@other.test"


class Imap(imaplib.IMAP4_SSL):
    """IMAP on a port of loopback, the certificate checked for the real name."""

    def __init__(self, world: World, mail: MailServer, name: str = "imap.example.test") -> None:
        self._name = name
        context = ssl.create_default_context(cafile=str(world.authority.ca_file))
        super().__init__(LOOPBACK, mail.imap, ssl_context=context, timeout=10)

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        raw = socket.create_connection((self.host, self.port), timeout)
        return self.ssl_context.wrap_socket(raw, server_hostname=self._name)

    def sign_in(self, address: str = ALICE, password: str = PASSWORD) -> bytes:
        """What the server says to it."""
        plain = f"\0{address}\0{password}".encode()
        return bytes(self.authenticate("PLAIN", lambda _: plain)[1][0])


class Smtp(smtplib.SMTP_SSL):
    """Submission on a port of loopback, likewise."""

    def __init__(self, world: World, mail: MailServer) -> None:
        context = ssl.create_default_context(cafile=str(world.authority.ca_file))
        super().__init__(
            LOOPBACK, mail.submission, local_hostname="localhost", context=context, timeout=10
        )
        self.ehlo()

    def _get_socket(self, host: str, port: int, timeout: float) -> ssl.SSLSocket:  # type: ignore[override]
        raw = socket.create_connection((host, port), timeout)
        return self.context.wrap_socket(raw, server_hostname="smtp.example.test")

    def sign_in(self, address: str = ALICE, password: str = PASSWORD) -> int:
        """The code of the server's reply."""
        import base64

        plain = base64.b64encode(f"\0{address}\0{password}".encode()).decode()
        return self.docmd("AUTH", f"PLAIN {plain}")[0]


def _send(smtp: Smtp, recipient: str, subject: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = ALICE, recipient, subject
    message.set_content("hello")
    smtp.send_message(message)


def test_a_message_goes_round(inboxlink_world: World, inboxlink_mail: MailServer) -> None:
    """What is sent stands in the INBOX, over both protocols and by the fixture."""
    with Smtp(inboxlink_world, inboxlink_mail) as smtp:
        assert smtp.sign_in() == 235
        _send(smtp, ALICE, "around")
    with Imap(inboxlink_world, inboxlink_mail) as imap:
        imap.sign_in()
        imap.select("INBOX")
        assert imap.search(None, "SUBJECT", "around")[1] != [b""]
    assert any(b"Subject: around" in each for each in inboxlink_mail.messages(ALICE))
    assert inboxlink_mail.sign_ins == [
        SignIn(Protocol.SUBMISSION, ok=True),
        SignIn(Protocol.IMAP, ok=True),
    ]


def test_each_mailbox_has_its_password(inboxlink_world: World) -> None:
    """Two people have a mailbox each; mail goes from the one to the other and to nobody else."""
    mail = inboxlink_world.mail({ALICE: PASSWORD, BOB: "of Bob"})
    with Smtp(inboxlink_world, mail) as smtp:
        assert smtp.sign_in(BOB, PASSWORD) == 535
        assert smtp.sign_in(BOB, "of Bob") == 235
        _send(smtp, BOB.upper(), "to myself")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            _send(smtp, "carol@example.test", "to nobody")
    assert len(mail.messages(BOB)) == 1
    with Imap(inboxlink_world, mail) as imap:
        with pytest.raises(imaplib.IMAP4.error):
            imap.sign_in(BOB, PASSWORD)
        assert imap.sign_in(BOB, "of Bob")


def test_each_wrong_password_is_counted(inboxlink_world: World, inboxlink_mail: MailServer) -> None:
    """Whoever must not send a wrong one twice is seen to, at both servers."""
    with Imap(inboxlink_world, inboxlink_mail) as imap:
        for _ in range(2):
            with pytest.raises(imaplib.IMAP4.error):
                imap.login(ALICE, "wrong")
    with Smtp(inboxlink_world, inboxlink_mail) as smtp:
        assert smtp.sign_in(ALICE, "wrong") == 535
    assert inboxlink_mail.sign_ins == [
        *[SignIn(Protocol.IMAP, ok=False)] * 2,
        SignIn(Protocol.SUBMISSION, ok=False),
    ]


def test_a_sign_in_is_refused_for_another_reason(
    inboxlink_world: World, inboxlink_mail: MailServer
) -> None:
    """A right password hears the words of the fault, once at each server, and then goes through."""
    inboxlink_mail.faults.at_imap(refused("NO [UNAVAILABLE] later"), times=1)
    inboxlink_mail.faults.at_submission(refused("454 4.7.0 later"), times=1)
    Imap(inboxlink_world, inboxlink_mail).shutdown()  # who only looks around uses up no refusal
    with (
        Imap(inboxlink_world, inboxlink_mail) as imap,
        pytest.raises(imaplib.IMAP4.error, match="UNAVAILABLE"),
    ):
        imap.sign_in()
    with Smtp(inboxlink_world, inboxlink_mail) as smtp:
        assert smtp.sign_in() == 454
    with Imap(inboxlink_world, inboxlink_mail) as imap:
        imap.sign_in()
    assert [each.ok for each in inboxlink_mail.sign_ins] == [False, False, True]


def test_a_server_turns_away_or_hangs_up(
    inboxlink_world: World, inboxlink_mail: MailServer
) -> None:
    """Its words come in place of the greeting; a connection that is cut has none."""
    faults = inboxlink_mail.faults
    faults.at_imap(turned_away("* BYE [UNAVAILABLE] maintenance"), times=1)
    with pytest.raises(imaplib.IMAP4.error, match="maintenance"):
        Imap(inboxlink_world, inboxlink_mail)
    faults.at_submission(turned_away("421 4.3.2 closing"), times=1)
    with pytest.raises(smtplib.SMTPConnectError) as caught:
        Smtp(inboxlink_world, inboxlink_mail)
    assert caught.value.smtp_code == 421
    faults.at_submission(cut(), times=1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        Smtp(inboxlink_world, inboxlink_mail)


def test_a_silent_server_says_nothing(inboxlink_world: World, inboxlink_mail: MailServer) -> None:
    """TLS is up, and no greeting comes; taken away, the next one is greeted."""
    inboxlink_mail.faults.at_imap(silent())
    context = ssl.create_default_context(cafile=str(inboxlink_world.authority.ca_file))
    raw = socket.create_connection((LOOPBACK, inboxlink_mail.imap), 0.3)
    with (
        context.wrap_socket(raw, server_hostname="imap.example.test") as sock,
        pytest.raises(TimeoutError),
    ):
        sock.recv(1)
    inboxlink_mail.faults.clear()
    with Imap(inboxlink_world, inboxlink_mail) as imap:
        assert b"OK" in imap.welcome


def test_a_certificate_of_a_test_is_shown(inboxlink_world: World) -> None:
    """One that has expired is what a client meets."""
    expired = inboxlink_world.authority.issue("imap.example.test", days_left=-1)
    mail = inboxlink_world.mail({ALICE: PASSWORD}, certificate=expired)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        Imap(inboxlink_world, mail)


def test_no_password_is_taken_before_starttls(inboxlink_mail: MailServer) -> None:
    """Both servers say so, and nothing reaches what is behind them."""
    with imaplib.IMAP4(LOOPBACK, inboxlink_mail.imap_starttls, timeout=10) as imap:
        assert "LOGINDISABLED" in imap.capabilities
        with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
            imap.login(ALICE, "x")
    with smtplib.SMTP(LOOPBACK, inboxlink_mail.submission_starttls, timeout=10) as smtp:
        smtp.ehlo()
        assert smtp.docmd("AUTH", "PLAIN AHgAeA==")[0] == 530
        smtp.close()
    assert inboxlink_mail.sign_ins == []


def test_who_has_not_spoken_yet_is_not_left_behind(inboxlink_world: World) -> None:
    """A server that ends closes what it has accepted, also where TLS has not begun."""
    certificate = inboxlink_world.authority.issue("imap.example.test")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for _ in range(6):
            with ExitStack() as clients, MailServer(certificate, {ALICE: PASSWORD}) as mail:
                for port in 2 * (mail.imap, mail.imap_starttls, mail.submission):
                    clients.enter_context(socket.create_connection((LOOPBACK, port), 10))
        gc.collect()
    assert [str(each.message) for each in warned] == []
