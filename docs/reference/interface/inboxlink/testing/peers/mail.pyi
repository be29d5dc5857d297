import asyncio
import imaplib
import json
import logging
import select
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from email.utils import parseaddr
from types import TracebackType
from typing import Any
from weakref import WeakSet
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from inboxlink.testing.peers.certificates import Certificate
from inboxlink.testing.peers.mail_faults import MailFaults, Protocol, SignIn
from inboxlink.testing.peers.mail_front import start_front
from inboxlink.testing.peers.ports import LOOPBACK
__all__ = ['MailServer']

class MailServer:
    imap: int
    imap_starttls: int
    submission: int
    submission_starttls: int

    def __init__(self, certificate: Certificate, mailboxes: Mapping[str, str]) -> None:
        ...

    def __enter__(self) -> 'MailServer':
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ...

    def connect_map(self, imap: str, submission: str) -> dict[str, str]:
        ...

    def messages(self, address: str) -> list[bytes]:
        ...

    def is_right(self, address: str, password: str) -> bool:
        ...

    def mailbox(self, address: str) -> str | None:
        ...

    def deliver(self, address: str, message: bytes) -> None:
        ...
