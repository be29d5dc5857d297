"""The contract kit: what a provider's author tests with. Needs `inboxlink[testing]`.

`ProviderContract` holds a provider to every rule of the contract; what it is tried with is
declared by the other names. `inboxlink.testing.plugin` is the pytest plugin that tells the level.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_MODULES = {
    "ProviderContract": "inboxlink.testing.contract.provider_contract",
    "Level": "inboxlink.testing.contract.rules",
}


# Not at the top: a child that looks at a provider needs a module beside these, and no pytest.
def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_MODULES.get(name, "inboxlink.testing.declarations"))
    found: object = getattr(module, name)
    globals()[name] = found
    return found
