"""Speak IMAP over a channel that the core opened.

The channel is verified and has a deadline, answers are capped, and every failure is an
`InboxlinkError` that holds no exception of the libraries below, whose words are the server's.
"""

import imaplib
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from inboxlink.errors import (
    InboxlinkError,
    MailboxError,
    Problem,
    SetupError,
)
from inboxlink.remote_text import RemoteText
from inboxlink.types.context import Channel
from inboxlink.types.detection import Endpoint
from inboxlink_imap import policy
from inboxlink_imap.bearer_exchange import BearerExchange, token_mechanism
from inboxlink_imap.imap_protocol import Client, Heard
from inboxlink_imap.reader import AnswerReader
from inboxlink_imap.reply_codes import endpoint_problem, imap_complaint, imap_refusal
from inboxlink_imap.secret_octets import sendable
from inboxlink_imap.sent_names import SENT_NAMES

__all__ = ["ImapSession"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: What the libraries raise on answers that they did not expect; each was seen with a hostile
#: server. `imaplib.IMAP4.error` is the root of every exception that both define.
_UNEXPECTED = (
    imaplib.IMAP4.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)

#: NetEase (163.com, 126.com, yeah.net) opens no folder for a program that told it no name
#: (help.mail.163.com, November 2026).
_A_STRANGER = "unsafe login"


class ImapSession:
    """One connection to an IMAP server, greeted and asked for its capabilities.

    Args:
        channel: Open and verified; the session closes it.
        endpoint: Named in the problems.

    Raises:
        MailboxError: The server does not speak IMAP, or hung up.
        SetupError: `policy` refuses the server.
    """

    def __init__(self, channel: Channel, endpoint: Endpoint) -> None:
        self._channel = channel
        self._endpoint = endpoint
        self._text = RemoteText()
        self._heard = Heard()
        self._reader = AnswerReader(channel, endpoint)
        try:
            greeting = self._greeting()
            self._client = self._ask(
                "remote_error", Client, channel, self._reader, self._heard, greeting
            )
        except BaseException:
            channel.close()
            raise

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server offers now, in upper case; another set after signing in."""
        names = self._ask("remote_error", self._client.capabilities)
        return frozenset(name.decode("ascii", "replace").upper() for name in names)

    @property
    def shown_capabilities(self) -> str | None:
        """What the server offers, for a person."""
        return self._text.clean(" ".join(sorted(self.capabilities)))

    def choose_mechanism(self, *, for_token: bool = False) -> str:
        """The one way in which the secret will be sent.

        Args:
            for_token: Whether it is an access token (`token_mechanism`), or else a password:
                `PLAIN` (RFC 4616) or `LOGIN`.

        Raises:
            MailboxError: `login_disabled` or `mechanism_unsupported`.
        """
        offered = self.capabilities
        if for_token:
            mechanisms = {name.removeprefix("AUTH=") for name in offered if "=" in name}
            chosen = token_mechanism(mechanisms)
            if chosen is not None:
                return chosen
            raise MailboxError(endpoint_problem("mechanism_unsupported", self._endpoint))
        if "AUTH=PLAIN" in offered:
            return "PLAIN"
        if "LOGINDISABLED" not in offered:  # RFC 9051 section 6.2.3
            return "LOGIN"
        has_other = any(name.startswith("AUTH=") for name in offered)
        raise MailboxError(
            endpoint_problem(
                "mechanism_unsupported" if has_other else "login_disabled", self._endpoint
            )
        )

    def identify(self) -> str | None:
        """Ask what the server is (RFC 2971), telling it nothing; None = it does not say.

        Raises:
            SetupError: `policy` refuses it.
        """
        if "ID" not in self.capabilities:
            return None
        try:
            said = self._ask("remote_error", self._client.identity)
        except MailboxError:
            if self._heard.kind in ("NO", "BAD"):
                return None  # an answer that is good only for refusing may be missing
            raise
        refusal = policy.greeting_refusal(said)
        if refusal is not None:
            raise SetupError(policy.refused(refusal))
        return self._text.clean(said)

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
        is_initial = "SASL-IR" in self.capabilities  # RFC 4959
        if mechanism == "PLAIN":
            self._ask(
                "invalid_credentials",
                self._client.authenticate_plain,
                b"\0".join((b"", user, secret)),
                is_initial=is_initial,
            )
        else:
            self._ask("invalid_credentials", self._client.login_once, user, secret)
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
        is_initial = "SASL-IR" in self.capabilities  # RFC 4959
        try:
            self._ask(
                "invalid_credentials",
                self._client.authenticate_bearer,
                exchange,
                is_initial=is_initial,
            )
        except InboxlinkError as error:
            trouble = exchange.judged(error.problem)
        else:
            if not exchange.is_refused:
                return mechanism
            # A yes after a no is neither.
            trouble = endpoint_problem("protocol_error", self._endpoint)
        raise InboxlinkError.of(trouble)

    def examine_inbox(self) -> int:
        """Open INBOX without changing it, and count its messages.

        Raises:
            MailboxError: `inbox_missing`, or the server is in trouble.
        """
        try:
            return self._ask("inbox_missing", self._client.count_messages, "INBOX")
        except MailboxError:
            is_strange = self._heard.kind == "NO" and _A_STRANGER in self._heard.text.lower()
            if not is_strange or "ID" not in self.capabilities:
                raise
        self._ask("inbox_missing", self._client.introduce)
        return self._ask("inbox_missing", self._client.count_messages, "INBOX")

    def sent_folder(self) -> str | None:
        """The folder that holds sent mail: marked so (RFC 6154), or called so; None = neither."""
        named: str | None = None
        for flags, separator, name in self._ask("remote_error", self._client.folders):
            if b"\\sent" in flags:
                return self._text.clean(name)
            if named is None and name.rpartition(separator)[2].lower() in SENT_NAMES:
                named = self._text.clean(name)
        return named

    def find(self, message_id: str) -> tuple[int, ...]:
        """The UIDs in the open folder of messages with this Message-ID."""
        self._ask("remote_error", self._client.noop)
        found = self._ask("remote_error", self._client.search, ["HEADER", "Message-ID", message_id])
        return tuple(found)

    def remove(self, uids: tuple[int, ...]) -> bool:
        """Delete messages from INBOX; False = they are only marked as deleted.

        Without UIDPLUS (RFC 4315) an EXPUNGE would take every message that is marked, so it is
        sent only where no other is.
        """
        self._ask("inbox_missing", self._client.select_folder, "INBOX")
        marked_before = self._ask("remote_error", self._client.search, ["DELETED"])
        self._ask("remote_error", self._client.delete_messages, uids, silent=True)
        if "UIDPLUS" in self.capabilities:
            self._ask("remote_error", self._client.uid_expunge, uids)
        elif not marked_before:
            self._ask("remote_error", self._client.expunge)
        else:
            return False
        return True

    def close(self) -> None:
        """Say goodbye and hang up.

        The answer to LOGOUT is not waited for: every other answer is in, and a server that is slow
        only here would hold back what is known already.
        """
        try:
            if not self._reader.has_ended:
                self._channel.sendall(b"Z LOGOUT\r\n")  # any tag will do for the last command
        except InboxlinkError:
            pass  # it is gone already
        finally:
            self._channel.close()

    def _greeting(self) -> bytes:
        # What came before STARTTLS can be anybody's: good for refusing, and replaced.
        before_tls = self._channel.greeting
        line = self._reader.readline() if before_tls is None else before_tls
        refusal = policy.greeting_refusal(line)
        if refusal is not None:
            raise SetupError(policy.refused(refusal))
        if not line:
            raise MailboxError(endpoint_problem("connection_lost", self._endpoint))
        # PREAUTH (RFC 9051 section 7.1.4) would leave the password unproven.
        if not line.upper().startswith(b"* OK"):
            is_bye = line.upper().startswith(b"* BYE")
            text = line[len(b"* BYE") :].decode("utf-8", "replace")
            code = imap_refusal(text, "server_unavailable") if is_bye else "protocol_error"
            said = self._text.clean(line)
            raise InboxlinkError.of(endpoint_problem(code, self._endpoint, said))
        return line if before_tls is None else b"* OK TLS is up\r\n"

    def _ask(
        self, otherwise: str, call: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        self._heard.forget()
        try:
            return call(*args, **kwargs)
        except InboxlinkError:
            raise
        except _UNEXPECTED:
            trouble = self._problem(otherwise)
        # Out here, so that the exception does not drag theirs along as its context.
        raise InboxlinkError.of(trouble)

    def _problem(self, otherwise: str) -> Problem:
        heard = self._heard
        if heard.kind == "NO":
            code, said = imap_refusal(heard.text, otherwise), heard.text
        elif heard.kind == "BYE":
            code, said = imap_refusal(heard.text, "connection_lost"), heard.text
        elif heard.kind == "BAD" and heard.text:
            code, said = imap_complaint(heard.text), heard.text
        elif self._reader.has_ended:
            return endpoint_problem("connection_lost", self._endpoint)
        else:
            # The exception quotes the line too, but escaped, and a secret in it with it.
            return endpoint_problem(
                "protocol_error",
                self._endpoint,
                self._text.clean(heard.text or self._reader.last_line),
            )
        return endpoint_problem(code, self._endpoint, self._text.clean(said))
