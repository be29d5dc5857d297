"""Which rule it is for to say what the core has against a provider."""

from collections.abc import Mapping

from inboxlink.errors import ProviderFault

__all__ = ["reason_of", "rule_of"]

#: Which rule a fault of the core's belongs to, by the hook; the first that fits its reason.
_RULE_OF: tuple[tuple[str, str, str], ...] = (
    ("authenticate", "scopes that were not disclosed", "scopes-disclosed"),
    ("authenticate", "a step that holds the secret", "state-without-secrets"),
    ("authenticate", "", "signs-in"),
    ("describe", "", "describes-itself"),
    ("detect", "", "junk-declined"),
    ("detect_probes", "", "probes-within-limits"),
    ("disclose", "", "disclosures-whole"),
    ("verify", "", "both-directions"),
    ("refresh", "", "renews"),
    ("revoke", "", "revokes"),
    ("aliases", "", "aliases-read"),
    ("check_client", "", "client-checked"),
)


def rule_of(fault: ProviderFault) -> str:
    """The rule that a fault breaks."""
    params = fault.problem.message.params
    hook, reason = params.get("hook", ""), params.get("reason", "")
    for of_hook, beginning, rule in _RULE_OF:
        if hook == of_hook and reason.startswith(beginning):
            return rule
    return "loads"


def reason_of(fault: ProviderFault) -> str:
    """What is wrong, in a line: the hook, the code, and what the core said."""
    params: Mapping[str, str] = fault.problem.message.params
    said = params.get("reason") or params.get("seconds", "")
    return f"{params.get('hook', 'import')}: {fault.code}{f', {said}' if said else ''}"
