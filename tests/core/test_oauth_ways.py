"""How an authorization answer comes back, of what the host and the provider can both do."""

import time
from datetime import UTC, datetime
from itertools import combinations

import pytest

from inboxlink.errors import SetupError
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.oauth.ways import chosen_way
from inboxlink.types.address import parse_address
from inboxlink.types.context import AuthContext, Purpose
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.disclosure import Application, Audience
from inboxlink.types.text import Text
from inboxlink.types.way import Way

EVERY = frozenset(Way)


def context(*ways: Way, redirect_uri: str | None = "http://localhost:1/oauth/acme") -> AuthContext:
    return AuthContext(
        deadline=time.monotonic() + 1,
        wire=Network(NetworkSettings()),
        clock=lambda: datetime.now(UTC),
        random_token=lambda size: "x" * size,
        address=parse_address("ann@example.org"),
        audience=Audience.PERSONAL,
        language="en",
        application=Application("Acme"),
        wanted=frozenset(),
        purpose=Purpose.CONNECT,
        detection=Detection("acme", Basis.GUESS, Text("x")),
        ways=frozenset(ways),
        redirect_uri=redirect_uri,
    )


@pytest.mark.parametrize(
    "ways", [each for size in (1, 2, 3, 4) for each in combinations(Way, size)]
)
def test_the_best_way_of_a_host_is_taken(ways: tuple[Way, ...]) -> None:
    """What needs nothing of the person comes first, and what is most often blocked last."""
    # DF3
    order = [Way.LOOPBACK, Way.REDIRECT, Way.PASTE, Way.DEVICE]
    assert chosen_way(context(*ways), "acme", EVERY) is min(ways, key=order.index)


def test_a_provider_may_not_know_it() -> None:
    """The best one that both can go is taken."""
    found = chosen_way(context(Way.LOOPBACK, Way.DEVICE), "acme", frozenset({Way.DEVICE}))
    assert found is Way.DEVICE


def test_without_an_address_only_a_code_elsewhere_remains() -> None:
    """A host that has no place to come back to has no other way, whatever it says."""
    assert chosen_way(context(*Way, redirect_uri=None), "acme", EVERY) is Way.DEVICE


@pytest.mark.parametrize(
    ("ways", "supported", "redirect_uri"),
    [
        ((), EVERY, "http://localhost:1/oauth/acme"),
        ((Way.DEVICE,), frozenset({Way.LOOPBACK}), "http://localhost:1/oauth/acme"),
        ((Way.LOOPBACK, Way.PASTE), EVERY, None),
    ],
)
def test_no_way_at_all_is_told_with_those_there_are(
    ways: tuple[Way, ...], supported: frozenset[Way], redirect_uri: str | None
) -> None:
    """The problem names what the host has and what the provider would take."""
    with pytest.raises(SetupError) as caught:
        chosen_way(context(*ways, redirect_uri=redirect_uri), "acme", supported)
    assert caught.value.code == "way_unavailable"
    params = caught.value.problem.message.params
    assert params["provider"] == "acme"
    assert params["way"] == (", ".join(sorted(ways)) or "-")
    assert params["ways"] == ", ".join(sorted(supported))
