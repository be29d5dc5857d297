"""The sign-in with a code on another device (RFC 8628)."""

from datetime import timedelta
from typing import Any

import pytest

from inboxlink.testing.peers.faults import HTML, busy, instead, unavailable
from inboxlink.testing.peers.web import json_answer
from inboxlink.types.steps import Abort, Done, Poll, Step
from inboxlink.types.way import Way
from outlook.world import Visit
from peers.oauth.microsoft_answers import token_error
from peers.oauth.worlds import ALICE, MicrosoftWorld

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def at_a_terminal(world: MicrosoftWorld) -> Visit:
    """Somebody on a machine without a browser."""
    return Visit(world, ways=frozenset({Way.DEVICE}), redirect_uri=None)


def begun(visit: Visit) -> Poll:
    found = visit.begin()
    assert isinstance(found, Poll), found
    return found


def code_of(step: Step) -> str:
    assert isinstance(step, Abort), step
    return step.error.code


def test_a_person_signs_in_elsewhere(microsoft_world: MicrosoftWorld) -> None:
    """The code is typed at Microsoft's address, and the next question brings the credential."""
    visit = at_a_terminal(microsoft_world)
    waiting = begun(visit)
    assert waiting.verification_uri == "https://microsoft.com/devicelogin"
    assert waiting.every_s == microsoft_world.server.device_interval_s
    assert timedelta(seconds=590) < waiting.until - visit.clock() <= timedelta(seconds=600)
    pending = visit.tick(waiting)
    assert pending == waiting
    visit.person().enter_code(waiting.verification_uri, waiting.user_code)
    done = visit.tick(pending)
    assert isinstance(done, Done)
    assert done.credential.account.startswith(ALICE.oid)
    assert set(done.credential.scopes) == set(waiting.scopes)


def test_each_tick_asks_once(microsoft_world: MicrosoftWorld) -> None:
    """No question is asked between the ticks, and one at each."""
    # DF1
    visit = at_a_terminal(microsoft_world)
    waiting = begun(visit)
    for _ in range(3):
        waiting = visit.tick(waiting)  # type: ignore[assignment]
    calls = microsoft_world.server.token_calls()
    assert [(call.grant_type, call.error) for call in calls] == [
        (GRANT, "authorization_pending")
    ] * 3


def test_the_devices_code_is_in_the_sealed_state_alone(microsoft_world: MicrosoftWorld) -> None:
    """What is shown is the code for people; the other one is in nothing that a log would show."""
    waiting = begun(at_a_terminal(microsoft_world))
    secret = str(waiting.state["device_code"])
    assert len(secret) > 20
    assert secret not in repr(waiting)
    assert secret not in waiting.verification_uri


def test_slow_down_is_heeded(microsoft_world: MicrosoftWorld) -> None:
    """Each time that the server asks for it, five seconds are added for good."""
    # DF1
    visit = at_a_terminal(microsoft_world)
    waiting = begun(visit)
    first = waiting.every_s
    slower = instead(json_answer(400, {"error": "slow_down"}))
    microsoft_world.faults.at_token(slower, GRANT, times=2)
    for more in (5, 10, 10):
        waiting = visit.tick(waiting)  # type: ignore[assignment]
        assert isinstance(waiting, Poll)
        assert waiting.every_s == first + more


@pytest.mark.parametrize(
    "trouble", [unavailable(503), busy(1)], ids=["unavailable", "too many requests"]
)
def test_a_server_in_trouble_is_asked_less_often(
    microsoft_world: MicrosoftWorld, trouble: Any
) -> None:
    """An outage says nothing of the sign-in: it goes on, with twice the time in between."""
    # DF1
    visit = at_a_terminal(microsoft_world)
    waiting = begun(visit)
    microsoft_world.faults.at_token(trouble, GRANT, times=1)
    slower = visit.tick(waiting)
    assert isinstance(slower, Poll)
    assert slower.every_s == waiting.every_s * 2
    visit.person().enter_code(waiting.verification_uri, waiting.user_code)
    assert isinstance(visit.tick(slower), Done)


def test_a_server_that_cannot_be_reached_is_asked_less_often(
    microsoft_world: MicrosoftWorld,
) -> None:
    """Neither does a connection that is refused end the sign-in."""
    visit = at_a_terminal(microsoft_world)
    waiting = begun(visit)
    visit.world = None  # nothing is there any more, not even the name
    from inboxlink.network.settings import NetworkSettings
    from inboxlink.network.wire import Network

    dead = {"login.microsoftonline.com:443": "127.0.0.1:1"}
    visit.wire = Network(NetworkSettings(ca_file=microsoft_world.ca_file, connect=dead))
    slower = visit.tick(waiting)
    assert isinstance(slower, Poll)
    assert slower.every_s == waiting.every_s * 2


def test_nonsense_ends_it(microsoft_world: MicrosoftWorld) -> None:
    """An answer that is none is not waited for again."""
    visit = at_a_terminal(microsoft_world)
    waiting = begun(visit)
    microsoft_world.faults.at_token(instead(HTML), GRANT)
    assert code_of(visit.tick(waiting)) == "protocol_error"


def test_a_code_ends_by_our_own_clock(microsoft_world: MicrosoftWorld) -> None:
    """After its end nothing is asked any more, whatever the server would say."""
    # DF1
    visit = at_a_terminal(microsoft_world)
    waiting = begun(visit)
    visit.clock.passes(601)
    assert code_of(visit.tick(waiting)) == "sign_in_timed_out"
    assert microsoft_world.server.token_calls() == []


def test_pending_after_the_end_is_the_end(microsoft_world: MicrosoftWorld) -> None:
    """A server that says "pending" while the time runs out is not asked again."""
    visit = at_a_terminal(microsoft_world)
    waiting = begun(visit)

    def slow(_: Any, proceed: Any) -> Any:
        visit.clock.passes(601)
        return proceed()

    microsoft_world.faults.at_token(slow, GRANT)
    assert code_of(visit.tick(waiting)) == "sign_in_timed_out"
    (call,) = microsoft_world.server.token_calls()
    assert call.error == "authorization_pending"


def test_the_servers_own_end_is_the_end(microsoft_world: MicrosoftWorld) -> None:
    """Its word that the code has expired ends the sign-in."""
    visit = at_a_terminal(microsoft_world)
    waiting = begun(visit)
    microsoft_world.faults.at_token(token_error(70020), GRANT)
    assert code_of(visit.tick(waiting)) == "sign_in_timed_out"


def test_a_person_may_say_no(microsoft_world: MicrosoftWorld) -> None:
    """Who cancels on the other device is told that nothing is connected."""
    visit = at_a_terminal(microsoft_world)
    waiting = begun(visit)
    visit.person(declines="device").enter_code(waiting.verification_uri, waiting.user_code)
    assert code_of(visit.tick(waiting)) == "consent_declined"


def test_an_organisation_may_forbid_it(microsoft_world: MicrosoftWorld) -> None:
    """Conditional access that blocks the device flow has a name and a way out of its own."""
    # DF3
    visit = at_a_terminal(microsoft_world)
    waiting = begun(visit)
    microsoft_world.faults.at_token(token_error(53003), GRANT)
    found = visit.tick(waiting)
    assert isinstance(found, Abort)
    assert found.error.code == "device_flow_blocked"
    assert "AADSTS53003" in (found.error.remote or "")


def test_a_refusal_of_the_code_itself_is_told(microsoft_world: MicrosoftWorld) -> None:
    """Where Microsoft gives no code, the reason is the answer."""
    microsoft_world.faults.at_device(token_error(700016))
    found = at_a_terminal(microsoft_world).begin()
    assert isinstance(found, Abort)
    assert found.error.code == "client_refused"
    assert found.error.message.key == "outlook.entra.client_unknown"


@pytest.mark.parametrize("answer", [{}, {"user_code": "A", "expires_in": "soon"}, []])
def test_half_a_code_is_none(microsoft_world: MicrosoftWorld, answer: Any) -> None:
    """A device endpoint that answers nonsense is told as such."""
    microsoft_world.faults.at_device(instead(json_answer(200, answer)))
    assert code_of(at_a_terminal(microsoft_world).begin()) == "protocol_error"
