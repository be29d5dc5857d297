"""What a test makes a mail server do wrong, and what its people did there."""

import threading
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "MailFault",
    "MailFaults",
    "Protocol",
    "SignIn",
    "cut",
    "refused",
    "silent",
    "turned_away",
]


class Protocol(StrEnum):
    """One of the two servers."""

    IMAP = "imap"
    SUBMISSION = "submission"


@dataclass(frozen=True)
class MailFault:
    """What is done in place of serving.

    Args:
        greeting: What the server says instead of its greeting, before it hangs up; None = it
            greets as ever, and empty = it hangs up at once.
        is_silent: Whether it takes the connection and never says a word.
        refusal: What it says to a sign-in, whatever the password; None = it looks at the password.
    """

    greeting: bytes | None = None
    is_silent: bool = False
    refusal: str | None = None


def cut() -> MailFault:
    """The connection ends where it began."""
    return MailFault(greeting=b"")


def silent() -> MailFault:
    """The connection stands and nothing is said: a client must have a deadline."""
    return MailFault(is_silent=True)


def turned_away(words: str) -> MailFault:
    """The server says why it does not serve now, and hangs up.

    Args:
        words: A line of its protocol, such as `* BYE [UNAVAILABLE] maintenance` for IMAP
            (RFC 3501 section 7.1.5, RFC 5530) or `421 4.3.2 closing` (RFC 5321 section 3.8).
    """
    return MailFault(greeting=words.encode() + b"\r\n")


def refused(words: str) -> MailFault:
    """A sign-in is refused, though the password may be right.

    Args:
        words: For IMAP what follows the tag, such as `NO [UNAVAILABLE] later` (RFC 5530); for
            submission a whole reply, such as `454 4.7.0 later` (RFC 4954 section 6).
    """
    return MailFault(refusal=words)


@dataclass(frozen=True)
class SignIn:
    """One try to sign in, as the server saw it."""

    protocol: Protocol
    ok: bool


class MailFaults:
    """The faults of one mail server.

    One that stands for a greeting is asked for the next connection to its protocol, a refusal for
    the next sign-in there, until its `times` are over; None = for good.
    """

    def __init__(self) -> None:
        self._placed: list[tuple[Protocol, MailFault, list[int | None]]] = []
        self._lock = threading.Lock()

    def at_imap(self, fault: MailFault, times: int | None = None) -> None:
        """Where mail is read."""
        self._place(Protocol.IMAP, fault, times)

    def at_submission(self, fault: MailFault, times: int | None = None) -> None:
        """Where mail is sent."""
        self._place(Protocol.SUBMISSION, fault, times)

    def clear(self) -> None:
        """Take all away."""
        with self._lock:
            self._placed.clear()

    def at_connection(self, protocol: Protocol) -> MailFault | None:
        """The fault of a connection that begins; None = there is none."""
        return self._taken(protocol, is_refusal=False)

    def at_sign_in(self, protocol: Protocol) -> MailFault | None:
        """The fault of a sign-in that begins; None = there is none."""
        return self._taken(protocol, is_refusal=True)

    def _taken(self, protocol: Protocol, *, is_refusal: bool) -> MailFault | None:
        with self._lock:
            for where, fault, left in self._placed:
                is_fitting = (fault.refusal is not None) == is_refusal
                if where is protocol and is_fitting and left[0] != 0:
                    if left[0] is not None:
                        left[0] -= 1
                    return fault
        return None

    def _place(self, protocol: Protocol, fault: MailFault, times: int | None) -> None:
        with self._lock:
            self._placed.append((protocol, fault, [times]))
