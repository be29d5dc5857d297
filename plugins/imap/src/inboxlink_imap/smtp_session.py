"""Speak SMTP submission over a channel that the core opened: the one adapter over smtplib.

smtplib's `login` sends a wrong password once for each mechanism, its `auth` knows ASCII alone,
its debug level prints both, and its `mail` and `rcpt` rewrite an address that they do not like.
So only its handling of commands and replies is used, over a verified channel with a deadline.
"""

import base64
import re
import smtplib
from collections.abc import Callable, Iterator
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from io import BytesIO
from typing import Any, ParamSpec, TypeVar

from inboxlink.errors import InboxlinkError, MailboxError, Problem
from inboxlink.remote_text import RemoteText
from inboxlink.types.address import Address
from inboxlink.types.context import Channel
from inboxlink.types.detection import Endpoint
from inboxlink_imap.bearer_exchange import BearerExchange, token_mechanism
from inboxlink_imap.reader import AnswerReader
from inboxlink_imap.reply_codes import endpoint_problem, smtp_auth_refusal, smtp_refusal
from inboxlink_imap.secret_octets import sendable

__all__ = ["SmtpSession"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: RFC 5321 section 4.1.3: an address literal, for a client that has no name of its own. A
#: constant tells the server nothing about this machine.
_CLIENT = "[127.0.0.1]"

#: RFC 5321 section 4.2: the code, then `-` where another line follows.
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\r\n]*))?\r?\n")

#: What smtplib raises on replies that it did not expect.
_UNEXPECTED = (smtplib.SMTPException, AttributeError, LookupError, OSError, TypeError, ValueError)


class SmtpSession:
    """One connection to a submission server, greeted and asked for its extensions.

    Args:
        channel: Open and verified; the session closes it.
        endpoint: Named in the problems.

    Attributes:
        is_delivery_unknown: Whether a message went out whose acceptance was never heard of.

    Raises:
        MailboxError: The server does not speak SMTP, does not want us, or hung up.
    """

    def __init__(self, channel: Channel, endpoint: Endpoint) -> None:
        self._channel = channel
        self._endpoint = endpoint
        self._text = RemoteText()
        self._reader = AnswerReader(channel, endpoint)
        self._protocol = _Protocol(channel, self._reader)
        self.is_delivery_unknown = False
        try:
            if channel.greeting is None:  # after STARTTLS there is none (RFC 3207 section 4.2)
                self._expect(220, self._ask(self._protocol.getreply))
            self._expect(250, self._ask(self._protocol.ehlo))
        except BaseException:
            channel.close()
            raise

    @property
    def shown_extensions(self) -> str | None:
        """What the server offers, for a person."""
        return self._text.clean(" ".join(sorted(self._protocol.esmtp_features)).upper())

    def choose_mechanism(self, *, for_token: bool = False) -> str:
        """The one mechanism by which the secret will be sent.

        Args:
            for_token: Whether it is an access token (`token_mechanism`), or else a password:
                `PLAIN`, or else `LOGIN`.

        Raises:
            MailboxError: `login_disabled` or `mechanism_unsupported`.
        """
        offered = self._protocol.esmtp_features.get("auth", "").upper().split()
        if for_token:
            chosen = token_mechanism(offered)
        else:
            chosen = next((each for each in ("PLAIN", "LOGIN") if each in offered), None)
        if chosen is not None:
            return chosen
        code = "mechanism_unsupported" if offered else "login_disabled"
        raise MailboxError(endpoint_problem(code, self._endpoint))

    def sign_in(self, username: str, password: str) -> str:
        """Send the password, once and by one mechanism, and give back which.

        Raises:
            SignInError: The definite no.
            MailboxError: The server is in trouble, or offers no mechanism.
            SetupError: `value_invalid`, before anything is sent.
        """
        mechanism = self.choose_mechanism()
        user, secret = sendable(username, password)
        self._text = RemoteText((password,))
        if mechanism == "PLAIN":  # RFC 4616
            message = b"\0".join((b"", user, secret))
            reply = self._command("AUTH", f"PLAIN {_base64(message)}")
        else:  # no RFC; draft-murchison-sasl-login-00
            reply = self._command("AUTH", "LOGIN")
            for part in (user, secret):
                if reply[0] != 334:
                    break
                reply = self._command(_base64(part))
        code, said = reply
        if code == 334:
            raise self._error("protocol_error", said)
        if code != 235:
            text = said.decode("utf-8", "replace")
            raise self._error(smtp_auth_refusal(code, text), reply)
        return mechanism

    def sign_in_by_token(self, username: str, token: str) -> str:
        """Send the access token, once and by one mechanism, and give back which.

        Raises:
            SignInError: The definite no.
            MailboxError: The server is in trouble, or offers no mechanism.
            SetupError: `value_invalid`, before anything is sent.
        """
        mechanism = self.choose_mechanism(for_token=True)
        exchange = BearerExchange(mechanism, username, token, self._endpoint)
        self._text = RemoteText((token,))
        reply = self._command("AUTH", f"{mechanism} {exchange.opening.decode()}")
        if reply[0] == 334:
            reply = self._command(exchange.closing(reply[1]).decode())
        code, said = reply
        if code == 334 or (code == 235 and exchange.is_refused):
            raise self._error("protocol_error", said)  # a yes after a no is neither
        if code != 235:
            text = said.decode("utf-8", "replace")
            refused = self._error(smtp_auth_refusal(code, text), reply)
            raise InboxlinkError.of(exchange.judged(refused.problem))
        return mechanism

    def check_sender(self, address: Address) -> None:
        """Begin a message from the person to themselves, and drop it again.

        Raises:
            MailboxError: `sender_refused`, or the server is in trouble.
        """
        self._envelope(address, "RSET")

    def send(self, message: EmailMessage, address: Address) -> None:
        """Send a message from the person to themselves.

        Raises:
            MailboxError: `sender_refused`, `message_refused`, or the server is in trouble. Where
                `is_delivery_unknown` the message may have been taken or not, and must not be
                sent again (RFC 1047).
        """
        self._envelope(address)
        reply = self._command("DATA")
        if reply[0] == 354:
            policy = SMTP if address.is_ascii else SMTPUTF8
            octets = BytesIO()
            # With CRLF ends throughout no line can pass for the end of the message.
            BytesGenerator(octets, policy=policy).flatten(message)
            self.is_delivery_unknown = True
            reply = self._ask(self._protocol.content, octets.getvalue())
            self.is_delivery_unknown = False
        self._expect(250, reply, otherwise="message_refused")

    def close(self) -> None:
        """Say goodbye and hang up.

        The answer to QUIT is not waited for: every other answer is in, and a server that is slow
        only here would hold back what is known already.
        """
        try:
            if not self._reader.has_ended:
                self._channel.sendall(b"QUIT\r\n")
        except InboxlinkError:
            pass  # it is gone already
        finally:
            self._channel.close()

    def _envelope(self, address: Address, *after: str) -> None:
        options = ""
        if not address.is_ascii:
            if not self._protocol.has_extn("smtputf8"):
                raise self._error("sender_refused", b"no SMTPUTF8")
            self._protocol.command_encoding = "utf-8"
            options = " SMTPUTF8"  # RFC 6531 section 3.4
        mail = f"MAIL FROM:<{address}>{options}"
        replies = self._replies(mail, f"RCPT TO:<{address}>", *after)
        self._expect(250, next(replies), otherwise="sender_refused")
        recipient = next(replies)
        # 251 says that it goes elsewhere (RFC 5321 section 3.4), which is no matter here.
        if recipient[0] != 251:
            self._expect(250, recipient, otherwise="sender_refused")
        for reply in replies:
            self._expect(250, reply)

    def _replies(self, *commands: str) -> Iterator[tuple[int, bytes]]:
        """The replies in turn; the commands go at once where the server allows it (RFC 2920)."""
        if not self._protocol.has_extn("pipelining"):
            for command in commands:
                yield self._command(command)
            return
        for command in commands:
            self._ask(self._protocol.putcmd, command)
        for _ in commands:
            yield self._ask(self._protocol.getreply)

    def _command(self, verb: str, argument: str = "") -> tuple[int, bytes]:
        return self._ask(self._protocol.docmd, verb, argument)

    def _expect(
        self, code: int, reply: tuple[int, bytes], *, otherwise: str = "remote_error"
    ) -> None:
        if reply[0] == code:
            return
        if reply[0] // 100 not in (4, 5):
            raise self._error("protocol_error", reply)
        raise self._error(smtp_refusal(reply[0], otherwise), reply)

    def _ask(self, call: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return call(*args, **kwargs)
        except InboxlinkError:
            raise
        except _UNEXPECTED:
            trouble = self._problem()
        # Out here, so that the exception does not drag smtplib's along as its context.
        raise InboxlinkError.of(trouble)

    def _problem(self) -> Problem:
        if self._reader.has_ended:
            return endpoint_problem("connection_lost", self._endpoint)
        said = self._text.clean(self._reader.last_line)
        return endpoint_problem("protocol_error", self._endpoint, said)

    def _error(self, code: str, said: tuple[int, bytes] | bytes) -> InboxlinkError:
        text = said if isinstance(said, bytes) else b"%d %s" % said
        return InboxlinkError.of(endpoint_problem(code, self._endpoint, self._text.clean(text)))


class _Protocol(smtplib.SMTP):
    """smtplib over a channel."""

    sock: Any
    file: Any

    def __init__(self, channel: Channel, reader: AnswerReader) -> None:
        super().__init__(local_hostname=_CLIENT)
        self._reader = reader
        self.sock = channel
        self.file = reader

    def send(self, s: Any) -> None:  # noqa: ANN401 - as smtplib has it
        self._reader.begin()
        self.sock.sendall(s.encode(self.command_encoding) if isinstance(s, str) else s)

    def getreply(self) -> tuple[int, bytes]:
        """A reply; smtplib would take the code of its last line for that of all."""
        code, said = None, []
        while True:
            line = self._reader.readline()
            found = _REPLY_LINE.fullmatch(line)
            if found is None or code not in (None, found[1]):
                raise smtplib.SMTPException("no reply, or not one reply")
            code = found[1]
            said.append((found[3] or b"").strip())
            if found[2] != b"-":
                return int(code), b"\n".join(said)

    def content(self, octets: bytes) -> tuple[int, bytes]:
        """Send what follows a 354 (RFC 5321 section 4.5.2 doubles the dots)."""
        lines = octets.removesuffix(b"\r\n").split(b"\r\n")
        stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
        self.send(stuffed + b"\r\n.\r\n")
        return self.getreply()


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
