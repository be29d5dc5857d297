"""A credential that ends is renewed once, kept before it is used, and never lost in silence."""

import json
import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import filelock
import pytest

from core.custody import child, sql, traces
from core.renewal import Renewal, access, sign_in
from core.test_flows import begun, play, script
from inboxlink import hookimpl
from inboxlink.cli.app import run
from inboxlink.connect import keeping, proving, refreshing
from inboxlink.connect.host import Host
from inboxlink.connect.refreshing import fresh
from inboxlink.connect.request import Connected
from inboxlink.connect.single_flight import alone
from inboxlink.errors import (
    HostError,
    InboxlinkError,
    MailboxError,
    ProviderFault,
    SetupError,
    SignInError,
    UnreachableError,
)
from inboxlink.plugins.calling import DEADLINES_S, NETWORK_MARGIN_S
from inboxlink.store.connections import ConnectionState
from inboxlink.types.credential import SecretName
from peers.token_endpoint import Twist, busy, cut, failing, garbled, silent

NEEDS_REAUTH = ConnectionState.NEEDS_REAUTH
AT_RISK = ConnectionState.AT_RISK
ACTIVE = ConnectionState.ACTIVE


# --- when it is renewed ---


def test_what_is_good_for_a_while_is_given_as_it_is(renewal: Renewal) -> None:
    """Nothing is asked, locked or written while the credential outlives the margin."""
    before = renewal.kept
    renewal.age(61)
    connection, credential = fresh(renewal.host, renewal.id)
    assert access(credential) == access(before[1])
    assert connection.updated_at == before[0].updated_at
    assert renewal.endpoint.calls() == []
    assert not (renewal.data / "refreshing").exists()


@pytest.mark.parametrize("left_s", [-3600, -1, 30])
def test_what_ends_is_renewed_and_kept_before_it_is_given(renewal: Renewal, left_s: float) -> None:
    """Within the margin or after its end it is renewed; what is given is what is stored."""
    before = renewal.kept[1]
    renewal.age(left_s)
    connection, credential = fresh(renewal.host, renewal.id)
    assert renewal.kept == (connection, credential)
    assert access(credential) != access(before)
    assert renewal.endpoint.counts(credential.secret(SecretName.REFRESH_TOKEN))
    assert (connection.standing, connection.refresh_started_at) == (ACTIVE, None)
    assert connection.expires_at is not None
    assert connection.expires_at > datetime.now(UTC) + timedelta(minutes=50)
    assert renewal.endpoint.calls() == [200]


def test_a_margin_and_force_are_the_callers(renewal: Renewal) -> None:
    """A longer margin renews earlier, and force in any case, as after a refusal by a server."""
    first = access(renewal.kept[1])
    second = access(fresh(renewal.host, renewal.id, margin_s=7200)[1])
    third = access(fresh(renewal.host, renewal.id, force=True)[1])
    assert len({first, second, third}) == 3
    assert renewal.endpoint.calls() == [200, 200]


def test_scopes_and_the_grants_end_are_kept(renewal: Renewal) -> None:
    """What the provider says of the renewed credential stands on the connection."""
    renewal.endpoint.grant_s = 3 * 24 * 3600
    connection, credential = fresh(renewal.host, renewal.id, force=True)
    assert connection.grant_ends_at == credential.grant_ends_at is not None
    assert connection.scopes == ("mail.read", "mail.send")


def test_a_password_is_never_renewed(renewal: Renewal) -> None:
    """A password that does not end is given as it is, even where force is asked."""
    outcome = play(renewal.host, begun(renewal.host), script())
    assert isinstance(outcome, Connected)
    found = fresh(renewal.host, outcome.connection.id, force=True)
    assert found == renewal.host.connections.opened(outcome.connection.id)


def test_what_ends_and_cannot_be_renewed_needs_a_sign_in(renewal: Renewal) -> None:
    """A provider that renews nothing is not called; the person is told to sign in again."""
    outcome = play(renewal.host, begun(renewal.host), script())
    assert isinstance(outcome, Connected)
    renewal.age(30)
    assert fresh(renewal.host, outcome.connection.id)[0].state is ACTIVE
    renewal.age(0)
    with pytest.raises(SetupError, match="^sign_in_again$"):
        fresh(renewal.host, outcome.connection.id)
    assert renewal.host.connections.get(outcome.connection.id).state is ACTIVE


@pytest.mark.parametrize("state", [NEEDS_REAUTH, ConnectionState.DISCONNECTED])
def test_a_refused_connection_is_refused_without_a_call(
    renewal: Renewal, state: ConnectionState
) -> None:
    """Whoever must sign in again is told so, and no server hears of it."""
    sql(renewal.data, "UPDATE connection SET state = :state", state=state.value)
    renewal.age()
    with pytest.raises(SetupError, match="^sign_in_again$"):
        fresh(renewal.host, renewal.id)
    assert renewal.endpoint.calls() == []


# --- once, whoever asks ---

#: Processes that do nothing but this, forked when everything is imported, begin at one moment.
CROWD = """
import json, os
from inboxlink.connect.host import Host
from inboxlink.connect.refreshing import fresh
from inboxlink.errors import InboxlinkError
from inboxlink.types.credential import SecretName
import inboxlink.network.wire, filelock, ssl
ident, count = sys.argv[1], int(sys.argv[2])
with Host() as host:
    host.connections.opened(ident), host.registry, host.network
gate, opening = os.pipe()
crowd = []
for _ in range(count):
    heard, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(opening)
        os.read(gate, 1)
        try:
            with Host() as host:
                word = fresh(host, ident)[1].secret(SecretName.ACCESS_TOKEN)
        except InboxlinkError as error:
            word = error.code
        except BaseException as error:
            word = repr(error)
        os.write(said, word.encode())
        os._exit(0)
    os.close(said)
    crowd.append((pid, heard))
os.close(opening)
print(json.dumps([os.read(heard, 200).decode() for _, heard in crowd]))
for pid, _ in crowd:
    os.waitpid(pid, 0)
"""


def test_fifty_processes_renew_once(renewal: Renewal) -> None:
    """Of 50 processes that need one account at once one asks, and all have what came of it."""
    renewal.age()
    out, err = child(CROWD, renewal.id, 50).communicate(timeout=100)
    assert err == ""
    assert set(json.loads(out)) == {access(renewal.kept[1])}
    assert len(json.loads(out)) == 50
    assert renewal.endpoint.calls() == [200]


def test_twenty_threads_renew_once(renewal: Renewal) -> None:
    """The same of threads that share an installation."""
    renewal.age()
    host, together = renewal.host, Barrier(20)

    def ask(_: int) -> str:
        together.wait(60)
        return access(fresh(host, renewal.id)[1])

    with ThreadPoolExecutor(20) as pool:
        given = list(pool.map(ask, range(20)))
    assert set(given) == {access(renewal.kept[1])}
    assert renewal.endpoint.calls() == [200]


HOLDING = """
from inboxlink.connect.host import Host
from inboxlink.connect.refreshing import fresh
from inboxlink.errors import InboxlinkError
from inboxlink.types.credential import SecretName
with Host() as host:
    try:
        print(fresh(host, sys.argv[1])[1].secret(SecretName.ACCESS_TOKEN))
    except InboxlinkError as error:
        print(error.code)
"""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiters of this process wait half a second."""
    assert refreshing.WAIT_S < 35
    monkeypatch.setattr(refreshing, "WAIT_S", 0.5)


@contextmanager
def held(renewal: Renewal) -> Iterator["subprocess.Popen[str]"]:
    """Another process is at the server with what is kept, and waits for the answer."""
    renewal.age()
    assert renewal.endpoint.arrived.acquire(timeout=60)  # of the sign-in
    renewal.endpoint.gate.clear()
    holder = child(HOLDING, renewal.id)
    try:
        assert renewal.endpoint.arrived.acquire(timeout=60)
        yield holder
    finally:
        holder.send_signal(signal.SIGCONT)
        holder.kill()
        holder.communicate()


def given_to(renewal: Renewal, holder: "subprocess.Popen[str]") -> str:
    """Let the server answer, and say what the other process has then."""
    renewal.endpoint.gate.set()
    out, err = holder.communicate(timeout=60)
    assert err == ""
    return out.strip()


def test_a_holder_that_is_stopped_lets_nobody_wait_for_ever(
    renewal: Renewal, impatient: None
) -> None:
    """While the one who renews is stopped others are told `refresh_busy`, and the store works."""
    with held(renewal) as holder:
        holder.send_signal(signal.SIGSTOP)
        renewal.endpoint.gate.set()
        with pytest.raises(HostError, match="^refresh_busy$") as caught:
            fresh(renewal.host, renewal.id)
        assert caught.value.problem.retry_after_s == 30
        connection = renewal.host.connections.get(renewal.id)
        assert (connection.state, connection.standing) == (ACTIVE, AT_RISK)
        keeping.set_automation(renewal.host, connection, on=True)
        holder.send_signal(signal.SIGCONT)
        given = given_to(renewal, holder)
    assert access(fresh(renewal.host, renewal.id)[1]) == given
    assert renewal.kept[0].inbox_automation is True
    assert renewal.kept[0].standing is ACTIVE
    assert renewal.endpoint.calls() == [200]


def replaced(path: Path) -> None:
    """Another file under the name, with what stood in the first."""
    path.with_suffix(".new").write_bytes(path.read_bytes())
    path.with_suffix(".new").replace(path)


def recreated(path: Path) -> None:
    """An empty file under the name; the first one lives on under another."""
    path.replace(path.with_suffix(".old"))
    path.touch()


@pytest.mark.parametrize("lose", [Path.unlink, replaced, recreated])
def test_a_lost_lock_file_lets_nobody_in(
    renewal: Renewal, impatient: None, lose: Callable[[Path], object]
) -> None:
    """Where the file is deleted or replaced while it is held, its place is not taken for free."""
    with held(renewal) as holder:
        lose(renewal.lock_file)
        with pytest.raises(HostError, match="^refresh_busy$"):
            fresh(renewal.host, renewal.id)
        given = given_to(renewal, holder)
        assert access(fresh(renewal.host, renewal.id)[1]) == given
    assert renewal.endpoint.calls() == [200]


def test_a_waiter_of_a_deleted_lock_file_finds_the_new_one(renewal: Renewal) -> None:
    """Whoever waits while the file goes has what the holder renewed, and asks for nothing."""
    with held(renewal) as holder, ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(fresh, renewal.host, renewal.id)
        renewal.lock_file.unlink()
        while not any((renewal.data / "refreshing").iterdir()):
            time.sleep(0.01)
        assert not waiter.done()
        given = given_to(renewal, holder)
        assert access(waiter.result(60)[1]) == given
    assert renewal.endpoint.calls() == [200]


def test_a_deleted_file_and_a_dead_holder_stop_nobody_for_long(renewal: Renewal) -> None:
    """A mark that is older than any renewal takes keeps nobody out, on whatever clock."""
    for moment in (datetime.now(UTC) - timedelta(minutes=1), datetime.now(UTC) + timedelta(days=1)):
        text = moment.isoformat(timespec="microseconds")
        sql(renewal.data, "UPDATE connection SET refresh_started_at = :at", at=text)
        shutil.rmtree(renewal.data / "refreshing", ignore_errors=True)
        renewal.age()
        assert renewal.kept[0].standing is AT_RISK
        assert fresh(renewal.host, renewal.id)[0].standing is ACTIVE
    assert renewal.endpoint.calls() == [200, 200]


def test_a_file_that_goes_while_it_is_locked_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the lock has that of the file under the name, not of one that was there."""
    real = filelock.lock_descriptor
    locked: list[int] = []

    def lock(descriptor: int, *, blocking: bool) -> bool:
        if not locked:
            next((tmp_path / "refreshing").iterdir()).unlink()
        locked.append(descriptor)
        return real(descriptor, blocking=blocking)

    monkeypatch.setattr(filelock, "lock_descriptor", lock)
    tmp_path.chmod(0o700)
    with alone(tmp_path, "c0001", time.monotonic() + 30) as held:
        (file,) = (tmp_path / "refreshing").iterdir()
        assert os.path.samestat(file.stat(), os.fstat(held.descriptor))
    assert len(locked) == 2


@pytest.mark.parametrize("umask", [0o000, 0o377])
def test_the_lock_file_is_ones_own(renewal: Renewal, umask: int) -> None:
    """It is 0600 in a directory of 0700, holds no secret, and goes when the mailbox goes."""
    before = os.umask(umask)
    try:
        fresh(renewal.host, renewal.id, force=True)
        fresh(renewal.host, renewal.id, force=True)
    finally:
        os.umask(before)
    file = renewal.lock_file
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert file.read_text().strip() == str(file.stat().st_ino)
    keeping.disconnect(renewal.host, renewal.host.connections.get(renewal.id))
    assert not file.exists()


def test_a_link_in_the_lock_files_place_is_refused(renewal: Renewal, tmp_path: Path) -> None:
    """It is not followed, and nothing was sent."""
    fresh(renewal.host, renewal.id, force=True)
    file = renewal.lock_file
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HostError, match="^file_exposed$"):
        fresh(renewal.host, renewal.id, force=True)
    assert renewal.endpoint.calls() == [200]
    assert not (tmp_path / "elsewhere").exists()


# --- what comes of it ---


def test_a_definite_no_needs_a_sign_in(renewal: Renewal) -> None:
    """A grant that the provider ended is said to be so, once; nothing is asked after that."""
    renewal.endpoint.end("me")
    renewal.age()
    with pytest.raises(SignInError, match="^grant_ended$"):
        fresh(renewal.host, renewal.id)
    connection = renewal.kept[0]
    assert (connection.state, connection.standing) == (NEEDS_REAUTH, NEEDS_REAUTH)
    assert (connection.problem_code, connection.refresh_started_at) == ("grant_ended", None)
    for _ in range(3):
        with pytest.raises(SetupError, match="^sign_in_again$"):
            fresh(renewal.host, renewal.id)
    assert renewal.endpoint.calls() == [400]
    again = keeping.reconnection(renewal.host, connection, "en")
    assert isinstance(sign_in(renewal.host, again), Connected)
    assert fresh(renewal.host, renewal.id, force=True)[0].standing is ACTIVE


def test_a_no_to_what_is_no_longer_kept_breaks_nothing(renewal: Renewal) -> None:
    """Where a peer renewed meanwhile, or the person signed in again, the refusal says nothing."""
    again = keeping.reconnection(renewal.host, renewal.kept[0], "en")
    before = renewal.kept[1]

    def meanwhile(endpoint: Any, form: dict[str, str]) -> tuple[int, bytes]:
        with Host() as host:
            assert isinstance(sign_in(host, again), Connected)
        return 400, b'{"error": "invalid_grant"}'

    renewal.endpoint.twists.append(meanwhile)
    renewal.age()
    connection, credential = fresh(renewal.host, renewal.id)
    assert renewal.kept == (connection, credential)
    assert access(credential) != access(before)
    assert (connection.state, connection.refresh_started_at) == (ACTIVE, None)
    assert renewal.endpoint.calls() == [400]


@pytest.mark.parametrize("ending", ["sign in again", "disconnect"])
def test_what_is_renewed_takes_no_newer_words_place(renewal: Renewal, ending: str) -> None:
    """A sign-in or a disconnect during a renewal stands; the renewed credential is dropped."""
    kept = renewal.kept[0]
    given: list[str] = []

    def meanwhile(endpoint: Any, form: dict[str, str]) -> tuple[int, bytes]:
        with Host() as host:
            if ending == "disconnect":
                keeping.disconnect(host, kept)
            else:
                sign_in(host, keeping.reconnection(host, kept, "en"))
                given.append(access(host.connections.credential(kept.id)))
        return 200, json.dumps(endpoint.answer("/token", form)[1]).encode()

    renewal.endpoint.twists.append(meanwhile)
    renewal.age()
    if ending == "disconnect":
        with pytest.raises(SetupError, match="^sign_in_again$"):
            fresh(renewal.host, renewal.id)
        assert renewal.kept[1].secrets == {}
        assert renewal.kept[0].state is ConnectionState.DISCONNECTED
    else:
        assert [access(fresh(renewal.host, renewal.id)[1])] == given
        assert renewal.kept[0].standing is ACTIVE
    assert renewal.kept[0].refresh_started_at is None


@pytest.mark.parametrize(
    ("twist", "code"),
    [(busy, "rate_limited"), (failing, "server_unavailable")],
    ids=["429", "503"],
)
def test_a_whole_refusal_to_answer_changes_nothing(
    renewal: Renewal, twist: Twist, code: str
) -> None:
    """A server that is busy or out of order has renewed nothing: no mark stays, and it goes on."""
    renewal.endpoint.twists.append(twist)
    renewal.age()
    before = renewal.kept
    with pytest.raises(MailboxError, match=f"^{code}$") as caught:
        fresh(renewal.host, renewal.id)
    assert caught.value.problem.retry_after_s == (7 if twist is busy else None)
    assert renewal.kept == before
    assert fresh(renewal.host, renewal.id)[0].standing is ACTIVE


def test_a_server_that_is_not_there_changes_nothing(renewal: Renewal) -> None:
    """Where nothing was sent the connection stands as it stood, also one that is at risk."""
    renewal.age()
    before = renewal.kept
    with Host() as host:
        host.network.settings.connect["token.renewing.test:443"] = "127.0.0.1:1"
        with pytest.raises(UnreachableError, match="^connection_refused$"):
            fresh(host, renewal.id)
        assert renewal.kept == before
        long_ago = datetime.now(UTC) - timedelta(days=1)
        text = long_ago.isoformat(timespec="microseconds")
        sql(renewal.data, "UPDATE connection SET refresh_started_at = :at", at=text)
        with pytest.raises(UnreachableError):
            fresh(host, renewal.id)
    assert renewal.kept[0].refresh_started_at == long_ago
    assert renewal.kept[0].standing is AT_RISK
    assert renewal.endpoint.calls() == []
    assert fresh(renewal.host, renewal.id)[0].standing is ACTIVE


@pytest.mark.parametrize("twist", [silent, cut, garbled])
@pytest.mark.parametrize("state", ["active", "receive_only", "send_only", "needs_consent"])
def test_an_answer_that_nobody_knows_is_a_risk(renewal: Renewal, twist: Twist, state: str) -> None:
    """Until the next answer the connection reads at risk, and then what it was, or the truth."""
    sql(renewal.data, "UPDATE connection SET state = :state", state=state)
    renewal.endpoint.twists.append(twist)
    renewal.age()
    before = renewal.kept[1]
    with pytest.raises(MailboxError, match="^(connection_lost|http_failed|protocol_error)$"):
        fresh(renewal.host, renewal.id)
    connection, credential = renewal.kept
    assert connection.state.value == state
    # A word that is waited for from the person says more than a risk.
    assert connection.standing.value == ("needs_consent" if state == "needs_consent" else "at_risk")
    assert connection.refresh_started_at is not None
    assert credential == before
    if twist is silent:
        assert fresh(renewal.host, renewal.id)[0].standing.value == state
    else:
        with pytest.raises(SignInError, match="^grant_ended$"):
            fresh(renewal.host, renewal.id)
        assert renewal.kept[0].standing is NEEDS_REAUTH


def test_a_server_that_takes_too_long_is_a_risk(
    renewal: Renewal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent and not answered in time may have been done; the next answer tells."""
    # The network gives up half a second after the call began.
    monkeypatch.setattr(proving, "NETWORK_MARGIN_S", DEADLINES_S["refresh"] - 0.5)
    renewal.age()
    renewal.endpoint.gate.clear()
    with pytest.raises(MailboxError, match="^timed_out$") as caught:
        fresh(renewal.host, renewal.id)
    assert not isinstance(caught.value, UnreachableError)
    assert renewal.kept[0].standing is AT_RISK
    renewal.endpoint.gate.set()
    while not renewal.endpoint.calls():
        time.sleep(0.01)
    monkeypatch.setattr(proving, "NETWORK_MARGIN_S", NETWORK_MARGIN_S)
    with pytest.raises(SignInError, match="^grant_ended$"):
        fresh(renewal.host, renewal.id)
    assert renewal.kept[0].standing is NEEDS_REAUTH


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _: None, "provider_result_invalid"),
        (lambda it: it.model_copy(update={"secrets": {}}), "provider_result_invalid"),
        (lambda it: it.model_copy(update={"account": "you"}), "provider_result_invalid"),
        (lambda it: it.nothing_like_it, "provider_raised"),
    ],
    ids=["nothing", "no secrets", "another account", "bug"],
)
def test_what_is_no_credential_of_the_account_is_not_kept(
    renewal: Renewal, monkeypatch: pytest.MonkeyPatch, change: Any, code: str
) -> None:
    """A provider that breaks the contract leaves a mark, because the old secret may be used up."""
    from inboxlink_renewing import provider

    real = provider.refresh
    wrong = hookimpl(lambda ctx, credential: change(real(ctx, credential)))
    monkeypatch.setattr(provider, "refresh", wrong)
    renewal.age()
    before = renewal.kept[1]
    with Host() as host, pytest.raises(ProviderFault, match=f"^{code}$"):
        fresh(host, renewal.id)
    assert renewal.kept[1] == before
    assert renewal.kept[0].standing is AT_RISK


def test_a_setting_that_is_wrong_is_found_before_the_mark(renewal: Renewal) -> None:
    """Where the operator's registration cannot be read nothing was sent, and nothing is at risk."""
    renewal.age()
    before = renewal.kept
    text = '[oauth.renewing]\nclient_id = "c"\nclient_secret_file = "/nowhere"\n'
    config = renewal.home / "inboxlink.toml"
    config.write_text(config.read_text() + text)
    with Host() as host, pytest.raises(InboxlinkError):
        fresh(host, renewal.id)
    assert renewal.kept == before
    assert renewal.endpoint.calls() == []


# --- where it cannot be kept ---

REFUSE = (
    "CREATE TRIGGER refuse BEFORE INSERT ON connection_secret BEGIN SELECT RAISE(ABORT, ''); END"
)


def test_a_store_in_trouble_is_tried_again_while_the_lock_is_held(
    renewal: Renewal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was renewed outlives trouble of the store that passes, and is used after that only."""
    renewal.age()
    sql(renewal.data, REFUSE)
    slept: list[float] = []

    def sleep(span_s: float) -> None:
        slept.append(span_s)
        assert renewal.kept[0].standing is AT_RISK
        if len(slept) == 2:
            sql(renewal.data, "DROP TRIGGER refuse")

    monkeypatch.setattr(refreshing.time, "sleep", sleep)
    connection, credential = fresh(renewal.host, renewal.id)
    assert slept == list(refreshing.COMMIT_DELAYS_S[:2])
    assert renewal.kept == (connection, credential)
    assert renewal.endpoint.counts(credential.secret(SecretName.REFRESH_TOKEN))
    assert renewal.endpoint.calls() == [200]


def test_a_store_in_trouble_for_long_is_told_and_a_risk(
    renewal: Renewal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a bounded number of tries the store's error is raised, and the mark stays."""
    renewal.age()
    before = renewal.kept[1]
    sql(renewal.data, REFUSE)
    slept: list[float] = []
    monkeypatch.setattr(refreshing.time, "sleep", slept.append)
    with pytest.raises(HostError, match="^store_unavailable$"):
        fresh(renewal.host, renewal.id)
    assert slept == list(refreshing.COMMIT_DELAYS_S)
    assert renewal.kept[1] == before
    assert renewal.kept[0].standing is AT_RISK
    sql(renewal.data, "DROP TRIGGER refuse")
    with pytest.raises(SignInError, match="^grant_ended$"):
        fresh(renewal.host, renewal.id)
    assert renewal.kept[0].standing is NEEDS_REAUTH


def test_without_a_mark_nothing_is_sent(renewal: Renewal) -> None:
    """A store that cannot take the mark is told before the provider is asked."""
    renewal.age()
    sql(
        renewal.data,
        "CREATE TRIGGER refuse BEFORE UPDATE ON connection BEGIN SELECT RAISE(ABORT, ''); END",
    )
    with pytest.raises(HostError, match="^store_unavailable$"):
        fresh(renewal.host, renewal.id)
    assert renewal.endpoint.calls() == []


# --- clocks ---


@pytest.mark.parametrize("jump", [timedelta(minutes=-10), timedelta(minutes=10)])
def test_a_clock_that_jumps_during_a_renewal_breaks_nothing(
    renewal: Renewal, jump: timedelta
) -> None:
    """What was renewed is kept, reads as it was, and is not renewed again at once."""
    off = [timedelta()]

    def twist(endpoint: Any, form: dict[str, str]) -> tuple[int, bytes]:
        off[0] = jump
        return 200, json.dumps(endpoint.answer("/token", form)[1]).encode()

    renewal.endpoint.twists.append(twist)
    renewal.age()
    with Host(clock=lambda: datetime.now(UTC) + off[0]) as host:
        first = fresh(host, renewal.id)
        assert first[0].standing is ACTIVE
        assert fresh(host, renewal.id) == first
    assert fresh(renewal.host, renewal.id) == first
    assert renewal.endpoint.calls() == [200]


# --- no secret anywhere ---


def test_no_token_is_seen(renewal: Renewal, capsys: Any, caplog: pytest.LogCaptureFixture) -> None:
    """No token stands in what is printed, logged, raised or written, whatever comes of it."""
    caplog.set_level(logging.DEBUG)
    seen = [repr(fresh(renewal.host, renewal.id, force=True))]
    for twist in (None, garbled):
        if twist is not None:
            renewal.endpoint.twists.append(twist)
        for arguments in (
            ("accounts", "refresh", renewal.id, "--force"),
            ("--json", "accounts", "refresh", renewal.id, "--force"),
            ("--json", "accounts", "show", renewal.id),
            ("accounts", "show", renewal.id),
        ):
            run(arguments)
            captured = capsys.readouterr()
            seen.append(captured.out + captured.err)
    with pytest.raises(InboxlinkError) as caught:
        fresh(renewal.host, renewal.id, force=True)
    seen += [repr(caught.value), repr(caught.value.problem), caplog.text]
    issued = renewal.endpoint.issued
    assert len(issued) >= 8
    assert [token for token in issued for said in seen if token in said] == []
    assert [each for token in issued for each in traces(renewal.home, token.encode())] == []


# --- the program ---


def said(capsys: Any, *arguments: str, status: int = 0) -> str:
    assert run(arguments) == status
    captured = capsys.readouterr()
    return str(captured.out + captured.err)


def test_the_program_renews_and_says_until_when(renewal: Renewal, capsys: Any) -> None:
    """`accounts refresh` says until when the access is good, in words and as JSON."""
    first = access(renewal.kept[1])
    assert "is good until" in said(capsys, "accounts", "refresh", "me@renewing.test")
    assert access(renewal.kept[1]) == first
    said(capsys, "accounts", "refresh", renewal.id, "--force")
    assert access(renewal.kept[1]) != first
    found = json.loads(said(capsys, "--json", "accounts", "refresh", renewal.id))["account"]
    assert datetime.fromisoformat(found["expires_at"]) == renewal.kept[0].expires_at
    assert (found["state"], found["grant_ends_at"]) == ("active", None)
    renewal.endpoint.twists.append(silent)
    assert run(["accounts", "refresh", renewal.id, "--force"]) == 11
    capsys.readouterr()
    found = json.loads(said(capsys, "--json", "accounts", "show", renewal.id))["account"]
    assert found["state"] == "at_risk"
    assert "at risk" in said(capsys, "accounts", "list")
    renewal.endpoint.end("me")
    assert "[grant_ended]" in said(capsys, "accounts", "refresh", renewal.id, "--force", status=10)


def test_a_password_has_nothing_to_renew(renewal: Renewal, capsys: Any) -> None:
    """A mailbox whose access does not end is said to have none."""
    outcome = play(renewal.host, begun(renewal.host), script())
    assert isinstance(outcome, Connected)
    assert "does not end by itself" in said(capsys, "accounts", "refresh", "me@scripted.test")


@pytest.mark.parametrize("days", [1.9, 2.1])
def test_a_grant_that_ends_soon_is_told(renewal: Renewal, capsys: Any, days: float) -> None:
    """Two days before the provider ends the access the person is told to sign in again."""
    renewal.endpoint.grant_s = int(days * 24 * 3600)
    said(capsys, "accounts", "refresh", renewal.id, "--force")
    for command in (("list",), ("show", renewal.id), ("verify", renewal.id)):
        text = " ".join(said(capsys, "accounts", *command).split())
        told = f"inboxlink accounts reconnect {renewal.id}" in text
        assert told == (days < 2), text
    json.loads(said(capsys, "--json", "accounts", "list"))
    keeping.disconnect(renewal.host, renewal.kept[0])
    assert "reconnect" not in said(capsys, "accounts", "list")


def test_what_was_renewed_is_what_is_compared(renewal: Renewal) -> None:
    """A mark is taken back only by whoever set it."""
    renewals = renewal.host.renewals
    connection, credential = renewal.kept
    now = datetime.now(UTC)
    assert renewals.begin(connection.id, credential, now)
    renewals.undo(connection.id, now - timedelta(seconds=1), None)
    assert renewal.kept[0].refresh_started_at == now
    renewals.undo(connection.id, now, None)
    assert renewal.kept[0] == replace(connection, refresh_started_at=None)
    other = credential.model_copy(update={"secrets": {}})
    assert not renewals.begin(connection.id, other, now)
    assert not renewals.keep(connection.id, other, credential, now)
    assert not renewals.refuse(connection.id, other, "grant_ended", now)
    assert renewal.kept == (connection, credential)
