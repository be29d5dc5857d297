"""Codes, tokens, verifiers and device codes of a whole life: nowhere but in the vault, sealed.

What they are is told by the authorization server's side, and looked for in what the program left
while every logger of the process was at DEBUG.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from core.custody import traces
from e2e.oauth_mailbox import Mailbox, Recorder
from inboxlink.testing.installation import Running
from inboxlink.testing.peers.web import Request, json_answer
from peers.oauth.worlds import ALICE

#: Loaded by each run before anything of the program.
LOGGING = """\
import logging, os
logging.basicConfig(level=logging.DEBUG, filename=os.environ["CANARY_LOG"])
logging.getLogger("canary").debug("begun")
"""


@dataclass
class Watched:
    """A mailbox whose every run is logged at DEBUG and kept.

    Args:
        mailbox: Whose.
        place: Where logs, outputs and copies of the database are put.
    """

    mailbox: Mailbox
    place: Path
    runs: int = 0
    wal_sizes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.place.mkdir()
        code = self.place.parent / "code"
        code.mkdir()
        (code / "sitecustomize.py").write_text(LOGGING)
        path = os.pathsep.join(filter(None, (str(code), os.environ.get("PYTHONPATH"))))
        self.mailbox.environ |= {"PYTHONPATH": path, "CANARY_LOG": str(self.log)}

    @property
    def log(self) -> Path:
        """Of all runs."""
        return self.place / "debug.log"

    def run(self, *arguments: str, status: int = 0) -> Any:
        """A command; what it says is kept."""
        ran = self.mailbox.program("--json", *arguments, environ=self.mailbox.environ)
        self.keep(ran.out + ran.err)
        assert ran.status == status, ran
        return ran.json

    def end(self, running: Running) -> dict[str, Any]:
        """The end of a connect; what it says is kept."""
        status, out = running.finish()
        self.keep(out + running.said)
        assert status == 0, out
        document: dict[str, Any] = json.loads(out)
        return document

    def keep(self, said: str) -> None:
        """Keep what was said, and the files of the database as they are now."""
        self.runs += 1
        wal = self.mailbox.home / "data" / "inboxlink.db-wal"
        if wal.exists():
            self.wal_sizes.append(wal.stat().st_size)
        (self.place / f"{self.runs}.said").write_text(said)
        shutil.copytree(
            self.mailbox.home / "data",
            self.place / f"{self.runs}.data",
            ignore=shutil.ignore_patterns("*.lock", "refreshing"),
        )

    def found(self, secrets: Collection[str]) -> list[tuple[str, str]]:
        """Where any of the secrets stands, in any form."""
        return found(self.place, secrets)


def found(place: Path, secrets: Collection[str]) -> list[tuple[str, str]]:
    forms = {form for each in secrets for form in (each, quote(each, safe=""))}
    return [hit for form in forms for hit in traces(place, form.encode())]


def lived(watched: Watched, recorder: Recorder) -> None:
    """Connect, verify, renew, read aliases, meet a server that repeats what it hears, revoke."""
    mailbox = watched.mailbox
    with mailbox.start() as run:
        url = run.line()
        watched.keep("")  # between two steps, where the verifier waits sealed
        assert mailbox.world.person(ALICE).sign_in(url).status == 200
        ident = watched.end(run)["account"]["id"]
    (access,) = recorder.secrets("access_token")
    assert mailbox.world.server.introspect(access)["active"], "what was noted is no real token"
    watched.run("accounts", "refresh", ident, "--force")
    watched.run("accounts", "verify", ident)
    watched.run("aliases", "refresh", ident)

    def repeating(request: Request, _: Any) -> Any:
        said = {"error": "odd", "error_description": f"You sent {request.body.decode()}"}
        return recorder.fault(request, lambda: json_answer(400, said))

    mailbox.world.faults.clear()
    mailbox.world.faults.at_token(repeating)
    watched.run("accounts", "refresh", ident, "--force", status=11)
    mailbox.world.faults.clear()
    mailbox.world.faults.at_token(recorder.fault)
    watched.run("accounts", "refresh", ident, "--force")
    watched.run("consent", "show")
    watched.run("accounts", "disconnect", ident, "--revoke", "--yes")


#: A reader that stays lets nobody empty the -wal: every page ever written is in it. It is a process
#: of its own, as the copying of the files here would take its locks away (fcntl(2)).
HOLDING = """\
import sqlite3, sys
reader = sqlite3.connect(sys.argv[1], isolation_level=None)
reader.execute("BEGIN")
reader.execute("SELECT count(*) FROM connection").fetchone()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_open(database: Path) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate()


@pytest.fixture
def watched(mailbox: Mailbox, tmp_path: Path) -> Watched:
    """The database is there already, so that its write-ahead log can be held open."""
    watched = Watched(mailbox, tmp_path / "watched")
    watched.run("accounts", "list")
    return watched


def test_a_whole_life_leaves_no_secret(watched: Watched) -> None:
    """Logs at DEBUG, output, JSON and all bytes of the database with its -wal: 0 hits."""
    # LG1, LG2
    mailbox, recorder = watched.mailbox, watched.mailbox.recorded()
    with held_open(mailbox.home / "data" / "inboxlink.db"):
        lived(watched, recorder)
        if mailbox.name == "outlook":
            with mailbox.start("--way", "device") as run:
                address, code = run.line().split()
                mailbox.world.person(ALICE).enter_code(address, code)
                watched.end(run)
            assert len(recorder.secrets("device_code")) == 1
    for name in ("code", "code_verifier", "access_token", "refresh_token", "id_token"):
        assert recorder.secrets(name), name
    assert all(len(each) > 20 for each in recorder.secrets())
    log = watched.log.read_text()
    assert log.count("DEBUG:canary:begun") >= watched.runs - 1
    assert watched.wal_sizes == sorted(watched.wal_sizes), "the -wal was emptied on the way"
    assert watched.wal_sizes[-1] > 100_000
    assert watched.found(recorder.secrets()) == []


def test_what_leaks_would_be_found(watched: Watched, tmp_path: Path) -> None:
    """The same search finds the same kind of secrets in a log, an output and a database."""
    recorder = watched.mailbox.recorded()
    watched.mailbox.connected()
    (token,) = recorder.secrets("access_token")
    assert watched.found({token}) == []
    code = f"import logging; logging.getLogger('msal.token_cache').debug('got %s', {token!r})"
    environ = {**os.environ, **watched.mailbox.environ}
    subprocess.run([sys.executable, "-c", code], env=environ, check=True)
    assert watched.found({token}) == [("debug.log", "raw")]
    control = tmp_path / "control"
    control.mkdir()
    with closing(sqlite3.connect(control / "inboxlink.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE leak (value)")
        database.execute("INSERT INTO leak VALUES (?)", ('{"access_token": "' + token + '"}',))
        assert ("inboxlink.db-wal", "raw") in found(control, {token})
    (control / "url").write_text(f"code={quote('a/b+c=' + token, safe='')}")
    assert ("url", "raw") in found(control, {"a/b+c=" + token})
