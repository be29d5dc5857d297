"""One wrong password at all servers together, in everything that uses a password."""

import time
from collections.abc import Callable

import pytest

from e2e.conftest import Program
from peers.dovecot import Dovecot, LoginAttempt
from peers.fixtures import ALICE, PASSWORDS

CONNECT = ("connect", ALICE, "--acknowledge", "imap.I@1", "--password-stdin")
RIGHT = PASSWORDS[ALICE] + "\n"
WRONG = "not the password\n"
REFUSED = LoginAttempt("imap", ALICE, ok=False)


@pytest.fixture
def attempts(example_test: Dovecot) -> Callable[[], list[LoginAttempt]]:
    """What dovecot saw, given a moment in which an attempt too many would still be logged."""

    def seen() -> list[LoginAttempt]:
        time.sleep(0.3)
        return example_test.attempts()

    return seen


Attempts = Callable[[], list[LoginAttempt]]


def test_the_same_wrong_password_is_not_sent_again(program: Program, attempts: Attempts) -> None:
    """A second connect with it ends before the server is asked, and says for how long."""
    assert program("--json", *CONNECT, typed=WRONG).status == 10
    assert attempts() == [REFUSED]
    again = program("--json", *CONNECT, typed=WRONG)
    assert (again.status, again.json["error"]["code"]) == (10, "refused_recently")
    assert 0 < again.json["error"]["retry_after_s"] <= 15 * 60
    assert "imap.example.test" in again.json["error"]["message"]
    assert attempts() == [REFUSED]


def test_a_corrected_password_goes_at_once(program: Program, attempts: Attempts) -> None:
    """The memory is of the wrong password, and not of the mailbox."""
    assert program("--json", *CONNECT, typed=WRONG).status == 10
    assert program("--json", *CONNECT, typed=RIGHT).status == 0
    assert attempts() == [
        REFUSED,
        LoginAttempt("imap", ALICE, ok=True),
        LoginAttempt("submission", ALICE, ok=True),
    ]


def test_force_sends_it_once_more_and_only_once(program: Program, attempts: Attempts) -> None:
    """`--force` is the person's word for one more use, at one server."""
    assert program("--json", *CONNECT, typed=WRONG).status == 10
    forced = program("--json", *CONNECT, "--force", typed=WRONG)
    assert (forced.status, forced.json["error"]["code"]) == (10, "invalid_credentials")
    assert attempts() == [REFUSED, REFUSED]


def test_what_a_forced_sign_in_connected_stays_connected(
    program: Program, example_test: Dovecot
) -> None:
    """A password that the server takes after all is not held against the connection it made."""
    with example_test.changed_password(ALICE, "not the password any more"):
        assert program("--json", *CONNECT, typed=RIGHT).status == 10
    forced = program("--json", *CONNECT, "--force", typed=RIGHT)
    assert forced.status == 0, forced
    checked = program("--json", "accounts", "verify", forced.json["account"]["id"])
    assert (checked.status, checked.json["account"]["state"]) == (0, "active")


def test_another_server_of_the_same_mailbox_does_not_get_it_either(
    program: Program, attempts: Attempts
) -> None:
    """A submission server of another name gets no password that IMAP refused, now or later."""
    other = ("--set", "smtp_host=mail.example.test", "--set", "smtp_port=465")
    for _ in range(2):
        assert program("--json", *CONNECT, *other, typed=WRONG).status == 10
    assert attempts() == [REFUSED]


def test_a_check_in_the_background_uses_a_refused_password_once(
    program: Program, example_test: Dovecot, attempts: Attempts
) -> None:
    """A password that was changed elsewhere costs one wrong use, however often it is checked."""
    connected = program("--json", *CONNECT, typed=RIGHT)
    connection_id = connected.json["account"]["id"]
    with example_test.changed_password(ALICE, "changed elsewhere"):
        before = len(attempts())
        first = program("--json", "accounts", "verify", connection_id)
        assert first.status == 10
        for _ in range(3):
            again = program("--json", "accounts", "verify", connection_id)
            assert (again.status, again.json["error"]["code"]) == (12, "sign_in_again")
        assert attempts()[before:] == [REFUSED]
        # Nor does signing in again with what was just refused.
        reconnect = ("accounts", "reconnect", connection_id, "--acknowledge", "imap.I@1")
        old = program("--json", *reconnect, "--password-stdin", typed=RIGHT)
        assert (old.status, old.json["error"]["code"]) == (10, "refused_recently")
        assert attempts()[before:] == [REFUSED]
        new = program("--json", *reconnect, "--password-stdin", typed="changed elsewhere\n")
        assert new.status == 0, new


def test_a_direction_that_was_refused_is_not_tried_again_by_a_check(
    program: Program, attempts: Attempts
) -> None:
    """Whoever does without sending keeps receiving, and no check repeats the wrong password."""
    connected = program(
        *("--json", "connect", ALICE, "--acknowledge", "imap.I@1", "--accept-partial"),
        *("--set", f"outgoing_username={ALICE}"),
        secrets={"password": PASSWORDS[ALICE], "outgoing_password": "not the password"},
    )
    assert (connected.status, connected.json["account"]["state"]) == (0, "receive_only")
    received = LoginAttempt("imap", ALICE, ok=True)
    assert attempts() == [received, LoginAttempt("submission", ALICE, ok=False)]
    connection_id = connected.json["account"]["id"]
    for count in (1, 2):
        checked = program("--json", "accounts", "verify", connection_id)
        assert (checked.status, checked.json["account"]["state"]) == (0, "receive_only")
        told = {c["stage"]: c["problem"] for c in checked.json["report"]["checks"]}
        assert told["auth"]["code"] == "invalid_credentials"
        assert attempts()[2:] == [received] * count
