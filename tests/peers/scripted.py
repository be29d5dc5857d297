"""An emulator of ours, written to RFC 9051, RFC 5321 and RFC 3207, that can be told to misbehave.

It serves what no real server can be brought to do: a stripped STARTTLS, bytes behind it, a server
that drips, an echo of the password. What a test wants differently it says in a script.
"""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType

from inboxlink.testing.peers.ports import LOOPBACK
from peers.certificates import Certificate

__all__ = ["Conversation", "ScriptedServer"]


class Conversation:
    """One connection, seen from the server.

    Attributes:
        is_tls: Whether the handshake was completed.
        server_name: Whom the client asked for in its handshake (RFC 6066 section 3).
        before_tls: What came in the clear.
        after_tls: What came encrypted.
        ended: Set when nothing more is heard.
    """

    def __init__(self, sock: socket.socket, certificate: Certificate | None) -> None:
        self._socket = sock
        self._certificate = certificate
        self._buffer = b""
        self.is_tls = False
        self.server_name: str | None = None
        self.before_tls = b""
        self.after_tls = b""
        self.ended = threading.Event()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def read_line(self) -> bytes:
        """One line of the client, without its end; empty at the end of the stream."""
        while b"\n" not in self._buffer:
            # Byte by byte in the clear: what follows STARTTLS is for TLS to read.
            data = self._socket.recv(4096 if self.is_tls else 1)
            if not data:
                return b""
            if self.is_tls:
                self.after_tls += data
            else:
                self.before_tls += data
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def hear_out(self) -> None:
        """Say nothing, until the client has hung up."""
        while data := self._socket.recv(4096):
            if self.is_tls:
                self.after_tls += data
            else:
                self.before_tls += data

    def start_tls(self) -> None:
        """Do the server's side of the handshake."""
        assert self._certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # it is for the client to refuse weak keys
        context.load_cert_chain(self._certificate.cert, self._certificate.key)
        context.sni_callback = self._named
        self._socket = context.wrap_socket(self._socket, server_side=True)
        self.is_tls = True

    def _named(self, _: object, name: str | None, __: object) -> None:
        self.server_name = name

    def drain(self) -> None:
        """Take what the client still sends in the clear, so that none of it goes unseen."""
        if self.is_tls:
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(2)
            while data := self._socket.recv(4096):
                self.before_tls += data

    def reset(self) -> None:
        """Hang up rudely: the client gets an RST in place of the end of the stream."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class ScriptedServer:
    """Runs a script for each connection; `conversations` keeps what was said.

    Args:
        script: Called with the conversation; when it returns, the server hangs up.
        certificate: For TLS.
        implicit: Whether TLS begins at once.

    Attributes:
        conversations: One for each connection; before TLS they hold every byte that came, read by
            the script or not.
    """

    def __init__(
        self,
        script: Callable[[Conversation], None],
        certificate: Certificate | None = None,
        *,
        implicit: bool = False,
    ) -> None:
        self._script = script
        self._certificate = certificate
        self._implicit = implicit
        self._listener = socket.create_server((LOOPBACK, 0))
        self._threads: list[threading.Thread] = []
        self.port = int(self._listener.getsockname()[1])
        self.conversations: list[Conversation] = []
        self.faults: list[Exception] = []

    def __enter__(self) -> "ScriptedServer":
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(0.2)  # a script hears out what its client said before it hung up
        for conversation in self.conversations:
            conversation.close()
        for thread in self._threads:
            thread.join(5)
        if error is None and self.faults:
            raise self.faults[0]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conversation = Conversation(sock, self._certificate)
            self.conversations.append(conversation)
            thread = threading.Thread(target=self._serve, args=(conversation,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, conversation: Conversation) -> None:
        try:
            if self._implicit:
                conversation.start_tls()
            self._script(conversation)
        except OSError:
            pass  # the client hung up, which is its right
        except Exception as error:
            self.faults.append(error)
        finally:
            conversation.drain()
            conversation.close()
            conversation.ended.set()
