"""What Microsoft answers when something is wrong, written after its documentation.

- Token errors: https://learn.microsoft.com/entra/identity-platform/reference-error-codes, "Handling
  error codes in your application", whose sample gives the fields (of 2024-04-24, read 2026-11-26).
  The page does not tell which `error` and `suberror` go with each code: those are ours, and a test
  can choose another `error`.
- Graph errors: the fields of https://learn.microsoft.com/graph/errors.
"""

from dataclasses import dataclass
from typing import Any

from inboxlink.testing.peers.faults import Fault, changed, instead, redirected_with
from inboxlink.testing.peers.web import Answer, json_answer

__all__ = [
    "StsError",
    "aadsts",
    "graph_busy",
    "graph_error",
    "mailbox_not_enabled",
    "needs_admin",
    "redirected_error",
    "sts_error",
    "token_error",
    "user_purpose",
]


@dataclass(frozen=True)
class StsError:
    """An error of the security token service."""

    code: int
    error: str
    text: str
    suberror: str | None = None
    status: int = 400

    @property
    def description(self) -> str:
        """As it stands in `error_description`."""
        return (
            f"AADSTS{self.code}: {self.text} Trace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333"
            " Correlation ID: aaaa0000-bb11-2222-33cc-444444dddddd"
            " Timestamp: 2026-11-26 02:02:12Z"
        )


_APP = "'00001111-aaaa-4222-8bbb-3333cccc4444'"
_ERRORS = {
    error.code: error
    for error in (
        StsError(50020, "invalid_grant", "User account from identity provider 'live.com' does not"
                 " exist in tenant 'Example' and cannot access the application in that tenant."),
        StsError(500011, "invalid_resource", "The resource principal named"
                 " https://graph.microsoft.com was not found in the tenant named Example."),
        StsError(50076, "invalid_grant", "Due to a configuration change made by your administrator,"
                 " or because you moved to a new location, you must use multi-factor"
                 " authentication to access the resource.", "basic_action"),
        StsError(50173, "invalid_grant", "The provided grant has expired due to it being revoked, a"
                 " fresh auth token is needed.", "bad_token"),
        StsError(53003, "invalid_grant", "Access has been blocked by Conditional Access policies."
                 " The access policy does not allow token issuance.", "message_only"),
        StsError(54005, "invalid_grant", "OAuth2 Authorization code was already redeemed, please"
                 " retry with a new valid code or use an existing refresh token."),
        StsError(501481, "invalid_grant", "The Code_Verifier does not match the code_challenge"
                 " supplied in the authorization request."),
        StsError(65001, "invalid_grant", "The user or administrator has not consented to use the"
                 f" application with ID {_APP} named 'Acme CRM'. Send an interactive authorization"
                 " request for this user and resource.", "consent_required"),
        StsError(65004, "access_denied", "User declined to consent to access the app."),
        StsError(70011, "invalid_scope", "The provided value for the input parameter 'scope' is not"
                 " valid."),
        StsError(70016, "authorization_pending", "OAuth 2.0 device flow error. Authorization is"
                 " pending. Continue polling."),
        StsError(70018, "bad_verification_code", "Invalid verification code due to User typing in"
                 " wrong user code for device code flow."),
        StsError(70020, "expired_token", "The provided value for the input parameter 'device_code'"
                 " is not valid. This device code has expired."),
        StsError(700016, "unauthorized_client", f"Application with identifier {_APP} was not found"
                 " in the directory 'Example'."),
        StsError(700082, "invalid_grant", "The refresh token has expired due to inactivity. The"
                 " token was issued on 2026-06-01 and was inactive for 90.00:00:00.", "bad_token"),
        StsError(7000215, "invalid_client", "Invalid client secret provided. Ensure the secret"
                 " being sent in the request is the client secret value, not the client secret ID,"
                 f" for a secret added to app {_APP}.", status=401),
        StsError(7000222, "invalid_client", "The provided client secret keys for app"
                 f" {_APP} are expired.", status=401),
        StsError(900144, "invalid_request", "The request body must contain a parameter that is"
                 " missing or not valid."),
        StsError(90002, "invalid_request", "Tenant not found. Check to make sure you have the"
                 " correct tenant ID and are signing into the correct cloud."),
        StsError(90094, "access_denied", "An administrator of Example has set a policy that"
                 " prevents you from granting Acme CRM the permissions it is requesting. Contact an"
                 " administrator of Example, who can grant permissions to this app on your"
                 " behalf."),
        StsError(90095, "access_denied", "Admin consent is required for the permissions requested"
                 " by this application. An admin consent request may be sent to the admin."),
    )
}  # fmt: skip


def aadsts(code: int, error: str | None = None) -> StsError:
    """The error of a code; `error` = in place of the one that usually goes with it."""
    usual = _ERRORS[code]
    return StsError(code, error or usual.error, usual.text, usual.suberror, usual.status)


def sts_error(error: StsError) -> Answer:
    """The answer at the token endpoint."""
    said: dict[str, Any] = {
        "error": error.error,
        "error_description": error.description,
        "error_codes": [error.code],
        "timestamp": "2026-11-26 02:02:12Z",
        "trace_id": "0000aaaa-11bb-cccc-dd22-eeeeee333333",
        "correlation_id": "aaaa0000-bb11-2222-33cc-444444dddddd",
        "error_uri": f"https://login.microsoftonline.com/error?code={error.code}",
    }
    if error.suberror is not None:
        said["suberror"] = error.suberror
    return json_answer(error.status, said)


def token_error(code: int, error: str | None = None) -> Fault:
    """For `faults.at_token` and `at_device`: an AADSTS code in place of tokens."""
    return instead(sts_error(aadsts(code, error)))


def redirected_error(code: int, error: str | None = None) -> Fault:
    """For `faults.at_authorization`: the person signs in and is sent back with an AADSTS code."""
    found = aadsts(code, error)
    return redirected_with(
        code=None, session_state=None, error=found.error, error_description=found.description
    )


def needs_admin() -> Fault:
    """For `faults.at_authorization`: the page "Need admin approval", from which nobody returns."""
    page = (
        b"<!doctype html><html><title>Sign in to your account</title><h1>Need admin approval</h1>"
        b"<p>Acme CRM needs permission to access resources in your organization that only an admin"
        b" can grant. Please ask an admin to grant permission to this app before you can use it."
        b"</p><p>AADSTS90094</p></html>"
    )
    return instead(Answer(200, page))


def graph_error(status: int, code: str, message: str, **headers: str) -> Answer:
    """An error of Graph."""
    inner = {"date": "2026-11-26T02:02:12", "request-id": "0", "client-request-id": "0"}
    content = {"error": {"code": code, "message": message, "innerError": inner}}
    return json_answer(status, content, **headers)


def mailbox_not_enabled(status: int = 404) -> Fault:
    """For `faults.at_api`: no mailbox in Exchange Online; it may be on the company's own server.

    Reported with 404, and with 403 of old; no page of Microsoft's names the status.
    """
    return instead(
        graph_error(
            status,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        )
    )


def user_purpose(purpose: str) -> Fault:
    """For `faults.at_api(..., "/mailboxSettings")`: whose mailbox it is, such as `shared`.

    https://learn.microsoft.com/graph/api/resources/mailboxsettings, userPurpose (read 2026-11-26).
    """
    return changed(userPurpose=purpose, value=purpose)


def graph_busy(retry_after_s: int = 7) -> Fault:
    """For `faults.at_api`: throttled (https://learn.microsoft.com/graph/throttling)."""
    return instead(
        graph_error(
            429,
            "TooManyRequests",
            "Please retry again later.",
            Retry_After=str(retry_after_s),
        )
    )
