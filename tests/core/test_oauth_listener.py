"""One answer is taken on this machine, whatever else connects (RFC 8252 sections 7.3 and 8.3)."""

import logging
import re
import signal
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from inboxlink.errors import HostError, SignInError
from inboxlink.oauth.answer_page import HEADERS, Arrival, answer_page
from inboxlink.oauth.listener import Listener
from inboxlink.texts import Words

STATE = "a-state-of-this-sign-in"
CODE = "s3cret-code"
PATH = "/oauth/scripted"
GOOD = urlencode({"code": CODE, "state": STATE})

#: A little longer than anything here takes on a busy machine.
PATIENCE_S = 20.0


def page(arrival: Arrival) -> str:
    return answer_page(arrival, Words("en"), "en")


class Waiting:
    """A listener that waits in a thread, and a browser in this one."""

    def __init__(self, host: str = "127.0.0.1", timeout_s: float = PATIENCE_S, **more: float):
        self.listener = Listener(host, PATH, page, **more)
        self.outcome: dict[str, str] | Exception | None = None
        self._thread = threading.Thread(target=self._wait, args=(timeout_s,), daemon=True)

    def __enter__(self) -> "Waiting":
        self._thread.start()
        for _ in range(500):
            with suppress(OSError), closing(self.connect()):
                break
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        while self._thread.is_alive():
            with suppress(OSError):
                self.get()
            self._thread.join(0.05)
        self.listener.close()

    def _wait(self, timeout_s: float) -> None:
        try:
            self.outcome = self.listener.wait(STATE, timeout_s)
        except Exception as error:
            self.outcome = error

    @property
    def authority(self) -> str:
        return urlsplit(self.listener.redirect_uri).netloc

    @property
    def port(self) -> int:
        return urlsplit(self.listener.redirect_uri).port or 0

    def ended(self) -> dict[str, str] | Exception | None:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return self.outcome

    def connect(self, address: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection((address, self.port), PATIENCE_S)

    def send(self, raw: bytes, address: str = "127.0.0.1") -> bytes:
        with closing(self.connect(address)) as browser:
            with suppress(OSError):  # it may hang up on what is too long
                browser.sendall(raw)
            answer = b""
            with suppress(OSError):
                while data := browser.recv(4096):
                    answer += data
        return answer

    def get(self, query: str = GOOD, path: str = PATH, host: str | None = None) -> bytes:
        return self.send(
            f"GET {path}?{query} HTTP/1.1\r\nHost: {host or self.authority}\r\n\r\n".encode()
        )

    def post(self, body: str, *headers: str, target: str = PATH) -> bytes:
        head = (f"POST {target} HTTP/1.1", f"Host: {self.authority}", *headers, "", "")
        return self.send("\r\n".join(head).encode() + body.encode())


FORM = "Content-Type: application/x-www-form-urlencoded"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    with Waiting() as found:
        yield found


def test_an_answer_by_get_is_taken(waiting: Waiting) -> None:
    """The parameters come out, the browser gets its page, and nobody listens any more."""
    answer = waiting.get()
    assert status(answer) == 200
    assert b"You can close this window." in answer
    assert waiting.ended() == {"code": CODE, "state": STATE}
    with pytest.raises(OSError):
        waiting.connect()


def test_an_answer_by_form_post_is_taken(waiting: Waiting) -> None:
    """`response_mode=form_post` brings the same parameters in a body."""
    answer = waiting.post(GOOD, FORM + "; charset=UTF-8", f"Content-Length: {len(GOOD)}")
    assert status(answer) == 200
    assert waiting.ended() == {"code": CODE, "state": STATE}


def test_a_refusal_is_an_answer_with_words_of_its_own(waiting: Waiting) -> None:
    """An error ends the waiting like a code, and its page does not read like a success."""
    answer = waiting.get(urlencode({"error": "access_denied", "state": STATE}))
    assert status(answer) == 200
    assert b"No access was given" in answer
    assert waiting.ended() == {"error": "access_denied", "state": STATE}


#: Name, request and the status that it gets; none of them may count. None = it is hung up on.
JUNK: dict[str, tuple[str, int | None]] = {
    "favicon": ("GET /favicon.ico HTTP/1.1\r\nHost: {host}\r\n\r\n", 404),
    "root": ("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n", 404),
    "deeper path": ("GET {path}/?{good} HTTP/1.1\r\nHost: {host}\r\n\r\n", 404),
    "another provider's path": ("GET /oauth/other?{good} HTTP/1.1\r\nHost: {host}\r\n\r\n", 404),
    "path in other letters": ("GET /OAUTH/scripted?{good} HTTP/1.1\r\nHost: {host}\r\n\r\n", 404),
    "encoded path": ("GET /oauth/%73cripted?{good} HTTP/1.1\r\nHost: {host}\r\n\r\n", 404),
    "absolute form": ("GET http://{host}{path}?{good} HTTP/1.1\r\nHost: {host}\r\n\r\n", 404),
    "another Host": ("GET {path}?{good} HTTP/1.1\r\nHost: evil.test\r\n\r\n", 421),
    "Host without port": ("GET {path}?{good} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 421),
    "another name of it": ("GET {path}?{good} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n", 421),
    "no Host": ("GET {path}?{good} HTTP/1.1\r\n\r\n", 400),
    "no Host, HTTP/1.0": ("GET {path}?{good} HTTP/1.0\r\n\r\n", 421),
    "two Hosts": ("GET {path}?{good} HTTP/1.1\r\nHost: {host}\r\nHost: evil.test\r\n\r\n", 400),
    "HTTP/0.9": ("GET {path}?{good}\r\n", 400),
    "HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 405),
    "TLS": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "HEAD": ("HEAD {path}?{good} HTTP/1.1\r\nHost: {host}\r\n\r\n", 405),
    "OPTIONS": ("OPTIONS {path}?{good} HTTP/1.1\r\nHost: {host}\r\n\r\n", 405),
    "PUT": ("PUT {path}?{good} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n", 405),
    "CONNECT": ("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n", 405),
    "no query": ("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    "no state": ("GET {path}?code=x HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    "empty state": ("GET {path}?code=x&state= HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    "another state": ("GET {path}?code=x&state=y HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    "odd state": ("GET {path}?code=x&state=%ED%A0%80 HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    "state twice": ("GET {path}?{good}&state={state} HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    "code twice": ("GET {path}?{good}&code=other HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    "error twice": ("GET {path}?{good}&error=a&error=b HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    "state alone": ("GET {path}?state={state} HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    "too many": ("GET {path}?{good}&" + "a&" * 60 + " HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    "state in the body of a GET": (
        "GET {path}?code=x HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{good}",
        400,
    ),
    "POST without a length": (
        "POST {path} HTTP/1.1\r\nHost: {host}\r\n" + FORM + "\r\n\r\n{good}",
        411,
    ),
    "chunked POST": (
        "POST {path} HTTP/1.1\r\nHost: {host}\r\n"
        + FORM
        + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        411,
    ),
    "POST with two lengths": (
        "POST {path} HTTP/1.1\r\nHost: {host}\r\n"
        + FORM
        + "\r\nContent-Length: {length}\r\nContent-Length: 5\r\n\r\n{good}",
        400,
    ),
    "POST as text": (
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\n"
        "Content-Length: {length}\r\n\r\n{good}",
        415,
    ),
    "POST without a type": (
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{good}",
        415,
    ),
    "POST with a query as well": (
        "POST {path}?{good} HTTP/1.1\r\nHost: {host}\r\n"
        + FORM
        + "\r\nContent-Length: {length}\r\n\r\n{good}",
        415,
    ),
    "POST too long": (
        "POST {path} HTTP/1.1\r\nHost: {host}\r\n"
        + FORM
        + "\r\nContent-Length: 20000\r\n\r\n{good}&x="
        + "x" * 20_000,
        413,
    ),
    "long query": ("GET {path}?{good}&x=" + "x" * 20_000 + " HTTP/1.1\r\nHost: {host}\r\n\r\n", 0),
    "many headers": (
        "GET {path}?{good} HTTP/1.1\r\nHost: {host}\r\n" + "X: y\r\n" * 5_000 + "\r\n",
        0,
    ),
    "a NUL": ("GET {path}?{good}\x00 HTTP/1.1\r\nHost: {host}\r\n\r\n", 400),
    "nothing": ("", None),
    "an empty line": ("\r\n", 400),
    "half a request": ("GET {path}?{good} HTTP/1.1\r\nHost: {host}\r\n", 400),
}


def raw(request: str, waiting: Waiting) -> bytes:
    return request.format(
        path=PATH,
        good=GOOD,
        state=STATE,
        host=waiting.authority,
        port=waiting.port,
        length=len(GOOD),
    ).encode("latin-1")


@pytest.mark.parametrize("name", JUNK)
def test_what_is_no_answer_has_no_effect(waiting: Waiting, name: str) -> None:
    """It gets a short refusal without what it brought, and the waiting goes on."""
    request, expected = JUNK[name]
    with closing(waiting.connect()) as browser:
        with suppress(OSError):
            browser.sendall(raw(request, waiting))
            browser.shutdown(socket.SHUT_WR)
        answer = b""
        with suppress(OSError):
            while data := browser.recv(4096):
                answer += data
    if expected is None:
        assert answer == b""
    elif expected == 0:
        assert answer == b"" or 400 <= status(answer) < 500
    else:
        assert status(answer) == expected
    assert len(answer) < 4096
    assert CODE.encode() not in answer
    assert STATE.encode() not in answer
    assert waiting.outcome is None
    assert status(waiting.get()) == 200
    assert waiting.ended() == {"code": CODE, "state": STATE}


def test_the_first_answer_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes while the first has its page written is refused, and its code unused."""
    is_first_written, may_go_on = threading.Event(), threading.Event()

    def slow_page(arrival: Arrival) -> str:
        if arrival is Arrival.ANSWERED and not is_first_written.is_set():
            is_first_written.set()
            may_go_on.wait(PATIENCE_S)
        return page(arrival)

    with Waiting() as waiting:
        monkeypatch.setattr(waiting.listener, "_page", slow_page)
        first = threading.Thread(target=waiting.get)
        first.start()
        assert is_first_written.wait(PATIENCE_S)
        second = waiting.get(urlencode({"code": "replayed", "state": STATE}))
        may_go_on.set()
        first.join(PATIENCE_S)
        assert status(second) == 410
        assert b"of no use any more" in second
        assert waiting.ended() == {"code": CODE, "state": STATE}


def test_junk_and_silence_delay_nobody() -> None:
    """50 silent connections and 100 junk requests before the good one: it takes under 1 s."""
    kinds = [each for name, (each, code) in JUNK.items() if code not in (None, 0)]
    with ExitStack() as silent, Waiting() as waiting:
        for number in range(50):
            browser = silent.enter_context(closing(waiting.connect()))
            if number % 2:
                browser.sendall(b"GET /oauth/scr")
        for number in range(100):
            browser = silent.enter_context(closing(waiting.connect()))
            browser.sendall(raw(kinds[number % len(kinds)], waiting))
        began = time.monotonic()
        answer = waiting.get()
        took_s = time.monotonic() - began
        assert status(answer) == 200
        assert waiting.ended() == {"code": CODE, "state": STATE}
    assert took_s < 1


def test_connections_and_their_threads_have_a_bound() -> None:
    """However many connect and say nothing, few threads serve them, and the good one is heard."""
    with ExitStack() as silent, Waiting() as waiting:
        before = threading.active_count()
        for _ in range(300):
            silent.enter_context(closing(waiting.connect()))
        assert status(waiting.get()) == 200
        # Those that were hung up on may not have ended yet.
        assert threading.active_count() - before <= 100
        assert waiting.ended() == {"code": CODE, "state": STATE}


def test_a_slow_request_has_one_deadline() -> None:
    """A byte now and then does not move the end of a request's time."""
    with Waiting(read_s=0.5) as waiting, closing(waiting.connect()) as browser:
        began = time.monotonic()
        with suppress(OSError):
            for byte in b"GET /oauth/scripted?" * 100:
                browser.sendall(bytes((byte,)))
                time.sleep(0.05)
        assert time.monotonic() - began < 0.5 * 10
        assert status(waiting.get()) == 200


def test_a_browser_that_takes_no_page_has_answered(waiting: Waiting) -> None:
    """The answer counts though the browser hangs up before it has its page."""
    browser = waiting.connect()
    browser.sendall(raw("GET {path}?{good} HTTP/1.1\r\nHost: {host}\r\n\r\n", waiting))
    browser.shutdown(socket.SHUT_RDWR)
    browser.close()
    assert waiting.ended() == {"code": CODE, "state": STATE}


def test_nobody_comes() -> None:
    """When the time is over it is said so, and the port is free again."""
    with Waiting(timeout_s=0.2) as waiting:
        outcome = waiting.ended()
        assert isinstance(outcome, SignInError)
        assert outcome.code == "sign_in_timed_out"
        with pytest.raises(OSError):
            waiting.connect()


def test_junk_does_not_lengthen_the_waiting() -> None:
    """The time is over when it is over, however busy the listener is kept."""
    with Waiting(timeout_s=0.5) as waiting:
        began = time.monotonic()
        while waiting.outcome is None and time.monotonic() - began < PATIENCE_S:
            with suppress(OSError):
                waiting.get(path="/favicon.ico")
        assert isinstance(waiting.ended(), SignInError)
        assert time.monotonic() - began < PATIENCE_S / 2


def test_leaving_hangs_up_on_everybody() -> None:
    """Ctrl-C while it waits leaves nothing: no port, no connection, no thread."""
    before = threading.active_count()
    silent: list[socket.socket] = []

    def come_and_interrupt() -> None:
        silent.extend(socket.create_connection(("127.0.0.1", port)) for _ in range(10))
        time.sleep(0.1)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with Listener("127.0.0.1", PATH, page, read_s=PATIENCE_S * 3) as listener:
        port = urlsplit(listener.redirect_uri).port
        thread = threading.Timer(0.2, come_and_interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            listener.wait(STATE, PATIENCE_S)
        thread.join()
        assert len(silent) == 10
        for each in silent:
            each.settimeout(PATIENCE_S)
            with suppress(ConnectionResetError):
                assert each.recv(1) == b""
            each.close()
        assert threading.active_count() == before
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", port))


# --- where it listens --------------------------------------------------------------------------


def listening() -> dict[str, set[int]]:
    """The sockets that listen on this machine, ports by the address in the kernel's own words."""
    found: dict[str, set[int]] = {}
    for name in ("tcp", "tcp6"):
        file = Path("/proc/net", name)
        for line in file.read_text().splitlines()[1:] if file.exists() else ():
            _, local, _, state, *_ = line.split()
            if state == "0A":
                address, _, port = local.partition(":")
                found.setdefault(address, set()).add(int(port, 16))
    return found


V4, V6 = "0100007F", "00000000000000000000000001000000"


def has_v6() -> bool:
    with socket.socket(socket.AF_INET6) as probe, suppress(OSError):
        probe.bind(("::1", 0))
        return True
    return False


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="another system's list")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_it_listens_on_loopback_alone(host: str) -> None:
    """127.0.0.1, and ::1 with the same port for `localhost`; never another address."""
    with Waiting(host) as waiting:
        own = {each for each, ports in listening().items() if waiting.port in ports}
        expected = {V4, V6} if host == "localhost" and has_v6() else {V4}
        assert own == expected
        assert waiting.listener.redirect_uri == f"http://{host}:{waiting.port}{PATH}"
        assert status(waiting.get()) == 200
        waiting.ended()
        assert all(waiting.port not in ports for ports in listening().values())


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="another system's list")
def test_nobody_can_connect_before_it_waits() -> None:
    """The port is held from the beginning, and open only while an answer is expected."""
    with Listener("127.0.0.1", PATH, page) as listener:
        port = urlsplit(listener.redirect_uri).port
        assert all(port not in ports for ports in listening().values())
        with socket.socket() as other, pytest.raises(OSError):
            other.bind(("127.0.0.1", port))


@pytest.mark.skipif(not has_v6(), reason="without IPv6")
@pytest.mark.allow_hosts(["127.0.0.1", "::1"])
def test_localhost_is_heard_over_both_families() -> None:
    """A browser that tries ::1 first reaches the same listener."""
    with Waiting("localhost") as waiting:
        request = raw("GET {path}?{good} HTTP/1.1\r\nHost: {host}\r\n\r\n", waiting)
        assert status(waiting.send(request, "::1")) == 200
        assert waiting.ended() == {"code": CODE, "state": STATE}


def test_parallel_sign_ins_do_not_share_a_port() -> None:
    """20 at once have 20 ports, and each takes its own answer."""
    with ExitStack() as stack:
        flows = [
            stack.enter_context(Waiting("localhost" if number % 2 else "127.0.0.1"))
            for number in range(20)
        ]
        assert len({each.port for each in flows}) == 20
        for number, each in enumerate(flows):
            each.get(urlencode({"code": str(number), "state": STATE}))
        assert [each.ended() for each in flows] == [
            {"code": str(number), "state": STATE} for number in range(20)
        ]


def test_another_families_port_that_is_taken_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody else holds the port on ::1, another port is taken for both."""
    from inboxlink.oauth import listener

    if not has_v6():
        pytest.skip("without IPv6")
    squatters: list[socket.socket] = []
    bind = listener._bind

    def squat_first(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
        if port and not squatters:
            squatters.append(bind(family, address, port))
        return bind(family, address, port)

    monkeypatch.setattr(listener, "_bind", squat_first)
    with Listener("localhost", PATH, page) as found:
        assert urlsplit(found.redirect_uri).port != squatters[0].getsockname()[1]
    squatters[0].close()


def test_a_machine_without_a_second_family_has_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """`localhost` is 127.0.0.1 alone where there is no IPv6."""
    from inboxlink.oauth import listener

    monkeypatch.setitem(
        listener.HOSTS,
        "localhost",
        ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "2001:db8::1")),  # no address of ours
    )
    with Waiting("localhost") as waiting:
        assert status(waiting.get()) == 200


def test_a_port_that_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's reason is named, as the word that its manual has for it."""
    from inboxlink.oauth import listener

    monkeypatch.setitem(listener.HOSTS, "127.0.0.1", ((socket.AF_INET, "192.0.2.1"),))
    with pytest.raises(HostError, match="listener_failed") as caught:
        Listener("127.0.0.1", PATH, page)
    assert caught.value.problem.message.params["reason"] == "EADDRNOTAVAIL"


# --- what is shown -----------------------------------------------------------------------------


class Shown(HTMLParser):
    """The words of a page, and whatever it would load or send."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.reaching: list[tuple[str, str]] = []
        self.language: str | None = None
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self._within.append(tag)
        if tag == "html":
            self.language = dict(attributes).get("lang")
        self.reaching += [
            (tag, name) for name, _ in attributes if name in ("src", "href", "action", "srcset")
        ]
        if tag in ("script", "iframe", "img", "link", "form", "object"):
            self.reaching.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        assert self._within.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._within and self._within[-1] != "style" and data.strip():
            self.words.append(data.strip())


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("arrival", Arrival)
def test_a_page_is_whole_in_itself(language: str, arrival: Arrival) -> None:
    """Well-formed, in the person's language, without anything that loads or leads elsewhere."""
    words = Words(language)
    shown = Shown()
    text = answer_page(arrival, words, language)
    shown.feed(text)
    assert shown.language == language
    assert shown.reaching == []
    assert words("oauth.page.close") in shown.words
    assert words(f"oauth.page.{arrival.value}.title") in shown.words
    assert not re.search(r"https?:|//", text)


@pytest.mark.parametrize(
    ("language", "claim"), [("en", "(is|was|been|now) connected"), ("ja", "接続しました")]
)
def test_no_page_says_that_the_mailbox_is_connected(language: str, claim: str) -> None:
    """That is said after the verification, and by the program."""
    # req 28
    for arrival in Arrival:
        assert not re.search(claim, answer_page(arrival, Words(language), language))


def test_every_answer_keeps_what_the_address_bar_holds(waiting: Waiting) -> None:
    """No referrer, no cache, no frame, no script; the style is the one whose digest is named."""
    junk, good = waiting.get(path="/favicon.ico"), waiting.get()
    for answer in (junk, good):
        head = answer.partition(b"\r\n\r\n")[0].decode()
        for name, value in HEADERS:
            assert f"\r\n{name}: {value}\r\n" in f"{head}\r\n"
    policy = dict(HEADERS)["Content-Security-Policy"]
    style = re.search(r"<style>(.*)</style>", good.decode(), re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_nothing_of_an_answer_is_logged_or_shown(
    waiting: Waiting, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Code and state stand in no log, on no stream and on no page."""
    caplog.set_level(logging.DEBUG)
    pages = [waiting.get(f"code={CODE}&state=wrong"), waiting.get()]
    waiting.ended()
    out, err = capfd.readouterr()
    said = " ".join([out, err, caplog.text, *(each.decode() for each in pages), repr(waiting)])
    assert CODE not in said
    assert STATE not in said
