"""msal, held to one host: Microsoft's worldwide identity platform.

It gets the core's network in place of its own, no cache but one in memory, no other authority than
the one that is named here, and no say in what its failures look like: what it raises can hold
tokens, and is replaced by coded errors.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msal
import requests

from inboxlink.errors import InboxlinkError, MailboxError, Problem, problem
from inboxlink.oauth.token_errors import retry_after_s
from inboxlink.oauth.web import web_session
from inboxlink.types.context import HookContext
from inboxlink_outlook import entra_errors
from inboxlink_outlook.registration import Registration

__all__ = ["CONSUMER_TENANT", "HOST", "application", "asked", "issuer"]

HOST = "login.microsoftonline.com"

#: The tenant of everybody's personal accounts.
CONSUMER_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"

_METADATA = "/.well-known/openid-configuration"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "device_authorization_endpoint")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: What msal raises on an answer that is none of OAuth's, or not even an object.
_NO_ANSWER = (
    *(msal.exceptions.MsalError, requests.RequestException, ValueError, RuntimeError),
    *(LookupError, TypeError, AttributeError),
)

_R = TypeVar("_R")


def issuer(tenant: str) -> str:
    """Who signs the ID tokens of one tenant."""
    return f"https://{HOST}/{tenant}/v2.0"


def application(
    ctx: HookContext,
    registration: Registration,
    tenant: str,
    cache: msal.SerializableTokenCache | None = None,
) -> msal.ClientApplication:
    """An application of msal; making it fetches the tenant's metadata.

    Args:
        ctx: Lends the network.
        registration: Without faults.
        tenant: A GUID, a domain, or `common`, `organizations` or `consumers`.
        cache: The tokens of one account; None = none yet.

    Raises:
        InboxlinkError: The metadata could not be had, or is not what it should be.
    """
    session = web_session(ctx, {HOST})
    session.hooks["response"].append(_judge(tenant))
    options = {
        "authority": f"https://{HOST}/{tenant}",
        "http_client": session,
        "token_cache": cache or msal.SerializableTokenCache(),
        # There is one host, and it is named here; nothing else is asked which there are.
        "instance_discovery": False,
    }
    if registration.is_confidential:
        return asked(
            lambda: msal.ConfidentialClientApplication(
                registration.client_id,
                client_credential=registration.credential,
                azure_region=False,  # or an environment variable leads to another host
                **options,
            )
        )
    return asked(lambda: msal.PublicClientApplication(registration.client_id, **options))


def asked(call: Callable[[], _R]) -> _R:
    """Call msal, and replace what it raises: its words may hold codes and tokens.

    Raises:
        InboxlinkError: Of the network, as it is; `protocol_error` for an answer that is none.
    """
    try:
        return call()
    except _NO_ANSWER:
        pass
    # Outside of `except`, so that no exception of msal's hangs on to this one.
    raise MailboxError(problem("protocol_error", host=HOST, port="443"))


def _judge(tenant: str) -> Callable[..., None]:
    """Look at each answer before msal does.

    Of metadata: whose they are and where they lead (RFC 8414 section 3.3).
    """

    def judge(answer: requests.Response, **_: Any) -> None:  # noqa: ANN401
        if answer.status_code == 429 or answer.status_code >= 500:
            raise MailboxError(_passing(answer))
        if not urlsplit(str(answer.url)).path.endswith(_METADATA):
            return
        try:
            document = answer.json()
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise MailboxError(problem("protocol_error", host=HOST, port="443"))
        if answer.status_code != 200:
            raise InboxlinkError.of(entra_errors.problem_of(document))
        if not _is_own(document, tenant):
            found = str(document.get("issuer", "-"))
            raise InboxlinkError.of(
                problem("issuer_mismatch", issuer=issuer(tenant), found=found[:200])
            )

    return judge


def _passing(answer: requests.Response) -> Problem:
    wait_s = retry_after_s({name.lower(): value for name, value in answer.headers.items()})
    code = "rate_limited" if answer.status_code == 429 else "server_unavailable"
    return problem(code, retry_after_s=wait_s, host=HOST, port="443")


def _is_own(document: Mapping[str, Any], tenant: str) -> bool:
    named = urlsplit(str(document.get("issuer", "")))
    is_issuer = named.scheme == "https" and named.netloc == HOST and named.path.endswith("/v2.0")
    if _GUID.fullmatch(tenant.lower()):
        is_issuer = document.get("issuer") == issuer(tenant.lower())
    # The device endpoint alone may be missing.
    endpoints = [str(document[each]) for each in _ENDPOINTS if each in document]
    return (
        is_issuer
        and {"authorization_endpoint", "token_endpoint"} <= document.keys()
        and all(each.startswith(f"https://{HOST}/") for each in endpoints)
    )
