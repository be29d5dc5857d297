"""What becomes of a grant: renewed, ended by Google, ended by the person."""

from datetime import UTC, datetime, timedelta

import pytest

from gmail.world import REGISTERED, SEND, Host, credential, raised
from inboxlink.errors import InboxlinkError, Kind, SignInError, UnreachableError
from inboxlink.testing.peers.faults import HTML, Fault, busy, changed, instead, unavailable
from inboxlink.testing.peers.web import json_answer
from inboxlink.types.credential import Credential, SecretName
from inboxlink_gmail import provider
from peers.oauth.google_answers import grant_ended, token_error
from peers.oauth.worlds import ALICE, GoogleWorld

TESTING = {**REGISTERED, "testing": "true"}


def refresh_token(found: Credential) -> str:
    return found.secret(SecretName.REFRESH_TOKEN)


def is_alive(google: GoogleWorld, found: Credential) -> bool:
    return bool(google.server.introspect(found.secret(SecretName.ACCESS_TOKEN))["active"])


def test_a_grant_is_renewed(host: Host) -> None:
    """A new access token comes, which Gmail takes; the refresh token stays, as Google has it."""
    done = host.done()
    renewed = host.refresh(done.credential)
    access = SecretName.ACCESS_TOKEN
    assert renewed.secret(access) != done.credential.secret(access)
    assert refresh_token(renewed) == refresh_token(done.credential)
    assert renewed.account == ALICE.sub
    assert set(renewed.scopes) == set(done.credential.scopes)
    assert renewed.expires_at is not None
    assert renewed.expires_at > datetime.now(UTC) + timedelta(minutes=55)
    assert host.verify(done.model_copy(update={"credential": renewed})).can_receive


def test_a_refresh_token_that_is_replaced_is_taken(host: Host) -> None:
    """Twenty renewals under rotation go through, each with the token of the one before."""
    host.google.server.change(rotates=True)
    found = host.done().credential
    seen = {refresh_token(found)}
    for _ in range(20):
        found = host.refresh(found)
        seen.add(refresh_token(found))
    assert len(seen) == 21
    calls = host.google.server.token_calls("refresh_token")
    assert [each.error for each in calls] == [None] * 20


def test_an_empty_refresh_token_replaces_none(host: Host) -> None:
    """An answer with nothing in its place loses nothing."""
    before = host.done().credential
    for value in (None, ""):
        host.google.faults.at_token(changed(refresh_token=value), times=1)
        assert refresh_token(host.refresh(before)) == refresh_token(before)


def test_what_is_granted_now_counts(host: Host) -> None:
    """Scopes that a renewal reports replace the earlier ones; without any they stay."""
    before = host.done().credential
    host.google.faults.at_token(changed(scope=SEND), times=1)
    assert host.refresh(before).scopes == (SEND,)
    host.google.faults.at_token(changed(scope=None), times=1)
    assert host.refresh(before).scopes == before.scopes


def test_one_renewal_is_one_request(host: Host) -> None:
    """Google is asked once, whatever it answers: nobody tries again behind the core's back."""
    before = host.done().credential
    host.google.faults.at_token(unavailable(503), times=1)
    assert raised(lambda: host.refresh(before)).code == "server_unavailable"
    assert [each.status for each in host.google.server.token_calls("refresh_token")] == [503]


def test_what_ended_is_a_definite_no(host: Host) -> None:
    """A grant that the person took back is `grant_ended`, and nothing else is."""
    before = host.done().credential
    host.google.server.end_grants(ALICE)
    with pytest.raises(SignInError, match="grant_ended"):
        host.refresh(before)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (instead(HTML), "protocol_error"),
        (busy(7), "rate_limited"),
        (unavailable(500), "server_unavailable"),
        (changed(access_token=None), "protocol_error"),
        (changed(expires_in="abc"), "protocol_error"),
        (instead(json_answer(200, {"error": "server_error"})), "server_unavailable"),
        (token_error("invalid_client", "Unauthorized", 401), "client_refused"),
        (token_error("something_new", "what"), "remote_error"),
    ],
)
def test_what_is_unclear_is_no_definite_no(host: Host, fault: Fault, code: str) -> None:
    """Trouble of Google's or of the operator's is never raised as the end of the grant."""
    before = host.done().credential
    host.google.faults.at_token(fault, times=1)
    with pytest.raises(InboxlinkError, match=code) as error:
        host.refresh(before)
    assert not isinstance(error.value, SignInError | UnreachableError)
    assert refresh_token(host.refresh(before)) == refresh_token(before)


def test_what_was_never_sent_is_told(host: Host) -> None:
    """Where Google is not reached, the token is as good as it was."""
    away = host.but(unreachable=("oauth2.googleapis.com",))
    with pytest.raises(UnreachableError):
        away.refresh(credential())


def test_without_a_registration_nothing_is_renewed(host: Host) -> None:
    """An operator who took the client out of the configuration is told which setting is missing."""
    assert raised(lambda: host.but(settings={}).refresh(credential())).code == "client_missing"


def test_day_seven_names_the_app_in_testing(host: Host) -> None:
    """Ended a week after the sign-in, the problem names Testing and is the operator's to mend."""
    # GP3
    host = host.but(settings=TESTING)
    before = host.done().credential
    host.google.faults.at_token(grant_ended())
    found = raised(lambda: host.but(later=timedelta(days=7)).refresh(before))
    assert (found.code, found.kind) == ("grant_ended", Kind.SIGN_IN)
    assert found.message.key == "gmail.error.grant_ended.testing"
    early = raised(lambda: host.but(later=timedelta(days=5)).refresh(before))
    assert (early.code, early.message.key) == ("grant_ended", "error.grant_ended")
    other = raised(lambda: host.but(later=timedelta(days=7), settings=REGISTERED).refresh(before))
    assert other.message.key == "error.grant_ended"


def test_a_renewal_does_not_move_the_seventh_day(host: Host) -> None:
    """The end of the grant stays where it is, but for a time that Google names anew."""
    host = host.but(settings=TESTING)
    before = host.done().credential
    assert host.refresh(before).grant_ends_at == before.grant_ends_at
    host.google.faults.at_token(changed(refresh_token_expires_in=60))
    ends_at = host.refresh(before).grant_ends_at
    assert ends_at is not None
    assert ends_at < datetime.now(UTC) + timedelta(minutes=2)


def test_revoking_ends_it_and_shows_it(host: Host) -> None:
    """Google ends the grant, and a try with the old token shows that it is dead."""
    # req 42, 110
    before = host.done().credential
    result = provider.revoke(host.call_context(), before)
    assert result.revoked is True
    assert result.detail.key == "gmail.revoked"
    assert not is_alive(host.google, before)
    (call,) = host.google.server.token_calls("refresh_token")
    assert call.error == "invalid_grant"
    assert raised(lambda: host.refresh(before)).code == "grant_ended"


def test_what_is_dead_already_is_revoked(host: Host) -> None:
    """A grant that ended earlier is as good as ended now."""
    before = host.done().credential
    host.google.server.end_grants(ALICE)
    assert provider.revoke(host.call_context(), before).detail.key == "gmail.revoked"


def test_a_token_that_lives_on_is_told(host: Host) -> None:
    """Google's yes alone is not taken for the end: a token that still works is said to."""
    before = host.done().credential
    host.google.faults.at_revocation(instead(json_answer(200, {})))
    result = provider.revoke(host.call_context(), before)
    assert result.revoked is False
    assert result.detail.key == "gmail.revoked.still_alive"
    assert is_alive(host.google, before)
    assert 1 < len(host.google.server.token_calls("refresh_token")) <= 4


def test_an_end_that_takes_its_time_is_seen(host: Host) -> None:
    """Google may need a moment to end a grant; the look is repeated."""
    before = host.done().credential
    alive = {"access_token": "x", "token_type": "Bearer", "expires_in": 60}
    host.google.faults.at_token(instead(json_answer(200, alive)), "refresh_token", times=1)
    result = provider.revoke(host.call_context(), before)
    assert result.detail.key == "gmail.revoked"
    assert len(host.google.server.token_calls("refresh_token")) == 2


@pytest.mark.parametrize("fault", [unavailable(503), token_error("invalid_client", "no", 401)])
def test_without_a_proof_none_is_claimed(host: Host, fault: Fault) -> None:
    """Where the old token cannot be tried, the result says that it was not."""
    before = host.done().credential
    host.google.faults.at_token(fault, "refresh_token")
    result = provider.revoke(host.call_context(), before)
    assert result.revoked is True
    assert result.detail.key == "gmail.revoked.unproven"
    assert not is_alive(host.google, before)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (unavailable(503), "server_unavailable"),
        (busy(7), "rate_limited"),
        (instead(json_answer(400, {"error": "something_new"})), "remote_error"),
        (instead(json_answer(400, ["x"])), "protocol_error"),
        (instead(json_answer(302, {}, Location="https://evil.test/")), "protocol_error"),
    ],
)
def test_an_end_that_google_did_not_take_is_named(host: Host, fault: Fault, code: str) -> None:
    """What Google refused is raised as what it means, and the old token is not tried."""
    before = host.done().credential
    host.google.faults.at_revocation(fault)
    assert raised(lambda: provider.revoke(host.call_context(), before)).code == code
    assert host.google.server.token_calls("refresh_token") == []
    assert is_alive(host.google, before)


def test_who_signs_in_again_gets_a_token_of_its_own(host: Host) -> None:
    """Consent is asked for each time, so that no sign-in ends without a refresh token."""
    # GP4
    first, second = host.done().credential, host.done().credential
    assert refresh_token(first) != refresh_token(second)
    assert refresh_token(host.refresh(second)) == refresh_token(second)
