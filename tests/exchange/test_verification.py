"""What a verification finds, stage by stage, and what each refusal is called."""

import pytest

from exchange.world import DOMAIN, EWS, HOST, PASSWORD, World, codes
from inboxlink.types.context import CallContext
from inboxlink.types.detection import Endpoint, Role, Tls
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import Chain, Identity, Proof, VerifyReport
from inboxlink.types.steps import Done
from inboxlink_exchange import provider
from peers.exchange import ExchangeServer
from peers.exchange.server import Version


def verified(world: World, password: str = PASSWORD, scheme: str = "ntlm") -> VerifyReport:
    """A verification by itself, of a mailbox whose server is known."""
    from pydantic import SecretStr

    from inboxlink.types.credential import Credential, CredentialKind, SecretName

    return provider.verify(
        CallContext(**world.context()),
        Credential(
            kind=CredentialKind.PASSWORD,
            account="ann",
            secrets={SecretName.PASSWORD: SecretStr(password)},
        ),
        {"username": "ann", "ews_url": EWS, "scheme": scheme},
        (Endpoint(Role.EWS, HOST, 443, Tls.IMPLICIT),),
    )


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ((8, 3, 83, 6), "exchange_too_old"),
        ((14, 1, 438, 0), "exchange_too_old"),
        ((14, 2, 247, 5), True),
        ((14, 3, 513, 0), True),
        ((15, 0, 1497, 48), True),
        ((15, 1, 2507, 6), True),
        ((15, 2, 1544, 4), True),
    ],
)
def test_exchange_2010_sp2_is_the_oldest(world: World, version: Version, code: str | bool) -> None:
    """Older servers are refused by the version that they give themselves; later ones work."""
    # req 68, 73
    world.serve(HOST, version=version)
    report = verified(world)
    assert codes(report, Chain.RECEIVE)["version"] == code
    assert report.can_receive is report.can_send is (code is True)
    if code is True:
        shown = {check.stage: check.evidence for check in report.checks}["version"]
        assert shown == ".".join(str(part) for part in version)


def test_what_is_not_wanted_is_not_looked_at(world: World) -> None:
    """Over the one connection that both directions share, each stage is one of what is wanted."""
    world.serve(HOST)
    both = {each.stage for each in verified(world).checks}
    shared = ["dns", "tcp", "tls", "scheme", "login", "version", "identity"]
    for wanted, tried, other in (
        (Capability.SEND, [*shared, "sent_folder", "sender"], {"select"}),
        (Capability.RECEIVE, [*shared, "select"], {"sent_folder", "sender"}),
    ):
        world.wanted = frozenset({wanted})
        report = verified(world)
        assert (report.can_receive, report.can_send) == (
            wanted is Capability.RECEIVE,
            wanted is Capability.SEND,
        )
        assert [each.stage for each in report.checks if each.ok] == tried
        assert {each.stage for each in report.checks if each.ok is None} == other
        assert {each.stage for each in report.checks} == both
        assert report.identities


@pytest.mark.parametrize("scheme", ["ntlm", "basic", "negotiate"])
def test_a_wrong_password_is_used_once(world: World, scheme: str) -> None:
    """One stage fails, the rest is not reached, and the server counts one."""
    server = world.serve(HOST, schemes=(scheme,))
    report = verified(world, "a typing error", scheme)
    found = codes(report, Chain.RECEIVE)
    assert (found["scheme"], found["login"], found["version"]) == (True, "sign_in_refused", None)
    assert not report.can_send
    assert (len(server.uses), server.wrong_uses) == (1, 1)


@pytest.mark.parametrize("scheme", ["ntlm", "basic"])
def test_a_right_password_is_used_as_rarely_as_can_be(world: World, scheme: str) -> None:
    """NTLM signs the connection in once; Basic goes with each request."""
    server = world.serve(HOST)
    assert verified(world, scheme=scheme).can_send
    uses = 1 if scheme == "ntlm" else len(server.services.operations)
    assert len(server.uses) == uses


def test_somebody_elses_mailbox_is_not_ones_own(world: World) -> None:
    """A login that may open the typed mailbox is still not its person."""
    world.serve(HOST)
    world.address = world.bob.address
    assert codes(verified(world), Chain.RECEIVE)["identity"] == "ews_access_denied"
    world.ann.opens = (world.bob.address,)
    report = verified(world)
    assert codes(report, Chain.RECEIVE)["identity"] == "wrong_account"
    assert report.identities == ()
    assert not report.can_receive


def test_an_address_of_ones_own_is_proven(world: World) -> None:
    """The inbox of the address is that of the login."""
    world.serve(HOST)
    expected = Identity(address=world.address, proof=Proof.PROVEN)
    assert verified(world).identities == (expected,)


def test_what_the_wire_tells_has_a_name(world: World) -> None:
    """Codes of EWS, a forbidden mailbox and a mailbox that may not send are told apart."""
    server: ExchangeServer = world.serve(HOST)
    for code, named in (
        ("ErrorAccountDisabled", "ews_account_disabled"),
        ("ErrorPasswordExpired", "ews_password_expired"),
        ("ErrorNonExistentMailbox", "ews_no_mailbox"),
        ("ErrorMailboxMoveInProgress", "ews_mailbox_moving"),
        ("ErrorMailboxStoreUnavailable", "ews_store_unavailable"),
        ("ErrorQuotaExceeded", "ews_quota"),
        ("ErrorADUnavailable", "ews_busy"),
        ("ErrorTimeoutExpired", "ews_busy"),
        ("ErrorInvalidOperation", "remote_error"),
    ):
        server.services.refusals["GetFolder"] = code
        problem = verified(world).first_problem
        assert problem is not None
        assert (problem.code, problem.remote) == (named, code)
    server.services.refusals.clear()
    world.ann.may_send = False
    report = verified(world)
    assert (report.can_receive, report.can_send) == (True, False)
    assert codes(report, Chain.SEND)["sender"] == "ews_send_denied"
    world.ann.is_ews_enabled = False
    report = verified(world)
    assert codes(report, Chain.RECEIVE)["login"] == "ews_forbidden"
    assert report.first_problem is not None
    assert str(report.first_problem.remote).lower() == "http 403 /ews/exchange.asmx"
    assert server.wrong_uses == 0


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (503, b"", "ews_busy"),
        (500, b"<html>Server Error in '/EWS' Application</html>", "ews_busy"),
        (200, b"<html>Welcome</html>", "protocol_error"),
        (200, b"", "protocol_error"),
        (302, b"", "protocol_error"),
    ],
)
def test_what_is_no_answer_of_ews_is_typed(
    world: World, status: int, body: bytes, code: str
) -> None:
    """A server in trouble is no wrong password, and a page is no mailbox."""
    server = world.serve(HOST, schemes=("basic",))
    server.pages[HOST, "/ews/exchange.asmx"] = lambda it: it.answer(status, body, "text/html")
    problem = verified(world, scheme="basic").first_problem
    assert problem is not None
    assert problem.code == code


def test_a_message_that_does_not_come_is_said(world: World) -> None:
    """Sending worked, and the inbox was looked into until the time was up."""
    server = world.serve(HOST)
    server.services.delivers = False
    world.send_test_message = True
    world.seconds = 5.0
    report = verified(world)
    assert codes(report, Chain.SEND)["message"] is True
    assert codes(report, Chain.RECEIVE)["message"] == "message_not_found"


def test_the_message_to_oneself_leaves_nothing(world: World) -> None:
    """What was sent, found and kept is removed again."""
    world.serve(HOST)
    world.send_test_message = True
    assert verified(world).can_receive
    assert all(not items for items in world.ann.folders.values())


def test_a_direction_that_is_not_wanted_is_not_tried(world: World) -> None:
    """Where only receiving is wanted, nothing is asked about sending."""
    world.serve(HOST)
    world.wanted = frozenset({Capability.RECEIVE})
    report = verified(world)
    assert report.can_receive
    assert codes(report, Chain.SEND) == {"sent_folder": None, "sender": None}


def test_a_server_that_cannot_be_reached_is_named_by_its_stage(world: World) -> None:
    """Nothing else is reached, in either direction."""
    world.unreachable(HOST)
    found = codes(verified(world), Chain.RECEIVE)
    assert (found["dns"], found["tcp"], found["tls"]) == (True, "connection_refused", None)


def test_the_directory_gives_further_addresses(world: World) -> None:
    """Its word is the administrator's, so that they are declared and not proven."""
    world.usual()
    done = world.begin().submit(PASSWORD).step
    assert isinstance(done, Done)
    found = provider.aliases(
        CallContext(**world.context()), done.credential, done.settings, done.endpoints
    )
    assert found == (
        Identity(address=f"ann@{DOMAIN}", proof=Proof.PROVEN),
        Identity(address=f"info@{DOMAIN}", proof=Proof.DECLARED),
    )
