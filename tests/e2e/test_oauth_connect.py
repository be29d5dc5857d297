"""Gmail and Outlook connected by the program, against an authorization server of others."""

import os
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pexpect
import pytest

from e2e.oauth_mailbox import Mailbox
from inboxlink.testing.installation import MAIN, Running
from inboxlink.testing.peers.faults import changed
from inboxlink.testing.peers.ports import LOOPBACK
from peers.oauth import microsoft
from peers.oauth.browser import Browser
from peers.oauth.microsoft_answers import redirected_error, token_error
from peers.oauth.worlds import ALICE, BOB

TITLES = {"gmail": "Gmail", "outlook": "Outlook"}


def query(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def nobody_is_kept(mailbox: Mailbox) -> bool:
    return mailbox.run("accounts", "list")["accounts"] == []


# --- each way back -------------------------------------------------------------------------------


def test_a_browser_is_led_back_to_this_machine(mailbox: Mailbox) -> None:
    """Connected by both plugins; PKCE and state are the server's and the program's to hold."""
    # req 28, 33, 36, 58, 107, 109; OA2, OA3
    with mailbox.start() as run:
        url = run.line()
        assert query(url)["redirect_uri"].endswith(f"/oauth/{mailbox.name}")
        person = mailbox.world.person(ALICE)
        there = person.sign_in(url, visits_redirect=False).address
        assert answered(there.replace("state=", "state=x")) == 400
        assert mailbox.world.server.token_calls() == []
        assert answered(there) == 200
        status, document = run.end()
    assert status == 0, document
    assert document["account"]["state"] == "active"
    assert document["account"]["provider"] == mailbox.name
    assert [each["address"] for each in document["account"]["identities"]] == [ALICE.login]
    report = document["report"]
    assert (report["can_receive"], report["can_send"]) == (True, True)
    (asked,) = mailbox.world.server.authorizations
    assert asked["code_challenge_method"] == "S256"
    (exchange,) = mailbox.world.server.token_calls()
    assert (exchange.grant_type, exchange.has_verifier) == ("authorization_code", True)
    assert [each["state"] for each in mailbox.run("accounts", "list")["accounts"]] == ["active"]


def answered(address: str) -> int:
    """The status of the page that the program answers a browser with."""
    parts = urlsplit(address)
    connection = HTTPConnection(LOOPBACK, parts.port, timeout=20)
    connection.request("GET", f"{parts.path}?{parts.query}", headers={"Host": parts.netloc})
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_copied_address_is_pasted(mailbox: Mailbox) -> None:
    """With nobody listening; another sign-in's state is refused and no code is sent anywhere."""
    with mailbox.start("--way", "paste") as run:
        there = mailbox.world.person(ALICE).sign_in(run.line(), visits_redirect=False).address
        status, document = run.end(there.replace("state=", "state=x") + "\n")
    assert (status, document["error"]["code"]) == (12, "callback_invalid")
    assert mailbox.world.server.token_calls() == []
    with mailbox.start("--way", "paste") as run:
        there = mailbox.world.person(ALICE).sign_in(run.line(), visits_redirect=False).address
        status, document = run.end(there + "\n")
    assert status == 0, document
    assert document["account"]["state"] == "active"


def test_a_stolen_code_is_worth_nothing(mailbox: Mailbox) -> None:
    """The server refuses a code without the verifier, or with another; the program can use it."""
    # OA2
    with mailbox.start("--way", "paste") as run:
        url = run.line()
        there = mailbox.world.person(ALICE).sign_in(url, visits_redirect=False).address
        stolen = {
            "grant_type": "authorization_code",
            "code": query(there)["code"],
            "redirect_uri": query(url)["redirect_uri"],
        }
        for more in ({}, {"code_verifier": "x" * 43}):
            refused = mailbox.ask_for_tokens(**stolen, **more)
            assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
        status, document = run.end(there + "\n")
    assert status == 0, document


def test_a_code_is_typed_on_another_device(outlook: Mailbox) -> None:
    """Address and code are one line; the program asks until somebody has signed in there."""
    # DF1
    with outlook.start("--way", "device") as run:
        address, code = run.line().split()
        assert address == "https://microsoft.com/devicelogin"
        assert outlook.world.person(ALICE).enter_code(address, code).status == 200
        status, document = run.end()
    assert status == 0, document
    assert document["account"]["state"] == "active"
    calls = outlook.world.server.token_calls()
    assert calls[-1].error is None
    assert {each.error for each in calls[:-1]} <= {"authorization_pending"}


def test_gmail_has_no_code_for_another_device(gmail: Mailbox) -> None:
    """Google takes no scope of Gmail there: the way is refused by name, and nobody is asked."""
    with gmail.start("--way", "device") as run:
        status, document = run.end()
    assert (status, document["error"]["code"]) == (12, "way_unavailable")
    assert gmail.world.server.authorizations == []


def test_a_real_browser_signs_in(mailbox: Mailbox, browser: Browser) -> None:
    """Chromium goes through the pages and ends on the program's own, which claims nothing yet."""
    # req 28
    with mailbox.start() as run:
        outcome = browser.start(ALICE.login, run.line()).result(60)
        status, document = run.end()
    assert status == 0, document
    assert outcome.status == 200
    assert "close this window" in outcome.page
    assert "is connected" not in outcome.page
    assert document["account"]["state"] == "active"


# --- what is shown -------------------------------------------------------------------------------


def test_each_disclosure_is_acknowledged_by_itself(mailbox: Mailbox) -> None:
    """With one missing it is named, and the provider hears of nobody; B stands again at the end."""
    # req 32, 50, 55, 107
    for missing in mailbox.acknowledged:
        others = tuple(each for each in mailbox.acknowledged if each != missing)
        with mailbox.start(acknowledged=others) as run:
            status, document = run.end()
        assert (status, document["error"]["code"]) == (14, "acknowledgement_missing")
        assert missing in document["error"]["message"]
        assert not any(each in document["error"]["message"] for each in others)
    assert mailbox.world.server.authorizations == []
    status, document = mailbox.connect()
    assert status == 0, document
    repeated = [each["disclosure"] for each in document["repeated"]]
    assert repeated == [each for each in mailbox.acknowledged if each == "gmail.G-B@1"]
    rows = mailbox.run("consent", "show")["entries"]
    acknowledged = [each for each in rows if each["kind"] == "acknowledged"]
    assert len(acknowledged) >= len(mailbox.acknowledged)


def test_the_success_page_names_the_provider(mailbox: Mailbox) -> None:
    """Disclosures first, the stages then, and only after them that this inbox is connected."""
    # req 27, 28, 36, 50, 58
    title = TITLES[mailbox.name]
    said = worded(mailbox, "en")
    connected = f"Your {title} inbox is connected."
    for reference in mailbox.acknowledged:
        assert said.index(reference) < said.index("✓") < said.index(connected)
        # What is repeated stands once before the sign-in and once after the stages.
        assert said.count(reference) == (2 if reference == "gmail.G-B@1" else 1)
    mailbox.run("accounts", "disconnect", mailbox.address, "--yes")
    assert f"{title} の受信トレイが接続されました" in worded(mailbox, "ja")


def test_a_person_is_led_through_gmail(gmail: Mailbox) -> None:
    """At a terminal: each text has its own yes, then Advanced Protection, Google, and B again."""
    # req 31, 32, 33, 50
    child = pexpect.spawn(
        MAIN[0],
        [*MAIN[1:], "connect", ALICE.login, "--provider", "gmail", "--lookup", "offline"],
        env={
            **os.environ,
            "INBOXLINK_HOME": str(gmail.home),
            "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22",
            "TERM": "xterm",
            "NO_COLOR": "1",
        },
        dimensions=(60, 80),
        encoding="utf-8",
        timeout=30,
    )
    try:
        for question, typed in (
            (r"Enable inbox automation\? \[y/N\]", "n"),
            (r"gmail\.G-A@1[^?]*Continue with this\? \[y/N\]", "y"),
            (r"gmail\.G-B@1[^?]*Continue with this\? \[y/N\]", "y"),
            (r"where that is[^?]*allowed\?", "n"),
            (r"Advanced Protection", "1"),
        ):
            child.expect(question)
            assert gmail.world.server.authorizations == []
            child.sendline(typed)
        child.expect("Sign in at accounts.google.com")
        child.expect(r"https://accounts\.google\.com/\S+")
        there = gmail.world.person(ALICE).sign_in(str(child.after), visits_redirect=False)
        child.expect("Copied address: ")
        child.sendline(there.address)
        child.expect(r"gmail\.G-B@1")
        child.expect("Your Gmail inbox is connected")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0
    finally:
        child.close(force=True)


def worded(mailbox: Mailbox, language: str) -> str:
    """What a person reads of a whole connect."""
    words = [f"--acknowledge={each}" for each in mailbox.acknowledged]
    given = ("--provider", mailbox.name, "--lookup", "offline", *words)
    with Running(mailbox.home, "--lang", language, "connect", mailbox.address, *given) as run:
        mailbox.world.person(ALICE).sign_in(run.line())
        status, out = run.finish()
    assert status == 0, out
    return out


# --- who and what --------------------------------------------------------------------------------


def test_somebody_else_is_not_kept(mailbox: Mailbox) -> None:
    """Signed in as another than typed, both addresses are named and nothing is stored."""
    # req 33, 109; OA12
    status, document = mailbox.connect(account=BOB)
    assert (status, document["error"]["code"]) == (10, "wrong_account")
    assert ALICE.login in document["error"]["message"]
    assert BOB.login in document["error"]["message"]
    assert nobody_is_kept(mailbox)


@pytest.mark.parametrize(
    ("withheld", "works", "state"),
    [("gmail.readonly", "can_send", "send_only"), ("gmail.send", "can_receive", "receive_only")],
)
def test_a_box_left_unticked_at_google(
    gmail: Mailbox, withheld: str, works: str, state: str
) -> None:
    """The scope is named with what still works; with the person's word that much is kept."""
    # req 35
    status, document = gmail.connect(withheld=(withheld,))
    assert (status, document["error"]["code"]) == (10, "scope_not_granted")
    assert withheld in document["error"]["message"]
    directions = {name: document["report"][name] for name in ("can_receive", "can_send")}
    assert [name for name, value in directions.items() if value] == [works]
    assert nobody_is_kept(gmail)
    status, document = gmail.connect("--accept-partial", withheld=(withheld,))
    assert status == 0, document
    assert document["account"]["state"] == state


@pytest.mark.parametrize(
    ("granted", "missing", "state"),
    [
        ("User.Read MailboxSettings.Read Mail.Read", "Mail.Send", "receive_only"),
        ("User.Read MailboxSettings.Read Mail.Send", "Mail.Read", "send_only"),
    ],
)
def test_a_permission_that_microsoft_leaves_out(
    outlook: Mailbox, granted: str, missing: str, state: str
) -> None:
    """Microsoft has no boxes, but an answer with less is told and kept in the same way."""
    outlook.world.faults.at_token(changed(scope=granted))
    status, document = outlook.connect()
    assert (status, document["error"]["code"]) == (10, "scope_not_granted")
    assert missing in document["error"]["message"]
    assert nobody_is_kept(outlook)
    status, document = outlook.connect("--accept-partial")
    assert status == 0, document
    assert document["account"]["state"] == state


def test_an_administrator_must_allow_it_first(outlook: Mailbox) -> None:
    """The outcome has a name of its own and the exact address for the administrator."""
    for code in (65001, 90094, 90095):
        outlook.world.faults.clear()
        outlook.world.faults.at_authorization(redirected_error(code))
        status, document = outlook.connect()
        error = document["error"]
        assert (status, error["code"]) == (10, "admin_consent_required"), code
        url = next(word for word in error["remedy"].split() if "/adminconsent?" in word)
        assert urlsplit(url).netloc == "login.microsoftonline.com"
        assert query(url.rstrip(".,")) == {
            "client_id": microsoft.PUBLIC.client_id,
            "redirect_uri": "http://localhost/oauth/outlook",
        }
    assert nobody_is_kept(outlook)


# --- the registration ----------------------------------------------------------------------------


def found_by_doctor(mailbox: Mailbox, *arguments: str) -> list[dict[str, Any]]:
    checks = mailbox.run("doctor", *arguments, status=12)["checks"]
    return [each["problem"] for each in checks if each["problem"]]


def test_a_registration_that_is_missing_is_told(mailbox: Mailbox) -> None:
    """Without a client id nobody is sent anywhere, and what to set is named."""
    mailbox.configure(oauth={})
    with mailbox.start() as run:
        status, document = run.end()
    assert (status, document["error"]["code"]) == (12, "client_missing")
    assert f"oauth.{mailbox.name}" in document["error"]["message"] + document["error"]["remedy"]
    assert mailbox.world.server.authorizations == []


def test_a_secrets_id_in_the_secrets_place_is_found(outlook: Mailbox) -> None:
    """Without asking anybody, by the doctor and by a connect, which both say what to copy."""
    pasted = "0000aaaa-11bb-cccc-dd22-eeeeee333333"
    outlook.configure(oauth={"outlook": {**outlook.client, "client_secret": pasted}})
    (trouble,) = found_by_doctor(outlook, "--offline")
    assert trouble["code"] == "client_invalid"
    assert "Value" in trouble["remedy"]
    with outlook.start() as run:
        status, document = run.end()
    assert (status, document["error"]["code"]) == (12, "client_invalid")
    assert pasted not in run.said + str(document) + str(trouble)
    assert outlook.world.server.authorizations == []


def test_a_secret_that_expired_is_found_by_the_doctor(outlook: Mailbox) -> None:
    """Online the doctor hears AADSTS7000222 from Microsoft and says whose task a new one is."""
    registered = {
        "client_id": microsoft.WEB.client_id,
        "client_secret": microsoft.WEB.secret,
        "tenant": microsoft.TENANT,
    }
    outlook.configure(oauth={"outlook": registered})
    outlook.world.faults.at_token(token_error(7000222), "client_credentials")
    (trouble,) = found_by_doctor(outlook)
    assert (trouble["code"], trouble["blame"]) == ("client_secret_expired", "operator")
    assert str(microsoft.WEB.secret) not in str(trouble)
    outlook.run("doctor", "--offline")


# --- aliases -------------------------------------------------------------------------------------


def read_again(mailbox: Mailbox, more: str, change: Callable[[], None]) -> None:
    ident = mailbox.connected()
    listed = lambda verb: [  # noqa: E731
        each["address"] for each in mailbox.run("aliases", verb, ident)["aliases"]
    ]
    assert listed("list") == [ALICE.login]
    change()
    assert listed("list") == [ALICE.login], "what is kept is listed, and nobody is asked"
    assert listed("refresh") == [ALICE.login, more]
    assert listed("list") == [ALICE.login, more]


def test_gmails_senders_are_read_again(gmail: Mailbox) -> None:
    """What was set up in Gmail after connecting is there after `aliases refresh`."""
    # req 29, 30
    own = {"sendAsEmail": ALICE.login, "isPrimary": True}
    new = {"sendAsEmail": "sales@example.test", "verificationStatus": "accepted"}
    pending = {"sendAsEmail": "not-yet@example.test", "verificationStatus": "pending"}
    fault = changed(sendAs=[own, new, pending])
    read_again(
        gmail,
        "sales@example.test",
        lambda: gmail.world.faults.at_api(fault, "/settings/sendAs"),
    )


def test_outlooks_addresses_are_read_again(outlook: Mailbox) -> None:
    """What an administrator added to the mailbox is there after `aliases refresh`."""
    fault = changed(proxyAddresses=["SMTP:alice@example.test", "smtp:sales@example.test"])
    read_again(
        outlook, "sales@example.test", lambda: outlook.world.faults.at_api(fault, "/v1.0/me")
    )
