"""What becomes of a grant at the provider, and of what was wanted, not wanted and not granted."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.custody import sql
from core.renewal import ONLY, Renewal, access, connect, sign_in
from core.test_flows import PASSWORD, fitting, script
from inboxlink import hookimpl
from inboxlink.cli import signing_in as drawn
from inboxlink.cli.session import Session
from inboxlink.connect import keeping
from inboxlink.connect.consenting import acknowledge, disclosures
from inboxlink.connect.host import Host
from inboxlink.connect.refreshing import fresh
from inboxlink.connect.request import Connected, Failed, Request
from inboxlink.connect.signing_in import answer, begin
from inboxlink.consent.ledger import EntryKind
from inboxlink.detection import chosen_by_hand
from inboxlink.errors import HostError, SetupError, SignInError
from inboxlink.flows.engine import Pending
from inboxlink.store.connections import Connection, ConnectionState
from inboxlink.texts import Words
from inboxlink.types.credential import SecretName
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import VerifyReport
from peers.token_endpoint import failing

RECEIVE, SEND = ONLY[Capability.RECEIVE], ONLY[Capability.SEND]


def refresh_token(renewal: Renewal) -> str:
    return renewal.kept[1].secret(SecretName.REFRESH_TOKEN)


def outcomes(renewal: Renewal) -> list[tuple[str, object]]:
    """What the ledger says of endings at a provider."""
    rows = renewal.host.ledger.entries(owner="me")
    return [(row.provider, row.details["outcome"]) for row in rows if row.kind is EntryKind.REVOKED]


# --- verifying ---


def test_a_verification_is_made_with_a_fresh_credential(renewal: Renewal) -> None:
    """A mailbox whose token ended since is renewed, and verified with what is kept then."""
    before = access(renewal.kept[1])
    renewal.age()
    verified = keeping.verify_again(renewal.host, renewal.kept[0])
    assert verified.problem is None
    assert verified.connection.state is ConnectionState.ACTIVE
    assert access(renewal.kept[1]) != before
    assert renewal.endpoint.calls() == [200]


def test_a_verification_of_what_cannot_be_renewed_says_why(renewal: Renewal) -> None:
    """A server in trouble breaks nothing; a definite no is kept, and nothing is asked after it."""
    renewal.age()
    renewal.endpoint.twists.append(failing)
    with pytest.raises(Exception, match="^server_unavailable$"):
        keeping.verify_again(renewal.host, renewal.kept[0])
    assert renewal.kept[0].standing is ConnectionState.ACTIVE
    renewal.endpoint.end("me")
    with pytest.raises(SignInError, match="^grant_ended$"):
        keeping.verify_again(renewal.host, renewal.kept[0])
    with pytest.raises(SetupError, match="^sign_in_again$"):
        keeping.verify_again(renewal.host, renewal.kept[0])
    assert renewal.endpoint.calls() == [503, 400]


# --- ending ---


def test_an_ending_there_is_asked_with_a_fresh_credential(renewal: Renewal) -> None:
    """The grant of a mailbox whose token ended is renewed, ended, and removed here."""
    # req 110
    renewal.age()
    ended = keeping.disconnect(renewal.host, renewal.kept[0], revoke=True)
    assert ended.revoked is not None
    assert ended.revoked.revoked is True
    assert renewal.kept[1].secrets == {}
    assert renewal.endpoint.calls() == [200]
    assert renewal.endpoint.calls("/revoke") == [200]
    assert not any(renewal.endpoint.counts(each) for each in renewal.endpoint.issued)
    assert outcomes(renewal) == [("renewing", "true")]


@pytest.mark.parametrize("trouble", ["ended", "ended before", "out of order", "already gone"])
def test_a_dead_token_keeps_nothing_here(renewal: Renewal, trouble: str) -> None:
    """Whatever the provider says or cannot say, the secrets go."""
    # req 110
    connection = renewal.kept[0]
    renewal.age()
    if trouble.startswith("ended"):
        renewal.endpoint.end("me")
    if trouble == "ended before":
        with pytest.raises(SignInError):
            fresh(renewal.host, renewal.id)
    if trouble == "out of order":
        renewal.endpoint.twists.append(failing)
    if trouble == "already gone":
        keeping.disconnect(renewal.host, connection)
    ended = keeping.disconnect(renewal.host, connection, revoke=True)
    assert ended.connection.state is ConnectionState.DISCONNECTED
    assert renewal.kept[1].secrets == {}
    asked = renewal.endpoint.calls("/revoke")
    if trouble.startswith("ended"):
        assert (asked, ended.problem) == ([200], None)
    else:
        assert (asked, ended.revoked) == ([], None)
        assert ended.problem is not None
        assert outcomes(renewal) == [("renewing", "failed")]


def test_a_broken_ledger_keeps_nobodys_secret_where_it_was_revoked(renewal: Renewal) -> None:
    """The provider ended the access, the ledger could not say so, and the secret is gone."""
    # req 110
    sql(renewal.data, "UPDATE ledger_head SET mac = 'ab'")
    with pytest.raises(HostError, match="^ledger_broken$"):
        keeping.disconnect(renewal.host, renewal.kept[0], revoke=True)
    assert renewal.kept[1].secrets == {}
    assert renewal.kept[0].state is ConnectionState.DISCONNECTED


# --- signing in again ---


def test_signing_in_again_ends_no_grant(renewal: Renewal) -> None:
    """At the same provider nothing is revoked, because that could end the new grant too."""
    before = refresh_token(renewal)
    again = sign_in(renewal.host, keeping.reconnection(renewal.host, renewal.kept[0], "en"))
    assert isinstance(again, Connected)
    assert (again.connection.id, again.former) == (renewal.id, None)
    assert renewal.endpoint.calls("/revoke") == []
    assert renewal.endpoint.counts(before)
    assert renewal.endpoint.counts(refresh_token(renewal))
    assert outcomes(renewal) == []


def moved(renewal: Renewal, password: str = PASSWORD) -> Connected | Failed:
    """The same mailbox by the scripted provider."""
    host = renewal.host
    request = keeping.reconnection(host, renewal.kept[0], "en", chosen_by_hand("scripted"))
    acknowledge(host, request, disclosures(host, request))
    outcome: Any = begin(host, request, "binding")
    for event in [
        *script()[:-1],
        script()[-1].model_copy(update={"secrets": {"password": _secret(password)}}),
    ]:
        assert isinstance(outcome, Pending)
        outcome = answer(host, outcome, "binding", fitting(event, outcome))
    assert isinstance(outcome, Connected | Failed)
    return outcome


def _secret(text: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(text)


def test_a_mailbox_moves_to_another_provider_and_keeps_its_id(renewal: Renewal) -> None:
    """The old credential goes when the new one works and is kept, and is then revoked there."""
    # req 67
    renewal.age()
    outcome = moved(renewal)
    assert isinstance(outcome, Connected)
    assert (outcome.connection.id, outcome.connection.provider) == (renewal.id, "scripted")
    assert set(renewal.kept[1].secrets) == {SecretName.PASSWORD}
    assert outcome.former is not None
    assert outcome.former.result is not None
    assert outcome.former.result.revoked is True
    assert renewal.endpoint.calls() == [200]
    assert renewal.endpoint.calls("/revoke") == [200]
    assert outcomes(renewal) == [("renewing", "true")]


def test_a_move_that_fails_leaves_what_was(renewal: Renewal) -> None:
    """Where the new credential does not work the old one stays, here and there."""
    before = renewal.kept
    outcome = moved(renewal, "wrong")
    assert isinstance(outcome, Failed)
    assert renewal.kept == before
    assert renewal.endpoint.calls("/revoke") == []
    assert renewal.endpoint.counts(refresh_token(renewal))


def test_a_former_provider_in_trouble_stops_no_move(renewal: Renewal) -> None:
    """What became of the former access is told, and the mailbox is connected all the same."""
    renewal.age()
    renewal.endpoint.twists.append(failing)
    outcome = moved(renewal)
    assert isinstance(outcome, Connected)
    assert outcome.former is not None
    assert outcome.former.problem is not None
    assert outcome.former.problem.code == "server_unavailable"
    assert outcomes(renewal) == [("renewing", "failed")]
    assert set(renewal.kept[1].secrets) == {SecretName.PASSWORD}


def test_a_former_provider_without_a_way_says_what_to_do(renewal: Renewal, capsys: Any) -> None:
    """Moved back, the person hears how to end the former access, in words and as JSON."""
    moved(renewal)
    request = keeping.reconnection(renewal.host, renewal.kept[0], "en", chosen_by_hand("renewing"))
    outcome = sign_in(renewal.host, request)
    assert isinstance(outcome, Connected)
    assert outcome.former is not None
    assert outcome.former.outcome == "none"
    for is_json in (False, True):
        session = Session(Words("en"), is_json=is_json)
        drawn._succeed(session, renewal.host, outcome, None)
        said = capsys.readouterr().out
        if is_json:
            assert json.loads(said)["former_access"] == {"revoked": None, "problem": None}
        else:
            assert "change the password" in " ".join(said.lower().split())


def test_what_is_repeated_is_there_at_the_end(renewal: Renewal) -> None:
    """The host has the disclosures that are shown once more when the mailbox is connected."""
    # req 50
    outcome = sign_in(renewal.host, keeping.reconnection(renewal.host, renewal.kept[0], "en"))
    assert isinstance(outcome, Connected)
    assert [each.reference for each in outcome.repeated] == ["renewing.R@1"]
    back = moved(renewal)
    assert isinstance(back, Connected)
    assert back.repeated == ()


# --- what is wanted ---


def asking(renewal: Renewal, typed: str, wanted: frozenset[Capability]) -> Request:
    host = renewal.host
    return Request(
        owner="me",
        address=host.address(typed),
        detection=chosen_by_hand("renewing"),
        language="en",
        wanted=wanted,
    )


def test_an_id_can_be_typed(renewal: Renewal) -> None:
    """No connection has an id that a command line would take for an option."""
    drawn = iter(["-aaaaaaaaaaa", "--bbbbbbbbbb", "cccccccccccc"])
    real = renewal.host.random_token
    renewal.host.random_token = lambda size: next(drawn) if size == 9 else real(size)
    assert connect(renewal.host, "you@renewing.test").id == "cccccccccccc"


def never(_: VerifyReport) -> bool:
    raise AssertionError("nobody is to be asked")


@pytest.mark.parametrize(
    ("wanted", "state"),
    [(RECEIVE, ConnectionState.RECEIVE_ONLY), (SEND, ConnectionState.SEND_ONLY)],
    ids=["receive", "send"],
)
def test_what_was_not_wanted_is_no_lack(
    renewal: Renewal, wanted: frozenset[Capability], state: ConnectionState
) -> None:
    """A mailbox for one direction is complete without a question, and stays one of that."""
    request = asking(renewal, "you@renewing.test", wanted)
    outcome = sign_in(renewal.host, request, accept_partial=never)
    assert isinstance(outcome, Connected)
    connection = outcome.connection
    assert (connection.state, connection.wanted) == (state, wanted)
    kinds = {row.kind for row in renewal.host.ledger.entries(mailbox="you@renewing.test")}
    assert EntryKind.PARTIAL_ACCEPTED not in kinds
    verified = keeping.verify_again(renewal.host, connection)
    assert verified.problem is None
    assert verified.connection.state is state
    again = keeping.reconnection(renewal.host, connection, "en")
    assert again.wanted == wanted
    assert isinstance(sign_in(renewal.host, again, accept_partial=never), Connected)


@pytest.mark.parametrize("says", [True, False])
def test_what_was_wanted_and_not_granted_is_asked(renewal: Renewal, says: bool) -> None:
    """A box that was left empty at the provider is told, and the person goes on or does not."""
    request = asking(renewal, "you@renewing.test", frozenset(Capability))
    asked: list[VerifyReport] = []

    def accept(report: VerifyReport) -> bool:
        asked.append(report)
        return says

    outcome = sign_in(renewal.host, request, "you:mail.send", accept_partial=accept)
    assert len(asked) == 1
    assert (asked[0].can_receive, asked[0].can_send) == (False, True)
    if says:
        assert isinstance(outcome, Connected)
        assert outcome.connection.state is ConnectionState.SEND_ONLY
        assert outcome.connection.wanted == frozenset(Capability)
        return
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "scope_not_granted"
    assert outcome.problem.message.params == {"scopes": "mail.read"}


def test_where_nothing_that_was_wanted_is_granted_nothing_is_kept(renewal: Renewal) -> None:
    """A mailbox that was to send and may only receive is not connected, whatever is said."""
    request = asking(renewal, "you@renewing.test", SEND)
    outcome = sign_in(renewal.host, request, "you:mail.read", accept_partial=lambda _: True)
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "scope_not_granted"
    assert renewal.host.connections.find("me", request.address) is None


def test_a_changed_disclosure_is_that_of_what_was_wanted(
    renewal: Renewal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mailbox for one direction is not asked for a consent to the other one."""
    from inboxlink_renewing import provider

    connection = connect(renewal.host, "you@renewing.test", wanted=SEND)
    real = provider.disclose

    def disclose(detection: object, ctx: Any) -> tuple[object, ...]:
        version = 1 if ctx.wanted == SEND else 2
        return tuple(replace(each, version=version) for each in real(detection, ctx))

    monkeypatch.setattr(provider, "disclose", hookimpl(disclose))
    with Host() as host:
        state = _verified_state(host)
        assert state(connection) is ConnectionState.SEND_ONLY
        assert state(renewal.kept[0]) is ConnectionState.NEEDS_CONSENT


def _verified_state(host: Host) -> Callable[[Connection], ConnectionState]:
    return lambda connection: keeping.verify_again(host, connection).connection.state
