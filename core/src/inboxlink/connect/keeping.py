"""What happens to a connection after it was made."""

from dataclasses import dataclass, replace

from inboxlink.connect import revoking
from inboxlink.connect.consenting import disclosures, note
from inboxlink.connect.host import Host
from inboxlink.connect.proving import state_of, verify
from inboxlink.connect.refreshing import fresh
from inboxlink.connect.request import Request
from inboxlink.connect.single_flight import forget
from inboxlink.consent.ledger import EntryKind
from inboxlink.errors import HostError, Kind, Problem
from inboxlink.store.connections import Connection, ConnectionState
from inboxlink.types.context import Previous, Purpose
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.disclosure import Capability
from inboxlink.types.provider import RevokeResult
from inboxlink.types.report import Chain, VerifyReport
from inboxlink.types.text import Text

__all__ = [
    "Disconnected",
    "Verified",
    "disconnect",
    "reconnection",
    "set_automation",
    "verify_again",
]

#: The directions that a connection in this state stands and falls with.
_LIVES_ON = {state: frozenset(Chain) for state in ConnectionState} | {
    ConnectionState.RECEIVE_ONLY: frozenset({Chain.RECEIVE}),
    ConnectionState.SEND_ONLY: frozenset({Chain.SEND}),
}


@dataclass(frozen=True, slots=True)
class Disconnected:
    """Both acts of an ending (req 110).

    Args:
        connection: As it is kept, without secrets.
        revoked: The provider's outcome; None = it was not asked for.
        problem: Why the provider could not be asked; the local secrets are gone all the same.
    """

    connection: Connection
    revoked: RevokeResult | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found, and what it means for the connection.

    Args:
        connection: As it is kept now.
        report: Every stage of both directions.
        problem: Of a direction that the connection lives on; None = it is as good as it was
            agreed, though the other direction may be out of order.
    """

    connection: Connection
    report: VerifyReport
    problem: Problem | None


def reconnection(
    host: Host, connection: Connection, language: str, detection: Detection | None = None
) -> Request:
    """The request that signs a connection in again and keeps its id.

    Args:
        host: The installation.
        connection: The one to sign in again.
        language: For the disclosures.
        detection: Another provider to move to (req 67); None = the same one.
    """
    same = detection is None or detection.provider == connection.provider
    return Request(
        owner=connection.owner,
        address=host.address(connection.address),
        detection=detection or _as_it_was(connection),
        language=language,
        wanted=connection.wanted,
        inbox_automation=connection.inbox_automation,
        previous=(
            Previous(connection.account, connection.settings, connection.endpoints)
            if same
            else None
        ),
        replaces=connection,
        purpose=Purpose.REAUTH if same else Purpose.RECONFIGURE,
    )


def verify_again(
    host: Host, connection: Connection, *, send_test_message: bool = False
) -> Verified:
    """Verify a stored connection, and keep what was found.

    Only a definite no of the provider breaks a connection; a server that is down does not. A
    secret that was refused once is not sent again before the person signs in.

    Raises:
        SetupError: `sign_in_again` for a connection that is disconnected or was refused;
            `provider_not_installed`, `provider_unknown`.
        InboxlinkError: As `fresh`, where the credential could not be renewed.
    """
    host.require(connection.provider)
    connection, credential = fresh(host, connection.id)
    wanted = _worth_trying(connection)
    request = replace(
        reconnection(host, connection, "en"), send_test_message=send_test_message, wanted=wanted
    )
    report = verify(host, request, credential, connection.settings, connection.endpoints)
    report = _with_what_is_known(report, connection.report, wanted)
    found = next(
        (
            check.problem
            for check in report.checks
            if check.problem is not None and check.chain in _LIVES_ON[connection.state]
        ),
        None,
    )
    state = _judged(host, connection, report, found)
    code = None if found is None else found.code
    host.connections.note_verification(connection, report, state, code, host.clock())
    return Verified(host.connections.get(connection.id), report, found)


def set_automation(host: Host, connection: Connection, *, on: bool) -> Connection:
    """Switch inbox automation, a consent of its own (req 20)."""
    request = reconnection(host, connection, "en")
    note(host, request, EntryKind.AUTOMATION, {"on": on})
    host.connections.set_automation(connection.id, on=on, now=host.clock())
    return host.connections.get(connection.id)


def disconnect(host: Host, connection: Connection, *, revoke: bool = False) -> Disconnected:
    """End a connection here, and at the provider too where that is asked for.

    Raises:
        HostError: `ledger_broken`: the secrets are gone, and the ledger could not say so.
    """
    revocation = revoking.revoke(host, revoking.held_grant(host, connection)) if revoke else None
    request = reconnection(host, connection, "en")
    try:
        with host.store.write() as database:
            if revocation is not None:
                revoking.note_revocation(host, connection, revocation, within=database)
            host.connections.disconnect(connection.id, host.clock(), database)
            note(host, request, EntryKind.DISCONNECTED, {}, within=database)
    except HostError as error:
        if error.code != "ledger_broken":
            raise
        # Whoever broke the ledger must not keep a person's secret here by that.
        host.connections.disconnect(connection.id, host.clock())
        raise
    forget(host.paths.data, connection.id)
    ended = host.connections.get(connection.id)
    if revocation is None:
        return Disconnected(ended)
    return Disconnected(ended, revocation.result, revocation.problem)


def _worth_trying(connection: Connection) -> frozenset[Capability]:
    # A direction that the person does without is tried again after trouble that may have passed,
    # but never after a definite no: each check would cost a wrong use of the secret.
    refused = {
        check.chain
        for check in (connection.report.checks if connection.report else ())
        if check.problem is not None and check.problem.kind is Kind.SIGN_IN
    }
    return frozenset(
        each
        for each in connection.wanted
        if Chain(each) in _LIVES_ON[connection.state] or Chain(each) not in refused
    )


def _with_what_is_known(
    report: VerifyReport, before: VerifyReport | None, wanted: frozenset[Capability]
) -> VerifyReport:
    if before is None or wanted == frozenset(Capability):
        return report
    checks = tuple(
        check
        for chain in Chain
        for check in (report if Capability(chain) in wanted else before).chain(chain)
    )
    return report.model_copy(update={"checks": checks})


def _judged(
    host: Host, connection: Connection, report: VerifyReport, found: Problem | None
) -> ConnectionState:
    if found is not None and found.kind is Kind.SIGN_IN:
        return ConnectionState.NEEDS_REAUTH
    if found is not None:
        return connection.state
    if _has_changed_disclosures(host, connection):
        return ConnectionState.NEEDS_CONSENT
    return state_of(report)


def _has_changed_disclosures(host: Host, connection: Connection) -> bool:
    current = disclosures(host, reconnection(host, connection, "en"))
    return {(each.id, each.version) for each in current} != {
        (each.id, each.version) for each in connection.disclosures
    }


def _as_it_was(connection: Connection) -> Detection:
    return Detection(
        connection.provider,
        Basis.GUESS,
        Text("detection.connected_before"),
        connection.endpoints,
        settings=connection.settings,
    )
