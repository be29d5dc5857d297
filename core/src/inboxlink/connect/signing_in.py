"""From the acknowledged disclosures to a stored connection, in the one order that is allowed.

Each function checks that the stage before it is done, on what is durable and not on what the
caller says: `begin` on the ledger, `answer` on the flow record, and before the credential is used
on the ledger again, because words can change and a mailbox be disconnected on the way.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from inboxlink.connect.consenting import note, require_acknowledged
from inboxlink.connect.handing_off import settle
from inboxlink.connect.host import Host
from inboxlink.connect.proving import (
    call_context,
    lacking,
    objection,
    shortfall,
    state_of,
    verify,
)
from inboxlink.connect.request import Connected, Failed, Request, Revocation
from inboxlink.connect.revoking import Grant, held_grant, note_revocation, revoke
from inboxlink.consent.ledger import EntryKind
from inboxlink.errors import HostError, SetupError, problem
from inboxlink.flows.engine import Briefing, Ended, Pending
from inboxlink.oauth.scopes import withheld
from inboxlink.store.connections import Connection, DisclosureRef
from inboxlink.types.context import AuthContext, Previous
from inboxlink.types.disclosure import Disclosure
from inboxlink.types.report import VerifyReport
from inboxlink.types.steps import Abort, Done, Event, State

__all__ = ["answer", "begin"]


def begin(host: Host, request: Request, binding: str) -> Pending | Connected | Failed:
    """Begin the sign-in.

    Args:
        host: The installation.
        request: What the person set out to do.
        binding: A token that this browser session or CLI process holds.

    Raises:
        HostError: `acknowledgement_missing` (req 107).
        SetupError: `already_connected`, `provider_unknown`.
        ProviderFault: The provider broke the contract.
    """
    if request.replaces is None:
        existing = host.connections.find(request.owner, request.address)
        if existing is not None:
            raise SetupError(
                problem("already_connected", address=str(request.address), id=existing.id)
            )
    required = require_acknowledged(host, request)
    provider = request.detection.provider
    briefing = Briefing(
        address=str(request.address),
        audience=request.audience,
        language=request.language,
        wanted=request.wanted,
        purpose=request.purpose,
        detection=request.detection,
        disclosed_scopes=tuple(scope for each in required for scope in each.scopes),
        ways=request.ways,
        previous=request.previous,
        redirect_uri=request.redirect_uri,
        oauth_state=host.random_token(32),
        send_test_message=request.send_test_message,
        inbox_automation=request.inbox_automation,
        force=request.force,
    )
    outcome = host.engine.begin(
        briefing,
        _advance(host),
        owner=request.owner,
        plugin_version=host.registry.candidates[provider].version,
        flow_version=host.info(provider).flow_version,
        binding=binding,
        connection_id=None if request.replaces is None else request.replaces.id,
    )
    return _failed(outcome) if isinstance(outcome, Ended) else outcome


def answer(
    host: Host,
    pending: Pending,
    binding: str,
    event: Event,
    accept_partial: Callable[[VerifyReport], bool] = lambda _: False,
) -> Pending | Connected | Failed:
    """Answer the pending step; when it was the last one, verify and store.

    Args:
        host: The installation; it may be another process than the one that began.
        pending: The step that is answered.
        binding: As it was given to `begin`.
        event: The answer.
        accept_partial: Asked for the person's yes where one direction alone works.

    Raises:
        HostError: The answer came too late, twice, or from somewhere else;
            `acknowledgement_missing`, where what was acknowledged at the beginning no longer
            holds at the end. The sign-in is gone then.
        ProviderFault: The provider broke the contract.
    """
    outcome = host.engine.answer(
        pending.flow_id,
        pending.seq,
        binding,
        event,
        _advance(host),
        flow_version=lambda provider: host.info(provider).flow_version,
    )
    if isinstance(outcome, Pending):
        return outcome
    if isinstance(outcome.outcome, Abort):
        return _failed(outcome)
    return _finish(host, _request(host, outcome), outcome.outcome, accept_partial)


def _request(host: Host, ended: Ended) -> Request:
    # Rebuilt from what was sealed at the beginning, so that no caller can change it on the way.
    record, briefing = ended.record, ended.briefing
    return Request(
        owner=record.owner,
        address=host.address(briefing.address),
        detection=briefing.detection,
        language=briefing.language,
        audience=briefing.audience,
        wanted=briefing.wanted,
        inbox_automation=briefing.inbox_automation,
        send_test_message=briefing.send_test_message,
        force=briefing.force,
        ways=briefing.ways,
        redirect_uri=briefing.redirect_uri,
        previous=briefing.previous,
        replaces=(
            None if record.connection_id is None else host.connections.get(record.connection_id)
        ),
        purpose=briefing.purpose,
    )


def _advance(host: Host) -> Callable[[Briefing, str, State, Event], object]:
    def advance(briefing: Briefing, step: str, state: State, event: Event) -> object:
        context = AuthContext(
            **call_context(
                host,
                "authenticate",
                briefing.detection.provider,
                address=host.address(briefing.address),
                audience=briefing.audience,
                language=briefing.language,
                wanted=briefing.wanted,
                send_test_message=briefing.send_test_message,
                force=briefing.force,
                purpose=briefing.purpose,
                detection=briefing.detection,
                ways=briefing.ways,
                previous=briefing.previous,
                redirect_uri=briefing.redirect_uri,
                oauth_state=briefing.oauth_state,
            )
        )
        return host.caller.call(
            briefing.detection.provider,
            "authenticate",
            ctx=context,
            step=step,
            state=state,
            event=event,
        )

    return advance


def _failed(ended: Ended) -> Failed:
    assert isinstance(ended.outcome, Abort)
    return Failed(ended.outcome.error, previous=ended.briefing.previous)


def _finish(
    host: Host,
    request: Request,
    done: Done,
    accept_partial: Callable[[VerifyReport], bool],
) -> Connected | Failed:
    required = require_acknowledged(host, request)
    settings, endpoints = dict(done.settings), done.endpoints
    report = verify(host, request, done.credential, settings, endpoints)
    previous = Previous(done.credential.account, settings, endpoints)
    disclosed = [scope for each in required for scope in each.scopes]
    not_granted = withheld(disclosed, done.credential.scopes)
    refused = objection(request, report, not_granted)
    if refused is not None:
        return Failed(refused, report, previous)
    if lacking(request, report):
        if not accept_partial(report):
            partial = shortfall(request, report, not_granted) or problem("partial_declined")
            return Failed(partial, report, previous)
        note(host, request, EntryKind.PARTIAL_ACCEPTED, {"state": state_of(report).value})
    for endpoint in endpoints:
        if endpoint.pin is not None:
            trusted = {"endpoint": endpoint.authority, "sha256": endpoint.pin.sha256}
            note(host, request, EntryKind.CERTIFICATE_TRUSTED, trusted)
    if request.replaces is None or request.replaces.inbox_automation != request.inbox_automation:
        note(host, request, EntryKind.AUTOMATION, {"on": request.inbox_automation})
    connection = _connection(host, request, done, report, required)
    repeated = tuple(each for each in required if each.is_repeated)
    if request.replaces is None:
        host.connections.add(connection, done.credential)
        settle(host, request)
        return Connected(connection, report, repeated)
    # At the same provider nothing is revoked: the grant of before may be the grant of now, and
    # would end with either's token (RFC 7009 section 2.1; Google's does,
    # https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke).
    is_moved = request.replaces.provider != connection.provider
    former = held_grant(host, request.replaces) if is_moved else None
    host.connections.replace(connection, done.credential)
    ended = None if former is None else _end(host, former)
    return Connected(connection, report, repeated, ended)


def _end(host: Host, former: Grant) -> Revocation:
    revocation = revoke(host, former)
    with suppress(HostError):  # the mailbox is connected, whatever becomes of the former access
        note_revocation(host, former.connection, revocation)
    return revocation


def _connection(
    host: Host,
    request: Request,
    done: Done,
    report: VerifyReport,
    acknowledged: Iterable[Disclosure],
) -> Connection:
    now = host.clock()
    provider = request.detection.provider
    connection = Connection(
        id=host.new_id(),
        owner=request.owner,
        provider=provider,
        plugin_version=host.registry.candidates[provider].version,
        address=str(request.address),
        state=state_of(report),
        kind=done.credential.kind,
        account=done.credential.account,
        scopes=done.credential.scopes,
        expires_at=done.credential.expires_at,
        grant_ends_at=done.credential.grant_ends_at,
        refresh_started_at=None,
        settings=dict(done.settings),
        endpoints=done.endpoints,
        identities=report.identities,
        report=report,
        disclosures=tuple(
            DisclosureRef(each.id, each.version, each.digest) for each in acknowledged
        ),
        wanted=request.wanted,
        inbox_automation=request.inbox_automation,
        problem_code=None,
        created_at=now,
        updated_at=now,
        verified_at=now,
    )
    if request.replaces is None:
        return connection
    return replace(connection, id=request.replaces.id, created_at=request.replaces.created_at)
