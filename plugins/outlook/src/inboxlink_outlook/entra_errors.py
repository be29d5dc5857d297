"""What the refusals of Microsoft's identity platform mean, as tables.

The codes are those of "Microsoft Entra authentication and authorization error codes"
(learn.microsoft.com/entra/identity-platform/reference-error-codes, read November 2026). That page
says that codes can change: they give better words and the right person to ask, and a code that is
not in the tables means what OAuth's own `error` means.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from inboxlink.errors import CODES, Blame, Kind, Problem, problem
from inboxlink.oauth.callback import authorization_problem
from inboxlink.oauth.token_errors import token_problem
from inboxlink.remote_text import RemoteText
from inboxlink.types.text import Text

__all__ = ["OWN", "problem_of"]

_HOST = "login.microsoftonline.com"

#: By the number after `AADSTS`: a code of the core's catalogue, or a name of `OWN`.
_CODES: dict[int, str] = {
    # Nobody has allowed the application yet, and the person may not.
    65001: "admin_consent_required",
    90008: "admin_consent_required",
    90094: "admin_consent_required",
    90095: "admin_consent_required",
    650056: "admin_consent_required",
    65004: "consent_declined",
    # The organisation's rules.
    50002: "admin_policy",
    50005: "admin_policy",
    50131: "admin_policy",
    53000: "admin_policy",
    53001: "admin_policy",
    53002: "admin_policy",
    53003: "admin_policy",
    53011: "admin_policy",
    530032: "admin_policy",
    500011: "admin_policy",
    500014: "admin_policy",
    500021: "admin_policy",
    500022: "admin_policy",
    500212: "admin_policy",
    500213: "admin_policy",
    530034: "admin_policy",
    530035: "admin_policy",
    # The person has something to do at Microsoft.
    50055: "interaction_required",
    50058: "interaction_required",
    50072: "interaction_required",
    50074: "interaction_required",
    50076: "interaction_required",
    50078: "interaction_required",
    50079: "interaction_required",
    50097: "interaction_required",
    50125: "interaction_required",
    50135: "interaction_required",
    50144: "interaction_required",
    50158: "interaction_required",
    53004: "interaction_required",
    53010: "interaction_required",
    70043: "interaction_required",
    # The grant, or the code that would have become one, is over.
    50085: "grant_ended",
    50089: "grant_ended",
    50132: "grant_ended",
    50133: "grant_ended",
    50173: "grant_ended",
    54005: "grant_ended",
    70000: "grant_ended",
    70008: "grant_ended",
    700082: "grant_ended",
    700084: "grant_ended",
    70019: "sign_in_timed_out",
    70020: "sign_in_timed_out",
    # The password, which is typed on Microsoft's page: people paste these from elsewhere.
    50053: "sign_in_refused",
    50056: "invalid_credentials",
    50126: "invalid_credentials",
    # The account.
    16000: "account_foreign",
    16003: "account_foreign",
    50014: "account_foreign",
    50020: "account_foreign",
    50034: "account_foreign",
    51004: "account_foreign",
    500208: "account_foreign",
    50057: "account_disabled",
    50105: "account_not_assigned",
    90038: "account_in_another_cloud",
    1000104: "account_in_another_cloud",
    # The registration.
    7000222: "client_secret_expired",
    70002: "secret_wrong",
    7000215: "secret_wrong",
    700025: "secret_unwanted",
    7000218: "public_client_off",
    50012: "certificate_unknown",
    700027: "certificate_unknown",
    700030: "certificate_unknown",
    50011: "redirect_unknown",
    70004: "redirect_unknown",
    700011: "client_unknown",
    700016: "client_unknown",
    70001: "client_disabled",
    7000112: "client_disabled",
    50194: "account_types",
    9002332: "account_types",
    90002: "tenant_unknown",
    # It passes.
    50033: "server_unavailable",
    50087: "server_unavailable",
    50088: "server_unavailable",
    50166: "server_unavailable",
    70012: "server_unavailable",
    90006: "server_unavailable",
    90012: "server_unavailable",
    90024: "server_unavailable",
    90033: "server_unavailable",
    50196: "rate_limited",
    90055: "rate_limited",
}

#: What the core's catalogue has no words for, or only general ones: the code, its branch and who
#: can mend it. The words are `outlook.entra.<name>`.
OWN: dict[str, tuple[str, Kind, Blame]] = {
    "account_foreign": ("account_foreign", Kind.SIGN_IN, Blame.PERSON),
    "account_disabled": ("account_disabled", Kind.SIGN_IN, Blame.ADMIN),
    "account_not_assigned": ("account_not_assigned", Kind.SIGN_IN, Blame.ADMIN),
    "account_in_another_cloud": ("national_cloud_unsupported", Kind.SETUP, Blame.PERSON),
    "secret_wrong": ("client_refused", Kind.SETUP, Blame.OPERATOR),
    "secret_unwanted": ("client_refused", Kind.SETUP, Blame.OPERATOR),
    "public_client_off": ("client_refused", Kind.SETUP, Blame.OPERATOR),
    "certificate_unknown": ("client_refused", Kind.SETUP, Blame.OPERATOR),
    "redirect_unknown": ("client_refused", Kind.SETUP, Blame.OPERATOR),
    "client_unknown": ("client_refused", Kind.SETUP, Blame.OPERATOR),
    "client_disabled": ("client_refused", Kind.SETUP, Blame.OPERATOR),
    "account_types": ("client_refused", Kind.SETUP, Blame.OPERATOR),
    "tenant_unknown": ("client_invalid", Kind.SETUP, Blame.OPERATOR),
}

_NUMBER = re.compile(r"AADSTS(\d{4,9})\b")


def problem_of(
    answer: Mapping[str, Any],
    *,
    app: str = "",
    admin_url: str = "",
    secrets: tuple[str, ...] = (),
    is_renewal: bool = False,
    is_device: bool = False,
) -> Problem:
    """Name a refusal of the authorization, token or device endpoint.

    Args:
        answer: With `error`, and mostly `error_description`, `error_codes` and `suberror`.
        app: What the application is called.
        admin_url: Where an administrator can allow it.
        secrets: What was sent; taken out of the words that are shown.
        is_renewal: Whether nobody sits before it: then what could be asked is not refused for good.
        is_device: Whether the sign-in is one with a code on another device.
    """
    found = next((_CODES[each] for each in _numbers(answer) if each in _CODES), None)
    said = str(answer.get("error_description") or answer.get("error") or "")
    remote = RemoteText(tuple(each for each in secrets if each)).clean(said)
    if found is None and answer.get("suberror") == "consent_required":
        found = "admin_consent_required"
    if found == "admin_consent_required" and is_renewal:
        found = "consent_required"
    if found == "admin_policy" and is_device and 53003 in _numbers(answer):
        found = "device_flow_blocked"
    if found in OWN:
        code, kind, blame = OWN[found]
        words = Text(f"outlook.entra.{found}"), Text(f"outlook.entra.{found}.remedy")
        return Problem(code, kind, blame, *words, remote=remote)
    params: dict[str, Any] = {
        "host": _HOST,
        "port": "443",
        "provider": "outlook",
        "app": app,
        "url": admin_url,
    }
    named = problem(found, remote=remote, **params) if found in CODES else _general(answer, app)
    if named.code == "grant_ended" and not is_renewal:
        # There is none yet: it is the code from the browser that came too late, or twice.
        named = problem("sign_in_timed_out", **params)
    return replace(named, remote=remote)


def _general(answer: Mapping[str, Any], app: str) -> Problem:
    """What the error means in any OAuth."""
    named = token_problem(answer, host=_HOST, provider="outlook", app=app)
    if named.code != "remote_error":
        return named
    params = {name: str(answer[name]) for name in ("error", "error_description") if name in answer}
    return authorization_problem(params, "outlook") or named


def _numbers(answer: Mapping[str, Any]) -> Iterator[int]:
    listed = answer.get("error_codes")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, int):
            yield each
    for each in _NUMBER.findall(str(answer.get("error_description", ""))):
        yield int(each)
