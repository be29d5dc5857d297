"""A scripted server for each direction, behind real names and ports."""

from collections.abc import Callable
from contextlib import ExitStack

from imap.scripts import Peer
from imap.world import HOST, IMAPS, SUBMISSIONS, World
from inboxlink.types.report import VerifyReport
from peers.certificates import Authority, Certificate
from peers.scripted import ScriptedServer

__all__ = ["ASCII_SECRET", "Servers"]

ASCII_SECRET = "correct horse 7"


class Servers:
    """A scripted server for each direction."""

    def __init__(self, authority: Authority, certificate: Certificate, stack: ExitStack) -> None:
        self._authority = authority
        self._certificate = certificate
        self._stack = stack
        self.heard: list[list[bytes]] = []

    def world(
        self,
        imap: Callable[[Peer], None] = Peer.imap,
        smtp: Callable[[Peer], None] = Peer.smtp,
        seconds: float = 10.0,
    ) -> World:
        connect = {
            f"{HOST}:993": f"127.0.0.1:{self.serve(imap)}",
            f"{HOST}:465": f"127.0.0.1:{self.serve(smtp)}",
        }
        return World(connect, self._authority.ca_file, seconds=seconds)

    def serve(self, script: Callable[[Peer], None]) -> int:
        heard: list[bytes] = []
        self.heard.append(heard)
        server = ScriptedServer(
            lambda conversation: script(Peer(conversation, heard)), self._certificate, implicit=True
        )
        return self._stack.enter_context(server).port

    def verify(self, world: World, password: str = ASCII_SECRET) -> VerifyReport:
        return world.verify(world.done(password, IMAPS, SUBMISSIONS))

    @property
    def uses(self) -> int:
        """How often a secret was sent, over both protocols."""
        verbs = (b"AUTHENTICATE", b"LOGIN ", b"AUTH ")
        return sum(any(verb in line for verb in verbs) for lines in self.heard for line in lines)
