"""What DNS says to one question, kept apart from what it does not say."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from inboxlink.types.service import Service

__all__ = ["Answer", "Outcome", "Service"]

_Value = TypeVar("_Value")


class Outcome(StrEnum):
    """How a question ended. The last two say nothing about the name: ask again later."""

    FOUND = "found"
    #: The name exists and has no record of this type (RFC 2308 section 2.2).
    NOTHING = "nothing"
    #: Neither the name nor anything below it exists (RFC 8020).
    NONEXISTENT = "nonexistent"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class Answer(Generic[_Value]):
    """The answer to one question.

    Args:
        outcome: How it ended.
        values: The records, in the order that their type prefers.
        aliases: The names that CNAME records led to, in order; lower case, without the last dot.
        is_signed: Whether a resolver that the operator trusts validated it by DNSSEC.
        ttl_s: Seconds for which it may be kept.
    """

    outcome: Outcome
    values: tuple[_Value, ...] = ()
    aliases: tuple[str, ...] = ()
    is_signed: bool = False
    ttl_s: int = 0

    @property
    def is_known(self) -> bool:
        """Whether anything was learned, be it that there is nothing."""
        return self.outcome not in (Outcome.FAILED, Outcome.TIMED_OUT)
