"""Microsoft Graph: the session to it, and what its refusals mean.

Codes and words as in "Microsoft Graph error responses and resource types", "Troubleshoot Outlook
errors" and "REST API is not yet supported for this mailbox" (learn.microsoft.com, read November
2026).
"""

from collections.abc import Callable, Mapping
from typing import Any

from inboxlink.errors import Blame, Kind, Problem, problem
from inboxlink.oauth.api import Api, Judge
from inboxlink.types.context import CallContext, HttpSession
from inboxlink.types.credential import Credential, SecretName
from inboxlink.types.text import Text

__all__ = ["HOST", "api"]

HOST = "graph.microsoft.com"

#: The mailbox is elsewhere: on servers of the organisation's own.
_ON_PREMISES = "rest api is not yet supported for this mailbox"


def api(ctx: CallContext, session: HttpSession, credential: Credential) -> Api:
    """Graph, with the access of one account."""
    token = credential.secret(SecretName.ACCESS_TOKEN)
    return Api(session, HOST, token, _judge(ctx.application.name))


def _judge(app: str) -> Judge:
    def judge(status: int, body: Mapping[str, Any]) -> Problem | None:
        error = body.get("error")
        if not isinstance(error, dict):
            return None
        code, said = str(error.get("code", "")), str(error.get("message", ""))
        found = _PROBLEMS.get(code)
        if found is not None:
            return found(said, app)
        return _policy(said, app) if status == 403 else None

    return judge


def _mailbox(said: str, _: str) -> Problem:
    if _ON_PREMISES in said.lower():
        return _own("mailbox_on_premises", said)
    # "Inactive, soft-deleted, or hosted on-premise": Microsoft does not say which of them.
    return _own("mailbox_missing", said)


def _policy(said: str, app: str) -> Problem:
    return problem("admin_policy", app=app, remote=_short(said))


def _sender(said: str, _: str) -> Problem:
    return problem("sender_refused", host=HOST, port="443", remote=_short(said))


def _message(said: str, _: str) -> Problem:
    return problem("message_refused", host=HOST, port="443", remote=_short(said))


_PROBLEMS: dict[str, Callable[[str, str], Problem]] = {
    "MailboxNotEnabledForRESTAPI": _mailbox,
    "MailboxNotSupportedForRESTAPI": _mailbox,
    "ErrorNonExistentMailbox": _mailbox,
    "OrganizationFromTenantGuidNotFound": _mailbox,
    "ErrorAccessDenied": _policy,
    "ErrorSendAsDenied": _sender,
    "ErrorMessageSubmissionBlocked": _message,
    "ErrorExceededMessageLimit": _message,
}


def _own(code: str, said: str) -> Problem:
    return Problem(
        code,
        Kind.MAILBOX,
        Blame.ADMIN,
        Text(f"outlook.graph.{code}"),
        Text(f"outlook.graph.{code}.remedy"),
        remote=_short(said),
    )


def _short(said: str) -> str | None:
    from inboxlink.remote_text import RemoteText

    return RemoteText().clean(said)
