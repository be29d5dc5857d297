"""The hooks. What needs exchangelib, spnego or pydantic is imported when a hook needs it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from inboxlink import hookimpl
from inboxlink.types.detection import Detection, Endpoint, Evidence
from inboxlink.types.disclosure import Audience, DiscloseContext, Disclosure
from inboxlink.types.provider import ProviderInfo
from inboxlink.types.text import Text

if TYPE_CHECKING:
    from inboxlink.types.context import AuthContext, CallContext
    from inboxlink.types.credential import Credential
    from inboxlink.types.report import Identity, VerifyReport
    from inboxlink.types.steps import Event, State, Step

__all__ = ["aliases", "authenticate", "describe", "detect", "disclose", "verify"]


@hookimpl
def describe() -> ProviderInfo:
    """See `inboxlink.hookspecs.describe`."""
    return ProviderInfo(
        name="exchange",
        title=Text("exchange.title"),
        summary=Text("exchange.summary"),
        audiences=frozenset({Audience.PERSONAL}),
    )


@hookimpl
def detect(evidence: Evidence) -> Detection | None:
    """See `inboxlink.hookspecs.detect`."""
    from inboxlink_exchange import detection

    return detection.detect(evidence)


@hookimpl
def disclose(detection: Detection, ctx: DiscloseContext) -> tuple[Disclosure, ...]:
    """See `inboxlink.hookspecs.disclose`."""
    from inboxlink_exchange import disclosing

    return disclosing.disclose(detection, ctx)


@hookimpl
def authenticate(ctx: "AuthContext", step: str, state: "State", event: "Event") -> "Step":
    """See `inboxlink.hookspecs.authenticate`."""
    from inboxlink_exchange import sign_in

    return sign_in.advance(ctx, step, state, event)


@hookimpl
def verify(
    ctx: "CallContext",
    credential: "Credential",
    settings: Mapping[str, str],
    endpoints: tuple[Endpoint, ...],
) -> "VerifyReport":
    """See `inboxlink.hookspecs.verify`."""
    from inboxlink_exchange import verification

    return verification.verify(ctx, credential, settings, endpoints)


@hookimpl
def aliases(
    ctx: "CallContext",
    credential: "Credential",
    settings: Mapping[str, str],
    endpoints: tuple[Endpoint, ...],
) -> "tuple[Identity, ...]":
    """See `inboxlink.hookspecs.aliases`."""
    from inboxlink_exchange import further_addresses

    return further_addresses.aliases(ctx, credential, settings, endpoints)
