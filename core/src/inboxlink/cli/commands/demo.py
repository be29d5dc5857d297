"""`inboxlink demo`: a mailbox is connected and taken away again, on this machine alone.

Nothing here is a shortcut: each step is the command that a person would type, in a process of
its own, with an installation of its own that is gone afterwards.
"""

import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inboxlink.cli import exits
from inboxlink.cli.app import command as make_command
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w
from inboxlink.errors import InboxlinkError, SetupError, problem

if TYPE_CHECKING:
    from inboxlink.demo.world import MailWorld

__all__ = ["command"]

_ADDRESS = "alice@demo.test"


@make_command("demo", "cli.demo")
@click.option("--interactive", is_flag=True, help=w("cli.demo.interactive"))
@pass_session
def command(session: Session, interactive: bool) -> int:  # noqa: FBT001 - click's flag
    """See `cli.demo` in the strings."""
    try:
        from inboxlink.demo.world import mail_world
    except ImportError:
        raise SetupError(problem("extra_missing", extra="inboxlink[demo]")) from None
    if interactive and not session.is_interactive:
        raise SetupError(problem("value_missing", field="TTY"))
    # A password with what passwords have; it is typed for nobody and lives for seconds.
    password = f'wörd " {secrets.token_urlsafe(8)}' if not interactive else "demo"
    with tempfile.TemporaryDirectory(prefix="inboxlink-demo-home-") as home:
        session.say("cli.demo.starting")
        with mail_world(_ADDRESS, password) as world:
            _write_configuration(Path(home), world)
            run = _Run(session, Path(home))
            if interactive:
                return _interactive(session, run, password)
            return _scripted(session, run, password)


def _write_configuration(home: Path, world: "MailWorld") -> None:
    import tomlkit

    document = {
        "application": {
            "name": "Demo CRM",
            "privacy_policy": "https://demo.test/privacy",
            "support": "help@demo.test",
        },
        "network": {
            "ca_file": str(world.ca_file),
            "special_domains": ["demo.test"],
            "connect": world.connect,
        },
    }
    (home / "inboxlink.toml").write_text(tomlkit.dumps(document), encoding="utf-8")


class _Run:
    """Runs commands of the program itself, shown as a person would type them."""

    def __init__(self, session: Session, home: Path) -> None:
        self._session = session
        self._environ = os.environ | {"INBOXLINK_HOME": str(home)}

    def __call__(self, *arguments: str, typed: str | None = None) -> None:
        """Run one command; what it prints is seen, and `typed` is its standard input.

        Raises:
            SetupError: `demo_failed`: its exit status was not 0.
        """
        self.show(*arguments)
        sys.stdout.flush()
        done = subprocess.run(
            self._command(*arguments),
            env=self._environ,
            input=None if typed is None else typed.encode(),
            stdout=subprocess.DEVNULL if self._session.is_json else None,
            check=False,
        )
        _require_success(done.returncode, arguments)

    def read(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        """Run one command unseen and read its JSON.

        Raises:
            SetupError: As above.
        """
        done = subprocess.run(
            self._command("--json", *arguments),
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
        )
        _require_success(done.returncode, arguments)
        return json.loads(done.stdout)

    def show(self, *arguments: str) -> None:
        """Print a command as it would be typed."""
        if not self._session.is_json:
            line = shlex.join(("inboxlink", *arguments))
            self._session.console.print(f"\n$ {line}", style="bold cyan")

    def _command(self, *arguments: str) -> list[str]:
        language = ("--lang", self._session.words.language)
        return [sys.executable, "-c", _PROGRAM, *language, *arguments]


#: The program by this interpreter, whether or not its script is on the path.
_PROGRAM = "from inboxlink.cli import main; main()"


def _require_success(status: int, arguments: tuple[str, ...]) -> None:
    if status != exits.OK:
        raise SetupError(problem("demo_failed", command=shlex.join(arguments), status=str(status)))


def _scripted(session: Session, run: _Run, password: str) -> int:
    detected = run.read("detect", _ADDRESS, "--lookup", "full")
    run("detect", _ADDRESS, "--lookup", "full")
    shown = run.read("disclosures", "list")["disclosures"]
    reference = next(each["reference"] for each in shown if each["id"] == "imap.I")
    run(
        *("connect", _ADDRESS, "--lookup", "full", "--acknowledge", reference),
        *("--no-inbox-automation", "--send-test-message", "--password-stdin"),
        typed=password + "\n",
    )
    (account,) = run.read("accounts", "list")["accounts"]
    run("accounts", "list")
    run("consent", "show", _ADDRESS)
    run("consent", "verify")
    run("accounts", "disconnect", account["id"], "--yes")
    (after,) = run.read("accounts", "list")["accounts"]
    return _conclude(session, detected, account, after)


def _conclude(session: Session, detected: Any, before: Any, after: Any) -> int:  # noqa: ANN401
    if before["state"] != "active" or after["state"] != "disconnected":
        raise SetupError(problem("demo_failed", command="accounts list", status=before["state"]))
    if session.is_json:
        session.emit({"detected": detected["candidates"], "connected": before, "ended": after})
    else:
        click.echo()
        click.echo(session.words("cli.demo.done", address=_ADDRESS))
    return exits.OK


def _interactive(session: Session, run: _Run, password: str) -> int:
    session.say("cli.demo.type", address=_ADDRESS, password=password)
    try:
        run("connect")
        run("accounts", "list")
        run("consent", "show")
        accounts = run.read("accounts", "list")["accounts"]
        for account in accounts:
            run("accounts", "disconnect", account["id"])
    except InboxlinkError as error:
        if error.code != "demo_failed":
            raise
    session.say("cli.demo.cleaned")
    return exits.OK
