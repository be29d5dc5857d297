"""Every order of doing things at once: no path leads round consent, identity or the credential.

A state machine begins, answers, repeats, forges, forgets, disconnects and lets time pass in any
order, and holds what is stored against a model of what may be.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.custody import NOW
from core.test_flows import request_for
from inboxlink.connect.consenting import acknowledge, disclosures
from inboxlink.connect.host import Host
from inboxlink.connect.keeping import disconnect, reconnection
from inboxlink.connect.request import Connected, Failed, Request
from inboxlink.connect.signing_in import answer, begin
from inboxlink.errors import InboxlinkError
from inboxlink.flows.engine import Pending
from inboxlink.store.connections import Connection, ConnectionState
from inboxlink.types.credential import SecretName
from inboxlink.types.steps import Agreed, Choose, Event, Submit, Tick

RIGHT = "the right password"
WRONG = "wrong"

#: What the scripted provider finds out about each mailbox when it is given the right password.
STATES = {
    "me@scripted.test": ConnectionState.ACTIVE,
    "receive-only@scripted.test": ConnectionState.RECEIVE_ONLY,
    "send-only@scripted.test": ConnectionState.SEND_ONLY,
    "broken@scripted.test": None,
    "other@scripted.test": None,
}
MAILBOXES = st.sampled_from([*STATES, "me@scripted.test", "me@scripted.test"])

NICKNAME, WAY, HOST, SECRET = range(4)
#: The place at which each answer fits, and whether it leads on from there.
ANSWERS = {
    "nickname": (NICKNAME, True),
    "no nickname": (NICKNAME, False),
    "careful": (WAY, True),
    "echo": (WAY, True),
    "overreach": (WAY, False),
    "abort": (WAY, False),
    "yes": (HOST, True),
    "yes to something else": (None, False),
    "password": (SECRET, True),
    "wrong password": (SECRET, False),
    "no password": (SECRET, False),
    "another secret": (None, False),
    "tick": (None, False),
}
ONWARDS = ("nickname", "careful", "yes", "password")


@dataclass
class SignIn:
    """What the model knows of a sign-in."""

    address: str
    steps: list[Pending]
    replaces: str | None
    place: int = NICKNAME
    is_over: bool = False
    is_late: bool = False
    echoes: bool = False


@dataclass
class Acknowledged:
    """The names of the application under which a person was told, since the last disconnect."""

    names: set[str] = field(default_factory=set)


class SignIns(RuleBasedStateMachine):
    """One person, all of whose mailboxes are at the scripted provider."""

    people = count()

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.host = host
        self.owner = f"person {next(self.people)}"
        self.now = NOW
        host.clock = lambda: self.now
        host.engine._clock = host.clock
        self.call("Acme")
        self.told = {address: Acknowledged() for address in STATES}
        self.signing_in: list[SignIn] = []
        self.connected: dict[str, str] = {}

    def call(self, name: str) -> None:
        """Let the operator give the application another name, which stands in each disclosure."""
        config = self.host.paths.config
        config.write_text(re.sub('name = ".*"', f'name = "{name}"', config.read_text()))
        self.host.__dict__.pop("config", None)
        self.name = name

    def request(self, address: str) -> Request:
        request = request_for(self.host, address)
        return Request(
            owner=self.owner,
            address=request.address,
            detection=request.detection,
            language=request.language,
        )

    def is_told(self, address: str) -> bool:
        return self.name in self.told[address].names

    @property
    def open(self) -> list[SignIn]:
        """The sign-ins that can still be answered."""
        return [each for each in self.signing_in if not (each.is_over or each.is_late)]

    @rule(address=MAILBOXES)
    def acknowledges(self, address: str) -> None:
        request = self.request(address)
        acknowledge(self.host, request, disclosures(self.host, request))
        self.told[address].names.add(self.name)

    @rule()
    def the_words_change(self) -> None:
        self.call("Other" if self.name == "Acme" else "Acme")

    @rule(address=MAILBOXES)
    def begins(self, address: str) -> None:
        if address in self.connected:
            expected: str | None = "already_connected"
        else:
            expected = None if self.is_told(address) else "acknowledgement_missing"
        self._begin(self.request(address), expected)

    @precondition(lambda self: self.connected)
    @rule(data=st.data())
    def begins_again(self, data: st.DataObject) -> None:
        self._begin_again(data.draw(st.sampled_from(sorted(self.connected))))

    def _begin_again(self, address: str) -> None:
        connection = self.host.connections.get(self.connected[address])
        expected = None if self.is_told(address) else "acknowledgement_missing"
        self._begin(reconnection(self.host, connection, "en"), expected)

    @rule(address=MAILBOXES)
    def goes_straight_to_the_password(self, address: str) -> None:
        self.acknowledges(address)
        before = len(self.signing_in)
        if address in self.connected:
            self._begin_again(address)
        else:
            self.begins(address)
        for sign_in in self.signing_in[before:]:
            for what in ONWARDS[:-1]:
                self._answer(sign_in, what)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), accepts=st.booleans())
    def goes_on(self, data: st.DataObject, accepts: bool) -> None:
        sign_in = data.draw(st.sampled_from(self.open))
        self._answer(sign_in, ONWARDS[sign_in.place], accepts=accepts)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def goes_on_to_the_end(self, data: st.DataObject) -> None:
        sign_in = data.draw(st.sampled_from(self.open))
        for what in ONWARDS[sign_in.place :]:
            self._answer(sign_in, what, accepts=True)

    @precondition(lambda self: self.signing_in)
    @rule(data=st.data(), what=st.sampled_from(list(ANSWERS)), accepts=st.booleans())
    def answers_anything(self, data: st.DataObject, what: str, accepts: bool) -> None:
        sign_in = data.draw(st.sampled_from(self.signing_in))
        step = data.draw(st.sampled_from(sign_in.steps))
        binding = data.draw(st.sampled_from(["mine", "mine", "another"]))
        self._answer(sign_in, what, step, binding, accepts=accepts)

    @rule()
    def time_passes(self) -> None:
        self.now += timedelta(minutes=16)
        for sign_in in self.signing_in:
            sign_in.is_late = True

    @precondition(lambda self: self.connected)
    @rule(data=st.data())
    def disconnects(self, data: st.DataObject) -> None:
        address = data.draw(st.sampled_from(sorted(self.connected)))
        disconnect(self.host, self.host.connections.get(self.connected.pop(address)))
        self.told[address].names.clear()

    @invariant()
    def nothing_is_connected_that_may_not_be(self) -> None:
        found = {each.address: each.id for each in self._stored()}
        assert found == self.connected

    @invariant()
    def whatever_is_connected_is_rightly_so(self) -> None:
        for each in self._stored():
            assert each.state is STATES[each.address]
            assert each.address in {identity.address for identity in each.identities}
            assert self.host.connections.credential(each.id).secret(SecretName.PASSWORD) == RIGHT
            assert each.disclosures
            for shown in each.disclosures:
                assert self.host.ledger.acknowledged(
                    self.owner, each.address, "scripted", shown.id, shown.version, shown.digest
                )
            said = {entry.kind.value for entry in self._entries(each)}
            assert each.state is ConnectionState.ACTIVE or "partial_accepted" in said

    def teardown(self) -> None:
        assert self.host.ledger.verify().ok

    def _stored(self) -> list[Connection]:
        kept = self.host.connections.page(self.owner).items
        return [each for each in kept if each.state is not ConnectionState.DISCONNECTED]

    def _entries(self, connection: Connection) -> Iterator[object]:
        yield from self.host.ledger.entries(owner=self.owner, mailbox=connection.address)

    def _begin(self, request: Request, expected: str | None) -> None:
        replaces = None if request.replaces is None else request.replaces.id
        if expected is not None:
            with pytest.raises(InboxlinkError, match=expected):
                begin(self.host, request, "mine")
            return
        outcome = begin(self.host, request, "mine")
        assert isinstance(outcome, Pending)
        self.signing_in.append(SignIn(str(request.address), [outcome], replaces))

    def _answer(
        self,
        sign_in: SignIn,
        what: str,
        step: Pending | None = None,
        binding: str = "mine",
        *,
        accepts: bool = False,
    ) -> None:
        step = step or sign_in.steps[-1]
        expected = self._expected(sign_in, what, step, binding, accepts=accepts)
        try:
            outcome = answer(self.host, step, binding, event(what, step), lambda _: accepts)
        except InboxlinkError as error:
            found = error.code
            # Whoever began meanwhile swept away what had expired.
            if (found, expected) == ("flow_unknown", "flow_expired"):
                found = expected
        else:
            found = type(outcome).__name__
        assert found == expected, (what, sign_in)
        if found in ("answer_mismatch", "flow_not_yours", "flow_stale"):
            return
        if found == "Pending":
            assert isinstance(outcome, Pending)
            sign_in.steps.append(outcome)
            sign_in.place += ANSWERS[what][1]
            sign_in.echoes = sign_in.echoes or what == "echo"
            return
        sign_in.is_over = True
        if found == "Connected":
            assert isinstance(outcome, Connected)
            self.connected[sign_in.address] = outcome.connection.id
            assert sign_in.replaces in (None, outcome.connection.id)
        else:
            assert found in (
                *("Failed", "flow_unknown", "flow_expired", "provider_result_invalid"),
                *("acknowledgement_missing", "already_connected"),
            )

    def _expected(
        self, sign_in: SignIn, what: str, step: Pending, binding: str, *, accepts: bool
    ) -> str:
        if sign_in.is_over:
            return "flow_unknown"
        if binding != "mine":
            # Of one that is late it depends on who looked first.
            return "flow_not_yours" if not sign_in.is_late else self._late(step)
        if sign_in.is_late:
            return "flow_expired"
        if step is not sign_in.steps[-1]:
            return "flow_stale"
        place, leads_on = ANSWERS[what]
        if place != sign_in.place:
            return "answer_mismatch"
        if what == "abort":
            return "Failed"
        if what == "overreach":
            return "provider_result_invalid"
        if what == "wrong password" and not sign_in.echoes:
            return "Failed" if self.is_told(sign_in.address) else "acknowledgement_missing"
        if place != SECRET or what == "no password":
            assert leads_on or what in ("no nickname", "no password")
            return "Pending"
        return "provider_result_invalid" if sign_in.echoes else self._end(sign_in, accepts=accepts)

    def _late(self, step: Pending) -> str:
        try:
            self.host.engine._store.take(step.flow_id, -1, "", self.now)
        except InboxlinkError as error:
            return error.code
        raise AssertionError(step)

    def _end(self, sign_in: SignIn, *, accepts: bool) -> str:
        """What becomes of a right password."""
        state = STATES[sign_in.address]
        if not self.is_told(sign_in.address):
            return "acknowledgement_missing"
        if state is None or (state is not ConnectionState.ACTIVE and not accepts):
            return Failed.__name__
        if self.connected.get(sign_in.address, sign_in.replaces) != sign_in.replaces:
            return "already_connected"
        return Connected.__name__


def event(what: str, step: Pending) -> Event:
    """The answer by its name."""
    match what:
        case "nickname":
            return Submit(values={"nickname": "nick"})
        case "no nickname":
            return Submit(values={"nickname": ""})
        case "careful" | "overreach" | "echo" | "abort":
            return Choose(option=what)
        case "yes":
            return Agreed(facts_digest=getattr(step.step, "facts_digest", ""))
        case "yes to something else":
            return Agreed(facts_digest="0" * 64)
        case "password":
            return Submit(secrets={"password": RIGHT})  # type: ignore[dict-item]
        case "wrong password":
            return Submit(secrets={"password": WRONG})  # type: ignore[dict-item]
        case "no password":
            return Submit(secrets={"password": ""})  # type: ignore[dict-item]
        case "another secret":
            return Submit(secrets={"nickname": RIGHT})  # type: ignore[dict-item]
    return Tick()


def test_no_path_leads_round_consent_identity_or_credential(scripted: Host) -> None:
    """In any order of events a mailbox is connected only as the model of the rules allows."""
    # req 28, 107, 108, 109
    run_state_machine_as_test(
        lambda: SignIns(scripted),
        settings=settings(max_examples=20, stateful_step_count=20, deadline=None),
    )
