"""Whether Microsoft knows the operator's registration: nobody signs in, and no token is kept."""

from inboxlink.errors import InboxlinkError, Problem
from inboxlink.types.context import HookContext
from inboxlink_outlook import entra_errors
from inboxlink_outlook.identity_platform import application, asked
from inboxlink_outlook.registration import Registration, faults

__all__ = ["check"]


def check(ctx: HookContext, *, is_online: bool) -> tuple[Problem, ...]:
    """See `inboxlink.hookspecs.check_client`."""
    found = faults(ctx.settings, ctx.now())
    if found or not is_online:
        return found
    trouble = _asked(ctx, Registration.of(ctx.settings))
    return () if trouble is None else (trouble,)


def _asked(ctx: HookContext, registration: Registration) -> Problem | None:
    """Ask Microsoft whether it knows the tenant and, where it can be asked, the application."""
    try:
        app = application(ctx, registration, registration.tenant or "organizations")
        if not (registration.is_confidential and registration.has_own_tenant):
            return None  # Microsoft tells nothing more without signing somebody in
        # A token for the application itself, with which nothing is done; it is dropped at once.
        scopes = ["https://graph.microsoft.com/.default"]
        answer = asked(lambda: app.acquire_token_for_client(scopes))
    except InboxlinkError as error:
        return error.problem
    secrets = (registration.secret or "",)
    return entra_errors.problem_of(answer, secrets=secrets) if "error" in answer else None
