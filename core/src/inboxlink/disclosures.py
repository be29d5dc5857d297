"""Collect what a provider discloses, and hold it to the contract."""

from inboxlink.errors import ProviderFault, problem
from inboxlink.plugins.calling import Caller
from inboxlink.plugins.shape import misfit
from inboxlink.types.detection import Detection
from inboxlink.types.disclosure import DiscloseContext, Disclosure

__all__ = ["collect"]


def collect(caller: Caller, detection: Detection, ctx: DiscloseContext) -> tuple[Disclosure, ...]:
    """The disclosures that stand between this person and a sign-in; never none.

    Raises:
        ProviderFault: The provider discloses nothing, or not in the form of the contract.
    """
    provider = detection.provider
    disclosures = caller.call(provider, "disclose", detection=detection, ctx=ctx)
    reason = _objection(disclosures, provider)
    if reason is not None:
        raise ProviderFault(
            problem("provider_result_invalid", provider=provider, hook="disclose", reason=reason)
        )
    collected: tuple[Disclosure, ...] = disclosures
    return collected


def _objection(disclosures: object, provider: str) -> str | None:
    if not isinstance(disclosures, tuple) or not disclosures:
        return "no disclosure at all"
    reason = misfit(disclosures, tuple[Disclosure, ...])
    if reason is not None:
        return reason
    for each in disclosures:
        if not each.id.startswith(f"{provider}."):
            return f"a disclosure {each.id} that is not its own"
        if not (each.title and each.body and each.data and each.remove_here and each.revoke_there):
            return f"a disclosure {each.id} with an empty part"
    if len({each.id for each in disclosures}) != len(disclosures):
        return "two disclosures of one id"
    return None
