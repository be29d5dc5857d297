"""What a scripted server says in IMAP and in SMTP, each answer open to be bent."""

from collections.abc import Callable

from peers.scripted import Conversation

__all__ = ["Peer", "hang_up", "no", "taking_literals"]


class Peer:
    """The server's side of one connection.

    Everything that the client sent is in `heard`; `step` is how many bytes go out at a time, None
    for all at once.
    """

    def __init__(self, conversation: Conversation, heard: list[bytes]) -> None:
        self._conversation = conversation
        self.heard = heard
        self.step: int | None = None

    @property
    def is_tls(self) -> bool:
        return self._conversation.is_tls

    def say(self, *lines: bytes) -> None:
        self.raw(b"".join(line + b"\r\n" for line in lines))

    def raw(self, data: bytes) -> None:
        step = self.step or len(data)
        for place in range(0, len(data), step or 1):
            self._conversation.send(data[place : place + step])

    def start_tls(self) -> None:
        self._conversation.start_tls()

    def hear(self) -> bytes:
        line = self._conversation.read_line()
        if not line:
            raise ConnectionError
        self.heard.append(line)
        return line

    def hear_line(self) -> bytes:
        """A line that may be empty, as the end of XOAUTH2 is."""
        line = self._conversation.read_line()
        self.heard.append(line)
        return line

    def content(self) -> list[bytes]:
        """The lines of a message, up to the point that ends it (RFC 5321 section 4.5.2)."""
        lines = []
        for _ in range(1000):
            line = self._conversation.read_line()
            if line == b".":
                return lines
            lines.append(line)
        raise ConnectionError

    def imap(
        self,
        capabilities: bytes = b"IMAP4rev1 SASL-IR AUTH=PLAIN",
        greeting: bytes | None = b"* OK ready",
        plain: bytes = b"IMAP4rev1 STARTTLS LOGINDISABLED",
        **answers: Callable[["Peer", bytes, bytes], None],
    ) -> None:
        """Speak IMAP; `answers` take over single commands, with the tag and the line.

        `plain` is what is offered before STARTTLS; without a greeting it goes on behind that.
        """
        if greeting is not None:
            self.say(greeting)
        while True:
            line = self.hear()
            tag, _, rest = line.partition(b" ")
            verb = rest.split()[0].decode().lower()
            if verb in answers:
                answers[verb](self, tag, rest)
            elif verb == "capability":
                offered = capabilities if self.is_tls else plain
                self.say(b"* CAPABILITY " + offered, tag + b" OK done")
            elif verb == "starttls":
                self.say(tag + b" OK begin")
                self.start_tls()
            elif verb == "examine":
                self.say(b"* 3 EXISTS", b"* 0 RECENT", tag + b" OK [READ-ONLY] done")
            elif verb == "list":
                self.say(b'* LIST (\\HasNoChildren) "/" INBOX', tag + b" OK done")
            elif verb == "logout":
                self.say(b"* BYE", tag + b" OK bye")
                return
            else:
                self.say(tag + b" OK done")

    def smtp(
        self,
        extensions: tuple[bytes, ...] = (b"AUTH PLAIN LOGIN",),
        greeting: bytes | None = b"220 ready",
        plain: tuple[bytes, ...] = (b"STARTTLS",),
        **answers: Callable[["Peer", bytes], None],
    ) -> None:
        """Speak SMTP; `answers` take over single commands, with the line.

        `plain` is what is offered before STARTTLS; without a greeting it goes on behind that.
        """
        if greeting is not None:
            self.say(greeting)
        while True:
            line = self.hear()
            verb = line.split()[0].decode().lower()
            if verb in answers:
                answers[verb](self, line)
            elif verb == "ehlo":
                said = (b"scripted", *(extensions if self.is_tls else plain))
                self.say(*(b"250-" + each for each in said[:-1]), b"250 " + said[-1])
            elif verb == "starttls":
                self.say(b"220 go ahead")
                self.start_tls()
            elif verb == "auth":
                self.say(b"235 2.7.0 welcome")
            elif verb == "data":
                self.say(b"354 go on")
                self.content()
                self.say(b"250 2.0.0 taken")
            elif verb == "quit":
                self.say(b"221 bye")
                return
            else:
                self.say(b"250 2.0.0 fine")


def no(text: bytes) -> Callable[[Peer, bytes, bytes], None]:
    """A tagged NO."""
    return lambda peer, tag, _: peer.say(tag + b" NO " + text)


def hang_up() -> None:
    """End the script, and with it the connection."""
    raise ConnectionError


def taking_literals(
    answer: Callable[[Peer, bytes, bytes], None],
) -> Callable[[Peer, bytes, bytes], None]:
    """Take a LOGIN with its literals, each of which is announced at the end of the one before."""

    def login(peer: Peer, tag: bytes, line: bytes) -> None:
        part = line
        while part.endswith(b"}"):
            peer.say(b"+ go on")
            part = peer.hear()
            line += b" " + part
        answer(peer, tag, line)

    return login
