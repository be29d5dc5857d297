"""Renewing the access, again and again, and what ends it."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from inboxlink.errors import InboxlinkError, Kind, MailboxError, SignInError, UnreachableError
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.testing.peers.faults import HTML, busy, changed, instead, unavailable
from inboxlink.types.credential import Credential, SecretName
from inboxlink.types.report import Chain
from outlook.world import Visit, codes
from peers.oauth.microsoft_answers import token_error
from peers.oauth.worlds import ALICE, CAROL, MicrosoftWorld

REFRESH = "refresh_token"


def cache_of(credential: Credential) -> Any:
    return json.loads(credential.secret(SecretName.TOKEN_CACHE))


def refresh_token_of(credential: Credential) -> str:
    (entry,) = cache_of(credential)["RefreshToken"].values()
    return str(entry["secret"])


def refused(visit: Visit, credential: Credential) -> InboxlinkError:
    with pytest.raises(InboxlinkError) as caught:
        visit.refresh(credential)
    return caught.value


def test_twenty_renewals_follow_one_another(microsoft_world: MicrosoftWorld) -> None:
    """Each gives new tokens, keeps the account and its permissions, and grows nothing."""
    # MS1
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    seen = {refresh_token_of(credential)}
    sizes = set()
    for _ in range(20):
        renewed = visit.refresh(credential)
        assert renewed.account == credential.account
        assert renewed.scopes == credential.scopes
        assert renewed.expires_at is not None
        assert credential.expires_at is not None
        assert renewed.expires_at >= credential.expires_at
        access = SecretName.ACCESS_TOKEN
        assert renewed.secret(access) != credential.secret(access)
        assert microsoft_world.server.introspect(renewed.secret(access))["active"]
        seen.add(refresh_token_of(renewed))
        sizes.add(tuple(len(part) for part in cache_of(renewed).values()))
        credential = renewed
    assert len(seen) == 21
    assert len(sizes) == 1
    calls = microsoft_world.server.token_calls(REFRESH)
    assert [call.error for call in calls] == [None] * 20
    assert codes(visit.verify(credential), Chain.RECEIVE)["inbox"] is True


def test_the_used_refresh_token_is_not_kept(microsoft_world: MicrosoftWorld) -> None:
    """What was replaced is nowhere in the new credential."""
    # MS1
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    used = refresh_token_of(credential)
    renewed = visit.refresh(credential)
    assert used not in renewed.secret(SecretName.TOKEN_CACHE)


def test_a_used_refresh_token_is_refused(microsoft_world: MicrosoftWorld) -> None:
    """Whoever comes with yesterday's credential is told that its grant has ended."""
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    visit.refresh(credential)
    found = refused(visit, credential)
    assert isinstance(found, SignInError)
    assert found.code == "grant_ended"


def test_without_rotation_the_refresh_token_stays(microsoft_world: MicrosoftWorld) -> None:
    """A server that does not replace it leaves the one that there is."""
    microsoft_world.server.change(rotates=False)
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    renewed = visit.refresh(visit.refresh(credential))
    assert refresh_token_of(renewed) == refresh_token_of(credential)


def test_only_what_was_granted_is_asked_for_again(microsoft_world: MicrosoftWorld) -> None:
    """A permission that the person withheld is not asked for behind their back."""
    granted = "User.Read MailboxSettings.Read Mail.Read"
    microsoft_world.faults.at_token(changed(scope=granted))
    visit = Visit(microsoft_world)
    renewed = visit.refresh(visit.done().credential)
    assert set(renewed.scopes) == set(granted.split())
    (call,) = microsoft_world.server.token_calls(REFRESH)
    assert call.scopes == {*granted.split(), "openid", "profile", "offline_access"}


def test_a_personal_account_is_renewed(microsoft_world: MicrosoftWorld) -> None:
    """At the tenant of personal accounts, which its credential names."""
    visit = Visit(microsoft_world, address=CAROL.login, account=CAROL)
    credential = visit.done().credential
    assert visit.refresh(credential).account == credential.account


def test_what_the_person_took_back_has_ended(microsoft_world: MicrosoftWorld) -> None:
    """After the application is removed at Microsoft, renewing says so for good."""
    # req 110
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    microsoft_world.server.end_grants(ALICE)
    found = refused(visit, credential)
    assert found.code == "grant_ended"
    assert found.problem.kind is Kind.SIGN_IN


@pytest.mark.parametrize(
    ("code", "name", "kind"),
    [
        (700082, "grant_ended", Kind.SIGN_IN),
        (50173, "grant_ended", Kind.SIGN_IN),
        (50076, "interaction_required", Kind.SIGN_IN),
        (53003, "admin_policy", Kind.SIGN_IN),
        (65001, "consent_required", Kind.SIGN_IN),
        (7000222, "client_secret_expired", Kind.SETUP),
        (7000215, "client_refused", Kind.SETUP),
    ],
)
def test_a_definite_no_is_told_from_the_operators_slip(
    microsoft_world: MicrosoftWorld, code: int, name: str, kind: Kind
) -> None:
    """Only what the person must mend ends a connection; a secret that expired does not."""
    # MS2
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    microsoft_world.faults.at_token(token_error(code), REFRESH)
    found = refused(visit, credential)
    assert (found.code, found.problem.kind) == (name, kind)
    assert isinstance(found, SignInError) is (kind is Kind.SIGN_IN)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (unavailable(503), "server_unavailable"),
        (busy(9), "rate_limited"),
        (instead(HTML), "protocol_error"),
        (changed(access_token=None), "protocol_error"),
    ],
)
def test_trouble_after_the_token_was_sent_is_unclear(
    microsoft_world: MicrosoftWorld, fault: Any, code: str
) -> None:
    """Nobody knows then whether the old refresh token still counts."""
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    microsoft_world.faults.at_token(fault, REFRESH)
    found = refused(visit, credential)
    assert found.code == code
    assert isinstance(found, MailboxError)
    assert not isinstance(found, UnreachableError)


@pytest.mark.parametrize("fault", [unavailable(503), busy(9), instead(HTML)])
def test_trouble_before_the_token_was_sent_is_told_as_such(
    microsoft_world: MicrosoftWorld, fault: Any
) -> None:
    """Where only public metadata was asked for, the refresh token is as good as before."""
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    microsoft_world.faults.at_metadata(fault)
    assert isinstance(refused(visit, credential), UnreachableError)
    assert microsoft_world.server.token_calls(REFRESH) == []
    microsoft_world.faults.clear()
    assert visit.refresh(credential).account == credential.account


def test_a_host_that_is_not_there_hears_nothing(microsoft_world: MicrosoftWorld) -> None:
    """A connection that is refused leaves everything as it was."""
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    dead = {"login.microsoftonline.com:443": "127.0.0.1:1"}
    visit.wire = Network(NetworkSettings(ca_file=microsoft_world.ca_file, connect=dead))
    found = refused(visit, credential)
    assert isinstance(found, UnreachableError)
    assert found.code == "connection_refused"


def test_a_renewal_for_somebody_else_is_refused(microsoft_world: MicrosoftWorld) -> None:
    """A token answer about another account does not become this one's credential."""
    # OA12
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    another = microsoft_world.server.id_token_with(oid="dddddddd-0000-4000-8000-00000000000d")
    microsoft_world.faults.at_token(another, REFRESH)
    assert refused(visit, credential).code == "wrong_account"


def test_a_registration_that_was_taken_away_is_told(microsoft_world: MicrosoftWorld) -> None:
    """Without a client id nothing is sent, and the operator is asked."""
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    visit.settings = {}
    assert refused(visit, credential).code == "client_missing"


def test_a_credential_without_a_refresh_token_has_ended(microsoft_world: MicrosoftWorld) -> None:
    """A cache that holds none, or no account, is the end of the grant and not a crash."""
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    for part in ("RefreshToken", "Account"):
        cache = {name: each for name, each in cache_of(credential).items() if name != part}
        secrets = {**credential.secrets, SecretName.TOKEN_CACHE: SecretStr(json.dumps(cache))}
        halved = credential.model_copy(update={"secrets": secrets})
        assert refused(visit, halved).code == "grant_ended"
    assert microsoft_world.server.token_calls(REFRESH) == []
