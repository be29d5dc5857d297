"""The contract kit: what a provider's author tests with. Needs `inboxlink[testing]`.

`ProviderContract` holds a provider to every rule of the contract; what it is tried with is
declared by the other names. `inboxlink.testing.plugin` is the pytest plugin that tells the level,
`inboxlink.testing.fixtures` are servers to try it at.

`ProviderContract` is loaded when it is asked for: the demo has the servers without pytest.
"""

from typing import TYPE_CHECKING

from inboxlink.testing.contract.rules import Level
from inboxlink.testing.declarations import (
    Agree,
    Answer,
    Claim,
    Fill,
    Mistake,
    Pick,
    Script,
    Visit,
    Wait,
    World,
)

if TYPE_CHECKING:
    from inboxlink.testing.contract.provider_contract import ProviderContract

__all__ = [
    "Agree",
    "Answer",
    "Claim",
    "Fill",
    "Level",
    "Mistake",
    "Pick",
    "ProviderContract",
    "Script",
    "Visit",
    "Wait",
    "World",
]


def __getattr__(name: str) -> object:
    if name != "ProviderContract":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from inboxlink.testing.contract.provider_contract import ProviderContract

    return globals().setdefault(name, ProviderContract)
