"""What holds whatever a server says, over random servers."""

import time
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imap.hostile_set import BEFORE_TLS, SECRET
from imap.scripts import Peer, taking_literals
from imap.secret_forms import forms_of
from imap.servers import Servers
from imap.world import HOST, IMAP, SUBMISSION, World, codes
from inboxlink.errors import CODES
from inboxlink.types.report import Chain
from inboxlink_imap.reply_codes import imap_refusal, smtp_auth_refusal, verdict
from peers.certificates import Authority, Certificate
from peers.scripted import Conversation, ScriptedServer


def random_servers(examples: int) -> settings:
    """Each example runs servers of its own, whose time says nothing."""
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


#: Sentences of both protocols, in and out of place.
SENTENCES = st.sampled_from(
    [
        b"* OK ready\r\n",
        b"* PREAUTH welcome\r\n",
        b"* BYE\r\n",
        b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\n",
        b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n",
        b"a1 OK\r\n",
        b"a1 NO\r\n",
        b"a2 OK begin\r\n",
        b"a2 BAD\r\n",
        b"+ go on\r\n",
        b"220 ready\r\n",
        b"220-more\r\n",
        b"250-STARTTLS\r\n",
        b"250 AUTH PLAIN LOGIN\r\n",
        b"235 in\r\n",
        b"334 \r\n",
        b"454 no\r\n",
    ]
)
STEPS = st.lists(
    st.one_of(
        SENTENCES,
        st.binary(min_size=1, max_size=20),
        st.sampled_from(["hear", "hear", "tls"]),
    ),
    max_size=12,
)


def play(steps: list[bytes | str], conversation: Conversation) -> None:
    for step in steps:
        if step == "hear":
            conversation.read_line()
        elif step == "tls" and not conversation.is_tls:
            conversation.start_tls()
        elif isinstance(step, bytes):
            conversation.send(step)


def test_no_credential_byte_goes_out_before_tls_is_verified(
    authority: Authority, certificate: Certificate
) -> None:
    """P1: in the clear only constants go out, and inside TLS without trust nothing does."""
    stranger = authority.issue("other.test")
    # Most random servers are refused early; this is how one that goes through begins.
    leads = (
        [b"* OK ready\r\n", "hear", b"* CAPABILITY STARTTLS\r\na1 OK\r\n", "hear", b"a2 OK\r\n"],
        [b"220 ready\r\n", "hear", b"250 STARTTLS\r\n", "hear", b"220 go\r\n"],
    )
    heard_inside: list[bytes] = []

    @random_servers(30)
    @given(imap=STEPS, smtp=STEPS, is_led=st.booleans(), is_trusted=st.booleans())
    def holds(imap: list, smtp: list, is_led: bool, is_trusted: bool) -> None:
        if is_led:
            imap, smtp = leads[0] + ["tls"] + imap, leads[1] + ["tls"] + smtp
        with ExitStack() as stack:
            servers = [
                stack.enter_context(
                    ScriptedServer(
                        lambda talk, steps=steps: play(steps, talk),  # type: ignore[misc]
                        certificate if is_trusted else stranger,
                    )
                )
                for steps in (imap, smtp)
            ]
            ports = {IMAP.port: servers[0].port, SUBMISSION.port: servers[1].port}
            connect = {f"{HOST}:{port}": f"127.0.0.1:{there}" for port, there in ports.items()}
            world = World(connect, authority.ca_file, seconds=0.3)
            report = world.verify(world.done(SECRET, IMAP, SUBMISSION))
        assert {each.problem.code for each in report.checks if each.problem} <= CODES.keys()
        for talk in (talk for server in servers for talk in server.conversations):
            in_the_clear = talk.before_tls.partition(b"\x16\x03")[0]  # a ClientHello begins so
            assert set(in_the_clear.split(b"\r\n")) <= BEFORE_TLS
            assert not [form for form in forms_of(SECRET) if form.encode() in talk.before_tls]
            assert is_trusted or talk.after_tls == b""
            heard_inside.append(talk.after_tls)

    holds()
    assert any(heard_inside)


IMAP_CODES = (
    *("AUTHENTICATIONFAILED", "EXPIRED", "UNAVAILABLE", "LIMIT", "PRIVACYREQUIRED", "CONTACTADMIN"),
    *("NONEXISTENT", "CLIENTBUG", "CANNOT", "ALERT", "X-MOON"),
)
IMAP_ANSWERS = st.one_of(
    st.sampled_from(["OK in", "NO", "NO no", "BAD what", *(f"NO [{c}] no" for c in IMAP_CODES)]),
    st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), max_size=20).map(
        "NO {}".format
    ),
    st.sampled_from(["hang up", "silence of another tag"]),
)
SMTP_ANSWERS = st.one_of(
    st.sampled_from(["235 in", "535 5.7.8 no", "454 4.7.0 later", "334 more", "535 5.7.139 off"]),
    st.tuples(st.integers(200, 599), st.sampled_from([" no", " 5.7.8 no", " 4.3.2 x", ""])).map(
        lambda parts: f"{parts[0]}{parts[1]}"
    ),
)
IMAP_OFFERS = st.sampled_from(
    [
        b"IMAP4rev1",
        b"IMAP4rev1 AUTH=PLAIN",
        b"IMAP4rev1 SASL-IR AUTH=PLAIN",
        b"IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 AUTH=XOAUTH2",
        b"IMAP4rev1 AUTH=LOGIN AUTH=CRAM-MD5",
        b"IMAP4rev1 LOGINDISABLED AUTH=PLAIN",
    ]
)
SMTP_OFFERS = st.sampled_from(
    [b"AUTH PLAIN", b"AUTH LOGIN", b"AUTH LOGIN PLAIN", b"AUTH CRAM-MD5 PLAIN LOGIN XOAUTH2"]
)


class Counter:
    """A pair of servers that count each password that reaches them whole."""

    def __init__(self, imap_says: str, smtp_says: str) -> None:
        self.imap_says = imap_says
        self.smtp_says = smtp_says
        self.imap_uses = 0
        self.smtp_uses = 0

    def authenticate(self, peer: Peer, tag: bytes, line: bytes) -> None:
        if line.endswith(b"PLAIN"):
            peer.say(b"+ ")
            peer.hear()
        self.login(peer, tag, line)

    def login(self, peer: Peer, tag: bytes, _: bytes) -> None:
        self.imap_uses += 1
        if self.imap_says == "hang up":
            raise ConnectionError
        if self.imap_says == "silence of another tag":
            peer.say(b"ZZZZ1 OK in")
        else:
            peer.say(tag + b" " + self.imap_says.encode())

    def auth(self, peer: Peer, line: bytes) -> None:
        if line == b"AUTH LOGIN":
            for ask in (b"334 VXNlcm5hbWU6", b"334 UGFzc3dvcmQ6"):
                peer.say(ask)
                peer.hear()
        self.smtp_uses += 1
        peer.say(self.smtp_says.encode())


@random_servers(100)
@given(
    imap_says=IMAP_ANSWERS, smtp_says=SMTP_ANSWERS, imap_offers=IMAP_OFFERS, smtp_offers=SMTP_OFFERS
)
def test_one_wrong_use_whatever_is_offered_and_answered(
    servers: Servers, imap_says: str, smtp_says: str, imap_offers: bytes, smtp_offers: bytes
) -> None:
    """P2: one use at each server at most, and of both at most one that can count as wrong."""
    # req 107; LK1, LK2, LK3
    counter = Counter(imap_says, smtp_says)
    world = servers.world(
        imap=lambda peer: peer.imap(
            imap_offers,
            authenticate=counter.authenticate,
            login=taking_literals(counter.login),
        ),
        smtp=lambda peer: peer.smtp((smtp_offers,), auth=counter.auth),
        seconds=2.0,
    )
    report = servers.verify(world, SECRET)
    assert counter.imap_uses == 1
    was_right = imap_says.startswith("OK")
    was_not_judged = imap_says.startswith("NO") and verdict(
        imap_refusal(imap_says[2:].strip(), "invalid_credentials")
    ) in ("temporary", "policy")
    assert counter.smtp_uses == (1 if was_right or was_not_judged else 0)
    # Which of the two said no is told by the direction that it stands in.
    assert (codes(report, Chain.RECEIVE)["login"] is True) == was_right
    if counter.smtp_uses:
        told = codes(report, Chain.SEND)["auth"]
        assert (told is True) == smtp_says.startswith("235")
        if smtp_says[0] in "45":
            assert told == smtp_auth_refusal(int(smtp_says[:3]), smtp_says[4:])
    else:
        assert codes(report, Chain.SEND)["auth"] is None


@pytest.mark.parametrize("is_plain", [True, False])
def test_smtp_refused_where_imap_was_right(servers: Servers, is_plain: bool) -> None:
    """One use at each, receiving stands, and the report names the side that refused."""
    # req 107; LK1
    counter = Counter("OK in", "535 5.7.8 no")
    world = servers.world(
        imap=lambda peer: peer.imap(authenticate=counter.authenticate),
        smtp=lambda peer: peer.smtp(
            (b"AUTH PLAIN LOGIN" if is_plain else b"AUTH LOGIN CRAM-MD5",), auth=counter.auth
        ),
    )
    report = servers.verify(world, SECRET)
    assert (counter.imap_uses, counter.smtp_uses) == (1, 1)
    assert (report.can_receive, report.can_send) == (True, False)
    (refused,) = (check for check in report.checks if check.problem)
    assert (refused.chain, refused.stage) == (Chain.SEND, "auth")
    assert refused.problem is not None
    assert refused.problem.code == "invalid_credentials"
    assert refused.problem.message.params["port"] == "465"


ATOMS = st.sampled_from(
    rb"""1 NIL x "y" ( ) () (\Sent) (\Sent "/" {0} -1 99999999999999999999 & "&AA" "&////" [ ] \ "\
    = EXISTS FLAGS * % 1:3 [UIDNEXT [ALERT] OK NO BYE BAD PREAUTH LIST SEARCH ID""".split()
)
WORDS = st.lists(st.one_of(ATOMS, st.binary(max_size=4)), max_size=6).map(b" ".join)
LINES = st.lists(WORDS, max_size=4)
REPLY_LINES = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.tuples(
            st.sampled_from([b"250", b"235", b"535", b"334", b"25", b"2500", b""]),
            st.sampled_from([b" ", b"-", b"", b"_"]),
            st.binary(max_size=6),
        ).map(b"".join),
    ),
    min_size=1,
    max_size=4,
)


@random_servers(60)
@given(
    before=st.dictionaries(
        st.sampled_from(["capability", "id", "authenticate", "examine", "list"]), LINES
    ),
    replies=st.dictionaries(st.sampled_from(["ehlo", "auth", "mail", "rcpt"]), REPLY_LINES),
    step=st.sampled_from([None, 1, 3, 7]),
)
def test_no_answer_raises_what_is_not_typed(
    servers: Servers, before: dict, replies: dict, step: int | None
) -> None:
    """Random answers, cut into pieces of any size, end as coded values and in time."""
    # F19, F26

    def untagged(lines: list[bytes]):
        def answer(peer: Peer, tag: bytes, line: bytes) -> None:
            peer.raw(b"".join(b"* " + each + b"\r\n" for each in lines))
            if line == b"CAPABILITY":
                peer.say(b"* CAPABILITY IMAP4rev1 ID SASL-IR AUTH=PLAIN")
            peer.say(tag + b" OK done")

        return answer

    def reply(lines: list[bytes]):
        return lambda peer, _: peer.raw(b"\r\n".join(lines) + b"\r\n")

    def imap(peer: Peer) -> None:
        peer.step = step
        peer.imap(**{verb: untagged(lines) for verb, lines in before.items()})

    def smtp(peer: Peer) -> None:
        peer.step = step
        peer.smtp(**{verb: reply(lines) for verb, lines in replies.items()})

    began = time.monotonic()
    report = servers.verify(servers.world(imap=imap, smtp=smtp, seconds=0.5))
    assert time.monotonic() - began < 1.5
    assert {each.problem.code for each in report.checks if each.problem} <= CODES.keys()
