"""A sign-in, step by step: in memory, through JSON, over processes, and against the rules."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.conftest import SCRIPTED
from core.custody import a_connection, a_credential
from inboxlink.connect.consenting import acknowledge, disclosures
from inboxlink.connect.host import Host
from inboxlink.connect.keeping import disconnect, reconnection
from inboxlink.connect.opening import require_mailbox
from inboxlink.connect.request import Connected, Failed, Request
from inboxlink.connect.signing_in import answer, begin
from inboxlink.errors import HostError, ProviderFault, SetupError
from inboxlink.evidence.lookup import LookupDepth
from inboxlink.flows.engine import Engine, Pending
from inboxlink.flows.memory import MemoryFlows
from inboxlink.store.connections import ConnectionState
from inboxlink.types.credential import SecretName
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import VerifyReport
from inboxlink.types.steps import EVENT, STEP, Agreed, Choose, Event, Submit, Tick

PASSWORD = 'pässwörd "with" \\ {5} and more'


def request_for(host: Host, typed: str = "me@scripted.test") -> Request:
    address = host.address(typed)
    detection = host.recommend(address, host.lookup_settings(LookupDepth.OFFLINE)).best
    assert detection is not None
    return Request(owner="me", address=address, detection=detection, language="en")


def acknowledged(host: Host, typed: str = "me@scripted.test") -> Request:
    request = request_for(host, typed)
    acknowledge(host, request, disclosures(host, request))
    return request


def begun(host: Host, typed: str = "me@scripted.test") -> Pending:
    outcome = begin(host, acknowledged(host, typed), "binding")
    assert isinstance(outcome, Pending)
    return outcome


def script(way: str = "careful") -> list[Event]:
    return [
        Submit(values={"nickname": "nick"}),
        Choose(option=way),
        Agreed(facts_digest=""),
        Submit(secrets={"password": PASSWORD}),  # type: ignore[dict-item]
    ]


def fitting(event: Event, pending: Pending) -> Event:
    """A yes is bound to what was shown, which is known only then."""
    if isinstance(event, Agreed):
        return Agreed(facts_digest=pending.step.facts_digest)
    return event


def play(
    host: Host, pending: Pending, events: list[Event], **given: Any
) -> Pending | Connected | Failed:
    outcome: Pending | Connected | Failed = pending
    for event in events:
        assert isinstance(outcome, Pending), outcome
        outcome = answer(host, outcome, "binding", fitting(event, outcome), **given)
    return outcome


@pytest.mark.parametrize("kept_in", ["memory", "database"])
def test_a_script_ends_in_a_stored_connection(scripted: Host, kept_in: str) -> None:
    """Every kind of step leads to a connection whose stored secret equals the typed one."""
    # req 24, 28, 104, 107, 109
    if kept_in == "memory":
        scripted.__dict__["engine"] = Engine(
            MemoryFlows(), scripted.vault, scripted.clock, scripted.random_token
        )
    outcome = play(scripted, begun(scripted), script())
    assert isinstance(outcome, Connected)
    stored = scripted.connections.credential(outcome.connection.id)
    assert stored.secret(SecretName.PASSWORD) == PASSWORD


def test_every_pending_step_survives_json(scripted: Host) -> None:
    """Each pending step equals itself after JSON, and so does each answer without secrets."""
    outcome: Any = begun(scripted)
    for event in script():
        assert STEP.validate_json(outcome.step.model_dump_json()) == outcome.step
        given = fitting(event, outcome)
        if not isinstance(given, Submit):
            assert EVENT.validate_json(given.model_dump_json()) == given
        outcome = answer(scripted, outcome, "binding", given)
    assert isinstance(outcome, Connected)


def test_secrets_refuse_to_be_serialised(scripted: Host) -> None:
    """A submitted form and a credential raise rather than write asterisks."""
    event = script()[-1]
    with pytest.raises(Exception, match="never serialised"):
        event.model_dump_json()
    assert PASSWORD not in repr(event)


STEP_IN_A_PROCESS = """
import json, sys
from core.test_flows import acknowledged, begin, answer, Host, Pending
from inboxlink.types.steps import EVENT, STEP, Agreed, Submit
from inboxlink.connect.opening import require_mailbox
from inboxlink.connect.request import Connected
from datetime import datetime
given = json.load(sys.stdin)
with Host() as host:
    if given["pending"] is None:
        outcome = begin(host, acknowledged(host), "binding")
    else:
        kept = given["pending"]
        step = STEP.validate_python(kept["step"])
        pending = Pending(kept["flow_id"], kept["seq"], step, datetime.now())
        event = given["event"]
        if event["type"] == "agreed":
            event = Agreed(facts_digest=step.facts_digest)
        elif event["type"] == "submit":
            event = Submit(values=event["values"], secrets=event["secrets"])
        else:
            event = EVENT.validate_python(event)
        outcome = answer(host, pending, "binding", event)
    if isinstance(outcome, Connected):
        print(json.dumps({"connected": outcome.connection.address}))
    else:
        print(json.dumps({"flow_id": outcome.flow_id, "seq": outcome.seq,
                          "step": outcome.step.model_dump(mode="json")}))
"""


def test_each_step_in_a_process_of_its_own(scripted: Host) -> None:
    """Processes that share only the store finish one sign-in together."""
    events: list[dict[str, Any] | None] = [
        None,
        {"type": "submit", "values": {"nickname": "nick"}, "secrets": {}},
        {"type": "choose", "option": "careful"},
        {"type": "agreed"},
        {"type": "submit", "values": {}, "secrets": {"password": PASSWORD}},
    ]
    pending = None
    for event in events:
        pending = in_a_process({"pending": pending, "event": event})
    assert pending == {"connected": "me@scripted.test"}


def in_a_process(given: dict[str, Any]) -> Any:
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = os.pathsep.join([*filter(None, before), str(SCRIPTED), str(SCRIPTED.parent.parent)])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", STEP_IN_A_PROCESS],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_feature_can_need_a_mailbox(scripted: Host) -> None:
    """A feature is refused with the reason until a mailbox that can do it is connected."""
    # req 5, 9
    with pytest.raises(SetupError, match="mailbox_required"):
        require_mailbox(scripted, "me", Capability.SEND)
    typed = "receive-only@scripted.test"
    play(scripted, begun(scripted, typed), script(), accept_partial=lambda _: True)
    assert require_mailbox(scripted, "me", Capability.RECEIVE).address == typed
    with pytest.raises(SetupError, match="mailbox_required"):
        require_mailbox(scripted, "me", Capability.SEND)
    with pytest.raises(SetupError, match="mailbox_required"):
        require_mailbox(scripted, "somebody else", Capability.RECEIVE)


def test_every_mailbox_of_a_person_is_looked_at(scripted: Host) -> None:
    """The one that can do it may stand behind pages of those that cannot."""
    # req 9
    for number in range(60):
        kept = a_connection(number, owner="me", state=ConnectionState.RECEIVE_ONLY)
        scripted.connections.add(kept, a_credential())
    with pytest.raises(SetupError, match="mailbox_required"):
        require_mailbox(scripted, "me", Capability.SEND)
    scripted.connections.add(a_connection(99, owner="me"), a_credential())
    assert require_mailbox(scripted, "me", Capability.SEND).id == "c0099"


def test_no_begin_without_acknowledgement(scripted: Host) -> None:
    """The sign-in does not begin while the ledger lacks the disclosure in its present words."""
    # req 107
    request = request_for(scripted)
    with pytest.raises(HostError, match="acknowledgement_missing"):
        begin(scripted, request, "binding")
    acknowledge(scripted, request, disclosures(scripted, request))
    assert isinstance(begin(scripted, request, "binding"), Pending)


def test_changed_words_must_be_acknowledged_again(scripted: Host) -> None:
    """After the application's name changed, the old acknowledgement no longer counts."""
    request = acknowledged(scripted)
    text = scripted.paths.config.read_text().replace("Acme", "Other")
    scripted.paths.config.write_text(text)
    del scripted.__dict__["config"]
    with pytest.raises(HostError, match="acknowledgement_missing"):
        begin(scripted, request, "binding")


def test_words_that_change_on_the_way_stop_the_credential(scripted: Host) -> None:
    """A password typed after the words changed is neither used nor kept."""
    # req 107
    pending = play(scripted, begun(scripted), script()[:-1])
    text = scripted.paths.config.read_text().replace("Acme", "Other")
    scripted.paths.config.write_text(text)
    del scripted.__dict__["config"]
    with pytest.raises(HostError, match="acknowledgement_missing"):
        play(scripted, pending, script()[-1:])  # type: ignore[arg-type]
    assert scripted.connections.page(None).items == ()


def test_a_disconnect_on_the_way_stops_the_credential(scripted: Host) -> None:
    """Signing in again does not revive what was disconnected meanwhile."""
    # req 107
    connected = play(scripted, begun(scripted), script())
    assert isinstance(connected, Connected)
    again = begin(scripted, reconnection(scripted, connected.connection, "en"), "binding")
    assert isinstance(again, Pending)
    last = play(scripted, again, script()[:-1])
    disconnect(scripted, connected.connection)
    with pytest.raises(HostError, match="acknowledgement_missing"):
        play(scripted, last, script()[-1:])  # type: ignore[arg-type]
    assert scripted.connections.get(connected.connection.id).state.value == "disconnected"


def test_an_answer_counts_once(scripted: Host) -> None:
    """The same step answered twice is stale the second time, and the sign-in goes on."""
    first = begun(scripted)
    second = answer(scripted, first, "binding", script()[0])
    with pytest.raises(HostError, match="flow_stale"):
        answer(scripted, first, "binding", script()[0])
    assert isinstance(second, Pending)
    assert isinstance(play(scripted, second, script()[1:]), Connected)


def test_another_session_cannot_answer(scripted: Host) -> None:
    """A sign-in begun in one session is refused in another."""
    pending = begun(scripted)
    with pytest.raises(HostError, match="flow_not_yours"):
        answer(scripted, pending, "another binding", script()[0])


def test_a_sign_in_expires(scripted: Host) -> None:
    """After its time a sign-in is gone."""
    pending = begun(scripted)
    later = datetime.now(UTC) + timedelta(minutes=16)
    scripted.engine._clock = lambda: later
    with pytest.raises(HostError, match="flow_expired"):
        answer(scripted, pending, "binding", script()[0])
    with pytest.raises(HostError, match="flow_unknown"):
        answer(scripted, pending, "binding", script()[0])


@pytest.mark.parametrize(
    "event",
    [
        Tick(),
        Choose(option="careful"),
        Submit(values={"nickname": "x", "surprise": "y"}),
        Submit(values={"nickname": "x" * 5000}),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_recovers(scripted: Host, event: Event) -> None:
    """A wrong kind of answer changes nothing: the right one still leads to the end."""
    pending = begun(scripted)
    with pytest.raises(HostError, match="answer_mismatch"):
        answer(scripted, pending, "binding", event)
    assert isinstance(play(scripted, pending, script()), Connected)


def test_a_yes_is_bound_to_the_facts_shown(scripted: Host) -> None:
    """A yes to other facts than those shown is refused."""
    pending = play(scripted, begun(scripted), script()[:2])
    assert isinstance(pending, Pending)
    with pytest.raises(HostError, match="answer_mismatch"):
        answer(scripted, pending, "binding", Agreed(facts_digest="0" * 64))


def test_an_empty_field_is_asked_again(scripted: Host) -> None:
    """A required field left empty brings the same form back with its error."""
    pending = begun(scripted)
    again = answer(scripted, pending, "binding", Submit(values={"nickname": " "}))
    assert isinstance(again, Pending)
    assert again.step.errors["nickname"].code == "value_missing"
    assert isinstance(play(scripted, again, script()), Connected)


def test_scopes_beyond_the_disclosure_are_a_fault(scripted: Host) -> None:
    """A provider that asks for more than it disclosed is stopped before the redirect."""
    pending = begun(scripted)
    with pytest.raises(ProviderFault) as caught:
        play(scripted, pending, script("overreach")[:2])
    assert caught.value.code == "provider_result_invalid"
    assert "mail.delete" in caught.value.problem.message.params["reason"]


def test_a_secret_in_the_state_is_a_fault(scripted: Host, home: Path) -> None:
    """A provider that keeps the typed secret in its state is stopped, and nothing is kept."""
    pending = begun(scripted)
    with pytest.raises(ProviderFault) as caught:
        play(scripted, pending, script("echo"))
    assert "secret" in caught.value.problem.message.params["reason"]
    with pytest.raises(HostError, match="flow_unknown"):
        answer(scripted, pending, "binding", script()[0])


def test_a_password_that_is_the_user_name_is_no_leak(scripted: Host) -> None:
    """What was typed openly may come back in a form, whatever the password is."""
    from inboxlink.flows.checks import check_step
    from inboxlink.types.steps import Form, FormField, InputKind
    from inboxlink.types.text import Text

    same = "same-for-both"
    field = FormField(name="user", kind=InputKind.TEXT, label=Text("x"), value=same)
    form = Form(step="x", title=Text("x"), fields=(field,), state={"user": same})
    both = Submit(values={"user": same}, secrets={"password": same})  # type: ignore[dict-item]
    assert check_step(form, provider="x", disclosed=(), answered=both) is form
    secret_alone = Submit(secrets={"password": same})  # type: ignore[dict-item]
    with pytest.raises(ProviderFault):
        check_step(form, provider="x", disclosed=(), answered=secret_alone)


def test_an_abort_is_an_outcome(scripted: Host) -> None:
    """A provider's no ends the sign-in with its problem and stores nothing."""
    outcome = play(scripted, begun(scripted), script("abort")[:2])
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "sign_in_refused"
    assert scripted.connections.page(None).items == ()


def test_a_failed_verification_stores_nothing(scripted: Host) -> None:
    """Where neither direction works, nothing is stored."""
    # req 28, 109
    outcome = play(scripted, begun(scripted, "broken@scripted.test"), script())
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "server_unavailable"
    assert scripted.connections.page(None).items == ()


def test_another_persons_mailbox_is_refused(scripted: Host) -> None:
    """A sign-in that ends in another mailbox than the typed one stores nothing."""
    outcome = play(scripted, begun(scripted, "other@scripted.test"), script())
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "wrong_account"
    assert scripted.connections.page(None).items == ()


@pytest.mark.parametrize(
    ("typed", "state"),
    [("receive-only@scripted.test", "receive_only"), ("send-only@scripted.test", "send_only")],
)
def test_one_direction_needs_the_persons_yes(scripted: Host, typed: str, state: str) -> None:
    """One direction alone is stored after a yes, which is in the ledger, and not before."""
    refused = play(scripted, begun(scripted, typed), script())
    assert isinstance(refused, Failed)
    asked: list[VerifyReport] = []

    def accept(report: VerifyReport) -> bool:
        asked.append(report)
        return True

    accepted = play(scripted, begun(scripted, typed), script(), accept_partial=accept)
    assert isinstance(accepted, Connected)
    assert (accepted.connection.state.value, len(asked)) == (state, 1)
    kinds = [entry.kind.value for entry in scripted.ledger.entries()]
    assert "partial_accepted" in kinds
