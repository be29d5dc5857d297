"""Rounds of a renewal: what a killed program leaves is what the token endpoint would say of it.

A refresh token that was used up while its successor was lost cannot be had again by anybody. What
must hold is that the connection never reads as if nothing were wrong then, that no token is mixed
with another answer's, and that one more renewal, or one more sign-in, mends it.
"""

import json
import random
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.custody import traces
from core.renewal import configure
from inboxlink.connect.host import Host
from inboxlink.errors import InboxlinkError
from inboxlink.types.credential import SecretName
from peers.token_endpoint import TokenEndpoint
from soak.invariants import unsound
from soak.points import ANY_MOMENT, POINTS, Point
from soak.server import Ran, Server

__all__ = ["ME", "Renewal", "RenewalWorld", "look"]

ME = "me@renewing.test"
_SIGN_IN = ("--acknowledge", "renewing.R@1", "--secret-fd", "code=0")
_REFRESH = ("--json", "accounts", "refresh", ME, "--force")
_RECONNECT = ("--json", "accounts", "reconnect", ME, *_SIGN_IN)


class RenewalWorld:
    """A token endpoint, an installation to copy, and the server that runs the program on a copy."""

    def __init__(self, root: Path, server: Server, endpoint: TokenEndpoint, ca_file: Path) -> None:
        self.server = server
        self.endpoint = endpoint
        self._root = root
        self._number = 0
        self._connected = root / "renewing"
        self._connected.mkdir(mode=0o700)
        configure(self._connected, endpoint, ca_file)
        self.run(self._connected, "providers", "enable", "inboxlink-renewing", "--yes")
        self.run(self._connected, "--json", "connect", ME, *_SIGN_IN, typed="me\n")
        endpoint.remember()
        self.took_s = self.run(self.copy(), *_REFRESH).took_s

    def copy(self) -> Path:
        """An installation, and the endpoint as it was when it was connected."""
        self.endpoint.restore()
        self._number += 1
        home = self._root / f"renewing-{self._number}"
        shutil.copytree(self._connected, home)
        return home

    def run(self, home: Path, *arguments: str, status: int = 0, typed: str = "") -> Ran:
        """Run the program, which must end with this status."""
        ran = self.server.program(home, *arguments, typed=typed)
        if ran.status != status:
            raise AssertionError(f"{arguments}: {ran}")
        return ran


@dataclass
class Renewal:
    """One strike at a renewal and what came of it; see `rounds.Round`."""

    world: RenewalWorld
    point: Point
    number: signal.Signals = signal.SIGKILL
    is_long: bool = False
    broken: list[str] = field(default_factory=list)

    def play(self) -> list[str]:
        """Strike, look, go on, look again; gives what did not hold."""
        home = self.world.copy()
        try:
            self._struck(home)
            self._go_on(home)
        except AssertionError as error:
            self.broken.append(str(error))
        finally:
            shutil.rmtree(home)
        return self.broken

    def _struck(self, home: Path) -> None:
        strike: dict[str, Any] = {"point": POINTS.index(self.point), "number": self.number}
        if self.point.name == ANY_MOMENT:
            strike = {"after_s": random.uniform(0, self.world.took_s)}
        ran = self.world.server.program(home, *_REFRESH, **strike)
        if ran.status not in {-self.number} | ({0} if "after_s" in strike else set()):
            self.broken.append(f"ended with {ran.status}: {ran.out}{ran.err}")
        said = ran.out + ran.err
        self.broken += ["a traceback" for _ in range("Traceback" in said)]
        self.broken += ["a token was printed" for t in self.world.endpoint.issued if t in said]
        if len(self.world.endpoint.calls()) > 1:
            self.broken.append("the endpoint was asked more than once")

    def _go_on(self, home: Path) -> None:
        endpoint = self.world.endpoint
        found = self._look(home)
        if endpoint.counts(found["refresh_token"]):
            ran = self.world.run(home, *_REFRESH)
            if json.loads(ran.out)["account"]["state"] != "active":
                self.broken.append("renewed, and not active")
        else:
            if found["standing"] != "at_risk":
                self.broken.append(f"its token is used up, and it reads {found['standing']}")
            ran = self.world.run(home, *_REFRESH, status=10)
            if json.loads(ran.out)["error"]["code"] != "grant_ended":
                self.broken.append(f"refused, and says {ran.out}")
            if self._look(home)["standing"] != "needs_reauth":
                self.broken.append("refused, and needs no sign-in")
            self.world.run(home, *_RECONNECT, typed="me\n")
        found = self._look(home)
        if found["standing"] != "active" or not endpoint.counts(found["refresh_token"]):
            self.broken.append(f"in the end it reads {found['standing']}")
        if self.is_long:
            self.world.run(home, "--json", "accounts", "verify", ME)
            self.world.run(home, "--json", "accounts", "disconnect", ME, "--yes", "--revoke")
            if endpoint.counts(found["refresh_token"]):
                self.broken.append("revoked, and still good")

    def _look(self, home: Path) -> dict[str, Any]:
        issued = self.world.endpoint.issued
        found: dict[str, Any] = self.world.server.call("soak.renewals:look", home, issued)
        self.broken += found["broken"]
        return found


def look(home: Path, issued: Any) -> dict[str, Any]:
    """Say what is broken, and what is kept.

    Args:
        home: The installation.
        issued: Every token that the endpoint ever gave, an access token before its refresh token.
    """
    found: dict[str, Any] = {
        "broken": unsound(home / "data", {"refreshing", "providers.json", "providers.lock"})
    }
    broken: list[str] = found["broken"]
    for token in issued:
        broken += [f"{file} holds a token ({form})" for file, form in traces(home, token.encode())]
    try:
        with Host() as host:
            (connection,) = host.connections.page(None).items
            connection, credential = host.connections.opened(connection.id)
            verdict = host.ledger.verify()
    except InboxlinkError as error:
        return found | {"broken": [*broken, f"it cannot be opened: {error.code}"]}
    if not verdict.ok:
        broken.append(f"the ledger's row {verdict.broken_at} is broken")
    names = (SecretName.ACCESS_TOKEN, SecretName.REFRESH_TOKEN)
    pair = [credential.secret(name) for name in names if name in credential.secrets]
    if pair not in [issued[n : n + 2] for n in range(0, len(issued), 2)]:
        broken.append("what is kept is no answer of the endpoint")
    return found | {"standing": connection.standing.value, "refresh_token": pair[-1]}
