"""End a grant at its provider: asked for, told of, and never in the way of what is done here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxlink.connect.host import Host
from inboxlink.connect.proving import connection_context
from inboxlink.connect.refreshing import fresh
from inboxlink.connect.request import Revocation
from inboxlink.consent.ledger import EntryKind
from inboxlink.errors import InboxlinkError, Kind, Problem, ProviderFault, problem
from inboxlink.plugins.shape import misfit
from inboxlink.store.connections import Connection, ConnectionState
from inboxlink.types.credential import Credential
from inboxlink.types.provider import RevokeResult
from inboxlink.types.text import Text

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["Grant", "held_grant", "note_revocation", "revoke"]


@dataclass(frozen=True, slots=True)
class Grant:
    """A connection as it was, and the credential that its provider may be asked with.

    Args:
        connection: Whose grant it is.
        credential: None = there is none, or none that works.
        problem: Why there is none.
    """

    connection: Connection
    credential: Credential | None = None
    problem: Problem | None = None


def held_grant(host: Host, connection: Connection) -> Grant:
    """What a connection holds, taken in hand before it is removed here.

    A credential that is no longer renewed may be good enough to be revoked: an authorization
    server takes a refresh token without an access token (RFC 7009 section 2.1).
    """
    absent = host.absence(connection.provider)
    if absent is not None:
        return Grant(connection, problem=absent)
    try:
        if not host.registry.has(connection.provider, "revoke"):
            return Grant(connection)
        return Grant(*fresh(host, connection.id))
    except InboxlinkError as error:
        if error.problem.kind is not Kind.SIGN_IN and error.code != "sign_in_again":
            return Grant(connection, problem=error.problem)
        trouble = error.problem
    try:
        connection, credential = host.connections.opened(connection.id)
    except InboxlinkError as error:
        return Grant(connection, problem=error.problem)
    if connection.state is ConnectionState.DISCONNECTED:
        return Grant(connection, problem=trouble)
    return Grant(connection, credential)


def revoke(host: Host, grant: Grant) -> Revocation:
    """Ask the provider to end a grant; whatever comes of it is a value."""
    connection = grant.connection
    if grant.problem is not None:
        return Revocation(problem=grant.problem)
    if grant.credential is None:
        return Revocation(RevokeResult(None, Text("keeping.revoke_by_hand")))
    try:
        return Revocation(_asked(host, connection, grant.credential))
    except InboxlinkError as error:
        return Revocation(problem=error.problem)


def note_revocation(
    host: Host,
    connection: Connection,
    revocation: Revocation,
    within: "sa.Connection | None" = None,
) -> None:
    """Write what came of it to the ledger, under the provider whose grant it was."""
    host.ledger.append(
        EntryKind.REVOKED,
        owner=connection.owner,
        mailbox=connection.address,
        provider=connection.provider,
        details={"outcome": revocation.outcome},
        within=within,
    )


def _asked(host: Host, connection: Connection, credential: Credential) -> RevokeResult:
    context = connection_context(host, "revoke", connection)
    result = host.caller.call(connection.provider, "revoke", ctx=context, credential=credential)
    reason = misfit(result, RevokeResult)
    if reason is not None:
        raise ProviderFault(
            problem(
                "provider_result_invalid",
                provider=connection.provider,
                hook="revoke",
                reason=reason,
            )
        )
    outcome: RevokeResult = result
    return outcome
