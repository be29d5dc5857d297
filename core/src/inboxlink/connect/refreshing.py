"""Renew a credential that is about to end: once, whoever asks, and kept before it is used.

The account's lock -> what is kept is read again -> a mark, durable -> the provider -> what came of
it and the end of the mark, durable together -> the lock is given back. A refresh token that rotates
is good once (RFC 9700 section 4.14.2): a second use can end the whole grant, and a new one that is
lost cannot be had again. No transaction is open while the provider is waited for.

A mark that stays says that nobody knows whether the old secret still counts: the connection reads
at risk until a later renewal is answered. Only a definite no makes the person sign in again.
"""

import time
from contextlib import suppress
from datetime import timedelta

from inboxlink.connect.host import Host
from inboxlink.connect.proving import connection_context
from inboxlink.connect.single_flight import POLL_S, Held, alone, busy
from inboxlink.errors import (
    HostError,
    InboxlinkError,
    Kind,
    ProviderFault,
    SetupError,
    UnreachableError,
    problem,
)
from inboxlink.plugins.calling import DEADLINES_S
from inboxlink.plugins.shape import misfit
from inboxlink.store.connections import Connection, ConnectionState
from inboxlink.types.context import CallContext
from inboxlink.types.credential import Credential, CredentialKind

__all__ = ["Kept", "fresh"]

Kept = tuple[Connection, Credential]

#: Seconds that a waiter has patience: a little more than a renewal may take.
WAIT_S = DEADLINES_S["refresh"] + 2

#: Seconds between two tries to keep what a provider renewed. A disk that is full can be emptied;
#: each try waits for a database that is busy besides.
COMMIT_DELAYS_S = (0.1, 0.4, 1.0, 2.0)

#: For how long after its mark a renewal can be on its way: its deadline, and time to keep it.
_LONGEST = timedelta(seconds=DEADLINES_S["refresh"] + 5)

_PASSING = frozenset({"store_busy", "store_full", "store_unavailable"})

#: The server answered in full and has renewed nothing, or the provider was not even called.
_NOTHING_RENEWED = frozenset(
    {"rate_limited", "server_unavailable", "provider_quarantined", "provider_load_failed"}
)

_REFUSED = (ConnectionState.NEEDS_REAUTH, ConnectionState.DISCONNECTED)


def fresh(host: Host, connection_id: str, *, margin_s: float = 60.0, force: bool = False) -> Kept:
    """A connection and its credential, renewed where it would end too soon.

    Args:
        host: The installation.
        connection_id: Which one.
        margin_s: Seconds for which the credential must still be good.
        force: Whether it is renewed in any case, because a server did not take it.

    Raises:
        SetupError: `sign_in_again`: the connection is disconnected or was refused, or its
            credential has ended and cannot be renewed. Nothing was sent.
        SignInError: The provider refused to renew; the person must sign in again.
        MailboxError: The provider did not renew, or nobody knows whether it did.
        ProviderFault: The provider broke the contract.
        HostError: `refresh_busy`: another process has been at it for too long; otherwise the
            store or the key is in trouble, and what was renewed may be lost.
    """
    kept = _usable(host, connection_id)
    if not _is_due(host, kept, margin_s, force=force):
        return kept
    until = time.monotonic() + WAIT_S
    try:
        with alone(host.paths.data, connection_id, until) as lock:
            found = _settled(host, connection_id, lock, until)
            if _is_newer(host, found, kept):
                return found
            return _renewed(host, *found)
    except HostError as error:
        if error.code == "refresh_busy":
            found = _usable(host, connection_id)
            if _is_newer(host, found, kept):
                return found
        raise


def _usable(host: Host, connection_id: str) -> Kept:
    connection, credential = host.connections.opened(connection_id)
    if connection.state in _REFUSED:
        raise SetupError(problem("sign_in_again", id=connection_id))
    return connection, credential


def _is_due(host: Host, kept: Kept, margin_s: float, *, force: bool) -> bool:
    connection, credential = kept
    if credential.expires_at is None:
        is_asked = force and credential.kind is CredentialKind.OAUTH2
    else:
        is_asked = force or _ends_within(host, credential, margin_s)
    if not is_asked:
        return False
    host.require(connection.provider)  # or one that is gone would look like one that cannot
    if host.registry.has(connection.provider, "refresh"):
        return True
    if _ends_within(host, credential, 0):
        raise SetupError(problem("sign_in_again", id=connection.id))
    return False


def _ends_within(host: Host, credential: Credential, span_s: float) -> bool:
    ends_at = credential.expires_at
    return ends_at is not None and ends_at - host.clock() <= timedelta(seconds=span_s)


def _is_newer(host: Host, found: Kept, kept: Kept) -> bool:
    is_other = found[1].secrets != kept[1].secrets
    return is_other and not _ends_within(host, found[1], 0)


def _settled(host: Host, connection_id: str, lock: Held, until: float) -> Kept:
    """What is kept, once no renewal under a lock that was deleted or replaced can be on its way."""
    while True:
        found = _usable(host, connection_id)
        mark = found[0].refresh_started_at
        # On a clock that was set anew the mark may lie in the future.
        is_under_way = mark is not None and abs(host.clock() - mark) < _LONGEST
        if not lock.is_new or not is_under_way:
            lock.settle()
            return found
        if time.monotonic() >= until:
            raise busy()
        time.sleep(POLL_S)


def _renewed(host: Host, connection: Connection, used: Credential) -> Kept:
    context = connection_context(host, "refresh", connection)
    started_at = host.clock()
    if not host.renewals.begin(connection.id, used, started_at):
        return _usable(host, connection.id)
    try:
        renewed = _asked(host, connection, used, context)
    except InboxlinkError as error:
        if error.problem.kind is Kind.SIGN_IN:
            return _refused(host, connection, used, error)
        if _nothing_renewed(error):
            with suppress(HostError):  # the mark stays, and the error is the one that matters
                before = connection.refresh_started_at
                host.renewals.undo(connection.id, started_at, before)
        raise
    _keep(host, connection, used, renewed)
    return _usable(host, connection.id)


def _asked(
    host: Host, connection: Connection, used: Credential, context: CallContext
) -> Credential:
    renewed = host.caller.call(connection.provider, "refresh", ctx=context, credential=used)
    reason = misfit(renewed, Credential)
    if reason is None and not renewed.secrets:
        reason = "no secrets"
    if reason is None and (renewed.kind, renewed.account) != (used.kind, used.account):
        reason = "another account's credential"
    if reason is not None:
        raise ProviderFault(
            problem(
                "provider_result_invalid",
                provider=connection.provider,
                hook="refresh",
                reason=reason,
            )
        )
    credential: Credential = renewed
    return credential


def _refused(host: Host, connection: Connection, used: Credential, error: InboxlinkError) -> Kept:
    try:
        is_broken = host.renewals.refuse(connection.id, used, error.code, host.clock())
    except HostError:  # the mark stays, and the next renewal is refused as this one was
        raise error from None
    if is_broken:
        raise error
    # What was refused is not what is kept: a peer renewed it, or the person signed in again.
    return _usable(host, connection.id)


def _nothing_renewed(error: InboxlinkError) -> bool:
    is_unsent = isinstance(error, UnreachableError) or error.problem.kind is Kind.SETUP
    return is_unsent or error.code in _NOTHING_RENEWED


def _keep(host: Host, connection: Connection, used: Credential, renewed: Credential) -> None:
    for delay_s in (*COMMIT_DELAYS_S, None):
        try:
            host.renewals.keep(connection.id, used, renewed, host.clock())
        except HostError as error:
            if delay_s is None or error.code not in _PASSING:
                raise
            time.sleep(delay_s)
        else:
            return
