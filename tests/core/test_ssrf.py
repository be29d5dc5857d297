"""No packet leaves for an address within one's own network, whoever names it and however."""

import sys
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from core.test_scenarios import AUTOCONFIG, SPELLINGS, WITHIN, D, file, look
from inboxlink.errors import InboxlinkError
from inboxlink.evidence.checking import MAX_SERVERS, check
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.testing.peers.nameserver import NameServer
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.detection import Endpoint, Role, Tls
from peers.certificates import Authority
from peers.web import Page, World, page, redirect

#: Every spelling that stands where a host may be named.
HOSTS = tuple(
    dict.fromkeys([*SPELLINGS, *(f"[{each}]" if ":" in each else each for each in WITHIN)])
)
PORTS = (993, 465, 143, 587, 443, 80, 22)

#: What each test that runs has seen; the hook stays for the rest of the process.
_WATCHED: list[list[Any]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        for seen in _WATCHED:
            seen.append(arguments[1])


sys.addaudithook(_hook)


@pytest.fixture
def connected() -> Iterator[Callable[[], set[int]]]:
    """The ports that any thread of this process connected while the test ran."""
    seen: list[Any] = []
    _WATCHED.append(seen)
    yield lambda: {each[1] for each in seen if isinstance(each, tuple)}
    _WATCHED.remove(seen)


def asking(names: NameServer) -> NetworkSettings:
    return NetworkSettings(nameservers=(f"127.0.0.1:{names.port}",))


def test_there_are_enough_of_them() -> None:
    """The canary is asked for by at least sixty spellings, in names and in DNS together."""
    # case 16
    assert len(HOSTS) >= 60
    assert len(set(WITHIN)) >= 40


@pytest.mark.parametrize("host", HOSTS)
def test_no_host_that_is_typed_is_connected(host: str, connected: Callable[[], set[int]]) -> None:
    """By hand, in a preset or from a file: the door is the same, on every port."""
    # case 16
    with NameServer({}) as names:
        network = Network(asking(names))
        for port in PORTS:
            for tls in Tls:
                with pytest.raises(InboxlinkError) as caught:
                    network.open(Endpoint(Role.IMAP, host, port, tls), time.monotonic() + 2)
                assert caught.value.code in ("address_blocked", "host_invalid", "host_not_found")
        assert connected() <= {names.port}


@pytest.mark.parametrize("address", WITHIN)
def test_no_name_that_is_typed_leads_within(
    address: str, connected: Callable[[], set[int]]
) -> None:
    """A name for such an address is refused as the address is."""
    # case 16
    kind = "AAAA" if ":" in address else "A"
    record = f"mail.{D}. 60 IN {kind} {ip_address(address).exploded}"
    with NameServer({f"mail.{D}": record}) as names:
        with pytest.raises(InboxlinkError, match="^address_blocked$"):
            Network(asking(names)).open(
                Endpoint(Role.IMAP, f"mail.{D}", 993, Tls.IMPLICIT), time.monotonic() + 2
            )
        assert connected() <= {names.port}


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_no_redirect_leads_within(
    authority: Authority, scheme: str, host: str, connected: Callable[[], set[int]]
) -> None:
    """Neither of https nor, where plain http was chosen, of that."""
    # case 13, 16
    start = AUTOCONFIG.replace("https", scheme)
    pages: dict[str, Page] = {start: redirect(f"{scheme}://{host}/canary")}
    with World(authority, (f"autoconfig.{D}",), pages=pages, plain=True) as world:
        look(world, guess=False, insecure_http=True)
        own = {int(each.rpartition(":")[2]) for each in world.settings.connect.values()}
        assert start in world.fetched
        assert not any("canary" in url for url in world.fetched)
        assert connected() <= {world.names.port} | own


def test_no_host_of_a_file_is_greeted_within(
    authority: Authority, connected: Callable[[], set[int]]
) -> None:
    """What the domain publishes is read, and its hosts are judged before they are connected."""
    # case 16
    with World(authority, (f"autoconfig.{D}",)) as world:
        for host in HOSTS:
            world.pages[AUTOCONFIG] = page(file(host))
            evidence = look(world, guess=False)
            endpoints = [
                Endpoint(role, each.host, each.port, Tls.IMPLICIT)
                for each in evidence.published or ()
                for role in (Role.IMAP, Role.SUBMISSION)
            ][:MAX_SERVERS]
            for checked in check(endpoints, Network(world.settings), time.monotonic() + 2):
                assert checked.problem is not None
                assert checked.problem.code in ("address_blocked", "host_not_found")
        own = {int(each.rpartition(":")[2]) for each in world.settings.connect.values()}
        assert connected() <= {world.names.port} | own


def test_the_canary_would_be_seen(connected: Callable[[], set[int]]) -> None:
    """Where the operator allows the network, the same door connects: the watch is awake."""
    port = CLOSED_PORT
    network = Network(NetworkSettings(allow=(ip_network("127.0.0.0/8"),)))
    with pytest.raises(InboxlinkError, match="^connection_refused$"):
        network.open(Endpoint(Role.IMAP, "127.0.0.1", port, Tls.IMPLICIT), time.monotonic() + 2)
    assert connected() == {port}
