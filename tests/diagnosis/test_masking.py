"""Secrets in what people paste."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.diagnosis.masking import MASK, masked

SECRET = "hunter2-Tr0ub4dor"
SASL = base64.b64encode(f"\0alice@example.org\0{SECRET}".encode()).decode()
TOKEN = "ya29.a0AfH6SMBx" + "Q" * 40

PASTED = {
    "SMTP AUTH": (f"C: AUTH PLAIN {SASL}\nS: 535 5.7.8 no", SASL),
    "SMTP AUTH in two lines": (f"S: 334 VXNlcm5hbWU6\nC: {SASL}\nS: 535 no", SASL),
    "IMAP AUTHENTICATE": (f"a1 AUTHENTICATE PLAIN {SASL}\r\na1 NO no", SASL),
    "IMAP continued": (f"+ \n{SASL}\na1 NO no", SASL),
    "IMAP LOGIN": (f"a1 LOGIN alice {SECRET}\na1 NO LOGIN failed.", SECRET),
    "IMAP LOGIN quoted": (f'a1 LOGIN "alice" "{SECRET}"\na1 NO no', SECRET),
    "IMAP LOGIN within a log": (f"sent: a1 LOGIN alice@example.org {SECRET} then NO", SECRET),
    "XOAUTH2": (f"AUTH XOAUTH2 {base64.b64encode(TOKEN.encode()).decode()}", "eWEyOS"),
    "a bearer header": (f"Authorization: Bearer {TOKEN}\n401", TOKEN),
    "a basic header": (f"Authorization: Basic {SASL}", SASL),
    "a form": (f"grant_type=refresh_token&refresh_token={SECRET}&client_id=x", SECRET),
    "JSON": (f'{{"access_token": "{SECRET}", "error": "invalid_grant"}}', SECRET),
    "JSON in a string": (f'{{\\"client_secret\\": \\"{SECRET}\\"}}', SECRET),
    "Python": (f"{{'password': '{SECRET}'}}", SECRET),
    "a configuration": (f"client_secret = {SECRET}\n", SECRET),
    "in so many words": (f"my password: {SECRET}", SECRET),
    "a redirect": (f"http://127.0.0.1/?code={SECRET}&state=abc&error=x", SECRET),
    "Google's token": (f"said {TOKEN} no", TOKEN),
    "Google's secret": ("with GOCSPX-abcdefghijklmnop no", "GOCSPX-abcdefghijklmnop"),
    "Google's refresh token": ("with 1//0abcdefghijklmnop no", "1//0abcdefghijklmnop"),
    "Microsoft's refresh token": ("with 0.AXoAabcdefghijkl no", "0.AXoAabcdefghijkl"),
    "a JSON Web Token": ("with eyJhbGciOi.eyJzdWIi.c2ln no", "eyJhbGciOi"),
    "a long run": (f"said {'aB3' * 20} no", "aB3aB3"),
}


@pytest.mark.parametrize("name", PASTED)
def test_a_secret_is_masked(name: str) -> None:
    """Where a secret stands there is a mask, and the rest stays."""
    text, secret = PASTED[name]
    clean = masked(text)
    assert secret not in clean
    assert MASK in clean


@pytest.mark.parametrize(
    "said",
    [
        "535 5.7.8 Username and Password not accepted. For more information, go to\n"
        "535 5.7.8  https://support.google.com/mail/?p=BadCredentials a1-20020a05.7 - gsmtp",
        "a1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate",
        "AADSTS50076: Due to a configuration change made by your administrator.",
        '{"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}}',
        'WWW-Authenticate: Bearer realm="x", error="invalid_token"',
        "a1 NO LOGIN failed.",
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    """The words of servers are left as they are."""
    assert masked(said) == said


@given(st.text(max_size=200))
def test_masking_twice_changes_nothing_that_is_masked(text: str) -> None:
    """A mask is not taken for a secret that spreads, and no text breaks it."""
    once = masked(text)
    assert masked(masked(once)) == masked(once)


@given(st.text(alphabet="abcdefghijkmnopqrstuvwxyzABCDEF23456789", min_size=8, max_size=64))
def test_any_password_of_a_login_is_masked(password: str) -> None:
    """What stands as the password of a LOGIN, a PLAIN or a form is gone, whatever it is."""
    sasl = base64.b64encode(f"\0me\0{password}".encode()).decode()
    for text in (
        f"a1 LOGIN me {password}",
        f'x LOGIN "me" "{password}"',
        f"AUTH PLAIN {sasl}",
        f"password={password}&x=1",
    ):
        clean = masked(text)
        assert password not in clean
        assert sasl not in clean
