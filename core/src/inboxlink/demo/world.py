"""Start the servers of the demo, say where they are, and stop them for sure.

Everything is bound to 127.0.0.1. The names are reached through `[network] connect` of the
configuration, which keeps the check of the certificate's name.
"""

import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from inboxlink.testing.peers.autoconfig import autoconfig_of
from inboxlink.testing.peers.certificates import Authority
from inboxlink.testing.peers.mail import MailServer
from inboxlink.testing.peers.ports import LOOPBACK
from inboxlink.testing.peers.web import WebServer

__all__ = ["MailWorld", "mail_world"]


@dataclass(frozen=True, slots=True)
class MailWorld:
    """A world that is running.

    Args:
        ca_file: The root that its certificates hang from.
        connect: `host:port` of its names to `address:port` on loopback.
    """

    ca_file: Path
    connect: dict[str, str]


@contextmanager
def mail_world(address: str, password: str) -> Iterator[MailWorld]:
    """A mail world with one mailbox, gone when the block ends.

    A SIGTERM that nobody handles becomes `SystemExit` inside the block: its default would end
    the program and leave the world's files behind.

    Raises:
        TimeoutError: A server did not come up.
    """
    domain = address.partition("@")[2]
    imap, smtp, published = (f"{name}.{domain}" for name in ("imap", "smtp", "autoconfig"))
    with ExitStack() as stack:
        stack.enter_context(_sigterm_unwinds())
        directory = Path(tempfile.mkdtemp(prefix="inboxlink-demo-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        authority = Authority(directory)
        certificate = authority.issue(domain, imap, smtp, published)
        mail = stack.enter_context(MailServer(certificate, {address: password}))
        web = stack.enter_context(WebServer(certificate, partial(autoconfig_of, domain)))
        connect = mail.connect_map(imap, smtp)
        connect |= {f"{name}:443": f"{LOOPBACK}:{web.port}" for name in (published, domain)}
        yield MailWorld(authority.ca_file, connect)


@contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _exit_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit_on(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
