"""A terminal whose program is told to end: it is left as it was found."""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from core.custody import sql
from e2e.test_terminal import terminal, to_the_password  # noqa: F401 - a fixture
from inboxlink.testing.peers.ports import LOOPBACK
from peers.dovecot import Dovecot

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


def ended_by(terminal: pexpect.spawn) -> int | None:  # noqa: F811 - a fixture
    terminal.expect(pexpect.EOF)
    deadline = time.monotonic() + 10
    while terminal.isalive() and time.monotonic() < deadline:
        time.sleep(0.02)
    number: int | None = terminal.signalstatus
    return number


@pytest.fixture
def silent(example_test: Dovecot, home: Path) -> Iterator[socket.socket]:
    """The IMAP server of example.test takes connections and says nothing."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        file = home / "inboxlink.toml"
        port = f"{LOOPBACK}:{listener.getsockname()[1]}"
        file.write_text(file.read_text().replace(f"{LOOPBACK}:{example_test.imaps}", port))
        listener.settimeout(30)
        yield listener


def test_a_sigterm_at_the_password_gives_the_echo_back(
    terminal: pexpect.spawn,  # noqa: F811
    example_test: Dovecot,
    home: Path,
) -> None:
    """Told to end at the hidden prompt, the program restores the echo and forgets the sign-in."""
    to_the_password(terminal)
    terminal.expect("Password: ")
    assert terminal.waitnoecho(5)
    terminal.kill(signal.SIGTERM)
    assert ended_by(terminal) == signal.SIGTERM
    assert terminal.getecho()
    assert "Traceback" not in terminal.before
    assert example_test.attempts() == []
    assert sql(home / "data", "SELECT count(*) FROM flow") == [(0,)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_a_signal_while_waiting_gives_the_cursor_back(
    silent: socket.socket,
    terminal: pexpect.spawn,  # noqa: F811
    number: signal.Signals,
) -> None:
    """Told to end while it waits for a server, the program shows the cursor again, at once."""
    to_the_password(terminal)
    terminal.expect("Talking to the servers")
    seen = terminal.before + terminal.after
    with silent.accept()[0]:
        begun = time.monotonic()
        terminal.kill(number)
        ended = ended_by(terminal)
    assert time.monotonic() - begun < 5
    assert (ended, terminal.exitstatus) == (
        (signal.SIGTERM, None) if number == signal.SIGTERM else (None, 130)
    )
    screen = seen + terminal.before
    assert HIDE in screen
    assert screen.rindex(SHOW) > screen.rindex(HIDE)
    assert "Traceback" not in screen
    assert terminal.getecho()
