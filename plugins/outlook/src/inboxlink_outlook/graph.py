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
            return found(code, said, app)
        return _policy(code, said, app) if status == 403 else None

    return judge


def _mailbox(code: str, said: str, _: str) -> Problem:
    if code in _ELSEWHERE or _ON_PREMISES in said.lower():
        return _own("mailbox_on_premises", code, said)
    # "Inactive, soft-deleted, or hosted on-premise": Microsoft does not say which of them.
    return _own("mailbox_missing", code, said)


def _policy(code: str, said: str, app: str) -> Problem:
    return problem("admin_policy", app=app, remote=_remote(code, said))


def _sender(code: str, said: str, _: str) -> Problem:
    return problem("sender_refused", host=HOST, port="443", remote=_remote(code, said))


def _message(code: str, said: str, _: str) -> Problem:
    return problem("message_refused", host=HOST, port="443", remote=_remote(code, said))


#: Said of a mailbox that is on no server of Microsoft's (microsoftgraph/msgraph-sdk-dotnet, issue
#: 688, read November 2026).
_ELSEWHERE = frozenset({"MailboxNotHostedInExchangeOnline"})

_PROBLEMS: dict[str, Callable[[str, str, str], Problem]] = {
    "MailboxNotHostedInExchangeOnline": _mailbox,
    "MailboxNotEnabledForRESTAPI": _mailbox,
    "MailboxNotSupportedForRESTAPI": _mailbox,
    "ErrorNonExistentMailbox": _mailbox,
    "OrganizationFromTenantGuidNotFound": _mailbox,
    "ErrorAccessDenied": _policy,
    "ErrorSendAsDenied": _sender,
    "ErrorMessageSubmissionBlocked": _message,
    "ErrorExceededMessageLimit": _message,
}


def _own(name: str, code: str, said: str) -> Problem:
    return Problem(
        name,
        Kind.MAILBOX,
        Blame.ADMIN,
        Text(f"outlook.graph.{name}"),
        Text(f"outlook.graph.{name}.remedy"),
        remote=_remote(code, said),
    )


def _remote(code: str, said: str) -> str | None:
    from inboxlink.remote_text import RemoteText

    return RemoteText().clean(": ".join(part for part in (code, said) if part))
