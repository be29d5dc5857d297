"""Gmail over IMAP through the whole of the core: consent, sign-in, store, verification, ending."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit
from pydantic import SecretStr

from imap.google_mail import ANN, APP_PASSWORD, BEN, CLIENT, REDIRECT_URI, GoogleMail
from inboxlink.connect.consenting import acknowledge, disclosures
from inboxlink.connect.host import Host
from inboxlink.connect.keeping import disconnect, verify_again
from inboxlink.connect.request import Connected, Failed, Request
from inboxlink.connect.signing_in import answer, begin
from inboxlink.flows.engine import Pending
from inboxlink.oauth.callback import parse_answer
from inboxlink.store.connections import ConnectionState
from inboxlink.types.credential import CredentialKind
from inboxlink.types.report import Proof
from inboxlink.types.steps import Callback, Choose, Form, Menu, Redirect, Submit
from inboxlink.types.way import Way
from inboxlink_imap import disclosing
from peers.oauth.authorization import Account

BINDING = "this process"


@pytest.fixture
def host(mail: GoogleMail, home: Path) -> Iterator[Host]:
    """An installation whose operator registered a client."""
    world = mail.world()
    configuration = {
        "application": {"name": "Acme CRM"},
        "network": {"ca_file": str(world.ca_file), "connect": dict(world.connect)},
        "oauth": {"imap": CLIENT},
    }
    (home / "inboxlink.toml").write_text(tomlkit.dumps(configuration))
    with Host() as host:
        yield host


def begun(host: Host) -> Pending:
    """The menu, after the texts were acknowledged."""
    address = host.address("ann@gmail.com")
    recommendation = host.judge(host.known(address.domain))
    request = Request(
        owner="ann",
        address=address,
        detection=host.choose(recommendation, "imap"),
        language="en",
        ways=frozenset({Way.LOOPBACK}),
        redirect_uri=REDIRECT_URI,
    )
    acknowledge(host, request, disclosures(host, request))
    pending = begin(host, request, BINDING)
    assert isinstance(pending, Pending)
    assert isinstance(pending.step, Menu)
    return pending


def by_google(host: Host, mail: GoogleMail, account: Account = ANN) -> tuple[object, str]:
    """What came of a sign-in with Google, and the address that led back."""
    pending = answer(host, begun(host), BINDING, Choose(option="google"))
    assert isinstance(pending, Pending)
    assert isinstance(pending.step, Redirect)
    outcome = mail.person(account).sign_in(pending.step.url, visits_redirect=False)
    params = parse_answer(outcome.address.partition("?")[2])
    return answer(host, pending, BINDING, Callback(params=params)), outcome.address


def by_password(host: Host) -> Connected:
    """A connection with an app password."""
    pending = answer(host, begun(host), BINDING, Choose(option="app_password"))
    assert isinstance(pending, Pending)
    assert isinstance(pending.step, Form)
    typed = {
        each.name: each.value or ""
        for each in pending.step.fields
        if not each.name.endswith("password")
    }
    secrets = {"password": SecretStr(APP_PASSWORD)}
    connected = answer(host, pending, BINDING, Submit(values=typed, secrets=secrets))
    assert isinstance(connected, Connected)
    return connected


def test_a_grant_is_stored_verified_and_ended(host: Host, mail: GoogleMail, home: Path) -> None:
    """Connected by Google, verified again, and gone here and there when it is disconnected."""
    # req 51, 104, 107, 109, 110; OA14
    connected, address = by_google(host, mail)
    assert isinstance(connected, Connected)
    connection = connected.connection
    assert (connection.state, connection.kind) == (ConnectionState.ACTIVE, CredentialKind.OAUTH2)
    assert [(each.id, each.version) for each in connection.disclosures] == [("imap.G-C", 2)]
    assert {each.proof for each in connection.identities} == {Proof.PROVEN}
    _, credential = host.connections.opened(connection.id)
    secrets = [each.get_secret_value() for each in credential.secrets.values()]
    secrets.append(parse_answer(address.partition("?")[2])["code"])
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"ann@gmail.com" in kept
    assert not [each for each in secrets if each.encode() in kept]

    assert verify_again(host, connection).connection.state is ConnectionState.ACTIVE
    ended = disconnect(host, connection, revoke=True)
    assert ended.problem is None
    assert ended.revoked is not None
    assert ended.revoked.revoked is True
    assert [mail.accounts.introspect(each)["active"] for each in secrets] == [False] * 3


def test_somebody_elses_account_stores_nothing(host: Host, mail: GoogleMail) -> None:
    """Who signs in to another account than the typed one is told so, and nothing is kept."""
    # OA12, F49
    failed, _ = by_google(host, mail, BEN)
    assert isinstance(failed, Failed)
    assert failed.problem.code == "wrong_account"
    assert host.connections.find("ann", host.address("ann@gmail.com")) is None


def test_a_grant_that_was_taken_back_asks_to_sign_in_again(host: Host, mail: GoogleMail) -> None:
    """Access that the person ended at Google is noticed, with one use of the token."""
    # LK1
    connected, _ = by_google(host, mail)
    assert isinstance(connected, Connected)
    mail.accounts.end_grants(ANN)
    mail.dovecot.forget()
    verified = verify_again(host, connected.connection)
    assert verified.problem is not None
    assert verified.problem.code == "grant_ended"
    assert verified.connection.state is ConnectionState.NEEDS_REAUTH
    assert [each.ok for each in mail.attempts(1)] == [False]


def test_a_password_is_not_revoked(host: Host, mail: GoogleMail) -> None:
    """Ending a connection with an app password says what only its owner can do."""
    # req 110
    ended = disconnect(host, by_password(host).connection, revoke=True)
    assert ended.problem is None
    assert ended.revoked is not None
    assert ended.revoked.revoked is None
    assert ended.revoked.detail.key == "keeping.revoke_by_hand"


def test_who_acknowledged_the_earlier_text_is_asked_again(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection under G-C 1 works on, and reads that its consent is wanted anew."""
    # req 107
    with monkeypatch.context() as earlier:
        earlier.setitem(disclosing.VERSIONS, "G-C", 1)
        connection = by_password(host).connection
        assert verify_again(host, connection).connection.state is ConnectionState.ACTIVE
    verified = verify_again(host, connection)
    assert verified.report.can_receive
    assert verified.connection.state is ConnectionState.NEEDS_CONSENT
