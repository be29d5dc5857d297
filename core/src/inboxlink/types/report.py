"""What a verification found, stage by stage."""

from collections.abc import Iterable
from enum import StrEnum

from inboxlink.errors import Problem
from inboxlink.types.model import Model
from inboxlink.types.text import Text
from inboxlink.types.validity import Validity

__all__ = ["Chain", "Check", "Identity", "Proof", "VerifyReport", "is_whole"]


class Chain(StrEnum):
    """The two directions; "not reached" holds within one of them."""

    RECEIVE = "receive"
    SEND = "send"


class Proof(StrEnum):
    """How an identity is known: shown by the provider, or only said by the person."""

    PROVEN = "proven"
    DECLARED = "declared"


class Check(Model):
    """One stage of one chain.

    Args:
        chain: The direction.
        stage: A snake_case name, in the order that `verify` reports.
        ok: None = not reached, or not granted.
        is_granted: False = this stage needs what was not asked for or not granted, so that it is
            not tried: `ok` is None, and nothing has failed.
        problem: Set where `ok` is False.
        evidence: What was seen, in the server's own words, cleaned and short, or in words of ours;
            None = nothing worth saying.
        took_ms: Milliseconds; None where `ok` is None.
        certificate: Of the server, with the stage `tls`; None = none was seen.
    """

    chain: Chain
    stage: str
    ok: bool | None
    is_granted: bool = True
    problem: Problem | None = None
    evidence: str | Text | None = None
    took_ms: float | None = None
    certificate: Validity | None = None


def is_whole(checks: Iterable[Check]) -> bool:
    """Whether a direction works: every stage went well, but for those that need no trying.

    A stage that was not granted is one that the direction can do without; what it cannot do
    without fails.
    """
    tried = [check.ok for check in checks if check.is_granted]
    return bool(tried) and all(tried)


class Identity(Model):
    """An address that the mailbox answers to.

    Args:
        address: The address.
        proof: How it is known.
        subject: The provider's stable id of the account; None = it has none.
    """

    address: str
    proof: Proof
    subject: str | None = None


class VerifyReport(Model):
    """The whole of a verification.

    Args:
        checks: In order, both chains.
        identities: The addresses that the mailbox answers to.
    """

    checks: tuple[Check, ...]
    identities: tuple[Identity, ...] = ()

    @property
    def can_receive(self) -> bool:
        """Whether the receive chain is whole."""
        return self._whole(Chain.RECEIVE)

    @property
    def can_send(self) -> bool:
        """Whether the send chain is whole."""
        return self._whole(Chain.SEND)

    @property
    def first_problem(self) -> Problem | None:
        """The problem that names the failure: the first definite one, receive before send."""
        return next((check.problem for check in self.checks if check.problem), None)

    def chain(self, chain: Chain) -> Iterable[Check]:
        """The checks of one direction, in order."""
        return (check for check in self.checks if check.chain is chain)

    def _whole(self, chain: Chain) -> bool:
        return is_whole(self.chain(chain))
