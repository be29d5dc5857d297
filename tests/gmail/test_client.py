"""What `inboxlink doctor` finds wrong with a registration."""

import json

import pytest

from gmail.world import REGISTERED, Host
from inboxlink.errors import Blame, Kind
from inboxlink.testing.peers.faults import HTML, Fault, instead, unavailable
from inboxlink_gmail import provider
from peers.oauth.google import DESKTOP, WEB
from peers.oauth.google_answers import token_error

ID, SECRET = REGISTERED["client_id"], REGISTERED["client_secret"]
WHOLE_FILE = json.dumps({"installed": {"client_id": ID, "client_secret": SECRET}})


def keys(host: Host, settings: dict[str, str], *, online: bool = False) -> list[tuple[str, str]]:
    found = provider.check_client(host.but(settings=settings).hook_context(), online)
    assert all((each.kind, each.blame) == (Kind.SETUP, Blame.OPERATOR) for each in found)
    return [(each.code, each.message.params.get("setting") or each.message.key) for each in found]


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, [("client_missing", "client_id"), ("client_missing", "client_secret")]),
        ({"client_id": ID}, [("client_missing", "client_secret")]),
        ({"client_secret": SECRET}, [("client_missing", "client_id")]),
        (
            {"client_id": "123", "client_secret": SECRET},
            [("client_invalid", "gmail.client.id_malformed")],
        ),
        (
            {"client_id": f"a b{ID}", "client_secret": SECRET},
            [("client_invalid", "gmail.client.id_malformed")],
        ),
        (
            {"client_id": WHOLE_FILE, "client_secret": WHOLE_FILE},
            [
                ("client_invalid", "gmail.client.id_is_file"),
                ("client_invalid", "gmail.client.secret_is_file"),
            ],
        ),
        (
            {"client_id": ID, "client_secret": ID},
            [("client_invalid", "gmail.client.secret_is_id")],
        ),
        (
            {"client_id": ID, "client_secret": "GOCSPX-\n"},
            [("client_invalid", "gmail.client.secret_malformed")],
        ),
        (REGISTERED, []),
    ],
)
def test_settings_are_looked_at_offline(
    host: Host, settings: dict[str, str], found: list[tuple[str, str]]
) -> None:
    """What is missing, malformed or pasted into the wrong place is named, and nobody is asked."""
    for online in (False, True) if found else (False,):
        assert keys(host, settings, online=online) == found
    assert host.google.server.token_calls() == []


@pytest.mark.parametrize("client", [DESKTOP, WEB])
def test_google_is_asked_whether_it_knows_the_client(host: Host, client: object) -> None:
    """A client that Google knows is found right, by a code that it refuses; no token is left."""
    assert isinstance(client, type(DESKTOP))
    settings = {
        "client_id": client.client_id,
        "client_secret": client.secret or "",
        "redirect_uri": client.redirect_uris[0],
    }
    assert keys(host, settings, online=True) == []
    (call,) = host.google.server.token_calls()
    assert (call.grant_type, call.error) == ("authorization_code", "invalid_grant")


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_secret": "GOCSPX-of-somebody-else"},
        {"client_id": "9999999999-none.apps.googleusercontent.com"},
    ],
)
def test_a_client_that_google_does_not_know_is_refused(host: Host, wrong: dict[str, str]) -> None:
    """A wrong secret or id is told from a wrong code."""
    assert keys(host, {**REGISTERED, **wrong}, online=True) == [
        ("client_refused", "error.client_refused")
    ]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (token_error("redirect_uri_mismatch", "Bad Request"), "client_invalid"),
        (instead(HTML), "protocol_error"),
        (unavailable(503), "server_unavailable"),
    ],
)
def test_what_else_google_answers_is_passed_on(host: Host, fault: Fault, code: str) -> None:
    """Neither a page nor a server in trouble is taken for a good registration."""
    host.google.faults.at_token(fault)
    (found,) = provider.check_client(host.hook_context(), True)
    assert found.code == code


def test_tokens_for_an_invented_code_are_no_good_sign(host: Host) -> None:
    """A server that takes any code is not Google's."""
    from inboxlink.testing.peers.web import json_answer

    tokens = {"access_token": "x", "token_type": "Bearer", "expires_in": 60}
    host.google.faults.at_token(instead(json_answer(200, tokens)))
    (found,) = provider.check_client(host.hook_context(), True)
    assert found.code == "protocol_error"
