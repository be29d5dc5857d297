"""What a provider says of itself, held to the contract."""

from inboxlink.errors import ProviderFault, problem
from inboxlink.plugins.calling import Caller
from inboxlink.plugins.shape import misfit
from inboxlink.types.provider import ProviderInfo

__all__ = ["described"]


def described(caller: Caller, provider: str) -> ProviderInfo:
    """Ask a provider for its description; what fits is asked for once.

    Raises:
        ProviderFault: It could not be asked, or describes something else.
    """
    known = caller.descriptions.get(provider)
    if known is not None and provider not in caller.quarantined:
        return known
    info = caller.call(provider, "describe")
    reason = misfit(info, ProviderInfo)
    if reason is None and info.name != provider:
        reason = "it has another name"
    if reason is not None:
        raise ProviderFault(
            problem("provider_result_invalid", provider=provider, hook="describe", reason=reason)
        )
    described_info: ProviderInfo = info
    caller.descriptions[provider] = described_info
    return described_info
