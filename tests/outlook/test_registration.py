"""What is wrong with the operator's registration, told before anybody signs in."""

from collections.abc import Mapping

import pytest

from inboxlink.errors import Blame, Kind, Problem
from inboxlink.testing.peers.faults import changed, instead, unavailable
from inboxlink.testing.peers.web import json_answer
from inboxlink.texts import Words
from inboxlink.types.steps import Abort
from inboxlink_outlook import provider
from outlook.world import Visit
from peers.certificates import Authority, Certificate
from peers.oauth.microsoft import PUBLIC, TENANT, WEB
from peers.oauth.microsoft_answers import token_error
from peers.oauth.worlds import MicrosoftWorld

GUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


def checked(
    settings: Mapping[str, str], world: MicrosoftWorld | None = None
) -> tuple[Problem, ...]:
    visit = Visit(world, settings=dict(settings))
    return provider.check_client(visit.hook(), world is not None)


def pem(certificate: Certificate) -> str:
    return certificate.cert.read_text() + certificate.key.read_text()


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, [("client_missing", "error.client_missing")]),
        ({"client_id": ""}, [("client_missing", "error.client_missing")]),
        ({"client_id": "Acme CRM"}, [("client_invalid", "outlook.client.client_id")]),
        (
            {"client_id": GUID, "client_secret": GUID},
            [("client_invalid", "outlook.client.client_secret")],
        ),
        ({"client_id": GUID, "tenant": "contoso"}, [("client_invalid", "outlook.client.tenant")]),
        (
            {"client_id": "x", "tenant": "https://contoso.com/"},
            [
                ("client_invalid", "outlook.client.client_id"),
                ("client_invalid", "outlook.client.tenant"),
            ],
        ),
        (
            {"client_id": GUID, "certificate": "-----BEGIN CERTIFICATE-----"},
            [("client_invalid", "outlook.client.certificate")],
        ),
        ({"client_id": GUID}, []),
        ({"client_id": GUID.upper(), "tenant": "contoso.onmicrosoft.com"}, []),
        ({"client_id": GUID, "tenant": GUID, "client_secret": "Q~8abc.def-ghi_jkl"}, []),
        ({"client_id": GUID, "tenant": "organizations"}, []),
    ],
)
def test_slips_are_told_from_the_settings_alone(
    settings: dict[str, str], found: list[tuple[str, str]]
) -> None:
    """Nothing is sent anywhere to find a missing id, a pasted secret id, or a tenant's nickname."""
    problems = checked(settings)
    assert [(each.code, each.message.key) for each in problems] == found
    for each in problems:
        assert (each.kind, each.blame) == (Kind.SETUP, Blame.OPERATOR)
        for language in ("en", "ja"):
            words = Words(language, {"outlook": "inboxlink_outlook"})
            assert each.remedy is not None
            assert words.has(each.message.key)
            assert words.has(each.remedy.key)


def test_a_certificate_and_its_key_are_read(authority: Authority) -> None:
    """A certificate with its own key is right; alone, with another's, or expired it is not."""
    good, other = authority.issue("acme.test"), authority.issue("acme.test")
    old = authority.issue("acme.test", days_left=-1)

    def found(certificate: str) -> list[str]:
        problems = checked({"client_id": GUID, "certificate": certificate})
        return [each.message.key for each in problems]

    assert found(pem(good)) == []
    assert found(good.cert.read_text()) == ["outlook.client.certificate"]
    assert found(good.cert.read_text() + other.key.read_text()) == ["outlook.client.certificate"]
    assert found(pem(old)) == ["outlook.client.certificate_expired"]


def test_a_sign_in_begins_with_the_same_look(microsoft_world: MicrosoftWorld) -> None:
    """With a registration that cannot be right, nobody is sent to Microsoft."""
    visit = Visit(microsoft_world, settings={"client_id": "Acme"})
    found = visit.begin()
    assert isinstance(found, Abort)
    assert found.error.code == "client_invalid"


def test_a_public_client_is_asked_for_nothing(microsoft_world: MicrosoftWorld) -> None:
    """Of an application without a secret Microsoft tells no more than that its tenant exists."""
    assert checked({"client_id": PUBLIC.client_id}, microsoft_world) == ()
    assert checked({"client_id": PUBLIC.client_id, "tenant": TENANT}, microsoft_world) == ()
    assert microsoft_world.server.token_calls() == []


def test_a_tenant_that_does_not_exist_is_told(microsoft_world: MicrosoftWorld) -> None:
    """A well-formed tenant that Microsoft does not know is the operator's to mend."""
    (found,) = checked({"client_id": PUBLIC.client_id, "tenant": GUID}, microsoft_world)
    assert found.code == "client_invalid"
    assert found.message.key == "outlook.entra.tenant_unknown"


CONFIDENTIAL = {
    "client_id": WEB.client_id,
    "client_secret": WEB.secret or "",
    "tenant": TENANT,
}


def test_a_secret_is_tried_and_its_token_dropped(microsoft_world: MicrosoftWorld) -> None:
    """A confidential client of one tenant proves itself once, and nothing is kept of it."""
    given = {"access_token": "for-the-application-alone", "expires_in": 3600}
    microsoft_world.faults.at_token(instead(json_answer(200, given)), "client_credentials")
    assert checked(CONFIDENTIAL, microsoft_world) == ()
    (call,) = microsoft_world.server.token_calls()
    assert call.grant_type == "client_credentials"
    assert call.has_secret
    assert call.scopes == {"https://graph.microsoft.com/.default"}


@pytest.mark.parametrize(
    ("code", "name", "key"),
    [
        (7000222, "client_secret_expired", "error.client_secret_expired"),
        (7000215, "client_refused", "outlook.entra.secret_wrong"),
        (700016, "client_refused", "outlook.entra.client_unknown"),
    ],
)
def test_what_is_wrong_with_a_secret_is_told(
    microsoft_world: MicrosoftWorld, code: int, name: str, key: str
) -> None:
    """Expired, wrong, and of an application that is not there: three different things to do."""
    microsoft_world.faults.at_token(token_error(code), "client_credentials")
    (found,) = checked(CONFIDENTIAL, microsoft_world)
    assert (found.code, found.message.key) == (name, key)


def test_a_wrong_secret_is_refused_by_the_server_itself(microsoft_world: MicrosoftWorld) -> None:
    """Without any fault in between: the server does not take another secret."""
    wrong = {**CONFIDENTIAL, "client_secret": "Q~another-secret"}
    (found,) = checked(wrong, microsoft_world)
    assert found.code == "client_refused"
    assert "Q~another-secret" not in str(found)


def test_any_tenants_secret_is_not_tried(microsoft_world: MicrosoftWorld) -> None:
    """Without a tenant of its own there is nowhere to ask as the application."""
    anyone = {name: value for name, value in CONFIDENTIAL.items() if name != "tenant"}
    assert checked(anyone, microsoft_world) == ()
    assert microsoft_world.server.token_calls() == []


def test_what_keeps_the_look_from_being_had_is_told(microsoft_world: MicrosoftWorld) -> None:
    """An outage, metadata of another, and a network that is not there are each themselves."""
    microsoft_world.faults.at_metadata(unavailable(503), times=1)
    (found,) = checked(CONFIDENTIAL, microsoft_world)
    assert found.code == "server_unavailable"
    microsoft_world.faults.at_metadata(changed(issuer="https://evil.example"), times=1)
    (found,) = checked(CONFIDENTIAL, microsoft_world)
    assert found.code == "issuer_mismatch"
    assert microsoft_world.server.token_calls() == []
