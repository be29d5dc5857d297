"""What becomes of a connection when something happens while it is kept, or ended."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.custody import sql
from core.test_flows import PASSWORD, begun, play, script
from inboxlink import hookimpl
from inboxlink.connect import keeping
from inboxlink.connect.host import Host
from inboxlink.connect.request import Connected, Failed
from inboxlink.connect.signing_in import begin
from inboxlink.consent.ledger import EntryKind
from inboxlink.errors import HostError, ProviderFault
from inboxlink.flows.engine import Pending
from inboxlink.store.connections import Connection, ConnectionState
from inboxlink.types.credential import SecretName
from inboxlink.types.report import VerifyReport
from inboxlink.types.steps import Submit


@pytest.fixture
def connection(scripted: Host) -> Connection:
    """A mailbox that the scripted provider connected."""
    outcome = play(scripted, begun(scripted), script())
    assert isinstance(outcome, Connected)
    return outcome.connection


@pytest.fixture
def meanwhile(scripted: Host, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets something happen while the provider verifies."""
    real = keeping.verify

    def happen(act: Callable[[], object]) -> None:
        def verify(*given: object) -> object:
            act()
            return real(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(keeping, "verify", verify)

    return happen


def test_a_revocation_that_answers_nonsense_keeps_no_secret(
    scripted: Host, monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    """The provider's answer is not believed, and the local secret goes all the same."""
    # req 110
    from inboxlink_scripted import provider

    def revoke(ctx: object, credential: object) -> str:
        return "done"

    monkeypatch.setattr(provider, "revoke", hookimpl(revoke), raising=False)
    with Host() as host:
        ended = keeping.disconnect(host, connection, revoke=True)
    assert ended.problem is not None
    assert ended.problem.code == "provider_result_invalid"
    assert ended.connection.state is ConnectionState.DISCONNECTED
    (count,) = sql(scripted.paths.data, "select count(*) from connection_secret")[0]
    assert count == 0


def test_automation_switched_during_a_verification_stays(
    scripted: Host, connection: Connection, meanwhile: Callable[..., None]
) -> None:
    """A consent to automation that was taken back during a verification stays taken back."""
    # req 20
    keeping.set_automation(scripted, connection, on=True)
    connection = scripted.connections.get(connection.id)
    meanwhile(lambda: keeping.set_automation(scripted, connection, on=False))
    outcome = keeping.verify_again(scripted, connection)
    assert outcome.connection.inbox_automation is False
    assert outcome.connection.report == outcome.report
    assert scripted.connections.get(connection.id) == outcome.connection


def test_a_disconnect_during_a_verification_stands(
    scripted: Host, connection: Connection, meanwhile: Callable[..., None]
) -> None:
    """A verification whose connection is taken away under it revives nothing."""
    # req 110
    meanwhile(lambda: keeping.disconnect(scripted, connection))
    with pytest.raises(HostError, match="^connection_unknown$"):
        keeping.verify_again(scripted, connection)
    assert scripted.connections.get(connection.id).state is ConnectionState.DISCONNECTED


def test_a_changed_server_is_given_no_password(
    scripted: Host, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers that were changed in the database get nothing, whenever they were read."""
    seen: list[object] = []
    real = keeping.verify
    monkeypatch.setattr(keeping, "verify", lambda *given: (seen.append(given[4]), real(*given))[1])
    change = "UPDATE connection SET endpoints = replace(endpoints, '{}.scripted', '{}.scripted')"
    sql(scripted.paths.data, change.format("imap", "evil"))
    changed = scripted.connections.get(connection.id)
    assert changed.endpoints[0].host == "evil.scripted.test"
    for asked in (connection, changed):
        with pytest.raises(HostError, match="^sealed_broken$"):
            keeping.verify_again(scripted, asked)
    assert seen == []
    sql(scripted.paths.data, change.format("evil", "imap"))
    keeping.verify_again(scripted, changed)  # as it was read while it was changed
    assert seen == [connection.endpoints]


@pytest.mark.parametrize("column", ["state", "endpoints", "settings", "report", "created_at"])
def test_a_row_that_says_nothing_is_corrupt(
    scripted: Host, connection: Connection, column: str
) -> None:
    """A row with a value that was never written is `store_corrupt`, not an error of a library."""
    sql(scripted.paths.data, f"UPDATE connection SET {column} = '[5'")
    with pytest.raises(HostError, match="^store_corrupt$"):
        scripted.connections.get(connection.id)
    with pytest.raises(HostError, match="^store_corrupt$"):
        scripted.connections.page(None)


@pytest.mark.parametrize("column", ["purpose", "expires_at"])
def test_a_sign_in_that_says_nothing_is_corrupt(scripted: Host, column: str) -> None:
    """As a row of a connection: a typed error, and nobody goes on with it."""
    pending = begun(scripted)
    sql(scripted.paths.data, f"UPDATE flow SET {column} = '[5'")
    with pytest.raises(HostError, match="^store_corrupt$"):
        play(scripted, pending, script()[:1])


def test_a_disconnect_and_its_row_are_one(scripted: Host, connection: Connection) -> None:
    """Where the ledger's row cannot be written, the connection and its secret stay."""
    # req 110
    sql(
        scripted.paths.data,
        "CREATE TRIGGER refuse BEFORE INSERT ON ledger_entry BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    with pytest.raises(HostError, match="^store_unavailable$"):
        keeping.disconnect(scripted, connection)
    assert scripted.connections.get(connection.id) == connection
    found = scripted.connections.credential(connection.id)
    assert found.secret(SecretName.PASSWORD) == PASSWORD
    sql(scripted.paths.data, "DROP TRIGGER refuse")
    keeping.disconnect(scripted, connection)
    assert scripted.connections.credential(connection.id).secrets == {}
    assert scripted.ledger.entries()[-1].kind is EntryKind.DISCONNECTED


def test_a_broken_ledger_keeps_nobodys_secret(scripted: Host, connection: Connection) -> None:
    """With a ledger that somebody changed a disconnect still removes the secret, and says so."""
    # req 110
    sql(scripted.paths.data, "UPDATE ledger_head SET mac = 'ab'")
    with pytest.raises(HostError, match="^ledger_broken$"):
        keeping.disconnect(scripted, connection)
    assert scripted.connections.get(connection.id).state is ConnectionState.DISCONNECTED
    assert sql(scripted.paths.data, "SELECT count(*) FROM connection_secret") == [(0,)]


def test_new_words_ask_for_a_new_consent(
    scripted: Host, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mailbox that works but whose disclosure has another version by now waits for a yes."""
    # req 107
    from inboxlink_scripted import provider

    real = provider.disclose

    def disclose(detection: object, ctx: object) -> tuple[object, ...]:
        return tuple(replace(each, version=2) for each in real(detection, ctx))

    monkeypatch.setattr(provider, "disclose", hookimpl(disclose))
    with Host() as host:
        verified = keeping.verify_again(host, connection)
        assert verified.problem is None
        assert verified.connection.state is ConnectionState.NEEDS_CONSENT


def test_a_verification_without_checks_is_the_providers_fault(
    scripted: Host, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that says nothing neither breaks a connection nor vouches for it."""
    from inboxlink_scripted import provider

    def verify(ctx: object, credential: object, settings: object, endpoints: object) -> object:
        return VerifyReport(checks=(), identities=())

    monkeypatch.setattr(provider, "verify", hookimpl(verify))
    with Host() as host, pytest.raises(ProviderFault, match="provider_result_invalid"):
        keeping.verify_again(host, connection)
    assert scripted.connections.get(connection.id) == connection


def test_signing_in_again_as_another_person_keeps_what_was(
    scripted: Host, connection: Connection
) -> None:
    """The same address of another subject is another mailbox: nothing of it is kept."""
    request = keeping.reconnection(scripted, connection, "en")
    again = begin(scripted, request, "binding")
    assert isinstance(again, Pending)
    other = [Submit(values={"nickname": "somebody else"}), *script()[1:]]
    outcome = play(scripted, again, other)
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "wrong_account"
    assert scripted.connections.get(connection.id) == connection
    same = begin(scripted, request, "binding")
    assert isinstance(same, Pending)
    assert isinstance(play(scripted, same, script()), Connected)
