"""The servers of a hostile case, and what they saw."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imap.hostile_set import BEFORE_TLS, Case, token_imap, token_smtp
from imap.scripts import Peer
from imap.world import HOST
from peers.certificates import Authority, Certificate
from peers.scripted import Conversation, ScriptedServer

__all__ = ["Met", "certificates_of", "serve"]


@dataclass
class Met:
    """One case, as both sides saw it."""

    case: Case
    servers: list[ScriptedServer]
    heard: list[list[bytes]]
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def ports(self) -> dict[str, int]:
        return {"imap": self.servers[0].port, "smtp": self.servers[1].port}

    @property
    def conversations(self) -> list[Conversation]:
        return [each for server in self.servers for each in server.conversations]

    @property
    def plaintext(self) -> bytes:
        """What went out before TLS and is no constant."""
        lines = [line for each in self.conversations for line in each.before_tls.split(b"\r\n")]
        return b"".join(line for line in lines if line not in BEFORE_TLS)

    @property
    def uses(self) -> tuple[int, ...]:
        """How often a secret was sent, by server."""
        verbs = (b"AUTHENTICATE ", b"LOGIN ", b"AUTH ")
        return tuple(
            sum(any(verb in line for verb in verbs) for line in lines) for lines in self.heard
        )


def certificates_of(
    authority: Authority, good: Certificate, directory: Path
) -> dict[str, Certificate]:
    """The certificates that `Case.certificate` names."""
    return {
        "good": good,
        "other": authority.issue("other.test"),
        "unknown": Authority(directory).issue(HOST),
    }


def serve(case: Case, certificates: dict[str, Certificate], stack: ExitStack) -> Met:
    """Run both servers of a case until the stack is left."""
    servers, heard = [], []
    good_ones = (token_imap, token_smtp) if case.is_token else (Peer.imap, Peer.smtp)
    for script, good in zip((case.imap, case.smtp), good_ones, strict=True):
        lines: list[bytes] = []
        talk = script or good
        server = ScriptedServer(
            lambda conversation, talk=talk, lines=lines: talk(Peer(conversation, lines)),  # type: ignore[misc]
            certificates[case.certificate if script else "good"],
            implicit=not case.is_starttls,
        )
        heard.append(lines)
        servers.append(stack.enter_context(server))
    return Met(case, servers, heard)
