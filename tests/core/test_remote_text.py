"""What a server said, made fit to be shown."""

import base64
import time
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.remote_text import MAX_CHARACTERS, RemoteText

SECRET = 'pa"ss\\w/ö+rd 1'


@pytest.mark.parametrize(
    "said",
    [
        f"no, {SECRET}!",
        'LOGIN "ann" "' + SECRET.replace("\\", "\\\\").replace('"', '\\"') + '"',
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"\0ann@example.org\0{SECRET}".encode()).decode(),
        base64.b64encode(f"\0a\0{SECRET}".encode()).decode(),
        base64.b64encode(f"\0an\0{SECRET}".encode()).decode(),
        quote(SECRET, safe=""),
        SECRET.upper(),
    ],
)
def test_a_secret_does_not_come_back(said: str) -> None:
    """An echoed password is masked in the clear, quoted, percent-encoded and inside base64."""
    shown = RemoteText((SECRET,)).clean(said.encode()) or ""
    assert "•••" in shown
    for form in (SECRET, SECRET.upper(), "ss\\w", "w/ö+rd"):
        assert form not in shown
    assert not any(len(word) > 6 and word.isalnum() for word in shown.split())


@given(
    secret=st.text(min_size=6, max_size=30).filter(lambda text: text.strip() == text),
    before=st.text(max_size=5),
    after=st.text(max_size=5),
)
def test_no_encoding_of_a_secret_passes(secret: str, before: str, after: str) -> None:
    """Whatever stands around it, neither the secret nor base64 that holds it is shown."""
    octets = f"{before}{secret}{after}".encode()
    for said in (octets, base64.b64encode(octets)):
        shown = RemoteText((secret,)).clean(said) or ""
        assert secret not in shown
        assert said.decode() not in shown


@given(said=st.binary(max_size=2000))
def test_what_is_shown_is_short_and_harmless(said: bytes) -> None:
    """No control, format or separator character is left, and cleaning twice changes nothing."""
    text = RemoteText()
    shown = text.clean(said)
    if shown is not None:
        assert 0 < len(shown) <= MAX_CHARACTERS
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)
        assert text.clean(shown) == shown


def test_nothing_said_is_none() -> None:
    """White space alone is nothing."""
    assert RemoteText().clean(b" \r\n") is None


def test_a_long_line_takes_no_time() -> None:
    """What a hostile server repeats is masked in linear time."""
    said = b"A" * 65_536 + b" " + b"=" * 65_536
    began = time.perf_counter()
    RemoteText((SECRET, "AAAB")).clean(said)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("secret", ["x", "xy", "xyz", "p\u00e4", 'a"', "%", "correct horse"])
def test_a_text_that_is_the_secret_and_nothing_else(secret: str) -> None:
    """However short a secret is, a text of its very length is masked, in every form."""
    text = RemoteText((secret, "another that is longer"))
    quoted = secret.replace('"', '\\"')
    for said in (secret, secret.upper(), quoted, quote(secret, safe="")):
        assert text.clean(said) == "•••"
