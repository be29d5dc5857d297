"""The step engine by itself: what it keeps, for how long, and what it forgets."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from core.custody import NOW, later
from core.test_flows_rules import BACK, a_field, a_form, a_menu, a_redirect, submitted
from inboxlink.errors import HostError, ProviderFault, SetupError, problem
from inboxlink.flows.engine import Briefing, Ended, Engine, Pending
from inboxlink.flows.memory import MemoryFlows
from inboxlink.flows.record import FlowRecord, FlowStore
from inboxlink.store.engine import open_store
from inboxlink.store.flows import SqlFlows
from inboxlink.types.context import Purpose
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.disclosure import Audience, Capability
from inboxlink.types.steps import Abort, Callback, Choose, Done, Event, InputKind, Start, State
from inboxlink.types.text import Text
from inboxlink.vault import Vault
from inboxlink.vault.keys import KEY_BYTES, Key

VAULT = Vault((Key(b"k" * KEY_BYTES),), None)
PASSWORD = "a password of some length"
DONE = Done(
    credential=Credential(
        kind=CredentialKind.PASSWORD,
        account="me",
        secrets={SecretName.PASSWORD: SecretStr(PASSWORD)},
    )
)


class World:
    """An engine whose clock stands still, and a provider that says what it was told to."""

    def __init__(self, store: FlowStore) -> None:
        self.now = NOW
        self.sizes: list[int] = []
        self.asked: list[tuple[Briefing, str, State, Event]] = []
        self.says: list[Any] = []
        self.version = 1
        self.store = store
        self.engine = Engine(store, VAULT, lambda: self.now, self._token)

    def _token(self, size: int) -> str:
        self.sizes.append(size)
        return f"flow-{len(self.sizes)}"

    def _advance(self, *told: Any) -> object:
        self.asked.append(told)
        said = self.says.pop(0)
        if isinstance(said, BaseException):
            raise said
        return said

    def begin(self, *says: Any, briefing: Briefing | None = None, **more: Any) -> Any:
        self.says = list(says)
        given = {"owner": "alice", "plugin_version": "1.2", "flow_version": 1, "binding": "mine"}
        return self.engine.begin(briefing or a_briefing(), self._advance, **{**given, **more})

    def answer(self, pending: Pending, event: Event, binding: str = "mine") -> Any:
        return self.engine.answer(
            pending.flow_id,
            pending.seq,
            binding,
            event,
            self._advance,
            flow_version=lambda _: self.version,
        )

    def taken(self, pending: Pending) -> FlowRecord:
        """What is kept of a sign-in, which nobody else can take afterwards."""
        binding = sha256(b"mine").hexdigest()
        return self.store.take(pending.flow_id, pending.seq, binding, self.now)

    def is_kept(self, pending: Pending) -> bool:
        try:
            self.taken(pending)
        except HostError as error:
            return error.code != "flow_unknown"
        return True


def a_briefing(**changes: Any) -> Briefing:
    values: dict[str, Any] = {
        "address": "me@example.test",
        "audience": Audience.PERSONAL,
        "language": "en",
        "wanted": frozenset(Capability),
        "purpose": Purpose.CONNECT,
        "detection": Detection("scripted", Basis.OWNED_DOMAIN, Text("x")),
        "disclosed_scopes": ("mail.read",),
    }
    return Briefing(**{**values, **changes})


@pytest.fixture(params=["memory", "sql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "memory":
        yield World(MemoryFlows())
        return
    store = open_store(None, tmp_path / "data")
    yield World(SqlFlows(store, VAULT))
    store.close()


MENU = a_menu("one", "two", state={"so": "far"})


def test_the_provider_is_told_where_it_stands(world: World) -> None:
    """The first call gets a start; each later one its own step, its state and the answer."""
    first = world.begin(MENU)
    world.says = [a_form(a_field("user"))]
    second = world.answer(first, Choose(option="two"))
    world.says = [Abort(error=problem("sign_in_refused"))]
    world.answer(second, submitted(user="me"))
    told = a_briefing()
    assert world.asked == [
        (told, "", {}, Start()),
        (told, "menu", {"so": "far"}, Choose(option="two")),
        (told, "form", {}, submitted(user="me")),
    ]


def test_a_record_says_whose_it_is(world: World) -> None:
    """What is kept names the person, the provider, its version and the connection."""
    briefing = a_briefing(purpose=Purpose.REAUTH)
    pending = world.begin(MENU, briefing=briefing, flow_version=3, connection_id="c1", owner="bob")
    kept = world.taken(pending)
    assert kept == FlowRecord(
        flow_id=pending.flow_id,
        owner="bob",
        provider="scripted",
        plugin_version="1.2",
        flow_version=3,
        purpose=Purpose.REAUTH,
        address="me@example.test",
        connection_id="c1",
        seq=pending.seq,
        binding=sha256(b"mine").hexdigest(),
        expires_at=pending.expires_at,
        sealed=kept.sealed,
    )
    assert b"far" not in kept.sealed
    assert "mine" not in repr(kept)


def test_a_flow_id_cannot_be_guessed(world: World) -> None:
    """A flow's id is a token of at least 128 bits."""
    pending = world.begin(MENU)
    assert pending.flow_id == "flow-1"
    assert world.sizes[0] >= 16


def test_what_is_sealed_belongs_to_one_step(world: World) -> None:
    """A record's content is of no use to another flow, nor to another step of the same."""
    pending = world.begin(MENU)
    kept = world.taken(pending)
    for flow_id, seq in ((pending.flow_id, 1), ("flow-2", 0)):
        with pytest.raises(HostError, match="sealed_broken"):
            VAULT.unseal(kept.sealed, record=flow_id, field=f"step:{seq}")


def test_steps_are_counted_one_by_one(world: World) -> None:
    """The first step has the number 0, and each one after it one more."""
    pending = world.begin(MENU)
    for number in range(3):
        assert pending.seq == number
        world.says = [MENU]
        pending = world.answer(pending, Choose(option="one"))


@pytest.mark.parametrize(
    ("step", "event", "minutes"),
    [
        (MENU, Choose(option="one"), 15),
        (a_redirect("https://login.test/", "mail.read"), Callback(params={"state": "abc"}), 10),
    ],
)
def test_each_step_has_its_time(world: World, step: Any, event: Event, minutes: int) -> None:
    """A step can be answered until just before its end, which begins anew with each step."""
    briefing = a_briefing(oauth_state="abc", redirect_uri=BACK)
    pending = world.begin(step, briefing=briefing)
    for _ in range(2):
        assert pending.expires_at == world.now + timedelta(minutes=minutes)
        world.now = pending.expires_at - timedelta(microseconds=1)
        world.says = [step]
        pending = world.answer(pending, event)
    world.now = pending.expires_at
    with pytest.raises(HostError, match="flow_expired"):
        world.answer(pending, event)
    with pytest.raises(HostError, match="flow_unknown"):
        world.answer(pending, event)


def test_a_callback_is_compared_with_the_state_that_was_sealed(world: World) -> None:
    """Another state is refused, after which the right one is still taken."""
    briefing = a_briefing(oauth_state="abc", redirect_uri=BACK)
    pending = world.begin(a_redirect(), briefing=briefing)
    with pytest.raises(HostError, match="answer_mismatch"):
        world.answer(pending, Callback(params={"state": "abd", "code": "stolen"}))
    world.says = [DONE]
    assert isinstance(world.answer(pending, Callback(params={"state": "abc"})), Ended)


def test_an_answer_of_another_server_ends_the_sign_in(world: World) -> None:
    """The provider never hears of a code from another issuer, so that it goes to nobody."""
    step = a_redirect(issuer="https://login.test")
    pending = world.begin(step, briefing=a_briefing(oauth_state="abc", redirect_uri=BACK))
    answer = Callback(params={"state": "abc", "code": "1", "iss": "https://evil.test"})
    ended = world.answer(pending, answer)
    assert ended.outcome.error.code == "issuer_mismatch"
    assert len(world.asked) == 1
    assert not world.is_kept(pending)


@pytest.mark.parametrize("outcome", [DONE, Abort(error=problem("sign_in_refused"))])
def test_an_end_is_said_and_nothing_is_kept(world: World, outcome: Any) -> None:
    """A first or a later call that ends the sign-in gives the outcome, and forgets the rest."""
    at_once = world.begin(outcome, owner="bob")
    assert (at_once.outcome, at_once.briefing) == (outcome, a_briefing())
    assert at_once.record.owner == "bob"
    pending = world.begin(MENU)
    world.says = [outcome]
    ended = world.answer(pending, Choose(option="one"))
    assert (ended.outcome, ended.briefing) == (outcome, a_briefing())
    assert ended.record.flow_id == pending.flow_id
    assert not world.is_kept(pending)
    assert world.engine.purge() == 0


def test_what_the_network_refused_is_an_outcome(world: World) -> None:
    """An error that a provider passes on ends the sign-in with that problem."""
    refused = problem("address_blocked", host="x")
    ended = world.begin(SetupError(refused))
    assert ended.outcome == Abort(error=refused)
    pending = world.begin(MENU)
    world.says = [SetupError(refused)]
    assert world.answer(pending, Choose(option="one")).outcome == Abort(error=refused)
    assert not world.is_kept(pending)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (None, "provider_result_invalid"),
        (a_redirect("https://login.test/", "mail.send"), "provider_result_invalid"),
        (ProviderFault(problem("provider_unknown", provider="x")), "provider_unknown"),
    ],
)
def test_a_fault_ends_the_sign_in(world: World, said: object, fault: str) -> None:
    """A provider that breaks the contract is named, and its sign-in is gone."""
    with pytest.raises(ProviderFault, match=fault):
        world.begin(said)
    pending = world.begin(MENU)
    world.says = [said]
    with pytest.raises(ProviderFault, match=fault) as caught:
        world.answer(pending, Choose(option="one"))
    assert caught.value.problem.message.params["provider"] in ("scripted", "x")
    assert not world.is_kept(pending)


def test_a_secret_just_typed_is_not_kept(world: World) -> None:
    """A step that holds what was typed as a secret is a fault, and its sign-in is gone."""
    form = a_form(a_field("password", InputKind.SECRET))
    pending = world.begin(form)
    world.says = [a_menu(state={"kept": PASSWORD})]
    with pytest.raises(ProviderFault, match="provider_result_invalid"):
        world.answer(pending, submitted({"password": PASSWORD}))
    assert not world.is_kept(pending)


def test_an_interrupted_answer_leaves_nothing(world: World) -> None:
    """Where the process is told to end during an answer, the sign-in is gone, not stuck."""
    pending = world.begin(MENU)
    world.says = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        world.answer(pending, Choose(option="one"))
    assert not world.is_kept(pending)


def test_another_version_of_the_provider_cannot_be_answered(world: World) -> None:
    """A step that an earlier version asked has expired, and is gone without asking anybody."""
    pending = world.begin(MENU, a_menu())
    world.version = 2
    with pytest.raises(HostError, match="flow_expired"):
        world.answer(pending, Choose(option="one"))
    assert len(world.asked) == 1
    assert not world.is_kept(pending)


def test_a_form_that_lacks_something_comes_back_filled_in(world: World) -> None:
    """What was typed and what stood there stays; a secret does not; the provider is not asked."""
    form = a_form(
        a_field("user", value="before"),
        a_field("server", value="imap.test"),
        a_field("port", required=False),
        a_field("password", InputKind.SECRET),
    )
    first = world.begin(form)
    again = world.answer(first, submitted({"password": ""}, user="after", port="993"))
    values = {field.name: field.value for field in again.step.fields}
    assert values == {"user": "after", "server": "imap.test", "port": "993", "password": None}
    assert again.step.errors.keys() == {"password"}
    assert (again.seq, len(world.asked)) == (1, 1)
    world.says = [DONE]
    assert isinstance(world.answer(again, submitted({"password": PASSWORD})), Ended)


def test_an_answer_of_the_wrong_kind_leaves_the_step(world: World) -> None:
    """A form's answer to a menu changes nothing, not even the number of the step."""
    pending = world.begin(MENU)
    with pytest.raises(HostError, match="answer_mismatch"):
        world.answer(pending, submitted(user="me"))
    world.says = [MENU]
    assert world.answer(pending, Choose(option="one")).seq == 1


def test_only_the_session_that_began_can_answer(world: World) -> None:
    """Another binding is refused, and takes nothing away from the right one."""
    pending = world.begin(MENU)
    with pytest.raises(HostError, match="flow_not_yours"):
        world.answer(pending, Choose(option="one"), binding="another")
    world.says = [DONE]
    assert isinstance(world.answer(pending, Choose(option="one")), Ended)


def test_a_sign_in_can_be_given_up(world: World) -> None:
    """An abandoned sign-in is gone, and another one is not."""
    pending, other = world.begin(MENU), world.begin(MENU)
    world.engine.abandon(pending.flow_id)
    assert not world.is_kept(pending)
    assert world.is_kept(other)


def test_what_ended_is_forgotten(world: World) -> None:
    """A purge forgets what nobody answered in time, and so does the next beginning."""
    for _ in range(3):
        world.begin(MENU)
    world.now = later(minutes=14)
    last = world.begin(MENU)
    world.now = later(minutes=15)
    assert world.engine.purge() == 3
    assert world.engine.purge() == 0
    world.now = last.expires_at
    world.begin(MENU)
    assert not world.is_kept(last)


def test_a_sign_in_that_was_given_up_can_be_begun_again(world: World) -> None:
    """One that was being answered and is forgotten leaves no trace for one of the same name."""
    pending = world.begin(MENU)
    kept = world.taken(pending)
    world.engine.abandon(pending.flow_id)
    world.store.put(kept)
    assert world.taken(pending) == kept
