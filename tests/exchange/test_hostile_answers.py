"""Answers of strangers to Autodiscover and to EWS: each ends typed, in time, and in memory."""

import gzip
import resource
import time
from collections.abc import Iterator

import pytest

from exchange.test_sign_in import plain_redirect
from exchange.test_verification import verified
from exchange.world import AUTODISCOVER, DOMAIN, FOREIGN, HOST, PASSWORD, World
from inboxlink.types.steps import Abort, Confirm, ConfirmKind, Form
from peers.exchange.autodiscover import Advice
from peers.exchange.server import Handler

SOAP = "/autodiscover/autodiscover.svc"
POX = "/autodiscover/autodiscover.xml"
EWS_PATH = "/ews/exchange.asmx"

_ENTITIES = "".join(
    f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' if level else '<!ENTITY a0 "aaaaaaaaaa">'
    for level in range(10)
)
#: F38, F39: what comes with 200 and is no answer.
BODIES = {
    "empty": b"",
    "spaces": b" \r\n ",
    "a page": b"<html><body>Welcome</body></html>",
    "another document": b"<?xml version='1.0'?><a xmlns='urn:x'><b/></a>",
    "an envelope of nothing": b"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/>",
    "half of it": b"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>",
    "a bomb": f"<!DOCTYPE x [{_ENTITIES}]><x>&a9;</x>".encode(),
    "a file": b"<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><x>&f;</x>",
    "deep": b"<a>" * 100_000 + b"</a>" * 100_000,
    "UTF-16": "<?xml version='1.0' encoding='utf-16'?><a/>".encode("utf-16"),
    "UTF-7": b"<?xml version='1.0' encoding='utf-7'?>+ADw-a/+AD4-",
    "a wrong character set": b"<?xml version='1.0' encoding='utf-8'?><a>\xff\xfe</a>",
    "zeros": bytes(4096),
}

_GRACE_S = 1.0
_GROWTH_BYTES = 50 * 1024 * 1024
_SECONDS = 4.0


@pytest.fixture(autouse=True)
def within_bounds(world: World) -> Iterator[None]:
    """Every case ends by the deadline of its calls and takes little memory."""
    from inboxlink_exchange import exchangelib_door  # noqa: F401 - its own 60 MB come before

    world.seconds = _SECONDS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 2 * _SECONDS + _GRACE_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - peak < _GROWTH_BYTES


@pytest.mark.parametrize("name", BODIES)
def test_what_is_no_answer_of_ews_is_typed(world: World, name: str) -> None:
    """No parser's error comes through, and nothing of a file of this machine."""
    server = world.serve(HOST, schemes=("basic",))
    server.pages[HOST, EWS_PATH] = lambda it: it.answer(200, BODIES[name])
    report = verified(world, scheme="basic")
    assert report.first_problem is not None
    assert report.first_problem.code == "protocol_error"
    assert "root:" not in repr(report)
    assert server.authorizations == ["basic"]


@pytest.mark.parametrize("name", BODIES)
def test_what_is_no_answer_of_autodiscover_is_typed(world: World, name: str) -> None:
    """In either language; the person is asked for the address instead."""
    server = world.usual(schemes=("basic",))
    asked = world.begin()
    for path in (SOAP, POX):
        server.pages[AUTODISCOVER, path] = lambda it: it.answer(200, BODIES[name])
    step = asked.submit(PASSWORD).step
    assert isinstance(step, Form)
    assert (step.step, step.errors[""].code) == ("server", "http_failed")


def test_a_packed_answer_is_not_unpacked(world: World) -> None:
    """Nobody asked for an encoding, so that one that comes is refused (a bomb of 100 MB)."""
    packed = gzip.compress(bytes(100 * 1024 * 1024))
    header = (("Content-Encoding", "gzip"),)
    server = world.serve(HOST, schemes=("basic",))
    server.pages[HOST, EWS_PATH] = lambda it: it.answer(200, packed, headers=header)
    problem = verified(world, scheme="basic").first_problem
    assert problem is not None
    assert problem.code == "http_failed"


@pytest.mark.parametrize("after", ["86400", "-1", "Wed, 21 Oct 2099 07:28:00 GMT", "x" * 100])
def test_a_long_wait_is_told_and_not_waited_for(world: World, after: str) -> None:
    """F41: a server that is busy for a day is asked once."""
    header = (("Retry-After", after), ("X-BackOff", after))
    server = world.serve(HOST, schemes=("basic",))
    server.pages[HOST, EWS_PATH] = lambda it: it.answer(503, b"", headers=header)
    problem = verified(world, scheme="basic").first_problem
    assert problem is not None
    assert problem.code == "ews_busy"
    assert server.authorizations == ["basic"]


def test_a_circle_of_addresses_in_two_domains_ends(world: World) -> None:
    """Two domains that send to each other's addresses: each foreign host is asked about."""
    own = world.usual()
    own.advice[AUTODISCOVER] = Advice(redirect_address="ann@hoster.example")
    hoster = world.serve("autodiscover.hoster.example")
    hoster.advice["autodiscover.hoster.example"] = Advice(redirect_address=f"ann@{DOMAIN}")
    asked = world.begin()
    for _ in range(12):
        if isinstance(asked.step, Confirm):
            assert hoster.authorizations == []
            asked = asked.agree()
        assert isinstance(asked.step, Form)
        if asked.step.step == "server":
            break
        asked = asked.submit(PASSWORD)
    assert isinstance(asked.step, Form)
    assert asked.step.errors[""].code == "sent_in_circles"
    assert len(own.uses) + len(hoster.uses) <= 6


@pytest.mark.parametrize("address", ["", "nobody", "a@b@c", "ann@localhost", "x" * 5000 + "@y.z"])
def test_an_address_that_is_none_leads_nowhere(world: World, address: str) -> None:
    """A server that sends to no address leaves the person where the address is asked for."""
    world.usual().advice[AUTODISCOVER] = Advice(redirect_address=address or " ")
    step = world.begin().submit(PASSWORD).step
    assert isinstance(step, Form | Abort)
    assert isinstance(step, Abort) or step.step == "server"


def test_only_what_was_chosen_is_sent(world: World) -> None:
    """F36: a server that offered NTLM and now wants Basic gets no password in its form."""
    server = world.usual(schemes=("ntlm",))
    asked = world.begin()
    basic = (("WWW-Authenticate", 'Basic realm="x"'),)
    server.pages[AUTODISCOVER, SOAP] = lambda it: it.answer(401, headers=basic)
    step = asked.submit(PASSWORD).step
    assert isinstance(step, Form)
    assert step.errors[""].code == "protocol_error"
    assert server.authorizations == ["ntlm"]
    assert server.uses == []


def test_a_redirect_within_the_domain_leads_to_exchange_or_nowhere(world: World) -> None:
    """F37: a panel of the company that offers Basic gets none, though its Autodiscover names it."""
    server = world.usual(schemes=("basic",))
    panel = world.serve(f"panel.{DOMAIN}", schemes=("basic",))
    basic = (("WWW-Authenticate", 'Basic realm="panel"'),)

    def page(handler: Handler) -> None:
        handler.send_response(401)
        for name, value in (*basic, ("Content-Length", "0")):
            handler.send_header(name, value)
        handler.end_headers()

    for path in (SOAP, POX):
        panel.pages[f"panel.{DOMAIN}", path] = page
    server.advice[AUTODISCOVER] = Advice(redirect_url=f"https://panel.{DOMAIN}{SOAP}")
    step = world.begin().submit(PASSWORD).step
    assert isinstance(step, Form)
    assert step.step == "server"
    assert panel.authorizations == []


def test_a_name_of_the_domain_that_leads_to_a_hoster(world: World) -> None:
    """A CNAME is not believed; a certificate for the domain's own name is, and no other."""
    alias = f"{AUTODISCOVER}. 60 IN CNAME {FOREIGN}.\n{FOREIGN}. 60 IN A 192.0.2.1"
    server = world.usual(certificate=world.authority.issue(FOREIGN))
    world.names.set(AUTODISCOVER, alias)
    asked = world.begin().step
    assert isinstance(asked, Confirm)
    assert asked.kind is ConfirmKind.CERTIFICATE
    assert asked.facts["names"] == FOREIGN
    assert server.authorizations == []


def test_a_hoster_may_prove_the_domains_own_name(world: World) -> None:
    """A certificate for it is what its owner had issued: nothing is asked."""
    world.usual()
    alias = f"{AUTODISCOVER}. 60 IN CNAME {FOREIGN}.\n{FOREIGN}. 60 IN A 192.0.2.1"
    world.names.set(AUTODISCOVER, alias)
    assert isinstance(world.begin().step, Form)


def test_nothing_of_the_person_goes_in_the_clear(world: World) -> None:
    """Plain http hears a path, and neither the address nor a credential."""
    server = plain_redirect(world, f"https://{FOREIGN}{POX}")
    foreign = world.serve(FOREIGN)
    foreign.advice[FOREIGN] = Advice(external=f"http://{FOREIGN}/EWS/Exchange.asmx")
    step = world.begin().agree().submit(PASSWORD).step
    assert isinstance(step, Form)
    assert step.errors[""].code == "address_unusable"
    heard = b"".join(each.before_tls for each in server.conversations)
    assert heard.startswith(f"GET {POX} HTTP/1.1\r\n".encode())
    for secret in (b"uthorization", b"ann", PASSWORD.encode()):
        assert secret not in heard


def test_the_environment_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """F43: no proxy, netrc or CA of the environment is taken."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    world.serve(HOST)
    assert verified(world).can_receive
