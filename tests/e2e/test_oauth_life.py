"""The life of a grant after it was connected: renewed, taken back, signed in again, moved."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from core.custody import child, sql
from core.test_refreshing import CROWD
from e2e.oauth_mailbox import Mailbox
from inboxlink.connect.host import Host
from inboxlink.testing.installation import Running
from inboxlink.testing.peers.web import Answer, Request
from inboxlink.types.credential import SecretName
from peers.dovecot import Dovecot
from peers.fixtures import PASSWORDS
from peers.oauth.worlds import ALICE, BOB
from soak.points import POINTS
from soak.server import Server

REFRESH = "refresh_token"
ROTATING = ("outlook", 20)
LASTING = ("gmail", 3)


def age(mailbox: Mailbox) -> None:
    """Let the access token have ended."""
    text = (datetime.now(UTC) - timedelta(seconds=1)).isoformat(timespec="microseconds")
    sql(mailbox.home / "data", "UPDATE connection SET expires_at = :at", at=text)


def kept(mailbox: Mailbox, ident: str) -> tuple[str, str]:
    """The access token and the refresh token that the vault holds."""
    with Host() as host:
        credential = host.connections.credential(ident)
    if SecretName.TOKEN_CACHE in credential.secrets:
        cache = json.loads(credential.secret(SecretName.TOKEN_CACHE))
        (entry,) = cache["RefreshToken"].values()
        return credential.secret(SecretName.ACCESS_TOKEN), entry["secret"]
    return credential.secret(SecretName.ACCESS_TOKEN), credential.secret(SecretName.REFRESH_TOKEN)


@pytest.mark.parametrize(("name", "times"), [ROTATING, LASTING])
def test_renewals_follow_one_another(request: pytest.FixtureRequest, name: str, times: int) -> None:
    """20 with rotation, 3 without: one call each, other tokens each time, and it still verifies."""
    # MS1
    mailbox: Mailbox = request.getfixturevalue(name)
    ident = mailbox.connected()
    pairs = [kept(mailbox, ident)]
    for count in range(1, times + 1):
        account = mailbox.run("accounts", "refresh", ident, "--force")["account"]
        assert (account["id"], account["state"]) == (ident, "active")
        pairs.append(kept(mailbox, ident))
        assert len(mailbox.world.server.token_calls(REFRESH)) == count
    calls = mailbox.world.server.token_calls(REFRESH)
    assert [each.error for each in calls] == [None] * times
    accesses, refreshes = zip(*pairs, strict=True)
    assert len(set(accesses)) == times + 1
    assert len(set(refreshes)) == (times + 1 if name == "outlook" else 1)
    introspect = mailbox.world.server.introspect
    assert introspect(accesses[-1])["active"]
    assert [introspect(each)["active"] for each in set(refreshes) - {refreshes[-1]}] == [False] * (
        len(set(refreshes)) - 1
    )
    assert mailbox.run("accounts", "verify", ident)["report"]["can_send"] is True


def test_revoked_at_google_the_token_is_dead(gmail: Mailbox) -> None:
    """The refresh token works until `--revoke`, and answers invalid_grant after it."""
    # req 41, 42, 110
    ident = gmail.connected()
    access, refresh = kept(gmail, ident)
    form = {"grant_type": REFRESH, REFRESH: refresh}
    assert gmail.ask_for_tokens(**form).status == 200
    ended = gmail.run("accounts", "disconnect", ident, "--revoke", "--yes")
    assert (ended["revoked"], ended["problem"]) == (True, None)
    assert ended["account"]["state"] == "disconnected"
    refused = gmail.ask_for_tokens(**form)
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
    assert not gmail.world.server.introspect(access)["active"]
    assert sql(gmail.home / "data", "SELECT count(*) FROM connection_secret") == [(0,)]


def test_microsoft_has_no_revocation_and_the_place_is_named(outlook: Mailbox) -> None:
    """Ours is deleted; that none exists at Microsoft, and where to go, is said in words."""
    # req 110
    ident = outlook.connected()
    before = len(outlook.world.server.token_calls())
    ran = outlook.program("accounts", "disconnect", ident, "--revoke", "--yes")
    said = " ".join(ran.out.split())
    assert ran.status == 0
    assert "Microsoft offers applications no way to end one access" in said
    assert "https://myapps.microsoft.com" in said
    assert "https://account.live.com/consent/Manage" in said
    assert sql(outlook.home / "data", "SELECT count(*) FROM connection_secret") == [(0,)]
    assert len(outlook.world.server.token_calls()) == before


def test_revoked_says_neither_yes_nor_no_for_microsoft(outlook: Mailbox) -> None:
    """A script reads null: nothing was revoked there, and nothing failed."""
    ident = outlook.connected()
    ended = outlook.run("accounts", "disconnect", ident, "--revoke", "--yes")
    assert (ended["revoked"], ended["problem"]) == (None, None)


# --- once, whoever asks --------------------------------------------------------------------------


def test_fifty_processes_renew_one_account_once(outlook: Mailbox) -> None:
    """Of 50 that need it at once one asks, all have its answer, and no grant is ended by it.

    They are forked from one that has msal imported, as 50 imports would not be at once.
    """
    ident = outlook.connected()
    age(outlook)
    out, err = child("import inboxlink_outlook.renewal\n" + CROWD, ident, 50).communicate(
        timeout=120
    )
    assert err == ""
    given = json.loads(out)
    assert len(given) == 50
    access = kept(outlook, ident)[0]
    assert set(given) == {access}
    assert [each.error for each in outlook.world.server.token_calls(REFRESH)] == [None]
    assert outlook.world.server.introspect(access)["active"]


def test_programs_renew_one_account_once(outlook: Mailbox) -> None:
    """The same of six runs of the program, each from its very start."""
    ident = outlook.connected()
    age(outlook)
    with ThreadPoolExecutor(6) as pool:
        ran = list(pool.map(lambda _: outlook.run("accounts", "refresh", ident), range(6)))
    assert {each["account"]["state"] for each in ran} == {"active"}
    assert len({each["account"]["expires_at"] for each in ran}) == 1
    assert [each.error for each in outlook.world.server.token_calls(REFRESH)] == [None]


# --- killed between the answer and its commit ----------------------------------------------------


@pytest.fixture(scope="module")
def killing() -> Iterator[Server]:
    """Runs the program so that it dies at a named moment."""
    with Server() as server:
        yield server


STRUCK = {
    "mark committed": False,
    "after the provider's answer": True,
    "connection changed, secrets not": True,
    "new secrets not committed": True,
    "new secrets committed": False,
}


@pytest.mark.parametrize("moment", STRUCK)
def test_a_kill_leaves_no_replaced_token_that_reads_active(
    outlook: Mailbox, killing: Server, moment: str
) -> None:
    """What died after Microsoft's answer and before its commit reads at risk, then signs in again.

    oidc-provider ends the grant at the second use of a token, so the next renewal tells the truth.
    """
    # MS1
    ident = outlook.connected()
    (point,) = (
        index
        for index, each in enumerate(POINTS)
        if (each.action, each.name) == ("refresh", moment)
    )
    ran = killing.program(
        outlook.home, "--json", "accounts", "refresh", ident, "--force", point=point
    )
    assert ran.status == -signal.SIGKILL, ran
    token = kept(outlook, ident)[1]
    is_good = outlook.world.server.introspect(token)["active"]
    assert is_good is not STRUCK[moment], "what was struck is not the moment that is named"
    state = outlook.run("accounts", "show", ident)["account"]["state"]
    assert state == ("active" if moment == "new secrets committed" else "at_risk")
    assert_mended(outlook, ident, is_good=is_good)


def test_a_kill_while_the_answer_is_on_its_way(outlook: Mailbox) -> None:
    """The mark is durable when Microsoft is asked, and stays when the program dies in the wait."""
    ident = outlook.connected()
    seen: list[Any] = []
    running: list[subprocess.Popen[bytes]] = []
    is_there = Event()

    def dies(_: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        data = outlook.home / "data"
        seen.extend(sql(data, "SELECT refresh_started_at FROM connection"))
        assert is_there.wait(60)
        running[0].send_signal(signal.SIGKILL)
        running[0].wait()
        return answer

    outlook.world.faults.at_token(dies, REFRESH, times=1)
    main = "from inboxlink.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", main, "accounts", "refresh", ident, "--force"],
        env={**os.environ},
    ) as process:
        running.append(process)
        is_there.set()
        assert process.wait(60) == -signal.SIGKILL
    ((started,),) = seen
    assert started is not None
    assert outlook.run("accounts", "show", ident)["account"]["state"] == "at_risk"
    assert_mended(outlook, ident, is_good=False)


def assert_mended(outlook: Mailbox, ident: str, *, is_good: bool) -> None:
    """A token that counts is renewed; of one that was replaced it is said, and a sign-in mends."""
    if is_good:
        renewed = outlook.run("accounts", "refresh", ident, "--force")
        assert renewed["account"]["state"] == "active"
    else:
        refused = outlook.run("accounts", "refresh", ident, "--force", status=10)
        assert refused["error"]["code"] == "grant_ended"
        assert outlook.run("accounts", "show", ident)["account"]["state"] == "needs_reauth"
        status, document = reconnected(outlook, ident)
        assert status == 0, document
        assert document["account"]["id"] == ident
        assert document["account"]["state"] == "active"
    assert outlook.world.server.introspect(kept(outlook, ident)[1])["active"]


def reconnected(mailbox: Mailbox, ident: str, account: Any = ALICE) -> tuple[int, dict[str, Any]]:
    """Sign the connection in again, as this provider's."""
    words = [f"--acknowledge={each}" for each in mailbox.acknowledged]
    run = Running(
        mailbox.home,
        *("--json", "accounts", "reconnect", ident, "--provider", mailbox.name, *words),
    )
    return mailbox.answered(run, account)


# --- signed in again, and moved ------------------------------------------------------------------


def test_signing_in_again_keeps_the_id(mailbox: Mailbox) -> None:
    """The new grant takes the old one's place under the same id; somebody else's does not."""
    # req 57, 110
    ident = mailbox.connected()
    before = kept(mailbox, ident)
    mailbox.world.server.end_grants(ALICE)
    refused = mailbox.run("accounts", "refresh", ident, "--force", status=10)
    assert refused["error"]["code"] == "grant_ended"
    status, document = reconnected(mailbox, ident, BOB)
    assert (status, document["error"]["code"]) == (10, "wrong_account")
    assert kept(mailbox, ident) == before
    status, document = reconnected(mailbox, ident)
    assert status == 0, document
    assert (document["account"]["id"], document["account"]["state"]) == (ident, "active")
    after = kept(mailbox, ident)
    assert not set(before) & set(after)
    assert [mailbox.world.server.introspect(each)["active"] for each in after] == [True, True]
    assert len(mailbox.run("accounts", "list")["accounts"]) == 1


def place_dovecot(outlook: Mailbox, dovecot: Dovecot) -> None:
    """Let the same address also have a mailbox at a server of its own."""
    imap = {"host": "imap.example.test", "port": 993, "tls": "implicit"}
    smtp = {"host": "smtp.example.test", "port": 465, "tls": "implicit"}
    outlook.configure(
        network={
            **outlook.world.network,
            "special_domains": ["example.test"],
            "connect": {**outlook.world.connect, **dovecot.connect_map("example.test")},
        },
        presets={"example.test": {"imap": imap, "smtp": smtp}},
    )


def test_imap_becomes_outlook_under_the_same_id(outlook: Mailbox, dovecot: Dovecot) -> None:
    """A mailbox that moves from a server of its own keeps its id, and its password goes."""
    # req 67
    place_dovecot(outlook, dovecot)
    ran = outlook.program(
        *("--json", "connect", ALICE.login, "--lookup", "offline", "--provider", "imap"),
        *("--acknowledge", "imap.I@1", "--password-stdin"),
        typed=PASSWORDS[ALICE.login] + "\n",
    )
    assert ran.status == 0, ran
    ident = ran.json["account"]["id"]
    data = outlook.home / "data"
    assert sql(data, "SELECT name FROM connection_secret") == [("password",)]
    status, moved = reconnected(outlook, ident)
    assert status == 0, moved
    account = moved["account"]
    assert (account["id"], account["provider"], account["kind"]) == (ident, "outlook", "oauth2")
    assert account["endpoints"] == []
    names = {name for (name,) in sql(data, "SELECT name FROM connection_secret")}
    assert names == {"token_cache", "access_token"}
    assert outlook.run("accounts", "refresh", ident, "--force")["account"]["state"] == "active"
    assert len(outlook.run("accounts", "list")["accounts"]) == 1


def test_a_password_asks_for_no_port(outlook: Mailbox, dovecot: Dovecot, tmp_path: Path) -> None:
    """IMAP by password listens nowhere where no client is registered for it, whatever `--way`."""
    place_dovecot(outlook, dovecot)
    watching = tmp_path / "watching"
    watching.mkdir()
    (watching / "sitecustomize.py").write_text(
        "import sys\n"
        "def hook(event, arguments):\n"
        "    if event == 'socket.bind': raise RuntimeError('a port was bound')\n"
        "sys.addaudithook(hook)\n"
    )
    ran = outlook.program(
        *("--json", "connect", ALICE.login, "--lookup", "offline", "--provider", "imap"),
        *("--acknowledge", "imap.I@1", "--password-stdin", "--way", "device"),
        typed=PASSWORDS[ALICE.login] + "\n",
        environ={"PYTHONPATH": os.pathsep.join([str(watching), *sys.path])},
    )
    assert ran.status == 0, ran
