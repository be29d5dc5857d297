"""The hooks. What needs imapclient, smtplib or pydantic is imported when a hook needs it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from inboxlink import hookimpl
from inboxlink.types.detection import Detection, Endpoint, Evidence
from inboxlink.types.disclosure import Audience, DiscloseContext, Disclosure
from inboxlink.types.provider import ProviderInfo, RevokeResult
from inboxlink.types.text import Text
from inboxlink_imap.ways import WAYS

if TYPE_CHECKING:
    from inboxlink.errors import Problem
    from inboxlink.types.context import AuthContext, CallContext, HookContext
    from inboxlink.types.credential import Credential
    from inboxlink.types.report import VerifyReport
    from inboxlink.types.steps import Event, State, Step

__all__ = [
    "authenticate",
    "check_client",
    "describe",
    "detect",
    "disclose",
    "refresh",
    "revoke",
    "verify",
]


@hookimpl
def describe() -> ProviderInfo:
    """See `inboxlink.hookspecs.describe`."""
    return ProviderInfo(
        name="imap",
        title=Text("imap.title"),
        summary=Text("imap.summary"),
        audiences=frozenset({Audience.PERSONAL}),
        variants=("gmail", "outlook"),
        ways=WAYS,
    )


@hookimpl
def detect(evidence: Evidence) -> Detection | None:
    """See `inboxlink.hookspecs.detect`."""
    from inboxlink_imap import detection

    return detection.detect(evidence)


@hookimpl
def disclose(detection: Detection, ctx: DiscloseContext) -> tuple[Disclosure, ...]:
    """See `inboxlink.hookspecs.disclose`."""
    from inboxlink_imap import disclosing

    return disclosing.disclose(detection, ctx)


@hookimpl
def authenticate(ctx: "AuthContext", step: str, state: "State", event: "Event") -> "Step":
    """See `inboxlink.hookspecs.authenticate`."""
    from inboxlink_imap import sign_in

    return sign_in.advance(ctx, step, state, event)


@hookimpl
def verify(
    ctx: "CallContext",
    credential: "Credential",
    settings: Mapping[str, str],
    endpoints: tuple[Endpoint, ...],
) -> "VerifyReport":
    """See `inboxlink.hookspecs.verify`."""
    from inboxlink_imap import verification

    return verification.verify(ctx, credential, settings, endpoints)


@hookimpl
def refresh(ctx: "CallContext", credential: "Credential") -> "Credential":
    """See `inboxlink.hookspecs.refresh`."""
    from inboxlink_imap import grants

    return grants.refresh(ctx, credential)


@hookimpl
def revoke(ctx: "CallContext", credential: "Credential") -> RevokeResult:
    """See `inboxlink.hookspecs.revoke`."""
    from inboxlink_imap import grants

    return grants.revoke(ctx, credential)


@hookimpl
def check_client(ctx: "HookContext", online: bool) -> "tuple[Problem, ...]":  # noqa: FBT001
    """See `inboxlink.hookspecs.check_client`."""
    from inboxlink_imap import registration

    return registration.check_client(ctx, online=online)
