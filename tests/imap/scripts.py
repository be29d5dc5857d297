"""What a scripted server says in IMAP and in SMTP, each answer open to be bent."""

from collections.abc import Callable

from peers.scripted import Conversation

__all__ = ["Peer", "hang_up", "no"]


class Peer:
    """The server's side of one connection; everything that the client sent is in `heard`."""

    def __init__(self, conversation: Conversation, heard: list[bytes]) -> None:
        self._conversation = conversation
        self.heard = heard

    def say(self, *lines: bytes) -> None:
        self.raw(b"".join(line + b"\r\n" for line in lines))

    def raw(self, data: bytes) -> None:
        self._conversation.send(data)

    def hear(self) -> bytes:
        line = self._conversation.read_line()
        if not line:
            raise ConnectionError
        self.heard.append(line)
        return line

    def skip_to(self, last: bytes) -> None:
        """Take lines, empty ones too, up to this one."""
        for _ in range(1000):
            if self._conversation.read_line() == last:
                return
        raise ConnectionError

    def imap(
        self,
        capabilities: bytes = b"IMAP4rev1 SASL-IR AUTH=PLAIN",
        greeting: bytes = b"* OK ready",
        **answers: Callable[["Peer", bytes, bytes], None],
    ) -> None:
        """Speak IMAP; `answers` take over single commands, with the tag and the line."""
        self.say(greeting)
        while True:
            line = self.hear()
            tag, _, rest = line.partition(b" ")
            verb = rest.split()[0].decode().lower()
            if verb in answers:
                answers[verb](self, tag, rest)
            elif verb == "capability":
                self.say(b"* CAPABILITY " + capabilities, tag + b" OK done")
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
        greeting: bytes = b"220 ready",
        **answers: Callable[["Peer", bytes], None],
    ) -> None:
        """Speak SMTP; `answers` take over single commands, with the line."""
        self.say(greeting)
        while True:
            line = self.hear()
            verb = line.split()[0].decode().lower()
            if verb in answers:
                answers[verb](self, line)
            elif verb == "ehlo":
                said = (b"scripted", *extensions)
                self.say(*(b"250-" + each for each in said[:-1]), b"250 " + said[-1])
            elif verb == "auth":
                self.say(b"235 2.7.0 welcome")
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
