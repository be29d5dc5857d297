"""How the answer of an authorization server comes back to this program, and the waiting for it.

Each way shows where the person signs in, and gives back what came of it. The address goes to the
person and to their browser, and into no log: it names the sign-in.
"""

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlsplit

import click

from inboxlink.cli.browser import can_open, is_remote, open_address
from inboxlink.cli.long_line import read_long_line
from inboxlink.cli.session import Session
from inboxlink.errors import HostError, ProviderFault, SetupError, SignInError, problem
from inboxlink.oauth.answer_page import Arrival, answer_page
from inboxlink.oauth.callback import parse_pasted
from inboxlink.oauth.listener import HOSTS, WAIT_S, Listener
from inboxlink.texts import safe_text
from inboxlink.types.provider import ProviderInfo
from inboxlink.types.steps import Callback, Poll, Redirect, Tick
from inboxlink.types.way import Way

if TYPE_CHECKING:
    from inboxlink.connect.host import Host
    from inboxlink.connect.request import Request

__all__ = ["WayBack", "way_back"]

#: Ports that no service is given (RFC 6335 section 6): the answer of a sign-in by paste is to
#: reach nobody.
_UNUSED_PORTS = range(49152, 65536)

_PASTES = 3

#: An interval below a second is no waiting.
_SHORTEST_S = 1.0

_LONGEST_ADDRESS = 20_000


class WayBack(Protocol):
    """Brings the answer to a step that is answered elsewhere than at this program."""

    def answer(self, step: Redirect | Poll) -> Callback | Tick:
        """The answer, once it is there.

        Raises:
            SignInError: `sign_in_timed_out`.
            SetupError: `callback_invalid`; `value_missing`, where the step is another way's.
        """


@contextmanager
def way_back(
    session: Session, host: "Host", request: "Request", forced: Way | None
) -> Iterator[tuple["Request", WayBack]]:
    """Take a way for the length of one sign-in; the request then says which.

    Args:
        session: Where the person is told.
        host: The installation.
        request: What they set out to do.
        forced: The way that they chose; None = the best that this machine has.

    Raises:
        SetupError: `way_unavailable`.
        HostError: `listener_failed`, where no other way is left.
        ProviderFault: `provider_result_invalid`.
    """
    provider = request.detection.provider
    info = host.info(provider)
    registered = host.client_settings(provider)
    # Without a registration nobody is sent to a sign-in page: a password needs no port.
    if not info.ways or not registered:
        yield request, _Nowhere()
        return
    ways = [each for each in _choices(session, forced) if each in info.ways]
    if not ways:
        tried = ", ".join(_choices(session, forced))
        raise SetupError(
            problem("way_unavailable", provider=provider, way=tried, ways=_listed(info.ways))
        )
    if Way.LOOPBACK in ways[:1]:
        try:
            listener = _listener(session, info)
        except HostError:
            if len(ways) == 1:
                raise
            ways = ways[1:]
        else:
            with listener:
                found = replace(
                    request, ways=frozenset({Way.LOOPBACK}), redirect_uri=listener.redirect_uri
                )
                yield found, _Loopback(session, listener)
            return
    way = ways[0]
    if way is Way.DEVICE:
        yield replace(request, ways=frozenset({way})), _Device(session, host)
        return
    unheard = f"http://{info.loopback_host}:{secrets.choice(_UNUSED_PORTS)}/oauth/{provider}"
    redirect_uri = registered.get("redirect_uri", unheard)
    found = replace(request, ways=frozenset({way}), redirect_uri=redirect_uri)
    yield found, _Paste(session, redirect_uri)


def _choices(session: Session, forced: Way | None) -> tuple[Way, ...]:
    """The ways of this machine, the best first; a code typed elsewhere only by the person's word.

    Codes are what a phisher sends, and what organisations block.
    """
    if forced is not None:
        return (forced,)
    if session.is_interactive and not can_open(os.environ):
        return (Way.PASTE, Way.LOOPBACK)
    return (Way.LOOPBACK, Way.PASTE)


def _listed(ways: frozenset[Way]) -> str:
    return ", ".join(sorted(ways))


def _listener(session: Session, info: ProviderInfo) -> Listener:
    if info.loopback_host not in HOSTS:
        raise ProviderFault(
            problem(
                "provider_result_invalid",
                provider=info.name,
                hook="describe",
                reason="loopback_host is no name of this machine",
            )
        )

    def page(arrival: Arrival) -> str:
        return answer_page(arrival, session.words, session.words.language)

    return Listener(info.loopback_host, f"/oauth/{info.name}", page)


class _Nowhere:
    def answer(self, step: Redirect | Poll) -> Callback | Tick:
        raise _unanswered(step)


class _Loopback:
    def __init__(self, session: Session, listener: Listener) -> None:
        self._session = session
        self._listener = listener

    def answer(self, step: Redirect | Poll) -> Callback | Tick:
        if not isinstance(step, Redirect):
            raise _unanswered(step)
        session = self._session
        opens = session.is_interactive and can_open(os.environ)
        if session.is_interactive:
            _announce(session, step.url)
            said = "cli.way.loopback.opening" if opens else "cli.way.loopback.here"
            if not opens and is_remote(os.environ):
                back = urlsplit(self._listener.redirect_uri)
                session.write(session.words("cli.way.loopback.ssh"), is_error=True)
                click.echo(f"\n    ssh -L {back.port}:{back.netloc} HOST\n", err=True)
                said = "cli.way.loopback.there"
            session.write(session.words(said), is_error=True)
        _show_address(session, step.url)
        if opens:
            open_address(step.url)
        try:
            with session.busy("cli.busy.browser"):
                return Callback(params=self._listener.wait(_state(step), WAIT_S))
        except SignInError as error:
            if step.hint is None:
                raise
            raise SignInError(replace(error.problem, remedy=step.hint)) from None


class _Paste:
    def __init__(self, session: Session, redirect_uri: str) -> None:
        self._session = session
        self._redirect_uri = redirect_uri

    def answer(self, step: Redirect | Poll) -> Callback | Tick:
        if not isinstance(step, Redirect):
            raise _unanswered(step)
        session = self._session
        if not session.is_interactive:
            _show_address(session, step.url)
            return self._read(step, sys.stdin.readline(_LONGEST_ADDRESS))
        _announce(session, step.url)
        session.write(session.words("cli.way.paste.open"), is_error=True)
        _show_address(session, step.url)
        session.write(session.words("cli.way.paste.copy", begins=self._redirect_uri), is_error=True)
        for left in reversed(range(_PASTES)):
            click.echo(f"{session.words('cli.way.paste.ask')}: ", nl=False, err=True)
            try:
                return self._read(step, read_long_line(_LONGEST_ADDRESS))
            except SetupError as error:
                if not left:
                    raise
                session.fail(error.problem)
        raise AssertionError("the last one was raised")

    def _read(self, step: Redirect, typed: str) -> Callback:
        try:
            params = parse_pasted(typed, self._redirect_uri)
        except ValueError:
            params = {}
        # Of another try, or the address that was to be opened.
        if params.get("state") != _state(step) or params.keys().isdisjoint({"code", "error"}):
            raise SetupError(problem("callback_invalid", begins=self._redirect_uri))
        return Callback(params=params)


class _Device:
    def __init__(self, session: Session, host: "Host") -> None:
        self._session = session
        self._host = host
        self._shown: str | None = None
        self._left = 0

    def answer(self, step: Redirect | Poll) -> Callback | Tick:
        if not isinstance(step, Poll):
            raise _unanswered(step)
        every = timedelta(seconds=max(step.every_s, _SHORTEST_S))
        if self._shown != step.user_code:
            self._shown = step.user_code
            self._left = (step.until - self._host.clock()) // every + 1
            self._show(step)
        if self._left <= 0 or self._host.clock() >= step.until:
            raise SignInError(problem("sign_in_timed_out"))
        self._left -= 1
        with self._session.busy("cli.busy.device"):
            time.sleep(every.total_seconds())
        return Tick()

    def _show(self, step: Poll) -> None:
        session = self._session
        address, code = safe_text(step.verification_uri), safe_text(step.user_code, 100)
        if not session.is_interactive:
            click.echo(f"{address} {code}", err=True)
            return
        _announce(session, step.verification_uri)
        session.write(session.words("cli.way.device.warning"), style="bold yellow", is_error=True)
        session.write(session.words("cli.way.device.open"), is_error=True)
        _show_address(session, step.verification_uri)
        session.write(session.words("cli.way.device.type"), is_error=True)
        session.aside.print(f"\n    {code}\n", style="bold")


def _unanswered(step: Redirect | Poll) -> SetupError:
    return SetupError(problem("value_missing", field=step.step))


def _state(step: Redirect) -> str:
    # The core has held that it stands there once, and is its own.
    return parse_qs(urlsplit(step.url).query)["state"][0]


def _announce(session: Session, url: str) -> None:
    session.aside.print()
    # Whoever is asked for a password should know by whom.
    name = urlsplit(url).hostname or ""
    session.write(session.words("cli.way.title", host=name), style="bold", is_error=True)


def _show_address(session: Session, url: str) -> None:
    """In one piece whatever the terminal's width, so that it can be copied."""
    shown = safe_text(url, _LONGEST_ADDRESS)
    click.echo(f"\n{shown}\n" if session.is_interactive else shown, err=True)
