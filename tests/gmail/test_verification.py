"""The two directions of a mailbox, and what each of them says of whose it is."""

from email.header import decode_header, make_header
from typing import Any

import pytest

from gmail.world import READ, SEND, Host, codes, credential
from inboxlink.testing.peers.faults import HTML, HUGE, Fault, changed, instead, unavailable
from inboxlink.testing.peers.web import json_answer
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import Chain, Identity, Proof
from inboxlink.types.steps import Done
from inboxlink.types.text import Text
from peers.oauth.google_answers import gmail_busy, gmail_disabled, gmail_error
from peers.oauth.worlds import ALICE, BOB

WHOLE = {"dns": True, "tcp": True, "tls": True, "scope": True, "profile": True, "labels": True}
UNTRIED = dict.fromkeys(WHOLE)
ONLY_SEND = {"dns": True, "tcp": True, "tls": True, "scope": True, "senders": "not granted"}

PROVEN = Identity(address=ALICE.login, proof=Proof.PROVEN, subject=ALICE.sub)


def test_both_directions_are_proved(host: Host) -> None:
    """One connection shows profile, labels and senders; the mailbox's own address is proven."""
    # req 33, 109
    report = host.verify(host.done())
    assert codes(report, Chain.RECEIVE) == WHOLE
    assert codes(report, Chain.SEND) == {"scope": True, "senders": True}
    assert report.can_receive
    assert report.can_send
    assert report.identities == (PROVEN,)
    assert [each.path.rpartition("/me/")[2] for each in host.google.api.calls] == [
        *("profile", "labels", "settings/sendAs")
    ]
    evidence = {check.stage: check.evidence for check in report.checks}
    assert evidence["profile"] == evidence["senders"] == ALICE.login
    assert evidence["labels"] == "INBOX SENT"


def test_a_direction_that_is_not_wanted_is_not_tried(host: Host) -> None:
    """Who only reads is asked nothing about sending."""
    host = host.but(wanted=(Capability.RECEIVE,))
    report = host.verify(host.done())
    assert codes(report, Chain.RECEIVE) == WHOLE
    assert codes(report, Chain.SEND) == {"scope": None, "senders": None}
    assert report.identities == (PROVEN,)


def test_who_only_sends_shows_nothing_and_is_known_all_the_same(host: Host) -> None:
    """With `gmail.send` alone the ID token names the mailbox, and the senders are not granted."""
    # GP1
    host = host.but(wanted=(Capability.SEND,))
    report = host.verify(host.done())
    assert codes(report, Chain.SEND) == ONLY_SEND
    assert codes(report, Chain.RECEIVE) == UNTRIED
    assert report.can_send
    assert not report.can_receive
    assert report.identities == (PROVEN,)


def test_who_may_read_is_known_by_the_senders(host: Host) -> None:
    """Where only sending is looked at and reading was granted, the senders show whose it is."""
    done = host.done(BOB).model_copy(update={"settings": {}})
    report = host.but(wanted=(Capability.SEND,)).verify(done)
    assert codes(report, Chain.SEND) == {**ONLY_SEND, "senders": True}
    assert [each.address for each in report.identities] == [BOB.login]


def test_who_only_sends_is_still_found_out(host: Host) -> None:
    """A token that is dead fails the stage that a live one passes by being refused more."""
    host = host.but(wanted=(Capability.SEND,))
    done = host.done()
    host.google.server.end_grants(ALICE)
    report = host.verify(done)
    assert codes(report, Chain.SEND)["scope"] == "grant_ended"
    assert not report.can_send


@pytest.mark.parametrize(
    ("withheld", "receive", "send"),
    [
        (
            "gmail.readonly",
            {"scope": "scope_not_granted"},
            {"scope": True, "senders": "not granted"},
        ),
        ("gmail.send", {"scope": True, "labels": True}, {"scope": "scope_not_granted"}),
    ],
)
def test_a_box_that_was_left_empty_is_named_and_the_other_direction_works(
    host: Host, withheld: str, receive: dict[str, Any], send: dict[str, Any]
) -> None:
    """What was not granted fails its own direction by name, and nothing else."""
    # req 35
    report = host.verify(host.done(withheld=(withheld,)))
    assert codes(report, Chain.RECEIVE).items() >= receive.items()
    assert codes(report, Chain.SEND).items() >= send.items()
    found = report.first_problem
    assert found is not None
    assert found.message.params == {"scopes": f"https://www.googleapis.com/auth/{withheld}"}
    assert report.can_receive is (withheld != "gmail.readonly")
    assert report.can_send is (withheld != "gmail.send")
    assert report.identities == (PROVEN,)


def test_with_every_box_empty_nothing_is_asked_of_the_mailbox(host: Host) -> None:
    """Without any scope both directions name theirs, and Gmail is not asked."""
    report = host.verify(host.done(withheld=("gmail.readonly", "gmail.send")))
    found = [check.problem.message.params["scopes"] for check in report.checks if check.problem]
    assert found == [READ, SEND]
    assert host.google.api.calls == []


def test_another_account_is_found_out(host: Host) -> None:
    """Signed in as somebody else, the mailbox shows their address and not the typed one."""
    # req 33
    report = host.verify(host.done(BOB))
    assert [each.address for each in report.identities] == [BOB.login]
    only = host.but(wanted=(Capability.SEND,))
    assert [each.address for each in only.verify(only.done(BOB)).identities] == [BOB.login]


def test_without_evidence_nobody_is_proven(host: Host) -> None:
    """Neither an unverified address nor one that Google does not keep shows whose mailbox it is."""
    only = host.but(wanted=(Capability.SEND,))
    for claims in ({"email_verified": False}, {"hd": None}):
        host.google.faults.at_token(host.google.server.id_token_with(**claims), times=1)
        assert only.verify(only.done()).identities == ()


SENDERS = {
    "sendAs": [
        {"sendAsEmail": "sales@example.test", "verificationStatus": "accepted"},
        {"sendAsEmail": ALICE.login, "isPrimary": True, "isDefault": True},
        {"sendAsEmail": "pending@example.test", "verificationStatus": "pending"},
        {"sendAsEmail": "unknown@example.test"},
    ]
}


def test_aliases_appear_by_themselves(host: Host) -> None:
    """Every sender that Gmail has confirmed is an address of the mailbox, its own first."""
    # req 29
    done = host.done()
    host.google.faults.at_api(changed(**SENDERS), path="settings/sendAs")
    report = host.verify(done)
    assert [each.address for each in report.identities] == [ALICE.login, "sales@example.test"]
    assert {each.proof for each in report.identities} == {Proof.PROVEN}
    assert {each.subject for each in report.identities} == {ALICE.sub}


@pytest.mark.parametrize(
    ("typed", "own", "is_same"),
    [
        ("a.n.n@gmail.com", "ann@gmail.com", True),
        ("ann+news@gmail.com", "a.nn@gmail.com", True),
        ("Ann@googlemail.com", "ann@gmail.com", True),
        ("ann@gmail.com", "ann@googlemail.com", True),
        ("anne@gmail.com", "ann@gmail.com", False),
        ("a.nn@example.test", "ann@example.test", False),
        ("ann+news@example.test", "ann@example.test", False),
        ("ann@gmail.com.test", "ann@gmail.com", False),
        ("Alice@example.test", "alice@example.test", True),
    ],
)
def test_the_typed_address_counts_under_googles_rules(
    host: Host, typed: str, own: str, is_same: bool
) -> None:
    """Dots, a plus sign and googlemail.com make no difference at Gmail, and all of it elsewhere."""
    host = host.but(address=typed)
    done = host.done()
    host.google.faults.at_api(changed(emailAddress=own), path="/profile")
    host.google.faults.at_api(changed(sendAs=[]), path="settings/sendAs")
    addresses = [each.address for each in host.verify(done).identities]
    assert addresses[0] == own
    assert len({each.lower() for each in addresses}) == len(addresses)
    assert (typed.lower() in [each.lower() for each in addresses]) is is_same


REFUSALS: dict[str, tuple[Fault, str]] = {
    "unauthorised": (
        instead(gmail_error(401, "UNAUTHENTICATED", "authError", "Invalid Credentials")),
        "grant_ended",
    ),
    "scope": (
        instead(gmail_error(403, "PERMISSION_DENIED", "insufficientPermissions", "Insufficient")),
        "scope_not_granted",
    ),
    "scope, newer": (
        instead(
            json_answer(
                403, {"error": {"details": [{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}
            )
        ),
        "scope_not_granted",
    ),
    "switched off": (
        instead(gmail_error(403, "PERMISSION_DENIED", "accessNotConfigured", "not been used")),
        "gmail_api_disabled",
    ),
    "switched off, newer": (
        instead(json_answer(403, {"error": {"details": [{"reason": "SERVICE_DISABLED"}]}})),
        "gmail_api_disabled",
    ),
    "policy": (
        instead(gmail_error(403, "PERMISSION_DENIED", "domainPolicy", "disabled Gmail apps")),
        "admin_policy",
    ),
    "no mailbox": (gmail_disabled(), "no_mailbox"),
    "another precondition": (
        instead(gmail_error(400, "FAILED_PRECONDITION", "failedPrecondition", "Precondition")),
        "remote_error",
    ),
    "busy": (gmail_busy(9), "rate_limited"),
    **{
        f"busy, {reason}": (
            instead(gmail_error(403, "PERMISSION_DENIED", reason, "Too many")),
            "rate_limited",
        )
        for reason in ("rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded")
    },
    "down": (unavailable(503), "server_unavailable"),
    "broken": (unavailable(500), "server_unavailable"),
    "odd": (instead(json_answer(400, {"error": {"errors": "x", "details": [7]}})), "remote_error"),
    "a string": (instead(json_answer(403, {"error": "x"})), "remote_error"),
    "a page": (instead(HTML), "protocol_error"),
    "20 MB": (instead(HUGE), "response_too_large"),
    "nothing": (instead(json_answer(200, {})), "protocol_error"),
    "a list": (instead(json_answer(200, [])), "protocol_error"),
    "another shape": (instead(json_answer(200, {"emailAddress": 7})), "protocol_error"),
    "an escape": (instead(json_answer(200, {"emailAddress": "a\x1b[2J@b.c"})), "protocol_error"),
}


#: Google's own name for it is kept, by which it is explained.
REMOTE = {
    "scope": "403 insufficientPermissions: Insufficient",
    "scope, newer": "403 ACCESS_TOKEN_SCOPE_INSUFFICIENT:",
    "policy": "403 domainPolicy: disabled Gmail apps",
    "no mailbox": "400 failedPrecondition: Mail service not enabled",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_of_the_api_are_named(host: Host, name: str) -> None:
    """Whatever Gmail answers to the profile has a code of its own, and the rest is not reached."""
    fault, code = REFUSALS[name]
    host.google.faults.at_api(fault, path="/profile")
    report = host.verify(host.done())
    assert codes(report, Chain.RECEIVE) == {**WHOLE, "profile": code, "labels": None}
    if name in REMOTE:
        assert report.first_problem is not None
        assert report.first_problem.remote == REMOTE[name]
    assert codes(report, Chain.SEND) == {"scope": True, "senders": True}


def test_patience_is_passed_on(host: Host) -> None:
    """How long Gmail asks to be left alone stands in the problem, under 403 too."""
    done = host.done()
    limited = gmail_error(
        403, "PERMISSION_DENIED", "userRateLimitExceeded", "Too many", Retry_After="9"
    )
    for fault in (gmail_busy(9), instead(limited)):
        host.google.faults.at_api(fault, path="/profile", times=1)
        found = host.verify(done).first_problem
        assert found is not None
        assert found.retry_after_s == 9


def test_a_mailbox_without_its_labels_is_none(host: Host) -> None:
    """Without INBOX or SENT there is nothing to receive into, or to record from."""
    host.google.faults.at_api(changed(labels=[{"id": "INBOX"}]), path="/labels")
    assert codes(host.verify(host.done()), Chain.RECEIVE)["labels"] == "inbox_missing"


def test_a_revoked_grant_is_found_out(host: Host) -> None:
    """What the person ended on Google's page reads as ended in both directions."""
    # req 42
    done = host.done()
    host.google.server.end_grants(ALICE)
    report = host.verify(done)
    assert codes(report, Chain.RECEIVE)["profile"] == "grant_ended"
    assert codes(report, Chain.SEND)["senders"] == "grant_ended"


def test_nobody_there_is_one_failure(host: Host) -> None:
    """Where Gmail cannot be reached the first stage says so, and nothing else is tried."""
    done = host.done()
    report = host.but(unreachable=("gmail.googleapis.com",)).verify(done)
    assert codes(report, Chain.RECEIVE)["tcp"] == "connection_refused"
    assert [check.stage for check in report.checks if check.problem] == ["tcp"]
    assert [each.address for each in report.identities] == [ALICE.login]


def test_a_message_to_oneself_comes_back(host: Host) -> None:
    """With the person's yes a message goes out and is found; that it stays is said."""
    host = host.but(send_test_message=True, language="ja")
    report = host.verify(host.done())
    assert codes(report, Chain.RECEIVE) == {**WHOLE, "message": True}
    assert codes(report, Chain.SEND) == {"scope": True, "senders": True, "message": True}
    evidence = {(check.chain, check.stage): check.evidence for check in report.checks}
    assert evidence[Chain.RECEIVE, "message"] == Text(
        "gmail.evidence.stays", default="found, stays in the mailbox"
    )
    subjects = [str(make_header(decode_header(each))) for each in host.google.api.inbox(ALICE)]
    assert "Acme の接続テスト" in subjects


def test_without_a_yes_nothing_is_sent(host: Host) -> None:
    """Nobody's mailbox gets a message that was not agreed to."""
    host.verify(host.done())
    assert not [each for each in host.google.api.calls if each.method == "POST"]


def test_from_another_account_nothing_is_sent(host: Host) -> None:
    """A yes to a message to oneself is none to one from somebody else's mailbox."""
    host = host.but(send_test_message=True)
    report = host.verify(host.done(BOB))
    assert codes(report, Chain.SEND) == {"scope": True, "senders": True}
    assert not [each for each in host.google.api.calls if each.method == "POST"]


def test_who_only_sends_sends_and_cannot_look(host: Host) -> None:
    """With `gmail.send` alone the message goes out, and nothing claims that it arrived."""
    host = host.but(send_test_message=True, wanted=(Capability.SEND,))
    report = host.verify(host.done())
    assert codes(report, Chain.SEND) == {**ONLY_SEND, "message": True}
    assert codes(report, Chain.RECEIVE) == UNTRIED


def test_a_message_that_does_not_come_is_missed(host: Host) -> None:
    """A list that stays empty ends with the deadline and its own code."""
    host = host.but(send_test_message=True, seconds=5)
    done = host.done()
    host.google.faults.at_api(
        instead(json_answer(200, {"resultSizeEstimate": 0})), path="/messages"
    )
    report = host.verify(done)
    assert codes(report, Chain.RECEIVE)["message"] == "message_not_found"
    assert codes(report, Chain.SEND)["message"] is True


def test_a_message_that_is_refused_is_not_looked_for(host: Host) -> None:
    """What Gmail did not send fails sending, and receiving waits for nothing."""
    host = host.but(send_test_message=True)
    done = host.done()
    host.google.faults.at_api(gmail_busy(), path="/messages/send")
    report = host.verify(done)
    assert codes(report, Chain.SEND)["message"] == "rate_limited"
    assert codes(report, Chain.RECEIVE)["message"] is None


def test_a_token_that_nobody_granted_opens_nothing(host: Host) -> None:
    """An invented token is refused in each direction, and proves nobody."""
    report = host.verify(Done(credential=credential()))
    assert codes(report, Chain.RECEIVE)["profile"] == "grant_ended"
    assert not report.can_send
    assert not report.can_receive
    assert report.identities == ()
