"""The dialogue of XOAUTH2 and OAUTHBEARER, with servers that refuse it in every way."""

import base64
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imap.scripts import Peer
from imap.secret_forms import forms_of
from imap.servers import Servers
from imap.world import HOST, IMAPS, SUBMISSIONS, World, codes
from inboxlink.errors import CODES, InboxlinkError, Kind, Problem, problem
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.types.context import HttpAnswer, HttpSession
from inboxlink.types.report import Chain, Proof, VerifyReport
from inboxlink_imap.bearer_exchange import BearerExchange

TOKEN = "ya29.a0AfB_byC-token~of+the/person="
MESSAGES = {
    "XOAUTH2": f"user=ann@example.test\x01auth=Bearer {TOKEN}\x01\x01",
    "OAUTHBEARER": (
        f"n,a=ann@example.test,\x01host={HOST}\x01port=%d\x01auth=Bearer {TOKEN}\x01\x01"
    ),
}
CLOSING = {"XOAUTH2": b"", "OAUTHBEARER": b"AQ=="}
BOTH = pytest.mark.parametrize("mechanism", MESSAGES)


class Watched(Network):
    """The doors to the network; those to the web are noted."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        self.fetched: list[str] = []

    def get(self, url: str, deadline: float) -> HttpAnswer:
        self.fetched.append(url)
        return super().get(url, deadline)

    def http(self, host: str, deadline: float) -> HttpSession:
        self.fetched.append(host)
        return super().http(host, deadline)


def sent(mechanism: str, port: int) -> bytes:
    message = MESSAGES[mechanism]
    return base64.b64encode((message % port if "%d" in message else message).encode())


def challenge(**said: object) -> bytes:
    return base64.b64encode(json.dumps(said).encode())


def refusing(said: bytes, no: bytes = b"NO refused", *more: bytes) -> Callable[..., None]:
    """An IMAP server that says why, hears the end of the exchange, and says no."""

    def authenticate(peer: Peer, tag: bytes, _: bytes) -> None:
        for each in (said, *more):
            peer.say(b"+ " + each)
            peer.heard.append(b"answer: " + peer.hear_line())
        peer.say(tag + b" " + no)

    return authenticate


def refusing_smtp(
    said: bytes, no: bytes = b"535 5.7.8 refused", *more: bytes
) -> Callable[..., None]:
    """The same over SMTP."""

    def auth(peer: Peer, _: bytes) -> None:
        for each in (said, *more):
            peer.say(b"334 " + each)
            peer.heard.append(b"answer: " + peer.hear_line())
        peer.say(no)

    return auth


def imap(mechanism: str, extra: bytes = b" SASL-IR", **answers: Any) -> Callable[[Peer], None]:
    offered = b"IMAP4rev1 AUTH=PLAIN AUTH=" + mechanism.encode() + extra
    return lambda peer: peer.imap(offered, **answers)


def smtp(mechanism: str, **answers: Any) -> Callable[[Peer], None]:
    return lambda peer: peer.smtp((b"AUTH PLAIN LOGIN " + mechanism.encode(),), **answers)


def verify(servers: Servers, world: World) -> VerifyReport:
    return world.verify(world.granted(TOKEN, IMAPS, SUBMISSIONS))


def refusal(servers: Servers, mechanism: str, chain: Chain, *refused: bytes) -> Problem:
    """What a refusal in one direction is called; the token went to that server once."""
    if chain is Chain.RECEIVE:
        receive = imap(mechanism, authenticate=refusing(*refused))
        world = servers.world(imap=receive, smtp=smtp(mechanism))
    else:
        send = smtp(mechanism, auth=refusing_smtp(*refused))
        world = servers.world(imap=imap(mechanism), smtp=send)
    report = verify(servers, world)
    place = 0 if chain is Chain.RECEIVE else 1
    assert token_lines(servers, place) == 1
    (found,) = (each.problem for each in report.checks if each.problem)
    return found


def token_lines(servers: Servers, place: int) -> int:
    """How many lines to a server held the token."""
    forms = [each for port in (993, 465) for each in (sent(m, port) for m in MESSAGES)]
    return sum(any(form in line for form in forms) for line in servers.heard[place])


@BOTH
def test_the_message_goes_with_the_command(servers: Servers, mechanism: str) -> None:
    """With SASL-IR, and over SMTP always, the token costs no round trip."""
    # RFC 7628 section 4.1; Google's description of XOAUTH2
    report = verify(servers, servers.world(imap=imap(mechanism), smtp=smtp(mechanism)))
    assert (report.can_receive, report.can_send) == (True, True)
    lines = servers.heard[0]
    assert [line.split(b" ", 1)[1] for line in lines if b"AUTHENTICATE" in line] == [
        b"AUTHENTICATE " + mechanism.encode() + b" " + sent(mechanism, 993)
    ]
    assert [line for line in servers.heard[1] if line.startswith(b"AUTH")] == [
        b"AUTH " + mechanism.encode() + b" " + sent(mechanism, 465)
    ]


@BOTH
def test_without_sasl_ir_the_server_is_waited_for(servers: Servers, mechanism: str) -> None:
    """Otherwise the token follows the server's go-ahead, whatever stands in it."""

    def authenticate(peer: Peer, tag: bytes, line: bytes) -> None:
        assert line == b"AUTHENTICATE " + mechanism.encode()
        peer.say(b"+")
        assert peer.hear() == sent(mechanism, 993)
        peer.say(tag + b" OK in")

    world = servers.world(
        imap=imap(mechanism, b"", authenticate=authenticate), smtp=smtp(mechanism)
    )
    assert verify(servers, world).can_receive


def test_xoauth2_is_preferred(servers: Servers) -> None:
    """Where both are offered one is chosen once."""
    world = servers.world(imap=imap("OAUTHBEARER AUTH=XOAUTH2"), smtp=smtp("OAUTHBEARER XOAUTH2"))
    report = verify(servers, world)
    mechanisms = {each.evidence for each in report.checks if each.stage in ("login", "auth")}
    assert mechanisms == {"XOAUTH2"}


def test_a_token_is_never_sent_as_a_password(servers: Servers) -> None:
    """A server that takes passwords alone gets nothing."""
    # OA15: no other mechanism is tried
    report = verify(servers, servers.world())
    assert codes(report, Chain.RECEIVE)["login"] == "mechanism_unsupported"
    assert codes(report, Chain.SEND)["auth"] == "mechanism_unsupported"
    assert servers.uses == 0


@BOTH
@pytest.mark.parametrize("chain", Chain)
@pytest.mark.parametrize(
    ("said", "code"),
    [
        (
            challenge(status="400", schemes="bearer", scope="https://mail.google.com/"),
            "grant_ended",
        ),
        (challenge(status="401"), "grant_ended"),
        (challenge(status=401), "grant_ended"),
        (challenge(status="invalid_token"), "grant_ended"),
        (challenge(status="insufficient_scope", scope="mail"), "scope_not_granted"),
        (challenge(status="invalid_request"), "protocol_error"),
        (challenge(status="503"), "server_unavailable"),
        (challenge(status="418"), "remote_error"),
        (challenge(status={"a": 1}), "remote_error"),
        (challenge(schemes="bearer"), "grant_ended"),
        (base64.b64encode(b"[401]"), "grant_ended"),
        (base64.b64encode(b"[" * 20_000), "grant_ended"),
        (base64.b64encode(b"<html>"), "grant_ended"),
        (b"not base64!", "grant_ended"),
        (b"", "grant_ended"),
    ],
)
def test_a_refusal_is_read_and_ended(
    servers: Servers, mechanism: str, chain: Chain, said: bytes, code: str
) -> None:
    """The challenge says why, a constant ends the exchange, and the no follows."""
    # OA15, F24; RFC 7628 section 3.2.3
    assert refusal(servers, mechanism, chain, said).code == code
    answers = [line for line in servers.heard[chain is Chain.SEND] if line.startswith(b"answer: ")]
    assert answers == [b"answer: " + CLOSING[mechanism]]


@pytest.mark.parametrize(
    ("chain", "no", "code"),
    [
        (Chain.RECEIVE, b"NO [AUTHENTICATIONFAILED] no", "grant_ended"),
        (Chain.RECEIVE, b"NO [EXPIRED] no", "grant_ended"),
        (Chain.RECEIVE, b"NO [UNAVAILABLE] later", "server_unavailable"),
        (Chain.RECEIVE, b"NO [LIMIT] too many", "too_many_connections"),
        (Chain.RECEIVE, b"NO [ALERT] Web login required", "sign_in_refused"),
        (Chain.RECEIVE, b"BAD what", "protocol_error"),
        (Chain.RECEIVE, b"OK in after all", "protocol_error"),
        (Chain.SEND, b"454 4.7.0 later", "server_unavailable"),
        (Chain.SEND, b"421 4.3.2 closing", "server_unavailable"),
        (Chain.SEND, b"534 5.7.9 no", "mechanism_unsupported"),
        (Chain.SEND, b"235 2.7.0 in after all", "protocol_error"),
    ],
)
def test_what_follows_the_challenge_counts(
    servers: Servers, chain: Chain, no: bytes, code: str
) -> None:
    """A server in trouble ends no grant, whatever it said; a yes after a no is no yes."""
    assert refusal(servers, "XOAUTH2", chain, challenge(status="401"), no).code == code


@BOTH
@pytest.mark.parametrize("chain", Chain)
def test_no_second_token_is_given(servers: Servers, mechanism: str, chain: Chain) -> None:
    """A server that asks on gets the constant once and then nothing."""
    # OA15
    no = b"NO x" if chain is Chain.RECEIVE else b"535 5.7.8 x"
    found = refusal(servers, mechanism, chain, b"", no, b"")
    assert found.code == "protocol_error"
    answers = [line for line in servers.heard[chain is Chain.SEND] if line.startswith(b"answer: ")]
    assert answers[0] == b"answer: " + CLOSING[mechanism]
    assert answers[1:] in ([], [b"answer: "], [b"answer: QUIT"], [b"answer: Z LOGOUT"])


@pytest.mark.parametrize("no", [b"NO [AUTHENTICATIONFAILED] no", b"NO no"])
def test_a_no_without_a_challenge(servers: Servers, no: bytes) -> None:
    """A server that says no at once has refused the token too, and the other is not asked."""
    world = servers.world(
        imap=imap("XOAUTH2", authenticate=lambda peer, tag, _: peer.say(tag + b" " + no)),
        smtp=smtp("XOAUTH2"),
    )
    report = verify(servers, world)
    assert codes(report, Chain.RECEIVE)["login"] == "grant_ended"
    assert codes(report, Chain.SEND)["auth"] is None
    assert servers.uses == 1
    assert [(each.proof, each.subject) for each in report.identities] == [(Proof.DECLARED, None)]


def test_a_refused_token_goes_nowhere_again_in_the_action(servers: Servers) -> None:
    """Whatever is retried within an action, a refused token was its last use."""
    # LK1
    from inboxlink.types.attempts import Attempts
    from inboxlink.types.context import CallContext
    from inboxlink_imap import provider

    world = servers.world(imap=imap("XOAUTH2", authenticate=refusing(challenge(status="400"))))
    done = world.granted(TOKEN, IMAPS, SUBMISSIONS)
    attempts = Attempts()
    for _ in range(3):
        context = CallContext(**{**world.context(), "attempts": attempts})
        report = provider.verify(context, done.credential, done.settings, done.endpoints)
        assert codes(report, Chain.RECEIVE)["login"] == "grant_ended"
    assert servers.uses == 1


@BOTH
@pytest.mark.parametrize("chain", Chain)
def test_the_address_in_a_challenge_is_never_fetched(
    servers: Servers, mechanism: str, chain: Chain
) -> None:
    """A mail server cannot send the client anywhere (RFC 7628 section 3.2.2)."""
    # OA10, OA15, F28
    said = challenge(
        status="invalid_token", **{"openid-configuration": f"https://{HOST}/.well-known/x"}
    )
    if chain is Chain.RECEIVE:
        world = servers.world(imap=imap(mechanism, authenticate=refusing(said)))
    else:
        world = servers.world(imap=imap(mechanism), smtp=smtp(mechanism, auth=refusing_smtp(said)))
    watched = Watched(NetworkSettings(ca_file=world.ca_file, connect=world.connect))
    world.wire = watched
    assert not verify(servers, world).can_send
    assert watched.fetched == []


@BOTH
def test_a_challenge_in_pieces_is_one(servers: Servers, mechanism: str) -> None:
    """A byte at a time says the same."""

    def script(peer: Peer) -> None:
        peer.step = 1
        imap(mechanism, authenticate=refusing(challenge(status="401")))(peer)

    report = verify(servers, servers.world(imap=script))
    assert codes(report, Chain.RECEIVE)["login"] == "grant_ended"


@pytest.mark.parametrize("chain", Chain)
def test_a_challenge_of_a_megabyte_is_not_read(servers: Servers, chain: Chain) -> None:
    """A flood in the challenge ends at the cap of a line."""
    # F24
    found = refusal(servers, "XOAUTH2", chain, b"e" * 1_000_000)
    assert found.code == "response_too_large"


@BOTH
@pytest.mark.parametrize("chain", Chain)
def test_the_token_never_comes_back(
    servers: Servers, mechanism: str, chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that echoes the message in its challenge and its no puts it nowhere."""
    # LG1, F22
    caplog.set_level(logging.DEBUG)
    message = sent(mechanism, 993 if chain is Chain.RECEIVE else 465)
    said = b"you sent " + message + b" " + TOKEN.encode() + b" " + base64.b64decode(message)
    said = said.replace(b"\r", b"").replace(b"\n", b"")
    echo = challenge(status="insufficient_scope", scope=said.decode())
    no = (b"NO " if chain is Chain.RECEIVE else b"550 ") + said
    for refused in ((echo,), (b"", no), (echo, no)):
        found = refusal(servers, mechanism, chain, *refused)
        shown = repr(found) + caplog.text
        leaked = [form for form in (*forms_of(TOKEN), message.decode()) if form in shown]
        assert leaked == []
        servers.heard.clear()


@pytest.mark.parametrize(
    ("username", "told"), [("a=b,c@example.test", b"n,a=a=3Db=2Cc@example.test,")]
)
def test_a_name_cannot_end_its_place(username: str, told: bytes) -> None:
    """Commas and equal signs of a user name are escaped (RFC 5801 section 4)."""
    opening = BearerExchange("OAUTHBEARER", username, TOKEN, IMAPS).opening
    assert base64.b64decode(opening).startswith(told + b"\x01host=")


@pytest.mark.parametrize("name", ["ann\x01auth=Bearer x", "ann\r\nx", "ann\0", ""])
@BOTH
def test_a_name_that_breaks_the_message_is_refused(mechanism: str, name: str) -> None:
    """What would be read as another part of the message goes to no server."""
    with pytest.raises(InboxlinkError) as caught:
        BearerExchange(mechanism, name, TOKEN, IMAPS)
    assert caught.value.code == "value_invalid"


#: Of each kind, but not deep: that is held by an example of its own.
_JSON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)
_SAID = st.one_of(
    st.binary(),
    st.binary().map(base64.b64encode),
    st.fixed_dictionaries({"status": _JSON}, optional={"scope": _JSON}).map(
        lambda said: base64.b64encode(json.dumps(said).encode())
    ),
)


@settings(deadline=None)  # its time says nothing on a busy machine
@given(said=_SAID)
def test_whatever_a_challenge_says_has_a_code(said: bytes) -> None:
    """Any bytes end the exchange alike, and come to a code that is worded."""
    # F24
    exchange = BearerExchange("OAUTHBEARER", "ann@example.test", TOKEN, IMAPS)
    assert exchange.closing(said) == b"AQ=="
    judged = exchange.judged(problem("invalid_credentials", host=HOST, port="993"))
    assert judged.code in CODES
    assert judged.kind in (Kind.SIGN_IN, Kind.MAILBOX)
    assert TOKEN not in repr(judged)
    trouble = problem("server_unavailable", host=HOST, port="993")
    assert exchange.judged(trouble) is trouble
