"""Mail servers on loopback: pymap keeps the mail, aiosmtpd takes it in.

What is ours is the wiring: TLS before both, and the delivery from the one to the other.
"""

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

__all__ = ["MailServer"]

_START_S = 10.0


class MailServer:
    """IMAP and submission for a few mailboxes, over TLS or STARTTLS, as a context.

    Args:
        certificate: For the names under which it is reached.
        mailboxes: Passwords by address, which is the user name too; at least one. The first has
            folders and messages, the others an empty INBOX.

    Attributes:
        imap: The port where mail is read over TLS.
        imap_starttls: The port where it is read after STARTTLS.
        submission: The port where mail is sent over TLS.
        submission_starttls: The port where it is sent after STARTTLS.
        faults: What it does wrong.
        sign_ins: Every try to sign in, in order.
    """

    imap: int
    imap_starttls: int
    submission: int
    submission_starttls: int

    def __init__(self, certificate: Certificate, mailboxes: Mapping[str, str]) -> None:
        self.faults = MailFaults()
        self.sign_ins: list[SignIn] = []
        self._context = certificate.server_context()
        self._mailboxes = dict(mailboxes)
        self._keeper = 0
        self._stack = ExitStack()

    def __enter__(self) -> "MailServer":
        with ExitStack() as stack:
            self._keeper = stack.enter_context(_keeper(self._mailboxes))
            loop = stack.enter_context(_loop())
            connections: WeakSet[SMTP] = WeakSet()
            stack.callback(loop.call_soon_threadsafe, _abort, connections)
            taking = stack.enter_context(_serving(loop, _taking_in(self, connections)))
            for protocol, port in (
                (Protocol.IMAP, self._keeper),
                (Protocol.SUBMISSION, taking),
            ):
                for name, is_implicit in ((protocol, True), (f"{protocol}_starttls", False)):
                    front = self._front(protocol, port, is_implicit=is_implicit)
                    setattr(self, name, stack.enter_context(_serving(loop, front)))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def connect_map(self, imap: str, submission: str) -> dict[str, str]:
        """What `[network.connect]` says to reach it.

        Args:
            imap: The name of the server where mail is read, on ports 993 and 143.
            submission: The name of the server where mail is sent, on ports 465 and 587.
        """
        return {
            f"{imap}:993": f"{LOOPBACK}:{self.imap}",
            f"{imap}:143": f"{LOOPBACK}:{self.imap_starttls}",
            f"{submission}:465": f"{LOOPBACK}:{self.submission}",
            f"{submission}:587": f"{LOOPBACK}:{self.submission_starttls}",
        }

    def messages(self, address: str) -> list[bytes]:
        """Every message in the INBOX of a mailbox."""
        with self._opened(address) as mailbox:
            mailbox.select("INBOX", readonly=True)
            found = mailbox.fetch("1:*", "(BODY.PEEK[])")[1]
        return [each[1] for each in found if isinstance(each, tuple)]

    def is_right(self, address: str, password: str) -> bool:
        """Whether a mailbox has this password."""
        return self._mailboxes.get(address) == password

    def mailbox(self, address: str) -> str | None:
        """The mailbox of an address, as it is written here; None = there is none."""
        return next((each for each in self._mailboxes if each.lower() == address.lower()), None)

    def deliver(self, address: str, message: bytes) -> None:
        """Put a message into the INBOX of a mailbox."""
        with self._opened(address) as mailbox:
            mailbox.append("INBOX", "", imaplib.Time2Internaldate(time.time()), message)

    @contextmanager
    def _opened(self, address: str) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4(LOOPBACK, self._keeper, timeout=10) as mailbox:
            plain = f"\0{address}\0{self._mailboxes[address]}".encode()
            # imaplib's login() is for ASCII alone.
            mailbox.authenticate("PLAIN", lambda _: plain)
            yield mailbox

    def _front(
        self, protocol: Protocol, port: int, *, is_implicit: bool
    ) -> Coroutine[Any, Any, asyncio.Server]:
        told = self.sign_ins.append
        return start_front(
            protocol, port, self._context, self.faults, told, is_implicit=is_implicit
        )


@contextmanager
def _keeper(mailboxes: Mapping[str, str]) -> Iterator[int]:
    """Pymap in a child process; gives its port."""
    child = subprocess.Popen(
        # -P: a file in the directory where somebody stands is no part of the program.
        [sys.executable, "-P", "-c", "from inboxlink.testing.peers.keeper import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        with suppress(BrokenPipeError):  # it ended already, and will not say where it is
            child.stdin.write(json.dumps(dict(mailboxes)).encode() + b"\n")
            child.stdin.flush()
        has_said, _, _ = select.select([child.stdout], [], [], _START_S)
        port = child.stdout.readline() if has_said else b""
        if not port:
            raise TimeoutError("the mail server did not start")
        yield int(port)
    finally:
        with suppress(BrokenPipeError):
            child.stdin.close()
        child.stdout.close()
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    # What a client breaks off is no news, and asyncio would print it.
    loop.set_exception_handler(lambda *_: None)
    thread = threading.Thread(target=loop.run_forever, name="inboxlink-mail", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_others(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _cancel_others() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # aborted transports close one turn later


@contextmanager
def _serving(
    loop: asyncio.AbstractEventLoop, start: Coroutine[Any, Any, asyncio.Server]
) -> Iterator[int]:
    """A server of the loop; gives its port."""
    server = asyncio.run_coroutine_threadsafe(start, loop).result(5)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(5)


async def _end(server: asyncio.Server) -> None:
    for each in server.sockets:
        asyncio.get_running_loop().remove_reader(each.fileno())
    # Whoever was accepted last gets its transport in the next turn; of a server that is closed by
    # then it would get none, and nobody would close it.
    await asyncio.sleep(0)
    server.close()


async def _taking_in(mail: MailServer, connections: WeakSet[SMTP]) -> asyncio.Server:
    """Submission for who has a mailbox, delivered into mailboxes; nothing leaves."""

    class Deliver:
        async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
            self,
            _: Any,
            __: Any,
            envelope: Any,
            recipient: str,
            ___: Any,
        ) -> str:
            found = mail.mailbox(parseaddr(recipient)[1])
            if found is None:
                return "550 5.1.1 no such mailbox here"
            envelope.rcpt_tos.append(found)
            return "250 2.1.5 OK"

        async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802
            for each in envelope.rcpt_tos:
                await asyncio.to_thread(mail.deliver, each, envelope.content)
            return "250 2.0.0 delivered"

    def authenticate(*given: Any) -> AuthResult:
        login = given[4]
        is_right = isinstance(login, LoginPassword) and mail.is_right(
            login.login.decode(errors="replace"), login.password.decode(errors="replace")
        )
        # handled=False lets aiosmtpd word the refusal.
        return AuthResult(success=is_right, handled=False)

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # aiosmtpd knows STARTTLS alone, and warns; here TLS is before it.
            warnings.simplefilter("ignore")
            connection = SMTP(
                Deliver(),
                hostname="submission",
                authenticator=authenticate,
                auth_required=True,
                auth_require_tls=False,
                loop=loop,
            )
        connections.add(connection)
        return connection

    logging.getLogger("mail").setLevel(logging.CRITICAL)
    loop = asyncio.get_running_loop()
    return await loop.create_server(protocol, LOOPBACK, 0)


def _abort(connections: WeakSet[SMTP]) -> None:
    for connection in connections:
        if isinstance(connection.transport, asyncio.Transport):
            connection.transport.abort()
