import threading
from dataclasses import dataclass
from enum import StrEnum
__all__ = ['MailFault', 'MailFaults', 'Protocol', 'SignIn', 'cut', 'refused', 'silent', 'turned_away']

class Protocol(StrEnum):
    IMAP = 'imap'
    SUBMISSION = 'submission'

@dataclass(frozen=True)
class MailFault:
    greeting: bytes | None = None
    is_silent: bool = False
    refusal: str | None = None

def cut() -> MailFault:
    ...

def silent() -> MailFault:
    ...

def turned_away(words: str) -> MailFault:
    ...

def refused(words: str) -> MailFault:
    ...

@dataclass(frozen=True)
class SignIn:
    protocol: Protocol
    ok: bool

class MailFaults:

    def __init__(self) -> None:
        ...

    def at_imap(self, fault: MailFault, times: int | None=None) -> None:
        ...

    def at_submission(self, fault: MailFault, times: int | None=None) -> None:
        ...

    def clear(self) -> None:
        ...

    def at_connection(self, protocol: Protocol) -> MailFault | None:
        ...

    def at_sign_in(self, protocol: Protocol) -> MailFault | None:
        ...
