"""No code, verifier, token or client secret in logs, exceptions and what is shown."""

import logging
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from gmail.world import REGISTERED, Host, problem_of, query
from inboxlink.errors import InboxlinkError
from inboxlink.oauth import web
from inboxlink.types.credential import Credential, SecretName
from inboxlink.types.steps import Done, Redirect
from inboxlink_gmail import provider
from peers.oauth.faults import HTML, Fault, changed, instead, unavailable
from peers.oauth.front import Answer, Request, json_answer
from peers.oauth.google_answers import gmail_error

#: Loggers below those that are quietened, with a level of their own as a host may give them.
NOISY = ("requests_oauthlib.oauth2_session", "oauthlib.oauth2.rfc6749.clients", "google.auth._x")


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything that anybody logs, at any level."""
    caplog.set_level(logging.DEBUG)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield caplog
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.NOTSET)


def secrets_of(credential: Credential) -> set[str]:
    return {each.get_secret_value() for each in credential.secrets.values()}


def assert_silent(secrets: set[str], *shown: object) -> None:
    text = "\n".join(str(each) for each in shown)
    assert len(secrets) > 1
    for secret in secrets:
        assert len(secret) > 10
        assert secret not in text
        assert quote(secret, safe="") not in text


def test_a_whole_life_is_silent(host: Host, heard: pytest.LogCaptureFixture) -> None:
    """Sign-in, verification, renewal and revocation log and print none of their secrets."""
    # LG1
    redirect = host.redirect()
    address = host.google.person().sign_in(redirect.url, visits_redirect=False).address
    done = host.answered(redirect, address)
    assert isinstance(done, Done)
    report = host.but(send_test_message=True).verify(done)
    renewed = host.refresh(done.credential)
    result = provider.revoke(host.call_context(), renewed)
    secrets = secrets_of(done.credential) | secrets_of(renewed) | {REGISTERED["client_secret"]}
    secrets |= {str(redirect.state["verifier"]), query(address)["code"]}
    # Whoever knows the state of a pending sign-in could answer it; the address itself holds it.
    assert_silent(secrets | {query(address)["state"]}, heard.text)
    assert_silent(
        secrets,
        *(repr(each) for each in (redirect, done, renewed, report, result)),
        *(repr(each) for each in (host.call_context(), host.hook_context())),
    )


def test_the_quiet_keeps_them_out(
    host: Host, heard: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the libraries were left alone, these tests would hear what they log."""
    monkeypatch.setattr(web, "_LOGGERS", ())
    credential = host.done().credential
    assert credential.secret(SecretName.REFRESH_TOKEN) in heard.text


def echo(request: Request, _: object) -> Answer:
    """A server that says back all that it was sent."""
    said = f"you said {request.body.decode()} and {sorted(request.form.values())}"
    return json_answer(400, {"error": "invalid_grant", "error_description": said})


FAULTS: dict[str, Fault] = {
    "echoed": echo,
    "a page": instead(HTML),
    "down": unavailable(500),
    "other scopes": changed(scope="openid"),
    "odd": changed(expires_in="abc"),
    "odd for the library alone": changed(expires_at={"x": 1}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_goes_wrong_is_silent(host: Host, heard: pytest.LogCaptureFixture, name: str) -> None:
    """Whatever the token endpoint answers, problem and log hold nothing of what was sent."""
    # LG2
    redirect = host.redirect()
    address = host.google.person().sign_in(redirect.url, visits_redirect=False).address
    host.google.faults.at_token(FAULTS[name], times=1)
    ended = host.answered(redirect, address)
    secrets = {str(redirect.state["verifier"]), query(address)["code"], REGISTERED["client_secret"]}
    assert_silent(secrets, heard.text, repr(ended))


@pytest.mark.parametrize("name", FAULTS)
def test_exceptions_are_silent(host: Host, heard: pytest.LogCaptureFixture, name: str) -> None:
    """What a renewal raises drags no exception along that holds a token."""
    # LG2
    credential = host.done().credential
    host.google.faults.at_token(FAULTS[name], times=1)
    shown: list[Any] = [heard.text]
    try:
        host.refresh(credential)
    except InboxlinkError as error:
        shown += [*traceback.format_exception(error), error.args, repr(error.problem)]
        chained = error.__context__
        while chained is not None:
            shown += [repr(chained), vars(chained)]
            chained = chained.__context__
    assert_silent(secrets_of(credential) | {REGISTERED["client_secret"]}, *shown)


def test_an_api_that_echoes_is_masked(host: Host, heard: pytest.LogCaptureFixture) -> None:
    """The access token does not come back in the words of a refusal."""
    done = host.done()
    token = done.credential.secret(SecretName.ACCESS_TOKEN)
    said = gmail_error(400, "INVALID_ARGUMENT", "badRequest", f"Bearer {token} is no token")
    host.google.faults.at_api(instead(said))
    report = host.verify(done)
    problem = report.first_problem
    assert problem is not None
    assert problem.code == "remote_error"
    assert problem.remote is not None
    assert "is no token" in problem.remote
    assert_silent(secrets_of(done.credential), repr(report), heard.text)


def test_an_echo_is_still_named(host: Host) -> None:
    """Masking takes the secrets and leaves the meaning."""
    host.google.faults.at_token(echo)
    found = problem_of(host.sign_in())
    assert found.code == "sign_in_timed_out"
    assert found.remote.startswith("invalid_grant: you said")


def test_the_state_between_two_steps_is_not_shown() -> None:
    """What a step keeps for the next one stays out of its `repr`."""
    step = Redirect(step="consent", state={"verifier": "v" * 43}, url="https://x.test", scopes=())
    assert "vvv" not in repr(step)
