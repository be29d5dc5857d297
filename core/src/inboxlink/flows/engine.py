"""Move a sign-in on by one answer.

The engine knows nothing of networks, consent or connections: `connect` hands it a function that
runs the provider, and gets back what is to be shown next or how the sign-in ended.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from inboxlink.errors import HostError, InboxlinkError, ProviderFault, problem
from inboxlink.flows.checks import check_answer, check_step, missing_values, wrong_issuer
from inboxlink.flows.record import FlowRecord, FlowStore, Sealer
from inboxlink.types.context import Previous, Purpose
from inboxlink.types.detection import Detection
from inboxlink.types.disclosure import Audience, Capability
from inboxlink.types.model import Model
from inboxlink.types.steps import (
    Abort,
    Callback,
    Done,
    Event,
    Form,
    PendingStep,
    Redirect,
    Start,
    State,
    Submit,
)
from inboxlink.types.way import Way

__all__ = ["LIFETIME", "Advance", "Briefing", "Ended", "Engine", "Pending"]

#: A person looks up an app password in this time; a stolen link is dead after it.
LIFETIME = timedelta(minutes=15)

#: RFC 6749 section 4.1.2 gives a code ten minutes; the state lives no longer.
REDIRECT_LIFETIME = timedelta(minutes=10)


class Briefing(Model):
    """What a provider is told at every step of one sign-in; sealed with the pending step."""

    address: str
    audience: Audience
    language: str
    wanted: frozenset[Capability]
    purpose: Purpose
    detection: Detection
    disclosed_scopes: tuple[str, ...] = ()
    ways: frozenset[Way] = frozenset()
    previous: Previous | None = None
    redirect_uri: str | None = None
    oauth_state: str | None = None
    send_test_message: bool = False
    inbox_automation: bool = False
    force: bool = False


class _Sealed(Model):
    briefing: Briefing
    step: PendingStep


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that waits for an answer to `step`, which must name `seq`."""

    flow_id: str
    seq: int
    step: PendingStep
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """A sign-in that is over, one way or the other."""

    record: FlowRecord
    briefing: Briefing
    outcome: Done | Abort


#: Runs the provider: briefing, step, state and event in, whatever it returns out.
Advance = Callable[[Briefing, str, State, Event], object]


class Engine:
    """Sign-ins in progress.

    Args:
        store: Keeps them.
        sealer: Seals what is kept.
        clock: The time, aware and in UTC.
        random_token: Gives an unguessable token of that many bytes.
    """

    def __init__(
        self,
        store: FlowStore,
        sealer: Sealer,
        clock: Callable[[], datetime],
        random_token: Callable[[int], str],
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._random_token = random_token

    def begin(
        self,
        briefing: Briefing,
        advance: Advance,
        *,
        owner: str,
        plugin_version: str,
        flow_version: int,
        binding: str,
        connection_id: str | None = None,
    ) -> Pending | Ended:
        """Ask the provider for its first step.

        Args:
            briefing: What it is told.
            advance: Runs it.
            owner: The person in the host's terms.
            plugin_version: Of the provider's distribution.
            flow_version: See `ProviderInfo`.
            binding: A token that this browser session or CLI process holds.
            connection_id: The connection that is signed in again; None = a new one.

        Raises:
            ProviderFault: The provider broke the contract.
        """
        self._store.purge(self._clock())
        record = FlowRecord(
            flow_id=self._random_token(16),
            owner=owner,
            provider=briefing.detection.provider,
            plugin_version=plugin_version,
            flow_version=flow_version,
            purpose=briefing.purpose,
            address=briefing.address,
            connection_id=connection_id,
            seq=0,
            binding=_digest(binding),
            expires_at=self._clock() + LIFETIME,
            sealed=b"",
        )
        outcome = self._run(record, briefing, advance, "", {}, Start())
        if isinstance(outcome, Done | Abort):
            return Ended(record, briefing, outcome)
        pending = self._pending(record, briefing, outcome)
        self._store.put(pending)
        return Pending(pending.flow_id, pending.seq, outcome, pending.expires_at)

    def answer(
        self,
        flow_id: str,
        seq: int,
        binding: str,
        event: Event,
        advance: Advance,
        *,
        flow_version: Callable[[str], int],
    ) -> Pending | Ended:
        """Give the pending step its one answer.

        Args:
            flow_id: Of the pending step.
            seq: Of the pending step.
            binding: The token that was given to `begin`.
            event: The answer.
            advance: Runs the provider.
            flow_version: The version that a provider has now; a step that another version asked
                can no longer be answered.

        Raises:
            HostError: See `FlowStore.take`; `answer_mismatch`, after which the same step can
                still be answered.
            ProviderFault: The provider broke the contract, and the sign-in is gone.
        """
        record = self._store.take(flow_id, seq, _digest(binding), self._clock())
        if record.flow_version != flow_version(record.provider):
            self._store.delete(flow_id)
            raise HostError(problem("flow_expired"))
        kept = _Sealed.model_validate_json(
            self._sealer.unseal(record.sealed, record=flow_id, field=record.field)
        )
        try:
            check_answer(kept.step, event, kept.briefing.oauth_state)
        except InboxlinkError:
            self._store.advance(record)
            raise
        outcome: PendingStep | Done | Abort
        if isinstance(kept.step, Redirect) and isinstance(event, Callback):
            mismatch = wrong_issuer(kept.step, event)
            if mismatch is not None:
                self._store.delete(flow_id)
                return Ended(record, kept.briefing, Abort(error=mismatch))
        if isinstance(kept.step, Form) and isinstance(event, Submit):
            missing = missing_values(kept.step, event)
            if missing:
                outcome = _shown_again(kept.step, event).model_copy(update={"errors": missing})
                return self._wait(record, kept.briefing, outcome)
        try:
            outcome = self._run(
                record, kept.briefing, advance, kept.step.step, kept.step.state, event
            )
        except BaseException:
            self._store.delete(flow_id)
            raise
        if isinstance(outcome, Done | Abort):
            self._store.delete(flow_id)
            return Ended(record, kept.briefing, outcome)
        return self._wait(record, kept.briefing, outcome)

    def abandon(self, flow_id: str) -> None:
        """Forget a sign-in."""
        self._store.delete(flow_id)

    def purge(self) -> int:
        """Forget every sign-in whose time is over, and say how many."""
        return self._store.purge(self._clock())

    def _run(
        self,
        record: FlowRecord,
        briefing: Briefing,
        advance: Advance,
        step: str,
        state: State,
        event: Event,
    ) -> PendingStep | Done | Abort:
        try:
            outcome = advance(briefing, step, state, event)
        except ProviderFault:
            raise
        except InboxlinkError as error:
            # What the network refused and the provider passed on is an outcome, not a fault.
            return Abort(error=error.problem)
        return check_step(
            outcome,
            provider=record.provider,
            disclosed=briefing.disclosed_scopes,
            answered=event if isinstance(event, Submit) else None,
            oauth_state=briefing.oauth_state,
            redirect_uri=briefing.redirect_uri,
        )

    def _wait(self, record: FlowRecord, briefing: Briefing, step: PendingStep) -> Pending:
        following = self._pending(replace(record, seq=record.seq + 1), briefing, step)
        self._store.advance(following)
        return Pending(following.flow_id, following.seq, step, following.expires_at)

    def _pending(self, record: FlowRecord, briefing: Briefing, step: PendingStep) -> FlowRecord:
        kept = _Sealed(briefing=briefing, step=step).model_dump_json().encode()
        sealed = self._sealer.seal(kept, record=record.flow_id, field=record.field)
        lifetime = REDIRECT_LIFETIME if isinstance(step, Redirect) else LIFETIME
        return replace(record, sealed=sealed, expires_at=self._clock() + lifetime)


def _shown_again(form: Form, answer: Submit) -> Form:
    # What was typed stays; secret fields stay empty, because a form never carries one.
    fields = tuple(
        field.model_copy(update={"value": answer.values.get(field.name, field.value)})
        for field in form.fields
    )
    return form.model_copy(update={"fields": fields})


def _digest(binding: str) -> str:
    return hashlib.sha256(binding.encode()).hexdigest()
