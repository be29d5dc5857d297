"""The core's whole order of a connection with this provider: disclosed, signed in, proved, kept."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gmail.world import REDIRECT_URI, REGISTERED
from inboxlink.connect.consenting import acknowledge, disclosures
from inboxlink.connect.host import Host
from inboxlink.connect.keeping import disconnect, reconnection
from inboxlink.connect.request import Connected, Failed, Request
from inboxlink.connect.signing_in import answer, begin
from inboxlink.errors import HostError
from inboxlink.evidence.lookup import LookupDepth
from inboxlink.flows.engine import Pending
from inboxlink.oauth.callback import parse_answer
from inboxlink.store.connections import ConnectionState
from inboxlink.types.credential import SecretName
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import VerifyReport
from inboxlink.types.steps import Callback, Choose, Menu, Redirect
from inboxlink.types.way import Way
from peers.oauth.authorization import Account
from peers.oauth.worlds import ALICE, BOB, GoogleWorld

WAYS = frozenset({Way.LOOPBACK, Way.PASTE})


@pytest.fixture
def installation(home: Path, google_world: GoogleWorld) -> Iterator[Host]:
    """One that reaches the loopback's Google by the operator's own settings."""
    connect = ", ".join(f'"{name}" = "{at}"' for name, at in google_world.connect.items())
    (home / "inboxlink.toml").write_text(
        f'[application]\nname = "Acme"\n'
        f'[network]\nspecial_domains = ["test"]\nca_file = "{google_world.ca_file}"\n'
        f"connect = {{ {connect} }}\n"
        f'[oauth.gmail]\nclient_id = "{REGISTERED["client_id"]}"\n'
        f'client_secret = "{REGISTERED["client_secret"]}"\n'
    )
    with Host() as host:
        yield host


def request_for(host: Host, wanted: frozenset[Capability] = frozenset(Capability)) -> Request:
    address = host.address(ALICE.login)
    recommendation = host.recommend(address, host.lookup_settings(LookupDepth.OFFLINE))
    return Request(
        owner="me",
        address=address,
        detection=host.choose(recommendation, "gmail"),
        language="en",
        wanted=wanted,
        ways=WAYS,
        redirect_uri=REDIRECT_URI,
    )


def connected(
    host: Host,
    google: GoogleWorld,
    request: Request,
    account: Account = ALICE,
    *,
    accepts: bool = False,
    withheld: tuple[str, ...] = (),
) -> Connected | Failed:
    """All of it, each step by the record that the one before left sealed."""
    acknowledge(host, request, disclosures(host, request))
    pending = begin(host, request, "binding")
    assert isinstance(pending, Pending)
    assert isinstance(pending.step, Menu)
    pending = answer(host, pending, "binding", Choose(option="no"))
    assert isinstance(pending, Pending)
    assert isinstance(pending.step, Redirect)
    outcome = google.person(account, withheld=withheld).sign_in(
        pending.step.url, visits_redirect=False
    )
    callback = Callback(params=parse_answer(urlsplit(outcome.address).query))

    def accept(_: VerifyReport) -> bool:
        return accepts

    ended = answer(host, pending, "binding", callback, accept)
    assert not isinstance(ended, Pending)
    return ended


def test_a_mailbox_is_connected(installation: Host, google_world: GoogleWorld) -> None:
    """Two disclosures, a sign-in and a verification end in a stored, active connection."""
    # req 32, 33, 35, 50, 107, 108, 109
    request = request_for(installation)
    assert [each.id for each in disclosures(installation, request)] == ["gmail.G-A", "gmail.G-B"]
    ended = connected(installation, google_world, request)
    assert isinstance(ended, Connected), ended
    assert ended.connection.state is ConnectionState.ACTIVE
    assert ended.connection.account == ALICE.sub
    assert [each.id for each in ended.connection.disclosures] == ["gmail.G-A", "gmail.G-B"]
    kept = installation.connections.credential(ended.connection.id)
    assert google_world.server.introspect(kept.secret(SecretName.ACCESS_TOKEN))["active"]


def test_each_disclosure_is_acknowledged_by_itself(
    installation: Host, google_world: GoogleWorld
) -> None:
    """With one of the two acknowledged nothing begins, and Google hears of nobody."""
    # req 50, 107
    request = request_for(installation)
    for each in disclosures(installation, request):
        with pytest.raises(HostError, match="acknowledgement_missing"):
            begin(installation, request, "binding")
        acknowledge(installation, request, (each,))
    assert isinstance(begin(installation, request, "binding"), Pending)
    assert google_world.server.authorizations == []


def test_another_account_is_not_stored(installation: Host, google_world: GoogleWorld) -> None:
    """Signed in as somebody else, both addresses are named and nothing is kept; then it works."""
    # req 33, 109
    ended = connected(installation, google_world, request_for(installation), BOB)
    assert isinstance(ended, Failed)
    assert ended.problem.code == "wrong_account"
    assert ended.problem.message.params == {"address": ALICE.login, "found": BOB.login}
    address = installation.address(ALICE.login)
    assert installation.connections.find("me", address) is None
    assert isinstance(connected(installation, google_world, request_for(installation)), Connected)


def test_half_a_permission_is_half_a_connection(
    installation: Host, google_world: GoogleWorld
) -> None:
    """What was left out is named; with the person's yes the other direction is kept."""
    # req 35
    request = request_for(installation)
    ended = connected(installation, google_world, request, withheld=("gmail.readonly",))
    assert isinstance(ended, Failed)
    assert ended.problem.code == "scope_not_granted"
    ended = connected(
        installation, google_world, request, withheld=("gmail.readonly",), accepts=True
    )
    assert isinstance(ended, Connected)
    assert ended.connection.state is ConnectionState.SEND_ONLY


def test_who_only_sends_is_asked_for_no_yes(installation: Host, google_world: GoogleWorld) -> None:
    """Where only sending is wanted, the ID token is evidence enough and sending is proved."""
    # GP1
    request = request_for(installation, frozenset({Capability.SEND}))
    ended = connected(installation, google_world, request, accepts=True)
    assert isinstance(ended, Connected)
    assert ended.connection.state is ConnectionState.SEND_ONLY
    assert [each.address for each in ended.connection.identities] == [ALICE.login]
    (asked,) = google_world.server.authorizations
    assert asked["scope"] == "openid email https://www.googleapis.com/auth/gmail.send"


def test_signing_in_again_keeps_the_connection(
    installation: Host, google_world: GoogleWorld
) -> None:
    """A new grant takes the place of the one that ended, under the same id; not somebody else's."""
    from dataclasses import replace

    first = connected(installation, google_world, request_for(installation))
    assert isinstance(first, Connected)
    google_world.server.end_grants(ALICE)
    again = replace(
        reconnection(installation, first.connection, "en"), ways=WAYS, redirect_uri=REDIRECT_URI
    )
    refused = connected(installation, google_world, again, BOB)
    assert isinstance(refused, Failed)
    assert refused.problem.code == "wrong_account"
    second = connected(installation, google_world, again)
    assert isinstance(second, Connected)
    assert second.connection.id == first.connection.id
    kept = installation.connections.credential(second.connection.id)
    assert google_world.server.introspect(kept.secret(SecretName.ACCESS_TOKEN))["active"]


def test_disconnecting_ends_it_at_google_too(installation: Host, google_world: GoogleWorld) -> None:
    """With the wish to revoke, the old token is dead at Google and gone from here."""
    # req 41, 42, 110
    ended = connected(installation, google_world, request_for(installation))
    assert isinstance(ended, Connected)
    kept = installation.connections.credential(ended.connection.id)
    gone = disconnect(installation, ended.connection, revoke=True)
    assert gone.problem is None
    assert gone.revoked is not None
    assert gone.revoked.detail.key == "gmail.revoked"
    assert not google_world.server.introspect(kept.secret(SecretName.REFRESH_TOKEN))["active"]
    assert gone.connection.state is ConnectionState.DISCONNECTED


def test_nothing_secret_is_stored_in_the_clear(
    installation: Host, google_world: GoogleWorld, home: Path
) -> None:
    """Neither between two steps nor afterwards does a file hold a verifier or a token."""
    # LG1
    files = lambda: b"".join(each.read_bytes() for each in home.rglob("*") if each.is_file())  # noqa: E731
    request = request_for(installation)
    acknowledge(installation, request, disclosures(installation, request))
    pending = begin(installation, request, "binding")
    assert isinstance(pending, Pending)
    pending = answer(installation, pending, "binding", Choose(option="no"))
    assert isinstance(pending, Pending)
    between = files()
    for name in ("verifier", "nonce"):
        assert str(pending.step.state[name]).encode() not in between
    ended = connected(installation, google_world, request)
    assert isinstance(ended, Connected)
    kept = installation.connections.credential(ended.connection.id)
    afterwards = files()
    assert ended.connection.id.encode() in afterwards
    for secret in kept.secrets.values():
        assert secret.get_secret_value().encode() not in afterwards
