"""Prove both directions over Exchange Web Services, with at most one use of a wrong password."""

import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from inboxlink.errors import Problem, SignInError, problem
from inboxlink.own_message import awaited, compose
from inboxlink.types.context import CallContext, HttpSession
from inboxlink.types.credential import Credential, SecretName
from inboxlink.types.detection import Endpoint, Role
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import Chain, Identity, Proof, VerifyReport
from inboxlink.types.text import Text
from inboxlink.verification import Stages, Stopped
from inboxlink_exchange import policy
from inboxlink_exchange.ews import Ews, Inbox
from inboxlink_exchange.schemes import Scheme
from inboxlink_exchange.signed_session import SignedSession
from inboxlink_exchange.words import PROSE

__all__ = ["opened", "verify"]

_REMOVED = Text("exchange.evidence.removed", default="found, removed")

#: Stages of the connection that both directions go over.
_SHARED = ("scheme", "login", "version", "identity")


def verify(
    ctx: CallContext,
    credential: Credential,
    settings: Mapping[str, str],
    endpoints: tuple[Endpoint, ...],
) -> VerifyReport:
    """See `inboxlink.hookspecs.verify`."""
    (endpoint,) = (each for each in endpoints if each.role is Role.EWS)
    receives = Capability.RECEIVE in ctx.wanted
    # Both directions go over one connection, which is told of where it is wanted first.
    receiving = Stages(Chain.RECEIVE, *(_SHARED if receives else ()), "select", connects=receives)
    sending = Stages(
        Chain.SEND,
        *(() if receives else _SHARED),
        *("sent_folder", "sender"),
        connects=not receives,
    )
    leading = receiving if receives else sending
    identities: tuple[Identity, ...] = ()
    session: HttpSession | None = None
    try:
        session = leading.connect(lambda: ctx.http(endpoint.host, endpoint.pin))
        ews, inbox = _signed_in(ctx, credential, settings, endpoint, session, leading)
        identities = (Identity(address=str(ctx.address), proof=Proof.PROVEN),)
        if receives:
            receiving.run("select", lambda: inbox.total, lambda total: f"INBOX {total}")
        _look_at_sending(ctx, ews, sending)
        if ctx.send_test_message and receiving.is_whole and sending.is_whole:
            _to_oneself(ctx, ews, receiving, sending)
    except Stopped:
        pass
    finally:
        if session is not None:
            session.close()
    return VerifyReport(checks=receiving.checks + sending.checks, identities=identities)


def opened(
    ctx: CallContext,
    credential: Credential,
    settings: Mapping[str, str],
    host: str,
    session: HttpSession,
) -> Ews:
    """The mailbox, signed in with its first request."""
    username, password = settings["username"], credential.secret(SecretName.PASSWORD)
    signed = SignedSession(session, host, Scheme(settings["scheme"]), username, password)
    return Ews(str(ctx.address), settings["ews_url"], signed)


def _signed_in(
    ctx: CallContext,
    credential: Credential,
    settings: Mapping[str, str],
    endpoint: Endpoint,
    session: HttpSession,
    stages: Stages,
) -> tuple[Ews, Inbox]:
    username, password = settings["username"], credential.secret(SecretName.PASSWORD)
    assert urlsplit(settings["ews_url"]).hostname == endpoint.host
    ews = stages.run(
        "scheme",
        lambda: opened(ctx, credential, settings, endpoint.host, session),
        lambda _: settings["scheme"].upper(),
    )

    def sign_in() -> Inbox:
        with ctx.attempt(endpoint, username, password):
            return ews.own_inbox()

    inbox = stages.run("login", sign_in, lambda _: username)
    began = time.perf_counter()
    if ews.version < policy.OLDEST:
        stages.fail("version", policy.too_old(ews.shown_version), _since(began))
        raise Stopped
    stages.run("version", lambda: ews.shown_version, lambda version: version)
    _prove(ctx, ews, inbox, stages)
    return ews, inbox


def _prove(ctx: CallContext, ews: Ews, inbox: Inbox, stages: Stages) -> None:
    """The typed address is the login's own mailbox: both have the same inbox."""

    def compare() -> str:
        if ews.inbox_id() != inbox.id:
            raise SignInError(_of_another(ctx))
        return str(ctx.address)

    stages.run("identity", compare, lambda address: address)


def _of_another(ctx: CallContext) -> Problem:
    return problem("wrong_account", address=str(ctx.address), found="-")


def _look_at_sending(ctx: CallContext, ews: Ews, stages: Stages) -> None:
    if Capability.SEND not in ctx.wanted:
        return
    may_keep = stages.run("sent_folder", ews.may_keep_sent, lambda may: "-" if may else "read only")
    if not may_keep:
        denied = policy.ews_error("ErrorSendAsDenied")
        assert denied is not None
        stages.fail("sender", denied, 0.0)
        return
    stages.run("sender", lambda: str(ctx.address), lambda address: address)


def _to_oneself(ctx: CallContext, ews: Ews, receiving: Stages, sending: Stages) -> None:
    """Send a message to the person, wait for it and remove it."""
    message = compose(
        ctx,
        PROSE.string("exchange.message.subject", ctx),
        PROSE.string("exchange.message.body", ctx),
    )
    message_id = str(message["Message-ID"])
    sending.add("message")
    receiving.add("message")
    sending.run("message", lambda: ews.send_to_oneself(message), lambda _: None)
    began = time.perf_counter()
    if awaited(lambda: ews.remove(message_id), ctx.deadline):
        receiving.run("message", lambda: None, lambda _: _REMOVED)
        return
    receiving.fail("message", problem("message_not_found"), _since(began))


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
