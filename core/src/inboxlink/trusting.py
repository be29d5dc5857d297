"""Ask a person whether they trust exactly one certificate: for providers.

A certificate that has expired, is not valid yet or is broken is refused with the reason: it proves
nothing even to who knows the server.
"""

from collections.abc import Mapping
from typing import Any

from inboxlink.errors import InboxlinkError, Problem, problem
from inboxlink.types.context import CertificateFacts, HookContext
from inboxlink.types.detection import CertificatePin, Endpoint
from inboxlink.types.steps import Confirm, ConfirmKind

__all__ = ["CONFIRMABLE", "certificate_question", "pin_of"]

#: Codes of what a person may trust for themselves.
CONFIRMABLE = frozenset({"certificate_untrusted", "certificate_wrong_name", "certificate_changed"})


def certificate_question(
    ctx: HookContext, endpoint: Endpoint, code: str, state: Mapping[str, Any]
) -> Confirm | Problem:
    """Show the certificate of a server, or say why it cannot be trusted even so.

    Args:
        ctx: Lends the network; the certificate is read without being trusted.
        endpoint: The server, with the pin that it has now.
        code: Why it was refused, one of `CONFIRMABLE`.
        state: Kept with the question, and beside it `pin`: what a yes is to.

    Returns:
        A question of the step `certificate`, whose state holds the three arguments of a
        `CertificatePin` under `pin`; or the problem.
    """
    try:
        shown = ctx.certificate(endpoint)
    except InboxlinkError as error:
        return error.problem
    if shown.not_after <= ctx.now():
        return _problem("certificate_expired", endpoint)
    if shown.not_before > ctx.now():
        return _problem("certificate_not_yet_valid", endpoint)
    is_of_another = code == "certificate_wrong_name" or not shown.matches_name
    pin = endpoint.pin
    if pin is not None and pin.sha256 == shown.sha256 and pin.any_name >= is_of_another:
        # Trusted already and still refused: another yes would change nothing.
        return _problem("certificate_invalid", endpoint)
    return Confirm(
        step="certificate",
        kind=ConfirmKind.CERTIFICATE,
        facts=_facts(endpoint, shown, code),
        state={**state, "pin": [shown.sha256, shown.der, is_of_another]},
    )


def _problem(code: str, endpoint: Endpoint) -> Problem:
    return problem(code, host=endpoint.host, port=str(endpoint.port))


def _facts(endpoint: Endpoint, shown: CertificateFacts, code: str) -> dict[str, str]:
    facts = {
        "endpoint": endpoint.authority,
        "problem": code,
        "subject": shown.subject,
        "names": ", ".join(shown.names),
        "issuer": shown.issuer,
        "not_before": shown.not_before.isoformat(),
        "not_after": shown.not_after.isoformat(),
        "sha256": shown.sha256,
    }
    if endpoint.pin is not None:  # a certificate that changed: show both
        facts["previous_sha256"] = endpoint.pin.sha256
    return facts


def pin_of(state: Mapping[str, Any]) -> CertificatePin:
    """The pin that a yes to `certificate_question` makes."""
    return CertificatePin(*state["pin"])
