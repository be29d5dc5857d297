"""A world, and an installation that finds it by the operator's own settings."""

from inboxlink.testing.fixtures import ALICE, PASSWORD
from inboxlink.testing.installation import Installation
from inboxlink.testing.peers.authorization import AuthorizationServer
from inboxlink.testing.peers.browser import Browser
from inboxlink.testing.peers.mail import MailServer
from inboxlink.testing.peers.mail_faults import Protocol, SignIn
from inboxlink.testing.peers.web import Answer, Request, json_answer
from inboxlink.testing.peers.world import World


def test_an_installation_connects_in_the_world(
    inboxlink_mail: MailServer, inboxlink_installation: Installation
) -> None:
    """The servers are found by DNS and the domain's file, and a mailbox is connected there."""
    ran = inboxlink_installation.run(
        *("--json", "connect", ALICE, "--lookup", "full", "--acknowledge", "imap.I@1"),
        *("--no-inbox-automation", "--send-test-message"),
        secrets={"password": PASSWORD},
    )
    assert ran.status == 0, ran
    assert ran.json["connected"] is True
    assert SignIn(Protocol.IMAP, ok=True) in inboxlink_mail.sign_ins
    assert SignIn(Protocol.SUBMISSION, ok=True) in inboxlink_mail.sign_ins


def test_starttls_is_there_as_well(
    inboxlink_mail: MailServer, inboxlink_installation: Installation
) -> None:
    """An operator whose preset says STARTTLS connects the same mailbox on the other two ports."""
    inboxlink_installation.configure(
        presets={
            "example.test": {
                "imap": {"host": "imap.example.test", "port": 143, "tls": "starttls"},
                "smtp": {"host": "smtp.example.test", "port": 587, "tls": "starttls"},
            }
        }
    )
    ran = inboxlink_installation.run(
        *("--json", "connect", ALICE, "--lookup", "offline", "--acknowledge", "imap.I@1"),
        *("--no-inbox-automation", "--send-test-message"),
        secrets={"password": PASSWORD},
    )
    assert ran.status == 0, ran
    assert [each.ok for each in inboxlink_mail.sign_ins] == [True, True]


def test_a_wrong_password_is_one_try(
    inboxlink_mail: MailServer, inboxlink_installation: Installation
) -> None:
    """What the server counted is what the program did."""
    ran = inboxlink_installation.run(
        *("--json", "connect", ALICE, "--lookup", "full", "--acknowledge", "imap.I@1"),
        "--no-inbox-automation",
        secrets={"password": "wrong"},
    )
    assert ran.json["error"]["code"] == "invalid_credentials"
    assert inboxlink_mail.sign_ins == [SignIn(Protocol.IMAP, ok=False)]


def test_the_names_of_the_world_are_asked(
    inboxlink_world: World, inboxlink_mail: MailServer, inboxlink_installation: Installation
) -> None:
    """Detection asks the world's DNS, and what a test sets there is what it hears."""
    inboxlink_world.names.set("example.test", "example.test. 60 IN MX 10 mx.elsewhere.test.")
    ran = inboxlink_installation.run("--json", "detect", ALICE)
    assert ran.status == 0, ran
    assert ("example.test", "MX") in inboxlink_world.names.questions
    assert "mx.elsewhere.test" in ran.out


def test_a_site_of_a_test_is_served_under_its_name(
    inboxlink_world: World, inboxlink_browser: Browser
) -> None:
    """A web server is a function of the request; it may join the world at any time."""

    def answer(request: Request) -> Answer:
        return json_answer(418, {"host": request.host, "asks": request.parameters})

    inboxlink_world.web(answer, "api.example.test")
    status, page = inboxlink_browser.visit("https://api.example.test/tea?sugar=2")
    assert status == 418
    assert page == '{"host": "api.example.test", "asks": {"sugar": "2"}}'


def test_what_joins_the_world_is_known_to_the_next_run(
    inboxlink_world: World, inboxlink_installation: Installation
) -> None:
    """The configuration follows the world, and keeps what a command wrote there otherwise."""
    inboxlink_installation.run("config", "check")
    text = inboxlink_installation.home / "inboxlink.toml"
    text.write_text(text.read_text() + "# of a command\n")
    inboxlink_installation.run("config", "check")
    assert "# of a command" in text.read_text()
    inboxlink_world.web(lambda _: Answer(200), "late.example.test")
    inboxlink_installation.configure(lookup={"community": False})
    inboxlink_installation.run("config", "check")
    assert "late.example.test:443" in text.read_text()
    assert "community = false" in text.read_text()


def test_the_world_ends_with_its_context(
    inboxlink_authorization: AuthorizationServer, inboxlink_browser: Browser
) -> None:
    """The browser reaches what is there, and one more page is not found."""
    assert inboxlink_browser.visit(f"{inboxlink_authorization.issuer}/nowhere")[0] == 404
