"""No code, token, verifier or secret is in a log, an exception or a representation."""

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from inboxlink.errors import InboxlinkError
from inboxlink.testing.peers.faults import HTML, busy, instead, unavailable
from inboxlink.testing.peers.web import Answer, Request, json_answer
from inboxlink.types.credential import Credential, SecretName
from inboxlink.types.steps import Abort, Done, Poll, Redirect
from inboxlink.types.way import Way
from outlook.test_renewal import refresh_token_of
from outlook.world import Visit
from peers.oauth.microsoft import WEB
from peers.oauth.worlds import MicrosoftWorld


class Everything(logging.Handler):
    """Keeps each record, whatever its level, with what was put into it."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.name} {record.getMessage()} {record.args!r}")
        if record.exc_info:
            self.said.append("".join(traceback.format_exception(*record.exc_info)))


@pytest.fixture
def log() -> Iterator[Everything]:
    """A host that logs all there is, of every library."""
    root, kept = logging.getLogger(), Everything()
    before = root.level
    root.addHandler(kept)
    root.setLevel(logging.NOTSET)
    yield kept
    root.setLevel(before)
    root.removeHandler(kept)


def assert_silent(said: str, *secrets: str) -> None:
    assert all(len(secret) > 12 for secret in secrets)
    for secret in secrets:
        assert secret not in said
        assert quote(secret, safe="") not in said


def secrets_of(credential: Credential) -> tuple[str, ...]:
    return credential.secret(SecretName.ACCESS_TOKEN), refresh_token_of(credential)


def test_a_whole_life_is_silent(microsoft_world: MicrosoftWorld, log: Everything) -> None:
    """Signing in, verifying, renewing and reading aliases leave nothing secret in any log."""
    # LG1
    (redirect_uri,) = WEB.redirect_uris
    visit = Visit(microsoft_world, ways=frozenset({Way.REDIRECT}), redirect_uri=redirect_uri)
    assert WEB.secret is not None
    visit.settings = {"client_id": WEB.client_id, "client_secret": WEB.secret}
    redirect = visit.begin()
    assert isinstance(redirect, Redirect)
    flow: Any = redirect.state["flow"]
    there = visit.person().sign_in(redirect.url, visits_redirect=False)
    params = {name: value for name, (value,) in parse_qs(urlsplit(there.address).query).items()}
    done = visit.answer(redirect, params)
    assert isinstance(done, Done)
    visit.send_test_message = True
    visit.verify(done.credential)
    renewed = visit.refresh(done.credential)
    logging.getLogger("msal.application").debug("a line that would be kept")
    said = "\n".join((*log.said, repr(done), str(done), repr(redirect), repr(visit.steps)))
    assert_silent(
        said,
        *(params["code"], flow["code_verifier"], flow["nonce"], WEB.secret),
        *secrets_of(done.credential),
        *secrets_of(renewed),
    )
    assert "a line that would be kept" not in said


def test_a_code_on_a_device_is_silent(microsoft_world: MicrosoftWorld, log: Everything) -> None:
    """Neither the device's code nor the tokens that it becomes are in any log."""
    visit = Visit(microsoft_world, ways=frozenset({Way.DEVICE}), redirect_uri=None)
    waiting = visit.begin()
    assert isinstance(waiting, Poll)
    visit.tick(waiting)
    visit.person().enter_code(waiting.verification_uri, waiting.user_code)
    done = visit.tick(waiting)
    assert isinstance(done, Done)
    said = "\n".join((*log.said, repr(visit.steps)))
    assert_silent(said, str(waiting.state["device_code"]), *secrets_of(done.credential))


def repeating(request: Request, _: Any) -> Answer:
    """A server that says again what it was sent, in an error and in words."""
    return json_answer(
        400, {"error": "odd", "error_description": "You sent " + request.body.decode()}
    )


def as_text(request: Request, _: Any) -> Answer:
    """Likewise, as no JSON at all."""
    return Answer(200, b"You sent " + request.body, [("Content-Type", "text/plain")])


@pytest.mark.parametrize("fault", [repeating, as_text, unavailable(503), busy(1), instead(HTML)])
def test_what_fails_is_silent(microsoft_world: MicrosoftWorld, log: Everything, fault: Any) -> None:
    """No refusal, and no exception with all that hangs on it, holds what was sent."""
    # LG2
    visit = Visit(microsoft_world)
    redirect = visit.begin()
    assert isinstance(redirect, Redirect)
    there = visit.person().sign_in(redirect.url, visits_redirect=False)
    params = {name: value for name, (value,) in parse_qs(urlsplit(there.address).query).items()}
    microsoft_world.faults.at_token(fault)
    found = visit.answer(redirect, params)
    assert isinstance(found, Abort)
    flow: Any = redirect.state["flow"]
    said = "\n".join((*log.said, repr(found), found.model_dump_json()))
    assert_silent(said, params["code"], flow["code_verifier"])


@pytest.mark.parametrize("fault", [repeating, as_text, unavailable(503), busy(1), instead(HTML)])
def test_a_renewal_that_fails_is_silent(
    microsoft_world: MicrosoftWorld, log: Everything, fault: Any
) -> None:
    """What is raised has a code for its words, and no exception of msal's behind it."""
    # LG2
    visit = Visit(microsoft_world)
    credential = visit.done().credential
    microsoft_world.faults.at_token(fault, "refresh_token")
    with pytest.raises(InboxlinkError) as caught:
        visit.refresh(credential)
    chain: list[BaseException] = [caught.value]
    while (behind := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(behind)
    assert all(isinstance(each, InboxlinkError) for each in chain)
    shown = "".join(traceback.format_exception(caught.value))
    said = "\n".join((*log.said, shown, repr(caught.value.problem), str(caught.value)))
    assert_silent(said, *secrets_of(credential))


def test_nothing_is_written_or_listened_on(
    microsoft_world: MicrosoftWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is opened for writing, no port is bound, no browser and no region is looked for."""
    # OA1, ST4
    monkeypatch.setenv("MSAL_FORCE_REGION", "westeurope")
    visit = Visit(microsoft_world)
    redirect = visit.begin()  # what is imported only once is imported by now
    assert isinstance(redirect, Redirect)
    done = visit.returns(redirect)
    assert isinstance(done, Done)
    seen: list[str] = []
    is_watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if not is_watching:
            return
        if event in ("socket.bind", "webbrowser.open", "subprocess.Popen"):
            seen.append(event)
        if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            seen.append(f"{event} {arguments[0]}")

    sys.addaudithook(watch)
    try:
        renewed = visit.refresh(done.credential)
        visit.verify(renewed)
    finally:
        is_watching = False
    assert seen == []


def test_a_region_in_the_environment_leads_nowhere(
    microsoft_world: MicrosoftWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A confidential client keeps to the one host, whatever msal reads from the environment."""
    # OA10
    monkeypatch.setenv("MSAL_FORCE_REGION", "westeurope")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    (redirect_uri,) = WEB.redirect_uris
    visit = Visit(microsoft_world, ways=frozenset({Way.REDIRECT}), redirect_uri=redirect_uri)
    assert WEB.secret is not None
    visit.settings = {"client_id": WEB.client_id, "client_secret": WEB.secret}
    credential = visit.done().credential
    assert visit.refresh(credential).account == credential.account
