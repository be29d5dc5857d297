"""What was said on the wire, as data: one conversation for each time that a door was opened."""

from typing import Literal

from pydantic import JsonValue

from inboxlink.errors import Problem
from inboxlink.types.detection import Tls
from inboxlink.types.model import Model
from inboxlink.types.validity import Validity

__all__ = ["Conversation", "Failure", "Turn"]


class Failure(Model):
    """What ended a conversation, or kept it from beginning.

    Args:
        problem: What was raised.
        stage: `dns`, `tcp` or `tls` where the server was not reached; None = it was.
    """

    problem: Problem
    stage: Literal["dns", "tcp", "tls"] | None = None


class Turn(Model):
    """One thing that was said; exactly one member is set.

    Args:
        sent: A line of ours.
        heard: What was read of theirs, with the end of its line.
        asked: A request of the web.
        answered: What came back, or what a look-up found.
        failed: What was raised in its place.
    """

    sent: str | None = None
    heard: str | None = None
    asked: dict[str, JsonValue] | None = None
    answered: JsonValue = None
    failed: Failure | None = None


class Conversation(Model):
    """What was said through one door.

    Args:
        hook: What was being done.
        door: The door's name.
        role: Of the endpoint; None where the door has none.
        host: The server's name, or what was asked for.
        port: Of the server; 0 where the door has none.
        tls: How TLS began; None where the door has none.
        took_ms: Milliseconds of the stages of connecting.
        tls_version: As it was negotiated.
        validity: Of the server's certificate.
        certificate: The certificate itself, DER in base64, where the door shows it.
        greeting: Of a STARTTLS server.
        turns: In order.
    """

    hook: str
    door: Literal["open", "http", "get", "redirect", "services", "certificate"]
    host: str
    role: str | None = None
    port: int = 0
    tls: Tls | None = None
    took_ms: tuple[tuple[str, float], ...] = ()
    tls_version: str | None = None
    validity: Validity | None = None
    certificate: str | None = None
    greeting: str | None = None
    turns: tuple[Turn, ...] = ()
