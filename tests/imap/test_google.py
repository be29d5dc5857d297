"""Gmail's servers with a token of Google's, against real servers of both kinds."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from imap.google_mail import ANN, BEN, GoogleMail
from imap.world import World, codes
from inboxlink.errors import SignInError
from inboxlink.types.context import CallContext
from inboxlink.types.credential import CredentialKind, SecretName
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import Chain, Proof
from inboxlink.types.steps import Menu
from inboxlink_imap import provider
from inboxlink_imap.google import ENDPOINTS
from peers.certificates import Authority
from peers.oauth.google import GoogleAccounts


@pytest.fixture(scope="module")
def bearer_only(authority: Authority, google_accounts: GoogleAccounts) -> Iterator[GoogleMail]:
    """A Gmail that does not offer XOAUTH2."""
    mechanisms = "auth_mechanisms = plain login oauthbearer"
    with GoogleMail.running(authority, google_accounts, mechanisms) as mail:
        yield mail


@pytest.fixture(params=["XOAUTH2", "OAUTHBEARER"])
def mechanism(request: pytest.FixtureRequest) -> str:
    """By which the token will be sent."""
    return str(request.param)


@pytest.fixture
def mail(mechanism: str, request: pytest.FixtureRequest) -> GoogleMail:
    """Gmail, once with each mechanism."""
    name = {"XOAUTH2": "gmail_of_the_run", "OAUTHBEARER": "bearer_only"}[mechanism]
    mail: GoogleMail = request.getfixturevalue(name)
    return mail.reset()


def test_from_the_menu_to_a_proven_connection(
    mail: GoogleMail, world: World, mechanism: str
) -> None:
    """Google's page is the only question, and both directions work with what it gave."""
    # req 51, 104; OA4
    menu = world.begin()
    assert isinstance(menu, Menu)
    assert [each.name for each in menu.options] == ["app_password", "google"]
    assert menu.default == "app_password"
    done = mail.granted(world)
    assert done.endpoints == ENDPOINTS
    assert done.settings == {"username": "ann@gmail.com", "method": "google"}
    credential = done.credential
    assert (credential.kind, credential.account) == (CredentialKind.OAUTH2, ANN.sub)
    assert set(credential.secrets) == {SecretName.ACCESS_TOKEN, SecretName.REFRESH_TOKEN}
    assert "https://mail.google.com/" in credential.scopes
    assert credential.expires_at is not None
    left = credential.expires_at - datetime.now(UTC)
    assert timedelta(minutes=50) < left <= timedelta(hours=1)
    assert credential.grant_ends_at is None
    (call,) = mail.accounts.token_calls()
    assert (call.has_verifier, call.has_secret, call.error) == (True, True, None)

    report = world.verify(done)
    assert codes(report, Chain.RECEIVE) == dict.fromkeys(
        ("dns", "tcp", "tls", "capability", "login", "identity", "select", "sent_folder"), True
    )
    assert codes(report, Chain.SEND) == dict.fromkeys(
        ("dns", "tcp", "tls", "ehlo", "auth", "sender"), True
    )
    by_stage = {(each.chain, each.stage): each.evidence for each in report.checks}
    assert by_stage[Chain.RECEIVE, "login"] == by_stage[Chain.SEND, "auth"] == mechanism
    assert by_stage[Chain.RECEIVE, "identity"] == "ann@gmail.com"
    assert [(each.address, each.proof, each.subject) for each in report.identities] == [
        ("ann@gmail.com", Proof.PROVEN, ANN.sub)
    ]
    assert sorted((each.protocol, each.ok) for each in mail.attempts(2)) == [
        ("imap", True),
        ("submission", True),
    ]


def test_a_bogus_token_is_used_once(mail: GoogleMail, world: World) -> None:
    """The server judges one use over IMAP and SMTP together, and says that the grant ended."""
    # OA15, LK1
    report = world.verify(world.granted("bogus-token", *ENDPOINTS))
    assert codes(report, Chain.RECEIVE)["login"] == "grant_ended"
    assert codes(report, Chain.RECEIVE)["select"] is None
    assert codes(report, Chain.SEND)["auth"] is None
    assert [each.proof for each in report.identities] == [Proof.DECLARED]
    assert [each.protocol for each in mail.attempts(1)] == ["imap"]


def test_a_bogus_token_over_submission(mail: GoogleMail, world: World) -> None:
    """Where only sending is tried, its server's no is told the same, after one use."""
    # OA15
    done = world.granted("bogus-token", *ENDPOINTS)
    context = CallContext(**{**world.context(), "wanted": frozenset({Capability.SEND})})
    report = provider.verify(context, done.credential, done.settings, done.endpoints)
    assert codes(report, Chain.SEND)["auth"] == "grant_ended"
    assert codes(report, Chain.RECEIVE)["login"] is None
    assert [each.protocol for each in mail.attempts(1)] == ["submission"]


def test_another_persons_token_opens_nothing(mail: GoogleMail, world: World) -> None:
    """A good token of Ben's does not open Ann's mailbox."""
    # OA12
    bens = mail.granted(mail.world("ben@gmail.com"), BEN)
    token = bens.credential.secret(SecretName.ACCESS_TOKEN)
    report = world.verify(world.granted(token, *ENDPOINTS))
    assert codes(report, Chain.RECEIVE)["login"] == "grant_ended"
    assert [each.ok for each in mail.attempts(1)] == [False]


def test_a_stored_connection_of_another_mailbox_is_told(mail: GoogleMail, world: World) -> None:
    """Where the kept account is not the mailbox, good tokens prove nothing about it."""
    # OA12
    bens = mail.granted(mail.world("ben@gmail.com"), BEN)
    report = world.verify(bens)
    assert codes(report, Chain.RECEIVE)["login"] is True
    assert codes(report, Chain.RECEIVE)["identity"] == "wrong_account"
    assert not report.can_receive
    assert report.identities == ()


def test_an_expired_token_is_renewed_and_works(mail: GoogleMail, world: World) -> None:
    """What has ended opens nothing; the renewed one does, with the same refresh token."""
    # OA11, OA15
    mail.accounts.change(access_token_s=1)
    done = mail.granted(world)
    token = done.credential.secret(SecretName.ACCESS_TOKEN)
    until = time.monotonic() + 10
    while mail.accounts.introspect(token)["active"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert codes(world.verify(done), Chain.RECEIVE)["login"] == "grant_ended"
    mail.accounts.change(access_token_s=600)
    renewed = provider.refresh(CallContext(**world.context()), done.credential)
    assert renewed.secret(SecretName.ACCESS_TOKEN) != token
    refresh_token = done.credential.secret(SecretName.REFRESH_TOKEN)
    assert renewed.secret(SecretName.REFRESH_TOKEN) == refresh_token
    assert (renewed.account, renewed.kind) == (ANN.sub, CredentialKind.OAUTH2)
    assert renewed.expires_at is not None
    assert renewed.expires_at < datetime.now(UTC) + timedelta(minutes=11)
    report = world.verify(done.model_copy(update={"credential": renewed}))
    assert (report.can_receive, report.can_send) == (True, True)


def test_a_revoked_grant_is_dead(mail: GoogleMail, world: World) -> None:
    """After a revocation neither token works, and a second one changes nothing."""
    # OA14; req 110
    done = mail.granted(world)
    for _ in range(2):
        result = provider.revoke(CallContext(**world.context()), done.credential)
        assert result.revoked is True
    with pytest.raises(SignInError) as caught:
        provider.refresh(CallContext(**world.context()), done.credential)
    assert caught.value.code == "grant_ended"
    assert codes(world.verify(done), Chain.RECEIVE)["login"] == "grant_ended"
