"""The hooks. What needs Google's libraries or pydantic is imported when a hook needs it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from inboxlink import hookimpl
from inboxlink.errors import Problem
from inboxlink.types.detection import Detection, Endpoint, Evidence
from inboxlink.types.disclosure import Audience, DiscloseContext, Disclosure
from inboxlink.types.provider import ProviderInfo, RevokeResult
from inboxlink.types.text import Text
from inboxlink.types.way import Way

if TYPE_CHECKING:
    from inboxlink.types.context import AuthContext, CallContext, HookContext
    from inboxlink.types.credential import Credential
    from inboxlink.types.report import Identity, VerifyReport
    from inboxlink.types.steps import Event, State, Step

__all__ = [
    "aliases",
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
        name="gmail",
        title=Text("gmail.title"),
        summary=Text("gmail.summary"),
        audiences=frozenset({Audience.PERSONAL, Audience.TEAM}),
        # Not Way.DEVICE: Google's device flow allows few scopes, and none of Gmail's
        # (developers.google.com/identity/protocols/oauth2/limited-input-device, "Allowed scopes",
        # read November 2026).
        ways=frozenset({Way.LOOPBACK, Way.REDIRECT, Way.PASTE}),
        # A desktop client takes the literal on any port ("native-app", at the same place).
        loopback_host="127.0.0.1",
    )


@hookimpl
def detect(evidence: Evidence) -> Detection | None:
    """See `inboxlink.hookspecs.detect`."""
    from inboxlink_gmail import detection

    return detection.detect(evidence)


@hookimpl
def disclose(detection: Detection, ctx: DiscloseContext) -> tuple[Disclosure, ...]:  # noqa: ARG001
    """See `inboxlink.hookspecs.disclose`."""
    from inboxlink_gmail import disclosing

    return disclosing.disclose(ctx)


@hookimpl
def authenticate(ctx: "AuthContext", step: str, state: "State", event: "Event") -> "Step":
    """See `inboxlink.hookspecs.authenticate`."""
    from inboxlink_gmail import sign_in

    return sign_in.advance(ctx, step, state, event)


@hookimpl
def verify(
    ctx: "CallContext",
    credential: "Credential",
    settings: Mapping[str, str],
    endpoints: tuple[Endpoint, ...],  # noqa: ARG001 - Google's addresses are constants
) -> "VerifyReport":
    """See `inboxlink.hookspecs.verify`."""
    from inboxlink_gmail import verification

    return verification.verify(ctx, credential, settings)


@hookimpl
def refresh(ctx: "CallContext", credential: "Credential") -> "Credential":
    """See `inboxlink.hookspecs.refresh`."""
    from inboxlink_gmail import grant

    return grant.refresh(ctx, credential)


@hookimpl
def revoke(ctx: "CallContext", credential: "Credential") -> RevokeResult:
    """See `inboxlink.hookspecs.revoke`."""
    from inboxlink_gmail import grant

    return grant.revoke(ctx, credential)


@hookimpl
def aliases(
    ctx: "CallContext", credential: "Credential", settings: Mapping[str, str]
) -> "tuple[Identity, ...]":
    """See `inboxlink.hookspecs.aliases`."""
    from inboxlink_gmail import senders

    return senders.aliases(ctx, credential, settings)


@hookimpl
def check_client(ctx: "HookContext", online: bool) -> tuple[Problem, ...]:  # noqa: FBT001
    """See `inboxlink.hookspecs.check_client`."""
    from inboxlink_gmail import client

    return client.check(ctx, online=online)
