"""A person at a terminal of 80 columns whose mailbox is on Exchange, in both languages."""

import io
import os
import re
import sys
from collections.abc import Callable, Iterator

import pexpect
import pytest

from e2e.test_exchange import company, configured  # noqa: F401 - fixtures
from exchange.test_sign_in import by_plain_redirect
from exchange.world import AUTODISCOVER, EWS, HOST, PASSWORD, World
from inboxlink.cli.wrapping import cells
from inboxlink.prose import Prose
from inboxlink.texts import Words
from inboxlink.types.disclosure import Application, Audience, Capability, DiscloseContext
from peers.exchange.autodiscover import Advice

COLUMNS = 80
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b.|[\x00-\x09\x0b-\x1f]")

#: What a line's end puts between two characters.
_BETWEEN = r"(?:\s|\x1b\[[0-9;]*m)*"

PACKAGES = {"exchange": "inboxlink_exchange", "outlook": "inboxlink_outlook"}


class Screen:
    """What a person sees and types."""

    def __init__(self, address: str, language: str, *given: str) -> None:
        self.words = Words(language, PACKAGES, {"app": "Acme CRM"})
        self._seen = io.StringIO()
        self.child = pexpect.spawn(
            sys.executable,
            [
                *("-c", "from inboxlink.cli import main; main()", "--lang", language),
                *("connect", address, *given),
                *("--acknowledge", "exchange.E@1", "--no-inbox-automation"),
                *("--no-send-test-message", "--lookup", "passive"),
            ],
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"},
            dimensions=(60, COLUMNS),
            encoding="utf-8",
            timeout=20,
        )
        self.child.logfile_read = self._seen

    def hears(self, key: str, end: str = "", **params: str) -> None:
        """Wait for a text of the product, wherever its lines break, and what ends it."""
        text = self.words(key, **params)
        pieces = [re.escape(each) for each in text if not each.isspace()]
        self.child.expect(_BETWEEN.join(pieces) + end)

    def answers(self, key: str, line: str, **params: str) -> None:
        """Wait for a question, and type."""
        self.hears(key, r"[^\r\n]{0,60}: $", **params)
        self.child.sendline(line)

    def types_password(self, password: str, *, unfolds: bool = False) -> None:
        self.answers("exchange.field.password", password)
        self.answers("cli.form.advanced", "y" if unfolds else "n")

    def ends(self) -> int | None:
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus

    @property
    def lines(self) -> list[str]:
        """What stood on the screen, a line each."""
        seen = self._seen.getvalue().replace("\r\n", "\n")
        # What a spinner drew is overwritten.
        return [_CONTROL.sub("", each.rpartition("\r")[2]) for each in seen.split("\n")]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def open_screen(
    company: World,  # noqa: F811
    configured: Callable[[], None],  # noqa: F811
) -> Iterator[Callable[..., Screen]]:
    """Runs `inboxlink connect` for Ann on a terminal, once the world stands."""
    opened: list[Screen] = []

    def open_(language: str, *given: str) -> Screen:
        configured()
        opened.append(Screen(company.address, language, *(given or ("--provider", "exchange"))))
        return opened[-1]

    yield open_
    for each in opened:
        each.child.close(force=True)


@pytest.fixture(params=["en", "ja"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Open = Callable[..., Screen]


def assert_fits(screen: Screen) -> None:
    """No line of prose is wider than the terminal, and no text is missing."""
    for line in screen.lines:
        assert cells(line) <= COLUMNS, line
    assert not re.search(
        r"\b(cli|exchange|outlook)\.(field|form|error|refused|confirm|fact)\b", screen.text
    )
    assert PASSWORD not in screen.text


def test_who_chooses_a_provider_reads_whose_it_is(open_screen: Open, language: str) -> None:
    """A person whose mail program uses ActiveSync finds it beside Exchange."""
    # req 16, 17, 25
    screen = open_screen(language, "--insecure-http")
    screen.hears("exchange.summary")
    screen.hears("cli.connect.choose_provider")
    assert "ActiveSync" in screen.text
    assert_fits(screen)


def test_a_foreign_host_is_shown_with_its_domain(
    open_screen: Open,
    company: World,  # noqa: F811
    language: str,
) -> None:
    """A no ends it, and nothing was sent; the question says whose host it is."""
    server = by_plain_redirect(company)
    screen = open_screen(language)
    screen.answers("cli.confirm.host.question", "n")
    assert screen.ends() == 12
    assert server.authorizations == []
    for shown in ("exchange.hoster.example", ": hoster.example", ": corp.example"):
        assert shown in screen.text
    assert_fits(screen)


def test_a_wrong_password_and_then_the_right_one(
    open_screen: Open,
    company: World,  # noqa: F811
    language: str,
) -> None:
    """On a host that was said yes to; the causes are shown, and the same one is not sent again."""
    # req 74, 84
    server = by_plain_redirect(company)
    screen = open_screen(language)
    screen.answers("cli.confirm.host.question", "y")
    screen.types_password("a typing error")
    screen.hears("exchange.error.sign_in_refused")
    screen.types_password(PASSWORD)
    screen.hears("cli.connect.connected", provider=screen.words("exchange.title"))
    assert screen.ends() == 0
    assert server.wrong_uses == 1
    assert_fits(screen)


def test_the_address_of_webmail_is_suggested(
    open_screen: Open,
    company: World,  # noqa: F811
    language: str,
) -> None:
    """Both addresses are shown, and a yes goes on with the one of EWS."""
    # req 80, 81, 82, 83
    company.serve(HOST)
    screen = open_screen(language)
    screen.hears("exchange.error.autodiscover_failed", domain="corp.example")
    screen.answers("exchange.field.ews_url", f"https://{HOST}/owa/#path=/mail")
    screen.answers("exchange.field.username", "CORP\\ann")
    screen.answers("cli.confirm.endpoint.question", "y")
    screen.types_password(PASSWORD)
    screen.hears("cli.connect.connected", provider=screen.words("exchange.title"))
    assert screen.ends() == 0
    assert f": {EWS}" in screen.text
    assert f": https://{HOST}/owa/#path=/mail" in screen.text
    assert_fits(screen)


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_mailbox_in_exchange_online_goes_on_with_outlook(
    open_screen: Open,
    company: World,  # noqa: F811
    language: str,
    goes_on: bool,
) -> None:
    """One key: a no ends it, a yes shows what Outlook has to say before anything else."""
    # req 66, 67
    online = "https://outlook.office365.com/EWS/Exchange.asmx"
    company.usual().advice[AUTODISCOVER] = Advice(external=online)
    screen = open_screen(language)
    screen.types_password(PASSWORD)
    screen.hears("exchange.refused.exchange_online")
    title = screen.words("outlook.title")
    screen.answers("cli.connect.move.ask", "y" if goes_on else "n", provider=title)
    if goes_on:
        screen.answers("cli.connect.acknowledge.ask", "n")
        assert screen.ends() == 130
        told = DiscloseContext(
            Application("Acme CRM"), language, Audience.PERSONAL, frozenset(Capability)
        )
        disclosed = Prose("inboxlink_outlook").disclosure("outlook.O", 1, told)
        assert disclosed.title in screen.text
    else:
        assert screen.ends() == 12
    assert_fits(screen)
