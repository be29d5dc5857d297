"""The peers themselves, asked by the standard library."""

import imaplib
import smtplib
import ssl
import time
from email.message import EmailMessage

import pytest

from inboxlink.testing.peers.ports import LOOPBACK
from peers.certificates import Authority
from peers.dovecot import Dovecot, LoginAttempt
from peers.fixtures import ALICE, PASSWORDS
from peers.other_source import OtherSource


@pytest.fixture
def context(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.ca_file))


def test_dovecot_serves_imap_over_tls(dovecot: Dovecot, context: ssl.SSLContext) -> None:
    """A right password opens the INBOX over implicit TLS."""
    with imaplib.IMAP4_SSL("localhost", dovecot.imaps, ssl_context=context) as client:
        client.login(ALICE, PASSWORDS[ALICE])
        assert client.select("INBOX")[0] == "OK"
    _await_attempts(dovecot, 1)
    assert dovecot.attempts() == [LoginAttempt("imap", ALICE, ok=True)]


def test_dovecot_counts_each_wrong_password(dovecot: Dovecot, context: ssl.SSLContext) -> None:
    """Two wrong passwords over one connection, and one over submission, are three attempts."""
    with imaplib.IMAP4_SSL("localhost", dovecot.imaps, ssl_context=context) as client:
        for _ in range(2):
            with pytest.raises(imaplib.IMAP4.error):
                client.login(ALICE, "wrong")
    with smtplib.SMTP_SSL("localhost", dovecot.submissions, context=context) as sender:
        sender.ehlo()
        sender.user, sender.password = ALICE, "wrong"
        with pytest.raises(smtplib.SMTPAuthenticationError):
            sender.auth("PLAIN", sender.auth_plain)
    _await_attempts(dovecot, 3)
    assert [attempt.protocol for attempt in dovecot.attempts()] == ["imap", "imap", "submission"]
    assert not any(attempt.ok for attempt in dovecot.attempts())


def test_dovecot_counts_a_wrong_password_before_a_right_one(
    dovecot: Dovecot, context: ssl.SSLContext
) -> None:
    """Wrong passwords count even when the same connection then signs in."""
    with imaplib.IMAP4_SSL("localhost", dovecot.imaps, ssl_context=context) as client:
        for _ in range(2):
            with pytest.raises(imaplib.IMAP4.error):
                client.login(ALICE, "wrong")
        client.login(ALICE, PASSWORDS[ALICE])
    _await_attempts(dovecot, 3)
    assert [attempt.ok for attempt in dovecot.attempts()] == [False, False, True]


def test_dovecot_disables_login_in_the_clear(dovecot: Dovecot) -> None:
    """From another address, dovecot offers STARTTLS and refuses LOGIN before it."""
    with OtherSource(dovecot.imap) as other, imaplib.IMAP4(LOOPBACK, other.port) as client:
        assert {"STARTTLS", "LOGINDISABLED"} <= set(client.capabilities)


def test_submission_delivers_to_oneself(dovecot: Dovecot, context: ssl.SSLContext) -> None:
    """A message sent through submission with STARTTLS arrives in the INBOX."""
    message = EmailMessage()
    message["From"] = message["To"] = ALICE
    message["Subject"] = "to myself"
    message.set_content("hello")
    before = len(dovecot.messages(ALICE))
    with smtplib.SMTP("localhost", dovecot.submission) as sender:
        sender.starttls(context=context)
        sender.login(ALICE, PASSWORDS[ALICE])
        sender.send_message(message)
    assert len(dovecot.messages(ALICE)) == before + 1


def _await_attempts(dovecot: Dovecot, number: int) -> None:
    # Another process writes the log.
    deadline = time.monotonic() + 5
    while len(dovecot.attempts()) < number and time.monotonic() < deadline:
        time.sleep(0.02)
