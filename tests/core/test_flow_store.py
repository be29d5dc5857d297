"""Both keepers of sign-ins in progress, held to the same rules."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from core.custody import (
    NOW,
    custody,
    later,
    opened,
    sql,
    together,
    without_keyring,  # noqa: F401 - a fixture
)
from inboxlink.errors import HostError
from inboxlink.flows.memory import MemoryFlows
from inboxlink.flows.record import FlowRecord, FlowStore
from inboxlink.store.engine import open_store
from inboxlink.store.flows import SqlFlows
from inboxlink.store.rotation import rotate
from inboxlink.types.context import Purpose
from inboxlink.vault import Vault
from inboxlink.vault.keys import KEY_BYTES, Key

pytestmark = pytest.mark.usefixtures("without_keyring")

BINDING = "b" * 64
VAULT = Vault((Key(bytes(KEY_BYTES)),), None)


def a_flow(flow_id: str = "f1", **changes: Any) -> FlowRecord:
    field = f"step:{changes.get('seq', 0)}"
    record = FlowRecord(
        flow_id=flow_id,
        owner="alice",
        provider="imap",
        plugin_version="1.0",
        flow_version=1,
        purpose=Purpose.CONNECT,
        address="me@example.com",
        connection_id=None,
        seq=0,
        binding=BINDING,
        expires_at=later(minutes=10),
        sealed=VAULT.seal(b"step", record=flow_id, field=field),
    )
    return replace(record, **changes)


@pytest.fixture(params=["memory", "sql"])
def flows(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlowStore]:
    if request.param == "memory":
        yield MemoryFlows()
        return
    store = open_store(None, tmp_path / "data")
    yield SqlFlows(store, VAULT)
    store.close()


def refused(flows: FlowStore, code: str, *args: Any) -> None:
    with pytest.raises(HostError, match=f"^{code}$"):
        flows.take(*args)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_flow_comes_back_as_it_was(flows: FlowStore, purpose: Purpose) -> None:
    """What is taken equals what was put, in every field."""
    record = a_flow(purpose=purpose, connection_id="c1", owner="ålice \"'")
    flows.put(record)
    assert flows.take("f1", 0, BINDING, NOW) == record


def test_an_unknown_flow_is_refused(flows: FlowStore) -> None:
    """A flow that was never begun, or that was deleted, is `flow_unknown`; deleting it is none."""
    refused(flows, "flow_unknown", "f1", 0, BINDING, NOW)
    flows.put(a_flow())
    flows.delete("f1")
    flows.delete("f1")
    refused(flows, "flow_unknown", "f1", 0, BINDING, NOW)


def test_a_flow_of_somebody_else_is_refused_and_kept(flows: FlowStore) -> None:
    """Another binding is `flow_not_yours` whatever else is wrong, and takes nothing away."""
    flows.put(a_flow())
    refused(flows, "flow_not_yours", "f1", 0, "c" * 64, NOW)
    refused(flows, "flow_not_yours", "f1", 5, "c" * 64, NOW)
    refused(flows, "flow_not_yours", "f1", 0, "c" * 64, later(days=1))
    assert flows.take("f1", 0, BINDING, NOW).flow_id == "f1"


@pytest.mark.parametrize("seconds", [600, 601, 86400])
def test_an_expired_flow_is_refused_and_gone(flows: FlowStore, seconds: int) -> None:
    """From the moment of its end on a flow is `flow_expired` once, and then unknown."""
    flows.put(a_flow())
    refused(flows, "flow_expired", "f1", 0, BINDING, later(seconds=seconds))
    refused(flows, "flow_unknown", "f1", 0, BINDING, NOW)


def test_a_flow_lives_until_its_end(flows: FlowStore) -> None:
    """A microsecond before its end a flow can still be taken."""
    flows.put(a_flow())
    assert flows.take("f1", 0, BINDING, later(minutes=10, microseconds=-1))


@pytest.mark.parametrize("seq", [-1, 0, 2, 3])
def test_another_step_is_stale(flows: FlowStore, seq: int) -> None:
    """An answer for any step but the pending one is `flow_stale`, and spoils nothing."""
    flows.put(a_flow(seq=1))
    refused(flows, "flow_stale", "f1", seq, BINDING, NOW)
    assert flows.take("f1", 1, BINDING, NOW).seq == 1


def test_a_step_is_taken_once(flows: FlowStore) -> None:
    """While an answer is being worked on, the same one again is `flow_stale`."""
    flows.put(a_flow())
    flows.take("f1", 0, BINDING, NOW)
    refused(flows, "flow_stale", "f1", 0, BINDING, NOW)
    refused(flows, "flow_stale", "f1", 0, BINDING, NOW)


def test_advancing_makes_the_next_step_the_only_one(flows: FlowStore) -> None:
    """After `advance` the next step can be taken, the last one not, and the content is the new."""
    flows.put(a_flow())
    flows.take("f1", 0, BINDING, NOW)
    following = a_flow(seq=1, expires_at=later(minutes=20))
    flows.advance(following)
    refused(flows, "flow_stale", "f1", 0, BINDING, NOW)
    assert flows.take("f1", 1, BINDING, later(minutes=15)) == following


def test_flows_do_not_touch_one_another(flows: FlowStore) -> None:
    """Taking, advancing and deleting one flow leaves another as it was."""
    flows.put(a_flow("f1"))
    other = a_flow("f2")
    flows.put(other)
    flows.take("f1", 0, BINDING, NOW)
    flows.advance(a_flow("f1", seq=7))
    flows.delete("f1")
    assert flows.take("f2", 0, BINDING, NOW) == other


def test_a_purge_forgets_what_ended(flows: FlowStore) -> None:
    """A purge removes the flows whose end has come, taken or not, and says how many."""
    for number in range(6):
        flows.put(a_flow(f"f{number}", expires_at=later(minutes=number)))
    flows.take("f1", 0, BINDING, NOW)
    assert flows.purge(later(minutes=2)) == 3
    assert flows.purge(later(minutes=2)) == 0
    refused(flows, "flow_unknown", "f2", 0, BINDING, NOW)
    assert flows.take("f3", 0, BINDING, NOW).flow_id == "f3"


def test_an_end_is_a_moment_in_every_time_zone(flows: FlowStore) -> None:
    """Ends and times of other zones are compared as moments, not as texts."""
    east = timezone(timedelta(hours=9))
    end: datetime = later(minutes=1).astimezone(east)
    flows.put(a_flow(expires_at=end))
    assert flows.purge(NOW.astimezone(timezone(timedelta(hours=-9)))) == 0
    assert flows.take("f1", 0, BINDING, NOW.astimezone(east)).expires_at == end


def test_a_flow_that_was_forgotten_cannot_go_on(flows: FlowStore) -> None:
    """Advancing a flow that was abandoned meanwhile is `flow_unknown`, and revives nothing."""
    flows.put(a_flow())
    flows.take("f1", 0, BINDING, NOW)
    flows.delete("f1")
    with pytest.raises(HostError, match="^flow_unknown$"):
        flows.advance(a_flow(seq=1))
    refused(flows, "flow_unknown", "f1", 1, BINDING, NOW)


def test_a_flow_is_there_for_another_process(tmp_path: Path) -> None:
    """A flow outlives the process that began it."""
    record = a_flow()
    for _ in range(2):
        store = open_store(None, tmp_path / "data")
        flows = SqlFlows(store, VAULT)
        if not sql(tmp_path / "data", "SELECT 1 FROM flow"):
            flows.put(record)
            store.close()
    assert flows.take("f1", 0, BINDING, NOW) == record
    store.close()


@pytest.mark.parametrize("is_advanced", [False, True])
def test_a_step_of_a_process_that_missed_a_rotation_can_be_opened(
    tmp_path: Path, is_advanced: bool
) -> None:
    """A step that was sealed with a key retired meanwhile is kept under the one that is used."""
    store, behind = opened(tmp_path / "data")
    flows = SqlFlows(store, behind)
    step: Callable[[bytes, int], bytes] = lambda plain, seq: behind.seal(  # noqa: E731
        plain, record="f1", field=f"step:{seq}"
    )
    sealed = step(b"the step", int(is_advanced))
    with custody(tmp_path / "data") as (other, rotating, _, _):
        rotate(other, rotating)
    if is_advanced:  # begun after the rotation, and sealed by a process that has not seen it
        flows.put(a_flow(sealed=step(b"the step before", 0)))
        flows.take("f1", 0, BINDING, NOW)
        flows.advance(a_flow(seq=1, sealed=sealed))
    else:
        flows.put(a_flow(sealed=sealed))
    store.close()
    with custody(tmp_path / "data") as (other, vault, _, _):
        record = SqlFlows(other, vault).take("f1", int(is_advanced), BINDING, NOW)
        assert vault.is_current(record.sealed)
        assert vault.unseal(record.sealed, record="f1", field=record.field) == b"the step"


def test_of_many_processes_one_takes_a_step(tmp_path: Path) -> None:
    """Of eight processes that take the same step at once, one has it and seven are stale."""
    store = open_store(None, tmp_path / "data")
    SqlFlows(store, VAULT).put(a_flow())
    store.close()
    script = """
from pathlib import Path
from core.custody import NOW
from inboxlink.errors import HostError
from inboxlink.store.engine import open_store
from inboxlink.store.flows import SqlFlows
store = open_store(None, Path(sys.argv[2]))
print("ready", flush=True)
input()
try:
    SqlFlows(store, None).take("f1", 0, "b" * 64, NOW)
    print("taken")
except HostError as error:
    print(error.code)
store.close()
"""
    said = together(script, 8, tmp_path / "data")
    assert sorted(said) == ["flow_stale"] * 7 + ["taken"]
