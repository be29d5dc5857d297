from collections.abc import Iterable
from enum import StrEnum
from inboxlink.errors import Problem
from inboxlink.types.model import Model
from inboxlink.types.text import Text
from inboxlink.types.validity import Validity
__all__ = ['Chain', 'Check', 'Identity', 'Proof', 'VerifyReport', 'is_whole']

class Chain(StrEnum):
    RECEIVE = 'receive'
    SEND = 'send'

class Proof(StrEnum):
    PROVEN = 'proven'
    DECLARED = 'declared'

class Check(Model):
    chain: Chain
    stage: str
    ok: bool | None
    is_granted: bool = True
    problem: Problem | None = None
    evidence: str | Text | None = None
    took_ms: float | None = None
    certificate: Validity | None = None

def is_whole(checks: Iterable[Check]) -> bool:
    ...

class Identity(Model):
    address: str
    proof: Proof
    subject: str | None = None

class VerifyReport(Model):
    checks: tuple[Check, ...]
    identities: tuple[Identity, ...] = ()

    @property
    def can_receive(self) -> bool:
        ...

    @property
    def can_send(self) -> bool:
        ...

    @property
    def first_problem(self) -> Problem | None:
        ...

    def chain(self, chain: Chain) -> Iterable[Check]:
        ...
