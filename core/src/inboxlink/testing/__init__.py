"""The contract kit: what a provider's author tests with. Needs `inboxlink[testing]`.

`ProviderContract` holds a provider to every rule of the contract; what it is tried with is
declared by the other names. `inboxlink.testing.plugin` is the pytest plugin that tells the level.
"""

from inboxlink.testing.contract.provider_contract import ProviderContract
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
