"""What a person set out to do, and how it ended."""

from dataclasses import dataclass

from inboxlink.errors import Problem
from inboxlink.store.connections import Connection
from inboxlink.types.address import Address
from inboxlink.types.context import Previous, Purpose
from inboxlink.types.detection import Detection
from inboxlink.types.disclosure import Audience, Capability, Disclosure
from inboxlink.types.provider import RevokeResult
from inboxlink.types.report import VerifyReport
from inboxlink.types.way import Way

__all__ = ["Connected", "Failed", "Request", "Revocation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person set out to do; the same from the disclosures to the end.

    Args:
        owner: The person in the host's terms.
        address: The mailbox.
        detection: What the person chose.
        language: In which the disclosures are shown.
        audience: One person's mailbox or a team's.
        wanted: What the application wants to do.
        inbox_automation: The person's word on it (req 20).
        send_test_message: Whether a message to oneself may be sent.
        force: Whether a secret may be sent that was refused a short while ago.
        ways: How an authorization answer can come back on this host.
        redirect_uri: Where it comes back to; None = this host has no such place.
        previous: An earlier try or connection; its settings stand in the forms.
        replaces: The connection that is signed in again; None = a new one.
        purpose: Why.
    """

    owner: str
    address: Address
    detection: Detection
    language: str
    audience: Audience = Audience.PERSONAL
    wanted: frozenset[Capability] = frozenset(Capability)
    inbox_automation: bool = False
    send_test_message: bool = False
    force: bool = False
    ways: frozenset[Way] = frozenset()
    redirect_uri: str | None = None
    previous: Previous | None = None
    replaces: Connection | None = None
    purpose: Purpose = Purpose.CONNECT


@dataclass(frozen=True, slots=True)
class Revocation:
    """How a grant ended at the provider.

    Args:
        result: The provider's outcome; None = it could not be asked.
        problem: Why not.
    """

    result: RevokeResult | None = None
    problem: Problem | None = None

    @property
    def outcome(self) -> str:
        """In a word, for the ledger."""
        return "failed" if self.result is None else str(self.result.revoked).lower()


@dataclass(frozen=True, slots=True)
class Connected:
    """The mailbox is connected, verified and stored (req 27, 28).

    Args:
        connection: As it is kept.
        report: What the verification found.
        repeated: Disclosures that are shown once more now (req 50).
        former: How the access at the provider before ended; None = there was none before.
    """

    connection: Connection
    report: VerifyReport
    repeated: tuple[Disclosure, ...] = ()
    former: Revocation | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing was stored but the ledger's rows.

    Args:
        problem: Why.
        report: What the verification found; None = it did not come to that.
        previous: What the sign-in had got to, secrets apart, for the next try.
    """

    problem: Problem
    report: VerifyReport | None = None
    previous: Previous | None = None
