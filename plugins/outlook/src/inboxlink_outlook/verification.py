"""Prove both directions over one connection to Microsoft Graph.

Whose mailbox it is and whether it is a person's own are settled first, in the first direction that
is wanted: without them nothing else is asked, and no address is proven. SMTP is not used, so that
it does not matter whether the organisation has switched it off.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from inboxlink.errors import InboxlinkError, problem
from inboxlink.oauth.api import Api
from inboxlink.own_message import new_message_id
from inboxlink.types.context import CallContext
from inboxlink.types.credential import Credential
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import Chain, Identity, VerifyReport
from inboxlink.types.text import Text
from inboxlink.verification import Stages, Stopped
from inboxlink_outlook import identities, own_message, policy
from inboxlink_outlook.graph import HOST, api
from inboxlink_outlook.identity_platform import CONSUMER_TENANT
from inboxlink_outlook.scopes import OF_CAPABILITY
from inboxlink_outlook.tokens import tenant_of

__all__ = ["verify"]

_STAYS = Text("outlook.evidence.stays", default="found, and left there")
_OF_THE_ACCOUNT = ("me", "purpose")

#: After these nobody knows whether Graph has taken a message.
_UNKNOWN = frozenset({"timed_out", "connection_lost", "server_unavailable", "protocol_error"})


def verify(ctx: CallContext, credential: Credential) -> VerifyReport:
    """See `inboxlink.hookspecs.verify`."""
    return _Verification(ctx, credential).report()


class _Verification:
    def __init__(self, ctx: CallContext, credential: Credential) -> None:
        self._ctx = ctx
        self._credential = credential
        self._receives = Capability.RECEIVE in ctx.wanted
        self._sends = Capability.SEND in ctx.wanted
        leads = _OF_THE_ACCOUNT if not self._receives else ()
        self._receiving = Stages(Chain.RECEIVE, *_OF_THE_ACCOUNT, "scope", "inbox")
        self._sending = Stages(Chain.SEND, *leads, "scope", "sender", connects=bool(leads))
        self._identities: tuple[Identity, ...] = ()

    def report(self) -> VerifyReport:
        with suppress(Stopped):
            self._run()
        return VerifyReport(
            checks=self._receiving.checks + self._sending.checks, identities=self._identities
        )

    def _run(self) -> None:
        first = self._receiving if self._receives else self._sending
        with first.connect(lambda: self._ctx.http(HOST)) as session:
            graph = api(self._ctx, session, self._credential)
            profile = first.run(
                "me",
                lambda: identities.profile(self._ctx, graph, self._credential),
                lambda found: str(found.get("mail") or found.get("userPrincipalName") or "-"),
            )
            first.run("purpose", lambda: self._purpose(graph), lambda purpose: purpose)
            found = identities.of_profile(self._ctx, profile, self._credential)
            is_there = self._receives and self._receive(graph)
            is_ready = self._sends and self._send(graph, profile)
            if is_there or is_ready:
                self._identities = found
            if is_there and is_ready and self._ctx.send_test_message:
                self._to_oneself(graph)

    def _purpose(self, graph: Api) -> str:
        if tenant_of(self._credential.account) == CONSUMER_TENANT:
            return "user"  # personal accounts share no mailboxes, and Graph does not say it of them
        purpose = str(graph.get("/v1.0/me/mailboxSettings/userPurpose").get("value", "-"))
        if purpose.lower() in policy.SHARED_PURPOSES:
            raise InboxlinkError.of(policy.shared_mailbox(purpose))
        return purpose

    def _receive(self, graph: Api) -> bool:
        if not self._has_scope(self._receiving, Capability.RECEIVE, "inbox"):
            return False
        target = "/v1.0/me/mailFolders/inbox?$select=displayName,totalItemCount"
        try:
            self._receiving.run("inbox", lambda: graph.get(target), _folder)
        except Stopped:
            return False
        return True

    def _send(self, graph: Api, profile: Mapping[str, Any]) -> bool:
        if not self._has_scope(self._sending, Capability.SEND, "sender"):
            return False
        try:
            self._sending.run("sender", lambda: self._sender(graph, profile), lambda sender: sender)
        except Stopped:
            return False
        return True

    def _sender(self, graph: Api, profile: Mapping[str, Any]) -> str:
        address = str(profile.get("mail") or profile.get("userPrincipalName") or "-")
        if not (self._receives and self._is_granted(Capability.RECEIVE)):
            return address  # the folder of sent mail cannot be looked at with Mail.Send alone
        target = "/v1.0/me/mailFolders/sentitems?$select=displayName,totalItemCount"
        return f"{address}, {_folder(graph.get(target))}"

    def _has_scope(self, stages: Stages, capability: Capability, needing: str) -> bool:
        """Note whether a direction was granted; the stage that needs it is not tried without."""
        scope = OF_CAPABILITY[capability]
        if self._is_granted(capability):
            stages.run("scope", lambda: scope, lambda granted: granted)
            return True
        stages.fail("scope", problem("scope_not_granted", scopes=scope), 0.0)
        stages.withhold(needing)
        return False

    def _is_granted(self, capability: Capability) -> bool:
        return OF_CAPABILITY[capability] in self._credential.scopes

    def _to_oneself(self, graph: Api) -> None:
        """Send a message to the person and wait for it."""
        message_id = new_message_id(self._ctx)
        self._sending.add("message")
        self._receiving.add("message")
        try:
            self._sending.run(
                "message", lambda: own_message.send(self._ctx, graph, message_id), lambda _: None
            )
        except Stopped:
            trouble = self._sending.problem_of("message")
            if trouble is None or trouble.code not in _UNKNOWN:
                raise
            # It may be on its way: it is looked for, and never sent again.
        began = time.perf_counter()
        is_found = self._receiving.run(
            "message",
            lambda: own_message.await_message(graph, message_id, self._ctx.deadline),
            lambda _: _STAYS,
        )
        if not is_found:
            took_ms = (time.perf_counter() - began) * 1000
            self._receiving.fail("message", problem("message_not_found"), took_ms)


def _folder(found: Mapping[str, Any]) -> str:
    return f"{found.get('displayName', '-')} {found.get('totalItemCount', '')}".strip()
