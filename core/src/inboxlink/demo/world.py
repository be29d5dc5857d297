"""Start the servers, say where they are, and stop them for sure.

Everything is bound to 127.0.0.1. The names are reached through `[network] connect` of the
configuration, which keeps the check of the certificate's name.
"""

import asyncio
import imaplib
import json
import logging
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from email.utils import parseaddr
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from weakref import WeakSet

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

__all__ = ["MailWorld", "mail_world"]

_LOOPBACK = "127.0.0.1"
_START_S = 10.0

_AUTOCONFIG = """<?xml version="1.0"?>
<clientConfig version="1.1">
 <emailProvider id="{domain}">
  <domain>{domain}</domain>
  <incomingServer type="imap">
   <hostname>imap.{domain}</hostname><port>993</port><socketType>SSL</socketType>
   <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
  </incomingServer>
  <outgoingServer type="smtp">
   <hostname>smtp.{domain}</hostname><port>465</port><socketType>SSL</socketType>
   <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
  </outgoingServer>
 </emailProvider>
</clientConfig>
"""


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
    with ExitStack() as stack:
        stack.enter_context(_sigterm_unwinds())
        directory = Path(tempfile.mkdtemp(prefix="inboxlink-demo-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        ca_file, context = _certify(directory, domain)
        keeper = stack.enter_context(_keeper(address, password))
        loop = stack.enter_context(_loop())
        front = stack.enter_context(_serving(loop, _front(keeper, context)))
        connections: WeakSet[SMTP] = WeakSet()
        stack.callback(loop.call_soon_threadsafe, _abort, connections)
        submission = stack.enter_context(
            _serving(loop, _submission(keeper, address, password, context, connections))
        )
        web = stack.enter_context(_web(_AUTOCONFIG.format(domain=domain).encode(), context))
        yield MailWorld(
            ca_file,
            {
                f"imap.{domain}:993": f"{_LOOPBACK}:{front}",
                f"smtp.{domain}:465": f"{_LOOPBACK}:{submission}",
                f"autoconfig.{domain}:443": f"{_LOOPBACK}:{web}",
                f"{domain}:443": f"{_LOOPBACK}:{web}",
            },
        )


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


def _certify(directory: Path, domain: str) -> tuple[Path, ssl.SSLContext]:
    authority = trustme.CA()
    names = (f"{name}.{domain}" for name in ("imap", "smtp", "autoconfig"))
    leaf = authority.issue_cert(domain, *names)
    ca_file = directory / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return ca_file, context


@contextmanager
def _keeper(user: str, password: str) -> Iterator[int]:
    """Pymap in a child process; gives its port."""
    with socket.create_server((_LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    child = subprocess.Popen(
        # -P: a file in the directory where somebody stands is no part of the program.
        [sys.executable, "-P", "-c", "from inboxlink.demo.keeper import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdin is not None
    try:
        given = {"port": port, "user": user, "password": password}
        with suppress(BrokenPipeError):  # it ended already, and will not be there to wait for
            child.stdin.write(json.dumps(given).encode() + b"\n")
            child.stdin.flush()
        _wait_for(port, child)
        yield port
    finally:
        with suppress(BrokenPipeError):
            child.stdin.close()
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait_for(port: int, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and child.poll() is None:
        try:
            socket.create_connection((_LOOPBACK, port), timeout=0.2).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError("the demo's mail server did not start")


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    # What a client breaks off is no news, and asyncio would print it.
    loop.set_exception_handler(lambda *_: None)
    thread = threading.Thread(target=loop.run_forever, name="inboxlink-demo", daemon=True)
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
        loop.call_soon_threadsafe(server.close)


async def _front(keeper: int, context: ssl.SSLContext) -> asyncio.Server:
    """TLS in front of pymap, which has STARTTLS only."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        except asyncio.CancelledError:
            writer.transport.abort()  # the world ends; TLS would wait for the client's goodbye
            raise
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection(_LOOPBACK, keeper)
        await asyncio.gather(pump(reader, back_writer), pump(back_reader, writer))

    return await asyncio.start_server(serve, _LOOPBACK, 0, ssl=context)


async def _submission(
    keeper: int,
    address: str,
    password: str,
    context: ssl.SSLContext,
    connections: WeakSet[SMTP],
) -> asyncio.Server:
    """Submission over TLS for one person, delivered into their mailbox."""

    class Deliver:
        async def handle_RCPT(  # noqa: N802
            self,
            _: Any,  # noqa: ANN401
            __: Any,  # noqa: ANN401
            envelope: Any,  # noqa: ANN401
            recipient: str,
            ___: Any,  # noqa: ANN401
        ) -> str:
            if parseaddr(recipient)[1].lower() != address.lower():
                return "550 5.1.1 no such mailbox in the demo"
            envelope.rcpt_tos.append(recipient)
            return "250 2.1.5 OK"

        async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802, ANN401
            await asyncio.to_thread(_append, keeper, address, password, envelope.content)
            return "250 2.0.0 delivered"

    def authenticate(*given: Any) -> AuthResult:  # noqa: ANN401
        login = given[4]
        is_right = isinstance(login, LoginPassword) and (login.login, login.password) == (
            address.encode(),
            password.encode(),
        )
        # handled=False lets aiosmtpd word the refusal.
        return AuthResult(success=is_right, handled=False)

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # aiosmtpd knows STARTTLS alone, and warns; here TLS is there from the first byte.
            warnings.simplefilter("ignore")
            connection = SMTP(
                Deliver(),
                hostname="demo",
                authenticator=authenticate,
                auth_required=True,
                auth_require_tls=False,
                loop=loop,
            )
        connections.add(connection)
        return connection

    logging.getLogger("mail").setLevel(logging.CRITICAL)
    loop = asyncio.get_running_loop()
    return await loop.create_server(protocol, _LOOPBACK, 0, ssl=context)


def _abort(connections: WeakSet[SMTP]) -> None:
    for connection in connections:
        if isinstance(connection.transport, asyncio.Transport):
            connection.transport.abort()


def _append(keeper: int, user: str, password: str, message: bytes) -> None:
    with imaplib.IMAP4(_LOOPBACK, keeper, timeout=10) as mailbox:
        # imaplib's login() is for ASCII alone.
        mailbox.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
        mailbox.append("INBOX", "", imaplib.Time2Internaldate(time.time()), message)


@contextmanager
def _web(autoconfig: bytes, context: ssl.SSLContext) -> Iterator[int]:
    """The domain's web server with its autoconfig file; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_there = self.path == "/mail/config-v1.1.xml"
            self.send_response(200 if is_there else 404)
            self.end_headers()
            self.wfile.write(autoconfig if is_there else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = _QuietServer((_LOOPBACK, 0), Handler)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no news."""
