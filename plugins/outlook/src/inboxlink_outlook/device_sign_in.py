"""A sign-in with a code that is typed on another device (RFC 8628): one question per tick.

msal would ask again and again by itself; here it asks once, and the host waits between the
questions. What the clock says of the code's end is ours too: msal gives back "pending" after it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msal

from inboxlink.errors import MailboxError, SignInError, problem
from inboxlink.types.context import AuthContext
from inboxlink.types.steps import Poll, State
from inboxlink_outlook.identity_platform import application, asked
from inboxlink_outlook.registration import Registration

__all__ = ["Wait", "ask", "begin"]

#: RFC 8628 section 3.5: what each `slow_down` adds, in seconds.
_SLOWER_S = 5

#: What says nothing of the sign-in; the next question comes after twice the time.
_PASSING = frozenset(
    {
        *("timed_out", "connection_lost", "connection_refused", "network_unreachable"),
        *("dns_failed", "server_unavailable", "rate_limited"),
    }
)


@dataclass(frozen=True, slots=True)
class Wait:
    """A code that was shown and waits to be typed.

    Args:
        tenant: Whose device endpoint gave it.
        device_code: Ours, never shown.
        user_code: What the person types.
        verification_uri: Where.
        scopes: What was asked for.
        every_s: Seconds before each question.
        until: When the code ends, in ISO 8601.
    """

    tenant: str
    device_code: str
    user_code: str
    verification_uri: str
    scopes: tuple[str, ...]
    every_s: float
    until: str

    @classmethod
    def of(cls, state: State) -> "Wait":
        """Read back what `poll` kept."""
        kept: Mapping[str, Any] = state
        return cls(**{**kept, "scopes": tuple(kept["scopes"])})

    @property
    def poll(self) -> Poll:
        """The step that waits."""
        return Poll(
            step="device",
            state={**asdict(self), "scopes": list(self.scopes)},
            user_code=self.user_code,
            verification_uri=self.verification_uri,
            scopes=self.scopes,
            every_s=self.every_s,
            until=datetime.fromisoformat(self.until),
        )


def begin(
    ctx: AuthContext, app: msal.ClientApplication, tenant: str, scopes: tuple[str, ...]
) -> Wait | Mapping[str, Any]:
    """Ask for a code; what the endpoint said, where it is a refusal.

    Raises:
        InboxlinkError: As `identity_platform.asked`.
    """

    def read() -> Wait | Mapping[str, Any]:
        flow = app.initiate_device_flow(list(scopes))
        if "error" in flow:
            return dict(flow)
        return Wait(
            tenant=tenant,
            device_code=str(flow["device_code"]),
            user_code=str(flow["user_code"]),
            verification_uri=str(flow["verification_uri"]),
            scopes=scopes,
            every_s=max(1, flow["interval"]),
            until=(ctx.now() + timedelta(seconds=flow["expires_in"])).isoformat(),
        )

    return asked(read)


def ask(
    ctx: AuthContext, registration: Registration, wait: Wait
) -> Wait | tuple[msal.ClientApplication, Mapping[str, Any]]:
    """Ask once whether the person is done: wait on, or the application with what it was told.

    Raises:
        SignInError: `sign_in_timed_out`.
        InboxlinkError: As `identity_platform.asked`, for what does not pass by itself.
    """
    _hold_to_the_end(ctx, wait)
    try:
        app = application(ctx, registration, wait.tenant)
        answer = asked(
            lambda: app.acquire_token_by_device_flow(
                {"device_code": wait.device_code}, exit_condition=lambda _: True
            )
        )
    except MailboxError as error:
        if error.code not in _PASSING:
            raise
        slower = replace(wait, every_s=wait.every_s * 2)
    else:
        if answer.get("error") not in ("slow_down", "authorization_pending"):
            return app, answer  # also at the last moment
        is_too_fast = answer["error"] == "slow_down"
        slower = replace(wait, every_s=wait.every_s + _SLOWER_S) if is_too_fast else wait
    _hold_to_the_end(ctx, wait)
    return slower


def _hold_to_the_end(ctx: AuthContext, wait: Wait) -> None:
    if ctx.now() >= datetime.fromisoformat(wait.until):
        raise SignInError(problem("sign_in_timed_out"))
