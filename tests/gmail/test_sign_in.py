"""The sign-in at Google's own pages, and every way in which it can end otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gmail.world import (
    READ,
    REDIRECT_URI,
    REGISTERED,
    SEND,
    Host,
    problem_of,
    query,
)
from inboxlink.errors import HostError
from inboxlink.testing.peers.faults import (
    HTML,
    HUGE,
    Fault,
    busy,
    changed,
    instead,
    redirected_with,
    unavailable,
)
from inboxlink.testing.peers.web import Answer, json_answer
from inboxlink.types.context import Previous, Purpose
from inboxlink.types.credential import CredentialKind, SecretName
from inboxlink.types.disclosure import Capability
from inboxlink.types.steps import Choose, Done, Menu, Start
from inboxlink.types.way import Way
from inboxlink_gmail import policy, provider
from peers.oauth.google import DESKTOP, WEB
from peers.oauth.google_answers import error_page, token_error
from peers.oauth.worlds import ALICE, BOB, GoogleWorld


def test_the_advanced_protection_program_is_asked_about_first(host: Host) -> None:
    """Before anybody is sent anywhere they are asked, and no is what saying nothing means."""
    # req 31
    menu = host.step(None, Start())
    assert isinstance(menu, Menu)
    assert [option.name for option in menu.options] == ["no", "yes"]
    assert menu.default == "no"
    assert host.google.server.authorizations == []


def test_the_advanced_protection_program_is_refused_with_its_reason(host: Host) -> None:
    """Who is enrolled is told so, and what to do instead; Google hears nothing of them."""
    # req 31
    menu = host.step(None, Start())
    assert isinstance(menu, Menu)
    found = problem_of(host.step(menu, Choose(option="yes")))
    assert found.code == "advanced_protection_unsupported"
    assert found.message == policy.ADVANCED_PROTECTION.because
    assert found.remedy == policy.ADVANCED_PROTECTION.instead
    assert host.google.server.authorizations == []


def test_who_comes_back_from_policy_enforced_is_told_the_same(host: Host) -> None:
    """An answer that names the program's policy ends as a yes to the question would have."""
    # req 31
    redirect = host.redirect()
    ended = host.answered(redirect, f"{REDIRECT_URI}?error=policy_enforced&state={host.states[-1]}")
    assert problem_of(ended).code == "advanced_protection_unsupported"


def test_who_never_comes_back_has_a_hint(host: Host) -> None:
    """Google's page about the policy leads nowhere; the step says what that page means."""
    # req 31
    host.google.faults.at_authorization(error_page())
    redirect = host.redirect()
    outcome = host.google.person().sign_in(redirect.url, visits_redirect=False)
    assert "policy_enforced" in outcome.page
    assert redirect.hint is not None
    assert redirect.hint.key == "gmail.redirect.hint"


def test_the_request_is_what_google_documents(host: Host) -> None:
    """An account chooser, the typed address, offline access, S256, a nonce, nothing of earlier."""
    # req 33, 34
    redirect = host.redirect()
    asked = query(redirect.url)
    assert redirect.url.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    assert redirect.issuer == "https://accounts.google.com"
    assert asked.pop("state") == host.states[-1]
    assert len(asked.pop("code_challenge")) == 43
    assert asked.pop("nonce") == redirect.state["nonce"]
    assert asked == {
        "response_type": "code",
        "client_id": DESKTOP.client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": f"openid email {READ} {SEND}",
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "select_account consent",
        "login_hint": ALICE.login,
        "include_granted_scopes": "false",
    }


def test_the_verifier_is_new_each_time_and_in_the_state_alone(host: Host) -> None:
    """Two sign-ins have nothing in common, and no address holds what the state seals."""
    first, second = host.redirect(), host.redirect()
    for name in ("verifier", "nonce"):
        assert first.state[name] != second.state[name]
    assert len(str(first.state["verifier"])) >= 43  # RFC 7636 section 4.1
    assert str(first.state["verifier"]) not in first.url


@pytest.mark.parametrize(
    ("wanted", "scopes"),
    [
        ((Capability.RECEIVE,), (READ,)),
        ((Capability.SEND,), (SEND,)),
        ((Capability.SEND, Capability.RECEIVE), (READ, SEND)),
    ],
)
def test_the_least_is_asked_for(
    host: Host, wanted: tuple[Capability, ...], scopes: tuple[str, ...]
) -> None:
    """Each wanted capability has one scope; the request, the step and the disclosures agree."""
    # req 35
    host = host.but(wanted=wanted)
    redirect = host.redirect()
    assert redirect.scopes == ("openid", "email", *scopes)
    assert query(redirect.url)["scope"].split() == ["openid", "email", *scopes]
    assert [each.scopes for each in host.disclosed()] == [scopes, scopes]


def test_a_person_signs_in(host: Host) -> None:
    """The chooser, the permissions and the code lead to a credential of that account alone."""
    # req 33, 34, 35
    before = datetime.now(UTC)
    done = host.done()
    credential = done.credential
    assert credential.kind is CredentialKind.OAUTH2
    assert credential.account == ALICE.sub
    assert credential.secrets.keys() == {SecretName.ACCESS_TOKEN, SecretName.REFRESH_TOKEN}
    assert {READ, SEND} <= set(credential.scopes)
    assert credential.expires_at is not None
    assert timedelta(minutes=55) < credential.expires_at - before <= timedelta(minutes=65)
    assert credential.grant_ends_at is None
    assert done.settings == {"account_address": ALICE.login}
    assert done.endpoints == ()
    (call,) = host.google.server.token_calls()
    assert (call.grant_type, call.client_id) == ("authorization_code", DESKTOP.client_id)
    assert call.has_verifier
    assert call.has_secret
    assert host.google.server.introspect(credential.secret(SecretName.ACCESS_TOKEN))["active"]


def test_a_web_client_comes_back_to_its_own_address(google_world: GoogleWorld) -> None:
    """With a redirect address of the operator's the other kind of client works the same."""
    host = Host(
        google_world,
        settings={"client_id": WEB.client_id, "client_secret": WEB.secret or ""},
        ways=frozenset({Way.REDIRECT}),
        redirect_uri=WEB.redirect_uris[0],
    )
    assert host.done().credential.account == ALICE.sub


def test_a_team_connects_the_same_way(host: Host) -> None:
    """An address that a team shares may be Gmail."""
    # req 89
    from inboxlink.types.disclosure import Audience

    assert host.but(audience=Audience.TEAM).done().credential.account == ALICE.sub


def test_a_scope_that_was_left_out_is_carried_on(host: Host) -> None:
    """An unticked box ends no sign-in: what was granted is kept as it was granted."""
    # req 35
    done = host.done(withheld=("gmail.readonly",))
    assert SEND in done.credential.scopes
    assert READ not in done.credential.scopes


@pytest.mark.parametrize(
    "variable", ["RELAX_TOKEN_SCOPE", "STRICT_TOKEN_TYPE", "INSECURE_TRANSPORT"]
)
def test_the_environment_of_oauthlib_changes_nothing(
    host: Host, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Fewer scopes, more scopes and no type of token end the same with a variable set or not."""
    faults, ends = host.google.faults, []
    for value in ("", "1"):
        monkeypatch.setenv(f"OAUTHLIB_{variable}", value)
        fewer = set(host.done(withheld=("gmail.send",)).credential.scopes) & {READ, SEND}
        faults.at_token(changed(scope=f"{SEND} {READ} openid extra"), times=1)
        more = host.done().credential.scopes
        faults.at_token(changed(token_type=None), times=1)
        ends.append((fewer, more, problem_of(host.sign_in()).code))
    assert ends[0] == ends[1]
    assert ends[0] == ({READ}, (SEND, READ, "openid", "extra"), "protocol_error")


def test_an_answer_without_scopes_means_all_of_them(host: Host) -> None:
    """RFC 6749 section 5.1: a token answer may leave out what was granted if it was all."""
    host.google.faults.at_token(changed(scope=None))
    assert host.done().credential.scopes == ("openid", "email", READ, SEND)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "consent_declined"),
        ("admin_policy_enforced", "admin_policy"),
        ("org_internal", "admin_policy"),
        ("policy_enforced", "advanced_protection_unsupported"),
        ("temporarily_unavailable", "server_unavailable"),
        ("server_error", "server_unavailable"),
        ("interaction_required", "interaction_required"),
        ("unauthorized_client", "client_refused"),
        ("something_new", "remote_error"),
    ],
)
def test_refusals_in_the_answer_are_named(host: Host, error: str, code: str) -> None:
    """Each error of Google's page that leads back has its own outcome, and nothing is exchanged."""
    redirect = host.redirect()
    ended = host.answered(redirect, f"{REDIRECT_URI}?error={error}&state={host.states[-1]}")
    assert problem_of(ended).code == code
    assert host.google.server.token_calls() == []


@pytest.mark.parametrize("where", ["sign_in", "consent"])
def test_no_at_google_is_no(host: Host, where: str) -> None:
    """A person who presses Cancel on Google's page is told that nothing is connected."""
    assert problem_of(host.sign_in(declines=where)).code == "consent_declined"


def test_an_answer_without_a_code_is_none(host: Host) -> None:
    """An address with the right state and no code says what it should have begun with."""
    redirect = host.redirect()
    found = problem_of(host.answered(redirect, f"{REDIRECT_URI}?state={host.states[-1]}"))
    assert found.code == "callback_invalid"
    assert found.remedy.params == {"begins": REDIRECT_URI}
    assert host.google.server.token_calls() == []


def test_a_code_is_good_once(host: Host) -> None:
    """The same answer a second time, or one for another verifier, is a sign-in to begin anew."""
    redirect = host.redirect()
    address = host.google.person().sign_in(redirect.url, visits_redirect=False).address
    other = redirect.model_copy(update={"state": {**redirect.state, "verifier": "v" * 64}})
    assert problem_of(host.answered(other, address)).code == "sign_in_timed_out"
    assert isinstance(host.answered(redirect, address), Done)
    assert problem_of(host.answered(redirect, address)).code == "sign_in_timed_out"
    assert isinstance(host.sign_in(), Done)


ODD_TOKENS: dict[str, tuple[Fault, str]] = {
    "a page": (instead(HTML), "protocol_error"),
    "20 MB": (instead(HUGE), "response_too_large"),
    "nothing": (instead(json_answer(200, {})), "protocol_error"),
    "a list": (instead(json_answer(200, [1])), "protocol_error"),
    "an error under 200": (
        instead(json_answer(200, {"error": "invalid_grant"})),
        "sign_in_timed_out",
    ),
    "a form": (instead(Answer(200, b"access_token=x&token_type=Bearer")), "protocol_error"),
    "no access token": (changed(access_token=None), "protocol_error"),
    "an empty access token": (changed(access_token=""), "protocol_error"),
    "a number for a token": (changed(access_token=7), "protocol_error"),
    "another type": (changed(token_type="mac"), "protocol_error"),
    "no time": (changed(expires_in=None), "protocol_error"),
    "words for a time": (changed(expires_in="abc"), "protocol_error"),
    "a week for an hour": (changed(expires_in=7 * 86400), "protocol_error"),
    "a time before": (changed(expires_in=-1), "protocol_error"),
    "a time beyond": (changed(expires_in=1e12), "protocol_error"),
    "a time without end": (changed(expires_in=float("inf")), "protocol_error"),
    "no time at all": (changed(expires_in=float("nan")), "protocol_error"),
    "a truth for a time": (changed(expires_in=True), "protocol_error"),
    "a list of scopes": (changed(scope=[SEND]), "protocol_error"),
    "no refresh token": (changed(refresh_token=None), "offline_access_missing"),
    "an empty refresh token": (changed(refresh_token=""), "offline_access_missing"),
    "no id token": (changed(id_token=None), "protocol_error"),
    "half an id token": (changed(id_token="a.b"), "wrong_account"),
    "an odd id token": (changed(id_token="a.\udcff.c"), "wrong_account"),
    "an expiry of its own": (changed(expires_at="never"), ""),
    "busy": (busy(7), "rate_limited"),
    "down": (unavailable(503), "server_unavailable"),
    "broken": (unavailable(500), "server_unavailable"),
    "refused client": (token_error("invalid_client", "Unauthorized", 401), "client_refused"),
    "another address": (token_error("redirect_uri_mismatch", "Bad Request"), "client_invalid"),
    "policy": (token_error("admin_policy_enforced", "no"), "admin_policy"),
    "unknown": (token_error("something_new", "what"), "remote_error"),
    "a redirect": (
        instead(json_answer(302, {}, Location="https://evil.test/token")),
        "protocol_error",
    ),
}


@pytest.mark.parametrize("name", ODD_TOKENS)
def test_whatever_the_token_endpoint_answers_has_a_name(host: Host, name: str) -> None:
    """Pages, floods, odd values and refusals end typed, and the next try goes through."""
    fault, code = ODD_TOKENS[name]
    host.google.faults.at_token(fault, times=1)
    ended = host.sign_in()
    if code:
        assert problem_of(ended).code == code
    assert isinstance(host.sign_in(), Done)


def test_patience_is_passed_on(host: Host) -> None:
    """How long Google asks to be left alone reaches whoever tries again."""
    host.google.faults.at_token(busy(7), times=1)
    assert problem_of(host.sign_in()).retry_after_s == 7


ID_TOKENS: dict[str, dict[str, Any]] = {
    "another application": {"aud": "other.apps.googleusercontent.com"},
    "several applications": {"aud": [DESKTOP.client_id, "other"]},
    "another sign-in": {"nonce": "another"},
    "an odd nonce": {"nonce": "ü"},
    "no nonce": {"nonce": None},
    "another issuer": {"iss": "https://evil.test"},
    "yesterday": {"exp": 1},
    "nobody": {"sub": ""},
    "a number": {"sub": 7},
}


@pytest.mark.parametrize("name", ID_TOKENS)
def test_an_id_token_of_something_else_is_refused(host: Host, name: str) -> None:
    """One that is meant for others, of another sign-in, too old or of nobody counts for nothing."""
    host.google.faults.at_token(host.google.server.id_token_with(**ID_TOKENS[name]))
    assert problem_of(host.sign_in()).code == "wrong_account"


@pytest.mark.parametrize(
    ("claims", "address"),
    [
        ({"email_verified": False}, None),
        ({"email_verified": "true"}, None),
        ({"hd": None}, None),
        ({"email": None}, None),
        ({"email": "not an address"}, None),
        ({"email": "ann@gmail.com", "hd": None}, "ann@gmail.com"),
        ({"iss": "accounts.google.com"}, ALICE.login),
    ],
)
def test_an_address_counts_only_where_google_keeps_it(
    host: Host, claims: dict[str, Any], address: str | None
) -> None:
    """Verified, and of a domain of Google's or of a Workspace: any other is anybody's claim."""
    host.google.faults.at_token(host.google.server.id_token_with(**claims))
    settings = {} if address is None else {"account_address": address}
    assert host.done().settings == settings


def test_somebody_else_cannot_take_a_connection_over(host: Host) -> None:
    """Signed in again by another account, the sign-in ends before a look at what is theirs."""
    again = host.but(purpose=Purpose.REAUTH, previous=Previous(ALICE.sub, {}, ()))
    assert isinstance(again.sign_in(), Done)
    found = problem_of(again.sign_in(BOB))
    assert found.code == "wrong_account"
    assert BOB.login in found.message.params["found"]


def test_an_app_in_testing_ends_after_a_week(host: Host) -> None:
    """Seven days where the operator said Testing, and Google's own time where it names one."""
    testing = host.but(settings={**REGISTERED, "testing": "true"})
    ends_at = testing.done().credential.grant_ends_at
    assert ends_at is not None
    assert abs(ends_at - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=5)
    host.google.faults.at_token(changed(refresh_token_expires_in=3600))
    ends_at = host.done().credential.grant_ends_at
    assert ends_at is not None
    assert abs(ends_at - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({}, "client_missing"),
        ({"client_id": DESKTOP.client_id}, "client_missing"),
        ({**REGISTERED, "client_id": "1234567890"}, "client_invalid"),
    ],
)
def test_without_a_registration_nothing_is_asked(
    host: Host, settings: dict[str, str], code: str
) -> None:
    """What the operator has to mend is said before the person is asked anything."""
    assert problem_of(host.but(settings=settings).step(None, Start())).code == code


@pytest.mark.parametrize(
    "changes", [{"ways": frozenset({Way.DEVICE})}, {"ways": frozenset()}, {"redirect_uri": None}]
)
def test_without_a_way_back_nothing_is_asked(host: Host, changes: dict[str, Any]) -> None:
    """A host that could only show a code is told which ways there are: Google allows none."""
    found = problem_of(host.but(**changes).step(None, Start()))
    assert found.code == "way_unavailable"
    assert found.remedy.params["ways"] == "loopback, paste, redirect"


def test_an_answer_of_another_server_is_stopped(host: Host) -> None:
    """One that names another issuer goes no further (RFC 9207), and no token endpoint is asked."""
    host.google.faults.at_authorization(redirected_with(iss="https://evil.test"))
    assert problem_of(host.sign_in()).code == "issuer_mismatch"
    assert host.google.server.token_calls() == []


def test_an_answer_with_another_state_is_stopped(host: Host) -> None:
    """Somebody else's answer never reaches the provider, and no token endpoint is asked."""
    host.google.faults.at_authorization(redirected_with(state="of somebody else"))
    with pytest.raises(HostError, match="answer_mismatch"):
        host.sign_in()
    assert host.google.server.token_calls() == []


def test_an_answer_to_another_step_is_none(host: Host) -> None:
    """A step that was never pending ends the sign-in with its name."""
    context: Any = host.call_context()
    for step in ("consent", "other"):
        found = problem_of(provider.authenticate(context, step, {}, Start()))
        assert (found.code, found.message.params) == ("answer_mismatch", {"step": step})
