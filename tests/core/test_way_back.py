"""Which way an authorization answer comes back, and how long a code on another device is asked."""

import sys
import time
import webbrowser
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.test_flows_rules import a_poll, a_redirect
from inboxlink.cli import way_back as module
from inboxlink.cli.browser import can_open, open_address
from inboxlink.cli.session import Session
from inboxlink.cli.way_back import way_back
from inboxlink.connect.host import Host
from inboxlink.connect.request import Request
from inboxlink.errors import HostError, ProviderFault, SetupError, SignInError, problem
from inboxlink.texts import Words
from inboxlink.types.way import Way

AUTHORIZING = Path(__file__).parent.parent / "fixtures" / "authorizing"
SSH = {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        (SSH, "linux", False),
        ({"BROWSER": "firefox"}, "linux", True),
        ({"BROWSER": "firefox", **SSH}, "linux", True),
        ({}, "darwin", True),
        (SSH, "darwin", False),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", False),
    ],
)
def test_a_browser_is_where_the_person_is(
    environ: dict[str, str], platform: str, expected: bool
) -> None:
    """It takes a display, or the person's own word; over SSH the display is somebody else's."""
    assert can_open(environ, platform) is expected


def test_a_display_without_a_browser_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard library says whether there is one for the display."""
    there: list[object] = []

    def get() -> object:
        if not there:
            raise webbrowser.Error
        return there[0]

    monkeypatch.setattr(webbrowser, "get", get)
    assert not can_open({"DISPLAY": ":0"}, "linux")
    there.append(object())
    assert can_open({"DISPLAY": ":0"}, "linux")
    assert can_open({"WAYLAND_DISPLAY": "wayland-0", **SSH}, "linux")


@pytest.mark.parametrize(
    "url",
    [
        "http://login.test/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "--help",
        "https://login.test/\r\nX: y",
        "https://login.test/a b\x00",
        "https://login.t\u0435st/",
    ],
)
def test_only_plain_https_goes_to_a_browser(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could be an option or another program's business is never handed over."""
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    open_address(url)
    open_address("https://login.test/?a=b")
    for _ in range(500):
        if opened:
            break
        time.sleep(0.01)
    assert opened == ["https://login.test/?a=b"]


def test_one_module_opens_browsers() -> None:
    """`webbrowser` is nowhere else."""
    import inboxlink

    root = Path(inboxlink.__file__).parent
    users = {
        file.relative_to(root).as_posix()
        for file in root.rglob("*.py")
        if "webbrowser" in file.read_text("utf-8")
    }
    assert users == {"cli/browser.py"}


class Seen(Session):
    """A session whose person is there, or not, as the test says."""

    def __init__(self, is_interactive: bool) -> None:
        super().__init__(Words("en"), is_json=False)
        self._is_there = is_interactive

    @property
    def is_interactive(self) -> bool:
        return self._is_there


@pytest.fixture
def host(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """An installation whose only provider goes every way."""
    monkeypatch.syspath_prepend(AUTHORIZING)
    monkeypatch.setenv("INBOXLINK_PROVIDERS", "inboxlink-authorizing")
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    (home / "inboxlink.toml").write_text(
        '[network]\nspecial_domains = ["authorizing.test"]\n'
        '[oauth.authorizing]\nclient_id = "known"\n'
    )
    with Host() as found:
        yield found
    for name in [name for name in sys.modules if name.startswith("inboxlink_authorizing")]:
        del sys.modules[name]


def request_of(host: Host) -> Request:
    from inboxlink.types.detection import Basis, Detection
    from inboxlink.types.text import Text

    detection = Detection("authorizing", Basis.OWNED_DOMAIN, Text("x"))
    return Request(
        owner="me",
        address=host.address("me@authorizing.test"),
        detection=detection,
        language="en",
    )


def chosen(host: Host, *, interactive: bool = False, forced: Way | None = None) -> Request:
    with way_back(Seen(interactive), host, request_of(host), forced) as (request, _):
        return request


def limit(host: Host, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    info = replace(host.info("authorizing"), **changes)
    monkeypatch.setattr(Host, "info", lambda *_: info)


def test_the_best_way_of_this_machine_is_taken(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser here, else the person's hands; a script takes the port; a code is never chosen."""
    assert chosen(host).ways == {Way.LOOPBACK}
    assert chosen(host, interactive=True).ways == {Way.PASTE}
    monkeypatch.setenv("BROWSER", "true")
    assert chosen(host, interactive=True).ways == {Way.LOOPBACK}
    limit(host, monkeypatch, ways=frozenset({Way.PASTE, Way.DEVICE}))
    assert chosen(host, interactive=True).ways == {Way.PASTE}
    limit(host, monkeypatch, ways=frozenset({Way.DEVICE, Way.REDIRECT}))
    with pytest.raises(SetupError, match="way_unavailable") as caught:
        chosen(host, interactive=True)
    assert caught.value.problem.message.params["ways"] == "device, redirect"


def test_a_way_can_be_forced(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's word counts, within what the provider can do."""
    for way in (Way.LOOPBACK, Way.PASTE, Way.DEVICE):
        assert chosen(host, interactive=True, forced=way).ways == {way}
    limit(host, monkeypatch, ways=frozenset({Way.LOOPBACK}))
    with pytest.raises(SetupError, match="way_unavailable"):
        chosen(host, forced=Way.DEVICE)


def test_a_provider_without_ways_changes_nothing(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No port, no redirect address, and a step that would need one is named."""
    limit(host, monkeypatch, ways=frozenset())
    request = request_of(host)
    with way_back(Seen(True), host, request, None) as (found, back):
        assert found == request
        for step in (a_redirect(), a_poll()):
            with pytest.raises(SetupError, match="value_missing"):
                back.answer(step)


@pytest.mark.parametrize("forced", [None, *(each for each in Way if each is not Way.REDIRECT)])
def test_without_a_registration_there_is_no_way(home: Path, forced: Way | None, host: Host) -> None:
    """Where no client is registered no port is opened, no way is refused, and none is there."""
    (home / "inboxlink.toml").write_text('[network]\nspecial_domains = ["authorizing.test"]\n')
    with Host() as unregistered:
        request = request_of(unregistered)
        with way_back(Seen(False), unregistered, request, forced) as (found, back):
            assert found == request
            with pytest.raises(SetupError, match="value_missing"):
                back.answer(a_redirect())


@pytest.mark.parametrize(
    ("way", "step"),
    [(Way.LOOPBACK, a_poll()), (Way.PASTE, a_poll()), (Way.DEVICE, a_redirect())],
)
def test_a_step_of_another_way_is_refused(host: Host, way: Way, step: Any) -> None:
    """A provider cannot go a way that was not taken."""
    with (
        way_back(Seen(False), host, request_of(host), way) as (_, back),
        pytest.raises(SetupError, match="value_missing"),
    ):
        back.answer(step)


def test_the_redirect_address_is_the_providers_own(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name that its server takes, a path for it alone, and a port that no service is given."""
    for forced in (Way.LOOPBACK, Way.PASTE):
        back = urlsplit(chosen(host, forced=forced).redirect_uri or "")
        assert (back.scheme, back.hostname) == ("http", "localhost")
        assert back.path == "/oauth/authorizing"
        assert back.port is not None
        assert back.port >= (49152 if forced is Way.PASTE else 1024)
    assert chosen(host, forced=Way.DEVICE).redirect_uri is None
    ports = {urlsplit(chosen(host, forced=Way.PASTE).redirect_uri or "").port for _ in range(20)}
    assert len(ports) > 1
    limit(host, monkeypatch, loopback_host="127.0.0.1")
    assert (chosen(host).redirect_uri or "").startswith("http://127.0.0.1:")


def test_an_address_of_the_operators_replaces_it_where_it_is_pasted(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is registered with the provider may be a page of the operator's."""
    own = "https://app.test/oauth/authorizing"
    monkeypatch.setenv("INBOXLINK_OAUTH_AUTHORIZING_REDIRECT_URI", own)
    assert chosen(host, forced=Way.PASTE).redirect_uri == own
    assert chosen(host, forced=Way.LOOPBACK).redirect_uri != own


def test_a_name_that_is_not_this_machine_is_the_providers_fault(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No provider makes the program listen anywhere else."""
    limit(host, monkeypatch, loopback_host="0.0.0.0")
    with pytest.raises(ProviderFault, match="provider_result_invalid"):
        chosen(host, forced=Way.LOOPBACK)


def test_a_machine_without_a_port_falls_back(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it was forced, the person's hands do what the port would have done."""

    def none(*_: object) -> None:
        raise HostError(problem("listener_failed", reason="EMFILE"))

    monkeypatch.setattr(module, "Listener", none)
    assert chosen(host).ways == {Way.PASTE}
    with pytest.raises(HostError, match="listener_failed"):
        chosen(host, forced=Way.LOOPBACK)


def test_a_browser_that_never_comes_back_ends_with_the_providers_hint(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What to do is the provider's to say; the address was shown in one piece."""
    from inboxlink.types.text import Text

    monkeypatch.setattr(module, "WAIT_S", 0.1)
    hint = Text("authorizing.hint")
    for step, remedy in (
        (a_redirect(hint=hint), hint),
        (a_redirect(), problem("sign_in_timed_out").remedy),
    ):
        with (
            way_back(Seen(False), host, request_of(host), None) as (_, back),
            pytest.raises(SignInError, match="sign_in_timed_out") as caught,
        ):
            back.answer(step)
        assert caught.value.problem.remedy == remedy
        assert capsys.readouterr().err == f"{step.url}\n"


# --- a code on another device (RFC 8628) -------------------------------------------------------


class Patience:
    """A clock that moves while somebody sleeps."""

    def __init__(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.slept: list[float] = []
        host.clock = lambda: self.now
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=self._sleep))

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def poll(self, every_s: float, lasts_s: float = 60) -> Any:
        until = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=lasts_s)
        return a_poll().model_copy(update={"every_s": every_s, "until": until})


@pytest.mark.parametrize(("every_s", "polls"), [(5, 12), (7, 9), (60, 1), (0, 60), (0.01, 60)])
def test_a_code_is_asked_about_within_its_time(
    host: Host, monkeypatch: pytest.MonkeyPatch, every_s: float, polls: int
) -> None:
    """Never sooner than asked, never sooner than a second, and not past its end."""
    patience = Patience(host, monkeypatch)
    step = patience.poll(every_s)
    with way_back(Seen(False), host, request_of(host), Way.DEVICE) as (_, back):
        for _ in range(polls):
            back.answer(step)
        with pytest.raises(SignInError, match="sign_in_timed_out"):
            back.answer(step)
    assert patience.slept == [max(every_s, 1.0)] * polls


def test_a_server_that_asks_for_more_time_gets_it(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`slow_down` shows as a longer interval of the same code, which is not shown again."""
    patience = Patience(host, monkeypatch)
    with way_back(Seen(False), host, request_of(host), Way.DEVICE) as (_, back):
        for every_s in (5, 10, 10, 15):
            back.answer(patience.poll(every_s))
    assert patience.slept == [5, 10, 10, 15]
    assert capsys.readouterr().err.count(patience.poll(5).user_code) == 1


def test_a_clock_that_stands_still_ends_too(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are no more questions than the code's life has intervals, and one."""
    patience = Patience(host, monkeypatch)
    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=patience.slept.append))
    step = patience.poll(5)
    with way_back(Seen(False), host, request_of(host), Way.DEVICE) as (_, back):
        for _ in range(60 // 5 + 1):
            back.answer(step)
        with pytest.raises(SignInError, match="sign_in_timed_out"):
            back.answer(step)
    assert len(patience.slept) == 60 / 5 + 1
