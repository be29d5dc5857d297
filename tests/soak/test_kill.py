"""The short run: every named moment once with kill -9, some of them with gentler signals."""

import signal
from collections.abc import Iterator
from itertools import cycle

import pytest

from core.custody import sql
from core.renewal import RENEWING
from peers.certificates import Authority
from peers.dovecot import Dovecot
from peers.fixtures import ALICE
from peers.token_endpoint import HOST, TokenEndpoint
from soak.points import ANY_MOMENT, POINTS, Point
from soak.renewals import Renewal, RenewalWorld
from soak.rounds import Round, World, quick_directory
from soak.seeding import BESIDE, OLD
from soak.server import Server

STRUCK = [point for point in POINTS if point.name != ANY_MOMENT and point.action != "refresh"]
RENEWING_AT = [point for point in POINTS if point.action == "refresh"]

#: Before, between and after what is durable, inside the provider and outside of it.
GENTLE = [
    point
    for point in STRUCK
    if str(point)
    in {
        "connect: first key written, not in place",
        "connect: consent row committed",
        "connect: flow taken",
        "connect: signed in to receive",
        "connect: connection and secret committed",
        "reconnect: old secret removed, not committed",
        "rotate: second batch half",
        "rotate: one key written, not in place",
        "disconnect: all of it not committed",
    }
]


@pytest.fixture(scope="module")
def world(dovecot_of_the_run: Dovecot, authority: Authority) -> Iterator[World]:
    with quick_directory() as root, Server() as server:
        yield World(root, server, dovecot_of_the_run, authority.ca_file)


def test_there_are_enough_moments() -> None:
    """At least twenty moments are named, no two alike, in each of the five actions."""
    names = {str(point) for point in POINTS}
    assert len(names) == len(POINTS) >= 20
    actions = {"connect", "reconnect", "rotate", "disconnect", "refresh"}
    assert {point.action for point in POINTS} == actions
    assert len(GENTLE) == 9


@pytest.mark.parametrize("point", STRUCK, ids=str)
def test_a_kill_breaks_nothing(world: World, point: Point) -> None:
    """After kill -9 a new process finds everything whole, and the same action then works."""
    # req 107, req 109, req 110
    assert Round(world, point).play() == []


@pytest.mark.parametrize(
    ("point", "number"),
    list(zip(GENTLE, cycle([signal.SIGTERM, signal.SIGINT]), strict=False)),
    ids=str,
)
def test_a_signal_breaks_nothing(world: World, point: Point, number: signal.Signals) -> None:
    """SIGTERM ends the program by that signal, SIGINT with 130 and a word; nothing is broken."""
    assert Round(world, point, number).play() == []


@pytest.mark.parametrize("action", ["connect", "reconnect", "rotate", "disconnect"])
def test_a_kill_at_any_moment_breaks_nothing(world: World, action: str) -> None:
    """The same at moments that nobody chose."""
    (point,) = [each for each in POINTS if (each.action, each.name) == (action, ANY_MOMENT)]
    assert Round(world, point).play() == []


@pytest.fixture(scope="module")
def renewals(authority: Authority) -> Iterator[RenewalWorld]:
    with (
        quick_directory() as root,
        Server(RENEWING) as server,
        TokenEndpoint(authority.issue(HOST)) as endpoint,
    ):
        yield RenewalWorld(root, server, endpoint, authority.ca_file)


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize("point", RENEWING_AT, ids=str)
def test_a_killed_renewal_hides_nothing(renewals: RenewalWorld, point: Point, turn: int) -> None:
    """After kill -9 what is kept is good or reads at risk, and the next renewal tells the truth."""
    assert Renewal(renewals, point, is_long=turn == 0).play() == []


@pytest.mark.parametrize(
    ("touched", "word"),
    [
        ("UPDATE connection_secret SET name = 'token_cache' WHERE name = 'access_token'", "opened"),
        ("DELETE FROM connection_secret WHERE name = 'access_token'", "no answer of the endpoint"),
        ("UPDATE connection SET owner = (SELECT 'x')", "cannot be opened"),
        ("UPDATE ledger_head SET mac = 'ab'", "the ledger's row"),
    ],
)
def test_what_is_broken_of_a_renewal_is_seen(
    renewals: RenewalWorld, touched: str, word: str
) -> None:
    """The look that these rounds rely on names what must not be."""
    home = renewals.copy()
    sql(home / "data", touched)
    found = renewals.server.call("soak.renewals:look", home, renewals.endpoint.issued)
    assert any(word in each for each in found["broken"]), found


def test_a_lost_token_that_reads_well_is_seen(renewals: RenewalWorld) -> None:
    """A round in which the mark is lost with the answer does not pass."""
    (point,) = [each for each in RENEWING_AT if each.name == "after the provider's answer"]
    played = Renewal(renewals, point)
    home = renewals.copy()
    played._struck(home)
    sql(home / "data", "UPDATE connection SET refresh_started_at = NULL")
    played._go_on(home)
    assert played.broken == ["its token is used up, and it reads active"]


#: The passwords that `seed` leaves.
KEPT = {ALICE: [OLD], **{address: [word] for address, word in BESIDE.items()}}

#: What is done to an installation, and what must be said of it.
TOUCHED: dict[str, tuple[tuple[str, ...], dict[str, object], str]] = {
    "nothing": ((), {}, ""),
    "no secret": (("DELETE FROM connection_secret",), {}, "has no secret"),
    "no consent": (
        ("DELETE FROM ledger_entry", "DELETE FROM ledger_head"),
        {},
        "the ledger's row 1 is broken",
    ),
    "no consent before a password": (
        ("DELETE FROM connection", "DELETE FROM ledger_entry", "DELETE FROM ledger_head"),
        {"used": ALICE},
        "reached a server before consent",
    ),
    "half disconnected": (
        ("UPDATE connection SET state = 'disconnected'",),
        {},
        "is disconnected and has a secret",
    ),
    "disconnected in silence": (
        ("DELETE FROM connection_secret", "UPDATE connection SET state = 'disconnected'"),
        {},
        "the ledger does not say so",
    ),
    "another password": ((), {"passwords": KEPT | {ALICE: ["x y z"]}}, "neither the old nor the"),
    "a password in the clear": (
        ("UPDATE connection SET problem_code = 'an older s3cret of Alice'",),
        {},
        "holds a password (raw)",
    ),
    "another server": (
        ("UPDATE connection SET endpoints = '[]'",),
        {},
        "it cannot be opened: sealed_broken",
    ),
    "two keys": (
        ("UPDATE vault_key SET key_id = '0000000000000000'",),
        {"is_rotated": True},
        "it cannot be opened: key_missing",
    ),
}


@pytest.mark.parametrize(("statements", "changes", "word"), TOUCHED.values(), ids=TOUCHED)
def test_what_is_broken_is_seen(
    world: World, statements: tuple[str, ...], changes: dict[str, object], word: str
) -> None:
    """The look that the rounds rely on names each thing that must not be."""
    home = world.copy(POINTS[-1])
    if statements:
        sql(home / "data", "PRAGMA foreign_keys = OFF", *statements)
    given = {"passwords": KEPT, "used": None, "is_rotated": False, "is_ended": True}
    broken = world.server.call("soak.invariants:look", home, given | changes)["broken"]
    assert bool(broken) == bool(word), broken
    assert any(word in each for each in broken) or not word, broken


def test_a_file_too_many_is_seen(world: World) -> None:
    """A file that a killed process left for ever is named."""
    home = world.copy(POINTS[-1])
    (home / "data" / ".vault.key.x7f3").touch()
    given = {"passwords": KEPT, "used": None, "is_rotated": False, "is_ended": False}
    broken = world.server.call("soak.invariants:look", home, given)["broken"]
    assert broken == ["the file .vault.key.x7f3 lies there"]
