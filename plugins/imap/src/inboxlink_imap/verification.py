"""Prove both directions, with at most one use of a wrong password or token.

IMAP runs in the hook's thread. SMTP connects, does TLS and EHLO beside it in a second one; its
AUTH waits for IMAP's answer, and is left out only where the same secret was just refused.
"""

import time
from collections.abc import Mapping
from email.message import EmailMessage
from threading import Event, Thread
from typing import Self

from inboxlink.errors import InboxlinkError, problem
from inboxlink.own_message import awaited, compose
from inboxlink.types.context import CallContext
from inboxlink.types.credential import Credential
from inboxlink.types.detection import Endpoint, Role
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import Chain, Identity, Proof, VerifyReport
from inboxlink.types.text import Text
from inboxlink.verification import Stages, Stopped
from inboxlink_imap import google
from inboxlink_imap.imap_session import ImapSession
from inboxlink_imap.login import Login, logins
from inboxlink_imap.reply_codes import Verdict, verdict
from inboxlink_imap.smtp_session import SmtpSession
from inboxlink_imap.words import PROSE

__all__ = ["verify"]


def verify(
    ctx: CallContext,
    credential: Credential,
    settings: Mapping[str, str],
    endpoints: tuple[Endpoint, ...],
) -> VerifyReport:
    """See `inboxlink.hookspecs.verify`."""
    incoming, outgoing = _endpoint(endpoints, Role.IMAP), _endpoint(endpoints, Role.SUBMISSION)
    login, outgoing_login = logins(ctx, credential, settings, incoming)
    is_shared = outgoing_login.secret == login.secret

    with (
        _Receiving(ctx, incoming, login) as receiving,
        _Sending(ctx, outgoing, outgoing_login, is_shared=is_shared) as sending,
    ):
        if Capability.RECEIVE in ctx.wanted:
            receiving.sign_in()
        sending.go_on(after_refusal=receiving.may_have_refused)
        receiving.look_around()
        sending.finish()
        has_arrived = (
            ctx.send_test_message
            and receiving.stages.is_whole
            and sending.stages.is_whole
            and _to_oneself(ctx, receiving, sending)
        )
    if login.is_token:
        is_taken = receiving.is_signed_in or sending.is_signed_in
        identities = google.identities(
            ctx.address, login.username, credential.account, is_proven=is_taken
        )
    else:
        identities = (_told(ctx, has_arrived=has_arrived),)
    return VerifyReport(
        checks=receiving.stages.checks + sending.stages.checks, identities=identities
    )


def _told(ctx: CallContext, *, has_arrived: bool) -> Identity:
    # IMAP knows no address of its own accounts; that the message to oneself arrives is the only
    # proof that a password can give.
    proof = Proof.PROVEN if has_arrived else Proof.DECLARED
    return Identity(address=str(ctx.address), proof=proof)


def _endpoint(endpoints: tuple[Endpoint, ...], role: Role) -> Endpoint:
    return next(endpoint for endpoint in endpoints if endpoint.role is role)


class _Receiving:
    """The direction over IMAP."""

    def __init__(self, ctx: CallContext, endpoint: Endpoint, login: Login) -> None:
        self.stages = Stages(
            Chain.RECEIVE, "capability", "login", "identity", "select", "sent_folder"
        )
        self.session: ImapSession | None = None
        self._ctx = ctx
        self._endpoint = endpoint
        self._login = login

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.session is not None:
            self.session.close()

    @property
    def is_signed_in(self) -> bool:
        """Whether the server took the secret."""
        return self.stages.is_ok("login")

    @property
    def may_have_refused(self) -> bool:
        """Whether the server may have counted this secret as wrong.

        An answer that nobody understands, or none at all, can hide a definite no, and a second
        one at the other server would be one more on the way to a lockout.
        """
        trouble = self.stages.problem_of("login")
        return trouble is not None and verdict(trouble.code) in (
            Verdict.DEFINITE,
            Verdict.UNCLEAR,
        )

    def sign_in(self) -> None:
        try:
            channel = self.stages.connect(lambda: self._ctx.open(self._endpoint))
            self.session = session = self.stages.run(
                "capability",
                lambda: _greeted(ImapSession(channel, self._endpoint)),
                lambda session: session.shown_capabilities,
            )
            self.stages.run(
                "login",
                lambda: self._login.sign_in(self._ctx, self._endpoint, session),
                lambda mechanism: mechanism,
            )
        except Stopped:
            pass

    def look_around(self) -> None:
        session = self.session
        if session is None or self.stages.problem_of("login") is not None:
            return
        try:
            self.stages.run("identity", self._identity, lambda address: address)
            self.stages.run("select", session.examine_inbox, lambda count: f"INBOX {count}")
            self.stages.run("sent_folder", lambda: _sent_folder(session), lambda name: name)
        except Stopped:
            pass

    def _identity(self) -> str:
        if self._login.is_token:
            return google.mailbox_of(self._ctx.address, self._login.username)
        return str(self._ctx.address)


def _greeted(session: ImapSession) -> ImapSession:
    try:
        session.identify()
    except BaseException:
        session.close()
        raise
    return session


def _sent_folder(session: ImapSession) -> str:
    # Mail is sent and recorded without it, so that nothing about it fails a verification.
    try:
        return session.sent_folder() or "-"
    except InboxlinkError as error:
        return f"- ({error.code})"


class _Sending:
    """The direction over SMTP, in a thread of its own."""

    def __init__(
        self,
        ctx: CallContext,
        endpoint: Endpoint,
        login: Login,
        *,
        is_shared: bool,
    ) -> None:
        self.stages = Stages(Chain.SEND, "ehlo", "auth", "sender")
        self.session: SmtpSession | None = None
        self._ctx = ctx
        self._endpoint = endpoint
        self._login = login
        self._is_shared = is_shared
        self._may_sign_in = False
        self._told = Event()
        self._fault: BaseException | None = None
        self._thread = Thread(target=self._run, name="inboxlink-imap-smtp", daemon=True)

    def __enter__(self) -> Self:
        if Capability.SEND in self._ctx.wanted:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._told.set()  # said by now, unless the other direction broke: then there is no AUTH
        self._wait()
        if self.session is not None:
            self.session.close()

    @property
    def is_signed_in(self) -> bool:
        """Whether the server took the secret; known once it is finished."""
        return self.stages.is_ok("auth")

    def go_on(self, *, after_refusal: bool) -> None:
        """Say what IMAP answered; a secret of its own goes whatever that was."""
        self._may_sign_in = not (after_refusal and self._is_shared)
        self._told.set()

    def finish(self) -> None:
        self._wait()
        if self._fault is not None:
            raise self._fault

    def _wait(self) -> None:
        # Every wait in the thread ends with the channel's deadline.
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._verify()
        except Stopped:
            pass
        except BaseException as fault:  # noqa: BLE001 - raised again by the hook's thread
            self._fault = fault

    def _verify(self) -> None:
        channel = self.stages.connect(lambda: self._ctx.open(self._endpoint))
        self.session = session = self.stages.run(
            "ehlo",
            lambda: SmtpSession(channel, self._endpoint),
            lambda session: session.shown_extensions,
        )
        self._told.wait()
        if not self._may_sign_in:
            return
        self.stages.run(
            "auth",
            lambda: self._login.sign_in(self._ctx, self._endpoint, session),
            lambda mechanism: mechanism,
        )
        self.stages.run("sender", lambda: session.check_sender(self._ctx.address), lambda _: None)


def _to_oneself(ctx: CallContext, receiving: _Receiving, sending: _Sending) -> bool:
    """Send a message to the person, wait for it and remove it; True = it came."""
    incoming, outgoing = receiving.session, sending.session
    assert incoming is not None
    assert outgoing is not None
    message = compose(
        ctx,
        PROSE.string("imap.message.subject", ctx),
        PROSE.string("imap.message.body", ctx),
    )
    sending.stages.add("message")
    receiving.stages.add("message")
    try:
        is_sent = _sent(ctx, message, sending, outgoing)
        began = time.perf_counter()
        found = receiving.stages.run(
            "message",
            lambda: awaited(lambda: incoming.find(message["Message-ID"]), ctx.deadline),
            lambda uids: f"{len(uids)}",
        )
        if not found:
            took_ms = (time.perf_counter() - began) * 1000
            receiving.stages.fail("message", problem("message_not_found"), took_ms)
            return False
        receiving.stages.run("message", lambda: incoming.remove(found), _removal)
    except Stopped:
        return False
    return is_sent


def _sent(
    ctx: CallContext, message: EmailMessage, sending: _Sending, outgoing: SmtpSession
) -> bool:
    """Send; False = nobody knows whether it was, so that it is looked for and not sent again."""
    try:
        sending.stages.run("message", lambda: outgoing.send(message, ctx.address), lambda _: None)
    except Stopped:
        if not outgoing.is_delivery_unknown:
            raise
        return False
    return True


def _removal(is_gone: bool) -> Text:  # noqa: FBT001 - what `remove` gave back
    if is_gone:
        return Text("imap.evidence.removed", default="found, removed")
    return Text("imap.evidence.marked", default="found, marked as deleted")
