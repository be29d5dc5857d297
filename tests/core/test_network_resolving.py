"""From a name to addresses: by the system's resolver, by the operator's word, and judged."""

import socket
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from inboxlink.errors import InboxlinkError
from inboxlink.network.resolving import resolve
from inboxlink.network.settings import NetworkSettings
from inboxlink.testing.peers.nameserver import NameServer

HOST = "mail.a.org"
PLAIN = NetworkSettings()
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def soon(seconds: float = 5) -> float:
    return time.monotonic() + seconds


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[Any, Any]]]:
    """Gives the system's resolver, which nobody can script, something to say."""

    def say(*said: object) -> list[tuple[Any, Any]]:
        asked: list[tuple[Any, Any]] = []

        def getaddrinfo(*arguments: Any, **options: Any) -> list[Any]:
            asked.append((arguments, options))
            rows = []
            for each in said:
                if isinstance(each, Exception):
                    raise each
                family = socket.AF_INET6 if ":" in str(each) else socket.AF_INET
                rows.append((family, socket.SOCK_STREAM, 6, "", (each, arguments[1])))
            return rows

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return say


def reached(host: str = HOST, port: int = 993, settings: NetworkSettings = PLAIN) -> list[str]:
    found = resolve(host, port, soon(), settings)
    assert all(each == port for _, each in found)
    return [str(address) for address, _ in found]


def refusal(
    host: str = HOST, seconds: float = 5, settings: NetworkSettings = PLAIN
) -> tuple[str, dict[str, str]]:
    with pytest.raises(InboxlinkError) as caught:
        resolve(host, 993, soon(seconds), settings)
    return caught.value.code, dict(caught.value.problem.message.params)


def test_the_hosts_file_is_heard() -> None:
    """Without name servers of the operator's the system resolves, its hosts file included."""
    found = reached("localhost", 1993, NetworkSettings(allow=LOOPBACK))
    assert "127.0.0.1" in found
    assert set(found) <= {"127.0.0.1", "::1"}


def test_an_address_from_the_system_is_judged() -> None:
    """What the hosts file says is blocked like what anybody says."""
    assert refusal("localhost") == ("address_blocked", {"host": "localhost"})


def test_the_systems_order_is_kept(system: Callable[..., Any]) -> None:
    """Each address once, in the order of RFC 6724 that the system gave them, for TCP."""
    asked = system("2606:4700::1111", "8.8.8.8", "2606:4700::1111", "1.1.1.1")
    assert reached() == ["2606:4700::1111", "8.8.8.8", "1.1.1.1"]
    assert asked == [((HOST, 993), {"type": socket.SOCK_STREAM})]


def test_four_addresses_are_tried(system: Callable[..., Any]) -> None:
    """Of many addresses the first four; all of them are judged."""
    many = [f"8.8.8.{number}" for number in range(1, 10)]
    system(*many)
    assert reached() == many[:4]
    system(*many, "169.254.169.254")
    assert refusal() == ("address_blocked", {"host": HOST})


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "host_not_found"),
        (socket.gaierror(socket.EAI_NODATA, "no address"), "host_not_found"),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), "dns_failed"),
        (socket.gaierror(socket.EAI_FAIL, "failed"), "dns_failed"),
        (OSError("no files left"), "dns_failed"),
    ],
)
def test_absence_and_failure_are_told_apart(
    system: Callable[..., Any], trouble: Exception, code: str
) -> None:
    """Only the resolver's own word makes a host one that is not there."""
    system(trouble)
    assert refusal() == (code, {"host": HOST, "port": "993"})


def test_a_name_that_cannot_be_asked_for_fails() -> None:
    """A label of 64 letters raises UnicodeError in the system's own call."""
    host = "a" * 64 + ".org"
    assert refusal(host) == ("dns_failed", {"host": host, "port": "993"})


def test_no_address_is_no_host(system: Callable[..., Any]) -> None:
    """An empty answer is an unknown host."""
    system()
    assert refusal() == ("host_not_found", {"host": HOST, "port": "993"})


def test_a_resolver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline holds, and what hangs keeps no process from its end."""
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30) and [])
    try:
        started = time.monotonic()
        assert refusal(seconds=0.2) == ("timed_out", {"host": HOST, "port": "993"})
        assert 0.2 <= time.monotonic() - started < 2
        left = [each for each in threading.enumerate() if each.name == "inboxlink-resolve"]
        assert [each.daemon for each in left] == [True]
    finally:
        over.set()
    for each in left:
        each.join(5)


def test_nothing_is_asked_after_the_deadline(system: Callable[..., Any]) -> None:
    """A deadline that has passed is a time-out, whatever the system knows."""
    system("8.8.8.8")
    assert refusal(seconds=-1) == ("timed_out", {"host": HOST, "port": "993"})


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_an_address_is_asked_of_nobody(system: Callable[..., Any], address: str) -> None:
    """An address is itself."""
    asked = system("1.1.1.1")
    assert reached(address) == [address]
    assert asked == []


def test_a_blocked_address_is_refused() -> None:
    """An address that was typed is judged like one that was found."""
    assert refusal("127.0.0.1") == ("address_blocked", {"host": "127.0.0.1"})


@pytest.mark.parametrize(
    ("mapped", "target"),
    [("127.0.0.1:1993", ("127.0.0.1", 1993)), ("[::1]:1", ("::1", 1))],
)
def test_the_operator_says_where_a_host_is(
    system: Callable[..., Any], mapped: str, target: tuple[str, int]
) -> None:
    """A mapping needs no further leave, holds for one port, and is asked of nobody."""
    asked = system("8.8.8.8")
    settings = NetworkSettings(connect={f"{HOST}:993": mapped})
    assert resolve(HOST, 993, soon(), settings) == ((ip_address(target[0]), target[1]),)
    assert asked == []
    assert reached(port=143, settings=settings) == ["8.8.8.8"]


def test_the_operators_name_servers_are_asked_alone(system: Callable[..., Any]) -> None:
    """With name servers named, the system's resolver has no say, be the answer yes or no."""
    asked = system("1.1.1.1")
    with NameServer({HOST: f"{HOST}. 60 IN A 8.8.8.8"}) as server:
        settings = NetworkSettings(nameservers=(f"127.0.0.1:{server.port}",))
        assert reached(settings=settings) == ["8.8.8.8"]
        with pytest.raises(InboxlinkError, match="^host_not_found$"):
            resolve("nowhere.org", 993, soon(), settings)
        assert {name for name, _ in server.questions} == {HOST, "nowhere.org"}
    assert asked == []


def test_an_answer_of_the_operators_name_servers_is_judged() -> None:
    """What they say is blocked like what anybody says."""
    with NameServer({HOST: f"{HOST}. 60 IN A 8.8.8.8\n{HOST}. 60 IN A 10.0.0.1"}) as server:
        there = (f"127.0.0.1:{server.port}",)
        assert refusal(settings=NetworkSettings(nameservers=there))[0] == "address_blocked"
        lenient = NetworkSettings(nameservers=there, allow_private=True)
        assert sorted(reached(settings=lenient)) == ["10.0.0.1", "8.8.8.8"]
