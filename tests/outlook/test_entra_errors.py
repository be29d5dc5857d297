"""What Microsoft's refusals mean."""

from urllib.parse import parse_qs, urlsplit

import pytest

from inboxlink.errors import CODES, Blame, Kind
from inboxlink.texts import Words
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.steps import Abort
from inboxlink.types.text import Text
from inboxlink_outlook.entra_errors import _CODES, OWN, problem_of
from inboxlink_outlook.registration import Registration, admin_consent_url
from outlook.world import Visit
from peers.oauth.microsoft import PUBLIC, TENANT
from peers.oauth.microsoft_answers import needs_admin, redirected_error, token_error
from peers.oauth.worlds import MicrosoftWorld

#: Code, what it means in a sign-in, and what in a renewal, where nobody sits before it.
MEANINGS = [
    (65001, "admin_consent_required", "consent_required"),
    (90094, "admin_consent_required", "consent_required"),
    (90095, "admin_consent_required", "consent_required"),
    (65004, "consent_declined", "consent_declined"),
    (53003, "admin_policy", "admin_policy"),
    (500011, "admin_policy", "admin_policy"),
    (50076, "interaction_required", "interaction_required"),
    (50079, "interaction_required", "interaction_required"),
    (50158, "interaction_required", "interaction_required"),
    (70008, "sign_in_timed_out", "grant_ended"),
    (700082, "sign_in_timed_out", "grant_ended"),
    (50173, "sign_in_timed_out", "grant_ended"),
    (7000222, "client_secret_expired", "client_secret_expired"),
    (7000215, "client_refused", "client_refused"),
    (700016, "client_refused", "client_refused"),
    (7000112, "client_refused", "client_refused"),
    (530032, "admin_policy", "admin_policy"),
    (50053, "sign_in_refused", "sign_in_refused"),
    (50126, "invalid_credentials", "invalid_credentials"),
    (50020, "account_foreign", "account_foreign"),
    (50057, "account_disabled", "account_disabled"),
    (50105, "account_not_assigned", "account_not_assigned"),
    (90038, "national_cloud_unsupported", "national_cloud_unsupported"),
    (90033, "server_unavailable", "server_unavailable"),
    (50196, "rate_limited", "rate_limited"),
    (90055, "rate_limited", "rate_limited"),
]


@pytest.mark.parametrize(("code", "signing_in", "renewing"), MEANINGS)
def test_a_code_is_read_wherever_it_stands(code: int, signing_in: str, renewing: str) -> None:
    """In the list of codes or in the description, the same code means the same."""
    # MS2
    listed = {"error": "invalid_grant", "error_codes": [code], "error_description": "x"}
    described = {"error": "invalid_grant", "error_description": f"AADSTS{code}: Words."}
    for answer in (listed, described):
        assert problem_of(answer).code == signing_in
        assert problem_of(answer, is_renewal=True).code == renewing


def test_three_different_people_are_asked() -> None:
    """Interaction, consent and an administrator's consent are three messages, for two people."""

    # MS2
    def of(code: int, **how: bool) -> tuple[str, Blame | None]:
        found = problem_of({"error": "invalid_grant", "error_codes": [code]}, **how)
        return found.code, found.blame

    assert of(50076) == ("interaction_required", Blame.PERSON)
    assert of(65001, is_renewal=True) == ("consent_required", Blame.PERSON)
    assert of(65001) == ("admin_consent_required", Blame.ADMIN)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"error": "invalid_grant", "suberror": "consent_required"}, "admin_consent_required"),
        ({"error": "invalid_grant", "error_codes": [999]}, "grant_ended"),
        ({"error": "interaction_required", "error_codes": "none"}, "interaction_required"),
        ({"error": "invalid_client"}, "client_refused"),
        ({"error": "access_denied"}, "consent_declined"),
        ({"error": "temporarily_unavailable"}, "server_unavailable"),
        ({"error": "expired_token"}, "sign_in_timed_out"),
        ({"error": "odd", "error_description": "AADSTS: no number"}, "remote_error"),
        ({}, "remote_error"),
    ],
)
def test_a_code_that_nobody_knows_means_what_oauth_says(
    answer: dict[str, object], code: str
) -> None:
    """The numbers give better words; without one, OAuth's own error decides."""
    found = problem_of(answer, is_renewal=code != "admin_consent_required")
    assert found.code == code


def test_every_entry_of_the_tables_can_be_said() -> None:
    """Each code has words in both languages, in the core's catalogue or in this provider's."""
    for language in ("en", "ja"):
        words = Words(language, {"outlook": "inboxlink_outlook"})
        for number, name in _CODES.items():
            assert name in CODES or name in OWN, number
            found = problem_of({"error_codes": [number]}, app="Acme", admin_url="https://x.test/")
            assert found.remedy is not None
            for text in (found.message, found.remedy):
                assert words.has(text.key)
                assert "{" not in words(text), text.key


def test_what_was_sent_is_not_said_again() -> None:
    """A secret that a server repeats in its words is taken out of them."""
    # LG2
    answer = {"error": "invalid_grant", "error_description": "The code s3cret-code is bad."}
    found = problem_of(answer, secrets=("s3cret-code", ""))
    assert found.remote == "The code ••• is bad."


def test_the_device_flow_alone_is_blocked_as_such() -> None:
    """The same code says of a browser that a policy forbids it, whatever the way."""
    # DF3
    answer = {"error": "invalid_grant", "error_codes": [53003]}
    assert problem_of(answer, is_device=True).code == "device_flow_blocked"
    assert problem_of({"error_codes": [53000]}, is_device=True).code == "admin_policy"


def test_an_administrator_is_given_the_exact_address() -> None:
    """It names the application, the tenant, and where the registration lets a browser return."""
    public = Registration(PUBLIC.client_id)
    url = urlsplit(
        admin_consent_url(public, "organizations", "http://localhost:2812/oauth/outlook")
    )
    assert (url.scheme, url.netloc) == ("https", "login.microsoftonline.com")
    assert url.path == "/organizations/adminconsent"
    assert parse_qs(url.query) == {
        "client_id": [PUBLIC.client_id],
        # No port: the machine is the administrator's, and any port is let through.
        "redirect_uri": ["http://localhost/oauth/outlook"],
    }
    site = "https://app.example.test/oauth/outlook"
    own = Registration(PUBLIC.client_id, redirect_uri=site)
    url = urlsplit(admin_consent_url(own, TENANT, None))
    assert url.path == f"/{TENANT}/adminconsent"
    assert parse_qs(url.query)["redirect_uri"] == [site]
    assert "redirect_uri" not in admin_consent_url(public, TENANT, None)


@pytest.mark.parametrize("code", [65001, 90094, 90095])
def test_an_administrator_is_asked_for(microsoft_world: MicrosoftWorld, code: int) -> None:
    """Where Microsoft sends the person back for want of a consent, the address comes with it."""
    # MS2
    microsoft_world.faults.at_authorization(redirected_error(code))
    visit = Visit(microsoft_world)
    visit.detection = Detection("outlook", Basis.HOSTED_MX, Text("x"), settings={"tenant": TENANT})
    found = visit.sign_in()
    assert isinstance(found, Abort)
    assert found.error.code == "admin_consent_required"
    assert found.error.kind is Kind.SIGN_IN
    words = Words("en", common={"app": "Acme"})
    assert found.error.remedy is not None
    said = words(found.error.remedy)
    assert f"https://login.microsoftonline.com/{TENANT}/adminconsent?client_id=" in said
    assert microsoft_world.server.token_calls() == []


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (53003, "admin_policy"),
        (50076, "interaction_required"),
        (50020, "account_foreign"),
        (500011, "admin_policy"),
        (7000222, "client_secret_expired"),
        (7000215, "client_refused"),
        (700016, "client_refused"),
        (65001, "admin_consent_required"),
    ],
)
def test_a_refusal_at_the_token_endpoint_ends_the_sign_in(
    microsoft_world: MicrosoftWorld, code: int, name: str
) -> None:
    """What the browser came back with can still be refused, with the same meanings."""
    microsoft_world.faults.at_token(token_error(code))
    found = Visit(microsoft_world).sign_in()
    assert isinstance(found, Abort)
    assert found.error.code == name
    assert f"AADSTS{code}" in (found.error.remote or "")


def test_a_page_without_return_is_prepared_for(microsoft_world: MicrosoftWorld) -> None:
    """Of the page "Need admin approval" nobody returns; the hint says what its code means."""
    microsoft_world.faults.at_authorization(needs_admin())
    visit = Visit(microsoft_world)
    redirect = visit.begin()
    there = visit.person().sign_in(redirect.url)  # type: ignore[union-attr]
    assert "AADSTS90094" in there.page
    for language in ("en", "ja"):
        words = Words(language, {"outlook": "inboxlink_outlook"})
        said = words(redirect.hint)  # type: ignore[union-attr, arg-type]
        assert "AADSTS90094" in said
        assert "http://localhost:28123/oauth/outlook" in said
