"""An ID token from the token endpoint: meant for this application, of this sign-in, of now."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.errors import SignInError
from inboxlink.oauth.id_token import claims

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ISSUER, CLIENT, NONCE = "https://issuer.test", "client", "n-0S6_WzA2Mj"
GOOD = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "248289761001",
    "nonce": NONCE,
    "exp": (NOW + timedelta(hours=1)).timestamp(),
}


def encoded(payload: object) -> str:
    octets = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    middle = base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
    return f"e30.{middle}.c2ln"


def read(token: str, nonce: str | None = NONCE) -> Mapping[str, Any]:
    return claims(token, issuers=frozenset({ISSUER}), audience=CLIENT, nonce=nonce, now=NOW)


def is_refused(token: str, nonce: str | None = NONCE) -> bool:
    try:
        read(token, nonce)
    except SignInError as error:
        return error.code == "wrong_account"
    return False


def test_a_good_token_gives_its_claims() -> None:
    """What the token says comes back as it stands there."""
    assert read(encoded(GOOD)) == GOOD


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.test"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"iss": {}},
        {"aud": "other"},
        {"aud": None},
        {"aud": []},
        {"aud": [CLIENT, "other"]},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"aud": {CLIENT: 1}},
        {"nonce": "other"},
        {"nonce": None},
        {"nonce": "ü"},
        {"nonce": "\udcff"},
        {"nonce": [NONCE]},
        {"exp": (NOW - timedelta(minutes=11)).timestamp()},
        {"exp": "later"},
        {"exp": True},
        {"exp": None},
        {"exp": float("nan")},
    ],
)
def test_another_value_is_refused(changed: dict[str, Any]) -> None:
    """Each claim that ties the token to this sign-in is needed, and odd values end typed."""
    assert is_refused(encoded({**GOOD, **changed}))


@pytest.mark.parametrize("name", ["iss", "aud", "nonce", "exp"])
def test_a_missing_claim_is_refused(name: str) -> None:
    """A token that leaves one out says nothing about this sign-in."""
    assert is_refused(encoded({key: value for key, value in GOOD.items() if key != name}))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "other"], "azp": CLIENT},
        {"exp": (NOW - timedelta(minutes=9)).timestamp()},
        {"more": {"than": ["was", "known"]}},
    ],
)
def test_what_means_the_same_is_taken(changed: dict[str, Any]) -> None:
    """A list with one audience, an authorised party, a clock some minutes off, more claims."""
    assert read(encoded({**GOOD, **changed}))["sub"] == GOOD["sub"]


def test_without_a_nonce_none_is_compared() -> None:
    """Where none was sent, one in the token changes nothing."""
    assert read(encoded(GOOD), nonce=None)["sub"] == GOOD["sub"]


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c.d",
        "e30.!!!.c2ln",
        "e30.\udcff.c2ln",
        "e30.ü.c2ln",
        encoded(b"\xff\xfe"),
        encoded(b"{"),
        encoded([]),
        encoded("text"),
        encoded(b"[" * 20_000),
        encoded(b'{"exp": ' + b"9" * 5000 + b"}"),
        encoded({**GOOD, "filler": "x" * 40_000}),
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    """Half tokens, other encodings, depth and length end as `wrong_account`, not as a traceback."""
    assert is_refused(token)


@given(st.text(max_size=200))
def test_any_text_is_refused_typed(text: str) -> None:
    """Nothing that a server can put there raises anything else."""
    assert is_refused(text)
    assert is_refused(f"a.{text}.b")


@given(
    st.dictionaries(
        st.sampled_from(["iss", "aud", "nonce", "exp", "azp", "sub"]),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.just(CLIENT),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2)
            ),
            max_leaves=4,
        ),
    )
)
def test_any_claims_are_judged(payload: dict[str, Any]) -> None:
    """Claims of any kind are taken or refused, and never taken for another issuer."""
    assert is_refused(encoded(payload)) or payload["iss"] == ISSUER
