"""The hooks. What needs msal, requests or pydantic is imported when a hook needs it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from inboxlink import hookimpl
from inboxlink.types.detection import Detection, Endpoint, Evidence
from inboxlink.types.disclosure import Audience, DiscloseContext, Disclosure
from inboxlink.types.provider import ProviderInfo, RevokeResult
from inboxlink.types.text import Text
from inboxlink.types.way import Way

if TYPE_CHECKING:
    from inboxlink.errors import Problem
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
        name="outlook",
        title=Text("outlook.title"),
        summary=Text("outlook.summary"),
        audiences=frozenset(Audience),  # req 89
        ways=frozenset(Way),
        # Microsoft lets the port of a registered http://localhost differ, not that of an address
        # in digits (learn.microsoft.com, "Redirect URI restrictions", read November 2026).
        loopback_host="localhost",
    )


@hookimpl
def detect(evidence: Evidence) -> Detection | None:
    """See `inboxlink.hookspecs.detect`."""
    from inboxlink_outlook import detection

    return detection.detect(evidence)


@hookimpl
def disclose(detection: Detection, ctx: DiscloseContext) -> tuple[Disclosure, ...]:
    """See `inboxlink.hookspecs.disclose`."""
    from inboxlink_outlook import disclosing

    return disclosing.disclose(detection, ctx)


@hookimpl
def authenticate(ctx: "AuthContext", step: str, state: "State", event: "Event") -> "Step":
    """See `inboxlink.hookspecs.authenticate`."""
    from inboxlink_outlook import sign_in

    return sign_in.advance(ctx, step, state, event)


@hookimpl
def verify(
    ctx: "CallContext",
    credential: "Credential",
    settings: Mapping[str, str],  # noqa: ARG001 - the contract's
    endpoints: tuple[Endpoint, ...],  # noqa: ARG001
) -> "VerifyReport":
    """See `inboxlink.hookspecs.verify`."""
    from inboxlink_outlook import verification

    return verification.verify(ctx, credential)


@hookimpl
def refresh(ctx: "CallContext", credential: "Credential") -> "Credential":
    """See `inboxlink.hookspecs.refresh`."""
    from inboxlink_outlook import renewal

    return renewal.refresh(ctx, credential)


@hookimpl
def revoke(ctx: "CallContext", credential: "Credential") -> RevokeResult:  # noqa: ARG001
    """See `inboxlink.hookspecs.revoke`."""
    # Nothing is asked of Microsoft: it offers applications no way to end one grant (req 110).
    return RevokeResult(None, Text("outlook.revoke.by_hand"))


@hookimpl
def aliases(
    ctx: "CallContext",
    credential: "Credential",
    settings: Mapping[str, str],  # noqa: ARG001
) -> "tuple[Identity, ...]":
    """See `inboxlink.hookspecs.aliases`."""
    from inboxlink_outlook import identities

    return identities.read(ctx, credential)


@hookimpl
def check_client(ctx: "HookContext", online: bool) -> "tuple[Problem, ...]":  # noqa: FBT001
    """See `inboxlink.hookspecs.check_client`."""
    from inboxlink_outlook import client_check

    return client_check.check(ctx, is_online=online)
