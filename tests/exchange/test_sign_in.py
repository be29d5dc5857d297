"""From an address and a password to Exchange Web Services, whichever way leads there."""

from collections.abc import Callable

import pytest

from exchange.world import AUTODISCOVER, DOMAIN, EWS, FOREIGN, HOST, PASSWORD, World, codes
from inboxlink.types.context import Previous
from inboxlink.types.detection import Role
from inboxlink.types.disclosure import Audience
from inboxlink.types.report import Chain
from inboxlink.types.steps import Abort, Confirm, ConfirmKind, Done, Form
from peers.exchange import ExchangeServer
from peers.exchange.autodiscover import Advice
from peers.scripted import Conversation, ScriptedServer
from peers.web import redirect

#: A way of finding the server, and whether the person is asked about its host.
Way = tuple[Callable[..., ExchangeServer], bool]

SCHEMES = (("ntlm", "basic"), ("basic",), ("negotiate",))


def by_domain(world: World, **more: object) -> ExchangeServer:
    server = world.serve(DOMAIN, HOST, **more)
    server.advice[DOMAIN] = Advice(external=EWS)
    return server


def by_autodiscover_host(world: World, **more: object) -> ExchangeServer:
    return world.usual(**more)


def by_service_record(world: World, **more: object) -> ExchangeServer:
    server = world.serve(HOST, **more)
    server.advice[HOST] = Advice(external=EWS)
    name = f"_autodiscover._tcp.{DOMAIN}"
    world.names.set(name, f"{name}. 60 IN SRV 0 0 443 {HOST}.")
    return server


def by_foreign_service_record(world: World, **more: object) -> ExchangeServer:
    server = world.serve(FOREIGN, **more)
    server.advice[FOREIGN] = Advice(external=f"https://{FOREIGN}/EWS/Exchange.asmx")
    name = f"_autodiscover._tcp.{DOMAIN}"
    world.names.set(name, f"{name}. 60 IN SRV 0 0 443 {FOREIGN}.")
    return server


def by_plain_redirect(world: World, **more: object) -> ExchangeServer:
    server = world.serve(FOREIGN, **more)
    server.advice[FOREIGN] = Advice(external=f"https://{FOREIGN}/EWS/Exchange.asmx")
    plain_redirect(world, f"https://{FOREIGN}/autodiscover/autodiscover.xml")
    return server


def plain_redirect(world: World, location: str) -> ScriptedServer:
    """Plain http on `autodiscover` that leads elsewhere; https there is closed."""

    def script(conversation: Conversation) -> None:
        while conversation.read_line():
            pass
        conversation.send(redirect(location))

    server = ScriptedServer(script)
    world.add(server)
    world.unreachable(AUTODISCOVER)
    world.place(server.port, AUTODISCOVER, scheme_port=80)
    return server


@pytest.mark.parametrize("schemes", SCHEMES, ids=",".join)
@pytest.mark.parametrize(
    ("way", "is_asked"),
    [
        (by_domain, False),
        (by_autodiscover_host, False),
        (by_service_record, False),
        (by_foreign_service_record, True),
        (by_plain_redirect, True),
    ],
)
def test_address_and_password_are_enough(
    world: World,
    way: Callable[..., ExchangeServer],
    is_asked: bool,
    schemes: tuple[str, ...],
) -> None:
    """Each way of Autodiscover ends in a verified mailbox; a foreign host is confirmed first."""
    # req 69, 70, 78, 79, 84
    server = way(world, schemes=schemes)
    asked = world.begin()
    assert isinstance(asked.step, Confirm) is is_asked
    if is_asked:
        assert asked.step.kind is ConfirmKind.HOST
        assert asked.step.facts["host"] == FOREIGN
        assert asked.step.facts["domain"] == "hoster.example"
        assert server.uses == []
        asked = asked.agree()
    assert isinstance(asked.step, Form)
    assert [each.name for each in asked.step.fields if not each.advanced] == ["password"]
    done = asked.submit(PASSWORD)
    assert isinstance(done.step, Done), done.step
    assert done.step.settings["scheme"] == schemes[0]
    report = world.verify(done)
    assert (report.can_receive, report.can_send) == (True, True)
    assert server.wrong_uses == 0


@pytest.mark.parametrize(
    "pasted",
    [
        f"https://{HOST}/owa/#path=/mail",
        f"https://{HOST}/owa/auth/logon.aspx?url=https%3a%2f%2f{HOST}%2fowa%2f&reason=0",
        f"http://{HOST}/ecp/",
        HOST,
        HOST.upper(),
    ],
)
def test_the_address_of_webmail_is_turned_into_that_of_ews(world: World, pasted: str) -> None:
    """Where Autodiscover fails, both are asked for; what was pasted is suggested, not kept."""
    # req 71, 72, 80, 81, 82, 83
    server = world.serve(HOST)
    asked = world.begin()
    assert isinstance(asked.step, Form)
    assert asked.step.step == "server"
    assert {each.name for each in asked.step.fields if each.required} == {"ews_url", "username"}
    trouble = asked.step.errors[""]
    assert trouble.code == "autodiscover_failed"
    assert f"{AUTODISCOVER}: host_not_found" in str(trouble.remote)
    suggested = asked.submit(ews_url=pasted, username="CORP\\ann")
    assert isinstance(suggested.step, Confirm)
    assert suggested.step.kind is ConfirmKind.ENDPOINT
    assert suggested.step.facts == {"typed": pasted, "suggested": EWS}
    assert server.uses == []
    done = suggested.agree().submit(PASSWORD)
    assert isinstance(done.step, Done)
    assert done.step.settings == {"username": "CORP\\ann", "ews_url": EWS, "scheme": "ntlm"}
    assert world.verify(done).can_send


def test_an_address_of_ews_needs_no_suggestion(world: World) -> None:
    """What was typed rightly is taken as it is, in any case of letters."""
    world.serve(HOST)
    typed = f"https://{HOST}/ews/exchange.asmx"
    asked = world.begin().submit(ews_url=typed, username="ann")
    assert isinstance(asked.step, Form)
    done = asked.submit(PASSWORD)
    assert isinstance(done.step, Done)
    assert done.step.settings["ews_url"] == typed
    assert world.verify(done).can_receive


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "value_invalid"),
        ("not an address", "value_invalid"),
        ("https://user:secret@mail.corp.example/", "value_invalid"),
        ("https://mail.corp.example:8443/owa", "value_invalid"),
        ("ftp://mail.corp.example/", "value_invalid"),
        ("https://nowhere.corp.example/owa", "host_not_found"),
        (f"https://{HOST}/ews/exchange.asmx/other", "no_ews"),
    ],
)
def test_what_leads_nowhere_is_said_beside_the_field(world: World, typed: str, code: str) -> None:
    """The form comes back with what was typed, and nothing was sent."""
    server = world.serve(HOST)
    server.pages[HOST, "/ews/exchange.asmx"] = lambda handler: handler.answer(404)
    asked = world.begin().submit(ews_url=typed, username="ann")
    assert isinstance(asked.step, Form)
    assert asked.step.errors["ews_url"].code == code
    assert server.uses == []


@pytest.mark.parametrize("username", ["ann", "CORP\\ann", f"ann@{DOMAIN}"])
def test_the_user_name_is_taken_as_it_is_given(world: World, username: str) -> None:
    """Each form is the person's to choose; none is tried after another."""
    # req 71, 74, 81
    server = world.usual(schemes=("basic",))
    done = world.begin().submit(PASSWORD, username=username)
    assert isinstance(done.step, Done)
    assert {login for _, login, _ in server.uses} == {username}
    assert world.verify(done).can_receive


@pytest.mark.parametrize("schemes", SCHEMES, ids=",".join)
def test_a_wrong_password_is_used_once(world: World, schemes: tuple[str, ...]) -> None:
    """The server counts one, and the person is asked anew with the likely causes."""
    server = world.usual(schemes=schemes)
    again = world.begin().submit("a typing error")
    assert isinstance(again.step, Form)
    assert again.step.errors["password"].code == "sign_in_refused"
    assert (len(server.uses), server.wrong_uses) == (1, 1)
    assert [field.value for field in again.step.fields if field.name == "password"] == [None]
    done = again.submit(PASSWORD)
    assert isinstance(done.step, Done)
    assert server.wrong_uses == 1


def test_a_locked_account_is_told_where_the_server_tells(world: World) -> None:
    """The page that comes with the refusal says it, and so do we."""
    server = world.usual(schemes=("basic",))
    locked = b"<html>The referenced account is currently locked out</html>"
    basic = (("WWW-Authenticate", "Basic"),)
    path = "/autodiscover/autodiscover.svc"
    server.pages[AUTODISCOVER, path] = lambda it: it.answer(401, locked, "text/html", basic)
    again = world.begin().submit(PASSWORD)
    assert isinstance(again.step, Form)
    assert again.step.errors["password"].code == "account_locked"


def test_the_scheme_can_be_chosen_and_is_never_replaced(world: World) -> None:
    """Basic is taken where the person says so, and a scheme that is not offered is refused."""
    server = world.usual(schemes=("ntlm", "basic"))
    done = world.begin().submit(PASSWORD, scheme="basic")
    assert isinstance(done.step, Done)
    assert [scheme for scheme, *_ in server.uses] == ["basic"]
    refused = world.begin().submit(PASSWORD, scheme="negotiate")
    assert isinstance(refused.step, Form)
    assert refused.step.errors["scheme"].code == "no_scheme"
    assert len(server.uses) == 1
    odd = world.begin().submit(PASSWORD, scheme="digest")
    assert isinstance(odd.step, Form)
    assert odd.step.errors["scheme"].code == "value_invalid"


def test_plain_xml_serves_where_soap_does_not(world: World) -> None:
    """A server that has only the older language is asked in it, with the same one use."""
    server = world.usual()
    server.speaks_soap = False
    done = world.begin().submit(PASSWORD)
    assert isinstance(done.step, Done)
    assert done.step.settings["ews_url"] == EWS
    assert len(server.uses) == 1


def test_the_address_for_the_world_comes_before_that_for_the_office(world: World) -> None:
    """Both can be said; the one that is meant for outside is taken."""
    server = world.usual()
    inside = f"https://inside.{DOMAIN}/EWS/Exchange.asmx"
    for speaks_soap in (True, False):
        server.speaks_soap = speaks_soap
        server.advice[AUTODISCOVER] = Advice(external=EWS, internal=inside)
        done = world.begin().submit(PASSWORD)
        assert isinstance(done.step, Done)
        assert done.step.settings["ews_url"] == EWS


def test_a_redirect_within_the_domain_is_followed(world: World) -> None:
    """Another Autodiscover service of the same owner is asked without a question."""
    server = world.usual()
    server.advice[AUTODISCOVER] = Advice(
        redirect_url=f"https://{HOST}/autodiscover/autodiscover.svc"
    )
    server.advice[HOST] = Advice(external=EWS)
    done = world.begin().submit(PASSWORD)
    assert isinstance(done.step, Done)


def test_a_redirect_to_another_address_begins_anew(world: World) -> None:
    """Its domain is looked at without a credential, and a foreign one is confirmed."""
    server = world.usual()
    server.advice[AUTODISCOVER] = Advice(redirect_address="ann@hoster.example")
    hoster = world.serve("autodiscover.hoster.example", FOREIGN)
    hoster.advice["autodiscover.hoster.example"] = Advice(
        external=f"https://{FOREIGN}/EWS/Exchange.asmx"
    )
    asked = world.begin().submit(PASSWORD)
    assert isinstance(asked.step, Confirm)
    assert asked.step.facts["host"] == "autodiscover.hoster.example"
    assert hoster.uses == []
    # EWS have another name there, and are asked about as well.
    asked = asked.agree().submit(PASSWORD)
    assert isinstance(asked.step, Confirm)
    assert asked.step.facts["host"] == FOREIGN
    done = asked.agree().submit(PASSWORD)
    assert isinstance(done.step, Done)
    assert done.step.settings["username"] == f"ann@{DOMAIN}"


def test_a_certificate_of_ones_own_is_asked_about(world: World) -> None:
    """A company's own server may be trusted by exactly its certificate, before any password."""
    from peers.certificates import self_signed

    certificate = self_signed(world.directory_path, AUTODISCOVER, HOST)
    server = world.usual(certificate=certificate)
    asked = world.begin()
    assert isinstance(asked.step, Confirm)
    assert asked.step.kind is ConfirmKind.CERTIFICATE
    asked = asked.agree()
    assert isinstance(asked.step, Form)
    # EWS are on a name of their own, which proves itself or is asked about as well.
    asked = asked.submit(PASSWORD)
    assert isinstance(asked.step, Confirm)
    done = asked.agree().submit(PASSWORD)
    assert isinstance(done.step, Done)
    (endpoint,) = done.step.endpoints
    assert (endpoint.role, endpoint.host) == (Role.EWS, HOST)
    assert endpoint.pin is not None
    assert world.verify(done).can_receive
    assert server.wrong_uses == 0


def test_signing_in_again_goes_where_it_went_before(world: World) -> None:
    """No Autodiscover is asked, and what was chosen stands in the form."""
    server = world.usual()
    done = world.begin().submit(PASSWORD, username="ann", scheme="basic")
    assert isinstance(done.step, Done)
    world.previous = Previous("ann", done.step.settings, done.step.endpoints)
    server.requests.clear()
    asked = world.begin()
    assert isinstance(asked.step, Form)
    assert server.requests == [("GET", HOST, "/ews/exchange.asmx")]
    again = asked.submit(PASSWORD)
    assert isinstance(again.step, Done)
    assert again.step.settings == done.step.settings


def test_a_teams_inbox_is_refused(world: World) -> None:
    """Nobody is asked anything."""
    # req 89
    server = world.usual()
    world.audience = Audience.TEAM
    refused = world.begin()
    assert isinstance(refused.step, Abort)
    assert refused.step.error.code == "team_unsupported"
    assert server.requests == []


def test_extended_protection_is_met(world: World) -> None:
    """NTLM is bound to the TLS connection, as servers since Exchange 2019 CU14 want it."""
    server = world.usual(schemes=("ntlm",), extended_protection=True)
    done = world.begin().submit(PASSWORD)
    assert isinstance(done.step, Done), done.step
    assert world.verify(done).can_send
    assert server.wrong_uses == 0


def test_a_proxy_before_extended_protection_is_a_refusal_with_causes(world: World) -> None:
    """Where TLS ends before the server, the binding is another: told once, and not tried again."""
    server = world.usual(schemes=("ntlm",), extended_protection=True)
    other = world.authority.issue("behind.example")
    server.bind_to(other)
    again = world.begin().submit(PASSWORD)
    assert isinstance(again.step, Form)
    refused = again.step.errors["password"]
    assert refused.code == "sign_in_refused"
    assert len(server.uses) == 1


def test_stages_of_a_whole_mailbox(world: World) -> None:
    """Every stage is named, in both directions."""
    world.usual()
    world.send_test_message = True
    done = world.begin().submit(PASSWORD)
    report = world.verify(done)
    assert codes(report, Chain.RECEIVE) == dict.fromkeys(
        ("dns", "tcp", "tls", "scheme", "login", "version", "identity", "select", "message"), True
    )
    assert codes(report, Chain.SEND) == dict.fromkeys(("sent_folder", "sender", "message"), True)
