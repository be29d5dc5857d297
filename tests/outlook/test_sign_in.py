"""The sign-in in a browser, against an authorization server that others wrote."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from inboxlink.testing.peers.faults import (
    HTML,
    HUGE,
    busy,
    changed,
    instead,
    redirected_with,
    unavailable,
)
from inboxlink.testing.peers.web import json_answer
from inboxlink.types.context import Previous
from inboxlink.types.credential import SecretName
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.disclosure import Audience, Capability
from inboxlink.types.steps import Abort, Callback, Done, Redirect
from inboxlink.types.text import Text
from inboxlink.types.way import Way
from inboxlink_outlook import policy
from outlook.world import REDIRECT, Visit
from peers.oauth.microsoft import TENANT, WEB
from peers.oauth.worlds import ALICE, BOB, CAROL, MicrosoftWorld

GRAPH = "https://graph.microsoft.com/"


def detected(tenant: str) -> Detection:
    return Detection("outlook", Basis.HOSTED_MX, Text("x"), settings={"tenant": tenant})


def test_a_person_signs_in(microsoft_world: MicrosoftWorld) -> None:
    """From the request to the credential: PKCE, the disclosed scopes, and whose account it is."""
    # req 55, 56, 58, 107
    visit = Visit(microsoft_world)
    done = visit.done()
    credential = done.credential
    assert credential.account == f"{ALICE.oid}.{TENANT}"
    assert set(credential.scopes) == {
        *("User.Read", "MailboxSettings.Read", "Mail.Read", "Mail.Send")
    }
    assert set(credential.secrets) == {SecretName.ACCESS_TOKEN, SecretName.TOKEN_CACHE}
    assert credential.expires_at is not None
    assert 3500 < (credential.expires_at - visit.clock()).total_seconds() <= 3600
    assert done.settings == {"tenant": TENANT}
    assert done.endpoints == ()
    (call,) = microsoft_world.server.token_calls()
    assert call.grant_type == "authorization_code"
    assert call.has_verifier
    assert not call.has_secret
    said = microsoft_world.server.introspect(credential.secret(SecretName.ACCESS_TOKEN))
    assert said["active"]


def test_the_cache_holds_this_account_alone(microsoft_world: MicrosoftWorld) -> None:
    """What is kept is msal's own form, with one account and one refresh token."""
    kept = json.loads(Visit(microsoft_world).done().credential.secret(SecretName.TOKEN_CACHE))
    assert [each["username"] for each in kept["Account"].values()] == [ALICE.login]
    assert len(kept["RefreshToken"]) == 1
    assert len(kept["AccessToken"]) == 1


def test_the_account_is_chosen_and_nothing_more_is_asked(microsoft_world: MicrosoftWorld) -> None:
    """The request offers the account chooser with the address, and never forces a consent."""
    # req 56, 57
    begun = Visit(microsoft_world).begin()
    assert isinstance(begun, Redirect)
    url = urlsplit(begun.url)
    asked = {name: value for name, (value,) in parse_qs(url.query).items()}
    assert (url.scheme, url.netloc) == ("https", "login.microsoftonline.com")
    assert asked["prompt"] == "select_account"
    assert asked["login_hint"] == ALICE.login
    assert asked["response_mode"] == "query"
    assert asked["code_challenge_method"] == "S256"
    assert set(asked["scope"].split()) == {
        *("User.Read", "MailboxSettings.Read", "Mail.Read", "Mail.Send"),
        *("openid", "profile", "offline_access"),
    }
    assert begun.issuer is None
    assert not begun.is_issuer_needed
    assert begun.hint is not None
    assert begun.hint.params["redirect_uri"] == REDIRECT


def test_the_verifier_is_in_the_sealed_state_alone(microsoft_world: MicrosoftWorld) -> None:
    """Neither the address nor what a log would show of the step has the PKCE verifier."""
    # OA4
    begun = Visit(microsoft_world).begin()
    assert isinstance(begun, Redirect)
    verifier = begun.state["flow"]["code_verifier"]  # type: ignore[index, call-overload]
    assert isinstance(verifier, str)
    assert len(verifier) >= 43
    assert verifier not in begun.url
    assert verifier not in repr(begun)
    assert verifier not in str(begun)


@pytest.mark.parametrize(
    ("settings", "before", "found", "there"),
    [
        ({}, None, "", "common"),
        ({}, None, "organizations", "organizations"),
        ({}, None, "consumers", "consumers"),
        ({}, None, TENANT, TENANT),
        ({}, TENANT, "organizations", TENANT),
        ({"tenant": "example.test"}, TENANT, "organizations", "example.test"),
    ],
)
def test_the_sign_in_page_is_the_right_ones(
    microsoft_world: MicrosoftWorld,
    settings: dict[str, str],
    before: str | None,
    found: str,
    there: str,
) -> None:
    """The operator's tenant, else the one of before, else the one that was detected, else any."""
    visit = Visit(microsoft_world)
    visit.settings |= settings
    visit.detection = detected(found) if found else visit.detection
    visit.previous = Previous(None, {"tenant": before}, ()) if before else None
    begun = visit.begin()
    assert isinstance(begun, Redirect)
    assert urlsplit(begun.url).path == f"/{there}/oauth2/v2.0/authorize"
    assert isinstance(visit.returns(begun), Done)


def test_a_personal_account_signs_in(microsoft_world: MicrosoftWorld) -> None:
    """An account of Outlook.com has the tenant of all personal accounts."""
    visit = Visit(microsoft_world, address=CAROL.login, account=CAROL)
    visit.detection = detected("consumers")
    assert visit.done().credential.account == f"{CAROL.oid}.{CAROL.tenant}"


def test_a_team_signs_in_the_same_way(microsoft_world: MicrosoftWorld) -> None:
    """A team's address is connected as Microsoft 365, as IMAP's refusal says."""
    # req 89, 92
    assert isinstance(Visit(microsoft_world, audience=Audience.TEAM).sign_in(), Done)


@pytest.mark.parametrize("wanted", Capability)
def test_only_one_direction_is_asked_for(
    microsoft_world: MicrosoftWorld, wanted: Capability
) -> None:
    """Who wants to read alone is asked for no permission to send, and the other way round."""
    visit = Visit(microsoft_world, wanted=frozenset({wanted}))
    named = {"receive": "Mail.Read", "send": "Mail.Send"}[wanted.value]
    assert set(visit.done().credential.scopes) == {"User.Read", "MailboxSettings.Read", named}


@pytest.mark.parametrize("kind", ["secret", "certificate"])
def test_a_web_site_proves_itself(microsoft_world: MicrosoftWorld, kind: str) -> None:
    """With a secret or a certificate the application is a confidential client, still with PKCE."""
    client = WEB if kind == "secret" else microsoft_world.certified
    (redirect_uri,) = client.redirect_uris
    visit = Visit(microsoft_world, ways=frozenset({Way.REDIRECT}), redirect_uri=redirect_uri)
    visit.settings = {"client_id": client.client_id}
    if kind == "secret":
        assert client.secret is not None
        visit.settings["client_secret"] = client.secret
    else:
        files = microsoft_world.certificate
        visit.settings["certificate"] = files.cert.read_text() + files.key.read_text()
    assert isinstance(visit.sign_in(), Done)
    (call,) = microsoft_world.server.token_calls()
    assert call.has_verifier
    assert call.has_secret


def test_scopes_may_come_back_with_graphs_address(microsoft_world: MicrosoftWorld) -> None:
    """The two spellings of a permission are one; what is more than was asked for is no fault."""
    # OA13
    names = ("User.Read", "MailboxSettings.Read", "Mail.Read", "Mail.Send", "Mail.ReadBasic")
    spelt = " ".join(GRAPH + name for name in names) + " openid profile"
    microsoft_world.faults.at_token(changed(scope=spelt))
    assert Visit(microsoft_world).done().credential.scopes == names


def test_one_direction_that_was_not_granted_is_left_out(microsoft_world: MicrosoftWorld) -> None:
    """Without the permission to send, the sign-in comes to its end and says what it has."""
    granted = "User.Read MailboxSettings.Read Mail.Read openid"
    microsoft_world.faults.at_token(changed(scope=granted))
    assert Visit(microsoft_world).done().credential.scopes == (
        *("User.Read", "MailboxSettings.Read", "Mail.Read"),
    )


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ("Mail.Read Mail.Send MailboxSettings.Read", "User.Read"),
        ("Mail.Read Mail.Send User.Read", "MailboxSettings.Read"),
        ("User.Read MailboxSettings.Read", "Mail.Read, Mail.Send"),
    ],
)
def test_what_is_needed_and_not_granted_is_named(
    microsoft_world: MicrosoftWorld, granted: str, missing: str
) -> None:
    """Without whose mailbox it is, or without either direction, there is nothing to connect."""
    # OA13
    microsoft_world.faults.at_token(changed(scope=granted))
    found = Visit(microsoft_world).sign_in()
    assert isinstance(found, Abort)
    assert found.error.code == "scope_not_granted"
    assert found.error.message.params == {"scopes": missing}


def test_without_a_refresh_token_nothing_is_connected(microsoft_world: MicrosoftWorld) -> None:
    """An access that ends within the hour is told, and not taken for a connection."""
    microsoft_world.faults.at_token(changed(refresh_token=None))
    found = Visit(microsoft_world).sign_in()
    assert isinstance(found, Abort)
    assert found.error.message.params == {"scopes": "offline_access"}


ELSEWHERE = "99999999-0000-4000-8000-000000000009"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody-else"},
        {"iss": f"https://login.microsoftonline.com/{ELSEWHERE}/v2.0"},
        {"iss": f"https://evil.example/{TENANT}/v2.0"},
        {"tid": ELSEWHERE},
        {"tid": "not a tenant"},
        {"tid": None},
        {"oid": None},
        {"oid": "../../alice"},
        {"exp": 1},
    ],
    ids=str,
)
def test_an_id_token_of_another_is_refused(
    microsoft_world: MicrosoftWorld, claims: dict[str, Any]
) -> None:
    """Whose account it is comes from a token for this application and of its tenant, or not."""
    # OA10, OA12
    microsoft_world.faults.at_token(microsoft_world.server.id_token_with(**claims))
    assert Visit(microsoft_world).refused() == "wrong_account"


def test_an_id_token_of_another_sign_in_is_refused(microsoft_world: MicrosoftWorld) -> None:
    """Its nonce is that of this sign-in."""
    microsoft_world.faults.at_token(microsoft_world.server.id_token_with(nonce="another"))
    assert Visit(microsoft_world).refused() == "protocol_error"


def test_an_account_of_another_tenant_than_the_operators_is_refused(
    microsoft_world: MicrosoftWorld,
) -> None:
    """An operator's tenant holds, whatever the sign-in page let in."""
    visit = Visit(microsoft_world, address=CAROL.login, account=CAROL)
    visit.settings["tenant"] = TENANT
    assert visit.refused() == "wrong_account"


def test_without_an_id_token_nobody_signed_in(microsoft_world: MicrosoftWorld) -> None:
    """A token answer that does not say whose it is fails closed."""
    # OA12
    microsoft_world.faults.at_token(changed(id_token=None))
    assert Visit(microsoft_world).refused() == "wrong_account"


@pytest.mark.parametrize("where", ["sign_in", "consent"])
def test_a_person_may_say_no(microsoft_world: MicrosoftWorld, where: str) -> None:
    """Who cancels at Microsoft is told that nothing is connected, and no token was asked for."""
    assert Visit(microsoft_world).refused(declines=where) == "consent_declined"
    assert microsoft_world.server.token_calls() == []


def test_a_code_counts_once(microsoft_world: MicrosoftWorld) -> None:
    """An answer that comes a second time is too late, and is not taken for a grant that ended."""
    visit = Visit(microsoft_world)
    redirect = visit.begin()
    assert isinstance(redirect, Redirect)
    there = visit.person().sign_in(redirect.url, visits_redirect=False)
    params = {name: value for name, (value,) in parse_qs(urlsplit(there.address).query).items()}
    assert isinstance(visit.answer(redirect, params), Done)
    again = visit.answer(redirect, params)
    assert isinstance(again, Abort)
    assert again.error.code == "sign_in_timed_out"


def test_an_answer_of_nothing_is_refused(microsoft_world: MicrosoftWorld) -> None:
    """A callback with neither a code nor an error asks Microsoft for nothing."""
    visit = Visit(microsoft_world)
    redirect = visit.begin()
    assert isinstance(redirect, Redirect)
    found = visit.answer(redirect, {"state": visit.oauth_state})
    assert isinstance(found, Abort)
    assert found.error.code == "protocol_error"
    assert microsoft_world.server.token_calls() == []


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (lambda faults: faults.at_token(unavailable(503)), "server_unavailable"),
        (lambda faults: faults.at_token(busy(7)), "rate_limited"),
        (lambda faults: faults.at_token(instead(HTML)), "protocol_error"),
        (lambda faults: faults.at_token(instead(HUGE)), "response_too_large"),
        (lambda faults: faults.at_token(instead(json_answer(200, []))), "protocol_error"),
        (lambda faults: faults.at_token(changed(access_token=None)), "protocol_error"),
        (lambda faults: faults.at_token(changed(expires_in="soon")), "protocol_error"),
        (lambda faults: faults.at_metadata(unavailable(502)), "server_unavailable"),
        (lambda faults: faults.at_metadata(busy(7)), "rate_limited"),
        (lambda faults: faults.at_metadata(instead(HTML)), "protocol_error"),
        (lambda faults: faults.at_metadata(instead(json_answer(200, 5))), "protocol_error"),
    ],
)
def test_an_authorization_server_in_trouble_is_told_as_such(
    microsoft_world: MicrosoftWorld, place: Callable[[Any], None], code: str
) -> None:
    """Outages and nonsense are coded errors of the server, and none of the person."""
    visit = Visit(microsoft_world)
    redirect = visit.begin()
    place(microsoft_world.faults)
    found = visit.returns(redirect)
    assert isinstance(found, Abort)
    assert found.error.code == code
    if code == "rate_limited":
        assert found.error.retry_after_s == 7


@pytest.mark.parametrize(
    "changes",
    [
        {"token_endpoint": "https://evil.example/token"},
        {"authorization_endpoint": "https://login.microsoftonline.com.evil.example/authorize"},
        {"device_authorization_endpoint": "http://login.microsoftonline.com/devicecode"},
        {"issuer": "https://evil.example/v2.0"},
        {"issuer": f"https://login.microsoftonline.com/{ELSEWHERE}/v2.0"},
        {"issuer": None},
        {"token_endpoint": None},
    ],
    ids=str,
)
def test_metadata_that_lead_elsewhere_are_refused(
    microsoft_world: MicrosoftWorld, changes: dict[str, Any]
) -> None:
    """The endpoints are of the one host, and the issuer is the tenant that was asked about."""
    # OA10
    microsoft_world.faults.at_metadata(changed(**changes))
    visit = Visit(microsoft_world, detection=detected(TENANT))
    found = visit.begin()
    assert isinstance(found, Abort)
    assert found.error.code == "issuer_mismatch"


def test_a_redirect_at_the_token_endpoint_is_not_followed(microsoft_world: MicrosoftWorld) -> None:
    """What was sent there goes nowhere else."""
    from inboxlink.testing.peers.web import Answer

    there = Answer(307, b"", [("Location", "https://graph.microsoft.com/token")])
    microsoft_world.faults.at_token(instead(there))
    assert Visit(microsoft_world).refused() == "protocol_error"
    assert microsoft_world.api.calls == []


def test_an_error_that_nobody_knows_is_shown_in_its_own_words(
    microsoft_world: MicrosoftWorld,
) -> None:
    """Nothing is guessed; control characters are taken out."""
    odd = redirected_with(code=None, error="odd", error_description="AADSTS999: \x1b[31mred")
    microsoft_world.faults.at_authorization(odd)
    found = Visit(microsoft_world).sign_in()
    assert isinstance(found, Abort)
    assert found.error.code == "remote_error"
    assert found.error.remote == "AADSTS999: [31mred"


def test_a_national_cloud_is_refused_before_anything_is_sent(
    microsoft_world: MicrosoftWorld,
) -> None:
    """What detection refused is refused, whoever asks."""
    # req 53, 54
    from inboxlink.evidence import table

    fact = table.fact("microsoft_365", "mx")
    refusal = policy.national_cloud(fact)
    visit = Visit(microsoft_world)
    visit.detection = Detection("outlook", Basis.HOSTED_MX, Text("x"), unsupported=refusal)
    found = visit.begin()
    assert isinstance(found, Abort)
    assert found.error.code == "national_cloud_unsupported"
    assert microsoft_world.server.authorizations == []


def test_a_host_without_any_way_is_told(microsoft_world: MicrosoftWorld) -> None:
    """Where no answer can come back, nothing is begun."""
    found = Visit(microsoft_world, redirect_uri=None).begin()
    assert isinstance(found, Abort)
    assert found.error.code == "way_unavailable"


def test_an_answer_to_no_question_is_refused() -> None:
    """A step that nobody waits for ends the sign-in, without a look at its state."""
    found = Visit().step("nowhere", {}, Callback(params={"code": "x"}))
    assert isinstance(found, Abort)
    assert found.error.code == "answer_mismatch"


def test_somebody_else_signs_in_as_themselves(microsoft_world: MicrosoftWorld) -> None:
    """The credential is of who signed in; that it is another mailbox, verification tells."""
    assert Visit(microsoft_world, account=BOB).done().credential.account.startswith(BOB.oid)
