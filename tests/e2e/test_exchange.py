"""Exchange on premises through the program: from an address and a password to a mailbox."""

from collections.abc import Callable, Iterator

import pytest

from e2e.conftest import Program
from exchange.test_sign_in import (
    by_autodiscover_host,
    by_domain,
    by_foreign_service_record,
    by_plain_redirect,
    by_service_record,
)
from exchange.world import AUTODISCOVER, EWS, FOREIGN, HOST, PASSWORD, World
from inboxlink.cli import exits
from inboxlink.connect.host import Host
from inboxlink.testing.installation import Ran
from peers.certificates import Authority
from peers.exchange import ExchangeServer
from peers.exchange.autodiscover import Advice
from peers.exchange.server import Version

#: Sets up a server, and so a way to it.
Way = Callable[..., ExchangeServer]
Connect = Callable[..., Ran]


@pytest.fixture
def company(authority: Authority) -> Iterator[World]:
    """Ann, her company's Exchange server, and DNS."""
    with World(authority) as world:
        yield world


@pytest.fixture
def configured(company: World, configure: Callable[..., None]) -> Callable[..., None]:
    """Lets the program see the world as it stands."""

    def write(**application: str) -> None:
        configure(
            application={"name": "Acme CRM", **application},
            network={
                "ca_file": str(company.authority.ca_file),
                "nameservers": [f"127.0.0.1:{company.names.port}"],
                "connect": company.hosts,
            },
        )

    return write


@pytest.fixture
def connect(program: Program, configured: Callable[[], None], company: World) -> Connect:
    """Runs `inboxlink --json connect` for Ann, who has read the disclosure."""

    def run(*more: str, password: str = PASSWORD) -> Ran:
        configured()
        return program(
            *("--json", "connect", company.address, "--provider", "exchange"),
            *("--acknowledge", "exchange.E@1", "--password-stdin", *more),
            typed=f"{password}\n",
        )

    return run


def settings_of(ran: Ran) -> dict[str, str]:
    """What is kept of a connection beside its secret."""
    with Host() as host:
        return dict(host.connections.get(ran.json["account"]["id"]).settings)


def stored(program: Program) -> list[object]:
    return list(program("--json", "accounts", "list").json["accounts"])


def noted(program: Program) -> list[str]:
    """What the ledger of consents holds."""
    return [each["kind"] for each in program("--json", "consent", "show").json["entries"]]


@pytest.mark.parametrize("way", [by_domain, by_autodiscover_host, by_service_record])
def test_address_and_password_are_enough(connect: Connect, company: World, way: Way) -> None:
    """Each way of Autodiscover within the domain ends in a connected mailbox, without a question.

    Nothing but the password was given.
    """
    # req 69, 70, 78, 79, 84
    server = way(company)
    ran = connect()
    assert ran.status == exits.OK, ran
    assert ran.json["connected"] is True
    assert ran.json["account"]["provider"] == "exchange"
    assert server.wrong_uses == 0
    assert PASSWORD not in ran.out + ran.err


@pytest.mark.parametrize("way", [by_foreign_service_record, by_plain_redirect])
def test_a_foreign_host_needs_a_word(connect: Connect, company: World, way: Way) -> None:
    """Without `--accept-domain` it is refused and hears nothing; with it, it is used."""
    server = way(company)
    refused = connect()
    assert refused.status == exits.STATUS["setup"]
    assert refused.json["error"]["code"] == "domain_unconfirmed"
    assert "hoster.example" in refused.json["error"]["message"]
    assert server.authorizations == []
    assert connect("--accept-domain", "other.example").status == exits.STATUS["setup"]
    assert server.authorizations == []
    ran = connect("--accept-domain", "hoster.example")
    assert ran.status == exits.OK, ran


def test_a_foreign_host_that_is_named_late_needs_a_word(connect: Connect, company: World) -> None:
    """The domain's own Autodiscover names it after the password; it hears nothing without a yes."""
    company.usual().advice[AUTODISCOVER] = Advice(external=f"https://{FOREIGN}/EWS/Exchange.asmx")
    foreign = company.serve(FOREIGN)
    refused = connect()
    assert refused.json["error"]["code"] == "domain_unconfirmed"
    assert foreign.authorizations == []
    ran = connect("--accept-domain", "hoster.example")
    assert ran.status == exits.OK, ran
    assert foreign.wrong_uses == 0


@pytest.mark.parametrize("schemes", [("basic",), ("ntlm",)], ids=",".join)
def test_with_everything_broken_the_address_of_webmail_does(
    connect: Connect,
    program: Program,
    company: World,
    schemes: tuple[str, ...],
) -> None:
    """It is turned into the address of EWS, which the refusal names; with that it connects."""
    # req 71, 72, 80, 83
    server = company.serve(HOST, schemes=schemes)
    missing = connect()
    assert missing.json["error"]["code"] == "autodiscover_failed"
    webmail = f"https://{HOST}/owa/auth/logon.aspx?reason=0"
    declined = connect("--set", f"ews_url={webmail}", "--set", "username=CORP\\ann")
    assert declined.status == exits.STATUS["setup"]
    assert declined.json["error"]["code"] == "suggestion_declined"
    assert EWS in declined.json["error"]["message"] + declined.json["error"]["remedy"]
    assert server.authorizations == []
    assert stored(program) == []
    ran = connect("--set", f"ews_url={EWS}", "--set", "username=CORP\\ann")
    assert ran.status == exits.OK, ran
    assert settings_of(ran) == {"ews_url": EWS, "username": "CORP\\ann", "scheme": schemes[0]}


@pytest.mark.parametrize("is_found", [True, False], ids=["Autodiscover", "given"])
@pytest.mark.parametrize("schemes", [("basic",), ("ntlm",), ("negotiate",)], ids=",".join)
def test_a_wrong_password_is_used_once(
    connect: Connect,
    program: Program,
    company: World,
    schemes: tuple[str, ...],
    is_found: bool,
) -> None:
    """Over the whole connect the server counts one, whoever looked where; nothing is kept."""
    server = company.usual(schemes=schemes) if is_found else company.serve(HOST, schemes=schemes)
    given = () if is_found else ("--set", f"ews_url={EWS}", "--set", "username=ann")
    ran = connect(*given, password="a typing error")
    assert ran.status == exits.STATUS["sign_in"]
    assert ran.json["error"]["code"] == "sign_in_refused"
    assert ran.json["error"]["remedy"].startswith("Most likely first: a wrong password")
    assert (len(server.uses), server.wrong_uses) == (1, 1)
    assert "a typing error" not in ran.out + ran.err
    assert stored(program) == []
    assert noted(program) == ["acknowledged"]
    # The same once more is held back before anything is sent.
    again = connect(*given, password="a typing error")
    assert again.json["error"]["code"] == "refused_recently"
    assert len(server.uses) == 1


def test_an_error_links_to_its_part_of_the_operators_help(
    configured: Callable[..., None],
    program: Program,
    company: World,
) -> None:
    """Where the operator has a page of help, for a script and for a person; else there is none."""
    # req 85
    company.usual()
    arguments = ("connect", company.address, "--provider", "exchange", "--password-stdin")
    arguments += ("--acknowledge", "exchange.E@1")
    configured()
    bare = program("--json", *arguments, typed="a typing error\n").json["error"]
    assert (bare["code"], "link" in bare) == ("sign_in_refused", False)
    configured(troubleshooting="https://help.acme.test/email")
    link = "https://help.acme.test/email#sign_in_refused"
    told = program("--json", *arguments, "--force", typed="a typing error\n").json["error"]
    assert told["link"] == link
    shown = program(*arguments, "--force", typed="a typing error\n")
    assert link in shown.err


@pytest.mark.parametrize(
    ("version", "code"),
    [((14, 1, 438, 0), "exchange_too_old"), ((14, 2, 247, 5), None)],
    ids=["2010 SP1", "2010 SP2"],
)
def test_exchange_2010_sp2_is_the_oldest(
    connect: Connect,
    program: Program,
    company: World,
    version: Version,
    code: str | None,
) -> None:
    """An older server is refused with its version, and nothing is kept."""
    # req 68, 73
    company.usual(version=version)
    ran = connect()
    if code is None:
        assert ran.status == exits.OK, ran
        return
    assert ran.json["error"]["code"] == code
    assert "14.1.438.0" in ran.json["error"]["message"]
    assert ran.status != exits.OK
    assert stored(program) == []


@pytest.mark.parametrize(
    "advice",
    [
        Advice(external="https://outlook.office365.com/EWS/Exchange.asmx"),
        Advice(redirect_address="ann@corp.mail.onmicrosoft.com"),
    ],
)
def test_exchange_online_is_led_to_outlook(
    connect: Connect,
    program: Program,
    company: World,
    advice: Advice,
) -> None:
    """A mailbox that moved there is refused with the reason, and what to type."""
    # req 64, 65, 66
    company.usual().advice[AUTODISCOVER] = advice
    ran = connect()
    assert ran.status == exits.STATUS["setup"]
    assert ran.json["error"]["code"] == "exchange_online_unsupported"
    assert "October 2022" in ran.json["error"]["message"]
    assert "--provider outlook" in ran.json["error"]["remedy"]
    assert stored(program) == []


def test_a_certificate_of_ones_own_needs_a_word(
    connect: Connect,
    program: Program,
    company: World,
) -> None:
    """It is refused with its fingerprint, trusted by it, and kept for verifying and for aliases."""
    from peers.certificates import self_signed

    server = company.usual(certificate=self_signed(company.directory_path, AUTODISCOVER, HOST))
    refused = connect()
    assert refused.json["error"]["code"] == "certificate_declined"
    assert server.authorizations == []
    digest = server.certificate_sha256
    trusted = [f"--trust={host}:443=sha256:{digest}" for host in (AUTODISCOVER, HOST)]
    ran = connect(*trusted)
    assert ran.status == exits.OK, ran
    account = ran.json["account"]["id"]
    assert program("--json", "accounts", "verify", account).status == exits.OK
    refreshed = program("--json", "aliases", "refresh", account)
    assert refreshed.status == exits.OK, refreshed
    assert "info@corp.example" in refreshed.out
