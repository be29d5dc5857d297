"""What refusals mean."""

import pytest

from inboxlink.errors import CODES, Kind
from inboxlink_imap import reply_codes
from inboxlink_imap.reply_codes import imap_refusal, smtp_auth_refusal, smtp_refusal


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("[AUTHENTICATIONFAILED] Authentication failed.", "invalid_credentials"),
        ("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", "invalid_credentials"),
        ("[ALERT] Application-specific password required: https://x", "app_password_required"),
        ("[AUTHENTICATIONFAILED] Use an app-specific password", "app_password_required"),
        ("[WEBALERT https://accounts.google.com/x] Web login required.", "sign_in_refused"),
        ("[ALERT] Please log in via your web browser", "sign_in_refused"),
        ("[AUTHORIZATIONFAILED] no", "sign_in_refused"),
        ("[EXPIRED] That password is over", "credentials_expired"),
        ("[PRIVACYREQUIRED] TLS first", "login_disabled"),
        ("[UNAVAILABLE] Temporary authentication failure.", "server_unavailable"),
        ("[CONTACTADMIN] ask", "server_unavailable"),
        ("[INUSE] later", "server_unavailable"),
        ("[SERVERBUG] oops", "server_unavailable"),
        ("[LIMIT] Too many simultaneous connections", "too_many_connections"),
        ("[ALERT] [UNAVAILABLE] later", "server_unavailable"),
        ("[X-UNKNOWN] no", "invalid_credentials"),
        ("LOGIN failed.", "invalid_credentials"),
    ],
)
def test_imap(said: str, code: str) -> None:
    """RFC 5530 codes and two providers' words tell a wrong password from a server in trouble."""
    assert imap_refusal(said, "invalid_credentials") == code


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (535, "5.7.8 Username and Password not accepted", "invalid_credentials"),
        (535, "5.7.3 Authentication unsuccessful", "invalid_credentials"),
        (535, "no", "invalid_credentials"),
        (535, "5.7.139 Authentication unsuccessful, SmtpClientAuthentication", "login_disabled"),
        (534, "5.7.9 Application-specific password required.", "app_password_required"),
        (534, "5.7.14 Please log in via your web browser", "sign_in_refused"),
        (534, "5.7.9 Mechanism too weak", "mechanism_unsupported"),
        (530, "5.7.0 Authentication required", "sign_in_refused"),
        (525, "5.7.13 Account disabled", "sign_in_refused"),
        (504, "5.5.4 Unrecognized", "mechanism_unsupported"),
        (454, "4.7.0 Temporary authentication failure", "server_unavailable"),
        (421, "4.7.0 Try later", "server_unavailable"),
        (432, "4.3.2 Concurrent connections limit exceeded", "too_many_connections"),
        (432, "4.7.12 A password transition is needed", "sign_in_refused"),
        (550, "5.7.1 go away", "remote_error"),
    ],
)
def test_smtp_auth(code: int, said: str, expected: str) -> None:
    """Enhanced status codes tell a wrong password, a policy and a server in trouble apart."""
    assert smtp_auth_refusal(code, said) == expected


def test_smtp_commands() -> None:
    """A 4yz to any command is the server's own trouble, a 5yz what the command was about."""
    assert smtp_refusal(450, "sender_refused") == "server_unavailable"
    assert smtp_refusal(553, "sender_refused") == "sender_refused"


def test_only_a_definite_no_counts_against_the_password() -> None:
    """Every meaning is in the core's catalogue, and trouble is never taken for a wrong secret."""
    tables = {**reply_codes._IMAP, **reply_codes._SMTP_AUTH}
    assert set(tables.values()) <= CODES.keys()
    for temporary in ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN", "OVERQUOTA"):
        assert CODES[reply_codes._IMAP[temporary]][0] is Kind.MAILBOX
