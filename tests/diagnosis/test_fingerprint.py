"""The name of an error that no rule knows."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.diagnosis.fingerprint import fingerprint, remote_code

SAID = "599 5.9.99 Moon phase 3 for alice@example.org at mx1.example.org refused, id 4711abc"

SAME = [
    "599 5.9.99 Moon phase 8 for bob@example.net at mx7.other.example refused, id 0815fff",
    "599-5.9.99 moon phase 3 for <alice@example.org> at mx1.example.org refused, id 9",
    "599 5.9.99 Moon phase 2026-11-26T10:11:12Z for a.b+c@d.example at [192.0.2.1] refused,"
    " id 5f0c0a7e-6a55-4c0e-9f5e-0e4f3c1b2a10",
    "  599 5.9.99   Moon phase 3\n for x@y.example at https://mx1.example.org/?q=1 refused, id 1 ",
]

OTHER = [
    "599 5.9.98 Moon phase 3 for alice@example.org at mx1.example.org refused, id 4711abc",
    "598 5.9.99 Moon phase 3 for alice@example.org at mx1.example.org refused, id 4711abc",
    "599 5.9.99 Sun phase 3 for alice@example.org at mx1.example.org refused, id 4711abc",
    "599 5.9.99 Moon phase 3 for alice@example.org at mx1.example.org accepted, id 4711abc",
]


@pytest.mark.parametrize("said", SAME)
def test_the_same_error_has_the_same_one(said: str) -> None:
    """Whose it is, where and when it was said make no difference."""
    assert fingerprint(said) == fingerprint(SAID)


@pytest.mark.parametrize("said", OTHER)
def test_another_error_has_another_one(said: str) -> None:
    """Another code, or another word, is another error."""
    assert fingerprint(said) != fingerprint(SAID)


def test_it_stays_as_it_is() -> None:
    """It is part of what people report, so that a change of it would lose what they reported."""
    assert fingerprint(SAID) == "iuwqv4su"
    assert fingerprint("") == "4oymiquy"


@given(st.text())
def test_its_form(text: str) -> None:
    """Eight small letters and digits, whatever it is of."""
    assert re.fullmatch(r"[a-z2-7]{8}", fingerprint(text))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("599 5.9.99 moon", "599 5.9.99"),
        ("say 551 no", None),
        ("551 no", "551"),
        ("a1 NO [X-MOON] no", "X-MOON"),
        ("AADSTS999999: odd", "AADSTS999999"),
        ("<m:ResponseCode>ErrorMoonPhase</m:ResponseCode>", "ErrorMoonPhase"),
        ('{"error":"moon_phase"}', "moon_phase"),
        ("[SSL: MOON_PHASE] moon", "MOON_PHASE"),
        ("HTTP/1.1 418 I'm a teapot", "HTTP/1.1 418"),
        ("no code at all", None),
    ],
)
def test_the_other_sides_code_is_kept(said: str, code: str | None) -> None:
    """What has the form of a code is told beside the fingerprint."""
    assert remote_code(said) == code
