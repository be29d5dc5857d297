"""The short run: every named moment once with kill -9, some of them with gentler signals."""

import signal
from collections.abc import Iterator
from itertools import cycle

import pytest

from peers.certificates import Authority
from peers.dovecot import Dovecot
from soak.points import ANY_MOMENT, POINTS, Point
from soak.rounds import Round, World, quick_directory
from soak.server import Server

STRUCK = [point for point in POINTS if point.name != ANY_MOMENT]

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
    """At least twenty moments are named, no two alike, in each of the four actions."""
    names = {str(point) for point in POINTS}
    assert len(names) == len(POINTS) >= 20
    assert {point.action for point in POINTS} == {"connect", "reconnect", "rotate", "disconnect"}
    assert len(GENTLE) == 9


@pytest.mark.parametrize("point", STRUCK, ids=str)
def test_a_kill_breaks_nothing(world: World, point: Point) -> None:
    """After kill -9 a new process finds everything whole, and the same action then works."""
    # req 107, req 109, req 110
    assert Round(world, point).play() == []


@pytest.mark.parametrize(
    ("point", "number"), zip(GENTLE, cycle([signal.SIGTERM, signal.SIGINT]), strict=False), ids=str
)
def test_a_signal_breaks_nothing(world: World, point: Point, number: signal.Signals) -> None:
    """SIGTERM ends the program by that signal, SIGINT with 130 and a word; nothing is broken."""
    assert Round(world, point, number).play() == []


@pytest.mark.parametrize("action", ["connect", "reconnect", "rotate", "disconnect"])
def test_a_kill_at_any_moment_breaks_nothing(world: World, action: str) -> None:
    """The same at moments that nobody chose."""
    (point,) = [each for each in POINTS if (each.action, each.name) == (action, ANY_MOMENT)]
    assert Round(world, point).play() == []
