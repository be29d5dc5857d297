"""Run a provider's verification, and judge what it found."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from inboxlink.connect.host import Host
from inboxlink.connect.refusing import Recollection
from inboxlink.connect.request import Request
from inboxlink.errors import Problem, ProviderFault, problem
from inboxlink.plugins.calling import DEADLINES_S, NETWORK_MARGIN_S
from inboxlink.store.connections import Connection, ConnectionState
from inboxlink.types.attempts import Attempts
from inboxlink.types.context import CallContext
from inboxlink.types.credential import Credential
from inboxlink.types.detection import Endpoint
from inboxlink.types.disclosure import Audience, Capability
from inboxlink.types.report import Chain, Identity, VerifyReport

__all__ = [
    "call_context",
    "connection_context",
    "lacking",
    "objection",
    "shortfall",
    "state_of",
    "verify",
]


def call_context(
    host: Host,
    hook: str,
    provider: str,
    *,
    force: bool = False,
    **fields: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """The fields that every context shares, with a deadline before the hook's own.

    Args:
        host: The installation.
        hook: The hook that is called.
        provider: Whose hook it is.
        force: Whether a secret is sent that was refused a short while ago.
        fields: The context's other fields.
    """
    return {
        "application": host.application(fields["language"]),
        "settings": host.client_settings(provider),
        "deadline": time.monotonic() + DEADLINES_S[hook] - NETWORK_MARGIN_S,
        "wire": host.wire,
        "clock": host.clock,
        "random_token": host.random_token,
        "attempts": Attempts(Recollection(host, force)),
        **fields,
    }


def connection_context(host: Host, hook: str, connection: Connection) -> CallContext:
    """The context of a hook about a stored connection, where nobody is there to be spoken to."""
    return CallContext(
        **call_context(
            host,
            hook,
            connection.provider,
            address=host.address(connection.address),
            audience=Audience.PERSONAL,
            language="en",
            wanted=connection.wanted,
        )
    )


def verify(
    host: Host,
    request: Request,
    credential: Credential,
    settings: Mapping[str, str],
    endpoints: tuple[Endpoint, ...],
) -> VerifyReport:
    """Run the provider's verification and hold its report to the contract.

    Raises:
        ProviderFault: The provider broke the contract.
    """
    provider = request.detection.provider
    context = CallContext(
        **call_context(
            host,
            "verify",
            provider,
            address=request.address,
            audience=request.audience,
            language=request.language,
            wanted=request.wanted,
            send_test_message=request.send_test_message,
            force=request.force,
        )
    )
    report = host.caller.call(
        provider,
        "verify",
        ctx=context,
        credential=credential,
        settings=settings,
        endpoints=endpoints,
    )
    if not isinstance(report, VerifyReport) or not report.checks:
        raise ProviderFault(
            problem(
                "provider_result_invalid",
                provider=provider,
                hook="verify",
                reason="no report of its checks",
            )
        )
    return report


def objection(
    request: Request, report: VerifyReport, withheld: tuple[str, ...] = ()
) -> Problem | None:
    """What forbids storing, whatever the person says: no direction at all, or another mailbox.

    Args:
        request: What the person set out to do.
        report: What was found.
        withheld: The scopes that the person did not grant.
    """
    if lacking(request, report) == request.wanted:
        return shortfall(request, report, withheld) or problem("remote_error")
    if not any(request.address.same_mailbox(each.address) for each in report.identities):
        found = ", ".join(each.address for each in report.identities) or "-"
        return problem("wrong_account", address=str(request.address), found=found)
    if request.replaces is not None and request.replaces.provider == request.detection.provider:
        before = _subjects(request.replaces.identities)
        now = _subjects(report.identities)
        if before and now and before.isdisjoint(now):
            return problem("wrong_account", address=str(request.address), found="-")
    return None


def lacking(request: Request, report: VerifyReport) -> frozenset[Capability]:
    """The directions that were wanted and do not work; one that was not wanted is no lack."""
    works = {Capability.RECEIVE: report.can_receive, Capability.SEND: report.can_send}
    return frozenset(each for each in request.wanted if not works[each])


def shortfall(request: Request, report: VerifyReport, withheld: tuple[str, ...]) -> Problem | None:
    """Why a direction that was wanted does not work; None = the report does not say."""
    if report.first_problem is not None:
        return report.first_problem
    chains = {Chain(each) for each in lacking(request, report)}
    if all(check.is_granted for check in report.checks if check.chain in chains):
        return None
    return problem("scope_not_granted", scopes=", ".join(withheld) or "-")


def _subjects(identities: Iterable[Identity]) -> set[str]:
    return {each.subject for each in identities if each.subject is not None}


def state_of(report: VerifyReport) -> ConnectionState:
    """The state of a connection of which at least one direction works."""
    if report.can_receive and report.can_send:
        return ConnectionState.ACTIVE
    return ConnectionState.RECEIVE_ONLY if report.can_receive else ConnectionState.SEND_ONLY
