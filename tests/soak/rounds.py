"""A round: an installation, a strike at a point, a look by a new process, and on with it."""

import getpass
import json
import os
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit

from peers.dovecot import Dovecot
from peers.fixtures import ALICE, PASSWORDS
from soak.points import ANY_MOMENT, POINTS, Point
from soak.seeding import BESIDE, OLD
from soak.server import Ran, Server

__all__ = ["Round", "World", "quick_directory"]

_SIGN_IN = ("--acknowledge", "imap.I@1", "--password-stdin")
_ARGUMENTS = {
    "connect": ("--json", "connect", ALICE, *_SIGN_IN),
    "reconnect": ("--json", "accounts", "reconnect", ALICE, *_SIGN_IN),
    "rotate": ("--json", "vault", "rotate"),
    "disconnect": ("--json", "accounts", "disconnect", ALICE, "--yes"),
}
_CANARIES = (PASSWORDS[ALICE], OLD, *BESIDE.values())
_STATUS = {signal.SIGKILL: -9, signal.SIGTERM: -15, signal.SIGINT: 130}


#: Where a flush costs nothing. A killed process loses nothing that it wrote, flushed or not; what a
#: power cut would lose is no matter of these rounds.
_MEMORY = Path("/dev/shm")


@contextmanager
def quick_directory() -> Iterator[Path]:
    """A directory for installations, gone at the end."""
    place = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="soak-", dir=place) as name:
        yield Path(name)


class World:
    """Dovecot, three installations to copy, and the server that runs the program on a copy."""

    def __init__(self, root: Path, server: Server, dovecot: Dovecot, ca_file: Path) -> None:
        self.server = server
        self.dovecot = dovecot
        self._root = root
        self._number = 0
        self._empty = root / "empty"
        self._empty.mkdir(mode=0o700)
        preset = {
            "imap": {"host": "imap.example.test", "port": 993, "tls": "implicit"},
            "smtp": {"host": "smtp.example.test", "port": 465, "tls": "implicit"},
        }
        network = {
            "ca_file": str(ca_file),
            "special_domains": ["example.test"],
            "connect": dovecot.connect_map("example.test"),
        }
        (self._empty / "inboxlink.toml").write_text(
            tomlkit.dumps({"network": network, "presets": {"example.test": preset}})
        )
        self._used = self._copied(self._empty)
        server.program(self._used, "consent", "verify")
        self._connected = self._copied(self._empty)
        self.took_s = {}
        for action in ("connect", "rotate"):
            self.took_s[action] = self.run(self._connected, action).took_s
        server.call("soak.seeding:seed", self._connected, getpass.getuser())
        spare = self._copied(self._connected)
        for action in ("reconnect", "disconnect"):
            self.took_s[action] = self.run(spare, action).took_s

    def copy(self, point: Point) -> Path:
        """An installation in which the action can be done and the point be met."""
        if point.action != "connect":
            return self._copied(self._connected)
        return self._copied(self._empty if point.is_first_use else self._used)

    def _copied(self, home: Path) -> Path:
        self._number += 1
        copy = self._root / str(self._number)
        shutil.copytree(home, copy)
        return copy

    def run(self, home: Path, action: str, **strike: Any) -> Ran:
        """Do an action; without a strike it must succeed."""
        typed = PASSWORDS[ALICE] + "\n" if "connect" in action else ""
        ran = self.server.program(home, *_ARGUMENTS[action], typed=typed, **strike)
        if not strike and ran.status != 0:
            raise AssertionError(f"{action} does not work: {ran}")
        return ran


@dataclass
class Round:
    """One strike and what came of it.

    Args:
        world: Where.
        point: When.
        number: With which signal.
        is_long: Whether every other action is done afterwards too.
        broken: What did not hold.
    """

    world: World
    point: Point
    number: signal.Signals = signal.SIGKILL
    is_long: bool = False
    broken: list[str] = field(default_factory=list)

    def play(self) -> list[str]:
        """Strike, look, go on, look again; gives what did not hold."""
        home = self.world.copy(self.point)
        try:
            live = self._struck(home)
            self._go_on(home, live)
        except AssertionError as error:
            self.broken.append(str(error))
        finally:
            shutil.rmtree(home)
        return self.broken

    def _struck(self, home: Path) -> list[str]:
        world, action = self.world, self.point.action
        world.dovecot.forget()
        strike: dict[str, Any] = {"point": POINTS.index(self.point), "number": self.number}
        if self.point.name == ANY_MOMENT:
            strike = {"after_s": random.uniform(0, world.took_s[action])}
        ran = world.run(home, action, **strike)
        expected = {_STATUS[self.number]} | ({0} if "after_s" in strike else set())
        if ran.status not in expected:
            self.broken.append(f"ended with {ran.status}: {ran.out}{ran.err}")
        if self.number == signal.SIGINT and ran.status == 130:
            found = json.loads(ran.out)["error"]["code"]
            if found != "cancelled":
                self.broken.append(f"said {found}")
        if "Traceback" in ran.out + ran.err:
            self.broken.append(f"a traceback: {ran.err}")
        self.broken += ["a password was printed" for each in _CANARIES if each in ran.out + ran.err]
        attempts = world.dovecot.attempts()
        self.broken += [f"a wrong password: {each}" for each in attempts if not each.ok]
        return self._look(home, used=ALICE if attempts else None)

    def _go_on(self, home: Path, live: list[str]) -> None:
        action = self.point.action
        is_done = (action == "connect" and ALICE in live) or (
            action == "disconnect" and ALICE not in live
        )
        if not is_done:
            self.world.run(home, action)
            live = self._look(home, is_rotated=action == "rotate", is_ended=True)
        if self.is_long:
            for following in ("reconnect", "rotate"):
                if ALICE in live:
                    self.world.run(home, following)
                    self._look(home, is_rotated=following == "rotate", is_ended=True)
            if ALICE in live:
                self.world.run(home, "disconnect")
                live = self._look(home, is_ended=True)
            self.world.run(home, "connect")
            live = self._look(home, is_ended=True)
        expected = ALICE in live
        if expected != (self.is_long or action != "disconnect"):
            self.broken.append(f"in the end {ALICE} is {'not ' * (not expected)}connected")

    def _look(
        self,
        home: Path,
        *,
        used: str | None = None,
        is_rotated: bool = False,
        is_ended: bool = False,
    ) -> list[str]:
        passwords = {ALICE: [OLD, PASSWORDS[ALICE]]} | {k: [v] for k, v in BESIDE.items()}
        if is_ended and self.point.action != "rotate":
            passwords[ALICE] = [PASSWORDS[ALICE]]
        found = self.world.server.call(
            "soak.invariants:look",
            home,
            {
                "passwords": passwords,
                "used": used,
                "is_rotated": is_rotated,
                "is_ended": is_ended,
            },
        )
        self.broken += found["broken"]
        live: list[str] = found["live"]
        return live
