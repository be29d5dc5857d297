"""Servers that want the password: none gets it that was not confirmed, and none in the clear."""

import base64
import resource
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exchange.test_sign_in import plain_redirect
from exchange.world import AUTODISCOVER, DOMAIN, EWS, FOREIGN, HOST, PASSWORD, World
from inboxlink.types.steps import Abort, Confirm, Done, Form, Step
from peers.exchange import ExchangeServer
from peers.exchange.autodiscover import Advice
from peers.exchange.server import Handler
from peers.scripted import Conversation, ScriptedServer

EVIL = "evil.example"
SOAP = "/autodiscover/autodiscover.svc"
EWS_PATH = "/ews/exchange.asmx"

#: What may be told beyond the deadline, and how much memory may grow.
_GRACE_S = 1.0
_GROWTH_BYTES = 50 * 1024 * 1024


@pytest.fixture(autouse=True)
def within_bounds(world: World) -> Iterator[None]:
    """Every case ends by the deadline of its calls and takes little memory."""
    world.seconds = 3.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - peak < _GROWTH_BYTES


def timed(call: Callable[[], Step], seconds: float) -> Step:
    began = time.monotonic()
    step = call()
    assert time.monotonic() - began < seconds + _GRACE_S
    return step


def evil(world: World) -> ExchangeServer:
    """A server that answers as Exchange and takes whatever password it can get."""
    server = world.serve(EVIL, schemes=("basic",))
    server.advice[EVIL] = Advice(external=f"https://{EVIL}/EWS/Exchange.asmx")
    return server


def test_a_plain_redirect_elsewhere_is_asked_about(world: World) -> None:
    """Whoever is on the way can write it: the host is shown, and hears nothing without a yes."""
    thief = evil(world)
    plain_redirect(world, f"https://{EVIL}/autodiscover/autodiscover.xml")
    asked = timed(lambda: world.begin().step, 3)
    assert isinstance(asked, Confirm)
    assert (asked.facts["host"], asked.facts["mail_domain"]) == (EVIL, DOMAIN)
    assert thief.uses == []


@pytest.mark.parametrize(
    "location",
    [
        f"http://{EVIL}/autodiscover/autodiscover.xml",
        f"https://{EVIL}:8443/autodiscover/autodiscover.xml",
        f"https://user:pw@{EVIL}/",
        "file:///etc/passwd",
        "/autodiscover/autodiscover.xml",
        "https://127.0.0.1/",
        "",
    ],
)
def test_a_plain_redirect_that_is_no_https_leads_nowhere(world: World, location: str) -> None:
    """It is as if there were none: the person is asked for the address."""
    plain_redirect(world, location)
    asked = world.begin().step
    assert isinstance(asked, Form)
    assert asked.step == "server"


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}/EWS/Exchange.asmx",
        f"https://{HOST}:444/EWS/Exchange.asmx",
        "https://[/",
        "javascript:alert(1)",
        "",
        "x" * 5000,
    ],
)
@pytest.mark.parametrize("speaks_soap", [True, False])
def test_an_address_that_is_no_https_gets_no_password(
    world: World, url: str, speaks_soap: bool
) -> None:
    """Autodiscover's word for EWS counts only as https on its own port."""
    server = world.usual()
    server.speaks_soap = speaks_soap
    server.advice[AUTODISCOVER] = Advice(external=url)
    asked = world.begin().submit(PASSWORD).step
    assert isinstance(asked, Form)
    assert asked.errors[""].code == "address_unusable"
    assert len(server.uses) == 1  # at Autodiscover, which is the domain's own


def test_an_address_elsewhere_is_asked_about(world: World) -> None:
    """A foreign host that the domain's own Autodiscover names is confirmed before it hears any."""
    thief = evil(world)
    server = world.usual()
    server.advice[AUTODISCOVER] = Advice(external=f"https://{EVIL}/EWS/Exchange.asmx")
    asked = world.begin().submit(PASSWORD)
    assert isinstance(asked.step, Confirm)
    assert asked.step.facts["host"] == EVIL
    assert thief.uses == []
    assert PASSWORD not in asked.step.model_dump_json()


def test_a_redirect_elsewhere_is_asked_about(world: World) -> None:
    """In an answer, and as a redirect of HTTP, on both ways."""
    thief = evil(world)
    server = world.usual()
    target = f"https://{EVIL}{SOAP}"
    server.advice[AUTODISCOVER] = Advice(redirect_url=target)
    assert isinstance(world.begin().submit(PASSWORD).step, Confirm)
    server.pages[AUTODISCOVER, SOAP] = lambda it: it.answer(302, headers=(("Location", target),))
    asked = world.begin().step
    assert isinstance(asked, Form)
    step = world.begin().submit(PASSWORD).step
    assert isinstance(step, Confirm)
    assert step.facts["host"] == EVIL
    assert thief.uses == []


def test_a_web_panel_that_offers_basic_is_no_exchange(world: World) -> None:
    """The company's web site on the bare domain asks for a password of its own, and gets none."""

    def panel(conversation: Conversation) -> None:
        while conversation.read_line():
            pass
        conversation.send(
            b"HTTP/1.1 401 Unauthorized\r\nServer: panel\r\n"
            b'WWW-Authenticate: Basic realm="panel"\r\nContent-Length: 0\r\n\r\n'
        )

    server = ScriptedServer(panel, world.authority.issue(DOMAIN), implicit=True)
    world.add(server)
    world.place(server.port, DOMAIN)
    asked = world.begin().step
    assert isinstance(asked, Form)
    assert asked.step == "server"
    assert all(b"uthorization" not in each.after_tls for each in server.conversations)


def test_a_planted_cache_is_never_opened(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exchangelib would run what a file in the temporary directory says."""
    import tempfile

    from inboxlink_exchange import exchangelib_door  # noqa: F401 - what cures it

    assert tempfile.gettempdir()
    from exchangelib.autodiscover import cache, discovery

    world.usual()
    done = world.begin().submit(PASSWORD)
    assert world.verify(done).can_send
    for module in (cache, discovery):
        with pytest.raises(AssertionError, match="Autodiscover was used"):
            module.autodiscover_cache.clear()
    assert not list(tmp_path.iterdir())


def test_exchangelib_opens_nothing_by_itself() -> None:
    """A session that did not come from the door is refused before a byte goes out."""
    from exchangelib import Configuration
    from exchangelib.protocol import Protocol

    from inboxlink_exchange import exchangelib_door  # noqa: F401 - what cures it

    config = Configuration(service_endpoint=EWS, auth_type="no authentication")
    with pytest.raises(AssertionError, match="past the door"):
        Protocol.raw_session(config.service_endpoint).get(EWS)


@pytest.mark.parametrize("path", [SOAP, EWS_PATH])
def test_a_flood_ends_at_the_cap(world: World, path: str) -> None:
    """An answer of 300 MB is not taken in."""

    def flood(handler: Handler) -> None:
        handler.send_response(401 if handler.command == "GET" else 200)
        handler.send_header("Content-Length", str(300 * 1024 * 1024))
        handler.send_header("WWW-Authenticate", "Basic")
        handler.send_header("X-FEServer", "EX01")
        handler.end_headers()
        block = b"x" * 65536
        for _ in range(300 * 16):
            handler.wfile.write(block)

    server = world.usual(schemes=("basic",))
    if path == SOAP:
        server.pages[AUTODISCOVER, path] = flood
        step = timed(lambda: world.begin().submit(PASSWORD).step, 6)
        assert isinstance(step, Form)
        assert step.errors[""].code == "response_too_large"
        return
    done = world.begin().submit(PASSWORD)
    server.pages[HOST, path] = flood
    report = world.verify(done)
    assert not report.can_receive
    assert report.first_problem is not None
    assert report.first_problem.code == "response_too_large"


def test_a_drip_ends_at_the_deadline(world: World) -> None:
    """However slowly an answer comes, it ends with the call's time."""

    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _ in range(200):
            handler.wfile.write(b"x")
            time.sleep(0.05)

    server = world.usual(schemes=("basic",))
    asked = world.begin()
    server.pages[AUTODISCOVER, SOAP] = drip
    world.seconds = 1.0
    step = timed(lambda: asked.submit(PASSWORD).step, 1)
    assert isinstance(step, Form)
    assert step.errors[""].code == "timed_out"


def _messages() -> dict[str, bytes]:
    head = b"NTLMSSP\0\x02\0\0\0"
    return {
        "nothing": b"",
        "no NTLM": b"GARBAGE!" * 4,
        "the head alone": head,
        "type 1": b"NTLMSSP\0\x01\0\0\0" + bytes(40),
        "type 3": b"NTLMSSP\0\x03\0\0\0" + bytes(80),
        "an offset beyond the end": head + struct.pack("<HHI", 10, 10, 0xFFFFFF) + bytes(60),
        "a length beyond the end": head + struct.pack("<HHI", 0xFFFF, 0xFFFF, 48) + bytes(60),
        "half of it": (head + bytes(44))[:30],
        "target info cut short": head
        + struct.pack("<HHI", 0, 0, 56)
        + struct.pack("<I", 0xE2898235)
        + b"12345678"
        + bytes(8)
        + struct.pack("<HHI", 6, 6, 56)
        + bytes(8)
        + b"\x02\0\xff\xff\0\0",
    }


@pytest.mark.parametrize("name", _messages())
def test_a_malformed_challenge_is_typed(world: World, name: str) -> None:
    """NTLM of strangers ends in a protocol error, and the password is not used after it."""
    challenge = base64.b64encode(_messages()[name]).decode()
    header = (("WWW-Authenticate", f"NTLM {challenge}"),)
    server = world.usual(schemes=("ntlm",))
    asked = world.begin()
    server.pages[AUTODISCOVER, SOAP] = lambda it: it.answer(401, headers=header)
    step = asked.submit(PASSWORD).step
    assert isinstance(step, Form)
    (trouble,) = step.errors.values()
    assert trouble.code in ("protocol_error", "sign_in_refused")
    posts = [each for each in server.requests if each[0] == "POST"]
    assert len(posts) <= 2


def test_a_server_that_challenges_for_ever_is_left(world: World) -> None:
    """A challenge after the last message is a refusal, and no third one is sent."""
    whole = _messages()["target info cut short"][:-6] + bytes(4)
    whole = whole.replace(struct.pack("<HHI", 6, 6, 56), struct.pack("<HHI", 4, 4, 56))
    header = (("WWW-Authenticate", f"NTLM {base64.b64encode(whole).decode()}"),)
    server = world.usual(schemes=("ntlm",))
    asked = world.begin()
    server.pages[AUTODISCOVER, SOAP] = lambda it: it.answer(401, headers=header)
    step = asked.submit(PASSWORD).step
    assert isinstance(step, Form)
    assert step.errors["password"].code == "sign_in_refused"
    assert [each[0] for each in server.requests].count("POST") == 2


def test_a_circle_of_redirects_ends(world: World) -> None:
    """Two services that send to each other are left after a few rounds."""
    server = world.usual()
    server.advice[AUTODISCOVER] = Advice(redirect_url=f"https://{HOST}{SOAP}")
    server.advice[HOST] = Advice(redirect_url=f"https://{AUTODISCOVER}{SOAP}")
    step = world.begin().submit(PASSWORD).step
    assert isinstance(step, Form)
    assert step.errors[""].code == "sent_in_circles"
    assert len(server.uses) <= 6


def test_a_circle_of_addresses_ends(world: World) -> None:
    """A server that sends to the address it was asked for does not hold anybody."""
    server = world.usual()
    server.advice[AUTODISCOVER] = Advice(redirect_address=f"ann@{DOMAIN}")
    asked = world.begin()
    for _ in range(6):
        asked = asked.submit(PASSWORD)
        assert isinstance(asked.step, Form)
        if asked.step.step == "server":
            break
    assert isinstance(asked.step, Form)
    assert asked.step.errors[""].code == "sent_in_circles"


@pytest.mark.parametrize(
    "lead",
    [
        lambda world: plain_redirect(
            world, "https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml"
        ),
        lambda world: world.names.set(
            f"_autodiscover._tcp.{DOMAIN}",
            f"_autodiscover._tcp.{DOMAIN}. 60 IN SRV 0 0 443 autodiscover.outlook.com.",
        ),
    ],
    ids=["plain redirect", "SRV"],
)
def test_exchange_online_is_led_to_outlook(world: World, lead: Callable[[World], object]) -> None:
    """What leads there without a credential is refused with the reason, and nobody is asked."""
    # req 64, 65, 66
    lead(world)
    step = world.begin().step
    assert isinstance(step, Abort)
    assert step.error.code == "exchange_online_unsupported"
    assert step.error.remedy is not None


@pytest.mark.parametrize(
    "advice",
    [
        Advice(external="https://outlook.office365.com/EWS/Exchange.asmx"),
        Advice(redirect_url="https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc"),
        Advice(redirect_address="ann@corp.mail.onmicrosoft.com"),
    ],
)
def test_a_mailbox_that_moved_to_the_cloud_is_led_to_outlook(world: World, advice: Advice) -> None:
    """The company's own Autodiscover knows that it moved; nothing is sent there."""
    # req 66
    world.usual().advice[AUTODISCOVER] = advice
    step = world.begin().submit(PASSWORD).step
    assert isinstance(step, Abort)
    assert step.error.code == "exchange_online_unsupported"


@pytest.mark.parametrize("typed", ["https://outlook.office365.com/owa", "outlook.office.com"])
def test_a_typed_address_of_exchange_online_is_led_to_outlook(world: World, typed: str) -> None:
    """So is one that the person gives."""
    # req 66
    step = world.begin().submit(ews_url=typed, username="ann").step
    assert isinstance(step, Abort)
    assert step.error.code == "exchange_online_unsupported"


@pytest.mark.parametrize("domain", ["com.br", "co.uk", "github.io"])
def test_no_name_above_a_registered_domain_is_asked(world: World, domain: str) -> None:
    """`autodiscover.com.br` belongs to a stranger, and is never contacted."""
    world.address = f"ann@{domain}"
    assert isinstance(world.begin().step, Form)
    names = {name for name, _ in world.names.questions}
    assert f"autodiscover.{domain}" not in {
        name for name, kind in world.names.questions if kind == "AAAA" and name in world.hosts
    }
    assert not any(name.startswith("autodiscover.") and name.count(".") < 2 for name in names)


def test_a_foreign_certificate_is_no_reason_to_trust_a_foreign_name(world: World) -> None:
    """A host outside the domain with a bad certificate is not even asked about."""
    bad = world.authority.issue("other.example")
    world.serve(FOREIGN, certificate=bad)
    plain_redirect(world, f"https://{FOREIGN}/autodiscover/autodiscover.xml")
    step = world.begin().step
    assert isinstance(step, Form)
    assert step.step == "server"


def test_the_password_is_in_no_step_and_no_error(world: World) -> None:
    """State, forms and errors hold nothing of it, in any of its encodings."""
    server = world.usual(schemes=("basic",))
    echo = f"<x>{PASSWORD}</x>".encode()
    for path in (SOAP, "/autodiscover/autodiscover.xml"):
        server.pages[AUTODISCOVER, path] = lambda it: it.answer(
            *(
                (401, b"", "", (("WWW-Authenticate", "Basic"),))
                if it.command == "GET"
                else (500, echo)
            )
        )
    asked = world.begin().submit(PASSWORD)
    assert isinstance(asked.step, Form)
    shown = asked.step.model_dump_json()
    for form in (PASSWORD, base64.b64encode(f"ann@{DOMAIN}:{PASSWORD}".encode()).decode()):
        assert form not in shown
        assert form not in repr(asked.step)


def test_nothing_is_stored_of_a_done(world: World) -> None:
    """What a sign-in ends with says where, and the secret stands in one place."""
    world.usual()
    done = world.begin().submit(PASSWORD).step
    assert isinstance(done, Done)
    assert PASSWORD not in repr(done)
    assert PASSWORD not in str(done.settings)
