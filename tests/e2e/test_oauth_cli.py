"""A sign-in on the web, from the command line: each way back, and a browser that is a script."""

import json
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pexpect
import pytest

from e2e.conftest import Program
from inboxlink.testing.installation import MAIN, Running
from inboxlink.testing.peers.authorization import AuthorizationServer, Client
from inboxlink.testing.peers.browser import Browser
from inboxlink.testing.peers.faults import redirected_with
from inboxlink.testing.peers.world import World

NAME = "login.authorizing.test"
AUTHORIZING = Path(__file__).parent.parent / "fixtures" / "authorizing"
ADDRESS = "me@authorizing.test"
WORDS = ("--acknowledge", "authorizing.A@1", "--acknowledge", "authorizing.B@1")


@pytest.fixture
def server(
    inboxlink_world: World,
    configure: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> AuthorizationServer:
    """The authorization server, and an installation whose only provider signs in there."""
    path = os.pathsep.join(filter(None, (str(AUTHORIZING), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv("INBOXLINK_PROVIDERS", "inboxlink-authorizing")
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    found = inboxlink_world.authorization(NAME, (Client("known"),))
    configure(
        application={"name": "Acme CRM"},
        network=inboxlink_world.network,
        oauth={"authorizing": {"client_id": "known"}},
    )
    return found


@pytest.fixture
def browser(inboxlink_browser: Browser) -> Browser:
    """A person's browser: goes where it is led, and stops where the test wants it to."""
    return inboxlink_browser


@pytest.fixture
def start(home: Path, server: AuthorizationServer) -> Iterator[Callable[..., Running]]:
    """Starts a connect without a terminal."""
    running: list[Running] = []

    def run(*arguments: str, address: str = ADDRESS) -> Running:
        each = Running(home, "--json", "connect", address, *WORDS, *arguments)
        running.append(each)
        return each

    yield run
    for each in running:
        each.__exit__()


def secrets_of(server: AuthorizationServer) -> list[str]:
    return list(server.issued)


def assert_kept_to_itself(said: str, home: Path, server: AuthorizationServer) -> None:
    """No code and no token in what was said, nor in any file of the installation."""
    kept = b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())
    assert secrets_of(server)
    for secret in secrets_of(server):
        assert secret not in said
        assert secret.encode() not in kept


# --- without a terminal ------------------------------------------------------------------------


def test_a_script_follows_the_address_to_this_machine(
    start: Callable[..., Running], browser: Browser, server: AuthorizationServer, home: Path
) -> None:
    """The address is one line of standard error; junk at the port changes nothing."""
    with start() as run:
        url = run.line()
        back = urlsplit(parse_qs(urlsplit(url).query)["redirect_uri"][0])
        assert (back.scheme, back.hostname, back.path) == (
            "http",
            "localhost",
            "/oauth/authorizing",
        )
        location = browser.authorize(url)
        swapped = location.replace("state=", "state=x")
        assert browser.visit(location.replace("/oauth/authorizing", "/oauth/other"))[0] == 404
        assert browser.visit(swapped)[0] == 400
        status, page = browser.visit(location)
        assert status == 200
        assert "close this window" in page
        status, document = run.end()
    assert status == 0
    assert document["connected"] is True
    assert document["repeated"] == [
        {
            "disclosure": "authorizing.B@1",
            "title": "Part B",
            "body": "Acme CRM reads it, part B.",
        }
    ]
    assert server.asked == ["/authorize", "/token"]
    assert_kept_to_itself(run.said + json.dumps(document) + page, home, server)


def test_a_refusal_at_the_provider_is_told(
    start: Callable[..., Running], browser: Browser, server: AuthorizationServer
) -> None:
    """Its words come cleaned, nothing is exchanged, and the page does not congratulate."""
    server.person.denies = True
    server.faults.at_authorization(redirected_with(error_description="<b>\x1b[31mno</b>"))
    with start() as run:
        _, page = browser.visit(browser.authorize(run.line()))
        status, document = run.end()
    assert status == 10
    error = document["error"]
    assert isinstance(error, dict)
    assert (error["code"], document["connected"]) == ("consent_declined", False)
    assert "\x1b" not in error["remote"]
    assert "No access was given" in page
    assert "<b>" not in page
    assert server.asked == ["/authorize"]


def test_another_server_s_answer_is_not_used(
    start: Callable[..., Running], browser: Browser, server: AuthorizationServer
) -> None:
    """With the right state and another issuer it ends the sign-in, and no code is sent anywhere."""
    with start() as run:
        location = browser.authorize(run.line())
        wrong = urlencode({"iss": f"https://{NAME}"})
        assert browser.visit(location.replace(wrong, "iss=https://evil.test"))[0] == 200
        status, document = run.end()
    assert status == 10
    error = document["error"]
    assert isinstance(error, dict)
    assert error["code"] == "issuer_mismatch"
    assert server.asked == ["/authorize"]


def test_one_direction_alone_needs_no_second_word(
    start: Callable[..., Running], browser: Browser
) -> None:
    """`--only receive` asks for what receives; the rest reads as not granted, not as failed."""
    with start("--only", "receive") as run:
        browser.visit(browser.authorize(run.line()))
        status, document = run.end()
    assert status == 0
    report = document["report"]
    assert isinstance(report, dict)
    assert [(each["ok"], each["granted"]) for each in report["checks"]] == [
        (True, True),
        (None, False),
    ]


def test_a_menu_has_a_default_for_whoever_says_nothing(
    start: Callable[..., Running], browser: Browser
) -> None:
    """Nothing set takes the default, `--set` another option, and an unknown one is named."""
    address = "menu@authorizing.test"
    for option, code, status in (("never", "consent_declined", 10), ("no", "value_invalid", 12)):
        with start("--set", f"how={option}", address=address) as run:
            ended, document = run.end()
        error = document["error"]
        assert isinstance(error, dict)
        assert (ended, error["code"]) == (status, code)
    with start(address=address) as run:
        browser.visit(browser.authorize(run.line()))
        assert run.end()[0] == 0


def test_a_pasted_address_comes_by_standard_input(
    start: Callable[..., Running], browser: Browser, server: AuthorizationServer, home: Path
) -> None:
    """One line of it, with nobody listening at the redirect address."""
    with start("--way", "paste") as run:
        location = browser.authorize(run.line())
        with pytest.raises(ConnectionRefusedError):
            browser.visit(location)
        status, document = run.end(location + "\n")
    assert (status, document["connected"]) == (0, True)
    assert_kept_to_itself(run.said + json.dumps(document), home, server)


@pytest.mark.parametrize("typed", ["", "\n", "http://localhost/\n", f"https://{NAME}/authorize\n"])
def test_a_wrong_paste_ends_a_script(start: Callable[..., Running], typed: str) -> None:
    """What is not the address is named, with what it begins with."""
    with start("--way", "paste") as run:
        url = run.line()
        status, document = run.end(typed)
    error = document["error"]
    assert isinstance(error, dict)
    assert (status, error["code"]) == (12, "callback_invalid")
    assert parse_qs(urlsplit(url).query)["redirect_uri"][0] in error["remedy"]


def test_a_code_is_typed_on_another_device(
    start: Callable[..., Running], server: AuthorizationServer, home: Path
) -> None:
    """Address and code are one line; it is asked until somebody has signed in there."""
    server.pending = 2
    with start("--way", "device") as run:
        assert re.fullmatch(f"https://{NAME}/device [A-Z]{{4}}-[A-Z]{{4}}", run.line())
        status, document = run.end()
    assert (status, document["connected"]) == (0, True)
    assert server.asked == ["/device", "/token", "/token", "/token"]
    assert_kept_to_itself(run.said + json.dumps(document), home, server)


def test_a_code_that_nobody_types_ends(
    start: Callable[..., Running], server: AuthorizationServer
) -> None:
    """It is asked no longer than the code lives, and no more often than its interval allows."""
    server.pending, server.device_s = 1000, 3
    with start("--way", "device") as run:
        status, document = run.end()
    error = document["error"]
    assert isinstance(error, dict)
    assert (status, error["code"], document["connected"]) == (10, "sign_in_timed_out", False)
    assert 1 <= server.asked.count("/token") <= 3 + 1


def test_only_what_both_sides_can_do_is_tried(
    program: Program, server: AuthorizationServer
) -> None:
    """A way that there is not is refused by the command line before anything is asked."""
    ran = program("connect", ADDRESS, *WORDS, "--way", "pigeon")
    assert ran.status == 2
    assert "loopback" in ran.err
    assert server.asked == []


# --- at a terminal -----------------------------------------------------------------------------

#: Run as the browser: signs in, and follows to this machine.
SCRIPT = """\
#!{python}
import sys
sys.path[:0] = {path!r}
from types import SimpleNamespace
from inboxlink.testing.peers.browser import Browser
person = Browser(SimpleNamespace(network={network!r}))
person.visit(person.authorize(sys.argv[1]))
print("noise of a browser")
"""


class Screen:
    """`inboxlink` at a terminal of 80 columns."""

    def __init__(self, home: Path, *arguments: str, **environ: str) -> None:
        self.child = pexpect.spawn(
            MAIN[0],
            [*MAIN[1:], "connect", ADDRESS, *arguments],
            env={
                **os.environ,
                "INBOXLINK_HOME": str(home),
                "TERM": "xterm",
                "NO_COLOR": "1",
                **environ,
            },
            dimensions=(60, 80),
            encoding="utf-8",
            timeout=30,
        )
        self.seen = ""

    def expect(self, *wanted: str) -> int:
        found = self.child.expect([pexpect.EOF if each == "" else each for each in wanted])
        self.seen += str(self.child.before) + (
            "" if self.child.after is pexpect.EOF else str(self.child.after)
        )
        return int(found)

    def type(self, question: str, line: str) -> None:
        self.expect(question)
        self.child.sendline(line)

    def url(self) -> str:
        self.expect(r"https://login\.authorizing\.test/\S+")
        return str(self.child.after)

    def end(self) -> int:
        self.expect("")
        self.child.close()
        return int(self.child.exitstatus or 0)


QUESTIONS = (r"Enable inbox automation\? \[y/N\]", r"Continue with Authorizing\? \[Y/n\]")


@pytest.fixture
def screen(home: Path, server: AuthorizationServer) -> Iterator[Callable[..., Screen]]:
    """A person who has come as far as the disclosures."""
    shown: list[Screen] = []

    def begin(*arguments: str, **environ: str) -> Screen:
        each = Screen(home, *arguments, **environ)
        shown.append(each)
        each.type(QUESTIONS[0], "n")
        each.type(QUESTIONS[1], "")
        each.type(r"Continue with this\? \[y/N\]", "y")
        each.type(r"Continue with this\? \[y/N\]", "y")
        each.type(r"Send a test message", "n")
        return each

    yield begin
    for each in shown:
        each.child.close(force=True)


def test_a_browser_is_opened_and_comes_back(
    screen: Callable[..., Screen],
    server: AuthorizationServer,
    inboxlink_world: World,
    tmp_path: Path,
) -> None:
    """The person sees whom they sign in at, their browser does the rest, and B stands once more."""
    # req 27, 28, 50
    script = tmp_path / "browser"
    script.write_text(
        SCRIPT.format(
            python=sys.executable,
            path=[each for each in sys.path if each],
            network=inboxlink_world.network,
        )
    )
    script.chmod(0o755)
    person = screen(BROWSER=str(script))
    person.expect("Sign in at login.authorizing.test")
    url = person.url()
    assert parse_qs(urlsplit(url).query)["code_challenge_method"] == ["S256"]
    person.expect("Part B")
    person.expect("Your Authorizing inbox is connected")
    assert person.end() == 0
    assert not set(secrets_of(server)) & set(person.seen.split())


def test_without_a_browser_the_address_is_copied_back(
    screen: Callable[..., Screen], browser: Browser, server: AuthorizationServer
) -> None:
    """A wrong paste is explained and asked again; the right one connects."""
    person = screen(SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22")
    url = person.url()
    person.type("Copied address: ", url)
    person.expect("callback_invalid")
    location = browser.authorize(url)
    person.type("Copied address: ", location.replace("state=", "state=x"))
    person.expect("callback_invalid")
    person.type("Copied address: ", f"  {location} ")
    person.expect("Your Authorizing inbox is connected")
    assert person.end() == 0
    assert server.asked == ["/authorize", "/token"]


def test_an_address_longer_than_a_terminals_line_is_taken_whole(
    screen: Callable[..., Screen], browser: Browser, server: AuthorizationServer
) -> None:
    """What follows the 4095th character counts too, and a slip can be erased."""
    person = screen()
    location = browser.authorize(person.url())
    address, _, query = location.partition("?")
    longer = f"{address}?padding={'x' * 6000}&{query}"
    person.expect("Copied address: ")
    for start in range(0, len(longer), 1000):
        person.child.send(longer[start : start + 1000])
    person.child.sendline("yz\x7f\x7f")
    person.expect("Your Authorizing inbox is connected")
    assert person.end() == 0


def test_the_end_of_input_at_a_paste_is_a_no(screen: Callable[..., Screen]) -> None:
    """Ctrl-D at the question ends like Ctrl-C, and the terminal echoes again."""
    person = screen()
    person.expect("Copied address: ")
    assert not person.child.getecho()
    person.child.sendeof()
    person.expect("nothing was kept")
    assert person.child.getecho()
    assert person.end() == 130


def test_three_wrong_pastes_end_it(
    screen: Callable[..., Screen], server: AuthorizationServer
) -> None:
    """After the third it is over, and nothing was sent to the provider."""
    person = screen()
    for _ in range(3):
        person.type("Copied address: ", "https://elsewhere.test/?code=1&state=2")
        person.expect("callback_invalid")
    assert person.end() == 12
    assert server.asked == []


def test_over_ssh_the_port_can_be_forwarded(
    screen: Callable[..., Screen], browser: Browser
) -> None:
    """Forced, it says how a browser on another machine reaches the port."""
    person = screen("--way", "loopback", SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22")
    person.expect(r"    ssh -L (\d+:localhost:\d+) HOST\r\n")
    forward = str(person.child.match[1])
    url = person.url()
    back = urlsplit(parse_qs(urlsplit(url).query)["redirect_uri"][0])
    assert forward == f"{back.port}:localhost:{back.port}"
    person.expect("Ctrl-C stops")
    assert browser.visit(browser.authorize(url))[0] == 200
    person.expect("Your Authorizing inbox is connected")
    assert person.end() == 0


def test_a_code_comes_with_a_warning(
    screen: Callable[..., Screen], server: AuthorizationServer
) -> None:
    """Code and address stand there, and that only whoever began should go on (RFC 8628 5.4)."""
    person = screen("--way", "device")
    person.expect("Only go on if you started this yourself")
    person.expect(rf"https://{NAME}/device")
    person.expect("[A-Z]{4}-[A-Z]{4}")
    person.expect("Your Authorizing inbox is connected")
    assert person.end() == 0


@pytest.mark.parametrize("way", ["loopback", "paste", "device"])
def test_ctrl_c_leaves_nothing(
    screen: Callable[..., Screen], server: AuthorizationServer, way: str, home: Path
) -> None:
    """The sign-in is forgotten, nobody listens, and the terminal is as it was."""
    server.pending = 1000
    person = screen("--way", way)
    if way == "loopback":
        back = urlsplit(parse_qs(urlsplit(person.url()).query)["redirect_uri"][0])
    person.expect("Copied address: " if way == "paste" else "Ctrl-C stops")
    person.child.sendintr()
    person.expect("nothing was kept")
    assert person.end() == 130
    assert "Traceback" not in person.seen
    if way == "loopback":
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", back.port or 0))
    import sqlite3

    with sqlite3.connect(home / "data" / "inboxlink.db") as database:
        assert database.execute("SELECT count(*) FROM flow").fetchone() == (0,)
    database.close()


# --- the registration --------------------------------------------------------------------------


def test_the_doctor_asks_whether_the_application_is_known(
    program: Program, server: AuthorizationServer
) -> None:
    """Online it asks the provider's server and signs nobody in; offline it asks nobody."""
    assert program("doctor").status == 0
    assert server.asked == ["/token"]
    server.clients.clear()
    assert program("doctor", "--offline").status == 0
    assert server.asked == ["/token"]
    ran = program("--json", "doctor")
    assert ran.status == 12
    assert [each["problem"]["code"] for each in ran.json["checks"] if each["problem"]] == [
        "client_refused"
    ]
    shown = program("--lang", "ja", "doctor")
    assert shown.status == 12
    assert "✗ authorizing への登録: " in shown.out
    assert "  → " in shown.out
