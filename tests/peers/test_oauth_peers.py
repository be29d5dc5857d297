"""Google and Microsoft on loopback are what they claim, asked by libraries of others."""

import base64
import hashlib
import http.server
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from inboxlink.testing.peers.faults import (
    HTML,
    HUGE,
    busy,
    changed,
    instead,
    redirected_with,
    unavailable,
)
from inboxlink.testing.peers.ports import LOOPBACK
from peers.oauth import google, google_answers, microsoft, microsoft_answers
from peers.oauth.authorization import Client
from peers.oauth.browser import Browser
from peers.oauth.client import Reply, call
from peers.oauth.google import GMAIL
from peers.oauth.person import Outcome
from peers.oauth.worlds import ALICE, BOB, CAROL, GoogleWorld, MicrosoftWorld, World

GOOGLE_SCOPES = f"openid email {GMAIL}readonly {GMAIL}send"
GRAPH_SCOPES = "openid email profile offline_access User.Read Mail.ReadWrite Mail.Send"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class SignIn:
    """An authorization request of a client that does all right, unless told otherwise."""

    def __init__(self, world: World[Any, Any], client: Client | None = None) -> None:
        self.world = world
        is_google = isinstance(world, GoogleWorld)
        self.client = client or (google.DESKTOP if is_google else microsoft.PUBLIC)
        self.verifier = secrets.token_urlsafe(40)
        self.state, self.nonce = secrets.token_urlsafe(8), secrets.token_urlsafe(8)
        self.page, self.token = (
            ("https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token")
            if is_google
            else (
                "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
                "https://login.microsoftonline.com/common/oauth2/v2.0/token",
            )
        )
        here = f"http://{LOOPBACK}:49152/oauth/gmail", "http://localhost:49152/oauth/outlook"
        self.redirect_uri = (
            here[0 if is_google else 1] if self.client.is_native else self.client.redirect_uris[0]
        )
        self.scopes = GOOGLE_SCOPES if is_google else GRAPH_SCOPES

    def url(self, **changes: str | None) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        parameters = {
            "client_id": self.client.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": self.scopes,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **({"access_type": "offline"} if isinstance(self.world, GoogleWorld) else {}),
            **changes,
        }
        kept = {name: value for name, value in parameters.items() if value is not None}
        return f"{self.page}?{urlencode(kept)}"

    def answer(self, outcome: Outcome) -> dict[str, str]:
        assert outcome.address.startswith(self.redirect_uri), outcome
        return dict(parse_qsl(urlsplit(outcome.address).query))

    def ask(self, **fields: str) -> Reply:
        secret = {"client_secret": self.client.secret} if self.client.secret else {}
        form = {"client_id": self.client.client_id, **secret, **fields}
        return call(self.world, "POST", self.token, form=form)

    def redeem(self, code: str, **changes: str) -> Reply:
        fields = {"code": code, "redirect_uri": self.redirect_uri, "code_verifier": self.verifier}
        return self.ask(grant_type="authorization_code", **{**fields, **changes})

    def tokens(self, account: Any = ALICE, **person: Any) -> dict[str, Any]:
        outcome = self.world.person(account, **person).sign_in(self.url(), visits_redirect=False)
        reply = self.redeem(self.answer(outcome)["code"])
        assert reply.status == 200, reply
        return dict(reply.json)

    def refresh(self, token: str) -> Reply:
        return self.ask(grant_type="refresh_token", refresh_token=token)


@pytest.fixture(params=["google_world", "microsoft_world"])
def world(request: pytest.FixtureRequest) -> World[Any, Any]:
    """Each provider in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def listener() -> Iterator[http.server.HTTPServer]:
    """Where an application waits for the person to come back."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.came.append(self.path)  # type: ignore[attr-defined]
            self.send_response(200)
            self.send_header("Content-Length", "7")
            self.end_headers()
            self.wfile.write(b"Welcome")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        server.came = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


# The authorization server


def test_a_request_without_pkce_is_refused(world: World[Any, Any]) -> None:
    """Without a challenge, or with a plain one, nobody is even asked to sign in."""
    sign_in = SignIn(world)
    for changes in (
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
    ):
        outcome = world.person().sign_in(sign_in.url(**changes), visits_redirect=False)
        assert sign_in.answer(outcome)["error"] == "invalid_request"


def test_a_code_needs_its_verifier_and_works_once(world: World[Any, Any]) -> None:
    """Another verifier, or none, is `invalid_grant`; so is the second use of a code."""
    sign_in = SignIn(world)
    for change in (secrets.token_urlsafe(40), ""):
        outcome = world.person().sign_in(sign_in.url(), visits_redirect=False)
        reply = sign_in.redeem(sign_in.answer(outcome)["code"], code_verifier=change)
        assert (reply.status, reply.json["error"]) == (400, "invalid_grant")
    code = sign_in.answer(world.person().sign_in(sign_in.url(), visits_redirect=False))["code"]
    assert sign_in.redeem(code).status == 200
    assert sign_in.redeem(code).json["error"] == "invalid_grant"
    calls = world.server.token_calls("authorization_code")
    assert [each.has_verifier for each in calls] == [True, False, True, True]
    assert [each.error for each in calls] == [
        "invalid_grant",
        "invalid_grant",
        None,
        "invalid_grant",
    ]


def test_a_person_comes_back_to_registered_addresses_only(world: World[Any, Any]) -> None:
    """Any port of loopback will do; another host, and another path at Microsoft, will not."""
    sign_in = SignIn(world)
    for address in ("https://evil.test/oauth/gmail", "http://localhost.evil.test/"):
        outcome = world.person().sign_in(sign_in.url(redirect_uri=address), visits_redirect=False)
        assert "redirect_uri" in outcome.page
        assert outcome.address.startswith("https://")
        assert "evil.test" not in urlsplit(outcome.address).netloc
    other = "http://localhost:49152/another"
    outcome = world.person().sign_in(sign_in.url(redirect_uri=other), visits_redirect=False)
    assert outcome.address.startswith(other) == isinstance(world, GoogleWorld)


def test_the_id_token_says_who_signed_in(world: World[Any, Any]) -> None:
    """It is signed by the published key, for this client and nonce, and names the person."""
    import jwt

    sign_in = SignIn(world)
    is_google = isinstance(world, GoogleWorld)
    keys = (
        "https://www.googleapis.com/oauth2/v3/certs"
        if is_google
        else "https://login.microsoftonline.com/common/discovery/v2.0/keys"
    )
    (key,) = jwt.PyJWKSet.from_dict(call(world, "GET", keys).json).keys
    for account in (ALICE, CAROL):
        claims = jwt.decode(
            sign_in.tokens(account)["id_token"],
            key.key,
            algorithms=["RS256"],
            audience=sign_in.client.client_id,
        )
        assert (claims["sub"], claims["email"]) == (account.sub, account.email)
        assert claims["nonce"] == sign_in.nonce
        if is_google:
            assert claims["iss"] == google.ISSUER
            assert claims["email_verified"] == account.is_email_verified
            assert claims.get("hd") == ("example.test" if account is ALICE else None)
        else:
            tenant = account.tenant or microsoft.TENANT
            assert claims["iss"] == f"https://login.microsoftonline.com/{tenant}/v2.0"
            assert (claims["oid"], claims["tid"]) == (account.oid, tenant)
            assert claims["preferred_username"] == account.login


def test_google_names_itself_beside_the_code_and_microsoft_does_not(
    google_world: GoogleWorld, microsoft_world: MicrosoftWorld
) -> None:
    """`iss` stands beside Google's code and its error (RFC 9207), and never at Microsoft."""
    for world, issuer in ((google_world, google.ISSUER), (microsoft_world, None)):
        sign_in = SignIn(world)
        for declines, name in ((None, "code"), ("consent", "error")):
            person = world.person(declines=declines)
            answer = sign_in.answer(person.sign_in(sign_in.url(), visits_redirect=False))
            assert name in answer
            assert answer["state"] == sign_in.state
            assert answer.get("iss") == issuer


def test_the_metadata_names_the_addresses_that_answer(world: World[Any, Any]) -> None:
    """Each endpoint of the metadata is one of this world, and the issuer is the provider's."""
    if isinstance(world, GoogleWorld):
        said = {
            google.ISSUER: call(world, "GET", f"{google.ISSUER}/.well-known/openid-configuration")
        }
    else:
        login = "https://login.microsoftonline.com"
        said = {
            f"{login}/{issuer}/v2.0": call(
                world, "GET", f"{login}/{tenant}/v2.0/.well-known/openid-configuration"
            )
            for tenant, issuer in (
                ("common", "{tenantid}"),
                ("consumers", microsoft.CONSUMERS),
                (microsoft.TENANT, microsoft.TENANT),
            )
        }
    for issuer, reply in said.items():
        assert reply.json["issuer"] == issuer
        assert reply.json["code_challenge_methods_supported"] == ["S256"]
        places = {
            urlsplit(value).netloc
            for name, value in reply.json.items()
            if name.endswith("_endpoint") or name == "jwks_uri"
        }
        assert places <= {name.removesuffix(":443") for name in world.connect}
        assert "introspection_endpoint" not in reply.json


@pytest.mark.parametrize("declines", ["sign_in", "consent"])
def test_a_person_can_decline(world: World[Any, Any], declines: str) -> None:
    """Pressing "Cancel" brings `access_denied` and no code."""
    sign_in = SignIn(world)
    person = world.person(declines=declines)
    answer = sign_in.answer(person.sign_in(sign_in.url(), visits_redirect=False))
    assert answer["error"] == "access_denied"
    assert "code" not in answer


def test_a_person_who_withholds_a_scope_grants_the_others(google_world: GoogleWorld) -> None:
    """The token names what was granted, and is good for no more."""
    tokens = SignIn(google_world).tokens(withheld=["gmail.send"])
    email = "https://www.googleapis.com/auth/userinfo.email"
    assert set(tokens["scope"].split()) == {"openid", email, f"{GMAIL}readonly"}
    assert f"{GMAIL}send" not in google_world.server.introspect(tokens["access_token"])["scope"]


def test_microsoft_grants_all_or_nothing(microsoft_world: MicrosoftWorld) -> None:
    """Its page has nothing to untick; `offline_access` is granted and not named."""
    tokens = SignIn(microsoft_world).tokens(withheld=["Mail.Send"])
    assert set(tokens["scope"].split()) == set(GRAPH_SCOPES.split()) - {"offline_access"}
    assert tokens["refresh_token"]


def test_offline_access_must_be_asked_for(world: World[Any, Any]) -> None:
    """Without `access_type=offline`, or `offline_access`, there is no refresh token."""
    sign_in = SignIn(world)
    changes = (
        {"access_type": None}
        if isinstance(world, GoogleWorld)
        else {"scope": GRAPH_SCOPES.replace(" offline_access", "")}
    )
    outcome = world.person().sign_in(sign_in.url(**changes), visits_redirect=False)
    assert "refresh_token" not in sign_in.redeem(sign_in.answer(outcome)["code"]).json


def test_a_client_must_prove_who_it_is(world: World[Any, Any]) -> None:
    """A wrong secret is `invalid_client`, and the code stays unused."""
    client = google.WEB if isinstance(world, GoogleWorld) else microsoft.WEB
    sign_in = SignIn(world, client)
    outcome = world.person().sign_in(sign_in.url(), visits_redirect=False)
    code = sign_in.answer(outcome)["code"]
    refused = sign_in.redeem(code, client_secret="wrong")
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    assert sign_in.redeem(code).status == 200


def test_a_certificate_proves_who_a_client_is(microsoft_world: MicrosoftWorld) -> None:
    """MSAL signs in with the certificate of a client that has one, and with no other."""
    import msal

    client = microsoft_world.certified
    for certificate, error in (
        (microsoft_world.certificate, None),
        (microsoft_world.another_certificate, "invalid_client"),
    ):
        sign_in = SignIn(microsoft_world, client)
        app = msal.ConfidentialClientApplication(
            client.client_id,
            client_credential={
                "private_key": certificate.key.read_text(),
                "public_certificate": certificate.cert.read_text(),
            },
            authority="https://login.microsoftonline.com/common",
            instance_discovery=False,
            http_client=microsoft_world.requests_session(),
        )
        flow = app.initiate_auth_code_flow(
            ["User.Read"], sign_in.redirect_uri, response_mode="form_post"
        )
        person = microsoft_world.person()
        outcome = person.sign_in(flow["auth_uri"], visits_redirect=False)
        result = app.acquire_token_by_auth_code_flow(flow, sign_in.answer(outcome))
        assert result.get("error") == error


# Tokens and their end


def test_google_keeps_a_refresh_token(google_world: GoogleWorld) -> None:
    """A refresh brings an access token, and no other refresh token."""
    sign_in = SignIn(google_world)
    tokens = sign_in.tokens()
    for _ in range(2):
        reply = sign_in.refresh(tokens["refresh_token"])
        assert reply.status == 200
        assert reply.json["access_token"] != tokens["access_token"]
        assert reply.json.get("refresh_token", tokens["refresh_token"]) == tokens["refresh_token"]


def test_microsoft_replaces_a_refresh_token(microsoft_world: MicrosoftWorld) -> None:
    """The old one is refused once the new one was given, and that ends the whole grant."""
    sign_in = SignIn(microsoft_world)
    tokens = sign_in.tokens()
    fresh = sign_in.refresh(tokens["refresh_token"]).json
    assert fresh["refresh_token"] != tokens["refresh_token"]
    refused = sign_in.refresh(tokens["refresh_token"])
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
    assert refused.json["error_codes"] == [50173]
    assert sign_in.refresh(fresh["refresh_token"]).json["error"] == "invalid_grant"


def test_google_ends_all_by_either_token(google_world: GoogleWorld) -> None:
    """Revoking the refresh or the access token ends both, in the API as well (RFC 7009)."""
    sign_in = SignIn(google_world)
    revoke = "https://oauth2.googleapis.com/revoke"
    for name in ("refresh_token", "access_token"):
        tokens = sign_in.tokens()
        assert _profile(google_world, tokens).status == 200
        assert call(google_world, "POST", revoke, form={"token": tokens[name]}).status == 200
        assert google_world.server.introspect(tokens["access_token"]) == {"active": False}
        assert _profile(google_world, tokens).status == 401
        refused = sign_in.refresh(tokens["refresh_token"])
        assert refused.json["error_description"] == "Token has been expired or revoked."
        again = call(google_world, "POST", revoke, form={"token": tokens[name]})
        assert (again.status, again.json["error"]) == (400, "invalid_token")


def test_a_grant_can_be_taken_back_elsewhere(world: World[Any, Any]) -> None:
    """Then refreshing and the API end for this person, and for nobody else."""
    sign_in = SignIn(world)
    alice, bob = sign_in.tokens(ALICE), sign_in.tokens(BOB)
    world.server.end_grants(ALICE)
    assert sign_in.refresh(alice["refresh_token"]).json["error"] == "invalid_grant"
    assert _profile(world, alice).status == 401
    assert _profile(world, bob).status == 200


def test_an_access_token_expires(world: World[Any, Any]) -> None:
    """After the time that it was given, the API refuses it."""
    world.server.change(access_token_s=1)
    tokens = SignIn(world).tokens()
    assert tokens["expires_in"] == 1
    deadline = time.monotonic() + 10
    while _profile(world, tokens).status == 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert _profile(world, tokens).status == 401


def test_a_device_signs_in_while_the_person_is_elsewhere(microsoft_world: MicrosoftWorld) -> None:
    """It is `authorization_pending` until the person has entered the code.

    A code of no device is `bad_verification_code`.
    """
    login = "https://login.microsoftonline.com/organizations/oauth2/v2.0/devicecode"
    form = {"client_id": microsoft.PUBLIC.client_id, "scope": GRAPH_SCOPES}
    sign_in = SignIn(microsoft_world)
    for declines, error in ((None, None), ("device", "authorization_declined")):
        device = call(microsoft_world, "POST", login, form=form).json
        assert device["verification_uri"] == "https://microsoft.com/devicelogin"
        assert device["user_code"] in device["message"]
        polled = {"grant_type": DEVICE_GRANT, "device_code": device["device_code"]}
        assert sign_in.ask(**polled).json["error"] == "authorization_pending"
        person = microsoft_world.person(declines=declines)
        person.enter_code(device["verification_uri"], device["user_code"])
        reply = sign_in.ask(**polled)
        assert reply.json.get("error") == error
        assert ("refresh_token" in reply.json) == (error is None)
    unknown = sign_in.ask(grant_type=DEVICE_GRANT, device_code="unknown").json
    assert unknown["error"] == "bad_verification_code"


def test_a_device_code_expires(microsoft_world: MicrosoftWorld) -> None:
    """After its time it is `expired_token`."""
    microsoft_world.server.change(device_code_s=1)
    login = "https://login.microsoftonline.com/common/oauth2/v2.0/devicecode"
    form = {"client_id": microsoft.PUBLIC.client_id, "scope": GRAPH_SCOPES}
    device = call(microsoft_world, "POST", login, form=form).json
    polled = {"grant_type": DEVICE_GRANT, "device_code": device["device_code"]}
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        error = SignIn(microsoft_world).ask(**polled).json["error"]
        if error != "authorization_pending":
            break
        time.sleep(0.2)
    assert error == "expired_token"


# The mail APIs


def _profile(world: World[Any, Any], tokens: dict[str, Any]) -> Reply:
    url = (
        "https://gmail.googleapis.com/gmail/v1/users/me/profile"
        if isinstance(world, GoogleWorld)
        else "https://graph.microsoft.com/v1.0/me"
    )
    return call(world, "GET", url, bearer=tokens["access_token"])


def test_gmail_opens_the_mailbox_of_the_person(google_world: GoogleWorld) -> None:
    """Profile, labels, aliases and a message to oneself are those of who signed in."""
    root = "https://gmail.googleapis.com/gmail/v1/users/me"
    for account in (ALICE, BOB):
        bearer = SignIn(google_world).tokens(account)["access_token"]
        profile = call(google_world, "GET", f"{root}/profile", bearer=bearer).json
        assert profile["emailAddress"] == account.email
        labels = call(google_world, "GET", f"{root}/labels", bearer=bearer).json["labels"]
        assert {"INBOX", "SENT"} <= {each["id"] for each in labels}
        (alias,) = call(google_world, "GET", f"{root}/settings/sendAs", bearer=bearer).json[
            "sendAs"
        ]
        assert (alias["sendAsEmail"], alias["isPrimary"]) == (account.email, True)
        subject = secrets.token_hex(8)
        mime = f"From: {account.email}\r\nTo: {account.email}\r\nSubject: {subject}\r\n\r\nhello"
        raw = base64.urlsafe_b64encode(mime.encode()).decode()
        sent = call(
            google_world, "POST", f"{root}/messages/send", bearer=bearer, content={"raw": raw}
        )
        assert sent.status == 200
        assert google_world.api.inbox(account).count(subject) == 1
    assert [each.status for each in google_world.api.calls] == [200] * 8


def test_graph_opens_the_mailbox_of_the_person(microsoft_world: MicrosoftWorld) -> None:
    """`/me`, folders and a message to oneself are those of who signed in, as JSON or as MIME."""
    root = "https://graph.microsoft.com/v1.0/me"
    for account in (ALICE, CAROL):
        bearer = SignIn(microsoft_world).tokens(account)["access_token"]
        me = call(microsoft_world, "GET", root, bearer=bearer).json
        assert (me["id"], me["userPrincipalName"]) == (account.oid, account.login)
        for folder in ("inbox", "sentitems"):
            found = call(microsoft_world, "GET", f"{root}/mailFolders/{folder}", bearer=bearer)
            assert isinstance(found.json["totalItemCount"], int)
        subjects = secrets.token_hex(8), secrets.token_hex(8)
        to = [{"emailAddress": {"address": account.login}}]
        body = {"contentType": "Text", "content": "hello"}
        message = {"message": {"subject": subjects[0], "body": body, "toRecipients": to}}
        sent = call(microsoft_world, "POST", f"{root}/sendMail", bearer=bearer, content=message)
        assert sent.status == 202
        mime = f"To: {account.login}\r\nSubject: {subjects[1]}\r\n\r\nhello".encode()
        sent = call(
            microsoft_world,
            "POST",
            f"{root}/sendMail",
            bearer=bearer,
            body=base64.b64encode(mime),
            kind="text/plain",
        )
        assert sent.status == 202
        assert set(subjects) <= set(microsoft_world.api.sent(account))
        assert set(subjects) <= set(microsoft_world.api.inbox(account))


def test_graph_refuses_what_is_no_message(microsoft_world: MicrosoftWorld) -> None:
    """Neither an empty message nor broken MIME is accepted."""
    bearer = SignIn(microsoft_world).tokens()["access_token"]
    url = "https://graph.microsoft.com/v1.0/me/sendMail"
    empty = call(microsoft_world, "POST", url, bearer=bearer, content={"message": {}})
    assert empty.json["error"]["code"] == "ErrorInvalidRecipients"
    broken = call(microsoft_world, "POST", url, bearer=bearer, body=b"%", kind="text/plain")
    assert broken.json["error"]["code"] == "ErrorMimeContentInvalidBase64String"
    assert (empty.status, broken.status) == (400, 400)


def test_a_mailbox_has_a_purpose(microsoft_world: MicrosoftWorld) -> None:
    """`mailboxSettings` needs a permission of its own, and tells whether it is shared."""
    root = "https://graph.microsoft.com/v1.0/me/mailboxSettings"
    sign_in = SignIn(microsoft_world)
    assert call(microsoft_world, "GET", root, bearer=sign_in.tokens()["access_token"]).status == 403
    sign_in.scopes += " MailboxSettings.Read"
    bearer = sign_in.tokens()["access_token"]
    chosen = call(microsoft_world, "GET", f"{root}?$select=userPurpose", bearer=bearer).json
    assert {name for name in chosen if "@" not in name} == {"userPurpose"}
    microsoft_world.faults.at_api(microsoft_answers.user_purpose("shared"), "/mailboxSettings")
    assert call(microsoft_world, "GET", root, bearer=bearer).json["userPurpose"] == "shared"


def test_too_small_a_scope_is_403(world: World[Any, Any]) -> None:
    """The token is good, and not for this; the error is the provider's own."""
    sign_in = SignIn(world)
    if isinstance(world, GoogleWorld):
        sign_in.scopes = f"openid email {GMAIL}readonly"
        url = "https://gmail.googleapis.com/gmail/v1/users/me/messages/send"
    else:
        sign_in.scopes = "openid offline_access User.Read Mail.Read"
        url = "https://graph.microsoft.com/v1.0/me/sendMail"
    tokens = sign_in.tokens()
    assert _profile(world, tokens).status == 200
    refused = call(world, "POST", url, bearer=tokens["access_token"], content={"raw": ""})
    assert refused.status == 403
    if isinstance(world, GoogleWorld):
        error = refused.json["error"]
        assert error["status"] == "PERMISSION_DENIED"
        assert error["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    else:
        assert refused.json["error"]["code"] == "ErrorAccessDenied"


def test_a_token_of_nobody_opens_nothing(world: World[Any, Any]) -> None:
    """A made-up token, and the emulator's own for a person, are 401."""
    for token in ("made-up", f"token-of-{ALICE.sub}", ""):
        assert _profile(world, {"access_token": token}).status == 401


# Faults


def test_what_goes_wrong_at_the_token_endpoint(world: World[Any, Any]) -> None:
    """A fault holds for its grant type and its number of times, and is counted."""
    sign_in = SignIn(world)
    world.faults.at_token(busy(7), "refresh_token", times=1)
    world.faults.at_token(unavailable(503), "refresh_token", times=1)
    tokens = sign_in.tokens()
    limited, down, good = (sign_in.refresh(tokens["refresh_token"]) for _ in range(3))
    assert (limited.status, limited.headers["Retry-After"]) == (429, "7")
    assert down.status == 503
    assert good.status == 200
    assert [each.status for each in world.server.token_calls("refresh_token")] == [429, 503, 200]


def test_answers_that_are_not_tokens(world: World[Any, Any]) -> None:
    """A page, 20 MB, a missing token, an odd time: each with status 200."""
    sign_in = SignIn(world)
    refresh = sign_in.tokens()["refresh_token"]
    world.faults.at_token(instead(HTML), times=1)
    assert sign_in.refresh(refresh).headers["Content-Type"] == "text/html"
    world.faults.at_token(instead(HUGE), times=1)
    assert len(sign_in.refresh(refresh).body) > 20_000_000
    world.faults.at_token(changed(access_token=None, expires_in="soon"), times=1)
    reply = sign_in.refresh(refresh)
    assert reply.status == 200
    assert "access_token" not in reply.json
    assert reply.json["expires_in"] == "soon"


def test_an_id_token_for_somebody_else_is_well_signed(world: World[Any, Any]) -> None:
    """Only what it says is wrong, so that only looking at that finds it."""
    import jwt

    sign_in = SignIn(world)
    world.faults.at_token(world.server.id_token_with(aud="another", sub="x", nonce=None))
    tokens = sign_in.tokens()
    url = (
        "https://www.googleapis.com/oauth2/v3/certs"
        if isinstance(world, GoogleWorld)
        else "https://login.microsoftonline.com/common/discovery/v2.0/keys"
    )
    (key,) = jwt.PyJWKSet.from_dict(call(world, "GET", url).json).keys
    claims = jwt.decode(tokens["id_token"], key.key, algorithms=["RS256"], audience="another")
    assert claims["sub"] == "x"
    assert "nonce" not in claims


def test_a_redirect_by_somebody_else(world: World[Any, Any]) -> None:
    """The person comes back with another `iss` and `state`."""
    sign_in = SignIn(world)
    world.faults.at_authorization(redirected_with(iss="https://evil.test", state="other"))
    outcome = world.person().sign_in(sign_in.url(), visits_redirect=False)
    answer = sign_in.answer(outcome)
    assert (answer["iss"], answer["state"]) == ("https://evil.test", "other")
    assert answer["code"]


def test_google_policies_end_on_its_own_page(google_world: GoogleWorld) -> None:
    """The person sees the name of the error, and the application hears nothing."""
    google_world.faults.at_authorization(google_answers.error_page("admin_policy_enforced"))
    outcome = google_world.person().sign_in(SignIn(google_world).url())
    assert "Error 400: admin_policy_enforced" in outcome.page
    assert outcome.address.startswith("https://accounts.google.com/")


def test_google_ends_a_grant_on_day_7(google_world: GoogleWorld) -> None:
    """A refresh is `invalid_grant`, as of an app in testing after a week."""
    sign_in = SignIn(google_world)
    tokens = sign_in.tokens()
    google_world.faults.at_token(google_answers.grant_ended(), "refresh_token")
    reply = sign_in.refresh(tokens["refresh_token"])
    assert (reply.status, reply.json["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (50020, "invalid_grant"),
        (500011, "invalid_resource"),
        (50076, "invalid_grant"),
        (53003, "invalid_grant"),
        (65001, "invalid_grant"),
        (700082, "invalid_grant"),
        (7000215, "invalid_client"),
        (7000222, "invalid_client"),
        (90094, "access_denied"),
        (90095, "access_denied"),
    ],
)
def test_microsoft_tells_a_code(microsoft_world: MicrosoftWorld, code: int, error: str) -> None:
    """At the token endpoint and on the way back, with the fields of its documentation."""
    sign_in = SignIn(microsoft_world)
    microsoft_world.faults.at_token(microsoft_answers.token_error(code))
    reply = sign_in.refresh("x").json
    assert (reply["error"], reply["error_codes"]) == (error, [code])
    assert reply["error_description"].startswith(f"AADSTS{code}: ")
    assert {"timestamp", "trace_id", "correlation_id", "error_uri"} <= set(reply)
    microsoft_world.faults.at_authorization(microsoft_answers.redirected_error(code))
    outcome = microsoft_world.person().sign_in(sign_in.url(), visits_redirect=False)
    answer = sign_in.answer(outcome)
    assert answer["error"] == error
    assert f"AADSTS{code}" in answer["error_description"]
    assert "code" not in answer


def test_an_administrator_must_approve(microsoft_world: MicrosoftWorld) -> None:
    """The person is told so on Microsoft's page, and does not come back."""
    microsoft_world.faults.at_authorization(microsoft_answers.needs_admin())
    outcome = microsoft_world.person().sign_in(SignIn(microsoft_world).url())
    assert "Need admin approval" in outcome.page


def test_a_mailbox_that_is_elsewhere(microsoft_world: MicrosoftWorld) -> None:
    """Graph knows the person, and has no mailbox for them."""
    tokens = SignIn(microsoft_world).tokens()
    microsoft_world.faults.at_api(microsoft_answers.mailbox_not_enabled(), "/mailFolders/inbox")
    url = "https://graph.microsoft.com/v1.0/me/mailFolders/inbox"
    reply = call(microsoft_world, "GET", url, bearer=tokens["access_token"])
    assert (reply.status, reply.json["error"]["code"]) == (404, "MailboxNotEnabledForRESTAPI")
    assert _profile(microsoft_world, tokens).status == 200


def test_an_api_is_busy(world: World[Any, Any]) -> None:
    """429 in the provider's own shape, with the time to wait, for the path that was named."""
    tokens = SignIn(world).tokens()
    is_google = isinstance(world, GoogleWorld)
    path = "/profile" if is_google else "/me"
    busy_api = google_answers.gmail_busy if is_google else microsoft_answers.graph_busy
    world.faults.at_api(busy_api(7), "/another")
    assert _profile(world, tokens).status == 200
    world.faults.at_api(busy_api(7), path, times=1)
    reply = _profile(world, tokens)
    assert (reply.status, reply.headers["Retry-After"]) == (429, "7")
    assert reply.json["error"]["code"] == (429 if is_google else "TooManyRequests")
    assert _profile(world, tokens).status == 200


def test_gmail_is_switched_off(google_world: GoogleWorld) -> None:
    """An account of Google need not have Gmail."""
    tokens = SignIn(google_world).tokens()
    google_world.faults.at_api(google_answers.gmail_disabled())
    reply = _profile(google_world, tokens)
    assert (reply.status, reply.json["error"]["status"]) == (400, "FAILED_PRECONDITION")


# Clients that others wrote


def test_googles_own_library_signs_in(
    google_world: GoogleWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """google-auth-oauthlib comes from the address to a token, refreshes it, and sees it end."""
    from google.auth.exceptions import RefreshError
    from google.auth.transport.requests import Request
    from google_auth_oauthlib.flow import Flow

    # It compares scopes by name, and Google answers `email` by the long one.
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    installed = {
        "client_id": google.DESKTOP.client_id,
        "client_secret": google.DESKTOP.secret,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    flow = Flow.from_client_config(
        {"installed": installed},
        GOOGLE_SCOPES.split(),
        redirect_uri=f"http://{LOOPBACK}:49152/oauth/gmail",
        autogenerate_code_verifier=True,
    )
    session = google_world.requests_session()
    flow.oauth2session.trust_env = False
    flow.oauth2session.adapters = session.adapters
    flow.oauth2session.verify = session.verify
    url, _ = flow.authorization_url(access_type="offline", prompt="consent")
    outcome = google_world.person().sign_in(url, visits_redirect=False)
    flow.fetch_token(code=parse_qs(urlsplit(outcome.address).query)["code"][0])
    credentials = flow.credentials
    assert set(credentials.granted_scopes) >= {f"{GMAIL}readonly", f"{GMAIL}send"}
    before = credentials.token
    credentials.refresh(Request(session))
    assert credentials.token != before
    assert _profile(google_world, {"access_token": credentials.token}).status == 200
    google_world.server.end_grants(ALICE)
    with pytest.raises(RefreshError, match="Token has been expired or revoked"):
        credentials.refresh(Request(session))


@pytest.mark.parametrize("tenant", ["common", "organizations", microsoft.TENANT])
def test_microsofts_own_library_signs_in(microsoft_world: MicrosoftWorld, tenant: str) -> None:
    """MSAL comes from the address to a token, finds it again, and refreshes it."""
    import msal

    app = msal.PublicClientApplication(
        microsoft.PUBLIC.client_id,
        authority=f"https://login.microsoftonline.com/{tenant}",
        instance_discovery=False,
        http_client=microsoft_world.requests_session(),
    )
    scopes = ["User.Read", "Mail.Send"]
    flow = app.initiate_auth_code_flow(
        scopes, "http://localhost:49152/oauth/outlook", response_mode="form_post"
    )
    outcome = microsoft_world.person().sign_in(flow["auth_uri"], visits_redirect=False)
    answer = dict(parse_qsl(urlsplit(outcome.address).query))
    result = app.acquire_token_by_auth_code_flow(flow, answer)
    assert result["id_token_claims"]["preferred_username"] == ALICE.login
    (account,) = app.get_accounts()
    fresh = app.acquire_token_silent(scopes, account=account, force_refresh=True)
    assert fresh["access_token"] != result["access_token"]
    assert _profile(microsoft_world, fresh).status == 200


def test_microsofts_own_library_signs_a_device_in(microsoft_world: MicrosoftWorld) -> None:
    """MSAL polls until the person has entered the code."""
    import msal

    app = msal.PublicClientApplication(
        microsoft.PUBLIC.client_id,
        authority="https://login.microsoftonline.com/common",
        instance_discovery=False,
        http_client=microsoft_world.requests_session(),
    )
    flow = app.initiate_device_flow(["User.Read"])
    microsoft_world.person(BOB).enter_code(flow["verification_uri"], flow["user_code"])
    result = app.acquire_token_by_device_flow(flow)
    assert result["id_token_claims"]["preferred_username"] == BOB.login


# A browser


def test_chromium_signs_in_at_google(
    google_world: GoogleWorld, browser: Browser, listener: Any
) -> None:
    """A real browser brings the code to loopback, with what the person left ticked."""
    sign_in = SignIn(google_world)
    sign_in.redirect_uri = f"http://{LOOPBACK}:{listener.server_port}/oauth/gmail"
    outcome = browser.sign_in(ALICE.login, sign_in.url(), withheld=["gmail.send"])
    assert "Welcome" in outcome.page
    (path,) = (each for each in listener.came if each.startswith("/oauth/gmail"))
    reply = sign_in.redeem(parse_qs(urlsplit(path).query)["code"][0])
    assert f"{GMAIL}readonly" in reply.json["scope"]
    assert f"{GMAIL}send" not in reply.json["scope"]


def test_chromium_signs_in_at_microsoft(
    microsoft_world: MicrosoftWorld, browser: Browser, listener: Any
) -> None:
    """A real browser brings the code to loopback, or that the person declined."""
    sign_in = SignIn(microsoft_world)
    sign_in.redirect_uri = f"http://localhost:{listener.server_port}/oauth/outlook"
    browser.sign_in(ALICE.login, sign_in.url())
    browser.sign_in(ALICE.login, sign_in.url(), declines="consent")
    came = [parse_qs(urlsplit(each).query) for each in listener.came if "/outlook" in each]
    assert sign_in.redeem(came[0]["code"][0]).status == 200
    assert came[1]["error"] == ["access_denied"]


def test_a_browser_finds_nothing_but_its_world(browser: Browser) -> None:
    """Another name is not found, whatever the machine could reach."""
    from playwright.sync_api import Error

    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        browser.see("https://example.com/", lambda page: page.content())


# The processes


def test_the_servers_are_on_loopback_alone(world: World[Any, Any]) -> None:
    """Each listens on 127.0.0.1, and on nothing else."""
    places = [place.rpartition(":")[2] for place in world.connect.values()]
    ports = {world.server.port, world.api.port, *map(int, places)}
    listening: dict[int, set[str]] = {}
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, _, port = local.partition(":")
            if state == "0A" and int(port, 16) in ports:
                listening.setdefault(int(port, 16), set()).add(address)
    assert listening == {port: {"0100007F"} for port in ports}


def test_a_server_ends_with_the_process_that_started_it(google_world: GoogleWorld) -> None:
    """Even with one that was killed, so that no run leaves anything behind."""
    program = (
        "import os, sys; from peers.oauth.node import NodeProcess;"
        "node = NodeProcess('--import', './loopback.mjs', *sys.argv[1:]).__enter__();"
        "print(node.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    arguments = [google_world.api.emulator[0], "start", "--service", "google"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        env=environ,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    started = Path("/proc", done.stdout.decode().strip())
    deadline = time.monotonic() + 10
    while _runs(started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(started)


def _runs(process: Path) -> bool:
    # One that ended stays a zombie where nobody waits for it.
    try:
        return process.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# The product's way there


def test_the_products_network_reaches_the_world(world: World[Any, Any]) -> None:
    """With the world's `[network]`, the product's own door opens the provider's addresses."""
    from inboxlink.network.settings import NetworkSettings
    from inboxlink.network.wire import Network

    network = Network(NetworkSettings(ca_file=world.ca_file, connect=world.connect))
    url = (
        "https://www.googleapis.com/oauth2/v3/certs"
        if isinstance(world, GoogleWorld)
        else "https://login.microsoftonline.com/common/discovery/v2.0/keys"
    )
    answer = network.get(url, time.monotonic() + 10)
    assert answer.status == 200
    assert [each["kid"] for each in json.loads(answer.body)["keys"]] == ["loopback"]


def test_nothing_secret_is_kept(world: World[Any, Any]) -> None:
    """What the tests can read of the requests holds no code, token, secret or verifier."""
    sign_in = SignIn(world)
    tokens = sign_in.tokens()
    _profile(world, tokens)
    kept = repr((world.server.token_calls(), world.server.authorizations, world.api.calls))
    secret = (tokens["access_token"], tokens["refresh_token"], sign_in.verifier, sign_in.state)
    assert not any(each in kept for each in (*secret, sign_in.client.secret or sign_in.nonce))
    assert json.dumps(world.network)
