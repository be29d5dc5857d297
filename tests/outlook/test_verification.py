"""What is proven of a mailbox, and what is not."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from inboxlink import own_message
from inboxlink.connect import request
from inboxlink.connect.proving import objection, state_of
from inboxlink.errors import Problem
from inboxlink.store.connections import ConnectionState
from inboxlink.testing.peers.faults import HTML, changed, instead, unavailable
from inboxlink.testing.peers.web import Answer, Request
from inboxlink.texts import Words
from inboxlink.types.address import parse_address
from inboxlink.types.credential import Credential
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import Chain, Proof, VerifyReport
from inboxlink.types.text import Text
from inboxlink_outlook import provider
from outlook.world import HAND, Visit, codes
from peers.oauth.microsoft import TENANT
from peers.oauth.microsoft_answers import (
    graph_busy,
    graph_error,
    mailbox_not_enabled,
    user_purpose,
)
from peers.oauth.worlds import ALICE, BOB, CAROL, MicrosoftWorld

REACHED = {"dns": True, "tcp": True, "tls": True}
RECEIVES = {**REACHED, "me": True, "purpose": True, "scope": True, "inbox": True}
SENDS = {"scope": True, "sender": True}


def signed_in(world: MicrosoftWorld, **changes: Any) -> tuple[Visit, Credential]:
    visit = Visit(world, **changes)
    return visit, visit.done().credential


def request_of(visit: Visit) -> request.Request:
    return request.Request(
        owner="ann",
        address=parse_address(visit.address, special_domains=("test",)),
        detection=HAND,
        language="en",
        audience=visit.audience,
        wanted=visit.wanted,
    )


def problem_at(report: VerifyReport, stage: str) -> Problem:
    (found,) = (each.problem for each in report.checks if each.stage == stage and each.problem)
    return found


def test_both_directions_are_proven(microsoft_world: MicrosoftWorld) -> None:
    """Whose mailbox it is, that it is a person's own, that it can be read and sent from."""
    # req 28, 58, 109
    visit, credential = signed_in(microsoft_world)
    report = visit.verify(credential)
    assert codes(report, Chain.RECEIVE) == RECEIVES
    assert codes(report, Chain.SEND) == SENDS
    (identity,) = report.identities
    assert identity.address == ALICE.login
    assert identity.proof is Proof.PROVEN
    assert identity.subject == f"{ALICE.oid}.{TENANT}"
    assert objection(request_of(visit), report) is None
    assert state_of(report) is ConnectionState.ACTIVE


def test_one_connection_serves_for_all(microsoft_world: MicrosoftWorld) -> None:
    """Four requests in one connection, each one a permission that was disclosed."""
    visit, credential = signed_in(microsoft_world)
    visit.verify(credential)
    assert [(each.method, each.path) for each in microsoft_world.api.calls] == [
        ("GET", "/v1.0/me"),
        ("GET", "/v1.0/me/mailboxSettings/userPurpose"),
        ("GET", "/v1.0/me/mailFolders/inbox"),
        ("GET", "/v1.0/me/mailFolders/sentitems"),
    ]


def test_another_account_is_not_this_mailbox(microsoft_world: MicrosoftWorld) -> None:
    """Who signs in as somebody else connects nothing, and hears whose account it was."""
    # req 56, OA12
    visit, credential = signed_in(microsoft_world, account=BOB)
    report = visit.verify(credential)
    assert [each.address for each in report.identities] == [BOB.login]
    found = objection(request_of(visit), report)
    assert found is not None
    assert found.code == "wrong_account"
    assert found.message.params == {"address": ALICE.login, "found": BOB.login}


@pytest.mark.parametrize("purpose", ["shared", "room", "equipment"])
def test_a_shared_mailbox_is_refused(microsoft_world: MicrosoftWorld, purpose: str) -> None:
    """A mailbox that is no person's own is refused before it is looked into, in both languages."""
    # req 52
    visit, credential = signed_in(microsoft_world)
    microsoft_world.faults.at_api(user_purpose(purpose), "/userPurpose")
    report = visit.verify(credential)
    refusal = problem_at(report, "purpose")
    assert refusal.code == "shared_mailbox_unsupported"
    assert codes(report, Chain.RECEIVE)["inbox"] is None
    assert codes(report, Chain.SEND) == {"scope": None, "sender": None}
    assert report.identities == ()
    assert objection(request_of(visit), report) is refusal
    for language in ("en", "ja"):
        words = Words(language, {"outlook": "inboxlink_outlook"})
        assert purpose in words(refusal.message)
        assert refusal.remedy is not None
        assert words.has(refusal.remedy.key)


@pytest.mark.parametrize("purpose", ["user", "linked", "others", "unknownFutureValue"])
def test_other_kinds_are_a_persons(microsoft_world: MicrosoftWorld, purpose: str) -> None:
    """What Microsoft does not call shared is not refused."""
    visit, credential = signed_in(microsoft_world)
    microsoft_world.faults.at_api(user_purpose(purpose), "/userPurpose")
    assert codes(visit.verify(credential), Chain.RECEIVE) == RECEIVES


def test_a_personal_account_is_a_persons(microsoft_world: MicrosoftWorld) -> None:
    """Of a mailbox of Outlook.com no purpose is asked: there are no shared ones."""
    visit, credential = signed_in(microsoft_world, address=CAROL.login, account=CAROL)
    report = visit.verify(credential)
    assert codes(report, Chain.RECEIVE) == RECEIVES
    assert [each.address for each in report.identities] == [CAROL.login]
    paths = [each.path for each in microsoft_world.api.calls]
    assert "/v1.0/me/mailboxSettings/userPurpose" not in paths


ON_PREMISES = "REST API is not yet supported for this mailbox."


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (mailbox_not_enabled(404), "mailbox_missing"),
        (mailbox_not_enabled(403), "mailbox_missing"),
        (
            instead(graph_error(404, "MailboxNotEnabledForRESTAPI", ON_PREMISES)),
            "mailbox_on_premises",
        ),
        (
            instead(graph_error(404, "MailboxNotSupportedForRESTAPI", ON_PREMISES)),
            "mailbox_on_premises",
        ),
        (
            instead(graph_error(404, "MailboxNotHostedInExchangeOnline", "Hosted elsewhere.")),
            "mailbox_on_premises",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/userPurpose", "/inbox"])
def test_a_mailbox_that_is_not_there_is_told(
    microsoft_world: MicrosoftWorld, fault: Any, code: str, path: str
) -> None:
    """One on the company's own server leads to Exchange and IMAP; else a licence is missing."""
    # req 66, 67
    visit, credential = signed_in(microsoft_world)
    microsoft_world.faults.at_api(fault, path)
    if path == "/inbox":
        microsoft_world.faults.at_api(fault, "/sentitems")
    report = visit.verify(credential)
    found = report.first_problem
    assert found is not None
    assert found.code == code
    assert str(found.remote).startswith("Mailbox")
    assert report.identities == ()
    assert found.remedy is not None
    assert "IMAP" in Words("en", {"outlook": "inboxlink_outlook"})(found.remedy)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (instead(graph_error(403, "ErrorAccessDenied", "Access is denied.")), "admin_policy"),
        (instead(graph_error(403, "Whatever", "Access to OData is disabled.")), "admin_policy"),
        (instead(graph_error(401, "InvalidAuthenticationToken", "Expired.")), "grant_ended"),
        (graph_busy(7), "rate_limited"),
        (unavailable(503), "server_unavailable"),
        (instead(HTML), "protocol_error"),
        (instead(graph_error(400, "ErrorOdd", "Odd.")), "remote_error"),
    ],
)
def test_what_keeps_the_inbox_closed_is_told(
    microsoft_world: MicrosoftWorld, fault: Any, code: str
) -> None:
    """Each refusal of Graph says what it is, and the other direction is looked at all the same."""
    visit, credential = signed_in(microsoft_world)
    microsoft_world.faults.at_api(fault, "/inbox")
    report = visit.verify(credential)
    found = problem_at(report, "inbox")
    assert found.code == code
    assert codes(report, Chain.SEND) == SENDS
    assert state_of(report) is ConnectionState.SEND_ONLY
    if code == "rate_limited":
        assert found.retry_after_s == 7


def test_a_direction_that_was_not_granted_is_not_tried(microsoft_world: MicrosoftWorld) -> None:
    """What was left out is named, and the person can go on with reading."""
    # OA13
    microsoft_world.faults.at_token(changed(scope="User.Read MailboxSettings.Read Mail.Read"))
    visit, credential = signed_in(microsoft_world)
    report = visit.verify(credential)
    assert codes(report, Chain.RECEIVE) == RECEIVES
    refused = problem_at(report, "scope")
    assert (refused.code, dict(refused.message.params)) == (
        "scope_not_granted",
        {"scopes": "Mail.Send"},
    )
    (sender,) = (each for each in report.chain(Chain.SEND) if each.stage == "sender")
    assert (sender.ok, sender.is_granted, sender.problem) == (None, False, None)
    assert state_of(report) is ConnectionState.RECEIVE_ONLY


def test_reading_that_was_not_granted_is_not_tried(microsoft_world: MicrosoftWorld) -> None:
    """It fails by name, Graph is not asked, and whose mailbox it is, is known all the same."""
    microsoft_world.faults.at_token(changed(scope="User.Read MailboxSettings.Read Mail.Send"))
    visit, credential = signed_in(microsoft_world)
    report = visit.verify(credential)
    assert codes(report, Chain.RECEIVE) == {
        **RECEIVES,
        "scope": "scope_not_granted",
        "inbox": None,
    }
    assert problem_at(report, "scope").message.params["scopes"] == "Mail.Read"
    assert not any("mailFolders" in each.path for each in microsoft_world.api.calls)
    assert codes(report, Chain.SEND) == SENDS
    assert state_of(report) is ConnectionState.SEND_ONLY
    assert objection(request_of(visit), report) is None


@pytest.mark.parametrize("wanted", Capability)
def test_a_direction_that_nobody_wants_is_not_tried(
    microsoft_world: MicrosoftWorld, wanted: Capability
) -> None:
    """The one that is wanted stands by itself, with whose mailbox it is."""
    visit, credential = signed_in(microsoft_world, wanted=frozenset({wanted}))
    report = visit.verify(credential)
    if wanted is Capability.RECEIVE:
        assert codes(report, Chain.RECEIVE) == RECEIVES
        assert codes(report, Chain.SEND) == {"scope": None, "sender": None}
    else:
        assert set(codes(report, Chain.RECEIVE).values()) == {None}
        assert codes(report, Chain.SEND) == {**REACHED, "me": True, "purpose": True, **SENDS}
    assert [each.address for each in report.identities] == [ALICE.login]


def test_a_token_that_ended_proves_nothing(microsoft_world: MicrosoftWorld) -> None:
    """After the access is taken back, no direction stands and no address is proven."""
    visit, credential = signed_in(microsoft_world)
    microsoft_world.server.end_grants(ALICE)
    report = visit.verify(credential)
    assert report.first_problem is not None
    assert report.first_problem.code == "grant_ended"
    assert report.identities == ()


def test_a_message_to_oneself_arrives(microsoft_world: MicrosoftWorld) -> None:
    """It is sent once, found by an id that nobody can guess, and left there with a word on it."""
    visit, credential = signed_in(microsoft_world)
    before = list(microsoft_world.api.delivered.get(ALICE.login, ()))
    sent = []

    def watched(asked: Request, proceed: Callable[[], Answer]) -> Answer:
        sent.append(json.loads(asked.body))
        return proceed()

    microsoft_world.faults.at_api(watched, "/sendMail")
    visit.send_test_message = True
    report = visit.verify(credential)
    assert codes(report, Chain.RECEIVE) == {**RECEIVES, "message": True}
    assert codes(report, Chain.SEND) == {**SENDS, "message": True}
    (arrived,) = microsoft_world.api.delivered[ALICE.login][len(before) :]
    assert len(arrived) > 40
    (posted,) = sent
    assert posted["message"]["internetMessageId"] == arrived
    assert "Acme" in posted["message"]["subject"]
    assert posted["saveToSentItems"] is False  # what is found is what arrived
    (check,) = (each for each in report.chain(Chain.RECEIVE) if each.stage == "message")
    assert isinstance(check.evidence, Text)
    said = Words("en", {"outlook": "inboxlink_outlook"})(check.evidence)
    assert "no permission to remove it" in said
    assert {each.method for each in microsoft_world.api.calls} == {"GET", "POST"}


def test_a_message_that_does_not_arrive_is_told(
    microsoft_world: MicrosoftWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mailbox that loses its mail is told from one that works."""
    monkeypatch.setattr(own_message, "_PATIENCE_S", 0.0)
    visit, credential = signed_in(microsoft_world)
    microsoft_world.api.delivers = False
    visit.send_test_message = True
    report = visit.verify(credential)
    assert codes(report, Chain.SEND)["message"] is True
    assert codes(report, Chain.RECEIVE)["message"] == "message_not_found"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("ErrorSendAsDenied", "sender_refused"),
        ("ErrorMessageSubmissionBlocked", "message_refused"),
    ],
)
def test_a_message_that_is_not_taken_is_told(
    microsoft_world: MicrosoftWorld, error: str, code: str
) -> None:
    """What Graph refuses to send is not looked for."""
    visit, credential = signed_in(microsoft_world)
    microsoft_world.faults.at_api(instead(graph_error(403, error, "No.")), "/sendMail")
    visit.send_test_message = True
    report = visit.verify(credential)
    assert codes(report, Chain.SEND)["message"] == code
    assert codes(report, Chain.RECEIVE)["message"] is None


def test_a_message_of_which_nobody_knows_is_looked_for_and_never_sent_again(
    microsoft_world: MicrosoftWorld,
) -> None:
    """Where Graph hangs up after it took the message, finding it says that it was sent."""
    visit, credential = signed_in(microsoft_world)
    before = len(microsoft_world.api.delivered.get(ALICE.login, ()))

    def hangs_up(_: Any, proceed: Any) -> Any:
        proceed()
        raise ConnectionError

    # The front answers 502 where what stands behind it hangs up: taken, and nobody says so.
    microsoft_world.faults.at_api(hangs_up, "/sendMail")
    visit.send_test_message = True
    report = visit.verify(credential)
    assert codes(report, Chain.SEND)["message"] == "server_unavailable"
    assert codes(report, Chain.RECEIVE)["message"] is True
    assert len(microsoft_world.api.delivered[ALICE.login]) == before + 1


def test_the_same_account_is_asked_about(microsoft_world: MicrosoftWorld) -> None:
    """Graph must speak of the account that signed in."""
    # OA12
    visit, credential = signed_in(microsoft_world)
    microsoft_world.faults.at_api(changed(id=BOB.oid), "/me")
    assert problem_at(visit.verify(credential), "me").code == "wrong_account"


def test_aliases_are_microsofts_own(microsoft_world: MicrosoftWorld) -> None:
    """The addresses of the mailbox, each once: smtp ones, and no name of another system."""
    visit, credential = signed_in(microsoft_world)
    listed = [
        *("SMTP:alice@example.test", "smtp:sales@example.test", "smtp:Alice@example.org"),
        *("x500:/o=Example/cn=alice", "SIP:alice@example.test", "smtp:not an address", 5),
    ]
    microsoft_world.faults.at_api(changed(proxyAddresses=listed), "/me")
    found = provider.aliases(visit.call(), credential, {})
    assert [each.address for each in found] == [
        *("alice@example.test", "sales@example.test", "Alice@example.org"),
    ]
    assert {each.subject for each in found} == {credential.account}


def test_a_name_for_signing_in_that_is_no_address_is_none(
    microsoft_world: MicrosoftWorld,
) -> None:
    """`mail` counts, and a principal name only where it could be written to."""
    visit, credential = signed_in(microsoft_world)
    microsoft_world.faults.at_api(changed(userPrincipalName="alice@corp.local"), "/me")
    found = provider.aliases(visit.call(), credential, {})
    assert [each.address for each in found] == ["alice@example.test"]


def test_an_address_that_is_kept_elsewhere_is_not_proven(microsoft_world: MicrosoftWorld) -> None:
    """An account opened with another provider's address has its mailbox under a made-up name."""
    # OA12
    visit, credential = signed_in(microsoft_world, address=CAROL.login, account=CAROL)
    made_up = "outlook_0123456789ABCDEF@outlook.com"
    microsoft_world.faults.at_api(changed(userPrincipalName=made_up), "/me")
    report = visit.verify(credential)
    assert [each.address for each in report.identities] == [made_up]
    found = objection(request_of(visit), report)
    assert found is not None
    assert found.code == "wrong_account"


def test_no_address_at_all_is_no_mailbox(microsoft_world: MicrosoftWorld) -> None:
    """Without evidence of the address the connection fails closed."""
    # OA12
    visit, credential = signed_in(microsoft_world)
    microsoft_world.faults.at_api(changed(mail=None, userPrincipalName=None), "/me")
    report = visit.verify(credential)
    assert report.identities == ()
    found = objection(request_of(visit), report)
    assert found is not None
    assert found.code == "wrong_account"
