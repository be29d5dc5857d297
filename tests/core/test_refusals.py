"""At most one wrong use of a secret: within an action, and from one action to the next."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from unittest.mock import sentinel

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.custody import DATABASE, NOW
from inboxlink.connect.host import Host
from inboxlink.connect.refusing import Recollection
from inboxlink.errors import MailboxError, Problem, SignInError, problem
from inboxlink.types.attempts import Attempts

HOST = "imap.example.test"
USER = "Ann"
SECRET = "hünter2 \udce9{5}"

#: The answers of a server that counts them as wrong passwords, and those that it does not.
COUNTED = ("invalid_credentials", "app_password_required", "credentials_expired")
NOT_COUNTED = ("sign_in_refused", "wrong_account", "secret_unsupported")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def host(home: Path, clock: Clock) -> Iterator[Host]:
    with Host(clock=clock) as opened:
        yield opened


def refused_with(attempts: Attempts, code: str, *use: str) -> Problem:
    """Let a server answer a use of a secret with this code; gives what came of it."""
    with pytest.raises(SignInError) as raised, attempts.use(*use):
        raise SignInError(problem(code))
    return raised.value.problem


def is_sent(attempts: Attempts, host: str, username: str, secret: str) -> bool:
    """Whether the secret gets as far as the server."""
    try:
        with attempts.use(host, username, secret):
            return True
    except SignInError:
        return False


@pytest.mark.parametrize("code", COUNTED)
def test_a_refused_secret_goes_nowhere_else_in_the_same_action(code: str) -> None:
    """No other host, protocol or user name gets what one server called wrong."""
    attempts = Attempts()
    first = refused_with(attempts, code, HOST, USER, SECRET)
    for host, username in ((HOST, USER), ("smtp.example.test", USER), (HOST, "ann@example.test")):
        with pytest.raises(SignInError) as raised, attempts.use(host, username, SECRET):
            pytest.fail("the secret would have been sent")
        assert raised.value.problem == first
    assert is_sent(attempts, HOST, USER, "another secret")


def test_a_bare_refusal_may_be_of_the_secret(host: Host) -> None:
    """Where nobody knows whom to blame, the server may have counted it, and it goes no second time.

    Exchange answers 401 and no more.
    """
    bare = replace(problem("sign_in_refused"), blame=None)
    with pytest.raises(SignInError), Attempts(Recollection(host)).use(HOST, USER, SECRET):
        raise SignInError(bare)
    assert not is_sent(Attempts(Recollection(host)), HOST, USER, SECRET)
    # Another form of the user name is another try, which the person may make at once.
    assert is_sent(Attempts(Recollection(host)), HOST, "CORP\\ann", SECRET)


@pytest.mark.parametrize("code", NOT_COUNTED)
def test_a_refusal_of_something_else_leaves_the_secret_usable(code: str, host: Host) -> None:
    """A policy or another account is no wrong password."""
    attempts = Attempts(Recollection(host))
    refused_with(attempts, code, HOST, USER, SECRET)
    assert is_sent(attempts, HOST, USER, SECRET)


@pytest.mark.parametrize("code", ["server_unavailable", "timed_out", "too_many_connections"])
def test_a_server_in_trouble_is_no_refusal(code: str, host: Host) -> None:
    """What passes by itself is neither counted nor remembered."""
    attempts = Attempts(Recollection(host))
    with pytest.raises(MailboxError), attempts.use(HOST, USER, SECRET):
        raise MailboxError(problem(code))
    assert is_sent(attempts, HOST, USER, SECRET)
    assert is_sent(Attempts(Recollection(host)), HOST, USER, SECRET)


def test_two_directions_at_once_may_use_a_secret_each() -> None:
    """Neither waits for the other: nobody knows yet that the secret is wrong."""
    attempts, together, sent = Attempts(), Barrier(2, timeout=5), []

    def use(host: str) -> None:
        with attempts.use(host, USER, SECRET):
            together.wait()
            sent.append(host)

    threads = [Thread(target=use, args=(host,)) for host in (HOST, "smtp.example.test")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(sent) == 2


def test_the_next_action_remembers_for_a_quarter_of_an_hour(host: Host, clock: Clock) -> None:
    """Until then the secret is not sent again to that host, and the problem says how long."""
    refused_with(Attempts(Recollection(host)), "invalid_credentials", HOST, USER, SECRET)
    clock.now += timedelta(minutes=14, seconds=1)
    with pytest.raises(SignInError) as raised, Attempts(Recollection(host)).use(HOST, USER, SECRET):
        pytest.fail("the secret would have been sent")
    told = raised.value.problem
    assert (told.code, told.retry_after_s) == ("refused_recently", 59.0)
    assert told.message.params == {"host": HOST, "minutes": "1"}
    clock.now += timedelta(seconds=59)
    assert is_sent(Attempts(Recollection(host)), HOST, USER, SECRET)


def test_only_the_same_host_user_and_secret_are_remembered(host: Host) -> None:
    """Whoever corrects one of the three is not held up; the case of a user name corrects none."""
    refused_with(Attempts(Recollection(host)), "invalid_credentials", HOST, USER, SECRET)

    def is_free(*use: str) -> bool:
        return is_sent(Attempts(Recollection(host)), *use)

    assert is_free("imap.other.test", USER, SECRET)
    assert is_free(HOST, "bob", SECRET)
    assert is_free(HOST, USER, SECRET + " ")
    assert is_free(HOST + USER[:1], USER[1:], SECRET)
    assert not is_free(HOST, USER.upper(), SECRET)


def test_a_person_can_ask_for_it_all_the_same(host: Host) -> None:
    """With the person's word it is sent once more, and remembered again where it is wrong."""
    refused_with(Attempts(Recollection(host)), "invalid_credentials", HOST, USER, SECRET)
    forced = Attempts(Recollection(host, force=True))
    refused_with(forced, "invalid_credentials", HOST, USER, SECRET)
    assert not is_sent(forced, HOST, USER, SECRET)
    assert not is_sent(Attempts(Recollection(host)), HOST, USER, SECRET)


def test_a_secret_that_was_taken_after_all_is_no_longer_held_back(host: Host) -> None:
    """Once the server was put in order, a forced sign-in frees the checks that follow it."""
    other = ("smtp.example.test", USER, SECRET)
    for use in ((HOST, USER, SECRET), other):
        refused_with(Attempts(Recollection(host)), "invalid_credentials", *use)
    assert is_sent(Attempts(Recollection(host, force=True)), HOST, USER, SECRET)
    assert is_sent(Attempts(Recollection(host)), HOST, USER, SECRET)
    assert not is_sent(Attempts(Recollection(host)), *other)


def test_another_process_remembers_too(host: Host, clock: Clock) -> None:
    """The memory is the installation's."""
    refused_with(Attempts(Recollection(host)), "invalid_credentials", HOST, USER, SECRET)
    with Host(clock=clock) as other:
        assert not is_sent(Attempts(Recollection(other)), HOST, USER, SECRET)


def test_what_is_kept_tells_nothing_and_does_not_pile_up(
    host: Host, clock: Clock, home: Path
) -> None:
    """A row is a keyed hash and a time; rows that are over go with the next refusal."""
    for number in range(3):
        refused_with(
            Attempts(Recollection(host)), "invalid_credentials", HOST, USER, f"secret {number}"
        )
    clock.now += timedelta(minutes=15)
    for _ in range(2):
        forced = Attempts(Recollection(host, force=True))
        refused_with(forced, "invalid_credentials", HOST, USER, SECRET)
    with closing(sqlite3.connect(home / "data" / DATABASE)) as database:
        rows = database.execute("SELECT * FROM refusal").fetchall()
    assert rows == [(rows[0][0], "2026-03-04T05:36:07.000089+00:00")]
    assert re.fullmatch("[0-9a-f]{64}", rows[0][0])


def test_a_copy_of_the_database_cannot_test_a_guess(host: Host, home: Path) -> None:
    """The hash depends on the installation's key and not on the secret alone."""
    from inboxlink.store.refusals import Refusals
    from inboxlink.vault import open_vault

    host.refusals.add(HOST, USER, SECRET, NOW)
    elsewhere = open_vault(home / "elsewhere", {"INBOXLINK_KEY": "A" * 43 + "="}, None)
    assert host.refusals.until(HOST, USER, SECRET, NOW) is not None
    assert Refusals(host.store, elsewhere).until(HOST, USER, SECRET, NOW) is None


def test_a_store_in_trouble_does_not_hide_the_refusal(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person hears of the wrong password, and the action still sends it no second time."""
    attempts = Attempts(Recollection(host))
    assert is_sent(attempts, HOST, USER, "opens the store")
    with host.store.write() as connection:
        connection.exec_driver_sql("DROP TABLE refusal")
    monkeypatch.setattr(host.refusals, "until", lambda *_: None)
    told = refused_with(attempts, "invalid_credentials", HOST, USER, SECRET)
    assert told.code == "invalid_credentials"
    assert not is_sent(attempts, HOST, USER, SECRET)


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=12), st.sets(st.sampled_from("abc")))
def test_no_order_of_uses_sends_a_wrong_secret_twice(uses: list[str], wrong: set[str]) -> None:
    """Each wrong secret reaches a server at most once, each right one every time."""
    attempts, sent = Attempts(), []

    def answer(secret: str) -> None:
        sent.append(secret)
        if secret in wrong:
            raise SignInError(problem("invalid_credentials"))

    for secret in uses:
        with suppress(SignInError), attempts.use(HOST, USER, secret):
            answer(secret)
    for secret in "abc":
        assert sent.count(secret) == (
            min(uses.count(secret), 1) if secret in wrong else uses.count(secret)
        )


def test_an_attempt_names_the_host_of_its_endpoint() -> None:
    """A provider says to which endpoint a secret goes, and the host is what counts."""
    from inboxlink.types.context import CallContext
    from inboxlink.types.detection import Endpoint, Role, Tls

    fields = dict.fromkeys(CallContext.__dataclass_fields__, sentinel.unused)
    attempts = Attempts()
    context = CallContext(**{**fields, "attempts": attempts})
    endpoint = Endpoint(Role.IMAP, HOST, 993, Tls.IMPLICIT)
    with pytest.raises(SignInError), context.attempt(endpoint, USER, SECRET):
        raise SignInError(problem("invalid_credentials"))
    assert not is_sent(attempts, HOST, USER, SECRET)
    assert SECRET not in repr(context)
