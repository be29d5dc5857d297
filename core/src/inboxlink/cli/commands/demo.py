"""`inboxlink demo`: a mailbox is connected and taken away again, on this machine alone.

Nothing here is a shortcut: each step is the command that a person would type, in an installation
of its own that is gone afterwards.
"""

import contextlib
import io
import os
import secrets
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inboxlink.cli import exits
from inboxlink.cli.app import command as make_command
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w
from inboxlink.errors import SetupError, problem

if TYPE_CHECKING:
    from inboxlink.demo.world import MailWorld

__all__ = ["command"]

_ADDRESS = "alice@demo.test"
_DISCLOSURE = "imap.I@1"


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
            act = _interactive if interactive else _scripted
            with _at_home(home):
                return act(session, _Run(session), password)


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
    """Runs commands of the program in this process, shown as a person would type them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __call__(self, *arguments: str) -> None:
        """Run one command; what it prints is seen, unless JSON was asked.

        Raises:
            SetupError: `demo_failed`: its exit status was not 0.
        """
        from inboxlink.cli.app import run

        if not self._session.is_json:
            self._session.console.print(
                f"\n$ {shlex.join(('inboxlink', *arguments))}", style="bold cyan"
            )
        seen = sys.stdout if not self._session.is_json else io.StringIO()
        with contextlib.redirect_stdout(seen):
            status = run(["--lang", self._session.words.language, *arguments])
        if status != exits.OK:
            raise SetupError(
                problem("demo_failed", command=shlex.join(arguments), status=str(status))
            )


@contextlib.contextmanager
def _at_home(home: str) -> Iterator[None]:
    """An installation of the demo's own, for every command until the block ends."""
    before = os.environ.get("INBOXLINK_HOME")
    os.environ["INBOXLINK_HOME"] = home
    try:
        yield
    finally:
        if before is None:
            del os.environ["INBOXLINK_HOME"]
        else:
            os.environ["INBOXLINK_HOME"] = before


@contextlib.contextmanager
def _secret(text: str) -> Iterator[str]:
    """A pipe that holds one line; gives the number of its descriptor."""
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            pipe.write(text + "\n")
        yield str(reading)
    finally:
        os.close(reading)


def _account() -> dict[str, Any]:
    from inboxlink.cli.output import account_document
    from inboxlink.connect.host import Host

    with Host() as host:
        (connection,) = host.connections.page(None).items
        return account_document(connection)


def _scripted(session: Session, run: _Run, password: str) -> int:
    run("detect", _ADDRESS)
    run("disclosures", "list", "--address", _ADDRESS)
    with _secret(password) as descriptor:
        run(
            *("connect", _ADDRESS, "--lookup", "full", "--provider", "imap"),
            *("--acknowledge", _DISCLOSURE, "--no-inbox-automation", "--send-test-message"),
            *("--secret-fd", f"password={descriptor}"),
        )
    before = _account()
    run("accounts", "list")
    run("consent", "show", _ADDRESS)
    run("consent", "verify")
    run("accounts", "disconnect", _ADDRESS, "--yes")
    after = _account()
    if session.is_json:
        session.emit({"connected": before, "ended": after})
    else:
        click.echo()
        click.echo(session.words("cli.demo.done", address=_ADDRESS))
    return exits.OK


def _interactive(session: Session, run: _Run, password: str) -> int:
    session.say("cli.demo.type", address=_ADDRESS, password=password)
    with contextlib.suppress(SetupError):  # a command that failed has said why; a no ends it too
        run("connect")
        run("accounts", "list")
        run("consent", "show")
        run("accounts", "disconnect", _ADDRESS)
    session.say("cli.demo.cleaned")
    return exits.OK
