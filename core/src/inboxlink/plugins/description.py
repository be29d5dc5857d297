"""What a provider says of itself, held to the contract."""

from inboxlink.errors import ProviderFault, problem
from inboxlink.plugins.calling import Caller
from inboxlink.plugins.shape import misfit
from inboxlink.types.provider import ProviderInfo

__all__ = ["described"]


def described(caller: Caller, provider: str) -> ProviderInfo:
    """Ask a provider for its description.

    Raises:
        ProviderFault: It could not be asked, or describes something else.
    """
    info = caller.call(provider, "describe")
    reason = misfit(info, ProviderInfo)
    if reason is None and info.name != provider:
        reason = "it has another name"
    if reason is not None:
        raise ProviderFault(
            problem("provider_result_invalid", provider=provider, hook="describe", reason=reason)
        )
    described_info: ProviderInfo = info
    return described_info
