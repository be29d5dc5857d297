"""Prove both directions, over one connection to the Gmail API.

What a direction needs is asked for by its own scope, so that one which was not granted fails its
direction by name and leaves the other alone. Where only sending was granted, Gmail shows neither
profile nor labels nor senders: who it is stands in the ID token, and that the access works is
seen by how Google refuses to show more.
"""

import time
from collections.abc import Mapping
from contextlib import suppress

from inboxlink.errors import InboxlinkError, SignInError, problem
from inboxlink.own_message import awaited, compose
from inboxlink.remote_text import RemoteText
from inboxlink.types.context import CallContext, HttpSession
from inboxlink.types.credential import Credential, SecretName
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import Chain, VerifyReport
from inboxlink.types.text import Text
from inboxlink.verification import Stages, Stopped
from inboxlink_gmail import permissions
from inboxlink_gmail.google import API_HOST
from inboxlink_gmail.identity import identities
from inboxlink_gmail.mailbox import Mailbox
from inboxlink_gmail.words import PROSE

__all__ = ["verify"]


def verify(ctx: CallContext, credential: Credential, settings: Mapping[str, str]) -> VerifyReport:
    """See `inboxlink.hookspecs.verify`."""
    verification = _Verification(ctx, credential, settings)
    verification.run()
    return verification.report()


class _Verification:
    def __init__(
        self, ctx: CallContext, credential: Credential, settings: Mapping[str, str]
    ) -> None:
        self._ctx = ctx
        self._credential = credential
        self._is_receiving = Capability.RECEIVE in ctx.wanted
        self._is_sending = Capability.SEND in ctx.wanted
        # One connection serves both; it stands in the report of the direction that opened it.
        self._receiving = Stages(Chain.RECEIVE, "scope", "profile", "labels")
        self._sending = Stages(Chain.SEND, "scope", "senders", connects=not self._is_receiving)
        self._own = settings.get("account_address")
        self._senders: tuple[str, ...] = ()

    def run(self) -> None:
        opening = self._receiving if self._is_receiving else self._sending
        try:
            session = opening.connect(lambda: self._ctx.http(API_HOST))
        except Stopped:
            return
        with session:
            self._look(session)

    def report(self) -> VerifyReport:
        return VerifyReport(
            checks=self._receiving.checks + self._sending.checks,
            identities=identities(
                self._ctx.address, self._credential.account, self._own, self._senders
            ),
        )

    def _look(self, session: HttpSession) -> None:
        mailbox = Mailbox(session, self._credential.secret(SecretName.ACCESS_TOKEN))
        if self._is_receiving:
            with suppress(Stopped):
                self._receive(mailbox)
        if self._is_sending:
            with suppress(Stopped):
                self._send(mailbox)
                # From another account it would go to somebody else.
                if self._ctx.send_test_message and self._is_theirs():
                    self._to_oneself(mailbox)

    def _receive(self, mailbox: Mailbox) -> None:
        stages = self._receiving
        stages.run("scope", lambda: self._granted(permissions.READ), _shown)
        self._own = stages.run("profile", mailbox.address, _shown)
        stages.run("labels", mailbox.labels, _shown)

    def _send(self, mailbox: Mailbox) -> None:
        stages = self._sending
        if self._has(permissions.READ):
            stages.run("scope", lambda: self._granted(permissions.SEND), _shown)
            self._senders = stages.run("senders", mailbox.senders, lambda all_: _shown(*all_))
            if self._senders and not self._is_receiving:
                self._own = self._senders[0]  # whose profile was not looked at
            return
        stages.withhold("senders")
        stages.run("scope", lambda: self._alive(mailbox), _shown)

    def _alive(self, mailbox: Mailbox) -> str:
        """Hold the scope, and the access itself, by the one refusal that only a live one gets."""
        scope = self._granted(permissions.SEND)
        refusal = mailbox.refusal_to_read()
        if refusal is not None and refusal.code != "scope_not_granted":
            raise InboxlinkError.of(refusal)
        return scope

    def _has(self, scope: str) -> bool:
        return permissions.is_granted(scope, self._credential.scopes)

    def _granted(self, scope: str) -> str:
        if not self._has(scope):
            raise SignInError(problem("scope_not_granted", scopes=scope))
        return scope

    def _is_theirs(self) -> bool:
        found = self.report().identities
        return any(self._ctx.address.same_mailbox(each.address) for each in found)

    def _to_oneself(self, mailbox: Mailbox) -> None:
        """Send the person a message, and wait for it where it may be looked for."""
        self._sending.add("message")
        can_look = self._receiving.is_whole
        if can_look:
            self._receiving.add("message")
        message = compose(
            self._ctx,
            PROSE.string("gmail.message.subject", self._ctx),
            PROSE.string("gmail.message.body", self._ctx),
        )
        sent = self._sending.run("message", lambda: mailbox.send(message), lambda _: None)
        if can_look:
            self._find(mailbox, sent)

    def _find(self, mailbox: Mailbox, sent: str) -> None:
        began = time.perf_counter()
        has_come = self._receiving.run(
            "message",
            lambda: self._came(mailbox, sent),
            # To remove it would need a scope that lets an application change every message.
            lambda _: Text("gmail.evidence.stays", default="found, stays in the mailbox"),
        )
        if not has_come:
            took_ms = (time.perf_counter() - began) * 1000
            self._receiving.fail("message", problem("message_not_found"), took_ms)

    def _came(self, mailbox: Mailbox, sent: str) -> bool:
        message_id = mailbox.message_id(sent)
        return awaited(lambda: mailbox.is_in_inbox(message_id), self._ctx.deadline)


def _shown(*words: str) -> str | None:
    return RemoteText().clean(" ".join(words))
