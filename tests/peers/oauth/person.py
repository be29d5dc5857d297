"""A person who signs in, without a browser: reads the pages, fills in their forms, follows them."""

import http.client
import ssl
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

from peers.ports import LOOPBACK

__all__ = ["Outcome", "Person"]

_MOST_STEPS = 15
_TIMEOUT_S = 20


@dataclass(frozen=True)
class Outcome:
    """Where the person ended.

    Attributes:
        address: The last one; where the application took over, its redirect address with the
            answer.
        status: Of the page there; 0 = it was not fetched.
        page: What the person sees there.
    """

    address: str
    status: int
    page: str


@dataclass
class _Form:
    address: str
    fields: list[tuple[str, str]]

    def value(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key == name), None)

    def filled(self, **fields: str) -> list[tuple[str, str]]:
        kept = [(name, value) for name, value in self.fields if name not in fields]
        return kept + list(fields.items())


class Person:
    """Somebody at a browser that knows the provider's pages and keeps its cookies.

    Args:
        login: What the person types.
        connect: `[network] connect` of the world.
        ca_file: What the browser trusts.
        withheld: Scopes that the person unticks; a suffix will do.
        declines: `sign_in`, `consent` or `device`: where the person presses "Cancel".
    """

    def __init__(
        self,
        login: str,
        connect: Mapping[str, str],
        ca_file: Path,
        *,
        withheld: Collection[str] = (),
        declines: str | None = None,
    ) -> None:
        self._login = login
        self._connect = connect
        self._withheld = tuple(withheld)
        self._declines = declines
        self._context = ssl.create_default_context(cafile=str(ca_file))
        self._cookies: dict[tuple[str, str], str] = {}
        self._thread: threading.Thread | None = None
        self.outcome: Outcome | None = None
        self.fault: BaseException | None = None
        self.consented: list[str] = []

    def sign_in(self, url: str, *, visits_redirect: bool = True) -> Outcome:
        """Open an authorization address and go through to the end.

        `visits_redirect`: whether the application's redirect address is opened, as a browser does;
        otherwise it is what the person can copy and paste.
        """
        return self._go("GET", url, [], visits_redirect=visits_redirect)

    def enter_code(self, verification_uri: str, user_code: str) -> Outcome:
        """Sign in for a device."""
        self._code = user_code
        return self._go("GET", verification_uri, [], visits_redirect=False)

    def start(self, url: str) -> None:
        """`sign_in` in a thread, as a browser is beside the program that opened it."""

        def run() -> None:
            try:
                self.outcome = self.sign_in(url)
            except BaseException as fault:
                self.fault = fault

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def finish(self) -> Outcome:
        """Wait for what `start` began."""
        assert self._thread is not None
        self._thread.join(60)
        if self.fault is not None:
            raise self.fault
        assert self.outcome is not None, "the person is still at it"
        return self.outcome

    def _go(
        self, method: str, url: str, fields: list[tuple[str, str]], *, visits_redirect: bool
    ) -> Outcome:
        for _ in range(_MOST_STEPS):
            target = urlsplit(url)
            is_there = f"{target.hostname}:{target.port or 443}" not in self._connect
            if is_there and not visits_redirect:
                query = urlencode(fields)
                return Outcome(f"{url}?{query}" if query else url, 0, "")
            status, location, page = self._fetch(method, url, fields)
            if is_there:
                return Outcome(url, status, page)
            if location is not None:
                method, url, fields = "GET", urljoin(url, location), []
                continue
            step = self._fill(url, page)
            if step is None:
                return Outcome(url, status, page)
            method, (url, fields) = "POST", step
        raise AssertionError(f"no end after {_MOST_STEPS} steps: {url.partition('?')[0]}")

    def _fill(self, url: str, page: str) -> tuple[str, list[tuple[str, str]]] | None:
        if 'role="alert"' in page:
            return None
        for form in _forms(url, page):
            if form.value("prompt") == "login":
                more = {"deny": "yes"} if self._declines == "sign_in" else {}
                return form.address, form.filled(login=self._login, **more)
            if form.value("prompt") == "consent":
                return form.address, self._consent(form)
            if form.value("confirm") is not None:
                more = {"abort": "yes"} if self._declines == "device" else {}
                return form.address, form.filled(**more)
            if form.value("user_code") is not None:
                return form.address, form.filled(user_code=self._code)
            if form.value("state") is not None:  # response_mode=form_post
                return form.address, form.fields
        return None

    def _consent(self, form: _Form) -> list[tuple[str, str]]:
        if self._declines == "consent":
            return form.filled(deny="yes")
        kept = [
            (name, value)
            for name, value in form.fields
            if name != "scope" or not (self._withheld and value.endswith(self._withheld))
        ]
        self.consented = [value for name, value in kept if name == "scope"]
        return kept

    def _fetch(
        self, method: str, url: str, fields: list[tuple[str, str]]
    ) -> tuple[int, str | None, str]:
        target = urlsplit(url)
        host = target.hostname or ""
        headers = {"Accept": "text/html", "Cookie": self._cookies_for(host)}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = self._connection(target.scheme, host, target.port)
        try:
            path = (target.path or "/") + (f"?{target.query}" if target.query else "")
            body = urlencode(fields) if method == "POST" else None
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie") or ():
                self._keep(host, line)
            page = answer.read().decode(errors="replace")
            return answer.status, answer.headers.get("Location"), page
        finally:
            connection.close()

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "http":
            assert host in (LOOPBACK, "localhost"), f"{host}: http goes to loopback only"
            return http.client.HTTPConnection(LOOPBACK, port or 80, timeout=_TIMEOUT_S)
        mapped = self._connect.get(f"{host}:{port or 443}")
        assert mapped is not None, f"{host} is not of this world"
        connection = http.client.HTTPSConnection(host, timeout=_TIMEOUT_S, context=self._context)
        address, _, own = mapped.rpartition(":")

        def create(_: object, timeout: float, *__: object) -> object:
            import socket

            return socket.create_connection((address, int(own)), timeout)

        connection._create_connection = create  # type: ignore[attr-defined]
        return connection

    def _cookies_for(self, host: str) -> str:
        found = ((name, value) for (where, name), value in self._cookies.items() if where == host)
        return "; ".join(f"{name}={value}" for name, value in found)

    def _keep(self, host: str, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel.value and "1970" not in morsel["expires"]:
                self._cookies[host, name] = morsel.value
            else:
                self._cookies.pop((host, name), None)


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.forms: list[_Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.forms.append(_Form(urljoin(self._url, found.get("action") or ""), []))
        elif tag == "input" and self.forms and found.get("name"):
            self.forms[-1].fields.append((str(found["name"]), found.get("value") or ""))


def _forms(url: str, page: str) -> list[_Form]:
    reader = _Reader(url)
    reader.feed(page)
    return reader.forms
